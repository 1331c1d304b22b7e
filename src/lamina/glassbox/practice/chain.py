"""A learner's file in the chain of a training step: every block run by their code, beside the right one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from lamina.errors import DataError
from lamina.glassbox.doctor import exceptions
from lamina.glassbox.doctor.asking import defined_in, notes_on_loading
from lamina.glassbox.doctor.called import Called, call_of
from lamina.glassbox.doctor.examination import Examination
from lamina.glassbox.doctor.exercises import BY_NAME
from lamina.glassbox.doctor.naming import wrong_results
from lamina.glassbox.doctor.report import UNWRITTEN, WRONG, FunctionReport
from lamina.glassbox.doctor.sandbox import SECONDS, Sandbox
from lamina.glassbox.doctor.source import Source, read
from lamina.glassbox.doctor.steps import Named
from lamina.glassbox.practice.blocks import STARTS, Block, Chain
from lamina.glassbox.practice.compared import Compared, compared
from lamina.glassbox.practice.own_training import NEEDED, OwnTraining, train_by

RIGHT, THROUGH, ELSEWHERE, RAISED = "right", "wrong through another", "wrong elsewhere", "raised"
MISSING, NOT_REACHED = "not there", "not reached"


@dataclass(frozen=True)
class BlockReport:
    """What a learner's function made of one block.

    Attributes
    ----------
    block : Block
    status : str
        "right"; "wrong"; "raised"; "wrong through another" (right itself: a function that it calls is not); "wrong
        elsewhere" (right on these numbers, wrong on others); "not written yet"; "not there"; "not reached".
    results : list of Compared
        Every result, found beside expected; the found ones are None where there are none.
    sentence : str
        What happened, where no array says it.
    """

    block: Block
    status: str
    results: list[Compared] = field(default_factory=list)
    sentence: str = ""


@dataclass(frozen=True)
class ChainReport:
    """A file in the chain.

    Attributes
    ----------
    file : str
    blocks : list of BlockReport
    functions : dict
        What the doctor says of each function, on its own cases too.
    first : str
        The key of the first block that is wrong or raised, else of the first that is not written or not there; empty
        where all are right.
    notes : tuple of str
    training : OwnTraining or None
        The network trained by the functions of the file; None where one of them is not there, or does not end.
    problem : str
        Why nothing of the file could be run; else empty.
    """

    file: str
    blocks: list[BlockReport]
    functions: dict[str, FunctionReport] = field(default_factory=dict)
    first: str = ""
    notes: tuple[str, ...] = ()
    training: OwnTraining | None = None
    problem: str = ""


def put_in_chain(path: str | Path, chain: Chain, seconds: float = SECONDS) -> ChainReport:
    """Run every block by the functions of a file, in a process of its own.

    Parameters
    ----------
    path : path
        A file that ends in .py or .ipynb.
    chain : Chain
    seconds : float
        After which one call is stopped.

    Returns
    -------
    ChainReport
        A file that cannot be read, is no Python, or defines no function of the course is told in `problem`.
    """
    name = Path(path).name
    try:
        source = read(Path(path))
        report = _examined(source, chain, seconds)
    except FileNotFoundError:
        return unreached(
            name, chain, f"{name} is not there: it was moved or deleted. Save it again, and it is run again."
        )
    except (DataError, OSError) as problem:
        return unreached(name, chain, str(problem))
    return report


def unreached(name: str, chain: Chain, problem: str) -> ChainReport:
    """Return the report of a file of which nothing could be run."""
    return ChainReport(name, [BlockReport(block, NOT_REACHED) for block in chain.blocks()], problem=problem)


def _examined(source: Source, chain: Chain, seconds: float) -> ChainReport:
    defined = defined_in(source)
    start = next((name for name in STARTS if name in defined), STARTS[0])
    blocks = chain.blocks(start)
    names = [name for name in dict.fromkeys(block.function for block in blocks) if name in defined]
    if not names:
        needed = ", ".join(dict.fromkeys(block.function for block in blocks))
        more = f" {source.unreadable[0]}" if source.unreadable else ""
        raise DataError(f"{source.name} defines no function of the chain: expected one of {needed}.{more}")
    cells = [{"name": cell.name, "code": cell.code} for cell in source.cells]
    main = "__main__" if source.is_notebook else Path(source.name).stem
    with Sandbox({"cells": cells, "main": main, "folder": source.folder}, seconds) as sandbox:
        if not sandbox.load():
            raise DataError(f"{source.name} cannot be loaded: the process {sandbox.unloadable}")
        examination = Examination(source, sandbox, names)
        functions = {one.function: one for one in examination.reports_of_all()}
        reports = list(_reports(blocks, functions, source, sandbox))
        notes = (*source.unreadable, *notes_on_loading(source, sandbox))
        training = train_by(sandbox, source, chain) if _can_train(functions) else None
    return ChainReport(source.name, reports, functions, _first(reports), notes, training)


def _can_train(functions: dict[str, FunctionReport]) -> bool:
    """Whether all that a step takes is written, and ends."""
    written = [functions[name] for name in NEEDED if name in functions and functions[name].verdict != UNWRITTEN]
    endless = any(one.name in ENDINGS for report in functions.values() for one in report.findings)
    return len(written) == len(NEEDED) and not endless


def _reports(
    blocks: list[Block], functions: dict[str, FunctionReport], source: Source, sandbox: Sandbox
) -> Iterator[BlockReport]:
    """Yield a report of every block. A function that does not end, or ends Python, is told of in its first."""
    ended: set[str] = set()
    for block in blocks:
        if block.function in ended:
            yield BlockReport(block, NOT_REACHED)
            continue
        report = functions.get(block.function)
        if report is not None and any(one.name in ENDINGS for one in report.findings):
            ended.add(block.function)
        yield _of_block(block, report, source, sandbox)


def _of_block(block: Block, report: FunctionReport | None, source: Source, sandbox: Sandbox) -> BlockReport:
    exercise = replace(BY_NAME[block.function], cases=lambda: iter((block.case,)))
    nothing = [replace(one, sentence="") for one in compared({}, exercise.expected(block.case))]
    if report is None or report.verdict == UNWRITTEN:
        return BlockReport(block, MISSING if report is None else UNWRITTEN, nothing)
    if ending := next((one for one in report.findings if one.name in ENDINGS), None):
        return BlockReport(block, RAISED, nothing, ending.sentence)
    answer = sandbox.ask({"function": block.function, "replace": {}, "calls": [call_of(block.case)]})
    if answer.get("missing"):
        return BlockReport(block, MISSING, nothing, *report.notes[:1])
    if not answer.get("calls"):
        ended = exceptions.ended(answer.get("ended", ""), exercise, sandbox.seconds)
        return BlockReport(block, RAISED, nothing, ended.sentence)
    outcome = Called(exercise, answer["calls"]).outcomes[0]
    blamed = bool(report.blamed) and not report.findings
    if outcome.found is not None:
        wrong = set(wrong_results(exercise, outcome))
        results = list(_beside(outcome.found, exercise.expected(block.case, (), outcome.found), wrong))
        return BlockReport(block, _status(bool(wrong), blamed, report), results)
    if outcome.raised is None:
        unexpected = f"{outcome.unexpected[0].upper()}{outcome.unexpected[1:]}."
        return BlockReport(block, THROUGH if blamed else WRONG, nothing, unexpected)
    known = sandbox.loaded.get("defined", {}).get(block.function, {})
    sentence = exceptions.finding_of(outcome.raised, exercise, source, block.case.label, known).sentence
    return BlockReport(block, THROUGH if blamed else RAISED, nothing, sentence)


def _beside(found: Named, right: Named, wrong: set[str]) -> Iterator[Compared]:
    """The results; what may differ in the exercise's judgement is not called different."""
    for one in compared(found, right):
        if one.name in wrong:
            yield one
        elif one.expected is not None and one.found is not None:
            yield replace(one, sentence="")


