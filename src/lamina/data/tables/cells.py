"""What a column of text is: numbers, dates, or text. One rule, for files and frames, whole or in batches.

    blanks never decide      " 5", "5 " and "5" are one
    nearly all cells fit     a column of numbers or dates; the few others become missing, and a warning names them
    half or more fit         it is text, and a warning says why
    two readings fit         1,234 or 3/4/2020: it is text, and a warning says how to decide
    "007"                    a whole number that begins with 0 is an identifier, and so is one too long for float64
    kinds known              where training had numbers, numbers are asked for: fewer are an error

`Evidence` is what a batch of cells says; it can be joined, so rows that arrive in batches are read like all at once.
"""

import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.data.tables.cell_styles import COMMA, NUMBER, NUMBERS, OTHERS, PLAIN, STYLES, TWINS, is_suffix
from lamina.data.tables.cell_values import MINUS, read_cell
from lamina.data.tables.columns import Column, short
from lamina.data.tables.reading import Reading, Written
from lamina.errors import ColumnError, DataWarning

FEW_ODD = 0.1  # so large a part of a column's cells may be no numbers in a column of numbers
MOST = 0.5  # from so large a part on a column is perhaps meant to be numbers
TOO_FEW = 10  # fewer cells say nothing of what was meant
LOOKED_AT = 20_000  # rows: a column without a number or date in them is text
FEW_LEVELS = 1000
DIGIT = re.compile(r"[0-9]")
MOST_AFFIXES = 64  # that are counted apart
LONGEST_EXACT = 15  # digits that float64 always tells apart
MAY_BE_READ = r"^[^A-Za-z0-9]*(?:(?:USD|EUR|GBP|CHF|JPY|INR)[^A-Za-z0-9]*)?[0-9]"  # what every style begins like
MANY, NOT_AS_TRAINED = "many", "not as trained"
Sight = tuple[int, str]  # the row and the cell


@dataclass(frozen=True, eq=False)
class Evidence:
    """What cells of one column look like."""

    total: int = 0  # cells that are there, and no word for missing
    fits: Mapping[Written, int] = field(default_factory=dict)  # how many cells a style reads
    misfits: Mapping[Written, Sight] = field(default_factory=dict)  # the first cell that it does not read
    first: Sight | None = None  # the first cell at all
    padded: int = 0  # 007
    long: int = 0  # whole numbers of so many digits that float64 cannot tell them apart
    broken: int = 0  # with a fraction, exponent or sign: measured, not counted or named

    @property
    def identifies(self) -> bool:
        """Whether the numbers are identifiers: 007, or of too many digits for float64."""
        return bool(self.long or self.padded) and not self.broken

    @staticmethod
    def of(column: Column, words: Iterable[str], row: int = 0) -> "Evidence":
        """Return what one column of text says; `row` is the number of its first row."""
        assert column.levels is not None
        counts = np.bincount(column.values[column.values >= 0], minlength=len(column.levels))
        words = frozenset(words)
        cells = [level.strip() for level in column.levels.tolist()]
        here = [i for i, cell in enumerate(cells) if counts[i] and cell and cell not in words]
        if not here:
            return Evidence()
        rows = np.zeros(len(cells), np.int64)
        rows[column.values[::-1]] = np.arange(len(column.values))[::-1]  # where each stands first
        return _seen([cells[i] for i in here], counts[here], rows[here] + row)

    def joined(self, other: "Evidence") -> "Evidence":
        """Return what both say."""
        fits = {one: self.fits.get(one, 0) + other.fits.get(one, 0) for one in {**self.fits, **other.fits}}
        misfits = {}
        for one in fits:
            sights = [side.misfits.get(one) if one in side.fits else side.first for side in (self, other)]
            if any(sights):
                misfits[one] = min(sight for sight in sights if sight is not None)
        first = min((one.first for one in (self, other) if one.first is not None), default=None)
        return Evidence(
            self.total + other.total,
            fits,
            misfits,
            first,
            self.padded + other.padded,
            self.long + other.long,
            self.broken + other.broken,
        )


