"""What a case asks of a peer, and what a peer hands back. Knows no library but NumPy: every peer's process reads it."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

SEED = 7

PREDICTIONS = {
    "predict": "A[L], by a function made ready beforehand",
    "verb": "A[L], by a function that is handed network and weights with every call",
    "estimator": "labels, by an estimator of scikit-learn's conventions",
}


class NotOfferedError(Exception):
    """A peer has no such thing; the message says what."""


@dataclass(frozen=True)
class Case:
    """A network and what is done with it.

    A pass goes over `batch * steps` rows. Training takes one Adam step for every batch, a prediction is one call for
    every batch; what is reported is the time of one of them.
    """

    name: str
    widths: tuple[int, ...]  # inputs, hidden units, outputs
    batch: int
    steps: int  # of one pass
    passes: int = 1
    work: str = "train"  # or a row of PREDICTIONS
    loss: str = "binary_log_loss"  # or categorical_log_loss, squared_error
    activation: str = "relu"
    rate: float = 1e-3
    operands: str = "float32"  # or bfloat16: of the matrix products, in training

    @property
    def rows(self) -> int:
        return self.batch * self.steps

    @property
    def repetitions(self) -> int:
        """Steps, or calls, that are timed together."""
        return self.steps * self.passes

    @property
    def multiply_adds(self) -> float:
        """Of one step or call: Z for every layer, and in training dW for every layer, dA_prev for all but the first."""
        sizes = [n * units for n, units in pairwise(self.widths)]
        per_row = 2 * sum(sizes) + sum(sizes[1:]) if self.work == "train" else sum(sizes)
        return float(self.batch * per_row)

    @property
    def bytes_moved(self) -> float:
        """Of one step or call, at the least: rows in and answers out; in training p, m and v in and out."""
        rows = 4 * self.batch * (self.widths[0] + self.widths[-1])
        size = sum(units * (n + 1) for n, units in pairwise(self.widths))
        return float(rows + (24 * size if self.work == "train" else 4 * size))

    def shortened(self) -> "Case":
        """The same in a fraction of the time, for a quick look."""
        if self.steps == 1:
            return replace(self, batch=self.batch // 20)
        passes = max(self.passes // 8, 1)
        return replace(self, steps=max(self.repetitions // (8 * passes), 2), passes=passes)


@dataclass(frozen=True)
class Task:
    """A case with its numbers.

    Attributes
    ----------
    X : array of float32, shape (rows, inputs)
    Y : array of float32, shape (rows, outputs)
        0 and 1, one-hot, or numbers.
    order : array of int64, shape (steps, batch)
        Row numbers: the batches of every pass. It is `RandomState(SEED).shuffle`'s, as in scikit-learn.
    layers : list of (W, b)
        The starting weights, float32, shapes (units, units_prev) and (units,).
    threads : int
    """

    case: Case
    X: np.ndarray
    Y: np.ndarray
    order: np.ndarray
    layers: list[tuple[np.ndarray, np.ndarray]]
    threads: int = 1

    def labels(self) -> np.ndarray:
        """Return Y as scikit-learn wants it: class numbers, or numbers; shape (rows,)."""
        if self.case.loss == "squared_error":
            return self.Y[:, 0]
        return self.Y[:, 0].astype(np.int64) if self.Y.shape[1] == 1 else self.Y.argmax(axis=1)

    def batches(self) -> list[np.ndarray]:
        """Return the rows of every call of a prediction, in the order of X."""
        return [self.X[start : start + self.case.batch] for start in range(0, self.case.rows, self.case.batch)]

    def save(self, folder: Path) -> None:
        named = {
            f"{name}{i}": array for i, layer in enumerate(self.layers) for name, array in zip("Wb", layer, strict=True)
        }
        np.savez(folder / "task.npz", X=self.X, Y=self.Y, order=self.order, **named)
        (folder / "case.json").write_text(json.dumps(asdict(self.case)), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, threads: int) -> "Task":
        fields = json.loads((folder / "case.json").read_text(encoding="utf-8"))
        case = Case(**{**fields, "widths": tuple(fields["widths"])})
        with np.load(folder / "task.npz") as arrays:
            layers = [(arrays[f"W{i}"], arrays[f"b{i}"]) for i in range(len(case.widths) - 1)]
            return cls(case, arrays["X"], arrays["Y"], arrays["order"], layers, threads)


class Work(NamedTuple):
    """A task, ready to be timed.

    `start()` gives a fresh state, at the starting weights; `run(state)` does all passes and returns the state that it
    ends with, and only this is timed; `answer(state)` gives arrays: W, b, W, b, ... of the trained network, or the
    predictions. `how` says what the peer chose, where it had a choice.
    """

    start: Callable[[], Any]
    run: Callable[[Any], Any]
    answer: Callable[[Any], list[np.ndarray]]
    how: str = ""


def expect_float32(task: Task) -> None:
    """Refuse products of bfloat16."""
    if task.case.operands != "float32":
        raise NotOfferedError(f"{task.case.operands} not measured")


def expect_plain(task: Task) -> None:
    """Refuse the predictions that only some peers have."""
    if task.case.work != "predict":
        raise NotOfferedError(f"no {task.case.work}")


def calls(task: Task, predict: Callable[[np.ndarray], np.ndarray], how: str = "") -> Work:
    """Return the work of predicting every batch of the rows, one call each, NumPy in and NumPy out."""
    batches = task.batches()

    def run(_: Any) -> list[np.ndarray]:
        for _ in range(task.case.passes):
            found = [predict(batch) for batch in batches]
        return found

    return Work(lambda: None, run, lambda found: [np.concatenate(found)], how)


def in_blocks(predict: Callable[[np.ndarray], np.ndarray], rows: int) -> Callable[[np.ndarray], np.ndarray]:
    """Return a prediction that takes a few rows at a time, so that what lies between layers stays in the cache."""

    def predict_all(X: np.ndarray) -> np.ndarray:
        if len(X) <= rows:
            return predict(X)
        return np.concatenate([predict(X[start : start + rows]) for start in range(0, len(X), rows)])

    return predict_all
