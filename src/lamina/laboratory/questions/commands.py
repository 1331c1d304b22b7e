"""What is to happen: train, pause, start again, other settings, other rows."""

from typing import Any

from lamina.errors import SettingError
from lamina.laboratory.bench import Bench
from lamina.laboratory.edits import edits_of
from lamina.laboratory.lab_rows import built_in

LONGEST_WAIT = 1000  # steps that are waited for


def play(bench: Bench, steps: int | None = None, pace: float | None = None, wait: bool = False) -> Any:
    """Train on: so many steps, or until a pause; `pace` is in steps a second."""
    if steps is not None and (type(steps) is not int or steps < 1):
        raise SettingError(f"steps={steps!r}: expected a whole number of at least 1.")
    if pace is not None and not (isinstance(pace, int | float) and pace > 0):
        raise SettingError(f"pace={pace!r}: expected a number above 0, in steps a second.")
    bench.play(steps, pace, wait=bool(wait) and steps is not None and steps <= LONGEST_WAIT and pace is None)
    return bench.now()


def pause(bench: Bench) -> Any:
    """Pause after the step that is being taken."""
    bench.pause()
    return bench.now()


def restart(bench: Bench) -> Any:
    """Start again from step 0."""
    bench.restart()
    return bench.now()


def change(bench: Bench, settings: Any, at: int | None = None) -> Any:
    """Change settings, from a step on; the answer says whether training goes on or starts anew."""
    if not isinstance(settings, dict):
        raise SettingError("settings: expected an object of names and values.")
    return {"goes_on": bench.change(settings, at), "now": bench.now()}


def branch(bench: Bench, at: int, edits: Any) -> Any:
    """Go on from a step with numbers that were changed by hand."""
    bench.branch(at, edits_of(edits))
    return bench.now()


def open_rows(bench: Bench, name: str) -> Any:
    """Put built-in rows on the table."""
    bench.open(built_in(name))
    return bench.now()
