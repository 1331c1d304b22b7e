"""How a run has fared up to a step: vital signs of each layer over time, and the diagnosis's findings.

The signs are those of `learning.vital_signs`, taken at key frames of the recording, so that they cover the run evenly
however long it is; they are kept by what they were taken of. The diagnosis is the library's own: it goes by the looks
that training itself took.
"""

import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lamina.learning.diagnosis.case import Case
from lamina.learning.diagnosis.facts import facts_of, order_of_batches, predictions_of
from lamina.learning.diagnosis.findings import Diagnosis, diagnosis_of
from lamina.learning.diagnosis.signs import signs_so_far
from lamina.learning.lbfgs import LBFGS
from lamina.learning.run import Run
from lamina.learning.state import State
from lamina.learning.training import steps_of
from lamina.learning.vital_signs import Look, Rates, look_at
from lamina.starting import digest

MOST_MOMENTS = 48  # of a strip
MOST_KEPT = 512  # looks
SIGNS = ("dead", "saturated", "gradient", "update", "weight", "spread", "same")


@dataclass
class Health:
    """What was seen of the runs on a bench: it keeps looks and the names of findings."""

    def __post_init__(self) -> None:
        self._looks: OrderedDict[tuple[Any, ...], Look] = OrderedDict()
        self._facts: tuple[Run, Mapping[str, Any]] | None = None
        self._names: OrderedDict[tuple[Any, ...], tuple[str, ...]] = OrderedDict()

    def look(self, run: Run, state: State) -> Look:
        """Return the vital signs at a state."""
        return _once(self._looks, _key(run, state), lambda: _look(run, state))

    def diagnosis(self, run: Run, state: State) -> Diagnosis:
        """Return what is wrong with a run as it stands, the likely cause first."""
        signs = signs_so_far(run, state)
        looks = signs["looks"]
        if not looks or looks[-1]["step"] < state.step:
            looks = [*looks, self.look(run, state)]
        case = Case(
            network=run.network,
            target=run.columns.target,
            columns=run.columns.encoder.names_in,
            settings=run.given,
            history=state.history,
            looks=looks,
            facts=_known(self._facts_of(run)),
            predictions=_known(
                predictions_of(run.network, run.engine, state.evaluated, run.validation or run.examples)
            ),
            recipe=signs["recipe"],
            best_epoch=state.epoch,
            stopped=state.stopped,
        )
        return diagnosis_of(case)

    def since(self, name: str, states: Sequence[tuple[Run, State]]) -> int:
        """Return at which of these states, in the order of their steps, a finding of the last one began."""
        low, high = 0, len(states) - 1
        while low < high:
            middle = (low + high) // 2
            if name in self._names_at(*states[middle]):
                high = middle
            else:
                low = middle + 1
        return int(states[low][1].step)

    def _names_at(self, run: Run, state: State) -> tuple[str, ...]:
        return _once(self._names, _key(run, state), lambda: self.diagnosis(run, state).names)

    def _facts_of(self, run: Run) -> Mapping[str, Any]:
        if self._facts is None or self._facts[0].examples is not run.examples:
            facts = facts_of(run.examples, run.validation, run.columns.encoder, run.network)
            self._facts = run, facts
        return {**self._facts[1], "order": order_of_batches(run)}


def _key(run: Run, state: State) -> tuple[Any, ...]:
    return state.step, digest(state.params), weakref.ref(run)  # a run has its own inputs and settings


def _once(kept: OrderedDict[Any, Any], key: Any, make: Callable[[], Any]) -> Any:
    """Return what is kept under a key, or make it; of many, those asked for last are kept."""
    found = kept.pop(key, None)  # one move, whoever else asks meanwhile
    if found is None:
        found = make()
    kept[key] = found
    while len(kept) > MOST_KEPT:
        kept.popitem(last=False)
    return found


def moments(steps: Iterable[int], upto: int) -> list[int]:
    """Return at which steps to look: at most `MOST_MOMENTS` of the key frames, evenly spread, and the last one."""
    before = sorted(step for step in steps if step < upto)
    if len(before) >= MOST_MOMENTS:
        stride = len(before) / (MOST_MOMENTS - 1)
        before = [before[int(k * stride)] for k in range(MOST_MOMENTS - 1)]
    return [*before, upto]


def _look(run: Run, state: State) -> Look:
    """Return a look; with a step on copies where the optimiser takes steps of its own."""
    if isinstance(run.recipe.optimiser, LBFGS):
        return look_at(run, state, state.params)
    steps = steps_of(run, state, 1)
    return look_at(run, state, state.params, Rates(float(steps.rates[0]), float(steps.decay(0))))


def _known(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}
