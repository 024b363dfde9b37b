// The numbers of a chart as they are decoded, and as they are read.

const grouped = (value, least, most) => value.toLocaleString(
  "en-US", { minimumFractionDigits: least, maximumFractionDigits: most });

function valueText(unit, value) {
  if (value === null || value === undefined) return "–";
  if (unit === "$") {
    const decimals = Number.isInteger(value) ? 0 : 2;
    return `${value < 0 ? "-" : ""}$${grouped(Math.abs(value), decimals, decimals)}`;
  }
  if (unit === "c") return `${value > 0 ? "+" : ""}${grouped(value, 0, 2)} c`;
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

// What is across at the cursor.
function placeText(panel, u, place) {
  if (place === null || place === undefined) return "";
  const { across, acrossUnit, categories, origin } = panel, x = u.data[0][place];
  if (origin !== null) {
    const minute = u.posToVal(u.cursor.left, "x");
    return `${minuteText(minute)} min, ${clockText(origin, minute, true)} UTC`;
  }
  if (categories.length) return `${across} ${categories[Math.round(x)].split("\n")[0]}`;
  const text = acrossUnit ? valueText(acrossUnit, x) : grouped(x, 0, 2);
  if (!acrossUnit || panel.lines.some((line) => line.means)) return `${across} ${text}`;
  return `${across} ${text} to ${valueText(acrossUnit, u.data[0][place + 1] ?? x)}`;
}

function lineText(panel, line, place) {
  if (place === null || place === undefined) return "";
  const text = valueText(panel.unit, line.values[place]);
  if (!line.means || line.low[place] === null) return text;
  const ends = [line.low, line.high].map((each) => valueText(panel.unit, each[place]));
  return `${text} (95 %: ${ends.join(" to ")})`;
}

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

// Means belong to their own points alone.
function placed(x, xs, values) {
  const known = new Map(xs.map((each, place) => [each, values[place]]));
  return x.map((each) => known.get(each) ?? null);
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
    const at = axes[line.axis], all = line.y.map((y) => scaled(y, panel.scale));
    if (line.means) {
      const [values, low, high] = all.map((each) => placed(x, at, each));
      lines.push({ ...line, values, low, high });
      continue;
    }
    const edges = all.map((each) => held(x, at, each));
    if (line.names) bands.push({ fill: line.fill, edges });
    edges.forEach((values, edge) => {
      const { fill, names } = line;
      lines.push(names ? { name: names[edge], fill, values, edge: true } : { ...line, values });
    });
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
      if (line.means && x >= first && x <= last) {
        [line.values, line.low, line.high].forEach((values) => count(values[place]));
      } else if (!line.means && x <= last && until >= first) count(line.values[place]);
    });
  }
  for (const group of panel.points) {
    group.x.forEach((x, place) => { if (x >= first && x <= last) count(group.y[place]); });
  }
  if (low > high) return panel.y;
  const margin = 0.1 * (high - low) || Math.abs(0.01 * high) || 1;
  return [low - margin, high + margin];
}
