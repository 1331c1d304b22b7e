"""The one description of a network, as plain dicts: C++ builds from it, the file stores it, the page draws it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from lamina.equations.affine import Affine
from lamina.equations.layers import LAYERS, Residual
from lamina.equations.losses import LOSSES
from lamina.equations.own_loss import FunctionLoss
from lamina.equations.random import Key
from lamina.equations.slots import Group
from lamina.equations.types import Layer, Loss

DERIVED = ("kind", "inputs", "layer", "arrays")  # in the blueprint, but not a setting of the layer
DESCRIBED_LOSSES: dict[str, type[Loss]] = {**LOSSES, FunctionLoss.kind: FunctionLoss}
OF_THE_NETWORK = ("kind", "name", "l1", "l2", "groups", "members")  # with the loss, but not a setting of it


def blueprint_of(network: Any) -> list[dict[str, Any]]:
    """Return the layers in order, then the loss; see `Network.blueprint`."""
    loss = {"kind": "loss", "name": network.loss.kind, **_settings(network.loss), "l1": network.l1, "l2": network.l2}
    loss |= {"groups": {name: group._asdict() for name, group in network.groups.items()}, "members": network.members}
    return [*_entries(network, network.layers, network.n_inputs, (), Key(0, 0)), loss]


def _settings(loss: Any) -> dict[str, Any]:
    return {one.name: getattr(loss, one.name) for one in fields(loss) if one.metadata.get("stored", True)}


def _entries(
    network: Any, layers: Sequence[Layer], n: int, path: tuple[int, ...], key: Key
) -> Iterator[dict[str, Any]]:
    for i, layer in enumerate(layers):
        here, units = key.inside(i), layer.width(n)
        entry: dict[str, Any] = {"kind": layer.kind, "inputs": n, "units": units, "layer": here.layer}
        if isinstance(layer, Residual):
            entry["chain"] = list(_entries(network, layer.layers, n, (*path, i), here))
        else:
            entry |= asdict(layer)  # type: ignore[call-overload]
        entry["arrays"] = [
            {
                "role": slot.role,
                "name": slot.name,
                "offset": slot.offset,
                "rows": slot.shape[0],
                "columns": slot.shape[1],
                "group": slot.group,
                "rate": slot.rate,
                "decay": slot.decay,
            }
            for slot in network.slots
            if slot.path == (*path, i)
        ]
        yield entry
        n = units


def read_back(blueprint: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the arguments of the Network that a blueprint describes."""
    *layers, loss = blueprint
    settings = {name: _plain(value) for name, value in loss.items() if name not in OF_THE_NETWORK}
    return {
        "n_inputs": layers[0]["inputs"],
        "layers": [_layer(entry) for entry in layers],
        "loss": DESCRIBED_LOSSES[loss["name"]](**settings),
        "l1": loss["l1"],
        "l2": loss["l2"],
        "groups": {name: Group(**group) for name, group in loss["groups"].items()},
        "members": loss["members"],
    }


def _layer(entry: Mapping[str, Any]) -> Layer:
    if entry["kind"] == Residual.kind:
        return Residual([_layer(inner) for inner in entry["chain"]])
    kind = LAYERS[entry["kind"]]
    derived = DERIVED if issubclass(kind, Affine) else (*DERIVED, "units")
    return kind(**{name: _plain(value) for name, value in entry.items() if name not in derived})


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
