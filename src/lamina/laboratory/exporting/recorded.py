"""The answers that a page takes along where there is no engine: to what its views ask, for some steps of a training."""

import base64
import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from lamina.errors import LaminaError
from lamina.laboratory.bench import Bench
from lamina.laboratory.questions import answer

Arguments = dict[str, Any]

MOST_STEPS = 100_000  # of the training that is recorded
SEEDS = 8  # of the quiz
EVERY_STEP = 12  # the first so many steps are all recorded
MOST_ENTRIES = 1200  # of all arrays of a step, for the sums of single entries to be recorded
SOME_MISTAKES = 12
ROWS_TO_BREAK = "circles"  # what the view begins with
MISSING = (
    "This page holds recorded steps, and no engine for this one. With the engine: pip install 'lamina[lab]', then "
    "lamina lab"
)


def recorded_answers(bench: Bench, steps: Sequence[int], told: Callable[[], None] = lambda: None) -> str:
    """Return the answers to what the views ask about some steps, as JSON.

    Parameters
    ----------
    bench : Bench
    steps : sequence of int
        Increasing.
    told : function, optional
        Is called after every recorded step.
    """
    head = max(steps)
    packed = {
        "": _packed({key(name, given): _answered(bench, name, given, head) for name, given in _of_no_step(bench)})
    }
    for step in steps:
        packed[str(step)] = _packed(
            {key(name, given): _answered(bench, name, given, head) for name, given in _of_a_step(bench, step)}
        )
        told()
    return json.dumps({"steps": list(steps), "seeds": SEEDS, "missing": MISSING, "packed": packed})


def chosen_steps(head: int) -> list[int]:
    """Return which steps up to the newest are recorded: all of the first, then ever fewer, and the newest."""
    steps, step = [], 0
    while step < head:
        steps.append(step)
        step += 1 if step < EVERY_STEP else max(1, step // 4)
    return [*steps, head]


def key(name: str, arguments: Mapping[str, Any]) -> str:
    """Return the text under which the page looks an answer up; the same as that of `key` in recorded.js."""
    given = {name: value for name, value in arguments.items() if value is not None and value not in ([], ())}
    return f"{name} {json.dumps(dict(sorted(given.items())), separators=(',', ':'), ensure_ascii=False)}"


def _packed(answers: Mapping[str, Any]) -> str:
    text = json.dumps(answers, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), 6, mtime=0)).decode()


def _answered(bench: Bench, name: str, arguments: Mapping[str, Any], head: int) -> Any:
    try:
        found = answer(bench, name, arguments)
    except LaminaError as problem:
        return {"error": str(problem)}
    return {"answer": found}


# ---- what is asked ----


def _of_no_step(bench: Bench) -> Iterator[tuple[str, Arguments]]:
    """Yield the questions that are about no step."""
    yield from ((name, {}) for name in ("now", "overview", "history", "mistakes", "code"))
    yield from _broken_on_purpose(bench)


def _broken_on_purpose(bench: Bench) -> Iterator[tuple[str, Arguments]]:
    """Yield some mistakes, each alone, and the questions of the quiz."""
    known = answer(bench, "mistakes", {})
    firsts = [one["mistakes"][:3] for one in known["functions"]]
    keys = [one["key"] for some in firsts for one in some][:SOME_MISTAKES]
    for made in ([], *([one] for one in keys)):
        yield "break_it", {"rows": ROWS_TO_BREAK, "keys": made, "at": 0}
    for seed in range(SEEDS):
        yield "quiz", {"rows": ROWS_TO_BREAK, "seed": seed, "at": 0}
        yield from (("quiz_answer", {"rows": ROWS_TO_BREAK, "seed": seed, "choice": k}) for k in range(4))


def _of_a_step(bench: Bench, step: int) -> Iterator[tuple[str, Arguments]]:
    """Yield the questions about a step."""
    yield from ((name, {"step": step}) for name in ("trace", "lines", "lesson", "snapshot"))
    yield from (("python", {"step": step, "dialect": one}) for one in ("course", "lamina", "numpy"))
    trace = bench.trace_at(step)
    if sum(array.size for array in trace.arrays.values()) > MOST_ENTRIES:
        return
    for equation in trace.equations():
        array = trace[equation.result]
        places = [list(place) for place in _places(array.shape)]
        yield from (("entry", {"step": step, "name": equation.result, "index": place}) for place in places)


def _places(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    if len(shape) != 2:
        yield from [()] if not shape else ((i,) for i in range(shape[0]))
        return
    yield from ((i, j) for i in range(shape[0]) for j in range(shape[1]))
