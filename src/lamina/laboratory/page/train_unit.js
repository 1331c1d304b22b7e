// One unit: its row of W and its b, what it gives for the rows, and where on the plane it answers.

import { h, fill, math, short, table } from "lab/dom.js";
import { sized } from "lab/colours.js";
import { unpack } from "lab/typed.js";
import { ask } from "lab/talk.js";
import { here } from "lab/here.js";
import { paint } from "lab/train_surface.js";

const MS_BETWEEN = 120, MOST_WEIGHTS = 14;

export function unit(lab) {
  const element = h("section", { class: "panel unit-panel", hidden: true, "aria-label": "unit", "aria-live": "off" });
  const parts = h("div", {}), box = h("div", {}), details = h("details", { class: "behind", ontoggle: () => tell() }, h("summary", {}, "all of its numbers"), box);
  element.append(parts, details);
  let asked = null, at = 0, later = 0, last = null;

  function show() {
    element.hidden = !lab.look.unit;
    asked = null;
    if (lab.look.unit) follow();
  }

  function step() {
    if (!lab.look.unit) return;
    clearTimeout(later);
    later = setTimeout(follow, here.now.running ? Math.max(0, at + MS_BETWEEN - performance.now()) : 0);
  }

  async function follow() {
    const [layer, number] = lab.look.unit || [];
    if (!layer) return;
    const question = { step: here.step, layer, unit: number, ...(lab.look.columns && { columns: lab.look.columns }), ...(here.edits.length && { edits: here.edits }) };
    const key = JSON.stringify(question);
    if (key === asked) return;
    asked = key;
    at = performance.now();
    try {
      const found = await ask("unit", question);
      if (asked === key) draw(found);
    } catch (problem) {
      last = null;
      details.hidden = true;
      fill(parts, heading(layer, number, number), h("p", { class: "soft" }, problem.message));
    }
  }

  function draw(found) {
    const { layer, unit: number } = found, order = (found.w || []).map((w, k) => k).sort((a, b) => Math.abs(found.w[b]) - Math.abs(found.w[a]));
    const largest = found.w ? Math.max(...found.w.map(Math.abs), 1e-300) : 1;
    last = found;
    details.hidden = false;
    fill(parts,
      heading(layer, number, found.units),
      h("div", { class: "unit-equation" }, math(`z^{[${layer}]}_{${number}} = \\textstyle\\sum_k w^{[${layer}]}_{${number}k}\\, a^{[${layer - 1}]}_k + b^{[${layer}]}_{${number}}${layerOut(found)}`)),
      h("div", { class: "unit-parts" },
        h("div", {}, h("h3", {}, `row ${number} of W${layer}`),
          h("div", { class: "bars", role: "list" }, order.slice(0, MOST_WEIGHTS).map((k) => bar(found.from[k], found.w[k], largest)),
            order.length > MOST_WEIGHTS ? h("p", { class: "soft" }, `and ${order.length - MOST_WEIGHTS} smaller ones`) : null, bar("b", found.b, largest))),
        h("div", {}, h("h3", {}, "over the plane"), response(found), h("p", { class: "soft" }, `from ${short(found.surface.low, 3)} to ${short(found.surface.high, 3)}`)),
        h("div", {}, h("h3", {}, `for ${found.outputs.n.toLocaleString("en")} rows`), histogram(found.outputs), h("p", { class: "soft" }, `mean ${short(found.mean, 4)}`))));
    tell();
  }

  const heading = (layer, number, units) => h("div", { class: "heading" }, h("h2", {}, `Unit ${number} of layer ${layer}`),
    h("button", { "aria-label": "previous unit", disabled: number <= 1, onclick: () => lab.choose([layer, number - 1]) }, "‹"),
    h("button", { "aria-label": "next unit", disabled: number >= units, onclick: () => lab.choose([layer, number + 1]) }, "›"),
    h("button", { "aria-label": "close", onclick: () => lab.choose(null) }, "×"));

  function tell() {
    if (!details.open || !last) return;
    fill(box, table([["from", "w"], ...(last.w || []).map((w, k) => [last.from[k], short(w, 6)]), ["b", short(last.b, 6)]], `row ${last.unit} of W${last.layer}`));
  }

  return { element, show, step };
}

const layerOut = ({ layer, unit, function: name }) => `,\\quad a^{[${layer}]}_{${unit}} = \\mathrm{${name.replaceAll("_", "\\_")}}(z^{[${layer}]}_{${unit}})`;

function bar(name, value, largest) {
  const share = Math.min(1, Math.abs(value) / largest) * 50;
  return h("div", { class: "bar-row", role: "listitem" }, h("span", { class: "bar-name", title: name }, name),
    h("span", { class: "bar-line" }, h("i", { class: value < 0 ? "negative" : "positive", style: { left: `${value < 0 ? 50 - share : 50}%`, width: `${share}%` } })),
    h("span", { class: "bar-value" }, short(value, 4)));
}

function response(found) {
  const values = unpack(found.surface.values), res = found.surface.values.shape[0], fine = 3, side = (res - 1) * fine;
  const size = Math.max(Math.abs(found.surface.low), Math.abs(found.surface.high)) || 1;
  const off = document.createElement("canvas");
  off.width = off.height = side;
  const context = off.getContext("2d"), image = context.createImageData(side, side);
  paint(image, "unit", { values, classes: null, res, low: -size, high: size }, fine);
  context.putImageData(image, 0, 0);
  const canvas = h("canvas", { role: "img", "aria-label": `${found.what} over the plane, from ${short(found.surface.low, 3)} to ${short(found.surface.high, 3)}`, class: "response" });
  sized(canvas, 150, 150).drawImage(off, 0, 0, 150, 150);
  return canvas;
}

function histogram({ counts, edges }) {
  const most = Math.max(...counts, 1);
  const told = `of ${short(edges[0], 3)} to ${short(edges.at(-1), 3)}`;
  return h("div", {}, h("div", { class: "histogram", role: "img", "aria-label": `histogram ${told}` }, counts.map((count, k) =>
    h("i", { style: { height: `${(100 * count) / most}%` }, title: `${short(edges[k], 3)} to ${short(edges[k + 1], 3)}: ${count}` }))),
  h("div", { class: "histogram-ends" }, h("span", {}, short(edges[0], 3)), h("span", {}, short(edges.at(-1), 3))));
}
