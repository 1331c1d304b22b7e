"""An ONNX graph as formulas: a `Value` is what flows along an edge, and arithmetic on values adds nodes.

    Z = A @ W + b        three names in the graph: a MatMul, an Add, and the constants W and b

Only operators that mean the same in every opset from `OPSET` on are used, so that a graph also fits into a newer one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.errors import MissingExtraError

OPSET = 18  # ONNX 1.13, December 2022; onnxruntime runs it from 1.14 on
ML_OPSET = 3  # of the domain ai.onnx.ml, which has the LabelEncoder
ML = "ai.onnx.ml"
TEXT = np.dtype(object)


def onnx_library() -> ModuleType:
    """Return the module `onnx`.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        import onnx
    except ImportError:
        raise MissingExtraError("ONNX files are written with onnx: pip install 'lamina[onnx]'") from None
    return onnx


@dataclass(eq=False)
class Graph:
    """The nodes and constants so far.

    Parameters
    ----------
    taken : set of str
        Names that are given away: those of inputs and outputs.
    prefix : str
        Of the names of everything that lies between.
    """

    taken: set[str]
    prefix: str = ""
    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)
    _known: dict[Any, str] = field(default_factory=dict)
    _count: int = 0

    def new_name(self, hint: str) -> str:
        """Return a name that nothing has yet."""
        self._count += 1
        name = f"{self.prefix}{hint}_{self._count}"
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name

    def node(self, op: str, *inputs: "Value", dtype: Any = None, domain: str = "", **attributes: Any) -> "Value":
        """Add a node with one output, of the type of its first input unless `dtype` says otherwise."""
        name = self.new_name(op)
        names = [one.name for one in inputs]
        made = onnx_library().helper.make_node(op, names, [name], name=f"{name}_node", domain=domain, **attributes)
        self.nodes.append(made)
        return Value(self, name, inputs[0].dtype if dtype is None else np.dtype(dtype))

    def constant(self, values: Any, dtype: Any) -> "Value":
        """Return a constant; equal ones are stored once."""
        dtype = np.dtype(dtype)
        array = np.ascontiguousarray(np.asarray(values, dtype)).reshape(np.shape(values))
        content = tuple(array.reshape(-1).tolist()) if dtype == TEXT else array.tobytes()
        key = (dtype.str, array.shape, content)
        if key not in self._known:
            self._known[key] = self.new_name("constant")
            self.constants.append(tensor(self._known[key], array))
        return Value(self, self._known[key], dtype)


@dataclass(frozen=True, eq=False)
class Value:
    """What a node gives, or a constant, or an input."""

    graph: Graph
    name: str
    dtype: np.dtype[Any]

    def __add__(self, other: Any) -> "Value":
        return self.graph.node("Add", self, self.like(other))

    def __sub__(self, other: Any) -> "Value":
        return self.graph.node("Sub", self, self.like(other))

    def __mul__(self, other: Any) -> "Value":
        return self.graph.node("Mul", self, self.like(other))

    def __truediv__(self, other: Any) -> "Value":
        return self.graph.node("Div", self, self.like(other))

    def __matmul__(self, other: Any) -> "Value":
        return self.graph.node("MatMul", self, self.like(other))

    def __radd__(self, other: Any) -> "Value":
        return self.like(other) + self

    def __rsub__(self, other: Any) -> "Value":
        return self.like(other) - self

    def __rmul__(self, other: Any) -> "Value":
        return self.like(other) * self

    def __neg__(self) -> "Value":
        return self.graph.node("Neg", self)

    def __gt__(self, other: Any) -> "Value":
        return self.graph.node("Greater", self, self.like(other), dtype=bool)

    def __ge__(self, other: Any) -> "Value":
        return self.graph.node("GreaterOrEqual", self, self.like(other), dtype=bool)

    def equals(self, other: Any) -> "Value":
        """Return where both are the same."""
        return self.graph.node("Equal", self, self.like(other), dtype=bool)

    def at(self, places: Any, axis: int = 1) -> "Value":
        """Return what stands at these places of an axis; places are numbers or a Value of them."""
        chosen = places if isinstance(places, Value) else self.graph.constant(np.asarray(places), np.int64)
        return self.graph.node("Gather", self, chosen, axis=axis)

    def shaped(self, *shape: int) -> "Value":
        """Return the same numbers in another shape; 0 keeps an axis as it is, -1 takes the rest."""
        return self.graph.node("Reshape", self, self.graph.constant(shape, np.int64))

    def as_type(self, dtype: Any) -> "Value":
        """Return the same numbers as another type."""
        if np.dtype(dtype) == self.dtype:
            return self
        return self.graph.node("Cast", self, dtype=dtype, to=element_type(dtype))

    def like(self, other: Any) -> "Value":
        """Return a number or an array as a constant of this type; a Value as it is."""
        return other if isinstance(other, Value) else self.graph.constant(other, self.dtype)


