"""What the setting `dtype` means: the type of the numbers that are kept, and the operands of the products."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina.equations.affine import Affine, RoundedLinear
from lamina.equations.layers import Linear, Residual
from lamina.equations.types import Layer
from lamina.errors import SettingError

BFLOAT16 = "bfloat16"
DTYPES = ("float32", "float64", BFLOAT16)


def kept_type(dtype: str) -> np.dtype[Any]:
    """Return the type of rows, parameters and memory: with "bfloat16" too it is float32."""
    return np.dtype(np.float32 if dtype == BFLOAT16 else dtype)


def with_operands(layers: Sequence[Layer], dtype: str) -> tuple[Layer, ...]:
    """Return the layers as they multiply: with "bfloat16" every linear one rounds its operands.

    Raises
    ------
    SettingError
        A layer rounds to bfloat16, and `dtype` is "float64".
    """
    if dtype == "float64" and any(_rounds(layer) for layer in layers):
        raise SettingError(
            "hidden_layer_sizes has a RoundedLinear, which multiplies in bfloat16, and dtype='float64': choose one."
        )
    return rounding(layers) if dtype == BFLOAT16 else tuple(layers)


def rounding(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """Return the layers with every Linear a RoundedLinear, inside residuals too."""
    return _each_affine(layers, RoundedLinear)


def exact(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """Return the layers with every RoundedLinear a Linear: `rounding` undone."""
    return _each_affine(layers, Linear)


def _each_affine(layers: Sequence[Layer], kind: type[Linear] | type[RoundedLinear]) -> tuple[Layer, ...]:
    def changed(layer: Layer) -> Layer:
        if isinstance(layer, Affine):
            return kind(layer.units, layer.ntk)
        return Residual(_each_affine(layer.layers, kind)) if isinstance(layer, Residual) else layer

    return tuple(changed(layer) for layer in layers)


def _rounds(layer: Layer) -> bool:
    inside = layer.layers if isinstance(layer, Residual) else ()
    return isinstance(layer, RoundedLinear) or any(map(_rounds, inside))
