// One event: its pairs to choose from, and of the chosen one the book, our wagers and prices, now and over time.

import { PairChart } from "/files/chart.js";
import { age, american, clock, dateTime, dollars, h, meter, percent, setText, show, signedDollars, statusText, table, tone } from "/files/format.js";

const LEVELS = 10;
const SLIDE_MS = 150;
// A session that has just begun has no whole segment of its recording.
const RETRY_MS = 10000;

export function eventView(main, { eventId }) {
  return new EventView(main, eventId);
}

class EventView {
  constructor(main, eventId) {
    this.eventId = eventId;
    this.main = main;
    this.detail = null;
    this.past = null;
    // The second that a person asked for, null for now: the slider stays there while it is read.
    this.wanted = null;
    this.chosen = new URLSearchParams(location.search).get("pair");
    const section = (label, wide = false, moment = false) => h("section", { class: `panel${wide ? " wide" : ""}${moment ? " moment" : ""}`, "aria-label": label });
    this.headline = h("div", { class: "headline" });
    this.choose = h("section", { class: "panel choose", "aria-label": "Markets" });
    this.bookPanel = section("Book", true, true);
    this.wagersPanel = section("Our wagers", true, true);
    this.pricesPanel = section("Prices", false, true);
    this.tradesPanel = section("Last trades", false, true);
    this.decisionsPanel = section("Decisions", true, true);
    this.chartElement = h("div", { class: "chart" });
    this.chartTitle = h("h2", {}, "Over time");
    const chartPanel = h("section", { class: "panel wide", "aria-label": "Price, our quotes and fills over time" }, this.chartTitle, this.chartElement);
    this.layout = h("div", { class: "event" }, this.choose, h("div", { class: "detail" },
      this.timePanel(), this.bookPanel, this.wagersPanel, chartPanel, this.pricesPanel, this.tradesPanel, this.decisionsPanel));
    main.replaceChildren(h("p", { class: "crumbs" }, h("a", { href: "/" }, "Overview"), " / event"), this.headline, this.layout);
    this.chart = new PairChart(this.chartElement);
  }

  absent(reason) { show(this.headline, `absent ${reason}`, () => h("p", { class: "empty" }, `Waiting: ${reason}.`)); }

  event(detail) {
    if (detail.kind === "absent") {
      if (!detail.is_final) return;
      this.main.replaceChildren(h("h1", {}, "Unknown event"), h("p", {}, `${detail.reason[0].toUpperCase()}${detail.reason.slice(1)}.`), h("p", {}, h("a", { href: "/" }, "Back to the overview")));
      document.title = "unknown event";
      return;
    }
    this.detail = detail;
    this.byPair = new Map(detail.markets.flatMap((market) => market.pairs.map((pair) => [pair.pair_id, market])));
    if (!this.byPair.has(this.chosen)) this.choosePair(this.firstPair(), false);
    this.showHeadline(detail.event);
    this.showChoices();
    this.slider.max = String(Math.round(detail.at_ns / 1e9));
    if (this.wanted === null) this.slider.value = this.slider.max;
    this.showTime();
    this.showPair();
  }

  firstPair() {
    const pairs = this.detail.markets.flatMap((market) => market.pairs);
    const ours = pairs.find((pair) => pair.first.wagers.length || pair.second.wagers.length);
    return (ours ?? pairs[0])?.pair_id ?? null;
  }

  choosePair(id, byPerson = true) {
    this.chosen = id;
    this.chart.clear();
    if (byPerson) history.replaceState(null, "", `?pair=${encodeURIComponent(id)}`);
    if (this.detail) this.chart.takeDecisions(this.detail.decisions, id);
    if (id !== null) this.loadTrack(id);
    if (byPerson) { this.showChoices(); this.showPair(); }
  }

  async loadTrack(id) {
    const answer = await fetch(`/api/event/${encodeURIComponent(this.eventId)}/track?pair=${encodeURIComponent(id)}`);
    if (this.chosen !== id) return;
    if (!answer.ok) { setTimeout(() => { if (this.chosen === id) this.loadTrack(id); }, RETRY_MS); return; }
    const track = await answer.json();
    this.slider.min = String(Math.ceil(track.from_ns / 1e9));
    this.allowSliding(true);
    this.chart.clear();
    // First what is older, as the times only ascend.
    this.chart.takeTrack(track);
    this.chart.takeDecisions(this.detail.decisions, id);
    this.showPair();
  }

  // The head and the list -----------------------------------------------------------------------

