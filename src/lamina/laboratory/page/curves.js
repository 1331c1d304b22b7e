// Two costs over the steps on one picture: by the right code, and with the mistake.

import { behind, fill, h, number, short, table } from "lab/dom.js";

const HEIGHT = 210;
const ROWS = 16; // of the table behind the picture

/** `words` are what the second curve is called, in the legend and in sentences. */
export function curves(title = "The cost of each step", words = ["with the mistake", "With the mistake"]) {
  const legend = h("p", { class: "legend" });
  const plot = h("div", { class: "plot", role: "img" });
  const about = h("p", { class: "about", "aria-live": "polite" });
  const rows = h("div");
  const element = h("section", { class: "curves" }, h("h3", {}, title), legend, plot, about, rows);
  let drawn = null, shown = null;
  const width = () => Math.max(240, plot.clientWidth);
  const observer = new ResizeObserver(() => drawn && drawn.setSize({ width: width(), height: HEIGHT }));
  observer.observe(plot);

  function show(found) {
    shown = found;
    const { right, wrong } = found;
    const honest = same(right.printed, right.costs) && same(wrong.printed, wrong.costs);
    const steps = Math.max(right.costs.length, wrong.costs.length);
    const lines = [right.costs, wrong.costs, ...(honest ? [] : [wrong.printed])].map((costs) => upTo(costs, steps));
    const [bottom, top] = range(right.costs, [...wrong.costs, ...wrong.printed]);
    if (drawn) drawn.destroy();
    drawn = new globalThis.uPlot(options(width(), [bottom, top], honest), [[...Array(steps).keys()], ...lines], plot);
    plot.setAttribute("aria-label", summary(found, words));
    fill(legend, key("right", "the right code"), key("wrong", honest ? words[0] : `${words[0]}, judged by the right functions`),
      !honest && key("printed", "what it prints itself"));
    fill(about, outcome(found, words, honest, [bottom, top]));
    fill(rows, behind("as a table", () => costTable(found, words)));
  }
  const recolour = () => shown && show(shown);
  return { element, show, recolour, close: () => { observer.disconnect(); if (drawn) drawn.destroy(); } };
}

const key = (kind, text) => h("span", { class: `key ${kind}` }, text);
const upTo = (costs, steps) => [...costs.map(number).map((x) => (Number.isFinite(x) ? x : null)), ...Array(steps - costs.length).fill(null)];
const same = (some, others) => some.every((one, k) => Math.abs(number(one) - number(others[k])) < 1e-9 * Math.max(1, Math.abs(number(one))) || one === others[k]);
const finite = (costs) => costs.map(number).filter(Number.isFinite);

/** How far the picture goes: a cost that explodes must not flatten the other. */
function range(right, wrong) {
  const most = Math.max(...finite(right), 0.7), all = finite(wrong);
  return [Math.max(Math.min(0, ...all), -2 * most) * 1.05, Math.min(Math.max(most, ...all), 3 * most) * 1.05];
}

function options(width, range_, honest) {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
  const line = (stroke, more = {}) => ({ stroke: colour(stroke), width: 2.5, points: { show: false }, ...more });
  return {
    width, height: HEIGHT, legend: { show: false }, cursor: { show: false },
    scales: { x: { time: false }, y: { range: range_ } },
    axes: [{ ...axis, size: 34 }, { ...axis, size: 48 }],
    series: [{}, line("--positive"), line("--negative"), ...(honest ? [] : [line("--muted", { dash: [5, 4], width: 1.5 })])],
  };
}

/** What happened, in a sentence or two. */
function outcome({ right, wrong }, words, honest, [bottom, top]) {
  const last = (costs) => costs[costs.length - 1];
  const said = [`Right: from ${short(right.costs[0])} to ${short(last(right.costs))}.`];
  if (wrong.costs.length > 1) said.push(`${words[1]}: from ${short(wrong.costs[0])} to ${short(last(wrong.costs))}.`);
  const printed = finite(wrong.printed);
  if (!honest && printed.length) said.push(`It prints itself: from ${short(printed[0])} to ${short(last(printed))}.`);
  const all = [...finite(wrong.costs), ...printed], [least, most] = [Math.min(...all), Math.max(...all)];
  if (all.length && (most > top || least < bottom)) said.push(`It leaves the picture: ${least < bottom ? `down to ${short(least)}` : `up to ${short(most)}`}.`);
  if (wrong.not_finite !== null) said.push(`From step ${wrong.not_finite} on, numbers are infinite or NaN.`);
  const ends = wrong.ended && h("span", { class: "ended" }, `It ends at step ${wrong.ended.step}. `, h("code", {}, wrong.ended.sentence));
  return [said.join(" "), " ", ends, wrong.notes.map((note) => h("span", { class: "noted" }, ` ${note}`))];
}

const summary = (found, words) => {
  const { right, wrong } = found;
  const range = (costs) => `from ${short(costs[0])} to ${short(costs[costs.length - 1])}`;
  return `The cost over ${right.costs.length - 1} steps: right ${range(right.costs)}, ${words[0]} ${range(wrong.costs)}`;
};

function costTable({ right, wrong }, words) {
  const steps = Math.max(right.costs.length, wrong.costs.length);
  const chosen = [...Array(steps).keys()].filter((k) => k < 4 || k === steps - 1 || k % Math.ceil(steps / ROWS) === 0);
  return table([["step", "right", words[0], "what it prints"], ...chosen.map((k) => [k, short(right.costs[k], 6), short(wrong.costs[k], 6), short(wrong.printed[k], 6)])], "The cost before each step");
}
