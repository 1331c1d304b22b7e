"""Runs made sick on purpose: what was done to each, and the finding that must come first."""

import warnings

import numpy as np
import pandas as pd

from lamina import DeepClassifier, DeepRegressor
from lamina.equations.layers import Dense, Residual

SMALL = {"preset": "sklearn", "hidden_layer_sizes": (32, 16), "max_iter": 30, "random_state": 0}


def rows(n=400, d=8, seed=0):
    """Rows, classes and numbers that a small network learns easily."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    signal = X[:, 0] + X[:, 1] * X[:, 2] + 0.3 * rng.normal(size=n)
    return X, (signal > 0).astype(int), signal


def classifier(X, y, *, diagnose=(), val=None, **settings):
    return _fitted(DeepClassifier(**SMALL | settings), X, y, val)


def regressor(X, y, *, val=None, **settings):
    return _fitted(DeepRegressor(**SMALL | settings), X, y, val)


def _fitted(model, X, y, val=None):
    more = {} if val is None else {"X_val": val[0], "y_val": val[1]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, y, **more)


def edited(change, kind=DeepClassifier, **settings):
    """A run whose weights were changed after one epoch, and that went on."""
    X, c, r = rows()
    y = c if kind is DeepClassifier else r
    model = _fitted(kind(**SMALL | settings | {"max_iter": 1, "warm_start": True}), X, y)
    change(model.parameters_)
    return _fitted(model.set_params(max_iter=20), X, y)


def of_classes(**settings):
    X, y, _ = rows()
    return classifier(X, y, **settings)


def of_numbers(**settings):
    X, _, y = rows()
    return regressor(X, y, **settings)


def _set(name, value):
    def change(parameters):
        parameters[name][:] = value

    return change


def _times(name, factor):
    def change(parameters):
        parameters[name][:] *= factor

    return change


# ---- the layers ----


def dead_first_layer():
    return edited(_set("b1", -20.0))


def dead_second_layer():
    return edited(_set("b2", -50.0), DeepRegressor)


def saturated_tanh():
    return edited(_times("W1", 100.0), activation="tanh", learning_rate_init=1e-4)


def saturated_sigmoid():
    return edited(_times("W1", 100.0), DeepRegressor, activation="sigmoid", learning_rate_init=1e-4)


def vanishing_sigmoid():
    return of_classes(
        activation="sigmoid", hidden_layer_sizes=(16,) * 12, optimizer="gradient_descent", learning_rate_init=0.1
    )


def vanishing_small_start():
    return of_numbers(
        hidden_layer_sizes=(32,) * 8, initializer="small_normal", optimizer="gradient_descent", learning_rate_init=0.01
    )


def exploding_residuals():
    return of_classes(hidden_layer_sizes=(16, *[Residual([Dense(16)])] * 40), learning_rate_init=1e-5)


def exploding_regression():
    return of_numbers(hidden_layer_sizes=(16, *[Residual([Dense(16)])] * 30), learning_rate_init=1e-5)


def symmetric_zeros():
    return of_classes(initializer="zeros", bias_initializer="zeros", learning_rate_init=0.01)


def symmetric_regression():
    return of_numbers(initializer="zeros", bias_initializer="zeros", activation="tanh")


def sure_from_the_start():
    return of_classes(hidden_layer_sizes=(16, *[Residual([Dense(16)])] * 14))


# ---- the steps ----


def rate_too_high_adam():
    return of_classes(learning_rate_init=3.0)


def rate_too_high_regression():
    return of_numbers(learning_rate_init=1.0)


def rate_too_high_gradient_descent():
    return of_classes(optimizer="gradient_descent", learning_rate_init=100.0)


def rate_too_low_adam():
    return of_classes(learning_rate_init=1e-8)


def rate_too_low_gradient_descent():
    return of_numbers(optimizer="gradient_descent", learning_rate_init=1e-7)


def bouncing():
    return of_numbers(optimizer="gradient_descent", learning_rate_init=0.1, batch_size=1)


def bouncing_momentum():
    return of_numbers(
        optimizer="momentum(beta1=0.95)", learning_rate_init=0.02, batch_size=4, activation="tanh", max_iter=60
    )


def diverging():
    return of_numbers(
        optimizer="gradient_descent", learning_rate_init=0.6, activation="identity", hidden_layer_sizes=(64, 64)
    )


def one_layer_too_fast():
    return edited(_times("W2", 1e-5), learning_rate_init=3e-3)


def one_layer_too_slow():
    return of_classes(
        activation="sigmoid", hidden_layer_sizes=(16,) * 4, optimizer="gradient_descent", learning_rate_init=0.01
    )


# ---- the rows ----


def unscaled_tanh():
    X, y, _ = rows()
    return classifier(X * 200, y, scaling="none", activation="tanh")


def one_large_column():
    X, _, y = rows()
    return regressor(X * np.where(np.arange(8) == 3, 1e5, 1), y, scaling="none")


def tiny_inputs():
    X, y, _ = rows()
    return classifier(X * 1e-5, y, scaling="none")


def large_target():
    X, _, y = rows()
    return regressor(X, y * 1e5, scale_target=False)


def far_target():
    X, _, y = rows()
    return regressor(X, y + 1e4, scale_target=False)


def same_inputs():
    _, y, _ = rows()
    return classifier(np.ones((400, 3)), y)


def one_class():
    X, _, _ = rows()
    return classifier(X, np.full(400, "yes"))


def one_number():
    X, _, _ = rows()
    return regressor(X, np.full(400, 3.5))


def labels_in_another_order():
    X, y, _ = rows(600)
    y = np.random.default_rng(1).permutation(y)
    return classifier(X[:400], y[:400], val=(X[400:], y[400:]), max_iter=100)


def numbers_in_another_order():
    X, _, y = rows(600)
    y = np.random.default_rng(1).permutation(y)
    return regressor(X[:400], y[:400], val=(X[400:], y[400:]), max_iter=100)


def validated_on_training_rows():
    X, y, _ = rows()
    return classifier(X, y, val=(X[:100], y[:100]))


def rows_twice():
    X, _, y = rows()
    return regressor(np.tile(X, (3, 1)), np.tile(y, 3), early_stopping=True)


def target_among_the_columns():
    X, y, _ = rows()
    X[:, 4] = y + 0.01 * X[:, 4]
    return classifier(X, y)


def target_in_words():
    X, y, _ = rows()
    frame = pd.DataFrame(X, columns=list("abcdefgh")).assign(outcome=np.where(y > 0, "paid", "open"))
    return classifier(frame, y)


def target_in_another_unit():
    X, _, y = rows(2000)
    X[:, 2] = np.exp(y)
    return regressor(X, y)


def a_column_twice():
    X, y, _ = rows()
    return classifier(np.column_stack([X, X[:, 0] * 2.54 + 1]), y)


def a_category_twice():
    X, _, y = rows()
    kind = np.random.default_rng(3).choice(["red", "green", "blue"], 400)
    frame = (
        pd.DataFrame(X)
        .rename(columns=str)
        .assign(colour=kind, farbe=pd.Series(kind).map({"red": "rot", "green": "grün", "blue": "blau"}))
    )
    return regressor(frame, y)


def quantities_as_classes():
    X, _, y = rows()
    return classifier(X, np.round(10 * y).astype(int))


def classes_as_quantities():
    X, y, _ = rows()
    return regressor(X, y.astype(float))


def rare_class():
    X, _, y = rows(1000)
    rng = np.random.default_rng(2)
    labels = np.where(rng.random(1000) < 0.03, "fraud", np.where(y > 0, "good", "fair"))
    return classifier(X, labels, max_iter=10)


# ---- held back, or by heart ----


def penalty_too_large():
    return of_classes(alpha=1e5, max_iter=100)


def decay_too_large():
    return of_numbers(optimizer="adamw(weight_decay=100)", max_iter=100)


def dropout_too_large():
    return of_classes(dropout=0.95)


def by_heart():
    X, y, _ = rows(400, 60)
    return classifier(X[:80], y[:80], val=(X[80:], y[80:]), hidden_layer_sizes=(128,), max_iter=200)


def by_heart_regression():
    X, _, y = rows(400, 60)
    return regressor(
        X[:80], y[:80], val=(X[80:], y[80:]), hidden_layer_sizes=(128,), max_iter=300, learning_rate_init=0.003
    )


def hardly_moved_from_zero():
    return of_numbers(zero_last_layer=True, learning_rate_init=2e-5, max_iter=10)


def ended_early():
    return of_numbers(max_iter=3)


SICK = {
    "dead_units": (dead_first_layer, dead_second_layer),
    "saturated_units": (saturated_tanh, saturated_sigmoid),
    "vanishing_gradients": (vanishing_sigmoid, vanishing_small_start),
    "exploding_gradients": (exploding_residuals, exploding_regression),
    "symmetric_units": (symmetric_zeros, symmetric_regression),
    "cost_at_start": (sure_from_the_start,),
    "learning_rate_too_high": (rate_too_high_adam, rate_too_high_regression, rate_too_high_gradient_descent, diverging),
    "learning_rate_too_low": (rate_too_low_adam, rate_too_low_gradient_descent),
    "cost_bounces": (bouncing, bouncing_momentum),
    "update_ratio_high": (one_layer_too_fast,),
    "update_ratio_low": (one_layer_too_slow,),
    "unscaled_inputs": (unscaled_tanh, one_large_column, tiny_inputs),
    "unscaled_target": (large_target, far_target),
    "constant_inputs": (same_inputs,),
    "constant_target": (one_class, one_number),
    "shuffled_labels": (labels_in_another_order, numbers_in_another_order),
    "validation_rows_in_training": (validated_on_training_rows, rows_twice),
    "leaking_column": (target_among_the_columns, target_in_words, target_in_another_unit),
    "copied_columns": (a_column_twice, a_category_twice),
    "numbers_as_classes": (quantities_as_classes,),
    "labels_as_numbers": (classes_as_quantities,),
    "class_never_predicted": (rare_class,),
    "too_much_l2": (penalty_too_large, decay_too_large),
    "too_much_dropout": (dropout_too_large,),
    "memorising": (by_heart, by_heart_regression),
    "constant_prediction": (hardly_moved_from_zero,),
    "still_learning": (ended_early,),
}
