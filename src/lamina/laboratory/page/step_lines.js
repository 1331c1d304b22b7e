// All lines of a step in a list: done, current, to come.

import { h, fill, math } from "lab/dom.js";

const TITLES = { forward: "Forward", cost: "Cost", backward: "Backward", update: "Update" };

export function lineList(to) {
  const element = h("nav", { "aria-label": "the lines of this step" });
  let drawn = "", buttons = [];
  const build = (lines) => {
    buttons = lines.map((one, k) => h("button", { class: "entry", title: one.text, "data-result": one.result, onclick: () => to(k) }, math(one.latex)));
    const parts = [...new Set(lines.map((one) => one.part))];
    fill(element, parts.map((part) => [h("h3", {}, TITLES[part] || part), h("ol", {}, lines.map((one, k) => one.part === part && h("li", {}, buttons[k])))]));
  };
  return {
    element,
    draw(lines, current) {
      const now = JSON.stringify(lines.map((one) => one.latex));
      if (now !== drawn) { drawn = now; build(lines); }
      buttons.forEach((one, k) => {
        one.classList.toggle("done", k < current);
        one.classList.toggle("coming", k > current);
        if (k === current) one.setAttribute("aria-current", "step"); else one.removeAttribute("aria-current");
      });
      const at = buttons[current], box = element.parentElement;
      if (at && box && (at.offsetTop < box.scrollTop || at.offsetTop + at.offsetHeight > box.scrollTop + box.clientHeight)) box.scrollTop = at.offsetTop - box.clientHeight / 2;
    },
  };
}
