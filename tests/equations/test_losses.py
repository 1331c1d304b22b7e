"""Every row of the table of losses: dZ against differences, costs against scikit-learn's metrics, and the extremes."""

import numpy as np
import pytest
from scipy import special
from sklearn import metrics

from lamina.equations.losses import (
    LOSSES,
    AbsoluteError,
    BinaryLogLoss,
    CategoricalLogLoss,
    Gamma,
    Huber,
    Poisson,
    Quantile,
    SquaredError,
)

CASES = [loss() for loss in LOSSES.values()] + [
    BinaryLogLoss(label_smoothing=0.1),
    CategoricalLogLoss(label_smoothing=0.2),
    Huber(delta=0.3),
    Quantile((0.9,)),
    Quantile((0.05, 0.5, 0.8)),
]
PRECISIONS = [np.float32, np.float64]
M = 40


@pytest.fixture(params=CASES, ids=str)
def loss(request):
    return request.param


@pytest.fixture
def Z_Y(loss, targets_for):
    """Z (units, M) and Y (targets, M), for three targets."""
    units = loss.units(3)
    Z = np.random.default_rng(2).normal(0, 1.5, (units, M))
    return Z, targets_for(loss, units, M)


def test_dZ_is_the_slope_of_each_loss(loss, Z_Y):
    Z, Y = Z_Y
    h = 1e-3
    for unit in range(len(Z)):
        e = np.zeros_like(Z)
        e[unit] = h
        near, far = (loss.losses(Z + k * e, Y) - loss.losses(Z - k * e, Y) for k in (1, 2))
        np.testing.assert_allclose(loss.dZ(Z, Y)[unit], (8 * near - far) / (12 * h), rtol=1e-11, atol=2e-11)


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_keeps_shape_and_precision(loss, Z_Y, dtype):
    Z, Y = (array.astype(dtype) for array in Z_Y)
    for result, shape in ((loss.output(Z), Z.shape), (loss.losses(Z, Y), (M,)), (loss.dZ(Z, Y), Z.shape)):
        assert (result.dtype, result.shape) == (dtype, shape)


def test_arguments_are_left_alone(loss, Z_Y):
    Z, Y = Z_Y
    before = Z.copy(), Y.copy()
    loss.output(Z), loss.losses(Z, Y), loss.dZ(Z, Y)
    np.testing.assert_array_equal(Z, before[0])
    np.testing.assert_array_equal(Y, before[1])


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_output_is_finite_and_silent_for_every_finite_Z(loss, targets_for, dtype):
    largest = np.finfo(dtype).max
    row = np.array([0, 1e-30, 1, 30, 88, 89, 100, 700, 710, 1e4, 1e30, largest], dtype)
    Z = np.stack([np.concatenate([row, -row]), np.concatenate([-row, row])]).astype(dtype)
    Z = np.resize(Z, (loss.units(2), Z.shape[1]))
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert np.isfinite(loss.output(Z)).all()


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("far", [50, 1e4])
def test_losses_and_dZ_are_finite_far_out(loss, targets_for, far, dtype):
    units = loss.units(2)
    Z = far * np.random.default_rng(2).choice([-1, 1], (units, M)).astype(dtype)
    Y = targets_for(loss, units, M).astype(dtype)
    if loss.output_name == "exp":
        Z = np.clip(Z, -50, 50)  # beyond, the loss itself leaves the floats
    assert np.isfinite(loss.losses(Z, Y)).all()
    assert np.isfinite(loss.dZ(Z, Y)).all()


# ---- costs, by scikit-learn (which does not smooth labels) ----


def smoothed(loss):
    return getattr(loss, "label_smoothing", 0) > 0


def deviance(metric):
    return lambda loss, Y, A: np.mean([metric(y, a) / 2 for y, a in zip(Y, A, strict=True)])


def pinball(loss, Y, A):
    A = A.reshape(len(Y), len(loss.quantiles), -1)  # (targets, quantiles, m)
    return np.mean(
        [
            [metrics.mean_pinball_loss(y, a, alpha=q) for a, q in zip(rows, loss.quantiles, strict=True)]
            for y, rows in zip(Y, A, strict=True)
        ]
    )


METRICS = {
    "binary_log_loss": lambda loss, Y, A: np.mean([metrics.log_loss(y, a) for y, a in zip(Y, A, strict=True)]),
    "categorical_log_loss": lambda loss, Y, A: metrics.log_loss(Y.T, A.T),
    "squared_error": lambda loss, Y, A: metrics.mean_squared_error(Y.T, A.T) / 2,
    "absolute_error": lambda loss, Y, A: metrics.mean_absolute_error(Y.T, A.T),
    "huber": lambda loss, Y, A: np.mean(special.huber(loss.delta, Y - A)),
    "quantile": pinball,
    "poisson": deviance(metrics.mean_poisson_deviance),
    "gamma": deviance(metrics.mean_gamma_deviance),
}


