"""Face 1: scikit-learn. `DeepClassifier` and `DeepRegressor` speak its conventions, over `fitting` and `Model`.

There is no maths here and no loop: a fit is prepared, carried out with a bar and callbacks, and finished.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from importlib.metadata import version
from inspect import signature
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import (
    _check_feature_names,
    _check_n_features,
    _get_feature_names,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from lamina.constructors import ClassifierSettings, RegressorSettings
from lamina.data.roles import Roles, taken_apart
from lamina.data.streaming.streamed_source import StreamedSource, way_of
from lamina.data.tables.frames import unmasked
from lamina.data.tables.row_streams import RowStream, is_stream, rows_of
from lamina.data.tables.sources import read
from lamina.data.tables.table import Table
from lamina.data.targets import Labels
from lamina.equations.losses import Quantile
from lamina.errors import DataError, InterruptedWarning, SettingError, VersionWarning
from lamina.fitting import current, finish, finish_pass, left_out, prepare
from lamina.interrupts import NAMES
from lamina.layer_diagram import of_estimator
from lamina.layer_features import LayerOutputs
from lamina.learning.bags import NOT_WITH
from lamina.learning.diagnosis.findings import Diagnosis
from lamina.learning.group import Group
from lamina.learning.hyperparameters import settings_for, unknown
from lamina.learning.presets import PRESETS, may_hold_out
from lamina.learning.run import Run
from lamina.learning.state import Record, State
from lamina.learning.training import train
from lamina.model import Model, Summary
from lamina.plots import LearningCurveDisplay
from lamina.rate_sweep import LearningRateSweep, sweep
from lamina.running import carry_out, opened, stored_seed
from lamina.scoring import score_of
from lamina.showing import Bar
from lamina.starting import Before

if TYPE_CHECKING:
    from lamina.glassbox.trace import Trace

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn before 1.9 has no callbacks

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands in where scikit-learn has no callbacks."""

    def with_callbacks(method: Any) -> Any:
        return method


VERSION = "_lamina_version"  # of the release that pickled an estimator, in the pickle only
Names = dict[str, Any]  # n_features_in_, and feature_names_in_ where the columns have names
OF_COLUMNS = ("n_features_in_", "feature_names_in_")
Rows = Any  # an array, a data frame, a CSR matrix: what `lamina.data.tables.sources.read` reads


def _documented(summary: str, task: str, end: str) -> str:
    """Return a class docstring with the settings of the table."""
    lines = [summary, "", "Parameters", "----------"]
    known = settings_for(task)
    for name in signature(ClassifierSettings if task == "classifier" else RegressorSettings).parameters:
        one = known[name]
        lines += [f"{name} : {one.kind.text}, default={one.default!r}", f"    {one.help}"]
    return "\n".join([*lines, "", end])


ATTRIBUTES = """Attributes
----------
model_ : lamina.model.Model
    Everything needed to predict; `save` writes it to a file.
history_ : list of dict
    One record per epoch: epoch, cost, validation_cost, score, validation_score, learning_rate, seconds. Costs are what
    is learned, so class weights count in them; scores count `sample_weight` alone, as `score` does.
n_iter_ : int
    Number of epochs trained.
best_epoch_ : int
    The epoch whose weights were kept.
stopped_ : str
    Why training ended.
settings_ : dict
    All settings, with the choice of the preset where one was left at "auto", and the seed that was drawn.
n_features_in_ : int
feature_names_in_ : array of str
    Names of the columns, if the training rows had any.
oof_prediction_ : array, shape (m,), (m, targets) or (m, n_classes)
    With `n_bags`, for each row of the fit what the network that left it out predicts: numbers, or a probability for
    each class. NaN for a row of weight 0.
oof_score_ : float
    With `n_bags`, the accuracy, or R^2, of those predictions.
traces_ : dict of int to Trace
    Traced steps by their number, where `fit` was asked for them.
"""


def _without_bags(estimator: Any) -> bool:
    """Return True, or raise an AttributeError: a partial fit sees some of the rows, and bags need them all."""
    if estimator.n_bags != 1:
        raise AttributeError(f"n_bags={estimator.n_bags} {NOT_WITH['partial fit']}")
    return True


