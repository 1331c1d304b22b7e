"""compute_cost and compute_cost_with_regularization, step by step, and what goes wrong in them."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.glassbox.doctor.steps import Mistake, Program, run

COMPUTE_COST = Program(
    "compute_cost",
    lambda AL, Y: {"AL": AL, "given": Y},
    {
        "Y": lambda s: np.asarray(s.given, np.float64).reshape(s.AL.shape),
        "m": lambda s: s.AL.shape[1],
        "log": lambda s: np.log,
        "first": lambda s: s.Y * s.log(s.AL),
        "second": lambda s: (1 - s.Y) * s.log(1 - s.AL),
        "loss": lambda s: -(s.first + s.second),
        "sum": lambda s: np.sum(s.loss),
        "cost": lambda s: s.sum / s.m,
    },
    lambda s: {"cost": s.cost},
)


def _weights(s: Any) -> list[Any]:
    return [np.asarray(array, np.float64) for name, array in s.parameters.items() if name in s.penalised]


REGULARIZED_COST = Program(
    "compute_cost_with_regularization",
    lambda A3, Y, parameters, lambd: {"A3": A3, "Y": Y, "parameters": parameters, "lambd": lambd},
    {
        "data": lambda s: run(COMPUTE_COST, s.A3, s.Y, mistakes=s.mistakes).cost,
        "m": lambda s: s.A3.shape[1],
        "penalised": lambda s: [name for name in s.parameters if name.startswith("W")],
        "squares": lambda s: sum(np.sum(W**2) for W in _weights(s)),
        "factor": lambda s: s.lambd / (2 * s.m),
        "penalty": lambda s: s.factor * s.squares,
        "cost": lambda s: s.data + s.penalty,
    },
    lambda s: {"cost": s.cost},
)

J = "J = -(1/m) Σ [Y log A[L] + (1-Y) log(1-A[L])]"
JR = "J = cross-entropy + (λ/2m) Σ W², over all the matrices W"


def _cost(name: str, sentence: str, sign: str, /, **steps: Any) -> Mistake:
    look = ("cost", *(("m",) if "m" in steps else ()))
    return Mistake(name, sentence, J, sign, {f"compute_cost.{step}": how for step, how in steps.items()}, look)


def _penalty(name: str, sentence: str, sign: str, /, **steps: Any) -> Mistake:
    places = {f"compute_cost_with_regularization.{step}": how for step, how in steps.items()}
    return Mistake(name, sentence, JR, sign, places, ("L2_regularization_cost", "cost"))


COMPUTE_COST_MISTAKES = (
    _cost("1/m-missing", "The sum is not divided by m.", "the cost is m times too large", cost=lambda s: s.sum),
    _cost("m-of-units", "The cost is divided by the rows of Y, 1: m is the number of its columns.",
        "the cost is m times too large for one output", m=lambda s: s.AL.shape[0]),
    _cost("1/m-twice", "The cost is divided by m twice.", "the cost is m times too small",
        cost=lambda s: s.was() / s.m),
    _cost("1/2m", "The cost is divided by 2m.", "the cost is half of what it should be", cost=lambda s: s.was() / 2),
    _cost("integer-division", "1 // m is an integer division, 0 for m > 1: write 1 / m.", "the cost is 0 for m > 1",
        cost=lambda s: (1 // s.m) * s.sum),
    _cost("cost-sign", "The minus before the sum is missing.", "the cost is negative", cost=lambda s: -s.was()),
    _cost("cost-second-missing", "The second term, (1-Y) log(1-A[L]), is missing.", "examples with Y = 0 cost nothing",
        second=lambda s: 0 * s.AL),
    _cost("cost-first-missing", "The first term, Y log A[L], is missing.", "examples with Y = 1 cost nothing",
        first=lambda s: 0 * s.AL),
    _cost("cost-second-sign", "The second term has the wrong sign: the minus before the sum belongs to both.",
        "examples with Y = 0 lower the cost", second=lambda s: -s.was()),
    _cost("cost-first-sign", "The first term has the wrong sign: the minus before the sum belongs to both.",
        "examples with Y = 1 lower the cost", first=lambda s: -s.was()),
    _cost("log2", "The logarithm is that to base 2: expected the natural one, np.log.",
        "the cost is 1.4427 times too large",
        log=lambda s: np.log2),
    _cost("log10", "The logarithm is that to base 10: expected the natural one, np.log.",
        "the cost is 0.4343 times what it should be",
        log=lambda s: np.log10),
    _cost("log1p", "The logarithm is that of 1 + A[L].", "the cost is off, perhaps negative", log=lambda s: np.log1p),
    _cost("log-missing", "The logarithm is missing.", "the cost is linear in A[L]", log=lambda s: lambda A: A),
    _cost("cost-A-and-Y-swapped", "A[L] and Y have changed places: log(0) is -infinity.",
        "the cost is infinite or NaN", first=lambda s: s.AL * s.log(s.Y),
        second=lambda s: (1 - s.AL) * s.log(1 - s.Y)),
    _cost("cost-one-logarithm", "The second term takes log A[L]: expected log(1 - A[L]).",
        "the cost is -(1/m) Σ log A[L]",
        second=lambda s: (1 - s.Y) * s.log(s.AL)),
    _cost("cost-one-logarithm", "The first term takes log(1 - A[L]): expected log A[L].",
        "the cost does not change with Y",
        first=lambda s: s.Y * s.log(1 - s.AL)),
    _cost("cost-logarithms-swapped", "log A[L] and log(1 - A[L]) have changed places.", "right predictions cost most",
        first=lambda s: s.Y * s.log(1 - s.AL), second=lambda s: (1 - s.Y) * s.log(s.AL)),
    _cost("cost-one-label", "The second term is multiplied by Y: expected by 1 - Y.",
        "examples with Y = 0 cost nothing",
        second=lambda s: s.Y * s.log(1 - s.AL)),
    _cost("cost-one-label", "The first term is multiplied by 1 - Y: expected by Y.", "examples with Y = 1 cost nothing",
        first=lambda s: (1 - s.Y) * s.log(s.AL)),
    _cost("cost-labels-missing", "The labels are not multiplied in.", "the cost does not change with Y",
        first=lambda s: s.log(s.AL), second=lambda s: s.log(1 - s.AL)),
    _cost("squared-error", "This is the mean squared error: expected the cross-entropy.", "the cost is at most 1",
        loss=lambda s: (s.AL - s.Y) ** 2),
    _cost("squared-error", "This is half the mean squared error: expected the cross-entropy.",
        "the cost is at most 0.5",
        loss=lambda s: (s.AL - s.Y) ** 2 / 2),
    _cost("absolute-error", "This is the mean absolute error: expected the cross-entropy.", "the cost is at most 1",
        loss=lambda s: np.abs(s.AL - s.Y)),
    _cost("labels-broadcast", "Y of shape (m,) or (m, 1) broadcasts against AL of (1, m) to (m, m).",
        "every label is paired with every prediction", Y=lambda s: np.asarray(s.given, np.float64).reshape(-1, 1)),
    _cost("cost-not-summed", "The losses are not summed: the cost is one number.", "the cost has m numbers",
        sum=lambda s: s.loss),
    _cost("cost-not-summed", "The losses are neither summed nor divided by m: the cost is one number.",
        "the cost has m numbers", cost=lambda s: s.loss),
    _cost("cost-axis", "The mean is taken over the units (axis=0): expected over the examples.",
        "the cost has m numbers", cost=lambda s: np.mean(s.loss, axis=0)),
    _cost("cost-mean-of-all", "The mean is taken over all numbers of AL.",
        "right for one output; with several, too small",
        cost=lambda s: np.mean(s.loss)),
    _cost("first-example-only", "Only the first example counts.", "the cost is that of one example",
        sum=lambda s: s.loss[0, 0], cost=lambda s: s.sum),
    _cost("times-m", "The sum is multiplied by m where it should be divided.", "the cost is m² times too large",
        cost=lambda s: s.sum * s.m),
    _cost("1/m-of-one-term", "1/m is applied to the first term only.", "the second term is m times too large",
        second=lambda s: s.was() * s.m),
    _cost("1/m-of-one-term", "1/m is applied to the second term only.", "the first term is m times too large",
        first=lambda s: s.was() * s.m),
)  # fmt: skip

REGULARIZED_COST_MISTAKES = (
    _penalty("penalty-missing", "The penalty is missing.", "the cost does not change with λ", penalty=lambda s: 0.0),
    _penalty("penalty-without-1/m", "The penalty lacks the factor 1/m.", "the penalty is m times too large",
        factor=lambda s: s.lambd / 2),
    _penalty("penalty-without-1/2", "The penalty lacks the factor 1/2.", "the penalty is twice what it should be",
        factor=lambda s: s.lambd / s.m),
    _penalty("penalty-without-1/2m", "The penalty lacks the factor 1/(2m).", "the penalty is 2m times too large",
        factor=lambda s: s.lambd),
    _penalty("penalty-precedence", "λ / 2 * m multiplies by m: the parentheses of (2 * m) are missing.",
        "the penalty is m² times too large", factor=lambda s: s.lambd / 2 * s.m),
    _penalty("penalty-without-λ", "The penalty lacks λ.", "the penalty does not change with λ",
        factor=lambda s: 1 / (2 * s.m)),
    _penalty("penalty-λ²", "λ is squared.", "the penalty is λ times too large", factor=lambda s: s.was() * s.lambd),
    _penalty("penalty-half", "The penalty is halved twice.", "the penalty is half of what it should be",
        factor=lambda s: s.was() / 2),
    _penalty("penalty-1/m-twice", "The penalty is divided by m twice.", "the penalty is m times too small",
        factor=lambda s: s.was() / s.m),
    _penalty("integer-division", "1 // m is an integer division, 0 for m > 1: write 1 / m.",
        "the penalty is 0 for m > 1",
        factor=lambda s: (1 // s.m) * s.lambd / 2),
    _penalty("penalty-sign", "The penalty is subtracted.", "the cost falls with λ", cost=lambda s: s.data - s.penalty),
    _penalty("penalty-on-b", "b is penalised too: the penalty is over the matrices W alone.",
        "the penalty is too large by Σ b²", penalised=lambda s: list(s.parameters)),
    _penalty("penalty-on-b-only", "b is penalised in the place of W.", "the penalty does not change with W",
        penalised=lambda s: [name for name in s.parameters if name.startswith("b")]),
    _penalty("penalty-layer-missing", "W1 is missing in the penalty.", "the penalty does not change with W1",
        penalised=lambda s: s.was()[1:]),
    _penalty("penalty-layer-missing", "The last W is missing in the penalty.",
        "the penalty does not change with the last W",
        penalised=lambda s: s.was()[:-1]),
    _penalty("penalty-layer-missing", "Only W1 is in the penalty.", "the penalty does not change with W2",
        penalised=lambda s: s.was()[:1]),
    _penalty("penalty-layer-missing", "W2 is missing in the penalty.", "the penalty does not change with W2",
        penalised=lambda s: [name for name in s.was() if name != "W2"]),
    _penalty("penalty-layer-missing", "Only the last W is in the penalty.", "the penalty does not change with W1",
        penalised=lambda s: s.was()[-1:]),
    _penalty("penalty-not-squared", "W is not squared.", "the penalty can be negative",
        squares=lambda s: sum(np.sum(W) for W in _weights(s))),
    _penalty("penalty-absolute", "|W| is summed, as in L1: expected W².", "the penalty is linear in W",
        squares=lambda s: sum(np.sum(np.abs(W)) for W in _weights(s))),
    _penalty("penalty-square-of-sum", "The sum is squared: expected the sum of squares.", "the penalty is off",
        squares=lambda s: sum(np.sum(W) ** 2 for W in _weights(s))),
    _penalty("penalty-root", "The root of the sum of squares (a norm) is taken: expected its square.",
        "the penalty is linear in W",
        squares=lambda s: sum(np.sqrt(np.sum(W**2)) for W in _weights(s))),
    _penalty("penalty-product", "W @ Wᵀ holds products of different weights: expected W².",
        "the penalty is off for n > 1",
        squares=lambda s: sum(np.sum(W @ W.T) for W in _weights(s))),
    _penalty("penalty-mean", "The squares are averaged: expected their sum.", "the penalty is too small",
        squares=lambda s: sum(np.mean(W**2) for W in _weights(s))),
    _penalty("penalty-only", "The cross-entropy is missing.", "the cost does not change with Y",
        cost=lambda s: s.penalty),
    _penalty("penalty-multiplied", "The cost is multiplied by the penalty: expected their sum.",
        "the cost is 0 for λ = 0",
        cost=lambda s: s.data * s.penalty),
    _penalty("m-of-units", "The penalty is divided by the rows of Y, 1: m is the number of its columns.",
        "the penalty is m times too large for one output", m=lambda s: s.A3.shape[0]),
        *COMPUTE_COST_MISTAKES,
)  # fmt: skip
