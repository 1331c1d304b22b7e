"""The estimators: labels of every kind, numbers, partial_fit, warm_start, scorers, and what they show of themselves."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score, get_scorer, log_loss, r2_score, roc_auc_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

from lamina import DeepClassifier, DeepRegressor
from lamina.data.encoding.encoder import Encoder
from lamina.equations.losses import LOSSES
from lamina.errors import DataError, SettingError
from lamina.learning.presets import PRESETS, Facts
from plain_network import PLAIN

rng = np.random.default_rng(0)
X = rng.normal(size=(160, 4)) * [1, 10, 100, 1] + [0, 5, 0, 0]
SIGNAL = X[:, 0] - X[:, 1] / 10 * X[:, 2] / 100
BINARY = SIGNAL > 0
TEXT = np.array(["low", "mid", "top"])[np.digitize(SIGNAL, [-0.7, 0.7])]
LABELS = np.column_stack([SIGNAL > 0, SIGNAL < 1, X[:, 3] > 0]).astype(int)
NUMBERS = 100 + 7 * SIGNAL
QUICK = PLAIN | {"hidden_layer_sizes": (12,), "learning_rate_init": 0.03, "random_state": 0, "max_iter": 40}


def classifier(**settings):
    return DeepClassifier(**{**QUICK, **settings})


def regressor(**settings):
    return DeepRegressor(**{**QUICK, **settings})


# ---- labels and numbers ----


def test_two_classes():
    model = classifier().fit(X, BINARY)
    P = model.predict_proba(X)
    assert model.classes_.tolist() == [False, True]
    assert P.shape == (160, 2)
    np.testing.assert_allclose(P.sum(axis=1), 1)
    np.testing.assert_array_equal(model.predict(X), P[:, 1] > 0.5)
    np.testing.assert_array_equal(model.predict(X), model.decision_function(X) > 0)
    np.testing.assert_allclose(P[:, 1], 1 / (1 + np.exp(-model.decision_function(X))), rtol=1e-5)
    assert model.score(X, BINARY) == accuracy_score(BINARY, model.predict(X)) > 0.8
    assert log_loss(BINARY, P) < 0.8 * log_loss(BINARY, np.full(160, BINARY.mean()))


def test_logarithms_of_probabilities():
    model = classifier().fit(X, BINARY)
    Z = model.decision_function(X)
    sure = np.abs(Z) > 5  # a probability in single precision says less of its logarithm than Z does
    expected = -np.logaddexp(0, np.column_stack([Z, -Z]))
    np.testing.assert_allclose(model.predict_log_proba(X)[~sure], expected[~sure], rtol=1e-4)
    model.parameters_["b2"][:] = 1e6
    assert np.isneginf(model.predict_log_proba(X)[:, 0]).all()  # and no warning
    several = classifier().fit(X, TEXT)
    np.testing.assert_allclose(np.exp(several.predict_log_proba(X)).sum(axis=1), 1)


def test_the_second_class_is_the_positive_one():
    """roc_auc takes decision_function or predict_proba for classes_[1]: with letters too."""
    for y in (BINARY, np.where(BINARY, "yes", "no"), np.where(BINARY, -3, 8)):
        model = classifier().fit(X, y)
        assert get_scorer("roc_auc")(model, X, y) > 0.85
        assert roc_auc_score(y == model.classes_[1], model.predict_proba(X)[:, 1]) > 0.85


def test_several_classes():
    model = classifier().fit(X, TEXT)
    P = model.predict_proba(X)
    assert model.classes_.tolist() == ["low", "mid", "top"]
    assert P.shape == model.decision_function(X).shape == (160, 3)
    np.testing.assert_array_equal(model.predict(X), model.classes_[P.argmax(axis=1)])
    assert model.score(X, TEXT) > 0.7 > 1.3 * max(np.unique(TEXT, return_counts=True)[1]) / 160


def test_several_labels():
    model = classifier().fit(X, LABELS)
    P = model.predict_proba(X)
    assert P.shape == model.decision_function(X).shape == model.predict(X).shape == (160, 3)
    np.testing.assert_array_equal(model.predict(X), (P > 0.5).astype(int))
    assert model.score(X, LABELS) == accuracy_score(LABELS, model.predict(X))
    for k in range(3):
        assert roc_auc_score(LABELS[:, k], P[:, k]) > 0.8


def test_several_labels_in_a_sparse_matrix():
    dense, sparse = (classifier(max_iter=2).fit(X, Y) for Y in (LABELS, sp.csr_matrix(LABELS)))
    np.testing.assert_array_equal(dense.predict_proba(X), sparse.predict_proba(X))


def test_a_single_class():
    model = classifier(max_iter=2).fit(X, np.full(160, "only"))
    assert set(model.predict(X)) == {"only"}
    assert model.predict_proba(X).tolist() == [[1.0]] * 160


def test_one_number():
    model = regressor().fit(X, NUMBERS)
    assert model.predict(X).shape == (160,)
    assert model.score(X, NUMBERS) == r2_score(NUMBERS, model.predict(X)) > 0.7


def test_several_numbers():
    Y = np.column_stack([NUMBERS, -1e-3 * X[:, 2], np.full(160, 3.0)])
    model = regressor().fit(X, Y)
    assert model.predict(X).shape == (160, 3)
    assert r2_score(Y, model.predict(X), multioutput="raw_values")[:2].min() > 0.6
    np.testing.assert_allclose(model.predict(X)[:, 2], 3, atol=0.3)


@pytest.mark.parametrize("loss", [kind for kind in LOSSES if "log_loss" not in kind])
def test_every_loss_of_numbers_beats_a_constant(loss):
    y = np.exp(SIGNAL / 3) * (1e4 if loss == "gamma" else 1)
    model = regressor(loss=loss).fit(X, y)
    assert r2_score(y, model.predict(X)) > 0.5
    assert model.history_[-1]["cost"] < 0.7 * model.history_[0]["cost"]
    if loss in ("poisson", "gamma"):
        assert (model.predict(X * 3) > 0).all()  # e^Z


def test_targets_as_they_are():
    """Without scaling, numbers around 100 are out of reach for so short a training."""
    near, far = regressor(max_iter=3).fit(X, NUMBERS), regressor(max_iter=3, scale_target=False).fit(X, NUMBERS)
    assert abs(near.predict(X).mean() - 100) < 5 < abs(far.predict(X).mean() - 100)


# ---- rows to watch ----


def test_rows_to_watch():
    model = regressor(max_iter=300, n_iter_no_change=5).fit(X[:100], NUMBERS[:100], X_val=X[100:], y_val=NUMBERS[100:])
    assert model.n_iter_ < 300
    assert model.stopped_ == "no progress on the validation rows for 5 epochs"
    costs = [record["validation_cost"] for record in model.history_]
    assert model.best_epoch_ == 1 + int(np.argmin(costs))
    error = (model.predict(X[100:]) - NUMBERS[100:]) / NUMBERS[:100].std()
    assert min(costs) == pytest.approx(np.mean(error**2) / 2, rel=1e-4)


def test_weights_of_rows_to_watch():
    """A weight of 0 leaves a row out; weights and repeated rows say the same."""
    some, many = np.zeros(60), np.repeat(np.arange(100, 160), 3)
    some[:20] = 3
    watched = {"X_val": X[100:], "y_val": NUMBERS[100:]}
    one = regressor(max_iter=5).fit(X[:100], NUMBERS[:100], **watched, sample_weight_val=some)
    two = regressor(max_iter=5).fit(X[:100], NUMBERS[:100], X_val=X[many[:60]], y_val=NUMBERS[many[:60]])
    np.testing.assert_allclose(
        [record["validation_cost"] for record in one.history_],
        [record["validation_cost"] for record in two.history_],
        rtol=1e-5,
    )


# ---- scorers ----


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize("name", ["accuracy", "roc_auc", "neg_log_loss", "neg_brier_score", "f1"])
def test_a_scorer_by_name(name, early):
    model = classifier(scoring=name, early_stopping=early, max_iter=15).fit(X, BINARY)
    key = "validation_score" if early else "score"
    scores = [record[key] for record in model.history_]
    costs = [record["validation_cost" if early else "cost"] for record in model.history_]
    assert model.best_epoch_ == 1 + min(range(len(scores)), key=lambda k: (-scores[k], costs[k]))
    if not early:
        assert get_scorer(name)(model, X, BINARY) == pytest.approx(max(scores), rel=1e-9)


def test_a_scorer_of_rows_to_watch():
    watched = {"X_val": X[100:].tolist(), "y_val": list(TEXT[100:])}
    model = classifier(scoring="balanced_accuracy", max_iter=15).fit(X[:100], TEXT[:100], **watched)
    scores = [record["validation_score"] for record in model.history_]
    assert get_scorer("balanced_accuracy")(model, X[100:], TEXT[100:]) == pytest.approx(max(scores))


def test_a_scorer_that_is_a_function_sees_rows_as_they_came():
    import pandas as pd

    seen = []

    def score(estimator, rows, y):
        seen.append((type(rows), len(rows), len(y)))
        assert estimator.predict(rows).shape == y.shape
        return 0.0

    frame = pd.DataFrame(X, columns=list("abcd"))
    regressor(scoring=score, early_stopping=True, max_iter=1).fit(frame, NUMBERS)
    assert seen == [(pd.DataFrame, 16, 16)] * 2  # it is tried once before training


class Convertible:
    """No array, but it becomes one."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype)


