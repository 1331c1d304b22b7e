"""lamina runs: the training runs whose checkpoints are in a folder."""

from pathlib import Path
from typing import Any

from lamina.cli.terminal import Terminal
from lamina.learning.run_folders import RunInfo
from lamina.learning.run_folders import runs as found_in


def runs(folder: Path = Path(), /, *, json: bool = False) -> None:
    """Show the training runs in a folder: when, on what, how far, how well, and whether they go on.

    Parameters
    ----------
    folder
        The checkpoint folder of a run, or a folder with such folders; by default the current one.
    json
        Print them as JSON on stdout, and nothing else there.
    """
    terminal, found = Terminal(json), found_in(folder)
    if not found:
        terminal.say(f"no runs in {folder}: `lamina train FILE --checkpoint FOLDER` starts one")
    else:
        terminal.table(["folder", "started", "data", "epoch", "score", "state"], map(_row, found), right=(3, 4))
    terminal.result([_plain(one) for one in found])


def _row(run: RunInfo) -> list[Any]:
    data = run.data or run.description.get("estimator", "")
    state = f"{run.status} (pid {run.pid})" if run.pid is not None else run.status
    why = run.summary.get("why")
    score = "" if run.score is None else f"{run.summary.get('score_name', 'score')} {run.score:.4f}"
    epoch = "" if run.epoch is None else f"{run.epoch}/{run.summary.get('epochs', '?')}"
    return [
        str(run.path),
        run.started.replace("T", " ").removesuffix("+00:00"),
        str(data),
        epoch,
        score,
        f"{state}: {why}" if why else state,
    ]


def _plain(run: RunInfo) -> dict[str, Any]:
    return {
        "folder": str(run.path),
        "started": run.started,
        "data": run.data,
        "status": run.status,
        "pid": run.pid,
        **run.summary,
    }
