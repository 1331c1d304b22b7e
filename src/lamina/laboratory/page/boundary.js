// The answers of a network for two inputs, as a picture: where it says 1, where it says 0, and how sure it is.

import { fill, h } from "lab/dom.js";

const SIDE = 200;

/** A picture with its title; `show` draws answers {grid, x1, x2, right, of} and the rows {X, Y}. */
export function boundary(title) {
  const canvas = h("canvas", { width: SIDE * 2, height: SIDE * 2, role: "img" });
  const about = h("p", { class: "about" });
  const place = h("div", { class: "answers" });
  const element = h("figure", { class: "boundary" }, h("figcaption", {}, title), place, about);

  function show(answers, rows) {
    const share = answers.right === null ? "It answers nothing any more." : `${answers.right} of ${answers.of} right`;
    fill(about, share);
    if (!answers.grid) { fill(place, h("p", { class: "nothing" }, "No picture: what it learned fits the training rows alone.")); return; }
    fill(place, canvas);
    canvas.setAttribute("aria-label", `Answers in the plane, ${title}: ${share}`);
    draw(canvas.getContext("2d"), answers, rows);
  }
  return { element, show };
}

function draw(context, { grid, x1, x2 }, rows) {
  const size = canvasSize(context), [low, high, paper, ink] = ["--negative", "--positive", "--panel", "--ink"].map(rgb);
  const n = x1.length, image = new ImageData(n, n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) {
    const p = grid[n - 1 - i][j];
    const sure = typeof p === "number" ? Math.min(1, Math.abs(p - 0.5) * 2) : 0;
    const colour = mix(paper, p > 0.5 ? high : low, 0.12 + 0.5 * sure);
    image.data.set([...colour, 255], 4 * (i * n + j));
  }
  const small = new OffscreenCanvas(n, n);
  small.getContext("2d").putImageData(image, 0, 0);
  context.imageSmoothingEnabled = true;
  context.drawImage(small, 0, 0, size, size);
  const place = (value, side, flip) => { const share = (value - side[0]) / (side[n - 1] - side[0]); return size * (flip ? 1 - share : share); };
  rows.Y.forEach((label, k) => {
    context.beginPath();
    context.arc(place(rows.X[0][k], x1, false), place(rows.X[1][k], x2, true), 6, 0, 7);
    context.fillStyle = css(label > 0.5 ? high : low);
    context.fill();
    context.lineWidth = 2;
    context.strokeStyle = css(label > 0.5 ? paper : ink); // sign by outline too, not by colour alone
    context.stroke();
  });
}

const canvasSize = (context) => context.canvas.width;
const mix = (one, other, share) => one.map((part, k) => Math.round(part + (other[k] - part) * share));
const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;

function rgb(token) {
  const text = getComputedStyle(document.documentElement).getPropertyValue(token).trim();
  const probe = new OffscreenCanvas(1, 1).getContext("2d");
  probe.fillStyle = text;
  probe.fillRect(0, 0, 1, 1);
  return [...probe.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}
