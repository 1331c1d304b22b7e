"""Slopes of the cost by one number: against the verbs' own costs, by hand at a kink, and with altered derivatives."""

from itertools import pairwise

import numpy as np
import pytest

import lamina
from lamina.equations import verbs
from lamina.equations.activations import ACTIVATIONS
from lamina.equations.layers import Dense, Linear
from lamina.equations.losses import LOSSES, SquaredError
from lamina.equations.network import Network
from lamina.errors import DataError, SettingError
from lamina.glassbox.activation_equations import ACTIVATION_EQUATIONS
from lamina.glassbox.loss_equations import LOSS_EQUATIONS


def one_unit(w=0.5, b=-1.0, x=(1.0, 4.0), y=(0.0, 0.0)):
    """J = mean of relu(w x + b)² / 2: Z passes 0 at w = -b / x."""
    network = Network(1, [Dense(1, "relu"), Linear(1)], SquaredError())
    params = np.zeros(network.size)
    named = network.named(params)
    named["W1"][:], named["b1"][:], named["W2"][:] = w, b, 1
    return lamina.trace(network, np.array(x)[:, None], np.array(y), params=params)


def test_every_network_and_every_array(network, case_of):
    params, X, Y, w = case_of(network)
    trace = lamina.trace(network, X, Y, w, params=params, training=True, seed=3, step=2)
    rng, slots = np.random.default_rng(0), {slot.name: slot for slot in network.slots}
    embedded = {
        (site.before, j) for site in trace.sites.every for j in getattr(site.layer, "levels", ()) and site.layer.columns
    }
    for name in [one for one in trace if f"d{one}" in trace and one != trace.sites.A]:
        row, column = (int(rng.integers(n)) for n in trace[name].shape)
        if (name, row) in embedded:
            continue
        slopes = trace.slopes(name, row, column)
        assert float(trace["cost"]) == pytest.approx(slopes.J, rel=1e-13)
        assert "WRONG" not in slopes.verdict, slopes
        assert slopes.best.error <= 1e-6 * (1 + abs(slopes.analytic)) or slopes.best.rules == "kink", slopes
        if name in slots:
            for nudge in slopes.nudges[:3]:
                moved = params.copy()
                moved[slots[name].offset + row * slots[name].shape[1] + column] += nudge.eps
                J, _ = verbs.gradients(network, moved, X, Y, w, seed=3, step=2)
                assert pytest.approx(J, rel=1e-12, abs=1e-14) == nudge.J_above
    assert "agree" in trace.slopes(next(iter(slots)), 0).verdict


def test_numbers_by_hand():
    """J(w) = (4 w - 1)² / 4 where 1/4 < w < 1: a parabola, of which two-sided differences are exact."""
    slopes = one_unit().slopes("W1", 0)
    J = lambda w: (max(w - 1, 0) ** 2 + max(4 * w - 1, 0) ** 2) / 4  # noqa: E731
    assert J(0.5) == slopes.J
    assert slopes.analytic == pytest.approx(2)
    for nudge in slopes.nudges[:6]:
        assert nudge.J_above == pytest.approx(J(0.5 + nudge.eps), rel=1e-14)
        assert nudge.J_below == pytest.approx(J(0.5 - nudge.eps), rel=1e-14)
        assert nudge.two_sided == pytest.approx(2, abs=1e-15 / nudge.eps)
        assert nudge.right == pytest.approx(2 + 4 * nudge.eps, abs=1e-15 / nudge.eps)
        assert nudge.left == pytest.approx(2 - 4 * nudge.eps, abs=1e-15 / nudge.eps)
        assert nudge.rules in ("rounding", "")
    np.testing.assert_allclose(slopes.curve[1], [J(w) for w in slopes.curve[0]], rtol=1e-14)
    assert slopes.curve[0][[0, -1]] == pytest.approx([-0.5, 1.5])


def one_unit_kinked(x, b):
    return one_unit(w=1.0, b=b, x=x, y=(-1.0,) * len(x))


def test_kinks_where_a_unit_starts():
    """Z[0, 0] = w - 1 passes 0 at w = 1, which is 0.5 away; Z[0, 1] = 4 w - 1 at 1/4."""
    slopes = one_unit().slopes("W1", 0)
    assert [(kink.array, kink.unit, kink.example) for kink in slopes.kinks] == [("Z1", 0, 1), ("Z1", 0, 0)]
    assert [kink.away for kink in slopes.kinks] == pytest.approx([-0.25, 0.5], rel=1e-5)
    assert "-0.25 Z1[0, 1] changes its sign (relu); +0.5 Z1[0, 0]" in str(slopes)
    assert one_unit().slopes("W1", 0, reach=0.3).n_kinks == 1


