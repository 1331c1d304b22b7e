// What a mistake does, in pictures: the costs, the answers in the plane, and every gradient beside the right one.

import { beside } from "lab/beside.js";
import { boundary } from "lab/boundary.js";
import { curves } from "lab/curves.js";
import { fill, h } from "lab/dom.js";
import { live } from "lab/talk.js";

/** `onstep` is called with the step whose gradients are to be shown. */
export function pictures(onstep) {
  const cost = curves(), right = boundary("the right code"), wrong = boundary("with the mistake");
  const planes = h("div", { class: "planes" }, right.element, wrong.element);
  const slider = h("input", { type: "range", disabled: !live, min: 0, value: 0, "aria-label": "step of the gradients", onchange: () => onstep(Number(slider.value)), oninput: () => name() });
  const step = h("output", {});
  const gradients = h("div", { class: "gradients" });
  const element = h("div", { class: "consequences" },
    h("div", { class: "panel top" }, cost.element, planes),
    h("section", { class: "panel" },
      h("div", { class: "heading-line" }, h("h3", {}, "Gradients beside the right ones"), h("label", {}, "at ", step, live && slider)), gradients));
  const name = () => fill(step, `step ${slider.value}`);
  let last = null;

  function show(found, rows) {
    last = [found, rows];
    cost.show(found);
    planes.hidden = !rows.planar;
    if (rows.planar) { right.show(found.right.answers, rows); wrong.show(found.wrong.answers, rows); }
    slider.max = Math.max(0, found.wrong.printed.length - 1);
    slider.value = found.at;
    name();
    fill(gradients, compared(found));
  }
  return { element, show, recolour: () => last && show(...last), close: cost.close };
}

function compared({ wrong, at }) {
  const all = wrong.gradients;
  if (all === null) return h("p", { class: "nothing" }, `It never came to step ${at}.`);
  if (!all.length) return h("p", { class: "nothing" }, "It ended before it had any gradients.");
  const parameters = all.filter((one) => !one.name.startsWith("dA")), activations = all.filter((one) => one.name.startsWith("dA"));
  const off = all.filter((one) => one.sentence).map((one) => one.name);
  return [
    h("p", { class: "about", role: "status" }, off.length ? `${off.length} of ${all.length} differ: ${off.join(", ")}.` : "All gradients of this step are right."),
    h("div", { class: "cards" }, parameters.map((one) => beside(one, ["right", "found"]))),
    h("details", { class: "behind" }, h("summary", {}, "what is handed down: dA of every layer"), h("div", { class: "cards" }, activations.map((one) => beside(one, ["right", "found"])))),
  ];
}
