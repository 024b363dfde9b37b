"use strict";
// Zoom and hover for the figures over time, and tables that are sorted by a click on a head.
// Each static picture is followed by its numbers; a chart drawn from them takes its place on
// screen. On paper and without script the picture stays.
(() => {
  const MUTED = "#667180", RULE = "#e6e9ed", EDGE = "#d5dae0";
  const FONT = '11px "Segoe UI", "Helvetica Neue", Arial, "Liberation Sans", sans-serif';
  const MINUTES = [1 / 60, 5 / 60, 0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440];
  const AXIS_WIDTH = 62, AXIS_HEIGHT = 42, REACH = 14, LEAST_SHOWN = 1 / 60;
  const NUMBER = /^[+-]?\$?[\d,.]+ ?(%|pp|c|s|ms|min|h|x)?$/;
  const UNITS = { s: 1, ms: 0.001, min: 60, h: 3600 };

  // Numbers as they are read ----------------------------------------------------------------

  const grouped = (value, least, most) => value.toLocaleString(
    "en-US", { minimumFractionDigits: least, maximumFractionDigits: most });

  function valueText(unit, value) {
    if (value === null || value === undefined) return "–";
    if (unit === "$") {
      const decimals = Number.isInteger(value) ? 0 : 2;
      return `${value < 0 ? "-" : ""}$${grouped(Math.abs(value), decimals, decimals)}`;
    }
    return unit === "%" ? `${grouped(value, 0, 2)} %` : grouped(value, 0, 5);
  }

  const clockText = (origin, minute, seconds) => {
    const text = new Date((origin + minute * 60) * 1000).toISOString();
    return text.slice(11, seconds ? 19 : 16);
  };

  function minuteText(minute) {
    const sign = minute < 0 ? "-" : minute > 0 ? "+" : "";
    const all = Math.round(Math.abs(minute) * 60), rest = all % 60;
    const whole = grouped((all - rest) / 60, 0, 0);
    return `${sign}${whole}${rest ? `:${String(rest).padStart(2, "0")}` : ""}`;
  }

  // What a chart is drawn from ----------------------------------------------------------------

  const scaled = (numbers, by) => numbers.map((each) => (each === null ? null : each / by));

  function summed(steps, by) {
    let total = 0;
    return steps.map((step) => (total += step) / by);
  }

  // A value holds until the next, so every line has one wherever another line has a point.
  function held(x, xs, values) {
    const found = new Array(x.length);
    let at = -1;
    for (let place = 0; place < x.length; place += 1) {
      while (at + 1 < xs.length && xs[at + 1] <= x[place]) at += 1;
      found[place] = at < 0 ? null : values[at];
    }
    return found;
  }

  function decoded(panel) {
    const axes = panel.axes.map((steps) => summed(steps, panel.per));
    const points = panel.points.map((each) => ({
      ...each, x: summed(each.x, panel.per), y: scaled(each.y, panel.scale),
    }));
    const [first, last] = panel.x;
    const within = axes.flat().filter((each) => each > first && each < last);
    const x = [...new Set([first, last, ...within])].sort((one, other) => one - other);
    const lines = [], bands = [];
    for (const line of panel.lines) {
      const edges = line.y.map((y) => held(x, axes[line.axis], scaled(y, panel.scale)));
      if (line.names) bands.push({ fill: line.fill, edges });
      edges.forEach((values, edge) => lines.push(
        line.names ? { name: line.names[edge], values, edge: true } : { ...line, values }));
    }
    return { ...panel, x, lines, bands, points, shown: panel.x };
  }

  // Limits of the values within a part of the axis; a wide market's band would flatten the rest.
  function limits(panel, first, last) {
    let low = Infinity, high = -Infinity;
    const count = (value) => {
      if (value === null || value === undefined) return;
      low = Math.min(low, value);
      high = Math.max(high, value);
    };
    for (const line of panel.lines.filter((each) => !each.edge)) {
      panel.x.forEach((x, place) => {
        const until = panel.x[place + 1] ?? x;
        if (x <= last && until >= first) count(line.values[place]);
      });
    }
    for (const group of panel.points) {
      group.x.forEach((x, place) => { if (x >= first && x <= last) count(group.y[place]); });
    }
    if (low > high) return panel.y;
    const margin = 0.1 * (high - low) || Math.abs(0.01 * high) || 1;
    return [low - margin, high + margin];
  }

  // What uPlot does not draw itself -----------------------------------------------------------

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
    const { ctx, bbox } = u, ratio = devicePixelRatio;
    clipped(u);
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
      ctx.textAlign = right ? "right" : "left";
      ctx.fillText(mark.word, x + (right ? -4 : 4) * ratio, bbox.top + 12 * ratio);
    }
    ctx.setLineDash([]);
    for (const group of panel.points) drawTriangles(u, group, ratio);
    ctx.restore();
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

  // One chart -----------------------------------------------------------------------------------

  function seriesOf(panel) {
    const beneath = panel.origin === null
      ? (u, value) => (value === null ? "–" : `${panel.across} ${grouped(value, 0, 2)}`)
      : (u, value) => (value === null ? "–"
        : `${minuteText(value)} min, ${clockText(panel.origin, value, true)} UTC`);
    const stepped = uPlot.paths.stepped({ align: 1 });
    return [{ label: "at", value: beneath }, ...panel.lines.map((line) => ({
      label: line.name,
      stroke: line.edge ? "transparent" : line.color,
      width: line.edge ? 0 : line.width,
      paths: stepped,
      points: { show: false },
      ...(line.name ? {} : { class: "unnamed" }),
      value: (u, value, series, place) => valueText(
        panel.unit, place === null || place === undefined ? value : u.data[series][place]),
    }))];
  }

  function axesOf(panel) {
    const common = {
      font: FONT, stroke: MUTED, grid: { stroke: RULE, width: 1 }, ticks: { stroke: RULE, size: 4 },
    };
    const across = { ...common, grid: { show: false }, size: AXIS_HEIGHT, space: 70 };
    if (panel.origin !== null) {
      across.incrs = MINUTES;
      across.values = (u, splits) => splits.map((minute) => (
        `${minuteText(minute)}\n${clockText(panel.origin, minute, minute % 1 !== 0)}`));
    }
    const upwards = {
      ...common, size: AXIS_WIDTH, space: 26,
      values: (u, splits) => splits.map((value) => valueText(panel.unit, value)),
    };
    return [across, upwards];
  }

  function chart(figure, panel, box, width) {
    const note = document.createElement("div");
    note.className = "hover";
    note.hidden = true;
    const [first, last] = panel.shown;
    let upwards = panel.y;
    const colors = panel.lines.map((line) => (line.edge ? EDGE : line.color));
    return new uPlot({
      width,
      height: panel.height + AXIS_HEIGHT + 10,
      scales: {
        x: { time: false, range: (self, low, high) => [low, high] },
        y: { range: () => upwards },
      },
      axes: axesOf(panel),
      series: seriesOf(panel),
      cursor: { sync: { key: `${figure}-${first}-${last}` }, drag: { x: true, y: false } },
      legend: { markers: { width: 0, fill: (self, place) => colors[place - 1] } },
      hooks: {
        ready: [(self) => self.over.append(note)],
        drawAxes: [(self) => drawBands(self, panel)],
        draw: [(self) => drawMarks(self, panel)],
        setScale: [(self, key) => {
          if (key !== "x") return;
          const { min, max } = self.scales.x;
          upwards = min <= first && max >= last ? panel.y : limits(panel, min, max);
          self.setScale("y", { min: upwards[0], max: upwards[1] });
        }],
        setCursor: [(self) => showPoint(self, panel, note)],
      },
    }, [panel.x, ...panel.lines.map((line) => line.values)], box);
  }

  function moved(u, panel, change) {
    const { min, max } = u.scales.x, [first, last] = panel.shown, middle = (min + max) / 2;
    const width = max - min;
    const half = Math.max(width * change.by / 2, LEAST_SHOWN);
    const low = middle + change.shift * width - half, high = middle + change.shift * width + half;
    if (change.by === Infinity || high - low >= last - first) return { min: first, max: last };
    const back = Math.max(first - low, 0) - Math.max(high - last, 0);
    return { min: low + back, max: high + back };
  }

  const BUTTONS = [
    ["+", "zoom in", { by: 0.5, shift: 0 }], ["−", "zoom out", { by: 2, shift: 0 }],
    ["‹", "earlier", { by: 1, shift: -0.5 }], ["›", "later", { by: 1, shift: 0.5 }],
    ["all", "show all", { by: Infinity, shift: 0 }],
  ];

  function headOf(panel, act) {
    const head = document.createElement("div"), title = document.createElement("span");
    head.className = "chart-head";
    title.textContent = panel.title;
    head.append(title);
    for (const [text, label, change] of BUTTONS) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = text;
      button.title = label;
      button.setAttribute("aria-label", `${label}: ${panel.title}`);
      button.addEventListener("click", () => act(change));
      head.append(button);
    }
    return head;
  }

  // One figure ----------------------------------------------------------------------------------

  function build(data) {
    const figure = data.parentElement, spec = JSON.parse(data.textContent);
    const grid = document.createElement("div");
    grid.className = "charts";
    grid.style.setProperty("--columns", spec.columns);
    data.after(grid);
    figure.classList.add("zoomable");
    const charts = [];
    let following = false;
    spec.panels.map(decoded).forEach((panel) => {
      const box = document.createElement("div");
      box.className = "chart";
      grid.append(box);
      box.append(headOf(panel, (change) => u.setScale("x", moved(u, panel, change))));
      const u = chart(figure.id, panel, box, box.clientWidth);
      charts.push({ u, panel, box });
      u.hooks.setScale.push((self, key) => {
        if (key !== "x" || following) return;
        following = true;
        for (const other of charts) {
          const alike = String(other.panel.shown) === String(panel.shown);
          if (other.u !== self && alike) other.u.setScale("x", { ...self.scales.x });
        }
        following = false;
      });
    });
    new ResizeObserver(() => charts.forEach(({ u, box }) => {
      if (box.clientWidth && box.clientWidth !== u.width) {
        u.setSize({ width: box.clientWidth, height: u.height });
      }
    })).observe(grid);
    figure.charts = charts.map(({ u }) => u);
  }

  // Tables --------------------------------------------------------------------------------------

  function cellValue(cell) {
    const text = cell.textContent.trim();
    if (text === "–" || text === "") return null;
    if (!NUMBER.test(text)) return text;
    const unit = UNITS[text.match(/(ms|min|s|h)$/)?.[0]] ?? 1;
    return unit * parseFloat(text.replace(/[^\d.+-]/g, ""));
  }

  function compared(one, other) {
    if (one === null || other === null) return (one === null) - (other === null);
    if (typeof one === "number" && typeof other === "number") return one - other;
    return String(one).localeCompare(String(other));
  }

  function sortable(table) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
        heads.forEach((each) => each.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
        const rows = [...table.tBodies[0].rows];
        const keys = new Map(rows.map((row) => [row, cellValue(row.cells[column])]));
        rows.sort((one, other) => {
          const [mine, theirs] = [keys.get(one), keys.get(other)];
          const unknown = mine === null || theirs === null;
          return (unknown ? 1 : sign) * compared(mine, theirs);
        });
        table.tBodies[0].append(...rows);
      });
    });
  }

  // The page --------------------------------------------------------------------------------------

  function openTarget() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let each = target || null; each; each = each.parentElement) {
      if (each.tagName === "DETAILS") each.open = true;
    }
    if (target) target.scrollIntoView();
  }

  const seen = new IntersectionObserver((entries) => entries.forEach(({ isIntersecting, target }) => {
    if (!isIntersecting) return;
    seen.unobserve(target);
    build(target.querySelector(".chart-data"));
  }), { rootMargin: "300px" });
  document.querySelectorAll(".chart-data").forEach((data) => seen.observe(data.parentElement));
  document.querySelectorAll("table.sortable").forEach(sortable);
  document.documentElement.classList.add("scripted");
  if (document.querySelector(".chart-data")) {
    const hint = document.createElement("p");
    hint.className = "aside hint";
    hint.textContent = "Figures over time: drag across a part to zoom into it, double-click for all "
      + "of it, or use the buttons; the values at the cursor stand beneath.";
    document.querySelector("header").append(hint);
  }
  addEventListener("hashchange", openTarget);
  openTarget();
})();
