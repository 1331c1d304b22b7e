// A small array as a grid of coloured cells between brackets, and the choice of one of its entries.

import { h, math, number, short, symbol, table } from "lab/dom.js";

const WORDS = { Y: "Y", loss: "\\mathcal{L}", cost: "J" };

/** The colour of a number by its sign, and by its size beside the largest of its array. */
function tint(value, largest) {
  const x = number(value);
  if (!Number.isFinite(x) || x === 0 || !largest) return "transparent";
  return `color-mix(in srgb, var(${x > 0 ? "--positive" : "--negative"}) ${Math.round(6 + 42 * Math.sqrt(Math.abs(x) / largest))}%, transparent)`;
}

/** A number that fits into a cell. */
function fitting(value) {
  const tries = [short(value, 3), short(value, 2), number(value).toExponential(0).replaceAll("-", "−")];
  return tries.find((text) => text.length <= 6) || tries[2];
}

/** A grid: {element, cells, body}. `array` is {shape, values}. */
export function sheet(name, array, { turned = false, interactive = false } = {}) {
  const { values, shape } = array;
  const rows = turned ? values[0].map((_, j) => values.map((row) => row[j])) : values;
  const largest = Math.max(...values.flat().map((x) => Math.abs(number(x))).filter(Number.isFinite));
  const cells = rows.map((row, i) => row.map((x, j) => h("div", { class: "array-cell", role: interactive ? "gridcell" : null,
    title: `${name}[${turned ? `${j}, ${i}` : `${i}, ${j}`}] = ${x}`, style: { background: tint(x, largest) } }, fitting(x))));
  const told = turned ? [...shape].reverse() : shape;
  const label = `${name}${turned ? " transposed" : ""}, ${told.join(" by ")}`;
  const body = h("div", { class: "array-cells", ...(interactive
    ? { role: "grid", tabindex: "0", "aria-label": `${label}: the arrow keys choose an entry`, "data-key": `grid-${name}` }
    : { role: "img", "aria-label": label }) }, cells.map((row) => h("div", { class: "array-row", role: interactive ? "row" : null }, row)));
  const latex = WORDS[name] || symbol(name);
  const caption = h("figcaption", {}, math(turned ? latex.replace("]}", "]\\top}") : latex), h("span", { class: "array-shape" }, ` ${told.join(" × ")}`));
  return { name, element: h("figure", { class: "array-sheet", "data-array": name }, caption, body), cells, body };
}

/** Let a click or the arrow keys choose an entry of an interactive grid; `chosen` hears of it, at once and later. Returns how to choose another one. */
export function pickable({ name, cells, body }, at, chosen) {
  function pick(place) {
    at = place;
    for (const cell of cells.flat()) { cell.classList.remove("array-picked"); cell.removeAttribute("id"); cell.removeAttribute("aria-selected"); }
    const cell = cells[at[0]][at[1]];
    cell.classList.add("array-picked");
    cell.id = `entry-${name}`;
    cell.setAttribute("aria-selected", "true");
    body.setAttribute("aria-activedescendant", cell.id);
    chosen(at);
  }
  cells.forEach((row, i) => row.forEach((cell, j) => cell.addEventListener("click", () => pick([i, j]))));
  body.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    const [i, j] = [at[0] + by[0], at[1] + by[1]];
    if (cells[i]?.[j]) { pick([i, j]); cells[i][j].scrollIntoView({ block: "nearest", inline: "nearest" }); }
  });
  pick(at);
  return pick;
}

/** The numbers of an array as a plain table. */
export function numbersOf(name, { shape, values }) {
  return table([[name, ...Array(shape[1]).keys()], ...values.map((row, i) => [i, ...row.map((x) => short(x, 6))])], `${name}, ${shape.join(" by ")}`);
}
