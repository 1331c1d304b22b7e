"""What one row weighs, gathered batch by batch."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.errors import DataError

ORDINARY_EXPONENT = 100  # weights up to 2**±100 leave room for the squares of numbers in the float range


@dataclass(frozen=True)
class Weighing:
    """How many rows there are, and what they weigh together."""

    n_rows: int
    total: float  # in units of 2**shift
    shift: int = 0  # other than 0 for weights that are extremely large or small
    weighted: bool = True

    @staticmethod
    def of(weights: NDArray[np.float64] | None, n_rows: int) -> "Weighing":
        """Return the weighing of rows; None: all weigh 1."""
        if weights is None:
            return Weighing(n_rows, float(n_rows), weighted=False)
        exponent = int(np.frexp(weights.max())[1])
        shift = exponent if abs(exponent) > ORDINARY_EXPONENT else 0
        ordered = np.sort(np.ldexp(weights, -shift))  # the same bits in any order of the rows
        return Weighing(n_rows, float(ordered.sum()), shift)

    def joined(self, other: "Weighing") -> "Weighing":
        """Return the weighing of both runs of rows."""
        if self.shift != other.shift:
            raise DataError(
                f"weights near 2**{self.shift} in some rows and near 2**{other.shift} in others: weights of one scale "
                "expected where rows arrive in batches"
            )
        weighted = self.weighted or other.weighted
        return Weighing(self.n_rows + other.n_rows, self.total + other.total, self.shift, weighted)

    def scaled(self, weights: Any) -> Any:
        """Return weights in units of 2**shift, exactly."""
        return weights if self.shift == 0 else np.ldexp(weights, -self.shift)

    @property
    def unit(self) -> float:
        """The weight that is one row: 1; where weights are less than 1 in the mean, their mean."""
        if not self.weighted:
            return 1.0
        mean = self.total / self.n_rows
        with np.errstate(over="ignore"):
            one = float(np.ldexp(1.0, -self.shift))
        return max(min(one, mean), mean * 1e-9)
