"""From rows and settings to a model: which weights are kept, when it stops, how it goes on, and where it diverges."""

import dataclasses

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    log_loss,
    mean_absolute_error,
    mean_gamma_deviance,
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_squared_error,
    r2_score,
)

from lamina.equations.losses import LOSSES
from lamina.errors import DataWarning, DivergenceError, DivergenceWarning, SettingError
from lamina.fitting import current, finish, finish_pass, prepare
from lamina.learning.evaluation import SCORED_ROWS
from lamina.learning.training import train
from lamina.starting import Before
from plain_network import PLAIN

rng = np.random.default_rng(0)
X = rng.normal(size=(120, 4))
SIGNAL = X[:, 0] - X[:, 1] * X[:, 2]
X_VAL = rng.normal(size=(50, 4))
SIGNAL_VAL = X_VAL[:, 0] - X_VAL[:, 1] * X_VAL[:, 2]
W_VAL = rng.gamma(2, 0.5, 50)
QUICK = PLAIN | {"hidden_layer_sizes": (8,), "learning_rate_init": 0.02, "random_state": 0, "max_iter": 25}


def regression(X=X, y=SIGNAL, sample_weight=None, *, rows=None, **settings):
    return prepare(X, y, sample_weight, settings={**QUICK, **settings}, task="regressor", **(rows or {}))


def classification(X=X, y=SIGNAL > 0, sample_weight=None, *, rows=None, **settings):
    return prepare(X, y, sample_weight, settings={**QUICK, **settings}, task="classifier", **(rows or {}))


def records(run, state, until=None):
    return [progress.record for progress in train(run, state, until) if progress.record is not None]


def fitted(run, state):
    records(run, state)
    return finish(run, state)


# ---- the best weights are the ones kept ----


def huber(y, p, sample_weight, delta=1.0):
    far = np.abs(y - p)
    return np.average(np.where(far <= delta, far**2 / 2, delta * (far - delta / 2)), weights=sample_weight)


# The cost in units of y, as scikit-learn has it; what y is made of the signal; and how costs grow with the unit of y.
COSTS = {
    "squared_error": (lambda y, p, w: mean_squared_error(y, p, sample_weight=w) / 2, lambda s: 5 + 3 * s, 2),
    "absolute_error": (lambda y, p, w: mean_absolute_error(y, p, sample_weight=w), lambda s: 5 + 3 * s, 1),
    "huber": (huber, lambda s: s, 0),
    "quantile(quantiles=(0.3,))": (
        lambda y, p, w: mean_pinball_loss(y, p, alpha=0.3, sample_weight=w),
        lambda s: 5 + 3 * s,
        1,
    ),
    "poisson": (
        lambda y, p, w: mean_poisson_deviance(y, p, sample_weight=w) / 2,
        lambda s: np.floor(np.exp(s / 2) + 0.5),
        1,
    ),
    "gamma": (lambda y, p, w: mean_gamma_deviance(y, p, sample_weight=w) / 2, lambda s: np.exp(s / 2 + 1), 0),
}
KIND = {loss: loss.partition("(")[0] for loss in COSTS}


def test_every_loss_of_numbers_is_here():
    assert set(KIND.values()) == {kind for kind in LOSSES if "log_loss" not in kind}


