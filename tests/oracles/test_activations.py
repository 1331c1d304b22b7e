"""Every activation and its derivative against PyTorch's function and its automatic derivative."""

import numpy as np
import pytest
import torch

from lamina.equations.activations import ACTIVATIONS


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_value_and_slope(name, oracle):
    g, dg = ACTIVATIONS[name]
    Z = np.concatenate([np.linspace(-12, 12, 2401) + 1e-4, [-1e4, -300, -50, -30, 30, 50, 300, 1e4]])
    theirs = torch.tensor(Z, requires_grad=True)
    A = oracle.activations[name](theirs)
    A.sum().backward()
    slope = np.ones_like(Z) if theirs.grad is None else theirs.grad.numpy()
    np.testing.assert_allclose(g(Z), A.detach().numpy(), rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(dg(Z, g(Z)), slope, rtol=1e-10, atol=1e-14)
