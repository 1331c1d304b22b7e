"""How the cells of text tables are read: what was asked for, and what was found in training; a model keeps it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from lamina.data import headers
from lamina.data.tables.cell_styles import STYLES
from lamina.errors import SettingError

MISSING_WORDS = ("NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-nan", "null", "NULL", "None", "?")
THOUSANDS = (",", ".", " ", "'")


class Written(NamedTuple):
    """How the numbers or dates of one column are written."""

    style: str  # a key of `cell_styles.STYLES`
    prefix: str = ""  # "$"
    suffix: str = ""  # "kg"


@dataclass(frozen=True)
class Reading:
    """How the cells of text tables are read.

    Attributes
    ----------
    text : tuple of str
        Columns to read as text whatever they look like.
    encoding : str or None
        Of CSV files; None: UTF-8, or UTF-16 where the file looks so.
    decimal, thousands : str or None
        The decimal sign, and the sign between thousands; None: found from the file.
    missing_words : tuple of str
        Cells of CSV files that mean a missing value, unless they are quoted; an empty cell always does.
    written : mapping of str to Written
        How text columns that are numbers or dates were written in training.
    numbers, dates : frozenset of str
        Columns that held numbers or dates in training: the same are asked for.
    """

    text: tuple[str, ...] = ()
    encoding: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    missing_words: tuple[str, ...] = MISSING_WORDS
    written: Mapping[str, Written] = field(default_factory=dict)
    numbers: frozenset[str] = frozenset()
    dates: frozenset[str] = frozenset()

    @property
    def predicting(self) -> bool:
        """Whether the kinds of the columns are known from training."""
        return bool(self.numbers or self.dates or self.written)

    def knows(self, name: str) -> bool:
        """Return whether training had numbers or dates in this column."""
        return name in self.numbers or name in self.dates or name in self.written

    def with_written(self, found: Mapping[str, Written]) -> "Reading":
        """Return the same with what was found about more columns."""
        return replace(self, written={**self.written, **found}) if found else self

    def to_header(self) -> dict[str, Any]:
        """Return what differs from the default as plain JSON values."""
        plain: dict[str, Any] = {
            "text": list(self.text),
            "encoding": self.encoding,
            "decimal": self.decimal,
            "thousands": self.thousands,
            "missing_words": None if self.missing_words == MISSING_WORDS else list(self.missing_words),
            "written": {name: list(one) for name, one in self.written.items()},
        }
        return {key: value for key, value in plain.items() if value or (key == "missing_words" and value is not None)}

    @staticmethod
    def from_header(header: Any) -> "Reading":
        """Return the reading of a header; raise a DataError for anything else."""
        what = "encoder reading"
        known = ("text", "encoding", "decimal", "thousands", "missing_words", "written")
        keys = [key for key in known if isinstance(header, dict) and key in header]
        header = headers.fields(header, what, keys)
        marks = {key: headers.texts([header[key]], f"{what} {key}")[0] for key in keys if key in known[1:4]}
        written = header.get("written", {})
        headers.fields(written, f"{what} written", written if isinstance(written, dict) else ())
        return Reading(
            text=headers.texts(header.get("text", []), f"{what} text"),
            missing_words=headers.texts(header.get("missing_words", list(MISSING_WORDS)), f"{what} missing_words"),
            written={name: _written(one, f"{what} written") for name, one in written.items()},
            encoding=marks.get("encoding"),
            decimal=marks.get("decimal"),
            thousands=marks.get("thousands"),
        )


def _written(value: Any, what: str) -> Written:
    style, prefix, suffix = (headers.texts([one], what)[0] for one in headers.listed(value, what, 3))
    return Written(headers.choice(style, what, STYLES), prefix, suffix)


def reading_of(
    text: Iterable[str] = (),
    encoding: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    missing_words: Iterable[str] | None = None,
) -> Reading:
    """Return the reading that these options ask for.

    Raises
    ------
    SettingError
        A sign that separates nothing, or an unknown encoding.
    """
    if decimal not in (None, ".", ","):
        raise SettingError(f"decimal is '.' or ',', found {decimal!r}")
    if thousands not in (None, *THOUSANDS):
        raise SettingError(f"thousands is one of {', '.join(map(repr, THOUSANDS))}, found {thousands!r}")
    if decimal is not None and decimal == thousands:
        raise SettingError(f"decimal and thousands are both {decimal!r}: two signs expected")
    if encoding is not None:
        try:
            "".encode(encoding)
        except LookupError:
            raise SettingError(f"unknown encoding {encoding!r}; for example 'utf-8', 'latin-1', 'cp1252'") from None
    if thousands in (".", ",") and decimal is None:
        decimal = "," if thousands == "." else "."
    names = (text,) if isinstance(text, str) else tuple(text)
    words = MISSING_WORDS if missing_words is None else tuple(missing_words)
    return Reading(names, encoding, decimal, thousands, words)
