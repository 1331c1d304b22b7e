"""The memories of momentum and Adam when they start, and what goes wrong in them."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.glassbox.doctor.steps import Mistake, Program
from lamina.glassbox.doctor.update_mistakes import named_arrays


def _memory(*kinds: str) -> Program:
    def zeros(s: Any) -> dict[str, Any]:
        return {f"{kind}[d{name}]": s.filled(s.parameters[name]) for kind in kinds for name in s.names}

    steps: dict[str, Any] = {
        "names": lambda s: named_arrays(s.parameters),
        "filled": lambda s: np.zeros_like,
        "memory": zeros,
    }
    return Program("memory", lambda parameters: {"parameters": parameters}, steps, lambda s: s.memory)


VELOCITY = _memory("v")
ADAM_MEMORY = _memory("v", "s")

ZEROS = "v = 0, s = 0, of the shapes of W and b, under the keys dW1, db1, ..."


def _start(name: str, sentence: str, sign: str, /, **steps: Any) -> Mistake:
    return Mistake(name, sentence, ZEROS, sign, {f"memory.{step}": how for step, how in steps.items()}, ("v", "zeros"))


def _memories(kinds: tuple[str, ...]) -> tuple[Mistake, ...]:
    return (
        _start("memory-of-ones", "The memory starts at 1: expected 0.", "every number is 1",
            filled=lambda s: np.ones_like),
        _start("memory-of-parameters", "The memory starts as a copy of the parameters: expected zeros.",
            "v equals the parameters", filled=lambda s: np.copy),
        _start("memory-keys", "The keys are those of the parameters, W1: expected those of the gradients, dW1.",
            "there is no dW1", memory=lambda s: {name.replace("[d", "["): array for name, array in s.was().items()}),
        _start("memory-flat", "The zeros are flat: expected the shapes of W and b.", "dW1 has one axis",
            filled=lambda s: lambda array: np.zeros(array.size)),
        _start("memory-scalars", "The zeros are single numbers: expected the shapes of W and b.", "dW1 has no shape",
            filled=lambda s: lambda array: 0.0),
        _start("memory-rows", "The zeros are flat, (n,): expected the shapes of W and b.", "dW1 is (n,)",
            filled=lambda s: lambda array: np.zeros(len(array))),
        _start("memory-transposed", "The zeros have the transposed shapes.", "dW1 is (n_prev, n)",
            filled=lambda s: lambda array: np.zeros_like(array.T)),
        _start("last-layer-missing", "The last layer has no memory: the loop ends one layer too early.",
            "the last dW is missing",
            names=lambda s: s.was()[:-2]),
        _start("first-layer-missing", "Layer 1 has no memory: the loop begins one layer too late.", "dW1 is missing",
            names=lambda s: s.was()[2:]),
        _start("memory-without-b", "b has no memory.", "db1 is missing",
            names=lambda s: [name for name in s.was() if name[0] == "W"]),
        _start("memory-keys-off-by-one", "The keys are off by one: layers count from 1.", "there is a dW0",
            memory=lambda s: {_shifted(name): array for name, array in s.was().items()}),
        _start("memory-b-like-W", "db has the shape of W: expected that of b.", "db1 is (n, n_prev)",
            memory=lambda s: {name: np.zeros_like(s.parameters["W" + name[4:-1]]) for name in s.was()}),
    )  # fmt: skip


def _shifted(name: str) -> str:
    return f"{name[:4]}{int(name[4:-1]) - 1}]"


VELOCITY_MISTAKES = _memories(("v",))
ADAM_MEMORY_MISTAKES = (
    *_memories(("v", "s")),
    _start("s-of-ones", "s starts at 1: expected 0.", "every number of s is 1",
        memory=lambda s: {name: array + (name[0] == "s") for name, array in s.was().items()}),
)  # fmt: skip
