"""The Python side of the kernels: the same verbs as `equations.verbs`, on the compiled extension.

Networks are compiled to a plan once and the plan is kept for as long as the network lives. Arrays that the extension
cannot take as they are (another dtype, not contiguous) are copied; what is changed in place must fit as it is.
"""

import importlib
import os
import weakref
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from lamina.errors import DataError

try:
    _kernels: Any = importlib.import_module("lamina._kernels")
except ImportError as problem:  # a package of pure Python, or built for another processor
    _kernels, REASON = None, f"the extension lamina._kernels is not available ({problem})"
else:
    REASON = "" if _kernels.paths() else "this processor has no fused multiply-add (AVX2 and FMA, or NEON)"

if _kernels is not None and (wanted := os.environ.get("LAMINA_ISA")):
    if wanted in _kernels.paths():
        _kernels.use_path(wanted)
    else:
        REASON = f"LAMINA_ISA={wanted!r}: expected one of {', '.join(_kernels.paths())}"

PACKED = {} if _kernels is None else {4: _kernels.Packed32, 8: _kernels.Packed64}
TRAININGS = {} if _kernels is None else {4: _kernels.Training32, 8: _kernels.Training64}


_missing: dict[int, list[str]] = {}  # by the network's identity: a prediction of one row must not ask again


def missing_parts(network: Any, optimiser: Any = None) -> list[str]:
    """Return what the kernels lack for this network and optimiser: an empty list where they have every part."""
    if REASON:
        return [REASON]
    found = _missing.get(id(network))
    if found is None:
        *layers, loss = network.blueprint()
        lacks_loss = [] if loss["name"] in _kernels.LOSSES else [f"loss {loss['name']}"]
        found = _missing[id(network)] = list(dict.fromkeys([*_missing_of(layers), *lacks_loss]))
        weakref.finalize(network, _missing.pop, id(network), None)
    known = optimiser is None or optimiser.kind in _kernels.RULES
    return found if known else [*found, f"optimiser {optimiser.kind}"]


def present() -> bool:
    """Return whether the extension was built, on whatever processor."""
    return _kernels is not None


KEYS_OF_EVERY_ENTRY = {"kind", "inputs", "units", "layer", "arrays"}  # of a blueprint, beside its settings


def _missing_of(layers: list[Mapping[str, Any]]) -> Iterator[str]:
    for layer in layers:
        kind = layer["kind"]
        if kind not in _kernels.LAYERS:
            yield f"layer {kind}"
        known = KEYS_OF_EVERY_ENTRY.union(_kernels.LAYERS.get(kind, ()))
        yield from (f"setting {name} of {kind}" for name in layer if name not in known)
        if layer.get("function", "identity") not in _kernels.FUNCTIONS:
            yield f"activation {layer['function']}"
        if layer["kind"] == "residual" and not layer["chain"]:
            yield "a residual without layers"
        if not layer.get("columns", True):
            yield f"layer {kind} without columns"
        yield from _missing_of(layer.get("chain", []))


# ---- plans ----

_plans: dict[tuple[int, int], Any] = {}  # by the network's identity and the item size


def _plan(network: Any, dtype: np.dtype[Any]) -> Any:
    key = id(network), dtype.itemsize
    plan = _plans.get(key)
    if plan is None:
        if dtype not in (np.float32, np.float64):
            raise DataError(f"parameters of {dtype}: expected float32 or float64.")
        try:
            plan = _plans[key] = _kernels.Plan(network.blueprint(), dtype.itemsize)
        except ValueError as problem:  # such as double precision where products are of bfloat16
            raise DataError(f"the kernels cannot take this network and {dtype}: {problem}") from problem
        weakref.finalize(network, _plans.pop, key, None)
    return plan


def _rule(optimiser: Any) -> Any:
    return _kernels.Optimiser(optimiser.kind, **asdict(optimiser))


def _like(params: Any, *arrays: Any) -> list[Any]:
    """Return the arrays in the type of the parameters and contiguous; None stays None."""
    return [None if a is None else np.ascontiguousarray(a, params.dtype) for a in arrays]


# ---- the verbs ----


def predict(network: Any, params: Any, X: Any) -> Any:
    """Return A[L], one row per example; see `equations.verbs.predict`."""
    return Predictor(network, params)(X)


