// The recorded steps once more, one after the other, from the step that is looked at to the newest.

import { h, fill } from "lab/dom.js";
import { go, here } from "lab/here.js";
import { live } from "lab/talk.js";

const FRAMES = 25; // a second, at most
const RECORDED = 4; // a second, where only some steps were recorded
const SECONDS = 12; // that a whole recording takes where no pace is set

/** A button that replays; `pace` tells how many steps a second, or null. */
export function replay(pace) {
  const button = h("button", { class: "replay", onclick: () => (timer ? stop() : start()) });
  let timer = null;

  function start() {
    const steps = pace() || Math.max(1, (here.now.head - here.now.first) / SECONDS);
    const frames = live ? Math.min(steps, FRAMES) : RECORDED;
    if (here.step >= here.now.head) go({ step: here.now.first, following: false });
    let at = here.step, shown = here.step;
    timer = setInterval(() => {
      if (here.now.running || here.step !== shown) return stop(); // somebody looks elsewhere, or trains
      at = Math.min(live ? at + steps / frames : here.step + 1, here.now.head);
      go({ step: Math.floor(at), following: false });
      shown = here.step; // where only some steps were recorded, the next of them
      if (shown >= here.now.head) stop();
      return undefined;
    }, 1000 / frames);
    show();
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    show();
  }

  function show() {
    const words = timer ? "stop the replay" : "replay the recorded steps";
    fill(button, timer ? "stop" : "replay");
    button.setAttribute("aria-label", words);
    button.title = words;
    button.disabled = !here.now || here.now.running || here.now.head === here.now.first;
  }

  return { element: button, show };
}
