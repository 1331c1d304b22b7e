"""The `lamina` command: which commands there are, how errors look, and what the exit codes mean.

0     done
1     an error in the data, the settings or a model file; one line on stderr says what to do
2     the command line itself is wrong
129   SIGHUP   }
130   Ctrl-C   } `lamina train` has then written the best model so far
143   SIGTERM  }
"""

import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from cyclopts import App, Parameter
from cyclopts.exceptions import CycloptsError, UnusedCliTokensError

from lamina.errors import LaminaError

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130

EXIT_CODES = """Exit codes: 0 done, 1 an error in data, settings or a file, 2 a wrong command line, 130 Ctrl-C,
143 SIGTERM, 129 SIGHUP; train has then written the best model so far.
Add --debug to any command to see where an error arose. NO_COLOR turns colours off."""

HELP = "`lamina --help` lists the commands, `lamina COMMAND --help` its options"

COMMANDS = {
    "demo": "Train on the packaged census data, and see what comes of it.",
    "train": "Train a deep network on a table and write it to a model file.",
    "resume": "Go on with a training run from its newest checkpoint.",
    "runs": "Show the training runs whose checkpoints are in a folder.",
    "evaluate": "Measure a model on rows whose answers are known.",
    "predict": "Predict the rows of a table.",
    "explain": "Show which columns move the predictions.",
    "show": "Show what is in a model file.",
    "init": "Write a TOML file with every setting, for train --config.",
    "gradcheck": "Compare every derivative with central differences.",
}


def application() -> App:
    """Return the commands; none is imported before it is called."""
    app = App(
        name="lamina",
        help="Deep networks you can read: from a table to a trained model and its predictions.",
        help_epilogue=EXIT_CODES,
        help_format="plaintext",
        version=_version,
        default_parameter=Parameter(show_default=False, negative=()),
        suppress_keyboard_interrupt=False,
    )
    for number, (name, summary) in enumerate(COMMANDS.items()):
        app.command(f"lamina.cli.{name}:{name}", name=name, help=summary, sort_key=number)
    return app


def _version() -> str:
    from importlib.metadata import version

    return f"lamina {version('lamina')}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process by default.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    with warnings.catch_warnings():
        _print_warnings()
        try:
            return _run([word for word in words if word != "--debug"])
        except (BrokenPipeError, SystemExit):  # the reader, such as `head`, has seen enough; rich then exits
            _leave_stdout()
            return DONE
        except KeyboardInterrupt:
            complain("interrupted")
            return INTERRUPTED
        except Exception as problem:
            if debug:
                traceback.print_exc()
            if isinstance(problem, OSError):  # perhaps stdout itself, on a full disk
                _leave_stdout()
            complain("error", *_explained(problem))
            return USAGE if isinstance(problem, CycloptsError) else FAILED


def _run(words: list[str]) -> int:
    code = application()(words, exit_on_error=False, print_error=False, result_action="return_value")
    sys.stdout.flush()  # a pipe that was closed is noticed here, not at exit
    return code if isinstance(code, int) else DONE


def _explained(problem: Exception) -> tuple[str, ...]:
    """Return the lines that say what is wrong."""
    if isinstance(problem, LaminaError):
        return (str(problem),)
    if isinstance(problem, UnusedCliTokensError):
        unused = " ".join(problem.unused_tokens or ())
        return (f"not understood: {unused}", "`lamina --help` lists the commands, `lamina COMMAND --help` its options")
    if isinstance(problem, CycloptsError):
        return (
            " ".join(str(problem).split()),
            "`lamina --help` lists the commands, `lamina COMMAND --help` its options",
        )
    if isinstance(problem, OSError):
        return (f"{'stdout' if problem.filename is None else problem.filename}: {problem.strerror or problem}",)
    return (f"{type(problem).__name__}: {problem}", "This is a fault in lamina: --debug shows where it arose")


def complain(kind: str, *lines: str) -> None:
    """Write "kind: first line" and further lines to stderr."""
    from lamina.cli.terminal import Terminal

    Terminal().complain(kind, *lines)


def _print_warnings() -> None:
    """Print each warning once, as one line; those for programmers stay silent unless Python was told otherwise."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
        for category in (UserWarning, RuntimeWarning):
            warnings.simplefilter("always", category)
    seen: set[str] = set()

    def show(message: Any, *_: Any) -> None:
        text = str(message)
        if text not in seen:
            seen.add(text)
            complain("warning", text)

    warnings.showwarning = show  # type: ignore[assignment]


def _leave_stdout() -> None:
    """Send what is still to be written nowhere, so that Python does not complain at exit."""
    with suppress(OSError, ValueError):
        stdout = sys.stdout.fileno()
        os.dup2(os.open(os.devnull, os.O_WRONLY), stdout)


if __name__ == "__main__":
    sys.exit(main())
