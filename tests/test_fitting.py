"""A training run: which weights are kept, when it stops, how it goes on, what happens when it leaves the numbers."""

from functools import partial
from itertools import islice

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

from lamina.data.batches import shuffled
from lamina.equations import random
from lamina.equations.losses import LOSSES
from lamina.errors import DataWarning, DivergenceError, DivergenceWarning, SettingError
from lamina.fitting import SCORED_ROWS, Fit
from lamina.learning.training import InMemory, State, train

rng = np.random.default_rng(0)
X = rng.normal(size=(120, 4))
SIGNAL = X[:, 0] - X[:, 1] * X[:, 2]
X_VAL = rng.normal(size=(50, 4))
SIGNAL_VAL = X_VAL[:, 0] - X_VAL[:, 1] * X_VAL[:, 2]
W_VAL = rng.gamma(2, 0.5, 50)
QUICK = {"preset": "sklearn", "hidden_layer_sizes": (8,), "learning_rate_init": 0.02, "random_state": 0, "max_iter": 25}
QUICK |= {"batch_size": 32, "bias_initializer": "zeros", "initializer": "suited"}


def regression(X=X, y=SIGNAL, sample_weight=None, *, rows=None, **settings):
    return Fit(X, y, sample_weight, settings={**QUICK, **settings}, task="regressor", **(rows or {}))


def classification(X=X, y=SIGNAL > 0, sample_weight=None, *, rows=None, **settings):
    return Fit(X, y, sample_weight, settings={**QUICK, **settings}, task="classifier", **(rows or {}))


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
    fit = regression(y=y, rows=watched, loss=loss, scale_target=loss != "huber", learning_rate_init=0.05)
    records = list(fit)
    model = fit.model()
    costs = [record["validation_cost"] for record in records]
    assert fit.best_epoch == 1 + int(np.argmin(costs))
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
    fit = classification(y=y, rows=watched, label_smoothing=smoothing)
    records = list(fit)
    P = fit.model().predict_proba(X_VAL)
    best = records[fit.best_epoch - 1]
    hard = log_loss(y_val, P, sample_weight=W_VAL)
    even = np.average(-np.log(P).mean(axis=1), weights=W_VAL)  # a label spread over all the classes
    assert best["validation_cost"] == min(record["validation_cost"] for record in records)
    assert best["validation_cost"] == pytest.approx((1 - smoothing) * hard + smoothing * even, rel=1e-4)
    right = accuracy_score(y_val, fit.model().predict(X_VAL), sample_weight=W_VAL)
    assert best["validation_score"] == pytest.approx(right, rel=1e-6)
    assert right > 1.2 * max(np.bincount(y_val, W_VAL)) / W_VAL.sum()


def test_multi_label():
    Y, Y_val = (np.column_stack([s > 0, s < 1, s > -1]).astype(int) for s in (SIGNAL, SIGNAL_VAL))
    fit = classification(y=Y, rows={"X_val": X_VAL, "y_val": Y_val})
    records = list(fit)
    P = fit.model().predict_proba(X_VAL)
    found = np.mean([log_loss(Y_val[:, k], P[:, k]) for k in range(3)])
    assert min(record["validation_cost"] for record in records) == pytest.approx(found, rel=1e-4)
    exact = accuracy_score(Y_val, fit.model().predict(X_VAL))
    assert records[fit.best_epoch - 1]["validation_score"] == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize(("alpha", "rate", "best"), [(2.0, 0.8, 1), (900.0, 0.01, 5)])
