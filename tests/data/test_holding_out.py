"""Hold-out by keys: the same rows in memory and in streams, groups whole, the latest times."""

import numpy as np
import pandas as pd
import pytest

from lamina.data.holding_out import MOST_HELD_OUT, LowestKeys, capped, group_keys, highest_key, row_keys, time_keys
from lamina.data.roles import Roles, taken_apart
from lamina.data.tables.sources import read
from lamina.errors import ColumnError, DataError, SettingError


def column(values):
    return read(pd.DataFrame({"c": values})).at(0)


def test_at_most_so_many_rows_are_held_out():
    assert capped(0.2, 1000) == 0.2
    assert capped(0.2, 10_000_000) * 10_000_000 == pytest.approx(MOST_HELD_OUT)


def test_row_keys_do_not_depend_on_the_batch():
    numbers = np.arange(100_000)
    keys = row_keys(numbers, 3)
    np.testing.assert_array_equal(np.concatenate([row_keys(part, 3) for part in np.array_split(numbers, 7)]), keys)
    assert not np.array_equal(row_keys(numbers, 4), keys)
    assert (keys < np.uint64(2**62)).mean() == pytest.approx(0.25, abs=0.01)  # uniform
    assert abs(np.corrcoef(keys[:-1].astype(float), keys[1:].astype(float))[0, 1]) < 0.02


@pytest.mark.parametrize(
    "values",
    [
        [3, 1, 3, 2, 1],
        [3.0, 1.0, 3.0, 2.0, 1.0],
        ["c", "a", "c", "b", "a"],
        pd.Categorical(["c", "a", "c", "b", "a"]),
        pd.to_datetime(["2020-03-01", "2020-01-01", "2020-03-01", "2020-02-01", "2020-01-01"]),
        [True, None, True, False, None],
    ],
)
def test_a_group_has_one_key(values):
    keys = group_keys(column(values), 5)
    assert keys[0] == keys[2]
    assert keys[1] == keys[4]
    assert len(set(keys.tolist())) == 3


def test_group_keys_follow_from_values_not_from_codes():
    first, second = column(["x", "y", "z"]), column(["z", "x"])
    assert group_keys(first, 0)[[2, 0]].tolist() == group_keys(second, 0).tolist()


def test_the_latest_have_the_lowest_keys():
    t = np.array([0.0, -1e9, 5.5, np.nan, 5.25, -0.0, 1e300, -3.0])
    keys = time_keys(column(t))
    assert np.argsort(keys, kind="stable").tolist() == [6, 2, 4, 0, 5, 7, 1, 3]
    dates = column(pd.to_datetime(["1960-01-01", "2021-05-05", "2021-05-04"]))
    assert np.argsort(time_keys(dates)).tolist() == [1, 2, 0]
    with pytest.raises(DataError, match="holds text: dates or numbers expected"):
        time_keys(column(["monday", "tuesday"]))


@pytest.mark.parametrize("pieces", [1, 2, 9])
def test_the_lowest_keys_of_pieces_are_those_of_the_whole(pieces):
    rng = np.random.default_rng(0)
    keys = rng.integers(0, 300, 5000).astype(np.uint64)
    found = None
    for part in np.array_split(keys, pieces):
        here = LowestKeys.of(part, 1000)
        found = here if found is None else found.joined(here)
    different, counts = np.unique(keys, return_counts=True)
    enough = np.searchsorted(np.cumsum(counts), 1000) + 1
    np.testing.assert_array_equal(found.keys, different[:enough])
    np.testing.assert_array_equal(found.counts, counts[:enough])


def test_what_cannot_be_split_is_refused():
    same = np.zeros(10, np.uint64)
    with pytest.raises(DataError, match="a single group"):
        highest_key("groups", "g", LowestKeys.of(same, 2))
    with pytest.raises(DataError, match="a single time"):
        highest_key("time", "t", LowestKeys.of(same, 2))
    with pytest.raises(DataError, match="has no value"):
        highest_key("time", "t", LowestKeys.of(np.full(4, 2**64 - 1, np.uint64), 1))


# ---- roles of columns ----

FRAME = pd.DataFrame({"a": [1.0, 2.0], "y": ["u", "v"], "w": [1, 2], "g": [7, 8], "t": [0.5, 0.6], "z": [0, 1]})


def test_columns_are_taken_apart_by_their_roles():
    found = taken_apart(read(FRAME), Roles("y", "w", groups="g", drop=("z",)))
    assert found.X.names == ("a", "t")
    assert found.y.tolist() == ["u", "v"]
    assert found.weights.tolist() == [1, 2]
    assert found.key.name == "g"
    found = taken_apart(read(FRAME), Roles(["a", "w"], time="t"))
    assert found.X.names == ("y", "g", "t", "z")  # the time is learned from
    np.testing.assert_array_equal(found.y, [[1, 1], [2, 2]])


@pytest.mark.parametrize(
    ("roles", "error", "said"),
    [
        (Roles("yy"), ColumnError, "target: no column 'yy'.*Did you mean 'y'"),
        (Roles("y", "y"), DataError, "target and weight are both 'y'"),
        (Roles("y", groups="g", time="t"), SettingError, "groups and time both"),
        (Roles("y", time="y"), DataError, "target and time are both 'y'"),
        (Roles("y", groups=[1, 2, 3]), DataError, "one per row; found shape"),
        (Roles(["a", "y", "w", "g", "t", "z"]), DataError, "no column is left"),
        (Roles("y", "y2"), ColumnError, "weight: no column 'y2'"),
    ],
)
def test_roles_that_do_not_fit(roles, error, said):
    with pytest.raises(error, match=said):
        taken_apart(read(FRAME), roles)
