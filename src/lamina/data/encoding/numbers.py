"""Columns of numbers and dates, encoded together as one matrix.

    Z = (x - location) / scale
        standard     weighted mean and standard deviation
        minmax       lowest number and range: the training rows lie in [0, 1]
        robust       median and distance of the quartiles; where that is 0, half the range
        none         0 and 1
    robust           then Z / sqrt(1 + (Z / 3)^2), a smooth clip to ±3
    quantile         the map of normal_scores.py instead
    a constant column is 0, a missing number is `fill`; an indicator column says where it was missing

A missing number is filled with the median where that is known (robust, quantile), else with the mean. The sine and
cosine of a date's part are left as they are, and 0 where the date is missing: the middle of the circle.

Everything is computed in float64, then rounded to the dtype of the result.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from lamina.computed_once import cached_property
from lamina.data import headers
from lamina.data.encoding.dates import CIRCLES, PARTS, SINCE, expanded, other_date, rank
from lamina.data.encoding.faults import find_fault, missing_fault
from lamina.data.encoding.normal_scores import MOST_LANDMARKS, NormalScores
from lamina.data.encoding.pieces import MISSING, VALUE, InputColumns, Piece, run
from lamina.data.tables.alignment import cast_numbers, number_blocks
from lamina.data.tables.table import Table
from lamina.errors import DataError

Scaling = Literal["standard", "minmax", "robust", "quantile", "none"]
SCALINGS: tuple[Scaling, ...] = ("standard", "minmax", "robust", "quantile", "none")
AskedScaling = Scaling | Literal["suited"]
ASKED_SCALINGS: tuple[AskedScaling, ...] = (*SCALINGS, "suited")  # robust or quantile, as suits the columns

CLIP = 3.0  # how far out the smooth clip lets numbers be
CLIPPED_FROM = 1e9  # from here on Z / sqrt(1 + (Z / 3)^2) is 3 to the bit


@dataclass(frozen=True, eq=False)
class NumberColumns(Piece):
    """The columns of numbers and dates; each array has shape (columns,)."""

    ALONE: ClassVar[bool] = True

    scaling: Scaling
    at: NDArray[np.intp]  # which input columns they are; a date stands once for each of its parts
    parts: tuple[str, ...]  # "", or the part of a date: see dates.py
    location: NDArray[np.float64]
    scale: NDArray[np.float64]  # 0: constant in training, encoded as 0
    fill: NDArray[np.float64]  # what a missing number is encoded as
    indicator: NDArray[np.bool_]  # whether some training rows, not all, had it missing; for the part "" only
    quantiles: tuple[NDArray[np.float64], ...] = ()  # landmarks of each column where scaling="quantile"

    @cached_property
    def on_circle(self) -> NDArray[np.bool_]:
        """Which columns are a sine or cosine."""
        return np.array([part in CIRCLES for part in self.parts], bool)

    @cached_property
    def sources(self) -> NDArray[np.intp]:
        """The different input columns, increasing."""
        return np.unique(self.at)

    @cached_property
    def needed(self) -> tuple[int, ...]:
        """The input columns that move a feature: not those that were constant, or empty, in every training row."""
        others = [other_date(part) for part in self.parts]
        compared = [j for j in others if j is not None]
        moving = [*self.at[self.scale > 0], *self.at[self.on_circle], *self.at[self.indicator], *compared]
        return tuple(np.unique(np.array(moving, np.intp)).tolist())

    @cached_property
    def origin(self) -> NDArray[np.intp]:
        """The columns themselves, then the indicators."""
        return np.concatenate([self.at, self.at[self.indicator]])

    @cached_property
    def ranks(self) -> NDArray[np.intp]:
        """See `Piece`."""
        return np.repeat([VALUE, MISSING], [len(self.at), self.indicator.sum()])

    def suffixes(self) -> list[str]:
        """See `Piece`."""
        return [f" {part}" if part else "" for part in self.parts] + [" missing"] * int(self.indicator.sum())

    def suffixes_among(self, names: Sequence[str]) -> list[str]:
        """See `Piece`."""
        parts = self.parts_among(names)
        return [f" {part}" if part else "" for part in parts] + self.suffixes()[len(parts) :]

    def parts_among(self, names: Sequence[str]) -> list[str]:
        """Return the parts in words: the date that days are counted from by its name in place of its number."""
        others = map(other_date, self.parts)
        return [part if j is None else f"{SINCE}{names[j]}" for part, j in zip(self.parts, others, strict=True)]

    @cached_property
    def is_number(self) -> NDArray[np.bool_]:
        """Dates and their parts among them; not what is always 0, nor sines and cosines, nor indicators."""
        return np.append((self.scale > 0) & ~self.on_circle, np.zeros(int(self.indicator.sum()), bool))

    def among(self, columns: Sequence[int]) -> "NumberColumns":
        """Return what becomes of some input columns alone."""
        kept = np.isin(self.at, np.array(columns, np.intp))
        if kept.all():
            return self
        at = np.flatnonzero(kept)
        return NumberColumns(
            self.scaling,
            self.at[at],
            tuple(self.parts[k] for k in at),
            self.location[at],
            self.scale[at],
            self.fill[at],
            self.indicator[at],
            tuple(self.quantiles[k] for k in (at if self.quantiles else ())),
        )

    def encode(self, table: Table, inputs: InputColumns, X: NDArray[Any], places: NDArray[np.intp]) -> None:
        """See `Piece`; the rows are read block by block."""
        n = len(self.at)
        values, indicators = run(places[:n]), places[n:]
        source = cast_numbers(table, self.sources, inputs.dates, self.needed)
        for first, block in number_blocks(source, table.n_rows):
            rows = slice(first, first + len(block))
            block = expanded(block, self.at, self.parts)
            Z, missing = self.transform(block, X.dtype)
            if missing is not None:
                if not np.isfinite(Z).all():
                    raise find_fault(table, self.at, np.where(np.isfinite(Z), np.nan, block), first, X.dtype)
                if inputs.missing == "raise" and missing.any():
                    raise missing_fault(table, self.at, missing, first)
                X[rows, indicators] = missing[:, self.indicator]
            X[rows, values] = Z

    @cached_property
    def _maps(self) -> list[tuple[int, NormalScores]]:
        return [(k, NormalScores(found)) for k, found in enumerate(self.quantiles) if len(found)]

    def transform(self, block: NDArray[np.float64], dtype: Any) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
        """Return the encoded numbers and, if any is missing, where.

        Results that are not finite stay so, for `find_fault` to explain.

        Parameters
        ----------
        block : array, shape (m, columns)

        Returns
        -------
        Z : array, shape (m, columns)
        missing : array of bool, shape (m, columns), or None
        """
        divisor = np.where(self.scale == 0, np.inf, self.scale)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            Z = (block - self.location) / divisor
            if self.scaling in ("robust", "quantile"):
                if np.isfinite(Z).all():
                    return self._shaped(block, Z).astype(dtype, copy=False), None
            else:
                encoded = Z.astype(dtype, copy=False)
                if np.isfinite(encoded).all():
                    return encoded, None
            missing = np.isnan(block)
            if not (np.isfinite(Z) | missing).all():
                # The difference of two huge numbers may leave the float range where the quotient does not.
                quarters = (block / 4 - self.location / 4) / (divisor / 4)
                quarters[:, self.scale == 0] = block[:, self.scale == 0] * 0.0  # infinity times 0 is NaN, still a fault
                Z = np.where(np.isfinite(Z), Z, quarters)
            Z = np.where(np.isinf(block), np.nan, self._shaped(block, Z))  # NaN that is not missing is a fault
            return np.where(missing, self.fill, Z).astype(dtype), missing

    def _shaped(self, block: NDArray[np.float64], Z: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return Z with the smooth clip, or with the normal scores in place of it; Z itself is overwritten."""
        if self.scaling == "quantile":
            for k, scores in self._maps:
                Z[:, k] = scores(block[:, k])
        elif self.scaling == "robust" and not self.on_circle.any():
            smooth_clip(Z)
        elif self.scaling == "robust":
            Z[:, ~self.on_circle] = smooth_clip(Z[:, ~self.on_circle])
        return Z

    def of_one(self, k: int) -> Callable[[float], float]:
        """Return what `transform` does to a finite number of column `k`, to the bit; the result may be out of range."""
        location, scale = float(self.location[k]), float(self.scale[k]) or math.inf
        scores = dict(self._maps).get(k)
        if scores is not None:
            return scores.of_one
        if self.scaling == "robust" and not self.on_circle[k]:
            return lambda x: smooth_clip_of_one((x - location) / scale)
        return lambda x: (x - location) / scale

    def to_header(self) -> dict[str, Any]:
        """Return the columns as plain JSON values."""
        return {
            "scaling": self.scaling,
            "at": self.at.tolist(),
            "parts": list(self.parts),
            "location": self.location.tolist(),
            "scale": self.scale.tolist(),
            "fill": self.fill.tolist(),
            "indicator": self.indicator.tolist(),
            "quantiles": [found.tolist() for found in self.quantiles],
        }

    @staticmethod
    def from_header(header: Mapping[str, Any], n_columns: int) -> "NumberColumns":
        """Return the columns of a header, checked."""
        what = "encoder numbers"
        keys = ("scaling", "at", "parts", "location", "scale", "fill", "indicator", "quantiles")
        header = headers.fields(header, what, keys)
        named = headers.choice(header["scaling"], f"{what} scaling", SCALINGS)
        scaling: Scaling = next(one for one in SCALINGS if one == named)
        at = [headers.whole(j, f"{what} at", 0, n_columns - 1) for j in headers.listed(header["at"], f"{what} at")]
        listed = headers.listed(header["parts"], f"{what} parts", len(at))
        since = {f"{SINCE}{i}" for i in at}
        parts = tuple(headers.choice(part, f"{what} parts", (*PARTS, *sorted(since))) for part in listed)
        _check_order(at, parts)
        location, scale, fill = (
            headers.finite(header[key], f"{what} {key}", len(at)) for key in ("location", "scale", "fill")
        )
        if (scale < 0).any():
            raise DataError(f"{what} scale: no negative number expected, found {scale.min()}")
        indicator = headers.flags(header["indicator"], f"{what} indicator", len(at))
        if any(marked and part for marked, part in zip(indicator, parts, strict=True)):
            raise DataError(f"{what} indicator: true for a part of a date")
        n_maps = len(at) if scaling == "quantile" else 0
        quantiles = tuple(
            headers.finite(one, f"{what} quantiles")
            for one in headers.listed(header["quantiles"], f"{what} quantiles", n_maps)
        )
        numbers = NumberColumns(scaling, np.array(at, np.intp), parts, location, scale, fill, indicator, quantiles)
        _check_quantiles(numbers)
        return numbers


