"""What a stop of the lesson is made of: text, equations, code, pictures, questions, and what is revealed.

Text is plain; what stands between two dollars is LaTeX.
"""

from typing import NamedTuple


class Choice(NamedTuple):
    """One answer to choose."""

    text: str
    right: bool
    why: str  # why it is right, or which confusion leads to it


class Choices(NamedTuple):
    """A question with answers to choose from; one of them is right."""

    prompt: str
    choices: tuple[Choice, ...]
    kind: str = "choices"


class Confusion(NamedTuple):
    """A number that somebody may come to, and how."""

    value: float
    why: str


class Number(NamedTuple):
    """A question for a number."""

    prompt: str
    answer: float
    within: float  # how far off is near enough
    why: str
    confusions: tuple[Confusion, ...] = ()
    kind: str = "number"


class Drawing(NamedTuple):
    """The network as a picture, with the layers marked that are at work."""

    layers: tuple[int, ...]
    direction: str = "forward"  # or "backward"
    kind: str = "network"


class Grids(NamedTuple):
    """Arrays with their numbers and shapes."""

    names: tuple[str, ...]
    kind: str = "arrays"


class Product(NamedTuple):
    """A matrix product with its numbers: `result = factor left right + plus`; one entry of it is marked."""

    result: str
    left: str
    right: str
    plus: str = ""  # an array that is stretched over the columns
    transposed: str = ""  # which of left and right is transposed
    factor: str = ""  # LaTeX
    entry: tuple[int, int] = (0, 0)
    kind: str = "product"


class Curve(NamedTuple):
    """A number for each step."""

    name: str
    values: tuple[float, ...]


class Curves(NamedTuple):
    """Curves over the steps, in one picture."""

    title: str
    curves: tuple[Curve, ...]
    kind: str = "curves"


Show = Drawing | Grids | Product | Curves


class Stop(NamedTuple):
    """One stop of the lesson."""

    short: str  # in the list of stops
    title: str
    text: tuple[str, ...]
    equations: tuple[str, ...]  # the lecture's, in LaTeX
    code: str  # the same in NumPy
    shows: tuple[Show, ...]
    questions: tuple[Choices | Number, ...]
    reveal: tuple[str, ...]
    hides: tuple[str, ...]  # what the pictures keep back from somebody who predicts first: arrays, or "curves"
    onward: str  # the array whose line shows the rest, step by step


def choose(prompt: str, *choices: Choice) -> Choices:
    """Return a question; of choices with the same text one is kept, the right one before the others."""
    kept: dict[str, Choice] = {}
    for one in choices:
        if one.text not in kept or one.right:
            kept[one.text] = one
    return Choices(prompt, tuple(kept.values()))


def right(text: str, why: str) -> Choice:
    """Return the right answer."""
    return Choice(text, True, why)


def wrong(text: str, why: str) -> Choice:
    """Return an answer that is wrong."""
    return Choice(text, False, why)


def number(prompt: str, answer: float, why: str, *confusions: Confusion, within: float = 0.0) -> Number:
    """Return a question for a number: three digits are near enough, and confusions that come as near are left out."""
    within = within or max(0.01 * abs(answer), 5e-4)
    apart = tuple(one for one in confusions if abs(one.value - answer) > 2 * within)
    return Number(prompt, answer, within, why, apart)
