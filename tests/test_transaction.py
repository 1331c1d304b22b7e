"""A fit happens as a whole or not at all; what cannot be kept is refused at its start; pickles of other releases."""

import pickle

import numpy as np
import pandas as pd
import pytest

import lamina
from lamina import (
    Activation,
    BatchNorm,
    DeepClassifier,
    DeepRegressor,
    Dense,
    Dropout,
    LayerNorm,
    Linear,
    Residual,
    Scale,
)
from lamina.errors import DataError, DivergenceError, DivergenceWarning, SettingError, VersionWarning

rng = np.random.default_rng(0)
X = pd.DataFrame(rng.normal(size=(90, 3)), columns=["a", "b", "c"])
Y = X.a - X.b
LABELS = np.where(Y > 0, "yes", "no")
QUICK = {"preset": "sklearn", "hidden_layer_sizes": (5,), "max_iter": 2, "random_state": 0}

# ---- whole or not at all ----

FAILURES = {
    "targets": (lambda model, rows: model.fit(rows, [None] * 90), ValueError),
    "infinity": (lambda model, rows: model.fit(rows.assign(a=np.inf), Y), DataError),
    "a setting": (lambda model, rows: model.set_params(max_iter=0).fit(rows, Y), SettingError),
    "a scorer": (lambda model, rows: model.set_params(scoring="f1").fit(rows, Y), SettingError),
    "divergence": (
        lambda model, rows: model.set_params(learning_rate_init=1e30, scale_target=False).fit(rows, Y * 1e30),
        DivergenceError,
    ),
    "weights": (lambda model, rows: model.fit(rows, Y, -np.ones(90)), DataError),
}


@pytest.mark.parametrize("rows", [X.assign(q=1.0), X[["c", "a"]], X.to_numpy()[:, :2]], ids=["wider", "other", "bare"])
@pytest.mark.parametrize("failure", FAILURES)
def test_a_fit_that_fails_leaves_the_model_that_was_there(failure, rows):
    model = DeepRegressor(**QUICK).fit(X, Y)
    before, expected = dict(model.__dict__), model.predict(X)
    fails, error = FAILURES[failure]
    rows = rows if isinstance(rows, pd.DataFrame) or failure != "infinity" else pd.DataFrame(rows, columns=["a", "b"])
    with pytest.raises(error):
        fails(model, rows)
    for name in ("n_features_in_", "feature_names_in_", "model_", "history_", "n_iter_"):
        assert getattr(model, name) is before[name], name
    np.testing.assert_array_equal(model.predict(X), expected)
    with pytest.raises(ValueError, match=r"features|feature names"):
        model.predict(X[["a", "b"]])


def test_a_first_fit_that_fails_leaves_nothing():
    model = DeepRegressor(**QUICK)
    with pytest.raises(ValueError, match="y contains"):
        model.fit(X, [None] * 90)
    with pytest.raises(SettingError, match="classes must be passed"):
        DeepClassifier(**QUICK).partial_fit(X, LABELS)
    assert not [name for name in vars(model) if name.endswith("_")]


def test_a_fit_of_rows_without_names_forgets_them():
    model = DeepRegressor(**QUICK).fit(X, Y).fit(X.to_numpy()[:, :2], Y)
    assert model.n_features_in_ == 2
    assert not hasattr(model, "feature_names_in_")
    np.testing.assert_array_equal(model.predict(X.to_numpy()[:, :2]).shape, (90,))


def test_a_scorer_sees_the_columns_of_its_own_fit():
    seen = []

    def score(estimator, rows, y):
        seen.append((estimator.n_features_in_, len(estimator.predict(rows)), list(estimator.feature_names_in_)))
        return 0.5

    model = DeepRegressor(**QUICK, scoring=score).fit(X[["a"]], Y)
    model.fit(X, Y)
    assert {one[0] for one in seen} == {1, 3}
    assert seen[-1] == (3, 90, ["a", "b", "c"])


# ---- what cannot be kept ----


