"""The pages as they are written: what the theme leaves nameless gets a name, and nothing is loaded from elsewhere."""

import re
from pathlib import Path
from typing import Any

from sphinx.errors import ExtensionError

LOADED = re.compile(
    r"""<(?:script|img|iframe|link|source|video|audio)\b[^>]*?\b(?:src|href)=["'](?:https?:)?//[^"']*"""
)
IMPORTED = re.compile(r"""(?:url\(|@import)\s*["']?(?:https?:)?//[^"')]*""")

# What a screen reader would have no words for.
NAMED = {
    '<summary><span class="toctree-toggle"': '<summary aria-label="the pages below it"><span class="toctree-toggle"'
}


def finish(app: Any, problem: Exception | None) -> None:
    """Go through pages and style sheets; leave with those that load something from another machine."""
    if problem is not None or app.builder.name != "html":
        return
    place, found = Path(app.outdir), []
    for file in (*place.rglob("*.html"), *place.rglob("*.css")):
        text = file.read_text(encoding="utf-8")
        pattern = LOADED if file.suffix == ".html" else IMPORTED
        found += [f"{file.relative_to(place)}: {one}" for one in pattern.findall(text)]
        named = text
        for without, with_name in NAMED.items():
            named = named.replace(without, with_name)
        if named != text:
            file.write_text(named, encoding="utf-8")
    if found:
        raise ExtensionError("loaded from another machine: " + "; ".join(sorted(found)[:5]))


def setup(app: Any) -> dict[str, bool]:
    """Tell Sphinx."""
    app.connect("build-finished", finish, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