def test_without_held_out_rows_the_epoch_that_ends_lowest_is_kept(alpha, rate, best):
    """The cost of an epoch's record is a mean over its steps; what counts is where it ends, penalty included."""
    settings = {"optimizer": "gradient_descent", "learning_rate_init": rate, "batch_size": 120, "dtype": "float64"}
    fit = regression(alpha=alpha, max_iter=5, **settings)
    ends, errors = [], []
    for _ in fit:
        model = fit.current_model()
        W = [w for name, w in model.network.named(model.params).items() if name.startswith("W")]
        y = model.target.encode(SIGNAL)[:, 0]
        J = mean_squared_error(y, model.output(X)[:, 0]) / 2
        errors.append(J)
        ends.append(J + alpha / (2 * 120) * sum(np.sum(w**2) for w in W))
    assert fit.best_epoch == 1 + int(np.argmin(ends)) == best
    misleading = [record["cost"] for record in fit.history] if best == 1 else errors
    assert 1 + int(np.argmin(misleading)) != best


def test_a_score_is_watched_where_one_is_given():
    seen = []

    def score(model, rows):
        seen.append(rows)
        return -abs(len(seen) - 4)  # best at the fourth epoch

    fit = Fit(X, SIGNAL, settings={**QUICK, "scoring": "mine", "max_iter": 9}, task="regressor", score=score)
    records = list(fit)
    assert fit.best_epoch == 4
    assert [record["score"] for record in records] == [-3, -2, -1, 0, -1, -2, -3, -4, -5]
    assert sorted(seen[0]) == list(range(120))
    assert fit.score_name == "mine"


def test_a_score_of_held_out_rows():
    seen = []
    fit = Fit(
        X,
        SIGNAL,
        settings={**QUICK, "early_stopping": True, "max_iter": 2},
        task="regressor",
        score=lambda model, rows: float(seen.append(rows) or len(seen)),
    )
    records = list(fit)
    assert [record["validation_score"] for record in records] == [1.0, 2.0]
    assert len(seen[0]) == fit.n_held_out == 12
    np.testing.assert_array_equal(fit.model().encode(X[seen[0]]), fit.held_out.X)


# ---- what the records say ----


def test_a_record():
    fit = classification(X[:100], SIGNAL[:100] > 0, early_stopping=False, max_iter=3)
    for number, record in enumerate(fit, start=1):
        assert set(record) == {
            *("epoch", "cost", "validation_cost", "score"),
            *("validation_score", "learning_rate", "seconds"),
        }
        assert (record["epoch"], record["validation_cost"], record["validation_score"]) == (number, None, None)
        right = accuracy_score(SIGNAL[:100] > 0, fit.current_model().predict(X[:100]))
        assert record["score"] == pytest.approx(right)
        assert record["seconds"] > 0
    assert (fit.n_rows, fit.n_held_out, fit.epochs, fit.score_name) == (100, 0, 3, "accuracy")
    assert fit.history == fit.model().history


@pytest.mark.parametrize("members", [1, 3])
def test_a_record_says_how_the_model_of_its_epoch_does_on_the_watched_rows(members):
    right, held = SIGNAL > 0, slice(80, None)
    rows = {"X_val": X[held], "y_val": right[held]}
    fit = classification(X[:80], right[:80], n_members=members, calibrate=False, max_iter=3, rows=rows)
    for record in fit:
        model = fit.current_model()
        assert record["validation_cost"] == pytest.approx(log_loss(right[held], model.predict_proba(X[held])), rel=1e-5)
        assert record["validation_score"] == pytest.approx(accuracy_score(right[held], model.predict(X[held])))


def test_r2_of_many_targets():
    Y = np.column_stack([SIGNAL, 100 + X[:, 3], np.ones(120)])
    fit = regression(y=Y, max_iter=3)
    record = list(fit)[-1]
    assert record["score"] == pytest.approx(r2_score(Y, fit.current_model().predict(X)), rel=1e-5)


def test_the_score_of_many_training_rows_is_that_of_some_of_them():
    n = SCORED_ROWS + 500
    many = rng.normal(size=(n, 2))
    fit = regression(many, many[:, 0], early_stopping=False, max_iter=1, batch_size=512)
    record = next(iter(fit))
    model = fit.current_model()
    some = fit.scored_rows[:SCORED_ROWS]
    assert record["score"] == pytest.approx(r2_score(many[some, 0], model.predict(many[some])), rel=1e-5)


# ---- when it stops ----


