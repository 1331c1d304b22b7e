// The shape ledger: name, shape, and what each axis means; and a box for every array of the step, empty until it is computed.

import { h, behind, math, short, table } from "lab/dom.js";

const meaning = (axes) => (axes.length === 2 ? [axes[0] === "1" ? "one row" : axes[0], axes[1] === "1" ? "one column" : axes[1]] : axes).join(" × ");
const spelled = (shape) => (shape.length ? shape.join(" × ") : "one number");

/** The arrays of the current line. */
export function ledger(data, line) {
  const one = data.lines[line];
  const rows = one.arrays.map((name) => {
    const array = data.arrays.get(name);
    const stretch = one.stretched.find((each) => each.name === name);
    const how = name === one.result ? "this line" : data.line.has(name) ? "computed before" : "given";
    return [h("span", {}, math(data.symbols[name]), h("span", { class: "spoken" }, name)), spelled(array.shape), meaning(array.axes), stretch ? `${how}; stretched to ${spelled(stretch.after)}` : how];
  });
  return [h("h3", {}, "Shapes of this line"), table([["array", "shape", "rows × columns", "comes from"], ...rows], "")];
}

/** Every array of the step as a box; those of later lines are empty. `current()` is the step whose numbers a table shows. */
export function everything(current, line, to) {
  const data = current();
  const boxes = [...data.arrays.values()].map((array) => {
    const known = data.known(array.name, line), from = data.line.get(array.name);
    const inside = [math(data.symbols[array.name]), h("span", { class: "dims" }, spelled(array.shape))];
    const state = !known ? "empty" : from === undefined ? "given" : from === line ? "now" : "done";
    const told = `${array.name}, ${spelled(array.shape)}, ${{ empty: "not computed yet", given: "given", now: "this line", done: "computed" }[state]}`;
    inside.push(h("span", { class: "spoken" }, told));
    return from === undefined ? h("span", { class: `box ${state}`, title: told, "data-array": array.name }, inside) : h("button", { class: `box ${state}`, title: told, "data-array": array.name, onclick: () => to(from) }, inside);
  });
  const rows = () => [...current().arrays.values()].map((array) => (current().known(array.name, line)
    ? [array.name, spelled(array.shape), meaning(array.axes), short(array.mean), short(array.norm)]
    : [array.name, spelled(array.shape), meaning(array.axes), "not computed yet", ""]));
  return [h("h3", {}, "Every array of this step"), h("div", { class: "boxes" }, boxes),
    behind("as a table", () => table([["array", "shape", "rows × columns", "mean", "norm"], ...rows()], "every array of this step"))];
}
