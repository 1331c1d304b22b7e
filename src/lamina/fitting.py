"""From rows and settings to a model: what stands before the loop, and what comes after it.

    run, state = prepare(X, y, settings={"hidden_layer_sizes": (64,)}, task="classifier")
    for progress in train(run, state):
        ...                                      # leave the loop to stop
    model = finish(run, state)

`prepare` calls each arrow of the way of the data once: read, count, hold out, learn the columns, encode. What a face
adds is how it looks: a progress bar, scikit-learn's callbacks, a page.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from typing import Any

import numpy as np

from lamina.data.class_weights import own_weights
from lamina.data.examples import Examples
from lamina.data.folds import AllButOne, LeftOut
from lamina.data.labels import Labels
from lamina.data.learning import Columns, Known
from lamina.data.likeness import warn_of_unlike
from lamina.data.number_targets import Numbers
from lamina.data.roles import NO_ROLES, Roles
from lamina.data.rows import rows_of_source, validation_rows
from lamina.data.rows_in_memory import RowsInMemory
from lamina.data.source import Source, opened
from lamina.data.streaming.streamed_source import StreamedSource, Watched
from lamina.data.tables.table import Table
from lamina.engine import choose
from lamina.equations import random
from lamina.equations.losses import Gamma, Loss, Poisson
from lamina.equations.network import Network
from lamina.equations.own_loss import FunctionLoss
from lamina.errors import DataError, SettingError
from lamina.learning.bags import check_bags
from lamina.learning.calibration import divided, temperature
from lamina.learning.conformal import Conformal, has_scores, joined, scores_of
from lamina.learning.diagnosis.signs import Signs, signs_of, signs_so_far
from lamina.learning.evaluation import judge_the_best_again, predictions, try_score
from lamina.learning.group import Group
from lamina.learning.hyperparameters import check, seed_from, settings_for
from lamina.learning.lbfgs import LBFGS
from lamina.learning.loss_check import check_own_loss
from lamina.learning.networks import Inputs, loss_from, network_from, periodic_numbers
from lamina.learning.own_losses import own_loss_of
from lamina.learning.precision import BFLOAT16, check_line_search, kept_type
from lamina.learning.presets import Facts, constant_rate, facts_with, may_hold_out, resolved
from lamina.learning.recipe import recipe_of, warn_of_large_batch
from lamina.learning.run import Run, Task
from lamina.learning.scores import plain_score
from lamina.learning.state import State
from lamina.model import Model
from lamina.model_file import check_savable
from lamina.starting import Before, digest, epochs_of, gone_on, started

Score = Callable[[Model, Any], float]  # model, row numbers or None
CheckSize = Callable[[Network, int], None]

OF_THE_SESSION = {"verbose", "checkpoint_interval", "engine", "device"}  # settings that say nothing about the model

# What a partial fit is in place of what the settings say: a schedule spans all the passes of a fit.
ONE_PASS: dict[str, Any] = {"max_iter": 1, "early_stopping": False, "max_time": None}
ONE_PASS |= dict.fromkeys(("schedule", "decay_schedule", "dropout_schedule"), "constant")


def prepare(
    X: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    roles: Roles = NO_ROLES,
    X_val: Any = None,
    y_val: Any = None,
    sample_weight_val: Any = None,
    settings: Mapping[str, Any] | None = None,
    task: Task,
    target_name: str = "y",
    score: Score | None = None,
    before: Before | None = None,
    classes: Any = None,
    one_pass: bool = False,
    seed: int | None = None,
    group: Group | None = None,
    check_size: CheckSize | None = None,
) -> tuple[Run, State]:
    """Return what stays and what moves while a network learns from these rows; nothing is trained yet.

    Parameters
    ----------
    X : rows
        Anything that `lamina.data.tables.sources.read` reads: an array, a data frame, a CSR matrix, a path; or a
        `StreamedSource`: rows that are not in memory.
    y : array, shape (m,) or (m, targets), optional
    sample_weight : array, shape (m,), optional
    roles : Roles
        Which columns of X are the target, the weights, the groups or the time, in place of `y` and `sample_weight`.
    X_val, y_val, sample_weight_val : optional
        Validation rows, in place of held-out ones; their columns have the same roles.
    settings : mapping
        Values of `hyperparameters.SETTINGS`; defaults where one is missing.
    task : {"classifier", "regressor"}
    target_name : str
    score : callable, optional
        `score(model, rows)`, higher is better, watched instead of the cost. `rows` are the numbers of the rows of X to
        score, rows and targets themselves where X is streamed, or None for X_val.
    before : Before, optional
        An earlier fit to go on from: its columns, network, optimiser's memory and place in every schedule.
    classes : array, optional
        Every class, where `y` may lack some.
    one_pass : bool
        One epoch at a constant rate, nothing held out: a partial fit.
    seed : int, optional
        In place of `random_state`.
    group : Group, optional
        The workers that learn together: every batch is cut into leaves (`lamina.learning.leaves`). By default one
        worker takes whole batches.
    check_size : callable, optional
        `check_size(network, rows)`, called before anything is allocated for them; it raises where they are too large.

    Raises
    ------
    SettingError, DataError
        What was found, what was expected, what to do.
    """
    began = time.monotonic()
    given = _given(settings or {}, task)
    seed = _seed(given["random_state"], before) if seed is None else seed
    if group is not None:
        seed = int(group.from_first(str(seed).encode))
    rows = rows_of_source(opened(X, y, sample_weight, roles=roles), task, group)
    known = None if before is None else Known(before.model.encoder, before.model.target)
    rows.check_classes(known, classes)
    n_first = (before and before.n_first) or rows.n
    facts = Facts(task, n_first, len(rows.names))
    chosen = _chosen(given, facts, one_pass) | {"random_state": seed}
    bits, bags = partial(random.bits, seed=seed, stream=random.HOLD_OUT), int(chosen["n_bags"])
    if bags > 1:
        there = {"partial fit": one_pass, "cluster": group is not None, "stream": not isinstance(rows, RowsInMemory)}
        check_bags(chosen, given, **{"validation rows": X_val is not None, **there})
        chosen["early_stopping"] = True
    elif chosen["early_stopping"] and X_val is None:
        rows = rows.hold_out(float(chosen["validation_fraction"]), seed, bits)
    elif rows.held_out_by is not None and not one_pass and not (X_val is None and may_hold_out(given, task)):
        why = "early_stopping=False holds out none" if X_val is None else "X_val is given"
        raise SettingError(f"{rows.held_out_by} says which rows are held out for validation, but {why}: remove one.")
    log_link = task == "regressor" and loss_from(chosen, "regression").output_name == "exp"
    columns = rows.learn(chosen, known, classes=classes, log_link=log_link)
    if chosen["scaling"] == "suited":  # what suits the columns is known now
        facts, decided = facts_with(facts, given, columns.encoder.numbers.scaling), ("random_state", "early_stopping")
        chosen = _chosen(given, facts, one_pass) | {name: chosen[name] for name in decided}
    loss = _loss(chosen, columns.target, rows.targets_as_numbers)
    network = network_from(chosen, _inputs(columns, before, given, task), _outputs(columns.target), loss)
    if check_size is not None:
        check_size(network, rows.n)
    dtype = kept_type(chosen["dtype"])
    examples: Examples
    validation: Examples | None
    if bags > 1:
        assert isinstance(rows, RowsInMemory)
        examples, validation = rows.in_folds(bags, seed, bits, columns, dtype)
    else:
        examples, validation = rows.examples(columns, dtype)
    held_out, watched = "" if validation is None else "held out", rows.watched
    if isinstance(examples, AllButOne):
        held_out = f"folds {examples.fingerprint}"
    if X_val is not None:
        others = opened(
            X_val, y_val, sample_weight_val, roles=roles, names=("X_val", "y_val"), reading=columns.encoder.reading
        )
        table = rows.source.table if isinstance(rows, RowsInMemory) else None
        warn_of_unlike(table, columns.encoder.named, others, from_files=isinstance(X_val, Table))
        validation = validation_rows(others, columns, dtype, task)
        watched = _watched(others, roles, score)
    elif y_val is not None or sample_weight_val is not None:
        raise DataError("y_val or sample_weight_val was given without X_val: pass all the validation rows.")
    check_savable(network, columns.encoder, _of_the_model(given, task), task, target_name)
    warn_of_large_batch(given["batch_size"], examples.n)
    done = 0 if before is None else epochs_of(before)
    recipe = recipe_of(chosen, examples.n, seed, done=done)
    exact = isinstance(recipe.optimiser, LBFGS)
    if exact:
        check_line_search(network.layers, chosen["dtype"])
    if exact and group is not None:
        raise SettingError("optimizer='lbfgs' learns on one machine: leave out cluster, or choose another optimizer")
    if group is not None and group.together.sums == BFLOAT16 and dtype != np.float32:
        raise SettingError("dtype='float64' with sums of bfloat16: choose one; bfloat16 keeps three digits of seven")
    run = Run(
        network=network,
        engine=choose(network, chosen["engine"], None if exact else recipe.optimiser, chosen["device"]),
        recipe=recipe,
        columns=columns,
        examples=examples,
        validation=validation,
        settings=chosen,
        given=given,
        task=task,
        target_name=target_name,
        score=None if score is None else _Scored(score, watched),
        score_name=_score_name(chosen["scoring"]) if score else "accuracy" if task == "classifier" else "r2",
        n_rows_first_run=n_first,
        rows={
            "columns": ", ".join(rows.names),
            "rows": rows.n,
            "data": rows.fingerprint,
            "validation data": held_out or _fingerprint(validation),
        },
        group=group,
        began=began,
    )
    state = started(run) if before is None else gone_on(run, before)
    check_own_loss(run, state)
    try_score(run, state)
    if not one_pass:
        judge_the_best_again(run, state)
    return run, state


def finish(run: Run, state: State) -> Model:
    """Return the model with the weights of the best epoch so far, its probabilities calibrated where that is asked for.

    The state remembers what it handed out, so that going on finds out whether the model was edited.
    """
    best = state.evaluated if state.best_params is None else state.best_params
    state.temperature = _temperature(run, best)
    params = best.copy() if state.temperature == 1 else divided(run.network, best, state.temperature)
    model = _handed_out(run, state, params, signs_of(run, state, best))
    return replace(model, conformal=_errors_held_out(run, params))


def left_out(run: Run, model: Model) -> tuple[Any, float]:
    """Return what bags predict for the rows of a fit, each for those that it left out, and the score of that.

    Returns
    -------
    predicted : array, shape (m, n_classes), or as `Model.predict` gives numbers
        Of a row that stands several times, the mean; NaN for rows that do not count.
    score : float
        Accuracy or R^2.
    """
    assert isinstance(run.validation, LeftOut)
    outputs, blocks = zip(*predictions(run.network, run.engine, model.params, run.validation), strict=True)
    A, Y = np.concatenate(outputs).astype(np.float64), np.concatenate([block.Y for block in blocks])
    w = None if blocks[0].weights is None else np.concatenate([block.weights for block in blocks])
    w = own_weights(w, run.columns.class_factors, Y)
    score = plain_score(run.columns.target, run.network.loss, A, Y, w)
    found = model.probabilities(A) if run.task == "classifier" else model.decoded(A)
    at = run.validation.numbers
    total = np.zeros((run.validation.of, *found.shape[1:]))
    np.add.at(total, at, found)
    counts = np.bincount(at, minlength=len(total)).reshape(-1, *[1] * (found.ndim - 1))
    return np.divide(total, counts, out=np.full_like(total, np.nan), where=counts > 0), score


def current(run: Run, state: State) -> Model:
    """Return the model with the weights as they are now."""
    return _model(run, state, state.evaluated.copy())


def finish_pass(run: Run, state: State) -> Model:
    """Return the model with the weights as they are now: what a partial fit ends with."""
    state.temperature, state.best_epoch = 1.0, state.epoch
    return _handed_out(run, state, state.evaluated.copy(), signs_so_far(run, state))


# ---- settings ----


def _given(settings: Mapping[str, Any], task: Task) -> dict[str, Any]:
    """Return every setting as it was given, checked; defaults where one is missing."""
    plain = {n: v.tolist() if isinstance(v, np.generic | np.ndarray) else v for n, v in settings.items()}
    given = {**{name: one.default for name, one in settings_for(task).items()}, **plain}
    if given["scoring"] is None:  # scikit-learn's word for the default
        given["scoring"] = "cost"
    check(given, task)
    given["loss"] = own_loss_of(given["loss"]) or given["loss"]  # spelled the same in every process
    return given


def _score_name(scoring: Any) -> str:
    """Return what a score is called: that of a function by its name, which every process has the same."""
    if isinstance(scoring, str):
        return scoring
    metric = getattr(scoring, "_score_func", scoring)
    name = getattr(metric, "__name__", type(metric).__name__)
    return f"neg_{name}" if getattr(scoring, "_sign", 1) < 0 else str(name)


def _seed(random_state: Any, before: Before | None) -> int:
    """Return the seed; without one of its own, a later fit goes on with that of the first."""
    if random_state is None and before is not None and before.state is not None:
        return before.state.seed
    return seed_from(random_state)


def _chosen(given: Mapping[str, Any], facts: Facts, one_pass: bool) -> dict[str, Any]:
    """Return every setting with what the preset chose; for a single pass, what makes it one."""
    chosen = resolved(given, facts)
    if not one_pass:
        return chosen
    auto = isinstance(given["learning_rate_init"], str)
    return chosen | ONE_PASS | ({"learning_rate_init": constant_rate(given["preset"], facts)} if auto else {})


def _loss(settings: Mapping[str, Any], target: Labels | Numbers, targets: Callable[[], Any]) -> Loss:
    """Return the loss.

    Raises
    ------
    SettingError
        It does not fit the task.
    DataError
        Targets outside its range.
    """
    loss = loss_from(settings, target.task if isinstance(target, Labels) else "regression")
    if isinstance(loss, Poisson | Gamma):
        numbers = targets()
        low, wrong = ("at least 0", numbers < 0) if isinstance(loss, Poisson) else ("above 0", numbers <= 0)
        if wrong.any():
            found = numbers[wrong][0]
            raise DataError(f"loss={loss.kind!r} needs targets {low}: found {found:g}. Use loss='squared_error'.")
    if isinstance(loss, FunctionLoss) and isinstance(target, Numbers):
        return replace(loss, location=tuple(target.location.tolist()), scale=tuple(target.scale.tolist()))
    return loss


# ---- rows ----


def _watched(others: Source | StreamedSource, roles: Roles, score: Score | None) -> Watched | None:
    """Return what a score looks at of validation rows of their own; None where whoever made the score has them."""
    if isinstance(others, StreamedSource):
        if score is not None:
            raise SettingError(
                "scoring looks at all validation rows at once, and X_val is too large for the memory: give fewer rows "
                "as X_val, or leave scoring at 'cost'."
            )
        return None
    return None if roles.target is None else Watched(others.table, others.y)


def _inputs(columns: Columns, before: Before | None, given: Mapping[str, Any], task: Task) -> Inputs:
    """Return what the encoded columns are; a number that came to vary after the first fit is not embedded there."""
    encoder, known = columns.encoder, settings_for(task)
    inputs = Inputs(encoder.n_features, encoder.number_positions, encoder.embedded)
    if before is None:
        return inputs
    numbers, asked = periodic_numbers(before.model.network, inputs), before.model.settings
    same = all(asked.get(name, known[name].default) == given[name] for name in ("preset", "numeric_embedding"))
    return replace(inputs, numbers=numbers) if numbers or same else inputs


def _outputs(target: Labels | Numbers) -> int:
    return target.n_outputs if isinstance(target, Labels) else target.n_targets


@dataclass(frozen=True)
class _Scored:
    """A score of some rows by the model as it is."""

    score: Score
    rows: Any

    def __call__(self, run: Run, state: State) -> float:
        return float(self.score(current(run, state), self.rows))


def _fingerprint(rows: Examples | None) -> str:
    """Return a fingerprint of the encoded validation rows."""
    if rows is None:
        return ""
    found = blake2b(digest_size=16)
    for block in rows.blocks():
        for array in block:
            found.update(b"" if array is None else np.ascontiguousarray(array).data)
    return found.hexdigest()


# ---- models ----


def _temperature(run: Run, params: Any) -> float:
    if run.validation is None or run.settings.get("calibrate") is not True:
        return 1.0
    return temperature(run.network, run.engine, params, run.validation)


def _errors_held_out(run: Run, params: Any) -> Conformal | None:
    """Return how far off the validation rows are, where there are some; see learning/conformal.py."""
    network, target = run.network, run.columns.target
    if run.validation is None or not has_scores(target):
        return None
    parts, factors = [], run.columns.class_factors
    for A, (_, Y, weights) in predictions(network, run.engine, params, run.validation):
        found = scores_of(target, network.loss, np.asarray(A, np.float64), Y)
        parts.append((found, own_weights(weights, factors, Y)))  # new rows come as they come, whatever a class weighs
    return joined(parts)


def _handed_out(run: Run, state: State, params: Any, signs: Signs | None = None) -> Model:
    state.handed_out = digest(params)
    return _model(run, state, params, signs)


def _model(run: Run, state: State, params: Any, signs: Signs | None = None) -> Model:
    scores = {}
    if state.best_epoch and run.validation is not None:
        best = state.history[state.best_epoch - 1]
        scores = {"validation_cost": best["validation_cost"]}
        scores[f"validation_{run.score_name}"] = best["validation_score"]
    return Model(
        network=run.network,
        params=params,
        encoder=run.columns.encoder,
        target=run.columns.target,
        target_name=run.target_name,
        settings=_of_the_model({**run.given, "random_state": run.recipe.seed}, run.task),
        history=list(state.history),
        scores=scores,
        engine=run.settings["engine"],
        device=run.settings["device"],
        best_epoch=state.best_epoch,
        stopped=state.stopped,
        signs=signs,
    )


def _of_the_model(given: Mapping[str, Any], task: Task) -> dict[str, Any]:
    """Return the settings that a model keeps: those that say something about it and differ from their defaults."""
    known = settings_for(task)
    return {n: v for n, v in given.items() if n not in OF_THE_SESSION and v != known[n].default}
