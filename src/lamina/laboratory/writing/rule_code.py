"""How each optimiser moves one array, as lines of NumPy; and the tables of optimisers.

`g` is the derivative of the cost by the array, `t` counts the steps from 1, and the memory (v, s) is moved in place.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

RULE_CODE: Mapping[str, tuple[str, ...]] = {
    "gradient_descent": ("g",),
    "momentum": ("v[:] = {beta1} * v + (1 - {dampening}) * g", "v"),
    "nesterov": ("v[:] = {beta1} * v + g", "(g + {beta1} * v)"),
    "rmsprop": ("s[:] = {beta2} * s + (1 - {beta2}) * g * g", "g / (np.sqrt(s) + {epsilon})"),
    "adam": (
        "v[:] = {beta1} * v + (1 - {beta1}) * g",
        "s[:] = {beta2} * s + (1 - {beta2}) * g * g",
        "v_corrected = v / (1 - {beta1} ** t)",
        "s_corrected = s / (1 - {beta2} ** t)",
        "v_corrected / (np.sqrt(s_corrected) + {epsilon})",
    ),
    "lion": (
        "d = np.sign({beta1} * v + (1 - {beta1}) * g)",
        "v[:] = {beta2} * v + (1 - {beta2}) * g",
        "d",
    ),
}
RULE_CODE = {**RULE_CODE, "adamw": RULE_CODE["adam"], "muon": RULE_CODE["adam"]}

MATRIX_CODE: Mapping[str, tuple[str, ...]] = {  # of hidden matrices, where they are moved whole
    "muon": (
        "v[:] = {momentum} * v + g",
        "X = g + {momentum} * v",
        "X = X / max(np.linalg.norm(X), {epsilon})",
        "for _ in range({iterations}):",
        "    A = X @ X.T",
        "    X = 3.4445 * X + (-4.7750 * A + 2.0315 * A @ A) @ X",
        "0.2 * max(X.shape) ** 0.5 * X",
    ),
}


def rule_lines(rule: Any, code: Mapping[str, tuple[str, ...]] = RULE_CODE) -> list[str]:
    """Return the lines of an optimiser; the last is the direction in which the array moves."""
    values = {one.name: repr(getattr(rule, one.name)) for one in fields(rule)}
    return [line.format(**values) for line in code[rule.kind]]


def counts(rule: Any) -> bool:
    """Return whether an optimiser looks at the number of the step."""
    return any("** t" in line for line in RULE_CODE[rule.kind])
