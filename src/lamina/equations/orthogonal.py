"""How Muon moves a matrix that it sees whole: momentum, made orthogonal."""

from dataclasses import dataclass

import numpy as np

from lamina.equations.types import Array

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # a, b, c
LENGTH_OF_ADAM = 0.2  # the root mean square of the entries of a direction of AdamW, about


def orthogonalised(M: Array, iterations: int) -> Array:
    """X = a X + (b A + c A^2) X with A = X X^T, again and again, from a matrix of length 1 at most.

    Every singular value s becomes a s + b s^3 + c s^5; those that are not tiny settle between 0.7 and 1.2, and the
    singular vectors stay. So U S V^T becomes about U V^T, the nearest matrix whose rows (or columns) are orthonormal.

    Parameters
    ----------
    M : array, shape (rows, columns)
    iterations : int

    References
    ----------
    Jordan 2024, "Muon: An optimizer for hidden layers in neural networks", which has the coefficients.
    """
    a, b, c = NEWTON_SCHULZ
    wide = M.shape[0] <= M.shape[1]  # A is of the shorter side
    X = M if wide else M.T
    for _ in range(iterations):
        A = X @ X.T
        X = a * X + (b * A + c * A @ A) @ X
    return X if wide else X.T


@dataclass(frozen=True, kw_only=True)
class OrthogonalMomentum:
    """The direction of hidden matrices, for a rule that has another for the rest (Jordan 2024):

    v = momentum v + g;  u = g + momentum v;  X = u / max(||u||, epsilon)
    d = 0.2 sqrt(max(rows, columns)) orthogonalised(X)

    So every direction of a matrix is learned at the same pace, however small its gradients. With the factor in front,
    the entries of d are as large as AdamW's, and its learning rates and decay carry over (Liu et al. 2025, "Muon is
    scalable for LLM training").
    """

    momentum: float = 0.95
    iterations: int = 5
    epsilon: float = 1e-8

    def matrix_direction(self, memory: Array, grad: Array, t: int) -> Array:
        """Return d for the gradient of a matrix, (rows, columns); memory is (2, rows, columns), and s stays 0."""
        v, _ = memory
        v[:] = self.momentum * v + grad
        u = grad + self.momentum * v
        X = u / max(float(np.linalg.norm(u)), self.epsilon)
        return LENGTH_OF_ADAM * max(u.shape) ** 0.5 * orthogonalised(X, self.iterations)
