"""The reference of the command line: a page for each command, from what its `--help` says."""

import io
import re
from dataclasses import dataclass, field
from typing import Any

from cyclopts.help import InlineText
from rich.console import Console

from lamina.cli.main import COMMANDS, EPILOGUE, application, summary_of

FLAG = re.compile(r"(?<![\w`])(--[a-z][\w-]*)")
QUIET = {"Commands"}  # `--help` and `--version` are those of every command


@dataclass
class Collected:
    """A help formatter that keeps what it is given; cyclopts calls it as it would call one that prints."""

    usage: str = ""
    description: str = ""
    panels: list[Any] = field(default_factory=list)

    def __call__(self, console: Any, options: Any, panel: Any) -> None:
        self.panels.append(panel)

    def render_usage(self, console: Any, options: Any, usage: Any) -> None:
        self.usage = text_of(usage)

    def render_description(self, console: Any, options: Any, description: Any) -> None:
        self.description = text_of(description)


def pages() -> dict[str, str]:
    """Return the pages by name: a list of the commands, and one page for each."""
    rows = "\n".join(f"| [`{name}`](commands/{name}.md) | {summary_of(name)} |" for name in COMMANDS)
    names = "\n".join(f"commands/{name}" for name in COMMANDS)
    index = f"{HEAD}\n\n| command | does |\n|---|---|\n{rows}\n\n{flags(EPILOGUE)}\n\n"
    index += f"```{{toctree}}\n:hidden:\n\n{names}\n```\n"
    return {"reference/commands.md": index} | {f"reference/commands/{name}.md": page(name) for name in COMMANDS}


def page(command: str) -> str:
    """Return the page of a command."""
    found = help_of(command)
    lines = [f"# lamina {command}", "", "```text", found.usage, "```", "", flags(found.description), ""]
    for panel in found.panels:
        entries = [entry for entry in panel.entries if text_of(panel.title) not in QUIET]
        if entries:
            lines += [f"## {text_of(panel.title)}", ""]
            lines += [line for entry in entries for line in definition(entry)]
    return "\n".join(lines)


def help_of(command: str) -> Collected:
    """Return what the help of a command consists of."""
    collected, app = Collected(), application([command])
    app.help_formatter = collected
    app.help_print([command], console=Console(file=io.StringIO(), width=10_000))
    return collected


def definition(entry: Any) -> list[str]:
    """Return an argument or an option as an item of a definition list."""
    words = entry.display_labels_with_metavar or (entry.positional_label,)
    name = ", ".join(f"`{word}`" for word in words if word)
    about = flags(text_of(entry.description))
    if entry.required:
        about += " Required."
    if entry.choices:
        about += f" One of {', '.join(f'`{choice}`' for choice in entry.choices)}."
    return [name, f": {about.strip()}", ""]


def flags(text: str) -> str:
    """Return a text with its options as code, its paragraphs kept, and nothing in it that Markdown would read."""
    paragraphs = [" ".join(one.split()) for one in re.split(r"\n\s*\n", text)]
    return "\n\n".join(FLAG.sub(r"`\1`", escaped(one)) for one in paragraphs)


def escaped(text: str) -> str:
    """Return a text with what Markdown would take for markup escaped, outside of code."""
    parts = text.split("`")
    return "`".join(re.sub(r"([*_<>\[\]|])", r"\\\1", part) if n % 2 == 0 else part for n, part in enumerate(parts))


def text_of(value: Any) -> str:
    """Return what is shown of a string or of one of rich's renderables."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, InlineText):
        value = value.primary_renderable
    console = Console(file=io.StringIO(), width=10_000, color_system=None)
    with console.capture() as shown:
        console.print(value, end="")
    return "\n".join(line.rstrip() for line in shown.get().splitlines())


HEAD = """# Commands and options

Every command with all its options, as `lamina COMMAND --help` lists them. [The command line](../command-line.md) shows
them at work."""
