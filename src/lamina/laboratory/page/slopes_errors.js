// The error of both slopes over eps, on logarithmic scales: truncation to the right, rounding to the left, kinks marked.

import { h, number, short } from "lab/dom.js";
import { axis, colour, marker, plotIn } from "lab/slopes_plot.js";

const HEIGHT = 210;
const WORDS = { truncation: "truncation", rounding: "rounding", kink: "a kink" };

export function errorPicture(nudged) {
  const place = h("div", { class: "drawn-plot", role: "img" });
  const plot = plotIn(place, HEIGHT, (x) => nudged(Number(x.toPrecision(2))));
  const legend = h("p", { class: "drawn-legend" }, [["two", "two-sided slope"], ["one", "one-sided slope"], ["kink", "a kink that far away"], ["here", "your ε"]]
    .map(([kind, text]) => h("span", { class: `drawn-key ${kind}` }, text)));
  const ruled = h("p", { class: "ruled" });
  function draw(found) {
    const rising = [...found.nudges].reverse();
    const positive = (x) => (number(x) > 0 && Number.isFinite(number(x)) ? number(x) : null);
    const line = (token, more) => ({ stroke: colour(token), width: 2, points: { show: true, size: 6, fill: colour("--panel") }, spanGaps: true, pxAlign: 0, ...more });
    const decades = (_u, _axis, from, to) => Array.from({ length: 40 }, (_, k) => 10 ** (k - 30)).filter((one) => one >= from / 1.01 && one <= to * 1.01);
    const power = (_, ticks) => ticks.map((one) => (one === null ? "" : `1e${Math.round(Math.log10(one))}`.replace("-", "−")));
    plot.draw(() => ({
      scales: { x: { time: false, distr: 3 }, y: { distr: 3 } },
      axes: [{ ...axis(), size: 34, splits: decades, values: power }, { ...axis(), size: 54, splits: decades, values: power }],
      series: [{}, line("--negative"), line("--muted", { dash: [2, 4] })],
      hooks: { draw: [(u) => {
        for (const kink of found.kinks) if (Math.abs(number(kink.away)) <= 0.1) marker(u, { shape: "line", token: "--glow", dash: [3, 3] }, Math.abs(number(kink.away)));
        if (found.chosen.eps <= 0.1) marker(u, { shape: "line", token: "--accent" }, found.chosen.eps);
      }] },
    }), [rising.map((one) => one.eps), rising.map((one) => positive(one.error)), rising.map((one) => positive(one.one_sided_error))]);
    const said = bands(found.nudges);
    ruled.textContent = said ? `What the error mostly comes from: ${said}.` : "The two-sided slope is exact to the last digit at every ε.";
    place.setAttribute("aria-label", `Error of the slopes over eps. ${ruled.textContent} The smallest is at eps = ${short(found.best)}.`);
  }
  return { element: h("div", {}, legend, place, ruled), draw, close: plot.close };
}

/** Neighbours that the same rules: "truncation from 1e-1 to 1e-4, rounding from 1e-5 to 1e-12". */
function bands(nudges) {
  const found = [];
  for (const one of nudges) {
    if (!one.rules) continue;
    const last = found.at(-1);
    if (last && last.rules === one.rules) last.to = one.eps;
    else found.push({ rules: one.rules, from: one.eps, to: one.eps });
  }
  const spelled = (eps) => eps.toExponential(0).replace("-", "−");
  return found.map(({ rules, from, to }) => `${WORDS[rules]} ${from === to ? `at ${spelled(from)}` : `from ${spelled(from)} to ${spelled(to)}`}`).join(", ");
}
