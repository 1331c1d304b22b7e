"""gradient_check_n, step by step, and what goes wrong in it."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.glassbox.doctor.cost_mistakes import COMPUTE_COST
from lamina.glassbox.doctor.model_forward_mistakes import L_MODEL_FORWARD
from lamina.glassbox.doctor.steps import Mistake, Program, run


def _cost(s: Any, theta: Any) -> float:
    parameters, start = {}, 0
    for name in s.names:
        shape = s.parameters[name].shape
        size = int(np.prod(shape))
        parameters[name] = theta[start : start + size].reshape(shape)
        start += size
    return float(run(COMPUTE_COST, run(L_MODEL_FORWARD, s.X, parameters).AL, s.Y).cost)


def _costs(s: Any, sign: float) -> Any:
    """J with every parameter moved in turn by epsilon."""
    theta, found = s.theta.copy(), []
    for k in range(theta.size):
        moved = theta if s.accumulates else theta.copy()
        moved[k] += sign * s.epsilon
        found.append(_cost(s, moved))
    return np.array(found)


def _flat(s: Any, arrays: Any, prefix: str) -> Any:
    return np.concatenate([np.ravel(arrays[prefix + name]) for name in s.names])


GRADIENT_CHECK = Program(
    "gradient_check",
    lambda parameters, gradients, X, Y, epsilon=1e-7: {
        "parameters": parameters,
        "gradients": gradients,
        "X": X,
        "Y": Y,
        "epsilon": epsilon,
        "names": list(parameters),
    },
    {
        "theta": lambda s: _flat(s, s.parameters, ""),
        "grad": lambda s: _flat(s, s.gradients, "d"),
        "accumulates": lambda s: False,
        "J_plus": lambda s: _costs(s, 1.0),
        "J_minus": lambda s: _costs(s, -1.0),
        "gradapprox": lambda s: (s.J_plus - s.J_minus) / (2 * s.epsilon),
        "numerator": lambda s: np.linalg.norm(s.grad - s.gradapprox),
        "denominator": lambda s: np.linalg.norm(s.grad) + np.linalg.norm(s.gradapprox),
        "difference": lambda s: s.numerator / s.denominator,
    },
    lambda s: {"difference": s.difference},
)

APPROX = "approx = (J(θ + ε) - J(θ - ε)) / 2ε, for each parameter alone"
DIFFERENCE = "difference = ‖grad - approx‖ / (‖grad‖ + ‖approx‖)"


def _of(equation: str, name: str, sentence: str, sign: str, look: tuple[str, ...], /, **steps: Any) -> Mistake:
    return Mistake(name, sentence, equation, sign, {f"gradient_check.{step}": how for step, how in steps.items()}, look)


GRADIENT_CHECK_MISTAKES = (
    _of(APPROX, "approx-without-2", "approx is divided by ε: expected by 2ε.", "approx is twice the gradient",
        ("gradapprox",), gradapprox=lambda s: (s.J_plus - s.J_minus) / s.epsilon),
    _of(APPROX, "approx-not-divided", "approx is not divided by 2ε.", "approx is about 0", ("gradapprox",),
        gradapprox=lambda s: s.J_plus - s.J_minus),
    _of(APPROX, "approx-parentheses", "The parentheses of (2 * ε) are missing: / 2 * ε multiplies by ε.",
        "approx is about 0", ("gradapprox",), gradapprox=lambda s: (s.J_plus - s.J_minus) / 2 * s.epsilon),
    _of(APPROX, "approx-halved", "approx is divided by 4ε.", "approx is half the gradient", ("gradapprox",),
        gradapprox=lambda s: s.was() / 2),
    _of(APPROX, "approx-sum", "The two costs are added: expected subtracted.", "approx is J / ε", ("gradapprox",),
        gradapprox=lambda s: (s.J_plus + s.J_minus) / (2 * s.epsilon)),
    _of(APPROX, "approx-sign", "The two costs have changed places.", "approx is -1 times the gradient", ("gradapprox",),
        gradapprox=lambda s: -s.was()),
    _of(APPROX, "approx-one-sided", "The difference is one-sided, (J(θ + ε) - J(θ)) / ε: its error is ε, not ε².",
        "approx is off by about ε", ("gradapprox",),
        gradapprox=lambda s: (s.J_plus - _cost(s, s.theta)) / s.epsilon),
    _of(APPROX, "epsilon-accumulates", "θ is moved on and on: each parameter must start from a copy of θ.",
        "approx is wrong from the second parameter on", ("thetaplus", "theta_plus"), accumulates=lambda s: True),
    _of(DIFFERENCE, "numerator-sum", "The numerator adds the gradients: expected their difference.",
        "the difference is about 1 for right gradients", ("numerator",),
        numerator=lambda s: np.linalg.norm(s.grad + s.gradapprox)),
    _of(DIFFERENCE, "denominator-missing", "The denominator is missing.", "the difference grows with the gradients",
        ("difference",), denominator=lambda s: 1.0),
    _of(DIFFERENCE, "denominator-of-grad", "The denominator is ‖grad‖ alone.", "the difference is about twice as large",
        ("denominator",), denominator=lambda s: np.linalg.norm(s.grad)),
    _of(DIFFERENCE, "denominator-of-approx", "The denominator is ‖approx‖ alone.",
        "the difference is about twice as large", ("denominator",), denominator=lambda s: np.linalg.norm(s.gradapprox)),
    _of(DIFFERENCE, "denominator-of-difference", "The denominator is ‖grad - approx‖: the difference is always 1.",
        "the difference is 1", ("denominator",), denominator=lambda s: s.numerator),
    _of(DIFFERENCE, "denominator-of-sum", "The denominator is ‖grad + approx‖: expected the sum of two norms.",
        "the difference is too large for opposite gradients", ("denominator",),
        denominator=lambda s: np.linalg.norm(s.grad + s.gradapprox)),
    _of(DIFFERENCE, "denominator-product", "The norms are multiplied in the denominator: expected added.",
        "the difference depends on the scale", ("denominator",),
        denominator=lambda s: np.linalg.norm(s.grad) * np.linalg.norm(s.gradapprox)),
    _of(DIFFERENCE, "squared-norms", "The norms are squared.", "the difference is too small for small errors",
        ("numerator",), numerator=lambda s: s.was() ** 2,
        denominator=lambda s: np.linalg.norm(s.grad) ** 2 + np.linalg.norm(s.gradapprox) ** 2),
    _of(DIFFERENCE, "sum-for-norm", "The numerator is the sum of |grad - approx|: expected the root of squares.",
        "the difference is too large", ("numerator",), numerator=lambda s: np.sum(np.abs(s.grad - s.gradapprox))),
)  # fmt: skip