def _seen(cells: list[str], counts: NDArray[Any], rows: NDArray[Any]) -> Evidence:
    import pyarrow as pa
    import pyarrow.compute as pc

    total = int(counts.sum())
    first = int(np.argmin(rows))
    sight = int(rows[first]), cells[first]
    if len(cells) < FEW_LEVELS and not any(map(DIGIT.search, cells)):
        return Evidence(total, first=sight)  # patterns take longer to compile than to match
    texts = pc.replace_substring(pa.array(cells, pa.string()), *MINUS)
    may = np.asarray(pc.match_substring_regex(texts, MAY_BE_READ).to_numpy(zero_copy_only=False), bool)
    if not may.any():
        return Evidence(total, first=sight)
    at = np.flatnonzero(may)
    texts = texts.take(pa.array(at))
    fits: dict[Written, int] = {}
    misfits: dict[Written, Sight] = {}

    def note(written: Written, reads: NDArray[np.bool_]) -> None:
        """Count the cells that are read, and look for the first that is not."""
        n = int(counts[at[reads]].sum())
        if n:
            fits[written] = n
            no = np.ones(len(cells), bool)
            no[at[reads]] = False
            if no.any():
                i = np.flatnonzero(no)[np.argmin(rows[no])]
                misfits[written] = int(rows[i]), cells[i]

    for name, style in OTHERS.items():
        reads = _matches(texts, style.pattern)
        if reads.any():
            note(Written(name), reads & _valid(texts, reads, name))
    parts = pc.extract_regex(texts, NUMBER)
    cores = pc.utf8_trim_whitespace(pc.struct_field(parts, "core"))
    affixes = pc.binary_join_element_wise(pc.struct_field(parts, "prefix"), pc.struct_field(parts, "suffix"), "\0")
    codes = affixes.dictionary_encode()
    places = np.asarray(codes.indices.fill_null(-1).to_numpy(zero_copy_only=False))
    matches = {name: _matches(cores, style.pattern) for name, style in NUMBERS.items()}
    listed = codes.dictionary.to_pylist()
    usable = [k for k, one in enumerate(listed) if is_suffix(one.partition("\0")[2])]
    often = np.argsort(-np.bincount(places + 1, minlength=len(listed) + 1)[1:][usable], kind="stable")[:MOST_AFFIXES]
    for k in np.array(usable, int)[often].tolist():
        prefix, suffix = listed[k].split("\0")
        for name, reads in matches.items():
            note(Written(name, prefix, suffix), reads & (places == k))
    bare = places == (listed.index("\0") if "\0" in listed else -2)
    of_cells = counts[at]
    return Evidence(
        total,
        fits,
        misfits,
        sight,
        int(of_cells[_matches(texts, "0[0-9]+")].sum()),
        int(of_cells[_matches(texts, f"[+-]?[0-9]{{{LONGEST_EXACT + 1},}}")].sum()),
        int(of_cells[(matches[PLAIN] & bare & ~_matches(texts, "[0-9]+"))].sum()),
    )


def _matches(texts: Any, pattern: str) -> NDArray[np.bool_]:
    import pyarrow.compute as pc

    found = pc.match_substring_regex(texts, f"^(?:{pattern})$").fill_null(False)
    return np.asarray(found.to_numpy(zero_copy_only=False), bool)


def _valid(texts: Any, reads: NDArray[np.bool_], name: str) -> NDArray[np.bool_]:
    """Return which of the cells that look like dates are some: not 2020-02-31."""
    valid = np.zeros(len(reads), bool)
    at = np.flatnonzero(reads)
    for i, cell in zip(at.tolist(), texts.take(at).to_pylist(), strict=True):
        valid[i] = not np.isnan(read_cell(cell, name))
    return valid


def seen_so_far(before: Evidence | None, column: Column, words: Iterable[str], row: int = 0) -> Evidence:
    """Return what a column says with more rows; of one without a number in its first rows no more is asked."""
    here = Evidence.of(column.take(slice(0, max(LOOKED_AT - row, 0))), words, row) if row < LOOKED_AT else None
    found = here if before is None or here is None else before.joined(here)
    found = before if found is None else found
    assert found is not None
    if row + len(column.values) <= LOOKED_AT or hopeless(found):
        return found
    start = max(LOOKED_AT - row, 0)
    return found.joined(Evidence.of(column.take(slice(start, None)), words, row + start))


def hopeless(evidence: Evidence) -> bool:
    """Return whether the first rows of a column were cells enough, and none of them a number or date."""
    return not evidence.fits and evidence.total >= LOOKED_AT / 2


class Found(NamedTuple):
    """What a column of text is."""

    written: Written | None = None  # None: text
    why_text: str = ""  # of text that nearly was something else
    odd: Sight | None = None  # the first cell that does not fit
    n_odd: int = 0


TEXT = Found()


