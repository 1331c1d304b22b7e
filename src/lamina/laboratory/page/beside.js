// Arrays beside one another: what was expected, what was found, and the entries that differ.

import { h, math, number, short, symbol } from "lab/dom.js";

/** The shape of nested lists, as NumPy writes it. */
export function shapeOf(values) {
  if (!Array.isArray(values)) return [];
  return [values.length, ...(values.length ? shapeOf(values[0]) : [])];
}

export const written = (shape) => (shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`);

const rowsOf = (values) => (!Array.isArray(values) ? [[values]] : !Array.isArray(values[0]) ? [values] : values);

/** A matrix of numbers, shaded by sign and size; `differs` marks entries. `size` is what the darkest stands for. */
export function matrix(values, { label, differs = null, size = 0, shape = null } = {}) {
  if (values === null || values === undefined) return h("p", { class: "nothing" }, "nothing here");
  const rows = rowsOf(values), marks = differs === null ? null : rowsOf(differs);
  const whole = shape || shapeOf(values);
  const hidden = whole.length === 2 && whole[1] > rows[0].length ? whole[1] - rows[0].length : 0;
  const largest = size || magnitude(values) || 1;
  return h("figure", { class: "matrix" },
    h("figcaption", {}, label, " ", h("span", { class: "of-shape" }, whole.length ? written(whole) : "one number")),
    h("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": `${label} ${written(whole)}` },
      h("table", {}, h("tbody", {}, rows.map((row, i) => h("tr", {}, row.map((one, j) => cell(one, marks && marks[i][j], largest)),
        hidden > 0 && i === 0 ? h("td", { class: "hidden-columns", rowspan: rows.length }, `… ${hidden} more`) : null))))));
}

function cell(value, off, largest) {
  const x = number(value);
  const share = Number.isFinite(x) ? Math.min(1, Math.abs(x) / largest) : 1;
  return h("td", { class: `${x < 0 ? "below-0" : "above-0"}${off ? " off" : ""}`, style: { "--share": share.toFixed(3) }, title: String(value) },
    short(value, 3), off && h("span", { class: "unseen" }, " differs"));
}

/** The largest finite number of an array, by size. */
export function magnitude(values) {
  const all = [values].flat(Infinity).map(number).filter(Number.isFinite).map(Math.abs);
  return all.length ? Math.max(...all) : 0;
}

/** One array, expected beside found. `words` are what the two are called. */
export function beside(one, words = ["expected", "found"]) {
  const size = magnitude(one.expected) || magnitude(one.found);
  const wrong = Boolean(one.sentence);
  return h("section", { class: `compared${wrong ? " wrong" : ""}`, "data-array": one.name },
    h("h3", {}, named(one.name), h("span", { class: "verdict" }, wrong ? "differs" : one.found === null ? "" : "the same")),
    h("div", { class: "pair" },
      matrix(one.expected, { label: wrong || one.found === null ? words[0] : words.join(" and "), size, shape: one.expected_shape }),
      wrong && one.found !== null && matrix(one.found, { label: words[1], differs: one.differs, size, shape: one.found_shape })),
    wrong && h("p", { class: "how" }, one.sentence));
}

/** The name of an array, typeset where it is one of the lecture's. */
export function named(name) {
  return /^d?[A-Z]{1,2}_?(prev|\d+)?$|^d?b\d*$/.test(name) ? math(latex(name)) : h("code", {}, name);
}

function latex(name) {
  if (/\d$/.test(name)) return symbol(name);
  const previous = /^(d?)A_prev$/.exec(name);
  if (previous) return `${previous[1]}A_{\\mathrm{prev}}`;
  return name === "AL" ? "A^{[L]}" : name === "dAL" ? "dA^{[L]}" : name;
}