class _DeepEstimator(CallbackSupportMixin, LayerOutputs, TransformerMixin, BaseEstimator):
    """What classifier and regressor share."""

    _task: ClassVar[Literal["classifier", "regressor"]]
    history_: list[dict[str, Any]]
    oof_prediction_: NDArray[np.float64]
    oof_score_: float
    n_bags: int
    model_: Model
    n_iter_: int
    best_epoch_: int
    stopped_: str
    settings_: Mapping[str, Any]
    _score_name: str

    # With metadata routing: what has one meaning only, and cannot be meant for another step, is asked for; see
    # docs/scikit-learn.md. Whether sample_weight counts is for the user to say, as everywhere in scikit-learn.
    __metadata_request__fit: ClassVar[dict[str, bool]] = dict.fromkeys(
        ("X_val", "y_val", "sample_weight_val", "groups", "time"), True
    )

    def get_metadata_routing(self) -> Any:
        """Return what the methods ask for; groups and time only where rows may be held out by them."""
        requests = super().get_metadata_routing()
        settings = self.get_params(deep=False)
        if settings["preset"] in PRESETS and not may_hold_out(settings, self._task):  # else `fit` says what is wrong
            for name in ("groups", "time"):
                if requests.fit.requests.get(name) is True:
                    requests.fit.add_request(param=name, alias=False)
        return requests

    @with_callbacks  # type: ignore[untyped-decorator]
    def fit(
        self,
        X: Rows,
        y: Any = None,
        sample_weight: Any = None,
        *,
        X_val: Rows = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        target: str | Sequence[str] | None = None,
        weight: str | None = None,
        groups: Any = None,
        time: Any = None,
        drop: Sequence[str] = (),
        stream: bool | None = None,
        cache: Any = None,
        checkpoint: Any = None,
        trace: Any = None,
        cluster: Any = None,
    ) -> Any:
        """Train; the weights of the best epoch are kept.

        Ctrl-C ends training after the current step. The estimator is then fitted with the best weights so far, and an
        InterruptedWarning says so.

        Parameters
        ----------
        X : array, data frame or CSR matrix, shape (m, n); or files, or a stream
            A path, a list of paths, a glob or a folder of Parquet, CSV or Arrow files, a `pyarrow.dataset.Dataset`, or
            an iterable of batches that can be read again; docs/streams.md has them all.
        y : array, shape (m,), or (m, targets), optional
        sample_weight : array, shape (m,), optional
            A row of weight 2 counts as two rows, a row of weight 0 as none.
        X_val, y_val, sample_weight_val : optional
            Validation rows, never learned from. Without them, early stopping holds out some of X.
        target, weight : str, optional
            Columns of X in place of `y` and `sample_weight`; a list of names for several targets. X_val has them too.
        groups : str or array, shape (m,), optional
            A column of X, or a value per row: rows of one group are held out together for validation, or not at all.
            A column of groups is not learned from. Where early_stopping is "auto" and the rows are few, none are held
            out.
        time : str or array, shape (m,), optional
            A column of X, or a number or date per row: the latest rows are held out.
        drop : sequence of str, optional
            Columns of X that are not learned from.
        stream : bool, optional
            Whether files are streamed in place of being read into memory. By default what memory and size suggest.
        cache : path, optional
            A folder in which streamed rows are kept encoded, so that later epochs are faster.
        checkpoint : path, optional
            A folder for checkpoints. The same call made again resumes from the newest one, however the last call ended,
            and gives the same bits as an uninterrupted fit. With a folder, SIGTERM ends training as Ctrl-C does.
        trace : int or list of int, optional
            Trace every so many steps, or these, counted from 0: `traces_` has every array of them by the lecture's
            name. What is learned does not change.
        cluster : str or lamina.Cluster, optional
            Where to train: "local[2]" for two workers on this machine, "auto" or HOST:PORT for a Ray cluster, "mpi" in
            a process that mpiexec started. The bits are the same for any number of workers, "local[1]" included; they
            are not those of a fit without `cluster`. `lamina.Cluster("auto", sums="bfloat16")` says what goes between
            the workers. See docs/cluster.md.

        Returns
        -------
        self

        Raises
        ------
        lamina.errors.SettingError, lamina.errors.DataError
            What was found, what was expected, what to do.
        lamina.errors.ClusterError
            Workers do not start, or are lost again and again.
        lamina.errors.DivergenceError
            Training diverged (non-finite numbers) before any epoch finished.
        lamina.errors.CheckpointError
            The folder is in use, holds another run, or cannot be written.

        Warns
        -----
        lamina.errors.DivergenceWarning
            Training diverged; the best weights were kept.
        lamina.errors.InterruptedWarning
            Ctrl-C or a signal ended training.
        """
        others = {"X_val": X_val, "y_val": y_val, "sample_weight_val": sample_weight_val}
        if cluster is not None and not isinstance(cluster, Group):
            of_columns = {"target": target, "weight": weight, "groups": groups, "time": time, "drop": drop}
            how = {"stream": stream, "cache": cache, "checkpoint": checkpoint, "trace": trace}
            given = {"X": X, "y": y, "sample_weight": sample_weight, **others, **of_columns, **how}
            self._fit_together(cluster, given)
            return self
        group = cluster  # of this worker
        if group is not None and checkpoint is None:
            checkpoint = group.scratch
        roles = Roles(target, weight, groups, time, drop)
        rows, y, sample_weight, names = self._opened(X, y, sample_weight, roles, stream, cache)
        tracer = None if trace is None else _tracer(trace, self.n_bags)
        before = self._before() if self.warm_start else None
        run, state = prepare(
            rows,
            y,
            sample_weight,
            **others,
            roles=roles,
            settings=self.get_params(deep=False),
            task=self._task,
            target_name=roles.target if isinstance(roles.target, str) else "y",
            score=self._score(X, rows, y, roles, X_val, y_val, names),
            before=before,
            seed=None if self.random_state is not None else stored_seed(checkpoint),
            group=group,
        )
        with ExitStack() as stack:
            folder = None
            if checkpoint is not None:
                folder, state = opened(checkpoint, run, state, estimator=type(self).__name__)
                if folder is not None:
                    stack.enter_context(folder)
            calls = _Callbacks(self, run, state, X, y, names)
            is_shown = group is not None and (group.is_shown or group.rank > 0)
            bar = Bar(run, state) if self.verbose and not is_shown else None
            carry_out(run, state, shown=bar, after_epoch=calls.epoch_ended, folder=folder, tracer=tracer)
            model = finish(run, state)
            self._take(run, state, model, names, keep=self.warm_start)
            if model.bags > 1:
                self.oof_prediction_, self.oof_score_ = left_out(run, model)
            if tracer is not None:
                self.traces_ = tracer.traces
            calls.fit_ended()
        if state.stopped in NAMES.values() and group is None:
            self._warn_of_interrupt(state, checkpoint)
        return self

    def _fit_together(self, cluster: Any, given: dict[str, Any]) -> None:
        """Fit with the workers of a group, and become what the first of them became."""
        from lamina.cluster.launching import launched
        from lamina.cluster.showing import ClusterBar

        if getattr(self, "_skl_callbacks", None):
            raise SettingError("callbacks are not called in the workers of a cluster: remove them, or cluster")
        shown = ClusterBar() if self.verbose else None
        fitted = launched(cluster, partial(_fitted_in_group, self, given), shown=shown)
        if fitted is not self:  # it was pickled on its way
            self.__dict__.clear()
            self.__dict__.update(fitted.__dict__)
        if self.stopped_ in NAMES.values():
            warnings.warn(
                f"{self.stopped_} ended training on the cluster after epoch {self.n_iter_}. The estimator has the best "
                "weights so far.",
                InterruptedWarning,
                stacklevel=4,
            )

    def _partial_fit(self, X: Rows, y: Any, classes: Any, sample_weight: Any, roles: Roles) -> Any:
        before = self._before()
        rows, y, sample_weight, names = self._opened(X, y, sample_weight, roles, reset=before is None)
        all_rows = is_stream(X)  # every label is there
        if before is None and classes is None and self._task == "classifier" and not all_rows:
            raise SettingError("classes must be passed on the first call to partial_fit: later rows may bring more.")
        if before is not None and classes is not None:
            _check_same_classes(classes, before.model.target)
        run, state = prepare(
            rows,
            y,
            sample_weight,
            roles=roles,
            settings=self.get_params(deep=False),
            task=self._task,
            target_name=roles.target if isinstance(roles.target, str) else "y",
            before=before,
            classes=classes,
            one_pass=True,
        )
        for _ in train(run, state):
            pass
        self._take(run, state, finish_pass(run, state), names, keep=True)
        self.best_epoch_ = self.n_iter_
        return self

    @classmethod
    def from_model(cls, model: Model) -> Self:
        """Return a fitted estimator that holds a model, such as one from `lamina.load`, to score or train it further.

        Its settings are those of the model. `partial_fit`, or `set_params(warm_start=True).fit(...)`, continues from
        its weights; the optimiser starts with an empty memory, which a model file does not hold (a checkpoint does).

        Parameters
        ----------
        model : lamina.Model

        Raises
        ------
        lamina.errors.SettingError
            It is a model of the other task.
        """
        task = "classifier" if isinstance(model.target, Labels) else "regressor"
        if task != cls._task:
            other = "DeepClassifier" if task == "classifier" else "DeepRegressor"
            raise SettingError(f"this model predicts {'labels' if task == 'classifier' else 'numbers'}: use {other}.")
        found, n = cls(**model.settings), len(model.encoder.names_in)
        names = {"feature_names_in_": np.array(model.encoder.names_in, object)} if model.encoder.named else {}
        found.__dict__.update(found._of_model(model) | {"n_features_in_": n} | names)
        found.n_iter_, found.best_epoch_, found.stopped_ = len(model.history), model.best_epoch, model.stopped
        found.settings_ = found.get_params(deep=False)
        found._score_name = "accuracy" if task == "classifier" else "r2"
        return found

    def predict(self, X: Rows) -> NDArray[Any]:
        """Return the predicted label or number of each row, shape (m,), or (m, targets)."""
        return self._fitted().predict(self._rows_to_predict(X))

    def input_gradient(self, X: Rows, y: Any = None, *, output: int | None = None) -> NDArray[np.float64]:
        """Return dA[0] of each row, shape (m, encoded columns): how each moves the outcome.

        Parameters
        ----------
        X : rows
        y : array, optional
            Where given, the outcome is the row's loss, as in the lecture. Without, it is Z[L] of the predicted class.
        output : int, optional
            Another unit of Z[L].
        """
        return self._fitted().input_gradient(self._checked_rows(X), y, output=output)

    def trace(self, X: Rows, y: Any = None, sample_weight: Any = None, **how: Any) -> "Trace":
        """Return every array of a pass, forward and (with y) back, by the lecture's name: Z1, A1, ..., dZ2, dW2, db2.

        Parameters
        ----------
        X : rows
        y : array, optional
            As `fit` takes it. Without it there is no way back.
        sample_weight : array, shape (m,), optional
        **how
            `training=True`, `seed=` and `step=` for dropout as in training; `optimizer=` and `learning_rate=` for a
            step of training, which leaves the model as it is. See `lamina.trace`.
        """
        from lamina.glassbox.tracing import trace

        return trace(self, X, y, sample_weight, **how)

    def summary(self) -> Summary:
        """Return a table of the layers: kind, shape, parameters, memory. `print` it."""
        return self._fitted().summary()

    def diagnose(self, X: Rows = None, y: Any = None, *, X_val: Rows = None, y_val: Any = None) -> Diagnosis:
        """Say what is wrong with the training, the likely cause first; `print` it.

        Parameters
        ----------
        X, y : rows and targets, optional
            The training rows, or others like them: see `lamina.Model.diagnose`.
        X_val, y_val : optional
            Validation rows, to see whether they stand among those of X.
        """
        model = self._fitted()
        X, X_val = (None if rows is None else self._checked_rows(rows) for rows in (X, X_val))
        y, y_val = (None if targets is None else self._checked_target(targets) for targets in (y, y_val))
        return model.diagnose(X, y, X_val=X_val, y_val=y_val)

    def find_learning_rate(
        self, X: Rows, y: Any, sample_weight: Any = None, *, rates: Any = None, steps: int = 100
    ) -> LearningRateSweep:
        """Train for some steps at each of a range of learning rates; the estimator does not change.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.
        rates : sequence of float, optional
            From 1e-6 to 10, two for each decade, where not given.
        steps : int
            Of each rate, from the same start and on the same batches.

        Returns
        -------
        LearningRateSweep
            `suggestion` is for `learning_rate_init`; `print` it, or `plot` it.

        Raises
        ------
        lamina.errors.SettingError
            The optimiser has no learning rate, or no rate makes the cost lower.
        """
        rows, y, _ = self._checked(X, y)
        settings = self.get_params(deep=False) | {"scoring": "cost", "n_bags": 1}
        return sweep(*prepare(rows, y, sample_weight, settings=settings, task=self._task), rates, steps)

    def plot_history(self, axes: Any = None) -> LearningCurveDisplay:
        """Draw cost and score of every epoch; needs matplotlib."""
        watched = self._fitted().watched_rows
        return LearningCurveDisplay(self.history_, self._score_name, self.best_epoch_, watched).plot(axes)

    def save(self, path: Any) -> None:
        """Write the model to a file that `lamina.load` and the command line read."""
        from lamina.model_file import save

        save(self._fitted(), path)

    def to_onnx(self, path: Any, *, inputs: Literal["columns", "matrix"] = "columns") -> None:
        """Write the model, its encoder included, to an ONNX file; see `lamina.Model.to_onnx`."""
        self._fitted().to_onnx(path, inputs=inputs)

    def model_card(self, X: Rows = None, y: Any = None, **words: str) -> str:
        """Return a model card in Markdown, with scores on these rows if there are some; see `lamina.Model.model_card`.

        Parameters
        ----------
        X, y : rows and targets, optional
        **words
            `name`, `license`, `about`, `limits`.
        """
        return self._fitted().model_card(None if X is None else self._checked_rows(X), y, **words)

    @property
    def parameters_(self) -> dict[str, NDArray[Any]]:
        """W1 (units, units_prev), b1 (units, 1), ... as the lecture names them: views, to read or to edit the model.

        With `n_bags` they have a first axis more, of the networks.
        """
        model = self._model_or_no_attribute()
        return model.network.named(model.params)

    @property
    def coefs_(self) -> list[NDArray[Any]]:
        """The weights of the linear layers as scikit-learn shapes them, (units_prev, units); views.

        What comes before the first of them, such as an embedding, is in `parameters_`.
        """
        return [W.swapaxes(-1, -2) for name, W in self.parameters_.items() if name.startswith("W")]

    @property
    def intercepts_(self) -> list[NDArray[Any]]:
        """The biases of the linear layers as scikit-learn shapes them, (units,); views."""
        return [b[..., 0] for name, b in self.parameters_.items() if name.startswith("b") and name[1:].isdigit()]

    @property
    def loss_curve_(self) -> list[float]:
        """The training cost of every epoch."""
        self._model_or_no_attribute()
        return [record["cost"] for record in self.history_]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = self.missing == "encode"
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _sk_visual_block_(self) -> Any:
        """Return what scikit-learn's diagram shows of the estimator: its layers, once it is fitted."""
        return of_estimator(self, self.model_.network if hasattr(self, "model_") else None)

    # ---- pickles ----

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), VERSION: version("lamina")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take a pickle's attributes; settings that its release did not have keep their defaults."""
        state = dict(state)
        written, here = state.pop(VERSION, None), version("lamina")
        new = [name for name in settings_for(self._task) if name not in state]
        super().__setstate__({name: getattr(type(self), name) for name in new} | state)
        if written != here or new:
            older = "an older release, which did not write its version," if written is None else f"lamina {written}"
            defaults = f" New settings are at their defaults: {', '.join(new)}." if new else ""
            warnings.warn(
                f"this {type(self).__name__} was pickled by {older} and is read by lamina {here}.{defaults} "
                "To keep a model for longer than a release, write a model file (save, lamina.load).",
                VersionWarning,
                stacklevel=2,
            )

    # ---- settings ----

    def set_params(self, **params: Any) -> Any:
        """Change settings by name, as every scikit-learn estimator does."""
        known = settings_for(self._task)
        for name in params:
            if "__" not in name and name not in known:
                raise ValueError(unknown(name, type(self).__name__, self._task))
        return super().set_params(**params)

    # ---- the door ----

    def _opened(
        self,
        X: Rows,
        y: Any,
        weights: Any,
        roles: Roles,
        stream: bool | None = None,
        cache: Any = None,
        reset: bool = True,
    ) -> tuple[Table | StreamedSource, Any, Any, Names]:
        """Return rows, targets and weights, and what the estimator will know of the columns; it does not change."""
        rows: Table | StreamedSource
        from_files = is_stream(X)
        if not from_files and (stream is not None or cache is not None):
            raise SettingError("stream and cache are for files and streams: these rows are in memory")
        if not from_files and not roles.named:
            rows, y, names = self._checked(X, y, reset)
            return rows, y, weights, names
        reading = None if reset else self._fitted().encoder.reading
        found = rows_of(X, reading=reading) if from_files else None
        if found is not None and y is None and weights is None and way_of(found, stream).streamed:
            rows, columns, named = StreamedSource(found, roles, cache=cache), found.names, True
        else:
            if found is not None and (y is not None or weights is not None) and (stream or cache is not None):
                raise SettingError(
                    "y and sample_weight are in memory: name columns of a stream, target='...' and weight='...', or "
                    "leave out stream and cache"
                )
            table, y, weights = self._read(X, y, weights, found, reading)
            rows, columns, named = table, table.names, table.named
        inputs = roles.inputs(columns)
        names = {"n_features_in_": len(inputs)}
        return rows, y, weights, names | ({"feature_names_in_": np.array(inputs, object)} if named else {})

    @staticmethod
    def _read(X: Rows, y: Any, weights: Any, stream: Any, reading: Any) -> tuple[Table, Any, Any]:
        """Return rows in memory with targets and weights, which batches may bring."""
        if stream is None:
            return read(X, reading=reading), y, weights
        rows, own_y, own_weights, _ = stream.everything()
        for what, given, own in (("y", y, own_y), ("sample_weight", weights, own_weights)):
            if given is not None and own is not None:
                raise DataError(f"{what} is given, and the batches bring their own: one expected")
        return rows, own_y if y is None else y, own_weights if weights is None else weights

    def _checked(self, X: Rows, y: Any, reset: bool = True) -> tuple[Table, Any, Names]:
        """Return rows and targets, and what the estimator will know of the columns; it does not change."""
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None: pass the labels or numbers."
            )
        looking = object.__new__(type(self))
        looking.__dict__.update(self.__dict__)
        rows = looking._checked_rows(X, reset=reset)
        return rows, self._checked_target(y), _names_of(looking)

    def _checked_rows(self, X: Rows, reset: bool = False) -> Any:
        """Return the rows as a Table, after scikit-learn's checks of names and sizes; those of files as a RowStream."""
        if isinstance(X, Table | RowStream):
            return X
        reading = None if reset or not hasattr(self, "model_") else self.model_.encoder.reading
        if not reset and is_stream(X):
            return rows_of(X, reading=reading)
        if isinstance(X, np.ndarray) and X.dtype.names is not None and X.ndim == 1:  # a structured array
            X = {name: X[name] for name in X.dtype.names}
        if not reset and self._fits_as_it_is(X):
            return read(X, reading=reading)
        sparse = hasattr(X, "tocsr")  # one of its formats, DOK, is a dictionary
        of_columns = hasattr(X, "columns") or hasattr(X, "__arrow_c_stream__") or isinstance(X, list | tuple | dict)
        if of_columns and not sparse:
            rows = read(X, reading=reading)
            if isinstance(X, dict):
                self._note_names_of(X, reset)
            else:
                unseen = rows.named and _get_feature_names(X) is None
                _check_feature_names(self, _Names(rows.names) if unseen else X, reset=reset)
            _check_n_features(self, np.broadcast_to(np.float32(0), (rows.n_rows, len(rows.names))), reset=reset)
            return rows
        X = X if sparse else _plain_array(X)
        X = validate_data(self, X, reset=reset, dtype=None, accept_sparse="csr", ensure_all_finite=False)
        return read(X, reading=reading)

    def _calibrated(self, X: Rows, y: Any, sample_weight: Any) -> Self:
        """Take the errors on these rows for intervals or sets."""
        y = self._checked_target(y)
        self.model_ = self._fitted().calibrate_intervals(self._checked_rows(X), y, sample_weight)
        return self

    def _rows_to_predict(self, X: Rows) -> Any:
        """Return the rows after the same checks, or as they are where these find nothing: one row needs no table."""
        return X if self._fits_as_it_is(X) else self._checked_rows(X)

    def _note_names_of(self, X: dict[Any, Any], reset: bool) -> None:
        """Keep the names of a dictionary of columns as scikit-learn keeps those of a frame."""
        if reset:
            self.__dict__.pop("feature_names_in_", None)
            if all(isinstance(name, str) for name in X):
                self.feature_names_in_ = np.array([*X], object)

    def _fits_as_it_is(self, X: Rows) -> bool:
        """Return whether scikit-learn's checks, which take longer than a row's prediction, can find nothing."""
        names = getattr(self, "feature_names_in_", None)
        if names is not None:
            return getattr(X, "shape", None) == (1, len(names)) and [*getattr(X, "columns", ())] == names.tolist()
        plain = type(X) is np.ndarray and X.ndim == 2 and X.dtype.kind in "fiu" and len(X) > 0
        return bool(plain and X.shape[1] == getattr(self, "n_features_in_", None))

    def _checked_target(self, y: Any) -> Any:
        y = _plain_array(y.toarray() if hasattr(y, "tocsr") else y)
        one_column = self._task == "classifier" and y.ndim == 2 and y.shape[1] == 1
        return column_or_1d(y, warn=True) if one_column else y

    # ---- a fit ----

    def _score(
        self, X: Rows, rows: Table | StreamedSource, y: Any, roles: Roles, X_val: Rows, y_val: Any, names: Names
    ) -> Callable[[Model, Any], float] | None:
        """Return what watches training; the scorer gets an estimator of this class."""
        if isinstance(rows, Table):
            if roles.target is None:
                X = X if rows.matrix is None and not is_stream(X) else rows if rows.matrix is None else rows.matrix
            else:
                X, y, _, _ = taken_apart(rows, roles)
        validation = None if X_val is None else (X_val, y_val)
        fitted = partial(self._copy_with, names=names)
        return score_of(self.scoring, X, y, validation, task=self._task, fitted=fitted)

    def _copy_with(self, model: Model, names: Names) -> Any:
        """Return a copy of this estimator that is fitted with a model."""
        copy = self.__class__(**self.get_params(deep=False))
        copy.__dict__.update(self._of_model(model) | names)
        return copy

    def _before(self) -> Before | None:
        """Return the last fit, to go on from; None before the first."""
        if not hasattr(self, "model_"):
            return None
        return Before(self.model_, getattr(self, "_state", None), getattr(self, "_n_rows_first_run", None))

    def _take(self, run: Run, state: State, model: Model, names: Names, keep: bool) -> None:
        """Become fitted: all attributes change together, at the end."""
        for name in ("_state", "traces_", "oof_prediction_", "oof_score_", *OF_COLUMNS):
            self.__dict__.pop(name, None)
        self.__dict__.update(self._attributes(run, state, model) | names | ({"_state": state} if keep else {}))

    def _attributes(self, run: Run, state: State, model: Model) -> dict[str, Any]:
        """Return what a fitted estimator has, besides the names of its columns."""
        found = self._of_model(model) | {"n_iter_": state.epoch, "best_epoch_": state.best_epoch}
        found |= {"stopped_": state.stopped, "settings_": run.settings, "_score_name": run.score_name}
        return found | {"_n_rows_first_run": run.n_rows_first_run}

    def _of_model(self, model: Model) -> dict[str, Any]:
        """Return the attributes that a model gives."""
        return {"model_": model, "history_": model.history, "n_outputs_": model.network.n_outputs}

    def _warn_of_interrupt(self, state: State, checkpoint: Any) -> None:
        what = f"the best of {state.best_epoch}" if state.best_epoch else f"step {state.step}, within the first epoch"
        on = "warm_start=True and fit" if checkpoint is None else f"the same call with checkpoint={str(checkpoint)!r}"
        warnings.warn(
            f"{state.stopped} ended training in epoch {state.epoch + bool(state.rows)}. The estimator has the "
            f"weights of {what}. To go on: {on}.",
            InterruptedWarning,
            stacklevel=4,
        )

    def _fitted(self) -> Model:
        if not hasattr(self, "model_"):
            check_is_fitted(self, "model_")  # raises, in scikit-learn's words
        model: Model = self.model_
        return model

    def _model_or_no_attribute(self) -> Model:
        try:
            return self._fitted()
        except NotFittedError as problem:
            raise AttributeError(str(problem)) from None


