// The recorded steps once more, one after the other, from the step that is looked at to the newest.

import { h, fill } from "lab/dom.js";
import { go, here } from "lab/here.js";

const FRAMES = 25; // a second, at most
const SECONDS = 12; // that a whole recording takes where no pace is set

/** A button that replays; `pace` tells how many steps a second, or null. */
export function replay(pace) {
  const button = h("button", { class: "replay", onclick: () => (timer ? stop() : start()) });
  let timer = null;

  function start() {
    const steps = pace() || Math.max(1, (here.now.head - here.now.first) / SECONDS);
    const frames = Math.min(steps, FRAMES);
    if (here.step >= here.now.head) go({ step: here.now.first, following: false });
    let at = here.step;
    timer = setInterval(() => {
      if (here.now.running || here.step !== Math.min(Math.floor(at), here.now.head)) return stop(); // somebody looks elsewhere
      at = Math.min(at + steps / frames, here.now.head);
      go({ step: Math.floor(at), following: false });
      if (at >= here.now.head) stop();
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
