"""lamina resume: a training run that was interrupted or killed goes on where it was."""

from pathlib import Path

from lamina.cli.options import AsJson, Whole
from lamina.errors import CheckpointError
from lamina.learning.run_folders import RunInfo, run_in


def resume(
    folder: Path, /, *, max_iter: Whole | None = None, max_time: float | None = None, json: AsJson = False
) -> int | None:
    """Resume a training run from its newest checkpoint.

    It ends with the same model as if it had never been interrupted. The command
    line of `lamina train` is kept in the folder; the data file must be where it
    was, and unchanged.

    Parameters
    ----------
    folder
        The folder that `lamina train --checkpoint` was given.
    max_iter
        Most epochs in all, those that are done included; by default what the run was last given.
    max_time
        Seconds from now after which training ends; by default what the run was last given.
    """
    from lamina.cli.main import called

    changed = {"--max-iter": max_iter, "--max-time": max_time}
    given = [f"{flag}={value}" for flag, value in changed.items() if value is not None]
    replaced = {word.partition("=")[0] for word in given}
    kept = [word for word in _command(run_in(folder)) if word.partition("=")[0] not in replaced]
    line = ["train", *kept, *given, f"--checkpoint={folder}", *(["--json"] if json else [])]
    code: int | None = called(line)()
    return code


def _command(run: RunInfo) -> list[str]:
    """Return what stood behind `lamina train` when the run was last started."""
    found: list[str] | None = run.summary.get("command", run.description.get("command"))
    if found is None:
        who, folder = run.description.get("estimator", "a program"), str(run.path)
        raise CheckpointError(
            f"the run in {folder!r} was not started by lamina train but by {who} in Python: run that program again, "
            f"with checkpoint={folder!r}"
        )
    return found
