"""Every loss, output and dZ against PyTorch."""

import numpy as np
import pytest
import torch

from lamina.equations.losses import LOSSES, BinaryLogLoss, CategoricalLogLoss, Huber, Quantile

VARIANTS = [BinaryLogLoss(0.1), CategoricalLogLoss(0.2), Huber(0.3), Quantile((0.05, 0.5, 0.9))]
OUTPUTS = {
    "identity": lambda Z: Z,
    "sigmoid": torch.sigmoid,
    "softmax": lambda Z: torch.softmax(Z, dim=1),
    "exp": torch.exp,
}


@pytest.mark.parametrize("targets", [1, 4])
@pytest.mark.parametrize("loss", [*(loss() for loss in LOSSES.values()), *VARIANTS], ids=str)
def test_losses_and_dZ(loss, targets, oracle, targets_for):
    m = 50
    Y = targets_for(loss, targets, m)
    Z = np.random.default_rng(1).normal(0, 3, (m, loss.units(targets)))
    theirs = torch.tensor(Z, requires_grad=True)
    L = oracle.losses(loss, theirs, torch.tensor(Y))
    L.sum().backward()
    np.testing.assert_allclose(loss.losses(Z.T, Y.T), L.detach().numpy(), rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(loss.dZ(Z.T, Y.T), theirs.grad.numpy().T, rtol=1e-10, atol=1e-13)
    expected = OUTPUTS[loss.output_name](torch.tensor(Z)).numpy()
    np.testing.assert_allclose(loss.output(Z.T), expected.T, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("far", [1e2, 1e4, 1e300])
@pytest.mark.parametrize("loss", [BinaryLogLoss(), BinaryLogLoss(0.1), CategoricalLogLoss()], ids=str)
def test_log_loss_far_out(loss, far, oracle):
    Z, Y = np.array([[far, -far], [-far, far]]), np.array([[1.0, 0], [1, 0]])
    expected = oracle.losses(loss, torch.tensor(Z), torch.tensor(Y)).numpy()
    np.testing.assert_allclose(loss.losses(Z.T, Y.T), expected, rtol=1e-10, atol=1e-13)
