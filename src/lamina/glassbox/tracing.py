"""Making traces: of estimators and models from rows as they come, of networks from encoded rows."""

import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from lamina.data.splitting import check_weights
from lamina.data.tables.sources import read
from lamina.data.tables.table import Table
from lamina.data.target_values import plain, same_length
from lamina.engine import Engine, EngineName, choose
from lamina.equations.network import Network
from lamina.equations.random import Key
from lamina.equations.types import Optimiser
from lamina.errors import DataError, EngineWarning, SettingError
from lamina.glassbox.engines import Rows, apart_of, comparisons
from lamina.glassbox.equations_of import network_of
from lamina.glassbox.network_equations import Setting
from lamina.glassbox.origins import Origins, origins_of
from lamina.glassbox.step_equations import Step
from lamina.glassbox.trace import Trace
from lamina.glassbox.walked import arrays_of, step_arrays
from lamina.learning.choices import chosen
from lamina.learning.hyperparameters import OPTIMISER_CHOICES
from lamina.model import Model

MOST_NUMBERS = 2**27  # of all arrays of a trace: 1 GiB in double precision


def trace(
    model: Any,
    X: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    params: Any = None,
    training: bool = False,
    seed: int = 0,
    step: int = 0,
    optimizer: Any = None,
    learning_rate: float = 0.01,
) -> Trace:
    """Return every array of a pass through a model, forward and (with targets) back, by the lecture's name.

    Parameters
    ----------
    model : DeepClassifier, DeepRegressor, Model or Network
    X : rows
        As `predict` takes them; for a Network encoded rows, shape (m, n_inputs).
    y : targets, optional
        As `fit` takes them; for a Network encoded targets, shape (m, targets). Without them there is no way back.
    sample_weight : array, shape (m,), optional
        Scaled to mean 1 over these rows.
    params : array, shape (network.size,)
        Of a Network: its parameters.
    training : bool
        As in training: dropout draws, and batch normalisation looks at these rows. Else as when predicting.
    seed, step : int
        Place the draws of dropout.
    optimizer : str or Optimiser, optional
        Take one step of training from here, and trace it whole: the parameters of the model do not change.
    learning_rate : float
        Of that step.

    Returns
    -------
    Trace

    Raises
    ------
    lamina.errors.SettingError
        Not a model, or settings that do not fit together.
    lamina.errors.DataError
        Rows or targets that do not fit the model.
    """
    network = network_of(model)
    network = network.predicting if y is None else network
    if isinstance(model, Network):
        X, Y, w, theta, origins, engine = _of_network(model, X, y, sample_weight, params)
    else:
        if params is not None:
            raise SettingError("params: a model has its own; pass model.network to trace other parameters.")
        X, Y, w, theta, origins, engine = _of_model(model, X, y, sample_weight)
    _check_size(network, len(X))
    if optimizer is not None and Y is None:
        raise SettingError("a step of training needs targets: trace(X, y, optimizer=...).")
    rule = None if optimizer is None else _rule(optimizer)
    moved = (
        None if rule is None else Step(rule, float(learning_rate), step, len(X), 1.0, float(np.finfo(theta.dtype).eps))
    )
    setting = Setting(training or moved is not None, Y is not None, w is not None, moved)
    key, verbs = Key(seed, step), _engine(network, engine, rule)
    arrays = arrays_of(network, theta, X, Y, w, setting, key)
    beside = comparisons(network, verbs, theta, Rows(X, Y, w), arrays, setting, key)
    if rule is not None and moved is not None:
        memory, after = np.zeros((len(rule.remembers), len(theta)), theta.dtype), theta.copy()
        _take_step(network, verbs, rule, after, memory.copy(), (X, Y, w), moved, key)
        arrays |= step_arrays(network, rule, theta, memory, arrays, after)
        setting = replace(setting, step=moved._replace(apart=apart_of(beside)))
    return Trace(network, arrays, setting, origins, verbs.name, beside)


def _rule(optimizer: Any) -> Optimiser:
    rule: Any = chosen("optimizer", optimizer, OPTIMISER_CHOICES)
    if rule.kind == "lbfgs":
        raise SettingError(
            "optimizer='lbfgs': its step is found by a line search over many passes. Trace a fit instead: "
            "fit(X, y, trace=1)."
        )
    return rule


