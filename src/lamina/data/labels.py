"""Labels to Y and back: the classes of a classifier."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lamina.data import headers
from lamina.data.tables.columns import short
from lamina.data.target_values import plain_labels
from lamina.errors import DataError, DataWarning, SettingError

Task = Literal["binary", "multiclass", "multilabel"]
TASKS = ("binary", "multiclass", "multilabel")
CLASS_DTYPES = ("str", "bool", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)))
CLASS_DTYPES += ("float16", "float32", "float64")


@dataclass(frozen=True, eq=False)
class Labels:
    """The classes of a classifier.

    Attributes
    ----------
    task : {"binary", "multiclass", "multilabel"}
        A single class is a binary task.
    classes : array, shape (K,)
        Sorted; for multilabel the column numbers.
    """

    task: Task
    classes: NDArray[Any]

    @staticmethod
    def fit(y: Any, task: str = "auto", classes: Any = None) -> "Labels":
        """Learn the classes.

        Parameters
        ----------
        y : array-like, shape (m,), (m, 1), or (m, K) of 0 and 1
        task : {"auto", "binary", "multiclass", "multilabel"}
        classes : array-like, optional
            All classes, where `y` may lack some (partial_fit).

        Raises
        ------
        DataError
            Labels missing, continuous, of mixed types, or not fit for the task.
        """
        given = plain_labels(y)
        labels = Labels.of(given, task, classes)
        if classes is not None:
            labels.codes(given)
        elif labels.task != "multilabel":
            warn_of_many(len(labels.classes), len(given))
        return labels

    @staticmethod
    def of(given: NDArray[Any], task: str = "auto", classes: Any = None) -> "Labels":
        """Return the classes of labels that `target_values.plain_labels` returned; `classes` are all, where given."""
        if task != "auto" and task not in TASKS:
            raise SettingError(f"task is one of auto, {', '.join(TASKS)}; found {task!r}")
        if given.ndim == 2:
            return _fit_multilabel(given, task)
        known = np.unique(given if classes is None else plain_labels(classes))
        labels = Labels("binary" if len(known) <= 2 else "multiclass", known)
        if task == "multilabel":
            raise DataError("multilabel: a two-dimensional y of 0 and 1 expected, found one label per row")
        if task == "binary" and len(known) > 2:
            raise DataError(f"binary: two classes expected, found {len(known)}: {_listed(known)}")
        if task == "multiclass" and len(known) > 1:
            labels = Labels("multiclass", known)
        return labels

    @property
    def n_outputs(self) -> int:
        """How many columns Y has."""
        return 1 if self.task == "binary" else len(self.classes)

    def codes(self, y: Any) -> NDArray[np.intp]:
        """Return the number of each row's class, shape (m,); for multilabel, of each row's combination of labels."""
        given = plain_labels(y)
        if self.task == "multilabel":
            combinations = np.unique(self._indicators(given), axis=0, return_inverse=True)[1]
            return np.asarray(combinations, np.intp).reshape(-1)
        if given.ndim != 1:
            raise DataError(f"one label per row expected, found shape {given.shape}")
        if given.dtype.kind != self.classes.dtype.kind and "U" in (given.dtype.kind, self.classes.dtype.kind):
            raise DataError(f"labels like {_shown(self.classes, 0)} expected, found {_shown(given, 0)} in row 0")
        at = np.minimum(np.searchsorted(self.classes, given), len(self.classes) - 1)
        unknown = self.classes[at] != given
        if unknown.any():
            i = int(np.argmax(unknown))
            raise DataError(f"unknown class {_shown(given, i)} in row {i}: the classes are {_listed(self.classes)}")
        return at

    def encode(self, y: Any, dtype: Any = np.float64) -> NDArray[Any]:
        """Return Y, shape (m, 1) or (m, K).

        Raises
        ------
        DataError
            A label that is no class.
        """
        if self.task == "multilabel":
            return np.array(self._indicators(plain_labels(y)), dtype)
        codes = self.codes(y)
        if self.task == "binary":
            last = max(len(self.classes) - 1, 0)  # a single class is always true
            return np.array((codes == last)[:, None], dtype)
        Y: NDArray[Any] = np.zeros((len(codes), len(self.classes)), dtype)
        Y[np.arange(len(codes)), codes] = 1
        return Y

    def decode(self, A: NDArray[Any]) -> NDArray[Any]:
        """Return the labels that the network's outputs mean.

        Parameters
        ----------
        A : array of probabilities, shape (m, 1) or (m, K)

        Returns
        -------
        array, shape (m,), or (m, K) of 0 and 1
        """
        if self.task == "multilabel":
            return np.asarray(A > 0.5, np.int64)
        most_likely = np.argmax(A, axis=1) if self.task == "multiclass" else (A[:, 0] > 0.5) * (len(self.classes) - 1)
        labels: NDArray[Any] = self.classes[most_likely]
        return labels

    def probabilities(self, A: NDArray[Any]) -> NDArray[Any]:
        """Return a probability for each class, shape (m, K)."""
        if self.task != "binary":
            return A
        return np.hstack([1 - A, A]) if len(self.classes) == 2 else np.ones_like(A)

    def _indicators(self, y: NDArray[Any]) -> NDArray[Any]:
        if y.ndim != 2 or y.shape[1] != len(self.classes):
            raise DataError(f"multilabel: y of shape (rows, {len(self.classes)}) expected, found {y.shape}")
        if not np.isin(y, (0, 1)).all():
            raise DataError("multilabel: 0 and 1 expected")
        return y

    def to_header(self) -> dict[str, Any]:
        """Return the labels as plain JSON values."""
        dtype = "str" if self.classes.dtype.kind == "U" else str(self.classes.dtype)
        return {"task": self.task, "dtype": dtype, "classes": self.classes.tolist()}

    @staticmethod
    def from_header(header: Mapping[str, Any]) -> "Labels":
        """Return the labels of a header; raise a DataError for anything else."""
        header = headers.fields(header, "labels", ("task", "dtype", "classes"))
        task = headers.choice(header["task"], "labels task", TASKS)
        dtype = headers.choice(header["dtype"], "labels dtype", CLASS_DTYPES)
        classes = _classes_from(header["classes"], dtype)
        if len(classes) == 0 or (task == "binary" and len(classes) > 2):
            raise DataError(f"labels: {len(classes)} classes do not make a {task} task")
        if (classes[1:] <= classes[:-1]).any():
            raise DataError("labels classes: sorted and different values expected")
        if task == "multilabel" and (dtype != "int64" or not np.array_equal(classes, np.arange(len(classes)))):
            raise DataError("labels classes: column numbers expected for multilabel")
        return Labels("binary" if task == "binary" else "multiclass" if task == "multiclass" else "multilabel", classes)


def _classes_from(values: Any, dtype: str) -> NDArray[Any]:
    what = "labels classes"
    if dtype == "str":
        return np.array(headers.texts(values, what), np.str_)
    if dtype == "bool":
        return headers.flags(values, what, len(headers.listed(values, what)))
    if dtype.startswith("float"):
        wide = headers.finite(values, what)
        with np.errstate(over="ignore"):
            narrow = wide.astype(dtype)
        if not np.array_equal(narrow.astype(np.float64), wide):
            raise DataError(f"{what}: {dtype} numbers expected")
        return narrow
    limits = np.iinfo(dtype)
    whole = [headers.whole(value, what, limits.min, limits.max) for value in headers.listed(values, what)]
    return np.array(whole, dtype)


def _fit_multilabel(y: NDArray[Any], task: str) -> Labels:
    if task not in ("auto", "multilabel"):
        raise DataError(f"{task}: one label per row expected, found shape {y.shape}")
    labels = Labels("multilabel", np.arange(y.shape[1]))
    labels._indicators(y)
    return labels


def _shown(labels: NDArray[Any], i: int) -> str:
    return short(labels[i].item())


def _listed(classes: NDArray[Any]) -> str:
    return ", ".join(map(repr, classes[:10].tolist())) + (f", ... ({len(classes)} in all)" if len(classes) > 10 else "")


def warn_of_many(n_classes: int, n_rows: int) -> None:
    """Warn where more than half of the rows have a class of their own."""
    if n_classes > n_rows / 2 and n_rows > 20:
        message = f"y has {n_classes} different classes in {n_rows} rows: if it is a number to predict, use a regressor"
        warnings.warn(message, DataWarning, stacklevel=3)
