// Where this page looks: which step, which line, which example, which numbers were changed by hand. Each tab has its own.

import { recorded, recordedStep } from "lab/recorded.js";
import { emit, on } from "lab/talk.js";

export const here = {
  step: 0, // the step that is looked at
  following: true, // whether it goes along with the training
  line: 0, // the current line of the stepper
  example: 0,
  edits: [], // [name, row, column, value]
  view: "",
  begun: null, // how often recorded steps gave way to others: with another number here, every number is to be asked again
  now: null, // where the engine stands: first, head, running, finished, record, counts
};

/** Look elsewhere: `go({step: 3})`; every view hears "here" with what changed. */
export function go(change) {
  if (recorded && "step" in change) change = { ...change, step: recordedStep(change.step, here.step) };
  if (change.now) change = { ...change, begun: change.now.counts.begun };
  const moved = "step" in change && change.step !== here.step;
  const other = change.now && here.now && change.now.counts.start !== here.now.counts.start; // perhaps another network
  if ((moved || other) && !("edits" in change)) change = { ...change, edits: [] };
  const before = { ...here };
  Object.assign(here, change);
  emit("here", { before, changed: new Set(Object.keys(change).filter((name) => before[name] !== here[name])) });
}

on("now", (now) => {
  if (now.counts.begun < here.begun) return; // sent before what this page has heard already
  const change = { now };
  if (recorded && !here.now) Object.assign(change, { step: recorded.steps[0], following: false });
  else if (here.following || !here.now) change.step = now.head;
  else change.step = Math.min(Math.max(here.step, now.first), now.head);
  go(change);
});