def test_all_epochs():
    fit = regression(max_iter=4)
    assert len(list(fit)) == 4
    assert fit.stopped == "all 4 epochs were done"


@pytest.mark.parametrize("watched", ["training", "held-out"])
def test_patience(watched):
    """No epoch is better than the first by so much."""
    fit = regression(max_iter=50, n_iter_no_change=3, tol=1e6, early_stopping=watched == "held-out")
    assert len(list(fit)) == 4
    assert fit.stopped == f"no progress on the {watched} rows for 3 epochs"


def test_a_best_epoch_after_which_nothing_got_better():
    y = np.random.default_rng(5).normal(size=120)  # nothing to learn
    fit = regression(y=y, early_stopping=True, max_iter=200, n_iter_no_change=7, tol=0, learning_rate_init=0.1)
    records = list(fit)
    assert len(records) == fit.best_epoch + 7 < 200
    costs = [record["validation_cost"] for record in records]
    assert costs[fit.best_epoch - 1] == min(costs)
    model = fit.model()
    held = fit.held_out
    A = fit.engine.predict(fit.network, model.params, held.X)
    assert np.mean((A - held.Y) ** 2) / 2 == pytest.approx(min(costs), rel=1e-5)
    assert model.scores == {
        "validation_cost": min(costs),
        "validation_r2": records[fit.best_epoch - 1]["validation_score"],
    }


@pytest.mark.parametrize(
    ("early", "n", "held"),
    [("auto", 59, 0), ("auto", 60, 12), (True, 30, 6), (False, 1000, 0)],
)
def test_how_many_rows_are_held_out(early, n, held):
    many = np.random.default_rng(1).normal(size=(n, 2))
    fit = regression(many, many[:, 0], preset="auto", batch_size="auto", early_stopping=early)
    assert (fit.n_rows, fit.n_held_out) == (n - held, held)


def test_the_held_out_rows_have_their_share_of_each_class():
    y = np.repeat([0, 1, 2], [80, 30, 10])
    fit = classification(y=y, early_stopping=True, validation_fraction=0.2)
    assert fit.held_out.Y.sum(axis=0).tolist() == [16, 6, 2]


def test_held_out_rows_teach_nothing():
    """Neither the scales of the columns nor the target's: only the rows to learn from are looked at."""
    watched = {"X_val": X_VAL * 100 + 7, "y_val": SIGNAL_VAL * 100}
    alone, beside = regression(), regression(rows=watched)
    np.testing.assert_array_equal(alone.encoder.numbers.location, beside.encoder.numbers.location)
    np.testing.assert_array_equal(alone.target.scale, beside.target.scale)
    np.testing.assert_array_equal(alone.examples.X, beside.examples.X)
    fit = regression(early_stopping=True)
    np.testing.assert_allclose(fit.examples.X.mean(axis=0), 0, atol=1e-6)
    assert np.abs(fit.held_out.X.mean(axis=0)).max() > 1e-3


def test_learning_again_from_all_rows():
    """The same as so many passes over all of them, in any other way."""
    again = {"early_stopping": True, "refit": True, "n_iter_no_change": 5, "max_iter": 40, "averaging": 0.5}
    fit, plain = regression(**again), regression(**{**again, "refit": False})
    assert [*map(untimed, fit)] == [*map(untimed, plain)]
    n = fit.n_rows + fit.n_held_out
    assert fit.stopped == f"{plain.stopped}; then {fit.best_epoch} epochs with all {n} rows"
    everything = [np.concatenate([getattr(rows, name) for rows in (fit.examples, fit.held_out)]) for name in "XY"]
    state = State.start(fit.network, fit.recipe.optimiser, plain._starting_parameters())
    passes = train(fit.network, fit.engine, state, InMemory(*everything), fit.recipe)
    assert len(list(islice(passes, fit.best_epoch))) == fit.best_epoch
    np.testing.assert_array_equal(fit.model().params, state.average)
    assert not np.array_equal(fit.model().params, plain.model().params)


