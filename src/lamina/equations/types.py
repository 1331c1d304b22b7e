"""The one array type of the equations: floating point, (units, m) unless a line says otherwise."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
