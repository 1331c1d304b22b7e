"""The hidden layers as the page edits them: width, activation and dropout of each.

Where one activation and one rate of dropout hold for all, they are the library's settings of these names. Where rates
differ, `hidden_layer_sizes` is a list of layers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

from lamina.equations.affine import Affine
from lamina.equations.dropout import Dropout
from lamina.equations.layers import Activation, Linear
from lamina.equations.network import Network
from lamina.errors import SettingError
from lamina.learning.hyperparameters import check
from lamina.learning.networks import NORMALISATIONS

MOST_LAYERS, MOST_UNITS = 12, 512


@dataclass(frozen=True)
class Hidden:
    """A hidden layer."""

    units: int
    activation: str = "relu"
    dropout: float = 0.0


def hidden_of(network: Network) -> list[Hidden] | None:
    """Return the hidden layers of a network; None where it has others than the page edits."""
    found: list[Hidden] = []
    normalisations = tuple(NORMALISATIONS.values())
    for layer in network.layers[:-1]:
        if isinstance(layer, Affine):
            found.append(Hidden(layer.units, "identity"))
        elif isinstance(layer, Activation) and found:
            found[-1] = Hidden(found[-1].units, layer.function)
        elif isinstance(layer, Dropout) and found:
            found[-1] = Hidden(found[-1].units, found[-1].activation, layer.rate)
        elif not (isinstance(layer, normalisations) and found):
            return None
    return found


def settings_of(layers: Any, normalization: str | None = None) -> dict[str, Any]:
    """Return the library's settings for hidden layers from plain values: `[{"units": 4, "dropout": 0.1}]`.

    Raises
    ------
    SettingError
        They are none, or too many for a page.
    """
    if not isinstance(layers, Sequence) or isinstance(layers, str) or not 1 <= len(layers) <= MOST_LAYERS:
        raise SettingError(f"layers: expected a list of 1 to {MOST_LAYERS} hidden layers.")
    hidden = [_hidden(one, number) for number, one in enumerate(layers, start=1)]
    rates = {one.dropout for one in hidden}
    functions = [one.activation for one in hidden]
    if len(rates) == 1:
        one_function = functions[0] if len(set(functions)) == 1 else tuple(functions)
        sizes: tuple[Any, ...] = tuple(one.units for one in hidden)
        return {"hidden_layer_sizes": sizes, "activation": one_function, "dropout": rates.pop()}
    chain = [part for one in hidden for part in _parts(one, normalization)]
    return {"hidden_layer_sizes": tuple(chain), "activation": "relu", "dropout": 0.0}


def _hidden(given: Any, number: int) -> Hidden:
    known = {"units", "activation", "dropout"}
    if not isinstance(given, Mapping) or not set(given) <= known or "units" not in given:
        raise SettingError(f"layer {number}: expected units, and perhaps activation and dropout; found {given!r}.")
    one = Hidden(**given)
    units = one.units
    if not isinstance(units, Integral) or isinstance(units, bool) or not 1 <= int(units) <= MOST_UNITS:
        raise SettingError(f"layer {number}: {units!r} units, expected a whole number from 1 to {MOST_UNITS}.")
    check({"activation": (one.activation,), "dropout": one.dropout}, "classifier")
    if isinstance(one.dropout, str):
        raise SettingError(f"layer {number}: dropout={one.dropout!r}, expected a number.")
    return Hidden(int(units), one.activation, float(one.dropout))


def _parts(one: Hidden, normalization: str | None) -> list[Any]:
    parts: list[Any] = [Linear(one.units)]
    if normalization is not None:
        parts.append(NORMALISATIONS[normalization]())
    parts.append(Activation(one.activation))
    return [*parts, Dropout(one.dropout)] if one.dropout > 0 else parts
