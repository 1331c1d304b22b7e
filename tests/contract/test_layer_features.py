"""Layers as features: names and data frames for every layer, and LayerFeatures in scikit-learn's tools."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline, make_union
from sklearn.utils.estimator_checks import parametrize_with_checks

import lamina
from lamina import DeepClassifier, DeepRegressor, LayerFeatures
from lamina.errors import SettingError
from plain_network import PLAIN

rng = np.random.default_rng(0)
X = rng.normal(size=(90, 3))
NUMBERS = X[:, 0] - 2 * X[:, 1]
LABELS = np.where(NUMBERS > 0, "up", "down")
FRAME = pd.DataFrame({"a": X[:, 0], "town": rng.choice(["Lima", "Oslo"], 90), "c": X[:, 2]})
QUICK = PLAIN | {"hidden_layer_sizes": (8, 5), "max_iter": 6, "learning_rate_init": 0.05, "random_state": 0}


def classifier(**settings):
    return DeepClassifier(**{**QUICK, **settings})


@pytest.mark.parametrize("layer", [0, 1, 2, -1, -2, 3])
@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_a_frame_of_any_layer(layer, container):
    model = classifier().fit(FRAME, LABELS)
    plain = model.transform(FRAME, layer)
    assert type(plain) is np.ndarray
    found = model.set_output(transform=container).transform(FRAME, layer=layer)
    assert isinstance(found, pd.DataFrame if container == "pandas" else pl.DataFrame)
    assert list(found.columns) == model.get_feature_names_out(layer=layer).tolist()
    np.testing.assert_array_equal(found.to_numpy(), plain)


def test_names():
    model = classifier().fit(FRAME, LABELS)
    assert model.get_feature_names_out().tolist() == [f"deepclassifier{i}" for i in range(5)]
    assert model.get_feature_names_out(layer=2).tolist() == [f"deepclassifier{i}" for i in range(5)]
    assert model.get_feature_names_out(layer=1).tolist() == [f"deepclassifier_layer1_{i}" for i in range(8)]
    assert model.get_feature_names_out(layer=0).tolist() == list(model.model_.encoder.feature_names)
    with pytest.raises(SettingError, match="layer=7: expected 0"):
        model.get_feature_names_out(layer=7)


def test_the_index_of_a_frame_stays():
    moved = FRAME.set_index(pd.Index(range(7, 97)))
    model = classifier().fit(moved, LABELS).set_output(transform="pandas")
    assert model.transform(moved, layer=1).index.equals(moved.index)
    assert model.fit_transform(moved, LABELS).columns.tolist() == model.get_feature_names_out().tolist()


def test_the_setting_of_the_session():
    with sklearn.config_context(transform_output="polars"):
        assert isinstance(classifier().fit(FRAME, LABELS).transform(FRAME, layer=1), pl.DataFrame)


def test_a_layer_as_a_step():
    pipeline = make_pipeline(LayerFeatures(classifier(max_iter=30), layer=1), LogisticRegression()).fit(FRAME, LABELS)
    alone = classifier(max_iter=30).fit(FRAME, LABELS)
    np.testing.assert_array_equal(pipeline[:-1].transform(FRAME), alone.transform(FRAME, layer=1))
    assert pipeline[:-1].get_feature_names_out().tolist() == alone.get_feature_names_out(layer=1).tolist()
    pipeline.set_output(transform="pandas").fit(FRAME, LABELS)
    assert pipeline[-1].feature_names_in_.tolist() == alone.get_feature_names_out(layer=1).tolist()


def test_a_network_that_was_fitted_before(tmp_path):
    fitted = classifier().fit(FRAME, LABELS)
    fitted.save(tmp_path / "m.lamina")
    loaded = DeepClassifier.from_model(lamina.load(tmp_path / "m.lamina"))
    both = make_union(*(LayerFeatures(FrozenEstimator(loaded), layer=k) for k in (1, 2))).fit(FRAME)
    expected = np.hstack([fitted.transform(FRAME, layer=k) for k in (1, 2)])
    np.testing.assert_array_equal(both.transform(FRAME), expected)
    assert len(set(both.get_feature_names_out())) == 13


def test_a_search_over_layers():
    pipeline = make_pipeline(LayerFeatures(classifier()), LogisticRegression())
    grid = {"layerfeatures__layer": [0, 1, 2], "layerfeatures__estimator__alpha": [0.0, 0.1]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, LABELS)
    assert search.best_params_.keys() == grid.keys()
    np.testing.assert_array_equal(
        search.predict(X), clone(pipeline).set_params(**search.best_params_).fit(X, LABELS).predict(X)
    )


def test_weights_reach_the_network():
    weights = rng.integers(0, 3, 90).astype(float)
    expected = classifier().fit(X, LABELS, weights).transform(X)
    np.testing.assert_array_equal(
        LayerFeatures(classifier()).fit(X, LABELS, sample_weight=weights).transform(X), expected
    )
    with sklearn.config_context(enable_metadata_routing=True):
        asked = LayerFeatures(classifier().set_fit_request(sample_weight=True))
        step = make_pipeline(asked, LogisticRegression().set_fit_request(sample_weight=False))
        np.testing.assert_array_equal(step.fit(X, LABELS, sample_weight=weights)[0].transform(X), expected)


def test_what_is_refused():
    with pytest.raises(SettingError, match="estimator=LogisticRegression: expected a DeepClassifier"):
        LayerFeatures(LogisticRegression()).fit(X, LABELS)
    with pytest.raises(SettingError, match="layer=9: expected 0"):
        LayerFeatures(classifier(), layer=9).fit(X, LABELS)
    assert not hasattr(LayerFeatures(classifier()), "n_features_in_")


@pytest.mark.filterwarnings("ignore::lamina.errors.DataWarning")  # constant columns, more batch than rows
@parametrize_with_checks(
    [LayerFeatures(DeepClassifier(**QUICK), layer=1), LayerFeatures(DeepRegressor(**QUICK), layer=0)]
)
def test_check(estimator, check):
    check(estimator)
