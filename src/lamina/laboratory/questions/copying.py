"""What is taken home: a step as a script, and the state of the lab."""

from typing import Any

from lamina.laboratory.bench import Bench
from lamina.laboratory.copied import plain_script, script_of
from lamina.laboratory.edits import edits_of
from lamina.laboratory.snapshot import checked, restore, snapshot_of


def python(bench: Bench, step: int, dialect: str = "lamina", edits: Any = ()) -> Any:
    """Return a step as a script: "course", "lamina" or "numpy"; and the files that belong beside it, in base64."""
    return plain_script(script_of(bench, dialect, step, edits_of(edits)))


def snapshot(bench: Bench, step: int, edits: Any = (), looks: Any = None) -> Any:
    """Return where the lab stands, for a file or a link."""
    return snapshot_of(bench, step, edits_of(edits), looks if isinstance(looks, dict) else {})


def open_snapshot(bench: Bench, state: Any) -> Any:
    """Put the bench where a state says; the answer is where the page then looks."""
    return restore(bench, checked(state))
