"""Numbers to Y and back: the targets of a regression."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data import headers
from lamina.data.moments import Moments, moments
from lamina.data.target_values import check_numbers, plain_numbers, same_length
from lamina.errors import DataError

Array = NDArray[np.float64]

LARGEST = np.finfo(np.float64).max  # where a prediction would be beyond
NO_SPREAD = 1e-6  # of the largest target: what single precision does not tell apart


@dataclass(frozen=True, eq=False)
class Numbers:
    """The targets of a regression.

    Attributes
    ----------
    location, scale : array, shape (n_targets,)
        Y = (y - location) / scale; 0 and 1 where not standardised.
    flat : bool
        Whether y had one dimension, and predictions have too.
    low, high : array, shape (n_targets,), or None
        Predictions are kept between them: a target without spread is predicted as it is.
    """

    location: NDArray[np.float64]
    scale: NDArray[np.float64]
    flat: bool
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None

    @staticmethod
    def fit(
        y: Any, weights: NDArray[np.float64] | None = None, standardise: bool = True, clamp: bool = False
    ) -> "Numbers":
        """Learn mean and standard deviation of the targets; a constant one is predicted as it is.

        With `clamp`, predictions are later kept between the lowest and the highest target whose weight is not 0.

        Raises
        ------
        DataError
            A target that is not a finite number; it names the row.
        """
        given = plain_numbers(y)
        if weights is not None:
            same_length(len(given), len(weights), "weights")
            check_numbers(given)
            given, weights = given[weights > 0], weights[weights > 0]
        return TargetMoments.of(given, weights).target(standardise, clamp)

    @property
    def n_targets(self) -> int:
        """How many numbers there are to predict per row."""
        return len(self.location)

    def encode(self, y: Any, dtype: Any = np.float64) -> NDArray[Any]:
        """Return Y, shape (m, n_targets).

        Raises
        ------
        DataError
            A target that is not a finite number, or too large for the dtype; it names the row.
        """
        given = plain_numbers(y)
        check_numbers(given)
        rows = given.reshape(len(given), -1)
        if rows.shape[1] != self.n_targets:
            raise DataError(f"y of shape (rows, {self.n_targets}) expected, found {rows.shape}")
        with np.errstate(over="ignore", invalid="ignore"):
            Y = (rows - self.location) / self.scale
            # The difference of two huge numbers may leave the float range where the quotient does not.
            Y = np.where(np.isfinite(Y), Y, (rows / 4 - self.location / 4) / (self.scale / 4))
            Y = np.array(Y, dtype)
        if not np.isfinite(Y).all():
            i, j = np.argwhere(~np.isfinite(Y))[0]
            raise DataError(f"y contains a value too large for {np.dtype(dtype)}: {rows[i, j]:g} in row {i}")
        return Y

    def in_range(self, A: NDArray[Any]) -> NDArray[Any]:
        """Return outputs in units of Y, one for each target, kept between the lowest and highest prediction."""
        if self.low is None or self.high is None:
            return A
        with np.errstate(over="ignore"):
            return np.clip(A, (self.low - self.location) / self.scale, (self.high - self.location) / self.scale)

    def decode(self, A: NDArray[Any]) -> NDArray[np.float64]:
        """Return predictions in the units of y.

        Parameters
        ----------
        A : array, shape (m, n_targets) or (m, n_targets * outputs per target), all outputs of target 1 first

        Returns
        -------
        array, shape (m,) where y was flat and A has one column, else the shape of A
        """
        outputs = A.shape[1] // self.n_targets
        A = np.asarray(A, np.float64)
        scale, location = np.repeat(self.scale, outputs), np.repeat(self.location, outputs)
        with np.errstate(over="ignore"):
            y = A * scale + location
            if not np.isfinite(y).all():  # the product may leave the float range where the sum does not
                y = np.where(np.isfinite(y), y, (A / 4 * scale + location / 4) * 4)
                y = np.clip(y, -LARGEST, LARGEST)
        if self.low is not None and self.high is not None:
            y = np.clip(y, np.repeat(self.low, outputs), np.repeat(self.high, outputs))
        return y[:, 0] if self.flat and y.shape[1] == 1 else y

    def to_header(self) -> dict[str, Any]:
        """Return the targets as plain JSON values."""
        return {
            "location": self.location.tolist(),
            "scale": self.scale.tolist(),
            "flat": self.flat,
            "range": None if self.low is None or self.high is None else [self.low.tolist(), self.high.tolist()],
        }

    @staticmethod
    def from_header(header: Mapping[str, Any]) -> "Numbers":
        """Return the targets of a header; raise a DataError for anything else."""
        header = headers.fields(header, "targets", ("location", "scale", "flat", "range"))
        location = headers.finite(header["location"], "targets location")
        scale = headers.finite(header["scale"], "targets scale", len(location))
        if len(location) == 0 or (scale <= 0).any():
            raise DataError("targets scale: one positive number per target expected")
        flat = headers.flag(header["flat"], "targets flat")
        if header["range"] is None:
            return Numbers(location, scale, flat)
        ends = headers.listed(header["range"], "targets range", 2)
        low, high = (headers.finite(end, "targets range", len(location)) for end in ends)
        if (low > high).any():
            raise DataError("targets range: the lowest targets expected, then the highest")
        return Numbers(location, scale, flat, low, high)


@dataclass(frozen=True, eq=False)
class TargetMoments:
    """What a run of rows says about targets that are numbers."""

    moments: Moments  # of weights divided by `unit`
    unit: float
    total: NDArray[np.float64]  # (n_targets,) Σ w y
    weight: float  # Σ w
    flat: bool

    @staticmethod
    def of(y: Any, weights: NDArray[np.float64] | None = None) -> "TargetMoments":
        """Return what one batch says; weights are above 0.

        Raises
        ------
        DataError
            A target that is not a finite number; it names the row.
        """
        given = plain_numbers(y)
        check_numbers(given)
        rows = given.reshape(len(given), -1)
        unit = 1.0 if weights is None else float(weights.max())
        found = moments(rows, None if weights is None else weights / unit)
        with np.errstate(over="ignore", invalid="ignore"):
            total = rows.sum(axis=0) if weights is None else (rows * weights[:, None]).sum(axis=0)
        weight = float(len(rows)) if weights is None else float(weights.sum())
        return TargetMoments(found, unit, total, weight, given.ndim == 1)

    def joined(self, other: "TargetMoments") -> "TargetMoments":
        """Return what both runs of rows say."""
        if self.flat != other.flat or len(self.total) != len(other.total):
            raise DataError("y: the same number of targets expected in all batches of rows")
        unit = max(self.unit, other.unit)
        a, b = (one.moments.weighted_by(one.unit / unit) for one in (self, other))
        with np.errstate(over="ignore", invalid="ignore"):
            total = self.total + other.total
        return TargetMoments(a.joined(b), unit, total, self.weight + other.weight, self.flat)

    def target(self, standardise: bool = True, clamp: bool = False, log_link: bool = False) -> Numbers:
        """Return how targets are encoded.

        Parameters
        ----------
        standardise : bool
            To mean 0 and standard deviation 1; of a constant target the scale is 1.
        clamp : bool
            Keep predictions between the lowest and the highest target.
        log_link : bool
            The network predicts the logarithm of the target, e^Z: it is divided by its mean, but not shifted.
        """
        found, ones = self.moments, np.ones(len(self.total))
        location, scale = np.zeros(len(self.total)), ones
        if standardise and log_link:
            scale = self.total / self.weight
        elif standardise:
            location, scale = found.location(), found.scale()
        return Numbers(
            location, np.where(scale > 0, scale, ones), self.flat, *self._range(standardise, clamp, log_link)
        )

    def _range(self, standardise: bool, clamp: bool, log_link: bool) -> tuple[Array, Array] | tuple[None, None]:
        """Return the lowest and the highest prediction of each target, or None twice where there is no limit.

        What varies so little that a network would add more than there is stays in its range too, unless standardising
        shows its variation to the network.
        """
        low, high = self.moments.low, self.moments.high
        if clamp:
            return low, high
        kept = self.moments.constant
        if log_link or not standardise:
            kept = kept | (high / 2 - low / 2 <= NO_SPREAD / 2 * np.maximum(np.abs(low), np.abs(high)))
        return (np.where(kept, low, -LARGEST), np.where(kept, high, LARGEST)) if kept.any() else (None, None)
