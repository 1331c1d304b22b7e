// Formulas become what they mean: each stands in its element as LaTeX.
for (const one of document.querySelectorAll(".formula")) {
  katex.render(one.textContent, one, { displayMode: one.tagName === "DIV", throwOnError: false });
}
