// Numbers, times and elements as text for people. Everything is set as text, never as markup:
// names of games come from an exchange.

const MONEY = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const WHOLE = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const MINUS = "\u2212";

export function dollars(cents, whole = false) {
  const text = (whole ? WHOLE : MONEY).format(Math.abs(cents) / 100);
  // Joined, so that no line ends between the sign and the amount.
  return `${cents < 0 ? `${MINUS}\u2060` : ""}$${text}`;
}

export function signedDollars(cents) {
  return cents > 0 ? `+${dollars(cents)}` : dollars(cents);
}

export function tone(cents) {
  return cents > 0 ? "good" : cents < 0 ? "bad" : "";
}

export function american(odds) {
  return odds > 0 ? `+${odds}` : `${MINUS}${-odds}`;
}

export function percent(probability, digits = 1) {
  return probability === null || probability === undefined ? "\u2013" : `${(100 * probability).toFixed(digits)} %`;
}

export function count(number, noun) {
  return `${WHOLE.format(number)} ${noun}${number === 1 ? "" : "s"}`;
}

export function age(ns) {
  const seconds = Math.max(0, ns / 1e9);
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

export function shortTime(ns) {
  return ns < 1e9 ? `${(ns / 1e6).toFixed(ns < 1e7 ? 1 : 0)} ms` : `${(ns / 1e9).toFixed(1)} s`;
}

export function whole(number) {
  return WHOLE.format(number);
}

export function clock(ns) {
  return new Date(ns / 1e6).toISOString().slice(11, 19);
}

export function dateTime(ns) {
  return new Date(ns / 1e6).toISOString().slice(0, 16).replace("T", " ");
}

export function probability(odds) {
  return odds > 0 ? 100 / (odds + 100) : -odds / (100 - odds);
}

export function statusText(status) {
  return status.replaceAll("_", " ");
}

// An element with attributes, `on...` handlers and children; null children are left out.
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

// Replace the children of an element only if what they show has changed.
const shown = new WeakMap();
export function show(element, key, build) {
  const text = typeof key === "string" ? key : JSON.stringify(key);
  if (shown.get(element) === text) return false;
  shown.set(element, text);
  element.replaceChildren(...[build()].flat());
  return true;
}

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function meter(label, used, limit) {
  const share = limit ? Math.min(1, (used ?? limit) / limit) : 0;
  const bar = h("i");
  bar.style.width = `${(100 * share).toFixed(1)}%`;
  const level = share >= 1 ? "over" : share >= 0.8 ? "near" : "fine";
  return h("div", { class: "meter", role: "meter", "aria-label": label, "aria-valuemin": 0,
    "aria-valuemax": 100, "aria-valuenow": Math.round(100 * share), "data-level": level }, bar);
}

export function table(caption, headings, rows, attributes = {}) {
  const cells = headings.map(([text, kind]) => h("th", { scope: "col", class: kind }, text));
  return h("table", attributes, h("caption", { class: "hidden" }, caption),
    h("thead", {}, h("tr", {}, cells)), h("tbody", {}, rows));
}
