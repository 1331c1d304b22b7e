"""A loss that is somebody's own function: what it gets, what it returns, and what a wrong one is told."""

import os
import subprocess
import sys
import warnings
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from cloudpickle import dumps, loads
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import lamina
from lamina import DeepClassifier, DeepRegressor, OwnLoss, gradient_check, native
from lamina.equations.layers import Dense, Linear
from lamina.equations.losses import Huber
from lamina.equations.members import MemberChoice
from lamina.equations.network import Network
from lamina.equations.own_loss import FunctionLoss
from lamina.errors import CheckpointError, DataWarning, EngineError, EngineWarning, LaminaError, SettingError

rng = np.random.default_rng(0)
X = rng.normal(size=(200, 3))
Y = 100 + 10 * X[:, 0] + 5 * X[:, 1] ** 2 + rng.normal(size=200)
COUNTS = rng.poisson(np.exp(X[:, 0]))
CLASSES = np.digitize(X[:, 0] + 0.3 * X[:, 1], [-0.5, 0.5])
QUICK = {"preset": "sklearn", "hidden_layer_sizes": (8,), "random_state": 0, "max_iter": 8, "engine": "equations"}
QUICK |= {"learning_rate_init": 0.01}


def regressor(loss, **settings):
    return DeepRegressor(**{**QUICK, **settings}, loss=loss)


def log_cosh(A, Y):
    E = (A - Y) / 10
    return np.log(np.cosh(E)), np.tanh(E) / 10


def squared(A, Y):
    return 0.5 * (A - Y) ** 2, A - Y


def log_loss(A, Y):
    """Of yes and no, an output each."""
    return -(Y * np.log(A) + (1 - Y) * np.log(1 - A)), -Y / A + (1 - Y) / (1 - A)


def cross_entropy(A, Y):
    return -np.sum(Y * np.log(A), axis=1), -Y / A


# ---- what is learned ----


def test_squared_error_as_a_function_is_that_of_the_table():
    y, how = (Y - Y.mean()) / Y.std(), {"scale_target": False, "dtype": "float64"}
    own, table = (regressor(loss, **how).fit(X, y) for loss in (squared, "squared_error"))
    np.testing.assert_allclose(own.predict(X), table.predict(X), rtol=1e-12)
    assert own.history_[-1]["cost"] == pytest.approx(table.history_[-1]["cost"], rel=1e-12)


@pytest.mark.parametrize(
    ("loss", "y"),
    [(log_loss, X[:, 0] > 0), (log_loss, (X[:, :2] > 0).astype(int)), (cross_entropy, CLASSES)],
    ids=["two classes", "several labels", "several classes"],
)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_log_loss_as_a_function_is_that_of_the_table(loss, y, smoothing):
    how = QUICK | {"dtype": "float64", "label_smoothing": smoothing, "calibrate": True, "early_stopping": True}
    own, table = (DeepClassifier(**how, loss=one).fit(X, y) for one in (loss, "auto"))
    np.testing.assert_allclose(own.predict_proba(X), table.predict_proba(X), rtol=1e-9)
    assert own.history_[-1]["validation_cost"] == pytest.approx(table.history_[-1]["validation_cost"], rel=1e-9)


@pytest.mark.parametrize("output", ["identity", "exp", "sigmoid", "softmax"])
@pytest.mark.parametrize("of", ["A", "Z"])
@pytest.mark.parametrize("members", [1, 3])
def test_gradients_are_those_of_differences(output, of, members):
    def wave(P, Y):
        """Every output of a row counts in its loss."""
        total = (P**2).sum(axis=1)
        return np.sin(total) + (P * Y).sum(axis=1), 2 * P * np.cos(total)[:, None] + Y

    units = {"location": (0.5, -1.0), "scale": (2.0, 0.25)} if output in ("identity", "exp") else {}
    loss = FunctionLoss("wave", output, formula=wave, of=of, **units)
    last = [Linear(2 * members), MemberChoice(members)] if members > 1 else [Linear(2)]
    network = Network(3, [Dense(4, "tanh"), *last], loss, members=members)
    check = gradient_check(network, X[:6], np.random.default_rng(1).uniform(0.1, 1, (6, 2)))
    assert check.passed, check


