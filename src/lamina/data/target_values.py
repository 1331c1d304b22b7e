"""Targets as plain arrays, whatever they came as, checked; and what kind of task they make."""

import numbers
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lamina.data.tables.arrays import from_numpy
from lamina.data.tables.columns import Kind, is_missing, is_number, short
from lamina.data.tables.frames import one_dimensional, unmasked
from lamina.errors import DataError

DetectedTask = Literal["binary", "multiclass", "regression"]

FEW_CLASSES = 20  # whole numbers with so many different values are taken for classes


def plain(y: Any) -> NDArray[Any]:
    """Return y as an array of one or two dimensions; a column vector becomes flat."""
    array = _array(y)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim not in (1, 2):
        raise DataError(f"y should be a 1d array, or (rows, targets); found shape {array.shape}")
    if array.size == 0:
        raise DataError(f"Found array with 0 sample(s) (shape={array.shape}) in y while a minimum of 1 is required.")
    if array.dtype.kind == "c":
        raise DataError("Complex data not supported: y holds complex numbers")
    return array


def _array(y: Any) -> NDArray[Any]:
    if y is None:
        raise DataError(
            "Expected array-like (array or non-string sequence), got None: y holds the targets, one per row"
        )
    if hasattr(y, "tocsr"):
        return np.asarray(y.toarray())
    if isinstance(y, np.ma.MaskedArray):
        return unmasked(y)
    if isinstance(y, np.ndarray):
        return y
    if isinstance(y, list | tuple):
        try:
            array = np.asarray(y)
        except ValueError as error:
            raise DataError(f"y: rows of one length expected: {error}") from error
        return array if array.dtype.kind not in "U" or array.ndim != 1 else np.array([*y, None], object)[:-1]
    if hasattr(y, "columns") and hasattr(y, "__arrow_c_stream__"):  # a data frame of targets
        return np.asarray(y.to_numpy())
    values = one_dimensional(y)
    return values if isinstance(values, np.ndarray) else np.asarray(values.to_numpy())


def same_length(rows: int, found: int, what: str) -> None:
    """Raise a DataError unless there is one per row."""
    if rows != found:
        raise DataError(f"{rows} rows, but {found} {what}: one per row expected")


def plain_numbers(y: Any) -> NDArray[np.float64]:
    """Return y as float64; text is refused."""
    given = plain(y)
    if given.dtype.kind in "fiub":
        return np.asarray(given, np.float64)
    if given.dtype.kind != "O":
        raise DataError(f"y holds {_called(given)}: numbers expected; for classes use a classifier")
    for i, value in enumerate(given.reshape(-1)):
        if not is_missing(value) and not is_number(type(value)):
            row = i // (given.size // len(given))
            raise DataError(f"y holds {short(value)} in row {row}: numbers expected; for classes use a classifier")
    floats = [np.nan if is_missing(value) else float(value) for value in given.reshape(-1)]
    return np.array(floats).reshape(given.shape)


def _called(y: NDArray[Any]) -> str:
    return {"U": "text", "S": "bytes", "M": "dates", "m": "durations"}.get(y.dtype.kind, str(y.dtype))


def check_numbers(y: NDArray[np.float64]) -> None:
    """Raise a DataError that counts the targets that are not finite and names the first row."""
    bad = ~np.isfinite(y)
    if not bad.any():
        return
    rows = np.flatnonzero(bad.reshape(len(y), -1).any(axis=1))
    found = "NaN" if np.isnan(y).any() else "infinity"
    raise DataError(f"Input y contains {found}: {_rows(rows)}; drop or fill these rows")


def _rows(rows: NDArray[Any]) -> str:
    return f"{len(rows)} row{'s' * (len(rows) != 1)}, the first is row {rows[0]}"


