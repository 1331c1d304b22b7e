"""From which width and batch a GPU wins, and whether it computes what the equations compute.

    make bench-gpu
    python benchmarks/gpu.py --device cpu --quick         # without a GPU

First agreement: gradients and twenty steps of networks with every kind of layer, against the equations in float64.
Then the time of a step, in microseconds, the least of three calls: Adam in single precision on 32 columns, two hidden
layers of `width`, by the kernels on this machine's processors and by torch on the device. Rows are on the device before
the clock runs; parameters travel with every call, as in a fit.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import machine
import numpy as np
import torch

from lamina.engine import EQUATIONS, Engine, choose
from lamina.equations.activations import ACTIVATIONS
from lamina.equations.layers import (
    BatchNorm,
    Dense,
    Dropout,
    Embedding,
    LayerNorm,
    Linear,
    MemberChoice,
    MemberScale,
    ParametricActivation,
    Periodic,
    Residual,
    Scale,
)
from lamina.equations.losses import LOSSES, BinaryLogLoss, CategoricalLogLoss, SquaredError
from lamina.equations.network import Network
from lamina.equations.optimisers import OPTIMISERS, Adam
from lamina.equations.steps import Steps
from lamina.tensors.stepping import Stepper

ROWS, COLUMNS = 2**17, 32
WIDTHS, BATCHES = (32, 128, 512, 2048, 4096), (32, 256, 2048, 16384)
QUICK = ROWS // 16, (16, 64), (32, 256)
SECONDS, QUICK_SECONDS = 0.3, 0.02  # of a call that is timed, about
ALLOWED = {"float64": 1e-9, "float32": 1e-3}  # of the largest number: twenty steps add up what one rounds


def main() -> None:
    asked = arguments()
    device = str(torch.device(asked.device))
    print(
        f"{machine.described()['processor']}, {machine.processors()} processors; torch {torch.__version__} on {device}"
    )
    if torch.device(device).type == "cuda":
        print(f"{torch.cuda.get_device_name(device)}, CUDA {torch.version.cuda}")
    types = ("float32",) if torch.device(device).type == "mps" else ("float64", "float32")
    worst = {name: agreement(device, name) for name in types}
    rows, widths, batches = QUICK if asked.quick else (ROWS, WIDTHS, BATCHES)
    compare(device, rows, widths, batches, QUICK_SECONDS if asked.quick else SECONDS)
    if any(found > ALLOWED[name] for name, found in worst.items()):
        sys.exit("the device does not compute what the equations compute")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true", help="small networks, few rows")
    return parser.parse_args()


# ---- agreement ----


def agreement(device: str, dtype: str) -> float:
    """Print how far the device is from the equations at the worst; return it."""
    found = [(distance(network, rule, device, dtype), name) for name, network, rule in networks()]
    worst, name = max(found)
    verdict = "agrees" if worst <= ALLOWED[dtype] else "DIFFERS"
    print(f"{dtype}: {verdict} in {len(found)} networks; the largest difference is {worst:.1e}, in {name}")
    return worst


def networks() -> Iterator[tuple[str, Network, Any]]:
    """Every activation, loss and optimiser, and every kind of layer."""
    for name in ACTIVATIONS:
        layers = [Dense(12, name), LayerNorm(), ParametricActivation(name), Linear(3)]
        yield name, Network(8, layers, CategoricalLogLoss(), l2=0.1), Adam()
    for name, loss in LOSSES.items():
        yield name, Network(8, [Scale(), Dense(12, "tanh"), Linear(loss().units(2))], loss(), l1=0.01), Adam()
    kinds = [
        *(Embedding((0,), (3,), 4), Periodic((1, 2), 5, 2), Dense(12, "silu"), BatchNorm(), Dropout(0.3)),
        *(Residual([Dense(12, "mish"), Dropout(0.1)]), Linear(3)),
    ]
    for name, rule in OPTIMISERS.items():
        yield name, Network(8, kinds, CategoricalLogLoss(0.1)), rule(weight_decay=0.05, clip_norm=1.0)
    members = [MemberScale(4), Dense(12), Dropout(0.2), Linear(8), MemberChoice(4)]
    yield "members", Network(8, members, SquaredError(), members=4), Adam()


def distance(network: Network, rule: Any, device: str, dtype: str) -> float:
    """Return how far a gradient, and the parameters after twenty steps, are from the equations' in double precision."""
    params, X, Y = case(network, 160, dtype)
    engine = choose(network, "torch", rule, device)
    how = Steps(16, np.full(20, 0.01), np.ones(20), np.ones(20), seed=3)
    order = np.concatenate([np.random.default_rng(k).permutation(160) for k in range(2)])
    found = []
    for one, kind in ((engine, dtype), (EQUATIONS, "float64")):
        p, x, y = (array.astype(kind) for array in (params, X, Y))
        grads = one.gradients(network, p, x, y, seed=3)[1]
        memory = np.zeros((len(rule.remembers), network.size), kind)
        rule_of_rounding = rule.kind == "lion"  # the sign of a number near 0 is anybody's
        if not (rule_of_rounding and dtype == "float32"):
            one.train_steps(network, rule, p, memory, x, y, None, order, how)
        found.append((grads, p))
    apart = [np.abs(a - b).max() / np.abs(b).max() for a, b in zip(*found, strict=True)]
    return float(np.nan_to_num(apart, nan=np.inf).max())


