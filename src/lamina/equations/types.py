"""The types that the equations share."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]  # floating point, (units, m) unless a line says otherwise
Arrays = dict[str, Any]  # named arrays; inside a Residual: {"chain": [Arrays, ...]}


class Shape(NamedTuple):
    """One array of a layer."""

    rows: int
    columns: int
    group: str
    rate: float = 1.0  # factors on the learning rate and the decay, beside those of the group
    decay: float = 1.0