def is_missing_target(y: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which rows lack a target, shape (rows,)."""
    if y.dtype.kind == "O":
        missing = np.array([is_missing(value) for value in y.reshape(-1)], bool).reshape(y.shape)
    else:
        missing = np.isnan(y) if y.dtype.kind == "f" else np.zeros(y.shape, bool)
    return missing if missing.ndim == 1 else np.asarray(missing.any(axis=1))


def plain_labels(y: Any) -> NDArray[Any]:
    """Return labels as an array of text, whole numbers, floats or booleans.

    Raises
    ------
    DataError
        Labels missing, continuous or of mixed types ("Unknown label type").
    """
    labels = plain(y)
    if labels.dtype.kind == "O":
        labels = _from_objects(labels)
    if labels.dtype.kind == "f":
        _check_whole(labels)
    elif labels.dtype.kind not in "iubU":
        raise DataError(f"Unknown label type: {_called(labels)}. Text, whole numbers or booleans expected")
    if labels.ndim == 2 and (labels.dtype.kind == "U" or not np.isin(labels, (0, 1)).all()):
        raise DataError(
            f"Unknown label type: multiclass-multioutput. y of shape {labels.shape} with 0 and 1 only (multilabel) "
            "expected, or one label per row"
        )
    return labels


def _check_whole(labels: NDArray[Any]) -> None:
    check_numbers(labels)
    fractions = (labels != np.floor(labels)).reshape(len(labels), -1).any(axis=1)
    if fractions.any():
        i = int(np.argmax(fractions))
        shown = short(labels[i].tolist())
        raise DataError(f"Unknown label type: continuous. y holds {shown} in row {i}: for numbers use a regressor")


def _from_objects(y: NDArray[Any]) -> NDArray[Any]:
    flat = y.reshape(-1)
    types = set(map(type, flat))
    if all(issubclass(kind, str) for kind in types):
        if "\0" in "".join(flat):
            bad = next((i for i, value in enumerate(flat) if value.endswith("\0")), None)
            if bad is not None:
                raise DataError(f"y holds {short(flat[bad])} in row {bad}: labels that end in a zero character lose it")
        return np.asarray(y, np.str_)
    missing = np.array([is_missing(value) for value in flat]).reshape(len(y), -1).any(axis=1)
    if missing.any():
        raise DataError(f"Input y contains NaN or None: {_rows(np.flatnonzero(missing))}; drop or fill these rows")
    if not all(is_number(kind) for kind in types):
        names = ", ".join(sorted(kind.__name__ for kind in types))
        raise DataError(f"Unknown label type: {names}. Text, whole numbers or booleans expected, all of one kind")
    if all(issubclass(kind, numbers.Integral) for kind in types):
        return _whole(flat).reshape(y.shape)
    return np.reshape(from_numpy("y", flat).array(), y.shape)


def _whole(values: NDArray[Any]) -> NDArray[Any]:
    """Return whole numbers of Python as int64, or uint64 where that is needed; booleans among them as 0 and 1."""
    if all(isinstance(value, bool | np.bool_) for value in values):
        return values.astype(bool)
    low, high = int(min(values)), int(max(values))
    for dtype in (np.int64, np.uint64):
        if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
            return np.array([int(value) for value in values], dtype)
    far = high if high > np.iinfo(np.int64).max else low
    raise DataError(f"y holds {far}, beyond the whole numbers of 64 bits: pass such labels as text, str(label)")


def detect_task(values: Any) -> tuple[DetectedTask, str]:
    """Return the task that a target column makes, and the reason in words.

    Text and booleans are classes; whole numbers are classes if they take two values, or few; other numbers are to be
    predicted as numbers.
    """
    y = plain(values)
    if y.ndim != 1:
        raise DataError(f"one target column expected, found shape {y.shape}")
    column = from_numpy("target", y)
    if column.levels is not None:
        n = len(np.unique(column.values[column.values >= 0]))
        return task_of(column.kind, n, n, False)
    y = column.values[~np.isnan(column.values)]
    return task_of(column.kind, len(np.unique(y)), len(y), bool((y != np.floor(y)).any()))


def task_of(kind: Kind, n_values: int, n_rows: int, fractions: bool) -> tuple[DetectedTask, str]:
    """Return the task that a target column makes, and the reason, from what is known of it.

    Parameters
    ----------
    kind : {"number", "date", "boolean", "category"}
    n_values : int
        How many different values there are.
    n_rows : int
        How many rows have one.
    fractions : bool
        Whether some number is not a whole one.
    """
    if kind == "boolean" or kind == "category":
        named = "booleans" if kind == "boolean" else "text"
        return ("binary" if n_values <= 2 else "multiclass"), f"{named} with {_values(n_values)}"
    if kind == "date" or fractions:
        return "regression", "dates" if kind == "date" else f"numbers with fractions, {_values(n_values)}"
    if n_values <= 2:
        return "binary", f"whole numbers with {_values(n_values)}"
    if n_values <= FEW_CLASSES and n_values <= n_rows / 2:
        return "multiclass", f"whole numbers with only {_values(n_values)}"
    return "regression", f"whole numbers with {_values(n_values)}"


def _values(n: int) -> str:
    return f"{n} different value{'s' * (n != 1)}"