@pytest.mark.parametrize("loss", COSTS)
def test_the_lowest_validation_cost_is_that_of_the_model_kept(loss):
    cost, target, power = COSTS[loss]
    y, y_val = target(SIGNAL), target(SIGNAL_VAL)
    watched = {"X_val": X_VAL, "y_val": y_val, "sample_weight_val": W_VAL}
    run, state = regression(y=y, rows=watched, loss=loss, scale_target=loss != "huber", learning_rate_init=0.05)
    costs = [record.validation_cost for record in records(run, state)]
    model = finish(run, state)
    assert model.best_epoch == state.best_epoch == 1 + int(np.argmin(costs))
    found = cost(y_val, model.predict(X_VAL), W_VAL) / float(model.target.scale[0]) ** power
    assert min(costs) == pytest.approx(found, rel=1e-4)
    middle = {"squared_error": np.mean, "poisson": np.mean, "gamma": np.mean}.get(KIND[loss], np.median)(y)
    constant = np.quantile(y, 0.3) if "quantile" in loss else middle
    assert cost(y_val, model.predict(X_VAL), W_VAL) < 0.9 * cost(y_val, np.full(50, constant), W_VAL)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_lowest_log_loss_is_that_of_the_model_kept(classes, smoothing):
    edges = [0.0] if classes == 2 else [-0.7, 0.7]
    y, y_val = np.digitize(SIGNAL, edges), np.digitize(SIGNAL_VAL, edges)
    watched = {"X_val": X_VAL, "y_val": y_val, "sample_weight_val": W_VAL}
    run, state = classification(y=y, rows=watched, label_smoothing=smoothing)
    found = records(run, state)
    model = finish(run, state)
    P = model.predict_proba(X_VAL)
    best = found[state.best_epoch - 1]
    hard = log_loss(y_val, P, sample_weight=W_VAL)
    even = np.average(-np.log(P).mean(axis=1), weights=W_VAL)  # a label spread over all the classes
    assert best.validation_cost == min(record.validation_cost for record in found)
    assert best.validation_cost == pytest.approx((1 - smoothing) * hard + smoothing * even, rel=1e-4)
    right = accuracy_score(y_val, model.predict(X_VAL), sample_weight=W_VAL)
    assert best.validation_score == pytest.approx(right, rel=1e-6)
    assert right > 1.2 * max(np.bincount(y_val, W_VAL)) / W_VAL.sum()


def test_multi_label():
    Y, Y_val = (np.column_stack([s > 0, s < 1, s > -1]).astype(int) for s in (SIGNAL, SIGNAL_VAL))
    run, state = classification(y=Y, rows={"X_val": X_VAL, "y_val": Y_val})
    found = records(run, state)
    model = finish(run, state)
    P = model.predict_proba(X_VAL)
    cost = np.mean([log_loss(Y_val[:, k], P[:, k]) for k in range(3)])
    assert min(record.validation_cost for record in found) == pytest.approx(cost, rel=1e-4)
    exact = accuracy_score(Y_val, model.predict(X_VAL))
    assert found[state.best_epoch - 1].validation_score == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize(("alpha", "rate", "best"), [(2.0, 0.8, 1), (900.0, 0.01, 5)])
def test_without_validation_rows_the_epoch_that_ends_lowest_is_kept(alpha, rate, best):
    """The cost of an epoch's record is a mean over its steps; what counts is where it ends, penalty included."""
    settings = {"optimizer": "gradient_descent", "learning_rate_init": rate, "batch_size": 120, "dtype": "float64"}
    run, state = regression(alpha=alpha, max_iter=5, **settings)
    ends, errors = [], []
    for _ in train(run, state):
        model = current(run, state)
        W = [w for name, w in model.network.named(model.params).items() if name.startswith("W")]
        y = model.target.encode(SIGNAL)[:, 0]
        J = mean_squared_error(y, model.output(X)[:, 0]) / 2
        errors.append(J)
        ends.append(J + alpha / (2 * 120) * sum(np.sum(w**2) for w in W))
    assert state.best_epoch == 1 + int(np.argmin(ends)) == best
    misleading = [record["cost"] for record in state.history] if best == 1 else errors
    assert 1 + int(np.argmin(misleading)) != best


