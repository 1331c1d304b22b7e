// How the page talks to the engine: `await ask("trace", {step: 3})`, and `on("now", handler)`.
// Three ways to carry it: a server (fetch and server-sent events), recorded answers in the page, a notebook (messages).

import { askRecorded, recorded } from "lab/recorded.js";

const handlers = new Map();
export const channel = recorded ? "recorded" : globalThis.parent !== globalThis && location.protocol === "about:" ? "notebook" : "server";

/** Hear of an event: "now" (where things stand), "connected", "lost" (why), "trouble" (a sentence). Returns how to stop. */
export function on(event, handler) {
  if (!handlers.has(event)) handlers.set(event, new Set());
  handlers.get(event).add(handler);
  return () => handlers.get(event).delete(handler);
}

export function emit(event, detail) {
  for (const handler of handlers.get(event) || []) handler(detail);
}

/** Ask the engine. Throws an Error with a sentence for people where there is no answer. */
export const ask = { server: askServer, recorded: askRecorded, notebook: askNotebook }[channel];

/** Whether the engine is there to answer anything, or only what was recorded. */
export const live = channel !== "recorded";

export function connect() {
  if (channel === "server") {
    listen();
    document.addEventListener("visibilitychange", listen);
  }
  if (channel === "notebook") globalThis.addEventListener("message", heard);
  if (channel !== "server") ask("now").then((now) => emit("now", now)).catch((problem) => emit("trouble", problem.message));
}

// ---- a server ----

async function askServer(name, args = {}) {
  let response;
  try {
    response = await fetch(`ask/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(args),
    });
  } catch {
    throw new Error("The lab does not answer: was it stopped? Start it again with: lamina lab");
  }
  const answer = await response.json().catch(() => ({ error: `The lab answered with status ${response.status}.` }));
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

let source = null; // of events
let lab = ""; // which start of the server this page belongs to

/** Listen from now on. A browser opens few connections to one server, so a tab that is not seen keeps none. */
function listen() {
  if (source) source.close();
  if (document.hidden) return;
  const mine = source = new EventSource("events");
  mine.addEventListener("lab", (event) => {
    if (lab && lab !== event.data) location.reload(); // started anew: nothing on this page is its own
    lab = event.data;
    emit("connected");
  });
  mine.addEventListener("now", (event) => emit("now", JSON.parse(event.data)));
  mine.addEventListener("error", async () => {
    if (mine !== source) return;
    if (mine.readyState === EventSource.CLOSED) setTimeout(() => mine === source && listen(), 2000);
    const why = await refusal();
    if (why) emit("lost", why);
  });
}

/** What the server says instead of letting us listen, or that there is none. */
async function refusal() {
  try {
    const answer = await fetch("events");
    if (!answer.ok) return await answer.text();
    await answer.body.cancel();
    return "";
  } catch {
    return "The lab does not answer. Start it again with: lamina lab";
  }
}

// ---- a notebook ----

let asked = 0;
const waiting = new Map();

function askNotebook(name, args = {}) {
  return new Promise((resolve, reject) => {
    waiting.set(++asked, { resolve, reject });
    globalThis.parent.postMessage({ lamina: "ask", id: asked, name, arguments: args }, "*");
  });
}

function heard(event) {
  if (event.source !== globalThis.parent || !event.data || !event.data.lamina) return;
  const { lamina, id, answer, error, now } = event.data;
  if (lamina === "now") emit("now", now);
  if (lamina === "answer" && waiting.has(id)) {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error) reject(new Error(error));
    else resolve(answer);
  }
}
