// Colours of the page's tokens for pictures on a canvas; they follow dark and light.

const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
let theme = null, known = new Map();

function forget() {
  const current = `${document.documentElement.dataset.theme || ""} ${prefersDark.matches}`;
  if (theme !== current) { theme = current; known = new Map(); }
}

/** A token as the text that CSS has: "#2166ac". */
export function token(name) {
  forget();
  if (!known.has(name)) known.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
  return known.get(name);
}

/** A token as [red, green, blue]. */
export function rgb(name) {
  const key = `rgb ${name}`;
  const text = token(name);
  if (!known.has(key)) {
    probe.fillStyle = text;
    probe.fillRect(0, 0, 1, 1);
    known.set(key, [...probe.getImageData(0, 0, 1, 1).data.slice(0, 3)]);
  }
  return known.get(key);
}

/** Between two colours: 0 is the first, 1 the second. */
export const between = (one, other, share) => one.map((part, k) => part + (other[k] - part) * share);

/** The colour of a number from -1 to 1: negative, nothing, positive. */
export function signed(value) {
  const size = Math.min(1, Math.abs(value));
  return between(rgb("--panel"), rgb(value < 0 ? "--negative" : "--positive"), size);
}

/** The colour of a share from 0 to 1 of a scale of numbers. */
export function scaled(share) {
  const at = Math.max(0, Math.min(1, share)) * 2;
  return at < 1 ? between(rgb("--scale-low"), rgb("--scale-middle"), at) : between(rgb("--scale-middle"), rgb("--scale-high"), at - 1);
}

/** The colours of bytes around 128, three numbers each: below it negative, above it positive. */
export function palette() {
  forget();
  if (!known.has("palette")) known.set("palette", Uint8Array.from(Array.from({ length: 256 }, (_, k) => signed((k - 128) / 127)).flat()));
  return known.get("palette");
}

export const CLASSES = 10;
export const ofClass = (k) => `--class-${k % CLASSES}`;
export const css = ([r, g, b], alpha = 1) => `rgb(${r | 0} ${g | 0} ${b | 0} / ${alpha})`;

/** A canvas of so many CSS pixels, sharp on fine screens; returns its context, in CSS pixels. */
export function sized(canvas, width, height) {
  const fine = globalThis.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * fine) || canvas.height !== Math.round(height * fine)) {
    canvas.width = Math.round(width * fine);
    canvas.height = Math.round(height * fine);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(fine, 0, 0, fine, 0, 0);
  return context;
}
