// The training, to be watched and touched: rows, network, answers over a plane, curves, settings, health.

import { h } from "lab/dom.js";
import { here, go } from "lab/here.js";
import { ask, emit, live, on } from "lab/talk.js";
import { note, trouble } from "lab/notes.js";
import { curves } from "lab/train_curves.js";
import { health } from "lab/train_health.js";
import { network } from "lab/train_network.js";
import { rows } from "lab/train_rows.js";
import { settings } from "lab/train_settings.js";
import { surface } from "lab/train_surface.js";
import { unit } from "lab/train_unit.js";

export const view = { name: "train", title: "Train", mount };

const MS_BETWEEN = { curves: 250, health: 900 }; // while it trains

function mount(root) {
  const look = { columns: null, unit: null, plane: null, frame: null, overview: null }; // what this view looks at
  const parts = {};
  const lab = { look, change, changed, refresh, choose, columns };
  Object.assign(parts, {
    rows: rows(lab), settings: settings(lab), network: network(lab), unit: unit(lab),
    surface: surface(lab), curves: curves(lab), health: health(lab),
  });
  root.append(h("div", { class: "train" },
    parts.rows.element,
    h("div", { class: "train-left" }, parts.settings.element),
    h("div", { class: "train-middle" }, parts.network.element, parts.unit.element, parts.surface.pixels, parts.health.element),
    h("div", { class: "train-right" }, parts.surface.element, parts.curves.element)));

  let alive = true, busy = false, stale = true, drawn = null;
  const counts = {};
  const last = { curves: 0, health: 0 };
  const later = {};

  /** Ask for the picture of the step that is looked at; while one is on its way, the next one waits. */
  async function pump() {
    if (busy) return;
    busy = true;
    while (alive && stale) {
      stale = false;
      const moving = here.following && here.now.running && !here.edits.length;
      try {
        const found = await ask("frame", { ...(moving ? {} : { step: here.step }), ...(look.columns && { columns: look.columns }), ...(here.edits.length && { edits: here.edits }) });
        look.frame = found;
      } catch (problem) { trouble(problem); }
    }
    busy = false;
  }

  function draw() {
    if (!alive) return;
    if (look.frame && look.frame !== drawn && look.plane && look.overview) {
      drawn = look.frame;
      parts.network.draw(drawn);
      parts.surface.draw(drawn);
      parts.unit.step(drawn.step);
    }
    emit("drawn", drawn);
    requestAnimationFrame(draw);
  }

  /** Let a part that is asked for less often follow: at once where nothing moves, else now and then. */
  function follow(name) {
    const wait = here.now.running ? Math.max(0, last[name] + MS_BETWEEN[name] - performance.now()) : 0;
    clearTimeout(later[name]);
    later[name] = setTimeout(() => {
      last[name] = performance.now();
      if (alive) parts[name].follow();
    }, wait);
  }

  function columns(names) {
    look.columns = names;
    refresh();
  }

  /** Ask again for all that changes only with rows, network and settings. */
  async function refresh() {
    try {
      const [overview, plane] = await Promise.all([ask("overview"), ask("plane", look.columns ? { columns: look.columns } : {})]);
      if (!alive) return;
      const other = look.overview && JSON.stringify(look.overview.network.shapes) !== JSON.stringify(overview.network.shapes);
      Object.assign(look, { overview, plane });
      if (other && look.unit && !fits(look.unit, overview)) choose(null);
      parts.rows.show();
      parts.settings.show();
      parts.network.show();
      parts.surface.show();
      drawn = null;
      stale = true;
      pump();
      follow("curves");
      follow("health");
    } catch (problem) {
      if (look.columns) { look.columns = null; refresh(); }
      trouble(problem);
    }
  }

  const fits = ([layer, k], overview) => (overview.network.shapes[`W${layer}`] || [0])[0] >= k;

  /** Look at one unit: [layer, unit], or none. */
  function choose(chosen) {
    look.unit = chosen;
    parts.unit.show();
    parts.network.mark();
  }

  /** Change something by a question; from the step that is looked at, where that is not the newest. */
  async function change(question, args) {
    const back = !here.following && here.step < here.now.head;
    try {
      const answer = await ask(question, { ...args, ...(back && { at: here.step }) });
      const now = answer.now || answer;
      if (answer.goes_on === false) note("Another network: the training starts again from step 0.");
      else if (back) note(`The training goes on from step ${now.head.toLocaleString("en")}; the steps after it are gone.`);
      go({ now, step: now.head, following: true });
      return true;
    } catch (problem) {
      trouble(problem);
      return false;
    }
  }

  function changed(now) {
    const found = ["rows", "settings", "start"].filter((name) => counts[name] !== now.counts[name]);
    const other = counts.recording !== now.counts.recording;
    Object.assign(counts, now.counts);
    if (found.includes("rows")) { look.columns = null; choose(null); }
    if (found.length) refresh();
    return found.length > 0 || other;
  }

  const leaveHere = on("here", ({ changed: names }) => {
    const other = names.has("now") && changed(here.now);
    if (!look.overview) return;
    if (names.has("step") || names.has("edits") || other) {
      stale = true;
      pump();
      follow("curves");
      follow("health");
    }
    if (!names.size) recolour();
  });
  /** Draw everything again: in other colours, dark or light, or in another size. */
  function recolour() {
    if (!look.plane) return;
    for (const part of [parts.surface, parts.network, parts.curves, parts.unit]) part.show();
    drawn = null;
  }
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", recolour);
  document.addEventListener("keydown", keys);
  const resized = new ResizeObserver(recolour);
  resized.observe(root);

  Object.assign(counts, here.now.counts);
  refresh();
  requestAnimationFrame(draw);
  return () => {
    alive = false;
    leaveHere();
    resized.disconnect();
    scheme.removeEventListener("change", recolour);
    parts.curves.leave();
    document.removeEventListener("keydown", keys);
  };
}

/** Arrow keys go one step back and forward, where nothing else takes them. */
function keys(event) {
  const taken = event.target.closest("input, select, textarea, button, a, summary, [data-arrows]");
  if (taken || event.altKey || event.ctrlKey || event.metaKey) return;
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (by && (live || by < 0)) { event.preventDefault(); emit("move", by); }
}
