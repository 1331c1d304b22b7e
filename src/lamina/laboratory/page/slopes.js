// The gradient check to touch: choose a number, nudge it, and see both slopes on the curve of J.

import { numbersOf, pickable, sheet } from "lab/array_sheet.js";
import { behind, h, fill, math, short, symbol } from "lab/dom.js";
import { here } from "lab/here.js";
import { ask, live, on } from "lab/talk.js";
import { errorPicture } from "lab/slopes_errors.js";
import { curvePicture } from "lab/slopes_curve.js";
import { findings, nudgeTable } from "lab/slopes_findings.js";

export const view = { name: "slopes", title: "Gradient check", mount };

const MOST_CELLS = 1500; // that are drawn as a grid
const USUAL = { by: 0.5, reach: 1 };
const REACHES = [[3, "± 3"], [1, "± 1"], [0.1, "± 0.1"], [0.01, "± 0.01"]];

function mount(root) {
  const check = new Check();
  root.append(check.element);
  check.arrive();
  const stop = [on("here", (change) => check.heard(change)), listenTo("hashchange", () => check.arrive())];
  return () => { stop.forEach((one) => one()); check.close(); };
}

function listenTo(event, handler) {
  globalThis.addEventListener(event, handler);
  return () => globalThis.removeEventListener(event, handler);
}

class Check {
  constructor() {
    Object.assign(this, { arrays: [], name: "", place: [0, 0], ...USUAL, asking: false, again: false });
    this.choice = h("select", { onchange: () => this.choose(this.choice.value, [0, 0]) });
    this.row = h("input", { type: "number", min: 0, value: 0, onchange: () => this.typed() });
    this.column = h("input", { type: "number", min: 0, value: 0, onchange: () => this.typed() });
    this.grid = h("div", { class: "entries" });
    this.heading = h("h2", { tabindex: "-1" });
    this.size = h("input", { type: "range", disabled: !live, min: -12, max: 0.5, step: 0.05, "aria-label": "eps, from 1e-12 to 3, on a logarithmic scale", oninput: () => this.nudge(Number((10 ** this.size.value).toPrecision(3))) });
    this.exact = h("input", { type: "text", disabled: !live, inputmode: "decimal", "aria-label": "eps", onchange: () => this.typedEps() });
    this.reaches = h("select", { disabled: !live, "aria-label": "how far the curve goes", onchange: () => { this.reach = Number(this.reaches.value); this.ask(); } }, REACHES.map(([value, name]) => h("option", { value, selected: value === this.reach }, name)));
    this.curve = curvePicture((by) => this.nudge(by));
    this.errors = errorPicture((by) => this.nudge(by));
    this.absent = h("p", { class: "absent", role: "status" });
    this.said = h("div", { class: "findings", "aria-live": "polite" });
    this.rows = h("div");
    this.element = h("div", { class: "check" },
      h("section", { class: "panel chosen" }, h("h1", {}, "Nudge a number"),
        h("div", { class: "inputs" }, h("label", {}, "array ", this.choice), h("label", {}, "row ", this.row), h("label", {}, "column ", this.column)), this.grid),
      h("section", { class: "panel nudged" }, this.heading, !live && h("p", { class: "cause" }, `Recorded at the first step, with ε = ${USUAL.by}. For another step or another ε the engine is needed.`),
        live && h("div", { class: "inputs" }, h("label", { class: "eps" }, "nudge by ", math("\\varepsilon"), " = ", this.exact), this.size, h("label", {}, "curve ", this.reaches)),
        this.absent, this.curve.element, this.said),
      h("section", { class: "panel errors" }, h("h2", {}, "How far off, at every ε"), this.errors.element, this.rows));
  }

  close() { this.curve.close(); this.errors.close(); }

  heard({ changed }) {
    if (changed.has("step") || changed.has("edits") || changed.has("begun")) this.load();
    else if (changed.size === 0 && this.found) this.draw();
  }

  /** The address may name an entry: #slopes/W1/0/2. */
  arrive() {
    const [name, array, row, column] = decodeURIComponent(location.hash.slice(1)).split("/");
    if (name !== view.name) return;
    if (array) Object.assign(this, { name: array, place: [Number(row) || 0, Number(column) || 0] });
    this.load();
  }

