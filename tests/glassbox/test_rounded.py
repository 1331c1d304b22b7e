"""The glass box on a network whose products take operands of bfloat16."""

import numpy as np
import pytest

import lamina
from lamina.equations.layers import Activation, Dropout, Residual, RoundedLinear
from lamina.equations.losses import SquaredError
from lamina.equations.network import Network
from lamina.equations.rounding import bfloat16
from lamina.errors import SettingError

LAYERS = [RoundedLinear(6), Activation("tanh"), Residual([RoundedLinear(6)]), Dropout(0.3), RoundedLinear(2)]
NETWORK = Network(3, LAYERS, SquaredError(), l2=0.1)


@pytest.fixture(scope="module", params=[8, 7], ids="m={}".format)
def trace(request):
    rng = np.random.default_rng(0)
    params = rng.normal(0.1, 0.6, NETWORK.size).astype(np.float32)
    X, Y = rng.normal(size=(request.param, 3)).astype(np.float32), rng.normal(size=(request.param, 2))
    return lamina.trace(NETWORK, X, Y, params=params)


def test_the_equations_hold_and_the_engine_gives_the_same(trace):
    replay = trace.replay()
    assert replay.agrees, str(replay)
    assert "Z1 = bf16(W1) bf16(A0) + b1" in str(replay)
    changed = {**trace.arrays, "W1": trace["W1"] * np.float32(1.01)}
    assert bfloat16(changed["W1"]).tolist() != bfloat16(trace["W1"]).tolist()


@pytest.mark.parametrize("name", ["Z1", "dZ1", "dW1", "dW3", "db3", "dA0"])
def test_an_entry_is_the_sum_of_rounded_products(trace, name):
    if name not in trace:
        pytest.skip("not an array of this trace")
    found = trace.entry(name, 0, 0)
    assert float(found.value) == pytest.approx(float(trace[name][0, 0]), rel=1e-4, abs=1e-6)


def test_the_terms_of_an_entry_by_hand(trace):
    W, A = bfloat16(trace["W1"]), bfloat16(trace["A0"])
    expected = [W[1, k] * A[k, 2] for k in range(3)] + [trace["b1"][1, 0]]
    terms = [term.value for one in trace.entry("Z1", 1, 2).sums for term in one.terms]
    np.testing.assert_allclose(terms, expected, rtol=1e-6)


def test_what_units_count_for_sums_to_Z(trace):
    why = trace.why(2)
    for level in why.levels:
        total = sum(part.part for part in level.parts) + level.rest
        assert total == pytest.approx(why.Z, rel=1e-4, abs=1e-5)


def test_stairs_have_no_slopes(trace):
    with pytest.raises(SettingError, match="rounded to bfloat16, so the cost is stairs"):
        trace.slopes("W1", 0, 0)