class Predictor:
    """A network with its parameters, made ready to predict again and again.

    Parameters
    ----------
    network : Network
    params : array, shape (size,), or (bags, size)
        Copied: a later change of it is not seen.
    """

    def __init__(self, network: Any, params: Any) -> None:
        plan = _plan(network, params.dtype)
        try:
            first, *others = np.ascontiguousarray(params).reshape(-1, params.shape[-1])
            self._packed = PACKED[params.dtype.itemsize](plan, first)
            self._others = [PACKED[params.dtype.itemsize](plan, one) for one in others]
        except MemoryError as problem:
            raise MemoryError(
                f"not enough memory to make {network.size:,} parameters ({params.nbytes / 2**20:,.0f} MiB) ready to "
                "predict: that takes a few copies of them."
            ) from problem
        self._dtype = params.dtype
        self._n_outputs = plan.n_outputs
        self._network = network

    def __call__(self, X: Any) -> Any:
        """Return A[L] for the rows of X (m, n_inputs), shape (m, n_outputs)."""
        A = np.empty((len(X), self._n_outputs), self._dtype)
        try:
            try:  # to ask for type and order beforehand would take a tenth of the time of one row
                self._packed.predict(X, A)
            except (ValueError, BufferError):
                X = np.ascontiguousarray(X, self._dtype)
                self._packed.predict(X, A)
            if self._others:
                return self._mean(X, A)
        except MemoryError as problem:
            raise MemoryError(self._too_large(len(X))) from problem
        return A

    def _mean(self, X: Any, A: Any) -> Any:
        """Return the mean of A, the first bag's, and what the others predict; see `equations.verbs.mean_of_bags`."""
        total = A.astype(np.float64)
        for one in self._others:
            one.predict(X, A)
            total += A
        return (total / (1 + len(self._others))).astype(self._dtype)

    def _too_large(self, m: int) -> str:
        """Return what a prediction needs, in numbers: the kernels tell none."""
        rows = m * self._network.members * sum(self._network.widths) * self._dtype.itemsize / 2**20
        return (
            f"not enough memory to predict {m:,} rows at once: the {self._network.size:,} parameters take "
            f"{self._network.size * self._dtype.itemsize / 2**20:,.0f} MiB, and the layers of all rows up to "
            f"{rows:,.0f} MiB. Predict fewer rows at a time."
        )

    def cost(self, X: Any, Y: Any, weights: Any = None) -> float:
        """Return (1/m) Σ w_i L_i; with several members, of what they predict together."""
        X, Y, weights = (None if a is None else np.ascontiguousarray(a, self._dtype) for a in (X, Y, weights))
        if self._network.members == 1 and not self._others:
            return float(self._packed.cost(X, Y, weights))
        return float(self._network.cost_of_output(self(X), Y, weights))


def cost(network: Any, params: Any, X: Any, Y: Any, weights: Any = None) -> float:
    """Return the cost without draws, penalty or gradient; see `equations.verbs.cost`."""
    return Predictor(network, params).cost(X, Y, weights)


def gradients(
    network: Any,
    params: Any,
    X: Any,
    Y: Any,
    weights: Any = None,
    *,
    seed: int = 0,
    step: int = 0,
    first: int = 0,
    m: int | None = None,
    dropout: float = 1.0,
) -> tuple[float, Any]:
    """Return the cost and its gradient by the flat vector, without the penalty's; see `equations.verbs.gradients`."""
    grads = np.empty_like(params)
    params, X, Y, weights = _like(params, params, X, Y, weights)
    plan = _plan(network, params.dtype)
    m = len(X) if m is None else m
    J = _kernels.gradients(plan, params, grads, X, Y, weights, seed & SEED_MASK, step, first, m, dropout)
    return float(J), grads


def update(
    network: Any, optimiser: Any, params: Any, grads: Any, memory: Any, rate: float, step: int, decay: float = 1.0
) -> None:
    """Move the parameters and the memory by one step, in place; see `equations.verbs.update`."""
    (grads,) = _like(params, grads)
    _kernels.update(_plan(network, params.dtype), _rule(optimiser), params, grads, memory, rate, step, decay)


def train_steps(
    network: Any, optimiser: Any, params: Any, memory: Any, X: Any, Y: Any, weights: Any, order: Any, steps: Any
) -> Any:
    """Take the steps and return their costs; see `equations.verbs.train_steps`."""
    return train_steps_many(network, [(optimiser, params, memory, X, Y, weights, order, steps)])[0]


