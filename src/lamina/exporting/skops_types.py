"""The types that a skops file of an estimator holds: classes of data, which run nothing that a file says."""

from collections.abc import Iterator
from dataclasses import is_dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

PACKAGES = ("lamina.equations", "lamina.data.encoding")  # networks and encoders are made of their data classes
OTHERS = (
    "builtins.frozenset",
    "lamina.data.encoding.knots.Grid",
    "lamina.data.encoding.knots.Knots",
    "lamina.data.encoding.normal_scores.NormalScores",
    "lamina.data.labels.Labels",
    "lamina.data.number_targets.Numbers",
    "lamina.data.tables.reading.Reading",
    "lamina.estimators.DeepClassifier",
    "lamina.estimators.DeepRegressor",
    "lamina.learning.conformal.Conformal",
    "lamina.learning.state.Record",
    "lamina.learning.state.State",
    "lamina.model.Model",
)


def skops_types() -> list[str]:
    """Return the types to trust when skops reads a `DeepClassifier` or a `DeepRegressor`.

    ``skops.io.load(path, trusted=lamina.exporting.skops_types())``
    """
    return sorted({*OTHERS, *_of_packages()})


def _of_packages() -> Iterator[str]:
    for package in PACKAGES:
        for one in iter_modules(import_module(package).__path__):
            module = import_module(f"{package}.{one.name}")
            for kind in vars(module).values():
                if _is_data(kind) and kind.__module__ == module.__name__:
                    yield f"{module.__name__}.{kind.__qualname__}"


def _is_data(kind: Any) -> bool:
    return isinstance(kind, type) and (is_dataclass(kind) or hasattr(kind, "_fields"))
