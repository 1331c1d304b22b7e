// Recorded answers within the page: what a course site shows without an engine. They are packed by step, and unpacked
// when they are asked for first.

import { h } from "lab/dom.js";

const element = document.getElementById("recorded");

/** What was recorded: {steps, title, seeds, packed}; null where there is an engine. */
export const recorded = element ? JSON.parse(element.textContent) : null;
if (element) element.remove();

const groups = new Map();

/** The recorded step that a move from one step to another leads to: at least as far, where there is one. */
export function recordedStep(to, from) {
  const { steps } = recorded;
  if (to > from) return steps.find((one) => one >= to) ?? steps.at(-1);
  return to < from ? steps.findLast((one) => one <= to) ?? steps[0] : from;
}

/** What is said above the views where there is no engine; nothing where there is one. */
export function recordedLine() {
  if (!recorded) return "";
  const last = recorded.steps.at(-1).toLocaleString("en");
  return h("p", { class: "recorded-line" }, `Recorded: ${recorded.steps.length} of the steps 0 to ${last}, with the numbers of the engine. To train, to change numbers, and for rows of your own: `,
    h("code", {}, "pip install 'lamina[lab]'"), ", then ", h("code", {}, "lamina lab"), ".");
}

/** The same text for the same question: names in order, and nothing of what is left out. */
export function key(name, args) {
  const given = Object.entries(args).filter(([, one]) => one !== undefined && one !== null && !(Array.isArray(one) && !one.length));
  return `${name} ${JSON.stringify(Object.fromEntries(given.sort(([a], [b]) => (a < b ? -1 : 1))))}`;
}

async function unpacked(group) {
  const packed = recorded.packed[group];
  if (!packed) return {};
  const bytes = Uint8Array.from(atob(packed), (one) => one.charCodeAt(0));
  const text = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  return JSON.parse(text);
}

export async function askRecorded(name, args = {}) {
  const question = "seed" in args ? { ...args, seed: args.seed % recorded.seeds } : args;
  const group = "step" in question ? String(question.step) : "";
  if (!groups.has(group)) groups.set(group, unpacked(group));
  const found = (await groups.get(group))[key(name, question)];
  if (found === undefined || found.error) throw new Error(found ? found.error : recorded.missing);
  return structuredClone(found.answer);
}
