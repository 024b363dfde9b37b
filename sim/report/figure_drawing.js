// What uPlot does not draw itself: bands, marks, intervals, triangles, and the note of a fill.

const MUTED = "#667180", REACH = 14;
const FONT = '11px "Segoe UI", "Helvetica Neue", Arial, "Liberation Sans", sans-serif';

function clipped(u) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
}

function drawBands(u, panel) {
  const { ctx } = u;
  clipped(u);
  for (const { fill, edges: [low, high] } of panel.bands) {
    ctx.fillStyle = fill;
    ctx.beginPath();
    panel.x.slice(0, -1).forEach((x, place) => {
      if (low[place] === null || high[place] === null || low[place] === high[place]) return;
      const left = u.valToPos(x, "x", true), right = u.valToPos(panel.x[place + 1], "x", true);
      const from = u.valToPos(low[place], "y", true), to = u.valToPos(high[place], "y", true);
      ctx.rect(left, Math.min(from, to), right - left, Math.abs(to - from));
    });
    ctx.fill();
  }
  ctx.restore();
}

function drawMarks(u, panel) {
  const { ctx, bbox } = u, ratio = devicePixelRatio, words = [];
  clipped(u);
  ctx.lineWidth = ratio;
  ctx.font = FONT.replace("11px", `${11 * ratio}px`);
  for (const level of panel.levels) {
    const y = u.valToPos(level.y, "y", true);
    ctx.strokeStyle = level.color;
    ctx.setLineDash(level.dashed ? [5 * ratio, 4 * ratio] : []);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.setLineDash([5 * ratio, 4 * ratio]);
  for (const mark of panel.marks) {
    const x = u.valToPos(mark.x, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    const right = x > bbox.left + bbox.width / 2;
    ctx.strokeStyle = ctx.fillStyle = MUTED;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    words.push([mark.word, x + (right ? -4 : 4) * ratio, right ? "right" : "left"]);
  }
  if (panel.diagonal) drawDiagonal(u);
  ctx.setLineDash([]);
  for (const [word, x, side] of words) {
    // A white edge parts a word from the lines beneath it.
    ctx.textAlign = side;
    ctx.lineWidth = 3 * ratio;
    ctx.strokeStyle = "#fff";
    ctx.strokeText(word, x, bbox.top + 12 * ratio);
    ctx.fillText(word, x, bbox.top + 12 * ratio);
  }
  ctx.lineWidth = ratio;
  for (const line of panel.lines.filter((each) => each.means)) drawIntervals(u, line, ratio);
  for (const group of panel.points) drawTriangles(u, group, ratio);
  ctx.restore();
}

function drawDiagonal(u) {
  const { ctx, scales: { x, y } } = u;
  const low = Math.max(x.min, y.min), high = Math.min(x.max, y.max);
  ctx.strokeStyle = MUTED;
  ctx.beginPath();
  ctx.moveTo(u.valToPos(low, "x", true), u.valToPos(low, "y", true));
  ctx.lineTo(u.valToPos(high, "x", true), u.valToPos(high, "y", true));
  if (low < high) ctx.stroke();
}

function drawIntervals(u, line, ratio) {
  const { ctx } = u, cap = 3 * ratio;
  ctx.strokeStyle = line.color;
  ctx.beginPath();
  u.data[0].forEach((at, place) => {
    if (line.low[place] === null || line.high[place] === null) return;
    const x = u.valToPos(at, "x", true);
    const [low, high] = [line.low, line.high].map((each) => u.valToPos(each[place], "y", true));
    ctx.moveTo(x, low);
    ctx.lineTo(x, high);
    for (const end of [low, high]) {
      ctx.moveTo(x - cap, end);
      ctx.lineTo(x + cap, end);
    }
  });
  ctx.stroke();
}

function drawTriangles(u, group, ratio) {
  const { ctx } = u;
  ctx.fillStyle = group.color;
  ctx.strokeStyle = "#fff";
  group.x.forEach((at, place) => {
    const x = u.valToPos(at, "x", true), y = u.valToPos(group.y[place], "y", true);
    const half = group.sides[place] * ratio / 2, tall = half * Math.sqrt(3) * (group.up ? 1 : -1);
    ctx.beginPath();
    ctx.moveTo(x, y - tall / 2);
    ctx.lineTo(x + half, y + tall / 2);
    ctx.lineTo(x - half, y + tall / 2);
    ctx.closePath();
    ctx.fill();
    ctx.stroke();
  });
}

function showPoint(u, panel, note) {
  const { left, top } = u.cursor;
  let best = null, nearest = REACH;
  for (const group of left < 0 ? [] : panel.points) {
    group.x.forEach((at, place) => {
      const x = u.valToPos(at, "x"), y = u.valToPos(group.y[place], "y");
      const apart = Math.hypot(x - left, y - top);
      if (apart < nearest) [nearest, best] = [apart, { x, y, text: group.texts[place] }];
    });
  }
  note.hidden = best === null;
  if (best === null) return;
  note.textContent = best.text;
  note.style.top = `${best.y + 10}px`;
  const width = u.over.clientWidth, right = best.x > width / 2;
  note.style.left = right ? "" : `${best.x + 8}px`;
  note.style.right = right ? `${width - best.x + 8}px` : "";
}
