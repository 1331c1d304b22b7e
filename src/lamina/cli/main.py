"""The `lamina` command: which commands there are, how errors look, and which exit code follows."""

import ast
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from cyclopts import App, Parameter
from cyclopts.exceptions import CycloptsError, MissingArgumentError, UnknownOptionError, UnusedCliTokensError

from lamina.cli.exit_codes import DONE, FAILED, INTERRUPTED, USAGE
from lamina.cli.wording import for_command_line
from lamina.errors import LaminaError

EPILOGUE = (
    "Exit codes: 0 done, 1 an error in data, settings or a file, 2 a wrong command line; 130 Ctrl-C, 143 SIGTERM, 129 "
    "SIGHUP: train and resume have then written the best model so far.\n\n"
    "Add --debug to any command to see where an error arose. NO_COLOR turns colours off."
)

HELP = "`lamina --help` lists the commands, `lamina COMMAND --help` its options"

COMMANDS = (
    "demo",
    "data",
    "train",
    "resume",
    "runs",
    "tune",
    "evaluate",
    "predict",
    "export",
    "serve",
    "explain",
    "diagnose",
    "report",
    "show",
    "trace",
    "lab",
    "init",
    "gradcheck",
    "doctor",
    "course",
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
    about = "Let the shell complete commands and flags."
    app.command("lamina.cli.completion:install_completion", name="--install-completion", help=about)
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
    was_open = open_streams()
    with warnings.catch_warnings():
        _print_warnings()
        if not was_open:
            complain("warning", "stdout is closed: what is written to it is lost")
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
                _print_traceback()
            if isinstance(problem, OSError):  # perhaps stdout itself, on a full disk
                _leave_stdout()
            complain("error", *_explained(problem, words))
            return USAGE if isinstance(problem, CycloptsError) else FAILED


def _run(words: list[str]) -> int:
    code = called(words)()
    sys.stdout.flush()  # a pipe that was closed is noticed here, not at exit
    return code if isinstance(code, int) else DONE


def called(words: Sequence[str]) -> Callable[[], Any]:
    """Return what a command line calls.

    Raises
    ------
    CycloptsError
        It is wrong.
    SettingError
        It names a file that is none of this machine's.
    """
    command, bound, _ = application(words).parse_args(list(words), exit_on_error=False, print_error=False)
    if any(isinstance(value, Path) for value in bound.arguments.values()):
        from lamina.cli.files import local  # only now, so that the help loads nothing

        for name, value in bound.arguments.items():
            bound.arguments[name] = local(value) if isinstance(value, Path) else value
    return partial(command, *bound.args, **bound.kwargs)


def open_streams() -> bool:
    """See that there is something to write to, and that every text can be written; return whether stdout was open.

    Where it was closed, results go nowhere. What the encoding of a terminal lacks is written like \\u0141.
    """
    was_open = sys.stdout is not None
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:  # closed: the next file that is opened would get its number
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), number)
            setattr(sys, name, os.fdopen(number, "w", encoding="utf-8", closefd=False))
        if hasattr(getattr(sys, name), "reconfigure"):  # not what a notebook puts there
            getattr(sys, name).reconfigure(errors="backslashreplace")
    return was_open


def _print_traceback() -> None:
    from lamina.cli.terminal import Terminal

    for line in traceback.format_exc().splitlines():
        Terminal().note(line)


def _explained(problem: Exception, words: Sequence[str]) -> tuple[str, ...]:
    """Return the lines that say what is wrong."""
    if isinstance(problem, LaminaError):
        return (for_command_line(str(problem)),)
    if isinstance(problem, MemoryError):
        return (f"not enough memory: {problem}" if str(problem) else "not enough memory",)
    if isinstance(problem, UnusedCliTokensError):
        unused = " ".join(problem.unused_tokens or ())
        return (f"not understood: {unused}", HELP)
    if isinstance(problem, CycloptsError):
        return (" ".join(str(problem).split()), *_meant(problem, words), HELP)
    if isinstance(problem, OSError):
        return (f"{'stdout' if problem.filename is None else problem.filename}: {problem.strerror or problem}",)
    return (f"{type(problem).__name__}: {problem}", "This is a fault in lamina: --debug shows where it arose")


def _meant(problem: CycloptsError, words: Sequence[str]) -> Iterator[str]:
    """Yield what cyclopts does not know of: other libraries' names, and values that look like options."""
    if isinstance(problem, UnknownOptionError) and words[0] == "train":
        from lamina.learning.foreign_names import SETTING_OF

        asked = (problem.token.keyword or problem.token.value or "").partition("=")[0]
        setting, _, value = SETTING_OF.get(asked.lower().replace("-", "").replace("_", ""), "").partition("=")
        if setting:
            flag = f"--{setting.replace('_', '-')}"
            yield f"{asked} is called {flag} {value.replace(chr(39), chr(34))}".rstrip() + " here"
    if isinstance(problem, MissingArgumentError):
        for option, value in pairwise(words):
            if option.startswith("--") and value.startswith("-") and f" {option} " in str(problem):
                yield f"a value that begins with a dash is written {option}={value}"


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
            complain("warning", for_command_line(text))

    warnings.showwarning = show  # type: ignore[assignment]


def _leave_stdout() -> None:
    """Send what is still to be written nowhere, so that Python does not complain at exit."""
    with suppress(OSError, ValueError):
        stdout = sys.stdout.fileno()
        os.dup2(os.open(os.devnull, os.O_WRONLY), stdout)


if __name__ == "__main__":
    sys.exit(main())