@pytest.mark.parametrize("convert", [np.asarray, sp.csr_matrix, sp.coo_array, list, tuple, Convertible])
def test_a_scorer_with_rows_of_any_kind(convert):
    assert regressor(scoring="r2", max_iter=1).fit(convert(X), NUMBERS).history_[0]["score"] < 1


# ---- going on ----


def test_partial_fit_of_batches_with_classes_still_to_come():
    model = classifier()
    order = np.argsort(TEXT, kind="stable")  # the first batch has one class only
    for k in range(30):
        for rows in np.array_split(order, 4):
            model.partial_fit(X[rows], TEXT[rows], classes=["top", "mid", "low"] if k == 0 else None)
    assert model.classes_.tolist() == ["low", "mid", "top"]
    assert model.score(X, TEXT) > 0.5
    assert [record["epoch"] for record in model.history_] == list(range(1, 121))
    assert (model.n_iter_, model.best_epoch_, model.model_.history) == (120, 120, model.history_)


def test_a_structured_array_is_columns_with_names():
    rows = np.zeros(160, [("a", float), ("b", int)])
    rows["a"], rows["b"] = X[:, 0], X[:, 1]
    model = regressor(max_iter=2).fit(rows, NUMBERS)
    assert model.feature_names_in_.tolist() == ["a", "b"]
    same = regressor(max_iter=2).fit({"a": rows["a"], "b": rows["b"]}, NUMBERS)
    np.testing.assert_array_equal(model.predict(rows), same.predict({"b": rows["b"], "a": rows["a"]}))


