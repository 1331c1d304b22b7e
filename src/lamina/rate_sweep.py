"""Which learning rate? A short training at each of a range of rates, from the same start, on the same batches."""

from dataclasses import dataclass, replace
from math import inf, isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.errors import DivergenceError, SettingError
from lamina.learning.evaluation import WATCHED_ROWS
from lamina.learning.lbfgs import LBFGS
from lamina.learning.recipe import CONSTANT
from lamina.learning.run import Run
from lamina.learning.state import State
from lamina.learning.training import move
from lamina.plots import draw_rates

NEAR = 0.1  # of the way from the start to the best: about as good as the best
FROM, TO, PER_DECADE = 1e-6, 10.0, 2


@dataclass(frozen=True, eq=False)
class LearningRateSweep:
    """What a short training at each rate came to; `print` it, or `plot` it.

    Attributes
    ----------
    rates : array, shape (n,)
        Increasing.
    costs : array, shape (n,)
        On the validation rows, or on training rows without such, after `steps` steps; infinite where training diverged.
    start : float
        The cost before the first step.
    steps : int
    suggestion : float
        The lowest rate that is about as good as the best: what is fast in a short training may be too fast in a long
        one.
    """

    rates: NDArray[np.float64]
    costs: NDArray[np.float64]
    start: float
    steps: int
    suggestion: float

    def __str__(self) -> str:
        lines = [f"learning rate   cost after {self.steps} steps ({self.start:.4g} at the start)"]
        for rate, cost in zip(self.rates, self.costs, strict=True):
            lines.append(f"{rate:<15.2g} {f'{cost:.4g}' if isfinite(cost) else 'diverged'}")
        return "\n".join([*lines, f"suggestion: learning_rate_init={self.suggestion:.2g}"])

    def plot(self, axes: Any = None) -> Any:
        """Draw the cost by the rate, and the suggestion; return the axes.

        Raises
        ------
        MissingExtraError
            matplotlib is not installed.
        """
        return draw_rates(self.rates, self.costs, self.start, self.suggestion, axes)


def sweep(run: Run, state: State, rates: Any = None, steps: int = 100) -> LearningRateSweep:
    """Train for some steps at each rate, on copies of a state.

    Parameters
    ----------
    run : Run
    state : State
        Before the first step; it does not change.
    rates : sequence of float, optional
        From 1e-6 to 10, two for each decade, where not given.
    steps : int
        Of each rate, at a constant rate.

    Raises
    ------
    SettingError
        L-BFGS has no learning rate; or no rate makes the cost lower.
    """
    if isinstance(run.recipe.optimiser, LBFGS):
        raise SettingError("optimizer='lbfgs' has no learning rate: a line search finds each of its steps.")
    tried = _checked(np.geomspace(FROM, TO, round(np.log10(TO / FROM)) * PER_DECADE + 1) if rates is None else rates)
    if steps < 1:
        raise SettingError(f"steps={steps}: expected 1 step or more.")
    start, costs = _cost(run, state), np.array([_cost_after(run, state, float(rate), steps) for rate in tried])
    best = float(costs.min())
    if not best < start:
        raise SettingError(
            f"no rate from {tried[0]:g} to {tried[-1]:g} made the cost lower than {start:.4g} within {steps} "
            "steps: give other rates or more steps, or ask diagnose what is wrong."
        )
    suggestion = float(tried[costs <= best + NEAR * (start - best)][0])
    return LearningRateSweep(tried, costs, start, steps, float(f"{suggestion:.2g}"))


def _checked(rates: Any) -> NDArray[np.float64]:
    try:
        tried = np.sort(np.asarray(rates, np.float64), axis=None)
    except (TypeError, ValueError):
        tried = np.zeros(0)
    if len(tried) < 2 or not (np.isfinite(tried).all() and (tried > 0).all()):
        raise SettingError(f"rates={rates!r}: expected two or more rates above 0.")
    return tried


def _cost_after(run: Run, state: State, rate: float, steps: int) -> float:
    """Return the cost after some steps at a rate; infinite where they diverge."""
    recipe = replace(run.recipe, learning_rate=rate, schedule=CONSTANT)
    here, there, size = replace(run, recipe=recipe), state.copy(), recipe.batch_size
    try:
        while there.step < state.step + steps:
            for chunk in run.examples.chunks(recipe, there.epoch, 0):
                left = state.step + steps - there.step
                if left > 0:
                    move(here, there, chunk._replace(order=chunk.order[: left * size]))
            there.rows, there.epoch = 0, there.epoch + 1
    except DivergenceError:
        return inf
    return _cost(run, there)


def _cost(run: Run, state: State) -> float:
    """Return the cost of up to 2,048 validation rows, or training rows."""
    total, n = 0.0, 0
    with np.errstate(all="ignore"):
        for X, Y, weights in (run.validation or run.examples).blocks(WATCHED_ROWS):
            total += len(X) * float(run.engine.cost(run.network, state.params, X, Y, weights))
            n += len(X)
    return total / n if isfinite(total) else inf
