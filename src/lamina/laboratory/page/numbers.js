// Every array of the step in a table: the plainest view of all.

import { h, fill, short, table } from "lab/dom.js";
import { here } from "lab/here.js";
import { ask, on } from "lab/talk.js";
import { trouble } from "lab/notes.js";

export const view = { name: "numbers", title: "All numbers", mount };

function mount(root) {
  const place = h("section", { class: "panel" });
  root.append(place);
  let busy = false, again = false;
  /** Ask for the step that is looked at; while an answer is on its way, only the last question waits. */
  const show = async () => {
    if (busy) { again = true; return; }
    busy = true;
    const asked = here.step;
    try {
      const found = await ask("trace", { step: asked, edits: here.edits });
      const broken = found.arrays.some((one) => one.not_finite); // the statistics are those of the other numbers
      fill(place, h("h2", {}, `Step ${asked.toLocaleString("en")}`), table([
        ["array", "shape", "axes", "mean", "spread", "norm", ...(broken ? ["not finite"] : [])],
        ...found.arrays.map((one) => [one.name, one.shape.join(" × ") || "one number", one.axes.join(" × "), ...["mean", "spread", "norm"].map((key) => (one[key] === "NaN" && one.size === 1 && key !== "mean" ? "" : short(one[key]))), ...(broken ? [one.not_finite ? `${one.not_finite} of ${one.size}` : ""] : [])]),
      ], found.heading));
    } catch (problem) { trouble(problem); }
    busy = false;
    if (again) { again = false; show(); }
  };
  show();
  return on("here", ({ changed }) => { if (changed.has("step") || changed.has("edits") || changed.has("begun")) show(); });
}
