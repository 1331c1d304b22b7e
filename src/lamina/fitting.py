"""Fitting a model: from rows and settings to the best weights, one epoch per turn of a plain loop.

    fit = Fit(X, y, settings={"hidden_layer_sizes": (64,)}, task="classifier")
    for record in fit:
        print(record["epoch"], record["cost"], record["validation_cost"])      # leave the loop to stop
    model = fit.model()

It calls each arrow of the way of the data once: read, counted, hold_out, Encoder.fit, encode, train. What a face adds
is how it looks: a progress bar, scikit-learn's callbacks, a page.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Literal

import numpy as np

from lamina.data.batches import check_weights, counted, hold_out
from lamina.data.class_weights import class_factors, class_numbers, row_factors
from lamina.data.encoding import Encoder
from lamina.data.sources import Table, read
from lamina.data.target_values import plain
from lamina.data.targets import Labels, Numbers
from lamina.engine import choose
from lamina.equations import random
from lamina.equations.losses import Gamma, Loss, Poisson
from lamina.equations.network import Network
from lamina.equations.verbs import penalty
from lamina.errors import DataError, DataWarning, DivergenceError, DivergenceWarning, SettingError
from lamina.learning.calibration import divided, temperature
from lamina.learning.choices import chosen
from lamina.learning.data_driven import ROWS as DECIDING_ROWS
from lamina.learning.data_driven import fit_to_rows
from lamina.learning.divergence import divergence_error
from lamina.learning.hyperparameters import OPTIMISER_CHOICES, automatic_batch_size, check, seed_from, settings_for
from lamina.learning.initialisers import starting_parameters
from lamina.learning.lbfgs import LBFGS
from lamina.learning.networks import Inputs, loss_from, network_from
from lamina.learning.presets import Facts, resolved
from lamina.learning.schedules import SCHEDULES
from lamina.learning.scores import plain_score
from lamina.learning.training import EncodedByBatch, Epoch, InMemory, Recipe, State, Watch, train
from lamina.model import Model

Task = Literal["classifier", "regressor"]
Score = Callable[[Model, Any], float]  # model, row numbers or None

SCORED_ROWS = 512  # training rows whose score goes into the history
WATCHED_ROWS = 2048  # training rows whose cost is watched where no others are


@dataclass(frozen=True)
class Carried:
    """What one training run hands to the next: the model, and where its optimiser stood."""

    model: Model
    memory: Any = None  # (len(optimiser.remembers), network.size)
    step: int = 0
    optimiser: str = ""
    n_rows: int = 0  # of the first run: what its preset looked at


class Fit:
    """One training run.

    Parameters
    ----------
    X : rows
        Anything that `lamina.data.sources.read` reads: an array, a data frame, a CSR matrix, a path.
    y : array, shape (m,) or (m, targets)
    sample_weight : array, shape (m,), optional
    X_val, y_val, sample_weight_val : optional
        Rows to watch instead of held-out ones.
    settings : mapping
        Values of `hyperparameters.SETTINGS`; defaults where one is missing.
    task : {"classifier", "regressor"}
    target_name : str
    score : callable, optional
        `score(model, rows)`, higher is better, watched instead of the cost. `rows` are the numbers of the rows of X to
        score, or None for X_val.
    goes_on_from : Carried, optional
        What `carried` of an earlier run returned: keep its columns, network and memory, and learn on.
    classes : array, optional
        Every class, where `y` may lack some.

    Raises
    ------
    SettingError, DataError
        Before anything is trained.
    """

    def __init__(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        settings: Mapping[str, Any] | None = None,
        task: Task,
        target_name: str = "y",
        score: Score | None = None,
        goes_on_from: "Carried | None" = None,
        classes: Any = None,
    ) -> None:
        given = {n: v.tolist() if isinstance(v, np.generic | np.ndarray) else v for n, v in (settings or {}).items()}
        self.given = {**{name: one.default for name, one in settings_for(task).items()}, **given}
        check(self.given, task)
        self.task, self.target_name, self.score = task, target_name, score
        self.seed = seed_from(self.given["random_state"])
        self.history: list[dict[str, Any]] = []
        self.stopped = ""

        table, y = X if isinstance(X, Table) else read(X), plain(y)
        before = None if goes_on_from is None else goes_on_from.model
        rows, weights = self._rows(table, y, sample_weight)
        self.n_first = len(rows) if goes_on_from is None else goes_on_from.n_rows
        self.settings = resolved(self.given, Facts(task, self.n_first, len(table.names)))
        target = before.target if before else self._target(y[rows], weights, classes)
        Y = target.encode(y[rows])
        self.target: Labels | Numbers = target
        loss = loss_from(self.settings, target.task if isinstance(target, Labels) else "regression")
        _check_range(loss, Y)

        learn, held = self._split(len(rows), target, Y, X_val is not None)
        self.encoder: Encoder = before.encoder if before else self._encoder(table, rows, Y, weights, learn)
        table = self.encoder.align(table) if before else table
        outputs = target.n_outputs if isinstance(target, Labels) else target.n_targets
        self.network: Network = network_from(self.settings, _inputs(self.encoder), outputs, loss)
        if before:
            _check_same_arrays(before.network, self.network)
        self.dtype = np.dtype(self.settings["dtype"])
        self.engine = choose(self.network, self.settings["engine"])
        self.class_factors = self._class_factors(Y[learn], None if weights is None else weights[learn])
        some: Any = lambda at: self._examples(table, rows[at], Y[at], self._weighted(Y, weights, at))  # noqa: E731
        self.examples = some(learn)
        self.held_out = self._held_out(table, rows, held, Y, weights, X_val, y_val, sample_weight_val)
        self.scored_rows = None if X_val is not None else rows[held if len(held) else learn]
        self.recipe = self._recipe(self.examples.n)
        self.state = self._state(goes_on_from)
        self._everything: Any = None  # all rows, where the best number of epochs is to be done again with them
        if self.settings["refit"] is True and len(held) and before is None and self.recipe.optimiser.kind != LBFGS.kind:
            self._everything = lambda: some(np.concatenate([learn, held]))
        self._refitted: Any = None
        self._watch = Watch(int(self.settings["n_iter_no_change"]), float(self.settings["tol"]))

    # ---- what a face asks for ----

    @property
    def epochs(self) -> int:
        """Most epochs that this run takes."""
        return self.recipe.epochs

    @property
    def n_rows(self) -> int:
        """Rows that are learned from."""
        return self.examples.n

    @property
    def n_held_out(self) -> int:
        """Rows that are watched."""
        return 0 if self.held_out is None else self.held_out.n

    @property
    def score_name(self) -> str:
        """What `score` in the history is."""
        if self.score is not None:
            return str(self.settings["scoring"])
        return "accuracy" if isinstance(self.target, Labels) else "r2"

    @property
    def best_epoch(self) -> int:
        """The epoch whose weights are kept, counted from 1; 0 before the first."""
        return self._watch.best_epoch

    def model(self) -> Model:
        """Return the model with the best weights so far."""
        best = self._watch.best_params
        params = self.state.judged.copy() if best is None else best
        T = self._temperature(params)
        params = params if self._refitted is None else self._refitted
        return self._model(params if T == 1 else divided(self.network, params, T))

    def current_model(self) -> Model:
        """Return the model with the weights as they are now."""
        return self._model(self.state.judged.copy())

    def carried(self) -> "Carried":
        """Return what a later run needs to go on from here."""
        memory = self.state.memory.copy()
        return Carried(self.model(), memory, self.state.step, self.recipe.optimiser.kind, self.n_first)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Train; yield a record after every epoch: epoch, cost, validation_cost, score, validation_score, ..."""
        passes = train(self.network, self.engine, self.state, self.examples, self.recipe, self.held_out)
        while True:
            with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
                try:
                    epoch = next(passes, None)
                except DivergenceError as problem:
                    self._diverged(problem)
                    return
                if epoch is None:
                    self.stopped = self.stopped or f"the optimiser found nothing better after {self.state.epoch} epochs"
                    return self._refit()
                record = self._record(epoch)
                watched = self._watched(record)
            patience_ends = self._watch.see(watched, epoch.number, self.state.judged)
            self.history.append(record)
            if patience_ends:
                what = "the held-out rows" if self.held_out is not None else "the training rows"
                self.stopped = f"no progress on {what} for {self._watch.patience} epochs"
            elif epoch.number == self.epochs:
                self.stopped = f"all {epoch.number} epochs were done"
            if self.stopped and self.score is None and self._watch.best_params is None:
                raise self._never_finite(epoch.number)
            yield record
            if patience_ends:
                return self._refit()

    def _refit(self) -> None:
        """Learn from all rows, the held-out ones too, for as many epochs as were best without them."""
        if self._everything is None or not self.best_epoch:
            return
        state = State.start(self.network, self.recipe.optimiser, self._starting_parameters())
        examples = self._everything()
        recipe = replace(self.recipe, batch_size=min(self.recipe.batch_size, examples.n))
        passes = train(self.network, self.engine, state, examples, recipe)
        with np.errstate(all="ignore"), suppress(DivergenceError):  # then what was found before stays
            for _ in islice(passes, self.best_epoch):
                pass
            self._refitted = state.judged
            self.stopped += f"; then {self.best_epoch} epochs with all {examples.n} rows"

    # ---- the steps of preparation ----

    def _target(self, y: Any, weights: Any, classes: Any) -> Labels | Numbers:
        if self.task == "classifier":
            return Labels.fit(y, classes=classes)
        scaled, log_link = self.settings["scale_target"], loss_from(self.settings, "regression").output_name == "exp"
        numbers = Numbers.fit(y, weights, standardise=scaled and not log_link, clamp=self.settings["clamp"])
        if not (scaled and log_link):
            return numbers
        mean = np.average(numbers.encode(y), axis=0, weights=weights)  # e^Z is positive: a scale, but no shift
        return replace(numbers, scale=np.where(mean > 0, mean, 1.0))

    def _rows(self, table: Table, y: Any, sample_weight: Any) -> tuple[Any, Any]:
        """Return which rows count, in an order that only their values decide, and their weights of mean 1."""
        if len(y) != table.n_rows:
            raise DataError(f"y has {len(y)} values and X has {table.n_rows} rows: expected one for each.")
        if sample_weight is None:
            return counted(table, self._plain(y), None)
        weights = check_weights(sample_weight, table.n_rows)
        some = np.flatnonzero(weights)  # what rows of weight 0 say does not count, not even their label
        rows, left = counted(table.take(some), self._plain(y[some]), weights[some])
        return some[rows], left

    def _plain(self, y: Any) -> Any:
        """Return the targets as numbers that do not depend on the other rows' weights."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # the target itself is fitted later, and warns
            return (Labels.fit(y) if self.task == "classifier" else Numbers.fit(y, standardise=False)).encode(y)

    def _split(self, n: int, target: Labels | Numbers, Y: Any, watched_elsewhere: bool) -> tuple[Any, Any]:
        if watched_elsewhere or not self.settings["early_stopping"]:
            return np.arange(n), np.arange(0)
        strata = None
        if isinstance(target, Labels) and target.task != "multilabel":
            strata = class_numbers(Y)
        fraction = float(self.settings["validation_fraction"])
        return hold_out(n, fraction, lambda m: random.bits(m, seed=self.seed, stream=random.HOLD_OUT), strata)

    def _encoder(self, table: Table, rows: Any, Y: Any, weights: Any, learn: Any) -> Encoder:
        s, w, table = self.settings, None if weights is None else weights[learn], table.take(rows[learn])
        encoder = Encoder.fit(
            table,
            w,
            numbers=s["scaling"],
            missing=s["missing"],
            max_categories=int(s["max_categories"]),
            min_frequency=int(s["min_frequency"]),
            embed_above=None if s["embed_above"] is None else int(s["embed_above"]),
            categorical=_listed(s["categorical"]),
            dates=s["dates"],
        )
        jagged = s["splines"] == "jagged"
        bent = encoder.jagged(table, Y[learn], w) if jagged else _listed(s["splines"])
        return encoder.with_splines(table, bent, w)

    def _class_factors(self, Y: Any, weights: Any) -> Any:
        class_weight = self.settings.get("class_weight")
        if class_weight is None or not isinstance(self.target, Labels):
            return None
        return class_factors(class_weight, self.target, Y, weights)

    def _weighted(self, Y: Any, weights: Any, some: Any) -> Any:
        """Return the weights of some rows, class weights included, scaled to mean 1 over them."""
        w = None if weights is None else weights[some]
        if self.class_factors is not None:
            factors = row_factors(self.class_factors, Y[some])
            w = factors if w is None else w * factors
        return None if w is None or not w.any() else (w / w.mean()).astype(self.dtype)

    def _examples(self, table: Table, rows: Any, Y: Any, weights: Any) -> InMemory | EncodedByBatch:
        Y, encoder, dtype = np.ascontiguousarray(Y, self.dtype), self.encoder, self.dtype
        if table.is_sparse:
            return EncodedByBatch(lambda at: encoder.encode(table.take(rows[at]), dtype), Y, weights)
        return InMemory(encoder.encode(table.take(rows), dtype), Y, weights)

    def _held_out(
        self, table: Table, rows: Any, held: Any, Y: Any, weights: Any, X_val: Any, y_val: Any, weight_val: Any
    ) -> InMemory | EncodedByBatch | None:
        if X_val is None and (y_val is not None or weight_val is not None):
            raise DataError("y_val or sample_weight_val was given without X_val: pass all the rows to watch.")
        if X_val is not None:
            if y_val is None:
                raise DataError("X_val was given without y_val: both are needed to watch their cost.")
            table = self.encoder.align(X_val if isinstance(X_val, Table) else read(X_val))
            held_Y = self.target.encode(y_val)
            if len(held_Y) != table.n_rows:
                raise DataError(
                    f"y_val has {len(held_Y)} values and X_val has {table.n_rows} rows: one for each expected."
                )
            weights = None if weight_val is None else check_weights(weight_val, table.n_rows)
            everything = np.arange(table.n_rows)
            return self._examples(table, everything, held_Y, self._weighted(held_Y, weights, everything))
        if len(held):
            return self._examples(table, rows[held], Y[held], self._weighted(Y, weights, held))
        return None

    def _recipe(self, n: int) -> Recipe:
        s = self.settings
        size = automatic_batch_size(n) if s["batch_size"] == "auto" else int(s["batch_size"])
        if size > n and self.given["batch_size"] != "auto":
            warnings.warn(
                f"batch_size={size} is larger than the {n} training rows: a step takes all of them.",
                DataWarning,
                stacklevel=4,
            )
        return Recipe(
            optimiser=chosen("optimizer", s["optimizer"], OPTIMISER_CHOICES),
            schedule=chosen("schedule", s["schedule"], SCHEDULES),
            learning_rate=float(s["learning_rate_init"]),
            batch_size=min(size, n),
            epochs=int(s["max_iter"]),
            seed=self.seed,
            shuffle=bool(s["shuffle"]),
            tolerance=float(s["tol"]),
            decay_schedule=chosen("decay_schedule", s["decay_schedule"], SCHEDULES),
            dropout_schedule=chosen("dropout_schedule", s["dropout_schedule"], SCHEDULES),
            averaging=float(s["averaging"]),
        )

    def _state(self, before: "Carried | None") -> State:
        if before is None:
            params = self._starting_parameters()
            return State.start(self.network, self.recipe.optimiser, params)
        state = State.start(self.network, self.recipe.optimiser, before.model.params.astype(self.dtype))
        if before.optimiser == self.recipe.optimiser.kind:
            state.memory[:], state.step = before.memory, before.step
        return state

    def _starting_parameters(self) -> Any:
        s = self.settings
        weights, biases = (s[name] for name in ("initializer", "bias_initializer"))
        params = starting_parameters(
            self.network,
            "lecun_normal" if weights == "data" else weights,
            self.seed,
            self.dtype,
            biases="zeros" if biases == "data" else biases,
            zero_last_layer=bool(s["zero_last_layer"]),
        )
        if "data" in (weights, biases):
            some = next(iter(self.examples.blocks(DECIDING_ROWS))).X
            fit_to_rows(self.network, params, some, self.seed, weights=weights == "data", biases=biases == "data")
        return params

    # ---- the steps of training ----

    def _model(self, params: Any) -> Model:
        changed = {n: v for n, v in self.given.items() if v != settings_for(self.task)[n].default}
        at = next((r for r in self.history if r["epoch"] == self.best_epoch), None)
        scores = {}
        if at is not None and self.held_out is not None:
            scores = {"validation_cost": at["validation_cost"], f"validation_{self.score_name}": at["validation_score"]}
        return Model(
            network=self.network,
            params=params,
            encoder=self.encoder,
            target=self.target,
            target_name=self.target_name,
            settings=changed,
            history=list(self.history),
            scores=scores,
            engine=self.settings["engine"],
        )

    def _temperature(self, params: Any) -> float:
        if self.held_out is None or self.settings.get("calibrate") is not True:
            return 1.0
        return temperature(self.network, self.engine, params, self.held_out)

    def _record(self, epoch: Epoch) -> dict[str, Any]:
        held = self.held_out
        return {
            "epoch": epoch.number,
            "cost": epoch.cost,
            "validation_cost": epoch.held_out,
            "score": self._score(self.examples, watched=held is None, first=SCORED_ROWS),
            "validation_score": None if held is None else self._score(held, watched=True, A=epoch.predicted),
            "learning_rate": epoch.learning_rate,
            "seconds": epoch.seconds,
        }

    def _score(self, rows: InMemory | EncodedByBatch, watched: bool, first: int | None = None, A: Any = None) -> float:
        """Return the chosen score of the watched rows; accuracy or R^2 of others, or where none was chosen.

        A is what is predicted for the rows, where that is known.
        """
        if watched and self.score is not None:
            return float(self.score(self.current_model(), self.scored_rows))
        if A is None:
            predict, params = self.engine.predict, self.state.judged
            A = np.concatenate([predict(self.network, params, block.X) for block in rows.blocks(first)])
        some = slice(0, len(A))
        weights = None if rows.weights is None else rows.weights[some]
        return plain_score(self.target, self.network.loss, A.astype(np.float64), rows.Y[some], weights)

    def _watched(self, record: Mapping[str, Any]) -> float:
        """Return the value that decides about the best epoch and about stopping: lower is better."""
        if self.score is not None:
            return -float(record["score"] if self.held_out is None else record["validation_score"])
        return self._cost_now() if self.held_out is None else float(record["validation_cost"])

    def _cost_now(self) -> float:
        """Return the cost of the parameters as they are: an epoch's own is a mean over those that it passed through."""
        X, Y, weights = next(iter(self.examples.blocks(WATCHED_ROWS)))
        J = self.engine.cost(self.network, self.state.judged, X, Y, weights)
        return J + penalty(self.network, self.state.judged, self.examples.n)

    def _never_finite(self, epoch: int) -> DivergenceError:
        """Return the error for a run in which no epoch ended with a finite cost."""
        X, Y, weights = next(iter((self.held_out or self.examples).blocks(WATCHED_ROWS)))
        batches = -(-self.examples.n // self.recipe.batch_size)
        place, n = (epoch, batches, batches), self.examples.n
        state = self.state
        return divergence_error(self.network, state.params, X, Y, weights, self.seed, state.step, n, place, self.recipe)

    def _diverged(self, problem: DivergenceError) -> None:
        if self._watch.best_params is None:
            raise problem
        self.stopped = "diverged"
        warnings.warn(
            f"{problem} The weights of epoch {self.best_epoch}, the best, were kept.", DivergenceWarning, stacklevel=4
        )


def _listed(columns: Any) -> tuple[Any, ...]:
    """Return the columns of a setting: none, one, or a list."""
    return () if columns is None else (columns,) if isinstance(columns, str | int) else tuple(columns)


def _inputs(encoder: Encoder) -> Inputs:
    return Inputs(encoder.n_features, encoder.number_positions, encoder.embedded)


def _check_same_arrays(before: Network, now: Network) -> None:
    shapes = [[(slot.name, slot.shape) for slot in network.slots] for network in (before, now)]
    if shapes[0] != shapes[1] or before.loss.output_name != now.loss.output_name:
        raise SettingError(
            f"the settings make another network ({now.loss.kind}, {_shapes(now)}) than the one to go on with "
            f"({before.loss.kind}, {_shapes(before)}): set them back, or start anew with warm_start=False or a clone."
        )


def _shapes(network: Network) -> str:
    return ", ".join(f"{slot.name} {slot.shape}" for slot in network.slots if slot.group == "weights")


def _check_range(loss: Loss, Y: Any) -> None:
    low, wrong = ("at least 0", Y < 0) if isinstance(loss, Poisson) else ("above 0", Y <= 0)
    if isinstance(loss, Poisson | Gamma) and wrong.any():
        raise DataError(f"loss={loss.kind!r} needs targets {low}: found {Y[wrong][0]:g}. Use loss='squared_error'.")
