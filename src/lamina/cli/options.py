"""Options that several commands have, with their help."""

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter


def _whole(_: Any, tokens: Any) -> int:
    """Return a whole number; cyclopts would round 1.5 to 2."""
    try:
        return int(tokens[0].value)
    except ValueError:
        raise ValueError(f"expected a whole number, found {tokens[0].value!r}") from None


Whole = Annotated[int, Parameter(converter=_whole)]
ModelFile = Annotated[Path, Parameter(help="A model file, as `lamina train` writes it.")]
Target = Annotated[str | None, Parameter(help="The column to predict.")]
Task = Annotated[
    Literal["classification", "regression"] | None,
    Parameter(help="Whether the target holds classes or numbers. Detected and printed if not given."),
]
Weights = Annotated[str | None, Parameter(help="A column that says how much each row counts.")]
Drop = Annotated[
    list[str] | None,
    Parameter(help="Columns to leave out: a name, or several with commas between them. May be given several times."),
]
AsJson = Annotated[bool, Parameter(help="Print the result as JSON on stdout, and nothing else there.")]
