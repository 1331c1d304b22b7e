// The stepper: the lecture's equations one line at a time, the matrices filled in.

import { h, fill, math, number, short } from "lab/dom.js";
import { Grid } from "lab/grid.js";
import { go, here } from "lab/here.js";
import { ask, live, on } from "lab/talk.js";
import { trouble } from "lab/notes.js";
import { arrangement } from "lab/step_arrangement.js";
import { load } from "lab/step_data.js";
import { everything, ledger } from "lab/step_ledger.js";
import { lineList } from "lab/step_lines.js";
import { showSum } from "lab/step_sum.js";
import { toolRow } from "lab/step_tools.js";

export const view = { name: "step", title: "Step", mount };

function mount(root) {
  const stepper = new Stepper();
  root.append(stepper.element);
  stepper.load();
  const stop = [on("here", (change) => stepper.heard(change)), listenTo("keydown", (event) => stepper.key(event)), listenTo("resize", () => stepper.draw())];
  return () => stop.forEach((one) => one());
}

/** Whether the entry that was looked at is there in another step too. */
function fits(data, [name, i, j]) {
  const shape = data.arrays.get(name)?.shape;
  return shape !== undefined && (shape.length === 0 || (i < shape[0] && j < shape[1]));
}

function listenTo(event, handler) {
  globalThis.addEventListener(event, handler);
  return () => globalThis.removeEventListener(event, handler);
}

class Stepper {
  constructor() {
    Object.assign(this, { data: null, picked: null, alone: false, age: 0, grids: [], loading: false, again: false });
    this.list = lineList((line) => this.to(line));
    this.equation = h("div", { class: "current", "aria-live": "polite" });
    this.picture = h("div", { class: "picture" });
    this.reading = h("output", { class: "reading" });
    this.sum = h("section", { class: "worked", "aria-live": "polite" });
    this.shapes = h("section", { class: "ledger" });
    this.all = h("section", { class: "everything", "aria-label": "every array of this step" });
    this.tools = toolRow({ alone: (value) => { this.alone = value; fill(this.reading); this.draw(); }, back: () => go({ edits: [] }),
      example: (by) => go({ example: (this.example + by + this.data.m) % this.data.m }) });
    this.element = h("div", { class: "stepper" }, h("aside", { class: "panel lines" }, this.list.element),
      h("div", { class: "line" }, h("section", { class: "panel" }, this.tools.element, this.equation, this.picture, this.reading, this.sum),
        h("div", { class: "below" }, h("section", { class: "panel" }, this.shapes), h("section", { class: "panel" }, this.all))));
  }

  // ---- what is looked at ----

  heard({ changed }) {
    const renewed = changed.has("begun");
    if (renewed || (changed.has("step") && !this.passing)) this.blank();
    if (changed.has("step") || changed.has("edits") || renewed) this.load();
    else if (changed.has("line") || changed.has("example")) this.draw();
  }

  /** Whether the training runs by: each step is then drawn whole, with its own number, until the next one is there. */
  get passing() { return here.following && Boolean(here.now?.running); }

  /** Ask for what is looked at; while an answer is on its way, only the last question waits. */
  async load() {
    if (this.loading) { this.again = true; return; }
    this.loading = true;
    const { step, edits } = here, { age } = this;
    this.element.classList.toggle("pending", !this.passing);
    try {
      const data = await load(step, edits);
      if (age === this.age && (step === here.step || this.passing)) { this.data = data; data.arrived = () => this.grids.forEach((one) => one.draw()); this.draw(); }
    } catch (problem) { trouble(problem); }
    this.loading = false;
    this.element.classList.remove("pending");
    if (this.again) { this.again = false; this.load(); }
  }

  get line() { return this.data ? Math.min(here.line, this.data.lines.length - 1) : here.line; }
  get current() { return this.data.lines[this.line]; }
  get example() { return Math.min(here.example, this.data.m - 1); }

  to(line) {
    this.picked = null;
    fill(this.sum);
    fill(this.reading);
    go({ line });
  }

  async move(by) {
    const last = this.data ? this.data.lines.length - 1 : 0, to = this.line + by;
    if (to >= 0 && to <= last) this.to(to);
    else if (to > last) (await this.step(1)) && this.to(0);
    else if (await this.step(-1)) this.to(last);
  }

  /** Go to the next step or the one before; beyond the last one a step is taken. */
  async step(by) {
    const to = here.step + by;
    if (to < here.now.first) return false;
    if (to <= here.now.head) { go({ step: to, following: to === here.now.head }); return true; }
    if (!live) return false;
    try {
      const now = await ask("play", { steps: 1, wait: true });
      go({ now, step: now.head, following: true });
      return true;
    } catch (problem) { trouble(problem); return false; }
  }

