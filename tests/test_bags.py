"""Bags: each learns from all folds but its own, is watched on that one, and all predict together."""

import re
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_wine, make_regression
from sklearn.metrics import accuracy_score, log_loss, r2_score

import lamina
from lamina import DeepClassifier, DeepRegressor, native
from lamina.cli.main import main
from lamina.data.folds import LeftOut, folds_of, folds_of_groups
from lamina.engine import EQUATIONS
from lamina.equations.steps import Steps
from lamina.errors import DataError, SettingError
from lamina.fitting import finish, prepare
from lamina.learning.bags import seed_of
from lamina.learning.data_driven import first_parameters
from lamina.learning.state import State
from lamina.learning.training import train
from plain_network import PLAIN

QUICK = PLAIN | {"hidden_layer_sizes": (8,), "max_iter": 5, "learning_rate_init": 0.02, "random_state": 0, "n_bags": 3}
X, LABELS = load_wine(return_X_y=True)
NUMBERS = X[:, 0] - X[:, 9] + 0.1 * X[:, 1] ** 2


def words(n):
    return np.random.default_rng(0).integers(2**32, size=n, dtype=np.uint32)


def classifier(**settings):
    return DeepClassifier(**QUICK | settings)


# ---- folds ----


@pytest.mark.parametrize(("n", "k"), [(3, 3), (100, 7), (101, 2)])
def test_every_row_is_in_one_fold_and_folds_are_of_one_size(n, k):
    sizes = np.bincount(folds_of(n, k, words), minlength=k)
    assert len(sizes) == k
    assert np.ptp(sizes) <= 1


def test_each_class_has_its_share_in_every_fold():
    strata = np.repeat([0, 1, 2], [50, 30, 4])
    fold = folds_of(len(strata), 5, words, strata)
    for label in (0, 1, 2):
        assert np.ptp(np.bincount(fold[strata == label], minlength=5)) <= 1
    assert (np.diff(fold[:50]) != 1).any()  # at random, not in turn


def test_groups_stay_together_and_folds_are_level():
    keys = np.random.default_rng(0).integers(40, size=500)
    fold = folds_of_groups(keys, 4, "g")
    assert all(len(set(fold[keys == key])) == 1 for key in set(keys))
    assert np.ptp(np.bincount(fold)) <= 12  # about a group


def test_too_few_rows_or_groups():
    with pytest.raises(DataError, match=r"n_bags=3 needs a row for each of 3 folds; found 2 samples\."):
        classifier().fit(X[:2], [0, 1])
    with pytest.raises(DataError, match="column 'groups' has 2 groups, and n_bags=3 needs"):
        classifier(early_stopping=True).fit(X, LABELS, groups=np.arange(len(X)) % 2)


# ---- training ----


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
def test_each_is_what_it_would_be_alone_on_its_rows(weighted):
    """Against the verb on the rows of the other folds, with a start, an order and a mean weight of its own."""
    w = np.random.default_rng(1).exponential(size=len(X)) if weighted else None
    settings = QUICK | {"engine": "equations", "shuffle": False, "batch_size": 32, "dropout": 0.1, "alpha": 0.1}
    run, state = prepare(X, NUMBERS, w, settings=settings, task="regressor")
    for _ in train(run, state, until=2):
        pass
    rows, recipe = run.examples.rows, run.recipe
    for i in range(3):
        own = np.flatnonzero(run.examples.fold != i)
        params = first_parameters(run.network, run.settings, rows.X, seed_of(0, i))
        memory, n = np.zeros((2, params.size), np.float32), -(-len(own) // 32)
        weights = None if w is None else (rows.weights[own] / rows.weights[own].mean())
        for epoch in range(2):
            how = Steps(32, np.full(n, 0.02), seed=seed_of(0, i), step=epoch * n, examples=len(own))
            data = rows.X[own], rows.Y[own], weights
            EQUATIONS.train_steps(run.network, recipe.optimiser, params, memory, *data, np.arange(len(own)), how)
        np.testing.assert_allclose(state.params[i], params, rtol=1e-5, atol=1e-6)


def test_the_watched_cost_is_of_rows_that_were_left_out():
    run, state = prepare(X, NUMBERS, settings=QUICK | {"scale_target": False}, task="regressor")
    *_, last = train(run, state, until=1)
    A = np.empty(run.examples.rows.n)
    for i in range(3):
        at = run.examples.fold == i
        A[at] = EQUATIONS.predict(run.network, state.params[i], run.examples.rows.X[at])[:, 0]
    expected = np.mean((A - run.examples.rows.Y[:, 0]) ** 2) / 2
    assert last.record.validation_cost == pytest.approx(expected, rel=1e-5)


def test_the_same_bits_at_any_number_of_threads():
    if not native.present():
        pytest.skip("the kernels are not built")
    before, found = native.threads(), []
    for n in (1, 2, 5):
        native.set_threads(n)
        found.append(DeepClassifier(n_bags=3, max_iter=2, random_state=0).fit(X, LABELS).model_.params.tobytes())
    native.set_threads(before)
    assert len(set(found)) == 1


@pytest.mark.skipif(not native.present(), reason="the kernels are not built")
def test_engines_agree():
    one, other = (classifier(engine=engine, dtype="float64").fit(X, LABELS) for engine in ("kernels", "equations"))
    np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X), rtol=1e-7, atol=1e-10)


