// The network as a picture: a circle for each unit, a line for each weight, the layers at work marked.

import { behind, h, number, svg, table } from "lab/dom.js";

const WIDTH = 620, TOP = 18, GAP = 30, RADIUS = 10;

export function drawing(show, found) {
  const { units } = found, layers = units.length, tallest = Math.max(...units);
  const height = TOP + tallest * GAP + 34, at = new Set(show.layers);
  const x = (l) => 60 + (l * (WIDTH - 120)) / (layers - 1);
  const y = (l, i) => TOP + (tallest * GAP) / 2 + (i - (units[l] - 1) / 2) * GAP - 4;
  const lines = [], dots = [], words = [];
  for (let l = 1; l < layers; l++) {
    const W = found.arrays[`W${l}`].values, largest = Math.max(...W.flat().map((w) => Math.abs(number(w))));
    W.forEach((row, i) => row.forEach((w, j) => lines.push(svg("line", { x1: x(l - 1) + RADIUS, y1: y(l - 1, j), x2: x(l) - RADIUS, y2: y(l, i),
      class: `${number(w) < 0 ? "of-negative" : "of-positive"}${at.has(l) ? " at-work" : ""}`, "stroke-width": 0.6 + 3 * Math.abs(number(w)) / largest }))));
  }
  units.forEach((n, l) => {
    for (let i = 0; i < n; i++) dots.push(svg("circle", { cx: x(l), cy: y(l, i), r: RADIUS, class: at.has(l) ? "at-work" : null }));
    words.push(svg("text", { x: x(l), y: height - 14, class: at.has(l) ? "at-work" : null }, l ? (l === layers - 1 ? `A[${l}] = Ŷ` : `A[${l}]`) : "A[0] = X"));
  });
  const back = show.direction === "backward";
  const [first, last] = [Math.min(...show.layers), Math.max(...show.layers)];
  const from = x(back ? last : first - 1), to = x(back ? first - 1 : last), tip = back ? 8 : -8;
  const arrow = svg("path", { class: "direction", d: `M${from} ${height - 4}H${to}m${tip} -4l${-tip} 4l${tip} 4` });
  const told = `The network: ${units[0]} inputs, layers of ${units.slice(1).join(", ")} units. ${show.layers.length > 1 ? "All layers are" : `Layer ${show.layers[0]} is`} marked, on the way ${back ? "back" : "forward"}.`;
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": told, class: "drawn-network" }, lines, dots, words, arrow);
  const rows = units.slice(1).map((n, k) => [k + 1, n, `(${n}, ${units[k]})`, `(${n}, 1)`, at.has(k + 1) ? "yes" : ""]);
  return { element: h("figure", { class: "drawn" }, picture, behind("as a table", () => table([["layer", "units", "W", "b", "marked"], ...rows], "The layers"))) };
}
