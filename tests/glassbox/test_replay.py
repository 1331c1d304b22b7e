"""Every array from the equations alone: what was traced holds, for every part; what was altered is named."""

import re
from dataclasses import replace

import numpy as np
import pytest

import lamina
from lamina.equations.layers import BatchNorm, Dropout
from lamina.equations.optimisers import OPTIMISERS
from lamina.equations.verbs import gradients
from lamina.glassbox.activation_equations import ACTIVATION_EQUATIONS
from lamina.glassbox.layer_equations import LAYER_EQUATIONS
from lamina.glassbox.loss_equations import LOSS_EQUATIONS
from lamina.glassbox.optimiser_equations import RULE_EQUATIONS
from random_networks import random_case


def test_every_part_has_its_equations():
    from lamina.equations.activations import ACTIVATIONS
    from lamina.equations.layers import LAYERS
    from lamina.equations.losses import LOSSES
    from lamina.glassbox.carrying import CARRY

    assert set(ACTIVATION_EQUATIONS) == set(ACTIVATIONS)
    assert {*LAYER_EQUATIONS, "residual"} == set(LAYERS) == set(CARRY)
    assert set(LOSS_EQUATIONS) == set(LOSSES)
    assert set(RULE_EQUATIONS) == set(OPTIMISERS)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("training", [False, True])
def test_all_equations_hold(network, case_of, dtype, training):
    params, X, Y, w = case_of(network, dtype)
    trace = lamina.trace(network, X, Y, w, params=params, training=training, seed=3, step=2)
    replay = trace.replay()
    assert replay.agrees, str(replay)
    assert all(array.dtype == (bool if name[0] == "D" else dtype) for name, array in trace.arrays.items())
    # Each array but inputs, parameters and masks is the result of an equation.
    given = {"A0", "Y", "w", *network.named(params)} | {name for name in trace if name[0] == "D"}
    assert {line.result for line in replay.lines} == set(trace) - given


def test_gradients_are_those_of_the_engines(network, case_of):
    params, X, Y, w = case_of(network)
    trace = lamina.trace(network, X, Y, w, params=params, training=True, seed=3, step=2)
    J, flat = gradients(network, params, X, Y, w, seed=3, step=2)
    assert float(trace["cost"]) == pytest.approx(J, rel=1e-12)
    for slot in network.slots:
        if slot.group != "statistics":
            found, expected = trace[f"d{slot.name}"], network.named(flat)[slot.name]
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14, err_msg=slot.name)
    assert trace.comparisons
    assert trace.engine in ("kernels", "equations")


def test_a_plain_pass_is_compared_where_it_can_be(network, case_of):
    params, X, Y, _ = case_of(network)
    trace = lamina.trace(network, X, Y, params=params)
    names = {one.name for one in trace.comparisons}
    draws = any(isinstance(network.layer_at(path), BatchNorm | Dropout) for path in network.numbers)
    assert trace.sites.A + "_mean" * (network.members > 1) in names
    assert ("dW1" in names) == (not draws and "W1" in trace)


