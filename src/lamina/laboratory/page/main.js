// The shell of the page: heading, tabs, the current view, the bar.

import { h, fill } from "lab/dom.js";
import { bar } from "lab/bar.js";
import { go, here } from "lab/here.js";
import { homeButton, LINK, openLink } from "lab/home.js";
import { recordedLine } from "lab/recorded.js";
import { channel, connect, on } from "lab/talk.js";
import { note } from "lab/notes.js";
import { VIEWS } from "lab/views.js";

const root = document.documentElement;
root.dataset.channel = channel;
const remembered = remember("theme");
if (remembered) root.dataset.theme = remembered;

const stage = h("main", { id: "stage", tabindex: "-1" });
const tabs = h("nav", { class: "tabs", "aria-label": "views" }, VIEWS.map((one) =>
  h("a", { href: `#${one.name}`, "data-view": one.name }, one.title)));
const line = h("span", { class: "line", role: "status" });
const theme = h("button", { class: "theme", "aria-label": "dark or light", title: "dark or light", onclick: switchTheme }, "◐");
const time = bar();

document.body.prepend(
  h("a", { class: "skip", href: "#stage", onclick: (event) => { event.preventDefault(); stage.focus(); } }, "to the view"),
  h("header", {}, h("h1", { class: "brand" }, "lamina ", h("b", {}, "lab")), tabs, line, homeButton(), theme),
  recordedLine(), stage, time.element);

let leave = null;
function show() {
  const name = decodeURIComponent(location.hash.slice(1).split("/")[0]);
  const view = VIEWS.find((one) => one.name === name) || VIEWS[0];
  if (view.name === here.view) return;
  if (leave) leave();
  for (const one of tabs.children) one.toggleAttribute("aria-current", one.dataset.view === view.name);
  for (const one of tabs.children) if (one.hasAttribute("aria-current")) one.setAttribute("aria-current", "page");
  document.title = `${view.title} · lamina lab`;
  fill(stage);
  stage.dataset.view = view.name;
  time.element.hidden = Boolean(view.timeless);
  go({ view: view.name });
  leave = view.mount(stage) || null;
}
if (channel === "notebook") {  // a link within a frame that was written, not loaded, would lead to the page around it
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (!link || event.defaultPrevented) return;
    event.preventDefault();
    location.hash = link.getAttribute("href");
  });
}
globalThis.addEventListener("hashchange", () => (location.hash.startsWith(LINK) ? openLink() : show()));

function switchTheme() {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  remember("theme", root.dataset.theme);
  go({});
}

/** What this browser remembers of the lab; nothing where it may not. */
function remember(name, value) {
  try {
    if (value !== undefined) localStorage.setItem(`lamina-${name}`, value);
    return localStorage.getItem(`lamina-${name}`);
  } catch { return null; }
}

on("connected", () => { line.textContent = ""; });
on("lost", (why) => { line.textContent = why; });
on("trouble", (text) => note(text, "trouble"));

const first = on("now", () => { first(); show(); openLink(); });
connect();
