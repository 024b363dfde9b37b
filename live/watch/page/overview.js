// Everything at a glance: money, limits, feed, alarms, and a row for each event.

import { age, clock, count, dateTime, dollars, h, meter, shortTime, show, signedDollars, statusText, table, tone } from "/files/format.js";

const MOST_WITH_MARKETS = 6;

export function overviewView(main) {
  const figures = h("dl", { class: "figures", "aria-label": "Money and latencies" });
  const events = h("section", { class: "panel", "aria-label": "Events" });
  const markets = h("section", { class: "panel", "aria-label": "Markets", hidden: true });
  const limits = h("section", { class: "panel", "aria-label": "Limits" });
  const feed = h("section", { class: "panel", "aria-label": "Feed and orders" });
  const alarms = h("section", { class: "panel", "aria-label": "Alarms and halts" });
  main.replaceChildren(h("h1", { class: "hidden" }, "Overview"), figures,
    h("div", { class: "columns" }, h("div", { class: "stack" }, events, markets), h("div", { class: "side" }, limits, alarms, feed)));
  const rows = new Map();
  const body = h("tbody");
  events.replaceChildren(h("h2", {}, "Events"), eventTable(body));
  return {
    absent(reason) { show(events, `absent ${reason}`, () => h("p", { class: "empty" }, reason)); },
    session({ view, rows: known }) {
      show(figures, figureTexts(view), () => figureTexts(view).map(figure));
      show(limits, view.desk.limits, () => limitPanel(view.desk.limits));
      show(feed, feedTexts(view), () => [h("h2", {}, "Feed and orders"), pairs(feedTexts(view))]);
      show(alarms, [view.alarms, view.desk.state_changes, view.settings], () => alarmPanel(view));
      if (!events.contains(body)) events.replaceChildren(h("h2", {}, "Events"), eventTable(body));
      showRows(body, rows, view, known);
      showMarkets(markets, view, known);
    },
  };
}

// Figures ---------------------------------------------------------------------------------------

function figureTexts({ desk, feed, placing, cancelling, counts }) {
  const money = desk.money;
  const texts = [
    ["Equity", dollars(money.equity_cents), `${dollars(money.balance_cents)} balance, ${signedDollars(money.marked_cents)} at fair prices`, ""],
    ["Settled profit", signedDollars(money.profit_cents), `after ${dollars(money.commission_cents)} commission`, tone(money.profit_cents)],
    ["Open at fair prices", signedDollars(money.marked_cents), `${dollars(money.matched_cents)} matched`, tone(money.marked_cents)],
    ["Exposure", dollars(money.exposure_cents), "the worst case, open wagers too", ""],
    ["Available", dollars(money.available_cents), "for new stakes", ""],
    ["Open wagers", String(desk.open_wagers), `${dollars(money.open_cents)} staked`, ""],
  ];
  if (placing) {
    const share = counts.accepted + counts.refused ? ` (${(100 * counts.accepted / (counts.accepted + counts.refused)).toFixed(1)} %)` : "";
    texts.push(["Accepted", `${counts.accepted}${share}`, `of ${counts.placed} placed, ${counts.refused} refused`, counts.refused ? "warn" : ""]);
    texts.push(["Placing takes", placing.number ? shortTime(placing.median_ns) : "\u2013", placing.number ? `median; 99 % within ${shortTime(placing.high_ns)}` : "no response yet", ""]);
  }
  return texts;
}

function figure([name, value, note, kind]) {
  return h("div", { class: "figure" }, h("dt", {}, name), h("dd", { class: `value ${kind}` }, value), h("dd", { class: "note" }, note));
}

function limitPanel(limits) {
  return [h("h2", {}, "Limits"), h("div", { class: "limits" }, limits.map((limit) => {
    const number = (value) => limit.is_money ? dollars(value) : Number.isInteger(value) ? String(value) : value.toFixed(2);
    const used = limit.used === null ? "unbounded" : number(limit.used);
    const text = limit.limit === null ? `${used}, no limit` : `${used} of ${limit.is_money ? dollars(limit.limit, true) : limit.limit}`;
    const name = limit.name.replace("risk.", "").replaceAll("_", " ");
    return h("div", { class: "limit" }, h("div", { class: "row" }, h("span", { title: limit.name }, name), h("span", { class: "soft" }, text)),
      limit.limit === null ? null : meter(`${name}: ${text}`, limit.used, limit.limit));
  }))];
}

