"""The table of a trace: what every array is, what its axes mean, and what its numbers look like."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isnan
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.glassbox.activation_equations import ACTIVATION_EQUATIONS
from lamina.glassbox.cells import as_html, lined
from lamina.glassbox.units import axes_of, described

FLAT = 0.01  # a slope of the activation below which hardly anything passes back
NAN = float("nan")


class Entry(NamedTuple):
    """One array of the table; NaN where a number says nothing of it."""

    name: str
    shape: tuple[int, ...]
    axes: tuple[str, ...]  # what each axis means
    mean: float
    spread: float  # standard deviation
    zeros: float  # share of numbers that are 0
    saturated: float  # share of numbers where the activation's slope is below `FLAT`
    stuck: int  # units saturated for every example
    norm: float  # root of the sum of squares
    update: float  # norm of what a step added, as a share of the norm
    not_finite: int


@dataclass(frozen=True)
class Ledger:
    """The table; `print` it, or read its `entries`.

    Attributes
    ----------
    heading : str
    entries : tuple of Entry
        In the order in which the arrays are computed.
    """

    heading: str
    entries: tuple[Entry, ...]

    def __getitem__(self, name: str) -> Entry:
        """Return the entry of an array; a KeyError where there is none."""
        return {entry.name: entry for entry in self.entries}[name]

    def cells(self) -> list[tuple[str, ...]]:
        """Return heading and rows as strings; columns that say nothing of any array are left out."""
        heading = ("array", "shape", "axes", "mean", "spread", "zeros", "saturated", "norm", "update")
        rows = [heading, *map(_cells, self.entries)]
        kept = [k for k in range(len(heading)) if k < 3 or any(row[k] for row in rows[1:])]
        return [tuple(row[k] for k in kept) for row in rows]

    def __str__(self) -> str:
        return "\n".join([self.heading, *lined(self.cells(), left=(0, 1, 2))])

    def _repr_html_(self) -> str:
        return as_html(self.heading, self.cells())

    def to_frame(self) -> Any:
        """Return a pandas data frame with a row for each array."""
        import pandas

        return pandas.DataFrame([entry._asdict() for entry in self.entries]).set_index("name")


def _cells(entry: Entry) -> tuple[str, ...]:
    saturated = "" if isnan(entry.saturated) else f"{entry.saturated:.0%}"
    if entry.stuck:
        saturated += f" ({entry.stuck} unit{'s' * (entry.stuck > 1)} everywhere)"
    wrong = f"{entry.not_finite} not finite" if entry.not_finite else ""
    return (
        entry.name,
        str(entry.shape) if len(entry.shape) > 1 else "one number",
        " x ".join(entry.axes),
        wrong or _short(entry.mean),
        _short(entry.spread),
        "" if isnan(entry.zeros) else f"{entry.zeros:.0%}",
        saturated,
        _short(entry.norm),
        _short(entry.update),
    )


def _short(value: float) -> str:
    return "" if isnan(value) else f"{value:.3g}"


def ledger_of(trace: Any) -> Ledger:
    """Return the table of a trace."""
    axes = axes_of(trace.sites, trace.network.members)
    slopes = dict(_slopes(trace))
    return Ledger(trace.heading, tuple(_entry(trace, name, axes, slopes) for name in trace.arrays))


def _slopes(trace: Any) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield the name of what each activation gives, and where its slope is next to nothing."""
    for site in trace.sites.every:
        if site.layer.kind in ("activation", "parametric_activation"):
            rule, Z = ACTIVATION_EQUATIONS[site.layer.function], np.asarray(trace.arrays[site.before], np.float64)
            if site.layer.function != "identity":
                with np.errstate(all="ignore"):
                    yield site.out, np.abs(rule.dg(Z)) < FLAT
    if trace.network.loss.output_name in ("sigmoid", "softmax"):
        A = np.asarray(trace.arrays[trace.sites.A], np.float64)
        yield trace.sites.A, A * (1 - A) < FLAT


def _entry(trace: Any, name: str, axes: Any, slopes: dict[str, NDArray[np.bool_]]) -> Entry:
    array = np.asarray(trace.arrays[name], np.float64)
    finite = array[np.isfinite(array)]
    flat = slopes.get(name)
    of, memory = described(name), name.startswith(("v_", "s_"))
    norm = float(np.linalg.norm(finite)) if len(finite) or not array.size else NAN
    lone = array.ndim == 0 or array.size <= 1
    after = trace.arrays.get(f"{name}_new")
    moved = NAN if after is None else float(np.linalg.norm(np.asarray(after, np.float64) - array))
    return Entry(
        name,
        array.shape,
        axes.get(of, ("one number",) if array.ndim == 0 else ("rows", "columns")),
        float(finite.mean()) if len(finite) else NAN,
        NAN if lone or not len(finite) else float(finite.std()),
        NAN if lone and not memory else float((array == 0).mean()),
        NAN if flat is None else float(flat.mean()),
        0 if flat is None or flat.shape[1] < 2 else int(flat.all(axis=1).sum()),
        NAN if array.ndim == 0 else norm,
        moved / norm if norm and moved == moved else NAN,
        int(array.size - len(finite)),
    )
