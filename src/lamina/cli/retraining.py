"""The command that trains a model again, from what its file keeps."""

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from lamina.cli.settings import OFFERED, spelled
from lamina.data.targets import Labels
from lamina.learning.choices import spelled as as_dict
from lamina.model import Model
from lamina.reporting.again import FILE
from lamina.reporting.subject import Snippet


def command_for(model: Model, target: str, name: str) -> list[Snippet]:
    """Return the command that trains a model again on the column `target`, and writes it to `name`.

    None where no command does: it learned from arrays, predicts several targets, or has layers that were given as
    objects.
    """
    labels, layers = model.target, model.settings.get("hidden_layer_sizes", ())
    several = labels.task == "multilabel" if isinstance(labels, Labels) else labels.n_targets > 1
    by_hand = isinstance(layers, tuple | list) and not all(isinstance(one, int) for one in layers)
    if several or by_hand or not model.encoder.named:
        return []
    words = [shlex.quote(word) for word in _words(model, target, name)]
    return [Snippet("On the command line", " \\\n  ".join([f"lamina train {FILE}", *words]))]


def _words(model: Model, target: str, name: str) -> Iterator[str]:
    """Yield the flags, one word each."""
    yield f"--target={target}"
    yield f"--task={'classification' if isinstance(model.target, Labels) else 'regression'}"
    reading = model.encoder.inputs.reading.to_header()
    yield from (f"--text={column}" for column in reading.get("text", ()))
    yield from (f"--{key}={reading[key]}" for key in ("encoding", "decimal", "thousands") if key in reading)
    if "missing_words" in reading:
        yield f"--missing-words={','.join(reading['missing_words'])}"
    for setting, value in model.settings.items():
        if setting in OFFERED:
            yield f"--{setting.replace('_', '-')}={_spelled(value)}"
    yield f"--out={name}"


def _spelled(value: Any) -> str:
    """Return a value as `lamina train` reads it."""
    if isinstance(value, Mapping):
        return json.dumps({str(key): one for key, one in value.items()})
    if hasattr(value, "kind"):
        settings = [f"{name}={one!r}" for name, one in as_dict(value).items() if name != "kind"]
        return f"{value.kind}({', '.join(settings)})"
    return spelled(tuple(value) if isinstance(value, list) else value)
