// What is taken home: the step as a script in three dialects, the state of the lab as a file or a link.

import { fill, h } from "lab/dom.js";
import { go, here } from "lab/here.js";
import { note } from "lab/notes.js";
import { ask, channel, live } from "lab/talk.js";

const DIALECTS = [
  ["course", "the course's functions", "In the functions of the assignments. Put your own in their place, and the numbers stay."],
  ["lamina", "lamina", "With the library: the very bits of the page."],
  ["numpy", "plain NumPy", "Everything written out; it needs nothing but NumPy."],
];
export const LINK = "#open/"; // what stands before a state within an address
const LONGEST_LINK = 8000;

const said = h("output", { class: "said", role: "status" });
let dialect = "lamina";

/** Say something in the dialog, which lies above all else, or beside the page. */
function say(text, kind = "said") {
  if (!said.isConnected) { note(text, kind); return; }
  fill(said, text);
  said.dataset.kind = kind;
}

const trouble = (problem) => say(problem.message || String(problem), "trouble");

export function homeButton() {
  return h("button", { class: "home", title: "take this step home: as Python, as a file, as a link", onclick: open }, "Take home");
}

function open() {
  const code = h("pre", { class: "script", tabindex: "0", role: "region", "aria-label": "script" });
  const about = h("p", { class: "about" }), files = h("div", { class: "files" });
  const copy = h("button", { class: "main", onclick: () => copyText(code.textContent, "The script is copied.") }, "copy");
  const save = h("button", { onclick: () => download(`step_${here.step}.py`, code.textContent, "text/x-python") }, "save as a file");
  const tabs = h("div", { class: "dialects", role: "group", "aria-label": "dialect" });
  const dialog = h("dialog", { class: "home-dialog", "aria-labelledby": "home-title" },
    h("div", { class: "top" }, h("h2", { id: "home-title" }, `Step ${here.step.toLocaleString("en")} as Python`),
      h("button", { class: "close", "aria-label": "close", onclick: () => dialog.close() }, "×")),
    tabs, about, code, h("div", { class: "row" }, copy, save, files), states(() => dialog.close()), said);
  fill(said);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();

  async function show() {
    fill(tabs, DIALECTS.map(([name, title]) => h("button", { "aria-pressed": String(name === dialect), "data-dialect": name, onclick: () => { dialect = name; show(); } }, title)));
    fill(about, DIALECTS.find(([name]) => name === dialect)[2]);
    for (const one of [copy, save]) one.disabled = true;
    fill(files);
    const wanted = dialect;
    try {
      const found = await ask("python", { step: here.step, dialect, edits: here.edits });
      if (wanted !== dialect) return;
      fill(code, coloured(found.code));
      code.scrollTop = 0;
      for (const one of [copy, save]) one.disabled = false;
      fill(files, Object.entries(found.files).map(([name, content]) =>
        h("span", {}, "It reads ", h("button", { onclick: () => download(name, bytes(content), "application/octet-stream") }, `save ${name}`), " from the folder it runs in.")));
    } catch (problem) { if (wanted === dialect) fill(code, h("span", { class: "missing" }, problem.message)); }
  }
  show();
}

// ---- the state ----

function states(close) {
  const input = h("input", { type: "file", accept: ".json,application/json", "aria-label": "a state of the lab", onchange: () => read(input.files[0], close) });
  return h("section", { class: "state" }, h("h3", {}, "Where the lab stands"),
    h("p", {}, "Rows, settings, step and what was changed by hand. Opened again, it gives the same bits: ", h("code", {}, "lamina lab lab_state.json"), "."),
    h("div", { class: "row" },
      h("button", { onclick: async () => { const state = await snapshot(); if (state) download("lab_state.json", JSON.stringify(state, null, 1), "application/json"); } }, "save the state"),
      h("button", { onclick: copyLink }, "copy a link"),
      live ? h("label", { class: "open" }, "open a state ", input) : h("span", { class: "muted" }, "To open it, the engine is needed.")));
}

async function snapshot() {
  try {
    return await ask("snapshot", { step: here.step, edits: here.edits, looks: live ? { view: here.view, line: here.line, example: here.example } : null });
  } catch (problem) { trouble(problem); return null; }
}

async function copyLink() {
  const state = await snapshot();
  if (!state) return;
  const packed = btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(state)))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  if (packed.length > LONGEST_LINK) say("This state brings its parameters and is too long for a link: save it as a file.", "trouble");
  else copyText(`${channel === "server" ? location.href.split("#")[0] : ""}${LINK}${packed}`, "The link is copied. It opens with: lamina lab \"LINK\"");
}

async function read(file, close) {
  if (!file) return;
  try {
    let state;
    try { state = JSON.parse(await file.text()); } catch { throw new Error(`${file.name} is no state of the lab: it is no JSON.`); }
    await openState(state);
    close();
    note(`Opened: step ${here.step.toLocaleString("en")}.`);
  } catch (problem) { trouble(problem); }
}

/** Put the lab where a state says, and look where it says. */
async function openState(state) {
  const { now, step, edits, view, line, example } = await ask("open_snapshot", { state });
  go({ now, step, following: step === now.head, line: line ?? 0, example: example ?? 0 });
  if (edits.length) go({ edits });
  if (view && view !== here.view) location.hash = view;
}

/** Open the state that stands in the address, if one does. */
export async function openLink() {
  if (!location.hash.startsWith(LINK)) return;
  const packed = location.hash.slice(LINK.length).replaceAll("-", "+").replaceAll("_", "/");
  history.replaceState(null, "", location.href.split("#")[0]);
  try {
    let state;
    try { state = JSON.parse(new TextDecoder().decode(bytes(packed))); } catch { throw new Error("This link holds no state of the lab: was it copied whole?"); }
    await openState(state);
  } catch (problem) { trouble(problem); }
}

// ---- text and files ----

const bytes = (base64) => Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));

function download(name, content, type) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

async function copyText(text, done) {
  try { await navigator.clipboard.writeText(text); } catch { if (!copiedByHand(text)) { say("This browser does not let the page copy: mark the text, and copy it.", "trouble"); return; } }
  say(done);
}

/** The older way, where the newer one is not allowed: in a frame of a notebook. */
function copiedByHand(text) {
  const area = h("textarea", { class: "skip", "aria-hidden": "true" }, text), place = document.querySelector("dialog[open]") || document.body;
  place.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

const PYTHON = /("""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|(#.*)|\b(import|from|def|return|for|in|if|else|lambda|and|or|not|None|True|False|as|with)\b/g;

/** Python in colours: text, comments, words of the language. */
function coloured(code) {
  const parts = [];
  let at = 0;
  for (const found of code.matchAll(PYTHON)) {
    parts.push(code.slice(at, found.index), h("span", { class: found[1] ? "text" : found[2] ? "comment" : "word" }, found[0]));
    at = found.index + found[0].length;
  }
  return [...parts, code.slice(at)];
}