def test_a_state_that_was_copied_goes_on_with_the_same_bits():
    run, state = prepare(X, LABELS, settings=QUICK, task="classifier")
    for _ in train(run, state, until=2):
        pass
    copy = State.of(state.arrays(), state.scalars())
    for one in (state, copy):
        for _ in train(run, one):
            pass
    assert finish(run, state).params.tobytes() == finish(run, copy).params.tobytes()


def test_resumed_from_a_checkpoint(tmp_path):
    classifier(max_iter=2).fit(X, LABELS, checkpoint=tmp_path / "run")
    resumed = classifier(max_iter=5).fit(X, LABELS, checkpoint=tmp_path / "run")
    assert resumed.n_iter_ == 5
    assert resumed.model_.params.tobytes() == classifier(max_iter=5).fit(X, LABELS).model_.params.tobytes()


def test_sparse_rows_are_as_dense_ones():
    dense = X * (np.random.default_rng(0).random(X.shape) < 0.5)
    found = [classifier(batch_size=8).fit(rows, LABELS).predict_proba(dense) for rows in (dense, sp.csr_array(dense))]
    np.testing.assert_allclose(*found, rtol=1e-5, atol=1e-6)


def test_warm_start_goes_on_with_every_bag():
    model = classifier(max_iter=2, warm_start=True).fit(X, LABELS)
    first = model.model_.params.copy()
    model.fit(X, LABELS)
    assert model.n_iter_ == 4
    assert (model.model_.params != first).any(axis=1).all()
    with pytest.raises(SettingError, match="the fitted model has 3 bags, these settings 2"):
        model.set_params(n_bags=2).fit(X, LABELS)


@pytest.mark.parametrize("other", ["more rows", "other rows", "weights", "groups", "seed"])
def test_warm_start_goes_on_with_the_same_folds_only(other):
    groups = np.arange(len(X)) // 10
    model = classifier(max_iter=2, warm_start=True).fit(X, LABELS, groups=groups)
    rows, labels, weights, seed = X, LABELS, None, 0
    if other == "more rows":
        rows, labels, groups = np.vstack([X, X[:1] + 1]), np.append(LABELS, 0), np.append(groups, 0)
    elif other == "other rows":
        rows = X + np.eye(1, X.shape[1])
    elif other == "weights":
        weights = np.ones(len(X))
        weights[0] = 2
    elif other == "groups":
        groups = groups[::-1]
    else:
        groups, seed = None, 1
    params = model.model_.params.tobytes()
    with pytest.raises(SettingError, match="n_bags=3 goes on with the same folds only"):
        model.set_params(random_state=seed).fit(rows, labels, weights, groups=groups)
    assert model.model_.params.tobytes() == params
    order = np.random.default_rng(0).permutation(len(X))
    groups = np.arange(len(X)) // 10
    model.set_params(random_state=0).fit(X[order], LABELS[order], groups=groups[order])  # the same folds
    assert model.n_iter_ == 4


def test_warm_start_needs_to_know_the_folds():
    loaded = DeepClassifier.from_model(classifier(max_iter=1).fit(X, LABELS).model_).set_params(warm_start=True)
    with pytest.raises(SettingError, match="nothing says which rows each of the 3 bags"):
        loaded.fit(X, LABELS)


