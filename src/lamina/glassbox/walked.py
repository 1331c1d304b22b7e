"""The arrays of one pass by name, and those of a step."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.equations import verbs
from lamina.equations.members import for_members, mean_of_members
from lamina.equations.network import Network
from lamina.equations.random import Key
from lamina.equations.walk import walk
from lamina.glassbox.equation import Value
from lamina.glassbox.loss_equations import LOSS_EQUATIONS, smoothed
from lamina.glassbox.network_equations import Setting, check_known
from lamina.glassbox.sites import sites_of

Arrays = dict[str, NDArray[Any]]


def arrays_of(network: Network, params: Any, X: Any, Y: Any, weights: Any, setting: Setting, key: Key) -> Arrays:
    """Return every array of a pass, in the order in which they are computed.

    Parameters
    ----------
    network : Network
    params : array, shape (network.size,)
    X : array, shape (m, n_inputs)
    Y : array, shape (m, targets), or None
    weights : array, shape (m,), or None
    setting : Setting
    key : Key
        Places the draws of dropout, in training.
    """
    check_known(network)
    members, sites = network.members, sites_of(network, setting.training)
    X, Y, weights = (None if one is None else np.asarray(one, params.dtype) for one in (X, Y, weights))
    dZ_of = None if Y is None else lambda Z: verbs.weighted_loss(network, Z, Y, weights)[1]
    with np.errstate(all="ignore"):  # what is not finite is shown
        there = walk(network, params, for_members(members, X.T), dZ_of, key if setting.training else None)
        of_walk, of_params = there.named(), network.named(params)
        found: Arrays = {"A0": of_walk["A0"]}
        for site in sites.every:
            found |= {name: of_params[name].copy() for name in site.p.values()}
            found |= {name: of_walk[name] for name in (site.mask, site.out) if name}
        found[sites.A] = of_walk[sites.A]
        if members > 1:
            found[f"{sites.A}_mean"] = mean_of_members(members, of_walk[sites.A])
        if Y is not None:
            found |= _of_cost(network, params, found[sites.A], of_walk[sites.Z], Y, weights, setting)
            found[f"d{sites.A}"] = _dAL(network, found[sites.A], found).astype(params.dtype)
            found |= {name: of_walk[name] for name in of_walk if name[0] == "d"}
            if setting.step is not None:
                _add_penalty(network, params, found, setting.step.examples)
    return found


def _of_cost(
    network: Network, params: Any, A: Any, Z: Any, Y: Any, weights: Any, setting: Setting
) -> Iterator[tuple[str, NDArray[Any]]] | Arrays:
    found: Arrays = {"Y": for_members(network.members, Y.T)}
    losses = network.loss.losses(Z, found["Y"])
    J = np.mean(losses)
    if weights is not None:
        found["w"] = for_members(network.members, weights[None])
        J = np.mean(found["w"][0] * losses)
    if setting.step is not None:
        J = J + verbs.penalty(network, params, setting.step.examples)
    return found | {"loss": losses[None], "cost": np.asarray(J, params.dtype)}


def _dAL(network: Network, A: Any, arrays: Mapping[str, Any]) -> NDArray[Any]:
    """Return dA[L], with which the lecture begins its way back; the library begins with dZ[L]."""
    rule, Y = LOSS_EQUATIONS[network.loss.kind], np.asarray(arrays["Y"], np.float64)
    found: Value = rule.dA.compute(network.loss, np.asarray(A, np.float64), smoothed(network.loss, Y))
    share = 1 if rule.sums else network.n_outputs
    return np.asarray(found.value * np.asarray(arrays.get("w", 1.0), np.float64) / share)


def _add_penalty(network: Network, params: Any, arrays: Arrays, examples: int) -> None:
    """Make the derivatives by the weights those of the objective of training."""
    slope = np.zeros_like(params)
    slope[network.spans["weights"]] = verbs.d_penalty(network, params, examples)
    named = network.named(slope)
    for slot in network.slots:
        if slot.group == "weights":
            arrays[f"d{slot.name}"] = arrays[f"d{slot.name}"] + named[slot.name]


def step_arrays(network: Network, optimiser: Any, before: Any, memory: Any, grads: Any, after: Any) -> Arrays:
    """Return the optimiser's memory before a step, and the parameters after it.

    Parameters
    ----------
    network : Network
    optimiser : Optimiser
    before, after : array, shape (network.size,)
    memory : array, shape (len(optimiser.remembers), network.size)
        That before the step.
    grads : mapping of str to array
        The arrays of the pass, with the derivatives.
    """
    found: Arrays = {}
    slots = sorted(network.slots)
    by_rule = optimiser.kind != "lbfgs"  # whose memory is no average of gradients
    for role, row in zip(optimiser.remembers if by_rule else (), memory, strict=False):
        named = network.named(row)
        found |= {f"{role}_{slot.name}": named[slot.name].copy() for slot in slots if slot.group != "statistics"}
    if by_rule and optimiser.clip_norm is not None:
        squares = [np.sum(np.square(grads[f"d{s.name}"], dtype=np.float64)) for s in slots if s.group != "statistics"]
        norm = float(np.sqrt(sum(squares)))
        found["clip"] = np.asarray(optimiser.clip_norm / max(norm, optimiser.clip_norm), before.dtype)
    named = network.named(after)
    return found | {f"{slot.name}_new": named[slot.name].copy() for slot in slots}
