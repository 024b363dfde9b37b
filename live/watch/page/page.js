// The frame of every view: who is shown, in which state, and the stream that brings what changes.

import { clock, setText, statusText } from "/files/format.js";
import { eventView } from "/files/event.js";
import { historyView } from "/files/history.js";
import { operatorView } from "/files/operator.js";
import { overviewView } from "/files/overview.js";

const element = (id) => document.getElementById(id);
const main = element("main");

// The state of the session as it is known here: the newest snapshot, with the rows of all events.
const session = { view: null, rows: new Map(), absent: null };

function page() {
  const path = location.pathname;
  if (path.startsWith("/event/")) return ["event", decodeURIComponent(path.slice("/event/".length))];
  return [{ "/operator": "operator", "/history": "history" }[path] ?? "overview", null];
}

// What a tab is named by, beside the session.
function title() {
  const [name, eventId] = page();
  return name === "event" ? session.rows.get(eventId)?.name : name;
}

function takeSession(message) {
  if (message.kind === "absent") {
    session.absent = message.reason;
    return;
  }
  if (session.view === null || session.absent || session.view.start !== message.start) session.rows.clear();
  session.absent = null;
  for (const row of message.events) session.rows.set(row.event_id, row);
  session.view = message;
}

// A session that is busy runs.
function absentText() {
  return session.absent.endsWith("is not running") ? "not running" : "no answer";
}

function showFrame() {
  const view = session.view;
  const notice = element("notice");
  const state = session.absent ? "absent" : view.desk.is_feed_lost ? "halted" : view.desk.state.state;
  element("state").dataset.state = state;
  setText(element("state"), session.absent ? absentText() : statusText(view.desk.state.state));
  notice.hidden = !session.absent && !view.desk.is_feed_lost;
  if (session.absent) {
    const last = view ? " The figures below are the last ones received." : "";
    setText(notice, `${session.absent[0].toUpperCase()}${session.absent.slice(1)}.${last} This page goes on by itself when it is back.`);
    setText(element("why"), "");
    return;
  }
  setText(notice, view.desk.is_feed_lost ? "The feed is lost: nothing is quoted until it is whole again." : "");
  const { reason, since_ns } = view.desk.state;
  setText(element("why"), `${reason ? `${reason}, ` : ""}since ${clock(since_ns)}`);
  element("why").title = reason;
  setText(element("session"), view.session);
  setText(element("start"), [view.start ? `start ${view.start}` : "", view.venue && `at ${view.venue}`].filter(Boolean).join(" "));
  setText(element("clock"), `${clock(view.desk.at_ns)} UTC`);
  const shown = [view.desk.state.state === "active" ? "" : view.desk.state.state, title(), view.session];
  document.title = shown.filter(Boolean).join(", ");
}

function listen(view, eventId) {
  const stream = new EventSource(eventId === null ? "/api/session" : `/api/session?event=${encodeURIComponent(eventId)}`);
  stream.addEventListener("session", (message) => {
    takeSession(JSON.parse(message.data));
    if (session.view || session.absent) showFrame();
    if (session.view) view.session?.(session);
    else view.absent?.(session.absent);
  });
  stream.addEventListener("event", (message) => view.event?.(JSON.parse(message.data)));
  stream.onerror = () => {
    // The browser tries again by itself; a server that has started again needs its new address.
    session.absent = "the page's own server does not answer; if it was started again, open its new address";
    showFrameIfShown();
  };
}

function showFrameIfShown() {
  if (session.view || session.absent) showFrame();
}

const THEMES = [["", "Auto", "as the system has them"], ["light", "Light", "light"], ["dark", "Dark", "dark"]];

function showTheme(name) {
  const [, label, words] = THEMES.find(([each]) => each === name) ?? THEMES[0];
  document.documentElement.toggleAttribute("data-theme", false);
  if (name) document.documentElement.setAttribute("data-theme", name);
  setText(element("theme"), label);
  element("theme").setAttribute("aria-label", `Colours: ${words}`);
  window.dispatchEvent(new Event("theme"));
}

function startTheme() {
  let name = localStorage.getItem("theme") ?? "";
  showTheme(name);
  element("theme").addEventListener("click", () => {
    name = THEMES[(THEMES.findIndex(([each]) => each === name) + 1) % THEMES.length][0];
    localStorage.setItem("theme", name);
    showTheme(name);
  });
}

async function start() {
  startTheme();
  const [name, eventId] = page();
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.page === name) link.setAttribute("aria-current", "page");
  }
  const answer = await fetch("/api/role");
  const { role, session: title } = await answer.json();
  setText(element("session"), title);
  setText(element("role"), role === "operator" ? "operator" : "viewer: may only look");
  const views = { overview: overviewView, event: eventView, operator: operatorView, history: historyView };
  listen(views[name](main, { role, eventId, session }), eventId);
}

start();
