// Sentences with formulas in them: what stands between two dollars is LaTeX.

import { h, math } from "lab/dom.js";

export function rich(text) {
  return text.split("$").map((part, k) => (k % 2 ? h("span", { class: "formula" }, math(part)) : part));
}
