"""The gradient certificate: every derivative of a network against central differences, in double precision.

    approx_i = (J(theta + h e_i) - J(theta - h e_i)) / 2h
    difference = ||grad - approx|| / (||grad|| + ||approx||)

as in the lecture on gradient checking. It is the proof that a layer, an activation or a loss is right.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina.engine import EngineName, choose
from lamina.equations import verbs
from lamina.equations.members import for_members, mean_of_members
from lamina.equations.network import Network
from lamina.equations.random import Key
from lamina.equations.walk import walk
from lamina.errors import DataError
from lamina.learning.initialisers import starting_parameters

Vector = NDArray[np.float64]

ROUNDING = 1e-9  # a bias in front of a normalisation has the gradient 0, and differences of 1e-17 / h


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
    """

    rows: tuple[Row, ...]
    difference: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether the single number and that of dA[0] are below the tolerance."""
        return max(self.difference, self.rows[-1].difference) < self.tolerance

    def __str__(self) -> str:
        verdict = "the gradient is right" if self.passed else "the gradient is WRONG"
        lines = [f"{'array':<10}{'shape':<14}{'largest gap':>13}{'difference':>13}"]
        lines += [f"d{r.name:<9}{r.shape!s:<14}{r.largest:>13.2e}{r.difference:>13.2e}" for r in self.rows]
        lines += [f"all parameters: difference {self.difference:.2e} (below {self.tolerance:.0e} wanted): {verdict}"]
        return "\n".join(lines)


def relative_difference(grad: Vector, approx: Vector) -> float:
    """||grad - approx|| / (||grad|| + ||approx||), 0 where both are 0 but for rounding."""
    total = float(np.linalg.norm(grad) + np.linalg.norm(approx))
    return float(np.linalg.norm(grad - approx)) / total if total > ROUNDING else 0.0


def central_differences(J: Callable[[Vector], float], theta: Vector, h: float) -> Vector:
    """Return (J(theta + h e_i) - J(theta - h e_i)) / 2h for every i."""
    approx, moved = np.empty_like(theta), theta.copy()
    for i in range(theta.size):
        moved.flat[i] = theta.flat[i] + h
        above = J(moved)
        moved.flat[i] = theta.flat[i] - h
        approx.flat[i] = (above - J(moved)) / (2 * h)
        moved.flat[i] = theta.flat[i]
    return approx


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
) -> GradientCheck:
    """Compare every parameter's gradient, and dA[0], with central differences.

    Parameters
    ----------
    network : Network
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
        A kink (relu at 0) within `h` of a Z can push the number above it; look at the rows then.
    engine : {"equations", "auto", "kernels"}
        Whose gradient is checked. The costs of the differences always come from the equations.

    Returns
    -------
    GradientCheck

    Raises
    ------
    DataError
        X, Y, params or weights do not fit the network, or one another.
    """
    X64, Y64, theta = _checked(network, X, Y, params, seed)
    w = None if weights is None else np.asarray(weights, np.float64)
    if w is not None and w.shape != (len(X64),):
        raise DataError(f"weights has shape {w.shape}: expected ({len(X64)},), one number per row of X.")

    m, key, trained = len(X64), Key(seed, step), network.trained

    def J(theta: Vector, X: Vector = X64) -> float:
        Z = walk(network, theta, for_members(network.members, X.T), key=key).Z
        return float(np.mean(verbs.weighted_loss(network, Z, Y64, w)[0])) + verbs.penalty(network, theta, m)

    _, grads = choose(network, engine).gradients(network, theta, X64, Y64, w, seed=seed, step=step)
    grads[network.spans["weights"]] += verbs.d_penalty(network, theta, m)
    fixed = theta[trained.stop :]
    approx = np.zeros_like(theta)
    approx[trained] = central_differences(lambda part: J(np.concatenate([part, fixed])), theta[trained].copy(), h)
    dA0_approx = m * central_differences(lambda X: J(theta, X), X64.copy(), h)

    slots = [slot for slot in sorted(network.slots) if slot.group != "statistics"]
    pairs = [(s.name, s.shape, grads[s.place], approx[s.place]) for s in slots]
    dA0 = _dA0(network, theta, X64, Y64, w, key)
    pairs.append(("A0", dA0.shape, dA0.ravel(), dA0_approx.T.ravel()))
    rows = tuple(Row(n, s, float(np.max(np.abs(g - a))), relative_difference(g, a)) for n, s, g, a in pairs)
    return GradientCheck(rows, relative_difference(grads[trained], approx[trained]), tolerance)


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
    return X, Y, theta