  async load() {
    if (this.loading) { this.stale = true; return; }
    this.loading = true;
    try {
      const { step, edits } = here;
      this.arrays = await ask("nudge", { step, ...(edits.length && { edits }) });
      const known = this.arrays.map((one) => one.name);
      const name = known.includes(this.name) ? this.name : known.find((one) => one.startsWith("W")) || known[0];
      fill(this.choice, known.map((one) => h("option", { value: one, selected: one === name }, one)));
      this.choose(name, this.place);
    } catch (problem) { this.without(problem); }
    this.loading = false;
    if (this.stale) { this.stale = false; this.load(); }
  }

  get array() { return this.arrays.find((one) => one.name === this.name); }

  choose(name, place) {
    this.name = name;
    const { shape, values } = this.array;
    this.place = place.map((k, axis) => Math.min(Math.max(0, Math.trunc(k) || 0), shape[axis] - 1));
    [this.row.max, this.column.max] = shape.map((n) => n - 1);
    this.choice.value = name;
    const focused = this.grid.contains(document.activeElement);
    if (values && shape[0] * shape[1] <= MOST_CELLS) {
      const drawn = sheet(name, this.array, { interactive: true });
      fill(this.grid, h("div", { class: "scroller" }, drawn.element), behind("as a table", () => numbersOf(name, this.array)));
      this.marked = pickable(drawn, this.place, (at) => this.at(at));
      if (focused) drawn.body.focus();
    } else {
      this.marked = null;
      fill(this.grid, h("p", {}, `${name} has ${(shape[0] * shape[1]).toLocaleString("en")} numbers: name one by its row and column.`));
      this.at(this.place);
    }
  }

  typed() {
    const place = [Number(this.row.value), Number(this.column.value)].map((k, axis) => Math.min(Math.max(0, Math.trunc(k) || 0), this.array.shape[axis] - 1));
    if (this.marked) this.marked(place);
    else this.at(place);
  }

  at(place) {
    this.place = place;
    [this.row.value, this.column.value] = place;
    this.ask();
  }

  typedEps() {
    const by = Number(this.exact.value.trim().replace(",", "."));
    if (by > 0 && Number.isFinite(by)) this.nudge(by);
    else this.exact.value = String(this.by);
  }

  nudge(by) {
    if (!live) return;
    this.by = Math.min(Math.max(by, 1e-12), 1e5);
    this.ask();
  }

  /** Ask for the slopes; while an answer is on its way, only the last question waits. */
  async ask() {
    this.exact.value = String(this.by);
    this.size.value = Math.log10(this.by);
    if (this.asking) { this.again = true; return; }
    this.asking = true;
    const [row, column] = this.place, { step, edits } = here;
    const unusual = { ...(this.by !== USUAL.by && { by: this.by }), ...(this.reach !== USUAL.reach && { reach: this.reach }), ...(edits.length && { edits }) };
    try {
      this.found = { ...await ask("slopes", { step, name: this.name, row, column, ...unusual }), step };
      fill(this.absent);
      this.draw();
    } catch (problem) { this.without(problem); }
    this.element.classList.toggle("without", !this.found);
    this.asking = false;
    if (this.again) { this.again = false; this.ask(); }
  }

  /** Say why there is nothing to be seen. */
  without(problem) {
    this.found = null;
    fill(this.absent, problem.message);
    [this.heading, this.said, this.rows].forEach((one) => fill(one));
    this.element.classList.add("without");
  }

  draw() {
    const { found } = this;
    fill(this.heading, math(`${symbol(found.name)}_{${found.place.join(",")}}`), ` = ${short(found.value, 6)}`, h("span", { class: "array-shape" }, ` at step ${found.step.toLocaleString("en")}`));
    this.curve.draw(found);
    this.errors.draw(found);
    fill(this.said, findings(found));
    const open = this.rows.querySelector("details")?.open;
    fill(this.rows, nudgeTable(found));
    if (open) this.rows.querySelector("details").open = true;
  }
}
