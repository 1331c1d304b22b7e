"""A learner's code in the chain of a step: the blocks, the arrays of one, hints rung by rung."""

from typing import Any

from lamina.errors import SettingError
from lamina.glassbox.practice.chain import BlockReport, ChainReport, hints
from lamina.glassbox.practice.own_training import OwnTraining
from lamina.laboratory.bench import Bench
from lamina.laboratory.practice_rows import lesson, lesson_chain


def code(bench: Bench) -> Any:
    """Return the file and the status of every block; without a file, the empty chain."""
    if bench.code is None:
        blocks = [{**_named(block), "status": "", "sentence": ""} for block in lesson_chain().blocks()]
        return {"file": None, "looking": False, "blocks": blocks, "first": "", "notes": [], "problem": ""}
    report, about = bench.code.report, {"file": bench.code.path.name, "looking": bench.code.looking}
    if report is None:
        blocks = [{**_named(block), "status": "not reached", "sentence": ""} for block in lesson_chain().blocks()]
        return {**about, "blocks": blocks, "first": "", "notes": [], "problem": ""}
    blocks = [{**_named(one.block), "status": one.status, "sentence": one.sentence} for one in report.blocks]
    about |= {"first": report.first, "notes": report.notes, "problem": report.problem}
    return {**about, "blocks": blocks, "training": _training(report.training)}


def _training(own: OwnTraining | None) -> Any:
    """The costs by the learner's functions beside those by the right ones."""
    if own is None:
        return None
    rows = lesson()
    right = rows.trained(steps=max(1, len(own.printed)), keep=())
    ended = {"step": len(own.printed), "sentence": own.ended} if own.ended else None
    yours = {"costs": own.costs, "printed": own.printed, "ended": ended, "not_finite": None, "notes": ()}
    return {"right": {"costs": right.costs, "printed": right.printed}, "wrong": yours}


def _named(block: Any) -> dict[str, Any]:
    return {"key": block.key, "function": block.function, "way": block.way, "layer": block.layer}


def code_block(bench: Bench, key: str) -> Any:
    """Return what goes into a block, what came out and what was expected, and how many hints there are."""
    one = _block(bench, key)
    if one is None:
        block = next((block for block in lesson_chain().blocks() if block.key == key), None)
        if block is None:
            raise SettingError(f"there is no block {key!r}.")
        return {**_named(block), "status": "", "sentence": "", "inputs": block.inputs, "results": [], "hints": []}
    report = _report(bench)
    told = report.functions.get(one.block.function)
    return {
        **_named(one.block),
        "status": one.status,
        "sentence": one.sentence,
        "inputs": one.block.inputs,
        "results": one.results,
        "hints": [] if told is None else [len(rungs) for rungs in hints(told)],
        "blamed": [] if told is None else told.blamed,
        "notes": [] if told is None else told.notes,
    }


def code_hint(bench: Bench, function: str, finding: int, rung: int) -> Any:
    """Return one rung of the hints about a finding: where to look, the equation, the line, what is wrong."""
    told = None if bench.code is None or bench.code.report is None else bench.code.report.functions.get(function)
    findings = [] if told is None else list(hints(told))
    if type(finding) is not int or not 0 <= finding < len(findings):
        raise SettingError(f"finding={finding!r}: {function} has {len(findings)} findings.")
    rungs = findings[finding]
    if type(rung) is not int or not 0 <= rung < len(rungs):
        raise SettingError(f"rung={rung!r}: this finding has the hints 0 to {len(rungs) - 1}.")
    return {"lines": rungs[rung]}


def _report(bench: Bench) -> ChainReport:
    assert bench.code is not None
    assert bench.code.report is not None
    return bench.code.report


def _block(bench: Bench, key: str) -> BlockReport | None:
    if bench.code is None or bench.code.report is None:
        return None
    return next((one for one in bench.code.report.blocks if one.block.key == key), None)
