"""Derivatives out of differences of a cost, and how far each can be believed.

    approx_i = (J(theta + h e_i) - J(theta - h e_i)) / 2h

A difference is no derivative where J has a kink within h: relu at 0, |W|, an absolute error of 0. Nor where the
rounding of J, divided by h, is more than the derivative. So what disagrees with a gradient is looked at closer, at many
h: J alone decides what its differences are worth there.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Cost = Callable[[Vector], float]
Gradient = Callable[[Vector], Vector]
Places = NDArray[np.intp]

ROUNDING = 1e-9  # a bias in front of a normalisation has the gradient 0, and differences of 1e-17 / h

STEPS = 10.0 ** np.arange(-2, -14, -1)  # for a closer look; times |theta_i| where that is above 1
SMALLEST = float(np.finfo(np.float64).tiny)
EPSILON = float(np.finfo(np.float64).eps)
PROBES = 64 * EPSILON * np.arange(1, 6)  # so near that only rounding bends J
BESIDE = 1e-3  # a point nearby: times |theta_i| where that is above 1
DRAWS = 8  # of such points, until one has a derivative
POINTS = 3  # with a derivative, before a gradient at a kink is called wrong
A_STAIR = 0.05  # how near the gradient a slope must come where J goes in stairs
A_KINK = 0.01  # a jump of the slope below this part of the disagreement does not explain it


class Comparison(NamedTuple):
    """A gradient beside its differences."""

    approx: Vector
    kink: NDArray[np.bool_]  # left out: the slope to the left is not that to the right
    rounding: NDArray[np.bool_]  # left out: the rounding of J hides what is smaller than the disagreement

    @property
    def compared(self) -> NDArray[np.bool_]:
        """Which numbers are not left out."""
        return ~(self.kink | self.rounding)


def relative_difference(grad: Vector, approx: Vector) -> float:
    """||grad - approx|| / (||grad|| + ||approx||), 0 where both are 0 but for rounding."""
    total, gap = _size(grad) + _size(approx), _size(grad - approx)
    return gap / total if total > ROUNDING else 0.0


def _size(x: Vector) -> float:
    """Return ||x||, also where squares would overflow."""
    largest = float(np.max(np.abs(x), initial=0.0))
    return largest * float(np.linalg.norm(x / largest)) if 0 < largest < np.inf else largest


def central_differences(J: Cost, theta: Vector, h: float, places: Places | None = None) -> Vector:
    """Return (J(theta + h e_i) - J(theta - h e_i)) / 2h for every i, or for those of `places`; else 0."""
    approx, moved = np.zeros_like(theta), theta.copy()
    for i in range(theta.size) if places is None else places:
        above, below = theta.flat[i] + h, theta.flat[i] - h
        approx.flat[i] = (_at(J, moved, i, above) - _at(J, moved, i, below)) / (above - below)
        moved.flat[i] = theta.flat[i]
    return approx


def compare(
    J: Cost,
    theta: Vector,
    grad: Vector,
    h: float,
    tolerance: float,
    places: Places | None = None,
    gradient: Gradient | None = None,
) -> Comparison:
    """Put differences of J beside a gradient, with a closer look at each that disagrees.

    Parameters
    ----------
    J : function
        From an array of theta's shape to the cost.
    theta, grad : array, of one shape
    h : float
        The first step.
    tolerance : float
        Of `relative_difference` over all numbers.
    places : array of int, optional
        Which numbers to look at; the others are taken as agreeing.
    gradient : function, optional
        From theta to the gradient. Two kinks in a row can hide each other, as where selu meets its own 0: what
        disagrees here, and agrees beside here, stands at such a place. And what disagrees at a kink, and beside it
        too, is wrong.
    """
    chosen = np.arange(theta.size) if places is None else places
    approx = central_differences(J, theta, h, chosen)
    others = np.delete(np.arange(theta.size), chosen)
    approx.flat[others] = grad.flat[others]
    found = Comparison(approx, np.zeros(theta.shape, bool), np.zeros(theta.shape, bool))
    waiting = np.isin(np.arange(theta.size), chosen)
    with np.errstate(invalid="ignore", over="ignore"):
        while (i := _worst(found, grad, waiting, tolerance)) is not None:
            waiting[i] = False
            seen = _look(J, theta, i)
            off = abs(float(grad.flat[i]) - seen.slope)
            part = off / max(abs(float(grad.flat[i])) + abs(seen.slope), SMALLEST)
            if part <= tolerance:
                approx.flat[i] = seen.slope
            elif seen.kinked(off):
                found.kink.flat[i] = not _disagrees_beside(J, theta, i, gradient, tolerance)
            elif off > seen.error and _agrees_beside(J, theta, i, gradient, part):
                found.kink.flat[i] = True
            elif off > seen.error and not seen.hides(float(grad.flat[i])):
                approx.flat[i] = seen.slope
            else:  # also where no step gave a finite slope
                found.rounding.flat[i] = True
    return found


def _beside(J: Cost, theta: Vector, i: int, gradient: Gradient | None) -> Iterator[tuple[float, "_Look"]]:
    """Yield derivatives at points nearby, by the gradient and by differences."""
    if gradient is None:
        return
    for draw in range(DRAWS):
        away = np.random.default_rng(draw).normal(size=theta.shape)
        point = theta + BESIDE * np.maximum(np.abs(theta), 1) * away
        grad, seen = float(gradient(point).flat[i]), _look(J, point, i)
        if abs(grad) + abs(seen.slope) > ROUNDING:  # two zeros agree, and say nothing of what is wrong here
            yield grad, seen


def _agrees_beside(J: Cost, theta: Vector, i: int, gradient: Gradient | None, off: float) -> bool:
    """Return whether differences and gradient agree at a point nearby, by far more than here, where a part is off."""
    for grad, seen in _beside(J, theta, i, gradient):
        return max(abs(grad - seen.slope), seen.error) <= A_KINK * off * (abs(grad) + abs(seen.slope))
    return False


def _disagrees_beside(J: Cost, theta: Vector, i: int, gradient: Gradient | None, tolerance: float) -> bool:
    """Return whether differences and gradient disagree at points nearby too, beyond doubt."""
    points = 0
    for grad, seen in itertools.islice(_beside(J, theta, i, gradient), POINTS):
        off = abs(grad - seen.slope)
        if not off > max(10 * seen.error, 10 * tolerance * (abs(grad) + abs(seen.slope))) or seen.kinked(off):
            return False
        points += 1
    return points == POINTS


def _worst(found: Comparison, grad: Vector, waiting: NDArray[np.bool_], tolerance: float) -> int | None:
    """Return the number to look at next: none where all agree, or where the rest could not save them."""
    counts = found.compared.ravel()
    gap = np.where(counts, np.abs(grad - found.approx).ravel(), 0.0)
    gap[np.isnan(gap)] = np.inf
    finite = np.where(counts & np.isfinite(gap), found.approx.ravel(), 0.0)
    allowed = tolerance * max(_size(np.where(counts, grad.ravel(), 0.0)) + _size(finite), ROUNDING)
    if _size(gap) < allowed or _size(gap[~waiting]) > allowed:
        return None
    gap[~waiting] = 0.0
    i = int(np.argmax(gap))
    return i if gap[i] > 0 else None


class _Look(NamedTuple):
    """What J says of one derivative."""

    slope: float
    error: float  # how far the slope may be off, by its rounding and by the h of its step
    jump: float  # slope to the right less slope to the left
    noise: float  # of the jump
    slopes: Vector  # at every step

    def kinked(self, off: float) -> bool:
        """Return whether there is a kink that explains a disagreement."""
        return abs(self.jump) > max(self.noise, A_KINK * off)

    def hides(self, grad: float) -> bool:
        """Return whether J, in steps of its rounding, stays where it is until a longer step shows the gradient."""
        return self.slope == 0 and bool(np.any(np.abs(self.slopes - grad) < A_STAIR * abs(grad)))


def _look(J: Cost, theta: Vector, i: int) -> _Look:
    """Return the derivative by theta_i at the step where it can be believed most."""
    moved, x = theta.copy(), float(theta.flat[i])
    size = max(1.0, abs(x))
    J0 = _at(J, moved, i, x)
    rounding = _rounding(J, moved, i, x, size, J0)
    with np.errstate(invalid="ignore", over="ignore"):
        seen = np.array([_slopes(J, moved, i, x, step, J0) for step in STEPS * size])
        slope, bend = np.where(np.isfinite(seen), seen, np.nan).T
        noise = 4 * rounding / (STEPS * size)
        change = np.abs(slope[:-1, None] - slope) - noise  # to every step; what a smaller one sees counts
        change = np.where(np.tri(len(STEPS) - 1, len(STEPS), dtype=bool), 0.0, np.nan_to_num(change))
        error = noise[1:-1] + np.maximum(np.abs(np.diff(slope))[:-1], change[1:].max(axis=1))
        if np.isnan(error).all():
            return _Look(np.nan, np.inf, 0.0, np.inf, slope)
        k = int(np.nanargmin(error)) + 1
        # A bend of h J'' is a tenth of that at 10 h; what is more is a jump.
        jump = (10 * bend[k] - bend[k - 1]) / 9
        return _Look(float(slope[k]), float(error[k - 1]), float(jump), float(3 * noise[k]), slope)


def _slopes(J: Cost, moved: Vector, i: int, x: float, step: float, J0: float) -> tuple[float, float]:
    """Return the slope between x - step and x + step, and that to the right less that to the left."""
    above, below = x + step, x - step
    J_above, J_below = _at(J, moved, i, above), _at(J, moved, i, below)
    return (J_above - J_below) / (above - below), (J_above - J0) / (above - x) - (J0 - J_below) / (x - below)


def _rounding(J: Cost, moved: Vector, i: int, x: float, size: float, J0: float) -> float:
    """Return how far a value of J is off, by its second differences so near that J is a line but for rounding."""
    sides = [[_at(J, moved, i, x + side * step * size) for step in PROBES] for side in (1, -1)]
    with np.errstate(invalid="ignore"):
        seen = np.abs(np.diff(sides, n=2, axis=1))
    return float(max(np.max(seen, where=np.isfinite(seen), initial=0.0), 4 * EPSILON * abs(J0)))


def _at(J: Cost, moved: Vector, i: int, value: float) -> float:
    """Return J where theta_i has another value; `moved` keeps it."""
    moved.flat[i] = value
    return J(moved)
