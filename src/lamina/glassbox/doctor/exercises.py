"""Every function that the doctor can check: what it is called with, what it gives, and what goes wrong in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from lamina.glassbox.doctor import (
    activation_mistakes,
    cases,
    cost_mistakes,
    layer_mistakes,
    linear_mistakes,
    mini_batch_mistakes,
    model_mistakes,
    start_mistakes,
    three_layer_mistakes,
    training_mistakes,
    update_mistakes,
    views,
)
from lamina.glassbox.doctor.cases import Case
from lamina.glassbox.doctor.comparing import differing
from lamina.glassbox.doctor.steps import Mistake, Named, Program, outputs_of

Tolerance = Callable[[str], tuple[float, float]]


def _exact(name: str) -> tuple[float, float]:
    return 1e-6, 1e-9


def _loose(name: str) -> tuple[float, float]:
    """For statistics of what was drawn: rtol, atol."""
    if name.startswith("W") and name.endswith(".spread"):
        return 0.08, 0.0
    if name.endswith(".lean"):
        return 0.1, 0.12 if name.startswith("W") else 1e-12
    return (0.0, 0.06) if name.startswith("share") else (1e-6, 1e-9)


@dataclass(frozen=True)
class Exercise:
    """One function of the course.

    Attributes
    ----------
    name : str
    arguments : tuple of str
        Their names, in order.
    returns : str
        What it returns, in words.
    program : Program
        Its steps.
    cases : callable
        Yields `Case`s.
    view : callable
        What was returned, as arrays by name.
    mistakes : tuple of Mistake
        The known ones, in the order in which they are tried.
    optional : tuple of str
        Beginnings of the names of results that may be left out.
    tolerance : callable
        Name of a result to rtol and atol.
    draws : bool
        Whether it draws random numbers.
    may_change : tuple of str
        Arguments that the course's own solutions change.
    also_right : tuple of Mistake
        What counts as right too, with a note.
    """

    name: str
    arguments: tuple[str, ...]
    returns: str
    program: Program
    cases: Callable[[], Iterator[Case]]
    view: views.View
    mistakes: tuple[Mistake, ...]
    optional: tuple[str, ...] = ()
    tolerance: Tolerance = _exact
    draws: bool = False
    may_change: tuple[str, ...] = ()
    also_right: tuple[Mistake, ...] = field(default=())

    @cached_property
    def all_cases(self) -> tuple[Case, ...]:
        return tuple(self.cases())

    def expected(self, case: Case, mistakes: tuple[Mistake, ...] = (), seen: Named | None = None) -> Named:
        """What the function gives on a case with these mistakes; {} where it raises. `seen`: what a learner's gave."""
        if not mistakes and not self.draws:
            return self._right[id(case)] if id(case) in self._right else self.computed(case, (), None)
        return self.computed(case, mistakes, seen)

    @cached_property
    def _right(self) -> dict[int, Named]:
        return {id(case): self.computed(case, (), None) for case in self.all_cases}

    @cached_property
    def touched(self) -> dict[Mistake, frozenset[str]]:
        """The results that each mistake changes alone."""
        seen = _some_masks(self)
        cases_ = [case for case in self.all_cases if case.kind != "extreme"]
        found: dict[Mistake, frozenset[str]] = {}
        for mistake in self.effective:
            names: set[str] = set()
            for case in cases_:
                given, right = self.expected(case, (mistake,), seen(case)), self.expected(case, (), seen(case))
                if given:
                    names |= set(differing(given, right, self))
            found[mistake] = frozenset(names)
        return found

    def computed(self, case: Case, mistakes: tuple[Mistake, ...], seen: Named | None) -> Named:
        """Take every step, with nothing remembered."""
        around = dict(case.around)
        if self.draws:
            around["drawn"] = {name: array for name, array in (seen or {}).items() if name[0] == "D"}
        count = len(self.arguments) - (self.name in ("two_layer_model", "L_layer_model"))
        return outputs_of(self.program, case.arguments[: max(count, len(case.arguments))], mistakes, **around)

    @cached_property
    def effective(self) -> tuple[Mistake, ...]:
        """The mistakes that show on the cases: the first of those that look alike, without those that do not show."""
        known, kept = {self._print(())}, []
        for mistake in self.mistakes:
            print_ = self._print((mistake,))
            if print_ not in known:
                known.add(print_)
                kept.append(mistake)
        return tuple(kept)

    def _print(self, mistakes: tuple[Mistake, ...]) -> str:
        """What tells mistakes apart: all results, rounded."""
        seen = _some_masks(self)
        parts = []
        for case in self.all_cases:
            if case.kind == "extreme":
                continue
            found = self.expected(case, mistakes, seen(case))
            parts.append(repr([(name, array.shape, _rounded(array)) for name, array in sorted(found.items())]))
        return "|".join(parts)


