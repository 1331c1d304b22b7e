"""Tables for `make bench-data`, written to build/data/large once: flights, and one that is drawn."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from . import flights, generated

FOLDER = Path(__file__).parents[2] / "build" / "data" / "large"
TEST_ROWS = 200_000
QUICK_TEST_ROWS = 20_000


class Table(NamedTuple):
    """A table to learn from.

    Attributes
    ----------
    parquet : Path
        A folder of files.
    csv : Path or None
        One file of the same rows.
    test : Path
        Rows that nobody learns from, as Parquet.
    least_loss : float or None
        The log loss of the probabilities that the test rows were drawn from.
    """

    name: str
    target: str
    rows: int
    parquet: Path
    csv: Path | None
    test: Path
    test_rows: int
    least_loss: float | None = None


def prepared(name: str, rows: int, quick: bool) -> Table:
    """Return a table, of which the files that are not there yet are written."""
    return TABLES[name](rows, QUICK_TEST_ROWS if quick else TEST_ROWS)


def _flights(rows: int, test_rows: int) -> Table:
    rows = min(rows, flights.ROWS - test_rows)
    folder = FOLDER / f"flights-{rows}"
    csv, test = folder / "flights.csv", folder / "test.parquet"
    flights.write(FOLDER, folder / "parquet", csv, test, rows, test_rows)
    return Table("flights", flights.TARGET, rows, folder / "parquet", csv, test, test_rows)


def _generated(rows: int, test_rows: int) -> Table:
    folder = FOLDER / f"generated-{rows}"
    test = folder / "test.parquet"
    generated.write(folder / "parquet", rows, test, test_rows)
    least = generated.least_loss(test_rows)
    return Table("generated", generated.TARGET, rows, folder / "parquet", None, test, test_rows, least)


TABLES: dict[str, Callable[[int, int], Table]] = {"flights": _flights, "generated": _generated}
