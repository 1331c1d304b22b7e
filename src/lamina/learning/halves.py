"""Single precision in half the bytes: bfloat16, the upper half of a float32, rounded to nearest, ties to even.

It has the range of a float32, so nothing over- or underflows on the way, and 8 bits of its 24: a relative error of up
to 2^-9. A number that was rounded once travels without another loss.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

HALF = np.uint32(0x7FFF)  # of what the lower 16 bits count, less one: a tie goes to the even one
UPPER = np.uint32(0xFFFF0000)


def round_to_bfloat16(numbers: NDArray[Any]) -> None:
    """Round single precision in place, shape (n,); NaN stays NaN."""
    wrong = np.isnan(numbers)
    if wrong.any():
        numbers[wrong] = np.nan  # the one whose lower bits are 0: others could be rounded to a number
    bits = numbers.view(np.uint32)
    carry = bits >> 16
    carry &= 1
    carry += HALF
    bits += carry
    bits &= UPPER


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
