"""What tracing a fit costs: nothing where it is off, and a few steps' time for each step that is traced.

    make bench-trace

Fits of 10,000 rows of the census take turns: without a trace, with one that no step is asked of, and with every 100th
or 10th step. The figures are medians, in milliseconds, beside the first; all of them must end with the same bits.
"""

import statistics
import time

import numpy as np
import pandas as pd

import lamina
from lamina.data import datasets

TRACES = {"off": None, "on, no step": [2**40], "every 100 steps": 100, "every 10 steps": 10}
TURNS = 5


def main() -> None:
    people = pd.read_parquet(datasets.path("adult")).sample(10_000, random_state=0)
    X, y = people.drop(columns="income"), people["income"]
    seconds: dict[str, list[float]] = {name: [] for name in TRACES}
    found = {}
    for turn in range(TURNS + 1):
        for name, trace in TRACES.items():
            model = lamina.DeepClassifier(max_iter=3, early_stopping=False, random_state=0)
            began = time.perf_counter()
            model.fit(X, y, trace=trace)
            if turn:  # the first one warms up
                seconds[name].append(time.perf_counter() - began)
            found[name] = model
    off = statistics.median(seconds["off"])
    print(f"{'trace':<18}{'fit':>9}{'beside off':>12}{'traces':>8}{'equations':>13}")
    for name, model in found.items():
        np.testing.assert_array_equal(model.model_.params, found["off"].model_.params)
        traces = getattr(model, "traces_", {})
        hold = sum(one.replay().agrees for one in traces.values())
        took = statistics.median(seconds[name])
        print(
            f"{name:<18}{1000 * took:>6.0f} ms{took / off:>11.3f}x{len(traces):>8}"
            f"{f'{hold} hold' if traces else '':>13}"
        )
    print("the same bits in every fit")


if __name__ == "__main__":
    main()
