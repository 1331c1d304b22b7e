// Sentences for people: what went wrong, what just happened. They are read aloud by screen readers.

import { h } from "lab/dom.js";

const place = h("div", { class: "notes", role: "status", "aria-live": "polite" });
document.body.append(place);

/** Say something; returns how to take it back. */
export function note(text, kind = "said") {
  for (const one of place.children) if (one.dataset.text === text) return () => one.remove();
  const line = h("div", { class: `note ${kind}`, "data-text": text }, h("span", {}, text),
    h("button", { "aria-label": "dismiss", onclick: () => line.remove() }, "×"));
  place.append(line);
  if (place.children.length > 4) place.firstChild.remove();
  if (kind === "said") setTimeout(() => line.remove(), 6000);
  return () => line.remove();
}

export const trouble = (problem) => note(problem.message || String(problem), "trouble");
