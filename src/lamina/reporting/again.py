"""How to train a model again: lines of Python."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from lamina.data.targets import Labels
from lamina.equations.layers import Dense, Residual
from lamina.model import Model
from lamina.reporting.subject import Snippet

FILE = "training.csv"  # whose name nobody knows any more
WIDTH = 100


def in_python(model: Model, target: str, name: str) -> Snippet:
    """Return what trains the model again on the column `target`, and saves it under `name`."""
    kind = "DeepClassifier" if isinstance(model.target, Labels) else "DeepRegressor"
    given = [f"{setting}={_code(value)}" for setting, value in model.settings.items()]
    lines = [*_imports(model), "", f"model = lamina.{_call(kind, given)}"]
    several = not isinstance(model.target, Labels) and model.target.n_targets > 1
    if model.encoder.named and not several and not _is_multilabel(model):
        lines.append(f"model.fit({FILE!r}, target={target!r})  # drop=[...] for columns not to learn from")
    else:
        columns = len(model.encoder.names_in)
        lines.append(f"model.fit(X, y)  # the same {columns} columns and targets, rows in any order")
    return Snippet("In Python", "\n".join([*lines, f"model.save({name!r})"]))


def _is_multilabel(model: Model) -> bool:
    return isinstance(model.target, Labels) and model.target.task == "multilabel"


def _imports(model: Model) -> Iterator[str]:
    yield "import lamina"
    used = sorted(_kinds_of_layers(model.settings.get("hidden_layer_sizes", ())))
    if used:
        yield f"from lamina.equations.layers import {', '.join(used)}"


def _kinds_of_layers(layers: Any) -> set[str]:
    found: set[str] = set()
    for one in layers if isinstance(layers, tuple | list) else ():
        if not isinstance(one, int):
            found.add(type(one).__name__)
            found |= _kinds_of_layers(getattr(one, "layers", ()))
    return found


def _call(kind: str, arguments: list[str]) -> str:
    line = f"{kind}({', '.join(arguments)})"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"{kind}(", *(f"    {one}," for one in arguments), ")"])


def _code(value: Any) -> str:
    """Return a setting as Python reads it back."""
    if isinstance(value, tuple | list):
        return f"({', '.join(map(_code, value))}{',' * (len(value) == 1)})"
    if isinstance(value, Residual):
        return f"Residual({_code(value.layers)})"
    if isinstance(value, Dense):
        return f"Dense({value.units}, {value.activation!r})"
    if hasattr(value, "kind"):
        inside = ", ".join(f"{one.name}={getattr(value, one.name)!r}" for one in fields(value))
        if _is_layer(value):
            return f"{type(value).__name__}({inside})"
        return repr(f"{value.kind}({inside})")
    return repr(value)


def _is_layer(value: Any) -> bool:
    return type(value).__module__.startswith("lamina.equations.") and hasattr(value, "forward")
