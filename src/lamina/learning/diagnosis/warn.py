"""Warnings while training: the few findings that are beyond doubt before the end."""

import warnings

from lamina.computed_once import cached_property
from lamina.errors import DiagnosisWarning
from lamina.learning.diagnosis.case import Case
from lamina.learning.diagnosis.facts import Facts, inputs_of
from lamina.learning.diagnosis.finding import Finding
from lamina.learning.diagnosis.of_data import unscaled_inputs
from lamina.learning.diagnosis.of_layers import ALL_DEAD, GROWN_SPREAD, dead_units, exploding_gradients, symmetric_units
from lamina.learning.diagnosis.of_rates import learning_rate_too_high
from lamina.learning.run import Run
from lamina.learning.state import State

ROWS_OF_INPUTS = 256
NARROW = 8  # layers of fewer units may die by chance
EPOCHS_TO_SETTLE = 4
ROSE_BY = 100.0  # times the first cost


class Watch:
    """Warns once of what is beyond doubt: of the cause, not of what follows from it. Call it after every epoch."""

    def __init__(self, run: Run, state: State) -> None:
        self._run, self._seen, self._said = run, len(state.looks), False

    def __call__(self, state: State) -> None:
        """Look at what is new since the last call."""
        if self._said or len(state.looks) == self._seen:
            return
        self._seen = len(state.looks)
        case = self._case(state)
        for look_for in BEYOND_DOUBT:
            finding = look_for(case)
            if finding is None or finding.severity != "error" or not _is_beyond_doubt(finding, case):
                continue
            warnings.warn(f"{finding} ({finding.name}: model.diagnose() says more)", DiagnosisWarning, stacklevel=5)
            self._said = True
            return

    @cached_property
    def _facts(self) -> Facts:
        """How large the inputs are."""
        encoder = self._run.columns.encoder
        if encoder is None:
            return {}
        X = next(iter(self._run.examples.blocks(ROWS_OF_INPUTS))).X
        return inputs_of(encoder, X)

    def _case(self, state: State) -> Case:
        run = self._run
        return Case(
            network=run.network,
            target=run.columns.target,
            columns=() if run.columns.encoder is None else run.columns.encoder.names_in,
            settings=run.given,
            history=state.history,
            looks=list(state.looks),
            facts=self._facts,
            recipe={"learning_rate": run.recipe.learning_rate},
            best_epoch=state.best_epoch,
            stopped=state.stopped,
        )


def _is_beyond_doubt(finding: Finding, case: Case) -> bool:
    """Return whether what may be chance, or pass, is too strong for that."""
    if finding.name == "unscaled_inputs":
        return max(spread or 0.0 for spread in case.looks[0]["spread"]) > GROWN_SPREAD
    settled = case.looks[-1]["epoch"] >= EPOCHS_TO_SETTLE
    if finding.name == "dead_units":
        now = case.looks[-1]["dead"][finding.layer - 1] or 0.0
        return settled and now >= ALL_DEAD and case.units(finding.layer) >= NARROW
    if finding.name == "learning_rate_too_high":
        first, now = (look["cost"] for look in (case.looks[0], case.looks[-1]))
        return settled and (now is None or now > ROSE_BY * max(first or 0.0, 1.0))
    return True


BEYOND_DOUBT = (unscaled_inputs, symmetric_units, exploding_gradients, learning_rate_too_high, dead_units)
