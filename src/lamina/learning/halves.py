"""Single precision in half the bytes: numbers rounded to bfloat16 (equations/rounding.py) as their upper halves."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def packed(numbers: NDArray[Any], rounded: int) -> NDArray[np.uint16]:
    """Return rows of single precision, shape (k, n), as those halves that say something.

    Of the first so many, rounded ones, the upper half; of all others both, in the bytes' own order.
    """
    halves = np.ascontiguousarray(numbers[:, :rounded]).view(np.uint32) >> 16
    others = np.ascontiguousarray(numbers[:, rounded:]).view(np.uint16)
    return np.concatenate([halves.astype(np.uint16), others], axis=1)


def unpacked(halves: NDArray[np.uint16], rounded: int) -> NDArray[np.float32]:
    """Return what was packed."""
    first = halves[:, :rounded].astype(np.uint32) << 16
    others = np.ascontiguousarray(halves[:, rounded:]).view(np.float32)
    return np.concatenate([first.view(np.float32), others], axis=1)
