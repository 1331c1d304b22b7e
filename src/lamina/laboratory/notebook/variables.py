"""A learner's variables on the bench: an estimator, a model, a network with its parameters; rows and targets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lamina.data.tables.sources import read
from lamina.data.target_values import detect_task
from lamina.data.targets import Labels
from lamina.equations.affine import Affine
from lamina.equations.losses import BinaryLogLoss, CategoricalLogLoss
from lamina.equations.network import Network
from lamina.errors import DataError, SettingError
from lamina.fitting import current, prepare
from lamina.laboratory.lab_rows import TABLES, LabRows, built_in
from lamina.laboratory.opening import made_up, opening_of
from lamina.laboratory.pixels import side_of_pictures
from lamina.learning.hyperparameters import settings_for
from lamina.learning.run import Task
from lamina.model import Model
from lamina.starting import Before

FEW_ROWS = 100
OF_A_FIT = {"early_stopping": False, "calibrate": False}  # which hold rows out or come after training


@dataclass(frozen=True)
class Variables:
    """Where a bench starts.

    Attributes
    ----------
    rows : LabRows
    settings : mapping
        In place of those that the rows bring.
    before : Before, optional
        What to go on from.
    state : dict, optional
        A state of the lab.
    """

    rows: LabRows
    settings: Mapping[str, Any] = field(default_factory=dict)
    before: Before | None = None
    state: dict[str, Any] | None = None


def variables(model: Any = None, X: Any = None, y: Any = None, params: Any = None) -> Variables:
    """Return where a bench starts from what `lamina.lab` was given.

    Raises
    ------
    SettingError
        These do not go together.
    DataError
        Rows or targets that do not fit.
    """
    if params is not None and not isinstance(model, Network):
        raise SettingError("params are of a Network: an estimator and a Model have their own.")
    if y is not None and X is None:
        raise SettingError("y without X: pass the rows too.")
    if model is None or isinstance(model, str):
        return _named(model, X, y)
    if isinstance(model, Network):
        return _of_network(model, X, y, params)
    if isinstance(model, Model):
        return _of_model(model, "the model", X, y)
    fitted = getattr(model, "__dict__", {}).get("model_")
    if isinstance(fitted, Model):
        return _of_model(fitted, type(model).__name__, X, y)
    task: Task | None = getattr(model, "_task", None)
    if task not in ("classifier", "regressor") or isinstance(model, type):
        what = model.__name__ if isinstance(model, type) else type(model).__name__
        raise SettingError(
            f"lab() takes a DeepClassifier, a DeepRegressor, a Model, a Network, or the name of rows or of a file; "
            f"found {what}. For a search pass best_estimator_, for a pipeline its last step, with transformed rows."
        )
    if X is None or y is None:
        raise SettingError("the estimator is not fitted: pass rows and targets to train it on, lab(model, X, y).")
    known = settings_for(task)
    chosen = {name: v for name, v in model.get_params(deep=False).items() if name in known and v != known[name].default}
    return Variables(_rows(X, y, task, settings={}), chosen)


def _named(name: str | None, X: Any, y: Any) -> Variables:
    if name is not None:
        if X is not None:
            raise SettingError("a name and rows: pass either, lab('moons') or lab(X=X, y=y).")
        opened = opening_of(name)
        return Variables(opened.rows, before=opened.before, state=opened.state)
    if X is None:
        return Variables(built_in("lesson"))
    if y is None:
        raise SettingError("X without y: pass the targets too, lab(X=X, y=y), or a fitted model, lab(model, X).")
    rows = _rows(X, y, _task_of(y), settings=TABLES)
    few = {"batch_size": "auto"} if len(np.asarray(y)) < FEW_ROWS else {}  # else of at most as many as there are
    return Variables(rows, few)


def _task_of(y: Any) -> Task:
    return "regressor" if detect_task(np.asarray(y))[0] == "regression" else "classifier"


def _rows(X: Any, y: Any, task: Task, settings: Mapping[str, Any], title: str = "your rows") -> LabRows:
    table = read(X)
    side = side_of_pictures(table)
    pixels = (side, side) if side else None
    return LabRows("X", title, table, y, "y", task, settings=settings, pixels=pixels, built_in=False)


# ---- models ----


def _of_model(model: Model, name: str, X: Any, y: Any) -> Variables:
    """Return a bench that goes on from a model: on these rows, or on made-up ones."""
    task: Task = "classifier" if isinstance(model.target, Labels) else "regressor"
    rows, title = made_up(model) if X is None else read(X), f"{name}, on your rows"
    if X is None:
        title = f"{name}, with made-up rows: their targets are its own answers"
    elif y is None:
        title = f"{name}, on your rows: their targets are its own answers"
    aligned = model.encoder.align(rows)
    y = model.predict(aligned) if y is None else y
    known = settings_for(task)
    settings = {**model.settings, **{name: value for name, value in OF_A_FIT.items() if name in known}}
    lab_rows = LabRows("X", title, aligned, y, model.target_name, task, settings=settings, built_in=False)
    return Variables(lab_rows, before=Before(model))


# ---- networks ----


def _of_network(network: Network, X: Any, Y: Any, params: Any) -> Variables:
    """Return a bench for encoded rows: A[0] is X transposed, as it is."""
    if X is None or Y is None:
        raise SettingError("a Network needs encoded rows and targets: lab(network, X, Y, params=params).")
    X, Y = np.asarray(X, np.float64), np.asarray(Y, np.float64)
    if X.ndim != 2 or X.shape[1] != network.n_inputs:
        raise DataError(f"X has shape {X.shape}: expected (m, {network.n_inputs}), the inputs of the network.")
    if not np.isfinite(X).all():
        raise DataError("X holds NaN or infinity: a Network takes encoded rows.")
    task, settings = _settings_of(network)
    y = _targets(network, Y)
    start = None if params is None else np.asarray(params)
    dtype = np.dtype(np.float64) if start is None else start.dtype
    settings |= {"dtype": dtype.name, "scaling": "none", "batch_size": len(X), "shuffle": False, "random_state": 0}
    rows = _rows(X, y, task, settings=settings, title="your network, on your rows")
    if start is None:
        return Variables(rows)
    if start.shape != (network.size,):
        raise DataError(f"params has shape {start.shape}: expected ({network.size},), those of this network.")
    run, state = prepare(rows.X, rows.y, settings=settings, task=task, target_name="y")
    if run.network.slots != network.slots:
        raise SettingError("the rows leave other inputs than the network has: is a column constant?")
    state.params = start.copy()
    return Variables(rows, before=Before(current(run, state)))


def _settings_of(network: Network) -> tuple[Task, dict[str, Any]]:
    loss, last = network.loss, network.layers[-1]
    if network.members > 1 or not isinstance(last, Affine):
        raise SettingError("the lab takes networks without members, whose last layer is Linear.")
    is_class = isinstance(loss, BinaryLogLoss | CategoricalLogLoss)
    task: Task = "classifier" if is_class else "regressor"
    settings: dict[str, Any] = {"preset": "course", "max_iter": 20_000, "n_iter_no_change": 20_000}
    settings |= {
        "hidden_layer_sizes": tuple(network.layers[:-1]),
        "ntk": last.ntk,
        "alpha": network.l2,
        "l1": network.l1,
    }
    if is_class:
        return task, settings | {"label_smoothing": getattr(loss, "label_smoothing", 0.0)}
    return task, settings | {"loss": loss, "scale_target": False}


def _targets(network: Network, Y: Any) -> Any:
    """Return the targets as an estimator takes them: those that the network takes are encoded."""
    Y = Y[:, None] if Y.ndim == 1 else Y
    if isinstance(network.loss, CategoricalLogLoss):
        if not (np.isin(Y, (0, 1)).all() and (Y.sum(axis=1) == 1).all() and Y.any(axis=0).all()):
            raise DataError("Y: expected one column for each class, a 1 in each row, and rows of every class.")
        return np.argmax(Y, axis=1)
    if isinstance(network.loss, BinaryLogLoss):
        if not np.isin(Y, (0, 1)).all():
            raise DataError("Y: expected 0 and 1.")
        return (Y[:, 0] if Y.shape[1] == 1 else Y).astype(int)
    return Y[:, 0] if Y.shape[1] == 1 else Y
