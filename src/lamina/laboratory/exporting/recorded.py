"""The answers that a page takes along where there is no engine: to what its views ask, for some steps of a training."""

import base64
import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from lamina.errors import LaminaError
from lamina.glassbox.entries.shares import adds_up_examples
from lamina.laboratory.bench import Bench
from lamina.laboratory.questions import answer
from lamina.laboratory.questions.numbers import MOST_NUMBERS
from lamina.laboratory.writing import DIALECTS

Arguments = dict[str, Any]

MOST_STEPS = 100_000  # of the training that is recorded
SEEDS = 8  # of the quiz
EVERY_STEP = 6  # the first so many steps are all recorded
MOST_ENTRIES = 1200  # of all arrays of a step, for the sums of single entries to be recorded
MOST_WEIGHTS = 100  # for the slopes by each of them to be recorded
MOST_UNITS = 24  # for each of them to be recorded
MISTAKES_OF_A_FUNCTION = 3
OF_NO_STEP = ("now", "overview", "history", "code", "curves", "plane", "settings")
OF_A_STEP = ("trace", "lines", "lesson", "frame", "pictures", "health", "nudge", "snapshot")
TILE, TILES = 64, 4  # rows and columns of a window; windows of a large array each way
ROWS_TO_BREAK, FIRST_MISTAKE = "circles", "linear_backward/1/m-missing-dW"  # what the view begins with
LARGEST_FILE = 50_000  # beside a script, in base64
TOO_LARGE = "This script comes with a file that is too large for this page: the lab writes both (lamina lab)."
MISSING = (
    "This was not recorded. Single entries, units and examples were, at the steps {}. With the engine all is there: "
    "pip install 'lamina[lab]', then lamina lab"
)


def recorded_answers(
    bench: Bench, steps: Sequence[int], told: Callable[[], None] = lambda: None, *, practice: bool = True
) -> str:
    """Return the answers to what the views ask about some steps, as JSON.

    Parameters
    ----------
    bench : Bench
    steps : sequence of int
        Increasing.
    told : function, optional
        Is called after every recorded step.
    practice : bool
        Whether there are mistakes to make on purpose, and a quiz.
    """
    packed, whole = {"": _packed(_without_a_step(bench, practice))}, detailed_steps(steps)
    for step in steps:
        asked = [*_of_a_step(bench, step)]
        if step in whole:
            asked += _in_detail(bench, step, slopes=step in (whole[0], whole[-1]))
        packed[str(step)] = _packed({key(name, given): _answered(bench, name, given) for name, given in asked})
        told()
    missing = MISSING.format(f"{', '.join(f'{step:,}' for step in whole[:-1])} and {whole[-1]:,}".removeprefix(" and "))
    return json.dumps({"steps": list(steps), "seeds": SEEDS, "missing": missing, "packed": packed})


def chosen_steps(head: int) -> list[int]:
    """Return which steps up to the newest are recorded: all of the first, then ever fewer, and the newest."""
    steps, step = [], 0
    while step < head:
        steps.append(step)
        step += 1 if step < EVERY_STEP else step // 3
    return [*steps, head]


def detailed_steps(steps: Sequence[int]) -> list[int]:
    """Return the steps of which single entries, units and examples are recorded too: the first ones, and the last."""
    return [*(step for step in steps[:-1] if step <= EVERY_STEP), steps[-1]]


def key(name: str, arguments: Mapping[str, Any]) -> str:
    """Return the text under which the page looks an answer up; the same as that of `key` in recorded.js."""
    given = {name: value for name, value in arguments.items() if value is not None and value not in ([], ())}
    return f"{name} {json.dumps(dict(sorted(given.items())), separators=(',', ':'), ensure_ascii=False)}"


def _packed(answers: Mapping[str, Any]) -> str:
    text = json.dumps(answers, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), 6, mtime=0)).decode()


def _answered(bench: Bench, name: str, arguments: Mapping[str, Any]) -> Any:
    try:
        found = answer(bench, name, arguments)
    except LaminaError as problem:
        return {"error": str(problem)}
    if name == "python" and sum(map(len, found["files"].values())) > LARGEST_FILE:
        return {"error": TOO_LARGE}
    return {"answer": found}


