"""linear_activation_forward and linear_activation_backward, step by step, and what goes wrong in them."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.glassbox.doctor import activation_mistakes as activations
from lamina.glassbox.doctor.linear_backward_mistakes import LINEAR_BACKWARD, LINEAR_BACKWARD_MISTAKES
from lamina.glassbox.doctor.linear_forward_mistakes import LINEAR_FORWARD, LINEAR_FORWARD_MISTAKES
from lamina.glassbox.doctor.steps import Mistake, Program, run


def inside(s: Any, program: Program, *arguments: Any) -> Any:
    """Run a program within this one: same mistakes, same layer."""
    around = {name: getattr(s, name) for name in ("layer", "L", "learning_rate") if hasattr(s, name)}
    return run(program, *arguments, mistakes=s.mistakes, **around)


def _kept(s: Any) -> dict[str, Any]:
    """The parts of a layer's cache by name, wherever a mistake put them."""
    parts: list[Any] = []
    for part in s.cache:
        parts += part if isinstance(part, tuple) else [part]
    return {f"cache[{k}]": part for k, part in enumerate(parts)}


LINEAR_ACTIVATION_FORWARD = Program(
    "linear_activation_forward",
    lambda A_prev, W, b, activation: {"A_prev": A_prev, "W": W, "b": b, "given": activation},
    {
        "activation": lambda s: s.given,
        "linear": lambda s: inside(s, LINEAR_FORWARD, s.A_prev, s.W, s.b),
        "Z": lambda s: s.linear.Z,
        "active": lambda s: inside(s, activations.FORWARD[s.activation], s.Z),
        "A": lambda s: s.active.A,
        "cache": lambda s: (s.linear.cache, s.active.cache),
    },
    lambda s: {"A": s.A, **_kept(s)},
)

LINEAR_ACTIVATION_BACKWARD = Program(
    "linear_activation_backward",
    lambda dA, cache, activation: {"dA": dA, "cache": cache, "given": activation},
    {
        "activation": lambda s: s.given,
        "linear_cache": lambda s: s.cache[0],
        "Z": lambda s: s.cache[1],
        "dZ": lambda s: inside(s, activations.BACKWARD[s.activation], s.dA, s.Z).dZ,
        "back": lambda s: inside(s, LINEAR_BACKWARD, s.dZ, s.linear_cache),
    },
    lambda s: LINEAR_BACKWARD.outputs(s.back),
)

LAYER = "A = g(Z), Z = W A_prev + b"
LAYER_BACK = "dZ = dA * g'(Z)"
OTHER = {"sigmoid": "relu", "relu": "sigmoid"}


def _forward(name: str, sentence: str, sign: str, look: tuple[str, ...], /, **steps: Any) -> Mistake:
    places = {f"linear_activation_forward.{step}": how for step, how in steps.items()}
    return Mistake(name, sentence, LAYER if "cache" not in steps else "cache: ((A_prev, W, b), Z)", sign, places, look)


def _backward(name: str, sentence: str, sign: str, look: tuple[str, ...], /, **steps: Any) -> Mistake:
    places = {f"linear_activation_backward.{step}": how for step, how in steps.items()}
    return Mistake(name, sentence, LAYER_BACK, sign, places, look)


FORWARD_MISTAKES = (
    _forward("activations-swapped", '"relu" gives the sigmoid, and "sigmoid" gives relu.',
        "A is that of the other activation",
        ("activation", "A"), activation=lambda s: OTHER[s.given]),
    _forward("activation-ignored", 'relu is applied whatever the activation: "sigmoid" is not heeded.',
        'A is max(0, Z) for "sigmoid"', ("activation", "A"), activation=lambda s: "relu"),
    _forward("activation-ignored", 'The sigmoid is applied whatever the activation: "relu" is not heeded.',
        'A lies between 0 and 1 for "relu"', ("activation", "A"), activation=lambda s: "sigmoid"),
    _forward("activation-missing", "A is Z: the activation is not applied.", "A equals Z", ("A",), A=lambda s: s.Z),
    _forward("cache-order", "The cache is (Z, (A_prev, W, b)): expected ((A_prev, W, b), Z).",
        "parts of the cache have changed places", ("cache", "return"), cache=lambda s: (s.active.cache,
        s.linear.cache)),
    _forward("cache-flat-without-Z", "The cache is (A_prev, W, b) alone: Z is missing, at which g' is taken.",
        "the cache has 3 parts", ("cache", "return"), cache=lambda s: s.linear.cache),
    _forward("A-for-A_prev", "The cache holds this layer's A: expected A_prev, which dW needs.",
        "the first part of the cache is A", ("cache", "return"), cache=lambda s: ((s.A, s.W, s.b),
        s.active.cache)),
    _forward("activation-of-A_prev", "The activation is applied to A_prev: expected to Z.",
        "A does not change with W", ("A",), active=lambda s: inside(s, activations.FORWARD[s.activation],
        s.A_prev)),
        *LINEAR_FORWARD_MISTAKES,
        *activations.SIGMOID_MISTAKES,
        *activations.RELU_MISTAKES,
)  # fmt: skip

BACKWARD_MISTAKES = (
    _backward("activations-swapped", "\"relu\" takes the sigmoid's derivative, and \"sigmoid\" takes relu's.",
        "dZ is that of the other activation", ("activation", "dZ"), activation=lambda s: OTHER[s.given]),
    _backward("activation-ignored", "relu's derivative is taken for \"sigmoid\" too.",
        "dZ is dA or 0 for \"sigmoid\"", ("activation", "dZ"), activation=lambda s: "relu"),
    _backward("activation-ignored", "The sigmoid's derivative is taken for \"relu\" too.",
        "dZ is never 0 for \"relu\"", ("activation", "dZ"), activation=lambda s: "sigmoid"),
    _backward("slope-missing", "dZ is dA: the derivative of the activation, g'(Z), is missing.",
        "dW is that of dZ = dA", ("dZ",), dZ=lambda s: s.dA),
    _backward("A_prev-for-Z", "g' is taken at A_prev: expected at Z, the second part of the cache.",
        "shapes do not fit, unless n = n_prev", ("dZ", "activation_cache"), Z=lambda s: s.linear_cache[0]),
    _backward("W-for-Z", "g' is taken at W: expected at Z, the second part of the cache.",
        "shapes do not fit, unless m = n_prev", ("dZ", "activation_cache"), Z=lambda s: s.linear_cache[1]),
    _backward("slope-of-g(Z)", "g' is taken at A = g(Z): expected at Z.",
        "for the sigmoid, dZ is about 0.2 dA everywhere",
        ("dZ",), Z=lambda s: activations.logistic(s.was()) if s.given == "sigmoid" else np.maximum(0, s.was())),
    _backward("slope-twice", "The derivative of the activation, g'(Z), is multiplied in twice.",
        "dZ is A (1 - A) times what it should be for the sigmoid", ("dZ",),
        dZ=lambda s: inside(s, activations.BACKWARD[s.activation], s.was(), s.Z).dZ),
    _backward("g-for-slope", "dA is multiplied by g(Z): expected by the derivative, g'(Z).",
        "dZ is dA * A", ("dZ",), dZ=lambda s: s.dA * activations.run_forward(s.activation, s.Z)),
        *LINEAR_BACKWARD_MISTAKES,
        *activations.SIGMOID_BACKWARD_MISTAKES,
        *activations.RELU_BACKWARD_MISTAKES,
)  # fmt: skip
