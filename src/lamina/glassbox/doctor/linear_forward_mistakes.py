"""linear_forward, step by step, and what goes wrong in it."""

from __future__ import annotations

from functools import partial
from itertools import permutations
from typing import Any

import numpy as np

from lamina.glassbox.doctor.steps import Mistake, Program

LINEAR_FORWARD = Program(
    "linear_forward",
    lambda A, W, b: {"A_prev": A, "W": W, "b": b},
    {
        "product": lambda s: s.W @ s.A_prev,
        "Z": lambda s: s.product + s.b,
        "cache": lambda s: (s.A_prev, s.W, s.b),
    },
    lambda s: {"Z": s.Z, "cache[0]": s.cache[0], "cache[1]": s.cache[1], "cache[2]": s.cache[2]},
)

Z = "Z = W A_prev + b"


def _kept_in_order(order: tuple[str, ...], s: Any) -> Any:
    return tuple({"A": s.A_prev, "W": s.W, "b": s.b}[name] for name in order)


LINEAR_FORWARD_MISTAKES = (
    Mistake("b-missing", "b is not added.", Z, "Z is b too small", {"linear_forward.Z": lambda s: s.product}, ("Z",)),
    Mistake(
        "b-subtracted",
        "b is subtracted: expected + b.",
        Z,
        "Z is 2 b too small",
        {"linear_forward.Z": lambda s: s.product - s.b},
        ("Z",),
    ),
    Mistake(
        "b-doubled", "b is added twice.", Z, "Z is b too large", {"linear_forward.Z": lambda s: s.was() + s.b}, ("Z",)
    ),
    Mistake(
        "b-summed",
        "The sum of all b is added to every unit: expected each unit's own.",
        Z,
        "Z is off by the b of the other units",
        {"linear_forward.Z": lambda s: s.product + np.sum(s.b)},
        ("Z",),
    ),
    Mistake(
        "b-transposed",
        "b is transposed: one number per unit is added along the examples.",
        Z,
        "shapes do not fit, unless n = m or n = 1",
        {"linear_forward.Z": lambda s: s.product + s.b.T},
        ("Z",),
    ),
    Mistake(
        "W-transposed",
        "W is transposed.",
        Z,
        "shapes do not fit, unless W is square",
        {"linear_forward.product": lambda s: s.W.T @ s.A_prev},
        ("Z",),
    ),
    Mistake(
        "A-transposed",
        "A is transposed: features already go down, examples across.",
        Z,
        "shapes do not fit, unless A is square",
        {"linear_forward.product": lambda s: s.W @ s.A_prev.T},
        ("Z",),
    ),
    Mistake(
        "product-turned-round",
        "The product is A W: expected W A.",
        Z,
        "shapes do not fit, unless m = n_prev",
        {"linear_forward.product": lambda s: s.A_prev @ s.W},
        ("Z",),
    ),
    Mistake(
        "product-turned-round",
        "The product is Aᵀ Wᵀ, examples down: expected W A, of shape (n, m).",
        Z,
        "Z is transposed",
        {"linear_forward.product": lambda s: s.A_prev.T @ s.W.T},
        ("Z",),
    ),
    Mistake(
        "elementwise-for-product",
        "W * A multiplies number by number: expected the matrix product W @ A.",
        Z,
        "shapes do not fit, unless one of them is 1 or both are square",
        {"linear_forward.product": lambda s: s.W * s.A_prev},
        ("Z",),
    ),
    Mistake(
        "elementwise-for-product",
        "Wᵀ * A multiplies number by number: expected the matrix product W @ A.",
        Z,
        "shapes do not fit, unless one of them is 1 or both are square",
        {"linear_forward.product": lambda s: s.W.T * s.A_prev},
        ("Z",),
    ),
    Mistake(
        "W-missing",
        "W is not multiplied in.",
        Z,
        "Z does not change with W",
        {"linear_forward.product": lambda s: s.A_prev},
        ("Z",),
    ),
    Mistake(
        "Z-over-m",
        "Z is divided by m: forward holds no 1/m.",
        Z,
        "Z is m times too small",
        {"linear_forward.Z": lambda s: s.was() / s.A_prev.shape[1]},
        ("Z",),
    ),
    Mistake(
        "relu-too-early",
        "relu is applied here: Z is the number before the activation.",
        Z,
        "Z is never negative",
        {"linear_forward.Z": lambda s: np.maximum(0, s.was())},
        ("Z",),
    ),
    Mistake(
        "sigmoid-too-early",
        "The sigmoid is applied here: Z is the number before the activation.",
        Z,
        "Z lies between 0 and 1",
        {"linear_forward.Z": lambda s: 1 / (1 + np.exp(-s.was()))},
        ("Z",),
    ),
    Mistake(
        "Z-in-cache",
        "The cache holds Z in the place of A: backward needs (A, W, b).",
        "cache: (A, W, b)",
        "the first part of the cache is Z",
        {"linear_forward.cache": lambda s: (s.Z, s.W, s.b)},
        ("cache", "return"),
    ),
    *(
        Mistake(
            "cache-order",
            f"The cache is ({', '.join(order)}): expected (A, W, b).",
            "cache: (A, W, b)",
            "parts of the cache have changed places",
            {"linear_forward.cache": partial(_kept_in_order, order)},
            ("cache", "return"),
        )
        for order in permutations("AWb")
        if order != ("A", "W", "b")
    ),
)
