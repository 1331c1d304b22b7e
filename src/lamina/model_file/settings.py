"""The settings of a model as JSON, and back.

Objects (`Adam(beta1=0.95)`, a Residual among the hidden layers) become {"kind": ..., its settings}. What has no plain
form, such as a generator of random numbers or a scorer that is a function, is left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from lamina.data import headers
from lamina.equations.activations import ACTIVATIONS
from lamina.equations.layers import LAYERS, Dense, Residual
from lamina.errors import ModelFileError
from lamina.learning.choices import chosen, spelled
from lamina.learning.hyperparameters import Choice, check, settings_for

MAX_DEPTH = 32


class _NotPlain(Exception):
    """A value that JSON cannot hold."""


def to_header(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that have a plain form."""
    header = {}
    for name, value in settings.items():
        try:
            header[name] = _pairs(value) if isinstance(value, Mapping) and name == "class_weight" else _plain(value)
        except _NotPlain:
            continue
    return header


def _pairs(weights: Mapping[Any, Any]) -> list[list[Any]]:
    """Return a dict whose keys need not be text as a list of pairs."""
    return [[_plain(key), float(value)] for key, value in weights.items()]


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Dense):
        return {"kind": "dense", "units": value.units, "activation": value.activation}
    if isinstance(value, Residual):
        return {"kind": "residual", "layers": [_plain(layer) for layer in value.layers]}
    if is_dataclass(value) and hasattr(value, "kind"):
        return {name: _plain(one) for name, one in spelled(value).items()}
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, Sequence):
        return [_plain(one) for one in value]
    raise _NotPlain


def from_header(header: Any, task: str) -> dict[str, Any]:
    """Return the settings of a header; each is checked against its range.

    Raises
    ------
    LaminaError
        A setting that does not exist, or a value outside its range.
    """
    known = settings_for(task)
    if not isinstance(header, dict) or not set(header) <= set(known):
        raise ModelFileError("settings: names of settings expected")
    settings = {name: _value(name, value, known[name].kind) for name, value in header.items()}
    check(settings, task)
    return settings


def _value(name: str, value: Any, kind: Any) -> Any:
    if name == "hidden_layer_sizes" and isinstance(value, list):
        return tuple(_layer(one, 0) if isinstance(one, dict) else one for one in value)
    if name == "class_weight":
        return _class_weight(value)
    if name == "random_state" and value is not None:
        return headers.whole(value, "settings random_state", 0, 2**64 - 1)
    if name == "scoring":
        return headers.texts([value], "settings scoring")[0]
    if isinstance(kind, Choice) and isinstance(value, dict):
        _check_lists(value)
        return chosen(name, value, kind.table)
    if not isinstance(value, dict):
        return tuple(value) if isinstance(value, list) else value
    raise ModelFileError(f"settings {name}: a plain value expected")


def _class_weight(value: Any) -> Any:
    if value is None or value == "balanced":
        return value
    pairs = headers.listed(value, "settings class_weight")
    for pair in pairs:
        label, weight = headers.listed(pair, "settings class_weight", 2)
        if not isinstance(label, str | bool | int | float):
            raise ModelFileError("settings class_weight: labels expected")
        headers.finite([weight], "settings class_weight")
    return dict(pairs)


def _layer(entry: dict[str, Any], depth: int) -> Any:
    """Return a hidden layer that was given as an object."""
    kind = entry.get("kind")
    if kind == "residual" and depth < MAX_DEPTH:
        headers.fields(entry, "settings residual", ("kind", "layers"))
        inside = headers.listed(entry["layers"], "settings residual")
        if not all(isinstance(one, dict) for one in inside):
            raise ModelFileError("settings residual: layers expected")
        return Residual([_layer(one, depth + 1) for one in inside])
    if kind == "dense":
        headers.fields(entry, "settings dense", ("kind", "units", "activation"))
        units = headers.whole(entry["units"], "settings dense", 1, 2**31 - 1)
        return Dense(units, headers.choice(entry["activation"], "settings dense", ACTIVATIONS))
    kind = headers.choice(kind, "settings layer", [name for name in LAYERS if name != "residual"])
    headers.fields(entry, f"settings {kind}", ["kind", *(one.name for one in fields(LAYERS[kind]))])  # type: ignore[arg-type]
    if kind == "activation":
        headers.choice(entry["function"], "settings activation", ACTIVATIONS)
    return chosen("hidden_layer_sizes", entry, LAYERS)


def _check_lists(choice: dict[str, Any]) -> None:
    """Only quantiles are a list, and they always are."""
    for name, value in choice.items():
        if isinstance(value, dict) or (name == "quantiles") != isinstance(value, list) or value == []:
            raise ModelFileError(f"settings: {name[:40]} cannot be {str(value)[:40]}")
