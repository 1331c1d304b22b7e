"""lamina show: what is in a model file."""

from collections.abc import Iterator
from typing import Any

from lamina.cli.curve import drawn
from lamina.cli.files import ModelFile
from lamina.cli.scores import named
from lamina.cli.settings import spelled
from lamina.cli.terminal import Terminal, counted
from lamina.data.encoding.encoder import Encoder
from lamina.data.encoding.numbers import NumberColumns
from lamina.data.targets import Labels
from lamina.learning.choices import spelled as as_dict
from lamina.model import Model
from lamina.model_file import load

SHOWN_NAMES = 8


def show(model: ModelFile, /) -> int:
    """Show what is in a model file: layers, columns, settings, scores.

    Parameters
    ----------
    """
    terminal, loaded = Terminal(), load(model)
    terminal.say(f"{model} predicts {loaded.target_name!r}: {_target(loaded)}")
    heading, *rows = loaded.summary().cells()
    terminal.table(heading, rows, right=(3, 4))
    n = len(loaded.encoder.names_in)
    terminal.say(f"{counted(n, 'column')} become{'s' * (n == 1)} {counted(loaded.encoder.n_features, 'feature')}:")
    terminal.table(["column", "kind", "as features"], columns(loaded.encoder), right=())
    terminal.say("settings that differ from their defaults:" if loaded.settings else "every setting at its default")
    if loaded.settings:
        terminal.table(["setting", "value"], [(n, _value(v)) for n, v in loaded.settings.items()], right=())
    if loaded.scores:
        terminal.say("on the validation rows:")
        terminal.table(["score", ""], [(_score_name(name), value) for name, value in loaded.scores.items()])
    if loaded.stopped:
        terminal.say(f"training stopped: {loaded.stopped}")
    for line in _curve(loaded, terminal.unicode):
        terminal.say(line)
    return 0


def _target(model: Model) -> str:
    if not isinstance(model.target, Labels):
        return f"{model.target.n_targets} numbers" if model.target.n_targets > 1 else "a number"
    classes = _listed([str(label) for label in model.target.classes])
    return f"{model.target.task}, {len(model.target.classes)} classes ({classes})"


def _listed(names: list[str]) -> str:
    more = len(names) - SHOWN_NAMES
    return ", ".join(names[:SHOWN_NAMES]) + (f", ... {more} more" if more > 0 else "")


def columns(encoder: Encoder) -> Iterator[tuple[str, str, str]]:
    """Yield name, kind and encoding of every input column, in their order."""
    numbers, found = encoder.numbers, dict[int, tuple[str, str]]()
    splines = {spline.at: [f"{spline.width} spline functions"] for spline in encoder.splines}
    for i, j in enumerate(numbers.at.tolist()):
        if numbers.parts[i] == "":
            parts = [part for part, at in zip(numbers.parts, numbers.at, strict=True) if at == j and part]
            missing = ["missing marked"] if numbers.indicator[i] else []
            found[j] = (
                "date" if j in encoder.dates else "number",
                ", ".join([_scaled(numbers, i), *parts, *splines.get(j, ()), *missing]),
            )
    for column in encoder.categories:
        kind = "category" if column.kind == "number" else column.kind
        marked = column.indicator and not column.embedded
        others = (", (other)" if column.pooled else "") + (", missing marked" if marked else "")
        text = f"{len(column.levels)} levels{' embedded' * column.embedded}: {_listed(list(column.levels))}{others}"
        found[column.at] = kind, text
    for j, name in enumerate(encoder.names_in):
        yield name, *found[j]


def _scaled(numbers: NumberColumns, i: int) -> str:
    """Return how number column `i` is encoded."""
    location, scale = numbers.location[i], numbers.scale[i]
    if scale == 0:
        return "0: constant in training"
    if numbers.scaling == "quantile":
        return f"to a normal through {len(numbers.quantiles[i])} quantiles"
    if scale == 1 and location == 0 and numbers.scaling != "robust":
        return "as it is"
    return f"(x - {location:.4g}) / {scale:.4g}" + ", clipped smoothly" * (numbers.scaling == "robust")


def _value(value: Any) -> str:
    if hasattr(value, "kind"):
        settings = {name: one for name, one in as_dict(value).items() if name != "kind"}
        return f"{value.kind}({', '.join(f'{name}={one}' for name, one in settings.items())})"
    return spelled(value)


def _score_name(name: str) -> str:
    return named(name.removeprefix("validation_"))


def _curve(model: Model, unicode: bool) -> list[str]:
    """Return the lines of the learning curve, or none for a single epoch."""
    names = {"cost": "training rows", "validation_cost": "validation rows"}
    series = {
        label: [(record["epoch"], record[key]) for record in model.history if record.get(key) is not None]
        for key, label in names.items()
    }
    if len(model.history) < 2:
        return []
    ending = f", kept: epoch {model.best_epoch}" if model.best_epoch else ""
    return [f"cost over {counted(len(model.history), 'epoch')}{ending}", *drawn(series, unicode=unicode)]
