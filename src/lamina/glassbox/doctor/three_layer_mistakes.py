"""The way back through three layers, with regularization and with dropout, and what goes wrong in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from lamina.glassbox.doctor.activation_mistakes import RELU_BACKWARD, RELU_BACKWARD_MISTAKES
from lamina.glassbox.doctor.linear_backward_mistakes import LINEAR_BACKWARD, LINEAR_BACKWARD_MISTAKES
from lamina.glassbox.doctor.scopes import within
from lamina.glassbox.doctor.steps import Mistake, Program, run

CACHE = ["Z1", "A1", "W1", "b1", "Z2", "A2", "W2", "b2", "Z3", "A3", "W3", "b3"]
DROPOUT_CACHE = ["Z1", "D1", "A1", "W1", "b1", "Z2", "D2", "A2", "W2", "b2", "Z3", "A3", "W3", "b3"]


def _unpacked(X: Any, Y: Any, cache: Any) -> dict[str, Any]:
    names = CACHE if len(cache) == len(CACHE) else DROPOUT_CACHE
    return {"X": X, "Y": Y, **dict(zip(names, cache, strict=True)), "A0": X}


def _back(s: Any) -> dict[str, Any]:
    grads: dict[str, Any] = {}
    dZ = s.dZ3
    for layer in (3, 2, 1):
        around = {"layer": layer, "L": 3, "lambd": s.lambd, "keep_prob": s.keep_prob}
        around |= {"D": getattr(s, f"D{layer - 1}", None), "other_D": getattr(s, f"D{3 - layer + 1}", None)}
        around |= {"Z_below": getattr(s, f"Z{layer - 1}", None), "all": s}
        done = run(_LAYER, dZ, getattr(s, f"A{layer - 1}"), getattr(s, f"W{layer}"), mistakes=s.mistakes, **around)
        grads |= {f"dZ{layer}": dZ, f"dW{layer}": done.dW, f"db{layer}": done.db}
        if layer > 1:
            grads[f"dA{layer - 1}"] = done.dropped
            dZ = done.dZ_below
    return grads


_LAYER = Program(
    "three_layers",
    lambda dZ, A_prev, W: {"dZ": dZ, "A_prev": A_prev, "W": W},
    {
        "m": lambda s: s.A_prev.shape[1],
        "back": lambda s: run(
            LINEAR_BACKWARD, s.dZ, (s.A_prev, s.W, np.zeros((len(s.W), 1))), mistakes=s.mistakes, layer=s.layer, L=3
        ),
        "factor": lambda s: s.lambd / s.m,
        "penalty": lambda s: s.factor * s.W,
        "db_penalty": lambda s: 0.0,
        "dW": lambda s: s.back.dW + s.penalty,
        "db": lambda s: s.back.db + s.db_penalty,
        "dA": lambda s: s.back.dA_prev,
        "mask": lambda s: s.D,
        "scale": lambda s: s.keep_prob,
        "below": lambda s: None if s.layer == 1 else s.A_prev,  # A > 0 just where Z > 0, if A is kept at all
        "dropped": lambda s: s.dA if s.mask is None else s.dA * s.mask / s.scale,
        "dZ_below": lambda s: (
            None
            if s.below is None
            else run(RELU_BACKWARD, s.dropped, s.below, mistakes=s.mistakes, layer=s.layer, L=3).dZ
        ),
    },
    lambda s: {},
)


def _backward(name: str, arguments: Any) -> Program:
    steps = {"dZ3": lambda s: s.A3 - s.Y, "grads": _back}
    return Program(name, arguments, steps, lambda s: s.grads)


REGULARIZED_BACKWARD = _backward(
    "three_backward",
    lambda X, Y, cache, lambd: {**_unpacked(X, Y, cache), "lambd": lambd, "keep_prob": 1.0},
)
DROPOUT_BACKWARD = _backward(
    "three_backward",
    lambda X, Y, cache, keep_prob: {**_unpacked(X, Y, cache), "lambd": 0.0, "keep_prob": keep_prob},
)

DZ3 = "dZ3 = A3 - Y"
L2 = "dW = (1/m) dZ A_prevᵀ + (λ/m) W"
BACK_DROP = "dA = (Wᵀ dZ) D / keep_prob"


def of(
    place: str, equation: str, name: str, sentence: str, sign: str, look: tuple[str, ...], /, **steps: Any
) -> Mistake:
    return Mistake(name, sentence, equation, sign, {f"{place}.{step}": how for step, how in steps.items()}, look)


def is_layer(layer: int, s: Any) -> bool:
    return bool(s.layer == layer)


def per_layer(mistakes: Any) -> Iterator[Mistake]:
    """Each mistake in every layer, in one alone, and in all but one: the assignment writes each layer out."""
    for mistake in mistakes:
        yield mistake
        for layer in (1, 2, 3):
            yield within(mistake, f"layer {layer}", f"in layer {layer}", partial(is_layer, layer))
        yield within(mistake, "hidden", "in the hidden layers", lambda s: s.layer < s.L)


def _either_gate(mistakes: Any) -> Iterator[Mistake]:
    """Each mistake with the gate of relu at A, as the assignment has it, and at Z."""
    for mistake in mistakes:
        yield mistake
        yield replace(mistake, steps={**mistake.steps, "three_layers.below": lambda s: s.Z_below})


def _masks_back(mistakes: Any) -> Iterator[Mistake]:
    for mistake in mistakes:
        yield mistake
        for layer in (1, 2):
            yield within(mistake, f"dA{layer}", f"at dA{layer}", partial(is_layer, layer + 1))


DZ3_MISTAKES = (
    of("three_backward", DZ3, "dZ3-sign", "dZ3 is Y - A3: expected A3 - Y.",
        "every gradient is -1 times what it should be",
        ("dZ3",), dZ3=lambda s: s.Y - s.A3),
    of("three_backward", DZ3, "dZ3-slope",
        "A3 - Y is multiplied by A3 (1 - A3): it holds the sigmoid's derivative already.",
        "gradients are small", ("dZ3",), dZ3=lambda s: s.was() * s.A3 * (1 - s.A3)),
    of("three_backward", DZ3, "dZ3-divided",
        "A3 - Y is divided by A3 (1 - A3): that is dA3, without the sigmoid's derivative.",
        "gradients are large", ("dZ3",), dZ3=lambda s: s.was() / (s.A3 * (1 - s.A3))),
    of("three_backward", DZ3, "dZ3-over-m", "dZ3 is divided by m: the 1/m stands in dW and db already.",
        "every gradient is m times too small", ("dZ3",), dZ3=lambda s: s.was() / s.A3.shape[1]),
    of("three_backward", DZ3, "dZ3-of-Z3", "dZ3 is Z3 - Y: expected A3 - Y.", "gradients are off", ("dZ3",),
        dZ3=lambda s: s.Z3 - s.Y),
    of("three_backward", DZ3, "dZ3-doubled", "dZ3 is 2 (A3 - Y): expected A3 - Y.",
        "gradients are twice what they should be",
        ("dZ3",), dZ3=lambda s: 2 * s.was()),
)  # fmt: skip

REGULARIZED_BACKWARD_MISTAKES = (
    *per_layer((
        of("three_layers", L2, "penalty-missing", "The term (λ/m) W of the penalty is missing in dW.",
            "dW does not change with λ", ("dW",), penalty=lambda s: 0.0),
        of("three_layers", L2, "penalty-without-1/m", "The term of the penalty lacks the factor 1/m.",
            "the term is m times too large", ("dW",), factor=lambda s: s.lambd),
        of("three_layers", L2, "penalty-doubled",
            "The term of the penalty is 2 (λ/m) W: the 1/2 of λ/2m takes the 2 of the square.",
            "the term is twice what it should be", ("dW",), factor=lambda s: 2 * s.was()),
        of("three_layers", L2, "penalty-halved",
            "The term of the penalty is (λ/2m) W: the derivative of W² brings a 2.",
            "the term is half of what it should be", ("dW",), factor=lambda s: s.was() / 2),
        of("three_layers", L2, "penalty-sign", "The term of the penalty is subtracted.", "W is driven away from 0",
            ("dW",),
            factor=lambda s: -s.was()),
        of("three_layers", L2, "penalty-without-λ", "The term of the penalty lacks λ.",
            "the term does not change with λ",
            ("dW",), factor=lambda s: 1 / s.m),
        of("three_layers", L2, "penalty-1/m-twice", "The term of the penalty is divided by m twice.",
            "the term is m times too small",
            ("dW",), factor=lambda s: s.was() / s.m),
        of("three_layers", L2, "penalty-squared", "The term of the penalty holds W²: the derivative of W²/2 is W.",
            "the term has no sign", ("dW",), penalty=lambda s: s.factor * s.W**2),
        of("three_layers", L2, "penalty-absolute", "The term of the penalty is that of L1, the sign of W: expected W.",
            "the term has one size", ("dW",), penalty=lambda s: s.factor * np.sign(s.W)),
        of("three_layers", L2, "penalty-summed",
            "The term of the penalty holds the sum of W: expected each weight's own.",
            "every dW is off by the same number", ("dW",), penalty=lambda s: s.factor * np.sum(s.W)),
        of("three_layers", L2, "penalty-λ²", "λ is squared in the term of the penalty.",
            "the term is λ times too large",
            ("dW",), factor=lambda s: s.was() * s.lambd),
        of("three_layers", L2, "penalty-of-dW", "The term of the penalty holds dW: expected W.",
            "dW is 1 + λ/m times too large",
            ("dW",), penalty=lambda s: s.factor * s.back.dW),
        of("three_layers", L2, "penalty-multiplied", "dW is multiplied by the term of the penalty: expected a sum.",
            "dW is 0 where λ = 0", ("dW",), dW=lambda s: s.back.dW * s.penalty),
        of("three_layers", L2, "1/m-before-both", "The 1/m of the term stands twice, or the data's is missing: "
            "dW = dZ A_prevᵀ + (λ/m) W lacks the 1/m of its first part.", "the first part of dW is m times too large",
            ("dW",), dW=lambda s: s.back.dW * s.m + s.penalty),
        of("three_layers", "db = (1/m) Σ dZ", "penalty-on-b", "The penalty is added to db: b is not penalised.",
            "db changes with λ",
            ("db",), db_penalty=lambda s: s.factor * np.asarray(getattr(s.all, f"b{s.layer}"))),
        of("three_layers", "dZ = dA where Z > 0", "slope-missing", "The gate of relu is missing: dZ is dA.",
            "dZ equals dA",
            ("dZ",), dZ_below=lambda s: s.dropped),
    )),
    *DZ3_MISTAKES,
    *_either_gate(per_layer((*LINEAR_BACKWARD_MISTAKES, *RELU_BACKWARD_MISTAKES))),
)  # fmt: skip

DROPOUT_BACKWARD_MISTAKES = (
    *_either_gate(_masks_back((
        of("three_layers", BACK_DROP, "mask-missing",
            "The mask D and the division by keep_prob are missing on the way back.",
            "units that were off get a gradient", ("dA",), mask=lambda s: None),
        of("three_layers", BACK_DROP, "mask-missing-divided", "The mask D is missing on the way back.",
            "units that were off get a gradient",
            ("dA",), mask=lambda s: None if s.D is None else 1.0),
        of("three_layers", BACK_DROP, "keep_prob-missing", "The division by keep_prob is missing on the way back.",
            "dA is keep_prob times what it should be", ("dA",), scale=lambda s: 1.0),
        of("three_layers", BACK_DROP, "keep_prob-multiplied", "dA is multiplied by keep_prob: expected divided.",
            "dA is keep_prob² times what it should be", ("dA",), scale=lambda s: 1 / s.was()),
        of("three_layers", BACK_DROP, "keep_prob-twice", "dA is divided by keep_prob twice.",
            "dA is 1/keep_prob times too large",
            ("dA",), scale=lambda s: s.was() ** 2),
        of("three_layers", BACK_DROP, "1-keep_prob", "dA is divided by 1 - keep_prob: expected keep_prob.",
            "dA is off by a factor",
            ("dA",), scale=lambda s: 1 - s.was()),
        of("three_layers", BACK_DROP, "mask-inverted", "The mask is inverted on the way back.",
            "units that were on get no gradient",
            ("dA",), mask=lambda s: None if s.D is None else 1 - s.D),
        of("three_layers", BACK_DROP, "mask-of-other-layer", "The mask is that of the other layer.",
            "shapes do not fit, unless both layers are equal", ("dA",),
            mask=lambda s: None if s.D is None else s.other_D),
        of("three_layers", BACK_DROP, "mask-added", "The mask is added: expected multiplied.", "dA is off by 1",
            ("dA",),
            dropped=lambda s: s.dA if s.mask is None else (s.dA + s.mask) / s.scale),
        of("three_layers", BACK_DROP, "mask-divides", "dA is divided by the mask.", "dA is infinite where D is 0",
            ("dA",),
            dropped=lambda s: s.dA if s.mask is None else s.dA / s.mask / s.scale),
        of("three_layers", "dZ = dA where Z > 0", "slope-missing", "The gate of relu is missing: dZ is dA.",
            "dZ equals dA",
            ("dZ",), dZ_below=lambda s: s.dropped),
    ))),
    *DZ3_MISTAKES,
    *_either_gate(per_layer((*LINEAR_BACKWARD_MISTAKES, *RELU_BACKWARD_MISTAKES))),
)  # fmt: skip