def test_learning_again_is_for_whole_runs_only():
    again = {"early_stopping": True, "refit": True, "max_iter": 12}
    fit = regression(**again)
    for record in fit:
        if record["epoch"] == 3:
            break
    left = regression(**{**again, "refit": False})
    for record in left:
        if record["epoch"] == 3:
            break
    np.testing.assert_array_equal(fit.model().params, left.model().params)
    assert "all" not in "".join(regression(**again, rows={"X_val": X_VAL, "y_val": SIGNAL_VAL}).stopped)


def untimed(record):
    return {name: value for name, value in record.items() if name != "seconds"}


def test_the_optimiser_is_at_its_end():
    fit = regression(optimizer="lbfgs", hidden_layer_sizes=(), max_iter=500, tol=1e-8, dtype="float64")
    records = list(fit)
    assert len(records) < 100
    assert fit.stopped == f"the optimiser found nothing better after {len(records)} epochs"


# ---- leaving the loop, and going on ----


@pytest.mark.parametrize("optimiser", ["adam", "lbfgs"])
def test_leaving_the_loop_gives_a_model_and_going_on_the_same_bits(optimiser):
    whole = regression(optimizer=optimiser, max_iter=6, tol=0)
    list(whole)
    fit = regression(optimizer=optimiser, max_iter=6, tol=0)
    for record in fit:
        if record["epoch"] == 3:
            break
    assert len(fit.history) == 3
    assert np.isfinite(fit.model().predict(X)).all()
    if optimiser == "adam":  # L-BFGS starts its memory anew
        list(fit)
        assert [r["cost"] for r in fit.history] == [r["cost"] for r in whole.history]
        np.testing.assert_array_equal(fit.model().params, whole.model().params)


@pytest.mark.parametrize("optimiser", ["adam", "lbfgs"])
def test_an_interrupt_between_epochs(optimiser):
    fit = regression(optimizer=optimiser)

    def interrupted():
        for record in fit:
            if record["epoch"] == 3:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(fit.model().history) == 3
    assert fit.best_epoch >= 1
    assert len(list(fit)) >= 1


def test_an_interrupt_within_an_epoch(monkeypatch):
    """Ctrl-C comes in the middle of a step: the best weights are those of an epoch that was whole."""
    fit = regression(batch_size=32)
    kept = []
    for record in fit:
        kept.append(fit.model().params.copy())
        if record["epoch"] == 2:
            break
    steps = fit.engine.train_steps

    def interrupted(network, optimiser, params, *rest, **more):
        steps(network, optimiser, params, *rest, **more)
        params[:] = np.nan
        raise KeyboardInterrupt

    fit.engine = fit.engine._replace(train_steps=interrupted)
    with pytest.raises(KeyboardInterrupt):
        next(iter(fit))
    np.testing.assert_array_equal(fit.model().params, kept[-1])


def test_before_the_first_epoch_there_is_a_model_too():
    fit = regression()
    assert fit.best_epoch == 0
    assert fit.model().predict(X).shape == (120,)


def test_the_model_does_not_change_afterwards():
    fit = regression()
    epochs = iter(fit)
    next(epochs)
    models = [fit.model(), fit.current_model()]
    params = [model.params.copy() for model in models]
    list(epochs)
    for model, before in zip(models, params, strict=True):
        np.testing.assert_array_equal(model.params, before)
        assert len(model.history) == 1


def test_going_on_from_an_earlier_run():
    """Columns, target and network are kept, the optimiser's memory goes on; a pass in two halves is one pass."""
    settings = {"shuffle": False, "batch_size": 20, "max_iter": 1, "optimizer": "momentum", "dropout": 0.3}
    first = regression(**settings)
    list(first)
    X2, y2 = X[:40] + 5, SIGNAL[:40] * 9
    second = regression(X2, y2, rows={"goes_on_from": first.carried()}, **settings)
    np.testing.assert_array_equal(second.state.params, first.model().params)
    np.testing.assert_array_equal(second.state.memory, first.state.memory)
    assert second.state.step == first.state.step == 6
    assert second.encoder is first.encoder
    assert second.target is first.target
    list(second)
    other = regression(X2, y2, rows={"goes_on_from": first.carried()}, **settings | {"optimizer": "adam"})
    assert other.state.step == 0  # another optimiser starts its memory anew
    assert not other.state.memory.any()