def case(network: Network, rows: int, dtype: str) -> tuple[Any, Any, Any]:
    """Return parameters, X and Y; the first column holds categories."""
    rng = np.random.default_rng(0)
    params = rng.normal(size=network.size) / 3
    params[network.spans["statistics"]] = 1.0
    X = rng.normal(size=(rows, network.n_inputs))
    X[:, 0] = rng.integers(0, 3, rows)
    Y = network.loss.sample_targets(rng, rows, network.n_outputs // network.loss.units(1))
    return params.astype(dtype), X.astype(dtype), Y.astype(dtype)


# ---- time ----


def compare(device: str, rows: int, widths: tuple[int, ...], batches: tuple[int, ...], seconds: float) -> None:
    """Print the time of a step by the kernels and on the device, and where the device wins."""
    print(f"\n{'width':>6}{'batch':>8}{'kernels':>12}{device:>12}{'':>4}ratio   µs a step")
    first = {}
    for width in widths:
        network = Network(COLUMNS, [Dense(width), Dense(width), Linear(1)], BinaryLogLoss())
        for batch in batches:
            ours, theirs = (
                step_seconds(choose(network, *one), network, rows, batch, seconds)
                for one in (("kernels",), ("torch", Adam(), device))
            )
            print(
                f"{width:>6}{batch:>8}{1e6 * ours:>12,.0f}{1e6 * theirs:>12,.0f}{'':>4}{ours / theirs:>5.2f}",
                flush=True,
            )
            if theirs < ours:
                first.setdefault(batch, width)
    print()
    for batch in batches:
        wins = f"from width {first[batch]} on" if batch in first else f"at no width up to {widths[-1]}"
        print(f"batch {batch:>6}: {device} wins {wins}")
    if torch.device(device).type == "cuda":
        print(f"CUDA graphs: {'replayed' if Replays.seen else 'NOT used: steps were launched one by one'}")


class Replays:
    """Whether any step was replayed from a graph."""

    seen = False


def step_seconds(engine: Engine, network: Network, rows: int, batch: int, seconds: float) -> float:
    """Return the seconds of a step, the least of three calls of about so many seconds each."""
    params, X, Y = case(network, max(rows, batch), "float32")
    params /= np.sqrt(network.size)  # so small that no cost leaves the range
    memory = np.zeros((2, network.size), np.float32)
    X.flags.writeable = Y.flags.writeable = False  # then they stay on the device
    rng, done = np.random.default_rng(0), 0

    def call(steps: int) -> float:
        nonlocal done
        order = rng.integers(0, len(X), steps * batch)
        how = Steps(batch, np.full(steps, 1e-5), step=done, examples=len(X))
        began = time.perf_counter()
        engine.train_steps(network, Adam(), params, memory, X, Y, None, order, how)
        done += steps
        return time.perf_counter() - began

    for _ in range(3):  # the device gets ready: graphs are recorded in the second call
        took = call(16)
    steps = int(min(max(1, seconds * 16 / took), max(16, 2**24 // batch)))
    return min(call(steps) for _ in range(3)) / steps


def noted(work: Callable[..., Any]) -> Callable[..., Any]:
    """Return a stepper's call that notes whether it has graphs."""

    def call(self: Stepper, *args: Any) -> Any:
        found = work(self, *args)
        Replays.seen |= bool(self.graphs)
        return found

    return call


if __name__ == "__main__":
    Stepper.__call__ = noted(Stepper.__call__)  # type: ignore[method-assign]
    main()
