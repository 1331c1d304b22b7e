"""Numbers without spread so far take their scale from the first rows that have some.

A column that was constant in the rows of an earlier fit was encoded as 0, and so taught the network nothing: its scale
can still be learned. Of a target without spread the range was one number. Everything else stays as it was learned,
since the network was trained on it.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lamina.data.encoding.encoder import Encoder
from lamina.data.encoding.number_summaries import NumberSummary
from lamina.data.encoding.numbers import NumberColumns
from lamina.data.encoding.plan import ColumnPlan
from lamina.data.encoding.weighing import Weighing
from lamina.data.number_targets import LARGEST, Numbers, TargetMoments
from lamina.data.tables.table import Batch
from lamina.errors import ColumnError, DataWarning


@dataclass(frozen=True, eq=False)
class LateSummary:
    """What a run of rows says of the columns that had no spread before."""

    weighing: Weighing
    numbers: NumberSummary | None  # None: there are no such columns, or they hold something else now

    def joined(self, other: "LateSummary") -> "LateSummary":
        """Return what both runs of rows say."""
        if self.numbers is None or other.numbers is None:
            return replace(self, numbers=None)
        return LateSummary(self.weighing.joined(other.weighing), self.numbers.joined(other.numbers))


class LateScales:
    """The scales of columns that had no spread before.

    Parameters
    ----------
    known : Encoder
    settings : mapping
    """

    def __init__(self, known: Encoder, settings: Mapping[str, Any]) -> None:
        self._known, numbers = known, known.numbers
        waiting = np.unique(numbers.at[(numbers.scale == 0) & np.array([not part for part in numbers.parts], bool)])
        chosen = {**settings, "scaling": numbers.scaling}
        self._plan = ColumnPlan(known.inputs, tuple(waiting.tolist()), {}, chosen) if len(waiting) else None

    def seen(self, batch: Batch) -> LateSummary:
        """Return what one batch says."""
        if self._plan is None:
            return LateSummary(Weighing(batch.table.n_rows, 0.0), None)
        weighing = Weighing.of(batch.weights, batch.table.n_rows)
        batch = batch._replace(table=self._known.align(batch.table), weights=weighing.scaled(batch.weights))
        try:
            return LateSummary(weighing, NumberSummary.of(batch, self._plan))
        except ColumnError:  # encoding these rows says so
            return LateSummary(weighing, None)

    def encoder(self, found: LateSummary | None) -> Encoder:
        """Return the encoder with scales for the columns that came to vary; the same object where there is none."""
        if self._plan is None or found is None or found.numbers is None or found.weighing.n_rows < 2:
            return self._known
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # a column that is empty was warned of at first
            (scaled,) = found.numbers.pieces(self._plan, found.weighing.unit)
        known = self._known.numbers
        pieces = tuple(_joined(piece, scaled) if piece is known else piece for piece in self._known.pieces)
        return self._known if pieces == self._known.pieces else replace(self._known, pieces=pieces)


def _joined(known: NumberColumns, found: NumberColumns) -> NumberColumns:
    """Return the columns of `known`, with the scales of `found` where only those have a spread."""
    places = {key: k for k, key in enumerate(zip(found.at.tolist(), found.parts, strict=True))}
    pairs = [
        (k, places[key])
        for k, key in enumerate(zip(known.at.tolist(), known.parts, strict=True))
        if known.scale[k] == 0 and key in places and found.scale[places[key]] > 0
    ]
    if not pairs:
        return known
    here, there = map(list, zip(*pairs, strict=True))
    arrays = {name: getattr(known, name).copy() for name in ("location", "scale", "fill")}
    for name, array in arrays.items():
        array[here] = getattr(found, name)[there]
    quantiles = list(known.quantiles)
    if quantiles:
        for k, other in pairs:
            quantiles[k] = found.quantiles[other]
    return replace(known, **arrays, quantiles=tuple(quantiles))


def with_late_range(target: Numbers, seen: TargetMoments, settings: Mapping[str, Any], log_link: bool) -> Numbers:
    """Return the targets with scales for those that had no spread before and have some in the rows that were seen.

    It is the same object where there is none.
    """
    if target.low is None or target.high is None or not (target.low == target.high).any():
        return target
    late = (target.low == target.high) & ~seen.moments.constant
    if not late.any():
        return target
    found = seen.target(bool(settings["scale_target"]), bool(settings["clamp"]), log_link)
    low = np.where(late, -LARGEST if found.low is None else found.low, target.low)
    high = np.where(late, LARGEST if found.high is None else found.high, target.high)
    location, scale = np.where(late, found.location, target.location), np.where(late, found.scale, target.scale)
    if (low == -LARGEST).all() and (high == LARGEST).all():
        return Numbers(location, scale, target.flat)
    return Numbers(location, scale, target.flat, low, high)
