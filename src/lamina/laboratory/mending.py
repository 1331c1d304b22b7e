"""From a finding's advice to settings that can be put in place with one click.

The advice names them: "Use a smaller learning rate, or initializer='he_normal' with biases at 0". What is written as
`setting=value` is taken from the sentence, and a few turns of phrase stand for a setting relative to what it is now.
"""

import re
from ast import literal_eval
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from lamina.errors import SettingError
from lamina.learning.diagnosis.finding import Finding
from lamina.learning.hyperparameters import check

WRITTEN = re.compile(r"\b([a-z_0-9]+)=('[^']*'|True|False|None|-?[0-9.]+(?:e-?[0-9]+)?)")


class Remedy(NamedTuple):
    """A setting that would mend a finding."""

    setting: str
    value: Any
    text: str


def remedies(finding: Finding, settings: Mapping[str, Any], task: str) -> list[Remedy]:
    """Return the settings that a finding's advice names, in its order.

    Parameters
    ----------
    finding : Finding
    settings : mapping
        What the run uses.
    task : {"classifier", "regressor"}
    """
    found: dict[tuple[str, str], tuple[int, Remedy]] = {}
    for at, name, value in [*_written(finding.advice), *_phrased(finding.advice, settings)]:
        if _fits(name, value, task) and settings.get(name) != value:
            found.setdefault((name, repr(value)), (at, Remedy(name, value, f"{name}={value!r}")))
    return [remedy for _, remedy in sorted(found.values(), key=lambda one: one[0])]


def _written(advice: str) -> Iterator[tuple[int, str, Any]]:
    for match in WRITTEN.finditer(advice):
        yield match.start(), match[1], literal_eval(match[2].rstrip("."))


def _phrased(advice: str, settings: Mapping[str, Any]) -> Iterator[tuple[int, str, Any]]:
    for phrase, (name, factor) in PHRASES.items():
        now = settings.get(name)
        at = advice.lower().find(phrase)
        if at >= 0 and isinstance(now, int | float) and not isinstance(now, bool):
            value = now * factor
            yield at, name, round(value) if isinstance(now, int) else float(f"{value:.2g}")


def _fits(name: str, value: Any, task: str) -> bool:
    try:
        check({name: value}, task)
    except SettingError:
        return False
    return True


# What a turn of phrase multiplies.
PHRASES: dict[str, tuple[str, float]] = {
    "a smaller learning rate": ("learning_rate_init", 0.1),
    "a larger learning rate": ("learning_rate_init", 10.0),
    "a hundredth of it": ("alpha", 0.01),
    "a larger max_iter": ("max_iter", 2),
    "less dropout": ("dropout", 0.5),
    "larger batches": ("batch_size", 4),
}
