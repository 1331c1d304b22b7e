"""Entries worked out: their terms add up, what they read is what moves them, and the lecture's sums come out."""

from itertools import product

import numpy as np
import pytest

import lamina
from lamina.equations.layers import Dense, Linear
from lamina.equations.losses import BinaryLogLoss, CategoricalLogLoss, SquaredError
from lamina.equations.network import Network
from lamina.equations.optimisers import OPTIMISERS
from lamina.errors import SettingError
from lamina.glassbox.entries.reading import blocks_read


def places(blocks):
    """Every single place of some blocks, with the name of the array."""
    found = set()
    for block in blocks:
        sides = [range(*span) for span in block.spans]
        found |= {(block.name, *index) for index in product(*sides)}
    return found


def some_entries(trace, rng, of_each=2):
    for equation in trace.equations():
        shape = trace[equation.result].shape
        for _ in range(of_each):
            yield equation, tuple(int(rng.integers(side)) for side in shape)


@pytest.mark.parametrize("training", [False, True])
def test_terms_add_up_for_every_part(network, case_of, training):
    params, X, Y, w = case_of(network)
    trace = lamina.trace(network, X, Y, w, params=params, training=training, seed=3, step=2)
    for equation, index in some_entries(trace, np.random.default_rng(0)):
        worked = trace.entry(equation.result, *index)
        assert worked.agrees, str(worked)
        assert worked.value == trace[equation.result][index]
        assert np.isfinite(worked.total)


def test_what_is_read_by_a_rule_is_what_moves_the_entry(network, case_of):
    """The rules are written down; the look with other numbers in each place knows nothing of them."""
    params, X, Y, w = case_of(network, m=4)
    trace = lamina.trace(network, X, Y, w, params=params, training=True, seed=3, step=2)
    a = {name: np.asarray(array, float) for name, array in trace.arrays.items()}
    for equation, index in some_entries(trace, np.random.default_rng(1), of_each=1):
        worked, inputs = trace.entry(equation.result, *index), equation.statement.inputs
        if not worked.by_rule:
            continue
        with np.errstate(all="ignore"):
            looked, exact = blocks_read(
                inputs, lambda one, of=equation: np.asarray(of.statement.compute(one).value), a, index
            )
        read = {one for name in worked.reads if name in inputs for one in places(worked.reads[name])}
        dropped = worked.total == 0 and any(name[0] == "D" for name in worked.reads)
        assert exact
        assert places(looked) == read or (dropped and places(looked) < read), str(worked)


@pytest.mark.parametrize("rule", [name for name in OPTIMISERS if name != "lbfgs"])
def test_every_optimiser_moves_by_its_terms(rule, case_of, lecture):
    params, X, Y, w = case_of(lecture)
    for optimiser in (OPTIMISERS[rule](), OPTIMISERS[rule](weight_decay=0.1, clip_norm=0.2)):
        trace = lamina.trace(lecture, X, Y, w, params=params, optimizer=optimiser, learning_rate=0.02)
        for name in ("W1", "b2"):
            worked = trace.entry(f"{name}_new", 0, 0)
            assert worked.agrees, str(worked)
            assert {name, f"d{name}"} <= set(worked.reads)
            assert worked.sums[0].terms[0].value == trace[name][0, 0]


def test_an_entry_of_dW_is_m_products_and_the_penalty(case_of):
    network = Network(3, [Dense(4, "tanh"), Linear(1)], BinaryLogLoss(), l2=0.3)
    params, X, Y, _ = case_of(network)
    trace = lamina.trace(network, X, Y, params=params, optimizer="gradient_descent", learning_rate=0.1)
    worked = trace.entry("dW1", 2, 1)
    products, penalty = worked.sums
    assert (products.front, products.front_text, products.over) == (1 / 7, "1/m", "examples")
    by_hand = trace["dZ1"][2] * trace["A0"][1]
    np.testing.assert_array_equal([term.value for term in products.terms], by_hand)
    assert [factor.text for factor in products.terms[3].factors] == ["dZ1[2, 3]", "A0[1, 3]"]
    assert penalty.value == pytest.approx(0.3 / 7 * trace["W1"][2, 1])
    assert worked.total == pytest.approx(by_hand.mean() + 0.3 / 7 * trace["W1"][2, 1])
    assert "1/m * the sum of 7 examples" in str(worked)


