"""sigmoid, relu, softmax and their derivatives, step by step, and what goes wrong in them."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.glassbox.doctor.steps import Mistake, Program


def logistic(Z: Any) -> Any:
    """1 / (1 + e^-Z)."""
    with np.errstate(over="ignore"):  # e^1000 is infinite, and 1 / infinity is 0
        return 1 / (1 + np.exp(-np.asarray(Z, np.float64)))


def _only_Z(Z: Any) -> dict[str, Any]:
    return {"Z": np.asarray(Z, np.float64)}


def _A_and_cache(s: Any) -> dict[str, Any]:
    return {"A": s.A, "cache": s.cache}


def _softmax(s: Any) -> Any:
    E = np.exp(s.Z - s.shift)
    return E / np.sum(E, axis=0, keepdims=True)


SIGMOID = Program("sigmoid", _only_Z, {"A": lambda s: logistic(s.Z), "cache": lambda s: s.Z}, _A_and_cache)

RELU = Program("relu", _only_Z, {"A": lambda s: np.maximum(0, s.Z), "cache": lambda s: s.Z}, _A_and_cache)

SOFTMAX = Program(
    "softmax",
    _only_Z,
    {"shift": lambda s: np.max(s.Z, axis=0, keepdims=True), "A": _softmax},
    lambda s: {"A": s.A},
)

SIGMOID_BACKWARD = Program(
    "sigmoid_backward",
    lambda dA, cache: {"dA": dA, "Z": cache},
    {"A": lambda s: logistic(s.Z), "slope": lambda s: s.A * (1 - s.A), "dZ": lambda s: s.dA * s.slope},
    lambda s: {"dZ": s.dZ},
)

RELU_BACKWARD = Program(
    "relu_backward",
    lambda dA, cache: {"dA": dA, "Z": cache},
    {"slope": lambda s: (s.Z > 0).astype(float), "dZ": lambda s: s.dA * s.slope},
    lambda s: {"dZ": s.dZ},
)

FORWARD = {"sigmoid": SIGMOID, "relu": RELU}
BACKWARD = {"sigmoid": SIGMOID_BACKWARD, "relu": RELU_BACKWARD}


def run_forward(activation: str, Z: Any) -> Any:
    """g(Z)."""
    return logistic(Z) if activation == "sigmoid" else np.maximum(0, Z)


S = "A = 1 / (1 + e^-Z)"
R = "A = max(0, Z)"
M = "A = e^Z / Σ e^Z, the sum over the units of one example (axis=0)"
DS = "dZ = dA * A (1 - A), with A = 1 / (1 + e^-Z)"
DR = "dZ = dA where Z > 0, and 0 elsewhere"

SIGMOID_MISTAKES = (
    Mistake("exponent-sign",
        "The exponent has the wrong sign: this is 1 / (1 + e^Z), which falls where the sigmoid rises.", S,
        "A is 1 - sigmoid(Z)", {"sigmoid.A": lambda s: logistic(-s.Z)}, ("A", "exp")),
    Mistake("sigmoid-twice", "The sigmoid is applied twice.", S, "A lies between 0.5 and 0.73",
        {"sigmoid.A": lambda s: logistic(s.was())}, ("A", "sigmoid")),
    Mistake("sigmoid-denominator-minus", "The denominator is 1 - e^-Z: expected 1 + e^-Z.", S,
        "A is infinite at Z = 0, and leaves 0 to 1", {"sigmoid.A": lambda s: 1 / (1 - np.exp(-s.Z))}, ("A", "exp")),
    Mistake("sigmoid-parentheses", "The parentheses of the denominator are missing: 1 / 1 + e^-Z is 1 + e^-Z.", S,
        "A is above 1: it is 1 / sigmoid(Z)", {"sigmoid.A": lambda s: 1 + np.exp(-s.Z)}, ("A", "exp")),
    Mistake("sigmoid-without-one", "The denominator is e^-Z: its 1 is missing.", S, "A is e^Z, without bound",
        {"sigmoid.A": lambda s: np.exp(s.Z)}, ("A", "exp")),
    Mistake("tanh-for-sigmoid", "This is tanh(Z), not the sigmoid.", S, "A lies between -1 and 1, and is 0 at Z = 0",
        {"sigmoid.A": lambda s: np.tanh(s.Z)}, ("A", "tanh")),
    Mistake("relu-for-sigmoid", "This is relu(Z), not the sigmoid.", S, "A is 0 or Z",
        {"sigmoid.A": lambda s: np.maximum(0, s.Z)}, ("A", "maximum")),
    Mistake("slope-for-sigmoid", "This is the derivative A (1 - A), not A itself.", S, "A is at most 0.25",
        {"sigmoid.A": lambda s: s.was() * (1 - s.was())}, ("A",)),
    Mistake("probabilities-rounded", "The probabilities are rounded to 0 and 1: the sigmoid returns them as they are.",
        S, "A is 0 or 1", {"sigmoid.A": lambda s: (s.was() > 0.5).astype(float)}, ("A",)),
    Mistake("A-as-cache", "The cache is A: expected Z, at which the derivative is taken on the way back.", "cache: Z",
        "the cache equals A", {"sigmoid.cache": lambda s: s.A}, ("cache", "return")),
)  # fmt: skip

RELU_MISTAKES = (
    Mistake("relu-leaks", "Negative Z gives 0.01 Z (a leaky relu): expected 0.", R, "A is 0.01 Z where Z < 0",
        {"relu.A": lambda s: np.where(s.Z > 0, s.Z, 0.01 * s.Z)}, ("A",)),
    Mistake("relu-abs", "Negative Z gives -Z: expected 0.", R, "A is |Z|", {"relu.A": lambda s: np.abs(s.Z)}, ("A",)),
    Mistake("relu-minimum", "This is min(0, Z): it keeps the negative part.", R, "A is Z where Z < 0, else 0",
        {"relu.A": lambda s: np.minimum(0, s.Z)}, ("A", "minimum")),
    Mistake("relu-is-a-step", "This returns the gate (1 where Z > 0): expected Z there.", R, "A is 0 or 1",
        {"relu.A": lambda s: (s.Z > 0).astype(float)}, ("A",)),
    Mistake("relu-maximum-of-1", "This is max(1, Z): expected max(0, Z).", R, "A is at least 1",
        {"relu.A": lambda s: np.maximum(1, s.Z)}, ("A", "maximum")),
    Mistake("relu-max-of-all", "This is one number, the largest of all Z: np.maximum(0, Z) compares number by number.",
        R, "A is one number", {"relu.A": lambda s: np.max(s.Z)}, ("A", "max")),
    Mistake("relu-missing", "A is Z: relu is not applied.", R, "A is Z, negative numbers too",
        {"relu.A": lambda s: s.Z}, ("A",)),
    Mistake("sigmoid-for-relu", "This is the sigmoid, not relu.", R, "A lies between 0 and 1",
        {"relu.A": lambda s: logistic(s.Z)}, ("A", "exp")),
    Mistake("tanh-for-relu", "This is tanh(Z), not relu.", R, "A lies between -1 and 1",
        {"relu.A": lambda s: np.tanh(s.Z)}, ("A", "tanh")),
    Mistake("relu-upside-down",
        "The gate is the wrong way round: Z is kept where it is negative, with its sign turned.", R,
        "A is -Z where Z < 0, else 0", {"relu.A": lambda s: np.maximum(0, -s.Z)}, ("A",)),
    Mistake("A-as-cache", "The cache is A: expected Z, at which the derivative is taken on the way back.", "cache: Z",
        "the cache equals A", {"relu.cache": lambda s: s.A}, ("cache", "return")),
)  # fmt: skip

SOFTMAX_MISTAKES = (
    Mistake("softmax-axis",
        "The sum runs over the examples (axis=1): expected over the units of one example (axis=0).", M,
        "rows sum to 1, columns do not", {"softmax.A": lambda s: np.exp(s.Z - s.shift) / np.sum(np.exp(s.Z - s.shift),
        axis=1, keepdims=True)}, ("A", "sum")),
    Mistake("softmax-axis",
        "The softmax runs over the examples (axis=1): expected over the units of one example (axis=0).", M,
        "rows sum to 1, columns do not", { "softmax.shift": lambda s: np.max(s.Z, axis=1, keepdims=True),
        "softmax.A": lambda s: np.exp(s.Z - s.shift) / np.sum(np.exp(s.Z - s.shift), axis=1, keepdims=True), }, ("A",
        "sum")),
    Mistake("softmax-axis",
        "The softmax runs over the examples (axis=1): expected over the units of one example (axis=0).", M,
        "rows sum to 1, columns do not", {"softmax.A": lambda s: np.exp(s.Z) / np.sum(np.exp(s.Z), axis=1,
        keepdims=True)}, ("A", "sum")),
    Mistake("softmax-over-all", "The sum runs over all numbers: expected over the units of one example (axis=0).", M,
        "the whole array sums to 1",
        {"softmax.A": lambda s: np.exp(s.Z - np.max(s.Z)) / np.sum(np.exp(s.Z - np.max(s.Z)))}, ("A", "sum")),
    Mistake("softmax-over-all",
        "The sum runs over all numbers, without a shift: expected over the units of one example (axis=0).", M,
        "the whole array sums to 1", {"softmax.A": lambda s: np.exp(s.Z) / np.sum(np.exp(s.Z))}, ("A", "sum")),
    Mistake("softmax-unstable",
        "e^Z overflows for large Z, and infinity / infinity is NaN: subtract the largest Z of each example first.",
        "A = e^(Z - max Z) / Σ e^(Z - max Z)", "A is NaN where Z is about 1000", {"softmax.shift": lambda s: 0.0},
        ("A", "exp")),
    Mistake("softmax-without-sum", "The numbers are not divided by their sum.", M, "columns do not sum to 1",
        {"softmax.A": lambda s: np.exp(s.Z - s.shift)}, ("A", "exp")),
    Mistake("softmax-without-sum", "The numbers are not divided by their sum.", M, "columns do not sum to 1",
        {"softmax.A": lambda s: np.exp(s.Z)}, ("A", "exp")),
    Mistake("softmax-without-exp", "Z itself is divided by its sum: e^Z is missing.", M,
        "columns sum to 1, with negative numbers among them", {"softmax.A": lambda s: s.Z / np.sum(s.Z, axis=0,
        keepdims=True)}, ("A", "sum")),
    Mistake("sigmoid-for-softmax", "This is the sigmoid of each number, not softmax.", M, "columns do not sum to 1",
        {"softmax.A": lambda s: logistic(s.Z)}, ("A", "exp")),
    Mistake("log-softmax", "This is the logarithm of the softmax.", M, "no number is above 0",
        {"softmax.A": lambda s: np.log(s.was())}, ("A", "log")),
)  # fmt: skip

SIGMOID_BACKWARD_MISTAKES = (
    Mistake("slope-missing", "dZ is dA: the derivative of the activation, g'(Z), is missing.", DS, "dZ equals dA",
        {"sigmoid_backward.slope": lambda s: 1.0}, ("dZ",)),
    Mistake("slope-at-A", "The cache is taken for A, but it is Z: g' is computed as Z (1 - Z).", DS,
        "dZ is dA * Z (1 - Z)", {"sigmoid_backward.A": lambda s: s.Z}, ("dZ", "s", "A")),
    Mistake("sigmoid-twice", "The sigmoid is applied twice: g' is taken at A where it should be taken at Z.", DS,
        "dZ is dA * g'(A), about 0.2 dA everywhere", {"sigmoid_backward.A": lambda s: logistic(s.was())}, ("dZ", "s",
        "A")),
    Mistake("slope-twice", "The derivative of the activation, g'(Z), is multiplied in twice.", DS,
        "dZ is A (1 - A) times what it should be", {"sigmoid_backward.slope": lambda s: s.was() ** 2}, ("dZ",)),
    Mistake("dA-missing", "dZ is g'(Z) alone: dA is missing.", DS, "dZ does not change with dA",
        {"sigmoid_backward.dA": lambda s: 1.0, "sigmoid_backward.dZ": lambda s: s.slope}, ("dZ",)),
    Mistake("slope-plus", "The derivative is taken as A (1 + A): expected A (1 - A).", DS, "dZ is dA * A (1 + A)",
        {"sigmoid_backward.slope": lambda s: s.A * (1 + s.A)}, ("dZ",)),
    Mistake("slope-is-A", "The derivative is taken as A: expected A (1 - A).", DS, "dZ is dA * A",
        {"sigmoid_backward.slope": lambda s: s.A}, ("dZ",)),
    Mistake("slope-is-1-A", "The derivative is taken as 1 - A: expected A (1 - A).", DS, "dZ is dA * (1 - A)",
        {"sigmoid_backward.slope": lambda s: 1 - s.A}, ("dZ",)),
    Mistake("slope-is-A²", "The derivative is taken as A²: expected A (1 - A).", DS, "dZ is dA * A²",
        {"sigmoid_backward.slope": lambda s: s.A**2}, ("dZ",)),
    Mistake("slope-of-tanh", "The derivative is 1 - A², that of tanh: the sigmoid's is A (1 - A).", DS,
        "dZ is dA * (1 - A²)", {"sigmoid_backward.slope": lambda s: 1 - s.A**2}, ("dZ",)),
    Mistake("slope-of-tanh", "The derivative is 1 - tanh²(Z), that of tanh: the sigmoid's is A (1 - A).", DS,
        "dZ is dA * (1 - tanh²(Z))", {"sigmoid_backward.slope": lambda s: 1 - np.tanh(s.Z) ** 2}, ("dZ",)),
    Mistake("slope-of-relu", "The derivative is that of relu (1 where Z > 0): the sigmoid's is A (1 - A).", DS,
        "dZ is dA or 0", {"sigmoid_backward.slope": lambda s: (s.Z > 0).astype(float)}, ("dZ",)),
    Mistake("slope-divides", "dA is divided by the derivative: expected dA * A (1 - A).", DS, "dZ is larger than dA",
        {"sigmoid_backward.dZ": lambda s: s.dA / s.slope}, ("dZ",)),
    Mistake("slope-times-Z", "dZ has a factor Z too many.", DS, "dZ is Z times what it should be",
        {"sigmoid_backward.dZ": lambda s: s.was() * s.Z}, ("dZ",)),
    Mistake("dZ-sign", "dZ has the wrong sign.", DS, "dZ is -1 times what it should be",
        {"sigmoid_backward.dZ": lambda s: -s.was()}, ("dZ",)),
    Mistake("product-for-elementwise", "dZ is a matrix product: expected *, number by number.", DS,
        "shapes do not fit, unless dA is square or one number", {"sigmoid_backward.dZ": lambda s: s.dA @ s.slope},
        ("dZ",)),
    Mistake("dZ-over-m", "dZ is divided by m: the 1/m stands in dW and db only.", DS, "dZ is m times too small",
        {"sigmoid_backward.dZ": lambda s: s.was() / s.Z.shape[1]}, ("dZ",)),
)  # fmt: skip

RELU_BACKWARD_MISTAKES = (
    Mistake("gate-at-0", "The gate is open at Z = 0 (Z >= 0, or Z < 0 closed): expected open only where Z > 0.", DR,
        "dZ is dA where Z is exactly 0", {"relu_backward.slope": lambda s: (s.Z >= 0).astype(float)}, ("dZ",)),
    Mistake("gate-on-dA", "The gate looks at dA: it should look at Z.", DR, "dZ is never negative",
        {"relu_backward.dZ": lambda s: s.dA * (s.dA > 0)}, ("dZ",)),
    Mistake("gate-is-relu", "dA is multiplied by relu(Z): expected by its derivative, 1 where Z > 0.", DR,
        "dZ is Z times too large where Z > 0", {"relu_backward.slope": lambda s: np.maximum(0, s.Z)}, ("dZ",)),
    Mistake("slope-missing", "dZ is dA: the gate (0 where Z <= 0) is missing.", DR, "dZ equals dA",
        {"relu_backward.slope": lambda s: 1.0}, ("dZ",)),
    Mistake("gate-inverted", "The gate is the wrong way round: it lets dA through where Z <= 0.", DR,
        "dZ is 0 just where it should be dA", {"relu_backward.slope": lambda s: (s.Z <= 0).astype(float)}, ("dZ",)),
    Mistake("gate-inverted", "The gate is the wrong way round: it lets dA through where Z < 0.", DR,
        "dZ is 0 just where it should be dA", {"relu_backward.slope": lambda s: (s.Z < 0).astype(float)}, ("dZ",)),
    Mistake("dA-missing", "dZ is the gate alone: dA is missing.", DR, "dZ is 0 or 1",
        {"relu_backward.dZ": lambda s: s.slope}, ("dZ",)),
    Mistake("Z-for-dA", "dZ is Z where Z > 0: expected dA there.", DR, "dZ is relu(Z)",
        {"relu_backward.dZ": lambda s: np.maximum(0, s.Z)}, ("dZ",)),
    Mistake("gate-leaks", "The gate lets 0.01 dA through where Z <= 0 (leaky relu): expected 0.", DR,
        "dZ is 0.01 dA where Z <= 0", {"relu_backward.slope": lambda s: np.where(s.Z > 0, 1, 0.01)}, ("dZ",)),
    Mistake("gate-is-a-sign", "dA turns its sign where Z <= 0: expected 0 there.", DR, "dZ is -dA where Z <= 0",
        {"relu_backward.slope": lambda s: np.where(s.Z > 0, 1, -1)}, ("dZ",)),
    Mistake("slope-of-sigmoid", "The derivative is that of the sigmoid: relu's is 1 where Z > 0.", DR,
        "dZ is dA * A (1 - A)", {"relu_backward.slope": lambda s: logistic(s.Z) * (1 - logistic(s.Z))}, ("dZ",)),
    Mistake("slope-of-tanh", "The derivative is that of tanh: relu's is 1 where Z > 0.", DR,
        "dZ is dA * (1 - tanh²(Z))", {"relu_backward.slope": lambda s: 1 - np.tanh(s.Z) ** 2}, ("dZ",)),
    Mistake("slope-times-Z", "dZ is dA * Z: expected dA where Z > 0, and 0 elsewhere.", DR, "dZ is Z times dA",
        {"relu_backward.slope": lambda s: s.Z}, ("dZ",)),
    Mistake("dZ-sign", "dZ has the wrong sign.", DR, "dZ is -1 times what it should be",
        {"relu_backward.dZ": lambda s: -s.was()}, ("dZ",)),
    Mistake("product-for-elementwise", "dZ is a matrix product: expected *, number by number.", DR,
        "shapes do not fit, unless dA is square or one number", {"relu_backward.dZ": lambda s: s.dA @ s.slope}, ("dZ",
        )),
    Mistake("dZ-over-m", "dZ is divided by m: the 1/m stands in dW and db only.", DR, "dZ is m times too small",
        {"relu_backward.dZ": lambda s: s.was() / s.Z.shape[1]}, ("dZ",)),
)  # fmt: skip