def test_a_checkpoint_is_of_the_same_folds_only(tmp_path):
    groups = np.arange(len(X)) // 10
    classifier(max_iter=2).fit(X, LABELS, groups=groups, checkpoint=tmp_path / "run")
    with pytest.raises(lamina.errors.CheckpointError, match="the validation rows are not those"):
        classifier(max_iter=2).fit(X, LABELS, groups=groups[::-1], checkpoint=tmp_path / "run")


def test_one_that_diverges_is_said_like_any_run():
    with pytest.raises(lamina.errors.DivergenceError, match="learning_rate"):
        DeepRegressor(**QUICK | {"learning_rate_init": 1e30, "optimizer": "gradient_descent"}).fit(X, NUMBERS)


# ---- what was left out ----


@pytest.fixture(scope="module")
def wine():
    return DeepClassifier(n_bags=4, max_iter=15, random_state=0).fit(X, LABELS)


def test_out_of_fold_predictions_are_those_of_the_bag_that_left_the_row_out(wine):
    run, _ = prepare(X, LABELS, settings=wine.get_params(), task="classifier")
    assert isinstance(run.validation, LeftOut)
    at = 0
    for i, part in enumerate(run.validation.parts):
        rows = run.validation.numbers[at : at + part.n]
        at += part.n
        np.testing.assert_allclose(wine.oof_prediction_[rows], wine.model_.bag(i).predict_proba(X[rows]), rtol=1e-5)
    assert wine.oof_score_ == pytest.approx(accuracy_score(LABELS, wine.oof_prediction_.argmax(axis=1)))
    assert wine.oof_score_ > 0.9


def test_of_numbers_in_their_units():
    Xr, y = make_regression(200, 5, n_targets=2, random_state=0)
    model = DeepRegressor(n_bags=3, max_iter=10, random_state=0).fit(Xr, 100 + 50 * y)
    assert model.oof_prediction_.shape == y.shape
    assert model.oof_score_ == pytest.approx(r2_score(100 + 50 * y, model.oof_prediction_), rel=1e-4)


def test_rows_without_weight_have_none():
    weights = np.ones(len(X))
    weights[[3, 50]] = 0
    model = classifier().fit(X, LABELS, weights)
    assert np.flatnonzero(np.isnan(model.oof_prediction_).any(axis=1)).tolist() == [3, 50]


def test_classes_shape_what_is_learned_and_not_what_counts_as_right():
    model = classifier(class_weight={0: 50, 1: 1, 2: 1}, max_iter=2).fit(X, LABELS)
    predicted = model.oof_prediction_.argmax(axis=1)
    assert model.oof_score_ == pytest.approx(accuracy_score(LABELS, predicted))
    assert model.oof_score_ < accuracy_score(LABELS, predicted, sample_weight=np.where(LABELS == 0, 50, 1)) - 0.05


def test_a_row_counts_the_same_in_any_fold():
    """Weights that differ between groups, which are folds of their own."""
    groups = np.arange(len(X)) % 3
    weights = np.where(groups == 0, 7.5, np.where(groups == 1, 0.1, 1.0))
    model = DeepRegressor(**QUICK).fit(X, NUMBERS, weights, groups=groups)
    assert model.oof_score_ == pytest.approx(r2_score(NUMBERS, model.oof_prediction_, sample_weight=weights), rel=1e-4)


def test_groups_are_left_out_whole():
    groups = np.arange(len(X)) // 10
    run, _ = prepare(
        X, LABELS, settings=QUICK, task="classifier", roles=lamina.data.roles.Roles(groups=groups)
    )  # fmt: skip
    at, of = 0, {}
    for i, part in enumerate(run.validation.parts):
        for row in run.validation.numbers[at : at + part.n]:
            assert of.setdefault(groups[row], i) == i
        at += part.n
    assert len(of) == len(set(groups))


def test_a_class_that_a_bag_never_sees_is_said():
    labels = np.array(["red", "white", "rosé"])[LABELS]
    groups = np.where(labels == "rosé", 0, 1 + np.arange(len(X)) % 9)
    with pytest.warns(lamina.errors.DataWarning, match=r"class 'rosé' are in fold (\d), since groups='groups'") as told:
        model = classifier(early_stopping=True).fit(X, labels, groups=groups)
    (text,) = (str(one.message) for one in told)
    bag, at = int(text.partition("fold ")[2][0]), list(model.classes_).index("rosé")
    P = [model.model_.bag(i).predict_proba(X)[labels == "rosé", at].mean() for i in range(3)]
    assert np.argmin(P) == bag
    with pytest.warns(lamina.errors.DataWarning, match=r"all rows of class 3 are in fold ., since there are too few"):
        classifier(max_iter=1).fit(X, np.append(LABELS[:-1], 3))


