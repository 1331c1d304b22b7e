"""Formulas, set in the reader's browser by the KaTeX that the lab ships; only pages with formulas load it."""

import shutil
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes

VENDOR = Path(__file__).parents[2] / "src" / "lamina" / "laboratory" / "vendor"
SCRIPTS, STYLE = ("katex/katex.min.js", "formulas.js"), "katex/katex.min.css"


def inline(self: Any, node: Any) -> None:
    """Write a formula within a line."""
    self.body.append(f'<span class="formula">{escape(node.astext())}</span>')
    raise nodes.SkipNode


def block(self: Any, node: Any) -> None:
    """Write a formula of its own."""
    self.body.append(f'<div class="formula" tabindex="0">{escape(node.astext())}</div>\n')
    raise nodes.SkipNode


def load(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Add the library to a page with formulas."""
    if doctree is not None and any(isinstance(one, nodes.math | nodes.math_block) for one in doctree.findall()):
        app.add_css_file(STYLE)
        for script in SCRIPTS:
            app.add_js_file(script, loading_method="defer")


def copy(app: Any, problem: Exception | None) -> None:
    """Put the library beside the pages."""
    if problem is None and app.builder.format == "html":
        place = Path(app.outdir) / "_static" / "katex"
        place.mkdir(parents=True, exist_ok=True)
        for file in (*VENDOR.glob("katex*"), *VENDOR.glob("KaTeX*")):
            shutil.copyfile(file, place / file.name)


def setup(app: Any) -> dict[str, bool]:
    """Tell Sphinx."""
    app.add_html_math_renderer("katex", (inline, None), (block, None))
    app.connect("html-page-context", load)
    app.connect("build-finished", copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
