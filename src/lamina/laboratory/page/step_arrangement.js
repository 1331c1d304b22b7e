// How the grids of a line stand in a row: as many columns of each as fit side by side. The examples give way first.

import { CELL } from "lab/grid.js";

const AROUND = 52; // a grid's brackets, indices and margins
const GHOSTS = 64; // what is drawn beside a stretched column
const LEAST = 2.5, MOST = 16;

/** The pieces of the right-hand side, and the most columns that a grid shows; `term`: only one term of a sum is drawn. */
export function arrangement(data, line, only, width, term) {
  const row = line.pieces.map((one) => (one.array ? one : { text: one.text.trim().replace("*", "⊙").replaceAll("-", "−") })).filter((one) => one.array || one.text);
  if (term) row.splice(1 + row.findLastIndex((one) => one.array && data.ofExamples(one.array))); // a penalty is no part of it
  if (term && /^\(1\/m\)/.test(row[0].text || "")) row[0] = { text: row[0].text.replace(/^\(1\/m\) ?Σ? ?/, "") }; // it is one term of the sum
  const from = row[0]?.text === "from";
  const drawn = [{ array: line.result }, ...row.filter((one) => one.array)];
  const widths = drawn.map(({ array, turned }) => {
    const shape = data.arrays.get(array).shape;
    if (!shape.length) return { wide: 1, open: false };
    return { wide: turned ? shape[0] : only(array) === undefined ? shape[1] : 1, open: !turned && data.ofExamples(array) };
  });
  const signs = row.filter((one) => one.text).reduce((sum, one) => sum + 22 + 9 * one.text.length, 30);
  const fixed = drawn.length * AROUND + signs + line.stretched.filter((one) => one.axis === 1).length * GHOSTS;
  const needs = (open, closed) => fixed + CELL.width * widths.reduce((sum, one) => sum + Math.min(one.wide, one.open ? open : closed), 0);
  let [open, closed] = [MOST, MOST];
  while (open > LEAST && needs(open, closed) > width) open -= 0.25; // a cell cut in two says that there are more
  while (closed > LEAST && needs(open, closed) > width) closed -= 0.25;
  if (open % 1 === 0 && widths.some((one) => one.open && one.wide > open)) open -= 0.4;
  if (closed % 1 === 0 && widths.some((one) => !one.open && one.wide > closed)) closed -= 0.4;
  return { row, equals: !from, columns: (array, turned) => (!turned && data.ofExamples(array) ? open : closed) };
}
