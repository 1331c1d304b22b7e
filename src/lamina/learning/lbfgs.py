"""L-BFGS for full batches (Liu and Nocedal 1989; Nocedal and Wright 2006, algorithms 7.4 and 7.5).

All that it remembers is one array, so that a run can be stored and taken up again with the same bits: the parameters,
their gradient, and the last steps s and changes of the gradient y, newest first. A pair whose s is zero is not there.

    d = -H g        H from the pairs: H y = s, and H = (s'y / y'y) I for the directions that no pair has seen
    theta += t d    t from a line search
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lamina.learning.line_search import Point, search

Vector = NDArray[np.float64]  # (size,)
Vectors = NDArray[np.float64]  # (vectors, size)

RELATIVE_ROUNDING = 64 * float(np.finfo(np.float64).eps)  # a smaller fall of the cost, relative to it, is none


@dataclass(frozen=True, kw_only=True)
class LBFGS:
    """Limited-memory BFGS with a line search: whole passes, in double precision; for small data.

    `history` is how many pairs of steps and gradient changes it remembers.
    """

    kind: ClassVar[str] = "lbfgs"
    history: int = 10

    @property
    def remembers(self) -> tuple[str, ...]:
        """The rows of its memory; all zero before the first iteration, but for `theta`."""
        numbers = range(1, self.history + 1)
        return ("theta", "gradient", *(f"s{k}" for k in numbers), *(f"y{k}" for k in numbers))


def iteration(
    J: Callable[[Vector], tuple[float, Vector]],
    memory: Vectors,
    cost: float | None,
    optimiser: LBFGS,
    *,
    tolerance: float,
) -> float | None:
    """Move `memory` by one iteration and return the cost there.

    Parameters
    ----------
    J : callable
        Returns the cost and its gradient (size,) at parameters (size,), both in double precision.
    memory : array, shape (len(optimiser.remembers), size), float64
        Changed in place, in one assignment at the very end: whatever J raises leaves it as it was.
    cost : float or None
        What the last iteration returned. None: a new start from theta, where J is asked for cost and gradient first;
        the rest of the memory is not used.
    optimiser : LBFGS
    tolerance : float
        The largest slope of the cost by a parameter that counts as flat.

    Returns
    -------
    float or None
        None where the cost is flat, the last step gained no more than rounding, or no step makes it lower. Then
        `memory` is unchanged.

    Raises
    ------
    FloatingPointError
        Cost or gradient are not finite where the iteration starts.
    """
    theta, gradient, pairs = memory[0], memory[1], _pairs(memory, optimiser)
    with np.errstate(over="ignore", invalid="ignore"):
        if cost is None:
            cost, gradient = J(theta)
            gradient, pairs = np.array(gradient), []  # J may reuse its array
        if not (np.isfinite(cost) and np.isfinite(gradient).all()):
            raise FloatingPointError(f"the cost {cost} or its gradient is not finite before the first step of L-BFGS")
        if np.abs(gradient).max(initial=0) <= tolerance or _gained_nothing(pairs, gradient, cost):
            return None
        found = _lower(J, theta, cost, gradient, pairs) if pairs else None
        if found is None:  # the first step; or one where the pairs mislead: without them
            pairs, found = [], _lower(J, theta, cost, gradient, [])
        if found is None:
            return None
        s, y = found.theta - theta, found.gradient - gradient
        bent = _dot(s, y) > -np.finfo(np.float64).eps * _dot(s, gradient)  # else it would spoil H: start it again
        pairs = [(s, y), *pairs][: optimiser.history] if bent else []
        memory[...] = _laid_out(found, pairs, memory.shape)
    return found.cost


def _pairs(memory: Vectors, optimiser: LBFGS) -> list[tuple[Vector, Vector]]:
    """Return the pairs (s, y) that are there, newest first."""
    S, Y = memory[2 : 2 + optimiser.history], memory[2 + optimiser.history :]
    return [(s, y) for s, y in zip(S, Y, strict=True) if s.any()]


def _gained_nothing(pairs: list[tuple[Vector, Vector]], gradient: Vector, cost: float) -> bool:
    """Return whether the step of the newest pair promised, in second order, a fall within the rounding of the cost."""
    if not pairs:
        return False
    s, y = pairs[0]
    return -0.5 * _dot(gradient - y, s) <= RELATIVE_ROUNDING * max(abs(cost), 1)


def _lower(
    J: Callable[[Vector], tuple[float, Vector]],
    theta: Vector,
    cost: float,
    gradient: Vector,
    pairs: list[tuple[Vector, Vector]],
) -> Point | None:
    """Return a point of lower cost in the direction that the pairs suggest; without them down the gradient."""
    d = _direction(gradient, pairs)
    slope = _dot(gradient, d)
    if not -np.inf < slope < 0:
        return None

    def along(step: float) -> Point:
        there = theta + step * d
        J_there, g_there = J(there)
        return Point(step, float(J_there), _dot(g_there, d), there, np.array(g_there))  # J may reuse its array

    return search(along, Point(0.0, cost, slope, theta, gradient), 1.0)


def _direction(gradient: Vector, pairs: list[tuple[Vector, Vector]]) -> Vector:
    """Return d = -H g by the two loops; without pairs -g / |g|, a step of length 1."""
    if not pairs:
        steepest = gradient / np.abs(gradient).max()  # so that no square overflows
        return -steepest / np.sqrt(_dot(steepest, steepest))
    d, shares = -gradient, []
    for s, y in pairs:
        share = _dot(s, d) / _dot(s, y)
        d = d - share * y
        shares.append(share)
    s, y = pairs[0]
    d = d * (_dot(s, y) / _dot(y, y))
    for (s, y), share in zip(reversed(pairs), reversed(shares), strict=True):
        d = d + (share - _dot(y, d) / _dot(s, y)) * s
    return d


def _laid_out(at: Point, pairs: list[tuple[Vector, Vector]], shape: tuple[int, ...]) -> Vectors:
    """Return the memory that holds the point and the pairs."""
    memory, history = np.zeros(shape), shape[0] // 2 - 1
    memory[0], memory[1] = at.theta, at.gradient
    for k, (s, y) in enumerate(pairs):
        memory[2 + k], memory[2 + history + k] = s, y
    return memory


def _dot(a: Vector, b: Vector) -> float:
    """Return a'b, summed in an order that does not depend on threads, as that of BLAS may."""
    return float(np.sum(a * b))
