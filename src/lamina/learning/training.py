"""The loop: a generator that yields an Epoch per pass; its caller prints, stores, draws or stops by leaving it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np

from lamina.data.batches import shuffled
from lamina.engine import Engine
from lamina.equations import random
from lamina.equations.network import Network
from lamina.equations.steps import Steps
from lamina.learning.divergence import divergence_error
from lamina.learning.lbfgs import LBFGS, iterations
from lamina.learning.schedules import Constant, Schedule, rate_factor


class Epoch(NamedTuple):
    """What is known after a pass over the training rows."""

    number: int  # counts from 1
    cost: float  # mean over the pass, as the parameters moved; penalty included
    held_out: float | None  # cost on the held-out rows, without penalty or dropout
    predicted: Any  # A[L] of the held-out rows, (m, n_outputs); None where their cost did not need it
    learning_rate: float  # of the last step
    seconds: float  # of this pass


class Chunk(NamedTuple):
    """Rows that are in memory together, and the order in which to take them."""

    X: Any  # (rows, n_inputs)
    Y: Any  # (rows, targets)
    weights: Any  # (rows,) or None
    order: Any  # row numbers


class Block(NamedTuple):
    """Neighbouring rows, in their own order."""

    X: Any  # (rows, n_inputs)
    Y: Any  # (rows, targets)
    weights: Any  # (rows,) or None


class Examples(Protocol):
    """Encoded rows: how many there are, a pass over them in a given order to learn, and one in their own to watch."""

    @property
    def n(self) -> int: ...
    def chunks(self, order: Any, batch_size: int) -> Iterator[Chunk]: ...
    def blocks(self, first: int | None = None) -> Iterator[Block]: ...


ALWAYS = Constant()
CHUNK_ROWS = 65_536  # rows between two returns to the caller
ENCODED_ROWS = 4096  # rows that are encoded together where they cannot all be


@dataclass(frozen=True)
class InMemory:
    """Encoded rows in memory: X (n, n_inputs), Y (n, targets), weights (n,) of mean 1 or None."""

    X: Any
    Y: Any
    weights: Any = None

    @property
    def n(self) -> int:
        return len(self.X)

    def chunks(self, order: Any, batch_size: int) -> Iterator[Chunk]:
        """Yield the pass in pieces of whole batches, so that the caller is reached now and then."""
        size = max(CHUNK_ROWS // batch_size, 1) * batch_size
        for start in range(0, len(order), size):
            yield Chunk(self.X, self.Y, self.weights, order[start : start + size])

    def blocks(self, first: int | None = None) -> Iterator[Block]:
        """Yield the rows, or the `first` so many, as they stand."""
        rows = slice(0, first)
        yield Block(self.X[rows], self.Y[rows], None if self.weights is None else self.weights[rows])


@dataclass(frozen=True)
class EncodedByBatch:
    """Rows that are encoded only when their turn comes: a sparse matrix stays sparse.

    `encode(rows)` gives the encoded rows, shape (len(rows), n_inputs).
    """

    encode: Any
    Y: Any
    weights: Any = None

    @property
    def n(self) -> int:
        return len(self.Y)

    def chunks(self, order: Any, batch_size: int) -> Iterator[Chunk]:
        size = max(ENCODED_ROWS // batch_size, 1) * batch_size
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            yield Chunk(*self._block(rows), np.arange(len(rows)))

    def blocks(self, first: int | None = None) -> Iterator[Block]:
        """Yield the rows, or the `first` so many, a few thousand at a time."""
        n = self.n if first is None else min(first, self.n)
        for start in range(0, n, ENCODED_ROWS):
            yield self._block(np.arange(start, min(start + ENCODED_ROWS, n)))

    def _block(self, rows: Any) -> Block:
        return Block(self.encode(rows), self.Y[rows], None if self.weights is None else self.weights[rows])


@dataclass(frozen=True)
class Recipe:
    """Everything that decides how a network learns from its rows."""

    optimiser: Any
    schedule: Schedule
    learning_rate: float
    batch_size: int
    epochs: int
    seed: int
    shuffle: bool = True
    tolerance: float = 1e-4  # of L-BFGS's gradient
    decay_schedule: Schedule = ALWAYS
    dropout_schedule: Schedule = ALWAYS
    averaging: float = 0.0  # what of the running mean of the parameters stays, epoch by epoch; 0: there is none


@dataclass
class State:
    """Everything that changes while a network learns: training goes on from it with the same bits."""

    params: Any  # (network.size,)
    memory: Any  # (len(optimiser.remembers), network.size)
    epoch: int = 0
    step: int = 0
    costs: list[float] = field(default_factory=list)  # watched cost of every epoch, for a plateau
    average: Any = None  # the running mean of the parameters, where there is one

    @property
    def judged(self) -> Any:
        """The parameters that are watched and kept: their running mean, or they themselves."""
        return self.params if self.average is None else self.average

    @classmethod
    def start(cls, network: Network, optimiser: Any, params: Any) -> "State":
        """Return the state before the first step."""
        return cls(params, np.zeros((len(optimiser.remembers), network.size), params.dtype))


def train(
    network: Network,
    engine: Engine,
    state: State,
    examples: Examples,
    recipe: Recipe,
    held_out: Examples | None = None,
) -> Iterator[Epoch]:
    """Take one pass after another over the examples, from `state.epoch` to `recipe.epochs`.

    Parameters
    ----------
    network : Network
    engine : Engine
    state : State
        Changed in place; between two epochs it is whole.
    examples : Examples
    recipe : Recipe
    held_out : Examples, optional
        Rows to watch, never learned from.

    Yields
    ------
    Epoch

    Raises
    ------
    DivergenceError
        A cost or gradient was not finite. `state.params` are those before that batch.
    """
    passes = _full_batch(network, engine, state, examples, recipe) if isinstance(recipe.optimiser, LBFGS) else None
    while state.epoch < recipe.epochs:
        began = time.perf_counter()
        if passes is None:
            cost, rate = _one_pass(network, engine, state, examples, recipe)
        elif (found := next(passes, None)) is None:
            return
        else:
            cost, rate = found, 1.0
        if recipe.averaging:
            _average(state, recipe.averaging)
        watched, A = (None, None) if held_out is None else cost_of(network, engine, state.judged, held_out)
        state.epoch += 1
        state.costs.append(cost if watched is None else watched)
        yield Epoch(state.epoch, cost, watched, A, rate, time.perf_counter() - began)


def _average(state: State, stays: float) -> None:
    """Move the running mean of the parameters; the first epochs, in which most is learned, leave it soon."""
    if state.average is None:
        state.average = state.params.copy()
    stays = min(stays, (1 + state.epoch) / (10 + state.epoch))
    state.average += state.params.dtype.type(1 - stays) * (state.params - state.average)


def _one_pass(
    network: Network, engine: Engine, state: State, examples: Examples, recipe: Recipe
) -> tuple[float, float]:
    """Return the mean cost of the pass and its last learning rate."""
    n, size, total, batches_done = examples.n, recipe.batch_size, 0.0, 0
    steps = -(-n // size)
    rates = recipe.learning_rate * _factors(recipe.schedule, state, recipe, steps)
    decays = _factors(recipe.decay_schedule, state, recipe, steps)
    dropouts = _factors(recipe.dropout_schedule, state, recipe, steps)
    for X, Y, weights, order in examples.chunks(_order(n, recipe, state.epoch), size):
        here = slice(batches_done, batches_done + -(-len(order) // size))
        costs = engine.train_steps(
            network,
            recipe.optimiser,
            state.params,
            state.memory,
            X,
            Y,
            weights,
            order,
            Steps(size, rates[here], decays[here], dropouts[here], recipe.seed, state.step, n),
        )
        state.step += len(costs)
        if len(costs) < len(rates[here]):
            rows = order[len(costs) * size : (len(costs) + 1) * size]
            w = None if weights is None else weights[rows]
            at = (state.epoch + 1, batches_done + len(costs) + 1, steps)
            raise divergence_error(network, state.params, X[rows], Y[rows], w, recipe.seed, state.step, n, at, recipe)
        total += float(np.dot(costs, _sizes(len(order), size)))
        batches_done += len(costs)
    return total / n, float(rates[-1])


def _factors(schedule: Schedule, state: State, recipe: Recipe, steps: int) -> Any:
    """Return a schedule's factor in the middle of every step of the pass: a warm-up's first is not 0."""
    middles = (state.epoch + (k + 0.5) / steps for k in range(steps))
    return np.array([rate_factor(schedule, middle, recipe.epochs, state.costs) for middle in middles])


def _order(n: int, recipe: Recipe, epoch: int) -> Any:
    if not recipe.shuffle:
        return np.arange(n)
    return shuffled(n, lambda words: random.bits(words, seed=recipe.seed, stream=random.SHUFFLE, step=epoch))


def _sizes(rows: int, batch_size: int) -> Any:
    """Return how many rows each batch has: all `batch_size`, the last perhaps fewer."""
    return np.minimum(batch_size, rows - np.arange(0, rows, batch_size))


def cost_of(network: Network, engine: Engine, params: Any, rows: Examples) -> tuple[float, Any]:
    """Return the cost of the rows; with several members also what they predict together, which it is the cost of."""
    if network.members == 1:
        return sum(len(X) * float(engine.cost(network, params, X, Y, w)) for X, Y, w in rows.blocks()) / rows.n, None
    total, predicted = 0.0, []
    for X, Y, w in rows.blocks():
        A = engine.predict(network, params, X)
        total += len(X) * network.cost_of_output(A, Y, w)
        predicted.append(A)
    return total / rows.n, np.concatenate(predicted)


def _full_batch(network: Network, engine: Engine, state: State, examples: Examples, recipe: Recipe) -> Iterator[float]:
    """Yield the cost after every iteration of L-BFGS over all the rows at once."""
    blocks = list(examples.blocks())
    X, Y = np.concatenate([block.X for block in blocks]), np.concatenate([block.Y for block in blocks])
    weights = None if blocks[0].weights is None else np.concatenate([block.weights for block in blocks])
    passes = iterations(
        network,
        engine,
        recipe.optimiser,
        state.params,
        X,
        Y,
        weights,
        limit=recipe.epochs - state.epoch,
        tolerance=recipe.tolerance,
        seed=recipe.seed,
    )
    found = next(passes, None)
    if found is None and not np.isfinite(engine.gradients(network, state.params, X, Y, weights, seed=recipe.seed)[0]):
        raise divergence_error(network, state.params, X, Y, weights, recipe.seed, 0, len(X), (1, 1, 1), recipe)
    if found is not None:
        yield found
        yield from passes


@dataclass
class Watch:
    """Keeps the best parameters and says when to stop. The watched value is better when it is lower.

    Any lower value makes an epoch the best; patience counts the epochs in a row that did not beat the lowest value by
    more than `tolerance`.
    """

    patience: int
    tolerance: float
    best: float = float("inf")
    best_params: Any = None
    best_epoch: int = 0
    waited: int = 0
    bar: float = float("inf")

    def see(self, value: float, epoch: int, params: Any) -> bool:
        """Take note of an epoch; return whether patience is at its end."""
        if value < self.best:  # never of a value that is not finite
            self.best, self.best_epoch, self.best_params = value, epoch, params.copy()
        self.waited = 0 if value < self.bar - self.tolerance else self.waited + 1
        self.bar = min(self.bar, value)
        return self.waited >= self.patience
