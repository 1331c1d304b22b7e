"""bfloat16: the upper half of a float32, rounded to the nearest, ties to even.

It has the range of a float32, so nothing over- or underflows on the way, and 8 bits of its 24: a relative error of up
to 2^-9. A number that was rounded once is rounded again without another loss.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.equations.types import Array

HALF = np.uint32(0x7FFF)  # of what the lower 16 bits count, less one: a tie goes to the even one
UPPER = np.uint32(0xFFFF0000)
EXPONENT = np.uint32(0x7F800000)
SIGN = np.uint32(0x80000000)


def round_to_bfloat16(numbers: NDArray[Any]) -> None:
    """Round single precision in place; NaN stays NaN."""
    wrong = np.isnan(numbers)
    if wrong.any():
        numbers[wrong] = np.nan  # the one whose lower bits are 0: others could be rounded to a number
    bits = numbers.view(np.uint32)
    carry = bits >> 16
    carry &= 1
    carry += HALF
    bits += carry
    bits &= UPPER


def bfloat16(numbers: Array) -> Array:
    """Return numbers rounded to bfloat16, by way of float32, in the type that they have.

    What is below the smallest normal float32, 2^-126, is 0: processors take it for that in products of bfloat16.
    """
    rounded = np.array(numbers, np.float32)  # a copy
    bits = rounded.view(np.uint32)
    bits &= np.where(bits & EXPONENT, ~np.uint32(0), SIGN)
    round_to_bfloat16(rounded)
    return rounded.astype(numbers.dtype, copy=False)
