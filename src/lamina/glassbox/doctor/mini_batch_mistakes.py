"""random_mini_batches, judged by which examples the batches hold, and what goes wrong in it.

Every example carries its number in X and in Y, so that batches can be traced back whatever their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina.glassbox.doctor.steps import Mistake, Program

STEP = 1000.0  # from one feature of an example to the next
ENOUGH = 8  # examples among which an order by chance is unlikely


def numbered(n: int, m: int) -> tuple[Any, Any]:
    """Return X (n, m) and Y (1, m) whose columns carry their number."""
    return np.arange(m) + STEP * np.arange(n)[:, None], np.arange(m)[None, :].astype(float)


def account_of(batches: Sequence[Any], m: int) -> dict[str, Any]:
    """Return what is compared of the batches: their sizes, and which examples they hold."""
    ids, labels, intact = [], [], True
    for X, Y in batches:
        X = np.asarray(X, float)
        rows = X - STEP * np.arange(len(X))[:, None] if X.ndim == 2 else X[None, :]
        intact &= bool(np.all(rows == rows[:1]))
        ids += list(rows[0]) if len(rows) else []
        labels += list(np.ravel(np.asarray(Y, float)))
    return {
        "sizes": np.array([np.shape(X)[-1] for X, _ in batches], float),
        "sizes of Y": np.array([np.shape(Y)[-1] if np.ndim(Y) else 1 for _, Y in batches], float),
        "features": np.array([np.shape(X)[0] for X, _ in batches], float),
        "axes of Y": np.array([np.ndim(Y) for _, Y in batches], float),
        "columns intact": float(intact),
        "different examples": float(len(set(ids))),
        "pairs agree": float(len(ids) == len(labels) and ids == labels),
        "shuffled": float(m < ENOUGH or ids != sorted(ids)),
        "Y shuffled": float(m < ENOUGH or labels != sorted(labels)),
    }


ACCOUNT = (
    "sizes",
    "sizes of Y",
    "features",
    "axes of Y",
    "columns intact",
    "different examples",
    "pairs agree",
    "shuffled",
    "Y shuffled",
)


def _sizes(s: Any) -> list[int]:
    whole, rest = divmod(s.m, s.size)
    return [s.size] * whole + ([rest] if rest else [])


MINI_BATCHES = Program(
    "batches",
    lambda X, Y, mini_batch_size=64: {"n": len(X), "m": X.shape[1], "given": mini_batch_size},
    {
        "size": lambda s: s.given,
        "sizes": _sizes,
        "sizes of Y": lambda s: s.sizes,
        "features": lambda s: [s.n] * len(s.sizes),
        "axes of Y": lambda s: [2] * len(s.sizes),
        "columns intact": lambda s: 1.0,
        "different examples": lambda s: float(min(s.m, sum(s.sizes))),
        "pairs agree": lambda s: 1.0,
        "shuffled": lambda s: 1.0,
        "Y shuffled": lambda s: 1.0,
    },
    lambda s: {name: np.asarray(getattr(s, name), float) for name in ACCOUNT},
)

E = "shuffle the examples of X and Y alike, then cut: every example is in one batch; the last may be smaller"


def _of(name: str, sentence: str, sign: str, look: tuple[str, ...], /, **steps: Any) -> Mistake:
    places = {f"batches.{step.replace('_', ' ')}": how for step, how in steps.items()}
    return Mistake(name, sentence, E, sign, places, look)


def _apart(s: Any) -> float:
    return 1.0 if s.m < 2 else 0.0


MINI_BATCH_MISTAKES = (
    _of("last-batch-dropped", "The last, smaller batch is dropped.", "m mod mini_batch_size examples are missing",
        ("if", "mini_batches"), sizes=lambda s: [size for size in s.was() if size == s.size]),
    _of("last-whole-batch-dropped", "The last whole batch is missing: the loop ends one too early.",
        "mini_batch_size examples are missing",
        ("range", "for"), sizes=lambda s: [s.size] * (s.m // s.size - 1) + s.was()[s.m // s.size :]),
    _of("shuffled-apart", "X and Y are shuffled apart: examples get the labels of others.",
        "pairs of X and Y do not agree",
        ("permutation", "shuffled_Y", "shuffle"), pairs_agree=_apart),
    _of("Y-not-shuffled", "Y is not shuffled as X is: examples get the labels of others.", "Y is in its old order",
        ("shuffled_Y",), pairs_agree=lambda s: 1.0 if s.m < 2 else 0.0, Y_shuffled=lambda s: float(s.m < ENOUGH)),
    _of("X-not-shuffled", "X is not shuffled as Y is: examples get the labels of others.", "X is in its old order",
        ("shuffled_X",), pairs_agree=lambda s: 1.0 if s.m < 2 else 0.0, shuffled=lambda s: float(s.m < ENOUGH)),
    _of("not-shuffled", "Nothing is shuffled.", "the examples are in their old order", ("permutation", "shuffled_X"),
        shuffled=lambda s: float(s.m < ENOUGH), Y_shuffled=lambda s: float(s.m < ENOUGH)),
    _of("empty-batch", "An empty batch is appended where mini_batch_size divides m.", "the last batch has no example",
        ("if", "mini_batches"), sizes=lambda s: s.was() if s.m % s.size else [*s.was(), 0]),
    _of("last-batch-too-large", "The last batch has mini_batch_size examples: some are in two batches.",
        "examples come twice",
        ("if", "mini_batches"), sizes=lambda s: [min(s.size, s.m)] * len(s.was()),
        different_examples=lambda s: float(s.m)),
    _of("last-batch-joined", "The last batch takes the rest too: it is larger than mini_batch_size.",
        "the last batch is too large",
        ("if", "mini_batches"), sizes=lambda s: _joined(s)),
    _of("batches-overlap", "The batches overlap by one example.", "examples come twice", ("for", "mini_batch_X"),
        sizes=lambda s: _overlapping(s), different_examples=lambda s: float(s.m)),
    _of("examples-between-lost", "An example is lost between two batches.", "batches have mini_batch_size - 1 examples",
        ("end", "mini_batch_X", "append", "for"), sizes=lambda s: [size - 1 if k < s.m // s.size else size for k,
        size in enumerate(s.was())]),
    _of("size-ignored", "The batches have 64 examples whatever mini_batch_size is.",
        "sizes do not change with mini_batch_size",
        ("mini_batch_size",), size=lambda s: 64),
    _of("features-shuffled", "The rows of X are shuffled: those are features, examples are columns.",
        "columns of X are mixed up",
        ("shuffled_X", "permutation"), columns_intact=lambda s: 0.0, pairs_agree=lambda s: np.nan),
    _of("Y-flat", "Y has lost an axis: expected (1, size).", "mini_batch_Y is (size,)", ("mini_batch_Y", "shuffled_Y"),
        axes_of_Y=lambda s: [1] * len(s.sizes)),
    _of("drawn-with-repetition", "Examples are drawn with repetition: some come twice, others never.",
        "examples are missing",
        ("permutation", "choice", "randint"), different_examples=lambda s: np.nan if s.m >= ENOUGH else s.was()),
)  # fmt: skip


def _joined(s: Any) -> list[int]:
    whole, rest = divmod(s.m, s.size)
    return [*[s.size] * (whole - 1), s.size + rest] if whole else [rest]


def _overlapping(s: Any) -> list[int]:
    return [min(s.size + 1, s.m - k * s.size) if k < s.m // s.size else size for k, size in enumerate(_sizes(s))]
