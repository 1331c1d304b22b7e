"""Data frames of three libraries: the same columns, kinds and values."""

import datetime
import decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from lamina.data.tables.sources import read
from lamina.errors import ColumnError, ColumnTypeError, DataError

DAY = datetime.date(2020, 1, 31)
DAYS = 18292.0  # from 1970-01-01 to that day

COLUMNS = {
    "whole": [1, 2, 3],
    "gaps": [1, None, 3],
    "real": [0.5, None, 2.5],
    "text": ["a", None, "b"],
    "yes": [True, False, True],
    "maybe": [True, None, False],
    "day": [DAY, None, DAY],
    "moment": [datetime.datetime(2020, 1, 31, 6), None, datetime.datetime(2020, 1, 31, 18)],
    "took": [datetime.timedelta(days=1), datetime.timedelta(hours=6), None],
    "money": [decimal.Decimal("1.50"), None, decimal.Decimal("2.25")],
    "nothing": [None, None, None],
}
EXPECTED = {
    "whole": ("number", [1, 2, 3]),
    "gaps": ("number", [1, np.nan, 3]),
    "real": ("number", [0.5, np.nan, 2.5]),
    "text": ("category", ["a", None, "b"]),
    "yes": ("boolean", [True, False, True]),
    "maybe": ("boolean", [True, None, False]),
    "day": ("date", [DAYS, np.nan, DAYS]),
    "moment": ("date", [DAYS + 0.25, np.nan, DAYS + 0.75]),
    "took": ("number", [1, 0.25, np.nan]),
    "money": ("number", [1.5, np.nan, 2.25]),
    "nothing": ("number", [np.nan] * 3),
}