def test_a_dictionary_of_columns_has_names():
    """A frame of the same columns, in another order, is the same rows."""
    import pandas as pd

    model = regressor(max_iter=2).fit({"a": X[:, 0], "b": X[:, 1]}, NUMBERS)
    assert model.feature_names_in_.tolist() == ["a", "b"]
    same = model.predict(pd.DataFrame({"a": X[:, 0], "b": X[:, 1]}))
    np.testing.assert_array_equal(model.predict({"b": X[:, 1], "a": X[:, 0]}), same)


def test_an_unknown_class_is_named_with_the_row_that_the_user_passed():
    """Rows are put into an order of their own before they are encoded."""
    labels, weights = TEXT.astype(object), np.ones(160)
    labels[7], weights[7] = "new", 0
    classes = ["top", "mid", "low"]
    begun = classifier().partial_fit(X, TEXT, classes=classes)
    warm = classifier(warm_start=True, max_iter=1).fit(X, TEXT)
    calls = (
        lambda **w: classifier().partial_fit(X, labels, classes, **w),
        lambda **w: begun.partial_fit(X, labels, **w),
    )
    for call in (*calls, lambda **w: warm.fit(X, labels, **w)):
        with pytest.raises(DataError, match="unknown class 'new' in row 7"):
            call()
        call(sample_weight=weights)


def test_partial_fit_learns_on_the_scales_of_the_first_rows():
    model = regressor().partial_fit(X, NUMBERS)
    encoder, target = model.model_.encoder, model.model_.target
    model.partial_fit(X + 50, NUMBERS * 3)
    assert model.model_.encoder is encoder
    assert model.model_.target is target


