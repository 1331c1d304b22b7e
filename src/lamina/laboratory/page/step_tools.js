// The row above the equation: where one is, one example or the whole batch, the way back from changed numbers.

import { h, fill } from "lab/dom.js";

/** `to` is what the buttons do: {alone(value), example(by), back()}. The buttons stay, so that the keyboard stays on them. */
export function toolRow(to) {
  const where = h("span", { class: "part" });
  const alone = h("button", { onclick: () => to.alone(true) }, "one example");
  const batch = h("button", { onclick: () => to.alone(false) }, "whole batch");
  const which = h("output", {});
  const example = h("span", { class: "choice" }, h("button", { "aria-label": "example before", onclick: () => to.example(-1) }, "‹"), which,
    h("button", { "aria-label": "next example", onclick: () => to.example(1) }, "›"));
  const back = h("button", { class: "back", onclick: to.back });
  const keys = h("span", { class: "keys" }, h("kbd", {}, "←"), h("kbd", {}, "→"), " lines ", h("kbd", {}, "↑"), h("kbd", {}, "↓"), " steps");
  return {
    element: h("div", { class: "tools" }, where, h("span", { class: "choice", role: "group", "aria-label": "how much is drawn" }, alone, batch), example, back, keys),
    draw(state) {
      fill(where, `step ${state.step.toLocaleString("en")} · ${state.part} · line ${state.line + 1} of ${state.lines}`);
      alone.setAttribute("aria-pressed", String(state.alone));
      batch.setAttribute("aria-pressed", String(!state.alone));
      example.hidden = !state.alone;
      fill(which, `example ${state.example} of ${state.m.toLocaleString("en")}`);
      back.hidden = state.edits === 0;
      fill(back, `put back ${state.edits} number${state.edits > 1 ? "s" : ""}`);
    },
  };
}
