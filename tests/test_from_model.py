"""An estimator made of a model that was loaded; and the seed that was drawn, kept."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import lamina
from lamina import DeepClassifier, DeepRegressor
from lamina.errors import SettingError

rng = np.random.default_rng(0)
X = pd.DataFrame({"a": rng.normal(size=120), "b": rng.normal(size=120), "g": rng.choice(list("uvw"), 120)})
Y = X.a - X.b
QUICK = {"preset": "sklearn", "hidden_layer_sizes": (6,), "max_iter": 3, "random_state": 0, "learning_rate_init": 0.01}
TASKS = {"regressor": (DeepRegressor, Y), "classifier": (DeepClassifier, np.where(Y > 0, "yes", "no"))}
GIVEN = {"splines": ("a",), "optimizer": "adamw(weight_decay=0.1)", "dropout": 0.1}


@pytest.fixture(params=TASKS)
def saved(request, tmp_path):
    """A fitted estimator, its targets, and its model from a file."""
    kind, y = TASKS[request.param]
    fitted = kind(**QUICK, **GIVEN).fit(X, y)
    fitted.save(tmp_path / "m.lamina")
    return fitted, y, lamina.load(tmp_path / "m.lamina")


def test_it_is_the_estimator_that_was_fitted(saved):
    fitted, y, model = saved
    again = type(fitted).from_model(model)
    assert again.get_params().keys() == fitted.get_params().keys()
    plain = lambda one: {"kind": one.kind, **vars(one)} if hasattr(one, "kind") else one  # noqa: E731
    for name, value in fitted.get_params().items():
        assert plain(getattr(again, name)) == plain(value), name
    np.testing.assert_array_equal(again.predict(X), fitted.predict(X))
    assert again.score(X, y) == fitted.score(X, y)
    for name in ("n_iter_", "best_epoch_", "stopped_", "n_features_in_", "n_outputs_", "loss_curve_"):
        assert getattr(again, name) == getattr(fitted, name), name
    assert list(again.feature_names_in_) == list(X.columns)
    if isinstance(again, DeepClassifier):
        assert list(again.classes_) == ["no", "yes"]
    with pytest.raises(ValueError, match="feature names"):
        again.predict(X.rename(columns={"a": "z"}))


def test_it_trains_on(saved):
    fitted, y, model = saved
    again = type(fitted).from_model(model)
    before = again.model_.params.copy()
    again.partial_fit(X, y)
    assert 0 < np.abs(again.model_.params - before).max() < 0.1
    assert again.n_iter_ == 4
    again.set_params(warm_start=True, max_iter=30).fit(X, y)
    assert again.n_iter_ == 34
    assert again.score(X, y) > fitted.score(X, y)


def test_a_clone_of_it_is_fitted_alike(saved):
    fitted, y, model = saved
    np.testing.assert_array_equal(clone(type(fitted).from_model(model)).fit(X, y).predict(X), fitted.predict(X))


def test_rows_without_names():
    fitted = DeepRegressor(**QUICK).fit(X[["a", "b"]].to_numpy(), Y)
    again = DeepRegressor.from_model(fitted.model_)
    assert again.n_features_in_ == 2
    assert not hasattr(again, "feature_names_in_")
    np.testing.assert_array_equal(again.predict(X[["a", "b"]].to_numpy()), fitted.predict(X[["a", "b"]].to_numpy()))


def test_a_model_of_the_other_task():
    model = DeepRegressor(**QUICK).fit(X, Y).model_
    with pytest.raises(SettingError, match="this model predicts numbers: use DeepRegressor"):
        DeepClassifier.from_model(model)


@pytest.mark.parametrize("random_state", [None, np.random.RandomState(7), np.random.default_rng(7), 5], ids=str)
def test_the_seed_that_was_drawn_is_kept(random_state, tmp_path):
    given = QUICK | {"random_state": random_state}
    fitted = DeepRegressor(**given, dropout=0.2).fit(X, Y)
    fitted.save(tmp_path / "m.lamina")
    seed = lamina.load(tmp_path / "m.lamina").settings["random_state"]
    assert seed == fitted.settings_["random_state"] == fitted.model_.settings["random_state"]
    assert isinstance(seed, int)
    again = DeepRegressor(**QUICK | {"random_state": seed}, dropout=0.2).fit(X, Y)
    np.testing.assert_array_equal(again.predict(X), fitted.predict(X))
    assert fitted.get_params()["random_state"] is random_state