  showHeadline(row) {
    show(this.headline, [row.score, row.status, row.clock_ns, row.exposure_cents, row.marked_cents, row.settled_cents, row.is_paused, row.is_feed_lost, row.matched_cents], () => {
      const profit = row.settled_cents + row.marked_cents;
      const when = row.clock_ns ? `${Math.floor(row.clock_ns / 6e10)} min played` : row.status === "not_started" ? `starts ${dateTime(row.scheduled_ns)} UTC` : "";
      return [h("h1", {}, row.name),
        row.score ? h("span", { class: "score", title: `${row.home} ${row.score[0]}, ${row.away} ${row.score[1]}` }, `${row.score[0]}\u2013${row.score[1]}`) : null,
        h("span", { class: "badge", "data-state": row.is_paused ? "paused" : row.status }, row.is_paused ? "paused" : statusText(row.status)),
        h("span", { class: "soft" }, when),
        row.is_feed_lost ? h("span", { class: "bad" }, "feed lost") : null,
        h("span", {}, h("span", { class: "soft" }, "exposure "), `${dollars(row.exposure_cents)} of ${dollars(row.exposure_limit_cents, true)}`),
        h("span", {}, h("span", { class: "soft" }, "profit "), h("span", { class: tone(profit) }, signedDollars(profit)))].filter(Boolean);
    });
  }

  showChoices() {
    const markets = this.detail.markets;
    const key = [this.chosen, markets.map((market) => [market.row.reasons, market.row.status, market.row.is_paused, market.pairs.map((pair) => [pair.fair, touch(pair.first), touch(pair.second), pair.first.wagers.length, pair.second.wagers.length, pair.first.profit_cents, pair.second.profit_cents])])];
    const focused = document.activeElement?.dataset?.pair;
    const built = show(this.choose, key, () => [h("h2", {}, "Markets"), ...markets.flatMap((market) => this.marketChoice(market))]);
    if (built && focused) this.choose.querySelector(`button[data-pair="${CSS.escape(focused)}"]`)?.focus();
  }

  marketChoice(market) {
    const row = market.row;
    const state = row.is_paused ? "paused" : row.status;
    const rows = market.pairs.map((pair) => {
      const button = h("button", { type: "button", "data-pair": pair.pair_id, "aria-pressed": pair.pair_id === this.chosen ? "true" : "false", onclick: () => this.choosePair(pair.pair_id) }, pair.first.label);
      const wagers = pair.first.wagers.length + pair.second.wagers.length;
      return h("tr", { class: pair.pair_id === this.chosen ? "chosen" : null }, h("td", {}, button), h("td", { class: "num" }, percent(pair.fair)),
        h("td", { class: "num" }, touch(pair.first)), h("td", { class: "num" }, touch(pair.second)), h("td", { class: "num" }, wagers ? h("span", { class: "own" }, String(wagers)) : "\u2013"));
    });
    return [h("h3", {}, h("span", {}, row.label), h("span", { class: "badge", "data-state": state }, statusText(state))),
      row.reasons.length ? h("p", { class: "reason" }, `Not quoted${row.silent_since_ns ? ` since ${clock(row.silent_since_ns)}` : ""}: ${row.reasons.join("; ")}`) : null,
      table(`${row.label}: pairs with fair price, longest odds of others on both sides, and our open wagers`, [["Selection", ""], ["Fair", "num"], ["Odds", "num"], ["Other side", "num"], ["Ours", "num"]], rows)].filter(Boolean);
  }

  // The slider ----------------------------------------------------------------------------------

  timePanel() {
    this.slider = h("input", { type: "range", min: 0, max: 1, value: 1, step: 1, id: "moment", "aria-label": "Moment that is shown", oninput: () => this.slide() });
    this.moment = h("output", { for: "moment" }, "now");
    const step = (seconds, text, label) => h("button", { type: "button", class: "plain", "aria-label": label, onclick: () => { this.slider.value = String(Number(this.slider.value) + seconds); this.slide(); } }, text);
    this.nowButton = h("button", { type: "button", class: "plain", onclick: () => this.backToNow() }, "Now");
    this.steps = [step(-60, "\u22121 min", "A minute back"), step(60, "+1 min", "A minute on")];
    this.allowSliding(false);
    return h("section", { class: "panel wide time", "aria-label": "Moment" }, this.slider, ...this.steps, this.nowButton, this.moment);
  }

  // Before anything is recorded there are no earlier moments.
  allowSliding(allowed) {
    for (const control of [this.slider, ...this.steps]) control.disabled = !allowed;
  }

  slide() {
    clearTimeout(this.sliding);
    const seconds = Number(this.slider.value);
    if (seconds >= Number(this.slider.max) - 1) { this.backToNow(); return; }
    this.wanted = seconds;
    setText(this.moment, `${clock(seconds * 1e9)} UTC`);
    this.sliding = setTimeout(() => this.loadPast(seconds), SLIDE_MS);
  }

