"""The parts of an episode as Python: rows and their order, parameters, rates, hand-made changes, the printing."""

from collections.abc import Iterator
from typing import Any

from lamina.laboratory.writing.episode import Episode
from lamina.laboratory.writing.line import INDENT, wrapped
from lamina.laboratory.writing.literals import Numbers


def rows_code(episode: Episode, numbers: Numbers) -> Iterator[str]:
    """Yield the lines of X, Y and the weights of the rows."""
    yield "# The rows: one example each."
    yield f"X = {numbers.text('X', episode.X, 4)}  # {episode.X.shape}"
    yield f"Y = {numbers.text('Y', episode.Y, 4)}  # {episode.Y.shape}"
    if episode.weights is not None:
        yield f"w_of_rows = {numbers.text('w_of_rows', episode.weights, 12)}  # what each row counts"
    yield "M = len(X)"


def parameters_code(episode: Episode, numbers: Numbers) -> Iterator[str]:
    """Yield the lines of the parameters before the first step."""
    yield f"# The parameters before step {episode.first}."
    yield "parameters = {"
    for name, array in episode.network.named(episode.params).items():
        yield f'{INDENT}"{name}": {numbers.text(name, array, len(name) + 8)},  # {array.shape}'
    yield "}"


def rates_code(episode: Episode) -> Iterator[str]:
    """Yield the lines of the learning rates, and of what decay and dropout are multiplied by where they vary."""
    if not varies(episode.rates):
        yield f"LEARNING_RATE = {float(episode.rates[0])!r}"
    for name, values in (("rates", episode.rates), ("decays", episode.decays), ("dropouts", episode.dropouts)):
        if varies(values) or (name != "rates" and values[0] != 1):
            listed = wrapped([repr(float(value)) for value in values], INDENT)
            yield f"{name} = [  # of every step\n{listed},\n]"


def varies(values: Any) -> bool:
    """Return whether numbers differ from one another."""
    return bool((values != values[0]).any())


def order_code(episode: Episode, order: str) -> list[str]:
    """Return the function that says which rows a step takes; `order` is the code of the order of an epoch."""
    if episode.whole:
        return []
    place = "step" if episode.place == episode.first else f"step + {episode.place - episode.first}"
    return [
        "def rows_of(step):",
        f'{INDENT}"""Return which rows a step takes."""',
        f"{INDENT}epoch, batch = divmod({place}, -(-M // BATCH_SIZE))",
        f"{INDENT}return {order}[batch * BATCH_SIZE : (batch + 1) * BATCH_SIZE]",
    ]


# The library's own order of the rows, for scripts that may import it.
ORDER_IMPORTS = ("from lamina.data.splitting import shuffled", "from lamina.equations.random import SHUFFLE, bits")
ORDER_OF_EPOCH = "shuffled(M, lambda n: bits(n, seed=SEED, stream=SHUFFLE, step=epoch))"


def library_order(episode: Episode) -> tuple[list[str], list[str]]:
    """Return the imports and the function `rows_of` of a script that may import the library."""
    if episode.whole:
        return [], []
    if not episode.recipe.shuffle:
        return [], ["", "", *order_code(episode, "np.arange(M)"), ""]
    return list(ORDER_IMPORTS), ["", "", *order_code(episode, ORDER_OF_EPOCH), ""]


def constants_code(episode: Episode) -> Iterator[str]:
    """Yield the lines of the steps, the batch and the seed."""
    yield f"FIRST, LAST = {episode.first}, {episode.last}  # the first step, and the one that is shown"
    if not episode.whole:
        yield f"BATCH_SIZE = {episode.recipe.batch_size}"
    if episode.recipe.shuffle or episode.drops:
        yield f"SEED = {episode.recipe.seed}"


def edits_code(episode: Episode) -> list[str]:
    """Return the lines that set numbers which were changed by hand, within the loop."""
    if not episode.edits:
        return []
    lines = [f"{INDENT}if step == LAST:  # numbers that were changed by hand"]
    if any(name == "A0" for name, *_ in episode.edits):
        lines.append(f"{INDENT * 2}A0 = A0.copy()")
    for name, row, column, value in episode.edits:
        array = "A0" if name == "A0" else f'parameters["{name}"]'
        lines.append(f"{INDENT * 2}{array}[{row}, {column}] = {value!r}")
    return lines


def printing() -> list[str]:
    """Return the lines at the end of every script."""
    return [
        'print(f"step {LAST}: cost {cost:.17g}")',
        "for name, array in {**parameters, **grads}.items():",
        f'{INDENT}print(f"{{name}} {{array.shape}}\\n{{array}}")',
    ]
