// What the network answers everywhere on a plane, with the rows that it learns from.

import { behind, h, fill, short, table } from "lab/dom.js";
import { between, CLASSES, css, ofClass, palette, rgb, scaled, signed, sized, token } from "lab/colours.js";
import { unpack } from "lab/typed.js";
import { ask, live } from "lab/talk.js";
import { here } from "lab/here.js";
import { trouble } from "lab/notes.js";

const BANDS = 10, FINE = 3; // shades on either side; pixels between two nodes
const INSET = { left: 38, right: 8, top: 8, bottom: 24 };

/** Draw a surface into an image: bands of equal answers, and a line where the answer changes. */
export function paint(image, kind, answers, fine = FINE) {
  const { values, classes, low, high, res } = answers, side = image.width, { data } = image;
  const colours = Uint8Array.from(classes ? Array.from({ length: CLASSES }, (_, k) => rgb(ofClass(k))).flat()
    : Array.from({ length: 2 * BANDS + 1 }, (_, k) => shade(kind, k / (2 * BANDS))).flat());
  const [ink, panel] = [rgb("--ink"), rgb("--panel")], scale = (2 * BANDS) / (high - low || 1);
  const edge = kind === "probability" ? .5 : 0, edged = kind === "probability" || kind === "unit";
  const at = new Int32Array(side), share = new Float32Array(side); // the node before each pixel, and how far after it
  for (let k = 0; k < side; k++) {
    const f = Math.min(Math.max((k + .5) / fine - .5, 0), res - 1.001);
    at[k] = Math.floor(f);
    share[k] = f - at[k];
  }
  let below = new Int8Array(side), row = new Int8Array(side);
  for (let y = 0; y < side; y++) {
    const first = at[y] * res, dy = share[y], nearest = (dy < .5 ? at[y] : at[y] + 1) * res;
    for (let x = 0; x < side; x++) {
      const from = first + at[x], dx = share[x], to = 4 * ((side - 1 - y) * side + x);
      const value = (values[from] * (1 - dx) + values[from + 1] * dx) * (1 - dy) + (values[from + res] * (1 - dx) + values[from + res + 1] * dx) * dy;
      let place, strength = 1;
      if (classes) {
        row[x] = classes[nearest + at[x] + (dx < .5 ? 0 : 1)];
        place = 3 * (row[x] % CLASSES);
        strength = .15 + .5 * value;
      } else {
        row[x] = edged && value > edge ? 1 : 0;
        place = 3 * Math.max(0, Math.min(2 * BANDS, Math.round((value - low) * scale) || 0));
      }
      const line = (x > 0 && row[x - 1] !== row[x]) || (y > 0 && below[x] !== row[x]);
      for (let k = 0; k < 3; k++) data[to + k] = line ? ink[k] : strength === 1 ? colours[place + k] : panel[k] + (colours[place + k] - panel[k]) * strength;
      data[to + 3] = 255;
    }
    [below, row] = [row, below];
  }
}

function shade(kind, share) {
  if (kind === "probability") return between(rgb("--panel"), rgb(ofClass(share < .5 ? 0 : 1)), Math.abs(share - .5) * 1.3);
  if (kind === "unit") return signed((share - .5) * 1.6);
  return scaled(share);
}

