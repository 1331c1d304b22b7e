// What the stepper knows of one step: its lines, and its arrays, whole or in tiles. Nothing of another step is ever shown.

import { number } from "lab/dom.js";
import { trouble } from "lab/notes.js";
import { ask } from "lab/talk.js";

const TILE = 64; // rows and columns of a tile

/** Ask for the lines and the arrays of a step with the numbers that were changed by hand. */
export async function load(step, edits) {
  const trace = await ask("trace", { step, edits }); // one after the other: the engine traces the step once
  const lines = await ask("lines", { step, edits });
  return new StepData(step, edits, lines, trace);
}

export class StepData {
  constructor(step, edits, answer, trace) {
    Object.assign(this, { step, edits, lines: answer.lines, m: answer.m, heading: answer.heading, symbols: answer.symbols, features: trace.features });
    this.editable = new Set(answer.editable);
    this.arrays = new Map(trace.arrays.map((one) => [one.name, one]));
    this.line = new Map(answer.lines.map((one, k) => [one.result, k]));
    this.tiles = new Map();
    this.largest = new Map(); // size of a number, of what has arrived
    this.arrived = () => {};
  }

  /** Whether an array is given, or computed by the lines up to this one. */
  known(name, line) {
    return !this.line.has(name) || this.line.get(name) <= line;
  }

  /** Whether an array has a column for each example. */
  ofExamples(name) {
    const axes = this.arrays.get(name).axes;
    return axes.length === 2 && axes[1].startsWith("examples") && this.arrays.get(name).shape[1] === this.m;
  }

  /** An array to be drawn; of one example where that is wanted: its column, or its term of a sum over the examples. */
  source(name, line, term) {
    const array = this.arrays.get(name), shape = array.shape.length ? array.shape : [1, 1];
    const question = term === undefined ? ["array", {}] : ["share", { example: term }];
    const values = term !== undefined ? null : array.shape.length ? array.values : [[array.values]];
    const at = (i, j) => (values ? values[i]?.[j] : this.tiles.get(this.key(name, term, i, j))?.[i % TILE]?.[j % TILE]);
    const whole = values ? most(values) : 0;
    return {
      name, shape, scalar: !array.shape.length, label: term === undefined ? name : `the term of example ${term} in ${name}`, symbol: term === undefined ? this.symbols[name] : `\\text{term of }${this.symbols[name]}`, axes: array.axes, at, known: this.known(name, line),
      largest: () => whole || this.largest.get(`${name} ${term ?? ""}`) || 0,
      want: (top, bottom, left, right) => {
        if (values) return;
        for (let i = Math.floor(top / TILE); i * TILE < bottom; i++) for (let j = Math.floor(left / TILE); j * TILE < right; j++) {
          this.fetch(name, term, i, j, question).catch(trouble);
        }
      },
    };
  }

  key(name, term, i, j) { return `${name} ${term ?? ""} ${Math.floor(i / TILE)} ${Math.floor(j / TILE)}`; }

  async fetch(name, term, i, j, [question, more]) {
    const key = this.key(name, term, i * TILE, j * TILE);
    if (this.tiles.has(key)) return;
    this.tiles.set(key, null);
    const span = (k) => [k * TILE, (k + 1) * TILE];
    const answer = await ask(question, { step: this.step, edits: this.edits, name, rows: span(i), columns: span(j), ...more });
    const tile = Array.isArray(answer.values) ? answer.values : [[answer.values]];
    this.tiles.set(key, tile);
    this.largest.set(`${name} ${term ?? ""}`, Math.max(most(tile), this.largest.get(`${name} ${term ?? ""}`) || 0));
    this.arrived();
  }
}

function most(rows) {
  let found = 0;
  for (const row of rows) for (const one of row) {
    const x = Math.abs(number(one));
    if (x > found && x < Infinity) found = x;
  }
  return found;
}
