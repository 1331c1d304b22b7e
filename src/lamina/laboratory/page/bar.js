// The bar below: back and forth through the steps of the training, and the training itself.

import { h, short, fill } from "lab/dom.js";
import { go, here } from "lab/here.js";
import { ask, live, on } from "lab/talk.js";
import { note, trouble } from "lab/notes.js";
import { replay } from "lab/replay.js";

const PACES = [["slow", 2], ["medium", 20], ["fast", 200], ["as fast as it can", null]];

export function bar() {
  const slider = h("input", { type: "range", min: 0, max: 0, value: 0, step: 1, "aria-label": "step",
    oninput: () => go({ step: Number(slider.value), following: false }) });
  const play = h("button", { class: "play", "aria-label": "train", onclick: () => (here.now.running ? command("pause") : train()) }, "▶");
  const where = h("output", { class: "where" });
  const pace = h("select", { "aria-label": "pace of the training", onchange: () => here.now.running && train() },
    PACES.map(([name], k) => h("option", { value: k, selected: k === 2 }, name)));
  const again = replay(() => PACES[pace.value][1]);
  const restart = h("button", { title: "start again from step 0", "aria-label": "start again", onclick: () => command("restart", {}, true) }, "⟲");
  const element = h("nav", { class: "bar", "aria-label": "time" },
    live && restart,
    h("button", { title: "one step back", "aria-label": "one step back", onclick: () => move(-1) }, "◀"),
    live && play,
    h("button", { title: "one step forward", "aria-label": "one step forward", onclick: () => move(1) }, "▶|"),
    again.element, slider, where, h("label", {}, "pace ", pace));

  const controls = [...element.querySelectorAll("button, input, select")];
  for (const one of controls) one.disabled = true; // until it is known where things stand

  let told = "", takeBack = () => {}; // why the training ended, the last time it was said
  const show = () => {
    const now = here.now;
    if (!now) return;
    while (controls.length) controls.pop().disabled = false;
    slider.min = now.first;
    slider.max = now.head;
    slider.value = here.step;
    fill(play, now.running ? "❚❚" : "▶");
    play.setAttribute("aria-label", now.running ? "pause" : "train");
    const record = now.record;
    again.show();
    fill(where, h("b", {}, `step ${here.step.toLocaleString("en")}`), ` of ${now.head.toLocaleString("en")}`,
      record && here.step === now.head ? ` · epoch ${record.epoch.toLocaleString("en")} · cost ${short(record.cost)}` : "",
      now.finished ? h("span", { class: "finished", title: now.finished }, ` · ${now.finished}`) : "");
    if (now.finished !== told && where.isConnected) {
      takeBack();
      told = now.finished;
      if (told && where.scrollWidth > where.clientWidth) takeBack = note(told, "trouble"); // it does not fit in here
    }
  };
  on("here", show);

  async function command(name, args = {}, follow = false) {
    try {
      const now = await ask(name, args);
      go({ now, ...(follow ? { step: now.head, following: true } : {}) });
    } catch (problem) { trouble(problem); }
  }
  const train = () => { go({ following: true }); return command("play", { pace: PACES[pace.value][1] }); };
  async function move(by) {
    if (!here.now) return;
    const to = here.step + by;
    if (to < here.now.first) return;
    if (to <= here.now.head) go({ step: to, following: to === here.now.head });
    else if (live) await command("play", { steps: 1, wait: true }, true);
  }
  on("move", move);
  return { element, move };
}