def test_a_score_is_watched_where_one_is_given():
    seen = []

    def score(model, rows):
        seen.append(rows)
        return -abs(len(seen) - 5)  # best at the fourth epoch, after a try before the first

    run, state = prepare(X, SIGNAL, settings={**QUICK, "scoring": "mine", "max_iter": 9}, task="regressor", score=score)
    found = records(run, state)
    assert state.best_epoch == 4
    assert [record.score for record in found] == [-3, -2, -1, 0, -1, -2, -3, -4, -5]
    assert sorted(seen[0]) == list(range(120))
    assert run.score_name == "mine"


def test_a_score_of_held_out_rows():
    seen = []
    settings = {**QUICK, "early_stopping": True, "max_iter": 2}
    score = lambda model, rows: float(seen.append(rows) or len(seen))  # noqa: E731
    run, state = prepare(X, SIGNAL, settings=settings, task="regressor", score=score)
    assert [record.validation_score for record in records(run, state)] == [2.0, 3.0]
    assert len(seen[0]) == run.n_validation == 12
    np.testing.assert_array_equal(finish(run, state).encode(X[seen[0]]), run.validation.X)


# ---- what the records say ----


def test_a_record():
    run, state = classification(X[:100], SIGNAL[:100] > 0, early_stopping=False, max_iter=3)
    for number, progress in enumerate(train(run, state), start=1):
        record = progress.record
        assert set(state.history[-1]) == {
            *("epoch", "cost", "validation_cost", "score"),
            *("validation_score", "learning_rate", "seconds"),
        }
        assert (record.epoch, record.validation_cost, record.validation_score) == (number, None, None)
        right = accuracy_score(SIGNAL[:100] > 0, current(run, state).predict(X[:100]))
        assert record.score == pytest.approx(right)
        assert record.seconds > 0
    assert (run.n_rows, run.n_validation, run.recipe.epochs, run.score_name) == (100, 0, 3, "accuracy")
    assert [record["epoch"] for record in finish(run, state).history] == [1, 2, 3]
    assert state.seconds == pytest.approx(sum(record["seconds"] for record in state.history))


@pytest.mark.parametrize("members", [1, 3])
def test_a_record_says_how_the_model_of_its_epoch_does_on_the_watched_rows(members):
    right, held = SIGNAL > 0, slice(80, None)
    rows = {"X_val": X[held], "y_val": right[held]}
    run, state = classification(X[:80], right[:80], n_members=members, calibrate=False, max_iter=3, rows=rows)
    for progress in train(run, state):
        model, record = current(run, state), progress.record
        assert record.validation_cost == pytest.approx(log_loss(right[held], model.predict_proba(X[held])), rel=1e-5)
        assert record.validation_score == pytest.approx(accuracy_score(right[held], model.predict(X[held])))


@pytest.mark.parametrize("weighed", [False, True])
@pytest.mark.parametrize("classes", [2, 3])
def test_class_weights_count_in_the_cost_and_not_in_the_score(classes, weighed):
    edges = [1.0] if classes == 2 else [0.7, 1.5]
    y, y_val = np.digitize(SIGNAL, edges), np.digitize(SIGNAL_VAL, edges)
    factors = {0: 1.0, 1: 9.0, 2: 4.0}
    w, w_val = (np.linspace(0.2, 3, 120), W_VAL) if weighed else (None, None)
    watched = {"X_val": X_VAL, "y_val": y_val, "sample_weight_val": w_val}
    weights = {k: factors[k] for k in range(classes)}
    run, state = classification(y=y, sample_weight=w, rows=watched, class_weight=weights, max_iter=3)
    for progress in train(run, state):
        model, record = current(run, state), progress.record
        right, P = accuracy_score(y_val, model.predict(X_VAL), sample_weight=w_val), model.predict_proba(X_VAL)
        assert record.validation_score == pytest.approx(right)
        assert record.score == pytest.approx(accuracy_score(y, model.predict(X), sample_weight=w))
        counts = np.vectorize(factors.get)(y_val) * (1 if w_val is None else w_val)
        assert record.validation_cost == pytest.approx(log_loss(y_val, P, sample_weight=counts), rel=1e-4)


