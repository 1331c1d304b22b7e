"""The lesson: every number against NumPy written anew here, every right answer by computation, at several steps."""

import json
import re

import numpy as np
import pytest

from lamina.errors import SettingError
from lamina.laboratory.bench import Bench
from lamina.laboratory.lab_rows import LabRows, built_in
from lamina.laboratory.questions import answer

NAMES = ["shapes", "inputs", "linear", "activation", "forward", "cost"]
NAMES += ["start-back", "through-g", "gradients", "chain", "update", "repeat"]


def rows_of(**settings):
    """The rows of the lesson with other settings."""
    lesson = built_in("lesson")
    return LabRows("other", "other", lesson.X, lesson.y, settings={**lesson.settings, **settings})


CASES = {
    "start": ({}, 0),
    "later": ({}, 40),
    "late": ({}, 400),
    "two layers, m is n[1]": ({"hidden_layer_sizes": (12,), "learning_rate_init": 0.1}, 3),
    "one unit": ({"hidden_layer_sizes": (1,), "random_state": 3}, 0),
    "too fast": ({"learning_rate_init": 1e155}, 0),
}


@pytest.fixture(params=CASES, scope="module")
def lesson(request):
    settings, step = CASES[request.param]
    bench = Bench(rows_of(**settings))
    if step:
        bench.play(step, wait=True)
    run, state = bench.state_at(step)
    found = json.loads(json.dumps(answer(bench, "lesson", {"step": step}), allow_nan=False))
    return Told(found, run, state)


