"""Pictures as SVG within the page: drawn by matplotlib, coloured by the page, so that dark, light and print are one.

A colour here is a number that no picture would use; in the SVG it becomes a variable of the style sheet. Text stays
text: it can be searched, copied and read aloud. Nothing in a picture refers to anything outside of it.
"""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import inf, log10
from typing import Any

from lamina.errors import MissingExtraError
from lamina.reporting.elements import Markup, element

INK, FAINT, BAND = "#000101", "#000102", "#000103"
SERIES = ("#000111", "#000112", "#000113", "#000114")
VARIABLES = {INK: "var(--ink)", FAINT: "var(--line)", BAND: "var(--band)"}
VARIABLES |= {colour: f"var(--series-{k})" for k, colour in enumerate(SERIES, start=1)}
# From the first layer to the last: of one lightness, so that each is seen on white and on black.
FIRST_HUE, LAST_HUE = 215, 15
WIDTH = 8.6  # inches of a picture: 619 points, which a page of 820 pixels shows about as they are
LOOK = {
    "svg.fonttype": "none",
    "svg.hashsalt": "lamina",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": FAINT,
    "grid.linewidth": 0.5,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "axes.formatter.useoffset": False,
    "text.parse_math": False,  # a dollar in the name of a column begins no formula
}
UNSAID = re.compile(r"<metadata>.*?</metadata>|<defs>\s*<style.*?</style>\s*</defs>|<!--.*?-->", re.DOTALL)


def check_drawing() -> None:
    """Find out whether pictures can be drawn.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise MissingExtraError("The report draws with matplotlib: pip install 'lamina[plot]'") from None


class Picture:
    """A picture that is being drawn.

    Attributes
    ----------
    axes : list
        Those of matplotlib, in reading order.
    svg : Markup
        What was drawn, once the block of `drawn` has ended.
    """

    def __init__(self, axes: list[Any]) -> None:
        self.axes, self.svg = axes, Markup()


@contextmanager
def drawn(name: str, says: str, columns: int = 1, rows: int = 1, height: float = 2.6) -> Iterator[Picture]:
    """Give a picture to draw into.

    Parameters
    ----------
    name : str
        Of this picture alone: it keeps its parts apart from those of others on the page.
    says : str
        What it shows, for those who do not see it.
    columns, rows : int
        Of axes.
    height : float
        Inches of a row.
    """
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(LOOK):  # type: ignore[arg-type]
        figure = Figure(figsize=(WIDTH, height * rows), layout="constrained")
        picture = Picture(list(figure.subplots(rows, columns, squeeze=False).flat))
        yield picture
        for ax in picture.axes:
            ax.set_axisbelow(True)
        picture.svg = _as_element(_svg_of(figure), name, says)


def _svg_of(figure: Any) -> str:
    import warnings

    out = io.StringIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # text stays text: the reader's fonts draw it
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(out, format="svg", transparent=True, metadata=nothing)
    return out.getvalue()


def _as_element(svg: str, name: str, says: str) -> Markup:
    """Return an SVG file as an element of the page: its own names, the page's colours and fonts."""
    box = re.search(r'viewBox="([^"]*)"', svg)
    start, end = svg.index(">", svg.index("<svg ")) + 1, svg.rindex("</svg>")
    body = UNSAID.sub("", svg[start:end])
    body = re.sub(r' id="(?!m[0-9a-f]+"|p[0-9a-f]+")[^"]*"', "", body)  # nothing refers to these
    body = re.sub(r'(id="|href="#|url\(#)', rf"\g<1>{name}-", body)
    body = re.sub(r"font-family: [^;\"]*;? ?|(?<=style=\")font: ([\d.]+px) [^;\"]*", _font, body)
    body = re.sub("#0001[01][0-9]", lambda found: VARIABLES[found[0]], body)
    assert box is not None
    return element("svg", Markup(body), viewBox=box[1], role="img", aria_label=says)


def _font(found: re.Match[str]) -> str:
    return f"font-size: {found[1]}" if found[1] else ""


def layer_colours(count: int) -> list[str]:
    """Return a colour for each layer, from the first to the last."""
    from colorsys import hls_to_rgb

    hues = [FIRST_HUE + (LAST_HUE - FIRST_HUE) * k / max(count - 1, 1) for k in range(count)]
    rgb = [hls_to_rgb(hue / 360, 0.5, 0.6) for hue in hues]
    return ["#" + "".join(f"{round(255 * part):02x}" for part in one) for one in rgb]


def lines(ax: Any, series: Sequence[tuple[str, Sequence[float], Sequence[float]]], **how: Any) -> None:
    """Draw lines; one of a single point is a dot."""
    for (label, x, y), colour in zip(series, SERIES, strict=False):
        ax.plot(x, y, color=colour, label=label, marker="o" if len(x) == 1 else None, markersize=4, **how)
    ax.grid(True)


def key_below(ax: Any, most: int) -> None:
    """Explain the lines of an axis below the picture; of more than `most` lines the first, one between and the last."""
    handles, labels = ax.get_legend_handles_labels()
    if len(labels) > most:
        chosen = [0, len(labels) // 2, len(labels) - 1]
        handles, labels = [handles[k] for k in chosen], [labels[k] for k in chosen]
    if labels:
        ax.figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))


def logarithmic(axis: Any) -> None:
    """Label a logarithmic axis with plain numbers: 0.01, 0.02, 0.05."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    low, high = axis.get_view_interval()
    decades = log10(high / low) if low > 0 else inf
    subs = (1, 2, 5) if decades < 2 else (1,)
    axis.set_major_locator(MaxNLocator(4) if decades < 1 else LogLocator(subs=subs, numticks=6))
    axis.set_major_formatter(FuncFormatter(lambda value, place: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def bars(ax: Any, names: Sequence[str], values: Sequence[float], label: str) -> None:
    """Draw a horizontal bar for each name, the first on top."""
    ax.barh(range(len(names)), values, color=SERIES[0], height=0.7)
    ax.set_yticks(range(len(names)), [shortened(name) for name in names])
    ax.invert_yaxis()
    ax.set_xlabel(label)
    ax.grid(True, axis="x")
    ax.tick_params(axis="y", length=0)


def shortened(name: str, most: int = 32) -> str:
    """Return a name that fits beside a bar, on one line."""
    name = " ".join(str(name).split())
    return name if len(name) <= most else f"{name[: most - 1]}\N{HORIZONTAL ELLIPSIS}"
