// An array as a grid between brackets. Only the cells in sight are drawn, so a thousand by a thousand is no burden.

import { h, fill, math, number, short } from "lab/dom.js";

export const CELL = { width: 54, height: 25 };
const AHEAD = 2; // cells drawn beyond the edge

/**
 * One grid.
 *
 * source: {name, label, symbol, shape: [rows, columns], axes, at(i, j), want(top, bottom, left, right), known, rowName(i)}
 * options: {turned, rows, columns: most cells in sight, only: a single column, ghosts: columns drawn beside it, faint,
 *           editable, edited(i, j), pick(i, j), edit(i, j, value), read(text), scrolled(left)}
 */
export class Grid {
  constructor(source, options) {
    Object.assign(this, { source, options, lit: [], strong: [], picked: null, focus: [0, 0], cells: new Map() });
    const [rows, columns] = this.size;
    const wide = Math.min(columns, options.columns || columns) * CELL.width;
    const high = Math.min(rows, options.rows || rows) * CELL.height;
    const scrolls = { x: wide < columns * CELL.width, y: high < rows * CELL.height };
    this.sheet = h("div", { class: "sheet", style: { width: `${columns * CELL.width}px`, height: `${rows * CELL.height}px` } });
    this.window = h("div", { class: `window${scrolls.x ? " sideways" : ""}${scrolls.y ? " down" : ""}`, role: source.known ? "listbox" : "img", tabindex: "0",
      "aria-label": `${source.label}, ${source.shape.join(" by ")}${source.known ? "" : ", not computed yet"}`,
      style: { width: `${wide + (scrolls.y ? 12 : 0)}px`, height: `${high + (scrolls.x ? 12 : 0)}px` } }, this.sheet);
    this.above = h("div", { class: "indices column-numbers", "aria-hidden": "true", style: { width: `${wide}px` } });
    this.beside = h("div", { class: "indices row-numbers", "aria-hidden": "true", style: { height: `${high}px` } });
    this.body = h("div", { class: "bracketed" }, this.window, this.ghosts());
    this.element = h("figure", { class: `grid${source.known ? "" : " empty"}`, "data-array": source.name },
      h("figcaption", {}, math(options.turned ? transposed(source.symbol) : source.symbol), h("span", { class: "dims" }, ` ${this.source.scalar ? "" : this.told().join(" × ")}`)),
      h("div", { class: "indexed" }, h("span", {}), this.above, this.beside, this.body));
    if (source.known) this.listen();
    else fill(this.sheet, h("div", { class: "unknown" }, "not computed yet"));
    this.draw();
  }

  /** Rows and columns as they are drawn. */
  get size() {
    const [rows, columns] = this.options.only === undefined ? this.source.shape : [this.source.shape[0], 1];
    return this.options.turned ? [columns, rows] : [rows, columns];
  }

  told() {
    const shape = [...this.source.shape];
    if (this.options.only !== undefined) shape[1] = 1;
    return this.options.turned ? shape.reverse() : shape;
  }

  /** The place in the array of what is drawn at (r, c), and the other way. */
  place(r, c) {
    const [i, j] = this.options.turned ? [c, r] : [r, c];
    return [i, this.options.only === undefined ? j : this.options.only];
  }

  drawnAt(i, j) {
    const column = this.options.only === undefined ? j : j === this.options.only ? 0 : -1;
    return this.options.turned ? [column, i] : [i, column];
  }

  ghosts() {
    const { ghosts } = this.options;
    if (!ghosts || !this.source.known) return null;
    const column = (k) => h("div", { class: "ghost", style: { opacity: String(0.5 - 0.14 * k) } },
      Array.from({ length: Math.min(this.size[0], Math.ceil(this.options.rows || 99)) }, (_, i) => h("div", { style: { background: shade(this.source.at(i, 0), this.source.largest()) } })));
    this.ghost = h("div", { class: "ghosts", title: `stretched: the same column for all ${ghosts} examples` },
      Array.from({ length: Math.min(2, ghosts - 1) }, (_, k) => column(k)), h("div", { class: "times" }, `× ${ghosts.toLocaleString("en")}`));
    return this.ghost;
  }

  listen() {
    const { window: w } = this;
    w.addEventListener("scroll", () => { this.draw(); this.options.scrolled && this.options.scrolled(w.scrollLeft); }, { passive: true });
    w.addEventListener("pointerdown", (event) => this.pressed(event));
    w.addEventListener("pointerover", (event) => { const at = this.under(event); if (at && !event.buttons) this.tell(...at); });
    w.addEventListener("dblclick", (event) => { const at = this.under(event); if (at && this.options.editable) this.type(...at); });
    w.addEventListener("keydown", (event) => this.key(event));
    w.addEventListener("focus", () => this.show(...this.focus));
  }

  under(event) {
    const cell = event.target.closest && event.target.closest("[data-r]");
    return cell ? [Number(cell.dataset.r), Number(cell.dataset.c)] : null;
  }

