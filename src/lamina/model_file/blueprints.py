"""A blueprint from a file: checked entry by entry, built, and compared with the blueprint of what was built.

The comparison holds everything derived (names, offsets, shapes) to the one rule in equations/slots.py.
"""

import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from lamina.data import headers
from lamina.equations.activations import ACTIVATIONS
from lamina.equations.affine import Affine
from lamina.equations.blueprint import DERIVED, DESCRIBED_LOSSES, OF_THE_NETWORK
from lamina.equations.layers import LAYERS, Residual
from lamina.equations.network import Network
from lamina.equations.own_loss import WITH_OUTPUT
from lamina.equations.scales import ParametricActivation
from lamina.equations.slots import GROUPS, Group
from lamina.errors import ModelFileError
from lamina.learning.choices import RANGES, chosen, within
from lamina.learning.own_losses import LONGEST_NAME

MAX_LAYERS = 4096  # building takes a time that grows with the square of the layers
MAX_DEPTH = 32  # of residuals inside residuals
MAX_UNITS = 2**31 - 1
MAX_MEMBERS = 4096
LISTS = ("quantiles", "columns", "levels")  # settings that are lists of numbers
ARRAY = ("role", "name", "offset", "rows", "columns", "group", "rate", "decay")


def network_from(blueprint: Any) -> Network:
    """Return the network of a blueprint.

    Raises
    ------
    LaminaError
        It is not what `Network.blueprint` gives.
    """
    headers.listed(blueprint, "blueprint")
    if len(blueprint) < 2:
        raise ModelFileError("blueprint: at least one layer and a loss expected")
    *layers, loss = blueprint
    if _count(layers, 0) > MAX_LAYERS:
        raise ModelFileError(f"blueprint: more than {MAX_LAYERS} layers")
    _check_loss(loss)
    _rename_mix(layers)
    network = Network.from_blueprint(blueprint)
    if _plain(network.blueprint()) != _plain(blueprint):
        raise ModelFileError("blueprint: names, sizes or offsets do not belong together")
    return network


def _rename_mix(layers: Any) -> None:
    """Give the array of a parametric activation its name: early files call it `alpha`."""
    for entry in layers:
        for array in entry["arrays"]:
            if (entry["kind"], array["role"]) == (ParametricActivation.kind, "alpha"):
                array |= {"role": "mix", "name": str(array["name"]).replace("alpha", "mix", 1)}
        _rename_mix(entry.get("chain", ()))


def _count(layers: Any, depth: int) -> int:
    """Check the layers of a chain; return how many there are, those inside included."""
    if depth > MAX_DEPTH:
        raise ModelFileError(f"blueprint: residuals inside residuals, deeper than {MAX_DEPTH}")
    return sum(1 + _check_layer(entry, depth) for entry in headers.listed(layers, "blueprint layers"))


def _check_layer(entry: Any, depth: int) -> int:
    """Check one layer; return how many layers are inside it."""
    kind = _kind(entry, "kind", LAYERS)
    own = ["chain" if one.name == "layers" else one.name for one in fields(LAYERS[kind]) if one.name != "units"]  # type: ignore[arg-type]
    headers.fields(entry, f"blueprint {kind}", [*DERIVED, "units", *own])
    inputs, units = (headers.whole(entry[name], f"blueprint {name}", 1, MAX_UNITS) for name in ("inputs", "units"))
    _check_arrays(entry["arrays"])
    if kind == Residual.kind:
        inside = _count(entry["chain"], depth + 1)
        if not entry["chain"] or entry["chain"][-1]["units"] != inputs:
            raise ModelFileError("blueprint: a residual's chain does not give back the width it gets")
        return inside
    if "columns" in own:
        _check_columns(kind, entry["columns"], inputs)
    if "levels" in own and len(headers.listed(entry["levels"], "blueprint levels")) != len(entry["columns"]):
        raise ModelFileError(f"blueprint {kind}: as many levels as columns expected")
    settings = {name: entry[name] for name in own} | ({"units": units} if issubclass(LAYERS[kind], Affine) else {})
    _check_settings("layer", kind, settings, LAYERS)
    return 0


def _check_columns(kind: str, columns: Any, inputs: int) -> None:
    """Check which units a layer looks at: different ones, increasing, and there."""
    found = [headers.whole(j, f"blueprint {kind} columns", 0, inputs - 1) for j in headers.listed(columns, kind)]
    if sorted(set(found)) != found:
        raise ModelFileError(f"blueprint {kind}: increasing numbers of columns expected")


def _check_arrays(arrays: Any) -> None:
    for array in headers.listed(arrays, "blueprint arrays"):
        headers.fields(array, "blueprint array", ARRAY)
        _kind(array, "group", GROUPS)
        _check_at_least_0(array, ("rate", "decay"))


def _check_loss(loss: Any) -> None:
    name = _kind(loss, "name", DESCRIBED_LOSSES)
    own = [one.name for one in fields(DESCRIBED_LOSSES[name]) if one.metadata.get("stored", True)]  # type: ignore[arg-type]
    headers.fields(loss, f"blueprint {name}", [*OF_THE_NETWORK, *own])
    if loss["kind"] != "loss":
        raise ModelFileError("blueprint: the loss stands at the end")
    _check_at_least_0(loss, ("l1", "l2"))
    headers.whole(loss["members"], "blueprint members", 1, MAX_MEMBERS)
    headers.fields(loss["groups"], "blueprint groups", GROUPS)
    for group in loss["groups"].values():
        headers.fields(group, "blueprint group", Group._fields)
        _check_at_least_0(group, Group._fields)
    _check_settings("loss", name, {one: loss[one] for one in own}, DESCRIBED_LOSSES)


def _check_settings(what: str, kind: str, settings: dict[str, Any], table: Any) -> None:
    """Check the settings of a layer or loss: names of tables, numbers in their ranges, lists where lists belong."""
    for name, value in settings.items():
        if name == "function":
            headers.choice(value, "blueprint function", ACTIVATIONS)
        elif name == "output_name":
            headers.choice(value, "blueprint output_name", WITH_OUTPUT)
        elif name == "called":
            if not isinstance(value, str) or not value.isprintable() or len(value) > LONGEST_NAME:
                raise ModelFileError("blueprint called: a short name expected")
        elif name == "ntk":
            headers.flag(value, "blueprint ntk")
        elif name not in RANGES or (name in LISTS) != isinstance(value, list) or value == []:
            raise ModelFileError(f"blueprint {kind}: {name} cannot be {str(value)[:40]}")
    chosen(what, {"kind": kind, **settings}, table)


def _check_at_least_0(entry: Any, names: Sequence[str]) -> None:
    for name in names:
        if not within(entry[name], 0, float("inf"), "[)"):
            raise ModelFileError(f"blueprint: {name} is at least 0, found {str(entry[name])[:40]}")


def _kind(entry: Any, key: str, table: Any) -> str:
    """Return the name at `key`, which must be one of the table."""
    if not isinstance(entry, dict):
        raise ModelFileError(f"blueprint: a dict expected, found {type(entry).__name__}")
    return headers.choice(entry.get(key), f"blueprint {key}", table)


def _plain(blueprint: Any) -> str:
    """Return the blueprint as text: tuples and lists are one, 1 and True are not."""
    return json.dumps(blueprint, sort_keys=True)
