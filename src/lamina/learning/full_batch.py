"""One iteration of L-BFGS over all the rows at once: what a pass is for this optimiser.

Dropout keeps one draw throughout: a line search needs a function that stays the same.
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from lamina.data.examples import Block, Examples, read_only
from lamina.data.streaming.streamed import Streamed
from lamina.equations.verbs import d_penalty, penalty
from lamina.learning.lbfgs import iteration
from lamina.learning.run import Run
from lamina.learning.state import State


def iteration_of(run: Run) -> Callable[[State], float | None]:
    """Return a function that moves a state by one iteration.

    It returns the cost, penalty included, or None where nothing better is found; it raises a FloatingPointError where
    the cost is not finite before the first. Everything is computed in double precision.
    """
    blocks, network, n, recipe = _blocks_of(run.examples), run.network, run.examples.n, run.recipe
    statistics, W = slice(network.trained.stop, network.size), network.spans["weights"]

    def gradients(theta: Any) -> tuple[float, Any]:
        J, grads, first = 0.0, np.zeros(network.size), 0
        for X, Y, weights in blocks():
            of_block = run.engine.gradients(network, theta, X, Y, weights, seed=recipe.seed, m=n, first=first)
            J, grads, first = J + of_block[0], grads + of_block[1], first + len(X)
        grads[W] += d_penalty(network, theta, n)
        return J + penalty(network, theta, n), grads

    def objective(theta: Any) -> tuple[float, Any]:
        J, grads = gradients(theta)
        grads[statistics] = 0.0
        return J, grads

    def iterate(state: State) -> float | None:
        if not state.step:
            state.memory[0] = state.params
        before = state.history[-1]["cost"] if state.step else None
        with np.errstate(all="ignore"):
            J = iteration(objective, state.memory, before, recipe.optimiser, tolerance=recipe.tolerance)
            if J is None:
                return None
            if statistics.start < network.size:  # the running statistics follow, once per iteration
                state.memory[0, statistics] -= gradients(state.memory[0])[1][statistics]
        state.params[:] = state.memory[0]
        state.step += 1
        return J

    return iterate


def _blocks_of(examples: Examples) -> Callable[[], Iterable[Block]]:
    """Return a function that gives all examples in double precision: at once, or of a stream block by block."""
    if isinstance(examples, Streamed):
        return lambda: (_doubled([block]) for block in examples.blocks())
    whole = [_doubled(list(examples.blocks()))]
    return lambda: whole


def _doubled(blocks: list[Block]) -> Block:
    """Return some blocks as one, in double precision."""
    X, Y = (np.concatenate([block[i] for block in blocks]).astype(np.float64) for i in (0, 1))
    weights = None if blocks[0].weights is None else np.concatenate([b.weights for b in blocks]).astype(np.float64)
    return Block(*map(read_only, (X, Y, weights)))