def _take_step(
    network: Network, verbs: Engine, rule: Optimiser, params: Any, memory: Any, rows: Any, step: Step, key: Key
) -> None:
    """Move the parameters as one step of training does, in place."""
    from lamina.equations.steps import Steps

    X, Y, w = (None if one is None else np.asarray(one, params.dtype) for one in rows)
    assert X is not None
    steps = Steps(len(X), np.array([step.rate]), seed=key.seed, step=key.step, examples=step.examples)
    with np.errstate(all="ignore"):
        done = verbs.train_steps(network, rule, params, memory, X, Y, w, np.arange(len(X)), steps)
    if len(done) == 0:
        raise DataError(
            "the cost of these rows, or its gradient, is not finite: no step was taken. Trace the pass alone."
        )


def _engine(network: Network, name: EngineName, rule: Optimiser | None) -> Engine:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EngineWarning)  # the trace says which engine it was
        return choose(network, name, rule)


def _check_size(network: Network, rows: int) -> None:
    """Raise a DataError before a trace that would not fit into memory."""
    numbers = 4 * rows * network.members * (network.n_inputs + sum(network.widths))
    if numbers > MOST_NUMBERS:
        fits = max(1, rows * MOST_NUMBERS // numbers)
        raise DataError(
            f"a trace of {rows:,} rows would hold {numbers:,} numbers: it keeps every array of every row. Trace fewer "
            f"rows, such as X[:{fits}]."
        )


# ---- what is traced ----


def _of_model(model: Any, X: Any, y: Any, sample_weight: Any) -> tuple[Any, Any, Any, Any, Origins, EngineName]:
    found: Model = model if isinstance(model, Model) else model._fitted()
    found.check_single("a trace")
    rows = X if isinstance(X, Table) or isinstance(model, Model) else model._checked_rows(X)
    encoder = found.encoder
    table = rows if isinstance(rows, Table) else read(rows, reading=encoder.reading)
    if y is None and sample_weight is not None:
        raise DataError("sample_weight was given without y: weights count in the cost, which needs targets.")
    table = encoder.align(table)
    _check_size(found.network, table.n_rows)
    Y, w = None, None
    if y is not None:
        y = plain(y)
        if len(y) != table.n_rows:
            raise DataError(f"y has {len(y)} values and X has {table.n_rows} rows: expected one for each.")
        weights = None if sample_weight is None else check_weights(sample_weight, table.n_rows)
        Y, w = found.target.encode(y), _scaled(weights)
    dtype = found.params.dtype
    origins = origins_of(encoder, found.target, found.target_name, found.network, table)
    return encoder.encode(table, dtype), Y, w, found.params, origins, found.engine


def _scaled(weights: Any) -> Any:
    if weights is None:
        return None
    if not weights.any():
        raise DataError("sample_weight: every weight is 0, so no row counts.")
    return weights / weights.mean()


def _of_network(
    network: Network, X: Any, y: Any, sample_weight: Any, params: Any
) -> tuple[Any, Any, Any, Any, Origins, EngineName]:
    if params is None:
        raise SettingError(
            f"params: a Network holds no parameters of its own; pass params, an array of shape ({network.size},)."
        )
    theta = np.array(params)
    if theta.dtype not in (np.float32, np.float64):
        theta = theta.astype(np.float64)
    if theta.shape != (network.size,):
        raise DataError(f"params has shape {theta.shape}: expected ({network.size},).")
    X = np.asarray(X)
    if X.ndim != 2 or X.shape[1] != network.n_inputs or len(X) == 0:
        raise DataError(f"X has shape {X.shape}: expected (m, {network.n_inputs}), one row per example.")
    if y is None:
        if sample_weight is not None:
            raise DataError("sample_weight was given without y: weights count in the cost, which needs targets.")
        return X, None, None, theta, Origins(), "auto"
    Y = np.asarray(y, theta.dtype)
    Y = Y[:, None] if Y.ndim == 1 else Y
    if Y.ndim != 2 or len(Y) != len(X) or network.loss.units(Y.shape[1]) != network.n_outputs:
        raise DataError(
            f"y has shape {Y.shape}: expected {len(X)} rows for a network with {network.n_outputs} outputs."
        )
    w = None if sample_weight is None else np.asarray(sample_weight, np.float64)
    if w is not None:
        same_length(len(X), len(w), "weights")
    return X, Y, _scaled(w), theta, Origins(), "auto"
