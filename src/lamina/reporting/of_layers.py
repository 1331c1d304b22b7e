"""What each layer was like while it learned: the looks that a model keeps (`learning/vital_signs.py`)."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from lamina.learning.diagnosis.of_rates import HIGHEST, LOWEST
from lamina.model import Model
from lamina.reporting.elements import Markup, counted, figure, paragraph, table
from lamina.reporting.pictures import BAND, drawn, key_below, layer_colours, logarithmic

NAMED_LAYERS = 8  # in the legend
DRAWN_LAYERS = 40
LISTED_LAYERS = 200


class Sign(NamedTuple):
    """A number for each layer."""

    key: str
    title: str
    logarithmic: bool


SIGNS = (
    Sign("update", "a step / size of W", True),
    Sign("gradient", "size of dW", True),
    Sign("weight", "size of W", True),
    Sign("spread", "spread of Z", True),
    Sign("dead", "dead units (share)", False),
    Sign("saturated", "saturated (share)", False),
)
MEANING = (
    "Taken before epochs 1, 2, 3, 5, 9, 17, ... and at the end, on some 256 training rows. Sizes are root mean "
    f"squares. A healthy step is {LOWEST:g} to {HIGHEST:g} of the size of W (shaded). A unit is dead where the slope "
    "of its activation is 0 in every row; tanh and sigmoid are saturated where they are flat."
)


def layers(model: Model) -> Iterator[Markup]:
    """Yield what the layers were like over time."""
    looks = (model.signs or {}).get("looks", [])
    if not looks:
        yield paragraph("The model file holds no looks at its layers: it was written before they were taken.")
        return
    L = len(looks[0]["weight"])
    some = range(L) if L <= DRAWN_LAYERS else [round(k * (L - 1) / (DRAWN_LAYERS - 1)) for k in range(DRAWN_LAYERS)]
    titles = ", ".join(sign.title for sign in SIGNS)
    says = f"Six line charts of {counted(L, 'layer')} over {counted(len(looks), 'look')}: {titles}."
    with drawn("layers", says, columns=3, rows=2, height=2.2) as picture:
        for ax, sign in zip(picture.axes, SIGNS, strict=True):
            _draw(ax, sign, looks, some)
        key_below(picture.axes[0], most=NAMED_LAYERS)
    yield figure(picture.svg, MEANING, "The looks as a table", _as_table(looks, min(L, LISTED_LAYERS)))


def _draw(ax: Any, sign: Sign, looks: Sequence[dict[str, Any]], some: Sequence[int]) -> None:
    for layer, colour in zip(some, layer_colours(len(some)), strict=True):
        points = [(look["epoch"], _value(look, sign.key, layer)) for look in looks]
        points = [(x, y) for x, y in points if y is not None and (y > 0 or not sign.logarithmic)]
        if points:
            ax.plot(*zip(*points, strict=True), color=colour, marker="o", markersize=3, label=f"layer {layer + 1}")
    if sign.key == "update":
        ax.axhspan(LOWEST, HIGHEST, color=BAND, alpha=0.12, linewidth=0)
    ax.set_title(sign.title, loc="left")
    ax.set_xscale("symlog", linthresh=1, base=2)
    ax.set_xticks(*_ticks(looks))
    ax.minorticks_off()
    if sign.logarithmic:
        ax.set_yscale("log")
        logarithmic(ax.yaxis)
    else:
        ax.set_ylim(-0.03, 1.03)
    ax.grid(True)
    ax.set_xlabel("epoch")


def _value(look: dict[str, Any], key: str, layer: int) -> float | None:
    values = look.get(key)
    return None if values is None else values[layer]


def _ticks(looks: Sequence[dict[str, Any]]) -> tuple[list[int], list[str]]:
    """Return a few of the epochs, the last among them."""
    last = looks[-1]["epoch"]
    at = [0, *(4**k for k in range(12) if 4**k <= last / 2), last]
    at = sorted(set(at))
    return at, [str(one) for one in at]


def _as_table(looks: Sequence[dict[str, Any]], count: int) -> Markup:
    rows = [
        [str(look["epoch"] + 1), str(layer + 1), *(_value(look, sign.key, layer) for sign in SIGNS)]
        for look in looks
        for layer in range(count)
    ]
    headings = ["before epoch", "layer", *(sign.title for sign in SIGNS)]
    return table(headings, rows, "A line for each look and layer")
