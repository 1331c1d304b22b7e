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
    assert kinds == set(LAYERS)
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


def test_a_model_with_a_wrong_derivative(lamina, monkeypatch):
    monkeypatch.setitem(ACTIVATIONS, "relu", activations.Pair(activations.relu, lambda Z, A: np.ones_like(Z)))
    done = lamina("gradcheck", "income.lamina")
    assert done.code == 1
    assert "the gradient is WRONG" in done.out
