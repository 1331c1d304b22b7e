"""The activations as ONNX nodes, and the table of them: the rows of `lamina.equations.activations.ACTIVATIONS`.

They are written out in operators that every runtime has in single and in double precision.
"""

from collections.abc import Callable

from lamina.equations.activations import LEAKY_SLOPE, SELU_ALPHA, SELU_SCALE, SQRT_HALF
from lamina.exporting.graphs import Value, largest, one, smallest, where


def identity(Z: Value) -> Value:
    return Z


def sigmoid(Z: Value) -> Value:
    return one("Sigmoid", Z)


def tanh(Z: Value) -> Value:
    return one("Tanh", Z)


def relu(Z: Value) -> Value:
    return one("Relu", Z)


def leaky_relu(Z: Value) -> Value:
    return where(Z > 0, Z, LEAKY_SLOPE * Z)


def elu(Z: Value) -> Value:
    return where(Z > 0, Z, one("Exp", Z) - 1)


def selu(Z: Value) -> Value:
    return SELU_SCALE * where(Z > 0, Z, SELU_ALPHA * (one("Exp", Z) - 1))


def gelu(Z: Value) -> Value:
    """Z Phi(Z), with erf in single precision: onnxruntime has it in no other."""
    erf = one("Erf", (Z * SQRT_HALF).as_type("f4")).as_type(Z.dtype)
    return Z * (0.5 * (1 + erf))


def silu(Z: Value) -> Value:
    """Z / (1 + e^-Z): onnxruntime 1.18 makes of Z sigmoid(Z) what it cannot run in double precision."""
    return Z / (1 + one("Exp", -Z))


def softplus(Z: Value) -> Value:
    """max(Z, 0) + log(1 + e^-|Z|)."""
    return largest(Z, 0) + one("Log", 1 + one("Exp", -one("Abs", Z)))


def mish(Z: Value) -> Value:
    return Z * tanh(softplus(Z))


def hard_swish(Z: Value) -> Value:
    return Z * (smallest(largest(Z + 3, 0), 6) / 6)


ACTIVATIONS: dict[str, Callable[[Value], Value]] = {
    "identity": identity,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "relu": relu,
    "leaky_relu": leaky_relu,
    "elu": elu,
    "selu": selu,
    "gelu": gelu,
    "silu": silu,
    "mish": mish,
    "softplus": softplus,
    "hard_swish": hard_swish,
}