export function surface(lab) {
  const back = h("canvas", { "aria-hidden": "true" }), front = h("canvas", { "aria-hidden": "true" });
  const stage = h("div", { class: "surface", tabindex: "0", role: "img", "data-arrows": "", "aria-describedby": "surface-said", onkeydown: byKey, onpointermove: byPointer, onpointerleave: () => { probe = null; readOut(); } }, back, front);
  const said = h("output", { id: "surface-said", class: "said" });
  const legend = h("div", { class: "legend" });
  const across = h("select", { disabled: !live, "aria-label": "column across", onchange: chooseAxes }), up = h("select", { disabled: !live, "aria-label": "column up", onchange: chooseAxes });
  const axes = h("div", { class: "axes" }, h("label", {}, "across ", across), h("label", {}, "up ", up));
  const heading = h("h2", {}, "Answers");
  const held = h("p", { class: "soft" });
  const pictures = h("div", { class: "row-pictures" }), unitPictures = h("div", { class: "row-pictures" }), unitsTitle = h("h3", { hidden: true }, "The units of layer 1: rows of W1");
  const pixels = h("section", { class: "panel", hidden: true, "aria-label": "pictures" }, h("h2", {}, "Rows and units as pictures"), pictures, unitsTitle, unitPictures);
  const numbers = behind("the answers as a table", () => h("div", { class: "numbers" }));
  numbers.addEventListener("toggle", () => tell());
  const element = h("section", { class: "panel surface-panel", "aria-label": "answers over the plane" }, h("div", { class: "heading" }, heading, legend), axes, stage, said, held, numbers);
  const offscreen = document.createElement("canvas");
  let answers = null, probe = null, place = null, askedPictures = -1;

  function show() {
    const { plane } = lab.look, width = Math.max(stage.clientWidth, 220);
    const height = Math.min(width, 268);
    place = { width, height, w: width - INSET.left - INSET.right, h: height - INSET.top - INSET.bottom };
    fill(legend, (plane.classes || []).slice(0, 10).map((name, k) => h("span", {}, mark(k), String(name))));
    const named = plane.axes[0].is_column;
    const options = [["", named && plane.columns.length === 2 ? "" : "components"], ...plane.columns.map((name) => [name, name])].filter(([name, text]) => name || text);
    for (const [k, select] of [across, up].entries()) {
      fill(select, options.map(([value, text]) => h("option", { value }, text)));
      select.value = named ? plane.axes[k].name : "";
    }
    axes.hidden = plane.columns.length <= 2 && named;
    const many = Object.entries(plane.held);
    fill(held, named ? (many.length ? `Held: ${many.slice(0, 4).map(([name, value]) => `${name} = ${value}`).join(", ")}${many.length > 4 ? `, and ${many.length - 4} more` : ""} (medians, commonest levels).` : "")
      : `The plane of the two first principal components of A[0] shows ${Math.round(100 * plane.share)} % of its variance.`);
    points();
    askedPictures = -1;
    pixels.hidden = !plane.pixels;
    if (answers) redraw();
  }

  const toX = (value) => INSET.left + ((value - lab.look.plane.axes[0].low) / (lab.look.plane.axes[0].high - lab.look.plane.axes[0].low)) * place.w;
  const toY = (value) => INSET.top + place.h - ((value - lab.look.plane.axes[1].low) / (lab.look.plane.axes[1].high - lab.look.plane.axes[1].low)) * place.h;

  /** The rows: they stay where they are while the network learns, so they are drawn once. */
  function points() {
    const { plane } = lab.look, paint = sized(front, place.width, place.height);
    paint.clearRect(0, 0, place.width, place.height);
    frameOf(paint, plane);
    const at = unpack(plane.points), n = plane.rows.length, size = n > 800 ? 2.2 : n > 200 ? 3 : n > 40 ? 3.6 : 5;
    const numbers = plane.classes ? null : unpack(plane.targets);
    const [low, high] = numbers ? extent(numbers) : [0, 1];
    paint.save();
    paint.beginPath();
    paint.rect(INSET.left, INSET.top, place.w, place.h);
    paint.clip();
    paint.lineWidth = n > 800 ? .6 : 1;
    paint.strokeStyle = token("--panel");
    for (let k = 0; k < n; k++) {
      paint.fillStyle = numbers ? css(scaled((numbers[k] - low) / (high - low || 1))) : token(ofClass(plane.targets[k]));
      shape(paint, numbers ? 0 : plane.targets[k], toX(at[2 * k]), toY(at[2 * k + 1]), size);
    }
    paint.restore();
    if (probe) cross(paint);
  }

  function frameOf(paint, plane) {
    paint.strokeStyle = token("--line");
    paint.fillStyle = token("--muted");
    paint.font = `11px ${getComputedStyle(element).fontFamily}`;
    paint.strokeRect(INSET.left + .5, INSET.top + .5, place.w, place.h);
    const [x, y] = plane.axes;
    paint.textAlign = "left"; paint.fillText(short(x.low, 3), INSET.left, place.height - 8);
    paint.textAlign = "right"; paint.fillText(short(x.high, 3), place.width - INSET.right, place.height - 8);
    paint.textAlign = "center"; paint.fillText(shortened(x.name), INSET.left + place.w / 2, place.height - 8);
    paint.textAlign = "right"; paint.fillText(short(y.high, 3), INSET.left - 4, INSET.top + 10);
    paint.fillText(short(y.low, 3), INSET.left - 4, INSET.top + place.h);
    paint.save();
    paint.translate(INSET.left - 10, INSET.top + place.h / 2);
    paint.rotate(-Math.PI / 2);
    paint.textAlign = "center";
    paint.fillText(shortened(y.name), 0, 0);
    paint.restore();
  }

  function draw(frame) {
    const found = frame.surface;
    answers = { values: unpack(found.values), classes: unpack(found.classes), res: found.values.shape[0], low: found.low, high: found.high, what: found.what, step: frame.step };
    redraw();
    readOut();
    tell();
    if (lab.look.plane.pixels) showPictures(frame.step);
  }

  function redraw() {
    const { plane } = lab.look, side = (answers.res - 1) * FINE;
    if (!place) return;
    offscreen.width = offscreen.height = side;
    const context = offscreen.getContext("2d"), image = context.createImageData(side, side);
    paint(image, kind(), answers);
    context.putImageData(image, 0, 0);
    const to = sized(back, place.width, place.height);
    to.clearRect(0, 0, place.width, place.height);
    to.drawImage(offscreen, INSET.left, INSET.top, place.w, place.h);
    fill(heading, answers.what[0].toUpperCase() + answers.what.slice(1));
    stage.setAttribute("aria-label", `${answers.what} over ${plane.axes[0].name} and ${plane.axes[1].name} at step ${answers.step}; arrow keys move the point that is read`);
  }

  const kind = () => (lab.look.plane.classes ? (answers.classes ? "classes" : "probability") : "number");

  // ---- reading a value ----

  function byPointer(event) {
    const box = stage.getBoundingClientRect();
    const x = (event.clientX - box.left - INSET.left) / place.w, y = 1 - (event.clientY - box.top - INSET.top) / place.h;
    probe = x >= 0 && x <= 1 && y >= 0 && y <= 1 && answers ? [Math.round(x * (answers.res - 1)), Math.round(y * (answers.res - 1))] : null;
    readOut();
  }

  function byKey(event) {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!by || !answers) return;
    event.preventDefault();
    const last = answers.res - 1, [x, y] = probe || [last >> 1, last >> 1];
    probe = [Math.min(last, Math.max(0, x + by[0])), Math.min(last, Math.max(0, y + by[1]))];
    readOut();
    points();
  }

  const node = (axis, k) => axis.low + (k * (axis.high - axis.low)) / (answers.res - 1);

  function answerAt(x, y) {
    const at = y * answers.res + x, { classes } = lab.look.plane;
    if (answers.classes) return `${classes[answers.classes[at]]} with probability ${short(answers.values[at], 3)}`;
    return `${answers.what} ${short(answers.values[at], 4)}`;
  }

  function readOut() {
    if (!answers) return;
    const [x, y] = lab.look.plane.axes;
    fill(said, probe ? `${x.name} = ${short(node(x, probe[0]), 3)}, ${y.name} = ${short(node(y, probe[1]), 3)}: ${answerAt(...probe)}`
      : `${lab.look.plane.rows.length.toLocaleString("en")}${lab.look.plane.rows.length < lab.look.plane.of ? ` of ${lab.look.plane.of.toLocaleString("en")}` : ""} rows; point at a place to read the answer there`);
  }

  function cross(paint) {
    const [x, y] = lab.look.plane.axes, [cx, cy] = [toX(node(x, probe[0])), toY(node(y, probe[1]))];
    paint.strokeStyle = token("--ink");
    paint.lineWidth = 1.5;
    paint.strokeRect(cx - 5, cy - 5, 10, 10);
  }

  function tell() {
    const box = numbers.querySelector(".numbers");
    if (!numbers.open || !box || !answers) return;
    const [x, y] = lab.look.plane.axes, every = Array.from({ length: 7 }, (_, k) => Math.round((k * (answers.res - 1)) / 6));
    const text = (at) => (answers.classes ? `${lab.look.plane.classes[answers.classes[at]]} ${short(answers.values[at], 2)}` : short(answers.values[at], 3));
    fill(box, table([[`${y.name} \\ ${x.name}`, ...every.map((k) => short(node(x, k), 3))],
      ...[...every].reverse().map((row) => [short(node(y, row), 3), ...every.map((k) => text(row * answers.res + k))])], `${answers.what} at step ${answers.step}`));
  }

  // ---- columns, pixels ----

  function chooseAxes(event) {
    const { plane } = lab.look;
    if (!event.target.value) return lab.columns(null);
    let [a, b] = [across.value, up.value];
    const other = plane.columns.find((name) => name !== event.target.value);
    if (event.target === across && (!b || b === a)) b = other;
    if (event.target === up && (!a || a === b)) a = other;
    return lab.columns([a, b]);
  }

  async function showPictures(step) {
    if (askedPictures === step || here.now.running && performance.now() - (pictures.at || 0) < 500) return;
    askedPictures = step;
    pictures.at = performance.now();
    try {
      const found = await ask("pictures", { step: Math.min(step, here.now.head) });
      const size = found.side ** 2, part = (shades, k) => shades.subarray(k * size, (k + 1) * size);
      const [shades, units] = [unpack(found.shades), found.units && unpack(found.units.shades)];
      fill(pictures, found.rows.map((row, k) => h("figure", { class: found.answers[k] === found.targets[k] ? "right" : "wrong" },
        picture(part(shades, k), found.side, greys(), `row ${row}: ${found.targets[k]}`),
        h("figcaption", {}, found.answers[k] === found.targets[k] ? String(found.answers[k]) : `${found.targets[k]} → ${found.answers[k]}`))));
      unitsTitle.hidden = !units;
      fill(unitPictures, units && Array.from({ length: units.length / size }, (_, k) => h("button", { class: "unit-picture", onclick: () => lab.choose([1, k + 1]), title: `unit ${k + 1}`, "aria-label": `unit ${k + 1} of layer 1, by its weights` },
        picture(part(units, k), found.side, palette(), ""))));
    } catch (problem) { trouble(problem); }
  }

  return { element, pixels, show, draw };
}

