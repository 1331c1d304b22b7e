"""lamina resume: a training run that was interrupted or killed goes on where it was."""

from pathlib import Path

from lamina.errors import CheckpointError
from lamina.learning.run_folders import run_in


def resume(
    folder: Path, /, *, max_iter: int | None = None, max_time: float | None = None, json: bool = False
) -> int | None:
    """Go on with a training run from its newest checkpoint.

    It ends with the same model as if it had never been interrupted. The command line of `lamina train` is kept in the
    folder; the file of rows must be where it was, and unchanged.

    Parameters
    ----------
    folder
        What `lamina train --checkpoint` was given.
    max_iter
        Most epochs in all, in place of those that the run was started with.
    max_time
        Seconds from now after which training ends, in place of what the run was started with.
    json
        Print the result as JSON on stdout, and nothing else there.
    """
    from lamina.cli.main import application

    found = run_in(folder)
    words = found.description.get("command")
    if words is None:
        who = found.description.get("estimator", "a program")
        raise CheckpointError(
            f"the run in {str(folder)!r} was started by {who} in Python, not by lamina train: run that program again, "
            f"with checkpoint={str(folder)!r}"
        )
    changed = {"--max-iter": max_iter, "--max-time": max_time}
    kept = [word for word in words if not any(value and word.startswith(f"{flag}=") for flag, value in changed.items())]
    more = [f"{flag}={value}" for flag, value in changed.items() if value is not None]
    line = ["train", *kept, *more, f"--checkpoint={folder}", *(["--json"] if json else [])]
    code: int | None = application()(line, exit_on_error=False, print_error=False, result_action="return_value")
    return code
