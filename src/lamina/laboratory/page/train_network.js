// The network as it stands: units with what each answers over the plane, weights as lines of sign and size.

import { behind, h, fill, short, table } from "lab/dom.js";
import { css, palette, rgb, signed, sized } from "lab/colours.js";
import { unpack } from "lab/typed.js";

const TOP = 34, GAP = 8, LARGEST = 40, BAR = 26, MOST_LINES = 160;

export function network(lab) {
  const canvas = h("canvas", { "aria-hidden": "true" });
  const buttons = h("div", { class: "net-units" });
  const stage = h("div", { class: "net" }, canvas, buttons);
  const numbers = behind("the weights as a table", () => h("div", { class: "net-table" }));
  const title = h("h2", {}, "Network");
  const element = h("section", { class: "panel net-panel", "aria-label": "network" }, h("div", { class: "heading" }, title,
    h("span", { class: "legend" }, h("span", {}, h("i", { class: "positive" }), "weight above 0"), h("span", {}, h("i", { class: "negative" }), "below 0"))), stage, numbers);
  let layout = null, last = null;
  const small = document.createElement("canvas");
  numbers.addEventListener("toggle", () => tell());

  /** Place the layers: circles where they are few, a bar where they are many. */
  function show() {
    const { overview } = lab.look;
    const shapes = Object.entries(overview.network.shapes).filter(([name]) => /^W\d+$/.test(name));
    const layers = [{ number: 0, units: overview.network.inputs }, ...shapes.map(([name, [units]]) => ({ number: Number(name.slice(1)), units }))];
    const width = Math.max(stage.clientWidth, 240), height = Math.max(stage.clientHeight, 200);
    const most = Math.max(...layers.map((one) => (one.units > 12 ? 1 : one.units)));
    const side = Math.max(14, Math.min(LARGEST, (height - TOP) / most - GAP, width / layers.length - 26));
    layout = { width, height, side, layers: layers.map((one, k) => {
      const x = 26 + side / 2 + (k * (width - 52 - side)) / Math.max(1, layers.length - 1);
      const bar = one.units > 12;
      const step = Math.min(side + GAP + 10, (height - TOP) / one.units);
      const top = TOP + (height - TOP - step * one.units) / 2 + step / 2;
      return { ...one, bar, x, y: Array.from({ length: one.units }, (_, i) => (bar ? TOP + 6 + ((i + .5) * (height - TOP - 12)) / one.units : top + step * i)) };
    }) };
    fill(title, `Network: ${layers.map((one) => one.units).join(" – ")}`);
    fill(buttons, layout.layers.map((layer, k) => [
      h("span", { class: "net-title", style: { left: `${layer.x}px` } }, k === 0 ? "inputs" : k === layers.length - 1 ? "output" : `layer ${layer.number}`),
      layer.bar ? barButton(layer) : layer.y.map((y, i) => unitButton(layer, i, y))]));
    mark();
    if (last) draw(last);
  }

  function unitButton(layer, i, y) {
    const name = layer.number ? `unit ${i + 1} of layer ${layer.number}` : `input ${lab.look.overview.rows.features[i] || i + 1}`;
    return h("button", { class: "net-unit", "aria-label": name, title: name, disabled: !layer.number, "data-unit": `${layer.number},${i + 1}`,
      style: { left: `${layer.x - layout.side / 2}px`, top: `${y - layout.side / 2}px`, width: `${layout.side}px`, height: `${layout.side}px` },
      onclick: () => lab.choose([layer.number, i + 1]) });
  }

  function barButton(layer) {
    const top = TOP + 6, height = layout.height - TOP - 12;
    return h("button", { class: "net-unit net-bar", "aria-label": layer.number ? `a unit of the ${layer.units} of layer ${layer.number}` : `${layer.units} inputs`, disabled: !layer.number, "data-unit": `${layer.number},bar`,
      title: `${layer.units} ${layer.number ? "units" : "inputs"}`, style: { left: `${layer.x - BAR / 2}px`, top: `${top}px`, width: `${BAR}px`, height: `${height}px` },
      onclick: (event) => {
        const share = event.detail ? (event.clientY - event.currentTarget.getBoundingClientRect().top) / height : 0;
        lab.choose([layer.number, 1 + Math.min(layer.units - 1, Math.max(0, Math.floor(share * layer.units)))]);
      } });
  }

  function mark() {
    const chosen = lab.look.unit;
    for (const one of buttons.querySelectorAll("button")) {
      const [layer, unit] = one.dataset.unit.split(",");
      const is = Boolean(chosen) && chosen[0] === Number(layer) && (unit === "bar" || chosen[1] === Number(unit));
      one.toggleAttribute("data-chosen", is);
      if (!one.disabled) one.setAttribute("aria-pressed", is);
    }
  }

  function draw(frame) {
    last = frame;
    if (!layout || frame.units.length !== layout.layers.length || frame.units.some((one, k) => one.units !== layout.layers[k].units)) return;
    const paint = sized(canvas, layout.width, layout.height);
    paint.clearRect(0, 0, layout.width, layout.height);
    for (let k = 1; k < layout.layers.length; k++) lines(paint, frame, layout.layers[k - 1], layout.layers[k]);
    frame.units.forEach((found, k) => units(paint, found, layout.layers[k]));
    tell();
  }

  /** Lines between two layers: all of them, or the largest where they are many. */
  function lines(paint, frame, before, after) {
    const W = frame.weights.find((one) => one.name === `W${after.number}`);
    const values = W && unpack(W.values);
    if (!values || W.shape[1] !== before.units) return;
    const largest = W.largest || 1;
    let chosen = Array.from(values.keys());
    if (chosen.length > MOST_LINES) chosen = chosen.sort((a, b) => Math.abs(values[b]) - Math.abs(values[a])).slice(0, MOST_LINES);
    const colours = { true: rgb("--positive"), false: rgb("--negative") };
    const edge = (layer) => (layer.bar ? BAR : layout.side) / 2;
    for (const at of chosen) {
      const w = values[at], size = Math.abs(w) / largest;
      if (!(size > .01)) continue;
      const from = before.y[at % before.units], to = after.y[Math.floor(at / before.units)];
      const [x0, x1] = [before.x + edge(before), after.x - edge(after)], bend = (x1 - x0) / 2;
      paint.strokeStyle = css(colours[w > 0], .25 + .7 * size);
      paint.lineWidth = .5 + 3.5 * size;
      paint.beginPath();
      paint.moveTo(x0, from);
      paint.bezierCurveTo(x0 + bend, from, x1 - bend, to, x1, to);
      paint.stroke();
    }
  }

  function units(paint, found, layer) {
    const shades = unpack(found.shades);
    if (layer.bar || !found.pictures) {
      const height = (layout.height - TOP - 12) / layer.units;
      for (let i = 0; i < layer.units; i++) {
        paint.fillStyle = css(signed((shades[i] - 128) / 127));
        paint.fillRect(layer.x - BAR / 2, layer.y[i] - height / 2, BAR, Math.max(height - (height > 4 ? 1 : 0), .5));
      }
      return;
    }
    const nodes = found.shades.shape[1], res = Math.round(Math.sqrt(nodes)), side = layout.side;
    small.width = small.height = res;
    const context = small.getContext("2d"), image = context.createImageData(res, res);
    for (let i = 0; i < layer.units; i++) {
      heat(image, shades.subarray(i * nodes, (i + 1) * nodes), res);
      context.putImageData(image, 0, 0);
      paint.save();
      paint.beginPath();
      paint.roundRect(layer.x - side / 2, layer.y[i] - side / 2, side, side, 7);
      paint.fillStyle = css(rgb("--panel"));
      paint.fill();
      paint.clip();
      paint.imageSmoothingEnabled = true;
      paint.drawImage(small, layer.x - side / 2, layer.y[i] - side / 2, side, side);
      paint.restore();
    }
  }

  /** The numbers behind the picture, while somebody looks at them. */
  function tell() {
    const place = numbers.querySelector(".net-table");
    if (!numbers.open || !place || !last) return;
    const rows = last.weights.map((one) => {
      const values = unpack(one.values);
      const text = values ? Array.from(values.slice(0, 12), (value) => short(value, 3)).join("  ") + (values.length > 12 ? " …" : "") : `${one.shape[0] * one.shape[1]} numbers`;
      return [one.name, one.shape.join(" × "), short(one.largest, 3), text];
    });
    fill(place, table([["array", "shape", "largest size", "row by row"], ...rows], `weights and biases at step ${last.step}`));
  }

  return { element, show, draw, mark };
}

/** A unit's picture from bytes around 128, the lowest value of the second axis below. */
function heat(image, shades, res) {
  const colours = palette(), { data } = image;
  for (let y = 0; y < res; y++) {
    for (let x = 0; x < res; x++) {
      const from = 3 * shades[(res - 1 - y) * res + x], at = 4 * (y * res + x);
      data[at] = colours[from]; data[at + 1] = colours[from + 1]; data[at + 2] = colours[from + 2]; data[at + 3] = 255;
    }
  }
}
