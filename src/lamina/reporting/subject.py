"""What a report is about: a model, and rows that it was tried on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lamina.explaining import Explanation
from lamina.learning.diagnosis.findings import Diagnosis
from lamina.model import Model
from lamina.reporting.answers import ClassAnswers, NumberAnswers


class WrongRow(NamedTuple):
    """One of the rows that are most wrong."""

    place: str  # "people.csv, line 7"
    number: int  # among the answers
    cells: tuple[str, ...]  # of the columns of training, in their order


@dataclass(frozen=True, eq=False)
class Tried:
    """Rows that a model was tried on.

    Attributes
    ----------
    name : str
        Of the file or files.
    rows : int
    looked_at : int
        How many of them, drawn at random, the diagnosis and the explanations go by.
    learned_from : bool
        Whether they are known to be the rows that the model was trained on.
    answers : ClassAnswers, NumberAnswers or None
    without : str
        Why there are no answers; empty where there are some.
    scores : sequence of (name, value, value of the baseline)
    baseline : str
        What the second values are of: somebody who knows the answers of these rows only as a whole.
    notes : sequence of str
        Why other scores are left out.
    worst : sequence of WrongRow
        The most wrong first.
    explanations : sequence of Explanation
    """

    name: str
    rows: int
    looked_at: int
    learned_from: bool = False
    answers: ClassAnswers | NumberAnswers | None = None
    without: str = ""
    scores: Sequence[tuple[str, float, float | None]] = ()
    baseline: str = ""
    notes: Sequence[str] = ()
    worst: Sequence[WrongRow] = ()
    explanations: Sequence[Explanation] = ()


class Snippet(NamedTuple):
    """Something to copy."""

    title: str
    code: str


@dataclass(frozen=True, eq=False)
class Subject:
    """What a report is about.

    Attributes
    ----------
    model : Model
    name : str
        Of the model's file.
    target : str
        What it predicts.
    diagnosis : Diagnosis
    on_command_line : callable
        Words an advice as flags.
    origin : sequence of (name, value)
        Versions, checksums, times.
    commands : sequence of Snippet
        What trains the model again on the command line; empty where nothing does.
    tried : Tried, optional
    """

    model: Model
    name: str
    target: str
    diagnosis: Diagnosis
    on_command_line: Callable[[str], str]
    origin: Sequence[tuple[str, str]] = ()
    commands: Sequence[Snippet] = ()
    tried: Tried | None = None
