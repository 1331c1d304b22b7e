"""Where a state comes from: the first step of a new network, or an earlier fit."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np

from lamina.equations.network import Network
from lamina.equations.own_loss import FunctionLoss
from lamina.errors import SettingError
from lamina.learning.bags import seed_of
from lamina.learning.calibration import divided
from lamina.learning.data_driven import DECIDING_ROWS, first_parameters
from lamina.learning.lbfgs import LBFGS
from lamina.learning.precision import kept_type
from lamina.learning.run import Run
from lamina.learning.state import State
from lamina.model import Model


@dataclass(frozen=True)
class Before:
    """An earlier fit to go on from.

    Attributes
    ----------
    model : Model
    state : State, optional
        Where it stood; without it the optimiser starts anew from the model's parameters.
    n_rows_first_run : int, optional
        Rows of the first fit of this network, where no state knows them: a preset looked at their number.
    """

    model: Model
    state: State | None = None
    n_rows_first_run: int | None = None

    @property
    def n_first(self) -> int | None:
        """The number of rows that the preset looked at, where that is known."""
        return self.n_rows_first_run if self.state is None else self.state.n_rows_first_run


def started(run: Run) -> State:
    """Return the state before the first step."""
    return _belonging(run, State.start(run.recipe.optimiser, _starting_parameters(run)))


def _belonging(run: Run, state: State) -> State:
    """Write down which run a state belongs to."""
    state.seed, state.watched = run.recipe.seed, _watched(run)
    state.n_rows_first_run = run.n_rows_first_run
    return state


def _watched(run: Run) -> str:
    """Return a fingerprint of the rows and of what is watched on which of them."""
    return f"{run.rows['data']} {run.rows['validation data']} {run.score_name if run.score else 'cost'}"


def _starting_parameters(run: Run) -> Any:
    some = next(iter(run.examples.blocks(DECIDING_ROWS))).X
    if run.bags == 1:
        return first_parameters(run.network, run.settings, some, run.recipe.seed)
    seeds = (seed_of(run.recipe.seed, bag) for bag in range(run.bags))
    return np.stack([first_parameters(run.network, run.settings, some, seed) for seed in seeds])


def epochs_of(before: Before) -> int:
    return len(before.model.history) if before.state is None else before.state.epoch


def gone_on(run: Run, before: Before) -> State:
    """Return a state that goes on from an earlier fit: from one moment of it, whole."""
    _check_same_arrays(before.model.network, run.network)
    _check_same_bags(before, run)
    _check_own_loss(before.model.network, run)
    dtype, optimiser = kept_type(run.settings["dtype"]), run.recipe.optimiser
    if before.state is None:
        state = State.start(optimiser, before.model.params.astype(dtype))
        state.epoch, state.history = len(before.model.history), list(before.model.history)
        state.looks = tuple((before.model.signs or {}).get("looks", ()))
        return _belonging(run, state)
    state = before.state.copy()
    edited = digest(before.model.params) != state.handed_out
    if edited:
        state.params = divided(run.network, before.model.params, 1 / state.temperature)
        state.average = None if state.average is None else state.params.copy()
    state.average = state.average if run.recipe.averaging else None
    other_rows = state.watched != _watched(run)
    if edited or other_rows:
        state.forget_the_best()
    state.convert(dtype)
    if state.optimiser != optimiser.kind or (isinstance(optimiser, LBFGS) and (edited or other_rows)):
        fresh = State.start(optimiser, state.params)
        state.memory, state.step, state.optimiser = fresh.memory, 0, optimiser.kind
    if other_rows:
        state.rows, state.pass_cost, state.pass_seconds = 0, 0.0, 0.0
    state.go_on()
    return _belonging(run, state)


def _check_same_arrays(before: Network, now: Network) -> None:
    shapes = [[(slot.name, slot.shape) for slot in network.slots] for network in (before, now)]
    if shapes[0] != shapes[1] or before.loss.output_name != now.loss.output_name:
        raise SettingError(
            f"these settings describe a different network ({now.loss.kind}, {_shapes(now)}) from the fitted one "
            f"({before.loss.kind}, {_shapes(before)}). Restore them, or refit with warm_start=False."
        )


def _check_same_bags(before: Before, run: Run) -> None:
    """Raise a SettingError unless every bag goes on without the rows that it left out so far."""
    then, now = before.model.bags, run.bags
    if then != now:
        raise SettingError(
            f"the fitted model has {then} bag{'s' * (then > 1)}, these settings {now}: restore n_bags, or refit with "
            "warm_start=False."
        )
    if now > 1 and before.state is None:
        raise SettingError(
            f"nothing says which rows each of the {now} bags (n_bags) of this model left out, and none may learn from "
            "those: fit with warm_start=True from the first fit on, or refit with warm_start=False."
        )
    if now > 1 and before.state is not None and before.state.watched != _watched(run):
        raise SettingError(
            f"n_bags={now} goes on with the same folds only, since a bag must not learn from rows that it left out: "
            "these rows, their weights or groups, or random_state differ from the last fit's. Restore them, or refit "
            "with warm_start=False."
        )


def _check_own_loss(before: Network, run: Run) -> None:
    """Raise a SettingError where a loss of somebody's own would be replaced in silence by the one of the table."""
    if isinstance(before.loss, FunctionLoss) and run.given["loss"] == "auto":
        called = before.loss.called
        raise SettingError(
            f"this model was trained with {called}, a loss of somebody's own, which a model file does not hold: to "
            f"train it further, pass the function, set_params(loss={called}), or name another loss, like 'huber'."
        )


def _shapes(network: Network) -> str:
    return ", ".join(f"{slot.name} {slot.shape}" for slot in network.slots if slot.group == "weights")


def digest(params: Any) -> str:
    """Return a fingerprint of parameters."""
    return blake2b(np.ascontiguousarray(params).data, digest_size=16).hexdigest()