def test_a_label_that_a_bag_never_sees_is_said():
    """With it or without it: a network that saw only one of the two says the same of every row."""
    acid, nobody = X[:, 1], np.zeros(len(X))
    Y = np.column_stack([X[:, 2] > np.median(X[:, 2]), acid > 3, acid < 4, nobody]).astype(int)
    groups = np.where(acid > 3, 0, 1 + np.arange(len(X)) % 9)
    with pytest.warns(lamina.errors.DataWarning) as told:
        model = classifier(max_iter=60).fit(X, Y, groups=groups)
    (text,) = (str(one.message) for one in told)
    found = re.match(r"n_bags=3: all rows with label 1 and without label 2 are in fold (\d), since groups=", text)
    bag = int(found[1])
    assert "learns from none of them: take groups that share their classes" in text
    P = [model.model_.bag(i).predict_proba(X)[Y[:, 1] == 1, 1].mean() for i in range(3)]
    assert np.argmin(P) == bag
    alone = np.column_stack([LABELS > 0, np.arange(len(X)) == 7]).astype(int)
    with pytest.warns(lamina.errors.DataWarning, match=r"all rows with label 1 are in fold ., since there are too few"):
        classifier(max_iter=1).fit(X, alone)


def test_one_temperature_is_the_best_for_rows_that_were_left_out():
    plain, calibrated = (
        classifier(calibrate=yes, max_iter=40, label_smoothing=0.3).fit(X, LABELS) for yes in (False, True)
    )
    before, after = (log_loss(LABELS, one.oof_prediction_) for one in (plain, calibrated))
    assert after < before
    ratios = calibrated.parameters_["W2"] / plain.parameters_["W2"]
    np.testing.assert_allclose(ratios, ratios.flat[0], rtol=1e-4)


def test_intervals_go_by_rows_that_were_left_out():
    model = DeepRegressor(**QUICK | {"max_iter": 30}).fit(X, NUMBERS)
    errors = np.sort(np.abs(model.oof_prediction_ - NUMBERS))
    low, high = model.predict_interval(X[:1], 0.9)[0]
    assert (high - low) / 2 == pytest.approx(errors[int(np.ceil(0.9 * (len(X) + 1))) - 1], rel=1e-3)
    assert classifier(max_iter=30).fit(X, LABELS).predict_set(X, 0.8).any(axis=1).all()


# ---- together ----


def test_predictions_are_the_mean_of_theirs(wine):
    of_each = [wine.model_.bag(i).predict_proba(X) for i in range(4)]
    assert np.ptp(of_each, axis=0).max() > 0.01
    np.testing.assert_allclose(wine.predict_proba(X), np.mean(of_each, axis=0), rtol=1e-6)
    np.testing.assert_allclose(np.exp(wine.model_.logits(X)), wine.predict_proba(X), rtol=1e-5)
    row = dict(zip(wine.model_.encoder.names_in, X[5], strict=True))
    np.testing.assert_array_equal(lamina.RowPredictor(wine).predict_proba(row), wine.predict_proba(X)[5])


def test_single_rows_are_predicted_as_among_others(wine):
    of_all = wine.predict_proba(X[:3])
    for i in (0, 1, 2, 0):  # the first makes ready what the others use
        np.testing.assert_array_equal(wine.predict_proba(X[i : i + 1])[0], of_all[i])


def test_single_rows_see_parameters_that_were_edited():
    model = classifier().fit(X, LABELS)
    before = model.predict_proba(X[:1])
    model.parameters_["b2"][1, 2] += 5  # of the second bag
    assert np.abs(model.predict_proba(X[:1]) - before).max() > 0.01
    np.testing.assert_array_equal(model.predict_proba(X[:1])[0], model.predict_proba(X[:2])[0])