  tell(r, c) {
    const [i, j] = this.place(r, c);
    const value = this.source.at(i, j);
    if (value !== undefined && this.options.read) this.options.read(`${this.named(i, j)} = ${value}`, [i, j]);
  }

  named(i, j) { return `${this.source.label}${this.source.scalar ? "" : `[${i}, ${j}]`}`; }

  // ---- drawing ----

  /** Draw the cells in sight. */
  draw() {
    const [rows, columns] = this.size;
    const { scrollLeft, scrollTop, style } = this.window;
    const seen = [parseFloat(style.width), parseFloat(style.height)];
    const left = Math.max(0, Math.floor(scrollLeft / CELL.width) - AHEAD), top = Math.max(0, Math.floor(scrollTop / CELL.height) - AHEAD);
    const right = Math.min(columns, Math.ceil((scrollLeft + seen[0]) / CELL.width) + AHEAD);
    const bottom = Math.min(rows, Math.ceil((scrollTop + seen[1]) / CELL.height) + AHEAD);
    this.indices(left, right, top, bottom);
    if (!this.source.known) return;
    const [i0, j0] = this.place(top, left), [i1, j1] = this.place(bottom - 1, right - 1);
    this.source.want(i0, i1 + 1, j0, j1 + 1);
    for (const [key, cell] of this.cells) {
      const [r, c] = key.split(",").map(Number);
      if (r < top || r >= bottom || c < left || c >= right) { cell.remove(); this.cells.delete(key); }
    }
    for (let r = top; r < bottom; r++) for (let c = left; c < right; c++) this.cell(r, c);
  }

  indices(left, right, top, bottom) {
    const { scrollLeft, scrollTop } = this.window;
    const at = (k, edge, by, from) => ({ [edge]: `${k * by - from}px` });
    const [rows, columns] = this.size;
    const name = (k) => (this.options.only !== undefined && !this.options.turned ? this.options.only : k);
    fill(this.above, columns > 1 || this.options.only !== undefined ? range(left, right).map((c) => h("span", { style: at(c, "left", CELL.width, scrollLeft) }, String(name(c)))) : []);
    fill(this.beside, rows > 1 ? range(top, bottom).map((r) => h("span", { style: at(r, "top", CELL.height, scrollTop) }, String(r))) : []);
  }

  cell(r, c) {
    const key = `${r},${c}`, [i, j] = this.place(r, c), { source, options } = this;
    let cell = this.cells.get(key);
    if (!cell) {
      cell = h("div", { class: "cell", role: "option", "aria-selected": "false", "data-r": r, "data-c": c,
        style: { left: `${c * CELL.width}px`, top: `${r * CELL.height}px` } });
      this.cells.set(key, cell);
      this.sheet.append(cell);
    }
    const value = source.at(i, j);
    const text = value === undefined ? "" : shown(value);
    if (cell.textContent !== text && !cell.querySelector("input")) cell.textContent = text;
    cell.title = value === undefined ? "" : `${this.named(i, j)} = ${value}`;
    cell.setAttribute("aria-label", value === undefined ? "on its way" : `${text}, ${this.named(i, j)}`);
    cell.style.background = shade(value, source.largest());
    const name = ["cell"];
    if (within(this.lit, i, j)) name.push("lit");
    if (within(this.strong, i, j)) name.push("strong");
    if (this.picked && this.picked[0] === i && this.picked[1] === j) name.push("picked");
    if (options.editable) name.push("given");
    if (options.edited && options.edited(i, j)) name.push("edited");
    cell.className = name.join(" ");
    cell.setAttribute("aria-selected", String(name.includes("picked")));
  }

  /** Light blocks of entries: {spans: [[from, to], [from, to]]}; the strong ones more. */
  light(blocks, strong = []) {
    const mine = (all) => all.filter((one) => one.name === this.source.name).map((one) => (one.spans.length ? one.spans : [[0, 1], [0, 1]]));
    this.lit = mine(blocks);
    this.strong = mine(strong);
    const first = this.strong[0] || this.lit[0];
    if (first) this.reveal(first[0][0], first[1][0], this.strong.length > 0);
    this.draw();
  }

  /** Scroll so that an entry is in sight. */
  reveal(i, j, always = true) {
    const [r, c] = this.drawnAt(i, j), w = this.window;
    if (r < 0 || c < 0) return;
    const out = (at, size, from, seen) => at < from || at + size > from + seen;
    if (always || this.lit.length) {
      if (out(c * CELL.width, CELL.width, w.scrollLeft, w.clientWidth)) w.scrollLeft = c * CELL.width - w.clientWidth / 2;
      if (out(r * CELL.height, CELL.height, w.scrollTop, w.clientHeight)) w.scrollTop = r * CELL.height - w.clientHeight / 2;
    }
  }

  // ---- pointer and keys ----

