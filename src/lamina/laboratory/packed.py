"""Large arrays for the page: bytes in base64, which a browser turns into a typed array without parsing numbers."""

from base64 import b64encode
from typing import Any

import numpy as np

KINDS = {"uint8": "u1", "float32": "<f4", "float64": "<f8"}
LARGEST = np.finfo(np.float32).max


def packed(array: Any) -> dict[str, Any]:
    """Return an array as its type, its shape and its bytes, row by row, little-endian.

    The type is "uint8", "float32", or "float64" where single precision would make infinities of large numbers.
    """
    values = np.asarray(array)
    kind = "uint8" if values.dtype == np.uint8 else "float32"
    if values.dtype == np.float64 and (np.abs(values[np.isfinite(values)]) > LARGEST).any():
        kind = "float64"
    data = np.ascontiguousarray(values, KINDS[kind]).tobytes()
    return {"type": kind, "shape": list(values.shape), "data": b64encode(data).decode("ascii")}