# ---- what is asked ----


def _without_a_step(bench: Bench, practice: bool) -> dict[str, Any]:
    """Return the answers that are about no step."""
    found = {key(name, {}): _answered(bench, name, {}) for name in OF_NO_STEP}
    if not practice:
        return found
    known = _some_mistakes(answer(bench, "mistakes", {}))
    keys = [one["key"] for of_function in known["functions"] for one in of_function["mistakes"]]
    asked = [("break_it", {"rows": ROWS_TO_BREAK, "keys": made, "at": 0}) for made in ([], *([one] for one in keys))]
    for seed in range(SEEDS):
        asked.append(("quiz", {"rows": ROWS_TO_BREAK, "seed": seed, "at": 0}))
        asked += [("quiz_answer", {"rows": ROWS_TO_BREAK, "seed": seed, "choice": k}) for k in range(4)]
    found |= {key(name, given): _answered(bench, name, given) for name, given in asked}
    return found | {key("mistakes", {}): {"answer": known}}


def _some_mistakes(known: Any) -> Any:
    """Return a few mistakes of every function, on the rows that the view begins with: those that are recorded."""
    functions = []
    for one in known["functions"]:
        some = one["mistakes"][:MISTAKES_OF_A_FUNCTION]
        some += [each for each in one["mistakes"] if each["key"] == FIRST_MISTAKE and each not in some]
        functions.append({**one, "mistakes": [{**each, "some_layers": False} for each in some]})
    return {**known, "functions": functions, "rows": [one for one in known["rows"] if one["name"] == ROWS_TO_BREAK]}


def _of_a_step(bench: Bench, step: int) -> Iterator[tuple[str, Arguments]]:
    """Yield the questions about a step."""
    yield from ((name, {"step": step}) for name in OF_A_STEP)
    yield from (("python", {"step": step, "dialect": one}) for one in DIALECTS)
    yield _slopes(step, "W1", 0, 0)  # what the view begins with
    for name, array in bench.trace_at(step).arrays.items():
        if array.size > MOST_NUMBERS and array.ndim == 2:
            yield from (("array", {"step": step, "name": name, **window}) for window in _tiles(array.shape))


def _tiles(shape: tuple[int, ...]) -> Iterator[Arguments]:
    """Yield the first windows of a large array."""
    rows, columns = (range(0, min(n, TILES * TILE), TILE) for n in shape)
    yield from ({"rows": [i, i + TILE], "columns": [j, j + TILE]} for i in rows for j in columns)


def _slopes(step: int, name: str, i: int, j: int) -> tuple[str, Arguments]:
    return "slopes", {"step": step, "name": name, "row": i, "column": j}


def _in_detail(bench: Bench, step: int, slopes: bool) -> Iterator[tuple[str, Arguments]]:
    """Yield the questions about single entries, units and examples of a step, and perhaps about slopes."""
    trace = bench.trace_at(step)
    network, m = trace.network, trace.m
    if sum(array.size for array in trace.arrays.values()) > MOST_ENTRIES:
        return
    for equation in trace.equations():
        name, shape = equation.result, trace[equation.result].shape
        yield from (("entry", {"step": step, "name": name, "index": list(place)}) for place in _places(shape))
        if adds_up_examples(trace, equation):
            window = {"rows": [0, TILE], "columns": [0, TILE]}
            yield from (("share", {"step": step, "name": name, "example": e, **window}) for e in range(m))
    units = [(slot.name, slot.shape[0]) for slot in network.slots if slot.role == "W"]
    if sum(count for _, count in units) <= MOST_UNITS:
        for layer, (_, count) in enumerate(units, start=1):
            yield from (("unit", {"step": step, "layer": layer, "unit": k}) for k in range(1, count + 1))
    if slopes and network.size <= MOST_WEIGHTS:
        for slot in network.slots:
            yield from (_slopes(step, slot.name, i, j) for i, j in _places(slot.shape))


def _places(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    if len(shape) != 2:
        yield from [()] if not shape else ((i,) for i in range(shape[0]))
        return
    yield from ((i, j) for i in range(shape[0]) for j in range(shape[1]))
