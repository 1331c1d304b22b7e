"""What is wrong with the training of a model, with the numbers it was found by and the setting that would mend it."""

from collections.abc import Iterator, Mapping
from typing import Any

from lamina.learning.diagnosis.findings import FINDINGS
from lamina.reporting.elements import Markup, as_text, element, folded, paragraph, table
from lamina.reporting.subject import Subject


def diagnosis(subject: Subject) -> Iterator[Markup]:
    """Yield the findings, the likely cause first."""
    found, tried = subject.diagnosis, subject.tried
    if found.healthy:
        words = paragraph(f"Healthy: none of {len(FINDINGS)} known faults was found.")
        yield element("div", words, class_="finding healthy")
    for one in found:
        badge = element("span", one.severity, class_="badge")
        advice = [paragraph(element("strong", "What to do. "), one.advice)]
        flags = subject.on_command_line(one.advice)
        if flags != one.advice:
            advice.append(paragraph("On the command line: ", flags, class_="soft"))
        yield element(
            "div",
            element("h3", badge, f" {one.name.replace('_', ' ')}"),
            paragraph(f"{one.seen} {one.cause}".strip()),
            *advice,
            _evidence(one.name.replace("_", " "), one.evidence),
            class_=f"finding {one.severity}",
        )
    looked = ["what the model keeps of its run"]
    if tried is not None and not tried.without:
        some = f"{tried.looked_at:,} of " if tried.looked_at < tried.rows else ""
        looked.append(f"{some}the rows of {tried.name}, of which a fresh network tried to learn 32 by heart")
    yield paragraph(f"Looked at: {', and '.join(looked)}.", class_="soft")
    for what in found.unknown:
        yield paragraph(f"Not looked at: {what}.", class_="soft")


def _evidence(finding: str, evidence: Mapping[str, Any]) -> Markup | None:
    if not evidence:
        return None
    rows = [(name.replace("_", " "), _plain(value)) for name, value in evidence.items()]
    return folded("The numbers behind it", table(["number", "value"], rows, f"Evidence: {finding}"))


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return ", ".join(str(as_text(one)) for one in value)
    return value if isinstance(value, int | float | str) or value is None else str(value)
