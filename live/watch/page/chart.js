// One pair over time: fair price, touch, our quotes and fills, as probabilities of its first line.

import { probability } from "/files/format.js";

const MOST_POINTS = 4000;
const DRAW_MS = 400;
// Sources differ by colour, and beyond these by dash.
const SOURCE_COLOURS = 4;
const DASHES = [[2, 3], [7, 3], [10, 3, 2, 3]];

// Values by time, each holding until the next.
class Series {
  constructor() { this.times = []; this.values = []; }

  put(at, value) {
    const last = this.times.length - 1;
    if (last >= 0 && (this.values[last] === value || at < this.times[last])) return;
    this.times.push(at);
    this.values.push(value);
    if (this.times.length > MOST_POINTS) { this.times.shift(); this.values.shift(); }
  }

  // The values at given times, which ascend; null before the first.
  at(times) {
    let place = -1;
    return times.map((time) => {
      while (place + 1 < this.times.length && this.times[place + 1] <= time) place += 1;
      return place < 0 ? null : this.values[place];
    });
  }
}

function best(quotes, side) {
  const of = quotes.filter((quote) => quote.side === side).map((quote) => firstProbability(quote.odds, side));
  if (!of.length) return null;
  return side ? Math.min(...of) : Math.max(...of);
}

function firstProbability(odds, side) {
  return side ? 1 - probability(odds) : probability(odds);
}

function firstOthers(levels) {
  return levels.find((level) => level.cents > level.own_cents);
}

export class PairChart {
  constructor(element) {
    this.element = element;
    this.plot = null;
    this.drawn = 0;
    this.clear();
    this.resize = new ResizeObserver(() => this.plot?.setSize(this.size()));
    this.resize.observe(element);
    window.addEventListener("theme", () => { this.plot?.destroy(); this.plot = null; this.draw(true); });
  }

  clear() {
    this.series = { fair: new Series(), ask: new Series(), bid: new Series(), ownBid: new Series(), ownAsk: new Series() };
    this.sources = new Map();
    this.fills = new Map();
    this.plot?.destroy();
    this.plot = null;
  }

  // What the recording and the journal have of the time before.
  takeTrack(track) {
    for (const [at, first, second] of track.touches) {
      this.series.ask.put(at, first);
      this.series.bid.put(at, second);
    }
    for (const [at, name, value] of track.sources) this.source(name).put(at, value);
    const changes = track.quotes.flatMap(([from, to, side, odds], id) => [[from, id, side, odds], ...(to === null ? [] : [[to, id, null, null]])]);
    changes.sort((a, b) => a[0] - b[0]);
    const open = new Map();
    for (const [at, id, side, odds] of changes) {
      if (side === null) open.delete(id); else open.set(id, { side, odds });
      this.series.ownBid.put(at, best([...open.values()], 0));
      this.series.ownAsk.put(at, best([...open.values()], 1));
    }
    for (const [at, side, odds] of track.fills) this.fills.set(`${at} ${side} ${odds}`, [at, firstProbability(odds, side)]);
    this.draw(true);
  }

  takeDecisions(decisions, pairId) {
    for (const decision of decisions) {
      const fair = decision.fairs.find(([id]) => id === pairId);
      if (fair) this.series.fair.put(decision.at_ns, fair[1]);
    }
  }

  // What the session shows now.
  take(at, pair, fills) {
    const [ask, bid] = [firstOthers(pair.first.offers), firstOthers(pair.second.offers)];
    this.series.fair.put(at, pair.fair);
    this.series.ask.put(at, ask ? probability(ask.odds) : null);
    this.series.bid.put(at, bid ? 1 - probability(bid.odds) : null);
    const open = [...pair.first.wagers.map((wager) => ({ side: 0, odds: wager.odds })), ...pair.second.wagers.map((wager) => ({ side: 1, odds: wager.odds }))];
    this.series.ownBid.put(at, best(open, 0));
    this.series.ownAsk.put(at, best(open, 1));
    for (const source of pair.sources) this.source(source.source).put(source.at_ns, source.probability);
    for (const fill of fills) {
      if (fill.pair_id === pair.pair_id) this.fills.set(`${fill.at_ns} ${fill.side} ${fill.odds}`, [fill.at_ns, firstProbability(fill.odds, fill.side)]);
    }
    this.now = at;
    this.draw(false);
  }

