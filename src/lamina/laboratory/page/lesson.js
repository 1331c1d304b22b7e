// The lesson: the lecture in twelve stops on one page, with the numbers of the network at hand.

import { h, fill } from "lab/dom.js";
import { go, here } from "lab/here.js";
import { ask, live, on } from "lab/talk.js";
import { trouble } from "lab/notes.js";
import { memory } from "lab/lesson_memory.js";
import { stopOf } from "lab/lesson_stop.js";

export const view = { name: "lesson", title: "Lesson", mount };

const WAIT = 150; // milliseconds that the slider rests before the lesson follows it

function mount(root) {
  const lesson = new Lesson();
  root.append(lesson.element);
  lesson.load().then(() => lesson.arrive());
  const stop = [on("here", (change) => lesson.heard(change)), listenTo("hashchange", () => lesson.arrive()), listenTo("keydown", (event) => lesson.key(event))];
  return () => { stop.forEach((one) => one()); lesson.close(); };
}

function listenTo(event, handler) {
  globalThis.addEventListener(event, handler);
  return () => globalThis.removeEventListener(event, handler);
}

class Lesson {
  constructor() {
    Object.assign(this, { stops: [], found: null, asked: null, timer: 0 });
    this.list = h("ol", { class: "stops" });
    this.done = h("p", { class: "done", "aria-live": "polite" });
    this.foreign = h("p", { class: "foreign" });
    this.article = h("div", { class: "telling" });
    this.predict = h("button", { "aria-pressed": String(memory.predict), onclick: () => this.hide(!memory.predict) }, "Predict first");
    this.follow = h("button", { "aria-pressed": String(memory.follow), onclick: () => this.followSlider(!memory.follow) });
    this.element = h("div", { class: "lesson" },
      h("aside", {}, h("nav", { class: "panel", "aria-label": "stops of the lesson" }, this.list, this.done,
        h("p", { class: "stop-keys" }, h("kbd", {}, "←"), " ", h("kbd", {}, "→"), " go from stop to stop"))),
      h("article", {}, h("header", { class: "opening" },
        h("h1", {}, "Forward and backward, with every number in sight"),
        h("p", {}, "The lecture in twelve stops. Each has its equation, the same line in NumPy, and the numbers of a small network that is ",
          "really there. At each stop you can predict what comes out; you need not, everything can be read from top to bottom."),
        h("div", { class: "reading-mode" }, this.predict, this.follow), this.foreign), this.article));
  }

  close() {
    clearTimeout(this.timer);
    this.observer?.disconnect();
    this.stops.forEach((one) => one.close());
  }

  // ---- whose numbers ----

  get step() { return memory.follow ? here.step : here.now.first; }

  heard({ changed }) {
    if (changed.has("begun")) this.soon();
    else if (changed.has("step") && memory.follow) this.soon();
    this.sayWhose();
    if (changed.size === 0) this.stops.forEach((one) => one.recolour());
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(), WAIT);
  }

  async load() {
    const step = this.step, asked = (this.asked = {});
    try {
      const found = await ask("lesson", { step });
      if (asked === this.asked && JSON.stringify(found) !== JSON.stringify(this.found)) this.show(found);
    } catch (problem) { trouble(problem); }
    this.sayWhose();
  }

  followSlider(yes) {
    memory.follow = yes;
    this.follow.setAttribute("aria-pressed", String(yes));
    return this.load();
  }

  sayWhose() {
    fill(this.follow, `Numbers of the slider's step (${here.step.toLocaleString("en")})`);
    this.follow.hidden = !this.found || !this.found.own || here.now.head === here.now.first;
  }

  // ---- the stops ----

  show(found) {
    const focus = document.activeElement?.dataset?.key;
    this.found = found;
    this.close();
    this.stops = found.stops.map((stop, k) => stopOf(stop, k, found, () => this.progress(), (where) => this.onward(where)));
    fill(this.list, found.stops.map((stop, k) => h("li", {}, h("a", { href: `#lesson/${stop.name}` }, h("span", { class: "stop-number" }, k + 1), h("span", {}, stop.short)))));
    fill(this.article, this.stops.map((one) => one.element));
    this.stops.forEach((one) => one.shown?.());
    fill(this.foreign, found.own ? [] : ["Another network lies on the table. These are the numbers of the lecture's own example before its first step. ",
      live && h("button", { onclick: () => this.open() }, "Put the lecture's example on the table")]);
    this.watch();
    this.progress();
    if (focus) this.article.querySelector(`[data-key="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
  }

  async open() {
    try {
      const now = await ask("open", { name: "lesson" });
      go({ now, step: now.head, following: true });
    } catch (problem) { trouble(problem); }
  }

  async onward({ line, slopes }) {
    if (slopes) { location.hash = `#slopes/${slopes.join("/")}`; return; }
    if (!this.found.own && live) await this.open();
    go({ line, ...(this.found.own ? { step: this.found.step, following: false } : {}) });
    location.hash = "#step";
  }

  hide(yes) {
    memory.predict = yes;
    this.predict.setAttribute("aria-pressed", String(yes));
    this.stops.forEach((one) => one.refresh());
  }

  progress() {
    const answered = this.stops.filter((one) => one.answered).length;
    this.stops.forEach((one, k) => this.list.children[k].classList.toggle("answered", one.answered));
    fill(this.done, answered ? `${answered} of ${this.stops.length} predicted` : "");
  }

  // ---- where the reader is ----

  watch() {
    this.observer?.disconnect();
    this.observer = new IntersectionObserver((seen) => {
      for (const one of seen) if (one.isIntersecting) this.mark(one.target.dataset.stop);
    }, { rootMargin: "-15% 0px -75% 0px" });
    this.stops.forEach((one) => this.observer.observe(one.element));
    this.mark(this.found.stops[0].name);
  }

  mark(name) {
    this.at = this.found.stops.findIndex((one) => one.name === name);
    [...this.list.children].forEach((one, k) => {
      if (k === this.at) one.firstChild.setAttribute("aria-current", "step");
      else one.firstChild.removeAttribute("aria-current");
    });
  }

  /** Go where the address says: #lesson/cost. */
  arrive() {
    const [name, stop] = decodeURIComponent(location.hash.slice(1)).split("/");
    if (name === view.name && stop) this.stops.find((one) => one.name === stop)?.focus();
  }

  key(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by || event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, select, textarea, [role=grid], .scroller, pre")) return;
    const next = this.stops[this.at + by];
    if (!next) return;
    event.preventDefault();
    this.mark(next.name);
    next.focus();
  }
}
