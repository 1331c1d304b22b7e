"""Numbers without spread so far take their scale from the first rows that have some.

A column that was constant in the rows of an earlier fit was encoded as 0, and so taught the network nothing: its scale
can still be learned. Of a target without spread the range was one number. Everything else stays as it was learned,
since the network was trained on it.
"""

import warnings
from collections.abc import Mapping
from dataclasses import replace
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


class LateScales:
    """What rows say of the columns that had no spread before.

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
        self._weighing: Weighing | None = None
        self._summary: NumberSummary | None = None

    def add(self, batch: Batch) -> None:
        """Take note of more rows."""
        if self._plan is None or not batch.table.n_rows:
            return
        weighing = Weighing.of(batch.weights, batch.table.n_rows)
        batch = batch._replace(table=self._known.align(batch.table), weights=weighing.scaled(batch.weights))
        try:
            here = NumberSummary.of(batch, self._plan)
        except ColumnError:  # they hold something else now: encoding these rows says so
            self._plan = None
            return
        self._summary = here if self._summary is None else self._summary.joined(here)
        self._weighing = weighing if self._weighing is None else self._weighing.joined(weighing)

    def encoder(self) -> Encoder:
        """Return the encoder with scales for the columns that came to vary; the same object where there is none."""
        if self._plan is None or self._summary is None or self._weighing is None or self._weighing.n_rows < 2:
            return self._known
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # a column that is empty was warned of at first
            (found,) = self._summary.pieces(self._plan, self._weighing.unit)
        known = self._known.numbers
        pieces = tuple(_joined(piece, found) if piece is known else piece for piece in self._known.pieces)
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