def test_partial_fit_after_fit_goes_on():
    model = regressor().fit(X, NUMBERS)
    before = model.parameters_["W1"].copy()
    n = model.n_iter_
    model.partial_fit(X, NUMBERS)
    assert 0 < np.abs(model.parameters_["W1"] - before).max() < 0.5
    assert model.n_iter_ == n + 1
    assert model.score(X, NUMBERS) > 0.5


def test_partial_fit_with_a_schedule():
    """A warm-up from 0 would begin anew in every call and never leave it."""
    model = regressor(schedule="cosine(warmup=5)", batch_size=160).partial_fit(X, NUMBERS)
    assert model.history_[0]["learning_rate"] == 0.03


@pytest.mark.parametrize(("preset", "rate"), [("td_s", 0.1), ("td", 0.1), ("sklearn", 1.0)])
@pytest.mark.parametrize("task", ["classifier", "regressor"])
def test_partial_fit_at_the_rate_of_a_preset(preset, rate, task):
    """A rate that a schedule would bring down is too large to be constant."""
    settings = {"preset": preset, "hidden_layer_sizes": (8,), "random_state": 0}
    if task == "classifier":
        model = DeepClassifier(**settings).partial_fit(X, BINARY, classes=[False, True])
    else:
        model = DeepRegressor(**settings).partial_fit(X, NUMBERS)
    top = PRESETS[preset](Facts(task, 160))["learning_rate_init"]
    assert model.history_[0]["learning_rate"] == pytest.approx(rate * top)
    assert model.model_.settings == settings  # the rate is still at auto


def test_partial_fit_with_default_settings_learns():
    model = DeepRegressor(hidden_layer_sizes=(16, 16), random_state=0)
    for _ in range(25):
        model.partial_fit(X, NUMBERS)
    assert model.score(X, NUMBERS) > 0.6


def wide(facts):
    """A recipe that looks at the number of rows."""
    return PRESETS["sklearn"](facts) | {"hidden_layer_sizes": (facts.n_rows,)}


@pytest.mark.parametrize("way", ["partial_fit", "warm_start", "warm_start later", "partial_fit after fit"])
def test_going_on_with_other_rows_keeps_the_network(way, monkeypatch):
    """Also where the preset would answer otherwise for that many rows."""
    monkeypatch.setitem(PRESETS, "td_s", wide)
    model = DeepRegressor(preset="td_s", max_iter=2, random_state=0, warm_start=way == "warm_start")
    first, second = ("partial_fit" if way == "partial_fit" else "fit", "partial_fit" if "partial" in way else "fit")
    getattr(model, first)(X[:90], NUMBERS[:90])
    model.set_params(warm_start="warm" in way)
    for rows in (X[60:], X[:100]):
        getattr(model, second)(rows, NUMBERS[: len(rows)])
        assert model.parameters_["W1"].shape == (90, 4)


def test_fit_after_partial_fit_starts_anew():
    model = regressor().partial_fit(X * 100, NUMBERS * 100)
    np.testing.assert_array_equal(model.fit(X, NUMBERS).predict(X), regressor().fit(X, NUMBERS).predict(X))


def test_what_partial_fit_cannot_do():
    with pytest.raises(SettingError, match="classes must be passed on the first call to partial_fit"):
        classifier().partial_fit(X, TEXT)
    model = classifier().partial_fit(X, BINARY, classes=[False, True])
    with pytest.raises(SettingError, match=r"classes=\[0, 2\]: the first call had \[False, True\]. Leave classes out"):
        model.partial_fit(X, BINARY, classes=[0, 2])
    with pytest.raises(DataError, match=f"labels like False expected, found '{TEXT[0]}' in row 0"):
        model.partial_fit(X, TEXT)
    with pytest.raises(ValueError, match="X has 2 features, but DeepClassifier is expecting 4"):
        model.partial_fit(X[:, :2], BINARY)


def test_warm_start():
    """Epochs and history go on counting, as the loss curve of scikit-learn's perceptron does."""
    model = regressor(warm_start=True, max_iter=5, tol=0).fit(X, NUMBERS)
    first = model.history_
    assert model.fit(X, NUMBERS) is model
    assert model.history_[:5] == first
    assert [record["epoch"] for record in model.history_] == list(range(1, 11))
    assert (model.n_iter_, model.stopped_) == (10, "all 10 epochs were done")
    cold = regressor(max_iter=5, tol=0).fit(X, NUMBERS).fit(X, NUMBERS)
    assert [record["cost"] for record in cold.history_] == [record["cost"] for record in first]


