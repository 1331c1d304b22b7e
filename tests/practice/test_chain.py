"""A learner's file in the chain: every block by their code, beside the right numbers; the first wrong one is found."""

import inspect

import numpy as np
import pytest

from lamina import course
from lamina.glassbox.doctor import solutions
from lamina.glassbox.doctor.curriculum import starting_file
from lamina.glassbox.practice.blocks import Chain
from lamina.glassbox.practice.chain import WatchedFile, hints, put_in_chain

RIGHT = inspect.getsource(solutions).replace("from __future__ import annotations", "")


@pytest.fixture(scope="module")
def chain():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(5, 7))
    Y = (X[0] * X[1] > 0).astype(float).reshape(1, 7)
    return Chain(X, Y, course.initialize_parameters_he([5, 4, 3, 1], seed=10), 0.5)


@pytest.fixture
def reported(tmp_path, chain):
    def report(text, name="answers.py", **settings):
        path = tmp_path / name
        path.write_text(text)
        return put_in_chain(path, chain, **settings)

    return report


def status_of(report):
    return {one.block.key: one.status for one in report.blocks}


def test_the_chain_has_the_lectures_blocks_in_order(chain):
    assert [one.key for one in chain.blocks()] == [
        "initialize_parameters_deep",
        "linear_forward 1", "relu 1", "linear_activation_forward 1",
        "linear_forward 2", "relu 2", "linear_activation_forward 2",
        "linear_forward 3", "sigmoid 3", "linear_activation_forward 3",
        "L_model_forward", "compute_cost",
        "sigmoid_backward 3", "linear_backward 3", "linear_activation_backward 3",
        "relu_backward 2", "linear_backward 2", "linear_activation_backward 2",
        "relu_backward 1", "linear_backward 1", "linear_activation_backward 1",
        "L_model_backward", "update_parameters",
    ]  # fmt: skip


def test_the_inputs_are_the_courses_numbers(chain):
    """Each block with its inputs gives what the next one gets, by `lamina.course`."""
    blocks = {one.key: one for one in chain.blocks()}
    AL, caches = course.L_model_forward(chain.X, chain.parameters)
    np.testing.assert_allclose(blocks["compute_cost"].case.arguments[0], AL)
    for layer in (3, 2, 1):
        activation = "sigmoid" if layer == 3 else "relu"
        dA, cache, name = blocks[f"linear_activation_backward {layer}"].case.arguments
        assert name == activation
        dA_prev, dW, _ = course.linear_activation_backward(dA, caches[layer - 1], activation)
        dZ = getattr(course, f"{activation}_backward")(*blocks[f"{activation}_backward {layer}"].case.arguments)
        np.testing.assert_allclose(blocks[f"linear_backward {layer}"].inputs["dZ"], dZ)
        if layer > 1:
            np.testing.assert_allclose(blocks[f"linear_activation_backward {layer - 1}"].inputs["dA"], dA_prev)
        np.testing.assert_allclose(blocks["update_parameters"].inputs[f"dW{layer}"], dW)
        np.testing.assert_allclose(cache[1], caches[layer - 1][1])


def test_right_code_is_right_in_every_block(reported):
    report = reported(RIGHT)
    assert set(status_of(report).values()) == {"right"}
    assert (report.first, report.problem) == ("", "")
    assert all(one.same for block in report.blocks for one in block.results)


def test_a_wrong_block_is_marked_and_its_callers_are_not(reported, chain):
    report = reported(RIGHT.replace("dW = dZ @ A_prev.T / m", "dW = dZ @ A_prev.T"))
    assert report.first == "linear_backward 3"
    status = status_of(report)
    assert [key for key, one in status.items() if one == "wrong"] == [f"linear_backward {k}" for k in (3, 2, 1)]
    assert status["L_model_backward"] == status["linear_activation_backward 2"] == "wrong through another"
    (block,) = [one for one in report.blocks if one.block.key == report.first]
    results = {one.name: one for one in block.results}
    dZ, (A_prev, _, _) = block.block.case.arguments
    np.testing.assert_allclose(results["dW"].found, dZ @ A_prev.T)
    np.testing.assert_allclose(results["dW"].expected, dZ @ A_prev.T / 7)
    assert results["dW"].differs.all()
    assert results["db"].same
    (rungs,) = hints(report.functions["linear_backward"])
    assert rungs[0] == ["Look at dW."]
    assert "(1/m) dZ" in rungs[1][0]
    assert "dW = dZ @ A_prev.T" in rungs[2][0]
    assert rungs[3] == ["dW lacks the factor 1/m."]


def test_only_the_entries_that_differ_are_marked(reported):
    report = reported(RIGHT.replace("A = np.maximum(0, Z)", "A = np.maximum(0, Z)\n    A[0, 0] += 1"))
    (block,) = [one for one in report.blocks if one.block.key == "relu 2"]
    (A,) = [one for one in block.results if one.name == "A"]
    assert np.argwhere(A.differs).tolist() == [[0, 0]]


def test_what_is_wrong_on_other_numbers_only_is_said_to_be(reported):
    report = reported(RIGHT.replace("return dA * (Z > 0)", "return dA * (Z >= 0)"))
    assert status_of(report)["relu_backward 1"] == "wrong elsewhere"
    assert report.first == "relu_backward 2"


