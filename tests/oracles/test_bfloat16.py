"""Rounding and products of bfloat16 against PyTorch's."""

import numpy as np
import pytest
import torch

from lamina import native
from lamina.engine import EQUATIONS, KERNELS, choose
from lamina.equations.layers import Dense, Linear, Residual
from lamina.equations.losses import SquaredError
from lamina.equations.network import Network
from lamina.equations.rounding import bfloat16
from lamina.learning.precision import rounding

ENGINES = [EQUATIONS, *([KERNELS] if native.present() else [])]


def test_rounding_is_torchs():
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2**32, 200_000, dtype=np.uint32)
    x = bits.view(np.float32)
    x = x[(np.abs(x) >= np.finfo(np.float32).tiny) | (x == 0) | np.isnan(x)]  # torch keeps denormal numbers
    np.testing.assert_array_equal(bfloat16(x), torch.from_numpy(x).bfloat16().float().numpy())


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_a_layer_and_its_gradients_are_torchs_matrix_products(engine):
    """Torch multiplies numbers of bfloat16, given in float32, by its own products; autograd would round otherwise."""
    m, rng = 64, np.random.default_rng(1)
    network = Network(37, rounding([Linear(21)]), SquaredError())
    params = (rng.normal(size=network.size) * 0.3).astype(np.float32)
    X, Y = rng.normal(size=(m, 37)).astype(np.float32), rng.normal(size=(m, 21)).astype(np.float32)
    W, b = (torch.from_numpy(array.copy()) for array in network.named(params).values())

    def product(left, right):
        return left.bfloat16().float() @ right.bfloat16().float()

    Z = product(W, torch.from_numpy(X.T.copy())) + b
    dZ = (Z - torch.from_numpy(Y.T.copy())) / 21 / m  # of half the square, the mean over the outputs
    dW = product(dZ, torch.from_numpy(X))
    A, grads = engine.predict(network, params, X), network.named(engine.gradients(network, params, X, Y)[1])
    np.testing.assert_allclose(A, Z.T.numpy(), rtol=1e-5, atol=1e-6)
    assert np.linalg.norm(grads["W1"] - dW.numpy()) < 1e-4 * np.linalg.norm(dW.numpy())
    np.testing.assert_allclose(grads["b1"][:, 0], dZ.sum(dim=1).numpy(), rtol=1e-4, atol=1e-6)


def test_the_torch_engine_rounds_as_the_equations_do():
    layers = Network(20, [Dense(16), Residual([Dense(16, "tanh")]), Linear(3)], SquaredError()).layers
    network = Network(20, rounding(layers), SquaredError())
    rng = np.random.default_rng(1)
    params = (rng.normal(size=network.size) * 0.3).astype(np.float32)
    X, Y = rng.normal(size=(32, 20)).astype(np.float32), rng.normal(size=(32, 3)).astype(np.float32)
    there = choose(network, "torch", device="cpu")
    J, grads = there.gradients(network, params, X, Y)
    J_, grads_ = EQUATIONS.gradients(network, params, X, Y)
    assert pytest.approx(J_, rel=1e-4) == J
    assert np.linalg.norm(grads - grads_) < 2e-3 * np.linalg.norm(grads_)
    A, A_ = there.predict(network, params, X), EQUATIONS.predict(network, params, X)
    assert np.linalg.norm(A - A_) < 1e-3 * np.linalg.norm(A_)
