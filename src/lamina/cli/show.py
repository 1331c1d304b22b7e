"""lamina show: what is in a model file."""

from typing import Any

from lamina.cli.curve import drawn
from lamina.cli.options import ModelFile
from lamina.cli.scores import named
from lamina.cli.settings import spelled
from lamina.cli.terminal import Terminal, counted
from lamina.data.encoding.descriptions import columns, listed
from lamina.data.targets import Labels
from lamina.learning.choices import spelled as as_dict
from lamina.model import Model
from lamina.model_file import load


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
        terminal.say(f"on the {loaded.watched_rows}:")
        terminal.table(["score", ""], [(_score_name(name), value) for name, value in loaded.scores.items()])
    if loaded.stopped:
        terminal.say(f"training stopped: {loaded.stopped}")
    for line in _curve(loaded, terminal.unicode):
        terminal.say(line)
    return 0


def _target(model: Model) -> str:
    if not isinstance(model.target, Labels):
        return f"{model.target.n_targets} numbers" if model.target.n_targets > 1 else "a number"
    classes = listed([str(label) for label in model.target.classes])
    return f"{model.target.task}, {len(model.target.classes)} classes ({classes})"


def _value(value: Any) -> str:
    if hasattr(value, "kind"):
        settings = {name: one for name, one in as_dict(value).items() if name != "kind"}
        return f"{value.kind}({', '.join(f'{name}={one}' for name, one in settings.items())})"
    return spelled(value)


def _score_name(name: str) -> str:
    return named(name.removeprefix("validation_"))


def _curve(model: Model, unicode: bool) -> list[str]:
    """Return the lines of the learning curve, or none for a single epoch."""
    names = {"cost": "training rows", "validation_cost": model.watched_rows}
    series = {
        label: [(record["epoch"], record[key]) for record in model.history if record.get(key) is not None]
        for key, label in names.items()
    }
    if len(model.history) < 2:
        return []
    ending = f", kept: epoch {model.best_epoch}" if model.best_epoch else ""
    return [f"cost over {counted(len(model.history), 'epoch')}{ending}", *drawn(series, unicode=unicode)]