def test_warm_start_that_is_switched_on_later():
    model = regressor().fit(X, NUMBERS)
    n, start = model.n_iter_, model.history_[0]["cost"]
    model.set_params(warm_start=True, max_iter=1, alpha=2e-4).fit(X, NUMBERS)
    assert model.n_iter_ == n + 1
    assert model.history_[-1]["cost"] < 0.1 * start
    assert model.model_.network.l2 == 2e-4


def test_warm_start_with_another_network():
    model = regressor(warm_start=True, max_iter=1).fit(X, NUMBERS)
    with pytest.raises(SettingError, match=r"W1 \(5, 4\).* from the fitted one .*W1 \(12, 4\).*warm_start=False"):
        model.set_params(hidden_layer_sizes=(5,)).fit(X, NUMBERS)


# ---- what it shows ----


def test_parameters_under_the_lectures_and_under_scikit_learns_names():
    model = regressor(hidden_layer_sizes=(5, 3), max_iter=1).fit(X, NUMBERS)
    p = model.parameters_
    assert {name: a.shape for name, a in p.items()} == {
        "W1": (5, 4),
        "b1": (5, 1),
        "W2": (3, 5),
        "b2": (3, 1),
        "W3": (1, 3),
        "b3": (1, 1),
    }
    assert [W.shape for W in model.coefs_] == [(4, 5), (5, 3), (3, 1)]
    assert [b.shape for b in model.intercepts_] == [(5,), (3,), (1,)]
    for k in (1, 2, 3):
        np.testing.assert_array_equal(model.coefs_[k - 1], p[f"W{k}"].T)
        np.testing.assert_array_equal(model.intercepts_[k - 1], p[f"b{k}"][:, 0])


def test_parameters_are_views():
    model = regressor(max_iter=1).fit(X, NUMBERS)
    before = model.predict(X)
    model.parameters_["b2"] += 1
    np.testing.assert_allclose(model.predict(X) - before, NUMBERS.std(), rtol=1e-4)
    model.intercepts_[1][:] -= 1
    np.testing.assert_allclose(model.predict(X), before, rtol=1e-5)
    model.coefs_[1][:] = 0
    assert np.ptp(model.predict(X)) < 1e-5
    assert all(np.shares_memory(a, model.model_.params) for a in [*model.coefs_, *model.intercepts_])


def test_coefs_and_intercepts_are_those_of_scikit_learns_perceptron():
    """Put into its perceptron, they predict the same."""
    A0 = StandardScaler().fit_transform(X)
    ours = regressor(hidden_layer_sizes=(5, 3), activation="tanh").fit(X, NUMBERS)
    theirs = MLPRegressor(hidden_layer_sizes=(5, 3), activation="tanh", random_state=0).partial_fit(A0, NUMBERS)
    theirs.coefs_, theirs.intercepts_ = ours.coefs_, ours.intercepts_
    expected = theirs.predict(A0) * NUMBERS.std() + NUMBERS.mean()
    np.testing.assert_allclose(ours.predict(X), expected, rtol=1e-5)
    ours = classifier().fit(X, TEXT)
    theirs = MLPClassifier(hidden_layer_sizes=(12,), random_state=0).partial_fit(A0, TEXT, classes=np.unique(TEXT))
    theirs.coefs_, theirs.intercepts_ = ours.coefs_, ours.intercepts_
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(A0), atol=1e-5)


def test_history():
    model = regressor(max_iter=6, tol=0).fit(X, NUMBERS)
    assert [record["epoch"] for record in model.history_] == [1, 2, 3, 4, 5, 6]
    assert model.loss_curve_ == [record["cost"] for record in model.history_]
    assert (model.n_iter_, model.stopped_) == (6, "all 6 epochs were done")


