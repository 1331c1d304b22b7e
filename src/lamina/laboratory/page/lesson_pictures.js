// Pictures of the lesson: arrays as grids, a matrix product, curves. Each has a table behind it.

import { numbersOf, pickable, sheet } from "lab/array_sheet.js";
import { behind, h, fill, math, short, table } from "lab/dom.js";
import { drawing } from "lab/lesson_network.js";

export function picture(show, found, hides) {
  return { network: drawing, arrays, product, curves }[show.kind](show, found, hides);
}

// ---- arrays ----

/** An array of the lesson as a grid; what is to be predicted carries a veil that the stop lifts. */
function named(name, found, hides, options) {
  const one = sheet(name, found.arrays[name], options);
  one.element.classList.toggle("veiled", hides.includes(name));
  return one;
}

function tablesOf(names, found) {
  return () => h("div", {}, names.map((name) => numbersOf(name, found.arrays[name])));
}

function arrays(show, found, hides) {
  return { element: h("div", { class: "arrays" }, show.names.map((name) => named(name, found, hides).element), behind("as tables", tablesOf(show.names, found))) };
}

// ---- a product: the left matrix beside the result, the right one above it ----

function product(show, found, hides) {
  const turned = { left: show.transposed === "left", right: show.transposed === "right" };
  const left = named(show.left, found, hides, { turned: turned.left }), right = named(show.right, found, hides, { turned: turned.right });
  const result = named(show.result, found, hides, { interactive: true }), plus = show.plus ? named(show.plus, found, hides) : null;
  const reading = h("p", { class: "marked-entry", "aria-live": "polite" });
  pickable(result, show.entry, ([i, j]) => {
    for (const one of [left, right, plus]) one?.cells.flat().forEach((cell) => cell.classList.remove("array-lit"));
    left.cells[i].forEach((cell) => cell.classList.add("array-lit"));
    right.cells.forEach((row) => row[j].classList.add("array-lit"));
    plus?.cells[i][0].classList.add("array-lit");
    fill(reading, h("b", {}, `${show.result}[${i}, ${j}] = ${short(found.arrays[show.result].values[i][j], 6)}`),
      `: ${turned.left ? "column" : "row"} ${i} of ${show.left} meets ${turned.right ? "row" : "column"} ${j} of ${show.right}${plus ? `, and ${show.plus}[${i}] is added` : ""}.`);
  });
  const names = [show.result, show.left, show.right, ...(plus ? [show.plus] : [])];
  return {
    element: h("div", { class: "product" }, h("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": `${show.result}, ${show.left} and ${show.right}` },
      h("div", { class: "falk" }, h("div", { class: "corner" }, show.factor ? math(show.factor) : null), right.element, h("span", {}),
        left.element, result.element, plus ? h("div", { class: "plus" }, "+", plus.element) : h("span", {}))),
    reading, behind("as tables", tablesOf(names, found))),
  };
}

// ---- curves ----

const STYLES = [{ token: "--muted", dash: [3, 4] }, { token: "--accent" }, { token: "--negative", dash: [9, 4] }];

function curves(show) {
  const plot = h("div", { class: "drawn-plot", role: "img", "aria-label": `${show.title}: ${show.curves.map((one) => `${one.name} from ${short(one.values[0])} to ${short(one.values.at(-1) ?? null)}`).join("; ")}` });
  const legend = h("p", { class: "drawn-legend" }, show.curves.map((one, k) => h("span", { class: `drawn-key key-${k}` }, one.name)));
  const steps = [...Array(Math.max(...show.curves.map((one) => one.values.length))).keys()];
  const chosen = steps.filter((k) => k % 10 === 0);
  const element = h("figure", { class: "drawn-curves" }, h("figcaption", {}, show.title), legend, plot,
    behind("as a table", () => table([["step", ...show.curves.map((one) => one.name)], ...chosen.map((k) => [k, ...show.curves.map((one) => short(one.values[k], 6))])], show.title)));
  let drawn = null;
  const draw = () => {
    drawn?.destroy();
    const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
    const data = show.curves.map((one) => steps.map((k) => one.values[k] ?? null));
    drawn = new globalThis.uPlot({
      width: Math.max(260, plot.clientWidth), height: 220, legend: { show: false }, cursor: { show: false }, scales: { x: { time: false } },
      axes: [{ ...axis, label: "step", labelSize: 18, size: 34 }, { ...axis, size: 52 }],
      series: [{}, ...STYLES.map(({ token, dash }) => ({ stroke: colour(token), width: 2.2, pxAlign: 0, dash, points: { show: false } }))],
    }, [steps, ...data], plot);
  };
  const observer = new ResizeObserver(() => plot.clientWidth && drawn && drawn.setSize({ width: plot.clientWidth, height: 220 }));
  return { element, shown() { draw(); observer.observe(plot); }, recolour: draw, close() { observer.disconnect(); drawn?.destroy(); drawn = null; } };
}
