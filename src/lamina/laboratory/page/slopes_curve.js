// J along one number: the curve, the tangent of the derivative, and the slopes that a nudge gives.

import { behind, h, number, short, table } from "lab/dom.js";
import { axis, colour, marker, plotIn } from "lab/slopes_plot.js";

const HEIGHT = 290;
const ROWS = 10; // every so many of the table behind

export function curvePicture(nudged) {
  let value = 0;
  const place = h("div", { class: "drawn-plot", role: "img" });
  const plot = plotIn(place, HEIGHT, (x) => nudged(Number(Math.abs(x - value).toPrecision(3)) || 1e-12));
  const legend = h("p", { class: "drawn-legend" }, [["curve", "J"], ["tangent", "tangent: the derivative"], ["two", "two-sided slope"], ["one", "one-sided slope"], ["kink", "a kink"]]
    .map(([kind, text]) => h("span", { class: `drawn-key ${kind}` }, text)));
  const rows = h("div");
  const element = h("div", {}, legend, place, rows);
  function draw(found) {
    value = number(found.value);
    const J = found.curve.map(number), finite = J.filter(Number.isFinite);
    const [low, high] = [Math.min(...finite), Math.max(...finite)], room = (high - low || 1e-6) * 0.08;
    const { chosen } = found;
    const line = (token, more) => ({ stroke: colour(token), width: 2, points: { show: false }, pxAlign: 0, ...more });
    plot.draw(() => ({
      scales: { x: { time: false }, y: { range: [low - room, high + room] } },
      axes: [{ ...axis(), size: 34 }, { ...axis(), size: 62, values: (_, ticks) => ticks.map((one) => short(one, 5)) }],
      series: [{}, line("--ink", { width: 2.5 }), line("--accent", { dash: [8, 5] }), line("--negative"), line("--muted", { dash: [2, 4] })],
      hooks: { draw: [(u) => {
        for (const kink of found.kinks) marker(u, { shape: "line", token: "--glow", dash: [3, 3] }, value + number(kink.away));
        for (const [x, y] of [[value - chosen.eps, chosen.J_below], [value + chosen.eps, chosen.J_above]]) marker(u, { shape: "point", token: "--negative" }, x, number(y));
        marker(u, { shape: "diamond", token: "--accent" }, value, number(found.J));
      }] },
    }), [found.across.map(number), ...[found.curve, found.tangent, found.two_sided, found.one_sided].map((one) => one.map((y) => (Number.isFinite(number(y)) ? number(y) : null)))]);
    place.setAttribute("aria-label", `J over ${found.name}[${found.place.join(", ")}], from ${short(low)} to ${short(high)}; the derivative is ${short(found.analytic)}, the two-sided slope ${short(chosen.two_sided)}`);
    const open = rows.firstChild?.open;
    rows.replaceChildren(behind("as a table", () => table([["value", "J", "tangent"], ...found.across.flatMap((x, k) => (k % ROWS ? [] : [[short(x), short(found.curve[k], 6), short(found.tangent[k], 6)]]))], "J along the number")));
    if (open) rows.firstChild.open = true;
  }
  return { element, draw, close: plot.close };
}