class OnlyAStream:
    """A table of a library that nobody knows, which speaks Arrow's protocol."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


SOURCES = {
    "pandas": pd.DataFrame(COLUMNS),
    "pandas of objects": pd.DataFrame(COLUMNS, dtype=object),
    "pandas nullable": pd.DataFrame(COLUMNS).convert_dtypes(),
    "pandas on Arrow": pd.DataFrame(COLUMNS).convert_dtypes(dtype_backend="pyarrow"),
    "polars": pl.DataFrame(COLUMNS),
    "Arrow": pa.table(COLUMNS),
    "Arrow stream": OnlyAStream(pa.table(COLUMNS)),
    "dictionary": COLUMNS,
    "dictionary of series": {name: pd.Series(values) for name, values in COLUMNS.items()},
    "dictionary of Arrow": {name: pa.array(values) for name, values in COLUMNS.items()},
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
@pytest.mark.parametrize("name", COLUMNS)
def test_every_library_gives_the_same_columns(source, name):
    table = read(source)
    assert (table.names, table.named, table.n_rows) == (tuple(COLUMNS), True, 3)
    kind, expected = EXPECTED[name]
    column = table.at(table.names.index(name))
    assert column.kind == kind
    values = column.array()
    np.testing.assert_array_equal(values, np.array(expected, values.dtype))


@pytest.mark.parametrize(
    "levels", [["b", "a", "unused"], [30, 20, 10], [True, False]], ids=["text", "numbers", "booleans"]
)
def test_categoricals_keep_their_levels(levels):
    values = [levels[1], None, levels[0]]
    series = pd.Series(pd.Categorical(values, categories=levels))
    for source in (pd.DataFrame({"c": series}), pa.table({"c": pa.array(values).dictionary_encode()})):
        table = read(source)
        assert table.at(0).kind == "category"
        assert table.column("c").tolist() == values


def test_polars_categories_and_chunks_of_different_dictionaries():
    frame = pl.DataFrame(
        {"e": pl.Series(["x", "y"], dtype=pl.Enum(["y", "x"])), "c": pl.Series(["u", None], dtype=pl.Categorical)}
    )
    table = read(frame)
    assert table.column("e").tolist() == ["x", "y"]
    assert table.column("c").tolist() == ["u", None]
    parts = [pa.array(["x", "y"]).dictionary_encode(), pa.array(["z", "x", None]).dictionary_encode()]
    assert read(pa.table({"c": pa.chunked_array(parts)})).column("c").tolist() == ["x", "y", "z", "x", None]


def test_a_dictionary_may_hold_the_missing_value():
    array = pa.DictionaryArray.from_arrays(pa.array([0, 1, 0, None]), pa.array(["a", None]))
    column = read(pa.table({"c": array})).at(0)
    assert column.values.tolist() == [0, -1, 0, -1]
    assert column.array().tolist() == ["a", None, "a", None]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_units_of_time(unit):
    half_a_day = datetime.timedelta(hours=12)
    table = read(
        pa.table(
            {
                "moment": pa.array([datetime.datetime(1970, 1, 3, 12)], pa.timestamp(unit)),
                "took": pa.array([half_a_day], pa.duration(unit)),
                "time": pa.array([datetime.time(6)], pa.time32(unit) if unit in ("s", "ms") else pa.time64(unit)),
            }
        )
    )
    assert [table.column(name).tolist() for name in table.names] == [[2.5], [0.5], [6]]
    assert read({"d": np.array(["1970-01-03T12"], f"M8[{unit}]")}).column("d").tolist() == [2.5]
    assert read(pa.table({"d": pa.array([datetime.date(1970, 1, 3)], pa.date64())})).column("d").tolist() == [2]


def test_a_numeric_frame_is_not_copied():
    values = np.arange(4.0)
    column = read(pd.DataFrame({"a": values}, copy=False)).column("a")
    assert np.shares_memory(column, values)


def test_a_time_zone_does_not_move_the_instant():
    moment = pd.to_datetime(["2020-01-31 01:00"]).tz_localize("Europe/Berlin")  # midnight UTC
    assert read(pd.DataFrame({"d": moment})).column("d").tolist() == [DAYS]


@pytest.mark.parametrize(
    ("frame", "name", "kind"),
    [
        (pl.DataFrame({"a": [1], "bad": [[1, 2]]}), "bad", "list"),
        (pl.DataFrame({"bad": [{"x": 1}]}), "bad", "struct"),
        (pl.DataFrame({"bad": [b"x"]}), "bad", "binary"),
        (pl.DataFrame({"bad": pl.Series([object()], dtype=pl.Object)}), "bad", "object"),
        (pa.table({"bad": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64()))}), "bad", "map"),
        (pd.DataFrame({"bad": [[1], [2]]}), "bad", "list"),
        (pd.DataFrame({"bad": pd.period_range("2020", periods=1)}), "bad", "Period"),
        (pd.DataFrame({"bad": pd.interval_range(0, 1)}), "bad", "Interval"),
        (pd.DataFrame({"bad": [datetime.date(2020, 1, 1), 5]}), "bad", "date"),
    ],
)
def test_a_column_of_another_type_is_named(frame, name, kind):
    with pytest.raises(ColumnTypeError, match=f"column '{name}' holds .*{kind}"):
        read(frame)


def test_complex_columns_are_named():
    with pytest.raises(ColumnError, match="Complex data not supported: column 'z'"):
        read(pd.DataFrame({"a": [1.0], "z": [1j]}))


@pytest.mark.parametrize(
    "source",
    [
        pd.DataFrame([[1, 2, 3]], columns=["a", "b", "a"]),
        pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]),
        {1: [1], "1": [2]},
    ],
    ids=["pandas", "Arrow", "dictionary"],
)
def test_duplicate_names_are_named(source):
    with pytest.raises(ColumnError, match=r"column names occur more than once: '[a1]'; rename or drop them"):
        read(source)


def test_names_that_are_no_text():
    table = read(pd.DataFrame([[1, 2]]))
    assert (table.names, table.named) == (("0", "1"), False)
    with pytest.raises(ColumnError, match="column names are partly text and partly not"):
        read(pd.DataFrame([[1, 2]], columns=["a", 1]))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (pd.Series([1]), r"Expected 2D array, got a series instead\. Reshape your data"),
        (pl.Series([1]), r"Expected 2D array, got a series instead"),
        (pa.array([1]), r"Expected 2D array, got an Arrow array instead"),
        (pd.DataFrame(), r"0 feature\(s\)"),
        (pd.DataFrame({"a": []}), r"0 sample\(s\)"),
        (pl.DataFrame({"a": []}), r"0 sample\(s\)"),
    ],
)
def test_what_is_no_data_frame_of_rows(source, message):
    with pytest.raises(DataError, match=message):
        read(source)