def _fitted_in_group(estimator: Any, given: dict[str, Any], group: Group) -> Any:
    """Return the estimator, fitted by a worker of a group."""
    return estimator.fit(**given, cluster=group)


def _tracer(steps: Any, n_bags: int) -> Any:
    if n_bags != 1:
        raise SettingError(f"trace looks into one network, and n_bags={n_bags} trains several: leave out one of them")
    from lamina.glassbox.fit_tracing import StepTracer  # where it is asked for: an import of lamina stays light

    return StepTracer(steps)


def _names_of(estimator: Any) -> Names:
    """Return what an estimator knows of the columns."""
    return {name: getattr(estimator, name) for name in OF_COLUMNS if hasattr(estimator, name)}


class _Names:
    """Names of columns, as scikit-learn before 1.9 asks frames for them: polars 2 no longer answers that itself."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names

    def __dataframe__(self) -> "_Names":
        return self

    def column_names(self) -> tuple[str, ...]:
        return self.names


def _plain_array(values: Any) -> NDArray[Any]:
    """Return an array; of a masked one with NaN or None where it is masked."""
    if isinstance(values, np.ma.MaskedArray):
        return unmasked(values)
    try:
        return np.asarray(values)
    except ValueError as problem:
        raise DataError(f"rows of one length expected: {problem}") from problem


def _check_same_classes(classes: Any, target: Any) -> None:
    """Raise a SettingError where a later call of partial_fit names other classes than the first."""
    if target.task != "multilabel" and not np.array_equal(np.unique(classes), target.classes):
        found, known = np.unique(classes).tolist(), target.classes.tolist()
        raise SettingError(f"classes={found}: the first call had {known}. Leave classes out, or start with a clone.")


class _Callbacks:
    """scikit-learn's callbacks, told of a fit and of every epoch; nothing where there are none."""

    def __init__(self, estimator: Any, run: Run, state: State, X: Rows, y: Any, names: Names) -> None:
        self._estimator, self._run, self._state, self._names = estimator, run, state, names
        self._told = {"estimator": estimator, "X": X, "y": y}
        self._fit: Any = None
        if hasattr(estimator, "_init_callback_context"):
            left = 0 if state.stopped else max(run.recipe.epochs - state.epoch, 0)
            self._fit = estimator._init_callback_context(max_subtasks=left)
            self._fit.call_on_fit_task_begin(**self._told)
            if left:
                self._epoch_begins()

    def _epoch_begins(self) -> None:
        self._epoch = self._fit.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._told)

    def epoch_ended(self, record: Record) -> bool:
        """Tell of an epoch; return whether a callback asks to stop."""
        if self._fit is None:
            return False
        stop = self._epoch.call_on_fit_task_end(
            **self._told, reconstruction_attributes=lambda: self._attributes(current(self._run, self._state))
        )
        if not (stop or self._state.stopped):
            self._epoch_begins()
        return bool(stop)

    def fit_ended(self) -> None:
        """Tell of the end, once the estimator is fitted."""
        if self._fit is not None:
            best = self._estimator.model_
            self._fit.call_on_fit_task_end(**self._told, reconstruction_attributes=lambda: self._attributes(best))

    def _attributes(self, model: Model) -> dict[str, Any]:
        found: dict[str, Any] = self._estimator._attributes(self._run, self._state, model)
        return found | self._names