def test_the_slope_is_a_factor_of_its_own(lecture, case_of):
    params, X, Y, _ = case_of(lecture)
    trace = lamina.trace(lecture, X, Y, params=params)
    (term,) = trace.entry("dZ1", 1, 2).sums[0].terms
    dA, slope = term.factors
    assert (dA.text, slope.text) == ("dA1[1, 2]", "(1 - A1[1, 2]²)")
    assert slope.value == pytest.approx(1 - np.tanh(trace["Z1"][1, 2]) ** 2)
    assert {str(read) for read in slope.reads} == {"Z1[1, 2]", "A1[1, 2]"}


def test_softmax_is_a_power_and_the_share_of_its_column():
    network = Network(2, [Linear(3)], CategoricalLogLoss())
    params = np.random.default_rng(0).normal(size=network.size)
    trace = lamina.trace(network, np.array([[0.5, -1.0], [800.0, 3.0]]), params=params)
    power, share = trace.entry("A1", 1, 0).sums[0].terms[0].factors
    assert power.value == pytest.approx(np.exp(trace["Z1"][1, 0]))
    assert share.text == "1 / Σ e^Z1[0:3, 0]"
    assert share.value == pytest.approx(1 / np.exp(trace["Z1"][:, 0]).sum())
    trace["Z1"][0, 1] = 800.0  # e^800 is no number
    (alone,) = trace.entry("A1", 0, 1).sums[0].terms[0].factors
    assert alone.value == 1


def test_an_altered_number_does_not_agree(lecture, case_of):
    params, X, Y, _ = case_of(lecture)
    trace = lamina.trace(lecture, X, Y, params=params)
    trace["dW1"][0, 1] += 1e-6
    worked = trace.entry("dW1", 0, 1)
    assert not worked.agrees
    assert "off by 1e-06" in worked.verdict
    assert trace.entry("dW1", 0, 0).agrees


def test_numbers_that_are_not_finite_are_shown(lecture, case_of):
    params, X, Y, _ = case_of(lecture)
    X[2, 0] = np.inf
    trace = lamina.trace(lecture, X, Y, params=params)
    worked = trace.entry("dW1", 0, 0)
    assert np.isnan(worked.total)
    assert worked.agrees
    assert "nan" in str(worked)


def test_a_long_sum_is_printed_in_its_ends():
    network = Network(2, [Linear(1)], SquaredError())
    rows = np.random.default_rng(0).normal(size=(5000, 2))
    trace = lamina.trace(network, rows, rows.sum(axis=1), params=np.ones(3))
    worked = trace.entry("dW1", 0, 1)
    assert len(worked.sums[0].terms) == 5000
    assert len(str(worked).splitlines()) < 20
    assert "... 4,989 more" in str(worked)


# ---- found by looking ----


def read_by(trace, name, *index):
    worked = trace.entry(name, *index)
    assert not worked.by_rule
    assert worked.exact
    return {str(block) for blocks in worked.reads.values() for block in blocks}


def test_normalisations_read_a_unit_or_an_example(case_of):
    from lamina.equations.layers import BatchNorm, LayerNorm

    for layer, over in ((BatchNorm(), "A0[2, 0:7]"), (LayerNorm(), "A0[0:3, 4]")):
        network = Network(3, [layer, Linear(1)], SquaredError())
        params, X, Y, _ = case_of(network)
        trace = lamina.trace(network, X, Y, params=params, training=True)
        out = trace.sites.chain[0]
        assert read_by(trace, out.out, 2, 4) == {over, f"{out.p['gamma']}[2, 0]", f"{out.p['beta']}[2, 0]"}


