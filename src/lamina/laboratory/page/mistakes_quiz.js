// The quiz: what a mistake does is shown, and four that it could be. 1 to 4 choose, Enter asks the next.

import { fill, h } from "lab/dom.js";
import { trouble } from "lab/notes.js";
import { ask } from "lab/talk.js";

const LARGEST = 100_000;

/** `kept.score` counts; `show` draws what the mistake does. */
export function quiz(kept, show) {
  const element = h("div", { class: "quiz" });
  let choices = [], answered = null, asked = 0;
  if (kept.seed === null) kept.seed = Math.floor(Math.random() * LARGEST);

  async function request() {
    const mine = ++asked;
    try {
      const found = await ask("quiz", { rows: kept.rows, seed: kept.seed, at: kept.at });
      if (mine !== asked) return;
      choices = found.choices;
      draw();
      show(found);
    } catch (problem) { trouble(problem); }
  }

  function draw() {
    fill(element,
      h("p", {}, "One line of this code is wrong. Look at the cost and at which gradients differ, and by how much."),
      h("div", { class: "choices", role: "group", "aria-label": "which mistake is it?" }, choices.map((one, k) =>
        h("button", { class: verdict(k), disabled: answered !== null, "data-choice": k, onclick: () => choose(k) },
          h("kbd", {}, k + 1), h("span", {}, h("code", {}, one.function), " ", one.sentence)))),
      answered && h("div", { class: `explained ${answered.right ? "right" : "wrong"}`, role: "status" },
        h("p", {}, h("b", {}, answered.right ? "Right. " : "No. "), `${answered.function}: `, answered.sentence),
        h("p", { class: "equation-line" }, h("span", {}, "The lecture: "), answered.equation),
        h("p", {}, `How you can see it: ${answered.sign}.`),
        h("button", { class: "main next", onclick: next }, "next question")),
      h("p", { class: "score" }, kept.score.asked ? `${kept.score.right} of ${kept.score.asked} right so far` : "Choose with the mouse, or press 1 to 4."));
  }

  function verdict(k) {
    if (answered === null) return "";
    return k === answered.answer ? "is-right" : k === answered.chosen ? "is-wrong" : "";
  }

  async function choose(k) {
    if (answered !== null || !choices[k]) return;
    try {
      answered = { ...(await ask("quiz_answer", { rows: kept.rows, seed: kept.seed, choice: k })), chosen: k };
      kept.score.asked += 1;
      if (answered.right) kept.score.right += 1;
      draw();
      element.querySelector(".next").focus();
    } catch (problem) { trouble(problem); }
  }

  function next() { kept.seed = (kept.seed + 1) % LARGEST; restart(); }
  function restart() { answered = null; kept.at = 0; request(); }

  function key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || ["INPUT", "SELECT"].includes(event.target.tagName)) return;
    if (/^[1-4]$/.test(event.key)) choose(Number(event.key) - 1);
  }
  return { element, ask: request, restart, key };
}