  async loadPast(seconds) {
    const answer = await fetch(`/api/event/${encodeURIComponent(this.eventId)}/moment?at=${seconds}000000000`);
    const past = await answer.json();
    if (this.wanted !== seconds) return;
    if (!answer.ok) { setText(this.moment, past.error); return; }
    this.past = past;
    this.slider.min = String(Math.ceil(past.from_ns / 1e9));
    this.layout.classList.add("is-past");
    this.showTime();
    this.showPair();
  }

  backToNow() {
    clearTimeout(this.sliding);
    this.past = null;
    this.wanted = null;
    this.slider.value = this.slider.max;
    this.layout.classList.remove("is-past");
    this.showTime();
    if (this.detail) this.showPair();
  }

  showTime() {
    this.nowButton.disabled = this.wanted === null;
    if (this.wanted === null) { setText(this.moment, "now"); return; }
    if (!this.past) return;
    const score = this.past.score ? `, ${this.past.score[0]}\u2013${this.past.score[1]}` : "";
    setText(this.moment, `${clock(this.past.at_ns)} UTC, ${statusText(this.past.status)}${score}`);
  }

  // The chosen pair -----------------------------------------------------------------------------

  showPair() {
    const market = this.byPair?.get(this.chosen);
    if (!market) { show(this.bookPanel, "none", () => h("p", { class: "empty" }, "This event has no market yet.")); return; }
    const now = market.pairs.find((pair) => pair.pair_id === this.chosen);
    const pair = this.past ? this.past.pairs.find((each) => each.pair_id === this.chosen) : now;
    const title = `${market.row.label}: ${now.first.label} / ${now.second.label}`;
    setText(this.chartTitle, `Over time: probability of ${now.first.label}`);
    if (!pair) { show(this.bookPanel, ["not yet", this.past.at_ns], () => h("p", { class: "empty" }, "Not on offer at that moment.")); return; }
    const at_ns = this.past ? this.past.at_ns : this.detail.at_ns;
    const at = this.past ? `, at ${clock(at_ns)} UTC, from the recording; the market was ${statusText(this.past.market_status[market.row.market_id])}` : "";
    show(this.bookPanel, [title, at, pair.first.offers, pair.second.offers, pair.first.profit_cents, pair.second.profit_cents], () => [h("h2", {}, `Book: ${title}${at}`), book(pair)]);
    show(this.wagersPanel, [this.past?.at_ns, pair.first.wagers, pair.second.wagers], () => wagers(pair, Boolean(this.past)));
    show(this.pricesPanel, [this.past?.at_ns, pair.fair, pair.own_fair, pair.sources, pair.last_price, pair.quotes, market.row.exposure_cents], () => prices(pair, market, at_ns, Boolean(this.past)));
    show(this.tradesPanel, [this.past?.at_ns, pair.trades], () => trades(pair, Boolean(this.past)));
    show(this.decisionsPanel, [this.past?.at_ns, this.chosen, this.detail.decisions.length, this.detail.decisions.at(-1)], () => decisions(this.detail.decisions.filter((each) => each.at_ns <= at_ns), market, this.chosen, Boolean(this.past)));
    this.chart.take(this.detail.at_ns, now, this.detail.fills);
  }
}

function touch(line) {
  const level = line.offers.find((each) => each.cents > each.own_cents);
  return level ? american(level.odds) : "\u2013";
}

function book(pair) {
  const most = Math.max(1, ...[...pair.first.offers, ...pair.second.offers].map((level) => level.cents));
  const side = (line) => {
    const rows = line.offers.slice(0, LEVELS).map((level) => {
      const bar = h("i");
      bar.style.width = `${(100 * level.cents / most).toFixed(1)}%`;
      if (level.own_cents) { const own = h("b"); own.style.width = `${(100 * level.own_cents / level.cents).toFixed(1)}%`; bar.append(own); }
      return h("tr", { class: level.own_cents ? "ours" : null, "data-odds": level.odds, "data-cents": level.cents }, h("td", { class: "num" }, american(level.odds)), h("td", { class: "num" }, dollars(level.cents)),
        h("td", { class: "num" }, level.own_cents ? dollars(level.own_cents) : ""), h("td", { class: "depth" }, bar));
    });
    const net = line.profit_cents ? h("span", { class: tone(line.profit_cents) }, ` ${signedDollars(line.profit_cents)} if it wins`) : null;
    return h("div", { "data-line": line.line_id }, h("h3", {}, line.label, net), rows.length ? table(`Offers on ${line.label}, the best first`, [["Odds", "num"], ["Stake", "num"], ["of it ours", "num"], ["", "depth"]], rows) : h("p", { class: "empty" }, "Nothing offered."));
  };
  return h("div", { class: "book" }, side(pair.first), side(pair.second));
}