@pytest.mark.parametrize("loss", [loss for loss in CASES if loss.kind in METRICS and not smoothed(loss)], ids=str)
def test_cost_is_the_metric(loss, Z_Y):
    Z, Y = Z_Y
    expected = METRICS[loss.kind](loss, Y, loss.output(Z))
    assert np.mean(loss.losses(Z, Y)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("kind", METRICS)
def test_one_output(kind, targets_for):
    loss = LOSSES[kind]()
    units = 2 if kind == "categorical_log_loss" else 1
    Z, Y = np.random.default_rng(3).normal(size=(units, M)), targets_for(loss, units, M)
    assert np.mean(loss.losses(Z, Y)) == pytest.approx(METRICS[kind](loss, Y, loss.output(Z)), rel=1e-12)


@pytest.mark.parametrize("kind", ["poisson", "gamma", "squared_error", "absolute_error", "huber", "quantile"])
def test_no_loss_where_the_output_is_right(kind):
    loss = LOSSES[kind]()
    Y = np.array([[0.5, 1.0, 7.0]])
    Z = np.log(Y) if loss.output_name == "exp" else Y
    np.testing.assert_allclose(loss.losses(Z, Y), 0, atol=1e-14)
    np.testing.assert_allclose(loss.dZ(Z, Y), 0, atol=1e-14)


def test_a_count_of_0_has_a_poisson_loss():
    Z, Y = np.array([[-3.0, 0.0, 2.0]]), np.zeros((1, 3))
    np.testing.assert_allclose(Poisson().losses(Z, Y), np.exp(Z[0]), rtol=1e-15)


# ---- what each loss estimates: at its own optimum over all constants, dZ is 0 on average ----


@pytest.mark.parametrize(
    ("loss", "Z"),
    [
        (SquaredError(), lambda y: y.mean()),
        (AbsoluteError(), np.median),
        (Quantile((0.25,)), lambda y: np.quantile(y, 0.25, method="averaged_inverted_cdf")),
        (Poisson(), lambda y: np.log(y.mean())),
        (Gamma(), lambda y: np.log(y.mean())),
        (BinaryLogLoss(), lambda y: special.logit(y.mean())),
    ],
    ids=lambda value: getattr(value, "kind", "optimum"),
)
def test_optimum_over_constants(loss, Z, targets_for):
    Y = targets_for(loss, 1, 400)
    best = np.full_like(Y, Z(Y))
    assert loss.dZ(best, Y).mean() == pytest.approx(0, abs=1e-12)
    assert loss.losses(best, Y).mean() < min(loss.losses(best + move, Y).mean() for move in (-0.1, 0.1))


# ---- multi-output ----


def test_squared_error_has_the_gradient_of_its_own_cost():
    """The cost averages over the outputs, and so does dZ: for 5 outputs a fifth of Z - Y."""
    rng = np.random.default_rng(4)
    Z, Y = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    np.testing.assert_allclose(SquaredError().dZ(Z, Y), (Z - Y) / 5, rtol=1e-15)
    np.testing.assert_allclose(SquaredError().losses(Z, Y), ((Z - Y) ** 2).sum(axis=0) / 10, rtol=1e-14)


def test_several_quantiles_are_their_own_losses_side_by_side():
    rng = np.random.default_rng(5)
    quantiles = (0.1, 0.5, 0.75)
    Z, Y = rng.normal(size=(6, M)), rng.normal(size=(2, M))
    several = Quantile(quantiles)
    assert several.units(2) == 6
    alone = [(Quantile((q,)), Z[[target * 3 + i]], Y[[target]]) for target in range(2) for i, q in enumerate(quantiles)]
    np.testing.assert_allclose(several.losses(Z, Y), np.mean([q.losses(z, y) for q, z, y in alone], axis=0), rtol=1e-13)
    np.testing.assert_allclose(several.dZ(Z, Y), np.concatenate([q.dZ(z, y) for q, z, y in alone]) / 6, rtol=1e-13)


def test_several_labels_are_their_own_losses_side_by_side(targets_for):
    loss = BinaryLogLoss()
    Z, Y = np.random.default_rng(6).normal(size=(3, M)), targets_for(loss, 3, M)
    alone = [(Z[[k]], Y[[k]]) for k in range(3)]
    np.testing.assert_allclose(loss.losses(Z, Y), np.mean([loss.losses(*pair) for pair in alone], axis=0), rtol=1e-13)
    np.testing.assert_allclose(loss.dZ(Z, Y), np.concatenate([loss.dZ(*pair) for pair in alone]) / 3, rtol=1e-13)


# ---- label smoothing ----


def test_smoothed_labels_are_a_mixture_with_equal_shares(targets_for):
    Z = np.random.default_rng(7).normal(size=(4, M))
    Y = targets_for(CategoricalLogLoss(), 4, M)
    mixed = 0.7 * Y + 0.3 * np.full_like(Y, 1 / 4)
    plain, smooth = CategoricalLogLoss(), CategoricalLogLoss(label_smoothing=0.3)
    np.testing.assert_allclose(smooth.losses(Z, Y), plain.losses(Z, mixed), rtol=1e-13)
    np.testing.assert_allclose(smooth.dZ(Z, Y), plain.dZ(Z, mixed), atol=1e-15)


def test_two_smoothed_classes_are_one_smoothed_label(targets_for):
    z, y = np.random.default_rng(8).normal(size=(1, M)), targets_for(BinaryLogLoss(), 1, M)
    Z, Y = np.concatenate([np.zeros_like(z), z]), np.concatenate([1 - y, y])
    binary, classes = BinaryLogLoss(label_smoothing=0.2), CategoricalLogLoss(label_smoothing=0.2)
    np.testing.assert_allclose(binary.losses(z, y), classes.losses(Z, Y), rtol=1e-12)
    np.testing.assert_allclose(binary.dZ(z, y)[0], classes.dZ(Z, Y)[1], atol=1e-15)
    np.testing.assert_allclose(binary.output(z)[0], classes.output(Z)[1], rtol=1e-13)


# ---- sigmoid and softmax at the ends of the floats ----


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("far", [1e4, "max"])
def test_log_loss_is_right_far_out(dtype, far):
    far = np.finfo(dtype).max if far == "max" else dtype(far)
    Z, Y = np.array([[far, far, -far, -far]]), np.array([[1, 0, 1, 0]], dtype)
    loss = BinaryLogLoss()
    np.testing.assert_array_equal(loss.output(Z), [[1, 1, 0, 0]])
    np.testing.assert_array_equal(loss.losses(Z, Y), [0, far, far, 0])
    np.testing.assert_array_equal(loss.dZ(Z, Y), [[0, 1, -1, 0]])
    smooth = BinaryLogLoss(label_smoothing=0.5)  # Y is 3/4 or 1/4
    np.testing.assert_allclose(smooth.losses(Z, Y), far * np.array([0.25, 0.75, 0.75, 0.25]), rtol=1e-6)
    np.testing.assert_array_equal(smooth.dZ(Z, Y), [[0.25, 0.75, -0.75, -0.25]])


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("far", [1e4, "max"])
def test_softmax_is_right_far_out(dtype, far):
    far = np.finfo(dtype).max if far == "max" else dtype(far)
    Z = np.array([[far, far, far, -far], [0, far, -far, -far], [-far, -far, -far, -far]], dtype)
    Y = np.array([[1, 1, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0]], dtype)
    loss = CategoricalLogLoss()
    A = np.array([[1, 0.5, 1, 1 / 3], [0, 0.5, 0, 1 / 3], [0, 0, 0, 1 / 3]], dtype)
    np.testing.assert_allclose(loss.output(Z), A, rtol=1e-6)
    np.testing.assert_allclose(loss.losses(Z, Y), [0, np.log(2), 0, np.log(3)], rtol=1e-6)
    np.testing.assert_allclose(loss.dZ(Z, Y), A - Y, atol=1e-7)


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_a_class_ruled_out_costs_what_it_should(dtype):
    largest = np.finfo(dtype).max
    Z, Y = np.array([[1e4, 0], [-1e4, -largest]], dtype), np.array([[0, 0], [1, 1]], dtype)
    np.testing.assert_array_equal(CategoricalLogLoss().losses(Z, Y), [dtype(2e4), largest])
    np.testing.assert_array_equal(CategoricalLogLoss().dZ(Z, Y), [[1, 1], [-1, -1]])


def test_softmax_does_not_see_a_common_shift():
    Z = np.random.default_rng(9).normal(size=(5, M))
    output = CategoricalLogLoss().output
    np.testing.assert_allclose(output(Z + 300), output(Z), rtol=1e-12)
    np.testing.assert_allclose(output(Z), special.softmax(Z, axis=0), rtol=1e-13)
    np.testing.assert_allclose(output(Z).sum(axis=0), 1, rtol=1e-14)


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("loss", [Poisson(), Gamma()], ids=str)
def test_exp_is_held_at_the_largest_number(loss, dtype):
    largest = np.finfo(dtype).max
    A = loss.output(np.array([[1e4, largest, -largest]], dtype))
    np.testing.assert_allclose(A, [[largest, largest, 0]], rtol=1e-4)
