"""`predict_quantiles`: intervals that hold what they promise, in the order of the loss, without crossing."""

from dataclasses import replace

import numpy as np
import pytest

from lamina import DeepRegressor
from lamina.equations.losses import Quantile
from lamina.errors import SettingError

QUICK = {"preset": "sklearn", "hidden_layer_sizes": (32,), "random_state": 0, "activation": "tanh"}
QUANTILES = (0.1, 0.5, 0.9)


def spread(n, seed):
    """Noise that grows with x: the deviation of y is 0.2 + x."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 1, n)
    return x[:, None], 3 * x + (0.2 + x) * rng.normal(size=n)


def crossing(quantiles=QUANTILES, targets=1):
    """A model whose last layer was turned so that its quantiles cross for half of the rows."""
    X = np.random.default_rng(0).normal(size=(40, 1))
    y = X[:, 0] if targets == 1 else np.repeat(X, targets, axis=1) * [1, 100]
    model = DeepRegressor(**{**QUICK, "hidden_layer_sizes": ()}, max_iter=1, loss=Quantile(quantiles=quantiles))
    model.fit(X, y)
    params = model.model_.params.copy()
    W, b = model.model_.network.views(params)[0].values()
    W[:, 0], b[:] = np.tile(np.arange(len(quantiles)), targets), 0  # outputs 0, x, 2x
    model.model_ = replace(model.model_, params=params)
    return model, X


def test_intervals_hold_what_they_promise():
    X, y = spread(2000, 0)
    model = DeepRegressor(**QUICK, max_iter=30, learning_rate_init=0.01, loss=Quantile(quantiles=QUANTILES)).fit(X, y)
    X, y = spread(4000, 1)
    found = model.predict_quantiles(X)
    assert found.shape == (4000, 3)
    for wide in (X[:, 0] < 0.3, X[:, 0] > 0.7):
        for q, column in zip(QUANTILES, found.T, strict=True):
            assert np.mean(y[wide] < column[wide]) == pytest.approx(q, abs=0.06)
    width = found[:, 2] - found[:, 0]
    assert width[X[:, 0] > 0.9].mean() == pytest.approx(2 * 1.2816 * 1.15, rel=0.25)  # of a normal distribution
    assert width[X[:, 0] < 0.1].mean() < 0.5 * width[X[:, 0] > 0.9].mean()


@pytest.mark.parametrize("quantiles", [(0.1, 0.5, 0.9), (0.9, 0.1, 0.5)])
def test_they_are_those_of_predict_in_their_order(quantiles):
    model, X = crossing(quantiles)
    crossed, found = model.predict(X), model.predict_quantiles(X)
    assert (np.diff(crossed[:, np.argsort(quantiles)], axis=1) < 0).any()
    np.testing.assert_array_equal(np.sort(crossed, axis=1), np.sort(found, axis=1))
    in_order = found[:, [quantiles.index(q) for q in QUANTILES]]
    assert (np.diff(in_order, axis=1) >= 0).all()


def test_of_several_targets_each_for_itself():
    model, X = crossing(targets=2)
    found = model.predict_quantiles(X)
    assert found.shape == (40, 2, 3)
    assert (np.diff(found, axis=2) >= 0).all()
    np.testing.assert_array_equal(np.sort(model.predict(X), axis=2), found)
    np.testing.assert_allclose(np.ptp(found[:, 1], axis=1), 100 * np.ptp(found[:, 0], axis=1), rtol=1e-5)


def test_a_single_quantile_is_a_column():
    model, X = crossing((0.3,))
    np.testing.assert_array_equal(model.predict_quantiles(X), model.predict(X)[:, None])


def test_another_loss_says_what_to_do():
    X = np.arange(20.0)[:, None]
    model = DeepRegressor(**QUICK, max_iter=1).fit(X, X[:, 0])
    with pytest.raises(SettingError, match="the loss squared_error, which has no quantiles: train it with loss=") as e:
        model.predict_quantiles(X)
    text = 'loss="quantile(quantiles=(0.1, 0.5, 0.9))"'
    assert text in str(e.value)
    assert DeepRegressor(**QUICK, max_iter=1, loss=text[6:-1]).fit(X, X[:, 0]).predict_quantiles(X).shape == (20, 3)
