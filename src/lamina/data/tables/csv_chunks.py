"""A CSV file in chunks of whole records, whatever its quotes hide: each can be read on its own."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

QUOTE, FEED, RETURN = b'"\n\r'
TAIL = 2**14  # bytes that are looked through for the end of a record first


def in_records(blocks: Iterable[bytes], separator: str, quoted: bool) -> Iterator[bytes]:
    """Yield the bytes of all blocks, cut where a record ends: about as long as a block, longer where a record is.

    Parameters
    ----------
    blocks : iterable of bytes
        UTF-8.
    separator : str
    quoted : bool
        Whether there are quotes: a line break inside them ends no record.
    """
    following = iter(blocks)
    rest = next(following, b"")
    for block in following:
        end = end_of_records(rest, separator, quoted)
        if end:
            yield rest[:end]
        rest = rest[end:] + block
    if rest:
        yield rest


def end_of_records(data: bytes, separator: str, quoted: bool) -> int:
    """Return where the last whole record of data ends that begins with one; 0 where none does."""
    if not quoted or QUOTE not in data:
        feed = data.rfind(b"\n")
        back = data.rfind(b"\r", 0, len(data) - 1)  # behind the last one a line feed may follow
        return max(feed, back) + 1
    a = np.frombuffer(data, np.uint8)
    quotes = _effective(a, ord(separator))
    tail = TAIL
    while True:  # most often a record ends near the end
        at = _ends_of_lines(a, max(len(a) - tail, 0))
        outside = at[np.searchsorted(quotes, at) % 2 == 0]
        if len(outside) or tail >= len(a):
            return int(outside[-1]) if len(outside) else 0
        tail *= 16


def _ends_of_lines(a: NDArray[np.uint8], start: int) -> NDArray[np.intp]:
    """Return where lines end from a byte on, each behind its last; a carriage return at the end may be half of one."""
    b = a[start:]
    ends = (b[:-1] == RETURN) & (b[1:] != FEED)
    at = np.flatnonzero(ends | (b[:-1] == FEED)) + 1
    return start + (np.append(at, len(b)) if b[-1] == FEED else at)


def _effective(a: NDArray[np.uint8], separator: int) -> NDArray[np.intp]:
    """Return where quotes stand that open or close; one in the midst of an unquoted cell is a letter like others."""
    at = np.flatnonzero(a == QUOTE)
    if _begins_cell(a, at[::2], separator).all():  # every other one opens
        return at
    again = np.diff(at, prepend=-2) == 1  # "" inside a cell: closed, and opened again
    begins = _begins_cell(a, at, separator)
    if (begins | again)[::2].all():
        return at
    return np.array(list(_walked(at.tolist(), begins.tolist(), again.tolist())), np.intp)


def _begins_cell(a: NDArray[np.uint8], at: NDArray[np.intp], separator: int) -> NDArray[np.bool_]:
    before = a[at - 1]
    begins = (before == separator) | (before == FEED) | (before == RETURN)
    begins[:1] |= at[:1] == 0
    return begins


def _walked(at: list[int], begins: list[bool], again: list[bool]) -> Iterator[int]:
    inside = closed = False
    for place, begin, next_to in zip(at, begins, again, strict=True):
        if inside:
            inside, closed = False, True
        elif begin or (next_to and closed):
            inside = True
        else:
            closed = False
            continue
        yield place


def lines_in(data: bytes) -> int:
    """Return how many lines end in the data."""
    returns = data.count(b"\r")
    return data.count(b"\n") + (returns - data.count(b"\r\n") if returns else 0)