def test_r2_of_many_targets():
    Y = np.column_stack([SIGNAL, 100 + X[:, 3], np.ones(120)])
    run, state = regression(y=Y, max_iter=3)
    record = records(run, state)[-1]
    assert record.score == pytest.approx(r2_score(Y, current(run, state).predict(X)), rel=1e-5)


def test_the_score_of_many_training_rows_is_that_of_some_of_them():
    n = SCORED_ROWS + 500
    many = rng.normal(size=(n, 2))
    run, state = regression(many, many[:, 0], early_stopping=False, max_iter=1, batch_size=512)
    (record,) = records(run, state)
    A = run.engine.predict(run.network, state.params, run.examples.X[:SCORED_ROWS])
    assert record.score == pytest.approx(r2_score(run.examples.Y[:SCORED_ROWS], A), rel=1e-5)


# ---- when it stops ----


def test_all_epochs():
    run, state = regression(max_iter=4)
    assert len(records(run, state)) == 4
    assert state.stopped == finish(run, state).stopped == "all 4 epochs were done"


@pytest.mark.parametrize("watched", ["training", "validation"])
def test_patience(watched):
    """No epoch is better than the first by so much."""
    run, state = regression(max_iter=50, n_iter_no_change=3, tol=1e6, early_stopping=watched == "validation")
    assert len(records(run, state)) == 4
    assert state.stopped == f"no progress on the {watched} rows for 3 epochs"


def test_a_best_epoch_after_which_nothing_got_better():
    y = np.random.default_rng(5).normal(size=120)  # nothing to learn
    run, state = regression(y=y, early_stopping=True, max_iter=200, n_iter_no_change=7, tol=0, learning_rate_init=0.1)
    found = records(run, state)
    assert len(found) == state.best_epoch + 7 < 200
    costs = [record.validation_cost for record in found]
    assert costs[state.best_epoch - 1] == min(costs)
    model, held = finish(run, state), run.validation
    A = run.engine.predict(run.network, model.params, held.X)
    assert np.mean((A - held.Y) ** 2) / 2 == pytest.approx(min(costs), rel=1e-5)
    assert model.scores == {
        "validation_cost": min(costs),
        "validation_r2": found[state.best_epoch - 1].validation_score,
    }


def test_the_optimiser_is_at_its_end():
    run, state = regression(optimizer="lbfgs", hidden_layer_sizes=(), max_iter=500, tol=1e-8, dtype="float64")
    found = records(run, state)
    assert 2 < len(found) < 100
    slope = np.linalg.lstsq(np.column_stack([X, np.ones(120)]), SIGNAL, rcond=None)[0]
    expected = np.column_stack([X, np.ones(120)]) @ slope  # alpha is 0
    np.testing.assert_allclose(finish(run, state).predict(X), expected, atol=1e-5)
    assert state.stopped == f"the optimiser found no further improvement after {state.epoch} epochs"
    assert state.epoch == len(state.history)


# ---- which rows teach ----


@pytest.mark.parametrize(
    ("early", "n", "held"),
    [("auto", 59, 0), ("auto", 60, 12), (True, 30, 6), (False, 1000, 0)],
)
def test_how_many_rows_are_held_out(early, n, held):
    many = np.random.default_rng(1).normal(size=(n, 2))
    run, _ = regression(many, many[:, 0], preset="auto", batch_size="auto", early_stopping=early)
    assert (run.n_rows, run.n_validation) == (n - held, held)


def test_the_held_out_rows_have_their_share_of_each_class():
    y = np.repeat([0, 1, 2], [80, 30, 10])
    run, _ = classification(y=y, early_stopping=True, validation_fraction=0.2)
    assert run.validation.Y.sum(axis=0).tolist() == [16, 6, 2]


