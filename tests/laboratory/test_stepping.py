"""The stepper's questions: every line can be drawn, an entry's terms are the engine's, examples add up to the batch."""

import numpy as np
import pytest

from lamina.equations.layers import Dense, Dropout, Linear
from lamina.equations.losses import CategoricalLogLoss
from lamina.equations.network import Network
from lamina.errors import SettingError
from lamina.laboratory.bench import Bench
from lamina.laboratory.drawing import pieces, with_shapes
from lamina.laboratory.lab_rows import built_in
from lamina.laboratory.questions import answer


@pytest.fixture(scope="module")
def bench():
    found = Bench(built_in("lesson"))
    found.play(6, wait=True)
    return found


def test_every_array_is_given_or_the_result_of_a_line(bench):
    found, trace = answer(bench, "lines", {"step": 2}), bench.trace_at(2)
    results = [one["result"] for one in found["lines"]]
    given = {"A0", "Y", *(slot.name for slot in trace.network.slots)}
    assert set(results) | given == set(trace)
    assert results[:2] == ["Z1", "A1"]
    assert [one["part"] for one in found["lines"]] == sorted(
        (one["part"] for one in found["lines"]), key=["forward", "cost", "backward", "update"].index
    )
    assert set(found["editable"]) == given - {"Y"}


def test_a_line_reads_only_what_is_there_before_it(bench):
    """So a page that empties what comes later never needs a number that it does not show."""
    lines = answer(bench, "lines", {"step": 2})["lines"]
    done = {"A0", "Y", *(slot.name for slot in bench.run.network.slots)}
    for one in lines:
        assert set(one["arrays"]) - {one["result"]} <= done
        done.add(one["result"])


def test_shapes_stand_under_the_symbols(bench):
    lines = {one["result"]: one for one in answer(bench, "lines", {"step": 2})["lines"]}
    shaped = lines["dW1"]["shaped"]
    assert r"{4 \times 12}}{dZ^{[1]}}" in shaped
    assert r"{12 \times 5}}{A^{[0]\top}}" in shaped  # that of the transpose
    assert "underset" not in lines["A3"]["shaped"].partition("=")[2]  # within a power there is no room
    for one in lines.values():
        assert one["shaped"].count("{") == one["shaped"].count("}")


def test_one_example_has_small_letters(bench):
    lines = {one["result"]: one["of_example"] for one in answer(bench, "lines", {"step": 2})["lines"]}
    assert lines["Z1"] == "z^{[1](e)} = W^{[1]} a^{[0](e)} + b^{[1]}"
    assert lines["dW1"].endswith(r"\sum_e  dz^{[1](e)} a^{[0](e)\top}")
    assert lines["W1_new"] == r"W^{[1]}_{\mathrm{new}} = W^{[1]} - 0.5 dW^{[1]}"


def test_what_is_drawn_is_the_right_hand_side(bench):
    lines = {one["result"]: one for one in answer(bench, "lines", {"step": 2})["lines"]}
    assert [one.get("array", one.get("text")) for one in lines["Z1"]["pieces"]] == ["W1", " ", "A0", " + ", "b1"]
    assert lines["dW1"]["pieces"][0] == {"text": "(1/m) "}
    assert lines["dW1"]["pieces"][-1] == {"array": "A0", "turned": True}
    assert lines["Z1"]["stretched"] == [{"name": "b1", "axis": 1, "before": [4, 1], "after": [4, 12]}]


@pytest.mark.parametrize("name", ["digits", "adult"])
def test_other_rows_have_lines_too(name):
    bench = Bench(built_in(name))
    for one in answer(bench, "lines", {"step": 0})["lines"]:
        drawn = [piece["array"] for piece in one["pieces"] if "array" in piece]
        assert drawn
        assert set(drawn) <= set(one["arrays"])


def test_every_kind_of_layer_can_be_drawn():
    import lamina

    layers = [Dense(4, "gelu"), Dropout(0.5), Linear(3)]
    network = Network(2, layers, CategoricalLogLoss(), l2=0.1)
    rng = np.random.default_rng(0)
    trace = lamina.trace(
        network,
        rng.normal(size=(5, 2)),
        np.eye(3)[[0, 1, 2, 0, 1]],
        params=rng.normal(size=network.size),
        optimizer="adam",
    )
    shapes = trace.equations().shapes
    drawn = [one.get("array", one.get("text")) for one in pieces(trace.equations()["dW1"], shapes)]
    assert drawn == ["(1/m) ", "dZ1", " ", "A0", " + 0.02 ", "W1"]
    for one in trace.equations():
        assert with_shapes(one, shapes).startswith((r"\underset", "J"))
        assert [piece["array"] for piece in pieces(one, shapes) if "array" in piece]


