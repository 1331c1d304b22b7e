"""Which rows count, in which order and with which weights, and which of them are held out.

In memory the order of the rows is canonical: only their values decide it. So shuffling the rows of a table, or cutting
it into a frame and a file, changes no bit of a fit, and a row of weight 2 is the same as two rows.

Random words come from the caller, `bits(n) -> n words`, so that they are the same in every engine and on every machine.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.data.row_hash import hash_rows
from lamina.data.row_order import order_words
from lamina.data.tables.table import Table
from lamina.errors import DataError

Rows = NDArray[np.intp]
Bits = Callable[[int], NDArray[np.unsignedinteger[Any]]]

REPEATS = 4  # whole-number weights are rows, as long as there are at most so many times the rows


@dataclass(frozen=True, eq=False)
class Part:
    """Some rows of a table, in the order in which they are used.

    Attributes
    ----------
    rows : array of int, shape (n,)
        Row numbers of the table; a row whose weight is the whole number w stands w times.
    weights : array, shape (n,), or None
        None where all count alike.
    """

    rows: Rows
    weights: NDArray[np.float64] | None = None

    @property
    def n(self) -> int:
        """How many rows these are."""
        return len(self.rows)

    def some(self, at: Rows) -> "Part":
        """Return some of them, by their positions in this part."""
        return Part(self.rows[at], None if self.weights is None else self.weights[at])


class Split(NamedTuple):
    """The rows to learn from, and those held out to watch."""

    train: Part
    validation: Part | None


def canonical_rows(X: Any, Y: NDArray[Any] | None, weights: NDArray[np.float64] | None = None) -> tuple[Part, str]:
    """Return the rows in an order that their values decide; those of weight 0 are left out.

    Where all weights are whole numbers, with a sum of at most four times the rows, a row of weight w stands w times and
    no weights remain: the result is, bit for bit, that of a table in which the row itself stands w times. Other weights
    are scaled to mean 1.

    Parameters
    ----------
    X : Table, array or CSR array, shape (m, n)
    Y : array of real numbers, shape (m, k), or None
    weights : array, shape (m,), or None
        As `check_weights` returns them.

    Returns
    -------
    part : Part
        Its weights have mean 1.
    fingerprint : str
        Of the values of these rows, their targets and weights.
    """
    if weights is not None and not weights.all():  # rows of weight 0 have no say in the ranks of the others
        some = np.flatnonzero(weights)
        rows = X.take(some) if isinstance(X, Table) else X[some]
        part, fingerprint = canonical_rows(rows, None if Y is None else Y[some], weights[some])
        return Part(some[part.rows], part.weights), fingerprint
    hashes = hash_rows(X, Y)
    ranked = order_words(X, Y, len(np.unique(hashes)))
    if weights is None:
        return _counted(np.argsort(ranked, kind="stable"), None, hashes)
    if (weights == np.floor(weights)).all() and weights.sum() <= REPEATS * len(weights):
        order = np.argsort(ranked, kind="stable")
        return _counted(np.repeat(order, weights[order].astype(np.intp)), None, hashes)
    order = np.lexsort((weights, ranked))  # equal rows may differ in weight: the lighter first
    w = weights[order] / weights.max()
    w = w / w.mean()
    return _counted(order, None if (w == w[0]).all() else w, hashes)


def _counted(rows: Rows, weights: NDArray[np.float64] | None, hashes: NDArray[np.uint64]) -> tuple[Part, str]:
    found = blake2b(hashes[rows].astype("<u8").tobytes(), digest_size=16)
    if weights is not None:
        found.update(weights.astype("<f8").tobytes())
    return Part(rows, weights), found.hexdigest()


def check_weights(weights: Any, n: int) -> NDArray[np.float64]:
    """Return sample weights as an array, shape (n,).

    Raises
    ------
    DataError
        Another length than `n`, negative, not finite, or all zero.
    """
    w = plain_weights(weights, n)
    if not w.any():
        raise DataError("all sample weights are zero: at least one positive weight expected")
    return w


def plain_weights(weights: Any, n: int, first: int = 0) -> NDArray[np.float64]:
    """Return the sample weights of n rows as an array, shape (n,); they may all be zero.

    Raises
    ------
    DataError
        Another length than `n`, negative, or not finite; it names the row, `first` being the number of the first.
    """
    array = np.asarray(weights)
    if array.dtype.kind == "c":
        raise DataError("Complex data not supported: sample weights are real numbers")
    try:
        w = np.array(array, np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"sample weights are numbers, one per row: {error}") from error
    if w.shape != (n,):
        raise DataError(f"{n} sample weights expected, one per row; found shape {w.shape}")
    if not np.isfinite(w).all():
        i = int(np.argmin(np.isfinite(w)))
        raise DataError(f"sample weights are finite; found {w[i]} in row {first + i}: drop the row or give it weight 0")
    if (w < 0).any():
        i = int(np.argmax(w < 0))
        raise DataError(f"sample weights are not negative; found {w[i]:g} in row {first + i}")
    return w


def shuffled(n: int, bits: Bits) -> Rows:
    """Return the numbers 0 to n - 1 in random order, shape (n,)."""
    words = bits(n)
    if words.dtype.itemsize == 8:
        words = words >> np.uint64(32)
    # The upper half decides, the number itself breaks ties: a plain sort, the same on every machine.
    keys = (words.astype(np.uint64) << np.uint64(32)) | np.arange(n, dtype=np.uint64)
    keys.sort()
    return (keys & np.uint64(0xFFFFFFFF)).astype(np.intp)


def split_of(part: Part, fraction: float, bits: Bits, strata: NDArray[Any] | None = None) -> Split:
    """Return the part split in two; see `hold_out`."""
    train, held = hold_out(part.n, fraction, bits, strata)
    return Split(part.some(train), part.some(held))


def hold_out(n: int, fraction: float, bits: Bits, strata: NDArray[Any] | None = None) -> tuple[Rows, Rows]:
    """Return the rows to train on and the rows to hold out, both in increasing order.

    Parameters
    ----------
    n : int
        The number of rows.
    fraction : float
        How many of them to hold out; at least one stays on either side.
    bits : function
        `bits(n)` returns n random words.
    strata : array, shape (n,), optional
        Classes: each has its share in both parts, as near as whole rows allow, and keeps at least one row to train on.

    Raises
    ------
    DataError
        Too few rows for two parts.
    """
    if n < 2 or not 0 < fraction < 1:
        raise DataError(_too_few(n, fraction))
    order = shuffled(n, bits)
    wanted = min(max(round(fraction * n), 1), n - 1)
    held = order[:wanted] if strata is None else _held_by_class(order, wanted, np.asarray(strata))
    if len(held) == 0:
        raise DataError(_too_few(n, fraction) + " (each class has one row only)")
    mask = np.zeros(n, bool)
    mask[held] = True
    return np.flatnonzero(~mask), np.flatnonzero(mask)


def _too_few(n: int, fraction: float) -> str:
    return (
        f"cannot hold out {fraction:g} of {n} sample{'s' * (n != 1)} for validation: "
        "pass validation data (X_val, y_val), or set early_stopping=False"
    )


def _held_by_class(order: Rows, wanted: int, strata: NDArray[Any]) -> Rows:
    """Hold out of each class the whole part of its share, then one more where the remainder is largest."""
    codes = np.unique(strata, return_inverse=True)[1].reshape(-1)
    sizes = np.bincount(codes)
    shares = sizes * (wanted / len(order))
    counts = np.floor(shares).astype(np.intp)
    by_remainder = np.lexsort((np.arange(len(sizes)), -(shares - counts)))
    room = sizes - 1 - counts
    while counts.sum() < wanted and room.any():
        one_more = by_remainder[room[by_remainder] > 0][: wanted - counts.sum()]
        counts[one_more] += 1
        room[one_more] -= 1
    # Rows of a class stand together, in shuffled order: the first of each are held out.
    grouped = order[np.argsort(codes[order], kind="stable")]
    place = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return grouped[place < np.repeat(counts, sizes)]
