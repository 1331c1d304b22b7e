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


def check_line_search(layers: Sequence[Layer], dtype: str) -> None:
    """Raise a SettingError where a layer rounds to bfloat16: L-BFGS cannot see what rounding hides."""
    if any(map(_rounds, layers)):
        rounded = ("dtype='bfloat16'", "dtype='float32'")
        own = ("a RoundedLinear in hidden_layer_sizes", "Linear in its place")
        found, instead = rounded if dtype == BFLOAT16 else own
        raise SettingError(
            f"optimizer='lbfgs' with {found}: its line search compares costs that differ in the last digits, which "
            f"rounded operands hide. Choose {instead}, or another optimizer."
        )


def rounding(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """Return the layers with every Linear a RoundedLinear, inside residuals too; one's own kinds stay as they are."""
    return _each(layers, Linear, RoundedLinear)


def exact(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """Return the layers with every RoundedLinear a Linear: `rounding` undone."""
    return _each(layers, RoundedLinear, Linear)


def _each(layers: Sequence[Layer], old: type[Affine], new: type[Linear] | type[RoundedLinear]) -> tuple[Layer, ...]:
    def changed(layer: Layer) -> Layer:
        if isinstance(layer, Residual):
            return Residual(_each(layer.layers, old, new))
        return new(layer.units, layer.ntk) if isinstance(layer, Affine) and type(layer) is old else layer

    return tuple(changed(layer) for layer in layers)


def _rounds(layer: Layer) -> bool:
    inside = layer.layers if isinstance(layer, Residual) else ()
    return isinstance(layer, RoundedLinear) or any(map(_rounds, inside))