function wagers(pair, isPast) {
  const rows = [pair.first, pair.second].flatMap((line) => line.wagers.map((wager) => h("tr", {},
    h("td", { class: "full" }, line.label, h("div", { class: "faint wide-only" }, wager.ref)),
    h("td", { class: "num", "data-label": "at" }, american(wager.odds)),
    h("td", { class: "num", "data-label": "open" }, dollars(wager.unmatched_cents)),
    h("td", { class: "num", "data-label": "matched" }, dollars(wager.matched_cents)),
    h("td", { class: "num", "data-label": "ahead" }, wager.ahead_cents === null ? "\u2013" : `at most ${dollars(wager.ahead_cents)}`),
    h("td", { "data-label": "" }, wager.state),
    h("td", { "data-label": "since" }, clock(wager.placed_ns)))));
  const headings = [["On", ""], ["Odds", "num"], ["Open", "num"], ["Matched", "num"], ["Stake ahead", "num"], ["State", ""], ["Placed", ""]];
  return [h("h2", {}, isPast ? "Our wagers then" : "Our wagers"), rows.length ? table("Our wagers in this pair", headings, rows, { class: "cards" }) : h("p", { class: "empty" }, "None open.")];
}

function prices(pair, market, now, isPast) {
  const row = (name, value, at) => h("tr", {}, h("td", {}, name), h("td", { class: "num" }, percent(value)), h("td", { class: "num" }, percent(value === null ? null : 1 - value)), h("td", { class: "num soft" }, at ? `${age(now - at)} ago` : ""));
  const rows = [row("Fair price in use", pair.fair, null)];
  if (pair.own_fair !== null) rows.push(row("Strategy's own", pair.own_fair, null));
  for (const source of pair.sources) rows.push(row(source.refusal ? `${source.source}, not counted: ${source.refusal}` : source.source, source.probability, source.at_ns));
  rows.push(row("Last trade", pair.last_price, pair.last_trade_ns));
  for (const quote of pair.quotes) {
    const of = quote.odds > 0 ? 100 / (quote.odds + 100) : -quote.odds / (100 - quote.odds);
    rows.push(h("tr", { class: "own" }, h("td", {}, `Quote ${american(quote.odds)}, ${dollars(quote.stake_cents)}`), h("td", { class: "num" }, quote.side ? "" : percent(of)), h("td", { class: "num" }, quote.side ? percent(of) : ""), h("td", {})));
  }
  const limit = h("div", {}, h("div", { class: "soft" }, `Exposure of the market ${dollars(market.row.exposure_cents)} of ${dollars(market.exposure_limit_cents, true)}`), meter("Exposure of the market", market.row.exposure_cents, market.exposure_limit_cents));
  return [h("h2", {}, isPast ? "Prices by source then" : "Prices by source"), table("Prices of this pair by source", [["Source", ""], [pair.first.label, "num"], [pair.second.label, "num"], ["Age", "num"]], rows, { class: "prices" }), isPast ? null : limit].filter(Boolean);
}

function trades(pair, isPast) {
  const rows = pair.trades.map((trade) => h("tr", {}, h("td", {}, clock(trade.at_ns)), h("td", {}, (trade.side ? pair.second : pair.first).label), h("td", { class: "num" }, american(trade.odds)), h("td", { class: "num" }, dollars(trade.stake_cents))));
  return [h("h2", {}, isPast ? "Last trades then" : "Last trades"), rows.length ? h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Last trades" }, table("Trades seen, the newest first", [["Time", ""], ["Taker backed", ""], ["Odds", "num"], ["Stake", "num"]], rows)) : h("p", { class: "empty" }, "None seen.")];
}

function decisions(all, market, pairId, isPast) {
  const rows = all.filter((decision) => decision.market_id === market.row.market_id).reverse().map((decision) => {
    const quotes = decision.quotes.filter(([id]) => id === pairId).map(([, quote]) => quote);
    const pair = market.pairs.find((each) => each.pair_id === pairId);
    const text = quotes.map((quote) => `${(quote.side ? pair.second : pair.first).label} ${american(quote.odds)} ${dollars(quote.stake_cents, true)}`).join("; ");
    const fair = decision.fairs.find(([id]) => id === pairId);
    return h("tr", {}, h("td", {}, clock(decision.at_ns)), h("td", { class: "num" }, percent(fair ? fair[1] : null)), h("td", {}, text || (decision.silence ? h("span", { class: "warn" }, decision.silence) : "no quote in this pair")));
  });
  return [h("h2", {}, isPast ? "Decisions until then" : "Decisions"), rows.length ? h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Decisions" }, table("Decisions on this market, the newest first", [["Time", ""], ["Fair", "num"], ["Quotes, or why there are none", ""]], rows, { class: "decisions" })) : h("p", { class: "empty" }, isPast ? "None: a session keeps its last decisions only, and these are later." : "None yet.")];
}