def _some_masks(exercise: Exercise) -> Callable[[Case], Named]:
    """Masks as a right function would draw them."""

    def seen(case: Case) -> Named:
        if exercise.name != "forward_propagation_with_dropout":
            return {}
        X, parameters, keep_prob = case.arguments
        rng = np.random.RandomState(3)
        return {
            f"D{layer}": (rng.random_sample((len(parameters[f"W{layer}"]), X.shape[1])) < keep_prob).astype(float)
            for layer in (1, 2)
        }

    return seen


def _rounded(array: Any) -> bytes:
    """The first six digits or so."""
    mantissa, exponent = np.frexp(np.where(np.isfinite(array), np.where(np.abs(array) < 1e-12, 0, array), np.pi))
    return bytes(np.round(mantissa * 2**20).tobytes() + exponent.tobytes())


A, L, LA, M = activation_mistakes, linear_mistakes, layer_mistakes, model_mistakes
C, U, T, S, B, R = (
    cost_mistakes,
    update_mistakes,
    three_layer_mistakes,
    start_mistakes,
    mini_batch_mistakes,
    training_mistakes,
)
MODEL = ("X", "Y", "layers_dims", "learning_rate", "num_iterations", "print_cost")
TWO, DEEP = ((4, 3, 1), (2, 3, 1)), ((4, 3, 2, 1), (2, 3, 1))
PARAMETERS = "a dict of W1, b1, ..., WL, bL"