def decide(name: str, evidence: Evidence, reading: Reading, typed: bool) -> Found:
    """Return what a column is.

    Parameters
    ----------
    name : str
    evidence : Evidence
    reading : Reading
    typed : bool
        Whether the source has types of its own (a frame): there, text that spells whole numbers is meant as text.
    """
    asked, total = name in reading.numbers or name in reading.dates, evidence.total
    if total == 0 or (name in reading.text and not asked):
        return TEXT
    usable = _usable(name, evidence, reading)
    if not usable:
        return Found(None, NOT_AS_TRAINED, evidence.first, total) if asked else TEXT
    best = min(usable, key=lambda one: (-usable[one], bool(one.prefix or one.suffix), list(STYLES).index(one.style)))
    n = usable[best]
    n_odd, odd = total - n, evidence.misfits.get(best, None if n else evidence.first)
    if asked:
        return Found(best if n_odd <= FEW_ODD * total else None, NOT_AS_TRAINED, odd, n_odd)
    if evidence.identifies:
        return TEXT
    doubt = _doubt(best, usable)
    if doubt and n >= MOST * total:
        return Found(None, doubt, odd, n_odd)
    if n_odd > FEW_ODD * total:
        many = total >= TOO_FEW and _spelled(usable) >= MOST * total
        return Found(None, MANY, odd, n_odd) if many else TEXT
    if typed and best == Written(PLAIN) and n_odd == 0 and not evidence.broken:
        return TEXT
    return Found(best, "", odd, n_odd)


def _usable(name: str, evidence: Evidence, reading: Reading) -> dict[Written, int]:
    """Return the styles that the options and training allow, and how many cells each reads."""
    known = reading.written.get(name)
    if known is not None:
        return {known: evidence.fits.get(known, 0)}
    kind = "date" if name in reading.dates else "number" if name in reading.numbers else None
    return {one: n for one, n in evidence.fits.items() if _allowed(one, reading, kind)}


def _allowed(written: Written, reading: Reading, kind: str | None) -> bool:
    if kind is not None and STYLES[written.style].kind != kind:
        return False
    if written.style not in NUMBERS:
        return True
    decimal = "," if written.style.endswith(",5") else "."
    thousands = written.style[1] if len(written.style) > len(PLAIN) else None
    return reading.decimal in (None, decimal) and (thousands is None or reading.thousands in (None, thousands))


def _spelled(usable: Mapping[Written, int]) -> int:
    """Return about how many cells some style reads: the best style of each prefix and suffix."""
    best: dict[tuple[str, ...], int] = {}
    for one, n in usable.items():
        key = (one.prefix, one.suffix) if one.style in NUMBERS else (one.style,)
        best[key] = max(best.get(key, 0), n)
    return sum(best.values())


def _doubt(best: Written, usable: Mapping[Written, int]) -> str:
    """Return how to decide between two styles that read the same cells differently; nothing where none do."""
    for one, (other, cure) in TWINS.items():
        pair = [usable.get(best._replace(style=style), 0) for style in (one, other)]
        plain = usable.get(best._replace(style=PLAIN), 0) if one == COMMA else 0
        if best.style in (one, other) and pair[0] == pair[1] and plain < usable[best]:
            return cure
    return ""


def tell(name: str, found: Found, total: int, reading: Reading, place: Callable[[int], str], cure: str) -> None:
    """Say what became of a column with cells that do not fit.

    Parameters
    ----------
    name : str
    found : Found
    total : int
        How many cells are there.
    reading : Reading
        When predicting, nothing is said of columns that training had not.
    place : callable
        Where a row stands, in the words of the source.
    cure : str
        How to have the column as text.

    Raises
    ------
    ColumnError
        Numbers or dates are asked for, and most cells are none.
    """
    if not (found.n_odd or found.why_text) or (reading.predicting and not reading.knows(name)):
        return
    first = f", the first is {short(found.odd[1])} in {place(found.odd[0])}" if found.odd else ""
    some = f"{found.n_odd:,} of {total:,} cells"
    if found.written is not None:
        what = "date" if STYLES[found.written.style].kind == "date" else "number"
        if not found.n_odd:
            return
        message = f"{some} {'is' if found.n_odd == 1 else 'are'} no {what} and taken as missing{first}. {cure}"
    elif found.why_text == NOT_AS_TRAINED:
        what = "dates" if name in reading.dates else "numbers"
        where = "" if found.odd is None else f": {short(found.odd[1])} in {place(found.odd[0])}"
        raise ColumnError(
            f"column {name!r} held {what} in training, here it holds text{where}. Correct it, or leave it empty to "
            f"have it encoded as missing ({some} are no {what})"
        )
    elif found.why_text == MANY:
        message = f"text, though most cells spell numbers or dates: {some} are written in another way{first}. "
        message += "Write them all alike, or leave the odd ones empty"
    else:
        message = f"text, though its cells spell numbers or dates: {found.why_text}"
    warnings.warn(f"column {name!r}: {message}", DataWarning, stacklevel=6)


def decided(
    evidence: Mapping[str, Evidence], reading: Reading, place: Callable[[int], str], cure: str
) -> dict[str, Written]:
    """Return which columns of text are numbers or dates, and how they are written; the source has types of its own."""
    written = {}
    for name, seen in evidence.items():
        found = decide(name, seen, reading, typed=True)
        tell(name, found, seen.total, reading, place, cure.format(name=name))
        if found.written is not None:
            written[name] = found.written
    return written