def element_type(dtype: Any) -> int:
    """Return what ONNX calls a type."""
    onnx = onnx_library()
    if np.dtype(dtype) == TEXT:
        return int(onnx.TensorProto.STRING)
    return int(onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


def tensor(name: str, array: NDArray[Any]) -> Any:
    """Return an array as ONNX stores it."""
    onnx = onnx_library()
    if array.dtype == TEXT:
        texts = [text.encode() for text in array.reshape(-1).tolist()]
        return onnx.helper.make_tensor(name, onnx.TensorProto.STRING, array.shape, texts)
    return onnx.numpy_helper.from_array(array, name)


def one(op: str, value: Value) -> Value:
    """Return an operator of one value, such as "Exp"."""
    return value.graph.node(op, value)


def as_bfloat16(value: Value) -> Value:
    """Return the numbers rounded to bfloat16, in the type that they have."""
    rounded = value.graph.node("Cast", value, to=int(onnx_library().TensorProto.BFLOAT16))
    return value.graph.node("Cast", rounded, to=element_type(value.dtype))


def asked(op: str, value: Value) -> Value:
    """Return an operator that answers yes or no of each number: "IsNaN", "IsInf"."""
    return value.graph.node(op, value, dtype=bool)


def largest(value: Value, other: Any) -> Value:
    """Return the larger of two, number by number."""
    return value.graph.node("Max", value, value.like(other))


def smallest(value: Value, other: Any) -> Value:
    """Return the smaller of two, number by number."""
    return value.graph.node("Min", value, value.like(other))


def where(condition: Value, yes: Any, no: Any) -> Value:
    """Return `yes` where the condition holds, else `no`; one of them is a Value, and the other of its type."""
    typed = yes if isinstance(yes, Value) else no
    return condition.graph.node("Where", condition, typed.like(yes), typed.like(no), dtype=typed.dtype)


def beside(values: Sequence[Value]) -> Value:
    """Return blocks of columns side by side."""
    return values[0] if len(values) == 1 else values[0].graph.node("Concat", *values, axis=1)


def total(value: Value, axis: int) -> Value:
    """Return the sum over an axis, which stays with the length 1."""
    return value.graph.node("ReduceSum", value, value.graph.constant([axis], np.int64))


def assembled(blocks: Iterable[tuple[Any, Value]]) -> Value:
    """Return blocks of columns side by side, each column at its place; together they fill 0 to n - 1."""
    found = [(np.asarray(places, np.intp), block) for places, block in blocks if len(places)]
    places, whole = np.concatenate([one for one, _ in found]), beside([block for _, block in found])
    return whole if np.array_equal(places, np.arange(len(places))) else whole.at(np.argsort(places))


def repeated(row: Any, beside: Value) -> Value:
    """Return a constant of shape (1, n) once for each row of `beside`, in its type."""
    graph = beside.graph
    count = graph.node("Shape", beside, dtype=np.int64, start=0, end=1)
    shape = graph.node("Concat", count, graph.constant([1], np.int64), axis=0)
    return graph.node("Expand", beside.like(row), shape)
