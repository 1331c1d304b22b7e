"""Which cells of a CSV file were read as missing values: each word as it stands in the file, and how often."""

import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from lamina.data.tables.csv_bytes import TextBytes
from lamina.data.tables.csv_dialect import Dialect, find_dialect, options
from lamina.data.tables.file_formats import find_format
from lamina.data.tables.reading import Reading
from lamina.errors import NoRowsError


def missing_words(
    path: str, reading: Reading, text: Iterable[str] = (), others: Iterable[str] = ()
) -> dict[str, Counter[str]]:
    """Return by column how often each word for a missing value occurs, "" for an empty cell, in constant memory.

    Parameters
    ----------
    path : str
        Of a file that can be read; of a format with typed columns nothing is returned.
    reading : Reading
    text : iterable of str
        Columns of text: a quoted word is none there.
    others : iterable of str
        Columns of numbers, dates or booleans.
    """
    text, others = tuple(text), tuple(others)
    if find_format(path) != "csv" or not (text or others):
        return {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they were given when the file was read
            dialect = find_dialect(path, reading)
    except NoRowsError:
        return {}
    raw_name = dict(zip(dialect.names, dialect.header, strict=True))
    found: dict[str, Counter[str]] = {name: Counter() for name in (*text, *others)}
    asked = {raw_name[name]: name in text and dialect.quotes > 0 for name in found}
    for batch, may_be_null in _cells(dialect, list(asked), any(asked.values())):
        for name in found:
            raw = raw_name[name]
            found[name].update(_words(batch[raw], may_be_null[raw] if asked[raw] else None, dialect.words))
    return found


def _cells(dialect: Dialect, names: list[str], twice: bool) -> Iterator[tuple[Any, Any]]:
    """Yield the cells of some columns as text; and again with nulls for unquoted words, where that is asked for."""
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    types = dict.fromkeys(names, pa.string())
    plain = options(dialect, types, names)
    plain["convert_options"].strings_can_be_null = False
    if not twice:
        yield from ((batch, None) for batch in pa_csv.open_csv(TextBytes(dialect.path, dialect.encoding), **plain))
        return
    again = pa_csv.open_csv(TextBytes(dialect.path, dialect.encoding), **options(dialect, types, names))
    yield from zip(pa_csv.open_csv(TextBytes(dialect.path, dialect.encoding), **plain), again, strict=True)


def _words(cells: Any, with_nulls: Any, words: tuple[str, ...]) -> dict[str, int]:
    """Return how often each word stands in some cells; where nulls are marked, only there or behind blanks."""
    import pyarrow as pa
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(cells)
    is_word = pc.is_in(trimmed, pa.array(words))
    if with_nulls is not None:
        behind_blanks = pc.not_equal(trimmed, cells)
        is_word = pc.and_(is_word, pc.or_(with_nulls.is_null(), behind_blanks))
    counts = trimmed.filter(is_word).value_counts()
    return {one["values"]: one["counts"] for one in counts.to_pylist()}
