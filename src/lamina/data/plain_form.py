"""Values as bytes and back, for another process that runs the same code: arrays and JSON, nothing that is run.

    None, booleans, numbers, text       themselves
    arrays, sparse matrices             their bytes, behind the JSON
    lists, tuples, sets, dictionaries   their items
    objects of the classes named        the name of the class, and its fields

What comes back has the same types and the same bits.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any

import numpy as np

from lamina.errors import DataError

PLAIN = (type(None), bool, int, float, str)
SIZE_BYTES = 8  # of the number in front: how long the JSON is


class PlainForm:
    """A way from values to bytes and back.

    Parameters
    ----------
    classes : mapping of class to function, or to None
        The data classes and named tuples that may occur; the function, where there is one, returns what goes in place
        of an object.
    """

    def __init__(self, classes: Mapping[type, Callable[[Any], Any] | None]) -> None:
        self._classes = dict(classes)
        self._by_name = {one.__name__: one for one in classes}

    def packed(self, value: Any) -> bytes:
        """Return a value as bytes.

        Raises
        ------
        DataError
            Something in it has no plain form.
        """
        arrays: list[Any] = []
        tree = self._plain(value, arrays)
        text = json.dumps([tree, [[one.dtype.str, one.shape] for one in arrays]]).encode()
        return b"".join([len(text).to_bytes(SIZE_BYTES, "little"), text, *(one.tobytes() for one in arrays)])

    def unpacked(self, data: bytes) -> Any:
        """Return the value that `packed` was given."""
        at = SIZE_BYTES + int.from_bytes(data[:SIZE_BYTES], "little")
        tree, shapes = json.loads(data[SIZE_BYTES:at])
        arrays = []
        for kind, shape in shapes:
            dtype, n = np.dtype(kind), int(np.prod(shape, dtype=np.int64))
            arrays.append(np.frombuffer(data, dtype, n, at).reshape(shape).copy())
            at += n * dtype.itemsize
        return self._value(tree, arrays)

    def _plain(self, value: Any, arrays: list[Any]) -> Any:
        """Return a value as JSON, and put its arrays behind those that are there."""
        if type(value) in PLAIN:
            return value
        if type(value) is list:
            return [self._plain(one, arrays) for one in value]
        if type(value) in self._classes:
            return {"of": type(value).__name__, "fields": self._fields(value, arrays)}
        write = WRITTEN.get(type(value))
        if write is None:
            write = next((write for kind, write in WRITTEN.items() if isinstance(value, kind)), None)
        if write is not None:
            key, found = write(value)
            return {key: _placed(found, arrays) if key == "array" else self._plain(found, arrays)}
        if hasattr(value, "tocsr"):
            matrix = value.tocsr()
            parts = [type(matrix).__name__, matrix.data, matrix.indices, matrix.indptr, list(matrix.shape)]
            return {"csr": self._plain(parts, arrays)}
        raise DataError(
            f"a value of type {type(value).__name__} is among the rows, and workers cannot send one another such a "
            "value: convert its column to text or numbers"
        )

    def _fields(self, value: Any, arrays: list[Any]) -> list[Any]:
        instead = self._classes[type(value)]
        value = value if instead is None else instead(value)
        return [self._plain(getattr(value, name), arrays) for name in _names(type(value))]

    def _value(self, tree: Any, arrays: list[Any]) -> Any:
        if type(tree) is list:
            return [self._value(one, arrays) for one in tree]
        if type(tree) is not dict:
            return tree
        if "of" in tree:
            kind = self._by_name[tree["of"]]
            return kind(*(self._value(one, arrays) for one in tree["fields"]))
        ((key, found),) = tree.items()
        return arrays[found] if key == "array" else READ[key](self._value(found, arrays))


def _names(kind: Any) -> tuple[str, ...]:
    """Return the fields of a data class or a named tuple, in the order in which it takes them."""
    return kind._fields if issubclass(kind, tuple) else tuple(one.name for one in fields(kind))


def _placed(array: Any, arrays: list[Any]) -> int:
    arrays.append(array)
    return len(arrays) - 1


def _of_dictionary(value: Mapping[Any, Any]) -> tuple[str, Any]:
    """Return keys and values apart; many numbers go as an array."""
    values = list(value.values())
    if set(map(type, values)) == {float}:
        return "numbers of", [list(value), np.array(values)]
    return "dictionary", [list(value), values]


def _of_array(value: Any) -> tuple[str, Any]:
    if value.dtype == object:
        return "objects", [list(value.shape), value.ravel().tolist()]
    return "array", np.ascontiguousarray(value).reshape(value.shape)


def _objects(given: Any) -> Any:
    shape, items = given
    found = np.empty(len(items), object)
    found[:] = items
    return found.reshape(shape)


def _csr(given: Any) -> Any:
    from scipy.sparse import csr_array, csr_matrix

    kind, data, indices, indptr, shape = given
    made = csr_array if kind == "csr_array" else csr_matrix
    return made((data, indices, indptr), shape=tuple(shape))


WRITTEN: dict[type, Callable[[Any], tuple[str, Any]]] = {
    np.ndarray: _of_array,
    np.generic: lambda value: ("number", np.asarray(value)),
    tuple: lambda value: ("tuple", list(value)),
    frozenset: lambda value: ("set", sorted(value)),
    Mapping: _of_dictionary,
    Decimal: lambda value: ("decimal", str(value)),
}

READ: dict[str, Callable[[Any], Any]] = {
    "objects": _objects,
    "number": lambda array: array[()],
    "tuple": tuple,
    "set": frozenset,
    "dictionary": lambda pair: dict(zip(*pair, strict=True)),
    "numbers of": lambda pair: dict(zip(pair[0], pair[1].tolist(), strict=True)),
    "decimal": Decimal,
    "csr": _csr,
}
