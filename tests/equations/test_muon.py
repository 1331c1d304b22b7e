"""Muon: the authors' program written out, what it does to singular values, and which arrays it moves whole."""

import numpy as np
import pytest

from lamina.engine import choose
from lamina.equations.embeddings import Embedding, Periodic
from lamina.equations.layers import Dense, LayerNorm, Linear, Residual
from lamina.equations.losses import SquaredError
from lamina.equations.members import MemberChoice, MemberScale
from lamina.equations.network import Network
from lamina.equations.optimisers import AdamW, Muon
from lamina.equations.orthogonal import orthogonalised

SHAPES = [(24, 24), (40, 7), (7, 40), (1, 5), (5, 1), (1, 1)]
ENGINES = pytest.mark.parametrize("engine", ["equations", "kernels"])
PLAIN = Muon(weight_decay=0.0)


def jordan(grads, beta=0.95, steps=5):
    """Jordan 2024 (github.com/KellerJordan/Muon), with the factor of Liu et al. 2025: d after the last gradient."""
    buffer = np.zeros_like(grads[0])
    for G in grads:
        buffer = buffer + (1 - beta) * (G - buffer)  # momentum.lerp_(grad, 1 - beta)
        u = G + beta * (buffer - G)  # grad.lerp_(momentum, beta)
    X = u.T if u.shape[0] > u.shape[1] else u
    X = X / np.sqrt((X**2).sum())
    for _ in range(steps):
        A = X @ X.T
        B = -4.7750 * A + 2.0315 * A @ A
        X = 3.4445 * X + B @ X
    return (X.T if u.shape[0] > u.shape[1] else X) * 0.2 * np.sqrt(max(u.shape))


def moved(engine, shape, grads, rule=PLAIN, dtype=np.float64, rate=1.0):
    """How far a hidden matrix has moved after steps with these gradients."""
    units, n = shape
    network = Network(n, [Linear(units), Linear(2)], SquaredError())
    params, memory = np.zeros(network.size, dtype), np.zeros((2, network.size), dtype)
    found = []
    for k, G in enumerate(grads):
        flat, before = np.zeros(network.size, dtype), network.named(params)["W1"].copy()
        network.named(flat)["W1"][:] = G
        choose(network, engine).update(network, rule, params, flat, memory, rate, k)
        found.append((before - network.named(params)["W1"]) / rate)
    return found


def drawn(shape, seed=0):
    return np.random.default_rng(seed).normal(size=(3, *shape))


@ENGINES
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_program_of_its_author(shape, engine):
    grads = drawn(shape)
    for k, d in enumerate(moved(engine, shape, grads)):
        np.testing.assert_allclose(d, jordan(grads[: k + 1]), rtol=1e-9, atol=1e-12)


@ENGINES
def test_its_settings(engine):
    grads = drawn((6, 9))
    rule = Muon(weight_decay=0.0, momentum=0.5, iterations=2)
    np.testing.assert_allclose(moved(engine, (6, 9), grads, rule)[-1], jordan(grads, 0.5, 2), rtol=1e-9)


@ENGINES
@pytest.mark.parametrize("shape", [(24, 24), (40, 7), (7, 40), (64, 33)], ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_all_directions_are_learned_at_one_pace(shape, dtype, engine):
    """Singular values that are 30 apart become nearly one; the singular vectors stay."""
    rng, k = np.random.default_rng(1), min(shape)
    P, _, Q = np.linalg.svd(rng.normal(size=shape), full_matrices=False)
    (d,) = moved(engine, shape, [(P * np.geomspace(1, 1 / 30, k)) @ Q], dtype=dtype)
    in_their_directions = P.T @ d @ Q.T / (0.2 * np.sqrt(max(shape)))  # diagonal, where the vectors have stayed
    values = np.diag(in_their_directions)
    assert 0.65 < values.min() <= values.max() < 1.25
    np.testing.assert_allclose(in_their_directions, np.diag(values), atol={np.float32: 1e-4, np.float64: 1e-12}[dtype])


@ENGINES
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_size_of_the_gradient_does_not_matter(shape, engine):
    (G, *_), near = drawn(shape), {"rtol": 1e-9, "atol": 1e-12}
    for size in (1e-6, 1e6):
        np.testing.assert_allclose(moved(engine, shape, [G])[0], moved(engine, shape, [size * G])[0], **near)


@ENGINES
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_edges(engine, dtype):
    """No gradient, one direction only, sizes whose squares vanish or overflow."""
    for shape in SHAPES:
        (d,) = moved(engine, shape, [np.zeros(shape)], dtype=dtype)
        assert (d == 0).all()
        (d,) = moved(engine, shape, [np.outer(np.arange(1, shape[0] + 1), np.ones(shape[1]))], dtype=dtype)
        assert 0.65 < np.linalg.norm(d, 2) / (0.2 * np.sqrt(max(shape))) < 1.25
        assert np.linalg.norm(d) == pytest.approx(np.linalg.norm(d, 2), rel=1e-4)
        for size in (1e-30, 1e30):
            with np.errstate(over="ignore"):
                (d,) = moved(engine, shape, [np.full(shape, size)], dtype=dtype)
            assert np.isfinite(d).all()


def test_singular_values_settle_near_1():
    """As the scalar polynomial does, by which each of them goes."""
    s = np.geomspace(0.02, 1, 200)
    found = orthogonalised(np.diag(s) / np.linalg.norm(s), 9)
    assert (found == np.diag(np.diag(found))).all()
    assert 0.65 < np.diag(found).min() <= np.diag(found).max() < 1.25


@ENGINES
def test_what_is_moved_whole_and_what_by_adamw(engine):
    layers = [Embedding((0,), (4,), 3), Periodic((3, 4), 2, 2), MemberScale(2), Dense(6, "tanh"), LayerNorm()]
    layers += [Residual([Dense(6), Linear(6)]), MemberScale(2), Dense(5), Linear(4), MemberChoice(2)]
    network = Network(5, layers, SquaredError(), members=2)
    rng = np.random.default_rng(2)
    params, grads = rng.normal(size=network.size), rng.normal(size=network.size)
    ends = []
    for rule in (Muon(beta2=0.95), AdamW(beta2=0.95)):
        theirs, memory = params.copy(), np.zeros((2, network.size))
        choose(network, engine).update(network, rule, theirs, grads, memory, 0.1, 0)
        ends.append((network.named(theirs), network.named(memory[1])))
    (muon, squares), (adamw, _) = ends
    whole = {name for name in muon if np.abs(muon[name] - adamw[name]).max() > 1e-9}
    assert whole == {"W1", "W2", "W3", "W4"} == {slot.name for slot in network.hidden_matrices}
    assert all((squares[name] == 0).all() == (name in whole) for name in squares)  # nothing is averaged for those


@ENGINES
def test_a_network_without_hidden_matrices_is_adamws(engine):
    network = Network(3, [Linear(2)], SquaredError())
    grads, ends = np.arange(network.size, dtype=float), []
    for rule in (Muon(), AdamW()):
        params, memory = np.ones(network.size), np.zeros((2, network.size))
        choose(network, engine).update(network, rule, params, grads, memory, 0.1, 0)
        ends.append(params)
    np.testing.assert_array_equal(*ends)
