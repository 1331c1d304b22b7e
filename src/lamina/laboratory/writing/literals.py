"""Arrays as Python: small ones as literals with all their digits, large ones in a file beside the script."""

import io
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.laboratory.writing.line import WIDTH

MOST_INLINE = 200  # numbers of an array that is written into the script
NUMBERS_FILE = "lab_numbers.npz"


@dataclass
class Numbers:
    """The arrays of one script.

    Attributes
    ----------
    stored : dict of str to array
        Those that are too large for it, by name: they go into `lab_numbers.npz`.
    """

    stored: dict[str, NDArray[Any]] = field(default_factory=dict)

    def text(self, name: str, array: Any, indent: int = 0) -> str:
        """Return an array as an expression; `indent` is the column at which it begins.

        Reading it gives the same bits.
        """
        array = np.asarray(array)
        if array.size > MOST_INLINE:
            self.stored[name] = array
            return f'numbers["{name}"]'
        return literal(array, indent)

    @property
    def loading(self) -> list[str]:
        """The lines that open the file, where there is one."""
        if not self.stored:
            return []
        return [f'numbers = np.load("{NUMBERS_FILE}")  # the file that came with this script', ""]

    def files(self) -> dict[str, bytes]:
        """Return the files that belong beside the script, by name."""
        return {NUMBERS_FILE: npz(self.stored)} if self.stored else {}


def literal(array: NDArray[Any], indent: int = 0) -> str:
    """Return an array as `np.array(...)`, shortest decimals that read back to the same bits."""
    start = "np.array("
    kind = "" if array.dtype in (np.float64, np.intp) else f", dtype=np.{array.dtype}"
    if not array.any():
        return f"np.zeros({array.shape}{kind})"
    if array.ndim == 2 and array.shape[1] == 1 < len(array):
        return f"{literal(array.T, indent)}.T"
    inside = np.array2string(
        array,
        separator=", ",
        threshold=sys.maxsize,
        max_line_width=WIDTH,
        floatmode="unique",
        prefix=" " * (indent + len(start)),
        suffix=kind + ")",
    )
    return f"{start}{inside}{kind})"


def npz(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return arrays as the bytes of an .npz file."""
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()
