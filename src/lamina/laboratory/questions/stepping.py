"""The equations of a step, one line at a time: what each says, what one entry is made of, what one example adds."""

from typing import Any

from lamina.errors import SettingError
from lamina.glassbox.entries.shares import adds_up_examples, term_of_example
from lamina.glassbox.entries.stretching import stretches, told_from
from lamina.glassbox.entries.terms import Sum, Term
from lamina.glassbox.equation import latex_of
from lamina.laboratory.bench import Bench
from lamina.laboratory.drawing import of_one_example, pieces, with_shapes
from lamina.laboratory.edits import edits_of
from lamina.laboratory.questions.numbers import window_of

MOST_TERMS = 60  # of a sum that are sent at once


def lines(bench: Bench, step: int, edits: Any = ()) -> Any:
    """Return the equations of a step in order: part, LaTeX with shapes, what is drawn, what is read and stretched."""
    trace = bench.trace_at(step, edits_of(edits))
    equations = trace.equations()
    shapes, axes = equations.shapes, {one.name: one.axes for one in trace.table().entries}
    adds_up = {one.result: adds_up_examples(trace, one) for one in equations}
    return {
        "step": step,
        "heading": trace.heading,
        "m": trace.m,
        "lines": [
            {
                "result": one.result,
                "part": one.part,
                "what": one.what,
                "text": one.text,
                "latex": one.latex,
                "shaped": with_shapes(one, shapes),
                "of_example": of_one_example(one, axes, adds_up[one.result]),
                "pieces": pieces(one, shapes),
                "arrays": list(dict.fromkeys([one.result, *told_from(one, trace.keys()), *one.statement.inputs])),
                "stretched": stretches(one, shapes),
                "adds_up": adds_up[one.result],
            }
            for one in equations
        ],
        "symbols": {name: latex_of(name) for name in trace},
        "editable": ["A0", *(slot.name for slot in trace.network.slots)],
    }


def entry(bench: Bench, step: int, name: str, index: Any, edits: Any = (), first: int = 0) -> Any:
    """Return what an entry is made of; of long sums `MOST_TERMS` terms from number `first` on."""
    if not isinstance(index, list | tuple):
        raise SettingError(f"index={index!r}: expected a list, such as [0, 3]; [] for an array that is one number.")
    if type(first) is not int or first < 0:
        raise SettingError(f"first={first!r}: expected the number of a term, from 0.")
    worked = bench.trace_at(step, edits_of(edits)).entry(name, *index)
    return {
        "name": worked.name,
        "index": worked.index,
        "place": worked.place,
        "value": worked.value,
        "total": worked.total,
        "agrees": worked.agrees,
        "verdict": worked.verdict,
        "by_rule": worked.by_rule,
        "exact": worked.exact,
        "sums": [_sent(one, first) for one in worked.sums],
        "reads": [block for blocks in worked.reads.values() for block in blocks],
    }


def _sent(one: Sum, first: int) -> dict[str, Any]:
    sent = one.terms[first : first + MOST_TERMS]
    return {
        "front": one.front,
        "front_text": one.front_text,
        "over": one.over,
        "count": len(one.terms),
        "first": min(first, len(one.terms)),
        "terms": [_term(term) for term in sent],
        "last": _term(one.terms[-1]),
        "inner": one.value / one.front if one.front else 0.0,
        "value": one.value,
    }


def _term(term: Term) -> dict[str, Any]:
    return {"value": term.value, "factors": term.factors}


def share(
    bench: Bench, step: int, name: str, example: int, rows: Any = (0, 64), columns: Any = (0, 64), edits: Any = ()
) -> Any:
    """Return what one example adds to an array that is a mean over the examples: a window of its term of the sum."""
    trace = bench.trace_at(step, edits_of(edits))
    equation = trace.equations()[trace.name_of(name)]
    if not adds_up_examples(trace, equation):
        raise SettingError(f"{name} is no mean over examples.")
    if type(example) is not int or not 0 <= example < trace.m:
        raise SettingError(f"example={example!r}: the step has the examples 0 to {trace.m - 1}.")
    return {**window_of(name, term_of_example(trace, equation, example), rows, columns), "example": example}
