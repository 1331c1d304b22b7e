"""Every initialiser's spread and bounds against torch.nn.init."""

import numpy as np
import pytest
import torch
from torch.nn import init

from lamina.learning.initialisers import INITIALISERS, Draw

THEIRS = {
    "zeros": init.zeros_,
    "small_normal": lambda W: init.normal_(W, std=0.01),
    "glorot_normal": init.xavier_normal_,
    "glorot_uniform": init.xavier_uniform_,
    "he_normal": lambda W: init.kaiming_normal_(W, nonlinearity="relu"),
    "he_uniform": lambda W: init.kaiming_uniform_(W, nonlinearity="relu"),
    "lecun_normal": lambda W: init.kaiming_normal_(W, nonlinearity="linear"),
    "lecun_uniform": lambda W: init.kaiming_uniform_(W, nonlinearity="linear"),
    "orthogonal": init.orthogonal_,
}


@pytest.mark.parametrize("shape", [(400, 100), (100, 400)])
@pytest.mark.parametrize("name", INITIALISERS)
def test_spread(name, shape):
    torch.manual_seed(0)
    theirs = THEIRS[name](torch.empty(shape)).numpy()
    ours = INITIALISERS[name](*shape, Draw(0, 0))
    assert ours.std() == pytest.approx(theirs.std(), rel=0.02)
    if name.endswith("uniform"):
        assert np.abs(ours).max() == pytest.approx(np.abs(theirs).max(), rel=1e-3)