def test_numbers_come_in_the_units_of_y():
    seen = []

    def looking(A, Y):
        seen.append((A.copy(), Y.copy()))
        return squared(A, Y)

    regressor(looking, max_iter=1).fit(X, COUNTS)
    assert all(A.dtype == Y.dtype == np.float64 and A.shape == Y.shape and A.shape[1] == 1 for A, Y in seen)
    assert set(np.concatenate([Y for _, Y in seen]).ravel()) <= set(COUNTS.tolist())  # 0 is 0, to the bit
    seen.clear()
    regressor(looking, max_iter=40).fit(X, Y)
    assert np.median(seen[-1][0]) == pytest.approx(100, abs=15)


def test_a_loss_that_costs_more_on_one_side_leans_to_the_other():
    def dear_above(A, Y):
        E = A - Y
        return np.where(E > 0, 9.0, 1.0) * np.abs(E), np.where(E > 0, 9.0, -1.0)

    found = regressor(dear_above, max_iter=80).fit(X, Y)
    assert 0.02 < np.mean(found.predict(X) > Y) < 0.25  # a tenth, as the quantile 0.1


@pytest.mark.parametrize(
    "loss",
    [
        lambda A, Y: (np.abs(A - Y), np.sign(A - Y)),
        lambda A, Y: (np.maximum(np.abs(A - Y) - 5, 0), np.where(np.abs(A - Y) > 5, np.sign(A - Y), 0)),
        lambda A, Y: ((0.5 * (A - Y) ** 2).astype(np.float32), (A - Y).astype(np.float32)),
        lambda A, Y: ((0.5 * (A - Y) ** 2)[:, 0].tolist(), (A - Y).tolist()),
        lambda A, Y: (0.5 * ((A - Y) ** 2)[:, 0], (A - Y)[:, 0]),
        OwnLoss(lambda A, Y: np.log(np.cosh((A - Y) / 10)), derivative="complex step"),
        OwnLoss(lambda A, Y: 0.5 * (A - Y) ** 2, derivative=lambda A, Y: A - Y),
        OwnLoss(lambda A, Y: (np.log(A) + Y / A, 1 / A - Y / A**2), output="exp"),
        OwnLoss(lambda Z, Y: (0.5 * (Z - Y) ** 2, Z - Y), of="Z"),
        OwnLoss(partial(lambda A, Y, unit: (0.5 * ((A - Y) / unit) ** 2, (A - Y) / unit**2), unit=10.0)),
    ],
    ids=["kinks", "flat", "float32", "lists", "rows", "complex step", "derivative", "exp", "Z", "partial"],
)
def test_right_ones_train(loss):
    targets = np.round(Y)  # some predictions stand at a kink before the first step
    assert regressor(loss, max_iter=3).fit(X, targets).history_[-1]["cost"] is not None


def test_complex_steps_find_the_derivative_that_was_written_down():
    alone = OwnLoss(lambda A, Y: log_cosh(A, Y)[0], derivative="complex step")
    own, written = (regressor(loss, dtype="float64").fit(X, Y) for loss in (alone, log_cosh))
    np.testing.assert_allclose(own.predict(X), written.predict(X), rtol=1e-9)


# ---- what wrong ones are told ----

WRONG = {
    "the other sign": (lambda A, Y: (0.5 * (A - Y) ** 2, Y - A), "other sign"),
    "a factor": (lambda A, Y: ((A - Y) ** 2, A - Y), "Everywhere it is 0.5 times"),
    "one branch": (
        lambda A, Y: (np.where(A > Y, 3, 1) * (A - Y) ** 2 / 2, np.where(A > Y, 2, 1) * (A - Y)),
        r"wrong. For A\[0\] = [\d.]+ and Y\[0\] = [\d.]+ it is [\d.]+, and L changes by",
    ),
    "far off only": (lambda A, Y: (0.5 * (A - Y) ** 2, np.clip(A - Y, -15, 15)), "derivative is wrong"),
    "real part": (OwnLoss(lambda A, Y: np.abs(A - Y) + 0.1 * A, derivative="complex step"), "derivative is wrong"),
    "no complex": (OwnLoss(lambda A, Y: np.abs(A - Y), derivative="complex step"), "complex steps.*np.abs"),
    "a mean": (lambda A, Y: (np.mean((A - Y) ** 2), A - Y), r"L of shape \(\).*Leave the mean"),
    "alone": (lambda A, Y: (A - Y) ** 2, r"L alone: expected the pair \(L, dA\).*complex step"),
    "raises": (lambda A, Y: 1 / 0, "raised ZeroDivisionError: division by zero"),
    "nan": (lambda A, Y: (np.log(A - 500), 1 / (A - 500)), r"returned L=nan for A\[0\]"),
    "below 0": (lambda A, Y: (np.log(A - Y.max()), 1 / (A - Y.max())), "L=nan"),
    "three": (lambda A, Y: (A, A, A), "3 values"),
    "shape": (lambda A, Y: ((A - Y) ** 2, np.ones(3)), r"dA of shape \(3,\)"),
    "ragged": (lambda A, Y: ([[1.0, 2.0], [3.0]], A), "expected an array of numbers"),
    "text": (lambda A, Y: ("a", A), "expected an array of numbers"),
    "nothing": (lambda A, Y: None, "expected an array of numbers"),
    "other rows": (lambda A, Y: (0.5 * (A - A.mean() - Y) ** 2, A - A.mean() - Y), "other rows do not change"),
    "targets first": (lambda y_true, y_pred: squared(y_pred, y_true), "targets come first.*Swap"),
    "no arguments": (lambda: 0, "raised TypeError"),
    "a class": (Huber, "expected one of"),
    "no function": (OwnLoss(3), "expected a function"),
    "no output": (OwnLoss(squared, output="exq"), "Did you mean 'exp'"),
    "not this output": (OwnLoss(squared, output="softmax"), "does not fit a regression target"),
    "of what": (OwnLoss(squared, of="a"), "expected one of A, Z"),
    "derivative of what": (OwnLoss(squared, derivative="differences"), "complex step"),
}


