"""Are these the derivatives of the cost? Differences of the cost say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lamina.course.arguments import (
    Arrays,
    Named,
    arrays_of,
    beside,
    check_finite,
    floats,
    positive,
    predictions_and_labels,
    warn_of_labels,
)
from lamina.course.forward import cost, forward
from lamina.equations.differences import Vector, central_differences, compare
from lamina.equations.types import Array
from lamina.errors import DataError

LIMIT = 2e-7  # the course's line between right and wrong


def gradient_check_n(
    parameters: Named,
    gradients: Named,
    X: ArrayLike,
    Y: ArrayLike,
    epsilon: float = 1e-7,
    print_msg: bool = False,
    *,
    leave_out: bool = True,
) -> np.float64:
    """Return ||grad - approx|| / (||grad|| + ||approx||); 2e-7 is right.

    approx = (J(θ + ε) - J(θ - ε)) / 2ε for every parameter, grad is dW1,
    db1, ... of `gradients`, J is `compute_cost` after `L_model_forward`.

    What fools a difference is mended: where ε would take a relu past its
    corner at Z = 0, the relu keeps its side; derivatives that are lost in
    the rounding of J get another ε, or are left out; an A[L] that rounds
    to 0 or 1 does no harm. `print_msg` says so; `leave_out=False` gives the
    number as the course computes it.
    """
    theta: Arrays = {name: array.astype(np.float64) for name, array in arrays_of(parameters).items()}
    grads = beside(theta, gradients, "gradients")
    grad = np.concatenate([grads[f"d{name}"].ravel() for name in theta]).astype(np.float64)
    (X,), epsilon = floats(X=X), positive("epsilon", epsilon)
    with np.errstate(all="ignore"):  # what is not finite is said below
        AL, caches = forward(X, theta)
    _, Y = predictions_and_labels(AL, Y, from_caches=True)
    check_finite("X", X)
    check_finite("Y", Y)
    warn_of_labels(Y)
    at = _Costs(X, Y, theta)
    flat = np.concatenate([array.ravel() for array in theta.values()])

    with np.errstate(all="ignore"):
        Z = [Z for _, Z in caches[:-1]]
        sides = [[z > 0 for z in Z], [z >= 0 for z in Z]]  # at its corner relu has either slope
        J = at.J_with(sides[0])(flat) if leave_out else at.J(flat)
        if not np.isfinite(J):
            raise DataError(f"J is {J}: expected parameters at which the cost is finite: AL above 0 and below 1")
        if not np.isfinite(grad).all():
            raise DataError("gradients hold NaN or infinity: expected finite numbers")
        courses = difference = _relative(grad, central_differences(at.J, flat, epsilon))
        lost = 0
        if leave_out and not difference <= LIMIT:
            found = [_on_their_sides(at, gates, flat, grad, epsilon) for gates in sides]
            difference, lost = min(found)
    if print_msg:
        _say(difference, courses, lost, flat.size)
    return difference


class _Costs:
    """The cost as a function of one flat vector of parameters."""

    def __init__(self, X: Array, Y: Array, theta: Arrays) -> None:
        self.X, self.Y, self.theta = X, Y, theta
        self.ends = np.cumsum([array.size for array in theta.values()])[:-1]

    def parameters(self, flat: Vector) -> Arrays:
        parts = zip(self.theta.items(), np.split(flat, self.ends), strict=True)
        return {name: part.reshape(was.shape) for (name, was), part in parts}

    def J(self, flat: Vector) -> float:
        return float(cost(forward(self.X, self.parameters(flat))[0], self.Y))

    def J_with(self, gates: list[Any]) -> Callable[[Vector], float]:
        """The same cost of a network whose relus stay on or off, and without the rounding of A[L] near 0 or 1."""

        def J(flat: Vector) -> float:
            p, A = self.parameters(flat), self.X
            for layer, on in enumerate(gates, start=1):
                A = np.where(on, p[f"W{layer}"] @ A + p[f"b{layer}"], 0.0)
            L = len(gates) + 1
            Z = p[f"W{L}"] @ A + p[f"b{L}"]
            return float(np.sum(np.logaddexp(0, Z) - self.Y * Z) / Z.shape[1])

        return J


def _on_their_sides(at: _Costs, gates: list[Any], flat: Vector, grad: Vector, epsilon: float) -> tuple[np.float64, int]:
    """Return the difference, and how many parameters were left out."""
    seen = compare(at.J_with(gates), flat, grad, epsilon, LIMIT)
    return _relative(grad[seen.compared], seen.approx[seen.compared]), int(np.sum(~seen.compared))


def _relative(grad: Vector, approx: Vector) -> np.float64:
    scale = np.linalg.norm(grad) + np.linalg.norm(approx)
    return np.float64(np.linalg.norm(grad - approx) / scale if scale != 0 else 0)


def _say(difference: np.float64, courses: np.float64, lost: int, of: int) -> None:
    verdict = "right" if difference <= LIMIT else "wrong"
    print(f"The gradients are {verdict}: difference = {difference}")
    if verdict == "right" and not courses <= LIMIT:
        print(
            f"As the course computes it: {courses:.3g}, which counts corners of relu and the rounding of J as errors."
        )
    if lost:
        print(f"Left out {lost} of {of} parameters below the rounding of J, where differences say nothing.")
