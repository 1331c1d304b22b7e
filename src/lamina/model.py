"""A model: a network, its parameters, and the way from columns to A[0] and from A[L] back to answers.

rows -> Encoder.encode -> A[0] -> engine.predict -> A[L] -> Labels.decode or Numbers.decode -> answers
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from html import escape
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.computed_once import cached_property
from lamina.data.encoding.encoder import Encoder
from lamina.data.encoding.one_row import single_row
from lamina.data.splitting import check_weights
from lamina.data.tables.row_streams import RowStream, is_stream, rows_of
from lamina.data.tables.sources import read
from lamina.data.tables.table import Table
from lamina.data.target_values import plain
from lamina.data.targets import Labels, Numbers
from lamina.engine import EngineName, prepared
from lamina.equations.layers import chain_predict
from lamina.equations.losses import Quantile, SquaredError
from lamina.equations.members import for_members, mean_of_members
from lamina.equations.network import Network
from lamina.equations.verbs import weighted_loss
from lamina.equations.walk import walk
from lamina.errors import DataError, SettingError
from lamina.learning.conformal import Conformal, has_scores, intervals, joined, probabilities, scores_of, sets
from lamina.learning.diagnosis.findings import Diagnosis
from lamina.one_row import RowPass

if TYPE_CHECKING:
    from lamina.glassbox.trace import Trace

ROWS_PER_BLOCK = 8192  # rows that are encoded and predicted together
BLOCKS_READ = 8  # of rows from files that are read together
LARGEST_KEPT = 2**20  # parameters that are kept ready for single rows
ONE_LABEL = "sets are of labels that exclude one another, two or more: this model predicts several a row, or has one."


@dataclass(frozen=True)
class Model:
    """Everything needed to predict, and a record of how it was trained.

    Attributes
    ----------
    network : Network
    params : array, shape (network.size,), or (bags, network.size)
        Of several bags, whose predictions are averaged, each in a row.
    encoder : Encoder
    target : Labels or Numbers
    target_name : str
        The column that the model predicts.
    settings : dict
        The settings that differ from their defaults, as plain values.
    history : list of dict
        One entry per epoch: epoch, cost, validation_cost, ...
    scores : dict of str to float
        Scores on the validation rows, if there were any.
    best_epoch : int
        The epoch whose weights these are, counted from 1; 0 if unknown.
    stopped : str
        Why training ended.
    engine : {"auto", "equations", "kernels", "torch"}
    device : str
        See `lamina.engine.choose`; where they are not there any more, the fastest engine on the CPU predicts.
    signs : dict, optional
        What `diagnose` goes by besides the history: looks at the layers while they learned, and what the rows said.
    conformal : Conformal, optional
        How far off rows were that were not learned from: what `predict_interval` and `predict_set` go by.
    """

    network: Network
    params: NDArray[Any]
    encoder: Encoder
    target: Labels | Numbers
    target_name: str = "y"
    settings: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    scores: dict[str, float] = field(default_factory=dict)
    best_epoch: int = 0
    stopped: str = ""
    engine: EngineName = "auto"
    device: str = "auto"
    signs: dict[str, Any] | None = None
    conformal: Conformal | None = None

    @property
    def bags(self) -> int:
        """How many networks predict together; see the setting `n_bags`."""
        return len(self.params) if self.params.ndim == 2 else 1

    def bag(self, number: int) -> "Model":
        """Return the model of one bag alone, counted from 0: to look into it.

        Raises
        ------
        SettingError
            There is no such bag.
        """
        if isinstance(number, bool) or not isinstance(number, int | np.integer) or not 0 <= number < self.bags:
            raise SettingError(
                f"bag({number!r}): this model has {self.bags} network{'s' * (self.bags > 1)} (n_bags), expected a "
                f"whole number from 0 to {self.bags - 1}."
            )
        settings = {name: value for name, value in self.settings.items() if name != "n_bags"}
        params = np.atleast_2d(self.params)[number]
        return replace(self, params=params, settings=settings, conformal=None, scores={})

    def check_single(self, what: str) -> None:
        """Raise a SettingError where there is not one network to look into, but several bags."""
        if self.bags > 1:
            raise SettingError(
                f"{what} looks into one network, and this model averages {self.bags} (n_bags): take one of them, "
                "lamina.load(path).bag(0) of a file, or model_.bag(0) of an estimator."
            )

    def diagnose(self, X: Any = None, y: Any = None, *, X_val: Any = None, y_val: Any = None) -> Diagnosis:
        """Say what is wrong with the training of this model, the likely cause first; `print` it.

        Parameters
        ----------
        X, y : rows and targets, optional
            The training rows, or others like them. With rows columns and targets are looked at again, and a fresh
            network of the same settings tries to learn a few of them by heart.
        X_val, y_val : optional
            Validation rows, to see whether they stand among those of X.

        Returns
        -------
        Diagnosis
            Its findings, and what could not be looked at.

        Raises
        ------
        DataError
            Rows without targets, or rows that the model cannot read.
        """
        from lamina.learning.diagnosis.diagnosing import diagnose

        return diagnose(self, X, y, X_val=X_val, y_val=y_val)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a file that `lamina.load` and the command line read.

        Raises
        ------
        ModelFileError
            The file cannot be written; an existing one is unchanged.
        """
        from lamina.model_file import save

        save(self, path)

    def to_onnx(self, path: str | os.PathLike[str], *, inputs: Literal["columns", "matrix"] = "columns") -> None:
        """Write the model, its encoder included, to an ONNX file; needs the extra `onnx`.

        Parameters
        ----------
        path : path
        inputs : {"columns", "matrix"}
            An input of shape (rows, 1) for each column, under its name; or one, `X`, of shape (rows, columns), where
            no column is text.

        Raises
        ------
        ExportError
            The model holds what ONNX cannot express, or the file cannot be written; an existing one is unchanged.
        MissingExtraError
            The library onnx is not installed.
        """
        from lamina.exporting import to_onnx

        to_onnx(self, path, inputs=inputs)

    def model_card(self, X: Any = None, y: Any = None, **words: str) -> str:
        """Return a model card: Markdown with the metadata that Hugging Face and skops read.

        Parameters
        ----------
        X, y : rows and targets, optional
            To have scores on: rows that it did not learn from. Without them the card has the scores on the rows that
            were held out while it trained, if there were some.
        **words
            `name`, `license` (an identifier such as "bsd-3-clause"), and in Markdown `about`, what it is for, and
            `limits`, what it is not for.

        Raises
        ------
        DataError
            X without y.
        SettingError
            There is no such word.
        """
        from lamina.reporting.card import model_card

        return model_card(self, X, y, **words)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy of labels, or R^2 of numbers, as scikit-learn defines them.

        With several targets R^2 is their mean; with several quantiles the one nearest to the median is scored.

        Parameters
        ----------
        X : rows
        y : array, shape (m,) or (m, targets)
        sample_weight : array, shape (m,), optional

        Raises
        ------
        DataError
            There are not as many targets as rows.
        """
        from sklearn.metrics import accuracy_score, r2_score

        predicted, loss, y = self.predict(X), self.network.loss, plain(y)
        if len(y) != len(predicted):
            raise DataError(f"y has {len(y)} values and X has {len(predicted)} rows: expected one for each.")
        if isinstance(self.target, Labels):
            return float(accuracy_score(y, predicted, sample_weight=sample_weight))
        if isinstance(loss, Quantile) and len(loss.quantiles) > 1:
            predicted = predicted[..., int(np.argmin(np.abs(np.array(loss.quantiles) - 0.5)))]
        return float(r2_score(y, predicted, sample_weight=sample_weight))

    def encode(self, X: Any) -> NDArray[Any]:
        """Return A[0] as rows, shape (m, n_inputs).

        `X` is anything that `lamina.data.tables.sources.read` or `lamina.data.tables.row_streams.rows_of` reads.
        """
        return self.encoder.encode(self._table(X), self.params.dtype)

    def output(self, X: Any) -> NDArray[np.float64]:
        """Return A[L] as rows, shape (m, n_outputs)."""
        A = self._output_of_one(X) if self.params.size <= LARGEST_KEPT else None
        return self._by_block(self.network, X) if A is None else A

    def _output_of_one(self, X: Any) -> NDArray[np.float64] | None:
        """Return A[L] of a single row, shape (1, n_outputs), without a table; None where it takes one."""
        if type(X) is np.ndarray and X.shape == (1, len(self.encoder.names_in)) and not self.encoder.named:
            A = self._row_pass.output_of_array(X)
            if A is not None:
                return A
        row = single_row(X, self.encoder)
        return None if row is None else self._row_pass.output(row)

    @property
    def _row_pass(self) -> RowPass:
        """What predicts single rows, made once for each set of parameters."""
        kept: RowPass | None = self.__dict__.get("_kept_row_pass")
        if kept is None or not np.logical_and.reduce(kept.params == self.params, axis=None):
            kept = RowPass(self.encoder, self.network, self.params, self.engine, self.device)
            self.__dict__["_kept_row_pass"] = kept
        return kept

    def logits(self, X: Any) -> NDArray[np.float64]:
        """Return Z[L] as rows, shape (m, n_outputs): A[L] without the output function.

        Of several members or bags, what the output function takes to the mean of their A[L].
        """
        if self.network.members > 1 or self.bags > 1:
            return np.asarray(self.network.loss.link(self.output(X).T).T)
        return self._by_block(self._emitting_logits, X)

    @cached_property
    def _emitting_logits(self) -> Network:
        """The same network with the identity as its output function: it predicts Z[L]."""
        return replace(self.network, loss=SquaredError())

    def __getstate__(self) -> dict[str, Any]:
        """Return the fields: what is cached beside them is not worth a pickle."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def predict(self, X: Any) -> NDArray[Any]:
        """Return labels or numbers, one per row, in the order of the rows.

        Several quantiles give a column each, shape (m, quantiles), or (m, targets, quantiles) for several targets.
        """
        return self.decoded(self.output(X))

    def decoded(self, A: NDArray[np.float64]) -> NDArray[Any]:
        """Return the labels or numbers that outputs A[L] (m, n_outputs) mean; see `predict`."""
        y, loss = self.target.decode(A), self.network.loss
        if isinstance(loss, Quantile) and isinstance(self.target, Numbers) and len(loss.quantiles) > 1:
            # all quantiles of target 1 come first
            return y if self.target.n_targets == 1 else y.reshape(len(y), self.target.n_targets, -1)
        return y

    def predict_quantiles(self, X: Any) -> NDArray[np.float64]:
        """Return the quantiles of the loss, shape (m, quantiles), or (m, targets, quantiles) for several targets.

        They are in the order of the loss. Where those of a row cross, they are sorted, which never makes them worse
        (Chernozhukov, Fernandez-Val, Galichon 2010).

        Raises
        ------
        SettingError
            The loss of this model has no quantiles.
        """
        loss = self.network.loss
        if not isinstance(loss, Quantile):
            raise SettingError(
                f"This model was trained with the loss {loss.kind}, which has no quantiles: train it with "
                'loss="quantile(quantiles=(0.1, 0.5, 0.9))", or loss=Quantile(quantiles=(0.1, 0.5, 0.9)) with Quantile '
                "from lamina.equations.losses."
            )
        y = self.predict(X).reshape(-1, self.network.n_outputs // len(loss.quantiles), len(loss.quantiles))
        y = np.sort(y, axis=2)[:, :, np.argsort(np.argsort(loss.quantiles, kind="stable"))]
        return y[:, 0] if y.shape[1] == 1 else y

    def predict_interval(self, X: Any, coverage: float = 0.9) -> NDArray[np.float64]:
        """Return an interval for each row that holds its number with the probability `coverage`, or more.

        Split conformal prediction: as wide as the errors on rows that were not learned from, the validation rows of
        the fit or those of `calibrate_intervals`. With two or more quantiles it is what is between the lowest and the
        highest of them, made wider or narrower, so that each row has a width of its own; for counts
        (`loss="poisson"`) the width grows with the root of the prediction, for amounts (`loss="gamma"`) with the
        prediction.

        The promise holds for rows drawn like those, on average over all of them, and for each target apart.
        Validation rows have also chosen the epoch, which may cost a little of it; see docs/intervals.md.

        Parameters
        ----------
        X : rows
        coverage : float
            Between 0 and 1.

        Returns
        -------
        array, shape (m, 2), or (m, targets, 2)
            The lowest and the highest number.

        Raises
        ------
        SettingError
            Nothing was held out, or too little for this coverage; or the model predicts labels.
        """
        if not isinstance(self.target, Numbers):
            raise SettingError("This model predicts labels: predict_set gives the labels that a row may have.")
        self._held_out().at(coverage)  # what cannot be promised is said before anything is read
        return self.intervals(self.output(X), coverage)

    def intervals(self, A: NDArray[np.float64], coverage: float) -> NDArray[np.float64]:
        """Return the intervals that outputs A[L] (m, n_outputs) mean; see `predict_interval`."""
        assert isinstance(self.target, Numbers)
        found = intervals(self.target, self.network.loss, A, self._held_out().at(coverage))
        return found[:, 0] if self.target.flat and self.target.n_targets == 1 else found

    def predict_set(self, X: Any, coverage: float = 0.9) -> NDArray[np.bool_]:
        """Return which labels each row may have: the right one is among them with the probability `coverage`, or more.

        The likeliest label is always in the set, and others whose probability is high enough, as measured on rows that
        were not learned from (split conformal prediction). See `predict_interval` for what the promise holds of.

        Parameters
        ----------
        X : rows
        coverage : float
            Between 0 and 1.

        Returns
        -------
        array of bool, shape (m, n_classes)

        Raises
        ------
        SettingError
            Nothing was held out, or too little for this coverage; or the model does not predict one label a row.
        """
        if not isinstance(self.target, Labels):
            raise SettingError("This model predicts numbers: predict_interval gives the interval that a row's is in.")
        self._score_of_sets(coverage)  # what cannot be promised is said before anything is read
        return self.label_sets(self.output(X), coverage)

    def label_sets(self, A: NDArray[np.float64], coverage: float) -> NDArray[np.bool_]:
        """Return the sets that outputs A[L] (m, n_outputs) mean; see `predict_set`."""
        return sets(self._check_has_classes(), A, self._score_of_sets(coverage))

    def _score_of_sets(self, coverage: float) -> float:
        if not has_scores(self.target):
            raise SettingError(ONE_LABEL)
        return float(self._held_out().at(coverage)[0])

    def _held_out(self) -> Conformal:
        if self.conformal is None:
            of = "calibrate_intervals" if isinstance(self.target, Numbers) else "calibrate_sets"
            raise SettingError(
                f"no rows were held out of this fit, so nothing says how far off its predictions are: call {of}(X, y) "
                "with rows that it has not learned from, or fit with early_stopping=True or X_val."
            )
        return self.conformal

    def calibrate_intervals(self, X: Any, y: Any, sample_weight: Any = None) -> "Model":
        """Return this model with intervals (or sets of labels) that go by the errors on these rows.

        Of rows that had no part in the fit, not in choosing its epoch or its settings either, the promise of
        `predict_interval` and `predict_set` holds exactly.

        Parameters
        ----------
        X : rows
        y : array, shape (m,) or (m, targets)
        sample_weight : array, shape (m,), optional
            A row of weight 2 counts as two rows, a row of weight 0 as none.

        Raises
        ------
        DataError
            Rows and targets do not fit the model or one another, or no row counts.
        SettingError
            Several labels a row.
        """
        if not has_scores(self.target):
            raise SettingError(ONE_LABEL)
        A, Y = self.output(X), np.asarray(self.target.encode(y), np.float64)
        if len(Y) != len(A):
            raise DataError(f"y has {len(Y)} values and X has {len(A)} rows: expected one for each.")
        weights = None if sample_weight is None else check_weights(sample_weight, len(A))
        found = joined([(scores_of(self.target, self.network.loss, A, Y), weights)])
        return replace(self, conformal=found)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return a probability per row and class, shape (m, n_classes); for labels only.

        Raises
        ------
        DataError
            The model predicts numbers.
        """
        self._check_has_classes()
        return self.probabilities(self.output(X))

    def probabilities(self, A: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probabilities that outputs A[L] (m, n_outputs) mean; see `predict_proba`."""
        return probabilities(self._check_has_classes(), A)

    def _check_has_classes(self) -> Labels:
        if not isinstance(self.target, Labels):
            raise DataError("This model predicts numbers: it has no probabilities. Use predict.")
        return self.target

    def activations(self, X: Any, layer: int) -> NDArray[np.float64]:
        """Return the output of `network.layers[layer]`, the mean over members, shape (m, units); the first bag's."""
        views = self.network.views(self.params.reshape(-1, self.network.size)[0].astype(np.float64))[: layer + 1]
        layers, parts = self.network.layers[: layer + 1], []
        for block in self.blocks(self._table(X)):
            A = chain_predict(layers, views, for_members(self.network.members, block.T.astype(np.float64)))
            parts.append(mean_of_members(self.network.members, A).T)
        return np.concatenate(parts)

    def end_of_layer(self, number: int) -> int:
        """Return the position in `network.layers` of the last part of lecture layer `number`; -1: the last hidden one.

        Layers are numbered as their arrays are (`network.numbers`): normalisation, activation and dropout belong to the
        Linear before them. 0 is A[0], at position -1. What lies inside a residual has no position of its own.
        """
        ends = {0: -1} | {number: i for (i, *inside), number in self.network.numbers.items() if number and not inside}
        if number in ends:
            return ends[number]
        if -len(ends) < number < 0:
            return list(ends.values())[number - 1]  # the last of them is the output
        others = ", ".join(str(one) for one in ends if one)
        raise SettingError(f"layer={number}: expected 0 (encoded columns), {others}, or -1 (last hidden).")

    def input_gradient(self, X: Any, y: Any = None, *, output: int | None = None) -> NDArray[np.float64]:
        """Return dA[0] as rows, shape (m, n_inputs): how each encoded feature of each row moves the outcome.

        Parameters
        ----------
        X : rows
        y : targets, optional
            Where given, the outcome is each row's loss, as in the lecture.
        output : int, optional
            Without y, the outcome is this unit of Z[L]; by default the one of the predicted class.

        Raises
        ------
        DataError
            There are not as many targets as rows.
        SettingError
            There is no such unit.
        """
        table, units = self._table(X), self.network.n_outputs
        Y = None if y is None else np.asarray(self.target.encode(y), np.float64)
        if Y is not None and len(Y) != table.n_rows:
            raise DataError(f"y has {len(Y)} values and X has {table.n_rows} rows: expected one for each.")
        if output is not None and not 0 <= output < units:
            raise SettingError(f"output={output}: Z[L] has {units} units, expected a number from 0 to {units - 1}.")
        chosen = None if output is None else np.full(table.n_rows, output)
        if Y is None and chosen is None and self.bags > 1:
            chosen = self.output(table).argmax(axis=1)  # the class that all of them predict together
        bags = np.atleast_2d(self.params).astype(np.float64)
        return np.asarray(np.mean([self._slopes(params, table, Y, chosen) for params in bags], axis=0))

    def _slopes(self, params: Any, table: Table, Y: Any, chosen: Any) -> NDArray[np.float64]:
        """Return dA[0] of the losses, or of the chosen unit of each row, of one network."""
        parts, start, members = [], 0, self.network.members
        for block in self.blocks(table):
            rows = slice(start, start + len(block))
            dZ_of = self._unit_of(None if chosen is None else chosen[rows]) if Y is None else self._loss_of(Y[rows])
            there = walk(self.network, params, for_members(members, block.T.astype(np.float64)), dZ_of)
            parts.append(mean_of_members(members, there.dA[0]).T)
            start += len(block)
        return np.concatenate(parts)

    def _unit_of(self, chosen: Any) -> Callable[[Any], Any]:
        def dZ_of(Z: Any) -> Any:
            unit = most_likely(self.network, Z) if chosen is None else chosen
            return one_hot(Z, for_members(self.network.members, unit[None])[0])

        return dZ_of

    def _loss_of(self, Y: Any) -> Callable[[Any], Any]:
        return lambda Z: weighted_loss(self.network, Z, Y, None)[1]

    def trace(self, X: Any, y: Any = None, sample_weight: Any = None, **how: Any) -> "Trace":
        """Return every array of a pass, forward and (with y) back, by the lecture's name; see `lamina.trace`.

        Parameters
        ----------
        X : rows
        y : targets, optional
            As they come; without them there is no way back.
        sample_weight : array, shape (m,), optional
        **how
            `training=True`, `optimizer=`, ...
        """
        from lamina.glassbox.tracing import trace

        return trace(self, X, y, sample_weight, **how)

    def summary(self) -> "Summary":
        """Return a table of the layers: kind, shape, parameters, memory."""
        rows = tuple(_summary_rows(self.network.blueprint()))
        return Summary(rows, self.params.itemsize, self.network.loss.kind)

    def tables(self, X: Any) -> Iterator[Table]:
        """Yield the rows as the encoder takes them, those of files and streams piece by piece."""
        stream = self._stream(X)
        if stream is None:
            yield self._table(X)
            return
        known = [name for name in self.encoder.names_in if name in stream.names]
        columns = known if len(known) == len(self.encoder.names_in) else None  # else `align` says what is missing
        for batch in stream.regrouped(ROWS_PER_BLOCK * BLOCKS_READ, columns):
            yield self.encoder.align(batch.table)

    def _stream(self, X: Any) -> RowStream | None:
        return rows_of(X, reading=self.encoder.reading) if is_stream(X) else None

    def _table(self, X: Any) -> Table:
        stream = None if isinstance(X, Table) else self._stream(X)
        rows = X if stream is None else stream.whole()
        return self.encoder.align(rows if isinstance(rows, Table) else read(rows, reading=self.encoder.reading))

    def blocks(self, table: Table) -> Iterator[NDArray[Any]]:
        """Yield A[0] of a table as rows, some thousand at a time."""
        for start in range(0, table.n_rows, ROWS_PER_BLOCK):
            yield self.encoder.encode(table.take(slice(start, start + ROWS_PER_BLOCK)), self.params.dtype)

    def _by_block(self, network: Network, X: Any) -> NDArray[np.float64]:
        ready = prepared(network, self.params, self.engine, self.device)
        parts = [ready(block) for table in self.tables(X) for block in self.blocks(table)]
        return np.concatenate(parts).astype(np.float64)


def most_likely(network: Network, *Z: NDArray[Any]) -> NDArray[Any]:
    """Return the unit of Z[L] that each row predicts, all its members and bags together, shape (m,).

    `Z` are those of each bag, (units, m * members).
    """
    if network.members == 1 and len(Z) == 1:
        return Z[0].argmax(axis=0)
    A = [mean_of_members(network.members, network.loss.output(one)) for one in Z]
    return np.asarray(np.mean(A, axis=0).argmax(axis=0))


def one_hot(Z: NDArray[Any], unit: int | NDArray[Any]) -> NDArray[Any]:
    """Return the derivative of a unit of Z[L], or of one chosen for each example, by Z[L], (units, m)."""
    chosen = np.broadcast_to(unit, Z.shape[1:])
    return (np.arange(len(Z))[:, None] == chosen).astype(Z.dtype)


class SummaryRow(NamedTuple):
    """One layer of the table."""

    layer: str  # "dense 1", "  batch_norm": what it is
    units: str  # "14 -> 128"
    arrays: str  # "W1 (128, 14), b1 (128, 1)"
    parameters: int


@dataclass(frozen=True)
class Summary:
    """The layers of a network as a table; `print` it."""

    rows: tuple[SummaryRow, ...]
    itemsize: int  # bytes of one number
    loss: str

    @property
    def parameters(self) -> int:
        """How many numbers the network holds."""
        return sum(row.parameters for row in self.rows)

    @property
    def memory(self) -> int:
        """Bytes of the parameters."""
        return self.parameters * self.itemsize

    def cells(self) -> list[tuple[str, ...]]:
        """Return heading, rows and total as strings."""
        rows = [
            (r.layer, r.units, r.arrays, f"{r.parameters:,}", _bytes(r.parameters * self.itemsize)) for r in self.rows
        ]
        total = ("total", f"loss: {self.loss}", "", f"{self.parameters:,}", _bytes(self.memory))
        return [("layer", "units", "arrays", "parameters", "memory"), *rows, total]

    def __str__(self) -> str:
        cells = self.cells()
        widths = [max(len(row[i]) for row in cells) for i in range(5)]
        lines = [
            "  ".join(c.rjust(w) if i > 2 else c.ljust(w) for i, (c, w) in enumerate(zip(r, widths, strict=True)))
            for r in cells
        ]
        rule = "-" * len(lines[0])
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])

    def _repr_html_(self) -> str:
        heading, *rows = self.cells()
        body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        return f"<table><tr>{''.join(f'<th>{cell}</th>' for cell in heading)}</tr>{body}</table>"


def _bytes(count: int) -> str:
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024  # type: ignore[assignment]
    return f"{count:.1f} GiB"


def _summary_rows(entries: Sequence[dict[str, Any]], depth: int = 0) -> Iterator[SummaryRow]:
    for entry in entries:
        if entry["kind"] == "loss":
            continue
        arrays = entry["arrays"]
        yield SummaryRow(
            "  " * depth + entry["kind"] + (f" {entry['function']}" if "function" in entry else ""),
            f"{entry['inputs']} -> {entry['units']}",
            ", ".join(f"{a['name']} ({a['rows']}, {a['columns']})" for a in arrays),
            sum(a["rows"] * a["columns"] for a in arrays),
        )
        yield from _summary_rows(entry.get("chain", ()), depth + 1)
