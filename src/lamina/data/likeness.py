"""Whether validation rows of their own are like the rows to learn from: a pipeline may have transformed X alone."""

import warnings

import numpy as np

from lamina.data.source import Source
from lamina.data.streaming.streamed_source import StreamedSource
from lamina.data.tables.table import Table
from lamina.errors import DataWarning

FEWEST_ROWS = 8  # of which all lie far off: fewer may be outliers
CURE = (
    'A pipeline transforms X_val only where it is told to: Pipeline(..., transform_input=["X_val"]), with metadata '
    "routing."
)


def warn_of_unlike(X: Table | None, named: bool, others: Source | StreamedSource, *, from_files: bool) -> None:
    """Warn where X_val has column names and X has none, or where no number of a column is near those of X.

    Parameters
    ----------
    X : Table or None
        The rows to learn from; None where they are not in memory.
    named : bool
        Whether their columns have names.
    others : Source or StreamedSource
        The validation rows.
    from_files : bool
        Whether they come from files, as the command line reads them: no pipeline did anything to them.
    """
    if not isinstance(others, Source):
        return
    told = ""
    if not named and others.table.named:
        told = f"X_val has column names and X has none, so columns are taken by position. {CURE}"
    elif X is not None and others.table.n_rows >= FEWEST_ROWS:
        told = _far_off(_ranges(X), _ranges(others.table))
        if told and not from_files:
            told = f"{told} {CURE}"
    if told:
        warnings.warn(told, DataWarning, stacklevel=4)


def _far_off(learned: dict[str, tuple[float, float]], watched: dict[str, tuple[float, float]]) -> str:
    """Return what is to be said of columns whose numbers are all more than the width of a range away from it."""
    found = []
    for name in learned.keys() & watched.keys():
        (low, high), (least, most) = learned[name], watched[name]
        if high > low and (least > high + (high - low) or most < low - (high - low)):
            found.append(name)
    if not found:
        return ""
    name = min(found, key=list(learned).index)
    (low, high), (least, most) = learned[name], watched[name]
    more = f" (nor in {len(found) - 1} more)" if len(found) > 1 else ""
    return (
        f"no validation row is near the others in column {name}{more}: they go from {low:.4g} to {high:.4g}, the "
        f"validation rows from {least:.4g} to {most:.4g}. Both need the same units, and the same preparation."
    )


def _ranges(table: Table) -> dict[str, tuple[float, float]]:
    """Return the lowest and the highest number of each column of numbers, missing ones left aside."""
    if table.matrix is None:
        columns = {one.name: one.values for one in table.columns if one.kind == "number"}
        return {name: (float(np.fmin.reduce(v)), float(np.fmax.reduce(v))) for name, v in columns.items() if len(v)}
    if table.is_sparse or not table.n_rows:
        return {}
    low, high = np.fmin.reduce(table.matrix), np.fmax.reduce(table.matrix)
    return dict(zip(table.names, zip(low.tolist(), high.tolist(), strict=True), strict=True))
