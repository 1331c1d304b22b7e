"""What a pass over CSV files leaves out, counted and told: words taken as missing values, rows with too many cells."""

import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina.data.tables.columns import Column, short
from lamina.data.tables.csv_dialect import Dialect
from lamina.data.tables.csv_part import Chunk, CsvPart
from lamina.errors import DataWarning


def words_bare(given: Column, dialect: Dialect) -> dict[str, int]:
    """Return how often which word was taken as missing, where no cell is quoted: words are among the levels."""
    assert given.levels is not None
    counts = np.bincount(given.values[given.values >= 0], minlength=len(given.levels))
    words = [(word.strip(), n) for word, n in zip(given.levels.tolist(), counts.tolist(), strict=True)]
    found: Counter[str] = Counter()
    for word, n in words:
        if word and word in dialect.words:
            found[word] += n
    return found


def words_quoted(name: str, part: CsvPart, chunk: Chunk, data: bytes, array: Any) -> dict[str, int]:
    """Return how often which word was taken as missing, where some cells are quoted and so are text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    table, _ = part.parsed(chunk, data, {name: pa.string()}, [name], plain=True)
    given = table[name]
    trimmed = pc.utf8_trim_whitespace(given)
    behind_blanks = pc.and_(pc.not_equal(trimmed, given), pc.is_in(trimmed, pa.array(part.dialect.words)))
    words = trimmed.filter(pc.or_(array.is_null(), behind_blanks)).value_counts()
    return {one["values"]: one["counts"] for one in words.to_pylist()}


def tell_of_words(called: str, counts: dict[str, Counter[str]], names: Sequence[str]) -> None:
    """Say once which words were taken as missing in columns of text, and how often."""
    found = {name: +counts[name] for name in names if name in counts}
    for words in found.values():
        words.pop("", None)
    shown = "; ".join(
        f"{name!r}: " + ", ".join(f"{short(word)} {n:,} time{'s' * (n > 1)}" for word, n in words.most_common(5))
        for name, words in found.items()
        if words
    )
    if shown:
        warnings.warn(
            f"words taken as missing values in {called}: {shown}. Quoted they are text; "
            "missing_words=(), on the command line --missing-words '', takes all as they are",
            DataWarning,
            stacklevel=5,
        )


def tell_of_rows(left_out: list[tuple[int, str, tuple[int, str]]]) -> None:
    """Say once how many rows were left out, and which is the first."""
    if not left_out:
        return
    n, (_, name, words) = sum(rows for rows, _, _ in left_out), left_out[0]
    some = "1 row was" if n == 1 else f"{n:,} rows were"
    warnings.warn(f"{some} left out, the first in {name!r}, line {words[0]}: {words[1]}", DataWarning, stacklevel=5)
