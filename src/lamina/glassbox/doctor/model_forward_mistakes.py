"""L_model_forward and predict, step by step, and what goes wrong in them."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.glassbox.doctor.layer_mistakes import (
    FORWARD_MISTAKES,
    LINEAR_ACTIVATION_FORWARD,
    inside,
)
from lamina.glassbox.doctor.scopes import somewhere
from lamina.glassbox.doctor.steps import Mistake, Program, run


def _layers_of(parameters: Any) -> int:
    return sum(str(name).startswith("W") for name in parameters)


LAYER_FORWARD = Program(
    "layer_forward",
    lambda A, X, parameters: {"A": A, "X": X, "parameters": parameters},
    {
        "A_prev": lambda s: s.A,
        "W": lambda s: s.parameters[f"W{s.layer}"],
        "b": lambda s: s.parameters[f"b{s.layer}"],
        "activation": lambda s: "relu" if s.layer < s.L else "sigmoid",
        "forward": lambda s: inside(s, LINEAR_ACTIVATION_FORWARD, s.A_prev, s.W, s.b, s.activation),
        "A": lambda s: s.forward.A,
        "cache": lambda s: s.forward.cache,
    },
    lambda s: {"A": s.A},
)


def _walk_forward(s: Any) -> tuple[Any, list[Any]]:
    A, caches = s.X, []
    for layer in s.layers:
        done = run(LAYER_FORWARD, A, s.X, s.parameters, mistakes=s.mistakes, layer=layer, L=s.L)
        A = done.A
        caches.append(done.cache)
    return A, caches


def _forward_outputs(s: Any) -> dict[str, Any]:
    return {"AL": s.AL, "number of caches": len(s.caches), **cache_parts(s.caches)}


def cache_parts(caches: Any) -> dict[str, Any]:
    """Every array of a list of caches, by its place."""
    return dict(found for place, cache in enumerate(caches) for found in parts_of(cache, f"caches[{place}]"))


def parts_of(cache: Any, name: str) -> list[tuple[str, Any]]:
    """The arrays of a cache and where they stand in it: ("caches[0][0][1]", W)."""
    if isinstance(cache, tuple | list):
        return [found for k, part in enumerate(cache) for found in parts_of(part, f"{name}[{k}]")]
    return [(name, cache)]


L_MODEL_FORWARD = Program(
    "L_model_forward",
    lambda X, parameters: {"X": X, "parameters": parameters},
    {
        "L": lambda s: _layers_of(s.parameters),
        "layers": lambda s: range(1, s.L + 1),
        "walked": _walk_forward,
        "AL": lambda s: s.walked[0],
        "caches": lambda s: s.walked[1],
    },
    _forward_outputs,
)

PREDICT = Program(
    "predict",
    lambda X, y, parameters: {"X": X, "y": y, "parameters": parameters},
    {
        "AL": lambda s: run(L_MODEL_FORWARD, s.X, s.parameters, mistakes=s.mistakes).AL,
        "p": lambda s: (s.AL > 0.5).astype(float),
    },
    lambda s: {"p": s.p},
)

FORWARD = "A[l] = relu(W[l] A[l-1] + b[l]) for l = 1 .. L-1, A[L] = sigmoid(W[L] A[L-1] + b[L])"
P = "p = 1 where A[L] > 0.5, else 0"


def _in_layer(name: str, sentence: str, sign: str, look: tuple[str, ...], /, **steps: Any) -> Mistake:
    return Mistake(name, sentence, FORWARD, sign, {f"layer_forward.{step}": how for step, how in steps.items()}, look)


def _in_forward(name: str, sentence: str, sign: str, look: tuple[str, ...], /, **steps: Any) -> Mistake:
    return Mistake(name, sentence, FORWARD, sign, {f"L_model_forward.{step}": how for step, how in steps.items()}, look)


L_MODEL_FORWARD_MISTAKES = (
    _in_layer("X-in-every-layer", "X is fed to every layer: each needs the A of the layer below it.",
        "shapes do not fit, unless all layers are as wide as X", ("A_prev", "A"), A_prev=lambda s: s.X),
    _in_layer("X-in-last-layer", "X is fed to the last layer: it needs the A of the layer below it.",
        "shapes do not fit, unless A[L-1] is as wide as X", ("AL", "A"),
        A_prev=lambda s: s.X if s.layer == s.L else s.was()),
    _in_layer("last-layer-relu", "The last layer has relu: expected the sigmoid.", "AL is max(0, Z[L])",
        ("AL", "activation"), activation=lambda s: "relu"),
    _in_layer("hidden-layers-sigmoid", "The hidden layers have the sigmoid: expected relu.",
        "A[1] lies between 0 and 1", ("A", "activation"), activation=lambda s: "sigmoid"),
    _in_layer("activations-swapped", "The hidden layers have the sigmoid, the last one has relu: the other way round.",
        "A[1] lies between 0 and 1, AL does not", ("A", "activation"),
        activation=lambda s: "sigmoid" if s.layer < s.L else "relu"),
    _in_layer("first-layer-in-every-layer", "W1 and b1 are used in every layer.",
        "shapes do not fit, unless all layers are equal", ("W", "parameters"),
        W=lambda s: s.parameters["W1"], b=lambda s: s.parameters["b1"]),
    _in_layer("b-of-first-layer", "b1 is used in every layer.", "shapes do not fit, unless all layers are equal",
        ("b", "parameters"), b=lambda s: s.parameters["b1"]),
    _in_layer("b-of-next-layer", "b is that of the next layer.", "shapes do not fit, unless all layers are equal",
        ("b", "parameters"), b=lambda s: s.parameters[f"b{min(s.layer + 1, s.L)}"]),
    _in_layer("W-of-last-hidden-layer", "The last layer uses the W of the layer before it.",
        "shapes do not fit, unless all layers are equal", ("AL", "parameters"),
        W=lambda s: s.parameters[f"W{max(1, s.L - 1)}"] if s.layer == s.L else s.was()),
    _in_layer("layers-off-by-one", "The loop takes the parameters of the layer below: its range is off by one.",
        "KeyError: 'W0'", ("range", "for"), W=lambda s: s.parameters[f"W{s.layer - 1}"],
        b=lambda s: s.parameters[f"b{s.layer - 1}"]),
    _in_forward("last-layer-missing", "The last layer is missing: the walk ends at layer L-1.",
        "AL has the rows of A[L-1], and a cache is missing", ("range", "AL"), layers=lambda s: range(1, s.L)),
    _in_forward("last-hidden-layer-missing", "A hidden layer is skipped: range(1, L) already ends at L-1.",
        "shapes do not fit, unless the layers are equal", ("range", "for"),
        layers=lambda s: [*range(1, s.L - 1), s.L]),
    _in_forward("first-layer-missing", "Layer 1 is skipped: the loop begins at layer 2.",
        "shapes do not fit, unless the layers are equal", ("range", "for"),
        layers=lambda s: range(2, s.L + 1)),
    _in_forward("last-layer-twice", "The loop runs through the last layer too, which then comes twice.",
        "shapes do not fit, unless A[L] is as wide as A[L-1]", ("range", "for"),
        layers=lambda s: [*range(1, s.L + 1), s.L]),
    Mistake("last-layer-twice", "The loop takes the last layer with relu, and then it comes again with the sigmoid.",
        FORWARD,
        "shapes do not fit, unless A[L] is as wide as A[L-1]",
        {"L_model_forward.walked": lambda s: _last_layer_twice(s)}, ("range", "for")),
    _in_forward("L-too-large", "L is len(parameters), which counts W and b: the number of layers is half of it.",
        "KeyError: 'W3' in a network of 2 layers", ("L", "len"), L=lambda s: 2 * s.was()),
    _in_forward("last-cache-missing", "The cache of the last layer is not appended.", "caches has L-1 parts",
        ("caches", "append"), caches=lambda s: s.was()[:-1]),
    _in_forward("hidden-caches-missing", "Only the cache of the last layer is kept.", "caches has one part",
        ("caches", "append"), caches=lambda s: s.was()[-1:]),
    _in_forward("caches-empty", "No cache is appended.", "caches is empty", ("caches", "append"), caches=lambda s: []),
    _in_forward("caches-reversed", "The caches stand in reverse order: expected layer 1 first.",
        "caches[0] is that of the last layer", ("caches", "append", "insert"), caches=lambda s: s.was()[::-1]),
    _in_forward("last-cache-twice", "The cache of the last layer is appended twice.", "caches has L+1 parts",
        ("caches", "append"), caches=lambda s: [*s.was(), s.was()[-1]]),
    _in_forward("last-hidden-cache-twice",
        "The last cache is that of the layer before: `cache` is appended before it is renewed.",
        "the last cache equals the one before", ("caches", "append"),
        caches=lambda s: [*s.was()[:-1], s.was()[-2]] if s.L > 1 else s.was()),
    _in_layer("last-activation-missing", "AL is Z[L]: the sigmoid of the last layer is missing.", "AL leaves 0 to 1",
        ("AL",), A=lambda s: s.forward.Z if s.layer == s.L else s.was()),
    *somewhere(FORWARD_MISTAKES),
)  # fmt: skip


def _last_layer_twice(s: Any) -> tuple[Any, list[Any]]:
    A, caches = s.X, []
    for layer, told in [*((layer, s.L + 1) for layer in range(1, s.L + 1)), (s.L, s.L)]:
        done = run(LAYER_FORWARD, A, s.X, s.parameters, mistakes=s.mistakes, layer=layer, L=told)
        A = done.A
        caches.append(done.cache)
    return A, caches


PREDICT_MISTAKES = (
    Mistake("not-thresholded", "The probabilities are returned: expected 1 where they are above 0.5, else 0.", P,
        "p lies between 0 and 1", {"predict.p": lambda s: s.AL}, ("p", "return")),
    Mistake("threshold-inverted", "The threshold is the wrong way round.", P, "p is 0 where it should be 1",
        {"predict.p": lambda s: (s.AL <= 0.5).astype(float)}, ("p",)),
    Mistake("threshold-at-0", "The threshold is 0, which every probability passes: expected 0.5.", P,
        "p is 1 everywhere",
        {"predict.p": lambda s: (s.AL > 0).astype(float)}, ("p",)),
    Mistake("threshold-of-mean", "The threshold is the mean of A[L]: expected 0.5.", P, "about half of p is 1",
        {"predict.p": lambda s: (np.mean(s.AL) < s.AL).astype(float)}, ("p",)),
    Mistake("labels-returned", "The labels y are returned.", P, "p does not change with X",
        {"predict.p": lambda s: s.y}, ("p", "return")),
    Mistake("accuracy-returned", "The accuracy is returned: expected the predictions.", P, "p is one number",
        {"predict.p": lambda s: np.mean(s.was() == s.y)}, ("p", "return")),
    Mistake("p-is-1-and-minus-1", "p is -1 where it should be 0.", P, "p is 1 or -1",
        {"predict.p": lambda s: np.where(s.AL > 0.5, 1.0, -1.0)}, ("p",)),
        *L_MODEL_FORWARD_MISTAKES,
)  # fmt: skip
