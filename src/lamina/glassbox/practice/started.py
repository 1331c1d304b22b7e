"""A start drawn with the mistakes of an initialization: the same random numbers, wrongly scaled and shaped."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.glassbox.doctor.start_mistakes import HE
from lamina.glassbox.doctor.steps import Program


def _drawn(s: Any) -> dict[str, Any]:
    """The parameters. `s.normal` are the numbers of the right start, divided by the right spread."""
    found: dict[str, Any] = {}
    for layer in s.layers:
        n_prev, n = s.sizes[layer - 1], s.sizes[layer]
        s.n_prev, s.n, s.layer = n_prev, n, layer
        spread, lean = s.spread(s, n_prev, n), s.lean
        normal = s.normal[1 if s.repeats else layer]
        shape: tuple[int, ...] = s.W_shape(n_prev, n)
        W: Any = np.resize(normal, (n, n_prev))
        W = W if shape == (n, n_prev) else W.T
        found[f"W{layer}"] = spread * (W + lean) if spread > 0 else np.full(shape, float(lean))
        found[f"b{layer}"] = _b(s, layer)
    return found


def _b(s: Any, layer: int) -> Any:
    shape = s.b_shape(s.n_prev, s.n)
    if np.isnan(s.b_lean):  # drawn: any spread will do
        return np.random.RandomState(layer).standard_normal(shape)
    return np.full(shape, float(s.b_lean))


def _taken_apart(parameters: Any) -> dict[str, Any]:
    layers = sum(name.startswith("W") for name in parameters)
    weights = [parameters[f"W{layer}"] for layer in range(1, layers + 1)]
    sizes = [weights[0].shape[1], *(len(W) for W in weights)]
    normal = {k: W / np.sqrt(2 / W.shape[1]) for k, W in enumerate(weights, start=1)}
    return {"sizes": sizes, "normal": normal}


DRAWN = Program(
    HE.name,
    _taken_apart,
    {name: step for name, step in HE.steps.items() if name != "statistics"} | {"parameters": _drawn},
    lambda s: s.parameters,
)
"""He's start, of which `HE` has the statistics: with the arrays themselves, taken from a right start."""
