"""What a loss as a function costs: the same fit with the table's squared error in the kernels, and with a function.

python benchmarks/own_loss.py
"""

import time
import warnings
from statistics import median

import numpy as np

from lamina import DeepRegressor
from lamina.errors import EngineWarning


def squared(A, Y):
    return 0.5 * (A - Y) ** 2, A - Y


def seconds(X, y, rounds=3, **settings):
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        DeepRegressor(max_iter=3, early_stopping=False, random_state=0, **settings).fit(X, y)
        found.append(time.perf_counter() - start)
    return median(found)


def main():
    warnings.simplefilter("ignore", EngineWarning)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20_000, 10))
    y = X[:, 0] + np.sin(2 * X[:, 1]) + rng.normal(size=len(X))
    recipes = {
        "default": {},
        "sklearn, one layer of 100": {"preset": "sklearn"},
        "td": {"preset": "td"},
        "default, (32,), 1 member": {"hidden_layer_sizes": (32,), "n_members": 1},
    }
    print(f"{'recipe':<28}{'kernels':>9}{'equations':>11}{'function':>10}{'ratio':>7}")
    for name, settings in recipes.items():
        kernels, equations = (seconds(X, y, **settings, engine=engine) for engine in ("auto", "equations"))
        own = seconds(X, y, **settings, loss=squared)
        print(f"{name:<28}{kernels:>7.2f} s{equations:>9.2f} s{own:>8.2f} s{own / kernels:>7.1f}")


if __name__ == "__main__":
    main()