def test_a_kink_explains_a_disagreement():
    """Z1 = w - 0.997, so that J bends 0.003 below w = 1: within eps = 1e-1 and 1e-2, not within 1e-3."""
    slopes = one_unit_kinked(x=(1.0,), b=-0.997).slopes("W1", 0)
    assert slopes.kinks[0].away == pytest.approx(-0.003, rel=1e-5)
    assert [nudge.kinks for nudge in slopes.nudges[:4]] == [1, 1, 0, 0]
    assert [nudge.rules for nudge in slopes.nudges[:2]] == ["kink", "kink"]
    assert "kink" not in [nudge.rules for nudge in slopes.nudges[2:]]
    assert "agree" in slopes.verdict
    assert "kink (1 within)" in str(slopes)


def test_at_a_kink_there_is_no_derivative():
    slopes = one_unit_kinked(x=(1.0,), b=-1.0).slopes("W1", 0)
    assert slopes.verdict.startswith("no derivative here: the slope to the left")
    assert slopes.kinks[0].away == pytest.approx(0, abs=1e-12)
    assert {nudge.rules for nudge in slopes.nudges} == {"kink"}


def test_truncation_falls_with_the_square_of_eps_and_rounding_rises(lecture, case_of):
    params, X, Y, _ = case_of(lecture)
    nudges = lamina.trace(lecture, X, Y, params=params).slopes("W1", 1, 2).nudges
    by_truncation = [nudge for nudge in nudges if nudge.rules == "truncation"]
    assert len(by_truncation) >= 3
    for one, other in pairwise(by_truncation[:-1]):
        assert one.error / other.error == pytest.approx(100, rel=0.1)
        assert one.one_sided_error / other.one_sided_error == pytest.approx(10, rel=0.1)
    assert [nudge.rules for nudge in nudges[-5:]] == ["rounding"] * 5
    assert max(nudge.error for nudge in nudges[-2:]) > 100 * min(nudge.error for nudge in nudges)


def test_a_wrong_derivative_is_called_wrong(lecture, case_of):
    params, X, Y, _ = case_of(lecture)
    trace = lamina.trace(lecture, X, Y, params=params)
    true = float(trace["dW1"][0, 1])
    trace["dW1"][0, 1] *= 1.01
    slopes = trace.slopes("W1", 0, 1)
    assert slopes.verdict.startswith(f"the derivative is WRONG: differences give {true:.7g}"[:-1])
    assert "agree" in trace.slopes("W1", 0, 0).verdict


def test_what_is_per_example_is_divided_by_m(lecture, case_of):
    params, X, Y, _ = case_of(lecture)
    trace = lamina.trace(lecture, X, Y, params=params)
    slopes = trace.slopes("A0", 1, 3)
    assert slopes.analytic == trace["dA0"][1, 3] / len(X)
    assert str(slopes).startswith(f"A0[1, 3] = {X[3, 1]:.6g}, J = {slopes.J:.6g}: dA0[1, 3] / m = ")
    moved = X.copy()
    moved[3, 1] += 0.1
    assert slopes.nudges[0].J_above == pytest.approx(verbs.cost(lecture, params, moved, Y), rel=1e-13)
    assert "agree" in trace.slopes("Z1", 0, 4).verdict


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_penalty_and_dropout_of_a_step(case_of, dtype):
    network = Network(3, [Dense(4, "tanh"), lamina.Dropout(0.4), Linear(1)], SquaredError(), l1=0.3, l2=0.5)
    params, X, Y, w = case_of(network, dtype)
    trace = lamina.trace(network, X, Y, w, params=params, optimizer="adam", seed=1, step=5)
    slopes = trace.slopes("W2", 0, 1)
    assert "agree" in slopes.verdict
    exact = params.astype(np.float64)
    slot = next(slot for slot in network.slots if slot.name == "W2")
    exact[slot.offset + 1] += 0.01
    J, _ = verbs.gradients(network, exact, X.astype(np.float64), Y, w.astype(dtype), seed=1, step=5)
    assert slopes.nudges[1].J_above == pytest.approx(J + verbs.penalty(network, exact, len(X)), rel=1e-6)
    zero = [kink for kink in trace.slopes("W2", 0, 1, reach=3.0).kinks if kink.what == "the penalty |W|"]
    assert [kink.away for kink in zero] == pytest.approx([-float(trace["W2"][0, 1])], rel=1e-5)


