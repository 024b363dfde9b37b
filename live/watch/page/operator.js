// The operator's words: each is asked twice, and kept in the journal with the name that is given.

import { dollars, h, setText, show, table } from "/files/format.js";

const WORDS = [
  ["pause", "Pause", "withdraw the quotes, and place none", false],
  ["resume", "Resume", "end a pause; of everything, also a halt", false],
  ["reduce", "Reduce only", "place only what lowers the exposure", false],
  ["pull", "Pull", "cancel what is open now; quoting goes on", false],
  ["halt", "Halt", "cancel everything, and place nothing", true],
];
// What a new value is counted in.
const UNITS = { max_open_stake_times_cash: "times", stop_loss_percentage: "percent", max_concurrent_wagers: "number", max_commands_per_second: "number", max_rejections_in_row: "number" };

export function operatorView(main, { role }) {
  return new OperatorView(main, role === "operator");
}

class OperatorView {
  constructor(main, mayOperate) {
    this.mayOperate = mayOperate;
    this.name = h("input", { id: "name", autocomplete: "name", maxlength: 40, required: true, value: localStorage.getItem("name") ?? "", oninput: () => localStorage.setItem("name", this.name.value) });
    this.scope = h("select", { id: "scope" }, h("option", { value: "" }, "everything"));
    this.reason = h("input", { id: "reason", maxlength: 200 });
    this.message = h("p", { class: "message", role: "status", "aria-live": "polite" });
    this.log = h("ul", { class: "lines" }, h("li", { class: "soft" }, "Nothing yet."));
    this.limits = h("section", { class: "panel", "aria-label": "Limits" });
    this.dialog = h("dialog", { "aria-labelledby": "asked" });
    const buttons = WORDS.map(([word, label, what, danger]) => h("button", { type: "button", class: danger ? "danger" : null, title: what, "data-word": word, disabled: !mayOperate, onclick: () => this.say(this.words(word)) }, label));
    const refused = mayOperate ? null : h("p", { class: "message", "data-kind": "refused" }, "You opened this page with the viewer's address, which may only look. Operating needs the operator's address, printed when the page was started.");
    main.replaceChildren(h("h1", { class: "hidden" }, "Operator"), h("div", { class: "operator" },
      h("section", { class: "panel form", "aria-label": "Operate" }, h("h2", {}, "Operate"), refused,
        h("label", { for: "name" }, "Your name, kept in the journal", this.name),
        h("label", { for: "scope" }, "Of what (pause, resume, pull)", this.scope),
        h("label", { for: "reason" }, "Reason (halt)", this.reason),
        h("div", { class: "words" }, buttons), this.message,
        h("h2", {}, "Done from this page"), this.log),
      this.limits), this.dialog);
  }

  session({ view, rows }) {
    const events = view.event_ids.map((id) => rows.get(id)).filter(Boolean);
    const options = events.map((row) => [row.event_id, row.name, row.markets.map((market) => [market.market_id, market.label])]);
    const chosen = this.scope.value;
    if (show(this.scope, options, () => scopes(options))) this.scope.value = chosen;
    this.showLimits(view);
  }

  showLimits(view) {
    if (this.limits.contains(document.activeElement) && document.activeElement.value) return;
    const known = new Map(view.desk.limits.map((limit) => [limit.name, limit]));
    const names = [...known.keys()];
    const number = (limit, value) => limit.is_money ? dollars(value) : Number.isInteger(value) ? String(value) : value.toFixed(2);
    const limitOf = (name) => known.get(name).limit === null ? "no limit" : number(known.get(name), known.get(name).limit);
    const usedOf = (limit) => limit.used === null ? "unbounded" : number(limit, limit.used);
    show(this.limits, names.map((name) => [name, limitOf(name)]), () => [h("h2", {}, "Limits"), h("p", { class: "soft" }, "What is used and permitted; of those on one event, market or line the largest use. A new value above the session's ceiling is refused."),
      table("Limits of the session, and a field for a new value", [["Setting", ""], ["Used", "num"], ["Limit", "num"], ["New value", "num"]], names.map((name) => this.limitRow(name, usedOf(known.get(name)), limitOf(name))), { class: "cards" })]);
    for (const name of names) {
      const cell = this.limits.querySelector(`[data-used="${name}"]`);
      if (cell) setText(cell, usedOf(known.get(name)));
    }
  }