@pytest.mark.parametrize("setting", [None, "cost"])
def test_scoring_of_none_is_the_default(setting, tmp_path):
    model = DeepRegressor(**QUICK, scoring=setting).fit(X, Y)
    model.save(tmp_path / "m.lamina")
    assert "scoring" not in lamina.load(tmp_path / "m.lamina").settings
    np.testing.assert_array_equal(model.predict(X), DeepRegressor(**QUICK).fit(X, Y).predict(X))


def nested(depth):
    layer = Residual([Linear(3)])
    for _ in range(depth):
        layer = Residual([layer])
    return layer


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"random_state": True}, "random_state=True: expected None, a whole number, or a RandomState"),
        ({"batch_size": 2**70}, r"batch_size=1180591620717411303424: expected a whole number below 2\*\*63"),
        ({"n_iter_no_change": 10**30}, "n_iter_no_change=10+: expected a whole number below"),
        ({"min_frequency": 2**64}, "min_frequency=18446744073709551616: expected a whole number below"),
        (
            {"hidden_layer_sizes": (BatchNorm(momentum=5), 3)},
            r"batch_norm\(momentum=5\): expected a number in \(0",
        ),
        ({"hidden_layer_sizes": (LayerNorm(epsilon=2.0), 3)}, r"layer_norm\(epsilon=2.0\): expected a number in"),
        ({"hidden_layer_sizes": (Dropout(1.0), 3)}, r"dropout\(rate=1.0\): expected a number in \[0, 1\)"),
        ({"hidden_layer_sizes": (Dropout(-0.5), 3)}, r"dropout\(rate=-0.5\): expected a number in \[0, 1\)"),
        ({"hidden_layer_sizes": (Scale(rate_factor=-1.0), 3)}, r"scale\(rate_factor=-1.0\): expected a number of at"),
        ({"hidden_layer_sizes": (nested(33),)}, "residuals inside residuals, deeper than 32"),
        ({"hidden_layer_sizes": (Dense(0),)}, r"linear\(units=0\): expected a number in"),
        ({"hidden_layer_sizes": (Dense(1.5),)}, r"linear\(units=1.5\): expected a whole number"),
        ({"hidden_layer_sizes": (Dense(-3),)}, r"linear\(units=-3\): expected a number in"),
        ({"hidden_layer_sizes": (Dense(3, "rleu"),)}, r"activation\(function='rleu'\): .*Did you mean 'relu'\?"),
        ({"hidden_layer_sizes": (3, Activation("nope"))}, r"activation\(function='nope'\): expected one of"),
        ({"hidden_layer_sizes": (Residual([Linear(True)]),)}, r"linear\(units=True\): expected a number"),
        ({"hidden_layer_sizes": (2**63,)}, "9223372036854775808 is not a hidden layer"),
        ({"hidden_layer_sizes": b"8"}, "hidden_layer_sizes=b'8': expected a list of whole numbers"),
    ],
    ids=str,
)
def test_what_no_file_could_hold_is_refused_before_training(settings, message):
    with pytest.raises(SettingError, match=message):
        DeepRegressor(**{**QUICK, "max_iter": 10**9, **settings}).fit(X, Y)


def test_layers_with_numpys_numbers_are_fine(tmp_path):
    layers = (Dense(np.int64(4)), Dropout(np.float32(0.25)), np.int32(3))
    model = DeepRegressor(**{**QUICK, "hidden_layer_sizes": layers}).fit(X, Y)
    model.save(tmp_path / "m.lamina")
    np.testing.assert_array_equal(lamina.load(tmp_path / "m.lamina").predict(X), model.predict(X))


@pytest.mark.parametrize("weight", [10**30, 1e308, 2.0**900])
def test_class_weights_of_any_size(weight, tmp_path):
    model = DeepClassifier(**QUICK, class_weight=dict.fromkeys(("yes", "no"), weight)).fit(X, LABELS)
    model.save(tmp_path / "m.lamina")
    np.testing.assert_array_equal(
        lamina.load(tmp_path / "m.lamina").predict_proba(X), DeepClassifier(**QUICK).fit(X, LABELS).predict_proba(X)
    )