  source(name) {
    if (!this.sources.has(name)) { this.sources.set(name, new Series()); this.plot?.destroy(); this.plot = null; }
    return this.sources.get(name);
  }

  draw(atOnce) {
    const now = performance.now();
    if (!atOnce && now - this.drawn < DRAW_MS) return;
    this.drawn = now;
    const series = [...Object.values(this.series), ...this.sources.values()];
    const fills = [...this.fills.values()].sort((a, b) => a[0] - b[0]);
    const times = [...new Set([...series.flatMap((each) => each.times), ...fills.map(([at]) => at), ...(this.now ? [this.now] : [])])].sort((a, b) => a - b);
    if (times.length < 2) return;
    const byTime = new Map(fills);
    const data = [times.map((ns) => ns / 1e9), ...series.map((each) => each.at(times).map((value) => value === null ? null : 100 * value)),
      times.map((ns) => byTime.has(ns) ? 100 * byTime.get(ns) : null)];
    if (this.plot) this.plot.setData(data);
    else this.plot = this.newPlot(data);
    // Without a pointer over it, the legend has the newest values.
    if (this.plot.cursor.idx === null || this.plot.cursor.idx === undefined) this.plot.setLegend({ idx: times.length - 1 }, false);
  }

  newPlot(data) {
    const plot = new uPlot(this.options(), data, this.element);
    // Its legend is laid out as a table, and is none.
    plot.root.querySelector(".u-legend").setAttribute("role", "presentation");
    return plot;
  }

  size() {
    return { width: Math.max(200, this.element.clientWidth), height: 235 };
  }

  options() {
    const style = getComputedStyle(document.documentElement);
    const color = (name) => style.getPropertyValue(name).trim();
    const line = (label, stroke, extra = {}) => ({ label, stroke, width: 1.5, points: { show: false }, paths: uPlot.paths.stepped({ align: 1 }),
      value: (_, value) => value === null || value === undefined ? "\u2013" : `${value.toFixed(1)} %`, ...extra });
    const axis = { stroke: color("--soft"), grid: { stroke: color("--line"), width: 1 }, ticks: { stroke: color("--line"), width: 1 }, font: "11px system-ui, sans-serif" };
    return { ...this.size(),
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1e3), "Etc/UTC"),
      scales: { x: { time: true } }, cursor: { points: { size: 6 } },
      axes: [{ ...axis, values: (plot, values, _, __, step) => values.map((value) => new Date(value * 1e3).toISOString().slice(11, step < 60 ? 19 : 16)) }, { ...axis, size: 58, values: (_, values) => values.map((value) => `${value} %`) }],
      series: [{ label: "UTC", value: "{HH}:{mm}:{ss}" },
        line("fair", color("--chart-fair"), { width: 2 }),
        line("others' ask", color("--chart-touch")), line("others' bid", color("--chart-touch")),
        line("our bid", color("--chart-own"), { dash: [5, 3] }), line("our ask", color("--chart-own"), { dash: [5, 3] }),
        ...[...this.sources.keys()].map((name, place) => line(name, color(`--source-${place % SOURCE_COLOURS}`), { dash: DASHES[Math.floor(place / SOURCE_COLOURS) % DASHES.length] })),
        { label: "fills", stroke: color("--chart-own"), width: 0, paths: () => null, points: { show: true, size: 8, fill: color("--chart-own") },
          value: (_, value) => value === null || value === undefined ? "\u2013" : `${value.toFixed(1)} %` }] };
  }
}
