"""Twenty steps of every optimiser against torch.optim, on the same gradients, and clipping."""

import numpy as np
import pytest
import torch

from lamina.equations.layers import Linear
from lamina.equations.losses import SquaredError
from lamina.equations.network import Network
from lamina.equations.optimisers import (
    OPTIMISERS,
    Adam,
    AdamW,
    GradientDescent,
    Momentum,
    Muon,
    Nesterov,
    RMSProp,
)
from lamina.equations.slots import Group
from lamina.equations.verbs import update

STEPS = 20
NETWORK = Network(6, [Linear(4)], SquaredError(), groups={"biases": Group(1.0, 1.0)})  # decay for all, as in PyTorch


class Lion(torch.optim.Optimizer):
    """torch.optim has none: program 1 of Chen et al. 2023, as its authors' PyTorch version does it."""

    def __init__(self, params, lr, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                average = self.state[p].setdefault("average", torch.zeros_like(p))
                beta1, beta2 = group["betas"]
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(torch.sign(average * beta1 + p.grad * (1 - beta1)), alpha=-group["lr"])
                average.mul_(beta2).add_(p.grad, alpha=1 - beta2)


THEIRS = {
    "gradient_descent": lambda o: (torch.optim.SGD, {}),
    "momentum": lambda o: (torch.optim.SGD, {"momentum": o.beta1}),
    "nesterov": lambda o: (torch.optim.SGD, {"momentum": o.beta1, "nesterov": True}),
    "rmsprop": lambda o: (torch.optim.RMSprop, {"alpha": o.beta2, "eps": o.epsilon}),
    "adam": lambda o: (torch.optim.AdamW, {"betas": (o.beta1, o.beta2), "eps": o.epsilon}),
    "adamw": lambda o: (torch.optim.AdamW, {"betas": (o.beta1, o.beta2), "eps": o.epsilon}),
    "lion": lambda o: (Lion, {"betas": (o.beta1, o.beta2)}),
    "muon": lambda o: (torch.optim.AdamW, {"betas": (o.beta1, o.beta2), "eps": o.epsilon}),  # all but hidden matrices
}
DECOUPLED = ("adam", "adamw", "lion", "muon")  # torch's others pass the decay through their memory

VARIANTS = [
    Momentum(beta1=0.5),
    Nesterov(beta1=0.7),
    RMSProp(beta2=0.8, epsilon=1e-3),
    Adam(beta1=0.7, beta2=0.9, epsilon=1e-3),
    AdamW(weight_decay=0.2),
    Adam(weight_decay=0.1),
    OPTIMISERS["lion"](beta1=0.8, beta2=0.9, weight_decay=0.3),
]


def both(optimiser, max_norm=None):
    """Parameters after every step, ours and theirs, on the same gradients of many sizes."""
    rng = np.random.default_rng(0)
    params, memory = rng.normal(size=NETWORK.size), np.zeros((len(optimiser.remembers), NETWORK.size))
    theta = torch.tensor(params, requires_grad=True)
    kind, settings = THEIRS[optimiser.kind](optimiser)
    if optimiser.kind in DECOUPLED:
        settings |= {"weight_decay": optimiser.weight_decay}
    theirs = kind([theta], lr=0.01, **settings)
    for step in range(STEPS):
        grads = rng.normal(size=NETWORK.size) * 10.0 ** rng.integers(-3, 2, NETWORK.size)
        grads[0] = 0
        theirs.param_groups[0]["lr"] = rate = 0.01 * (1 + step % 3)
        theta.grad = torch.tensor(grads)
        if max_norm:
            torch.nn.utils.clip_grad_norm_([theta], max_norm)
        theirs.step()
        update(NETWORK, optimiser, params, grads, memory, rate, step)
        yield params, theta.detach().numpy()


@pytest.mark.parametrize("optimiser", [*(kind() for kind in OPTIMISERS.values()), *VARIANTS], ids=str)
def test_twenty_steps(optimiser):
    for ours, theirs in both(optimiser):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("max_norm", [0.1, 20.0, 1e9])
def test_clipping(max_norm):
    """torch divides by the norm + 1e-6: as near as that."""
    for ours, theirs in both(GradientDescent(clip_norm=max_norm), max_norm):
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-8)


def test_decay_without_memory_is_that_of_gradient_descent():
    """Without a memory, coupled and decoupled decay are the same."""
    params = np.linspace(-1, 1, NETWORK.size)
    theta = torch.tensor(params, requires_grad=True)
    theirs = torch.optim.SGD([theta], lr=0.1, weight_decay=0.3)
    for step in range(STEPS):
        grads = np.random.default_rng(step).normal(size=NETWORK.size)
        theta.grad = torch.tensor(grads)
        theirs.step()
        update(NETWORK, GradientDescent(weight_decay=0.3), params, grads, np.zeros((0, NETWORK.size)), 0.1, step)
    np.testing.assert_allclose(params, theta.detach().numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("sizes", [(32, 32), (40, 12), (12, 40), (30, 1)], ids=str)
@pytest.mark.parametrize("iterations", [5, 3])
def test_muon_moves_hidden_matrices_as_torch_does(sizes, iterations):
    """torch computes the iterations in bfloat16, to two or three digits."""
    units, n = sizes
    network = Network(n, [Linear(units), Linear(1)], SquaredError())
    rule = Muon(weight_decay=0.1, momentum=0.9, iterations=iterations)
    rng = np.random.default_rng(0)
    params, memory = rng.normal(size=network.size), np.zeros((2, network.size))
    W = torch.tensor(network.named(params)["W1"], requires_grad=True)
    settings = {"weight_decay": 0.1, "momentum": 0.9, "ns_steps": iterations, "adjust_lr_fn": "match_rms_adamw"}
    theirs = torch.optim.Muon([W], lr=0.02, **settings)
    for step in range(STEPS):
        grads, before = rng.normal(size=network.size) * 10.0 ** (step % 5 - 2), network.named(params)["W1"].copy()
        W.data, W.grad = torch.tensor(before), torch.tensor(network.named(grads)["W1"])
        theirs.step()
        update(network, rule, params, grads, memory, 0.02, step)
        ours = network.named(params)["W1"] - before
        off = np.linalg.norm(W.detach().numpy() - before - ours)
        assert off < 0.03 * np.linalg.norm(ours)