# ---- an entry ----


def test_the_products_of_an_entry_are_the_engines(bench):
    trace = bench.trace_at(4)
    found = answer(bench, "entry", {"step": 4, "name": "dW1", "index": [3, 1]})
    (products,) = found["sums"]
    np.testing.assert_array_equal([one["value"] for one in products["terms"]], trace["dZ1"][3] * trace["A0"][1])
    assert found["value"] == trace["dW1"][3, 1]
    assert found["agrees"]
    assert {one["name"]: one["spans"] for one in found["reads"]} == {"dZ1": [[3, 4], [0, 12]], "A0": [[1, 2], [0, 12]]}


def test_an_entry_of_a_changed_step_follows_the_change(bench):
    edits = [["W1", 0, 2, 3.0], ["A0", 1, 5, -2.0]]
    before = answer(bench, "entry", {"step": 4, "name": "Z1", "index": [0, 5]})
    after = answer(bench, "entry", {"step": 4, "name": "Z1", "index": [0, 5], "edits": edits})
    trace = bench.trace_at(4)
    W, A, b = trace["W1"].copy(), trace["A0"].copy(), trace["b1"]
    W[0, 2], A[1, 5] = 3.0, -2.0
    assert after["value"] == pytest.approx(W[0] @ A[:, 5] + b[0, 0])
    assert after["value"] != before["value"]


def test_a_long_sum_comes_in_parts():
    bench = Bench(built_in("digits"))
    asked = {"step": 0, "name": "Z1", "index": [0, 0]}
    first, then = (answer(bench, "entry", asked | {"first": k})["sums"][0] for k in (0, 60))
    assert first["count"] == 64
    assert [len(first["terms"]), len(then["terms"])] == [60, 4]
    assert then["terms"][-1] == first["last"]
    bias = answer(bench, "entry", asked)["sums"][1]["value"]
    total = sum(one["value"] for one in first["terms"] + then["terms"])
    assert total + bias == pytest.approx(float(bench.trace_at(0)["Z1"][0, 0]))


# ---- one example ----


@pytest.mark.parametrize("name", ["dW1", "db2", "dW3", "cost"])
def test_the_examples_add_up_to_the_batch(bench, name):
    m, trace = 12, bench.trace_at(3)
    terms = [answer(bench, "share", {"step": 3, "name": name, "example": e})["values"] for e in range(m)]
    np.testing.assert_allclose(np.mean(terms, axis=0), trace[name], rtol=1e-12, atol=1e-15)


def test_a_penalty_is_no_part_of_an_example():
    bench = Bench(built_in("lesson"), {"alpha": 0.5})
    trace = bench.trace_at(0)
    terms = [answer(bench, "share", {"step": 0, "name": "dW1", "example": e})["values"] for e in range(12)]
    np.testing.assert_allclose(np.mean(terms, axis=0), trace["dZ1"] @ trace["A0"].T / 12, rtol=1e-12)
    assert not np.allclose(np.mean(terms, axis=0), trace["dW1"])


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("entry", {"step": 0, "name": "W1", "index": [0, 0]}),
        ("entry", {"step": 0, "name": "Z1", "index": 3}),
        ("entry", {"step": 0, "name": "Z1", "index": [0, 99]}),
        ("entry", {"step": 0, "name": "Z1", "index": ["0", 0]}),
        ("entry", {"step": 0, "name": "Z1", "index": [0, 0], "first": -1}),
        ("share", {"step": 0, "name": "Z1", "example": 0}),
        ("share", {"step": 0, "name": "W1", "example": 0}),
        ("share", {"step": 0, "name": "dW1", "example": 12}),
        ("share", {"step": 0, "name": "dW1", "example": "1"}),
        ("lines", {"step": 99}),
    ],
)
def test_what_does_not_fit_is_said(bench, name, arguments):
    with pytest.raises(SettingError) as problem:
        answer(bench, name, arguments)
    assert str(problem.value)[-1] in ".?"
