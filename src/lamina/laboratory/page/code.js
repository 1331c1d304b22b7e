// Your code: the functions that a learner wrote, as the blocks of a training step. Forward from left to right, backward
// from right to left; the first block that is wrong glows.

import { fill, h } from "lab/dom.js";
import { here } from "lab/here.js";
import { trouble } from "lab/notes.js";
import { detail } from "lab/code_block.js";
import { curves } from "lab/curves.js";
import { ask, on } from "lab/talk.js";

export const view = { name: "code", title: "Your code", timeless: true, mount };

const SIGNS = { right: "✓", wrong: "✗", raised: "!", "wrong through another": "↳", "wrong elsewhere": "≈", "not written yet": "…", "not there": "∅", "not reached": "–", "": "" };
const MEANING = {
  right: "right", wrong: "wrong", raised: "ends with an exception", "wrong through another": "right itself: a function that it calls is wrong",
  "wrong elsewhere": "right on these numbers, wrong on others", "not written yet": "not written yet", "not there": "not in the file", "not reached": "not reached",
};
let chosen = null; // the block that was clicked; else the first wrong one is shown

function mount(root) {
  const head = h("div", { class: "head" }), chain = h("div", { class: "chain", role: "group", "aria-label": "the blocks of a training step" });
  const cost = curves("The network trained by your functions", ["your code", "Yours"]), trained = h("section", { class: "panel", hidden: true }, cost.element,
    h("p", { class: "quiet" }, "A cost that falls is no proof that the gradients are right: compare the two, and the blocks above."));
  const below = detail((function_) => blocks.find((one) => one.function === function_ && one.status === "wrong"), (key) => choose(key));
  root.append(h("div", { class: "yours" }, h("section", { class: "panel" }, head, h("div", { class: "scroller" }, chain)), below.element, trained));
  let blocks = [], first = "", count = null, mine = 0;

  async function look() {
    const asked = ++mine;
    try {
      const found = await ask("code");
      if (asked !== mine) return;
      ({ blocks, first } = found);
      if (chosen && !blocks.some((one) => one.key === chosen)) chosen = null;
      fill(head, heading(found));
      draw();
      trained.hidden = !found.training;
      if (found.training) cost.show(found.training);
      await below.show(chosen || first, found);
    } catch (problem) { trouble(problem); }
  }

  function draw() { fill(chain, picture(blocks, first, chosen || first, choose)); }
  function choose(key) {
    chosen = key;
    const focused = chain.contains(document.activeElement);
    draw();
    if (focused) chain.querySelector(`[data-key="${key}"]`).focus();
    below.show(key).catch(trouble);
  }

  chain.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const at = blocks.findIndex((one) => event.target.dataset && one.key === event.target.dataset.key);
    if (!by || at < 0) return;
    event.preventDefault();
    event.stopPropagation();
    choose(blocks[(at + by + blocks.length) % blocks.length].key);
  });
  const stop = on("here", () => {
    const now = here.now && here.now.counts.code;
    if (now !== count) { count = now; look(); }
  });
  count = here.now && here.now.counts.code;
  look();
  return () => { stop(); cost.close(); };
}

function heading({ file, looking, blocks, first, notes, problem }) {
  if (file === null) return [h("h2", {}, "Your code in the chain"), start()];
  const right = blocks.filter((one) => one.status === "right").length;
  const at = blocks.find((one) => one.key === first);
  const said = problem ? "" : at ? `First to look at: ${at.function}${at.layer ? ` in layer ${at.layer}` : ""}.` : "All of it is right: your functions train a network.";
  return [
    h("h2", {}, file, h("span", { class: "looking", role: "status" }, looking ? " running it …" : "")),
    h("p", { role: "status", class: problem ? "problem" : "" }, problem || `${right} of ${blocks.length} blocks right. ${said}`,
      !problem && h("span", { class: "quiet" }, " Each block gets the right numbers of the lecture's 5-4-3-1 network. Save the file, and it is run again.")),
    notes.map((note) => h("p", { class: "quiet" }, `Note: ${note}`)),
  ];
}

const start = () => h("div", { class: "start" },
  h("p", {}, "Write the functions of the lecture yourself, and watch them in this picture, block by block. Your file runs in a process of its own; the first block that is wrong glows."),
  h("ol", {}, h("li", {}, "A file with every function to be written: ", h("code", {}, "lamina course --start")),
    h("li", {}, "This page with your file: ", h("code", {}, "lamina lab backprop.py")),
    h("li", {}, "Fill in the functions from top to bottom. Whenever you save, it is run again.")));

// ---- the picture ----

/** A name that may be broken after its underscores. */
const broken = (name) => name.split("_").flatMap((part, k, all) => (k < all.length - 1 ? [`${part}_`, h("wbr")] : [part]));

function picture(blocks, first, shown, choose) {
  const of = (function_, way, layer = null) => blocks.find((one) => one.way === way && (one.layer === layer) && (!function_ || one.function === function_));
  const layers = [...new Set(blocks.map((one) => one.layer).filter((one) => one !== null))].sort();
  const box = (one, kind = "") => h("button", { class: `block ${kind} ${one.status.replaceAll(" ", "-")}${one.key === first ? " first" : ""}`,
    "data-key": one.key, "aria-pressed": String(one.key === shown), title: MEANING[one.status] || "",
    "aria-label": `${one.function}${one.layer ? ` in layer ${one.layer}` : ""}${one.status ? `: ${MEANING[one.status]}` : ""}`, onclick: () => choose(one.key) },
  h("span", { class: "mark" }, SIGNS[one.status]), h("span", { class: "name" }, kind !== "model" ? broken(one.function) : one.function));
  const arrow = (text, back = false) => h("span", { class: `arrow${back ? " backwards" : ""}`, "aria-hidden": "true" }, h("span", {}, text));
  const inner = (way, layer) => blocks.filter((one) => one.way === way && one.layer === layer);
  const cell = (way, layer) => {
    const [linear, active, whole] = way === "forward" ? inner(way, layer) : [inner(way, layer)[1], inner(way, layer)[0], inner(way, layer)[2]];
    return h("div", { class: `layer ${way}` }, box(whole, "whole"),
      h("div", { class: "parts" }, box(linear, "piece"), arrow(way === "forward" ? `Z${layer}` : `dZ${layer}`, way !== "forward"), box(active, "piece")));
  };
  const row = (way, left, right, top) => h("div", { class: `way ${way}` }, box(top, "model"),
    h("div", { class: "walk" }, box(left, "end"), layers.map((layer) => [
      arrow(way === "forward" ? (layer === 1 ? "X" : `A${layer - 1}`) : (layer === 1 ? "dW, db" : `dA${layer - 1}`), way !== "forward"), cell(way, layer)]),
    arrow(way === "forward" ? `A${layers.length}` : `dA${layers.length}`, way !== "forward"), right));
  const cost = of("compute_cost", "cost");
  return [
    row("forward", of(null, "start"), box(cost, "end"), of("L_model_forward", "forward")),
    row("backward", of("update_parameters", "update"), h("span", { class: "turn" }, "from the cost"), of("L_model_backward", "backward")),
    h("p", { class: "legend" }, Object.entries(MEANING).filter(([status]) => blocks.some((one) => one.status === status)).map(([status, text]) =>
      h("span", {}, h("b", { class: `mark ${status.replaceAll(" ", "-")}` }, SIGNS[status]), ` ${text}`))),
  ];
}