  pressed(event) {
    const at = this.under(event);
    if (!at || event.button !== 0 || event.target.closest("input")) return;
    event.preventDefault(); // the arrow keys stay with the lines
    const place = this.place(...at), { editable, edit, pick } = this.options;
    const from = number(this.source.at(...place)), x = event.clientX, y = event.clientY;
    let moved = false;
    const drag = (next) => {
      const by = next.clientX - x - (next.clientY - y);
      if (!editable || (!moved && Math.abs(by) < 4)) return;
      moved = true;
      edit(...place, round(from + by * (next.shiftKey ? 0.001 : 0.01)));
    };
    const end = () => {
      globalThis.removeEventListener("pointermove", drag);
      globalThis.removeEventListener("pointerup", end);
      if (!moved && pick) pick(...place);
    };
    globalThis.addEventListener("pointermove", drag);
    globalThis.addEventListener("pointerup", end);
  }

  key(event) {
    if (event.target !== this.window) return;
    const [r, c] = this.focus, [rows, columns] = this.size;
    const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    const place = this.place(r, c), { editable, edit, pick } = this.options;
    if (moves[event.key]) {
      const [dr, dc] = moves[event.key];
      this.show(Math.min(rows - 1, Math.max(0, r + dr)), Math.min(columns - 1, Math.max(0, c + dc)));
    } else if (event.key === "Enter" && editable) this.type(r, c);
    else if (event.key === "Enter" || event.key === " ") pick(...place);
    else if (editable && ["+", "-"].includes(event.key)) edit(...place, round(number(this.source.at(...place)) + (event.key === "+" ? 0.05 : -0.05)));
    else if (event.key === "Escape") document.getElementById("stage").focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  show(r, c) {
    this.focus = [r, c];
    for (const one of this.sheet.querySelectorAll(".cursor")) one.classList.remove("cursor");
    this.reveal(...this.place(r, c));
    this.draw();
    const cell = this.cells.get(`${r},${c}`);
    if (cell) { cell.classList.add("cursor"); cell.id ||= `cell-${this.source.name}-${r}-${c}`; this.window.setAttribute("aria-activedescendant", cell.id); }
    this.tell(r, c);
  }

  /** Type a number in place of the one that stands there. */
  type(r, c) {
    const cell = this.cells.get(`${r},${c}`), place = this.place(r, c);
    if (!cell) return;
    const input = h("input", { type: "text", inputmode: "decimal", value: String(this.source.at(...place)), "aria-label": `${this.source.name}[${place.join(", ")}]` });
    const put = () => { const x = Number(input.value.replace("−", "-")); if (input.value.trim() !== "" && Number.isFinite(x)) this.options.edit(...place, x); };
    let open = true; // to take it away is to blur it, which closes it
    const close = (keep) => { if (!open) return; open = false; if (keep) put(); input.remove(); cell.textContent = shown(this.source.at(...place)); };
    input.addEventListener("keydown", (event) => {
      const by = { ArrowUp: 0.05, ArrowDown: -0.05 }[event.key];
      if (by) { input.value = String(round(Number(input.value) + by)); put(); }
      else if (event.key === "Enter" || event.key === "Escape") { close(event.key === "Enter"); this.window.focus(); }
      else if (!["ArrowLeft", "ArrowRight"].includes(event.key)) { event.stopPropagation(); return; }
      event.stopPropagation();
      if (!["ArrowLeft", "ArrowRight"].includes(event.key)) event.preventDefault();
    });
    input.addEventListener("blur", () => close(true));
    fill(cell, input);
    input.select();
    input.focus();
  }
}

const range = (from, to) => Array.from({ length: Math.max(0, to - from) }, (_, k) => from + k);
const round = (x) => Number(x.toPrecision(12)) && Math.round(x * 1e6) / 1e6;
const within = (blocks, i, j) => blocks.some(([rows, columns]) => i >= rows[0] && i < rows[1] && j >= columns[0] && j < columns[1]);
const transposed = (symbol) => (symbol.includes("]}") ? symbol.replace("]}", "]\\top}") : `${symbol}^{\\top}`);

/** A number as it fits into a cell. */
function shown(value) {
  const x = number(value), size = Math.abs(x);
  if (!Number.isFinite(x)) return short(value);
  const digits = size >= 1e100 || size < 1e-99 ? 0 : 1; // an exponent of three digits takes the place of one before it
  return (size >= 1e4 || (size > 0 && size < 1e-3) ? x.toExponential(digits).replace("e+", "e") : String(Number(x.toFixed(size < 10 ? 4 : size < 1000 ? 2 : 1)))).replace("-", "−").replace("e-", "e−");
}

/** The colour of a number: its sign and how large it is beside the largest of its array. */
export function shade(value, largest) {
  const x = number(value);
  if (value === undefined || !Number.isFinite(x) || x === 0) return "transparent";
  const share = Math.round(6 + 40 * Math.sqrt(Math.min(1, Math.abs(x) / (largest || 1))));
  return `color-mix(in srgb, var(${x > 0 ? "--positive" : "--negative"}) ${share}%, transparent)`;
}
