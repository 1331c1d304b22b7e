// The health of each layer over time, and what the diagnosis says of the run, with the setting that would mend it.

import { behind, h, fill, short, svg, table } from "lab/dom.js";
import { here } from "lab/here.js";
import { ask, live } from "lab/talk.js";
import { trouble } from "lab/notes.js";

const SIGNS = [["dead", "dead units", "share"], ["saturated", "saturated", "share"], ["gradient", "size of dW", "log"], ["update", "|ΔW| / |W|", "log"], ["weight", "size of W", "log"]];
const WIDTH = 60, HEIGHT = 20;

export function health(lab) {
  const strip = h("div", { class: "strip" }), findings = h("div", { class: "findings", "aria-live": "polite" });
  const numbers = behind("the strip as a table", () => h("div", { class: "numbers" }));
  numbers.addEventListener("toggle", () => tell());
  const element = h("section", { class: "panel health-panel", "aria-label": "health" }, h("h2", {}, "Health"), strip, findings, numbers);
  const open = new Set();
  let found = null, busy = false, again = false, said = "";

  async function follow() {
    if (busy) { again = true; return; }
    busy = true;
    do {
      again = false;
      try { found = await ask("health", { step: Math.min(here.step, here.now.head) }); draw(); } catch (problem) { trouble(problem); }
    } while (again);
    busy = false;
  }

  function draw() {
    const sick = new Map();
    for (const one of found.findings) if (one.layer) sick.set(one.layer, [...(sick.get(one.layer) || []), one]);
    fill(strip, h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "layer"), h("th", { scope: "col" }, "state"), SIGNS.map(([, name]) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, found.layers.map((layer) => h("tr", {}, h("th", { scope: "row" }, String(layer.layer)), h("td", {}, light(sick.get(layer.layer))),
        SIGNS.map(([sign, name, kind]) => h("td", {}, spark(layer[sign], kind, `${name} of layer ${layer.layer}`))))))));
    const text = JSON.stringify(found.findings.length ? found.findings.map((one) => [one.name, one.since, one.seen, one.remedies]) : found.step);
    if (text !== said) { said = text; tellFindings(); }
    tell();
  }

  function light(list) {
    if (!list) return h("span", { class: "light good", role: "img", "aria-label": "healthy", title: "healthy" }, "●");
    return h("button", { class: `light ${list[0].severity}`, "aria-label": list[0].name.replaceAll("_", " "), title: list.map((one) => one.name.replaceAll("_", " ")).join(", "), onclick: () => { open.add(list[0].name); said = ""; draw(); findings.querySelector(`[data-finding="${list[0].name}"]`)?.scrollIntoView({ block: "nearest" }); } },
      "▲");
  }

  function tellFindings() {
    if (!found.findings.length) { fill(findings, h("p", { class: "soft" }, found.steps.length < 2 ? "Train, and what goes wrong is said here." : `Up to step ${found.step.toLocaleString("en")} nothing is wrong with this run.`)); return; }
    fill(findings, found.findings.map((one) => {
      const details = h("details", { class: `finding ${one.severity}`, "data-finding": one.name, open: open.has(one.name) || open.size === 0 && one === found.findings[0] },
        h("summary", {}, h("b", {}, one.name.replaceAll("_", " ")), h("span", { class: "soft" }, ` ${one.severity}, since step ${one.since.toLocaleString("en")}${one.layer ? `, layer ${one.layer}` : ""}`)),
        h("p", {}, one.seen), one.cause && h("p", {}, one.cause), h("p", {}, one.advice),
        live && one.remedies.length ? h("p", { class: "buttons" }, one.remedies.map((remedy) => h("button", { onclick: () => lab.change("change", { settings: { [remedy.setting]: remedy.value } }) }, remedy.text))) : null,
        evidence(one.evidence));
      details.addEventListener("toggle", () => { if (details.open) open.add(one.name); else open.delete(one.name); });
      return details;
    }));
  }

  function tell() {
    const box = numbers.querySelector(".numbers");
    if (!numbers.open || !box || !found) return;
    fill(box, table([["layer", ...SIGNS.map(([, name]) => name)], ...found.layers.map((layer) => [layer.layer, ...SIGNS.map(([sign]) => short(layer[sign].at(-1)))])], `vital signs at step ${found.step}`));
  }

  return { element, follow };
}

function evidence(values) {
  const rows = Object.entries(values || {}).filter(([, value]) => typeof value === "number");
  return rows.length ? h("p", { class: "soft" }, "Evidence: ", rows.map(([name, value]) => `${name} ${short(value, 3)}`).join(", ")) : null;
}

/** A small line over time with its last value; on a scale of shares, or of powers of ten. */
function spark(values, kind, name) {
  const there = values.map((value, k) => [k, value]).filter(([, value]) => typeof value === "number" && (kind === "share" || value > 0));
  const last = values.at(-1);
  if (!there.length) return h("span", { class: "soft" }, "–");
  const scale = kind === "share" ? (v) => v : Math.log10;
  const [low, high] = kind === "share" ? [0, 1] : [Math.min(...there.map(([, v]) => scale(v))) - .15, Math.max(...there.map(([, v]) => scale(v))) + .15];
  const points = there.map(([k, v]) => [(k / Math.max(1, values.length - 1)) * WIDTH, HEIGHT - 2 - ((scale(v) - low) / (high - low)) * (HEIGHT - 4)].map((x) => x.toFixed(1)).join(","));
  return h("span", { class: "spark", title: name }, svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${name}: ${short(last, 3)}` },
    svg("polyline", { points: points.join(" "), fill: "none" })), h("span", { class: "spark-value" }, kind === "share" && typeof last === "number" ? `${Math.round(100 * last)} %` : short(last, 2)));
}
