// Which rows the network learns: built in, from the command line, or somebody's own file.

import { h, fill } from "lab/dom.js";
import { here, go } from "lab/here.js";
import { ask, live } from "lab/talk.js";
import { note, trouble } from "lab/notes.js";

const MOST_BYTES = 50 * 2 ** 20;

export function rows(lab) {
  const choices = h("div", { class: "train-choices", role: "group", "aria-label": "rows" });
  const file = h("input", { type: "file", accept: ".csv,.tsv,.txt,.parquet,.pq,.arrow,.arrows,.feather,.ipc,.gz,.bz2,.zst,.lz4", id: "own-file", "aria-label": "a table of your own", onchange: () => file.files[0] && upload(file.files[0]) });
  const told = h("span", { class: "soft rows-told" });
  const sheet = h("dialog", { class: "own", "aria-label": "your own rows" });
  const element = h("section", { class: "panel rows-panel", "aria-label": "rows" }, choices, told, sheet);
  let own = null;

  function show() {
    const { rows: now, built_in: names } = lab.look.overview;
    fill(choices, !live && h("b", {}, now.title), live && names.map(([name, title]) => h("button", { "aria-pressed": String(now.built_in && now.name === name), title, onclick: () => open("open", { name }) }, short(title))),
      live && h("label", { class: "button", for: "own-file" }, "your file …"), live && file,
      live && !now.built_in ? h("button", { "aria-pressed": "true", title: "choose target and columns again", onclick: () => again() }, now.name) : null);
    const held = now.validation ? `, ${now.validation.toLocaleString("en")} held out` : "";
    fill(told, `${now.n.toLocaleString("en")} rows to learn from${held} · ${now.features.length} inputs → ${now.target}`);
  }

  async function open(question, args) {
    try {
      const answer = await ask(question, args);
      go({ now: answer, step: answer.head, following: true });
      return true;
    } catch (problem) { trouble(problem); return false; }
  }

  // ---- own rows ----

  async function upload(chosen) {
    file.value = "";
    if (chosen.size > MOST_BYTES) return note(`${chosen.name} has ${Math.round(chosen.size / 2 ** 20)} MiB, and at most 50 can be uploaded: start the lab with it, lamina lab ${chosen.name}`, "trouble");
    try {
      own = await ask("upload", { name: chosen.name, data: await inBase64(chosen) });
      return ask_what();
    } catch (problem) { return trouble(problem); }
  }

  async function again() {
    try { own = await ask("own"); ask_what(); } catch (problem) { trouble(problem); }
  }

  async function look(change) {
    try { own = await ask("own", { target: own.target, left_out: own.left_out, ...change }); ask_what(); } catch (problem) { trouble(problem); }
  }

  function ask_what() {
    const target = h("select", { "aria-label": "the column to predict", onchange: () => look({ target: target.value, left_out: own.left_out.filter((name) => name !== target.value) }) },
      own.columns.map((one) => h("option", { value: one.name, selected: one.name === own.target }, one.name)));
    const task = h("select", { "aria-label": "what the target holds" }, ["classification", "regression"].map((name) => h("option", { value: name, selected: name === own.task }, name)));
    const out = new Set(own.left_out);
    const boxes = own.columns.filter((one) => one.name !== own.target).map((one) => h("label", { class: "column" }, h("input", { type: "checkbox", checked: !out.has(one.name), onchange: (event) => {
      if (event.target.checked) out.delete(one.name); else out.add(one.name);
      look({ left_out: [...out] });
    } }), one.name, h("span", { class: "soft" }, ` ${one.kind}`)));
    const learn = async () => { if (await open("open_own", { target: own.target, left_out: own.left_out, task: task.value })) sheet.close(); };
    fill(sheet, h("h2", {}, own.name),
      h("p", {}, `${own.rows.toLocaleString("en")} rows${own.used < own.rows ? `, of which the lab learns ${own.used.toLocaleString("en")}` : ""}.`),
      h("p", {}, h("label", {}, "predict ", target), " ", h("label", {}, "as ", task)),
      h("fieldset", { class: "columns-chosen" }, h("legend", {}, "learn from"), boxes),
      own.notices.length ? h("div", { class: "notices" }, h("h3", {}, "Worth a look"), own.notices.map((one) => h("p", {}, one.text, " ",
        one.leave_out ? h("button", { onclick: () => look({ left_out: [...own.left_out, ...one.columns] }) }, `leave out ${one.columns.join(", ")}`) : null))) : null,
      h("p", { class: "buttons" }, h("button", { class: "main", onclick: learn }, "Learn from these rows"), " ", h("button", { onclick: () => sheet.close() }, "cancel")));
    if (!sheet.open) sheet.showModal();
  }

  return { element, show };
}

const short = (title) => title.replace(/^The lecture: /, "lecture ").replace(/^Handwritten digits.*/, "digits").replace(/^Census.*/, "census");

/** The bytes of a file in base64. */
const inBase64 = (file) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.addEventListener("load", () => resolve(reader.result.slice(reader.result.indexOf(",") + 1)));
  reader.addEventListener("error", () => reject(new Error(`${file.name} cannot be read.`)));
  reader.readAsDataURL(file);
});
