// One block of the learner's code: what goes in, what was expected beside what came out, and hints in rungs.

import { beside, magnitude, matrix, named } from "lab/beside.js";
import { fill, h } from "lab/dom.js";
import { ask } from "lab/talk.js";

const RUNGS = ["1 · where to look", "2 · the equation", "3 · the line"];

/** `wrongOf` finds the wrong block of a function; `choose` goes to a block. */
export function detail(wrongOf, choose) {
  const element = h("section", { class: "panel detail", "aria-live": "polite" });
  let asked = 0;

  async function show(key) {
    const mine = ++asked;
    if (!key) { fill(element, h("p", { class: "quiet" }, "Choose a block to see its numbers.")); return; }
    const one = await ask("code_block", { key });
    if (mine !== asked) return;
    fill(element,
      h("h2", {}, h("code", {}, one.function), one.layer ? ` in layer ${one.layer}` : "", h("span", { class: `status ${one.status.replaceAll(" ", "-")}` }, one.status)),
      one.sentence && h("p", { class: "problem" }, one.sentence),
      one.status === "wrong through another" && blame(one),
      one.status === "wrong elsewhere" && h("p", {}, "Right on these numbers. The doctor called it with others too, and there it is wrong: the hints say more."),
      one.hints.map((rungs, finding) => hintsOf(one, finding, rungs)),
      (one.notes || []).map((note) => h("p", { class: "quiet" }, `Note: ${note}`)),
      h("div", { class: "in-out" },
        h("div", {}, h("h3", {}, one.results.some((result) => result.found !== null) ? "Expected beside found" : "Expected"), h("div", { class: "cards" }, results(one))),
        h("details", { class: "behind", open: one.status === "" }, h("summary", {}, "what goes in"), h("div", { class: "cards" },
          Object.entries(one.inputs).map(([name, values]) => h("section", { class: "compared" }, h("h3", {}, named(name)), matrix(values, { label: "", size: magnitude(values) })))))));
  }

  function blame(one) {
    const others = (one.blamed || []).map((name) => ({ name, block: wrongOf(name) }));
    return h("p", {}, "Right itself. It goes wrong through ", others.map(({ name, block }, k) => [k ? ", " : "",
      block ? h("button", { class: "link", onclick: () => choose(block.key) }, name) : h("code", {}, name)]), ".");
  }
  return { element, show };
}

function results({ results: all }) {
  if (!all.length) return h("p", { class: "quiet" }, "Nothing to show.");
  const wrong = all.filter((one) => one.sentence), rest = all.filter((one) => !one.sentence);
  const caches = rest.filter((one) => one.name.includes("cache")), plain = rest.filter((one) => !one.name.includes("cache"));
  return [...wrong, ...plain].map((one) => beside(one)).concat(caches.length
    ? [h("details", { class: "behind" }, h("summary", {}, `the cache: ${caches.length} parts`), h("div", { class: "cards" }, caches.map((one) => beside(one))))] : []);
}

/** The rungs of one finding: each button unveils one more line. */
function hintsOf(one, finding, rungs) {
  const told = h("div", { class: "told", role: "status" });
  const buttons = [...Array(rungs).keys()].map((rung) => h("button", { disabled: rung > 0, "data-rung": rung + 1, onclick: () => unveil(rung) },
    rung === rungs - 1 ? "what is wrong" : RUNGS[rung]));
  async function unveil(rung) {
    const { lines } = await ask("code_hint", { function: one.function, finding, rung });
    told.append(...lines.map((line) => h("p", {}, line)));
    buttons[rung].disabled = true;
    buttons[rung].setAttribute("aria-pressed", "true");
    if (buttons[rung + 1]) { buttons[rung + 1].disabled = false; buttons[rung + 1].focus(); }
  }
  return h("div", { class: "hints" }, h("span", { class: "quiet" }, "Hints: "), buttons, told);
}