def _status(wrong: bool, blamed: bool, report: FunctionReport) -> str:
    if wrong:
        return THROUGH if blamed else WRONG
    return ELSEWHERE if report.verdict == WRONG else RIGHT


def _first(reports: list[BlockReport]) -> str:
    for kinds in ((WRONG, RAISED), (UNWRITTEN, MISSING, ELSEWHERE)):
        for one in reports:
            if one.status in kinds:
                return one.block.key
    return ""


ENDINGS = ("does-not-end", "ends-the-process")


class WatchedFile:
    """A file that is looked at again and again.

    Parameters
    ----------
    path : path
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._seen: tuple[int, int] | None = (-1, -1)

    def changed(self) -> bool:
        """Whether it was written, moved or deleted since the last look. True at the first."""
        try:
            stat = self.path.stat()
            now: tuple[int, int] | None = (stat.st_mtime_ns, stat.st_size)
        except OSError:
            now = None
        changed = now != self._seen
        self._seen = now
        return changed


def hints(report: FunctionReport) -> Iterator[list[list[str]]]:
    """Yield, for each finding, its rungs: where to look, the equation, the line, and what is wrong.

    A finding without an equation or a line has fewer.
    """
    for finding in report.findings:
        where = list(finding.told(1))
        equation = [one for one in finding.told(2) if one not in where]
        line = [one for one in finding.told(3) if one not in where + equation]
        yield [rung for rung in (where, equation, line, [finding.sentence]) if rung]
