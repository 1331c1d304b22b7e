"""What the training rows say about columns and targets: `learn` looks at each of them once, and at no other row."""

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import numpy as np

from lamina.data.class_weights import class_factors
from lamina.data.encoding import Encoder
from lamina.data.tables.table import Batch
from lamina.data.targets import Labels, Numbers
from lamina.errors import DataError, DataWarning

Task = Literal["classifier", "regressor"]


class Columns(NamedTuple):
    """What was learned: how rows become numbers, on either side of the network."""

    encoder: Encoder
    target: Labels | Numbers
    class_factors: Any  # what each class counts (see class_weights.py), or None
    n: int  # rows learned from


def learn(
    batches: Iterable[Batch],
    settings: Mapping[str, Any],
    task: Task,
    *,
    classes: Any = None,
    log_link: bool = False,
) -> Columns:
    """Return the encodings of columns and targets that the training rows give.

    Parameters
    ----------
    batches : iterable of Batch
        The training rows and no others, read once.
    settings : mapping
        Resolved values: scaling, missing, max_categories, min_frequency, embed_above, categorical, dates, splines; of a
        regressor scale_target and clamp; of a classifier class_weight.
    task : {"classifier", "regressor"}
    classes : array, optional
        Every class, where `y` may lack some.
    log_link : bool
        The network predicts the logarithm of the target: it is scaled, but not shifted.
    """
    (batch,) = batches
    s, (table, y, weights, _) = settings, batch
    target = _target(y, weights, s, task, classes, log_link)
    bent = s["splines"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # of the target; it has warned
        Y = target.encode(y)
    encoder = Encoder.fit(
        table,
        weights,
        numbers=s["scaling"],
        missing=s["missing"],
        max_categories=int(s["max_categories"]),
        min_frequency=int(s["min_frequency"]),
        embed_above=None if s["embed_above"] is None else int(s["embed_above"]),
        categorical=_listed(s["categorical"]),
        dates=s["dates"],
    )
    bent = encoder.jagged(table, Y, weights) if bent == "jagged" else _listed(bent)
    factors = None
    if isinstance(target, Labels) and s.get("class_weight") is not None:
        factors = class_factors(s["class_weight"], target, Y, weights)
    return Columns(encoder.with_splines(table, bent, weights), target, factors, table.n_rows)


def _target(
    y: Any, weights: Any, settings: Mapping[str, Any], task: Task, classes: Any, log_link: bool
) -> Labels | Numbers:
    if y is None:
        raise DataError("targets expected beside the rows, found none")
    if task == "classifier":
        return Labels.fit(y, classes=classes)
    scaled = settings["scale_target"]
    numbers = Numbers.fit(y, weights, standardise=scaled and not log_link, clamp=settings["clamp"])
    if not (scaled and log_link):
        return numbers
    mean = np.average(numbers.encode(y), axis=0, weights=weights)  # e^Z is positive: a scale, but no shift
    return replace(numbers, scale=np.where(mean > 0, mean, 1.0))


def _listed(columns: Any) -> tuple[Any, ...]:
    """Return the columns of a setting: none, one, or a list."""
    return () if columns is None else (columns,) if isinstance(columns, str | int) else tuple(columns)
