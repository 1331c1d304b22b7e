"""What an encoder makes of each column, in words."""

from collections.abc import Iterator, Sequence

from lamina.data.encoding.encoder import Encoder
from lamina.data.encoding.numbers import NumberColumns

SHOWN_NAMES = 8


def columns(encoder: Encoder) -> Iterator[tuple[str, str, str]]:
    """Yield name, kind and encoding of every input column, in their order."""
    numbers, found = encoder.numbers, dict[int, tuple[str, str]]()
    splines = {spline.at: [f"{spline.width} spline functions"] for spline in encoder.splines}
    parts_of: dict[int, list[str]] = {}
    for j, part in zip(numbers.at.tolist(), numbers.parts_among(encoder.names_in), strict=True):
        parts_of.setdefault(j, []).extend([part] * bool(part))
    for i, j in enumerate(numbers.at.tolist()):
        if numbers.parts[i] == "":
            parts = parts_of[j]
            missing = ["missing marked"] if numbers.indicator[i] else []
            found[j] = (
                "date" if j in encoder.dates else "number",
                ", ".join([_scaled(numbers, i), *parts, *splines.get(j, ()), *missing]),
            )
    for column in encoder.categories:
        kind = "category" if column.kind == "number" else column.kind
        marked = column.indicator and not column.embedded
        others = (", (other)" if column.pooled else "") + (", missing marked" if marked else "")
        text = f"{len(column.levels)} levels{' embedded' * column.embedded}: {listed(list(column.levels))}{others}"
        found[column.at] = kind, text
    for j, name in enumerate(encoder.names_in):
        yield name, *found[j]


def listed(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    more = len(names) - SHOWN_NAMES
    return ", ".join(names[:SHOWN_NAMES]) + (f", ... {more} more" if more > 0 else "")


def _scaled(numbers: NumberColumns, i: int) -> str:
    """Return how number column `i` is encoded."""
    location, scale = numbers.location[i], numbers.scale[i]
    if scale == 0:
        return "0: constant in training"
    if numbers.scaling == "quantile":
        return f"to a normal through {len(numbers.quantiles[i])} quantiles"
    if scale == 1 and location == 0 and numbers.scaling != "robust":
        return "as it is"
    return f"(x - {location:.4g}) / {scale:.4g}" + ", clipped smoothly" * (numbers.scaling == "robust")
