// Zoom and hover for figures. Each static picture is followed by its numbers; a chart drawn from
// them takes its place on screen. On paper and without script the picture stays.

const RULE = "#e6e9ed";
const MINUTES = [1 / 60, 5 / 60, 0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440];
const COUNTS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000];
const MARKS = ["▲", "▼", "╍╍"];
const AXIS_WIDTH = 62, AXIS_HEIGHT = 42, LOW_AXIS_HEIGHT = 28, LEAST_SHOWN = 1 / 60;

function seriesOf(panel) {
  const stepped = uPlot.paths.stepped({ align: 1 });
  const ofMeans = (line) => ({
    width: 1.5, spanGaps: true, points: { show: true, size: 6, fill: line.color },
  });
  const ofSteps = (line) => ({
    width: line.edge ? 0 : line.width, paths: stepped, points: { show: false },
  });
  return [
    { label: "", class: "moment", value: (u, value, series, place) => placeText(panel, u, place) },
    ...panel.lines.map((line) => ({
      label: line.name,
      stroke: line.edge ? "transparent" : line.color,
      ...(line.means ? ofMeans(line) : ofSteps(line)),
      ...(line.name ? {} : { class: "unnamed" }),
      value: (u, value, series, place) => lineText(panel, line, place),
    })),
  ];
}

// The point whose value is shown: of means the nearest that has one, else the last before.
function shownPoint(panel, u, series, closest, x) {
  const [xs] = u.data, line = panel.lines[Math.max(series - 1, 0)];
  if (!line?.means) return xs[closest] > x && closest > 0 ? closest - 1 : closest;
  let best = closest, nearest = Infinity;
  line.values.forEach((value, place) => {
    const apart = Math.abs(xs[place] - x);
    if (value !== null && apart < nearest) [nearest, best] = [apart, place];
  });
  return best;
}

function heightBeneath({ origin, categories }) {
  const tall = origin !== null || categories.some((text) => text.includes("\n"));
  return tall ? AXIS_HEIGHT : LOW_AXIS_HEIGHT;
}

function axesOf(panel) {
  const common = {
    font: FONT, stroke: MUTED, grid: { stroke: RULE, width: 1 }, ticks: { stroke: RULE, size: 4 },
  };
  const { acrossUnit, categories, origin } = panel;
  const across = { ...common, grid: { show: false }, size: heightBeneath(panel), space: 70 };
  if (origin !== null) {
    across.incrs = MINUTES;
    across.values = (u, splits) => splits.map((minute) => (
      `${minuteText(minute)}\n${clockText(origin, minute, minute % 1 !== 0)}`));
  } else if (categories.length) {
    across.splits = (u, axis, low, high) => [...categories.keys()].filter(
      (place) => place >= low && place <= high);
    across.values = (u, splits) => splits.map((place) => categories[place]);
  } else if (acrossUnit) {
    across.values = (u, splits) => splits.map((value) => valueText(acrossUnit, value));
  } else across.incrs = COUNTS;
  const upwards = {
    ...common, size: AXIS_WIDTH, space: 26,
    values: (u, splits) => splits.map((value) => valueText(panel.unit, value)),
  };
  return [across, upwards];
}

// What stands beneath a chart beside the values: what is across, and marks that are no line.
function explain(u, panel) {
  u.root.querySelector("canvas").setAttribute("role", "img");
  u.root.querySelector("canvas").setAttribute("aria-label", panel.title);
  if (panel.label) {
    const label = document.createElement("div");
    label.className = "across";
    label.textContent = panel.label;
    u.root.querySelector(".u-wrap").after(label);
  }
  for (const [mark, color, name] of panel.keys.filter(([each]) => MARKS.includes(each))) {
    const row = document.createElement("tr"), head = document.createElement("th");
    const sign = document.createElement("span");
    row.className = "u-series";
    sign.textContent = mark;
    sign.style.color = color;
    head.append(sign, ` ${name}`);
    row.append(head);
    u.root.querySelector(".u-legend").append(row);
  }
}

function chart(figure, panel, box, width) {
  const note = document.createElement("div");
  note.className = "hover";
  note.hidden = true;
  const [first, last] = panel.shown;
  let upwards = panel.y;
  const colors = panel.lines.map((line) => (line.edge ? line.fill : line.color));
  return new uPlot({
    width,
    height: panel.height + heightBeneath(panel) + 10,
    scales: {
      x: { time: false, range: (self, low, high) => [low, high] },
      y: { range: () => upwards },
    },
    axes: axesOf(panel),
    series: seriesOf(panel),
    cursor: {
      sync: { key: `${figure}-${first}-${last}` },
      drag: { x: true, y: false },
      dataIdx: (self, series, closest, x) => shownPoint(panel, self, series, closest, x),
    },
    legend: { markers: { width: 0, fill: (self, place) => colors[place - 1] } },
    hooks: {
      ready: [(self) => self.over.append(note), (self) => explain(self, panel)],
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
    box.className = panel.wide ? "chart whole-row" : "chart";
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

const seen = new IntersectionObserver((entries) => entries.forEach(({ isIntersecting, target }) => {
  if (!isIntersecting) return;
  seen.unobserve(target);
  build(target.querySelector(".chart-data"));
}), { rootMargin: "300px" });
document.querySelectorAll(".chart-data").forEach((data) => seen.observe(data.parentElement));
if (document.querySelector(".chart-data")) {
  const hint = document.createElement("p");
  hint.className = "aside hint";
  hint.textContent = "In a figure, drag across a part to zoom into it, double-click for all of it, "
    + "or use the buttons; the values at the cursor stand beneath.";
  document.querySelector("header").append(hint);
}