def test_validation_rows_of_their_own_teach_nothing():
    watched = {"X_val": X_VAL * 100 + 7, "y_val": SIGNAL_VAL * 100}
    (alone, start), (beside, start_beside) = regression(), regression(rows=watched)
    np.testing.assert_array_equal(alone.columns.encoder.numbers.location, beside.columns.encoder.numbers.location)
    np.testing.assert_array_equal(alone.columns.target.scale, beside.columns.target.scale)
    np.testing.assert_array_equal(alone.examples.X, beside.examples.X)
    np.testing.assert_array_equal(alone.examples.Y, beside.examples.Y)
    np.testing.assert_array_equal(start.params, start_beside.params)


@pytest.mark.parametrize("weighted", [False, True])
def test_held_out_rows_teach_nothing(weighted):
    """Columns and targets have mean 0 and deviation 1 over the training rows alone, weights counted."""
    weights = rng.gamma(2, 0.5, 120) if weighted else None
    run, _ = regression(sample_weight=weights, early_stopping=True, validation_fraction=0.4, dtype="float64")
    w = run.examples.weights if weighted else np.ones(run.n_rows)
    for values in (run.examples.X, run.examples.Y):
        mean = np.average(values, axis=0, weights=w)
        np.testing.assert_allclose(mean, 0, atol=1e-12)
        np.testing.assert_allclose(np.average((values - mean) ** 2, axis=0, weights=w), 1, rtol=1e-12)
    for values in (run.validation.X, run.validation.Y):
        assert np.abs(values.mean(axis=0)).max() > 1e-3


def test_held_out_targets_do_not_widen_the_range_of_predictions():
    outliers_held_out = []
    for seed in range(40):
        y = SIGNAL.copy()
        y[17] = 1e6
        run, _ = regression(y=y, early_stopping=True, clamp=True, random_state=seed)
        held_out = bool(run.validation.Y.max() > 1e3)  # in deviations of the others
        assert (run.columns.target.high[0] == 1e6) != held_out
        outliers_held_out.append(held_out)
    assert 0 < sum(outliers_held_out) < 40


# ---- leaving the loop, and going on ----


@pytest.mark.parametrize("optimiser", ["adam", "lbfgs"])
def test_leaving_the_loop_gives_a_model_and_going_on_the_same_bits(optimiser):
    whole = regression(optimizer=optimiser, max_iter=6, tol=0)
    expected = fitted(*whole)
    run, state = regression(optimizer=optimiser, max_iter=6, tol=0)
    for progress in train(run, state):
        if progress.epoch == 3:
            break
    left = finish(run, state)
    assert (len(left.history), left.stopped) == (3, "")
    assert np.isfinite(left.predict(X)).all()
    model = fitted(run, state)
    assert [r["cost"] for r in model.history] == [r["cost"] for r in expected.history]
    np.testing.assert_array_equal(model.params, expected.params)


@pytest.mark.parametrize("optimiser", ["adam", "lbfgs"])
def test_an_interrupt_between_epochs(optimiser):
    run, state = regression(optimizer=optimiser)

    def interrupted():
        for progress in train(run, state):
            if progress.epoch == 3:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(finish(run, state).history) == 3
    assert state.best_epoch >= 1
    assert len(records(run, state)) >= 1


def test_an_interrupt_within_an_epoch():
    """It comes in the middle of a step: the best weights are those of an epoch that was whole."""
    run, state = regression()
    records(run, state, until=2)
    kept = finish(run, state).params.copy()

    def interrupted(network, optimiser, params, *rest):
        params[:] = np.nan
        raise KeyboardInterrupt

    broken = dataclasses.replace(run, engine=run.engine._replace(train_steps=interrupted))
    with pytest.raises(KeyboardInterrupt):
        next(train(broken, state))
    np.testing.assert_array_equal(finish(run, state).params, kept)


def test_before_the_first_epoch_there_is_a_model_too():
    run, state = regression()
    model = finish(run, state)
    assert (state.best_epoch, model.best_epoch, model.history) == (0, 0, [])
    assert model.predict(X).shape == (120,)
    np.testing.assert_array_equal(model.params, state.params)


