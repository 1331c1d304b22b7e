"""From settings to a network: what columns are looked up in, hidden layers, and the last layer that the loss needs.

columns   Embedding, Periodic, Scale, MemberScale     where they are asked for
hidden    Linear, normalisation, activation, dropout  for every entry of hidden_layer_sizes
last      Linear                                      and MemberChoice, with several members
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

from lamina.equations.dropout import Dropout
from lamina.equations.embeddings import Embedding, Periodic
from lamina.equations.layers import Activation, Linear, Residual, unrolled
from lamina.equations.losses import LOSSES, BinaryLogLoss, CategoricalLogLoss
from lamina.equations.members import MemberChoice, MemberScale
from lamina.equations.network import Network
from lamina.equations.normalisation import BatchNorm, LayerNorm
from lamina.equations.own_loss import FunctionLoss
from lamina.equations.regression_losses import SquaredError
from lamina.equations.scales import ParametricActivation, Scale
from lamina.equations.slots import Group
from lamina.equations.types import Layer, Loss
from lamina.errors import SettingError
from lamina.learning.choices import chosen
from lamina.learning.own_losses import check_output, own_loss_of
from lamina.learning.precision import with_operands

NORMALISATIONS: dict[str, type[Layer]] = {"layer": LayerNorm, "batch": BatchNorm}

# What `loss="auto"` is for each task, and which losses fit a classifier.
LOSS_OF_TASK: dict[str, Loss] = {
    "binary": BinaryLogLoss(),
    "multilabel": BinaryLogLoss(),
    "multiclass": CategoricalLogLoss(),
    "regression": SquaredError(),
}


def loss_from(settings: Mapping[str, Any], task: str) -> Loss:
    """Return the loss for a task ("binary", "multiclass", "multilabel" or "regression").

    Raises
    ------
    SettingError
        The loss does not fit the task.
    """
    value = settings["loss"]
    if isinstance(value, FunctionLoss):  # a network's
        check_output(value.called, value.output_name, task)
        return value
    if (own := own_loss_of(value)) is not None:
        return own.of_task(task, float(settings.get("label_smoothing") or 0.0))
    fitting = LOSS_OF_TASK[task]
    loss = fitting if settings["loss"] == "auto" else chosen("loss", settings["loss"], LOSSES)
    log_loss = isinstance(loss, BinaryLogLoss | CategoricalLogLoss)
    if (task == "regression") == log_loss or (log_loss and type(loss) is not type(fitting)):
        others = [kind for kind in LOSSES if ("log_loss" in kind) != (task == "regression")]
        expected = fitting.kind if task != "regression" else f"one of {', '.join(others)}"
        raise SettingError(f"loss={loss.kind!r} does not fit a {task} target: expected {expected}, or 'auto'.")
    if log_loss and settings.get("label_smoothing"):
        loss = replace(loss, label_smoothing=float(settings["label_smoothing"]))  # type: ignore[type-var]
    return loss


@dataclass(frozen=True)
class Inputs:
    """What the encoded columns are."""

    n: int
    numbers: tuple[int, ...] = ()  # which are scaled numbers
    embedded: tuple[tuple[int, int], ...] = ()  # which hold the number of a category, and how many there are


def network_from(settings: Mapping[str, Any], inputs: Inputs, n_targets: int, loss: Loss) -> Network:
    """Return the network: the hidden layers as set, between what the columns and what the loss needs.

    Parameters
    ----------
    settings : mapping
        Every setting of the network, none at "auto" (`presets.resolved`).
    inputs : Inputs
    n_targets : int
    loss : Loss

    Raises
    ------
    SettingError
        As many activations as hidden layers were expected, or a Residual does not give back the width it got.
    """
    members, units = int(settings["n_members"]), loss.units(n_targets)
    layers = [*_columns(settings, inputs), *_hidden(settings), Linear(units * members, bool(settings["ntk"]))]
    if members > 1:
        layers.append(MemberChoice(members))
    _check_widths(unrolled(layers), inputs.n)
    return Network(
        inputs.n,
        with_operands(unrolled(layers), settings.get("dtype", "float32")),
        loss,
        l1=float(settings["l1"]),
        l2=float(settings["alpha"]),
        groups={"biases": Group(float(settings["bias_rate"]), 0.0)},
        members=members,
    )


MIX_RATE = 0.1  # of a parametric activation's mix, beside all others; Holzmueller et al. 2024


def _columns(settings: Mapping[str, Any], inputs: Inputs) -> Iterator[Layer]:
    """Yield what stands before the first hidden layer."""
    embedded = [j for j, _ in inputs.embedded]
    if embedded:
        yield Embedding(tuple(embedded), tuple(n for _, n in inputs.embedded), int(settings["embedding_size"]))
    if settings["numeric_embedding"] is not None and inputs.numbers:
        places = {j: place for place, j in enumerate(_beside_embeddings(inputs))}
        numbers = tuple(places[j] for j in inputs.numbers)
        yield Periodic(numbers, rate_factor=float(settings["numeric_embedding_rate"]))
    if settings["front_scale"]:
        yield Scale(float(settings["front_scale"]))
    if settings["n_members"] > 1:
        yield MemberScale(int(settings["n_members"]))


def _beside_embeddings(inputs: Inputs) -> list[int]:
    """Return the encoded columns that are left of those after an embedding, which takes its own away."""
    embedded = {j for j, _ in inputs.embedded}
    return [j for j in range(inputs.n) if j not in embedded]


def periodic_numbers(network: Network, inputs: Inputs) -> tuple[int, ...]:
    """Return which encoded columns a network embeds periodically."""
    periodic = [layer for layer in network.layers if isinstance(layer, Periodic)]
    left = _beside_embeddings(inputs)
    return tuple(left[place] for layer in periodic for place in layer.columns)


def _hidden(settings: Mapping[str, Any]) -> Iterator[Any]:
    sizes = settings["hidden_layer_sizes"]
    entries = [sizes] if isinstance(sizes, Integral) else list(sizes)
    plain = [entry for entry in entries if isinstance(entry, Integral)]
    activation, rate = settings["activation"], float(settings["dropout"])
    functions = [activation] * len(plain) if isinstance(activation, str) else list(activation)
    if len(functions) != len(plain):
        raise SettingError(
            f"activation has {len(functions)} names for {len(plain)} hidden layers: expected one for each, or one name."
        )
    following = iter(functions)
    for entry in entries:
        if not isinstance(entry, Integral):
            yield entry
            continue
        yield Linear(int(entry), bool(settings["ntk"]))
        if settings["normalization"] is not None:
            yield NORMALISATIONS[settings["normalization"]]()
        function = next(following)
        parametric = settings["parametric_activation"]
        yield ParametricActivation(function, MIX_RATE) if parametric else Activation(function)
        if rate > 0:
            yield Dropout(rate)


def _check_widths(layers: tuple[Layer, ...], n: int) -> int:
    for layer in layers:
        if isinstance(layer, Residual) and (found := _check_widths(layer.layers, n)) != n:
            raise SettingError(
                f"hidden_layer_sizes: a Residual gets {n} units and its chain gives {found}; a skip adds the two, so "
                f"end the chain with Linear({n}) or Dense({n})."
            )
        n = layer.width(n)
    return n
