// One stop of the lesson: text, equation, code, pictures, questions, and what comes out.

import { h, math } from "lab/dom.js";
import { memory } from "lab/lesson_memory.js";
import { picture } from "lab/lesson_pictures.js";
import { question } from "lab/lesson_questions.js";
import { rich } from "lab/lesson_text.js";

export function stopOf(stop, number, found, answeredOne, onward) {
  const heading = h("h2", { tabindex: "-1", id: `stop-${stop.name}`, "data-key": `h-${stop.name}` }, h("span", { class: "stop-number", "aria-hidden": "true" }, number + 1), h("span", {}, rich(stop.title)));
  const questions = stop.questions.map((one, k) => question(one, `${stop.name}/${k}`, () => { self.refresh(); answeredOne(); }));
  const pictures = stop.shows.map((show) => picture(show, found, stop.hides));
  const revealed = h("div", { class: "revealed", "aria-live": "polite" }, h("h3", {}, "What comes out"), stop.reveal.map((text) => h("p", {}, rich(text))));
  const open = h("button", { class: "open", onclick: () => { self.opened = true; self.refresh(); revealed.focus(); } }, "Show what comes out");
  const element = h("section", { class: "panel stop", "data-stop": stop.name, "aria-labelledby": `stop-${stop.name}` }, heading,
    stop.text.map((text) => h("p", {}, rich(text))),
    h("div", { class: "equations" }, stop.equations.map((latex) => math(latex, true))),
    h("pre", { tabindex: "0", "aria-label": "the same in NumPy" }, h("code", {}, stop.code)),
    h("div", { class: "pictures" }, pictures.map((one) => one.element)),
    h("div", { class: "questions" }, questions.map((one) => one.element)),
    open, revealed,
    h("p", { class: "onward" }, onwardButton(stop, found, onward)));
  const self = {
    element, name: stop.name, opened: false,
    get answered() { return questions.every((one) => one.answered); },
    refresh() {
      const hidden = memory.predict && !self.answered && !self.opened;
      revealed.hidden = hidden;
      open.hidden = !hidden;
      element.classList.toggle("guess", hidden && stop.hides.length > 0);
    },
    focus() { heading.focus({ preventScroll: true }); element.scrollIntoView({ block: "start" }); },
    shown: () => pictures.forEach((one) => one.shown?.()),
    recolour: () => pictures.forEach((one) => one.recolour?.()),
    close: () => pictures.forEach((one) => one.close?.()),
  };
  self.refresh();
  return self;
}

function onwardButton(stop, found, onward) {
  if (stop.line === null) return h("button", { onclick: () => onward({ slopes: found.steepest }) }, "Nudge a weight, and see the slope →");
  return h("button", { onclick: () => onward({ line: stop.line }) }, "See it in the stepper →");
}
