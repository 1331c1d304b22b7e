"""What training would take: features, parameters, memory, and the time of an epoch, measured on a few rows.

In memory a run peaks at about

    200 MB + rows * (4.5 table + 1.25 encoded + 25) bytes

with the bytes that a row has in the table as read and encoded: fitted to the peaks of processes that trained on 200,000
to 10 million rows of 5 to 20 columns, numbers and categories. A stream takes 350 MB with its readers and summaries, and
holds a few windows of encoded rows: one is trained on, one waits, one is made of the rows of a batch as they are read.
"""

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from lamina.data.encoding.encoder import Encoder
from lamina.data.holding_out import capped
from lamina.data.streaming.streamed import window_rows
from lamina.data.tables.stretches import ROWS_AT_ONCE
from lamina.data.tables.table import Table
from lamina.data.targets import Labels, Numbers
from lamina.engine import choose
from lamina.equations.network import Network
from lamina.equations.steps import Steps
from lamina.learning.initialisers import starting_parameters
from lamina.learning.lbfgs import LBFGS
from lamina.learning.networks import Inputs, loss_from, network_from
from lamina.learning.precision import kept_type
from lamina.learning.presets import Facts, facts_with, resolved
from lamina.learning.recipe import Recipe, recipe_of
from lamina.learning.run import Task
from lamina.learning.state import State

FIXED_BYTES, FIXED_BYTES_OF_A_STREAM = 200e6, 350e6  # Python, its libraries, the command
OF_THE_TABLE, OF_THE_ENCODED_ROWS, BYTES_OF_A_ROW = 4.5, 1.25, 25.0
WINDOWS = 3
SECONDS_OF_MEASURING = 0.4
OF_A_PREDICTION = 1 / 3  # of the work of a step; the validation rows are predicted after each epoch


class Sizing(NamedTuple):
    """What training would take."""

    rows: int  # to learn from
    validation_rows: int
    features: int
    parameters: int
    most_epochs: int
    bytes_in_memory: int
    bytes_of_a_stream: int
    seconds_per_epoch: float


def sizing_of(
    some: Table, y: Any, n_rows: int, encoder: Encoder, target: Labels | Numbers, settings: Mapping[str, Any]
) -> Sizing:
    """Return what training on `n_rows` rows would take.

    Parameters
    ----------
    some : Table
        A few of the rows.
    y : array, shape (rows of `some`,)
    n_rows : int
        With a target and a weight above 0.
    encoder : Encoder
    target : Labels or Numbers
    settings : mapping
        Every setting as it was given, "auto" where the preset is to choose.
    """
    task: Task = "classifier" if isinstance(target, Labels) else "regressor"
    facts = facts_with(Facts(task, n_rows, len(encoder.names_in)), settings, encoder.numbers.scaling)
    chosen = resolved(settings, facts)
    held_out = min(max(round(capped(float(chosen["validation_fraction"]), n_rows) * n_rows), 1), n_rows - 1)
    held_out = held_out if chosen["early_stopping"] and n_rows > 1 else 0
    outputs = target.n_outputs if isinstance(target, Labels) else target.n_targets
    inputs = Inputs(encoder.n_features, encoder.number_positions, encoder.embedded)
    loss = loss_from(chosen, target.task if isinstance(target, Labels) else "regression")
    network = network_from(chosen, inputs, outputs, loss)
    recipe = recipe_of(chosen, max(n_rows - held_out, 1), seed=0)
    dtype = kept_type(chosen["dtype"])
    X, Y = encoder.encode(encoder.align(some), dtype), np.ascontiguousarray(target.encode(y), dtype)
    encoded, as_read = X.itemsize * (X.shape[1] + Y.shape[1]), bytes_of_a_row(some)
    a_row = OF_THE_TABLE * as_read + OF_THE_ENCODED_ROWS * encoded + BYTES_OF_A_ROW
    window = min(window_rows(X.shape[1] + Y.shape[1], recipe.batch_size), n_rows) * encoded
    together = WINDOWS * window + min(ROWS_AT_ONCE, n_rows) * a_row
    seconds = seconds_per_row(network, recipe, X, Y, str(chosen["engine"]), str(chosen["device"]))
    return Sizing(
        n_rows - held_out,
        held_out,
        encoder.n_features,
        network.size,
        recipe.epochs,
        int(FIXED_BYTES + n_rows * a_row),
        int(min(FIXED_BYTES_OF_A_STREAM + together, FIXED_BYTES + n_rows * a_row)),
        seconds * (n_rows - held_out + OF_A_PREDICTION * held_out),
    )


def bytes_of_a_row(table: Table) -> float:
    """Return how many bytes a row has in memory as it was read, levels aside."""
    columns = [table.at(j).values.nbytes for j in range(len(table.names))]
    return sum(columns) / max(table.n_rows, 1)


def seconds_per_row(network: Network, recipe: Recipe, X: Any, Y: Any, engine: str, device: str) -> float:
    """Return how long a step takes by its rows: steps on these rows are taken again and again, and timed."""
    exact = isinstance(recipe.optimiser, LBFGS)
    verbs = choose(network, engine, None if exact else recipe.optimiser, device)  # type: ignore[arg-type]
    params = starting_parameters(network, "lecun_normal", 0, X.dtype, biases="zeros", zero_last_layer=False)
    if exact:  # a pass is a gradient of all rows, and a few costs along a line
        return _timed(lambda: verbs.gradients(network, params, X, Y, None), len(X))
    memory = State.start(recipe.optimiser, params).memory
    size = min(recipe.batch_size, 4096)
    order = np.resize(np.arange(len(X)), size * max(1, 2048 // size))
    rates = np.full(len(order) // size, recipe.learning_rate * 1e-3)  # so small that no cost leaves the float range
    steps = Steps(batch_size=size, rates=rates, examples=len(X))
    return _timed(
        lambda: verbs.train_steps(network, recipe.optimiser, params, memory, X, Y, None, order, steps), len(order)
    )


def _timed(work: Any, rows: int) -> float:
    """Return seconds per row of work that is done again and again; its first time only warms up."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
        work()
        began, times = time.perf_counter(), 0
        while times == 0 or time.perf_counter() - began < SECONDS_OF_MEASURING:
            work()
            times += 1
    return (time.perf_counter() - began) / (times * rows)