def test_the_model_does_not_change_afterwards():
    run, state = regression()
    loop = train(run, state)
    next(loop)
    models = [finish(run, state), current(run, state)]
    params = [model.params.copy() for model in models]
    list(loop)
    for model, before in zip(models, params, strict=True):
        np.testing.assert_array_equal(model.params, before)
        assert len(model.history) == 1


def test_going_on_from_an_earlier_fit():
    """Columns, target and network are kept, and everything that moves is of one moment."""
    settings = {"shuffle": False, "batch_size": 20, "max_iter": 1, "optimizer": "momentum", "dropout": 0.3}
    run, state = regression(**settings)
    model = fitted(run, state)
    X2, y2 = X[:40] + 5, SIGNAL[:40] * 9
    second, gone_on = regression(X2, y2, rows={"before": Before(model, state)}, **settings)
    np.testing.assert_array_equal(gone_on.params, state.params)
    np.testing.assert_array_equal(gone_on.memory, state.memory)
    assert (gone_on.step, gone_on.epoch, gone_on.stopped) == (6, 1, "")
    assert second.recipe.epochs == 2
    assert second.columns.encoder is run.columns.encoder
    assert second.columns.target is run.columns.target
    records(second, gone_on)
    assert (gone_on.step, gone_on.epoch) == (8, 2)
    assert (state.step, state.epoch) == (6, 1)  # the first state moved no more
    _, other = regression(X2, y2, rows={"before": Before(model, state)}, **settings | {"optimizer": "adam"})
    assert other.step == 0  # another optimiser starts its memory anew
    assert not other.memory.any()


def test_going_on_from_a_model_alone():
    """Of a file, say: the optimiser starts anew, epochs and history go on."""
    model = fitted(*regression(max_iter=3))
    run, state = regression(rows={"before": Before(model)}, max_iter=2)
    np.testing.assert_array_equal(state.params, model.params)
    assert not state.memory.any()
    assert (state.epoch, state.step, run.recipe.epochs) == (3, 0, 5)
    assert [record["epoch"] for record in fitted(run, state).history] == [1, 2, 3, 4, 5]


def test_going_on_with_other_settings():
    run, state = regression(max_iter=1)
    going_on = {"rows": {"before": Before(fitted(run, state), state)}}
    assert regression(**going_on, alpha=7.0)[0].network.l2 == 7.0
    assert regression(**going_on, dropout=0.5)[0].network.layers[2].rate == 0.5
    for other in ({"hidden_layer_sizes": (9,)}, {"normalization": "batch"}, {"loss": "poisson"}):
        message = r"describe a different network .* from the fitted one .*W1 \(8, 4\).*refit with warm_start=False"
        with pytest.raises(SettingError, match=message):
            regression(X, np.abs(SIGNAL), **going_on, **other)


@pytest.mark.parametrize("early", [True, False])
def test_four_and_six_epochs_are_ten(early):
    """However early the best of the first four is, the six go on from the fourth."""
    settings = {"learning_rate_init": 6.0, "early_stopping": early, "n_iter_no_change": 99, "averaging": 0.5}
    whole_run, whole = regression(**settings, max_iter=10)
    expected = fitted(whole_run, whole)
    run, state = regression(**settings, max_iter=4)
    model = fitted(run, state)
    run, state = regression(**settings, max_iter=6, rows={"before": Before(model, state)})
    found = fitted(run, state)
    assert 0 < model.best_epoch < 4
    np.testing.assert_array_equal(state.params, whole.params)
    np.testing.assert_array_equal(state.memory, whole.memory)
    np.testing.assert_array_equal(state.average, whole.average)
    np.testing.assert_array_equal(found.params, expected.params)
    assert [{**r, "seconds": 0} for r in found.history] == [{**r, "seconds": 0} for r in expected.history]
    assert (found.best_epoch, found.stopped) == (expected.best_epoch, expected.stopped)


