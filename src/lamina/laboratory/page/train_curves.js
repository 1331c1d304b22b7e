// Cost, scores and learning rate over the epochs.

import { behind, h, fill, short, table } from "lab/dom.js";
import { token } from "lab/colours.js";
import { ask } from "lab/talk.js";
import { here } from "lab/here.js";
import { trouble } from "lab/notes.js";

const HEIGHT = 112;

export function curves(lab) {
  const first = h("div", { class: "chart", role: "img", "aria-label": "cost over the epochs" }), second = h("div", { class: "chart", role: "img", "aria-label": "score and learning rate over the epochs" });
  const titles = [h("div", { class: "legend" }), h("div", { class: "legend" })];
  const empty = h("p", { class: "soft" }, "Train to see the cost fall.");
  const numbers = behind("the curves as a table", () => h("div", { class: "numbers" }));
  numbers.addEventListener("toggle", () => tell());
  const element = h("section", { class: "panel curves-panel", "aria-label": "curves" }, h("h2", {}, "Curves"), empty, titles[0], first, titles[1], second, numbers);
  let plots = [], found = null, made = "";

  async function follow() {
    try { found = await ask("curves"); } catch (problem) { trouble(problem); return; }
    update();
  }

  function update() {
    empty.hidden = found.epoch.length > 0;
    const validated = found.validation_cost.some((one) => one !== null);
    const key = `${validated} ${found.score_name} ${element.clientWidth} ${document.documentElement.dataset.theme} ${token("--ink")}`;
    if (key !== made) { made = key; make(validated); }
    const number = (values) => values.map((one) => (typeof one === "number" ? one : null));
    plots[0].setData([found.epoch, number(found.cost), ...(validated ? [number(found.validation_cost)] : [])]);
    plots[1].setData([found.epoch, number(found.score), ...(validated ? [number(found.validation_score)] : []), number(found.learning_rate)]);
    const last = (name) => short(found[name].at(-1));
    fill(titles[0], key_of("--accent", `cost ${last("cost")}`), validated && key_of("--negative", `validation cost ${last("validation_cost")}`));
    fill(titles[1], key_of("--accent", `${found.score_name} ${last("score")}`), validated && key_of("--negative", `validation ${last("validation_score")}`), key_of("--muted", `learning rate ${last("learning_rate")}`));
    for (const one of [...titles, first, second]) one.hidden = !found.epoch.length;
    first.setAttribute("aria-label", found.epoch.length ? `cost over ${found.epochs} epochs: from ${short(found.cost[0])} to ${short(found.cost.at(-1))}` : "cost over the epochs: none yet");
    tell();
  }

  function make(validated) {
    for (const plot of plots) plot.destroy();
    const width = Math.max(220, first.clientWidth || element.clientWidth - 34);
    const axis = (extra) => ({ stroke: token("--muted"), font: "11px sans-serif", grid: { stroke: token("--line"), width: 1 }, ticks: { stroke: token("--line") }, size: 46, ...extra });
    const across = axis({ size: 28, space: 60, gap: 3 });
    const line = (label, colour, extra) => ({ label, stroke: token(colour), width: 1.8, points: { show: false }, value: (_, v) => short(v, 4), ...extra });
    const epochs = { label: "epoch", value: (_, v) => (v === null ? "" : v.toLocaleString("en")) };
    const common = { width, height: HEIGHT, cursor: { y: false, drag: { x: false, y: false } }, legend: { show: false }, hooks: { draw: [cursor] } };
    const name = found.score_name;
    plots = [
      new globalThis.uPlot({ ...common, scales: { x: { time: false } }, axes: [across, axis({ values: (_, all) => all.map((v) => short(v, 3)) })],
        series: [epochs, line("cost", "--accent"), ...(validated ? [line("validation cost", "--negative", { dash: [5, 3] })] : [])] }, [[], [], ...(validated ? [[]] : [])], first),
      new globalThis.uPlot({ ...common, scales: { x: { time: false }, rate: {} }, axes: [across, axis({ values: (_, all) => all.map((v) => short(v, 3)) }), axis({ scale: "rate", side: 1, grid: { show: false }, values: (_, all) => all.map((v) => short(v, 2)) })],
        series: [epochs, line(name, "--accent"), ...(validated ? [line(`validation ${name}`, "--negative", { dash: [5, 3] })] : []), line("learning rate", "--muted", { scale: "rate", dash: [2, 3], width: 1.2 })] }, [[], [], ...(validated ? [[]] : []), []], second),
    ];
  }

  /** Where the step that is looked at lies. */
  function cursor(plot) {
    const frame = lab.look.frame;
    if (!frame || here.following || !found || !found.epoch.length) return;
    const x = plot.valToPos(Math.max(frame.epoch, found.epoch[0]), "x", true);
    const paint = plot.ctx;
    paint.save();
    paint.strokeStyle = token("--glow");
    paint.lineWidth = 2;
    paint.beginPath();
    paint.moveTo(x, plot.bbox.top);
    paint.lineTo(x, plot.bbox.top + plot.bbox.height);
    paint.stroke();
    paint.restore();
  }

  function tell() {
    const box = numbers.querySelector(".numbers");
    if (!numbers.open || !box || !found) return;
    const every = Math.max(1, Math.ceil(found.epoch.length / 12));
    const chosen = found.epoch.map((_, k) => k).filter((k) => k % every === 0 || k === found.epoch.length - 1);
    fill(box, table([["epoch", "cost", "validation cost", found.score_name, "learning rate"],
      ...chosen.map((k) => [found.epoch[k], ...["cost", "validation_cost", "score", "learning_rate"].map((name) => short(found[name][k]))])], "records of epochs"));
  }

  return { element, follow, show: () => found && update(), leave: () => plots.forEach((plot) => plot.destroy()) };
}

const key_of = (colour, text) => h("span", {}, h("i", { style: { background: token(colour) } }), text);