/** The colours of bytes from paper to ink, three numbers each. */
const greys = () => Uint8Array.from(Array.from({ length: 256 }, (_, k) => between(rgb("--panel"), rgb("--ink"), k / 255)).flat());

/** A small picture of bytes. */
function picture(shades, side, colours, name) {
  const canvas = h("canvas", { width: side, height: side, ...(name ? { role: "img", "aria-label": name, title: name } : { "aria-hidden": "true" }) });
  const context = canvas.getContext("2d"), image = context.createImageData(side, side);
  shades.forEach((shade, k) => image.data.set([...colours.subarray(3 * shade, 3 * shade + 3), 255], 4 * k));
  context.putImageData(image, 0, 0);
  return canvas;
}

const SHAPES = ["circle", "square", "triangle", "diamond", "cross"];

/** A marker: each class has a shape of its own besides its colour. */
function shape(paint, k, x, y, size) {
  paint.beginPath();
  const name = SHAPES[k % SHAPES.length];
  if (name === "circle") paint.arc(x, y, size, 0, 2 * Math.PI);
  else if (name === "square") paint.rect(x - size * .9, y - size * .9, size * 1.8, size * 1.8);
  else {
    const corners = { triangle: [[0, -1.2], [1.1, .9], [-1.1, .9]], diamond: [[0, -1.3], [1.2, 0], [0, 1.3], [-1.2, 0]],
      cross: [[-.4, -1.2], [.4, -1.2], [.4, -.4], [1.2, -.4], [1.2, .4], [.4, .4], [.4, 1.2], [-.4, 1.2], [-.4, .4], [-1.2, .4], [-1.2, -.4], [-.4, -.4]] }[name];
    corners.forEach(([dx, dy], at) => paint[at ? "lineTo" : "moveTo"](x + dx * size, y + dy * size));
    paint.closePath();
  }
  paint.fill();
  paint.stroke();
}

function mark(k) {
  const canvas = h("canvas", { "aria-hidden": "true", class: "mark" }), paint = sized(canvas, 14, 14);
  paint.fillStyle = token(ofClass(k));
  paint.strokeStyle = token("--panel");
  shape(paint, k, 7, 7, 4.5);
  return canvas;
}

const shortened = (name) => (name.length > 26 ? `${name.slice(0, 25)}…` : name);

function extent(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) if (Number.isFinite(value)) { low = Math.min(low, value); high = Math.max(high, value); }
  return [low, high];
}