class DeepClassifier(ClassifierSettings, ClassifierMixin, _DeepEstimator):
    _task = "classifier"

    @available_if(_without_bags)  # type: ignore[untyped-decorator]
    def partial_fit(
        self,
        X: Rows,
        y: Any = None,
        classes: Any = None,
        sample_weight: Any = None,
        *,
        target: str | Sequence[str] | None = None,
        weight: str | None = None,
    ) -> Any:
        """Train for one epoch on these rows, continuing from the last call.

        Scaling and encoding of the columns are those of the first call; a column that did not vary there is scaled by
        the first rows in which it does. The learning rate is constant: `learning_rate_init`, or a tenth of the preset's
        where that has a schedule, because a schedule spans all the epochs of a fit.

        Parameters
        ----------
        X, y
            As in `fit`.
        classes : array, optional
            All classes; required by the first call, unless its rows come from files or a stream.
        sample_weight, target, weight
            As in `fit`.

        Returns
        -------
        self
        """
        return self._partial_fit(X, y, classes, sample_weight, Roles(target, weight))

    def predict_proba(self, X: Rows) -> NDArray[np.float64]:
        """Return a probability per row and class, shape (m, classes), classes in the order of `classes_`."""
        return self._fitted().predict_proba(self._rows_to_predict(X))

    def predict_log_proba(self, X: Rows) -> NDArray[np.float64]:
        """Return the logarithm of `predict_proba`, of the same shape; -inf where a probability is 0."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict_set(self, X: Rows, coverage: float = 0.9) -> NDArray[np.bool_]:
        """Return which labels each row may have, shape (m, classes), in the order of `classes_`.

        The right label is among them with the probability `coverage`, or more: split conformal prediction on the
        validation rows of the fit, or on those of `calibrate_sets`. The likeliest label is always in the set. See
        `lamina.Model.predict_set`, and docs/intervals.md for what the promise holds of.

        Parameters
        ----------
        X : rows
        coverage : float
            Between 0 and 1.

        Raises
        ------
        lamina.errors.SettingError
            Nothing was held out (``early_stopping=False``), or too little for this coverage; or several labels a row.
        """
        return self._fitted().predict_set(self._rows_to_predict(X), coverage)

    def calibrate_sets(self, X: Rows, y: Any, sample_weight: Any = None) -> Self:
        """Let `predict_set` go by the errors on these rows, which must have had no part in the fit.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.

        Returns
        -------
        self
        """
        return self._calibrated(X, y, sample_weight)

    def decision_function(self, X: Rows) -> NDArray[np.float64]:
        """Return Z[L]: above 0 means the second of two classes; shape (m,), or (m, classes) for more than two."""
        model = self._fitted()
        Z = model.logits(self._checked_rows(X))
        return Z[:, 0] if model.target.task == "binary" else Z  # type: ignore[union-attr]

    def _of_model(self, model: Model) -> dict[str, Any]:
        return {**super()._of_model(model), "classes_": model.target.classes}  # type: ignore[union-attr]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class DeepRegressor(RegressorSettings, RegressorMixin, _DeepEstimator):
    _task = "regressor"

    @available_if(_without_bags)  # type: ignore[untyped-decorator]
    def partial_fit(
        self,
        X: Rows,
        y: Any = None,
        sample_weight: Any = None,
        *,
        target: str | Sequence[str] | None = None,
        weight: str | None = None,
    ) -> Any:
        """Train for one epoch on these rows, continuing from the last call.

        Scaling and encoding of columns and targets are those of the first call; one that did not vary there is scaled
        by the first rows in which it does. The learning rate is constant: `learning_rate_init`, or a tenth of the
        preset's where that has a schedule, because a schedule spans all the epochs of a fit.

        Parameters
        ----------
        X, y, sample_weight, target, weight
            As in `fit`.

        Returns
        -------
        self
        """
        return self._partial_fit(X, y, None, sample_weight, Roles(target, weight))

    def predict_interval(self, X: Rows, coverage: float = 0.9) -> NDArray[np.float64]:
        """Return the lowest and the highest number of each row, shape (m, 2), or (m, targets, 2).

        An interval holds the row's number with the probability `coverage`, or more: split conformal prediction on the
        validation rows of the fit, or on those of `calibrate_intervals`. See `lamina.Model.predict_interval`, and
        docs/intervals.md for what the promise holds of.

        Parameters
        ----------
        X : rows
        coverage : float
            Between 0 and 1.

        Raises
        ------
        lamina.errors.SettingError
            Nothing was held out (``early_stopping=False``), or too little for this coverage.
        """
        return self._fitted().predict_interval(self._rows_to_predict(X), coverage)

    def calibrate_intervals(self, X: Rows, y: Any, sample_weight: Any = None) -> Self:
        """Let `predict_interval` go by the errors on these rows, which must have had no part in the fit.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.

        Returns
        -------
        self
        """
        return self._calibrated(X, y, sample_weight)

    def predict_quantiles(self, X: Rows) -> NDArray[np.float64]:
        """Return the quantiles that the loss asked for, shape (m, quantiles), or (m, targets, quantiles).

        They are in the order of the loss, and do not cross.

        Raises
        ------
        lamina.errors.SettingError
            The loss has no quantiles: fit with ``loss="quantile(quantiles=(0.1, 0.5, 0.9))"``.
        """
        return self._fitted().predict_quantiles(self._rows_to_predict(X))

    def score(self, X: Rows, y: Any, sample_weight: Any = None) -> float:
        """Return R^2, the mean over several targets; with several quantiles the one nearest to the median is scored."""
        loss = self._fitted().network.loss
        if isinstance(loss, Quantile) and len(loss.quantiles) > 1:
            return self.model_.score(self._checked_rows(X), y, sample_weight)
        return float(super().score(X, y, sample_weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


# Defaults as attributes of the classes too, so that an estimator of a release with fewer settings has them.
for _class in (DeepClassifier, DeepRegressor):
    for _name, _one in settings_for(_class._task).items():
        setattr(_class, _name, _one.default)

DeepClassifier.__doc__ = _documented(
    "Deep network classifier: binary, multi-class and multi-label (y of 0 and 1, a column per label).",
    "classifier",
    ATTRIBUTES + "classes_ : array\n    The labels, sorted.\n",
)
DeepRegressor.__doc__ = _documented("Deep network regressor: one or several targets.", "regressor", ATTRIBUTES)
