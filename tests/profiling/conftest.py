"""Tables with things planted in them, and their profiles."""

import numpy as np
import pandas as pd
import pytest

from lamina.data.roles import Roles
from lamina.data.tables.sources import read
from lamina.data.tables.table import Batch
from lamina.learning.hyperparameters import settings_for
from lamina.learning.presets import Facts, resolved
from lamina.profiling.table_profile import ENCODING_SETTINGS, profile_of


def settings(n_columns=10, task="classifier", **given):
    defaults = {name: one.default for name, one in settings_for(task).items()} | given
    return resolved(defaults, Facts(task, 1000, n_columns))


def batches(table, size):
    """The rows of a table in pieces of their own levels, as files give them."""
    for first in range(0, table.n_rows, size):
        yield Batch(table.take(slice(first, first + size)), first=first)


@pytest.fixture
def profiled():
    """The profile of anything that is read."""

    def profile(source, target=None, size=10**9, weights=None, drop=(), task=None):
        table = read(source)
        roles = Roles(target, weights, drop=tuple(drop))
        chosen = settings(len(roles.inputs(table.names)))
        return profile_of(batches(table, size), roles, {name: chosen[name] for name in ENCODING_SETTINGS}, task)

    return profile


@pytest.fixture
def healthy():
    """Rows in which nothing is wrong."""
    rng = np.random.default_rng(0)
    n = 2000
    y = rng.choice(["yes", "no"], n, p=[0.3, 0.7])
    return pd.DataFrame(
        {
            "amount": rng.gamma(2, 50, n) + 20 * (y == "yes"),
            "town": rng.choice(["Basel", "Bern", "Zug"], n),
            "age": rng.integers(18, 80, n),
            "member": rng.random(n) < 0.5,
            "since": pd.Timestamp("2019-01-01") + pd.to_timedelta(rng.integers(0, 900, n), "D"),
            "score": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)),
            "y": y,
        }
    )
