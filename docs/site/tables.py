"""Tables of Markdown whose first row is empty: a head without words is none, to the eye or to a screen reader."""

import re
from typing import Any

EMPTY = re.compile(r'<th class="head">(?:<p></p>)?</th>')
HEAD = re.compile(r'<thead>\s*<tr class="row-odd">(?:\s*<td></td>)*\s*</tr>\s*</thead>\s*')


def mend(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Change the text of a page before it is written."""
    if "body" in context:
        context["body"] = HEAD.sub("", EMPTY.sub("<td></td>", context["body"]))


def setup(app: Any) -> dict[str, bool]:
    """Tell Sphinx."""
    app.connect("html-page-context", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
