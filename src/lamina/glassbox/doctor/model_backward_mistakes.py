"""L_model_backward, step by step, and what goes wrong in it."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.glassbox.doctor.layer_mistakes import (
    BACKWARD_MISTAKES,
    LINEAR_ACTIVATION_BACKWARD,
    inside,
)
from lamina.glassbox.doctor.linear_backward_mistakes import LINEAR_BACKWARD
from lamina.glassbox.doctor.scopes import somewhere
from lamina.glassbox.doctor.steps import Mistake, Program, run

LAYER_BACKWARD = Program(
    "layer_backward",
    lambda dA, AL, Y, dAL, caches: {"handed": dA, "AL": AL, "Y": Y, "dAL": dAL, "caches": caches},
    {
        "dA": lambda s: s.handed,
        "cache": lambda s: s.caches[s.layer - 1],
        "activation": lambda s: "relu" if s.layer < s.L else "sigmoid",
        "back": lambda s: inside(s, LINEAR_ACTIVATION_BACKWARD, s.dA, s.cache, s.activation).back,
    },
    lambda s: LINEAR_BACKWARD.outputs(s.back),
)


def _walk_backward(s: Any) -> dict[str, Any]:
    grads: dict[str, Any] = {}
    dA = s.dAL
    for layer in s.layers:
        around = {"layer": layer, "L": s.L, "learning_rate": getattr(s, "learning_rate", 1.0)}
        done = run(LAYER_BACKWARD, dA, s.AL, s.Y, s.dAL, s.caches, mistakes=s.mistakes, **around)
        found = LAYER_BACKWARD.outputs(done)
        grads |= {f"dA{layer - 1}": found["dA_prev"], f"dW{layer}": found["dW"], f"db{layer}": found["db"]}
        dA = found["dA_prev"]
    return grads


L_MODEL_BACKWARD = Program(
    "L_model_backward",
    lambda AL, Y, caches: {"AL": AL, "given": Y, "caches": caches},
    {
        "L": lambda s: len(s.caches),
        "Y": lambda s: np.asarray(s.given).reshape(s.AL.shape),
        "dAL": lambda s: -(s.Y / s.AL) + (1 - s.Y) / (1 - s.AL),
        "layers": lambda s: range(s.L, 0, -1),
        "grads": _walk_backward,
    },
    lambda s: s.grads,
)

DAL = "dA[L] = -(Y/A[L]) + (1-Y)/(1-A[L])"
BACK = "dA[l-1], dW[l], db[l] = backward(dA[l], cache of layer l), for l = L .. 1"


def _last(name: str, sentence: str, sign: str, dAL: Any) -> Mistake:
    return Mistake(name, sentence, DAL, sign, {"L_model_backward.dAL": dAL}, ("dAL",))


def _walk(name: str, sentence: str, sign: str, look: tuple[str, ...], /, **steps: Any) -> Mistake:
    places = {(f"L_model_backward.{k}" if k in ("layers", "grads", "L") else f"layer_backward.{k}"): v
              for k, v in steps.items()}  # fmt: skip
    return Mistake(name, sentence, BACK, sign, places, look)


def _renamed(grads: dict[str, Any], kinds: tuple[str, ...], shift: int) -> dict[str, Any]:
    return {
        (f"{name[:2]}{int(name[2:]) + shift}" if name[:2] in kinds else name): array for name, array in grads.items()
    }


DAL_MISTAKES = (
    _last("dAL-sign", "The sign of dA[L] is lost: the minus belongs to the whole derivative.",
        "every gradient is -1 times what it should be", lambda s: -s.was()),
    _last("dAL-second-sign", "The second term of dA[L] has the wrong sign: expected + (1-Y)/(1-A[L]).",
        "gradients are off where Y is 0", lambda s: -(s.Y / s.AL) - (1 - s.Y) / (1 - s.AL)),
    _last("dAL-first-sign", "The first term of dA[L] has the wrong sign: expected -(Y/A[L]).",
        "gradients are off where Y is 1", lambda s: (s.Y / s.AL) + (1 - s.Y) / (1 - s.AL)),
    _last("dAL-second-missing", "The second term of dA[L], (1-Y)/(1-A[L]), is missing.",
        "examples with Y = 0 do not count", lambda s: -(s.Y / s.AL)),
    _last("dAL-first-missing", "The first term of dA[L], -(Y/A[L]), is missing.",
        "examples with Y = 1 do not count", lambda s: (1 - s.Y) / (1 - s.AL)),
    _last("dAL-is-A-Y", "A[L] - Y is dZ[L], with the sigmoid's derivative already in it: here it is used as dA[L], and "
        "multiplied by A (1 - A) once more.", "gradients are A (1 - A) times what they should be",
        lambda s: s.AL - s.Y),
    _last("dAL-is-A-Y", "Y - A[L] is used as dA[L]: it is -dZ[L], and the sigmoid's derivative is in it already.",
        "gradients are small, with the wrong sign", lambda s: s.Y - s.AL),
    _last("dAL-is-2(A-Y)", "2 (A[L] - Y) belongs to the squared error: the cost here is the cross-entropy.",
        "gradients are small", lambda s: 2 * (s.AL - s.Y)),
    _last("dAL-A-and-Y-swapped", "A[L] and Y have changed places in dA[L].", "gradients are infinite or NaN",
        lambda s: -(s.AL / s.Y) + (1 - s.AL) / (1 - s.Y)),
    _last("dAL-over-m", "dA[L] is divided by m: the 1/m stands in dW and db already.",
        "every gradient is m times too small",
        lambda s: s.was() / s.AL.shape[1]),
    _last("dAL-one-denominator", "The second term of dA[L] is divided by A[L]: expected by 1 - A[L].",
        "gradients are off where Y is 0", lambda s: -(s.Y / s.AL) + (1 - s.Y) / s.AL),
    _last("dAL-one-denominator", "The first term of dA[L] is divided by 1 - A[L]: expected by A[L].",
        "gradients are off where Y is 1", lambda s: -(s.Y / (1 - s.AL)) + (1 - s.Y) / (1 - s.AL)),
    _last("dAL-is-the-loss", "dA[L] holds logarithms: it is the loss, not its derivative.", "gradients are off",
        lambda s: -(s.Y * np.log(s.AL) + (1 - s.Y) * np.log(1 - s.AL))),
    _last("dAL-multiplies", "dA[L] multiplies Y by A[L] where it should divide.", "gradients are off",
        lambda s: -(s.Y * s.AL) + (1 - s.Y) * (1 - s.AL)),
    _last("dAL-mean", "dA[L] is averaged over the examples: it has one number per example.",
        "every example counts alike", lambda s: np.full_like(s.AL, np.mean(s.was()))),
    _last("dAL-inverted", "dA[L] is turned upside down: Y/(1-A[L]) and (1-Y)/A[L] have changed places.",
        "gradients are off", lambda s: -(s.Y / (1 - s.AL)) + (1 - s.Y) / s.AL),
)  # fmt: skip

L_MODEL_BACKWARD_MISTAKES = (
    *DAL_MISTAKES,
    Mistake("labels-broadcast", "Y of shape (m,) or (m, 1) broadcasts against AL of (1, m) to (m, m).", DAL,
        "dA[L] is (m, m)", {"L_model_backward.Y": lambda s: np.asarray(s.given).reshape(-1, 1)}, ("Y", "dAL")),
    Mistake("last-slope-missing", "dZ[L] is dA[L], (A[L] - Y) divided by A (1 - A), without the sigmoid's derivative.",
        "dZ[L] = dA[L] * g'(Z[L]) = A[L] - Y", "gradients are 1 / (A (1 - A)) times what they should be",
        {"linear_activation_backward.dZ": lambda s: s.dA if s.layer == s.L else s.was()}, ("dZ", "dAL")),
    _walk("sigmoid-in-every-layer", "The sigmoid's derivative is taken in every layer: the hidden ones have relu.",
        "gradients of the last layer alone are right", ("activation", "sigmoid"), activation=lambda s: "sigmoid"),
    _walk("relu-in-every-layer", "relu's derivative is taken in every layer: the last one has the sigmoid.",
        "every gradient is off", ("activation", "relu"), activation=lambda s: "relu"),
    _walk("activations-swapped", "The derivatives of sigmoid and relu have changed places.", "every gradient is off",
        ("activation",), activation=lambda s: "sigmoid" if s.layer < s.L else "relu"),
    _walk("dAL-in-every-layer", "dA[L] is handed to every layer: each needs the dA that the layer above it returned.",
        "shapes do not fit, unless the layers have one unit", ("dA",), dA=lambda s: s.dAL),
    _walk("caches-off-by-one", "The caches are off by one: layer l's is caches[l-1].",
        "IndexError, or shapes that do not fit", ("cache", "current_cache"),
        cache=lambda s: s.caches[s.layer] if s.layer < s.L else s.was()),
    _walk("caches-off-by-one", "The caches are off by one: layer l's is caches[l-1].",
        "IndexError, or shapes that do not fit", ("cache", "current_cache"), cache=lambda s: s.caches[s.layer]),
    _walk("caches-off-by-one", "The caches of the hidden layers are off by one: layer l's is caches[l-1].",
        "layer 1 takes the last cache", ("cache", "current_cache"),
        cache=lambda s: s.caches[s.layer - 2] if s.layer < s.L else s.was()),
    _walk("caches-off-by-one", "The cache of the last layer is caches[L-1].",
        "shapes do not fit, unless the layers are equal", ("cache", "current_cache"),
        cache=lambda s: s.caches[s.layer - 2] if s.layer == s.L else s.was()),
    _walk("caches-off-by-one", "The caches are off by one: layer l's is caches[l-1].",
        "shapes do not fit, unless the layers are equal", ("cache", "current_cache"),
        cache=lambda s: s.caches[s.layer - 2]),
    _walk("caches-from-the-wrong-end", "The hidden layers take caches from the wrong end: layer l's is caches[l-1].",
        "shapes do not fit, unless the layers are equal", ("cache", "current_cache"),
        cache=lambda s: s.caches[s.L - 1 - s.layer] if s.layer < s.L else s.was()),
    _walk("last-cache-in-every-layer", "The cache of the last layer is used in every layer.",
        "shapes do not fit, unless the layers are equal", ("cache", "current_cache"), cache=lambda s: s.caches[-1]),
    _walk("first-layer-missing", "Layer 1 gets no gradients: the loop ends too early.", "dW1 and db1 are missing",
        ("range", "for"), layers=lambda s: range(s.L, 1, -1)),
    _walk("hidden-layer-skipped", "Layer L-1 is skipped: the loop over the hidden layers begins too low.",
        "dW of layer L-1 is missing", ("range", "for"),
        layers=lambda s: [layer for layer in range(s.L, 0, -1) if layer != s.L - 1]),
    _walk("hidden-layers-missing", "Only the last layer gets gradients.", "dW1 and db1 are missing",
        ("range", "for"), layers=lambda s: [s.L]),
    _walk("last-layer-missing", "The last layer gets no gradients.", "dW[L] and db[L] are missing",
        ("range", "for"), grads=lambda s: {k: v for k, v in s.was().items() if k[1:] not in (f"W{s.L}", f"b{s.L}")}),
    _walk("layers-forwards", "The loop runs from layer 1 upwards: backward begins at the last layer.",
        "shapes do not fit, unless the layers are equal", ("range", "for"),
        layers=lambda s: [s.L, *range(1, s.L)]),
    _walk("keys-off-by-one", "The keys are off by one: the derivative by W[l] is grads['dW' + str(l)].",
        "dW1 is missing, or holds that of layer 2", ("grads",), grads=lambda s: _renamed(s.was(), ("dW", "db"), 1)),
    _walk("keys-off-by-one", "The keys are off by one: the derivative by W[l] is grads['dW' + str(l)].",
        "there is a dW0", ("grads",), grads=lambda s: _renamed(s.was(), ("dW", "db"), -1)),
    _walk("keys-off-by-one", "The keys of the hidden layers are off by one: a loop from 0 means layer l+1.",
        "there is a dW0", ("grads",), grads=lambda s: _hidden_renamed(s, -1)),
    _walk("keys-off-by-one", "The keys of the hidden layers are off by one, and overwrite those of the last layer.",
        "dW1 is missing", ("grads",), grads=lambda s: _hidden_renamed(s, 1)),
    _walk("dW-and-db-swapped", "dW and db have changed places in grads.", "dW1 has the shape of b1", ("grads",),
        grads=lambda s: {n.replace("dW", "?").replace("db", "dW").replace("?", "db"): a for n, a in s.was().items()}),
    *somewhere(BACKWARD_MISTAKES),
)  # fmt: skip


def _hidden_renamed(s: Any, shift: int) -> dict[str, Any]:
    grads = s.was()
    last = {name: array for name, array in grads.items() if name in (f"dW{s.L}", f"db{s.L}") or name.startswith("dA")}
    return last | _renamed({name: array for name, array in grads.items() if name not in last}, ("dW", "db"), shift)