def test_a_model_file_holds_every_bag(wine, tmp_path):
    wine.save(tmp_path / "wine.lamina")
    model = lamina.load(tmp_path / "wine.lamina")
    assert model.bags == 4
    np.testing.assert_array_equal(model.predict_proba(X), wine.predict_proba(X))
    again = DeepClassifier.from_model(model)
    np.testing.assert_array_equal(again.predict_proba(X), wine.predict_proba(X))
    assert again.n_bags == 4
    wine.model_.bag(1).save(tmp_path / "one.lamina")
    one = lamina.load(tmp_path / "one.lamina")
    np.testing.assert_array_equal(one.predict_proba(X), wine.model_.bag(1).predict_proba(X))
    for params in (wine.model_.params[0], wine.model_.params[:2], wine.model_.params.T):
        with pytest.raises(lamina.errors.ModelFileError, match="params has shape"):
            replace(wine.model_, params=params).save(tmp_path / "other.lamina")


def test_an_onnx_file_averages_every_bag(wine):
    pytest.importorskip("onnxruntime")
    from onnx_runs import ran

    rows = X.astype(np.float32)
    found = ran(wine.model_, rows, inputs="matrix")
    np.testing.assert_allclose(found["probabilities"], wine.predict_proba(rows), rtol=1e-3, atol=1e-5)


def test_parameters_of_all_bags_are_views(wine):
    assert wine.parameters_["b1"].shape[0] == 4
    assert all(np.shares_memory(array, wine.model_.params) for array in wine.parameters_.values())
    np.testing.assert_allclose(
        wine.input_gradient(X[:3], LABELS[:3]),
        np.mean([wine.model_.bag(i).input_gradient(X[:3], LABELS[:3]) for i in range(4)], axis=0),
    )


def test_with_torch():
    pytest.importorskip("torch")
    one, other = (classifier(engine=engine, max_iter=2).fit(X, LABELS) for engine in ("torch", "equations"))
    np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X), rtol=1e-3, atol=1e-4)


# ---- what does not go with them ----


@pytest.mark.parametrize(
    ("settings", "given", "said"),
    [
        ({"early_stopping": False}, {}, "n_bags=3 stops by the rows .* early_stopping at 'auto'"),
        ({"validation_fraction": 0.5}, {}, "n_bags=3 leaves out a fold .* validation_fraction at 'auto'"),
        ({"scoring": "accuracy"}, {}, "n_bags=3 stops by the cost .* scoring at 'cost'"),
        ({"optimizer": "lbfgs"}, {}, "n_bags=3 is for optimizers that take steps"),
        ({}, {"X_val": X, "y_val": LABELS}, "n_bags=3 leaves out every row once to validate on: leave out X_val"),
        ({}, {"trace": 1}, "trace looks into one network, and n_bags=3 trains several"),
        ({}, {"cluster": "local[1]"}, "n_bags=3 trains on one machine"),
        ({"early_stopping": True}, {"time": np.arange(len(X))}, "n_bags=3 leaves out every row once, and time='time'"),
    ],
)
def test_refused(settings, given, said):
    with pytest.raises(SettingError, match=said):
        classifier(**settings).fit(X, LABELS, **given)


def test_no_partial_fit():
    assert not hasattr(classifier(), "partial_fit")
    assert hasattr(classifier(n_bags=1), "partial_fit")


def test_pictures_name_the_rows(wine):
    pytest.importorskip("matplotlib")
    axes = wine.plot_history().axes_
    assert {text.get_text() for text in axes[0].get_legend().get_texts()} >= {"training rows", "rows left out"}


def test_what_looks_into_one_network_says_so(wine):
    with pytest.raises(SettingError, match="a trace looks into one network, and this model averages 4"):
        wine.trace(X)
    assert wine.model_.bag(0).trace(X[:5])["A0"].shape[1] == 5 * 4  # a member each


@pytest.fixture(scope="module")
def at_odds():
    """A model whose bags predict different classes of the same rows, and those rows."""
    model = classifier(max_iter=1).fit(X, LABELS).model_
    of_each = np.array([model.bag(i).predict(X) for i in range(3)])
    rows = X[(of_each != of_each[0]).any(axis=0)]
    assert len(rows) > 9
    return model, rows