def test_a_file_to_be_filled_in(reported):
    report = reported(starting_file())
    assert set(status_of(report).values()) == {"not written yet"}
    assert report.first == "initialize_parameters_deep"
    assert all(one.expected is not None and one.found is None for block in report.blocks for one in block.results)
    begun = reported("import numpy as np\n\n\ndef sigmoid(Z):\n    return 1 / (1 + np.exp(-Z)), Z\n")
    assert [key for key, one in status_of(begun).items() if one == "right"] == ["sigmoid 3"]
    assert status_of(begun)["relu 1"] == "not there"


def test_an_exception_is_told_in_the_learners_terms(reported):
    report = reported(RIGHT.replace("dA_prev = W.T @ dZ", "dA_prev = W @ dZ"))
    assert report.first == "linear_backward 3"
    (block,) = [one for one in report.blocks if one.block.key == "linear_backward 3"]
    assert block.status == "raised"
    assert "W is (1, 3), dZ is (1, 7)" in block.sentence
    assert status_of(report)["L_model_backward"] == "wrong through another"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.py", "def relu(Z)\n    return Z\n", "a.py is not Python: line 1"),
        ("a.py", "x = 1\n", "defines no function of the chain"),
        ("a.txt", "x = 1\n", "neither a Python file"),
        ("a.ipynb", "{", "is not a notebook"),
    ],
)
def test_what_cannot_run_is_told_in_a_sentence(reported, name, text, words):
    report = reported(text, name)
    assert words in report.problem
    assert set(status_of(report).values()) == {"not reached"}


def test_a_file_that_is_gone(tmp_path, chain):
    assert "was moved or deleted" in put_in_chain(tmp_path / "gone.py", chain).problem


HOSTILE = """
import os

import numpy as np

print("x" * 10_000_000)


def sigmoid(Z):
    while True:
        pass


def relu(Z):
    with open("large.bin", "wb") as file:
        file.write(b"0" * 100_000_000)


def linear_forward(A, W, b):
    os._exit(3)


def linear_backward(dZ, cache):
    return np.zeros((10**6, 10**6)), 1, 2


os.remove("answers.py")
"""


def test_code_that_misbehaves_ends_with_a_sentence_each(reported, tmp_path):
    report = reported(HOSTILE, seconds=0.5)
    told = {one.block.key: one for one in report.blocks}
    assert "does not end" in told["sigmoid 3"].sentence
    assert "File too large" in told["relu 1"].sentence
    assert (tmp_path / "large.bin").stat().st_size <= 64 << 20
    assert "ends Python itself" in told["linear_forward 1"].sentence
    assert told["linear_forward 2"].status == "not reached"
    assert "more memory" in told["linear_backward 3"].sentence
    assert {told[key].status for key in ("sigmoid 3", "relu 1", "linear_forward 1", "linear_backward 3")} == {"raised"}


def test_a_watched_file(tmp_path, chain):
    path = tmp_path / "answers.py"
    path.write_text(RIGHT)
    watched = WatchedFile(path)
    assert watched.changed()
    assert not watched.changed()
    path.write_text(RIGHT + "\n# more\n")
    assert watched.changed()
    path.unlink()
    assert watched.changed()
    assert not watched.changed()
    path.write_text(RIGHT)
    assert watched.changed()


def test_the_network_is_trained_by_the_learners_functions(reported, chain):
    right = reported(RIGHT).training
    parameters, costs = chain.parameters, []
    for _ in range(60):
        AL, caches = course.L_model_forward(chain.X, parameters)
        costs.append(float(course.compute_cost(AL, chain.Y)))
        parameters = course.update_parameters(parameters, course.L_model_backward(AL, chain.Y, caches), 0.5)
    np.testing.assert_allclose(right.printed, costs, rtol=1e-9)
    np.testing.assert_allclose(right.costs[:-1], costs, rtol=1e-9)
    assert right.ended == ""
    wrong = reported(RIGHT.replace("return -np.sum(", "return 2 * -np.sum(")).training
    np.testing.assert_allclose(wrong.printed, 2 * np.array(costs), rtol=1e-9)
    np.testing.assert_allclose(wrong.costs, right.costs)


def test_what_is_no_function_is_not_there(reported):
    (block,) = [one for one in reported("relu = 3\n").blocks if one.block.key == "relu 2"]
    assert (block.status, block.sentence) == ("not there", "The file does not get as far as defining it.")


def test_a_training_that_goes_no_further_says_why(reported):
    listed = reported(RIGHT + "\n\ndef update_parameters(params, grads, learning_rate):\n    return [1, 2]\n")
    assert listed.training.ended == "update_parameters returns a list of 2: expected a dict of W1, b1, ..."
    found = reported(RIGHT.replace("axis=1, keepdims=True) / m", "axis=1) / m")).training
    assert len(found.printed) == 1
    assert found.ended.startswith("L_model_forward: Shapes do not fit")
    assert np.isnan(found.costs[-1])
    assert reported(starting_file()).training is None
