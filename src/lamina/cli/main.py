"""The `lamina` command: which commands there are, how errors look, and which exit code follows."""

import ast
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from cyclopts import App, Parameter
from cyclopts.exceptions import CycloptsError, UnusedCliTokensError

from lamina.cli.exit_codes import DONE, FAILED, INTERRUPTED, USAGE
from lamina.errors import LaminaError

EPILOGUE = (
    "Exit codes: 0 done, 1 an error in data, settings or a file, 2 a wrong command line; 130 Ctrl-C, 143 SIGTERM, 129 "
    "SIGHUP: train and resume have then written the best model so far.\n\n"
    "Add --debug to any command to see where an error arose. NO_COLOR turns colours off."
)

HELP = "`lamina --help` lists the commands, `lamina COMMAND --help` its options"

COMMANDS = (
    "demo",
    "train",
    "resume",
    "runs",
    "evaluate",
    "predict",
    "explain",
    "show",
    "init",
    "gradcheck",
)


def application(words: Sequence[str]) -> App:
    """Return the commands for a command line; none is imported before it is called."""
    app = App(
        name="lamina",
        help="Deep networks you can read: from a table to a trained model and its predictions.",
        help_epilogue=EPILOGUE,
        help_format="plaintext",
        version=_version,
        default_parameter=Parameter(show_default=False, negative=()),
        suppress_keyboard_interrupt=False,
    )
    is_list = not any(word in COMMANDS for word in words[:1])  # a summary would hide the rest of a command's docstring
    for number, name in enumerate(COMMANDS):
        summary = summary_of(name) if is_list else None
        app.command(f"lamina.cli.{name}:{name}", name=name, help=summary, sort_key=number)
    return app


def summary_of(command: str) -> str:
    """Return the first line of a command's docstring, from its source: importing it would take a second."""
    source = ast.parse(Path(__file__).with_name(f"{command}.py").read_text(encoding="utf-8"))
    functions = (one for one in source.body if isinstance(one, ast.FunctionDef) and one.name == command)
    return (ast.get_docstring(next(functions)) or "").partition("\n")[0]


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
    code = application(words)(words, exit_on_error=False, print_error=False, result_action="return_value")
    sys.stdout.flush()  # a pipe that was closed is noticed here, not at exit
    return code if isinstance(code, int) else DONE


def _explained(problem: Exception) -> tuple[str, ...]:
    """Return the lines that say what is wrong."""
    if isinstance(problem, LaminaError):
        return (str(problem),)
    if isinstance(problem, UnusedCliTokensError):
        unused = " ".join(problem.unused_tokens or ())
        return (f"not understood: {unused}", HELP)
    if isinstance(problem, CycloptsError):
        return (" ".join(str(problem).split()), HELP)
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