def test_explanations_are_of_the_class_that_all_predict_together(at_odds):
    """Against the same question asked of the predicted class by name, of the rows that are predicted to have it."""
    model, rows = at_odds
    predicted = model.predict(rows)
    found = lamina.contributions(model, rows, background=X[:20])
    gradient = model.input_gradient(rows)
    for label in np.unique(predicted):
        here = predicted == label
        of_class = lamina.contributions(model, rows[here], background=X[:20], outcome=label)
        np.testing.assert_allclose(found.values[here], of_class.values, rtol=0.05, atol=1e-3)
        np.testing.assert_allclose(found.base[here], of_class.base)
        np.testing.assert_allclose(found.outcomes[here], of_class.outcomes)
        np.testing.assert_allclose(gradient[here], model.input_gradient(rows[here], output=int(label)))
    np.testing.assert_allclose(model.input_gradient(rows[:1]), gradient[:1])


def test_strengths_are_of_the_class_that_all_predict_together(at_odds):
    model, rows = at_odds
    label, counts = np.unique(model.predict(rows), return_counts=True)
    same = rows[model.predict(rows) == label[counts.argmax()]]
    by_default, by_name = lamina.explain(model, same), lamina.explain(model, same, outcome=label[counts.argmax()])
    np.testing.assert_allclose(by_default.slope, by_name.slope)
    np.testing.assert_allclose(by_default.strength, by_name.strength)


def test_explanations_are_the_mean_of_theirs():
    model = DeepRegressor(**QUICK | {"n_bags": 2}).fit(X, NUMBERS).model_
    a, b = (lamina.explain(model.bag(i), X) for i in range(2))
    both = lamina.explain(model, X)
    np.testing.assert_allclose(both.slope, (a.slope + b.slope) / 2)
    assert (both.strength <= (a.strength + b.strength) / 2 * (1 + 1e-9)).all()  # where they differ in sign, less
    of_each = [lamina.contributions(model.bag(i), X[:7], background=X) for i in range(2)]
    found = lamina.contributions(model, X[:7], background=X)
    np.testing.assert_allclose(found.values, (of_each[0].values + of_each[1].values) / 2)
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), model.predict(X[:7]), rtol=1e-3)


def test_a_search_is_of_one_network():
    pytest.importorskip("optuna")
    for asked in ({"n_bags": 3}, {"space": {"n_bags": [3, 5]}}, {"only": ["n_bags"]}):
        with pytest.raises(SettingError, match=r"n_bags.*: the trials of a search train one network each"):
            lamina.tune(X, LABELS, trials=2, **asked)


@pytest.mark.parametrize("number", [7, 4, -1, True, 0.0, "first"])
def test_there_is_no_such_bag(wine, number):
    with pytest.raises(SettingError, match=r"this model has 4 networks \(n_bags\), .* whole number from 0 to 3"):
        wine.model_.bag(number)


# ---- on the command line ----


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Run a command beside a table of wines, `wine.csv`."""
    monkeypatch.chdir(tmp_path)
    names = [f"x{j}" for j in range(4)]
    lines = [",".join([*map(repr, row[:4].tolist()), "abc"[label]]) for row, label in zip(X, LABELS, strict=True)]
    (tmp_path / "wine.csv").write_text("\n".join([",".join([*names, "kind"]), *lines]) + "\n")

    def run(*words):
        capsys.readouterr()
        code = main([*words])
        return code, *capsys.readouterr()

    return run


def test_derivatives_of_the_first_bag_are_checked(command, wine):
    wine.save("wine.lamina")
    code, out, _ = command("gradcheck", "wine.lamina", "--rows", "2", "--most", "5")
    assert code == 0
    assert out.startswith("the first of 4 networks (n_bags)\n")
    assert "right" in out


def test_a_search_offers_no_bags(command):
    assert "--n-bags" in command("train", "--help")[1]
    assert "--n-bags" not in command("tune", "--help")[1]


def test_what_is_shown_counts_every_bag_and_names_the_rows(command):
    train = ("train", "wine.csv", "--target", "kind", "--n-bags", "3", "--max-iter", "4", "--hidden-layer-sizes", "8")
    code, out, _ = command(*train, "--out", "m.lamina")
    assert code == 0
    assert "On the rows that each network left out" in out
    model = lamina.load("m.lamina")
    assert model.summary().parameters == model.params.size
    assert model.bag(0).summary().parameters == model.network.size
    _, out, _ = command("show", "m.lamina")
    words = " ".join(out.split())
    assert f"total of 3 networks loss: categorical_log_loss {model.params.size:,}" in words
    assert "on the rows left out:" in words
    assert "validation rows" not in words
    code, _, err = command(*train, "--validation", "wine.csv")
    assert code == 1
    assert "leave out --validation, or --n-bags." in err
