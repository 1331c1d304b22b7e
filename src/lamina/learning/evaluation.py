"""Evaluation: the cost and the scores of an epoch, and the value that decides which epoch is the best."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from lamina.data.class_weights import own_weights
from lamina.data.examples import Block, Examples
from lamina.data.folds import LeftOut
from lamina.engine import Engine
from lamina.equations.network import Network
from lamina.equations.verbs import penalty
from lamina.errors import LaminaError, SettingError
from lamina.learning.run import Run
from lamina.learning.scores import plain_score
from lamina.learning.state import Record, State

SCORED_ROWS = 512  # training rows whose score goes into the history
# What scikit-learn's scorers complain of, and what to do.
AVERAGES = " For classes other than 0 and 1, or more than two, take an average of all: f1_macro, recall_weighted, ..."
CURES = {
    "pos_label": AVERAGES,
    "average='binary'": AVERAGES,
    "multi_class must be": " For more than two classes: roc_auc_ovr, roc_auc_ovo.",
    "multiclass format is not supported": " For more than two classes: roc_auc_ovr, f1_macro, neg_log_loss, ...",
    "positional arguments but 3 were given": " A function of (y_true, y_pred) becomes a scorer by "
    "sklearn.metrics.make_scorer(function, greater_is_better=False), or True.",
    "has none of the following attributes": " It is for classes: a regressor takes 'cost', 'r2', ...",
}

WATCHED_ROWS = 2048  # training rows whose cost is watched where no others are


def predictions(network: Network, engine: Engine, params: Any, rows: Examples) -> Iterator[tuple[Any, Block]]:
    """Yield rows with what is predicted for them; rows that a bag left out by that bag alone."""
    if isinstance(rows, LeftOut):
        for one, part in zip(params, rows.parts, strict=True):
            yield from predictions(network, engine, one, part)
        return
    for block in rows.blocks():
        yield engine.predict(network, params, block.X), block


def cost_of(network: Network, engine: Engine, params: Any, rows: Examples) -> tuple[float, Any]:
    """Return the cost of the rows; with several members or bags also what they predict together, whose cost it is."""
    if network.members == 1 and not isinstance(rows, LeftOut):
        return sum(len(X) * float(engine.cost(network, params, X, Y, w)) for X, Y, w in rows.blocks()) / rows.n, None
    total, predicted = 0.0, []
    for A, (X, Y, w) in predictions(network, engine, params, rows):
        total += len(X) * network.cost_of_output(A, Y, w)
        predicted.append(A)
    return total / rows.n, np.concatenate(predicted)


def scores_of(run: Run, state: State, A: Any) -> tuple[float, float | None]:
    """Return the scores of training and validation rows; `A` is predicted for the latter, where that is known."""
    chosen = None if run.score is None else float(run.score(run, state))
    if run.validation is None:
        return (_plain(run, state, run.examples, SCORED_ROWS) if chosen is None else chosen), None
    watched = _plain(run, state, run.validation, None, A) if chosen is None else chosen
    return _plain(run, state, run.examples, SCORED_ROWS), watched


def try_score(run: Run, state: State) -> None:
    """Find out before training whether the scorer, if there is one, fits these rows.

    Raises
    ------
    SettingError
        It does not; says why, and what to do where that is known.
    """
    if run.score is None:
        return
    try:
        run.score(run, state)
    except LaminaError:
        raise
    except Exception as problem:
        why = f"{type(problem).__name__}: {problem}".rstrip(".")
        cure = next((what_to_do for words, what_to_do in CURES.items() if words in why), "")
        raise SettingError(f"scoring={run.score_name} cannot score these rows: {why}.{cure}") from problem


def _plain(run: Run, state: State, rows: Any, first: int | None, A: Any = None) -> float:
    """Return accuracy or R^2 of the rows, or of the first `first` of them; as in `score`, classes weigh alike."""
    found, Y, w = [], [], []
    for block in rows.blocks(first):
        if A is None:
            found.append(run.engine.predict(run.network, state.evaluated, block.X))
        Y.append(block.Y)
        w.append(own_weights(block.weights, run.columns.class_factors, block.Y))
    A = np.concatenate(found) if A is None else A
    weights = None if w[0] is None else np.concatenate(w)
    return plain_score(run.columns.target, run.network.loss, A.astype(np.float64), np.concatenate(Y), weights)


def watched_value(run: Run, state: State, record: Record) -> float:
    """Return the value that decides about the best epoch and about stopping: lower is better."""
    if run.score is not None:
        score = record.score if record.validation_score is None else record.validation_score
        return -float(score)
    if record.validation_cost is not None:
        return record.validation_cost
    # Of the training rows the cost of the parameters as they are: an epoch's own is a mean over those it went through.
    X, Y, weights = next(iter(run.examples.blocks(WATCHED_ROWS)))
    J = run.engine.cost(run.network, state.evaluated, X, Y, weights)
    return float(J + penalty(run.network, state.evaluated, run.examples.n))


def validation_cost(run: Run, state: State) -> tuple[float | None, Any]:
    """Return the cost of the validation rows, where there are some; see `cost_of`."""
    if run.validation is None:
        return None, None
    return cost_of(run.network, run.engine, state.evaluated, run.validation)


def judge_the_best_again(run: Run, state: State) -> None:
    """Evaluate the weights of the best epoch as this run does: its penalty, loss, rounding or class weights may differ.

    Otherwise costs of two kinds would be compared, and weights of before kept however well the new ones do.
    """
    if state.best_params is None:
        return
    then = replace(state, params=state.best_params, average=None)
    with np.errstate(all="ignore"):
        watched, A = validation_cost(run, then)
        record = Record(state.best_epoch, state.best_cost, watched, *scores_of(run, then, A), 0.0, 0.0)
        value = watched_value(run, then, record)
    state.judge_the_best(value, value if run.score is None else record.cost if watched is None else watched)
