"""A trace: every number of one pass through a network, forward and back, by the lecture's name."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.computed_once import cached_property
from lamina.equations.network import Network
from lamina.errors import SettingError, nearest
from lamina.glassbox.engines import Comparison
from lamina.glassbox.entries.worked import WorkedEntry, worked_entry
from lamina.glassbox.equation import Equation, number_of
from lamina.glassbox.equations_of import NetworkEquations
from lamina.glassbox.ledger import Ledger, ledger_of
from lamina.glassbox.network_equations import Setting, equations
from lamina.glassbox.origins import Inputs, Origins
from lamina.glassbox.pictures import html_of
from lamina.glassbox.replay import Replay, replayed
from lamina.glassbox.sites import Sites, sites_of
from lamina.glassbox.slopes import EPS, Slopes, slopes_of
from lamina.glassbox.why import Why, why_of


@dataclass(frozen=True, eq=False)
class Trace:
    """Every array of a pass by the lecture's name; `print` it, or index it: `trace["dZ2"]`.

    The arrays are those of the equations' walk (`lamina.equations.walk`), in the type of the parameters, whichever
    engine trains; `comparisons` says how far the engine's own numbers are from them.

    Attributes
    ----------
    network : Network
    arrays : mapping of str to array
        In the order in which they are computed. Examples are columns: `Z1` is (units, m).
    setting : Setting
        Whether it is a pass of training, with targets and weights, and which step.
    origins : Origins
        What stands before A[0], and what the outputs mean.
    engine : str
        The engine that it was compared with; empty where it was not.
    comparisons : tuple of Comparison
    """

    network: Network
    arrays: Mapping[str, NDArray[Any]]
    setting: Setting
    origins: Origins = field(default_factory=Origins)
    engine: str = ""
    comparisons: tuple[Comparison, ...] = ()

    def __getstate__(self) -> dict[str, Any]:
        """Return the fields: equations are functions, which a pickle does not take, and are derived again."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return an array by its name: "Z1", "dW2", "AL", "cost".

        Raises
        ------
        SettingError
            There is no such array; the message gives the nearest name.
        """
        return self.arrays[self.name_of(name)]

    def name_of(self, name: str) -> str:
        """Return what an array is called here: "A2" of "AL".

        Raises
        ------
        SettingError
            There is no such array; the message gives the nearest name.
        """
        known = {**self._other_names, **{one: one for one in self.arrays}}
        if name in known:
            return known[name]
        why = "" if self.setting.targets else " Derivatives need targets: trace(X, y)."
        listed = ", ".join(self.arrays)
        raise SettingError(f"no array {name!r} in this trace.{nearest(name, self.arrays)}{why} It has {listed}.")

    def __contains__(self, name: object) -> bool:
        return name in self.arrays or name in self._other_names

    def __iter__(self) -> Iterator[str]:
        return iter(self.arrays)

    def __len__(self) -> int:
        return len(self.arrays)

    def keys(self) -> tuple[str, ...]:
        """Return the names of the arrays, in the order in which they are computed."""
        return tuple(self.arrays)

    @property
    def _other_names(self) -> dict[str, str]:
        A, Z = self.sites.A, self.sites.Z
        found = {"AL": A, "ZL": Z, "X": "A0", "J": "cost", "L": "loss", "dAL": f"d{A}", "dZL": f"d{Z}", "dX": "dA0"}
        return {other: name for other, name in found.items() if name in self.arrays}

    @property
    def m(self) -> int:
        """Number of examples: of rows, or of rows times members."""
        return int(self.arrays["A0"].shape[1])

    @property
    def step(self) -> int | None:
        """The number of the step of training, from 0; None of a pass that moved nothing."""
        return None if self.setting.step is None else self.setting.step.number

    @cached_property
    def sites(self) -> Sites:
        """The places of the network, with the names of the arrays around them."""
        return sites_of(self.network, self.setting.training)

    @cached_property
    def _equations(self) -> tuple[Equation, ...]:
        return equations(self.network, self.setting)

    def layer(self, number: int) -> dict[str, NDArray[Any]]:
        """Return the arrays of one layer by name, in the order in which they are computed.

        Parameters
        ----------
        number : int
            The lecture's number l: 0 for what stands before the first linear layer; -1 for the last.

        Raises
        ------
        SettingError
            There is no such layer.
        """
        numbers = sorted({n for name in self.arrays if (n := number_of(name)) is not None})
        wanted = numbers[number] if -len(numbers) <= number < 0 else number
        if wanted not in numbers:
            raise SettingError(f"layer({number}): expected a number from 0 to {numbers[-1]}, or -1 for the last.")
        return {name: array for name, array in self.arrays.items() if number_of(name) == wanted}

    def update(self, name: str) -> NDArray[Any]:
        """Return what a step of training added to an array of parameters: `W1_new - W1`.

        Raises
        ------
        SettingError
            There is no such array, or the trace is of no step.
        """
        if self.setting.step is None:
            raise SettingError(
                "this trace is of a pass that moved nothing: trace steps of training with fit(..., trace=10), or "
                "pass an optimiser and a learning rate to lamina.trace."
            )
        return np.asarray(self[f"{name}_new"] - self[name])

    def table(self) -> Ledger:
        """Return name, shape, the meaning of each axis, and statistics of every array; `print` it."""
        return ledger_of(self)

    def inputs(self, row: int | None = None) -> Inputs:
        """Return what stands before A[0]: for each column of the table how it was encoded, and to which rows of A[0].

        Parameters
        ----------
        row : int, optional
            A traced row whose values are shown beside.

        Raises
        ------
        SettingError
            There is no such row.
        """
        members, n = self.network.members, self.network.n_inputs
        rows = self.m // members
        if row is not None and not 0 <= row < rows:
            raise SettingError(f"row={row}: the trace has {rows} rows, expected a number from 0 to {rows - 1}.")
        count = len(self.origins.columns)
        heading = f"{count} column{'s' * (count != 1)} became {n} rows of A0" if count else f"A0 came encoded: {n} rows"
        if members > 1:
            heading += (
                f"; every row of the table stands in it {members} times: example e belongs to member e mod {members}"
            )
        return Inputs(heading, self.origins.columns, row)

    def equations(self) -> NetworkEquations:
        """Return the equations that these arrays satisfy, with their shapes; `print` them, or `.latex()`."""
        return NetworkEquations(
            self._equations, {name: array.shape for name, array in self.arrays.items()}, self.network
        )

    def replay(self) -> Replay:
        """Compute every equation again from the named arrays alone, and say how far the results are from the trace."""
        return replayed(self, self._equations)

    def entry(self, name: str, *index: int) -> WorkedEntry:
        """Work out one entry of an array: the terms that it is the sum of, and what it reads.

        Parameters
        ----------
        name : str
            Of an array that is computed: "dW2", "Z1", "cost", "W1_new".
        *index : int
            Row and column, from 0; nothing for an array that is one number.

        Returns
        -------
        WorkedEntry
            `print` it.

        Raises
        ------
        SettingError
            There is no such array or entry, or the array is given and not computed.
        """
        return worked_entry(self, name, index)

    def why(self, row: int = 0, output: int | None = None) -> Why:
        """Say which units and which columns carried the prediction of one row: exact sums of `w * a`, layer by layer.

        Parameters
        ----------
        row : int
            Number of the row in the trace, from 0.
        output : int, optional
            Unit of Z[L]; by default the one with the largest A[L].

        Raises
        ------
        SettingError
            There is no such row or output.
        """
        return why_of(self, row, output)

    def slopes(self, name: str, row: int, column: int = 0, *, eps: Sequence[float] = EPS, reach: float = 1.0) -> Slopes:
        """Nudge one number, and put the slopes of the cost beside the analytic derivative.

        Everything else stands still, the masks of dropout too; a trace of a step has its penalty in the cost.

        Parameters
        ----------
        name : str
            An array of the way forward: "W1", "b2", "A0", "Z1".
        row, column : int
            Which of its numbers.
        eps : sequence of float
            How far to move it, to both sides; 1e-1 down to 1e-12 by default.
        reach : float
            How far the curve of J goes to either side of the number.

        Returns
        -------
        Slopes
            `print` it.

        Raises
        ------
        lamina.errors.SettingError
            There is no such number, or the trace has no targets.
        lamina.errors.DataError
            The cost is not finite.
        """
        return slopes_of(self, name, row, column, eps, reach)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the trace to a safetensors file, whole or not at all; `lamina.load_trace` reads it.

        Raises
        ------
        lamina.errors.SealedFileError
            The file cannot be written.
        """
        from lamina.glassbox.trace_file import save

        save(self, path)

    @property
    def heading(self) -> str:
        """What was traced, in a line."""
        rows = self.m // self.network.members
        examples = f"{rows:,} row{'s' * (rows != 1)}"
        if self.network.members > 1:
            examples += f", each once for {self.network.members} members"
        step = self.setting.step
        if step is not None:
            return f"step {step.number:,} of training: {examples}, {step.optimiser.kind}, learning rate {step.rate:.4g}"
        mode = "as in training" if self.setting.training else "as when predicting"
        return f"{'forward and back' if self.setting.targets else 'forward'}, {mode}: {examples}"

    def __repr__(self) -> str:
        return f"<Trace {self.heading}; {', '.join(self.arrays)}>"

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return html_of(self)
