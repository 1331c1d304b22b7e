"""Docstrings on their way to the site: what numpydoc finds wrong is a warning, and names in them become links.

Docstrings here are written to be read in an editor. One that says in a sentence or two what goes in and what comes out
may do without sections; a section that is there is whole, with types, in the order of the signature.
"""

import re
from typing import Any

from numpydoc.validate import validate
from reference import RESULTS
from sphinx.util import logging

CHECKED = {
    *("GL05", "GL06", "GL07", "GL08", "GL10"),  # sections: spelled, underlined, in order; no docstring at all
    *("SS01", "SS04", "ES02"),  # a summary, on the first line
    *("PR01", "PR02", "PR03", "PR04", "PR05", "PR10"),  # parameters: all, no others, in order, with types
}
PARAMETERS = re.compile(r"^ *Parameters\n *-{3,}$", re.MULTILINE)

PAGE = re.compile(r"`{0,2}docs/([\w-]+)\.md`{0,2}")
ERROR = re.compile(r"(?<![\w.`~])lamina\.errors\.(\w+)")
BAR = re.compile(r"(``.*?``)|(?<!\\)\|")  # outside of code
NOT_MADE_BY_HAND = {*RESULTS, "lamina.Model", "lamina.Search", "lamina.Trace"}
MANY, FEW = 20, "(hidden_layer_sizes='auto', activation='auto', *, ...)"  # arguments of an estimator
log = logging.getLogger(__name__)


def check(app: Any, what: str, name: str, found: Any, options: Any, lines: list[str]) -> None:
    """Warn of what is wrong with one docstring."""
    text = "\n".join(lines)
    for code, message in validate(name)["errors"]:
        if code in CHECKED and not allowed(code, message, text):
            log.warning("%s: %s %s", name, code, message, type="numpydoc")


def allowed(code: str, message: str, text: str) -> bool:
    """Tell whether a finding is none here: no section, or a line "X, y, sample_weight" that are as elsewhere."""
    if code == "PR01":
        return not PARAMETERS.search(text)
    named = re.search('"(.+)"', message)
    return code == "PR04" and named is not None and not re.search(rf"^ *{re.escape(named[1])}$", text, re.MULTILINE)


def link(app: Any, what: str, name: str, found: Any, options: Any, lines: list[str]) -> None:
    """Turn pages and errors that a docstring names into links; |A - Y| is no substitution."""
    for number, line in enumerate(lines):
        line = ERROR.sub(r":py:exc:`~lamina.errors.\1`", PAGE.sub(r":doc:`/\1`", line))
        lines[number] = BAR.sub(lambda found: found[1] or r"\|", line)


def signature(
    app: Any, what: str, name: str, found: Any, options: Any, arguments: str | None, returns: str | None
) -> Any:
    """Return the signature that is shown: none of what users do not make, and no list that the settings repeat."""
    if what == "class" and name in NOT_MADE_BY_HAND:
        return "", None
    return (FEW, None) if arguments and arguments.count("=") > MANY else None


def setup(app: Any) -> dict[str, bool]:
    """Tell Sphinx: the check comes before numpydoc, the links after it."""
    app.connect("autodoc-process-signature", signature)
    app.connect("autodoc-process-docstring", check, priority=100)
    app.connect("autodoc-process-docstring", link, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