def test_a_single_pass():
    """Nothing is held out, schedules stand still, no patience; the weights are those at its end."""
    settings = {"early_stopping": True, "schedule": "cosine(warmup=3)", "max_iter": 99, "n_iter_no_change": 1}
    run, state = regression(**settings, rows={"one_pass": True})
    assert (run.n_rows, run.n_validation, run.recipe.epochs) == (120, 0, 1)
    (record,) = records(run, state)
    assert record.learning_rate == 0.02
    model = finish_pass(run, state)
    np.testing.assert_array_equal(model.params, state.params)
    assert model.settings["schedule"] == "cosine(warmup=3)"
    assert model.settings["max_iter"] == 99


# ---- the objective ----


@pytest.mark.parametrize("penalties", [{"alpha": 0.0}, {"alpha": 5.0}, {"alpha": 0.0, "l1": 3.0}])
def test_one_step_is_minus_the_slope_of_the_lectures_cost(penalties):
    """J = (1/m) sum w L + lambda/2m sum W^2 + lambda1/m sum |W|, its slope by central differences from predictions."""
    weights = rng.gamma(2, 0.5, 120)
    settings = {"optimizer": "gradient_descent", "learning_rate_init": 1e-3, "dtype": "float64", "batch_size": 120}
    run, state = regression(sample_weight=weights, max_iter=1, activation="tanh", **settings, **penalties)
    start, model = state.params.copy(), current(run, state)
    y = model.target.encode(SIGNAL)[:, 0]

    def J(params):
        model.params[:] = params
        W = np.concatenate([w.ravel() for n, w in model.network.named(params).items() if n.startswith("W")])
        cost = mean_squared_error(y, model.output(X)[:, 0], sample_weight=weights) / 2
        return cost + penalties["alpha"] / 240 * np.sum(W**2) + penalties.get("l1", 0) / 120 * np.sum(np.abs(W))

    eye = 1e-5 * np.eye(len(start))
    slope = np.array([(J(start + e) - J(start - e)) / 2e-5 for e in eye])
    (record,) = records(run, state)
    np.testing.assert_allclose((start - state.params) / 1e-3, slope, rtol=1e-5, atol=1e-8)
    assert record.cost == pytest.approx(J(start), rel=1e-9)


def test_a_minibatch_pulls_towards_the_same_cost():
    """The penalty is lambda/m with the m of the whole set: halves of the rows give halves of the step."""
    settings = {"optimizer": "gradient_descent", "learning_rate_init": 1e-9, "dtype": "float64", "alpha": 9.0}
    steps = []
    for size in (60, 120):
        run, state = regression(batch_size=size, max_iter=1, **settings)
        start = state.params.copy()
        records(run, state)
        steps.append((start - state.params) * size)
    np.testing.assert_allclose(steps[0], steps[1], rtol=1e-4)


def test_a_batch_larger_than_the_data():
    with pytest.warns(DataWarning, match="batch_size=500 is larger than the 120 training rows: each step uses all"):
        run, _ = regression(batch_size=500)
    assert run.recipe.batch_size == 120


# ---- divergence ----


def test_before_any_epoch_was_good():
    run, state = regression(learning_rate_init=1e30)
    with pytest.raises(DivergenceError, match=r"epoch 1, batch 2 of 4: .* of layer \d \(linear\).* Try a smaller"):
        records(run, state)
    assert state.history == []
    assert state.step == 1


