"""What a step of many workers costs, after a model whose parts are measured; and its curve to 1,000 workers.

seconds of a step = (compute + reading) × rows / workers + update + sum

compute    a row's way forward and back, and its share of a leaf
reading    a row of a stream: read and encoded, by the worker that learns from it
update     of all parameters, in every worker, whatever the batch
sum        on this machine as it was measured; on a network 2 × bytes / bandwidth + 2 × latency × log2 workers
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

BANDWIDTH = {"1 Gbit/s": 1.25e8, "10 Gbit/s": 1.25e9, "100 Gbit/s": 1.25e10}  # bytes per second
LATENCY = {"1 Gbit/s": 1e-4, "10 Gbit/s": 5e-5, "100 Gbit/s": 5e-6}  # seconds of a message between two machines
EFFICIENT = 0.9
MOST_WORKERS = 1000


class Parts(NamedTuple):
    """Measured parts of a step, in seconds."""

    compute: float  # of a row
    update: float  # whatever the batch
    size: int  # bytes of a message
    sum: float  # of two workers on this machine
    reading: float = 0.0  # of a row


def step(parts: Parts, batch: float, workers: int, network: str | None = None) -> float:
    """Return the seconds of a step; without a network all workers are on this machine."""
    own = (parts.compute + parts.reading) * batch / workers + parts.update
    if workers == 1:
        return own
    if network is None:
        return own + parts.sum
    return own + 2 * parts.size / BANDWIDTH[network] + 2 * LATENCY[network] * float(np.log2(workers))


def efficiency(parts: Parts, rows: float, workers: int, network: str) -> float:
    """Return the speed of so many workers over so many times that of one, with so many rows of a batch for each."""
    return step(parts, rows, 1) / step(parts, rows * workers, workers, network)


def rows_for(parts: Parts, workers: int, network: str) -> int | None:
    """Return from how many rows of a batch for each worker on they are efficient; None: never."""
    if workers == 1:
        return 1
    found = (int(rows) for rows in 2 ** np.arange(5, 22) if efficiency(parts, rows, workers, network) >= EFFICIENT)
    return next(found, None)


def draw(networks: dict[str, Parts], path: Path) -> None:
    """Draw, for each network, efficiency over workers, and the batch that keeps them efficient."""
    from matplotlib import pyplot

    workers = np.unique(np.append(2 ** np.arange(10), MOST_WORKERS))
    figure, places = pyplot.subplots(
        2, len(networks), figsize=(3.6 * len(networks), 5.6), sharex=True, sharey="row", squeeze=False
    )
    for column, (name, parts) in enumerate(networks.items()):
        above, below = places[:, column]
        for network in BANDWIDTH:
            above.plot(workers, [100 * efficiency(parts, 1024, int(n), network) for n in workers], label=network)
            batches = [(rows_for(parts, int(n), network) or np.nan) * n for n in workers]
            below.plot(workers, batches, label=network)
        above.axhline(100 * EFFICIENT, color="gray", linewidth=0.8, linestyle=":")
        above.set(title=f"{name} hidden units\n{parts.size / 1e6:.2g} MB a step", xscale="log", ylim=(0, 105))
        below.set(xlabel="workers", xscale="log", yscale="log")
    places[0, 0].set_ylabel("efficiency in %,\n1,024 rows for each worker")
    places[1, 0].set_ylabel(f"rows of a batch that\nkeep {EFFICIENT:.0%}")
    places[0, 0].legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def told(parts: Parts) -> list[list[Any]]:
    """Return rows of a table: a network, and the rows for each worker from which so many of them are efficient."""
    numbers = (2, 8, 64, MOST_WORKERS)
    found = [[network, *(rows_for(parts, n, network) for n in numbers)] for network in BANDWIDTH]
    return [[network, *("more than 2,000,000" if r is None else f"{r:,}" for r in rows)] for network, *rows in found]
