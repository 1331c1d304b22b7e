"""The equations of a network in text and in LaTeX, for every part."""

import re

import numpy as np
import pytest

import lamina
from lamina.errors import SettingError
from plain_network import PLAIN


def test_the_lecture(lecture):
    assert str(lamina.equations_of(lecture)) == (
        "forward\n"
        "    Z1 = W1 A0 + b1                           (4, m)  from W1 (4, 3), A0 (3, m), b1 (4, 1)\n"
        "    A1 = tanh(Z1)                             (4, m)\n"
        "    Z2 = W2 A1 + b2                           (1, m)  from W2 (1, 4), A1 (4, m), b2 (1, 1)\n"
        "    A2 = 1 / (1 + e^-Z2)                      (1, m)\n"
        "cost\n"
        "    loss = -(Y log A2 + (1 - Y) log(1 - A2))  (1, m)\n"
        "    cost = (1/m) Σ loss                         from loss (1, m)\n"
        "backward\n"
        "    dA2 = -(Y / A2) + (1 - Y) / (1 - A2)      (1, m)\n"
        "    dZ2 = A2 - Y                              (1, m)\n"
        "    dW2 = (1/m) dZ2 A1ᵀ                       (1, 4)  from dZ2 (1, m), A1 (4, m)\n"
        "    db2 = (1/m) Σ dZ2                         (1, 1)  from dZ2 (1, m)\n"
        "    dA1 = W2ᵀ dZ2                             (4, m)  from W2 (1, 4), dZ2 (1, m)\n"
        "    dZ1 = dA1 * (1 - A1²)                     (4, m)\n"
        "    dW1 = (1/m) dZ1 A0ᵀ                       (4, 3)  from dZ1 (4, m), A0 (3, m)\n"
        "    db1 = (1/m) Σ dZ1                         (4, 1)  from dZ1 (4, m)\n"
        "    dA0 = W1ᵀ dZ1                             (3, m)  from W1 (4, 3), dZ1 (4, m)"
    )


def test_the_lecture_in_latex(lecture):
    found = lamina.equations_of(lecture)
    latex = found.latex()
    assert latex.startswith("\\begin{aligned}\nZ^{[1]} &= W^{[1]} A^{[0]} + b^{[1]} && (4 \\times m) \\\\\n")
    assert "dW^{[2]} &= \\frac{1}{m} dZ^{[2]} A^{[1]\\top} && (1 \\times 4) \\\\\n" in latex
    assert found._repr_latex_() == f"$$\n{latex}\n$$"
    assert found["dA1"].latex == "dA^{[1]} = W^{[2]\\top} dZ^{[2]}"


@pytest.mark.parametrize("training", [False, True])
def test_every_network_has_its_equations(network, training):
    found = lamina.equations_of(network, training=training)
    names = [one.result for one in found]
    assert len(set(names)) == len(names) == len(found)
    gradients = {f"d{slot.name}" for slot in network.slots if slot.group != "statistics"}
    assert gradients <= set(names)
    for one in found:
        assert found.shapes.get(one.result) or one.result == "cost"
        for text in (one.text, one.latex):
            assert text.count("(") == text.count(")")
            assert text.count("{") == text.count("}")
            assert "None" not in text
        assert one.latex.count(r"\left") == one.latex.count(r"\right")
        assert one.latex.count(r"\begin") == one.latex.count(r"\end")
        # A second superscript on one symbol is an error in TeX.
        assert not re.search(r"\^\{[^{}]*\}\s*\^", one.latex), one.latex


def test_latex_is_typeset(networks):
    """matplotlib's mathtext knows no environments: those are left out here."""
    mathtext = pytest.importorskip("matplotlib.mathtext")
    parser = mathtext.MathTextParser("path")
    every = (one.latex for network in networks for one in lamina.equations_of(network, training=True))
    formulas = {re.sub(r"\d+", "1", latex) for latex in every if r"\begin" not in latex}
    assert len(formulas) > 50
    for latex in formulas:
        plain = latex.replace(r"\text{", r"\mathrm{").replace(r"\lVert", r"\Vert").replace(r"\top", "T")
        parser.parse(f"${plain}$")


def test_of_a_fitted_model_with_its_shapes():
    rng = np.random.default_rng(0)
    model = lamina.DeepRegressor(hidden_layer_sizes=(4,), max_iter=1, n_members=2, random_state=0, **PLAIN)
    model.fit(rng.normal(size=(40, 3)), rng.normal(size=40))
    found = lamina.equations_of(model)
    assert found.shapes["Z1"] == (4, "2m")
    assert "mean of A2 over the 2 members" in str(found)
    assert str(lamina.equations_of(model.model_)) == str(found)
    with pytest.raises(SettingError, match="no equation for 'dZ9'"):
        found["dZ9"]
    with pytest.raises(SettingError, match="found int"):
        lamina.equations_of(3)


def test_a_part_without_equations_is_named(monkeypatch, case_of):
    """Somebody's own activation works in a network; the glass box says what it needs."""
    from lamina.equations.activations import ACTIVATIONS, Pair
    from lamina.equations.losses import SquaredError

    monkeypatch.setitem(ACTIVATIONS, "square", Pair(lambda Z: Z * Z, lambda Z, A: 2 * Z))
    network = lamina.Network(3, [lamina.Dense(4, "square"), lamina.Linear(1)], SquaredError())
    params, X, Y, _ = case_of(network)
    for ask in (lambda: lamina.equations_of(network), lambda: lamina.trace(network, X, Y, params=params)):
        with pytest.raises(SettingError, match="no equations for activation square: add a row"):
            ask()
