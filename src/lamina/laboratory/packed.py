"""Large arrays for the page: bytes in base64, which a browser turns into a typed array without parsing numbers."""

from base64 import b64encode
from typing import Any

import numpy as np

KINDS = {"uint8": "u1", "float32": "<f4"}


def packed(array: Any) -> dict[str, Any]:
    """Return an array as its type ("uint8" or "float32"), its shape and its bytes, row by row, little-endian."""
    values = np.asarray(array)
    kind = "uint8" if values.dtype == np.uint8 else "float32"
    data = np.ascontiguousarray(values, KINDS[kind]).tobytes()
    return {"type": kind, "shape": list(values.shape), "data": b64encode(data).decode("ascii")}
