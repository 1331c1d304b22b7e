// Questions of the lesson: choose an answer, or type a number. A wrong answer gets the reason why.

import { h, fill } from "lab/dom.js";
import { memory } from "lab/lesson_memory.js";
import { rich, spoken } from "lab/lesson_text.js";

export function question(asked, key, answeredOne) {
  return { choices, number }[asked.kind](asked, key, answeredOne);
}

function said(right, why) {
  return [h("b", { class: right ? "is-right" : "is-wrong" }, right ? "Yes. " : "Not this. "), rich(why)];
}

function choices(asked, key, answeredOne) {
  const reply = h("p", { class: "reply", role: "status" });
  const self = { answered: false };
  const buttons = asked.choices.map((one, k) => h("button", { class: "choice", "aria-pressed": "false", "data-key": `${key}/${k}`, "aria-label": one.text.includes("$") ? spoken(one.text) : null,
    onclick: () => { memory.note(key, one.text); show(k); answeredOne(); } }, rich(one.text)));
  function show(k) {
    self.answered = true;
    buttons.forEach((one, at) => {
      one.setAttribute("aria-pressed", String(at === k));
      one.classList.toggle("is-right", at === k && asked.choices[k].right);
      one.classList.toggle("is-wrong", at === k && !asked.choices[k].right);
    });
    fill(reply, said(asked.choices[k].right, asked.choices[k].why));
  }
  const earlier = asked.choices.findIndex((one) => one.text === memory.answer(key));
  if (earlier >= 0) show(earlier);
  self.element = h("div", { class: "stop-question", role: "group", "aria-label": "question" }, h("p", { class: "prompt" }, rich(asked.prompt)), h("div", { class: "answers" }, buttons), reply);
  return self;
}

function number(asked, key, answeredOne) {
  const reply = h("p", { class: "reply", role: "status" });
  const self = { answered: false };
  const input = h("input", { type: "text", inputmode: "decimal", autocomplete: "off", "aria-label": "your number", "data-key": key, value: memory.answer(key) ?? "" });
  const form = h("form", { class: "answers", onsubmit: (event) => { event.preventDefault(); show(true); } }, input, h("button", {}, "Check"));
  function show(now) {
    const given = read(input.value);
    if (given === null) {
      if (now) fill(reply, "Type a number, such as 0.25 or −3.");
      return;
    }
    self.answered = true;
    memory.note(key, input.value);
    const near = (value) => Math.abs(given - value) <= asked.within;
    const confusion = asked.confusions.find((one) => near(one.value));
    fill(reply, near(asked.answer) ? said(true, asked.why) : confusion ? said(false, confusion.why) : said(false, "Try again, or see below what comes out."));
    if (now) answeredOne();
  }
  if (input.value) show(false);
  self.element = h("div", { class: "stop-question", role: "group", "aria-label": "question" }, h("p", { class: "prompt" }, rich(asked.prompt)), form, reply);
  return self;
}

/** A number as people type it: a comma or a point, any kind of minus. */
function read(text) {
  const plain = text.trim().replace(/[−–]/g, "-").replace(",", ".");
  return plain === "" || !Number.isFinite(Number(plain)) ? null : Number(plain);
}
