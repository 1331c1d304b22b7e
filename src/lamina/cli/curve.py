"""The learning curve in the terminal, drawn with braille characters: 2 x 4 dots each.

A page of code instead of a library: what is drawn is two lines that share an axis, nothing else.
"""

from collections.abc import Mapping, Sequence

Points = Sequence[tuple[float, float]]  # (epoch, value), epochs increasing

BRAILLE = 0x2800
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # the bit of each dot: 4 rows of 2


def drawn(series: Mapping[str, Points], width: int = 56, height: int = 10, unicode: bool = True) -> list[str]:
    """Return the lines of a picture; each series has its name behind its end.

    Parameters
    ----------
    series : mapping of name -> points
    width, height : int
        Of the picture, in characters.
    unicode : bool
        Without it, each series is drawn with the first letter of its name.
    """
    points = [point for one in series.values() for point in one]
    if not points:
        return []
    first, last = min(x for x, _ in points), max(x for x, _ in points)
    low, high = min(y for _, y in points), max(y for _, y in points)
    fine = (2, 4) if unicode else (1, 1)
    canvas = [[" "] * width for _ in range(height)]
    ends: dict[int, str] = {}
    for name, one in series.items():
        dots = _dots(one, (first, last), (low, high), width * fine[0], height * fine[1])
        for x, y in dots:
            row, column = y // fine[1], x // fine[0]
            canvas[row][column] = _with_dot(canvas[row][column], x % 2, y % 4) if unicode else name[0]
        if dots:
            ends[_free(ends, dots[-1][1] // fine[1], height)] = name
    bar = "│" if unicode else "|"
    labels = {0: f"{high:.4g}", height - 1: f"{low:.4g}"}
    lines = [f"{labels.get(i, ''):>8} {bar}{''.join(row)} {ends.get(i, '')}".rstrip() for i, row in enumerate(canvas)]
    axis = ("└" + "─" * width) if unicode else ("+" + "-" * width)
    return [*lines, f"{'':>8} {axis}", f"{'epoch':>8}  {first:<{width - 8}.0f}{last:>8.0f}"]


def _dots(
    points: Points, xs: tuple[float, float], ys: tuple[float, float], width: int, height: int
) -> list[tuple[int, int]]:
    """Return the dots of a line through the points, column by column; row 0 is the top."""
    dots: list[tuple[int, int]] = []
    before: tuple[int, int] | None = None
    for x, y in points:
        at = _scaled(x, xs, width), height - 1 - _scaled(y, ys, height)
        start = before or at
        steps = max(abs(at[0] - start[0]), abs(at[1] - start[1]), 1)
        for k in range(1, steps + 1) if before else [steps]:
            x_at, y_at = (round(a + (b - a) * k / steps) for a, b in zip(start, at, strict=True))
            dots.append((x_at, y_at))
        before = at
    return dots


def _scaled(value: float, ends: tuple[float, float], count: int) -> int:
    """Return the place of a value among `count`, from 0."""
    low, high = ends
    return round((value - low) / (high - low) * (count - 1)) if high > low else 0


def _with_dot(character: str, x: int, y: int) -> str:
    bits = 0 if character == " " else ord(character) - BRAILLE
    return chr(BRAILLE + (bits | DOTS[y][x]))


def _free(taken: dict[int, str], row: int, height: int) -> int:
    """Return the nearest row that has no name yet."""
    return min((i for i in range(height) if i not in taken), key=lambda i: abs(i - row), default=row)
