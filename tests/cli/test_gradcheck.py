"""lamina gradcheck: right derivatives pass, wrong ones do not."""

import numpy as np
import pytest

import lamina as package
from lamina.cli.gradcheck import networks
from lamina.equations import activations
from lamina.equations.activations import ACTIVATIONS
from lamina.equations.layers import LAYERS
from lamina.equations.losses import LOSSES


@pytest.fixture(autouse=True)
def _here(trained, monkeypatch):
    monkeypatch.chdir(trained)


def test_every_row_of_the_tables_is_checked(lamina):
    names = [name for name, _ in networks()]
    assert {name.split()[1] for name in names if name.startswith("activation")} == set(ACTIVATIONS)
    assert {name.split()[1] for name in names if name.startswith("loss")} == set(LOSSES)
    kinds = {layer.kind for _, network in networks() for layer in network.layers}
    assert kinds == set(LAYERS) - {"rounded_linear"}  # of whose slope a difference of costs says nothing
    done = lamina("gradcheck")
    assert done.code == 0
    assert f"{len(names)} of {len(names)} right (below 1e-06)" in done.out
    assert "WRONG" not in done.out


def test_a_wrong_derivative_is_found(lamina, monkeypatch):
    wrong = activations.Pair(activations.tanh, lambda Z, A: 1 - A)
    monkeypatch.setitem(ACTIVATIONS, "tanh", wrong)
    done = lamina("gradcheck")
    assert done.code == 1
    assert any("activation tanh" in line and "WRONG" in line for line in done.out.splitlines())
    assert any("activation relu" in line and "right" in line for line in done.out.splitlines())


@pytest.mark.parametrize(
    ("model", "rows"),
    [
        ("income.lamina", ()),
        ("price.lamina", ()),
        ("income.lamina", ("new.csv",)),
        ("price.lamina", ("new.csv",)),
        ("income.lamina", ("unknown.csv", "--rows", "3")),  # without the target
    ],
)
def test_a_model_on_random_rows_or_those_of_a_file(lamina, trained, model, rows):
    lines = (trained / "new.csv").read_text().splitlines()
    (trained / "unknown.csv").write_text("\n".join(line.rpartition(",")[0].rpartition(",")[0] for line in lines))
    done = lamina("gradcheck", model, *rows)
    assert done.code == 0
    assert "the gradient is right" in done.out
    names = [line.split()[0] for line in done.out.splitlines() if line.startswith(" d")]
    assert sorted(names) == ["dA0", "dW1", "dW2", "db1", "db2"]
    assert f"{package.load(model).network.size} parameters" in done.err


def test_that_rounding_was_left_out_is_said(lamina, tmp_path):
    said, model = "left out the rounding to bfloat16", tmp_path / "rounded.lamina"
    assert said not in lamina("gradcheck", "price.lamina", "new.csv").out
    words = ("--target", "price", "--dtype", "bfloat16", "--max-iter", "2", "--out", model)
    assert lamina("train", "people.csv", *words).code == 0
    done = lamina("gradcheck", model, "new.csv")
    assert done.code == 0
    assert "the gradient is right" in done.out
    assert done.out.count(said) == 1


def test_a_model_with_a_wrong_derivative(lamina, monkeypatch):
    monkeypatch.setitem(ACTIVATIONS, "relu", activations.Pair(activations.relu, lambda Z, A: np.ones_like(Z)))
    done = lamina("gradcheck", "income.lamina")
    assert done.code == 1
    assert "the gradient is WRONG" in done.out


def test_a_sample_of_each_array_or_all(lamina):
    network = package.load("income.lamina").network
    assert lamina("gradcheck", "income.lamina", "--most", "3").out.count("13 numbers compared") == 1  # b2 has one
    everything = network.size + 8 * network.n_inputs
    done = lamina("gradcheck", "income.lamina", "--most", "0")
    assert f"{everything:,} numbers" in done.out
    assert f"{2 * everything:,} passes" in done.err


def test_kinks_are_left_out_and_said(lamina, trained):
    """A row of zeros meets relu at its 0, where biases are 0: a right gradient must not be called wrong."""
    model = package.load("income.lamina")
    for name, array in model.network.named(model.params).items():
        array[:] = 0 if name.startswith("b") else array
    A0 = np.zeros((1, model.network.n_inputs))
    outcome = package.gradient_check(model.network, A0, np.ones((1, 1)), model.params)
    assert outcome.kinks > 0
    assert outcome.passed


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--rows", "0"), "--rows 0: expected a whole number of at least 1"),
        (("--rows", "-5"), "--rows -5: expected a whole number of at least 1"),
        (("--most", "-1"), "--most -1: expected a whole number of at least 0"),
    ],
)
def test_numbers_that_mean_nothing(lamina, flags, message):
    done = lamina("gradcheck", "income.lamina", *flags)
    assert done.code == 1
    assert message in done.err
