// What the nudge says, in numbers and sentences; and the table behind the pictures.

import { behind, h, short, table } from "lab/dom.js";

const SHOWN = 6;

export function findings(found) {
  const { chosen } = found;
  const row = (name, value, kind) => [h("dt", { class: kind }, name), h("dd", {}, value)];
  const agrees = found.verdict.includes("agree") ? "agrees" : found.verdict.includes("WRONG") ? "differs" : "open";
  return [
    h("dl", { class: "slope-list" },
      row(`derivative, ${found.symbol}`, short(found.analytic, 8), "tangent"),
      row("two-sided slope", short(chosen.two_sided, 8), "two"),
      row("one-sided slope", short(chosen.right, 8), "one"),
      row("the two-sided is off by", short(chosen.error, 2), "")),
    h("p", { class: "cause" }, cause(chosen)),
    h("p", { class: `agreement ${agrees}` }, `All in all: ${found.verdict}.`),
    found.kinks.length ? h("details", { class: "behind" }, h("summary", {}, `${found.n_kinks} kink${found.n_kinks === 1 ? "" : "s"} on this curve`),
      h("ul", {}, found.kinks.slice(0, SHOWN).map((one) => h("li", {}, one.says)), found.n_kinks > SHOWN && h("li", {}, `and ${found.n_kinks - SHOWN} more, farther away`))) : null,
  ];
}

function cause({ rules, kinks, eps }) {
  if (rules === "kink") return `${kinks === 1 ? "A kink lies" : `${kinks} kinks lie`} between x − ε and x + ε: a slope taken across ${kinks === 1 ? "it" : "them"} is no derivative.`;
  if (rules === "truncation") return `ε = ${short(eps, 2)} is so large that the curve bends on the way.`;
  if (rules === "rounding") return `ε = ${short(eps, 2)} is so small that J changes in its last digits only, and they are rounded.`;
  return "Slope and derivative are the same to the last digit.";
}

export function nudgeTable(found) {
  return behind("as a table", () => table([["ε", "J(x + ε)", "J(x − ε)", "two-sided", "one-sided", "error", "relative", "mostly"],
    ...found.nudges.map((one) => [one.eps.toExponential(0), short(one.J_above, 12), short(one.J_below, 12), short(one.two_sided, 8), short(one.right, 8),
      short(one.error, 3), short(one.relative, 3), one.rules + (one.kinks && one.rules === "kink" ? ` (${one.kinks} within)` : "")])], found.heading));
}
