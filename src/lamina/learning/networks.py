"""From settings to a network: hidden layers, normalisation, dropout, and the last layer that the loss needs."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from numbers import Integral
from typing import Any

from lamina.equations.layers import Activation, BatchNorm, Dropout, Layer, LayerNorm, Linear, Residual, unrolled
from lamina.equations.losses import LOSSES, BinaryLogLoss, CategoricalLogLoss, Loss, SquaredError
from lamina.equations.network import Network
from lamina.errors import SettingError
from lamina.learning.choices import chosen

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


def network_from(settings: Mapping[str, Any], n_inputs: int, n_targets: int, loss: Loss) -> Network:
    """Return the network: the hidden layers as set, then a linear layer with as many units as the loss needs.

    Raises
    ------
    SettingError
        As many activations as hidden layers were expected, or a Residual does not give back the width it got.
    """
    layers = [*_hidden(settings), Linear(loss.units(n_targets))]
    _check_widths(unrolled(layers), n_inputs)
    return Network(n_inputs, layers, loss, l1=float(settings["l1"]), l2=float(settings["alpha"]))


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
        yield Linear(int(entry))
        if settings["normalization"] is not None:
            yield NORMALISATIONS[settings["normalization"]]()
        yield Activation(next(following))
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