EXERCISES = (
    Exercise("sigmoid", ("Z",), "A, Z", A.SIGMOID, cases.of_Z, views.activation, A.SIGMOID_MISTAKES),
    Exercise("relu", ("Z",), "A, Z", A.RELU, cases.of_Z, views.activation, A.RELU_MISTAKES),
    Exercise("softmax", ("Z",), "A", A.SOFTMAX, cases.of_softmax, views.softmax, A.SOFTMAX_MISTAKES),
    Exercise("sigmoid_backward", ("dA", "cache"), "dZ", A.SIGMOID_BACKWARD, cases.of_dA, views.one("dZ"),
             A.SIGMOID_BACKWARD_MISTAKES),
    Exercise("relu_backward", ("dA", "cache"), "dZ", A.RELU_BACKWARD, cases.of_dA, views.one("dZ"),
    A.RELU_BACKWARD_MISTAKES),
    Exercise("initialize_parameters", ("n_x", "n_h", "n_y"), PARAMETERS, S.SMALL_OF_THREE, cases.of_three_sizes,
    views.start,
             S.SMALL_MISTAKES, tolerance=_loose, draws=True),
    Exercise("initialize_parameters_deep", ("layer_dims",), PARAMETERS, S.SMALL, cases.of_sizes, views.start,
             S.SMALL_MISTAKES, tolerance=_loose, draws=True, also_right=S.DEEP_ALTERNATIVES),
    Exercise("initialize_parameters_zeros", ("layers_dims",), PARAMETERS, S.ZERO, cases.of_sizes, views.start,
             S.ZERO_MISTAKES, tolerance=_loose, draws=True),
    Exercise("initialize_parameters_random", ("layers_dims",), PARAMETERS, S.LARGE, cases.of_sizes, views.start,
             S.LARGE_MISTAKES, tolerance=_loose, draws=True),
    Exercise("initialize_parameters_he", ("layers_dims",), PARAMETERS, S.HE, cases.of_sizes, views.start,
             S.HE_MISTAKES, tolerance=_loose, draws=True),
    Exercise("linear_forward", ("A", "W", "b"), "Z, (A, W, b)", L.LINEAR_FORWARD, cases.of_A_W_b,
             views.with_cache("Z", "Z, (A, W, b)"), L.LINEAR_FORWARD_MISTAKES),
    Exercise("linear_activation_forward", ("A_prev", "W", "b", "activation"), "A, ((A_prev, W, b), Z)",
             LA.LINEAR_ACTIVATION_FORWARD, cases.of_activation, views.with_cache("A", "A, ((A_prev, W, b), Z)"),
             LA.FORWARD_MISTAKES),
    Exercise("L_model_forward", ("X", "parameters"), "AL, caches", M.L_MODEL_FORWARD, cases.of_X_and_parameters,
    views.forward,
             M.L_MODEL_FORWARD_MISTAKES),
    Exercise("compute_cost", ("AL", "Y"), "the cost, one number", C.COMPUTE_COST, cases.of_AL_and_Y, views.cost,
             C.COMPUTE_COST_MISTAKES),
    Exercise("linear_backward", ("dZ", "cache"), "dA_prev, dW, db", L.LINEAR_BACKWARD, cases.of_dZ,
             views.several("dA_prev", "dW", "db"), L.LINEAR_BACKWARD_MISTAKES),
    Exercise("linear_activation_backward", ("dA", "cache", "activation"), "dA_prev, dW, db",
    LA.LINEAR_ACTIVATION_BACKWARD,
             cases.of_dA_and_cache, views.several("dA_prev", "dW", "db"), LA.BACKWARD_MISTAKES),
    Exercise("L_model_backward", ("AL", "Y", "caches"), "a dict of dA0, dW1, db1, ...", M.L_MODEL_BACKWARD,
    cases.of_caches,
             views.gradients, M.L_MODEL_BACKWARD_MISTAKES, optional=("dA",)),
    Exercise("update_parameters", ("params", "grads", "learning_rate"), PARAMETERS, U.UPDATE, cases.of_grads,
    views.named(),
             U.UPDATE_MISTAKES, may_change=("params",)),
    Exercise("two_layer_model", MODEL, "parameters, costs", R.TRAINING, lambda: cases.of_training(TWO), views.trained,
             R.TRAINING_MISTAKES),
    Exercise("L_layer_model", MODEL, "parameters, costs", R.TRAINING, lambda: cases.of_training(DEEP), views.trained,
             R.TRAINING_MISTAKES),
    Exercise("predict", ("X", "y", "parameters"), "p, 0 and 1", M.PREDICT, cases.of_prediction, views.one("p"),
             M.PREDICT_MISTAKES),
    Exercise("compute_cost_with_regularization", ("A3", "Y", "parameters", "lambd"), "the cost, one number",
    C.REGULARIZED_COST,
             cases.of_regularized_cost, views.cost, C.REGULARIZED_COST_MISTAKES),
    Exercise("backward_propagation_with_regularization", ("X", "Y", "cache", "lambd"), "a dict of dW1, db1, ...",
             T.REGULARIZED_BACKWARD, cases.of_regularized_backward, views.three_layers, T.REGULARIZED_BACKWARD_MISTAKES,
             optional=("dA", "dZ")),
    Exercise("forward_propagation_with_dropout", ("X", "parameters", "keep_prob"), "A3, (Z1, D1, A1, W1, b1, ..., b3)",
             T.DROPOUT_FORWARD, cases.of_dropout_forward, views.dropped, T.DROPOUT_FORWARD_MISTAKES, tolerance=_loose,
             draws=True),
    Exercise("backward_propagation_with_dropout", ("X", "Y", "cache", "keep_prob"), "a dict of dW1, db1, ...",
             T.DROPOUT_BACKWARD, cases.of_dropout_backward, views.three_layers, T.DROPOUT_BACKWARD_MISTAKES,
             optional=("dA", "dZ")),
    Exercise("update_parameters_with_gd", ("parameters", "grads", "learning_rate"), PARAMETERS, U.UPDATE,
    cases.of_grads,
             views.named(), U.UPDATE_MISTAKES, may_change=("parameters",)),
    Exercise("random_mini_batches", ("X", "Y", "mini_batch_size"), "a list of pairs (mini_batch_X, mini_batch_Y)",
             B.MINI_BATCHES, cases.of_examples, views.mini_batches, B.MINI_BATCH_MISTAKES, draws=True),
    Exercise("initialize_velocity", ("parameters",), "v, a dict of dW1, db1, ...", U.VELOCITY, cases.of_parameters,
             views.memory("v"), U.VELOCITY_MISTAKES),
    Exercise("update_parameters_with_momentum", ("parameters", "grads", "v", "beta", "learning_rate"), "parameters, v",
             U.MOMENTUM, cases.of_momentum, views.with_memory("v"), U.MOMENTUM_MISTAKES, may_change=("parameters",
             "v")),
    Exercise("initialize_adam", ("parameters",), "v, s", U.ADAM_MEMORY, cases.of_parameters, views.memory("v", "s"),
             U.ADAM_MEMORY_MISTAKES),
    Exercise("update_parameters_with_adam",
             ("parameters", "grads", "v", "s", "t", "learning_rate", "beta1", "beta2", "epsilon"),
             "parameters, v, s, v_corrected, s_corrected", U.ADAM, cases.of_adam,
             views.with_memory("v", "s", "v_corrected", "s_corrected"), U.ADAM_MISTAKES, optional=("v_corrected",
             "s_corrected"),
             may_change=("parameters", "v", "s")),
)  # fmt: skip

BY_NAME = {exercise.name: exercise for exercise in EXERCISES}