def test_going_on_with_other_settings():
    first = regression(max_iter=1)
    list(first)
    going_on = {"rows": {"goes_on_from": first.carried()}}
    assert regression(**going_on, alpha=7.0).network.l2 == 7.0
    assert regression(**going_on, dropout=0.5).network.layers[2].rate == 0.5
    for other in ({"hidden_layer_sizes": (9,)}, {"normalization": "batch"}, {"loss": "poisson"}):
        with pytest.raises(SettingError, match=r"make another network .*W1 \(8, 4\).* set them back, or start anew"):
            regression(X, np.abs(SIGNAL), **going_on, **other)


# ---- the objective ----


@pytest.mark.parametrize("penalties", [{"alpha": 0.0}, {"alpha": 5.0}, {"alpha": 0.0, "l1": 3.0}])
def test_one_step_is_minus_the_slope_of_the_lectures_cost(penalties):
    """J = (1/m) sum w L + lambda/2m sum W^2 + lambda1/m sum |W|, its slope by central differences from predictions."""
    weights = rng.gamma(2, 0.5, 120)
    settings = {"optimizer": "gradient_descent", "learning_rate_init": 1e-3, "dtype": "float64", "batch_size": 120}
    fit = regression(sample_weight=weights, max_iter=1, activation="tanh", **settings, **penalties)
    start, model = fit.state.params.copy(), fit.current_model()
    y = model.target.encode(SIGNAL)[:, 0]

    def J(params):
        model.params[:] = params
        W = np.concatenate([w.ravel() for n, w in model.network.named(params).items() if n.startswith("W")])
        cost = mean_squared_error(y, model.output(X)[:, 0], sample_weight=weights) / 2
        return cost + penalties["alpha"] / 240 * np.sum(W**2) + penalties.get("l1", 0) / 120 * np.sum(np.abs(W))

    eye = 1e-5 * np.eye(len(start))
    slope = np.array([(J(start + e) - J(start - e)) / 2e-5 for e in eye])
    (record,) = fit
    np.testing.assert_allclose((start - fit.state.params) / 1e-3, slope, rtol=1e-5, atol=1e-8)
    assert record["cost"] == pytest.approx(J(start), rel=1e-9)


def test_a_minibatch_pulls_towards_the_same_cost():
    """The penalty is lambda/m with the m of the whole set: halves of the rows give halves of the step."""
    settings = {"optimizer": "gradient_descent", "learning_rate_init": 1e-9, "dtype": "float64", "alpha": 9.0}
    steps = []
    for size in (60, 120):
        fit = regression(batch_size=size, max_iter=1, **settings)
        start = fit.state.params.copy()
        list(fit)
        steps.append((start - fit.state.params) * size)
    np.testing.assert_allclose(steps[0], steps[1], rtol=1e-4)


def test_a_batch_larger_than_the_data():
    with pytest.warns(DataWarning, match="batch_size=500 is larger than the 120 training rows: a step takes all"):
        fit = regression(batch_size=500)
    assert fit.recipe.batch_size == 120


# ---- divergence ----


def test_before_any_epoch_was_good():
    fit = regression(learning_rate_init=1e30)
    with pytest.raises(DivergenceError, match=r"epoch 1, batch 2 of 4: .* of layer \d \(linear\).* Try a smaller"):
        list(fit)
    assert fit.history == []


