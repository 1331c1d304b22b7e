"""lamina gradcheck: the proof that derivatives are right, on a model or on a network for every row of the tables."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.cli.files import reading_for
from lamina.cli.options import Whole
from lamina.cli.terminal import Terminal, number
from lamina.data.tables.sources import read
from lamina.data.tables.table import Table
from lamina.equations.activations import ACTIVATIONS
from lamina.equations.layers import LAYERS, Dense, Linear
from lamina.equations.losses import LOSSES, BinaryLogLoss
from lamina.equations.network import Network
from lamina.equations.regression_losses import SquaredError
from lamina.equations.types import Layer
from lamina.errors import SettingError
from lamina.learning.gradient_check import GradientCheck, gradient_check
from lamina.model import Model
from lamina.model_file import load

SEED = 0


def gradcheck(model: Path | None = None, file: Path | None = None, /, *, rows: Whole = 8, most: Whole = 500) -> int:
    """Compare every derivative with central differences, in double precision.

    Without MODEL, a small network is checked for each activation, layer and
    loss. The exit code is 1 if a derivative is wrong.

    Parameters
    ----------
    model
        A model file: its network is checked at its weights.
    file
        A table to take rows from; random rows otherwise.
    rows
        How many rows to take; each parameter needs two passes over them.
    most
        How many numbers of each array to compare, drawn at random; 0: all of them.
    """
    for name, value, least in (("rows", rows, 1), ("most", most, 0)):
        if value < least:
            raise SettingError(f"--{name} {value}: expected a whole number of at least {least}")
    terminal = Terminal()
    if model is None:
        return _check_tables(terminal)
    loaded = load(model)
    if loaded.bags > 1:  # they differ in their weights alone: the derivatives are those of one network
        terminal.say(f"the first of {loaded.bags} networks (n_bags)")
        loaded = loaded.bag(0)
    X, Y = _random_rows(loaded.network, rows) if file is None else _rows_of(loaded, file, rows)
    sample = most or loaded.network.size + X.size
    passes = 2 * sum(min(size, sample) for size in (*_sizes(loaded.network), X.size))
    terminal.note(f"{number(loaded.network.size)} parameters, {len(X)} rows: {number(passes)} passes")
    with terminal.bar("passes", passes) as done:
        check = gradient_check(loaded.network, X, Y, loaded.params, most=sample, progress=done)
    _show(terminal, check)
    return 0 if check.passed else 1


def _sizes(network: Network) -> list[int]:
    return [slot.place.stop - slot.place.start for slot in network.slots if slot.group != "statistics"]


def _show(terminal: Terminal, check: GradientCheck) -> None:
    rows = [(f"d{r.name}", str(r.shape), f"{r.largest:.1e}", f"{r.difference:.1e}") for r in check.rows]
    terminal.table(["array", "shape", "largest gap", "difference"], rows)
    terminal.say(
        f"all parameters: {check.difference:.1e}, dA0: {check.rows[-1].difference:.1e}, below {check.tolerance:.0e} "
        f"wanted: {check.verdict}"
    )
    terminal.say(f"{number(check.compared)} numbers compared")
    for what in check.left_out:
        terminal.say(what)


def _check_tables(terminal: Terminal) -> int:
    checks = [(name, net, gradient_check(net, *_random_rows(net, 6), seed=SEED)) for name, net in networks()]
    rows = [
        (name, number(net.size), f"{check.difference:.1e}", f"{check.rows[-1].difference:.1e}", _verdict(check))
        for name, net, check in checks
    ]
    terminal.say("||grad - approx|| / (||grad|| + ||approx||), approx by central differences:")
    terminal.table(["network", "parameters", "gradient", "dA[0]", ""], rows)
    wrong = sum(not check.passed for _, _, check in checks)
    tolerance = checks[0][2].tolerance
    terminal.say(f"{len(checks) - wrong} of {len(checks)} right (below {tolerance:.0e})")
    return 1 if wrong else 0


def _verdict(check: GradientCheck) -> str:
    return "right" if check.passed else "WRONG"


def networks() -> Iterator[tuple[str, Network]]:
    """Yield a name and a small network for every activation, layer and loss."""
    for function in ACTIVATIONS:
        yield f"activation {function}", Network(3, [Dense(4, function), Dense(3, function), Linear(1)], BinaryLogLoss())
    for kind, layer in LAYERS.items():
        for example in layer.examples(6):
            members = getattr(example, "members", 1)
            layers: list[Layer | Dense] = [Linear(6), example, Dense(3, "tanh"), Linear(2)]
            yield f"layer {kind}", Network(3, layers, SquaredError(), l2=0.1, members=members)
    for kind, loss in LOSSES.items():
        units = loss().units(2)
        yield f"loss {kind}", Network(3, [Dense(4, "tanh"), Linear(units)], loss(), l1=0.05, l2=0.1)


def _random_rows(network: Network, m: int) -> tuple[NDArray[np.float64], NDArray[np.floating[Any]]]:
    """Return rows and targets that suit the loss."""
    generator = np.random.default_rng(SEED)
    return generator.standard_normal((m, network.n_inputs)), _random_targets(network, m, generator)


def _random_targets(network: Network, m: int, generator: np.random.Generator) -> NDArray[np.floating[Any]]:
    return network.loss.sample_targets(generator, m, network.n_outputs // network.loss.units(1))


def _rows_of(model: Model, file: Path, m: int) -> tuple[Any, Any]:
    """Return the first rows of a file, encoded, and their targets where it has them."""
    table: Table = read(file, reading=reading_for(model)).take(slice(0, m))
    X = model.encoder.encode(table, np.float64)
    if model.target_name not in table.names:
        return X, _random_targets(model.network, len(X), np.random.default_rng(SEED))
    return X, model.target.encode(table.column(model.target_name))
