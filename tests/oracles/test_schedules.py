"""The schedules that PyTorch has too, epoch by epoch, against torch.optim.lr_scheduler."""

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler

from lamina.learning.schedules import (
    Constant,
    Cosine,
    Exponential,
    InverseTime,
    OneCycle,
    Plateau,
    Step,
    rate_factor,
)

EPOCHS = 30
COSTS = [5, 4, 4.5, 4.2, 4.1, 4.3, 3, 3.1, 3.0001, 2.9999, 3.5, 3.5, 3.5, 3.5, 3.5, 2, 1, *[1.1] * 13]


def factors_of(kind, **settings):
    """Their learning rate in each epoch, from 1."""
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule, factors = kind(optimiser, **settings), []
    for epoch in range(EPOCHS):
        factors.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step(*((COSTS[epoch],) if kind is lr_scheduler.ReduceLROnPlateau else ()))
    return factors


@pytest.mark.parametrize(
    ("ours", "kind", "settings"),
    [
        (Constant(), lr_scheduler.ConstantLR, {"factor": 1.0}),
        (Step(every=7, drop=0.3), lr_scheduler.StepLR, {"step_size": 7, "gamma": 0.3}),
        (Exponential(decay=0.9), lr_scheduler.ExponentialLR, {"gamma": 0.9}),
        (InverseTime(decay=0.4), lr_scheduler.LambdaLR, {"lr_lambda": lambda epoch: 1 / (1 + 0.4 * epoch)}),
        (Cosine(), lr_scheduler.CosineAnnealingLR, {"T_max": EPOCHS}),
        (Cosine(final=0.1), lr_scheduler.CosineAnnealingLR, {"T_max": EPOCHS, "eta_min": 0.1}),
        (Constant(warmup=8), lr_scheduler.LinearLR, {"start_factor": 1e-15, "total_iters": 8}),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_epoch_by_epoch(ours, kind, settings):
    found = [rate_factor(ours, epoch, EPOCHS, []) for epoch in range(EPOCHS)]
    np.testing.assert_allclose(found, factors_of(kind, **settings), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("patience", [1, 2, 4])
def test_plateau(patience):
    """torch drops in the epoch after `patience`, ours with it."""
    settings = {"factor": 0.5, "patience": patience - 1, "threshold": 1e-4, "threshold_mode": "rel"}
    found = [rate_factor(Plateau(patience=patience, drop=0.5), n, EPOCHS, COSTS[:n]) for n in range(EPOCHS)]
    assert found == factors_of(lr_scheduler.ReduceLROnPlateau, **settings)
    assert min(found) < 0.3


@pytest.mark.parametrize(("rise", "start", "final"), [(0.3, 0.04, 4e-6), (0.5, 0.1, 1e-3)])
def test_one_cycle(rise, start, final):
    """torch's peak stands at step rise * steps - 1, its end at the last step: ours at the same parts of the way."""
    settings = {"max_lr": 1.0, "total_steps": EPOCHS + 1, "pct_start": rise, "cycle_momentum": False}
    theirs = factors_of(lr_scheduler.OneCycleLR, **settings, div_factor=1 / start, final_div_factor=start / final)
    peak, last = rise * (EPOCHS + 1) - 1, EPOCHS
    steps = np.arange(EPOCHS)
    places = np.where(steps < peak, rise * steps / peak, rise + (1 - rise) * (steps - peak) / (last - peak))
    found = [rate_factor(OneCycle(rise=rise, start=start, final=final), place, 1.0, []) for place in places]
    np.testing.assert_allclose(found, theirs, rtol=1e-10)


def test_warm_up_before_a_schedule_is_torchs_sequence():
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    rise = lr_scheduler.LinearLR(optimiser, start_factor=1e-15, total_iters=5)
    fall = lr_scheduler.CosineAnnealingLR(optimiser, T_max=EPOCHS - 5)
    schedule, theirs = lr_scheduler.SequentialLR(optimiser, [rise, fall], milestones=[5]), []
    for _ in range(EPOCHS):
        theirs.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    found = [rate_factor(Cosine(warmup=5), epoch, EPOCHS, []) for epoch in range(EPOCHS)]
    np.testing.assert_allclose(found, theirs, rtol=1e-10, atol=1e-12)