  limitRow(name, used, limit) {
    const input = h("input", { "aria-label": `New value of ${name}`, inputmode: "decimal", placeholder: UNITS[name.replace("risk.", "")] ?? "dollars", disabled: !this.mayOperate });
    const submit = (event) => { event.preventDefault(); if (input.value.trim()) this.say(["set", `${name}=${input.value.trim()}`], () => { input.value = ""; }); };
    return h("tr", {}, h("td", { class: "full" }, name.replace("risk.", "").replaceAll("_", " ")), h("td", { class: "num", "data-label": "used", "data-used": name }, used), h("td", { class: "num", "data-label": "limit" }, limit),
      h("td", { class: "full" }, h("form", { onsubmit: submit }, input, h("button", { disabled: !this.mayOperate, "aria-label": `Set ${name}` }, "Set"))));
  }

  words(word) {
    const scope = this.scope.value ? JSON.parse(this.scope.value) : [];
    if (["pause", "resume", "pull"].includes(word)) return [word, ...scope];
    return word === "halt" && this.reason.value.trim() ? [word, this.reason.value.trim()] : [word];
  }

  // Asks the server, which asks back; says it again only if the person agrees.
  async say(words, done = () => {}) {
    const question = await this.post({ name: this.name.value.trim(), words });
    if (!question) return;
    const agreed = await this.ask(words, question.question);
    if (!agreed) { this.tell("refused", "Nothing was done."); return; }
    const answer = await this.post({ name: this.name.value.trim(), words, code: question.code });
    if (!answer) return;
    this.tell("done", answer.lines.join(" "));
    if (!this.log.querySelector("time")) this.log.replaceChildren();
    this.log.prepend(h("li", {}, h("time", {}, new Date().toISOString().slice(11, 19)), answer.lines.join(" ")));
    done();
  }

  async post(body) {
    let answer;
    try {
      const response = await fetch("/api/word", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
      answer = await response.json();
    } catch {
      answer = { error: "no answer; whether it was done is not known: look at the state" };
    }
    if (!answer.error) return answer;
    this.tell("refused", answer.error);
    return null;
  }

  ask(words, question) {
    const scope = this.scope.selectedOptions[0].textContent.trim();
    const named = { set: words.join(" "), halt: "halt everything", reduce: "only reduce" }[words[0]] ?? `${words[0]} ${scope}`;
    const reason = words[0] === "halt" && words.length > 1 ? h("p", { class: "soft" }, `Reason: ${words[1]}`) : null;
    return new Promise((resolve) => {
      const answer = (value) => { this.dialog.close(); resolve(value); };
      const scoped = ["pause", "resume", "pull"].includes(words[0]) && words.length > 1 ? question.replace(words.slice(1).join(", "), scope) : question;
      this.dialog.replaceChildren(h("h2", { id: "asked" }, `${named[0].toUpperCase()}${named.slice(1)}?`), h("p", {}, scoped), reason ?? "",
        h("div", { class: "words" }, h("button", { type: "button", autofocus: true, onclick: () => answer(false) }, "No, leave it"),
          h("button", { type: "button", class: "danger", id: "agree", onclick: () => answer(true) }, `Yes, ${words[0]}`)));
      this.dialog.oncancel = () => resolve(false);
      this.dialog.showModal();
    });
  }

  tell(kind, text) {
    this.message.dataset.kind = kind;
    setText(this.message, text);
  }
}

function scopes(options) {
  return [h("option", { value: "" }, "everything"), ...options.flatMap(([id, name, markets]) => [
    h("option", { value: JSON.stringify([id]) }, name),
    ...markets.map(([market, label]) => h("option", { value: JSON.stringify([id, market]) }, `\u00a0\u00a0${name}, ${label}`))])];
}