@pytest.mark.parametrize("rule", OPTIMISERS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_step_of_every_optimiser(rule, dtype, case_of, rich):

    network = rich
    params, X, Y, w = case_of(network, dtype)
    for optimiser in (OPTIMISERS[rule](), OPTIMISERS[rule](weight_decay=0.1, clip_norm=0.2)):
        trace = lamina.trace(network, X, Y, w, params=params, optimizer=optimiser, learning_rate=0.02, seed=3, step=2)
        replay = trace.replay()
        assert replay.agrees, str(replay)
        moved = {line.result for line in replay.lines if line.result.endswith("_new")}
        assert moved == {f"{slot.name}_new" for slot in network.slots}
        np.testing.assert_array_equal(trace["W1"], network.named(params)["W1"])  # the caller's are as they were
        assert np.abs(trace.update("W1")).max() > 0


def tampered(trace, name, rng):
    """The trace with one number of an array altered by a thousandth of the array's size."""
    array = trace.arrays[name].copy()
    if array.dtype == bool:
        array.flat[rng.integers(array.size)] ^= True
    else:
        largest = max(float(np.abs(array).max()), 1e-3)
        array.flat[int(np.abs(array).argmax())] += 1e-3 * largest
    return replace(trace, arrays={**trace.arrays, name: array}, comparisons=())


def test_an_altered_array_is_named(case_of, rich):
    network, rng = rich, np.random.default_rng(0)
    params, X, Y, w = case_of(network)
    trace = lamina.trace(network, X, Y, w, params=params, optimizer="adam", seed=3, step=2)
    alone = 0
    for name in trace:
        replay = tampered(trace, name, rng).replay()
        (suspects,) = replay.suspects  # what only one equation reads cannot be told from what else only it reads
        listed = re.split(", | or ", suspects)
        assert name in listed
        assert len(listed) <= 4
        alone += len(listed) == 1
        assert f"{suspects} is not what the equations say" in replay.verdict
    assert alone >= len(trace) / 2


def test_of_a_pass_every_array_is_named_alone(case_of, lecture):
    params, X, Y, w = case_of(lecture)
    trace, rng = lamina.trace(lecture, X, Y, w, params=params), np.random.default_rng(0)
    assert {name: tampered(trace, name, rng).replay().suspects for name in trace} == {name: (name,) for name in trace}


def test_two_altered_arrays_are_both_named(case_of, lecture):

    network, rng = lecture, np.random.default_rng(0)
    params, X, Y, _ = case_of(network)
    trace = lamina.trace(network, X, Y, params=params)
    replay = tampered(tampered(trace, "dW1", rng), "A1", rng).replay()
    assert set(replay.suspects) == {"dW1", "A1"}
    assert "dW1 and A1 are" in replay.verdict or "A1 and dW1 are" in replay.verdict


@pytest.mark.parametrize("training", [False, True])
def test_another_gradient_of_the_engine_is_seen(lecture, case_of, monkeypatch, training):
    from lamina import engine

    def wrong(network, *arguments, **options):
        J, flat = gradients(network, *arguments, **options)
        network.named(flat)["W2"][0, 1] *= 1 + 1e-6
        return J, flat

    for name in ("KERNELS", "EQUATIONS"):
        monkeypatch.setattr(engine, name, getattr(engine, name)._replace(gradients=wrong))
    params, X, Y, _ = case_of(lecture)
    trace = lamina.trace(lecture, X, Y, params=params, training=training)
    assert {one.name: one.agrees for one in trace.comparisons} == {
        "A2": True,
        "dW1": True,
        "db1": True,
        "db2": True,
        "dW2": False,
    }
    replay = trace.replay()
    assert not replay.agrees
    assert replay.verdict == f"all 15 equations hold, but the engine ({trace.engine}) gives another dW2"
    assert "gives the same" not in str(replay)


def test_another_prediction_of_the_engine_is_seen(lecture, case_of, monkeypatch):
    from lamina import engine
    from lamina.equations.verbs import predict

    def wrong(*arguments):
        return predict(*arguments) + 1e-9

    for name in ("KERNELS", "EQUATIONS"):
        monkeypatch.setattr(engine, name, getattr(engine, name)._replace(predict=wrong))
    params, X, _, _ = case_of(lecture)
    assert [one.agrees for one in lamina.trace(lecture, X, params=params).comparisons] == [False]


def test_random_networks_hold():
    """Rows and starts as hard as those of users: large, small, all alike; nothing is called broken."""
    for seed in range(60):
        name, network, X, Y, params = random_case(seed)
        statistics = network.spans["statistics"]
        params[statistics] = np.abs(params[statistics]) + 0.1
        for dtype in (np.float64, np.float32):
            trace = lamina.trace(network, X.astype(dtype), Y, params=params.astype(dtype), training=bool(seed % 2))
            assert trace.replay().agrees, f"{name}: {trace.replay()}"
