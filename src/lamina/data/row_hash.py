"""A 64-bit number per row that depends on the row's values only: equal rows, equal numbers, wherever they stand.

Per element, from the bits of the number as float64 (-0 as 0, every NaN as one):

    h(x, j) = mix(bits(x)) c_j        mix(v) = u xor u >> 20, u = v xor v >> 32; an odd constant c_j per column
    row     = finish(Σ_j h(x_j, j))   modulo 2**64

h(0, j) = 0, so that a CSR matrix has the numbers of its dense form. Levels of categories take 64 bits of their BLAKE2
hash in place of the bits of a number.
"""

from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.tables.alignment import number_blocks
from lamina.data.tables.columns import Column, spell
from lamina.data.tables.table import Table

Words = NDArray[np.uint64]

GOLDEN_RATIO = np.uint64(0x9E3779B97F4A7C15)
FINISH = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)  # MurmurHash3's finaliser
SHIFT = np.uint64(33)
NAN_BITS = np.uint64(0x7FF8000000000000)
FIRST_TARGET = 2**40  # the number of the first column of Y, as that of a column


def hash_rows(rows: Any, Y: NDArray[Any] | None = None) -> Words:
    """Return a 64-bit number for each row of X, or of X and Y together.

    Parameters
    ----------
    rows : Table, array or CSR array, shape (m, n)
    Y : array of real numbers, shape (m, k), optional
    """
    total = _sum_of_table(rows) if isinstance(rows, Table) else _sum_of_matrix(rows, 0)
    if Y is not None:
        total = total + _sum_of_matrix(Y, FIRST_TARGET)
    return finished(total)


def _constants(start: int, n: int) -> Words:
    """Return an odd constant for each column."""
    return words(np.arange(start, start + n, dtype=np.uint64)) | np.uint64(1)


def words(numbers: NDArray[Any]) -> Words:
    """Return a random word for each whole number, another for each: splitmix64 (Steele, Lea, Flood 2014)."""
    z = (numbers.astype(np.uint64) + np.uint64(1)) * GOLDEN_RATIO
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Words = z ^ (z >> np.uint64(31))
    return mixed


def mixed(bits: Words) -> Words:
    """Spread the bits over all 64: those of a short number, like 1.0, are the uppermost 12."""
    mixed: Words = bits ^ (bits >> np.uint64(32))
    mixed ^= mixed >> np.uint64(20)
    return mixed


def _bits(numbers: NDArray[np.float64]) -> Words:
    canonical = numbers + 0.0  # -0 becomes 0
    canonical[np.isnan(canonical)] = np.nan
    return canonical.view(np.uint64)


def _sum_of_matrix(matrix: Any, start: int) -> Words:
    if not isinstance(matrix, np.ndarray):
        return _sum_of_csr(matrix, start)
    constants = _constants(start, matrix.shape[1])
    total = np.zeros(len(matrix), np.uint64)
    for first, block in number_blocks(matrix, len(matrix)):
        total[first : first + len(block)] = mixed(_bits(block)) @ constants
    return total


def _sum_of_csr(matrix: Any, start: int) -> Words:
    constants = _constants(start, matrix.shape[1])
    terms = mixed(_bits(matrix.data.astype(np.float64))) * constants[matrix.indices]
    running = np.concatenate([np.zeros(1, np.uint64), np.cumsum(terms, dtype=np.uint64)])
    total: Words = running[matrix.indptr[1:]] - running[matrix.indptr[:-1]]
    return total


def _sum_of_table(table: Table) -> Words:
    if table.matrix is not None:
        return _sum_of_matrix(table.matrix, 0)
    constants = _constants(0, len(table.names))
    total = np.zeros(table.n_rows, np.uint64)
    for column, constant in zip(table.columns, constants, strict=True):
        total += mixed(column_words(column)) * constant
    return total


def column_words(column: Column) -> Words:
    """Return the bits of each number, or of each level's hash."""
    if column.levels is None:
        return _bits(np.array(column.values, np.float64))
    words = [
        int.from_bytes(blake2b(spell(level).encode(), digest_size=8).digest(), "little") for level in column.levels
    ]
    return np.take(np.array([*words, int(NAN_BITS)], np.uint64), column.values)  # code -1 is the last


def finished(total: Words) -> Words:
    """Return sums as words whose every bit depends on every bit: those of MurmurHash3's end."""
    total = (total ^ (total >> SHIFT)) * FINISH[0]
    total = (total ^ (total >> SHIFT)) * FINISH[1]
    return total ^ (total >> SHIFT)
