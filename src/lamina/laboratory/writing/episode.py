"""Some steps of training as plain numbers: where they start, which rows each takes, at which rates. Scripts say them.

    episode = episode_of(run, start, state)          # from one state of a run to a later one of the same run
    scripts.SCRIPTS["numpy"](episode)                # the same steps, written out

What comes last is not a step: a script ends with the cost and the derivatives of the step that would come next, which
is what a page shows of a state.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.equations.affine import Affine
from lamina.equations.network import Network
from lamina.errors import SettingError
from lamina.learning.recipe import Recipe
from lamina.learning.run import Run
from lamina.learning.state import State
from lamina.learning.training import steps_of

Edit = tuple[str, int, int, float]

MOST_NUMBERS = 2**24  # of rows that a script takes along: 128 MiB in double precision


@dataclass(frozen=True, eq=False)
class Episode:
    """Steps of training, and the numbers that they start from.

    Attributes
    ----------
    network : Network
    recipe : Recipe
        Its optimiser, batch size, seed, and whether rows are shuffled.
    X : array, shape (rows, n_inputs)
        Encoded rows; Y is (rows, targets), weights (rows,) or None.
    params : array, shape (network.size,)
        Before the first step; memory is (len(optimiser.remembers), network.size).
    first : int
        The number of the first step.
    place : int
        Its place in the passes: pass `place // batches`, batch `place % batches`.
    rates, decays, dropouts : array, shape (steps + 1,)
        The learning rate of each step, and what weight decay and dropout are multiplied by; the last is that of the
        step that is shown and not taken.
    edits : sequence of (name, row, column, value)
        Numbers of parameters or of A0 that were set by hand before the step that is shown.
    """

    network: Network
    recipe: Recipe
    X: NDArray[Any]
    Y: NDArray[Any]
    weights: NDArray[Any] | None
    params: NDArray[Any]
    memory: NDArray[Any]
    first: int
    place: int
    rates: NDArray[Any]
    decays: NDArray[Any]
    dropouts: NDArray[Any]
    edits: Sequence[Edit] = ()

    @property
    def steps(self) -> int:
        """How many steps are taken."""
        return len(self.rates) - 1

    @property
    def last(self) -> int:
        """The number of the step that is shown."""
        return self.first + self.steps

    @property
    def m(self) -> int:
        """Rows to learn from."""
        return len(self.X)

    @property
    def batches(self) -> int:
        """Steps of a pass."""
        return -(-self.m // self.recipe.batch_size)

    @property
    def whole(self) -> bool:
        """Whether every step takes all rows as they stand."""
        return self.batches == 1 and not self.recipe.shuffle

    @property
    def drops(self) -> bool:
        """Whether there is dropout."""
        return any(self.network.layer_at(path).kind == "dropout" for path in self.network.numbers)

    @property
    def heading(self) -> str:
        """What the network is, in a line."""
        widths = [self.network.n_inputs, *self._widths()]
        return "-".join(map(str, widths)) + " units"

    def _widths(self) -> list[int]:
        pairs = zip(self.network.layers, self.network.widths, strict=True)
        return [units for layer, units in pairs if isinstance(layer, Affine)] or self.network.widths[-1:]


def episode_of(run: Run, start: State, state: State, edits: Sequence[Edit] = ()) -> Episode:
    """Return the steps from one state of a run to a later one.

    Parameters
    ----------
    run : Run
    start : State
        Where they begin.
    state : State
        The state that is shown; it may be the same.
    edits : sequence of (name, row, column, value)
        Numbers that were set by hand in the later one.

    Raises
    ------
    SettingError
        L-BFGS, whose steps are found by a line search; more rows than a script takes along; or the later state is the
        earlier one.
    """
    if run.recipe.optimiser.kind == "lbfgs":
        raise SettingError(
            "optimizer='lbfgs' finds each step by a line search over many passes: there is no short script of it. "
            "Choose gradient descent, momentum or Adam."
        )
    if state.step < start.step:
        raise SettingError(f"step {state.step} comes before step {start.step}, where the script would begin.")
    X, Y, weights = _rows_of(run)
    size = run.recipe.batch_size
    batches = -(-len(X) // size)
    place = start.epoch * batches + start.rows // size
    factors = [_factors(run, state, place + k, batches) for k in range(state.step - start.step + 1)]
    rates, decays, dropouts = np.array(factors).T
    return Episode(
        network=run.network,
        recipe=run.recipe,
        X=X,
        Y=Y,
        weights=weights,
        params=start.params.copy(),
        memory=start.memory.copy(),
        first=start.step,
        place=place,
        rates=rates,
        decays=decays,
        dropouts=dropouts,
        edits=tuple(edits),
    )


def _rows_of(run: Run) -> tuple[Any, Any, Any]:
    if run.examples.n * run.network.n_inputs > MOST_NUMBERS:
        raise SettingError(
            f"{run.examples.n:,} rows of {run.network.n_inputs:,} inputs are too many to go with a script: write it of "
            "fewer rows."
        )
    blocks = list(run.examples.blocks())
    X, Y, weights = (
        None if blocks[0][i] is None else np.concatenate([np.asarray(block[i]) for block in blocks]) for i in range(3)
    )
    return X, Y, weights


def _factors(run: Run, state: State, place: int, batches: int) -> tuple[float, float, float]:
    """Return rate, decay and dropout of the step at a place in the passes: schedules see the epochs before it."""
    epoch, batch = divmod(place, batches)
    then = State(state.params, state.memory, epoch=epoch, rows=batch * run.recipe.batch_size)
    then.history = state.history[:epoch]
    steps = steps_of(run, then, 1)
    return float(steps.rates[0]), steps.decay(0), steps.dropout(0)
