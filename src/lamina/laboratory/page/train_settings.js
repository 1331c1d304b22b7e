// Settings, changed while the network learns; what needs a new start says so.

import { h, fill } from "lab/dom.js";
import { ask, live } from "lab/talk.js";
import { trouble } from "lab/notes.js";

const FIRST = ["learning_rate_init", "batch_size", "optimizer", "schedule", "alpha", "l1", "normalization", "initializer", "random_state"];
const NAMES = { learning_rate_init: "learning rate", batch_size: "batch size", optimizer: "optimiser", alpha: "L2 penalty", l1: "L1 penalty",
  normalization: "normalisation", initializer: "initial weights", random_state: "seed" };

export function settings(lab) {
  const layers = h("div", { class: "layers" }), first = h("div", { class: "fields" }), more = h("div", {});
  const rest = h("details", { class: "behind" }, h("summary", {}, "all settings"), more);
  const add = h("button", { onclick: () => edit((all) => [...all, { ...all.at(-1) }]) }, "+ layer");
  const element = h("section", { class: "panel settings-panel", "aria-label": "settings" },
    h("h2", {}, "Hidden layers"), layers, h("p", {}, add), h("h2", {}, "Settings"), first,
    live && h("p", { class: "soft" }, "Changes hold from the step that is looked at; ", h("span", { class: "badge" }, "↻"), " starts again from step 0, as other widths do."), rest);
  let found = null, asked = 0, told = "";

  async function show() {
    const mine = ++asked;
    try {
      const answer = await ask("settings");
      if (mine !== asked) return;
      found = answer;
    } catch (problem) { trouble(problem); return; }
    const text = JSON.stringify(found);
    if (text === told) return;
    told = text;
    const before = element.contains(document.activeElement) ? document.activeElement : null;
    drawLayers();
    const all = new Map(found.groups.flatMap((group) => group.settings).map((one) => [one.name, one]));
    fill(first, FIRST.filter((name) => all.has(name)).map((name) => field(all.get(name))));
    fill(more, found.groups.map((group) => {
      const others = group.settings.filter((one) => !FIRST.includes(one.name) && !(found.layers && found.by_layer.includes(one.name)));
      return others.length ? h("fieldset", {}, h("legend", {}, group.title), others.map(field)) : null;
    }));
    if (before) takeUp(before, element.querySelector(`[data-name="${before.dataset.name}"]`));
  }

  /** Let somebody who is typing in a field that was drawn anew go on where they were. */
  function takeUp(before, after) {
    if (!after || after.disabled) return;
    after.focus();
    if (after.tagName !== "INPUT") return;
    if (before.value === before.dataset.drawn) after.select();
    else after.value = before.value;
  }

  // ---- layers ----

  function drawLayers() {
    add.hidden = !found.layers || !live;
    if (!found.layers) return fill(layers, h("p", { class: "soft" }, "This network has parts that are not edited here; see all settings."));
    return fill(layers, h("div", { class: "layer-row soft", "aria-hidden": "true" }, h("span", {}, ""), h("span", {}, "units"), h("span", {}, "activation"), h("span", {}, "dropout")),
      found.layers.map((one, k) => h("div", { class: "layer-row" }, h("b", {}, String(k + 1)),
        input(`units ${k}`, one.units, { type: "number", min: 1, max: found.most_units, step: 1, "aria-label": `units of layer ${k + 1}` }, (value) => set(k, { units: Number(value) })),
        h("select", { "aria-label": `activation of layer ${k + 1}`, "data-name": `activation ${k}`, disabled: !live, onchange: (event) => set(k, { activation: event.target.value }) },
          found.activations.map((name) => h("option", { value: name, selected: name === one.activation }, name.replaceAll("_", " ")))),
        input(`dropout ${k}`, one.dropout, { type: "number", min: 0, max: .95, step: .05, "aria-label": `dropout of layer ${k + 1}` }, (value) => set(k, { dropout: Number(value) })),
        live && found.layers.length > 1 ? h("button", { class: "quiet", "aria-label": `remove layer ${k + 1}`, title: "remove this layer: a new start", onclick: () => edit((all) => all.filter((_, i) => i !== k)) }, "×") : h("span", {}))));
  }

  const set = (k, values) => edit((all) => all.map((one, i) => (i === k ? { ...one, ...values } : one)));

  /** Change the layers as they are now: another tab may have changed them, or a change be on its way. */
  async function edit(how) {
    try {
      const { layers: now } = await ask("settings");
      if (!await lab.change("change_layers", { layers: how(now) })) told = "";
    } catch (problem) { trouble(problem); }
    show();
  }

  // ---- fields ----

  function field(one) {
    const title = `${one.name}: ${one.help} It is ${one.text}.`;
    const label = NAMES[one.name] || one.name.replaceAll("_", " ");
    return h("label", { class: "field", title }, h("span", {}, label), control(one),
      one.live ? h("span", {}) : h("span", { class: "badge", role: "img", "aria-label": "new start", title: "a change starts the training again from step 0" }, "↻"));
  }

  function control(one) {
    const change = (value) => send(one, value);
    if (one.kind === "one of") {
      return h("select", { "data-name": one.name, disabled: !live, onchange: (event) => change(one.values[event.target.selectedIndex]) },
        one.values.map((value) => h("option", { selected: value === one.value }, named(one, value))));
    }
    if (one.kind === "choice") {
      const names = one.values.includes(one.value) ? one.values : [one.value, ...one.values];
      return h("select", { "data-name": one.name, disabled: !live, onchange: (event) => choose(one, event.target, names[event.target.selectedIndex]) },
        names.map((value) => h("option", { selected: value === one.value }, named(one, value))), h("option", {}, "with settings …"));
    }
    const empty = one.value === null || one.value === "auto";
    return input(one.name, empty ? "" : one.value, { type: "text", inputmode: one.kind === "number" ? "decimal" : "text", placeholder: named(one, one.value) }, (text) => change(read(one, text)));
  }

  /** A choice with settings of its own is written: adam(beta1=0.95). */
  function choose(one, select, value) {
    if (value !== undefined) return send(one, value);
    const start = one.value === "auto" ? one.used : one.value;
    const text = input(one.name, String(start).includes("(") ? start : `${start}()`, { type: "text", size: 18, "aria-label": one.name }, (written) => send(one, written));
    select.replaceWith(text);
    text.focus();
    return text.setSelectionRange(text.value.length - 1, text.value.length - 1);
  }

  function input(name, value, props, change) {
    const element = h("input", { ...props, value, "data-name": name, "data-drawn": String(value), disabled: !live, onchange: () => change(element.value),
      onkeydown: (event) => { if (event.key === "Escape") { element.value = value; element.blur(); } } });
    return element;
  }

  /** What somebody wrote: a number, a word, several with commas between them, or nothing: what it is by itself. */
  function read(one, text) {
    if (!text.trim() && one.words && one.words.includes("auto")) return "auto";
    const single = (part) => (part === "none" || part === "" ? null : part === "true" || part === "yes" ? true : part === "false" || part === "no" ? false : Number.isNaN(Number(part)) ? part : Number(part));
    const parts = text.trim().split(/\s*,\s*/);
    return one.kind === "text" && parts.length > 1 ? parts.map(single) : single(text.trim());
  }

  const named = (one, value) => (value === null ? "none" : value === true ? "yes" : value === false ? "no" : value === "auto" && one.used !== "auto" && one.value === "auto" ? `auto: ${one.used === null ? "none" : one.used}` : String(value));

  async function send(one, value) {
    if (!await lab.change("change", { settings: { [one.name]: value } })) told = ""; // what is there stands in the field again
    show();
  }

  return { element, show };
}
