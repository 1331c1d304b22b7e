"""The chain of a training step as blocks: each a function of the course in one layer, with its right inputs.

Forward from left to right, backward from right to left. Every block gets what the right functions give it, so a mistake
shows in the block that makes it and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lamina.glassbox.doctor import activation_mistakes as activations
from lamina.glassbox.doctor.cases import Case
from lamina.glassbox.doctor.model_backward_mistakes import L_MODEL_BACKWARD
from lamina.glassbox.doctor.model_forward_mistakes import L_MODEL_FORWARD, parts_of
from lamina.glassbox.doctor.steps import Named, run

STARTS = ("initialize_parameters_deep", "initialize_parameters_he", "initialize_parameters_random",
          "initialize_parameters_zeros")  # fmt: skip


@dataclass(frozen=True)
class Block:
    """One block.

    Attributes
    ----------
    key : str
        "linear_forward 2"; without a layer where there is one alone.
    function : str
    way : str
        "start", "forward", "cost", "backward" or "update".
    layer : int or None
    case : Case
        The arguments, by the right functions.
    """

    key: str
    function: str
    way: str
    layer: int | None
    case: Case

    @property
    def inputs(self) -> Named:
        """The arrays of the arguments, by the names of the equations; a cache's parts by theirs."""
        return INPUTS[self.function](*self.case.arguments)


@dataclass(frozen=True)
class Chain:
    """The rows and the network that the chain is made of.

    Attributes
    ----------
    X, Y : array
        (n_x, m) and (1, m).
    parameters : dict
        W1, b1, ..., WL, bL.
    learning_rate : float
    """

    X: Any
    Y: Any
    parameters: Named
    learning_rate: float

    def blocks(self, start: str = STARTS[0]) -> list[Block]:
        """Return every block in the order in which a step takes them. `start`: which initialization is asked."""
        return [*self._start(start), *self._forward(), *self._backward(), *self._update()]

    def _start(self, start: str) -> Iterator[Block]:
        sizes = [np.shape(self.X)[0], *(len(self.parameters[f"W{k}"]) for k in self._layers)]
        yield Block(start, start, "start", None, Case(f"layers {'-'.join(map(str, sizes))}", (sizes,)))

    def _forward(self) -> Iterator[Block]:
        for layer in self._layers:
            (A_prev, W, b), Z = self._caches[layer - 1]
            activation = self._activation(layer)
            yield _of("linear_forward", "forward", layer, A_prev, W, b)
            yield _of(activation, "forward", layer, Z)
            yield _of("linear_activation_forward", "forward", layer, A_prev, W, b, activation)
        yield _of("L_model_forward", "forward", None, self.X, self.parameters)
        yield _of("compute_cost", "cost", None, self._walked.AL, self.Y)

    def _backward(self) -> Iterator[Block]:
        for layer in reversed(self._layers):
            linear_cache, Z = self._caches[layer - 1]
            dA, activation = self._dA(layer), self._activation(layer)
            dZ = run(activations.BACKWARD[activation], dA, Z).dZ
            yield _of(f"{activation}_backward", "backward", layer, dA, Z)
            yield _of("linear_backward", "backward", layer, dZ, linear_cache)
            yield _of("linear_activation_backward", "backward", layer, dA, (linear_cache, Z), activation)
        yield _of("L_model_backward", "backward", None, self._walked.AL, self.Y, self._caches)

    def _update(self) -> Iterator[Block]:
        grads = {name: array for name, array in self._back.grads.items() if name[:2] != "dA"}
        yield _of("update_parameters", "update", None, self.parameters, grads, self.learning_rate)

    # ---- what the right functions give ----

    @cached_property
    def _layers(self) -> range:
        return range(1, len(self.parameters) // 2 + 1)

    def _activation(self, layer: int) -> str:
        return "relu" if layer in self._layers[:-1] else "sigmoid"

    @cached_property
    def _walked(self) -> Any:
        return run(L_MODEL_FORWARD, self.X, self.parameters)

    @cached_property
    def _caches(self) -> list[Any]:
        caches: list[Any] = self._walked.caches
        return caches

    @cached_property
    def _back(self) -> Any:
        return run(L_MODEL_BACKWARD, self._walked.AL, self.Y, self._caches)

    def _dA(self, layer: int) -> Any:
        return self._back.dAL if layer == self._layers[-1] else self._back.grads[f"dA{layer}"]


def _of(function: str, way: str, layer: int | None, /, *arguments: Any) -> Block:
    where = "" if layer is None else f" {layer}"
    label = "the lesson's rows" if layer is None else f"layer {layer} of the lesson's rows"
    return Block(f"{function}{where}", function, way, layer, Case(label, arguments))


def _linear_cache(cache: Any) -> Named:
    return dict(zip(("A_prev", "W", "b"), cache, strict=True))


INPUTS: dict[str, Any] = {
    **dict.fromkeys(STARTS, lambda sizes: {"layer_dims": np.asarray(sizes)}),
    "linear_forward": lambda A, W, b: {"A_prev": A, "W": W, "b": b},
    "relu": lambda Z: {"Z": Z},
    "sigmoid": lambda Z: {"Z": Z},
    "linear_activation_forward": lambda A_prev, W, b, activation: {"A_prev": A_prev, "W": W, "b": b},
    "L_model_forward": lambda X, parameters: {"X": X, **parameters},
    "compute_cost": lambda AL, Y: {"AL": AL, "Y": Y},
    "relu_backward": lambda dA, cache: {"dA": dA, "Z": cache},
    "sigmoid_backward": lambda dA, cache: {"dA": dA, "Z": cache},
    "linear_backward": lambda dZ, cache: {"dZ": dZ, **_linear_cache(cache)},
    "linear_activation_backward": lambda dA, cache, activation: {"dA": dA, **_linear_cache(cache[0]), "Z": cache[1]},
    "L_model_backward": lambda AL, Y, caches: {"AL": AL, "Y": Y, **dict(parts_of(caches, "caches"))},
    "update_parameters": lambda parameters, grads, learning_rate: {**parameters, **grads},
}