function feedTexts({ session, desk, feed, cancelling, counts }) {
  if (!feed && session === "sandbox") return [["a sandbox", "its own desk only looks, and places nothing"]];
  if (!feed) return [[`a ${session}`, "simulated feed and responses"]];
  const denials = Object.entries(counts.denials).map(([name, number]) => `${number} ${name}`).join(", ");
  return [
    ["last message", feed.updated_ns ? `${age(desk.at_ns - feed.updated_ns)} ago` : "none yet"],
    ["late by", feed.delay_ns ? age(feed.delay_ns) : "under a second"],
    ["gaps", feed.gaps ? `${feed.gaps}, ${age(feed.lost_ns)} in all` : "none"],
    ["unreadable", String(feed.unreadable)],
    ["cancelling takes", cancelling.number ? `${shortTime(cancelling.median_ns)}, 99 % within ${shortTime(cancelling.high_ns)}` : "none yet"],
    ["fills", `${counts.fills}, ${dollars(counts.matched_cents)}`],
    ["denied by our limits", denials || "none"],
  ];
}

function pairs(texts) {
  return h("dl", { class: "pairs" }, texts.flatMap(([name, text]) => [h("dt", {}, name), h("dd", {}, text)]));
}

function alarmPanel({ alarms, desk, settings }) {
  const lines = [
    ...alarms.map(({ at_ns, text }) => ({ at_ns, text, kind: "warn" })),
    ...desk.state_changes.map(({ at_ns, state, reason }) => ({ at_ns, text: `${state}${reason ? `: ${reason}` : ""}`, kind: state === "halted" ? "bad" : "" })),
  ].sort((a, b) => b.at_ns - a.at_ns);
  const changed = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  return [h("h2", {}, "Alarms and halts"),
    lines.length ? h("ul", { class: "lines", tabindex: "0", "aria-label": "Alarms and halts, the newest first" },
      lines.map(({ at_ns, text, kind }) => h("li", { class: kind }, h("time", {}, clock(at_ns)), text))) : h("p", { class: "empty" }, "None since the start."),
    changed.length ? h("p", { class: "soft" }, `Changed since the start: ${changed.join(", ")}`) : null].filter(Boolean);
}

// Events ----------------------------------------------------------------------------------------

function eventTable(body) {
  const headings = [["Event", ""], ["Status", ""], ["Matched", "num"], ["Exposure", "num"], ["Profit", "num"], ["Quoted", ""]];
  const made = table("Events with score, position, profit and which markets are quoted", headings, [], { class: "events cards" });
  made.tBodies[0].replaceWith(body);
  return made;
}

function showRows(body, rows, view, known) {
  for (const [id, element] of rows) {
    if (!known.has(id)) { element.remove(); rows.delete(id); }
  }
  view.event_ids.forEach((id, place) => {
    const row = known.get(id);
    if (!row) return;
    if (!rows.has(id)) rows.set(id, h("tr", { "data-event": id }));
    const element = rows.get(id);
    const updated = view.feed?.event_updated_ns[id];
    const old = updated ? `, feed ${age(view.desk.at_ns - updated)} ago` : "";
    show(element, row, () => eventCells(row));
    const note = element.querySelector(".age");
    if (note && note.textContent !== old) note.textContent = old;
    if (body.children[place] !== element) body.insertBefore(element, body.children[place] ?? null);
  });
}

