"""What there is to say of a trial: a record, and a line."""

from typing import TYPE_CHECKING, Any

from lamina.learning.search_ranges import written
from lamina.tuning.trials import Job

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial

STATES = {"COMPLETE": "finished", "PRUNED": "ended early", "FAIL": "cut", "RUNNING": "running", "WAITING": "waiting"}


def record_of(trial: "FrozenTrial", job: Job) -> dict[str, Any]:
    """Return what there is to say of a trial."""
    attrs, settings = trial.user_attrs, job.space.settings(trial.params)
    if attrs.get("defaults"):
        settings = {}
    is_done = trial.state.name == "COMPLETE"
    return {
        "number": trial.number,
        "state": STATES[trial.state.name],
        "score": trial.value if is_done else None,
        "scores": attrs.get("scores", []) if is_done else [],
        "seconds": attrs.get("seconds"),
        "epochs": attrs.get("epochs"),
        "why": attrs.get("why", ""),
        "defaults": bool(attrs.get("defaults")),
        "settings": settings,
        "changed": {name: one for name, one in settings.items() if one != job.space.defaults[name]},
    }


def line_of(record: dict[str, Any], study: "Study") -> str:
    """Return what came of a trial, in a line."""
    found = f"{record['score']:.5g}" if record["score"] is not None else record["why"].partition("\n")[0]
    what = ", ".join(f"{name}={written(one)}" for name, one in record["changed"].items()) or "the defaults"
    best = [one for one in study.get_trials(deepcopy=False) if one.state.name == "COMPLETE"]
    lead = f" (best {study.best_value:.5g}, trial {study.best_trial.number})" if best else ""
    return f"trial {record['number']}: {found}{lead}, {record['seconds']:.1f} s: {what}"


def print_trial(record: dict[str, Any], study: "Study") -> None:
    """Print a line for a trial."""
    print(line_of(record, study), flush=True)