@pytest.mark.parametrize("held", [True, False])
def test_an_epoch_that_ends_beyond_the_numbers_is_no_good_epoch(held):
    """One step per epoch: the first cost is that of the start, the step leads far out, the next pass finds it."""
    far = {"optimizer": "gradient_descent", "learning_rate_init": 1e25, "batch_size": 108, "early_stopping": held}
    if not held:
        far["batch_size"] = 120
    with pytest.raises(DivergenceError, match=r"diverged in epoch 2, batch 1 of 1: .* not finite"):
        records(*regression(**{**far, "max_iter": 5}))
    with pytest.raises(DivergenceError, match=r"diverged in epoch 1, batch 1 of 1: .* not finite"):
        records(*regression(**{**far, "max_iter": 1}))


def test_after_a_good_epoch_the_best_weights_are_kept():
    run, state = regression(max_iter=10)
    records(run, state, until=3)
    best, best_epoch = finish(run, state).params.copy(), state.best_epoch

    def overflows(network, optimiser, params, memory, X, Y, weights, order, steps):
        """Its second batch has a target beyond the numbers."""
        Y = Y.copy()
        Y[order[steps.batch_size]] = 3e38
        return run.engine.train_steps(network, optimiser, params, memory, X, Y, weights, order, steps)

    broken = dataclasses.replace(run, engine=run.engine._replace(train_steps=overflows))
    with pytest.warns(DivergenceWarning, match=r"epoch 4, batch 2 of 4: .* The weights of epoch \d, the best"):
        assert records(broken, state) == []
    model = finish(run, state)
    assert (model.stopped, model.best_epoch) == ("diverged", best_epoch)
    np.testing.assert_array_equal(model.params, best)
    assert np.isfinite(model.predict(X)).all()
    assert list(train(run, state)) == []


def test_clipping_helps():
    settings = {"optimizer": "gradient_descent", "learning_rate_init": 3.0, "batch_size": 30, "scale_target": False}
    y = SIGNAL * 1e4
    with pytest.raises(DivergenceError):
        records(*regression(y=y, **settings))
    found = records(*regression(y=y, **settings | {"optimizer": "gradient_descent(clip_norm=1)"}))
    assert np.isfinite([record.cost for record in found]).all()


def test_lbfgs_that_cannot_begin():
    run, state = regression(X * 1e200, optimizer="lbfgs", scaling="none", dtype="float64")
    with pytest.raises(DivergenceError, match=r"epoch 1, batch 1 of 1: the cost \(squared_error\) is not finite"):
        records(run, state)


# ---- how columns become features ----

TABLE = {
    "zip": np.arange(120) % 5,
    "when": np.datetime64("2020-01-30T05", "h") + 17 * np.arange(120),
    "town": np.array([f"town {i % 9}" for i in range(117)] + ["a", "b", "c"], object),
    "x": X[:, 0],
}


def test_settings_of_the_encoder_reach_it():
    def encoder(**settings):
        return regression(TABLE, SIGNAL, **settings)[0].columns.encoder

    found = encoder(scaling="robust", dates="cyclic", categorical=["zip"], embed_above=5, min_frequency=2)
    assert found.numbers.scaling == "robust"
    circles = tuple(f"when {part} {axis}" for part in ("month", "weekday", "hour") for axis in ("sin", "cos"))
    zips = tuple(f"zip={i}" for i in range(5))
    assert found.feature_names == (*zips, "when", *circles, "town", "x")
    assert found.embedded == ((12, 11),)  # unknown, missing, nine levels; the three rare ones are unknown
    plain = encoder()
    assert (plain.numbers.scaling, plain.embedded, plain.n_features) == ("standard", (), 3 + 12)
    assert encoder(categorical=0).feature_names[:5] == zips
    assert encoder(categorical="zip").feature_names[:5] == zips


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_clamped_predictions_stay_in_the_range_of_training(loss):
    y = np.exp(SIGNAL)
    models = [fitted(*regression(y=y, loss=loss, clamp=clamp, alpha=0.0)) for clamp in (False, True)]
    far = X * 1e3
    free, clamped = (model.predict(far) for model in models)
    assert free.max() > y.max()
    np.testing.assert_array_equal(clamped, np.clip(free, y.min(), y.max()))
