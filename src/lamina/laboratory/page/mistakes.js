// Break it on purpose: a known mistake made, beside the right code. And the other way round: which mistake is this?

import { fill, h } from "lab/dom.js";
import { here } from "lab/here.js";
import { trouble } from "lab/notes.js";
import { pictures } from "lab/mistakes_pictures.js";
import { quiz } from "lab/mistakes_quiz.js";
import { switchboard } from "lab/mistakes_switches.js";
import { ask, live, on } from "lab/talk.js";

export const view = { name: "mistakes", title: "Break it", timeless: true, mount };

const FIRST = ["linear_backward/1/m-missing-dW"];
const kept = { rows: "circles", keys: FIRST, at: 0, quiz: false, seed: null, score: { right: 0, asked: 0 } }; // while the page is open

function mount(root) {
  const side = h("div", { class: "side panel" });
  const shown = pictures((at) => { kept.at = at; part.ask(); });
  root.append(h("div", { class: "breaking" }, side, shown.element));
  let known = null, part = null;

  const choose = (toQuiz) => {
    kept.quiz = toQuiz;
    kept.at = 0;
    const chosen = [tab("Break it", !toQuiz, () => choose(false)), tab("Which mistake is this?", toQuiz, () => choose(true))];
    const rows = h("label", { class: "rows" }, "on ", h("select", { "aria-label": "rows", onchange: (event) => { kept.rows = event.target.value; part.restart(); } },
      known.rows.map((one) => h("option", { value: one.name, selected: one.name === kept.rows }, `${one.title}, ${one.m} rows`))));
    part = toQuiz ? quiz(kept, show) : switchboard(kept, known, show);
    fill(side, h("div", { class: "modes", role: "group", "aria-label": "what to do" }, chosen), live && rows, part.element);
    part.ask();
  };
  const rowsOf = () => known.rows.find((one) => one.name === kept.rows);
  const show = (found) => shown.show(found, rowsOf());

  ask("mistakes").then((found) => { known = found; choose(kept.quiz); }).catch(trouble);
  let theme = document.documentElement.dataset.theme;
  const stop = on("here", () => {
    if (document.documentElement.dataset.theme === theme) return;
    theme = document.documentElement.dataset.theme;
    shown.recolour();
  });
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", shown.recolour);
  const keys = (event) => { if (here.view === view.name && part && part.key) part.key(event); };
  document.addEventListener("keydown", keys);
  return () => { stop(); shown.close(); dark.removeEventListener("change", shown.recolour); document.removeEventListener("keydown", keys); };
}

const tab = (text, pressed, onclick) => h("button", { "aria-pressed": String(pressed), onclick }, text);
