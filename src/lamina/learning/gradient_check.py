"""The gradient certificate: every derivative of a network against central differences, in double precision.

    approx_i = (J(theta + h e_i) - J(theta - h e_i)) / 2h
    difference = ||grad - approx|| / (||grad|| + ||approx||)

as in the lecture on gradient checking. It is the proof that a layer, an activation or a loss is right. Numbers that no
difference can judge, at a kink of the cost or below its rounding, are found and left out (equations/differences.py).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina.engine import EngineName, choose
from lamina.equations import verbs
from lamina.equations.differences import Vector, compare, relative_difference
from lamina.equations.members import for_members, mean_of_members
from lamina.equations.network import Network
from lamina.equations.random import Key
from lamina.equations.walk import walk
from lamina.errors import DataError
from lamina.learning.initialisers import starting_parameters
from lamina.learning.precision import exact


class Row(NamedTuple):
    """One array of the table."""

    name: str  # "W1", "b1", ..., "A0"
    shape: tuple[int, ...]
    largest: float  # the largest |grad - approx|
    difference: float


@dataclass(frozen=True)
class GradientCheck:
    """The outcome: a row per array, and the lecture's single number over all parameters.

    Attributes
    ----------
    rows : tuple of Row
    difference : float
        ||grad - approx|| / (||grad|| + ||approx||) over all the parameters at once.
    tolerance : float
    compared : int
        Numbers that were compared, of the parameters and of A[0].
    kinks : int
        Numbers left out because the cost has a kink within reach, where a gradient is one slope of two.
    rounded : int
        Numbers left out because the rounding of the cost hides so small a derivative.
    without_bfloat16 : bool
        Whether layers that round to bfloat16 were checked without rounding.
    """

    rows: tuple[Row, ...]
    difference: float
    tolerance: float
    compared: int
    kinks: int = 0
    rounded: int = 0
    without_bfloat16: bool = False

    @property
    def passed(self) -> bool:
        """Whether the single number and that of dA[0] are below the tolerance."""
        return max(self.difference, self.rows[-1].difference) < self.tolerance

    @property
    def verdict(self) -> str:
        """The outcome in words."""
        if self.passed:
            return "the gradient is right" if self.compared else "nothing could be compared"
        most = max(row.largest for row in self.rows[:-1])
        wrong = [
            f"d{r.name}" for r in self.rows if r.difference >= self.tolerance and r.largest > self.tolerance * most
        ]
        return f"the gradient is WRONG: look at {', '.join(wrong)}"

    @property
    def left_out(self) -> list[str]:
        """What was left out, in a sentence each."""
        of = self.compared + self.kinks + self.rounded
        why = {
            "the cost has a kink within reach, so its slope to the left is not that to the right": self.kinks,
            "the rounding of the cost hides what may be left of the derivative": self.rounded,
        }
        said = [f"left out {n} of {of} numbers: {reason}" for reason, n in why.items() if n]
        if self.without_bfloat16:
            said += ["left out the rounding to bfloat16: this is the gradient of the network that multiplies exactly"]
        return said

    def __str__(self) -> str:
        lines = [f"{'array':<10}{'shape':<14}{'largest gap':>13}{'difference':>13}"]
        lines += [f"d{r.name:<9}{r.shape!s:<14}{r.largest:>13.2e}{r.difference:>13.2e}" for r in self.rows]
        lines += [
            f"all parameters: difference {self.difference:.2e}, dA0: {self.rows[-1].difference:.2e} "
            f"(below {self.tolerance:.0e} wanted): {self.verdict}"
        ]
        return "\n".join([*lines, *self.left_out])


def gradient_check(
    network: Network,
    X: ArrayLike,
    Y: ArrayLike,
    params: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    *,
    seed: int = 0,
    step: int = 0,
    h: float = 1e-5,
    tolerance: float = 1e-6,
    engine: EngineName = "equations",
    most: int | None = None,
    progress: Callable[[], object] | None = None,
) -> GradientCheck:
    """Compare every parameter's gradient, and dA[0], with central differences.

    Parameters
    ----------
    network : Network
        Layers that round to bfloat16 are checked without: a difference of costs says nothing of the slope of stairs.
    X : array, shape (m, n_inputs)
    Y : array, shape (m, targets)
    params : array, shape (network.size,), optional
        Where to check; small random weights and biases by default.
    weights : array, shape (m,), optional
    seed, step : int
        Which draws of dropout to hold fixed.
    h : float
        Half the distance between the two costs of a difference.
    tolerance : float
    engine : {"equations", "auto", "kernels"}
        Whose gradient is checked. The costs of the differences always come from the equations.
    most : int, optional
        Compare no more than so many numbers of each array, drawn by `seed`; all of them by default.
    progress : function, optional
        Called after every pass through the network, two for each number and a few more for those that disagree.

    Returns
    -------
    GradientCheck

    Raises
    ------
    DataError
        X, Y, params or weights do not fit the network, or one another, or are not finite; nor is the cost or gradient.
    """
    given, network = network, replace(network, layers=exact(network.layers))
    X64, Y64, theta = _checked(network, X, Y, params, seed)
    w = None if weights is None else np.asarray(weights, np.float64)
    if w is not None and w.shape != (len(X64),):
        raise DataError(f"weights has shape {w.shape}: expected ({len(X64)},), one number per row of X.")

    if w is not None:
        _check_finite("weights", w)
    m, key, trained = len(X64), Key(seed, step), network.trained

    def J(theta: Vector, X: Vector = X64) -> float:
        Z = walk(network, theta, for_members(network.members, X.T), key=key).Z
        if progress is not None:
            progress()
        return float(np.mean(verbs.weighted_loss(network, Z, Y64, w)[0])) + verbs.penalty(network, theta, m)

    with np.errstate(all="ignore"):  # what is not finite is said
        _check_finite("the cost of these rows at these parameters", np.array([J(theta)]))
        verb = choose(network, engine).gradients

        def gradient(theta: Vector) -> Vector:
            grads: Vector = verb(network, theta, X64, Y64, w, seed=seed, step=step)[1]
            grads[network.spans["weights"]] += verbs.d_penalty(network, theta, m)
            return grads

        def gradient_by_X(X: Vector) -> Vector:
            return _dA0(network, theta, X, Y64, w, key).T.copy()

        def whole(part: Vector) -> Vector:
            return np.concatenate([part, theta[trained.stop :]])

        grads, dX = gradient(theta), gradient_by_X(X64)
        _check_finite("the gradient", grads)
        _check_finite("dA[0]", dX)
        slots = [slot for slot in sorted(network.slots) if slot.group != "statistics"]
        draw = np.random.default_rng(seed)
        places = np.concatenate([_some(slot.place, most, draw) for slot in slots])
        places_A0 = _some(slice(0, X64.size), most, draw)
        of_params = compare(
            lambda part: J(whole(part)),
            theta[trained].copy(),
            grads[trained],
            h,
            tolerance,
            places,
            lambda part: gradient(whole(part))[trained],
        )
        of_A0 = compare(lambda X: m * J(theta, X), X64.copy(), dX, h, tolerance, places_A0, gradient_by_X)

    looked, looked_A0 = np.zeros(trained.stop, bool), np.zeros(X64.shape, bool)
    looked[places], looked_A0.flat[places_A0] = True, True
    compared, compared_A0 = of_params.compared & looked, of_A0.compared & looked_A0
    rows = [
        _row(s.name, s.shape, grads[s.place][compared[s.place]], of_params.approx[s.place][compared[s.place]])
        for s in slots
    ]
    rows.append(_row("A0", dX.T.shape, dX[compared_A0], of_A0.approx[compared_A0]))
    return GradientCheck(
        tuple(rows),
        relative_difference(grads[trained][compared], of_params.approx[compared]),
        tolerance,
        int(compared.sum() + compared_A0.sum()),
        kinks=_count(of_params.kink, of_A0.kink),
        rounded=_count(of_params.rounding, of_A0.rounding),
        without_bfloat16=network.layers != given.layers,
    )


def _some(place: slice, most: int | None, draw: np.random.Generator) -> NDArray[np.intp]:
    """Return the numbers of an array that are looked at, in order."""
    everything = np.arange(place.start, place.stop)
    if most is None or len(everything) <= most:
        return everything
    return np.sort(draw.choice(everything, most, replace=False))


def _row(name: str, shape: tuple[int, ...], grad: Vector, approx: Vector) -> Row:
    largest = float(np.max(np.abs(grad - approx), initial=0.0))
    return Row(name, shape, largest, relative_difference(grad, approx))


def _count(*masks: NDArray[np.bool_]) -> int:
    return int(sum(mask.sum() for mask in masks))


def _check_finite(name: str, values: Any) -> None:
    """Raise a DataError where a number is not finite: it would agree with anything."""
    wrong = ~np.isfinite(values)
    if wrong.any():
        where = np.argwhere(wrong)[0].tolist()
        at = "" if values.size == 1 else f" at {where}"
        raise DataError(
            f"{name}: {values[tuple(where)]}{at}, expected finite numbers: a gradient is checked of them only."
        )


def _dA0(network: Network, theta: Vector, X: Vector, Y: Vector, w: Any, key: Key) -> Vector:
    """Return dA[0], the mean over the members, (n_inputs, m)."""
    A0 = for_members(network.members, X.T)
    there = walk(network, theta, A0, lambda Z: verbs.weighted_loss(network, Z, Y, w)[1], key)
    return np.asarray(mean_of_members(network.members, there.dA[0]), np.float64)


def _checked(network: Network, X: Any, Y: Any, params: Any, seed: int) -> tuple[Vector, Vector, Vector]:
    X, Y = np.asarray(X, np.float64), np.asarray(Y, np.float64)
    Y = Y[:, None] if Y.ndim == 1 else Y
    if X.ndim != 2 or X.shape[1] != network.n_inputs:
        raise DataError(f"X has shape {X.shape}: expected (m, {network.n_inputs}), one row per example.")
    if len(Y) != len(X) or network.loss.units(Y.shape[1]) != network.n_outputs:
        raise DataError(
            f"Y has shape {Y.shape}: expected {len(X)} rows for a network with {network.n_outputs} outputs."
        )
    if params is None:
        theta = starting_parameters(network, "suited", seed, np.float64)
        generator = np.random.default_rng(seed)
        theta[network.trained] += 0.1 * generator.standard_normal(network.trained.stop)
    else:
        theta = np.array(params, np.float64)
    if theta.shape != (network.size,):
        raise DataError(f"params has shape {theta.shape}: expected ({network.size},).")
    for name, values in {"X": X, "Y": Y, "params": theta}.items():
        _check_finite(name, values)
    return X, Y, theta
