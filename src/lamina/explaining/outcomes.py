"""The outcome O that columns move, as a function of Z[L].

    O   regression        the prediction, in units of the target, before it is kept in a range
        two classes       Z[L], the logarithm of the odds
        more classes      Z[L] of a class, less the mean over all classes: softmax knows the differences only
        several labels    Z[L] of a label

Of several members it is what all of them say together: see `joint_outputs`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.data.targets import Labels, Numbers
from lamina.equations.network import Network
from lamina.equations.types import Array
from lamina.errors import SettingError, nearest
from lamina.explaining.joint_outputs import derivative, joint
from lamina.model import Model, most_likely, one_hot


@dataclass(frozen=True)
class Outcome:
    """O = shift + Σ c h, the sum over the units, of the h that `joint_outputs` makes of Z[L].

    Attributes
    ----------
    network : Network
    name : str
        "price", "Z[L] of '>50K'", ...
    weights : function
        From Z[L] of some rows, (units, m * members) of each bag, to their c, (units, m): all alike, or those of the
        class that all bags predict together.
    shift : float
    """

    network: Network
    name: str
    weights: Callable[..., Array]
    shift: float = 0.0

    def value(self, c: Array, Z: Array) -> Array:
        """Return O, (m,)."""
        return self.shift + (c * joint(self.network, Z)).sum(axis=0)

    def derivative(self, c: Array, Z: Array) -> Array:
        """Return the number of members times dO/dZ[L], (units, m * members)."""
        return derivative(self.network, c, Z)


def outcome_of(model: Model, chosen: Any) -> Outcome:
    """Return the outcome that is meant by a class, the number of an output, or None.

    Raises
    ------
    SettingError
        There is no such outcome, or several and none was chosen.
    """
    if isinstance(model.target, Labels):
        return _of_class(model.network, model.target, chosen)
    return _of_number(model.network, model.target, chosen, model.target_name)


def _of_class(network: Network, target: Labels, chosen: Any) -> Outcome:
    classes = target.classes.tolist()
    if chosen is not None and (np.ndim(chosen) or chosen not in classes):
        known = ", ".join(map(repr, classes[:20])) + (", ..." if len(classes) > 20 else "")
        raise SettingError(f"outcome={chosen!r}: expected one of {known}.{nearest(str(chosen), classes)}")
    if target.task == "multilabel" and chosen is None:
        raise SettingError(f"This model predicts {len(classes)} labels: say which, outcome=0 to {len(classes) - 1}.")
    if chosen is None and target.task == "multiclass":
        return Outcome(network, "Z[L] of the predicted class", lambda *Z: _contrast(_predicted(network, *Z)))
    k = len(classes) - 1 if chosen is None else classes.index(chosen)
    name = f"Z[L] of label {k}" if target.task == "multilabel" else f"Z[L] of {classes[k]!r}"
    if target.task == "binary":
        sign = 1.0 if k == len(classes) - 1 else -1.0
        return Outcome(network, name, lambda *Z: np.full((1, Z[0].shape[1] // network.members), sign))
    if target.task == "multiclass":
        return Outcome(network, name, lambda *Z: _contrast(_unit(network, Z[0], k)))
    return Outcome(network, name, lambda *Z: _unit(network, Z[0], k))


def _of_number(network: Network, target: Numbers, chosen: Any, name: str) -> Outcome:
    units = network.n_outputs
    if chosen is None and units > 1:
        raise SettingError(f"This model predicts {units} numbers for a row: say which, outcome=0 to {units - 1}.")
    if chosen not in (None, *range(units)):
        raise SettingError(f"outcome={chosen!r}: expected a whole number from 0 to {units - 1}.")
    k = chosen or 0
    of = k // (units // target.n_targets)  # all outputs of target 1 come first
    scale, shift = float(target.scale[of]), float(target.location[of])
    name = f"{name}[{k}]" if units > 1 else name
    return Outcome(network, name, lambda *Z: scale * _unit(network, Z[0], k), shift)


def _unit(network: Network, Z: Array, k: int) -> Array:
    return one_hot(Z[:, :: network.members], k)


def _predicted(network: Network, *Z: Array) -> Array:
    return one_hot(Z[0][:, :: network.members], most_likely(network, *Z))


def _contrast(c: Array) -> Array:
    """Return the weights of the unit less the mean of all units."""
    return c - 1 / len(c)
