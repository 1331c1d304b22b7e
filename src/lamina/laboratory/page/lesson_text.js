// Sentences with formulas in them: what stands between two dollars is LaTeX.

import { h, math } from "lab/dom.js";

export function rich(text) {
  return text.split("$").map((part, k) => (k % 2 ? h("span", { class: "formula" }, math(part)) : part));
}

const WORDS = [[/\$|\\[,;]|[{}]/g, " "], [/\\frac 1 +m/g, "1/m"], [/\\top/g, " transposed"], [/\\alpha/g, "alpha"], [/\*/g, " times number by number "], [/[\^_]|\\/g, " "], [/\s+/g, " "]];

/** A text with formulas as plain words, for a name that is read aloud. */
export const spoken = (text) => WORDS.reduce((said, [found, word]) => said.replace(found, word), text).trim();