  key(event) {
    const target = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey || target.closest("input, select, textarea, .window, summary, .scroller")) return;
    const moves = { ArrowLeft: () => this.move(-1), ArrowRight: () => this.move(1), ArrowUp: () => this.step(1), ArrowDown: () => this.step(-1),
      Home: () => this.to(0), End: () => this.data && this.to(this.data.lines.length - 1) };
    if (!moves[event.key]) return;
    event.preventDefault();
    moves[event.key]();
  }

  // ---- drawing ----

  /** Empty what belongs to another step. */
  blank() {
    Object.assign(this, { data: null, grids: [], age: this.age + 1 });
    fill(this.picture, h("div", { class: "waiting" }, "computing ..."));
    fill(this.sum);
    fill(this.reading);
    fill(this.all);
    fill(this.shapes);
  }

  draw() {
    const { data } = this;
    if (!data) return;
    this.list.draw(data.lines, this.line);
    this.drawTools();
    const one = this.current;
    fill(this.equation, h("div", { class: "big", tabindex: "0" }, math(this.alone ? (one.adds_up ? one.of_example : one.of_example.replaceAll("(e)", `(${this.example})`)) : one.shaped, true)),
      this.alone && h("p", { class: "small" }, one.adds_up ? `Below stands the term of e = ${this.example} alone. There are ${data.m.toLocaleString("en")} of them, one for each example; 1/${data.m.toLocaleString("en")} of their sum${one.arrays.length > one.pieces.filter((each) => each.array && data.ofExamples(each.array)).length + 1 ? ", and the penalty, are the result" : " is the result"}.` : `Example ${this.example} alone: column ${this.example} of every array that has a column for each example.`));
    this.drawPicture();
    this.drawShapes();
    if (!this.reading.textContent) this.reading.textContent = `Click a number of the result: what it is made of lights up.${live ? " Drag a number of W, b or A0, or double-click it: what depends on it follows." : ""}`;
    if (this.picked && this.alone && data.ofExamples(this.picked[0])) this.picked[2] = this.example;
    if (this.picked && fits(data, this.picked)) this.pick(...this.picked);
  }

  drawTools() {
    const { alone, data, line, example } = this;
    this.tools.draw({ step: data.step, part: this.current.part, line, lines: data.lines.length, alone, example, m: data.m, edits: here.edits.length });
  }

  /** The ledger and the boxes hold no numbers: they are drawn anew where shapes or the line differ. */
  drawShapes() {
    const { data, line } = this, now = JSON.stringify([line, [...data.arrays.values()].map((one) => [one.name, one.shape])]);
    if (now === this.shaped && this.all.firstChild) return;
    this.shaped = now;
    fill(this.shapes, ledger(data, line));
    fill(this.all, everything(() => this.data, line, (to) => this.to(to)));
  }

  drawPicture() {
    const { data, alone } = this, one = this.current;
    const scrolled = new Map(this.grids.map((grid) => [grid.source.name, [grid.window.scrollLeft, grid.window.scrollTop]]));
    const only = (name) => (alone && data.ofExamples(name) ? this.example : undefined);
    const width = this.picture.clientWidth || 900;
    const { row, columns, equals } = arrangement(data, one, only, width, alone && one.adds_up);
    const focused = this.grids.find((each) => each.window === document.activeElement);
    this.grids = [];
    const grid = (name, turned = false) => {
      const term = alone && one.adds_up && name === one.result ? this.example : undefined;
      const stretch = one.stretched.find((each) => each.name === name && each.axis === 1);
      const found = new Grid(data.source(name, this.line, term), {
        turned, columns: columns(name, turned), rows: 9.5, only: only(name), ghosts: stretch && !alone ? data.m : 0, editable: live && data.editable.has(name),
        edited: (i, j) => here.edits.some((each) => each[0] === name && each[1] === i && each[2] === j),
        edit: (i, j, value) => this.edit(name, i, j, value), pick: (i, j) => this.choose(name, i, j),
        read: (text, [i]) => { this.reading.textContent = text + (name === "A0" && data.features[i] ? `   (${data.features[i]})` : ""); },
        scrolled: (left) => this.together(found, left),
      });
      this.grids.push(found);
      return found.element;
    };
    fill(this.picture, grid(one.result), equals && h("span", { class: "sign" }, "="), row.map((piece) => (piece.array ? grid(piece.array, piece.turned) : h("span", { class: "sign" }, piece.text))));
    const again = focused && this.grids.find((each) => each.source.name === focused.source.name);
    if (again) { again.focus = focused.focus; again.window.focus({ preventScroll: true }); }
    for (const each of this.grids) if (scrolled.has(each.source.name)) [each.window.scrollLeft, each.window.scrollTop] = scrolled.get(each.source.name);
  }

  /** The columns of the examples stand at the same place in all grids. */
  together(moved, left) {
    if (moved.options.turned || !this.data.ofExamples(moved.source.name)) return;
    for (const one of this.grids) if (one !== moved && !one.options.turned && this.data.ofExamples(one.source.name) && Math.abs(one.window.scrollLeft - left) > 1) one.window.scrollLeft = left;
  }

  // ---- an entry ----

  choose(name, i, j) {
    if (name !== this.current.result && this.data.line.has(name)) go({ line: this.data.line.get(name) });
    if (this.data.line.has(name)) this.pick(name, i, j);
    else this.whoReads(name, i, j);
  }

  whoReads(name, i, j) {
    const readers = this.data.lines.filter((one) => one.arrays.includes(name) && one.result !== name).map((one) => one.result);
    this.reading.textContent = `${name}[${i}, ${j}] is given, not computed. It is read by ${readers.join(", ")}.${live && this.data.editable.has(name) ? " Drag it, or double-click to type another number." : ""}`;
  }

  async pick(name, i, j) {
    const { data } = this;
    this.picked = [name, i, j];
    const index = data.arrays.get(name).shape.length ? [i, j] : [];
    const question = { step: data.step, name, index, edits: data.edits };
    try {
      const found = await ask("entry", question);
      if (data !== this.data || this.picked === null || name !== this.current.result) return;
      const mark = (strong = []) => this.grids.forEach((one) => { one.picked = one.source.name === name ? [i, j] : null; one.light(found.reads, strong); });
      mark();
      showSum(this.sum, found, question, mark, this.alone && this.current.adds_up ? this.example : undefined);
    } catch (problem) { this.picked = null; trouble(problem); }
  }

  edit(name, i, j, value) {
    if (!Number.isFinite(number(value))) return;
    const others = here.edits.filter((one) => !(one[0] === name && one[1] === i && one[2] === j));
    this.reading.textContent = `${name}[${i}, ${j}] = ${short(value, 6)}, changed by hand`;
    go({ edits: [...others, [name, i, j, value]], following: false });
  }
}