function eventCells(row) {
  const quoted = row.markets.filter((market) => !market.reasons.length).length;
  const score = row.score ? `${row.score[0]}\u2013${row.score[1]}` : "";
  const played = row.clock_ns ? `${Math.floor(row.clock_ns / 6e10)} min played` : "";
  const start = row.status === "not_started" ? `starts ${dateTime(row.scheduled_ns)}` : played;
  const profit = row.settled_cents + row.marked_cents;
  return [
    h("td", { class: "name" }, h("a", { href: `/event/${encodeURIComponent(row.event_id)}` }, row.name),
      h("div", { class: "meta" }, row.tournament, h("span", { class: "age" }))),
    h("td", {}, score ? h("div", { class: "score", title: `${row.home} ${row.score[0]}, ${row.away} ${row.score[1]}` }, score) : null,
      h("div", { class: "meta" }, h("span", { class: "badge", "data-state": row.is_paused ? "paused" : row.status }, row.is_paused ? "paused" : statusText(row.status))), start ? h("div", { class: "meta" }, start) : null),
    h("td", { class: "num", "data-label": "matched" }, dollars(row.matched_cents), h("div", { class: "meta" }, count(row.open_wagers, "open wager"))),
    h("td", { class: "num", "data-label": "exposure" }, dollars(row.exposure_cents), meter(`Exposure of ${row.name}: ${dollars(row.exposure_cents)} of ${dollars(row.exposure_limit_cents)}`, row.exposure_cents, row.exposure_limit_cents)),
    h("td", { class: "num", "data-label": "profit" }, h("span", { class: tone(profit) }, signedDollars(profit)), h("div", { class: "meta" }, `${signedDollars(row.settled_cents)} settled`)),
    h("td", { class: "markets full" }, h("div", {}, `${quoted} of ${count(row.markets.length, "market")}`), quotedMarkets(row.markets), silentMarkets(row.markets)),
  ];
}

// With few events there is space for each of their markets.
function showMarkets(panel, view, known) {
  panel.hidden = view.event_ids.length > MOST_WITH_MARKETS || !view.event_ids.length;
  if (panel.hidden) return;
  const events = view.event_ids.map((id) => known.get(id)).filter(Boolean);
  show(panel, events.map((event) => event.markets), () => {
    const headings = [["Market", ""], ["Status", ""], ["Open wagers", "num"], ["Exposure", "num"], ["Profit", "num"], ["Why it is not quoted", ""]];
    return [h("h2", {}, "Markets"), table("Markets of all events, and why one is not quoted", headings, events.flatMap((event) => event.markets.map((market) => marketCells(event, market))), { class: "cards markets-list" })];
  });
}

function marketCells(event, market) {
  const profit = market.settled_cents ?? market.marked_cents;
  const state = market.is_paused ? "paused" : market.status;
  const silent = market.reasons.length ? `${market.reasons.join("; ")}${market.silent_since_ns ? `, since ${clock(market.silent_since_ns)}` : ""}` : "";
  return h("tr", {}, h("td", {}, market.label, h("div", { class: "meta" }, event.name)), h("td", {}, h("span", { class: "badge", "data-state": state }, statusText(state))),
    h("td", { class: "num", "data-label": "open wagers" }, String(market.open_wagers)), h("td", { class: "num", "data-label": "exposure" }, dollars(market.exposure_cents)),
    h("td", { class: `num ${tone(profit)}`, "data-label": market.settled_cents === null ? "at fair prices" : "settled" }, signedDollars(profit)), h("td", { class: silent ? "full warn" : "wide-only" }, silent || "\u2013"));
}

function quotedMarkets(markets) {
  const quoted = markets.filter((market) => !market.reasons.length);
  const text = quoted.map((market) => `${market.label} ${market.open_wagers}`).join(", ");
  return quoted.length ? h("div", { class: "reason", title: "open wagers by market" }, `open wagers: ${text}`) : null;
}

// Markets that are silent for one reason share a line; the first reason counts.
function silentMarkets(markets) {
  const groups = new Map();
  for (const market of markets) {
    if (!market.reasons.length) continue;
    const reason = market.reasons[0];
    groups.set(reason, [...(groups.get(reason) ?? []), market.label]);
  }
  return [...groups].map(([reason, labels]) => {
    const named = labels.length === markets.length ? (labels.length > 1 ? "all" : labels[0]) : labels.join(", ");
    return h("div", { class: "reason" }, h("b", {}, named), ` ${reason}`);
  });
}

