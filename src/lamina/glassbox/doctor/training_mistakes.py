"""two_layer_model and L_layer_model: a few iterations from a given start, and what goes wrong in them."""

from __future__ import annotations

from typing import Any

from lamina.glassbox.doctor.model_backward_mistakes import DAL_MISTAKES, L_MODEL_BACKWARD
from lamina.glassbox.doctor.model_forward_mistakes import L_MODEL_FORWARD
from lamina.glassbox.doctor.steps import Mistake, Program, run
from lamina.glassbox.doctor.update_mistakes import UPDATE, UPDATE_MISTAKES


def _descended(s: Any) -> dict[str, Any]:
    parameters = s.start
    for _ in range(s.iterations):
        s.parameters = parameters
        parameters = run(
            ITERATION,
            s.X,
            s.Y,
            parameters,
            mistakes=s.mistakes,
            learning_rate=s.learning_rate,
            start=s.start,
        ).new
    return parameters


ITERATION = Program(
    "iteration",
    lambda X, Y, parameters: {"X": X, "Y": Y, "parameters": parameters},
    {
        "forward": lambda s: run(L_MODEL_FORWARD, s.X, s.parameters, mistakes=s.mistakes),
        "grads": lambda s: (
            run(
                L_MODEL_BACKWARD,
                s.forward.AL,
                s.Y,
                s.forward.caches,
                mistakes=s.mistakes,
                learning_rate=s.learning_rate,
            ).grads
        ),
        "new": lambda s: run(UPDATE, s.parameters, s.grads, s.learning_rate, mistakes=s.mistakes).returned,
    },
    lambda s: s.new,
)


def _arguments(X: Any, Y: Any, layers_dims: Any, learning_rate: Any, num_iterations: Any) -> dict[str, Any]:
    return {"X": X, "Y": Y, "learning_rate": learning_rate, "num_iterations": num_iterations}


TRAINING = Program(
    "training",
    _arguments,
    {"iterations": lambda s: s.num_iterations, "parameters": _descended},
    lambda s: s.parameters,
)

LOOP = "repeat: forward, backward, W = W - α dW, b = b - α db"


def _of(name: str, sentence: str, sign: str, look: tuple[str, ...], steps: dict[str, Any]) -> Mistake:
    return Mistake(name, sentence, LOOP, sign, steps, look)


TRAINING_MISTAKES = (
    _of("never-updated", "The updated parameters are not kept: `parameters = update_parameters(...)` is missing.",
        "the parameters are those of the start", ("parameters", "update_parameters"),
        {"iteration.new": lambda s: s.parameters}),
    _of("starts-anew", "The parameters start anew in every iteration: initialize them before the loop.",
        "the parameters are those after one iteration", ("parameters", "initialize_parameters"),
        {"iteration.new": lambda s: _from(s, s.start)}),
    _of("one-iteration-too-few", "There is one iteration too few.", "the parameters are those of num_iterations - 1",
        ("range", "for"), {"training.iterations": lambda s: s.num_iterations - 1}),
    _of("one-iteration-too-many", "There is one iteration too many.", "the parameters are those of num_iterations + 1",
        ("range", "for"), {"training.iterations": lambda s: s.num_iterations + 1}),
    _of("one-iteration-only", "Only one iteration takes place: the return stands inside the loop.",
        "the parameters are those after one iteration", ("return", "for"), {"training.iterations": lambda s: 1}),
    _of("updated-twice", "The parameters are updated twice in every iteration.",
        "every step is twice what it should be",
        ("update_parameters",), {"descent.step": lambda s: 2 * s.was()}),
    _of("weights-moved-first", "The weights move before they are used: dA needs the W of the forward pass.",
        "dW1 is off, dW of the last layer right", ("W2", "dA1", "parameters"),
        {"linear_backward.dA_prev": lambda s: (s.W - s.learning_rate * s.dW).T @ s.dZ}),
    _of("last-layer-relu", "The last layer has relu: expected the sigmoid.", "the cost is off",
        ("A2", "AL"), {"layer_forward.activation": lambda s: "relu", "layer_backward.activation": lambda s: "relu"}),
    _of("hidden-layers-sigmoid", "The hidden layers have the sigmoid: expected relu.", "the parameters are off",
        ("A1",), {"layer_forward.activation": lambda s: "sigmoid", "layer_backward.activation": lambda s: "sigmoid"}),
    _of("hidden-layers-sigmoid-forward", "The hidden layers have the sigmoid on the way forward: expected relu.",
        "the parameters are off",
        ("A1",), {"layer_forward.activation": lambda s: "sigmoid"}),
    _of("hidden-layers-sigmoid-backward",
        "The hidden layers have the sigmoid's derivative on the way back: expected relu's.",
        "the parameters are off", ("dA1", "dA0"), {"layer_backward.activation": lambda s: "sigmoid"}),
    _of("last-layer-relu-backward", "The last layer has relu's derivative on the way back: expected the sigmoid's.",
        "the parameters are off", ("dA2", "dA1"), {"layer_backward.activation": lambda s: "relu"}),
        *DAL_MISTAKES,
        *UPDATE_MISTAKES,
)  # fmt: skip


def _from(s: Any, start: Any) -> Any:
    forward = run(L_MODEL_FORWARD, s.X, start, mistakes=s.mistakes)
    grads = run(L_MODEL_BACKWARD, forward.AL, s.Y, forward.caches, mistakes=s.mistakes, learning_rate=s.learning_rate)
    return run(UPDATE, start, grads.grads, s.learning_rate, mistakes=s.mistakes).returned
