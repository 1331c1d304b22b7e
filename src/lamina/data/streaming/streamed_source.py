"""Rows that are not in memory, with the roles of their columns; and the decision which rows need not be."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from lamina.data.roles import NO_ROLES, Roles
from lamina.data.streaming.available_memory import available_bytes
from lamina.data.tables.row_streams import RowStream
from lamina.data.tables.table import Table

FEW_ROWS = 2**18  # are shuffled together in a stream, too: they are read into memory
BYTES_PER_CELL = 45  # at the peak of a fit in memory, measured on 10 million rows of 20 numbers
BUDGET_BYTES = 2**30
SHARE_OF_MEMORY = 0.5  # of what is available now

Watching = Callable[[int], None]


@dataclass(frozen=True, eq=False)
class StreamedSource:
    """Rows that are not in memory.

    Attributes
    ----------
    stream : RowStream
    roles : Roles
    drop_missing_target : bool
        Leave out rows without a target, which are an error otherwise.
    cache : path, optional
        A folder where encoded rows are kept for later passes.
    watching : callable, optional
        Is told how many rows of a pass are done.
    """

    stream: RowStream
    roles: Roles = NO_ROLES
    drop_missing_target: bool = False
    cache: Path | None = None
    watching: Watching | None = None


class Watched(NamedTuple):
    """Rows that a score looks at."""

    X: Table
    y: NDArray[Any]


class Way(NamedTuple):
    """Whether rows are read into memory or streamed, and why."""

    streamed: bool
    why: str


def way_of(stream: RowStream, asked: bool | None = None) -> Way:
    """Return whether to stream rows: those that fit the memory well are read into it.

    Parameters
    ----------
    stream : RowStream
    asked : bool, optional
        True: stream, unless all rows are shuffled together anyway, which gives the bits of memory. False: read them.
    """
    n, cells = stream.n_rows, stream.n_rows * len(stream.names)
    needed, there = cells * BYTES_PER_CELL, available_bytes()
    about = f"training on {n:,} rows of {len(stream.names)} columns in memory takes about {size_in_words(needed)}"
    if asked is False:
        return Way(False, f"as asked; {about}")
    if needed > SHARE_OF_MEMORY * there:
        return Way(True, f"{about}, and {size_in_words(there)} are available")
    if n <= FEW_ROWS:
        return Way(False, f"{n:,} rows are shuffled together in any case")
    if asked:
        return Way(True, "as asked")
    if needed > BUDGET_BYTES:
        return Way(True, f"{about}, more than {size_in_words(BUDGET_BYTES)}")
    return Way(False, about)


def why_not_in_memory(stream: RowStream) -> str:
    """Return why rows do not fit the memory that there is now; nothing where they do."""
    n, cells = stream.n_rows, stream.n_rows * len(stream.names)
    needed, there = cells * BYTES_PER_CELL, available_bytes()
    if needed <= SHARE_OF_MEMORY * there:
        return ""
    return (
        f"{n:,} rows of {len(stream.names)} columns take about {size_in_words(needed)} there, and "
        f"{size_in_words(there)} are available"
    )


def size_in_words(n: float) -> str:
    """Return a number of bytes as people say it."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if n >= size:
            return f"{n / size:.3g} {unit}" if n < 999.5 * size else f"{n / size:,.0f} {unit}"
    return f"{n:.0f} bytes"