def test_an_embedding_reads_the_column_that_it_looks_up():
    from lamina.equations.embeddings import Embedding

    network = Network(2, [Embedding(columns=(1,), levels=(3,), size=2), Linear(1)], SquaredError())
    X = np.array([[0.5, 2.0], [0.1, 0.0]])
    trace = lamina.trace(network, X, [1.0, 0.0], params=np.arange(network.size) / 10.0)
    E = trace.sites.chain[0].p["E"]
    assert read_by(trace, trace.sites.chain[0].out, 1, 0) == {"A0[1, 0]", f"{E}[0, 2]"}


def test_looking_finds_any_shape():
    """Held against a table of what the function is made of."""

    def compute(a):
        x, y = a["x"], a["y"]
        return np.array(
            [[x[0].sum() + np.sign(y[1, 1] - y[2, 0]), x[1, 1] * y.max()], [np.where(y[0, 0] > 3, x[0, 0], 1), 0]]
        )

    a = {"x": np.zeros((2, 3)), "y": np.arange(6.0).reshape(3, 2)}
    table = {
        (0, 0): {"x[0, 0:3]", "y[1, 1]", "y[2, 0]"},
        (0, 1): {"x[1, 1]", "y[0:3, 0:2]"},
        (1, 0): {"y[0, 0]"},
        (1, 1): set(),
    }
    for index, expected in table.items():
        found, exact = blocks_read(("x", "y"), compute, a, index)
        assert exact
        assert {str(block) for block in found} == expected


def test_large_arrays_are_told_in_blocks():
    array = np.zeros((600, 600))
    found, exact = blocks_read(("x",), lambda a: np.array([[a["x"][:, 3].sum()]]), {"x": array}, (0, 0))
    assert not exact
    assert places(found) >= {("x", i, 3) for i in range(600)}


# ---- stretched ----


def test_what_is_stretched(lecture, case_of):
    from lamina.glassbox.entries.stretching import stretches

    params, X, Y, _ = case_of(lecture)
    trace = lamina.trace(lecture, X, Y, params=params)
    equations = trace.equations()
    (b,) = stretches(equations["Z1"], equations.shapes)
    assert (b.name, b.axis, b.before, b.after) == ("b1", 1, (4, 1), (4, 7))
    assert str(b) == "b1 (4, 1) -> (4, 7): its column stands 7 times"
    assert stretches(equations["dW1"], equations.shapes) == ()


def test_stretched_arrays_are_those_that_numpy_would_repeat(network, case_of):
    """Every input that is stretched has a side of 1 where the result has another, and gives every place alike."""
    from lamina.glassbox.entries.stretching import stretches

    params, X, Y, w = case_of(network)
    trace = lamina.trace(network, X, Y, w, params=params, training=True)
    equations = trace.equations()
    for equation in equations:
        for one in stretches(equation, equations.shapes):
            assert np.broadcast_shapes(one.before, one.after) == one.after


# ---- wrong questions ----


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (("W1", 0, 0), "is given, and not computed"),
        (("dW3", 0, 0), "Did you mean"),
        (("dW1", 0), "expected 2 whole numbers"),
        (("dW1", 0, 9), r"the last entry is dW1\[3, 2\]"),
        (("dW1", 0.5, 1), "expected 2 whole numbers"),
        (("dW1", True, 1), "expected 2 whole numbers"),
        (("J", 0), "it is one number"),
    ],
)
def test_wrong_questions_are_answered(lecture, case_of, question, said):
    params, X, Y, _ = case_of(lecture)
    trace = lamina.trace(lecture, X, Y, params=params)
    with pytest.raises(SettingError, match=said):
        trace.entry(*question)


def test_the_other_names_work(lecture, case_of):
    params, X, Y, _ = case_of(lecture)
    trace = lamina.trace(lecture, X, Y, params=params)
    assert trace.entry("J").name == "cost"
    assert trace.entry("AL", 0, -1).place == "A2[0, 6]"