def test_a_trace_of_a_file_has_the_same_slopes(lecture, case_of, tmp_path):
    params, X, Y, _ = case_of(lecture)
    trace = lamina.trace(lecture, X, Y, params=params)
    trace.save(tmp_path / "it.safetensors")
    assert str(lamina.load_trace(tmp_path / "it.safetensors").slopes("b1", 2)) == str(trace.slopes("b1", -2))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_kinks_of_activations_are_all_there(name):
    """Where g' of the engine jumps, seen on a fine grid."""
    Z = np.linspace(-8, 8, 1600)  # without 0 and 3
    pair = ACTIVATIONS[name]
    slope = pair.dg(Z, pair.g(Z))
    jumps = np.flatnonzero(np.abs(np.diff(slope)) > 0.1)
    assert (Z[jumps] + Z[jumps + 1]) / 2 == pytest.approx(ACTIVATION_EQUATIONS[name].kinks, abs=0.02)


@pytest.mark.parametrize("kind", LOSSES)
def test_the_kinks_of_losses_are_all_there(kind):
    loss = LOSSES[kind]()
    Y = np.full((1, 2), 0.7)
    Z = loss.link(np.array([[0.7 - 1e-6, 0.7 + 1e-6]])).repeat(loss.units(1), axis=0)
    left, right = loss.dZ(Z, Y)[0]
    assert (abs(right - left) > 0.1) == LOSS_EQUATIONS[kind].kinked


def test_a_loss_with_a_kink_says_which_example():
    network = Network(1, [Linear(1)], LOSSES["absolute_error"]())
    trace = lamina.trace(network, [[1.0], [2.0]], [0.5, 9.0], params=np.zeros(network.size))
    kink = trace.slopes("W1", 0).kinks[0]
    assert (kink.array, kink.example, kink.what) == ("A1 - Y", 0, "absolute error")
    assert kink.away == pytest.approx(0.5, rel=1e-5)


def test_what_cannot_be_nudged(lecture, case_of, rich):
    params, X, Y, _ = case_of(lecture)
    trace = lamina.trace(lecture, X, Y, params=params)
    for ask, message in (
        (lambda: trace.slopes("W9", 0), "no slope along 'W9'. There is one along each number of A0, W1, b1, Z1"),
        (lambda: trace.slopes("dW1", 0), "Did you mean 'W1'|nearest|no slope along 'dW1'"),
        (lambda: trace.slopes("A2", 0), "no slope along 'A2'"),
        (lambda: trace.slopes("W1", 4), "row=4: W1 has 4 rows, expected a whole number from 0 to 3"),
        (lambda: trace.slopes("W1", 0, 3), "column=3: W1 has 3 columns"),
        (lambda: trace.slopes("W1", 0.5), "row=0.5: W1 has 4 rows"),
        (lambda: trace.slopes("W1", 0, reach=0), "reach=0: expected a number above 0"),
        (lambda: trace.slopes("W1", 0, eps=[0.1, -1]), "eps=-1: expected a number above 0"),
        (lambda: trace.slopes("W1", 0, eps=[np.nan]), "eps=nan: expected a number above 0"),
        (lambda: lamina.trace(lecture, X, params=params).slopes("W1", 0), "needs targets"),
    ):
        with pytest.raises(SettingError, match=message):
            ask()
    params, X, Y, _ = case_of(rich)
    with pytest.raises(SettingError, match="the number of a category, which has no slope: nudge a number of E0"):
        lamina.trace(rich, X, Y, params=params).slopes("A0", rich.layers[0].columns[0], 0)


def test_a_cost_that_is_not_finite(lecture, case_of):
    params, X, Y, _ = case_of(lecture)
    X[0, 0] = np.nan
    with pytest.raises(DataError, match="only a finite cost has slopes"):
        lamina.trace(lecture, X, Y, params=params).slopes("W1", 0)


def test_a_place_beyond_a_curved_layer_is_found(case_of):
    """W1 moves Z2 through a tanh; at the place of a kink the walk's own Z2 is 0."""
    network = Network(3, [Dense(4, "tanh"), Dense(5, "relu"), Linear(1)], SquaredError())
    params, X, Y, _ = case_of(network)
    kinks = lamina.trace(network, X, Y, params=params).slopes("W1", 2, 1, reach=3.0).kinks
    assert len(kinks) >= 3
    for kink in kinks:
        moved = params.copy()
        network.named(moved)["W1"][2, 1] += kink.away
        assert abs(lamina.trace(network, X, params=moved)["Z2"][kink.unit, kink.example]) < 1e-5
