"""What the functions are given: arrays of numbers, settings, and dictionaries of parameters.

Each check says what was found, what was expected, and what to do.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.equations.types import Array
from lamina.errors import DataError, DataWarning, SettingError

Arrays = dict[str, Array]
Named = Mapping[str, Any]  # W1, b1, ..., WL, bL; or dW1, db1, ..., dWL, dbL


def warn(message: str, category: type[Warning] = DataWarning) -> None:
    """Warn at the line outside of this package that is to be mended."""
    frame, level = sys._getframe(), 1
    while frame.f_back and frame.f_globals["__name__"].startswith(f"{__package__}."):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def shown(value: Any) -> str:
    """Return what was given in a few words: an array by its shape."""
    if isinstance(value, Mapping):
        return f"a dict of {listed(value)}"
    if isinstance(value, np.ndarray | np.number) or np.isscalar(value):
        return str(value.shape) if isinstance(value, np.ndarray) and value.ndim else _short(value)
    if isinstance(value, tuple | list):
        plain = all(part is None or np.isscalar(part) or isinstance(part, list) for part in value)
        return _short(value) if plain else f"({listed(map(shown, value), 6)})"
    return "None" if value is None else f"a {type(value).__name__}"


def _short(value: Any) -> str:
    text = repr(value.item() if isinstance(value, np.generic | np.ndarray) else value)
    return text if len(text) <= 40 else f"a {type(value).__name__} of {len(value)}"


def listed(names: Iterable[Any], most: int = 8) -> str:
    found = [str(name) for name in names]
    return ", ".join(found[:most] + ["..."] * (len(found) > most)) or "nothing"


# ---- arrays ----


def numbers(name: str, values: Any) -> NDArray[Any]:
    """Return an array of numbers, of whatever type they are."""
    if isinstance(values, tuple) and any(isinstance(part, np.ndarray | tuple) for part in values):
        raise DataError(
            f"{name} has {len(values)} parts, {shown(values)}: expected one array. A function that returns a cache too "
            "is taken apart: A, cache = ..."
        )
    if np.ma.is_masked(values):
        raise DataError(f"{name} has masked numbers: expected none; fill them first, {name}.filled(...)")
    try:
        array = np.asarray(values)
    except ValueError:
        raise DataError(f"{name} has rows of unequal lengths: expected an array, every row of one length") from None
    if array.dtype.kind not in "biuf":
        found = shown(values) if array.ndim == 0 else f"an array of {_kind(array)}"
        raise DataError(f"{name} is {found}: expected an array of numbers")
    return array


def _kind(array: NDArray[Any]) -> str:
    kinds = {"U": "text", "S": "bytes", "c": "complex numbers", "M": "dates", "m": "spans of time"}
    return kinds.get(array.dtype.kind, f"objects such as {array.flat[0]!r:.40}" if array.size else "objects")


def floats(**arrays: Any) -> list[Array]:
    """Return every array as floats; whole numbers and truth values take the type of the floats beside them."""
    found = [numbers(name, values) for name, values in arrays.items()]
    types = [array.dtype for array in found if array.dtype.kind == "f"]
    shared = np.result_type(*types) if types else np.dtype(np.float64)
    return [array if array.dtype.kind == "f" else array.astype(shared) for array in found]


def check_same(name: str, array: Array, other: str, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        hints = {
            "; is it transposed?": array.T.shape == shape,
            "; np.sum(..., axis=1, keepdims=True) makes a column": array.shape == shape[:1] and shape[1:] == (1,),
        }
        raise DataError(f"{name} is {shown(array)}, {other} is {shape}: expected the same shape{_first(hints)}")


def _first(hints: Mapping[str, bool]) -> str:
    """Return the first hint that fits."""
    return next((hint for hint, fits in hints.items() if fits), "")


def check_layer(A: Array, W: Array, b: Array, below: str = "A_prev", layer: str = "") -> None:
    """Check that W A + b can be computed."""
    W_, b_ = f"W{layer}", f"b{layer}"
    if W.ndim != 2:
        hint = f"; one unit is {W_}.reshape(1, -1)" if W.ndim == 1 else ""
        raise DataError(f"{W_} is {shown(W)}: expected (n, n_prev), a row of weights per unit{hint}")
    if A.ndim != 2:
        hint = f"; one example is {below}.reshape(-1, 1)" if A.shape == W.shape[1:] else ""
        raise DataError(f"{below} is {shown(A)}: expected ({W.shape[1]}, m), features down and examples across{hint}")
    if W.shape[1] != len(A):
        hints = {
            f"; features go down, examples across: is it {below}.T?": W.shape[1] == A.shape[1],
            f"; is it {W_}.T?": len(W) == len(A),
            f"; are {below} and {W_} swapped?": len(W) == A.shape[1],
        }
        raise DataError(f"{W_} is {W.shape}, {below} has {len(A)} rows: expected {W.shape[1]}{_first(hints)}")
    if b.shape != (len(W), 1):
        hint = f"; is it {b_}.reshape(-1, 1)?" if b.size == len(W) else ""
        raise DataError(f"{b_} is {shown(b)}, {W_} is {W.shape}: expected a column {b_}, {(len(W), 1)}{hint}")


def check_finite(name: str, array: Array) -> None:
    wrong = ~np.isfinite(array)
    if wrong.any():
        at = np.argwhere(wrong)[0].tolist()
        raise DataError(f"{name} is {array[tuple(at)]} at {at}: expected finite numbers")


# ---- labels ----


def predictions_and_labels(AL: Any, Y: Any, name: str = "AL", *, from_caches: bool = False) -> tuple[Array, Array]:
    """Return both as floats of AL's type and shape; the labels of a single unit may be flat or upright.

    An AL that comes with the caches of its layers cannot stand upright by mistake.
    """
    (AL,), (Y,) = floats(**{name: AL}), floats(Y=Y)
    Y = Y.astype(AL.dtype, copy=False)
    if AL.ndim == 2 and len(AL) == 1 and Y.size == AL.size:
        Y = Y.reshape(AL.shape)
    if AL.ndim != 2 or AL.shape != Y.shape or AL.size == 0:
        hints = {
            f"; is it {name}.reshape(1, -1)?": AL.ndim == 1 and AL.size > 0,
            "; is it Y.T?": AL.shape == Y.T.shape and AL.ndim == 2 and AL.size > 0,
        }
        raise DataError(
            f"{name} is {shown(AL)}, Y is {shown(Y)}: expected both to be (1, m), one column per example{_first(hints)}"
        )
    if AL.shape[1] == 1 and len(AL) > 1 and not from_caches:
        warn(
            f"{name} is {AL.shape}: taken as {len(AL)} output units and one example. For {len(AL)} examples of one "
            f"unit, expected (1, {len(AL)}): {name}.T."
        )
    return AL, Y


def warn_of_labels(Y: Array) -> None:
    """Warn of labels that are neither 0 nor 1, since the cost reads them as probabilities."""
    if np.isnan(Y).any():
        warn(f"Y is nan at {np.argwhere(np.isnan(Y))[0].tolist()}: expected labels of 0 and 1.")
    strange = np.unique(Y[~np.isin(Y, (0, 1)) & ~np.isnan(Y)])
    if strange.size:
        some = ", ".join(f"{value:g}" for value in strange[:3]) + (", ..." if strange.size > 3 else "")
        beyond = strange.min() < 0 or strange.max() > 1
        cure = "the cost can then fall below 0. Take Y = (Y == the positive label)" if beyond else "1 is yes, 0 is no"
        warn(f"Y holds {some}: expected labels of 0 and 1; {cure}.")


# ---- settings ----


def setting(name: str, value: Any, expected: str, fits: Callable[[float], bool]) -> float:
    """Return a number as a float."""
    number = value.item() if isinstance(value, np.generic | np.ndarray) and value.ndim == 0 else value
    if not isinstance(number, int | float) or not fits(float(number)):
        raise SettingError(f"{name} is {shown(value)}: expected {expected}")
    return float(number)


def whole(name: str, value: Any, least: int, expected: str = "") -> int:
    """Return a whole number as an int."""
    expected = expected or f"a whole number, at least {least}"
    return int(setting(name, value, expected, lambda number: number >= least and number.is_integer()))


def rate(learning_rate: Any) -> float:
    return setting("learning_rate", learning_rate, "a number of at least 0", lambda x: 0 <= x < np.inf)


def share(name: str, beta: Any) -> float:
    return setting(name, beta, "a number from 0 to below 1", lambda x: 0 <= x < 1)


def positive(name: str, value: Any) -> float:
    return setting(name, value, "a number above 0", lambda x: 0 < x < np.inf)


def penalty(lambd: Any) -> float:
    return setting("lambd", lambd, "a number of at least 0", lambda x: 0 <= x < np.inf)


def probability(keep_prob: Any) -> float:
    return setting("keep_prob", keep_prob, "a probability above 0, at most 1", lambda x: 0 < x <= 1)


def legacy_generator(seed: Any) -> np.random.RandomState:
    """Return the generator that gives the numbers of `np.random.seed(seed)`."""
    if seed is not None:
        setting("seed", seed, "None or a whole number from 0 to 2**32 - 1", lambda x: x.is_integer() and 0 <= x < 2**32)
    return np.random.RandomState(None if seed is None else int(seed))


# ---- dictionaries ----


def parameter_names(parameters: Any) -> list[str]:
    """Return W1, b1, ..., WL, bL."""
    if not isinstance(parameters, Mapping):
        raise DataError(f"parameters is {shown(parameters)}: expected a dict of W1, b1, ..., WL, bL")
    layers = {str(name)[1:] for name in parameters if str(name)[:1] == "W"}
    L = max(1, len(layers), *(int(layer) for layer in layers if layer.isdecimal() and len(layer) < 4))
    names = [f"{kind}{layer}" for layer in range(1, L + 1) for kind in "Wb"]
    if set(names) != set(parameters):
        missing = [name for name in names if name not in parameters]
        hints = {
            "; these are gradients": "dW1" in parameters and "W1" not in parameters,
            "; layers are counted from 1": "W0" in parameters,
            f"; missing: {listed(missing)}": len(missing) > 0,
            f"; unknown: {listed(name for name in parameters if name not in names)}": True,
        }
        raise DataError(f"parameters has {listed(parameters)}: expected W1, b1, ..., WL, bL{_first(hints)}")
    return names


def arrays_of(parameters: Any) -> Arrays:
    """Return W1, b1, ..., WL, bL as floats."""
    names = parameter_names(parameters)
    return dict(zip(names, floats(**{name: parameters[name] for name in names}), strict=True))


def beside(parameters: Arrays, arrays: Any, what: str) -> Arrays:
    """Return dW1, db1, ..., dWL, dbL of `arrays`, of the shapes of W1, b1, ..., WL, bL."""
    if not isinstance(arrays, Mapping):
        raise DataError(f"{what} is {shown(arrays)}: expected a dict of dW1, db1, ..., dWL, dbL")
    for name in parameters:
        if f"d{name}" not in arrays:
            spelled = [one for one in arrays if str(one).lower().replace("_", "").endswith(name.lower())]
            hints = {
                ". These are parameters": name in arrays,
                f". Is it {spelled[0] if spelled else None!r}?": len(spelled) > 0,
            }
            has = [one for one in arrays if str(one).startswith(("dW", "db"))] or arrays
            raise DataError(
                f"{what} has no 'd{name}': expected one array for every parameter, it has {listed(has)}{_first(hints)}"
            )
    given = floats(**parameters, **{f"d{name}": arrays[f"d{name}"] for name in parameters})[len(parameters) :]
    found = {f"d{name}": array for name, array in zip(parameters, given, strict=True)}
    for name, parameter in parameters.items():
        check_same(f"d{name} of {what}", found[f"d{name}"], name, parameter.shape)
    return found