def train_steps_many(network: Any, trainings: Iterable[tuple[Any, ...]]) -> list[Any]:
    """Train several networks of the same layers; see `equations.verbs.train_steps_many`."""
    trainings = list(trainings)
    if not trainings:
        return []
    types = {params.dtype for _, params, *_ in trainings}
    if len(types) > 1:
        raise DataError(f"parameters of {' and '.join(sorted(map(str, types)))}: expected one type for all trainings.")
    plan, (dtype,) = _plan(network, *types), types
    fitting: dict[int, Any] = {}  # by the identity of arrays that trainings may share
    given, costs = [], []
    for optimiser, params, memory, X, Y, weights, order, steps in trainings:
        for array in (X, Y, weights):
            if id(array) not in fitting:
                (fitting[id(array)],) = _like(params, array)
        rows = [fitting[id(array)] for array in (X, Y, weights)]
        order, cost = _row_numbers(order), np.empty(len(steps.rates))
        how = _steps(steps, len(order))
        given.append(TRAININGS[dtype.itemsize](plan, _rule(optimiser), params, memory, *rows, order, how, cost))
        costs.append(cost)
    return [cost[:done] for cost, done in zip(costs, _kernels.train_steps(plan, given), strict=True)]


def _row_numbers(order: Any) -> Any:
    order = np.asarray(order)
    if order.size and order.dtype.kind not in "iu":  # the conversion would cut off what is behind the point
        raise DataError(f"order: numbers of type {order.dtype}, where whole numbers were expected.")
    return np.ascontiguousarray(order, np.int64)


def _steps(steps: Any, rows: int) -> Any:
    """Return a record of `equations.steps.Steps` as the extension has it."""
    given = steps._asdict()
    for name in ("rates", "decays", "dropouts"):
        given[name] = None if given[name] is None else np.ascontiguousarray(given[name], np.float64)
    examples = rows if steps.examples is None else steps.examples
    return _kernels.Steps(**given | {"seed": steps.seed & SEED_MASK, "examples": examples})


SEED_MASK = (1 << 64) - 1  # a seed is taken modulo 2**64


# ---- threads ----


def threads() -> int:
    """Return how many threads the kernels may use."""
    return int(_kernels.thread_limit())


def set_threads(n: int) -> None:
    """Let the kernels use up to `n` threads. The results are the same bits for every number."""
    _kernels.set_thread_limit(n)


def _allowed_threads() -> int:
    """Return what LAMINA_NUM_THREADS or else OMP_NUM_THREADS, the processor affinity and the cgroup's quota allow."""
    for name in ("LAMINA_NUM_THREADS", "OMP_NUM_THREADS"):
        asked = _whole(os.environ.get(name, "").split(",")[0].strip())
        if asked > 0:
            return min(asked, MOST_THREADS)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, _quota(), MOST_THREADS))


MOST_THREADS = 64  # more of them wait for one another longer than they work


def _whole(text: str) -> int:
    """Return the number that a text spells in decimal digits, or 0."""
    try:
        return int(text) if text.isdecimal() else 0
    except ValueError:  # more digits than Python reads
        return 0


def _quota(folder: str = "/sys/fs/cgroup") -> int:
    """Return how many cores' time the control group may use, rounded up; a large number without a limit.

    Version 2 of control groups keeps quota and period in one file, version 1 in two.
    """
    for names in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        try:
            quota, period = " ".join((Path(folder) / name).read_text() for name in names).split()
            return UNLIMITED_CORES if quota in ("max", "-1") else max(1, -(-int(quota) // int(period)))
        except (OSError, ValueError, ZeroDivisionError):
            continue
    return UNLIMITED_CORES


UNLIMITED_CORES = 1 << 16


def _register_with_threadpoolctl() -> None:
    """Let `threadpoolctl.threadpool_limits` hold the kernels as it holds BLAS and OpenMP."""
    try:
        import threadpoolctl
    except ImportError:
        return

    class Controller(threadpoolctl.LibController):  # type: ignore[misc]
        user_api = "lamina"
        internal_api = "lamina"
        filename_prefixes = ("_kernels",)
        check_symbols = ("lamina_get_num_threads", "lamina_set_num_threads")

        def get_num_threads(self) -> int:
            return threads()

        def set_num_threads(self, num_threads: int) -> None:
            set_threads(num_threads)

        def get_version(self) -> None:
            return None

    threadpoolctl.register(Controller)


if _kernels is not None:
    set_threads(_allowed_threads())
    _register_with_threadpoolctl()
