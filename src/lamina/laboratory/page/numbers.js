// Every array of the step in a table: the plainest view of all.

import { h, fill, short, table } from "lab/dom.js";
import { here } from "lab/here.js";
import { ask, on } from "lab/talk.js";
import { trouble } from "lab/notes.js";

export const view = { name: "numbers", title: "All numbers", mount };

function mount(root) {
  const place = h("section", { class: "panel" });
  root.append(place);
  const show = async () => {
    const asked = here.step;
    try {
      const found = await ask("trace", { step: asked, edits: here.edits });
      if (asked !== here.step) return;
      fill(place, h("h2", {}, `Step ${asked.toLocaleString("en")}`), table([
        ["array", "shape", "axes", "mean", "spread", "norm"],
        ...found.arrays.map((one) => [one.name, one.shape.join(" × ") || "one number", one.axes.join(" × "), ...["mean", "spread", "norm"].map((key) => (one[key] === "NaN" ? "" : short(one[key])))]),
      ], found.heading));
    } catch (problem) { trouble(problem); }
  };
  show();
  return on("here", ({ changed }) => { if (changed.has("step") || changed.has("edits")) show(); });
}
