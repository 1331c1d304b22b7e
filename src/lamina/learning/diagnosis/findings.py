"""The table of findings, causes before what they cause, and the diagnosis that they make together."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from html import escape
from typing import Any

from lamina.learning.diagnosis import of_data, of_layers, of_outcome, of_rates
from lamina.learning.diagnosis.case import Case
from lamina.learning.diagnosis.finding import Finding


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with a run, the likely cause first; `print` it.

    Attributes
    ----------
    findings : tuple of Finding
        Empty where nothing was found.
    unknown : tuple of str
        What could not be looked at, and what it needs.
    """

    findings: tuple[Finding, ...]
    unknown: tuple[str, ...] = ()

    @property
    def healthy(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the findings, the likely cause first."""
        return tuple(finding.name for finding in self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def lines(self) -> list[str]:
        """Return it line by line."""
        found = [f"{i}. {one.name} ({one.severity}): {one}" for i, one in enumerate(self.findings, start=1)]
        heading = f"healthy: none of {len(FINDINGS)} known faults found" if self.healthy else _counted(len(found))
        return [heading, *found, *(f"not looked at: {what}" for what in self.unknown)]

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(one.name)}</td><td>{one.severity}</td><td "
            f"style='text-align:left'>{escape(str(one))}</td></tr>"
            for one in self.findings
        )
        heading, *_ = self.lines()
        notes = "".join(f"<p>not looked at: {escape(what)}</p>" for what in self.unknown)
        return f"<p>{heading}</p><table>{rows}</table>{notes}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        findings = [finding.to_dict() for finding in self.findings]
        return {"healthy": self.healthy, "findings": findings, "not_looked_at": list(self.unknown)}


def _counted(n: int) -> str:
    return "1 finding" if n == 1 else f"{n} findings, the likely cause first"


def diagnosis_of(case: Case) -> Diagnosis:
    """Look for every known fault."""
    found = [finding for look_for in FINDINGS.values() if (finding := look_for(case)) is not None]
    return Diagnosis(tuple(_explained(found)), tuple(_unknown(case)))


def _explained(found: list[Finding]) -> Iterator[Finding]:
    """Yield the findings; a constant prediction says which of the others is its cause."""
    constant = any(one.name == "constant_prediction" for one in found)
    causes = [one.name for one in found if one.name not in NO_CAUSES]
    for finding in found:
        if constant and finding.name == "class_never_predicted":  # it says the same
            continue
        if finding.name == "constant_prediction" and causes:
            yield replace(finding, cause=f"The cause is {causes[0]}: see there.", advice="Mend that first.")
        else:
            yield finding


def _unknown(case: Case) -> Iterator[str]:
    if not case.looks:
        yield "the layers while it learned: no looks at them were kept with this model"
    if not case.facts:
        yield "rows and columns: pass X and y (on the command line FILE)"
    elif not case.validation_costs:
        yield "whether it memorises: there were no validation rows (early_stopping=True, or X_val and y_val)"


# Causes stand before what they cause: the order in which findings are told.
FINDINGS: dict[str, Callable[[Case], Finding | None]] = {
    look_for.__name__: look_for
    for look_for in (
        *(of_data.constant_target, of_data.numbers_as_classes, of_data.labels_as_numbers, of_data.leaking_column),
        *(of_data.validation_rows_in_training, of_data.sorted_rows, of_data.constant_inputs, of_data.unscaled_inputs),
        *(of_data.unscaled_target, of_layers.symmetric_units, of_outcome.too_much_l2, of_outcome.too_much_dropout),
        *(of_layers.exploding_gradients, of_layers.vanishing_gradients, of_layers.cost_at_start),
        *(of_rates.learning_rate_too_high, of_rates.learning_rate_too_low, of_layers.saturated_units),
        *(of_layers.dead_units, of_rates.diverged, of_rates.update_ratio_high, of_rates.update_ratio_low),
        *(of_rates.cost_bounces, of_outcome.cannot_fit_one_batch, of_outcome.shuffled_labels, of_outcome.memorising),
        *(of_outcome.constant_prediction, of_outcome.class_never_predicted, of_data.copied_columns),
        of_outcome.still_learning,
    )
}

# What never makes predictions constant.
NO_CAUSES = ("constant_prediction", "class_never_predicted", "copied_columns", "still_learning")
