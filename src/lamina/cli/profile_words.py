"""A profile in words: what a column holds, how it is encoded, how classes are balanced."""

from collections.abc import Mapping, Sequence

from lamina.data.encoding.categories import CategoryColumn
from lamina.data.encoding.encoder import Encoder
from lamina.data.tables.days import spell_date
from lamina.profiling.columns import ColumnCounts

SCALED = {
    "standard": "standardised",
    "minmax": "0 to 1",
    "robust": "robust",
    "quantile": "normal scores",
    "none": "as it is",
}
LONGEST_LEVEL = 14
BAR = 24  # characters of all rows
LARGEST_WHOLE = 1e15


def percent(part: float) -> str:
    """Return "12 %", "0.3 %"; "<0.1 %" of less, and "0 %" only of nothing."""
    if 0 < part < 0.0005:
        return "<0.1 %"
    return f"{100 * part:.1f} %" if 0 < part < 0.1 else f"{100 * part:.0f} %"


def distinct(column: ColumnCounts) -> str:
    """Return "16", or "~28,600" where it is estimated."""
    values = column.values
    if values.is_exact or not values.repeated:  # else each row has its own, as far as can be seen
        return f"{values.number if values.is_exact else column.known:,}"
    return f"~{int(float(f'{values.number:.3g}')):,}"


def values_of(column: ColumnCounts) -> str:
    """Return where the numbers or dates lie, or which level is the most frequent."""
    if not column.known:
        return "no value"
    if column.levels_counted:
        most = [one for one in column.values.most_frequent(1) if one[1] > 1 or column.values.number == 1]
        return " ".join(f"{_shortened(level)} {percent(n / column.known)}" for level, n in most) or "text"
    if column.low is None or column.high is None:
        return "infinite"
    low, high = (spell_date(end) if column.kind == "date" else number(end) for end in (column.low, column.high))
    return low if low == high else f"{low} to {high}"


def number(x: float) -> str:
    """Return "48,842", "0.1234", "1.234e+20"."""
    if x == round(x) and abs(x) < LARGEST_WHOLE:
        return f"{x:,.0f}"
    return f"{x:.4g}"


def _shortened(level: str) -> str:
    return level if len(level) <= LONGEST_LEVEL else level[: LONGEST_LEVEL - 3] + "..."


def encoded(encoder: Encoder) -> dict[str, tuple[str, int]]:
    """Return for each input column how it is encoded, and how many features it makes."""
    words: dict[int, list[str]] = {}
    numbers = encoder.numbers
    parts = numbers.parts_among(encoder.names_in)
    for i, j in enumerate(numbers.at.tolist()):
        scaled = SCALED[numbers.scaling] if numbers.scale[i] else "0: constant"
        words.setdefault(j, []).append(parts[i] or scaled)
    for spline in encoder.splines:
        words[spline.at].append(f"{spline.width} splines")
    for i, j in enumerate(numbers.at.tolist()):
        if numbers.indicator[i]:
            words[j].append("missing")
    for column in encoder.categories:
        words[column.at] = [_levels(column)]
    features = [int((encoder.origin == j).sum()) for j in range(len(encoder.names_in))]
    return {name: (", ".join(words[j]), features[j]) for j, name in enumerate(encoder.names_in)}


def _levels(column: CategoryColumn) -> str:
    n = len(column.levels)
    if column.embedded:
        return f"embedding of {n:,} levels{', other' * column.pooled}{', missing' * column.indicator}"
    if not n:
        return "0: no value"
    text = "-1 or 1" if n == 2 and not column.pooled else f"one-hot of {n:,} level{'s' * (n > 1)}"
    return text + ", other" * column.pooled + ", missing" * column.indicator


def missing_in_words(words: Mapping[str, int], rest: int) -> str:
    """Return "empty 40, 'NA' 12, no number 3"."""
    ordered = sorted(words.items(), key=lambda one: (-one[1], one[0]))
    shown = [f"{repr(word) if word else 'empty'} {n:,}" for word, n in ordered]
    return ", ".join([*shown, *([f"in other words {rest:,}"] if rest > 0 else [])])


def balance(classes: Mapping[str, int], most: int, unicode: bool) -> Sequence[tuple[str, str, str, str]]:
    """Return for each class, the most frequent first: name, rows, share, and a bar."""
    total = sum(classes.values())
    ordered = sorted(classes.items(), key=lambda one: (-one[1], one[0]))[:most]
    full = "█" if unicode else "#"
    return [(name, f"{n:,}", percent(n / total), full * max(1, round(BAR * n / total))) for name, n in ordered]
