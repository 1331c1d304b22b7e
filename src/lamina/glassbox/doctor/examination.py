"""One source examined: every function called, the wrong ones explained, the callee blamed and not the caller."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from lamina.glassbox.doctor import exceptions, unknown
from lamina.glassbox.doctor.called import Called, call_of
from lamina.glassbox.doctor.comparing import differing
from lamina.glassbox.doctor.exercise import Exercise
from lamina.glassbox.doctor.exercises import BY_NAME, EXERCISES
from lamina.glassbox.doctor.lines import Place, by_text, events_of, line_of, shared_helpers, telling_case
from lamina.glassbox.doctor.naming import Outcome, recognised, wrong_results
from lamina.glassbox.doctor.notes import notes_of
from lamina.glassbox.doctor.report import RIGHT, UNCHECKED, UNWRITTEN, WRONG, Finding, FunctionReport
from lamina.glassbox.doctor.sandbox import Sandbox
from lamina.glassbox.doctor.source import Source
from lamina.glassbox.doctor.steps import Mistake

STARTS = tuple(one.name for one in EXERCISES if one.name.startswith("initialize_parameters"))
MODELS = ("two_layer_model", "L_layer_model")
Replaced = dict[str, str]


class Examination:
    """The functions of one source, called in a sandbox.

    Parameters
    ----------
    source : Source
    sandbox : Sandbox
    names : iterable of str
        The functions to examine.
    """

    def __init__(self, source: Source, sandbox: Sandbox, names: Iterable[str]) -> None:
        self.source, self.sandbox = source, sandbox
        self.names = [exercise.name for exercise in EXERCISES if exercise.name in set(names)]
        self.reports: dict[str, FunctionReport] = {}
        self.shared = shared_helpers(source)
        self.bare: set[str] = set()  # sigmoid and relu that return A alone

    def reports_of_all(self) -> list[FunctionReport]:
        """Examine every function, callees before callers."""
        for name in self.names:
            self.reports[name] = self._report(BY_NAME[name])
        return list(self.reports.values())

    # ---- one function ----

    def _report(self, exercise: Exercise) -> FunctionReport:
        known = self.sandbox.loaded.get("defined", {}).get(exercise.name, {})
        if exercise.name in MODELS and known and not self._starts_from_outside(known):
            if self._called(exercise, {}).unwritten:
                return FunctionReport(exercise.name, UNWRITTEN)
            note = "It does not call initialize_parameters or initialize_parameters_deep, so its start is not known."
            return FunctionReport(exercise.name, UNCHECKED, notes=(note,))
        if other := _of_another_assignment(exercise, known):
            return FunctionReport(exercise.name, UNCHECKED, notes=(other,))
        starts: Replaced = dict.fromkeys(STARTS, "start") if exercise.name in MODELS else {}
        plain = self._called(exercise, starts)
        if plain.ended or plain.missing:
            return self._report_of_end(exercise, plain)
        notes = notes_of(exercise, plain.calls, plain.outcomes, known)
        callees = self._callees(exercise, known)
        replaced = {**starts, **{name: "A alone" if name in self.bare else "course" for name in callees}}
        alone = self._called(exercise, replaced) if callees and (plain.wrong or plain.impure(exercise)) else None
        if alone is not None and (alone.wrong or not alone.outcomes) and not plain.wrong:
            alone = None  # the course's functions do not suit it
        findings = self._side_effects(exercise, alone or plain, starts)
        if exercise.name in ("sigmoid", "relu") and plain.bare:
            self.bare.add(exercise.name)
        if plain.unwritten:
            return FunctionReport(exercise.name, UNWRITTEN)
        if any(one.name == "draws-anew" for one in findings):
            return FunctionReport(exercise.name, WRONG, tuple(findings), notes=tuple(notes))
        if not plain.wrong:
            blamed = self._blamed(callees) if alone is not None and not findings else ()
            return FunctionReport(exercise.name, WRONG if findings else RIGHT, tuple(findings), blamed, tuple(notes))
        if alternative := _also_right(exercise, plain.outcomes):
            return FunctionReport(exercise.name, RIGHT, tuple(findings), notes=(*notes, alternative.sentence))
        if alone is not None and alone.outcomes and not alone.wrong:
            blamed = self._blamed(callees)
            verdict = WRONG if findings else RIGHT
            return FunctionReport(exercise.name, verdict, tuple(findings), blamed, tuple(notes))
        if alone is not None and alone.numeric:
            found = self._explained(exercise, alone, replaced, known)
            if found and not any(one.name == "unknown" for one in found):
                return FunctionReport(exercise.name, WRONG, _joined(findings, found), notes=tuple(notes))
        found = self._explained(exercise, plain, starts, known)
        return FunctionReport(exercise.name, WRONG, _joined(findings, found), notes=tuple(notes))

    def _starts_from_outside(self, known: dict[str, Any]) -> bool:
        return bool(set(STARTS) & {*known.get("calls", ()), *known.get("missing", ())})

    def _callees(self, exercise: Exercise, known: dict[str, Any]) -> list[str]:
        return [name for name in self.names if name in known.get("calls", ()) and name != exercise.name
                and not (exercise.name in MODELS and name in STARTS)]  # fmt: skip

    def _blamed(self, callees: Sequence[str]) -> tuple[str, ...]:
        """The wrong ones among the callees, or those that a callee goes wrong through."""
        found: list[str] = []
        for name in callees:
            report = self.reports.get(name)
            if report is not None:
                found += [name] if report.verdict in (WRONG, UNWRITTEN) else report.blamed
        return tuple(dict.fromkeys(found)) or tuple(callees)

    def _report_of_end(self, exercise: Exercise, plain: Called) -> FunctionReport:
        if plain.missing:
            note = "The file does not get as far as defining it."
            return FunctionReport(exercise.name, UNCHECKED, notes=(note,))
        return FunctionReport(exercise.name, WRONG, (exceptions.ended(plain.ended, exercise, self.sandbox.seconds),))

    # ---- calling ----

    def _called(self, exercise: Exercise, replaced: Replaced) -> Called:
        calls = [call_of(case) for case in exercise.all_cases]
        answer = self.sandbox.ask({"function": exercise.name, "replace": replaced, "calls": calls})
        if "calls" not in answer:
            return Called(exercise, [], answer.get("ended", ""), answer.get("missing", False))
        return Called(exercise, answer["calls"])

    def _recorded(self, exercise: Exercise, place: int, replaced: Replaced) -> list[Any]:
        call = call_of(exercise.all_cases[place])
        job = {"function": exercise.name, "replace": replaced, "calls": [call], "record": True}
        answer = self.sandbox.ask(job)
        return events_of(answer["calls"][0]["record"]) if "calls" in answer else []

    # ---- explaining ----

    def _explained(
        self, exercise: Exercise, called: Called, replaced: Replaced, known: dict[str, Any]
    ) -> list[Finding]:
        if other := _arguments_in_another_order(exercise, known):
            return [self._at(other, exercise, None, known, ("def",))]
        judged = [one for one in called.outcomes if one.judged]
        unexpected = next((one for one in judged if one.unexpected), None)
        raising = next((one for one in judged if one.raised), None)
        if unexpected is not None:
            sentence = _sentence(unexpected.unexpected) + " Is a return missing?" * ("(None)" in unexpected.unexpected)
            finding = Finding("returns-something-else", sentence, ("what it returns",))
            finding = replace(finding, equation=f"return {exercise.returns}")
            return [self._at(finding, exercise, None, known, ("return",))]
        if called.numeric:
            found = recognised(exercise, called.outcomes)
            if found.mistakes:
                named = [self._named(exercise, called, found.mistakes, one, replaced, known) for one in found.mistakes]
                if found.unexplained:
                    named += self._unrecognised(exercise, called, found.unexplained, replaced, known)
                return named
        if raising is not None and raising.raised is not None:
            return [exceptions.finding_of(raising.raised, exercise, self.source, raising.case.label, known)]
        return self._unrecognised(exercise, called, (), replaced, known)

    def _named(
        self,
        exercise: Exercise,
        called: Called,
        mistakes: tuple[Mistake, ...],
        mistake: Mistake,
        replaced: Replaced,
        known: dict[str, Any],
    ) -> Finding:
        results = _results_of(exercise, called.outcomes, mistake)
        finding = Finding(mistake.name, mistake.sentence, results, mistake.equation)
        place = telling_case(exercise, called.outcomes, mistakes)
        found = None
        if place is not None and mistake.look[:1] not in (("range",), ("for",), ("if",)):
            events = self._recorded(exercise, place, replaced)
            found = line_of(exercise, called.outcomes[place], mistakes, mistake, events, self.shared)
        return self._at(finding, exercise, found, known, mistake.look)

    def _unrecognised(
        self, exercise: Exercise, called: Called, results: tuple[str, ...], replaced: Replaced, known: dict[str, Any]
    ) -> list[Finding]:
        if not results and (outside := _taken_from_outside(exercise, known)):
            return [self._at(outside, exercise, None, known, tuple(f"read {name}" for name in outside.results))]
        for place, outcome in enumerate(called.outcomes):
            if outcome.judged and outcome.found is not None and (wrong := wrong_results(exercise, outcome)):
                finding = Finding("unknown", unknown.sentence_of(exercise, outcome, results), results or tuple(wrong))
                events = self._recorded(exercise, place, replaced)
                found = line_of(exercise, outcome, (), None, events, self.shared)
                look = tuple(name.split("[")[0] for name in finding.results)
                return [self._at(finding, exercise, found, known, (*look, "return"))]
        return []

    def _side_effects(self, exercise: Exercise, called: Called, replaced: Replaced) -> list[Finding]:
        """Arguments that were changed, and results that change from call to call."""
        found = []
        known = self.sandbox.loaded.get("defined", {}).get(exercise.name, {})
        changed = called.changed(known.get("arguments") or exercise.arguments)
        for name, place in changed.items():
            if name in exercise.may_change or name in ("params", "parameters", "v", "s"):
                continue
            sentence = f"It changes its argument {name} in place: work on a copy, or compute a new array."
            finding = Finding("changes-its-argument", sentence, (name,))
            events = self._recorded(exercise, place, replaced)
            first = next((one for one in events if one.name.split("[")[0] == name), None)
            found.append(self._at(finding, exercise, first and Place(first.cell, first.line), known, ()))
            break
        if not exercise.draws and not called.same_again:
            if called.drew:
                sentence = "It draws random numbers: the result is another one in every call."
                equation = "D is the mask of the forward pass, from the cache" if "dropout" in exercise.name else ""
                finding = Finding("draws-anew", sentence, (), equation)
                found.append(self._at(finding, exercise, None, known, ("rand", "random", "randn")))
            else:
                sentence = (
                    "It gives another result when it is called again with the same arguments: it keeps something."
                )
                found.append(self._at(Finding("keeps-a-state", sentence), exercise, None, known, ("append", "return")))
        elif "dropout" in exercise.name and not exercise.draws and called.drew and called.wrong:
            sentence = "The mask is drawn anew on the way back: take the D of the forward pass, from the cache."
            finding = Finding("draws-anew", sentence, ("dA1", "dA2"), "dA = dA D / keep_prob, with the D of forward")
            found.append(self._at(finding, exercise, None, known, ("rand", "random_sample", "random", "binomial")))
        return found

    def _at(
        self, finding: Finding, exercise: Exercise, place: Place | None, known: dict[str, Any], look: tuple[str, ...]
    ) -> Finding:
        """Give a finding its line: the one that was found, or what the text of the function says."""
        cell = known.get("file", "")
        place = place or by_text(self.source, cell, exercise.name, look)
        if place is None:
            return finding
        found = self.source.cell(place.cell)
        where = self.source.place(place.cell, place.line)
        code = found.line(place.line) if found else ""
        return replace(finding, place=where, line=place.line, cell=place.cell, code=code)


def _joined(first: list[Finding], then: list[Finding]) -> tuple[Finding, ...]:
    """Side effects first; what follows from them alone is left out."""
    if any(one.name in ("draws-anew", "keeps-a-state") for one in first):
        then = [one for one in then if one.name not in ("unknown", "global-for-argument")]
    if any(one.name == "changes-its-argument" for one in first):
        then = [one for one in then if one.name != "A-as-cache"]
    return (*first, *then)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _results_of(exercise: Exercise, outcomes: Sequence[Outcome], mistake: Mistake) -> tuple[str, ...]:
    """The results in which a mistake shows, as many as are worth naming."""
    for outcome in outcomes:
        given = exercise.expected(outcome.case, (mistake,), outcome.found)
        if given and (names := differing(given, exercise.expected(outcome.case, (), outcome.found), exercise)):
            return tuple(names[:4])
    return ()


def _also_right(exercise: Exercise, outcomes: Sequence[Outcome]) -> Mistake | None:
    for alternative in exercise.also_right:
        if not any(wrong_results(exercise, one, (alternative,)) for one in outcomes if one.judged):
            return alternative
    return None


def _arguments_in_another_order(exercise: Exercise, known: dict[str, Any]) -> Finding | None:
    names = [name.lower() for name in known.get("arguments", [])][: len(exercise.arguments)]
    wanted = [name.lower() for name in exercise.arguments][: len(names)]
    if names == wanted or sorted(names) != sorted(wanted) or len(names) < 2:
        return None
    sentence = f"The arguments stand in another order: expected {', '.join(exercise.arguments)}."
    equation = f"{exercise.name}({', '.join(exercise.arguments)})"
    return Finding("arguments-in-another-order", sentence, ("the arguments",), equation)


def _of_another_assignment(exercise: Exercise, known: dict[str, Any]) -> str:
    names = known.get("arguments", [])
    if exercise.name in OTHER_ASSIGNMENTS and tuple(names) in OTHER_ASSIGNMENTS[exercise.name]:
        expected = ", ".join(exercise.arguments)
        return f"{exercise.name}({', '.join(names)}) belongs to another assignment: expected {expected}."
    return ""


def _taken_from_outside(exercise: Exercise, known: dict[str, Any]) -> Finding | None:
    """A value around the function that it reads, where its result is not explained otherwise."""
    reads = {name: shape for name, shape in known.get("reads", {}).items() if not name.isupper() or len(name) == 1}
    if not reads:
        return None
    named = ", ".join(f"{name} ({shape})" for name, shape in reads.items())
    sentence = (
        f"It reads {named} from outside of the function: expected from its arguments, {', '.join(exercise.arguments)}."
    )
    return Finding("global-for-argument", sentence, tuple(reads))


OTHER_ASSIGNMENTS = {
    "predict": (("parameters", "X"), ("w", "b", "X"), ("X", "parameters")),
    "compute_cost": (("A2", "Y", "parameters"), ("Z3", "Y"), ("logits", "labels")),
    "initialize_parameters": ((),),
}