class Told:
    """The lesson beside the lecture's equations, once more, in the code of this test."""

    def __init__(self, found, run, state):
        self.found, self.stops = found, {stop["name"]: stop for stop in found["stops"]}
        chunk = next(iter(run.examples.chunks(run.recipe, state.epoch, state.rows)))
        self.a = {"X": chunk.X[chunk.order].T, "Y": chunk.Y[chunk.order].T, "m": len(chunk.order), "np": np}
        self.a |= {"alpha": run.settings["learning_rate_init"]}
        self.a |= {name: array.copy() for name, array in run.network.named(state.params).items()}
        self.L = max(int(name[1:]) for name in self.a if name[0] == "W")
        self.walk()

    def walk(self):
        a, L = self.a, self.L
        a["A0"] = a["X"]
        for k in range(1, L + 1):
            a[f"Z{k}"] = np.einsum("ij,je->ie", a[f"W{k}"], a[f"A{k - 1}"]) + a[f"b{k}"]
            a[f"A{k}"] = np.where(a[f"Z{k}"] > 0, a[f"Z{k}"], 0.0) if k < L else 1 / (1 + np.exp(-a[f"Z{k}"]))
        A, Y = a[f"A{L}"], a["Y"]
        a["loss"] = np.where(Y == 1, -np.log(A), -np.log(1 - A))
        a[f"dA{L}"] = np.where(Y == 1, -1 / A, 1 / (1 - A))
        a[f"dZ{L}"] = A - Y
        for k in range(L, 0, -1):
            if k < L:
                a[f"dA{k}"] = np.einsum("ij,ie->je", a[f"W{k + 1}"], a[f"dZ{k + 1}"])
                a[f"dZ{k}"] = np.where(a[f"Z{k}"] > 0, a[f"dA{k}"], 0.0)
            a[f"dW{k}"] = np.einsum("ie,je->ij", a[f"dZ{k}"], a[f"A{k - 1}"]) / a["m"]
            a[f"db{k}"] = a[f"dZ{k}"].mean(axis=1)[:, None]
            for role in "Wb":
                a[f"{role}{k}_new"] = a[f"{role}{k}"] - a["alpha"] * a[f"d{role}{k}"]

    def question(self, stop, kind):
        return next(one for one in self.stops[stop]["questions"] if one["kind"] == kind)

    def right(self, stop, place=0):
        """The right answer to choose; there is one, and every other has another text and a reason."""
        choices = [one for one in self.stops[stop]["questions"] if one["kind"] == "choices"][place]["choices"]
        assert len(choices) >= 2
        assert len({one["text"] for one in choices}) == len(choices)
        assert all(len(one["why"]) > 15 for one in choices)
        [found] = [one["text"] for one in choices if one["right"]]
        return found

    def number(self, stop):
        """The number that is asked for; no confusion is so near that it would be taken for it."""
        asked = self.question(stop, "number")
        for one in asked["confusions"]:
            assert abs(one["value"] - asked["answer"]) > asked["within"], one
        return pytest.approx(asked["answer"], rel=1e-9, abs=1e-12)

    def says(self, stop, *values):
        """The numbers stand in what is revealed, to the digits shown there."""
        text = " ".join(self.stops[stop]["reveal"]).replace("−", "-")
        shown = [float(one) for one in re.findall(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?", text)]
        for value in values:
            assert any(one == pytest.approx(value, rel=2e-3, abs=1e-12) for one in shown), (value, text)


def test_there_are_twelve_stops_in_the_order_of_the_lecture(lesson):
    assert [stop["name"] for stop in lesson.found["stops"]] == NAMES
    assert lesson.found["own"]
    for stop in lesson.stops.values():
        assert stop["title"]
        assert stop["text"]
        assert stop["equations"]
        assert stop["questions"]
        assert stop["reveal"]


def test_the_arrays_are_those_of_the_equations(lesson):
    for name, array in lesson.found["arrays"].items():
        np.testing.assert_allclose(array["values"], lesson.a[name], rtol=1e-9, atol=1e-14, err_msg=name)
        assert tuple(array["shape"]) == lesson.a[name].shape
    for stop in lesson.stops.values():
        for show in stop["shows"]:
            assert set(show.get("names", ())) | {show.get("result", "A0")} <= set(lesson.found["arrays"])


def test_the_code_of_the_stops_runs_and_computes_the_arrays(lesson):
    """One stop after the other, as a reader would type them: every name that it gives is that of this test."""
    typed = {name: lesson.a[name] for name in lesson.a if name in ("X", "Y", "m", "alpha", "np") or name[0] in "Wb"}
    typed = {name: value for name, value in typed.items() if "_new" not in name}
    given = set(typed)
    for name in NAMES[:-1]:
        exec(lesson.stops[name]["code"], typed)
    made = set(typed) - given - {"__builtins__", "J"}
    assert {"A0", "Z1", "loss", "dA1", "dW1", "db1", "W1_new", f"dZ{lesson.L}"} <= made
    for name in made:
        np.testing.assert_allclose(typed[name], lesson.a[name], rtol=1e-7, atol=1e-14, err_msg=name)
    assert typed["J"] == pytest.approx(lesson.a["loss"].mean())
    curves = lesson.stops["repeat"]["shows"][0]["curves"]
    assert len(curves) == 3
    if typed["alpha"] > 1e100:
        assert len(curves[1]["values"]) < 10
        return
    exec(lesson.stops["repeat"]["code"], typed)
    A = typed["X"]
    for k in range(1, lesson.L + 1):
        Z = typed[f"W{k}"] @ A + typed[f"b{k}"]
        A = np.maximum(0, Z) if k < lesson.L else 1 / (1 + np.exp(-Z))
    after = -np.mean(np.where(typed["Y"] == 1, np.log(A), np.log(1 - A)))
    assert len(curves[1]["values"]) == 101
    assert curves[1]["values"][-1] == pytest.approx(after, rel=1e-6)
    assert curves[1]["values"][0] == pytest.approx(lesson.a["loss"].mean(), rel=1e-9)


def test_the_right_choices_are_right_by_computation(lesson):
    a, L = lesson.a, lesson.L
    assert lesson.right("shapes") == str(a["W2"].shape)
    assert lesson.right("inputs") == str(a["X"][:, 0:1].shape)
    product = a["W1"] @ a["A0"]
    try:
        same = np.array_equal(product + a["b1"][:, 0], product + a["b1"]) and len(a["b1"]) == 1
        happens = "The same as before" if same else "It adds wrong numbers, without a word"
    except ValueError:
        happens = "It stops with an error"
    assert lesson.right("linear") == happens
    assert "$g'(Z^{[l]})$" in lesson.right("activation")
    assert lesson.right("forward") == "No, it has to stay"
    most = int(np.argmax(a["loss"]))
    assert lesson.right("cost").startswith(f"Example {most}: y = {int(a['Y'][0, most])}, ")
    e = int(np.flatnonzero(a["Y"][0])[0])
    shown = lambda text: float(text.replace("−", "-"))  # noqa: E731
    assert shown(lesson.right("start-back")) == pytest.approx(a[f"dA{L}"][0, e], rel=1e-3)
    prompt = lesson.question("through-g", "choices")["prompt"]
    layer, i, k = map(int, re.search(r"What is \$dZ\^\{\[(\d+)\]\}_\{(\d+),(\d+)\}", prompt).groups())
    assert shown(lesson.right("through-g")) == pytest.approx(a[f"dZ{layer}"][i, k], rel=1e-3, abs=1e-12)
    made = {
        r"$\frac{1}{m}\, dZ^{[2]} A^{[1]\top}$": a["dZ2"] @ a["A1"].T / a["m"],
        r"$\frac{1}{m}\, A^{[1]} dZ^{[2]\top}$": a["A1"] @ a["dZ2"].T / a["m"],
    }
    np.testing.assert_allclose(made[lesson.right("gradients")], a["dW2"])
    assert lesson.right("chain") == r"$W^{[2]\top} dZ^{[2]}$"
    np.testing.assert_allclose(a["W2"].T @ a["dZ2"], a["dA1"])
    costs = lesson.stops["repeat"]["shows"][0]["curves"][1]["values"]
    assert lesson.right("repeat") == ("lower" if len(costs) == 101 and costs[-1] < costs[0] else "higher")
    assert lesson.right("repeat", 1) == "the bias $b^{[2]}$"


def test_the_numbers_that_are_asked_for(lesson):
    a, L = lesson.a, lesson.L
    e, name = int(np.flatnonzero(a["Y"][0])[0]), f"W{lesson.L}"
    j = int(np.argmax(np.abs(a[f"d{name}"])))
    assert a["Z1"][0, 0] == lesson.number("linear")
    assert (a["A1"] == 0).sum() == lesson.number("activation")
    assert a[f"dZ{L}"][0, e] == lesson.number("through-g")
    assert a[f"dZ{L}"].mean() == lesson.number("gradients")
    assert a[name][0, j] - a["alpha"] * a[f"d{name}"][0, j] == lesson.number("update")


def test_what_is_revealed_has_the_numbers_of_this_step(lesson):
    a, L = lesson.a, lesson.L
    e, j = int(np.flatnonzero(a["Y"][0])[0]), int(np.argmax(np.abs(a[f"dW{L}"])))
    lesson.says("shapes", sum(a[f"{role}{k}"].size for role in "Wb" for k in range(1, L + 1)))
    lesson.says("inputs", *a["X"][:, e])
    lesson.says("linear", a["Z1"][0, 0])
    lesson.says("activation", (a["A1"] == 0).sum(), a["A1"].size)
    lesson.says("forward", ((a[f"A{L}"] > 0.5) == a["Y"]).sum())
    lesson.says("cost", a["loss"].max(), a["loss"].mean(), np.log(2))
    lesson.says("start-back", a[f"dA{L}"][0, e], a[f"dA{L}"][0, int(np.flatnonzero(a["Y"][0] == 0)[0])])
    lesson.says("through-g", a[f"dZ{L}"][0, e], (a[f"Z{L - 1}"] <= 0).sum())
    lesson.says("gradients", a[f"dW{L}"][0, j], a[f"db{L}"][0, 0])
    lesson.says("chain", a["dA1"].flat[np.argmax(np.abs(a["dA1"]))])
    lesson.says("update", a[f"W{L}_new"][0, j], a["loss"].mean())
    lesson.says("repeat", a["loss"].mean(), a[f"dW{L}"][0, j])


def test_dollars_come_in_pairs(lesson):
    for stop in lesson.stops.values():
        texts = [*stop["text"], *stop["reveal"]]
        for one in stop["questions"]:
            texts += [one["prompt"], *(choice[key] for choice in one.get("choices", ()) for key in ("text", "why"))]
        assert all(text.count("$") % 2 == 0 for text in texts)
        assert not re.search(r"\b(nan|inf)\b", " ".join(texts))


def test_the_button_to_the_stepper_leads_to_the_line(lesson):
    lines = ["Z1", "A1", "Z2", "A2", "Z3", "A3", "loss", "cost", "dA3"]
    if lesson.L == 3:
        assert lesson.stops["forward"]["line"] == lines.index("A3")
        assert lesson.stops["start-back"]["line"] == lines.index("dA3")
    assert lesson.stops["repeat"]["line"] is None


@pytest.mark.parametrize(
    "rows",
    [
        built_in("xor"),
        LabRows(
            "l2", "l2", built_in("lesson").X, built_in("lesson").y, settings={**built_in("lesson").settings, "alpha": 1}
        ),
    ],
    ids=["tanh and adam", "a penalty"],
)
def test_another_network_leaves_the_lectures_own_numbers(rows):
    bench = Bench(rows)
    bench.play(2, wait=True)
    found = answer(bench, "lesson", {"step": 2})
    assert not found["own"]
    assert found["step"] == 0
    assert found == {**answer(Bench(built_in("lesson")), "lesson", {"step": 0}), "own": False}


def test_slopes_are_those_of_the_trace():
    bench = Bench(built_in("lesson"))
    asked = {"step": 0, "name": "W1", "row": 2, "column": 3, "by": 0.25, "reach": 2.0}
    found = json.loads(json.dumps(answer(bench, "slopes", asked), allow_nan=False))
    trace = bench.trace_at(0)
    assert found["analytic"] == trace["dW1"][2, 3]
    assert [one["eps"] for one in found["nudges"]] == [10.0**-k for k in range(1, 13)]
    assert found["chosen"]["eps"] == 0.25
    moved = answer(bench, "trace", {"step": 0, "edits": [["W1", 2, 3, found["value"] + 0.25]]})
    J = next(one["values"] for one in moved["arrays"] if one["name"] == "cost")
    assert found["chosen"]["J_above"] == pytest.approx(float(J), rel=1e-13)
    across, chosen = np.array(found["across"]), found["chosen"]
    assert across[[0, -1]] == pytest.approx([found["value"] - 2, found["value"] + 2])
    x, below, above = found["value"], found["value"] - 0.25, found["value"] + 0.25
    np.testing.assert_allclose(np.interp(x, across, found["tangent"]), found["J"], rtol=1e-12)
    np.testing.assert_allclose(np.gradient(found["tangent"], across), found["analytic"], rtol=1e-9)
    for name, points in {
        "two_sided": {below: chosen["J_below"], above: chosen["J_above"]},
        "one_sided": {x: found["J"], above: chosen["J_above"]},
    }.items():
        np.testing.assert_allclose(np.interp(list(points), across, found[name]), list(points.values()), rtol=1e-12)
    edited = answer(bench, "slopes", {**asked, "edits": [["W1", 2, 3, 0.5]]})
    assert edited["value"] == 0.5
    assert edited["analytic"] != found["analytic"]


def test_what_can_be_nudged_is_listed():
    bench = Bench(built_in("lesson"))
    found = answer(bench, "nudge", {"step": 0})
    assert [one["name"] for one in found] == ["A0", "W1", "b1", "Z1", "A1", "W2", "b2", "Z2", "A2", "W3", "b3", "Z3"]
    for one in found:
        np.testing.assert_array_equal(one["values"], bench.trace_at(0)[one["name"]])
        answer(bench, "slopes", {"step": 0, "name": one["name"], "row": 0, "column": 0})


@pytest.mark.parametrize(
    "wrong",
    [{"name": "Q1"}, {"name": 3}, {"row": 9}, {"row": 1.5}, {"by": 0}, {"by": "much"}, {"reach": -1}, {"step": 7}],
)
def test_slopes_that_cannot_be_had_are_said(wrong):
    with pytest.raises(SettingError):
        answer(Bench(built_in("lesson")), "slopes", {"step": 0, "name": "W1", "row": 0, "column": 0, **wrong})
