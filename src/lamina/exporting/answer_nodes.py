"""A[L] to answers as ONNX nodes: labels and probabilities, or numbers in the units of y; as `Model.predict` gives them.

Where a row could not be encoded every number is NaN, and a label that is text is "".
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.number_targets import LARGEST
from lamina.data.targets import Labels, Numbers
from lamina.equations.losses import Quantile
from lamina.exporting.graphs import TEXT, Value, beside, largest, smallest, where
from lamina.model import Model

LABEL, PROBABILITIES = "label", "probabilities"
Shape = Sequence[str | int]
Answer = tuple[str, Value, Shape]  # its name, what it is, its shape


def answers(model: Model, A: Value, refused: Value) -> list[Answer]:
    """Return the outputs of a graph: A is (m, n_outputs), `refused` (m, 1) says which rows have no answer."""
    A = where(refused, np.nan, A)
    if isinstance(model.target, Labels):
        return _of_labels(model.target, A, refused)
    return [_of_numbers(model.target, model, A)]


def _of_labels(target: Labels, A: Value, refused: Value) -> list[Answer]:
    n = len(target.classes)
    probabilities = A
    if target.task == "multilabel":
        return [(LABEL, (A > 0.5).as_type("i8"), ("rows", n)), (PROBABILITIES, A, ("rows", n))]
    if target.task == "multiclass":
        place = A.graph.node("ArgMax", A, dtype=np.int64, axis=1, keepdims=0)
    else:
        place = (A > 0.5).as_type("i8").shaped(-1) * (n - 1)
        probabilities = beside([1 - A, A]) if n == 2 else A * 0 + 1
    classes = plain_classes(target)
    label = A.graph.constant(classes, classes.dtype).at(place, axis=0)
    if label.dtype == TEXT:
        label = where(refused.shaped(-1), "", label)
    return [(LABEL, label, ("rows",)), (PROBABILITIES, probabilities, ("rows", n))]


def plain_classes(target: Labels) -> NDArray[Any]:
    """Return the classes in one of the few types that runtimes have for labels: text, bool, int64 or double."""
    classes = target.classes
    if classes.dtype.kind == "U":
        return np.array([*classes.tolist(), None], object)[:-1]
    if classes.dtype.kind == "f":
        return classes.astype(np.float64)
    return classes if classes.dtype in (np.bool_, np.uint64) else classes.astype(np.int64)


def _of_numbers(target: Numbers, model: Model, A: Value) -> Answer:
    """y = A scale + location, in double precision, within the range of the target."""
    n = model.network.n_outputs // target.n_targets  # outputs of each target, all those of target 1 first
    scale, location = np.repeat(target.scale, n), np.repeat(target.location, n)
    y = A.as_type(np.float64) * [scale] + [location]
    low, high = (
        np.repeat(np.full(target.n_targets, end) if limit is None else limit, n)
        for end, limit in ((-LARGEST, target.low), (LARGEST, target.high))
    )
    y = smallest(largest(y, [low]), [high])
    if target.flat and n == 1:
        return model.target_name, y.shaped(-1), ("rows",)
    if isinstance(model.network.loss, Quantile) and n > 1 < target.n_targets:
        return model.target_name, y.shaped(-1, target.n_targets, n), ("rows", target.n_targets, n)
    return model.target_name, y, ("rows", model.network.n_outputs)