def smooth_clip(Z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Z / sqrt(1 + (Z / 3)^2), computed in place (Holzmüller, Grinsztajn, Steinwart 2024)."""
    np.clip(Z, -CLIPPED_FROM, CLIPPED_FROM, out=Z)
    root = Z * (1 / CLIP)
    root *= root
    root += 1.0
    np.sqrt(root, out=root)
    Z /= root
    return Z


def smooth_clip_of_one(z: float) -> float:
    """Return what `smooth_clip` makes of one number, to the bit."""
    z = min(max(z, -CLIPPED_FROM), CLIPPED_FROM)
    root = z * (1 / CLIP)
    return z / math.sqrt(root * root + 1.0)


def _check_order(at: list[int], parts: tuple[str, ...]) -> None:
    """Raise a DataError unless columns increase, each begins with itself, and its parts follow in their order."""
    pairs = list(zip(at, map(rank, parts), strict=True))
    if any((other_date(part) or 0) >= j for j, part in zip(at, parts, strict=True) if part.startswith(SINCE)):
        raise DataError("encoder numbers parts: days since an earlier column expected")
    if sorted(set(pairs)) != pairs or {j for j, place in pairs if place == 0} != set(at):
        raise DataError("encoder numbers at: increasing column numbers expected, and parts in their order")


def _check_quantiles(numbers: NumberColumns) -> None:
    what = "encoder numbers quantiles"
    for k, found in enumerate(numbers.quantiles):
        if numbers.scale[k] == 0 or numbers.on_circle[k]:
            if len(found):
                raise DataError(f"{what}: none expected for a column without a scale, found {len(found)}")
        elif not 2 <= len(found) <= MOST_LANDMARKS or (np.diff(found) < 0).any() or found[0] == found[-1]:
            raise DataError(f"{what}: 2 to {MOST_LANDMARKS} increasing numbers expected")
