"""A pass over a source in segments: what each of them says is joined in a fixed tree, whoever reads it.

    segments    neighbouring rows, 262,144 of them, more where there would be more than 64 segments
    tree        what segments 0 and 1, 2 and 3, ... say is joined, then these in pairs, up to the root
    worker      passes over neighbouring segments; it sends what the largest subtrees say that lie in its part

What is found depends on the rows and their number alone: not on the number of workers, nor on how rows lie in files.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any, NamedTuple, Protocol, Self, TypeVar

import lamina.errors
from lamina.data.plain_form import PlainForm
from lamina.data.tables.stretches import ROWS_AT_ONCE
from lamina.data.tables.table import Batch
from lamina.errors import ClusterError, LaminaError

SEGMENT_ROWS = 4 * ROWS_AT_ONCE  # at least
MOST_SEGMENTS = 64


class Finding(Protocol):
    """What a run of rows says."""

    def joined(self, other: Self) -> Self:
        """Return what both runs of rows say; the other one comes behind this one."""
        ...


class Workers(Protocol):
    """Those who pass over a source together, as one of them sees them: a `lamina.learning.group.Group`."""

    rank: int
    size: int

    def told(self, text: bytes) -> list[bytes]:
        """Return what each worker tells, in the order of their ranks."""
        ...


Found = TypeVar("Found", bound=Finding)


class Segments(NamedTuple):
    """The segments of so many rows."""

    n_rows: int
    rows: int  # of a segment; the last one has what is left
    n: int
    batch_rows: int  # that are looked at at a time

    @staticmethod
    def of(n_rows: int) -> "Segments":
        """Return segments of whole batches."""
        rows = max(SEGMENT_ROWS, -(-n_rows // (MOST_SEGMENTS * ROWS_AT_ONCE)) * ROWS_AT_ONCE)
        return Segments(n_rows, rows, -(-n_rows // rows), ROWS_AT_ONCE)

    def of_worker(self, rank: int, size: int) -> range:
        """Return the numbers of the segments that a worker passes over: neighbours, perhaps none."""
        return range(self.n * rank // size, self.n * (rank + 1) // size)

    def rows_of(self, segments: range) -> range:
        """Return the numbers of the rows of neighbouring segments."""
        return range(segments.start * self.rows, min(segments.stop * self.rows, self.n_rows))

    def cut(self, batches: Iterable[Batch]) -> Iterator[Iterator[Batch]]:
        """Yield the batches of each segment, from batches in order."""
        for _, of_segment in groupby(batches, lambda batch: batch.first // self.rows):
            yield of_segment


class Subtree(NamedTuple):
    """Neighbouring segments whose findings are joined among themselves first."""

    first: int
    segments: int  # a power of two that divides `first`


class Tree:
    """Findings, each put in its place from left to right; two that belong together are joined."""

    def __init__(self) -> None:
        self.parts: list[tuple[Subtree, Any]] = []

    def add(self, place: Subtree, found: Any) -> None:
        """Take what a subtree says."""
        while self.parts:
            (first, segments), left = self.parts[-1]
            if segments != place.segments or first & segments:  # not the left half of what this is the right half of
                break
            self.parts.pop()
            found, place = left.joined(found), Subtree(first, 2 * segments)
        self.parts.append((place, found))

    def whole(self) -> Any:
        """Return what all segments say, once the last one is in its place."""
        _, found = self.parts.pop()
        while self.parts:
            found = self.parts.pop()[1].joined(found)
        return found


def found_in(
    segments: Segments, look: Callable[[range], Iterator[Found]], form: PlainForm, workers: Workers | None = None
) -> Found:
    """Return what a pass over all segments finds: the same in every worker, and for any number of them.

    Parameters
    ----------
    segments : Segments
    look : callable
        `look(rows)` yields what each of the segments says that these rows are.
    form : PlainForm
        Of findings.
    workers : Workers, optional
        None: this process passes over all of them.

    Raises
    ------
    LaminaError
        The first fault in the order of the source, the same in every worker.
    ClusterError
        A worker failed for another reason than its rows.
    """
    rank, size = (0, 1) if workers is None else (workers.rank, workers.size)
    own, tree = segments.of_worker(rank, size), Tree()
    if workers is None or size == 1:
        _grown(tree, own, look(segments.rows_of(own)))
        return tree.whole()
    failed: Exception | None = None
    try:
        _grown(tree, own, look(segments.rows_of(own)) if own else iter(()))
    except Exception as problem:  # whatever it is, the others wait to be told
        failed = problem
    mine, failed = _packed(form, tree.parts, failed)
    tree = Tree()
    for teller in (one for one in range(size) if segments.of_worker(one, size)):  # one at a time: each may tell much
        told = workers.told(mine if teller == rank else b"")[teller]
        if teller == rank:
            mine = b""
        parts, fault = form.unpacked(told)
        for (first, n), found in parts:
            tree.add(Subtree(first, n), found)
        if fault is not None:
            if teller == rank and failed is not None:
                raise failed
            raise _told(teller, *fault)
    return tree.whole()


def _grown(tree: Tree, numbers: range, findings: Iterator[Any]) -> None:
    for number, found in zip(numbers, findings, strict=True):
        tree.add(Subtree(number, 1), found)


def _packed(form: PlainForm, parts: Any, failed: Exception | None) -> tuple[bytes, Exception | None]:
    """Return what a worker tells: what its segments say, up to the first fault, and the fault if there is one."""
    try:
        return form.packed([[[list(place), found] for place, found in parts], _words(failed)]), failed
    except LaminaError as problem:
        return form.packed([[], _words(problem)]), problem


def _words(problem: Exception | None) -> list[str] | None:
    return None if problem is None else [type(problem).__name__, str(problem)]


def _told(teller: int, kind: str, words: str) -> LaminaError:
    """Return the fault of another worker, as that worker raises it where it is one of the rows."""
    known = getattr(lamina.errors, kind, None)
    if isinstance(known, type) and issubclass(known, LaminaError):
        return known(words)
    return ClusterError(f"worker {teller}: {kind}: {words}")
