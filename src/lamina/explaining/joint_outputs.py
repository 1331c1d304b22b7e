"""One h for all the members of a network, from the Z[L] of each: what an outcome is a weighted sum of.

    identity    h = mean of Z_j                                    numbers
    exp         h = mean of e^Z_j                                  numbers with a log link
    sigmoid     h = log(mean of A_j) - log(mean of 1 - A_j)        the logarithm of the odds
    softmax     h = log(mean of A_j)                               up to a constant over the classes

With one member h is Z[L] itself, and e^Z[L] for the second; so `decision_function` gives h, or differences of h.
"""

import numpy as np

from lamina.equations.members import for_members, mean_of_members
from lamina.equations.network import Network
from lamina.equations.types import Array

LEAST = np.finfo(np.float64).tiny  # a probability that is 0 has no logarithm


def joint(network: Network, Z: Array) -> Array:
    """Return h, (units, m), of Z[L], (units, m * members)."""
    kind, loss, members = network.loss.output_name, network.loss, network.members
    if kind == "identity" or (members == 1 and kind != "exp"):
        return mean_of_members(members, Z)
    A = mean_of_members(members, loss.output(Z))
    if kind == "exp":
        return A
    h = np.log(np.maximum(A, LEAST))
    return h - np.log(np.maximum(mean_of_members(members, loss.output(-Z)), LEAST)) if kind == "sigmoid" else h


def derivative(network: Network, c: Array, Z: Array) -> Array:
    """Return members * d(Σ c h)/dZ[L], (units, m * members), for c (units, m): its mean over the members is the sum."""
    kind, loss, members = network.loss.output_name, network.loss, network.members
    c = for_members(members, np.broadcast_to(c, (len(Z), Z.shape[1] // members)))
    if kind == "identity" or (members == 1 and kind != "exp"):
        return c
    A = loss.output(Z)
    if kind == "exp":
        return c * A  # d e^Z / dZ = e^Z
    of_all = for_members(members, np.maximum(mean_of_members(members, A), LEAST))
    if kind == "sigmoid":
        rest = loss.output(-Z)  # 1 - A, without its rounding
        return c * A * rest / (of_all * for_members(members, np.maximum(mean_of_members(members, rest), LEAST)))
    dA = c / of_all
    return A * (dA - (A * dA).sum(axis=0))
