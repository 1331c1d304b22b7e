"""What the ways in which workers move together do to the score: every way on the same rows, seeds and batches.

    python benchmarks/cluster_scores.py            --quick for a look

Four workers, which are threads of one process: what is measured is the score, not the time.
"""

import argparse
import threading

import numpy as np
from sklearn.datasets import load_diabetes, load_digits
from sklearn.model_selection import train_test_split

from lamina.cluster.places import Cluster
from lamina.data import datasets
from lamina.fitting import finish, prepare
from lamina.learning.group import Group
from lamina.learning.training import train

WORKERS = 4
WAYS = {
    "same bits": {},
    "bfloat16": {"sums": "bfloat16"},
    "plain": {"sums": "plain"},
    "4 local steps": {"local_steps": 4},
    "16 local steps": {"local_steps": 16},
}
SETTINGS = {"hidden_layer_sizes": (64,), "batch_size": 256, "max_iter": 20}
SETTINGS |= {"numeric_embedding": None, "n_iter_no_change": 1000}


class Meeting:
    """Messages between threads."""

    def __init__(self, rank, barrier, arrays):
        self.rank, self.size, self._barrier, self._arrays = rank, WORKERS, barrier, arrays

    def gather(self, mine, counts):
        self._arrays[self.rank] = mine.copy()
        self._barrier.wait()
        found = np.concatenate(self._arrays)
        self._barrier.wait()
        return found

    def deal(self, mine, counts, widths):
        first = sum(widths[: self.rank])
        return self.gather(mine, counts)[:, first : first + widths[self.rank]].copy()

    def reduce(self, mine):
        return self.gather(mine[None], [1] * self.size).sum(axis=0)

    def report(self, facts):
        return ""


def fitted(X, y, task, seed, how):
    """The model that four workers learn together."""
    together, models = Cluster("mpi", **how).together, [None] * WORKERS
    barrier, arrays = threading.Barrier(WORKERS, timeout=300), [None] * WORKERS

    def work(rank):
        group = Group(Meeting(rank, barrier, arrays), together=together)
        run, state = prepare(X, y, settings={**SETTINGS, "random_state": seed}, task=task, group=group)
        for _ in train(run, state):
            pass
        models[rank] = finish(run, state)

    threads = [threading.Thread(target=work, args=(rank,)) for rank in range(WORKERS)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return models[0]


def tables(quick):
    """Rows, targets and task by name."""
    found = {"digits": (*load_digits(return_X_y=True), "classifier")}
    if not quick:
        found["adult"] = adult_rows()
        found["diabetes"] = (*load_diabetes(return_X_y=True), "regressor")
    return found


def adult_rows():
    import pandas as pd

    rows = pd.read_parquet(datasets.path("adult")).iloc[:8_000]
    return rows.drop(columns="income"), rows["income"].to_numpy(), "classifier"


def score(model, X, y, task):
    """Accuracy or R2, in points of a hundred."""
    predicted = np.asarray(model.predict(X))
    if task == "classifier":
        return 100 * np.mean(predicted == y)
    return 100 * (1 - np.sum((predicted.ravel() - y) ** 2) / np.sum((y - y.mean()) ** 2))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one table, two seeds")
    quick = parser.parse_args().quick
    for name, (X, y, task) in tables(quick).items():
        for way, how in WAYS.items():
            found = []
            for seed in range(2 if quick else 5):
                split = train_test_split(X, y, test_size=0.3, random_state=seed)
                found.append(score(fitted(split[0], split[2], task, seed, how), split[1], split[3], task))
            print(f"{name:<10} {way:<16} {np.mean(found):6.2f}  ± {np.std(found):.2f}", flush=True)


if __name__ == "__main__":
    main()
