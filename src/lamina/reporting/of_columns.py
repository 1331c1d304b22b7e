"""Which columns matter: what `lamina.explain` says of the rows."""

from collections.abc import Iterator
from math import isnan

from lamina.explaining import Explanation
from lamina.reporting.elements import Markup, counted, element, figure, paragraph, table
from lamina.reporting.pictures import bars, drawn
from lamina.reporting.subject import Tried

DRAWN, LISTED = 15, 100


def what_matters(tried: Tried) -> Iterator[Markup]:
    """Yield the strength of the columns for each outcome."""
    if not tried.explanations:
        yield paragraph("Effects are measured from the mean of the rows: two rows or more are needed.")
        return
    some = f"a sample of {tried.looked_at:,} of " if tried.looked_at < tried.rows else ""
    yield paragraph(
        f"How far each column moves the outcome from where the mean of the rows would put it, on average over {some}",
        f"{counted(tried.rows, 'row')} of {tried.name}, to first order. It is a look at the model, not at the world: ",
        "a strong column need not be a cause.",
    )
    for place, found in enumerate(tried.explanations):
        if len(tried.explanations) > 1:
            yield element("h3", f"What moves {found.outcome}")
        yield _strengths(found, place)


def _strengths(found: Explanation, place: int) -> Markup:
    order = found.order.tolist()
    chosen = order[:DRAWN]
    names = [found.columns[j] for j in chosen]
    strengths = ", ".join(f"{found.columns[j]} {found.strength[j]:.3g}" for j in chosen)
    says = f"Bars of the strongest columns: {strengths}."
    with drawn(f"strength-{place}", says, height=0.7 + 0.24 * len(chosen)) as picture:
        bars(picture.axes[0], names, found.strength[chosen].tolist(), f"mean |effect| on {found.outcome}")
    rows = []
    for j in order[:LISTED]:
        slope = float(found.slope[j])
        rows.append((found.columns[j], float(found.strength[j]), None if isnan(slope) else slope))
    more = f" (the first {LISTED} of {len(order):,})" if len(order) > LISTED else ""
    listed = table(["column", "strength", "slope"], rows, "Slope: per unit of the scaled number, where there is one")
    which = f" The {len(chosen)} strongest of {len(order):,} columns." if len(chosen) < len(order) else ""
    caption = f"Strength: the mean size of the effect, in units of the outcome.{which}"
    return figure(picture.svg, caption, f"All columns as a table{more}", listed)
