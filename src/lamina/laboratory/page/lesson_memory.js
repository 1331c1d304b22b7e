// What this tab remembers of the lesson: whether to predict first, whose numbers, what was answered.

const PLACE = "lamina-lesson";
const kept = read();

function read() {
  try { return JSON.parse(sessionStorage.getItem(PLACE)) || {}; } catch { return {}; }
}

function keep(change) {
  Object.assign(kept, change);
  try { sessionStorage.setItem(PLACE, JSON.stringify(kept)); } catch { /* a page of its own in a frame may not */ }
}

export const memory = {
  get predict() { return Boolean(kept.predict); },
  set predict(yes) { keep({ predict: yes }); },
  get follow() { return Boolean(kept.follow); },
  set follow(yes) { keep({ follow: yes }); },
  answer: (question) => (kept.answers || {})[question],
  note: (question, given) => keep({ answers: { ...kept.answers, [question]: given } }),
};