@pytest.mark.parametrize("held", [True, False])
def test_an_epoch_that_ends_beyond_the_numbers_is_no_good_epoch(held):
    """One step per epoch: the first cost is that of the start, the step leads far out, the next pass finds it."""
    far = {"optimizer": "gradient_descent", "learning_rate_init": 1e25, "batch_size": 108, "early_stopping": held}
    if not held:
        far["batch_size"] = 120
    fit = regression(**{**far, "max_iter": 5})
    with pytest.raises(DivergenceError, match=r"diverged in epoch 2, batch 1 of 1: .* not finite"):
        list(fit)
    fit = regression(**{**far, "max_iter": 1})
    with pytest.raises(DivergenceError, match=r"diverged in epoch 1, batch 1 of 1: .* not finite"):
        list(fit)


def test_after_a_good_epoch_the_best_weights_are_kept():
    fit = regression(max_iter=10)
    for record in fit:
        if record["epoch"] == 3:
            break
    best, best_epoch = fit.model().params.copy(), fit.best_epoch
    fit.examples.Y[_second_batch(fit)] = 3e38
    with pytest.warns(DivergenceWarning, match=r"epoch 4, batch 2 of 4: the cost.* The weights of epoch \d, the best"):
        assert list(fit) == []
    assert fit.stopped == "diverged"
    assert fit.best_epoch == best_epoch
    np.testing.assert_array_equal(fit.model().params, best)
    assert np.isfinite(fit.model().predict(X)).all()


def _second_batch(fit):
    """A row that the second batch of the fourth epoch takes, as the loop draws it."""
    words = partial(random.bits, seed=fit.seed, stream=random.SHUFFLE, step=3)
    return shuffled(fit.n_rows, words)[fit.recipe.batch_size]


def test_clipping_helps():
    settings = {"optimizer": "gradient_descent", "learning_rate_init": 3.0, "batch_size": 30, "scale_target": False}
    y = SIGNAL * 1e4
    with pytest.raises(DivergenceError):
        list(regression(y=y, **settings))
    fit = regression(y=y, **settings | {"optimizer": "gradient_descent(clip_norm=1)"})
    assert np.isfinite([record["cost"] for record in fit]).all()


def test_lbfgs_that_cannot_begin():
    fit = regression(X * 1e200, optimizer="lbfgs", scaling="none", dtype="float64")
    with pytest.raises(DivergenceError, match=r"epoch 1, batch 1 of 1: the cost \(squared_error\) is not finite"):
        list(fit)


# ---- how columns become features ----

TABLE = {
    "zip": np.arange(120) % 5,
    "when": np.datetime64("2020-01-30T05", "h") + 17 * np.arange(120),
    "town": np.array([f"town {i % 9}" for i in range(117)] + ["a", "b", "c"], object),
    "x": X[:, 0],
}


def test_settings_of_the_encoder_reach_it():
    rows = {"y": SIGNAL, "scaling": "robust", "dates": "cyclic", "categorical": ["zip"], "embed_above": 5}
    encoder = regression(TABLE, **rows, min_frequency=2).encoder
    assert encoder.numbers.scaling == "robust"
    circles = tuple(f"when {part} {axis}" for part in ("month", "weekday", "hour") for axis in ("sin", "cos"))
    zips = tuple(f"zip={i}" for i in range(5))
    assert encoder.feature_names == (*zips, "when", *circles, "town", "x")
    assert encoder.embedded == ((12, 11),)  # unknown, missing, nine levels; the three rare ones are unknown
    plain = regression(TABLE, SIGNAL).encoder
    assert (plain.numbers.scaling, plain.embedded, plain.n_features) == ("standard", (), 3 + 12)
    assert regression(TABLE, SIGNAL, categorical=0).encoder.feature_names[:5] == zips
    assert regression(TABLE, SIGNAL, categorical="zip").encoder.feature_names[:5] == zips


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_clamped_predictions_stay_in_the_range_of_training(loss):
    y = np.exp(SIGNAL)
    fits = [regression(y=y, loss=loss, clamp=clamp, alpha=0.0) for clamp in (False, True)]
    for fit in fits:
        list(fit)
    far = X * 1e3
    free, clamped = (fit.model().predict(far) for fit in fits)
    assert free.max() > y.max()
    np.testing.assert_array_equal(clamped, np.clip(free, y.min(), y.max()))