def test_activations_of_a_layer():
    model = classifier(hidden_layer_sizes=(6, 5), dtype="float64").fit(X, TEXT)
    p = model.parameters_
    A1 = np.maximum(StandardScaler().fit_transform(X) @ p["W1"].T + p["b1"].T, 0)
    A2 = np.maximum(A1 @ p["W2"].T + p["b2"].T, 0)
    np.testing.assert_allclose(model.transform(X, 0), StandardScaler().fit_transform(X), atol=1e-12)
    np.testing.assert_allclose(model.transform(X, 1), A1, atol=1e-12)
    np.testing.assert_allclose(model.transform(X), A2, atol=1e-12)
    np.testing.assert_allclose(model.transform(X, 3), model.decision_function(X), atol=1e-12)
    assert model.get_feature_names_out().tolist() == [f"deepclassifier{i}" for i in range(5)]


def test_input_gradient_says_which_columns_matter():
    y = 3 * X[:, 0] - 0.2 * X[:, 1]
    model = regressor(hidden_layer_sizes=(), optimizer="lbfgs", alpha=0).fit(X, y)
    slope = model.input_gradient(X)  # of y in its own deviations, by x in its own
    np.testing.assert_allclose(slope * y.std() / X.std(axis=0), [[3, -0.2, 0, 0]] * 160, atol=1e-4)
    of_the_loss = model.input_gradient(X, y + y.std())  # predictions are 1 deviation too low
    np.testing.assert_allclose(of_the_loss, -slope, atol=1e-4)


def test_summary():
    model = regressor(max_iter=1).fit(X, NUMBERS)
    text = str(model.summary())
    for part in ("W1 (12, 4), b1 (12, 1)", "W2 (1, 12), b2 (1, 1)", str(12 * 4 + 12 + 12 + 1)):
        assert part in text


def test_progress(capsys):
    regressor(max_iter=3, verbose=True).fit(X, NUMBERS)
    shown = capsys.readouterr().out
    assert "3/3" in shown
    assert "cost" in shown
    regressor(max_iter=3).fit(X, NUMBERS)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["coefs_", "intercepts_", "parameters_", "loss_curve_", "model_", "history_"])
def test_before_fit_there_is_nothing(name):
    assert not hasattr(regressor(), name)


@pytest.mark.parametrize("verb", ["predict", "predict_proba", "decision_function", "transform", "input_gradient"])
def test_before_fit_nothing_is_done(verb):
    with pytest.raises(NotFittedError):
        getattr(classifier(), verb)(X)


@pytest.mark.parametrize("verb", ["summary", "plot_history", "get_feature_names_out"])
def test_before_fit_nothing_is_shown(verb):
    with pytest.raises(NotFittedError):
        getattr(regressor(), verb)()


def test_a_fit_that_fails_leaves_what_was_there():
    model = regressor(max_iter=2).fit(X, NUMBERS)
    before = model.predict(X)
    with pytest.raises(DataError):
        model.fit(X, np.full(160, np.nan))
    np.testing.assert_array_equal(model.predict(X), before)


# ---- sparse matrices ----


@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.csr_array, sp.csc_array, sp.coo_matrix, sp.lil_matrix])
def test_a_sparse_matrix_is_its_dense_self(kind):
    some = X * (rng.random(X.shape) < 0.4)
    settings = {"max_iter": 3, "dtype": "float64", "early_stopping": True}
    dense, sparse = regressor(**settings).fit(some, NUMBERS), regressor(**settings).fit(kind(some), NUMBERS)
    np.testing.assert_allclose(sparse.predict(kind(some)), dense.predict(some), rtol=1e-9)
    np.testing.assert_allclose(sparse.predict(some), dense.predict(some), rtol=1e-9)


def test_a_sparse_matrix_stays_sparse(monkeypatch):
    """Only the rows whose turn it is become dense, in training, watching, scoring and predicting."""
    dense_rows, encode = [], Encoder.encode
    monkeypatch.setattr("lamina.data.examples.ENCODED_ROWS", 16)
    monkeypatch.setattr("lamina.model.ROWS_PER_BLOCK", 16)

    def watching(self, table, dtype=np.float32):
        dense_rows.append(table.n_rows)
        return encode(self, table, dtype)

    monkeypatch.setattr(Encoder, "encode", watching)
    some = sp.csr_array(X * (rng.random(X.shape) < 0.4))
    model = regressor(max_iter=1, batch_size=8, early_stopping=True).fit(some, NUMBERS)
    model.predict(some)
    assert max(dense_rows) == 16
    assert sum(dense_rows) >= 144 + 144 + 16 + 16 + 160
