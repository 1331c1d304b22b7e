"""Write src/lamina/constructors.pyi: what type checkers and editors see of the constructors. `make stubs` runs it."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from lamina.constructors import BY_POSITION, parameters
from lamina.equations.activations import ACTIVATIONS
from lamina.learning.hyperparameters import SETTINGS, Choice, Setting, settings_for

PLACE = Path(__file__).parents[1] / "src" / "lamina" / "constructors.pyi"

HEAD = '''"""Written by `make stubs` from the table in learning/hyperparameters.py: edit that, not this."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

'''
ALWAYS = {"lamina.equations.layers": {"Dense"}, "lamina.equations.types": {"Layer"}}
ALWAYS |= {"lamina.learning.own_losses": {"OwnLoss"}}


def stub() -> str:
    """Return the text of the file, but for its line breaks, which `ruff format` decides."""
    return f"{HEAD}{imports()}\n{long_types()}\n" + "\n".join(map(constructor, ("classifier", "regressor")))


def imports() -> str:
    """Return the imports of the classes that a choice may be."""
    found: defaultdict[str, set[str]] = defaultdict(set, {module: set(names) for module, names in ALWAYS.items()})
    for one in SETTINGS:
        for choice in one.kind.table.values() if isinstance(one.kind, Choice) else ():
            found[choice.__module__].add(choice.__name__)
    return "".join(_block(f"from {module} import ", names) for module, names in sorted(found.items()))


def _block(start: str, names: set[str]) -> str:
    line = start + ", ".join(sorted(names))
    return f"{line}\n" if len(line) <= 120 else start + "(\n" + "".join(f"    {n},\n" for n in sorted(names)) + ")\n"


def _named() -> dict[str, str]:
    """Return what has a name of its own, by annotation: that of the shortest setting which has it."""
    found = {one.kind.annotation: one.name for one in sorted(SETTINGS, key=lambda one: len(one.name), reverse=True)}
    return {text: name.title().replace("_", "") for text, name in found.items() if len(text) > LONG}


LONG = 50  # characters


def long_types() -> str:
    """Return a line for each type with a name of its own."""
    lines = [f"ActivationName = Literal[{', '.join(map(repr, ACTIVATIONS))}]"]
    lines += [f"{name} = {text}" for text, name in sorted(_named().items(), key=lambda pair: pair[1])]
    return _quoted("\n".join([*lines, ""]))


def _type(one: Setting) -> str:
    return _quoted(_named().get(one.kind.annotation, one.kind.annotation))


def constructor(task: str) -> str:
    """Return a class with its settings as attributes, and its constructor."""
    known = settings_for(task)
    lines = [f"class {task.capitalize()}Settings:"]
    lines += [f"    {name}: {_type(one)}" for name, one in known.items()]
    return "\n".join([*lines, "    def __init__(", "        self,", *_arguments(task), "    ) -> None: ...", ""])


def _arguments(task: str) -> Iterator[str]:
    known = settings_for(task)
    for one in parameters(task):
        if one.name == next(name for name in known if name not in BY_POSITION):
            yield "        *,"
        yield f"        {one.name}: {_type(known[one.name])} = {_quoted(repr(one.default))},"


def _quoted(text: str) -> str:
    return text.replace("'", '"')


if __name__ == "__main__":
    PLACE.write_text(stub(), encoding="utf-8")
