"""Why one prediction came out: which units and columns carried it, as sums that come out exactly, layer by layer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.errors import SettingError
from lamina.glassbox.carrying import CARRY, Carried, Examples
from lamina.glassbox.cells import as_html, lined
from lamina.glassbox.origins import Origins
from lamina.glassbox.units import features_of
from lamina.plots import draw_levels

REST = "biases and g(0)"  # what no unit of a level carries


class Part(NamedTuple):
    """What one unit, feature or column carried."""

    name: str  # "A1[3]", "age", "town=Bern"
    value: float | str  # of the unit; of a column what stood in the table
    part: float


@dataclass(frozen=True)
class Level:
    """The sum at one array: `sum(parts) + rest` is Z[L].

    Attributes
    ----------
    name : str
        "A1", or "columns".
    parts : tuple of Part
        In the order of the units.
    rest : float
        What biases above carried, and activations where their Z is 0.
    """

    name: str
    parts: tuple[Part, ...]
    rest: float

    @property
    def total(self) -> float:
        """Z[L]."""
        return sum(part.part for part in self.parts) + self.rest

    @property
    def strongest(self) -> list[Part]:
        """The parts from the largest to the smallest, whatever their signs."""
        return sorted(self.parts, key=lambda part: -abs(part.part))


@dataclass(frozen=True)
class Why:
    """The answer; `print` it, or `plot` it.

    Attributes
    ----------
    row, output : int
    meaning : str
        What the output stands for; empty where that is not known.
    Z, A : float
        Z[L] and A[L] of this row and output; with several members their means.
    names : tuple of str
        Of these two: ("Z2", "A2").
    levels : tuple of Level
        From the last layer down to A[0].
    columns : Level or None
        The same sum by columns of the table.
    """

    row: int
    output: int
    meaning: str
    Z: float
    A: float
    names: tuple[str, str]
    levels: tuple[Level, ...]
    columns: Level | None = None

    def __getitem__(self, name: str) -> Level:
        """Return the level of an array, or "columns".

        Raises
        ------
        SettingError
            There is none.
        """
        found = next((level for level in self._listed if level.name == name), None)
        if found is None:
            known = ", ".join(level.name for level in self._listed)
            raise SettingError(f"no level {name!r}: the sum was taken at {known}.")
        return found

    @property
    def _listed(self) -> list[Level]:
        return [*([self.columns] if self.columns else []), *self.levels]

    @property
    def heading(self) -> str:
        """What is explained, in a line."""
        Z, A = self.names
        meant = f" ({self.meaning})" if self.meaning else ""
        return f"row {self.row}, output {self.output}{meant}: {Z} = {self.Z:.4g}, {A} = {self.A:.4g}"

    def cells(self, top: int = 8) -> list[tuple[str, str, str, str]]:
        """Return heading and rows as strings: of each level the `top` strongest parts, the rest, and the sum."""
        return [("at", "unit", "value", f"part of {self.names[0]}"), *self._cells(top)]

    def _cells(self, top: int) -> Iterator[tuple[str, str, str, str]]:
        for level in self._listed:
            shown, at = level.strongest[:top], level.name
            for part in shown:
                value = part.value if isinstance(part.value, str) else f"{part.value:.4g}"
                yield at, part.name, value, f"{part.part:+.4g}"
                at = ""
            others = level.strongest[top:]
            if others:
                yield "", f"{len(others)} more", "", f"{sum(part.part for part in others):+.4g}"
            yield "", REST, "", f"{level.rest:+.4g}"
            yield "", "sum", "", f"{level.total:+.4g}"

    def __str__(self) -> str:
        return "\n".join([self.heading, *lined(self.cells(), left=(0, 1))])

    def _repr_html_(self) -> str:
        return as_html(self.heading, self.cells())

    def plot(self, top: int = 10) -> Any:
        """Draw the strongest parts of each level as bars, side by side; return the axes.

        Raises
        ------
        lamina.errors.MissingExtraError
            matplotlib is not installed.
        """
        drawn = [(level.name, *_bars(level, top)) for level in self._listed]
        return draw_levels(drawn, f"part of {self.names[0]}", self.heading)


def _bars(level: Level, top: int) -> tuple[list[str], list[float]]:
    """Return names and parts: the strongest, the others together, and the rest."""
    found = [(part.name, part.part) for part in level.strongest[:top]]
    if others := level.strongest[top:]:
        found.append((f"{len(others)} others", sum(part.part for part in others)))
    found.append((REST, level.rest))
    return [name for name, _ in found], [part for _, part in found]


def why_of(trace: Any, row: int, output: int | None) -> Why:
    """Return which units and columns carried the prediction of one row."""
    members, sites = trace.network.members, trace.sites
    rows, outputs = trace.m // members, trace.network.n_outputs
    if not -rows <= row < rows:
        raise SettingError(f"row={row}: the trace has {rows} rows, expected a number from 0 to {rows - 1}.")
    row %= rows
    at = np.arange(row * members, (row + 1) * members)
    a = Examples({name: np.asarray(array, np.float64) for name, array in trace.arrays.items()}, at)
    A, Z = (a[name].mean(axis=1) for name in (sites.A, sites.Z))
    if output is None:
        output = int(A.argmax()) if trace.network.loss.output_name == "softmax" else 0
    if not 0 <= output < outputs:
        raise SettingError(f"output={output}: Z[L] has {outputs} units, expected a number from 0 to {outputs - 1}.")
    with np.errstate(all="ignore"):  # what is not finite is shown
        levels = tuple(_levels(trace, a, output))
    meaning = trace.origins.outputs[output] if trace.origins.outputs else ""
    columns = _columns(trace.origins, levels[-1], row)
    means = ["", "_mean"][members > 1]
    names = f"{sites.Z}{means}", f"{sites.A}{means}"
    return Why(row, output, meaning, float(Z[output]), float(A[output]), names, levels, columns)


def _levels(trace: Any, a: Examples, output: int) -> Iterator[Level]:
    """Yield the sum at what goes into each linear layer and residual, and at A[0]."""
    chosen = (np.arange(trace.network.n_outputs) == output).astype(float)[:, None]
    there = Carried(np.repeat(chosen, len(a.at), axis=1), np.zeros((len(chosen), len(a.at))), np.zeros(len(a.at)))
    features = features_of(trace.sites, trace.origins, trace.network.n_inputs)
    for site in reversed(trace.sites.chain):
        there = CARRY[site.layer.kind](site, a, there)
        if site.layer.kind in ("linear", "rounded_linear", "residual") or site.before == "A0":
            names = features.get(site.before) or [f"{site.before}[{j}]" for j in range(site.inputs)]
            yield _level(site.before, names, a[site.before], there)


def _level(name: str, names: Sequence[str], A: NDArray[Any], there: Carried) -> Level:
    parts = (there.c * A + there.e).mean(axis=1)
    values = A.mean(axis=1)
    found = tuple(Part(*one) for one in zip(names, values.tolist(), parts.tolist(), strict=True))
    return Level(name, found, float(there.constant.mean()))


def _columns(origins: Origins, inputs: Level, row: int) -> Level | None:
    """Return the sum at A[0], by columns of the table."""
    if not origins.columns:
        return None
    found = (
        Part(one.column, one.values[row] if one.values else "", sum(inputs.parts[j].part for j in one.rows))
        for one in origins.columns
    )
    return Level("columns", tuple(found), inputs.rest)
