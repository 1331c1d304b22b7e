// One entry written out: the terms that it is the sum of, the factor in front, and what they add up to.

import { h, fill, short } from "lab/dom.js";
import { ask } from "lab/talk.js";
import { trouble } from "lab/notes.js";

const ENDS = [5, 1]; // terms shown of a long sum: at the beginning and at the end

/** Show an entry in `place`; `light(strong)` lights the factors of the term that is pointed at; the term of `example` stands out. */
export function showSum(place, found, question, light, example) {
  const count = found.sums.reduce((sum, one) => sum + one.count, 0);
  const sums = found.sums.map((one, k) => sumOf(one, k, question, light, one.over === "examples" ? example : undefined));
  fill(place,
    h("h3", {}, h("code", {}, found.place), " = ", h("output", { class: "total", title: String(found.value) }, short(found.value)),
      h("span", { class: found.agrees ? "agrees" : "differs" }, found.agrees ? ` ✓ ${count > 1 ? "the terms add up" : "as the engine has it"}` : ` ${found.verdict}`)),
    h("div", { class: "written" }, sums, h("span", { class: "sign" }, " = "), h("b", { title: String(found.total) }, short(found.total))),
    !found.by_rule && h("p", { class: "small" }, `This is no sum of products. What it reads was found by putting other numbers into the inputs${found.exact ? "" : "; of large arrays it is told in blocks"}.`));
}

function sumOf(one, k, question, light, mine) {
  const inner = h("span", { class: "terms" }), fronted = one.front_text !== "";
  const many = one.count > 1;
  let terms = one.terms, whole = one.count <= ENDS[0] + ENDS[1] + 1 || (mine >= ENDS[0] && mine < terms.length);
  const draw = () => {
    const shown = whole ? terms : terms.slice(0, ENDS[0]);
    fill(inner, shown.map((term, j) => [j > 0 && plus(), termOf(term, light, j === mine)]),
      !whole && [plus(), more(one.count - shown.length), plus(), termOf(one.last, light, one.count - 1 === mine)],
      whole && terms.length < one.count && [plus(), next(one.count - terms.length)]);
  };
  const more = (count) => h("button", { class: "more", onclick: () => { whole = true; draw(); } }, `… ${(count - 1).toLocaleString("en")} more …`);
  const next = (count) => h("button", { class: "more", onclick: async () => {
    try {
      const answer = await ask("entry", { ...question, first: terms.length });
      terms = [...terms, ...answer.sums[k].terms];
      draw();
    } catch (problem) { trouble(problem); }
  } }, `… ${count.toLocaleString("en")} more`);
  draw();
  return h("span", { class: "sum" }, k > 0 && h("span", { class: "sign" }, one.front < 0 ? " − " : " + "), fronted && h("span", { class: "front", title: String(one.front) }, fraction(one, k)),
    many && fronted ? [h("span", { class: "sign" }, " ( "), inner, h("span", { class: "sign" }, " ) ")] : inner);
}

const plus = () => h("span", { class: "sign" }, " + ");
const fraction = (one, k) => (one.front_text === "1/m" ? `1/${one.count.toLocaleString("en")}` : `${one.front_text.replace(/^-/, k > 0 ? "" : "−").replace("e-", "e−")} × `);

function termOf(term, light, mine) {
  const reads = term.factors.flatMap((one) => one.reads);
  const bracketed = (one, k) => (k > 0 && one.value < 0 && one.reads.length === 1 && !/[a-z(]/.test(one.numbers) ? `(${short(one.value)})` : shownNumber(one));
  return h("button", { class: `term${term.value < 0 ? " minus" : term.value > 0 ? " plus" : ""}${mine ? " mine" : ""}`, title: `${term.factors.map((one) => one.text).join(" × ")} = ${term.value}`,
    onmouseenter: () => light(reads), onmouseleave: () => light([]), onfocus: () => light(reads), onblur: () => light([]) },
  h("span", { class: "numbers" }, term.factors.map((one, k) => [k > 0 && h("span", { class: "times" }, " × "), bracketed(one, k)])),
  h("span", { class: "names" }, term.factors.map((one, k) => [k > 0 && " × ", one.text])));
}

const shownNumber = (one) => (one.reads.length <= 1 && /^-?[\d.e+-]+$/.test(one.numbers) ? short(one.value) : one.numbers.replaceAll("-", "−"));