@pytest.mark.parametrize("why", WRONG)
def test_wrong_ones_are_told_why(why):
    loss, said = WRONG[why]
    model = regressor(loss)
    with pytest.raises(SettingError, match=said) as refused:
        model.fit(X, Y)
    assert str(refused.value).count("\n") == 0
    assert not hasattr(model, "model_")


def test_a_wrong_entry_of_several_outputs_is_named():
    def third_of_two(A, Y):
        d = -Y / A
        d[:, 2] *= 1.5
        return -np.sum(Y * np.log(A), axis=1), d

    with pytest.raises(SettingError, match=r"For A\[2\] = .* and Y\[2\] = 1 it is -"):
        DeepClassifier(**QUICK, loss=third_of_two).fit(X, CLASSES)


def test_predictions_that_are_not_above_0_are_told_of_exp():
    with pytest.raises(SettingError, match="output='exp'"):
        regressor(lambda A, Y: (np.log(A - 1e9) + Y / A, 1 / A - Y / A**2)).fit(X, Y * 0 + np.arange(200))


def test_targets_in_tiny_units_are_warned_of():
    with pytest.warns(DataWarning, match="multiply the loss by"):
        regressor(squared, max_iter=1).fit(X, Y * 1e-7)


# ---- the engine ----


@pytest.mark.skipif(not native.present(), reason="no kernels")
def test_training_warns_of_the_price_and_predicting_does_not():
    with pytest.warns(EngineWarning, match="log_cosh is a function of Python.*as slow as"):
        model = regressor(log_cosh, engine="auto").fit(X, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isfinite(model.predict(X)).all()
    with pytest.raises(EngineError, match="cannot call the loss log_cosh"):
        regressor(log_cosh, engine="kernels").fit(X, Y)


# ---- files, processes, and going on ----


@pytest.fixture(scope="module")
def fitted():
    return regressor(log_cosh, early_stopping=True).fit(X, Y)


def test_a_file_predicts_without_the_function(fitted, tmp_path):
    fitted.save(tmp_path / "own.lamina")
    model = replace(lamina.load(tmp_path / "own.lamina"), engine="equations")  # to the bit
    assert model.network.loss.formula is None
    np.testing.assert_array_equal(model.predict(X), fitted.predict(X))
    np.testing.assert_array_equal(model.predict_interval(X), fitted.predict_interval(X))
    assert "log_cosh" in model.network.loss.called
    for asks in (lambda: model.input_gradient(X, Y), lambda: model.diagnose(X, Y), lambda: model.trace(X[:2], Y[:2])):
        with pytest.raises(SettingError, match="log_cosh"):
            asks()
    assert model.trace(X[:2])["A2"].shape == (1, 2)


def test_a_loaded_model_trains_on_with_the_function_only(fitted, tmp_path):
    fitted.save(tmp_path / "own.lamina")
    loaded = DeepRegressor.from_model(lamina.load(tmp_path / "own.lamina")).set_params(engine="equations")
    for further in (loaded.partial_fit, clone(loaded).set_params(warm_start=True).fit):
        if further.__self__ is not loaded:
            further.__self__.__dict__.update(loaded.__dict__ | {"warm_start": True})
        with pytest.raises(SettingError, match=r"set_params\(loss=log_cosh\)"):
            further(X, Y)
    on = loaded.set_params(loss=log_cosh, warm_start=True).fit(X, Y)
    assert on.n_iter_ == 2 * fitted.n_iter_
    assert on.set_params(loss="huber").fit(X, Y).n_iter_ == 3 * fitted.n_iter_  # another one, on purpose


def test_processes_and_searches():
    alone = lambda A, Y: squared(A, Y)  # noqa: E731 - pickle cannot take it, cloudpickle can
    model = regressor(alone).fit(X, Y)
    there = loads(dumps(model))
    np.testing.assert_array_equal(there.predict(X), model.predict(X))
    assert clone(model).get_params()["loss"] is alone
    np.testing.assert_array_equal(clone(model).fit(X, Y).predict(X), model.predict(X))
    grid = {"loss": ["huber", alone, OwnLoss(log_cosh, name="another")]}
    found = GridSearchCV(regressor("auto", max_iter=2), grid, cv=2, error_score="raise").fit(X, Y)
    assert found.best_params_["loss"] in grid["loss"]
    assert "OwnLoss(another, code=" in repr(grid["loss"][2])


def test_a_checkpoint_knows_the_function_by_its_code(tmp_path):
    def made(unit):
        def loss(A, Y):
            return 0.5 * ((A - Y) / unit) ** 2, (A - Y) / unit**2

        return loss

    whole = regressor(made(10)).fit(X, Y)
    regressor(made(10), max_iter=3).fit(X, Y, checkpoint=tmp_path / "run")
    with pytest.raises(CheckpointError, match="loss="):
        regressor(made(9)).fit(X, Y, checkpoint=tmp_path / "run")
    again = regressor(made(10)).fit(X, Y, checkpoint=tmp_path / "run")
    np.testing.assert_array_equal(again.predict(X), whole.predict(X))


def test_onnx_needs_the_output_function_only(fitted, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    fitted.to_onnx(tmp_path / "own.onnx", inputs="matrix")
    session = onnxruntime.InferenceSession(tmp_path / "own.onnx", providers=["CPUExecutionProvider"])
    wide = session.get_inputs()[0].type == "tensor(double)"
    found = session.run(None, {"X": X.astype(np.float64 if wide else np.float32)})
    np.testing.assert_allclose(np.ravel(found[0]), fitted.predict(X), rtol=1e-4)


def test_a_name_and_an_output_of_a_file_are_looked_at(fitted):
    from lamina.model_file import blueprints

    for key, value in (("called", "x" * 100), ("called", 3), ("called", "a\nb"), ("output_name", "tanh")):
        blueprint = fitted.model_.network.blueprint()
        blueprint[-1][key] = value
        with pytest.raises(LaminaError):
            blueprints.network_from(blueprint)


def test_targets_far_from_0_arrive_as_they_are():
    seen = []

    def squares(A, Y):
        seen.append(Y.copy())
        return (A - Y) ** 2, 2 * (A - Y)

    y = 1e6 + 0.4 * X[:, 0]
    regressor(squares, early_stopping=False, batch_size=200, max_iter=1).fit(X, y)
    np.testing.assert_allclose(np.sort(seen[-1][:, 0]), np.sort(y), rtol=0, atol=1e-6)


def made(what):
    def loss(A, Y, mode="low"):
        return (A - Y) ** 2 * (what is None or mode in {"low", "high", "middle"}), 2 * (A - Y)

    return loss


class Scaled:
    def __init__(self, by):
        self.by = by

    def loss(self, A, Y):
        return self.by * (A - Y) ** 2, 2 * self.by * (A - Y)


def test_the_code_of_a_function_is_what_it_does_in_every_process():
    from lamina.learning.own_losses import code_of

    many = np.arange(2000.0)
    other = many.copy()
    other[1000] = -1
    assert code_of(made(many)) != code_of(made(other))
    assert code_of(made([0.123456789])) != code_of(made([0.1234567891]))
    assert code_of(Scaled(1).loss) != code_of(Scaled(2).loss)
    assert code_of(Scaled(2).loss) == code_of(Scaled(2).loss)
    script = "from lamina.learning.own_losses import code_of; print(code_of(lambda A: A in {'low', 'high', 'middle'}))"
    found = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(found) == 1
