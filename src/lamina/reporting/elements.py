"""Elements of a page: text becomes markup here and nowhere else, so nothing that a user wrote is ever markup.

`element("td", name)` escapes the name; only what `element` and `markup` return counts as markup.
"""

from collections.abc import Collection, Iterable, Sequence
from html import escape
from math import isfinite
from typing import Any

# Control characters and halves of surrogate pairs are none of HTML's: they are shown as U+FFFD.
CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000)), "\N{REPLACEMENT CHARACTER}")
for _blank in "\t\n\r":
    CONTROLS[ord(_blank)] = " "
LINES = CONTROLS | {ord("\n"): "\n"}
VOID = ("meta",)  # elements without an end


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def markup(*parts: Any) -> Markup:
    """Return parts one after the other; those that are not markup are escaped, None is nothing."""
    return Markup("".join(part if isinstance(part, Markup) else _text(part) for part in parts if part is not None))


def _text(part: Any) -> str:
    return escape(str(part).translate(CONTROLS))


def element(tag: str, *children: Any, **attributes: Any) -> Markup:
    """Return an element; the name of an attribute may end in an underscore (`class_`), one that is None is left out."""
    pairs = ((name.rstrip("_").replace("_", "-"), value) for name, value in attributes.items() if value is not None)
    start = "".join(f' {name}="{_text(value)}"' for name, value in pairs)
    return Markup(f"<{tag}{start}>" + ("" if tag in VOID else f"{markup(*children)}</{tag}>"))


def paragraph(*parts: Any, **attributes: Any) -> Markup:
    """Return a paragraph."""
    return element("p", *parts, **attributes)


def code(text: str, **attributes: Any) -> Markup:
    """Return lines of code."""
    lines = Markup(escape(text.translate(LINES)))
    return element("pre", element("code", lines), tabindex=0, **attributes)


def table(
    headings: Sequence[Any],
    rows: Iterable[Sequence[Any]],
    caption: str,
    left: Collection[int] = (0,),
    **attributes: Any,
) -> Markup:
    """Return a table; the columns of `left` hold text, the others figures. The first cell of a row is its heading."""
    head = [element("th", one, scope="col", class_=_side(j, left)) for j, one in enumerate(headings)]
    body = []
    for first, *rest in rows:
        cells = [element("td", as_text(one), class_=_side(j, left)) for j, one in enumerate(rest, start=1)]
        body.append(element("tr", element("th", as_text(first), scope="row", class_=_side(0, left)), *cells))
    whole = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *head)),
        element("tbody", *body),
        **attributes,
    )
    return element("div", whole, class_="wide", tabindex=0, role="region", aria_label=caption)


def _side(place: int, left: Collection[int]) -> str | None:
    return None if place in left else "figure"


def figure(picture: Markup, caption: str, summary: str, behind: Markup) -> Markup:
    """Return a picture with its caption, and the table behind it."""
    shown = element("figure", element("div", picture, class_="wide", tabindex=0), element("figcaption", caption))
    return markup(shown, folded(summary, behind))


def folded(summary: str, *children: Any) -> Markup:
    """Return what is shown when its summary is clicked; it needs no script."""
    return element("details", element("summary", summary), *children)


def as_text(value: Any) -> Any:
    """Return the content of a cell: a number with a few digits, a dash for nothing, anything else as it is."""
    if value is None:
        return "\N{EN DASH}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return number(value)


def number(value: float) -> str:
    """Return a number for readers: 48,842 or 0.8531 or 3.2e-05."""
    if isinstance(value, int):
        return f"{value:,}"
    if not isfinite(value):
        return "not finite"
    size = abs(value)
    if size >= 1e7 or 0 < size < 1e-3:
        return f"{value:.2e}"
    return f"{value:.4f}" if size < 10 else f"{value:,.2f}" if size < 10_000 else f"{value:,.1f}"


def counted(count: int, what: str) -> str:
    """Return "1 row", "48,842 rows"."""
    plural = f"{what[:-1]}ies" if what.endswith("y") else f"{what}{'es' * what.endswith('s') or 's'}"
    return f"{count:,} {what if count == 1 else plural}"
