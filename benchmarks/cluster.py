"""What workers cost: rows per second of one and of two, a model of a step from measured parts, and its curve to 1,000.

    make bench-cluster                    BENCH=--quick for a look, BENCH="--picture docs/pictures/cluster.png"

Each worker has one thread. Workers are processes of MPI on this machine: what is measured is lamina, not how long Ray
takes to start.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

NETWORKS = {"64": (64,), "256, 256, 256": (256, 256, 256), "512, 512, 512": (512, 512, 512)}
COLUMNS, CLASSES = 54, 7
GIGABIT = {"1 Gbit/s": 1.25e8, "10 Gbit/s": 1.25e9, "100 Gbit/s": 1.25e10}  # bytes per second
LATENCY = {"1 Gbit/s": 1e-4, "10 Gbit/s": 5e-5, "100 Gbit/s": 5e-6}  # seconds of a message between two machines
EFFICIENT = 0.9


class Parts(NamedTuple):
    """Measured parts of a step."""

    per_row: float  # seconds of a row's forward, backward, and its share of a leaf
    update: float  # seconds of an update, whatever the batch
    size: int  # bytes of a vector
    message: float  # seconds of a sum of two workers on this machine


def prepared(widths, batch, group, rows):
    """A run on random numbers."""
    from lamina.fitting import prepare

    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(rows, COLUMNS)), rng.integers(0, CLASSES, rows)
    settings = {"hidden_layer_sizes": widths, "batch_size": batch, "random_state": 0, "max_iter": 10**6}
    quiet = {"early_stopping": False, "n_iter_no_change": 10**6, "max_time": None}
    return prepare(X, y, settings=settings | quiet, task="classifier", group=group)


def worker(group, widths, batch, seconds):
    """Train for some seconds; return rows per second, and the share of computing and summing of each worker."""
    from lamina.learning.training import train

    run, state = prepared(widths, batch, group, rows=max(16_384, 4 * batch))
    progress = iter(train(run, state))
    for one in progress:  # the first epoch warms up
        if one.record:
            break
    began, computing, summing, first = time.perf_counter(), group.computing, group.summing, state.epoch
    for one in progress:
        if one.record and time.perf_counter() - began >= seconds:
            group.ask("enough")
    took = time.perf_counter() - began
    done = (state.epoch - first) * run.n_rows + state.rows
    own = {"computing": (group.computing - computing) / took, "summing": (group.summing - summing) / took}
    everyone = [json.loads(one) for one in group.told(json.dumps(own).encode())]
    return {"rows_per_second": done / took, "size": 4 * (run.network.size + 3), "workers": everyone}


def parts_of(group, widths, batch):
    """Measure the parts of a step."""
    from lamina.learning.leaves import leaf_count

    run, state = prepared(widths, batch, group, rows=batch)
    X, Y, _ = next(iter(run.examples.blocks()))
    leaf = batch // leaf_count(batch)
    gradients = _best(lambda: run.engine.gradients(run.network, state.params, X[:leaf], Y[:leaf], m=batch))
    grads = np.zeros_like(state.params)
    how = run.network, run.recipe.optimiser, state.params, grads, state.memory
    update = _best(lambda: run.engine.update(*how, 0.0, 1, 1.0))
    add = _best(lambda: np.add(grads, grads, out=grads))
    vector = np.zeros((1, run.network.size + 3), np.float32)
    message = _best(lambda: group.messages.gather(vector, [1] * group.size)) if group.size > 1 else 0.0
    return Parts((gradients + 2 * add) / leaf, update + 2 * add, vector.nbytes, message)


def _best(work, times=30):
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return float(np.median(taken))


def step(parts, batch, workers, bandwidth=None, latency=0.0):
    """Seconds of a step, after the model: rows are shared, the update is not, a sum is two messages."""
    compute = parts.per_row * batch / workers + parts.update
    if workers == 1:
        return compute
    if bandwidth is None:
        return compute + parts.message
    return compute + 2 * parts.size / bandwidth + 2 * latency * np.log2(workers)


def efficiency(parts, batch, workers, network):
    """Speed of so many workers, over so many times that of one; `batch` rows for each of them."""
    alone = step(parts, batch, 1)
    together = step(parts, batch * workers, workers, GIGABIT[network], LATENCY[network])
    return alone / together


def rows_for(parts, workers, network):
    """Rows of a batch for each worker from which workers are 90 % efficient."""
    for batch in 2 ** np.arange(6, 22):
        if efficiency(parts, int(batch), workers, network) >= EFFICIENT:
            return int(batch)
    return None


def measured(size, what, widths, batch, seconds):
    """What so many workers say."""
    here = [sys.executable, __file__, "--worker", what, "--widths", ",".join(map(str, widths))]
    here += ["--batch", str(batch), "--seconds", str(seconds)]
    own = Path(sys.executable).with_name("mpiexec")
    start = [] if size == 1 else [str(own) if own.exists() else "mpiexec", "--oversubscribe", "-n", str(size)]
    root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"} if os.geteuid() == 0 else {}
    environment = {**os.environ, **root, "OMP_NUM_THREADS": "1", "LAMINA_NUM_THREADS": "1"}
    done = subprocess.run([*start, *here], env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def as_worker(group, options):
    """Do what the process that started this one asks for; the first worker says what came out."""
    widths = tuple(map(int, options.widths.split(",")))
    if options.worker == "train":
        found = worker(group, widths, options.batch, options.seconds)
    else:
        found = parts_of(group, widths, options.batch)._asdict()
    if group.rank == 0:
        print(json.dumps(found), flush=True)


def report(options):
    """Measure, compare with the model, and draw its curve."""
    known, seconds = {}, 2 if options.quick else 10
    print("one thread for each worker; processes of MPI on this machine\n")
    print("hidden units     batch   workers   rows/s   efficiency   compute   sum   model: rows/s   off by")
    for name, widths in list(NETWORKS.items())[: 1 if options.quick else None]:
        for batch in (4096,):
            parts = known[name] = Parts(**measured(2, "parts", widths, batch, seconds))
            alone = None
            for size in (1, 2):
                found = measured(size, "train", widths, batch, seconds)
                rate, shares = found["rows_per_second"], found["workers"]
                alone = alone or rate
                says = batch / step(parts, batch, size)
                computing, summing = (np.mean([one[what] for one in shares]) for what in ("computing", "summing"))
                print(
                    f"{name:<15} {batch:>6} {size:>9} {rate:>8,.0f} {rate / alone / size:>12.0%} {computing:>9.0%} "
                    f"{summing:>5.0%} {says:>15,.0f} {says / rate - 1:>+8.0%}"
                )
    print(f"\nrows for each worker from which they are {EFFICIENT:.0%} efficient, after the model:")
    for name, parts in known.items():
        for network in GIGABIT:
            rows = {n: rows_for(parts, n, network) for n in (2, 8, 64, 1000)}
            told = ", ".join(f"{n} workers {'more than 2,000,000' if r is None else f'{r:,}'}" for n, r in rows.items())
            print(f"{name:<15} {network:<10} {told}")
    if options.picture:
        draw(known, options.picture)


def draw(known, path):
    """Draw efficiency over the number of workers, 1,024 rows of a batch for each."""
    from matplotlib import pyplot

    workers = 2 ** np.arange(11)
    figure, axes = pyplot.subplots(1, len(known), figsize=(4 * len(known), 3.2), sharey=True, squeeze=False)
    for place, (name, parts) in zip(axes[0], known.items(), strict=True):
        for network in GIGABIT:
            place.semilogx(workers, [efficiency(parts, 1024, int(n), network) for n in workers], base=2, label=network)
        place.set(title=f"{name} hidden units", xlabel="workers", ylim=(0, 1.05))
    axes[0][0].set_ylabel("efficiency")
    axes[0][0].legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one network, two seconds each")
    parser.add_argument("--picture", type=Path, help="where to draw the curve")
    parser.add_argument("--worker", choices=("train", "parts"), help=argparse.SUPPRESS)
    parser.add_argument("--widths", help=argparse.SUPPRESS)
    parser.add_argument("--batch", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker is None:
        report(options)
        return
    from lamina.cluster.launching import launched
    from lamina.cluster.places import started_by_mpi

    launched("mpi" if started_by_mpi() else "local[1]", lambda group: as_worker(group, options))


if __name__ == "__main__":
    main()
