"""Tracing steps of a fit: it looks at the state that the loop leaves whole, before and after a step.

    tracer = StepTracer(every=100)
    for progress in train(run, state, pause=tracer.pause):
        tracer.see(run, state)

A traced step is a walk at the parameters before it, over the batch that the step took; what the engine made of the
parameters is what stands in the state after it. The arithmetic of the fit does not change: the loop only yields where
the tracer asks it to.
"""

import warnings
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from lamina.equations.network import Network
from lamina.equations.random import Key
from lamina.equations.steps import Steps
from lamina.equations.verbs import with_dropout
from lamina.errors import DataWarning, SettingError
from lamina.glassbox.engines import Comparison, Rows, apart_of, comparisons
from lamina.glassbox.network_equations import Setting
from lamina.glassbox.origins import Origins, origins_of
from lamina.glassbox.step_equations import Step
from lamina.glassbox.trace import Trace
from lamina.glassbox.walked import Arrays, arrays_of, step_arrays
from lamina.learning.run import Run
from lamina.learning.state import State
from lamina.learning.training import steps_of

MOST_TRACES = 32  # that are kept of steps at equal distances: of more, every other one goes
MOST_BYTES = 2**28  # of all arrays that are kept
FAR = 2**62


class _Begun(NamedTuple):
    """A step that the engine has yet to take."""

    network: Network
    arrays: Arrays
    setting: Setting
    params: Any
    memory: Any
    comparisons: tuple[Comparison, ...]


@dataclass
class StepTracer:
    """Which steps of a fit are traced, and their traces.

    Parameters
    ----------
    steps : int or sequence of int
        Every so many steps, or these, counted from 0.

    Attributes
    ----------
    traces : dict of int to Trace
        By the number of the step. At most `MOST_TRACES` of steps at equal distances are kept: of more, every other one
        is dropped and the distance doubles. All together take at most `MOST_BYTES`.

    Raises
    ------
    SettingError
        `steps` is neither.
    """

    steps: Any

    def __post_init__(self) -> None:
        self.traces: dict[int, Trace] = {}
        self._every, self._chosen = _asked(self.steps)
        self._begun: _Begun | None = None
        self._origins: Origins | None = None
        self._full = False

    def pause(self, step: int) -> int:
        """Return how many steps may be taken from this one on before the loop yields."""
        following = self._next(step)
        return 1 if following == step else following - step

    def _next(self, step: int) -> int:
        """Return the first step from this one on that is to be traced."""
        if self._full:
            return FAR
        if self._chosen is None:
            return -(-step // self._every) * self._every
        at = bisect_left(self._chosen, step)
        return self._chosen[at] if at < len(self._chosen) else FAR

    def see(self, run: Run, state: State) -> None:
        """Look at a whole state: end the trace of a step that was taken, and begin that of the next one."""
        self._end(run, state)
        if not state.stopped and not state.torn and self._next(state.step) == state.step:
            self._begin(run, state)

    def _begin(self, run: Run, state: State) -> None:
        steps, rows = _next_step(run, state)
        if steps is None:
            return
        network = _with_dropout(run.network, steps.dropout(0))
        rate, eps = float(steps.rates[0]), float(np.finfo(state.params.dtype).eps)
        step = Step(run.recipe.optimiser, rate, state.step, run.examples.n, steps.decay(0), eps)
        X, Y, w = rows
        setting, key = Setting(True, True, w is not None, step), Key(steps.seed, steps.step)
        params = state.params.copy()
        arrays = arrays_of(network, params, X, Y, w, setting, key)
        beside = comparisons(network, run.engine, params, Rows(X, Y, w), arrays, setting, key)
        setting = replace(setting, step=step._replace(apart=apart_of(beside)))
        self._begun = _Begun(network, arrays, setting, params, state.memory.copy(), beside)

    def _end(self, run: Run, state: State) -> None:
        begun, self._begun = self._begun, None
        if begun is None or begun.setting.step is None or state.step != begun.setting.step.number + 1:
            return
        step = begun.setting.step
        arrays = begun.arrays | step_arrays(
            begun.network, step.optimiser, begun.params, begun.memory, begun.arrays, state.params
        )
        if self._origins is None:
            self._origins = _origins(run)
        self._keep(Trace(begun.network, arrays, begun.setting, self._origins, run.engine.name, begun.comparisons))

    def _keep(self, trace: Trace) -> None:
        self.traces[int(trace.step or 0)] = trace
        while self._chosen is None and len(self.traces) > 1 and self._too_many():
            self._every *= 2
            self.traces = {number: one for number, one in self.traces.items() if number % self._every == 0}
        if self._bytes() > MOST_BYTES:
            self._full = True
            if len(self.traces) > 1:
                del self.traces[int(trace.step or 0)]
            warnings.warn(
                f"trace: the traces of {len(self.traces)} steps take {self._bytes() / 2**20:,.0f} MiB, and no more are "
                "kept. Trace fewer steps, choose a smaller batch_size, or a smaller network.",
                DataWarning,
                stacklevel=6,
            )

    def _too_many(self) -> bool:
        return len(self.traces) > MOST_TRACES or self._bytes() > MOST_BYTES

    def _bytes(self) -> int:
        return sum(array.nbytes for one in self.traces.values() for array in one.arrays.values())


def _asked(steps: Any) -> tuple[int, list[int] | None]:
    """Return the distance of the steps, or the steps themselves."""
    if _is_whole(steps) and steps >= 1:
        return int(steps), None
    listed = isinstance(steps, Sequence | np.ndarray) and not isinstance(steps, str) and len(steps) > 0
    if listed and all(_is_whole(one) and one >= 0 for one in steps):
        return 1, sorted({int(one) for one in steps})
    raise SettingError(
        f"trace={steps!r}: expected a whole number of at least 1 (every so many steps), or a list of steps, "
        "counted from 0."
    )


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _next_step(run: Run, state: State) -> tuple[Any, Any]:
    """Return the next step of a run, and the rows that it takes; (None, None) where there is none."""
    size = run.recipe.batch_size
    if run.recipe.optimiser.kind == "lbfgs":
        blocks = list(run.examples.blocks())
        rows = tuple(None if blocks[0][i] is None else np.concatenate([block[i] for block in blocks]) for i in range(3))
        return Steps(size, np.ones(1), seed=run.recipe.seed, step=0, examples=run.examples.n), rows
    if state.epoch >= run.recipe.epochs:
        return None, None
    chunks: Any = run.examples.chunks(run.recipe, state.epoch, state.rows)
    with closing(chunks):  # a stream is read ahead until it is closed
        chunk = next(chunks, None)
    if chunk is None or len(chunk.order) == 0:
        return None, None
    at = chunk.order[:size]
    rows = chunk.X[at], chunk.Y[at], None if chunk.weights is None else chunk.weights[at]
    return steps_of(run, state, 1), rows


def _with_dropout(network: Network, factor: float) -> Network:
    """Return the network with the rates of dropout that a schedule makes."""
    if factor == 1:
        return network
    layers = with_dropout(network.layers, factor)
    return Network(network.n_inputs, layers, network.loss, network.l1, network.l2, network.groups, network.members)


def _origins(run: Run) -> Origins:
    columns = run.columns
    if columns.encoder is None:
        return Origins()
    return origins_of(columns.encoder, columns.target, run.target_name, run.network, None)
