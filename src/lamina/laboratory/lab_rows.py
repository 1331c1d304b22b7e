"""Rows for the lab: the lecture's example, shapes in the plane, digits, people; and the settings to start from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lamina.errors import SettingError, nearest
from lamina.learning.run import Task

ROWS_OF_A_SHAPE = 400


@dataclass(frozen=True)
class LabRows:
    """Rows, and what the lab starts from with them.

    Attributes
    ----------
    name : str
        "lesson", or the name of a file.
    title : str
        For people.
    X : rows
        As `lamina.fitting.prepare` takes them.
    y : array, shape (m,)
    target : str
        What y is called.
    task : {"classifier", "regressor"}
    settings : mapping
        Settings of the library that the lab starts from.
    pixels : tuple of int, optional
        (height, width) where every row is a picture.
    built_in : bool
        Whether the name is enough to get them again.
    """

    name: str
    title: str
    X: Any
    y: Any
    target: str = "y"
    task: Task = "classifier"
    settings: Mapping[str, Any] = field(default_factory=dict)
    pixels: tuple[int, int] | None = None
    built_in: bool = True


def built_in(name: str) -> LabRows:
    """Return the built-in rows of this name.

    Raises
    ------
    SettingError
        There are none.
    """
    if name not in BUILT_IN:
        raise SettingError(f"no built-in rows {name!r}.{nearest(name, BUILT_IN)} There are {', '.join(BUILT_IN)}.")
    return BUILT_IN[name]()


# What every start has in common: the course's recipe in double precision, and an end that is far away.
LECTURE: dict[str, Any] = {"preset": "course", "dtype": "float64", "scaling": "none", "max_iter": 20_000}
LECTURE |= {"n_iter_no_change": 20_000, "shuffle": False, "random_state": 1}
PLANE = LECTURE | {"hidden_layer_sizes": (6, 4), "activation": "tanh", "optimizer": "adam", "shuffle": True}
PLANE |= {"learning_rate_init": 0.02, "batch_size": 32}
TABLES: dict[str, Any] = {"preset": "sklearn", "dtype": "float64", "max_iter": 2_000, "n_iter_no_change": 2_000}
TABLES |= {"hidden_layer_sizes": (16, 8), "batch_size": 64, "early_stopping": True, "random_state": 1}


def _lesson() -> LabRows:
    """Twelve examples of five features: y is 1 where x1 and x2 have one sign, or x5 is large."""
    X = np.array(_LESSON)
    y = ((X[:, 0] * X[:, 1] > 0) | (X[:, 4] > 0.6)).astype(int)
    settings = LECTURE | {"hidden_layer_sizes": (4, 3), "learning_rate_init": 0.5, "batch_size": len(X)}
    return LabRows("lesson", TITLES["lesson"], _named(X), y, settings=settings)


_LESSON = (
    (0.9, 0.4, -0.3, 0.7, -0.5),
    (-0.6, -0.8, 0.2, 0.1, 0.3),
    (0.5, -0.7, 0.6, -0.2, 0.1),
    (-0.4, 0.9, -0.1, 0.8, -0.6),
    (0.7, 0.6, 0.4, -0.9, 0.2),
    (-0.9, -0.3, -0.7, 0.5, -0.1),
    (0.8, -0.5, -0.2, -0.4, 0.9),
    (-0.2, 0.5, 0.9, 0.3, -0.8),
    (0.3, -0.9, -0.6, 0.6, -0.3),
    (-0.7, 0.2, 0.1, -0.6, 0.8),
    (0.6, 0.8, -0.8, -0.1, -0.7),
    (-0.5, 0.7, 0.5, 0.9, 0.4),
)


def _named(X: Any) -> Any:
    return _table({f"x{j + 1}": X[:, j] for j in range(X.shape[1])})


def _table(columns: dict[str, Any]) -> Any:
    import pyarrow

    return pyarrow.table(columns)


def _xor(rng: np.random.Generator, n: int) -> tuple[Any, Any]:
    X = rng.uniform(-1, 1, (n, 2))
    X += 0.12 * np.sign(X)
    return X, (X[:, 0] * X[:, 1] < 0).astype(int)


def _circles(rng: np.random.Generator, n: int) -> tuple[Any, Any]:
    y = np.arange(n) % 2
    angle, radius = rng.uniform(0, 2 * np.pi, n), np.where(y == 1, 0.4, 1.0) + rng.normal(0, 0.09, n)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), y


def _moons(rng: np.random.Generator, n: int) -> tuple[Any, Any]:
    y = np.arange(n) % 2
    angle = rng.uniform(0, np.pi, n)
    X = np.stack([np.cos(angle) - 0.5, np.sin(angle) - 0.25], axis=1)
    X[y == 1] *= -1
    return X + rng.normal(0, 0.12, X.shape), y


def _spiral(rng: np.random.Generator, n: int) -> tuple[Any, Any]:
    y, r = np.arange(n) % 2, np.sqrt(rng.uniform(0.02, 1, n))
    angle = 1.75 * 2 * np.pi * r + np.pi * y
    return np.stack([r * np.cos(angle), r * np.sin(angle)], axis=1) + rng.normal(0, 0.025, (n, 2)), y


def _shape(name: str, draw: Callable[[np.random.Generator, int], tuple[Any, Any]]) -> LabRows:
    X, y = draw(np.random.default_rng(0), ROWS_OF_A_SHAPE)
    return LabRows(name, TITLES[name], _named(np.round(X, 3)), y, settings=PLANE)


def _digits() -> LabRows:
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    columns = {f"pixel {j // 8},{j % 8}": X[:, j] / 16 for j in range(64)}
    settings = TABLES | {"scaling": "none", "hidden_layer_sizes": (32,), "learning_rate_init": 0.005}
    return LabRows("digits", TITLES["digits"], _table(columns), y, "digit", settings=settings, pixels=(8, 8))


def _adult() -> LabRows:
    from lamina.data import datasets
    from lamina.data.tables.sources import read

    table = read(datasets.path("adult"))
    rows = table.take(slice(0, 2_000))
    target = rows.names[-1]
    X = rows.select(name for name in rows.names if name != target)
    return LabRows("adult", TITLES["adult"], X, rows.column(target), target, settings=TABLES)


TITLES = {
    "lesson": "The lecture: 5-4-3-1",
    "xor": "XOR",
    "circles": "Circles",
    "moons": "Moons",
    "spiral": "Spirals",
    "digits": "Handwritten digits, 8 x 8",
    "adult": "Census: who earns more",
}

BUILT_IN: Mapping[str, Callable[[], LabRows]] = {
    "lesson": _lesson,
    "xor": lambda: _shape("xor", _xor),
    "circles": lambda: _shape("circles", _circles),
    "moons": lambda: _shape("moons", _moons),
    "spiral": lambda: _shape("spiral", _spiral),
    "digits": _digits,
    "adult": _adult,
}


def titles() -> Sequence[tuple[str, str]]:
    """Return name and title of all built-in rows; none are made for it."""
    return list(TITLES.items())
