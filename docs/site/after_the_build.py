"""What must hold of the pages as they are written: nothing on them is loaded from elsewhere."""

import re
from pathlib import Path
from typing import Any

from sphinx.errors import ExtensionError

LOADED = re.compile(
    r"""<(?:script|img|iframe|link|source|video|audio)\b[^>]*?\b(?:src|href)=["'](?:https?:)?//[^"']*"""
)
IMPORTED = re.compile(r"""(?:url\(|@import)\s*["']?(?:https?:)?//[^"')]*""")


def look(app: Any, problem: Exception | None) -> None:
    """Go through the pages and style sheets, and leave with those that load something from another machine."""
    if problem is not None or app.builder.name != "html":
        return
    place = Path(app.outdir)
    found = [
        f"{file.relative_to(place)}: {one}"
        for file in place.rglob("*.html")
        for one in LOADED.findall(file.read_text())
    ]
    found += [
        f"{file.relative_to(place)}: {one}"
        for file in place.rglob("*.css")
        for one in IMPORTED.findall(file.read_text())
    ]
    if found:
        raise ExtensionError("loaded from another machine: " + "; ".join(sorted(found)[:5]))


def setup(app: Any) -> dict[str, bool]:
    """Tell Sphinx."""
    app.connect("build-finished", look, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
