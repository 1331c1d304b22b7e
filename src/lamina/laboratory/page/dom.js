// Elements from calls: h("button", {onclick, "aria-label": "pause"}, "text", other).

const SVG = "http://www.w3.org/2000/svg";

function build(element, props, children) {
  for (const [name, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, one] of Object.entries(value)) element.style.setProperty(key, one);
    else if (name === "value" || name === "checked") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false));
  return element;
}

export const h = (tag, props, ...children) => build(document.createElement(tag), props, children);
export const svg = (tag, props, ...children) => build(document.createElementNS(SVG, tag), props, children);

/** Put these in place of all that an element holds. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false));
  return element;
}

/** An equation, typeset; with MathML for screen readers. */
export function math(latex, display = false) {
  const place = h(display ? "div" : "span", { class: display ? "equation" : "math" });
  globalThis.katex.render(latex, place, { displayMode: display, throwOnError: false, strict: "ignore" });
  return place;
}

/** A number of an answer: JSON has no NaN. */
export const number = (value) => (typeof value === "string" ? Number(value) : value);

/** A number in so many significant digits, short. */
export function short(value, digits = 4) {
  const x = number(value);
  if (x === null || x === undefined) return "";
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "NaN" : x > 0 ? "∞" : "−∞";
  if (x === 0) return "0";
  const size = Math.abs(x);
  const text = size >= 1e5 || size < 1e-4 ? x.toExponential(digits - 2) : String(Number(x.toPrecision(digits)));
  return text.replace("-", "−");
}

/** A name of an array as the lecture writes it: dW2 -> dW^{[2]}; the engine's own LaTeX is better where it is at hand. */
export function symbol(name) {
  const parts = /^(d?)([A-Za-z]+?)(\d+)(_new)?$/.exec(name);
  if (!parts) return `\\mathrm{${name.replaceAll("_", "\\_")}}`;
  const letter = parts[2].length === 1 ? parts[2] : `\\mathrm{${parts[2]}}`;
  return `${parts[1]}${letter}^{[${parts[3]}]}${parts[4] ? "_{\\mathrm{new}}" : ""}`;
}

/** Rows of cells as a table; the first row is its heading. */
export function table(rows, caption = "") {
  const [heading, ...body] = rows;
  return h("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": caption || "table" },
    h("table", {}, caption && h("caption", {}, caption),
      h("thead", {}, h("tr", {}, heading.map((one) => h("th", { scope: "col" }, one)))),
      h("tbody", {}, body.map((row) => h("tr", {}, row.map((one, k) => (k ? h("td", {}, one) : h("th", { scope: "row" }, one))))))));
}

/** The table behind a picture, folded away. */
export function behind(title, make) {
  const details = h("details", { class: "behind" }, h("summary", {}, title));
  details.addEventListener("toggle", () => { if (details.open && details.children.length === 1) details.append(make()); });
  return details;
}
