"""Can the network learn a few rows by heart? If not, no number of rows and epochs will help."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from lamina.data.examples import Examples
from lamina.data.targets import Labels
from lamina.engine import Engine
from lamina.equations.network import Network
from lamina.equations.optimisers import Adam
from lamina.equations.steps import Steps
from lamina.equations.types import Array
from lamina.learning import presets
from lamina.learning.data_driven import first_parameters
from lamina.learning.diagnosis.facts import baseline, joined
from lamina.learning.hyperparameters import settings_for
from lamina.learning.lbfgs import LBFGS
from lamina.learning.recipe import recipe_of

ROWS = 32
STEPS_AT_ONCE, OWN_STEPS, OTHER_STEPS = 100, 1500, 1000
ENOUGH = 0.2  # of the cost of the best constant prediction: learned


def fit_one_batch(model: Any, engine: Engine, rows: Examples, n: int) -> dict[str, Any]:
    """Return how far a fresh network gets on a few rows: by its own optimiser, and if that fails by Adam.

    Parameters
    ----------
    model : Model
        Its network and settings are taken, not its parameters.
    engine : Engine
    rows : Examples
    n : int
        Rows of the training set: the penalty counts for so many.

    Returns
    -------
    dict
        "rows", "steps", and the "share" that is left of the cost of the best constant prediction; empty where the rows
        are too few, or their targets are all the same.
    """
    X, Y = _different(*joined(rows, 4 * ROWS)[:2])
    network: Network = _plain(model.network)
    if len(X) < 2 or (known := baseline(network, Y, None)) < 1e-6:
        return {}
    settings = _resolved(model, n)
    recipe = recipe_of({**settings, "random_state": 0}, n, 0)
    tries = [(Adam(), 3e-3, OTHER_STEPS)]
    if not isinstance(recipe.optimiser, LBFGS):
        tries.insert(0, (recipe.optimiser, recipe.learning_rate, OWN_STEPS))
    found: dict[str, Any] = {"rows": len(X), "steps": 0, "share": float("inf")}
    for optimiser, rate, most in tries:
        params = first_parameters(model.network, settings, X, 0)
        memory = np.zeros((len(optimiser.remembers), len(params)), params.dtype)
        for step in range(0, most, STEPS_AT_ONCE):
            order = np.tile(np.arange(len(X)), STEPS_AT_ONCE)
            how = Steps(len(X), np.full(STEPS_AT_ONCE, rate), seed=0, step=step, examples=max(n, len(X)))
            with np.errstate(all="ignore"):
                engine.train_steps(model.network, optimiser, params, memory, X, Y, None, order, how)
                share = _share(network, engine, params, X, Y, known)
            found = {"rows": len(X), "steps": found["steps"] + STEPS_AT_ONCE, "share": min(found["share"], share)}
            if share < ENOUGH:
                return found
    return found


def _share(network: Network, engine: Engine, params: Array, X: Array, Y: Array, known: float) -> float:
    cost = float(engine.cost(network, params, X, Y))
    return cost / known if np.isfinite(cost) else float("inf")


def _different(X: Array, Y: Array) -> tuple[Array, Array]:
    """Return the first 32 rows whose inputs differ: no network tells equal rows apart."""
    first = np.sort(np.unique(X, axis=0, return_index=True)[1])[:ROWS]
    return np.ascontiguousarray(X[first]), np.ascontiguousarray(Y[first])


def _plain(network: Network) -> Network:
    """Return the network without smoothed labels, whose cost has no floor."""
    loss: Any = network.loss
    return replace(network, loss=replace(loss, label_smoothing=0.0)) if hasattr(loss, "label_smoothing") else network


def _resolved(model: Any, n: int) -> Mapping[str, Any]:
    """Return every setting with what the preset chooses."""
    task = "classifier" if isinstance(model.target, Labels) else "regressor"
    given = {name: one.default for name, one in settings_for(task).items()} | dict(model.settings)
    facts = presets.Facts(task, n, len(model.encoder.names_in))  # type: ignore[arg-type]
    return presets.resolved(given, presets.facts_with(facts, given, model.encoder.numbers.scaling))
