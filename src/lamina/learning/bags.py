"""Bags: several networks of one run, each of which learns from all folds but its own.

Their parameters lie one after the other, (bags, size), their memories too. A step of the run is a step of each, all in
one call of the engine; they stop together, by the cost of all rows, each as the network that left it out predicts it.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from lamina.data.examples import Chunk
from lamina.data.folds import AllButOne, LeftOut
from lamina.equations.steps import Steps, Training
from lamina.errors import SettingError
from lamina.learning.lbfgs import LBFGS
from lamina.learning.run import Run
from lamina.learning.state import State

GOLDEN = 0x9E3779B97F4A7C15  # 2**64 divided by the golden ratio: seeds far apart


def seed_of(seed: int, bag: int) -> int:
    """Return the seed of a bag; the first has that of the run."""
    return (seed + bag * GOLDEN) % 2**64


def check_bags(settings: Mapping[str, Any], given: Mapping[str, Any], **others: bool) -> None:
    """Raise a SettingError where bags do not go with something else that is asked for.

    Parameters
    ----------
    settings, given : mapping
        Every setting as the preset chose it, and as it was given.
    **others
        Whether there are validation rows, a partial fit, a stream, a cluster: words of `NOT_WITH`.
    """
    k = settings["n_bags"]
    found = [name for name, there in others.items() if there]
    found += ["early_stopping"] if given["early_stopping"] is False else []
    found += ["scoring"] if settings["scoring"] != "cost" else []
    found += ["optimizer"] if str(settings["optimizer"]).startswith(LBFGS.kind) else []
    if found:
        raise SettingError(f"n_bags={k} {NOT_WITH[found[0]]}")


def train_steps(run: Run, state: State, chunk: Chunk, steps: Steps) -> tuple[Any, int]:
    """Take the steps of a chunk with every bag; the parameters and memories of the state change.

    Returns
    -------
    costs : array, shape (steps done,)
        The mean over the bags that took the step. Shorter than `steps.rates` where a bag's cost or gradient was not
        finite.
    bag : int
        The one that stopped first.
    """
    assert isinstance(run.examples, AllButOne)
    trainings = []
    for i, own in enumerate(run.examples.own):
        order = chunk.order[:, i]
        order = order[order >= 0]  # a fold may have a row less than another
        n = -(-len(order) // steps.batch_size)
        rates, decays, dropouts = (
            None if one is None else one[:n] for one in (steps.rates, steps.decays, steps.dropouts)
        )
        mine = steps._replace(rates=rates, decays=decays, dropouts=dropouts, examples=len(own))
        mine = mine._replace(seed=seed_of(steps.seed, i))
        weights = None if chunk.weights is None else chunk.weights[i]
        state_of = state.params[i], state.memory[i]
        trainings.append(Training(run.recipe.optimiser, *state_of, chunk.X, chunk.Y, weights, order, mine))
    found = run.engine.train_steps_many(run.network, trainings)
    every = np.full((len(found), len(steps.rates)), np.nan)
    for row, costs in zip(every, found, strict=True):
        row[: len(costs)] = costs
    stops = [len(c) if len(c) < len(t.steps.rates) else len(steps.rates) for c, t in zip(found, trainings, strict=True)]
    bag = int(np.argmin(stops))
    return np.nanmean(every[:, : stops[bag]], axis=0), bag


def first_of(run: Run, state: State) -> tuple[Run, State]:
    """Return the first bag alone, to be looked into; a run without bags as it is."""
    if not isinstance(run.examples, AllButOne):
        return run, state
    assert isinstance(run.validation, LeftOut)
    arrays = {name: array[0] for name, array in state.arrays().items()}
    watched = run.validation.parts[0]
    if watched.weights is not None:  # of mean 1 over all folds; alone they have it over their own
        watched = replace(watched, weights=watched.weights / (watched.weights.mean() or 1))
    return replace(run, examples=run.examples.of(0), validation=watched), replace(state, **arrays)


NOT_WITH = {
    "validation rows": "leaves out every row once to validate on: leave out X_val, or n_bags.",
    "partial fit": "leaves out folds of all the rows, of which a partial fit sees some: call fit, or leave out n_bags.",
    "stream": "needs the rows of all folds in memory: leave out n_bags, or read fewer rows.",
    "cluster": "trains on one machine: leave out cluster, or n_bags.",
    "early_stopping": "stops by the rows that each network left out: leave early_stopping at 'auto'.",
    "scoring": "stops by the cost of the rows that each network left out: leave scoring at 'cost'.",
    "optimizer": "is for optimizers that take steps: choose another than 'lbfgs'.",
}
