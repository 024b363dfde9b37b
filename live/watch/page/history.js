// Sessions and finished runs below the folder in which the page was started.

import { dateTime, dollars, h, signedDollars, table, tone, whole } from "/files/format.js";

export function historyView(main) {
  const sessions = h("section", { class: "panel", "aria-label": "Sessions" }, h("h2", {}, "Sessions"), h("p", { class: "empty" }, "Reading..."));
  const runs = h("section", { class: "panel", "aria-label": "Runs" }, h("h2", {}, "Runs"), h("p", { class: "empty" }, "Reading..."));
  main.replaceChildren(h("h1", { class: "hidden" }, "History"), h("div", { class: "history" }, sessions, runs));
  load(sessions, runs);
  return {};
}

async function load(sessions, runs) {
  const answer = await fetch("/api/history");
  const found = await answer.json();
  if (!answer.ok) { sessions.replaceChildren(h("p", {}, found.error)); return; }
  const unreadable = found.unreadable ? h("p", { class: "soft" }, `${found.unreadable} of another version could not be read.`) : null;
  sessions.replaceChildren(h("h2", {}, "Sessions"), found.sessions.length ? sessionTable(found.sessions) : h("p", { class: "empty" }, "None here."));
  runs.replaceChildren(...[h("h2", {}, "Runs"), found.runs.length ? runTable(found.runs) : h("p", { class: "empty" }, "None here. python -m sim run +experiment=nba makes one; python -m sim replay sessions/NAME reports on a session."), unreadable].filter(Boolean));
}

function sessionTable(sessions) {
  const rows = sessions.map((session) => h("tr", {}, h("td", {}, session.name), h("td", {}, h("span", { class: "badge", "data-state": session.is_running ? "active" : "" }, session.is_running ? "running" : "ended")),
    h("td", { class: "num", "data-label": "starts" }, String(session.starts)), h("td", { class: "nowrap", "data-label": "last entry" }, `${dateTime(session.changed_ns)} UTC`),
    h("td", { class: "full" }, h("details", {}, h("summary", {}, `Last lines of the log of ${session.name}`), h("pre", {}, session.log.join("\n"))))));
  return table("Sessions, the newest first", [["Name", ""], ["State", ""], ["Starts", "num"], ["Last entry", ""], ["Log", ""]], rows, { class: "cards" });
}

function runTable(runs) {
  const rows = runs.map((run) => h("tr", {}, h("td", { class: "nowrap" }, dateTime(run.finished_ns)),
    h("td", {}, run.mode), h("td", {}, run.strategy), h("td", { class: "full" }, `${run.recording}${run.simulated ? " (simulated)" : ""}`),
    h("td", { class: `num ${tone(run.profit_cents)}`, "data-label": "profit" }, signedDollars(run.profit_cents)), h("td", { class: "num", "data-label": "turnover" }, dollars(run.turnover_cents)),
    h("td", { class: "num", "data-label": "wagers" }, whole(run.wagers_placed)), h("td", { class: "num", "data-label": "fills" }, whole(run.fills)), h("td", { class: "num", "data-label": "largest fall" }, dollars(run.max_drawdown_cents)),
    h("td", { class: "report" }, run.report ? h("a", { href: `/report/${run.report}`, "aria-label": `Report of ${run.folder}` }, "report") : "no report")));
  return table("Finished runs, the newest first", [["Finished, UTC", ""], ["Mode", ""], ["Strategy", ""], ["Recording", ""], ["Profit", "num"], ["Turnover", "num"], ["Wagers", "num"], ["Fills", "num"], ["Largest fall", "num"], ["Report", ""]], rows, { class: "cards" });
}
