// The switches: every known mistake, function by function in the order of a training step.

import { fill, h } from "lab/dom.js";
import { trouble } from "lab/notes.js";
import { ask, live } from "lab/talk.js";

const MOST = live ? 8 : 1; // at once; of recorded ones each was made alone
const PLACES = [["", "in every layer"], [" (last)", "in the last layer"], [" (hidden)", "in the hidden layers"]];

/** `kept.keys` are the mistakes that are switched on; `show` draws what is answered. */
export function switchboard(kept, known, show) {
  const told = new Map(known.functions.flatMap((one) => one.mistakes).map((one) => [one.key, one]));
  const chosen = h("div", { class: "chosen", "aria-live": "polite" });
  const list = h("div", { class: "functions" });
  const search = h("input", { type: "text", placeholder: "find: keepdims, transposed, sign …", "aria-label": "find a mistake", oninput: () => draw() });
  const element = h("div", { class: "switches" }, chosen, search, list);
  const plain = (key) => key.replace(/ \((last|hidden)\)$/, "");
  const scope = (key) => key.slice(plain(key).length);
  let asked = 0, drawn = false;

  function draw() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const on = new Set(kept.keys.map(plain)), focus = focused();
    fill(chosen, kept.keys.length ? kept.keys.map(chip) : h("p", { class: "nothing" }, "Nothing is switched on: both are the right code."));
    const open = new Set([...list.querySelectorAll("details[open]")].map((one) => one.dataset.function));
    const famous = { function: "the famous ones", mistakes: known.famous.map((key) => told.get(key)).filter(Boolean) };
    fill(list, [famous, ...known.functions].map(({ function: name, mistakes }) => {
      const found = mistakes.filter((one) => words.every((word) => `${name} ${one.sentence} ${one.sign} ${one.key}`.toLowerCase().includes(word)));
      if (!found.length) return null;
      const made = found.filter((one) => on.has(one.key)).length;
      return h("details", { "data-function": name, open: words.length > 0 || open.has(name) || (!drawn && name === famous.function) },
        h("summary", {}, h(name === famous.function ? "b" : "code", {}, name), h("span", { class: "count" }, made ? `${made} of ${found.length} on` : found.length)),
        found.map((one) => h("label", { class: "mistake", title: `How it shows: ${one.sign}.` },
          h("input", { type: "checkbox", checked: on.has(one.key), value: one.key, onchange: (event) => turn(one, event.target.checked) }), h("span", {}, one.sentence))));
    }));
    drawn = true;
    if (focus) (element.querySelector(focus) || search).focus();
  }

  /** Where the keyboard is, as a selector: what is drawn anew must not lose it. */
  function focused() {
    const at = document.activeElement;
    if (list.contains(at) && at.value) return `details[data-function="${CSS.escape(at.closest("details").dataset.function)}"] input[value="${CSS.escape(at.value)}"]`;
    if (chosen.contains(at)) return at.tagName === "SELECT" ? ".chip select" : "input[type=checkbox]";
    return null;
  }

  function chip(key) {
    const one = told.get(plain(key));
    return h("div", { class: "chip", "data-key": key },
      h("p", {}, one.sentence, h("button", { class: "off", "aria-label": `switch off: ${one.sentence}`, onclick: () => turn(one, false) }, "×")),
      h("p", { class: "equation-line" }, h("span", {}, "The lecture: "), one.equation),
      h("p", { class: "how-it-shows" }, `How it shows: ${one.sign}.`),
      live && one.some_layers && h("select", { "aria-label": "in which layers", onchange: (event) => place(key, event.target.value) },
        PLACES.map(([value, text]) => h("option", { value, selected: value === scope(key) }, text))));
  }

  function turn(one, on) {
    kept.keys = kept.keys.filter((key) => plain(key) !== one.key);
    if (on) kept.keys = live ? [...kept.keys, one.key].slice(-MOST) : [one.key]; // recorded: each alone
    restart();
  }

  function place(key, where) {
    kept.keys = kept.keys.map((one) => (one === key ? plain(key) + where : one));
    restart();
  }

  function restart() { kept.at = 0; draw(); request(); }

  async function request() {
    const mine = ++asked;
    try {
      const found = await ask("break_it", { rows: kept.rows, keys: kept.keys, at: kept.at });
      if (mine === asked) show(found);
    } catch (problem) { trouble(problem); }
  }
  draw();
  return { element, ask: request, restart };
}
