"""lamina runs: the training runs whose checkpoints are in a folder."""

from datetime import datetime
from pathlib import Path
from typing import Any

from lamina.cli.terminal import Terminal
from lamina.learning.run_folders import RunInfo
from lamina.learning.run_folders import runs as found_in


def runs(folder: Path = Path(), /, *, json: bool = False) -> None:
    """Show the training runs in a folder, and how far they are.

    Parameters
    ----------
    folder
        A checkpoint folder, or a folder that holds some; by default the current one.
    json
        Print them as JSON on stdout, and nothing else there.
    """
    terminal, found = Terminal(json), found_in(folder)
    if found:
        terminal.table(["folder", "started", "data", "epoch", "score", "state"], map(_row, found), right=(3, 4))
    else:
        terminal.say(f"no runs in {folder}: `lamina train FILE --target COLUMN --checkpoint FOLDER` starts one")
    terminal.result([_plain(one) for one in found])


def _row(run: RunInfo) -> list[str]:
    what, why = run.summary, run.summary.get("why")
    state = run.status if run.pid is None else f"{run.status} (process {run.pid})"
    return [
        str(run.path),
        f"{datetime.fromisoformat(run.started).astimezone():%Y-%m-%d %H:%M:%S}" if run.started else "",
        str(run.data or run.description.get("estimator", "")),
        "" if run.epoch is None else f"{run.epoch}/{what.get('epochs', '?')}",
        "" if run.score is None else f"{what.get('score_name', 'score')} {run.score:.4f}",
        f"{state}: {why}" if why and run.pid is None and run.status != "damaged" else state,
    ]


def _plain(run: RunInfo) -> dict[str, Any]:
    start = {"folder": str(run.path), "started": run.started, "data": run.data}
    return {**start, **run.summary, "status": run.status, "pid": run.pid}