@pytest.mark.parametrize("weight", ["heavy", None, 10**400, [1], np.nan, float("inf")], ids=str)
def test_class_weights_that_are_none(weight):
    with pytest.raises(SettingError, match=r"class_weight of 'yes' is .*: expected weights of at least 0, and finite"):
        DeepClassifier(**QUICK, class_weight={"yes": weight}).fit(X, LABELS)


@pytest.mark.parametrize(
    "text",
    [
        "adam(beta1=" + "9" * 400 + ")",
        "adam(beta1=0x" + "f" * 400 + ")",
        "adam(beta1={[]:1})",
        "adam(beta1={{}})",
        "adam(" + ",".join(f"a{i}=1" for i in range(100_000)) + ")",
        "adam(" + "(" * 5_000 + ")",
        "a" * 10**6,
        {"kind": "adam", "beta1": [10**400]},
    ],
    ids=range(8),
)
def test_hostile_texts_of_a_setting(text):
    with pytest.raises(SettingError, match=r"^optimizer") as refused:
        DeepRegressor(**{**QUICK, "optimizer": text}).fit(X, Y)
    assert len(str(refused.value)) < 600


def test_a_layer_of_the_file_that_needs_more():
    with pytest.raises(SettingError, match="dropout needs rate"):
        lamina.learning.choices.chosen("layer", {"kind": "dropout"}, lamina.equations.layers.LAYERS)


def test_what_else_is_no_setting_or_target():
    with pytest.raises(DivergenceError, match="Try a smaller alpha or l1"):
        DeepRegressor(**QUICK, alpha=1e300).fit(X, Y)
    with pytest.warns(DivergenceWarning, match="training diverged"):
        DeepRegressor(**{**QUICK, "max_iter": 9}, schedule="exponential(decay=1e308)").fit(X, Y)
    with pytest.raises(DataError, match="rows of one length expected"):
        DeepRegressor(**QUICK).fit(X, [[1, 2]] * 89 + [[1]])


# ---- pickles ----


def unpickled(change):
    model = DeepClassifier(**QUICK).fit(X, LABELS)
    state = model.__getstate__()
    change(state)
    fresh = DeepClassifier.__new__(DeepClassifier)
    fresh.__setstate__(state)
    return fresh


def test_a_pickle_of_this_release_says_nothing():
    model = pickle.loads(pickle.dumps(DeepClassifier(**QUICK).fit(X, LABELS)))
    assert "_lamina_version" not in vars(model)
    assert vars(model).keys() == vars(DeepClassifier(**QUICK).fit(X, LABELS)).keys()


def test_a_pickle_of_an_older_release_gets_defaults():
    def older(state):
        del state["calibrate"], state["n_members"]
        state["_lamina_version"] = "0.0.7"

    here = lamina.__version__
    with pytest.warns(VersionWarning, match=rf"pickled by lamina 0.0.7 .* lamina {here}. .*n_members, calibrate|calib"):
        model = unpickled(older)
    assert model.get_params()["calibrate"] == "auto"
    assert repr(model)
    assert model.fit(X, LABELS).predict(X).shape == (90,)


def test_a_pickle_without_a_version():
    with pytest.warns(VersionWarning, match="pickled by an older release, which did not write its version"):
        assert unpickled(lambda state: state.pop("_lamina_version")).score(X, LABELS) > 0


def test_a_pickle_of_a_newer_release():
    with pytest.warns(VersionWarning, match="pickled by lamina 99.1 and is read by"):
        model = unpickled(lambda state: state.update(_lamina_version="99.1", from_the_future=1))
    assert model.partial_fit(X, LABELS).score(X, LABELS) > 0


def test_a_setting_that_is_not_there_has_its_default():
    model = DeepClassifier(**QUICK).fit(X, LABELS)
    del model.__dict__["calibrate"]
    assert repr(model)
    assert model.get_params()["calibrate"] == "auto"
