"""The directions of the optimisers for tensors; equations/optimisers.py says what each is.

    direction(rule, memory, g, s)   -> d, the memory after the step; nothing is changed in place
    factors(rule, t)                -> numbers that the step t, counted from 1, is computed with: `s`, as tensors

`rule` is the optimiser of the equations, with its settings. The factors of many steps are computed beforehand and in
double precision, so that a step asks nothing of the host. A rule that moves hidden matrices whole has a direction for
them besides, of the same form, from and to matrices.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from lamina.equations.orthogonal import LENGTH_OF_ADAM, NEWTON_SCHULZ

Moved = tuple[Tensor, tuple[Tensor, ...]]


def gradient_descent(rule: Any, memory: Sequence[Tensor], g: Tensor, s: Sequence[Tensor]) -> Moved:
    return g, ()


def momentum(rule: Any, memory: Sequence[Tensor], g: Tensor, s: Sequence[Tensor]) -> Moved:
    v = rule.beta1 * memory[0] + (1 - rule.dampening) * g
    return v, (v,)


def nesterov(rule: Any, memory: Sequence[Tensor], g: Tensor, s: Sequence[Tensor]) -> Moved:
    v = rule.beta1 * memory[0] + g
    return g + rule.beta1 * v, (v,)


def rmsprop(rule: Any, memory: Sequence[Tensor], g: Tensor, s: Sequence[Tensor]) -> Moved:
    moved = rule.beta2 * memory[0] + (1 - rule.beta2) * g * g
    return g / (torch.sqrt(moved) + rule.epsilon), (moved,)


def adam(rule: Any, memory: Sequence[Tensor], g: Tensor, s: Sequence[Tensor]) -> Moved:
    v = rule.beta1 * memory[0] + (1 - rule.beta1) * g
    squares = rule.beta2 * memory[1] + (1 - rule.beta2) * g * g
    return (v / s[0]) / (torch.sqrt(squares / s[1]) + rule.epsilon), (v, squares)


def lion(rule: Any, memory: Sequence[Tensor], g: Tensor, s: Sequence[Tensor]) -> Moved:
    d = torch.sign(rule.beta1 * memory[0] + (1 - rule.beta1) * g)
    return d, (rule.beta2 * memory[0] + (1 - rule.beta2) * g,)


def muon(rule: Any, memory: Sequence[Tensor], g: Tensor, s: Sequence[Tensor]) -> Moved:
    v = rule.momentum * memory[0] + g
    u = g + rule.momentum * v
    X = u / torch.linalg.vector_norm(u).clamp(min=rule.epsilon)
    a, b, c = NEWTON_SCHULZ
    wide = u.shape[0] <= u.shape[1]
    X = X if wide else X.T
    for _ in range(rule.iterations):
        A = X @ X.T
        X = a * X + (b * A + c * (A @ A)) @ X
    return LENGTH_OF_ADAM * max(u.shape) ** 0.5 * (X if wide else X.T), (v, memory[1])


def _none(rule: Any, t: Any) -> list[Any]:
    return []


def _corrections(rule: Any, t: Any) -> list[Any]:
    """1 - beta1^t and 1 - beta2^t: what averages that start at zero are divided by."""
    t = t.astype(np.float64)
    return [1 - rule.beta1**t, 1 - rule.beta2**t]


class Rule(NamedTuple):
    """One row of the table."""

    direction: Callable[..., Moved]
    factors: Callable[[Any, Any], list[Any]] = _none  # (steps,) each
    of_matrix: Callable[..., Moved] | None = None


RULES: dict[str, Rule] = {
    "gradient_descent": Rule(gradient_descent),
    "momentum": Rule(momentum),
    "nesterov": Rule(nesterov),
    "rmsprop": Rule(rmsprop),
    "adam": Rule(adam, _corrections),
    "adamw": Rule(adam, _corrections),
    "lion": Rule(lion),
    "muon": Rule(adam, _corrections, of_matrix=muon),
}


def _direction(network: Any, rule: Any, memory: Sequence[Tensor], g: Tensor, s: Tensor) -> Moved:
    """Return the direction of everything that is trained; hidden matrices whole where the rule has one for them."""
    row = RULES[rule.kind]
    d, moved = row.direction(rule, memory, g, s)
    if row.of_matrix is None:
        return d, moved
    for slot in network.hidden_matrices:
        m, G = [one[slot.place].view(slot.shape) for one in memory], g[slot.place].view(slot.shape)
        whole, after = row.of_matrix(rule, m, G, s)
        d[slot.place] = whole.reshape(-1)
        for one, now in zip(moved, after, strict=True):
            one[slot.place] = now.reshape(-1)
    return d, moved


def updated(
    plan: Any, rule: Any, params: Tensor, memory: Tensor, grads: Tensor, numbers: Tensor, alive: Tensor
) -> None:
    """Move the parameters and the memory by one step, in place, where `alive` holds; see `equations.verbs.update`.

    Parameters
    ----------
    plan : Plan
    numbers : tensor
        The rate, the decay, then the rule's factors of this step.
    alive : tensor of bool, shape ()
        Whether the step is taken.
    """
    trained = plan.network.trained
    g, p, rate, decay = grads[trained], params[trained], numbers[0], numbers[1]
    if rule.clip_norm is not None:
        g = g * (rule.clip_norm / torch.linalg.vector_norm(g).clamp(min=rule.clip_norm))
    d, moved = _direction(plan.network, rule, [one[trained] for one in memory], g, numbers[2:])
    if rule.weight_decay:
        d = d + rule.weight_decay * decay * plan.decays * p
    p.copy_(torch.where(alive, p - rate * plan.rates * d, p))
    traces = torch.finfo(p.dtype).tiny  # see `equations.optimisers.forget_traces`
    for one, after in zip(memory, moved, strict=True):
        after = after.masked_fill(after.abs() < traces, 0)
        one[trained].copy_(torch.where(alive, after, one[trained]))
    running = params[trained.stop :]
    if len(running):  # statistics: the "gradient" is the step itself
        running.copy_(torch.where(alive, running - grads[trained.stop :], running))
