"""A value keeps its identity: one spelling from every source; what cannot be told apart is refused or warned of."""

import datetime
import decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp

from lamina.data.encoding.learning import learn_encoder
from lamina.data.labels import Labels
from lamina.data.tables.columns import spell
from lamina.data.tables.sources import read
from lamina.errors import ColumnError, ColumnTypeError, DataError, DataWarning

T = datetime


def categories(values):
    return pd.DataFrame({"c": pd.Series(values).astype("category")})


SAME = {
    "float32": (np.float32([0.1, 0.2]), [0.1, 0.2]),
    "float64 of float32": ([0.1, 0.2], np.float32([0.1, 0.2])),
    "1.0 for 1": ([1, 2], ["1.0", "2.0"]),
    "1 for 1.0": (["1.0", "2.0"], [1, 2]),
    "decimals": ([decimal.Decimal("1.10"), decimal.Decimal("2.20")], [1.1, 2.2]),
    "large decimals": ([decimal.Decimal(10**20), decimal.Decimal(2 * 10**20)], [str(10**20), str(2 * 10**20)]),
    "dates": (pd.to_datetime(["2020-01-01", "2020-06-01"]), ["2020-01-01", "2020-06-01 00:00:00"]),
    "dates as dates": (["2020-01-01", "2020-06-01"], [T.date(2020, 1, 1), T.date(2020, 6, 1)]),
    "moments": ([T.datetime(2020, 1, 1, 6), T.datetime(2020, 6, 1)], ["2020-01-01T06:00:00", "2020-06-01"]),
    "times": ([T.time(9), T.time(10, 30)], ["09:00:00", "10:30:00"]),
    "spans": ([T.timedelta(days=1), T.timedelta(hours=6)], ["1 days 00:00:00", "0 days 06:00:00"]),
    "blanks": ([" a", "b"], ["a", "b "]),
}


@pytest.mark.parametrize("name", SAME)
def test_a_level_is_spelled_the_same_in_training_and_later(name):
    trained, later = SAME[name]
    encoder = learn_encoder(read(categories(list(trained) * 20)))
    expected = encoder.encode(read(categories(list(trained))))
    assert abs(expected).sum() == 2
    for source in ({"c": later}, categories(list(later))):
        found = encoder.encode(read(source, reading=encoder.reading))
        np.testing.assert_array_equal(found, expected)


def test_levels_that_differ_in_text_stay_different():
    encoder = learn_encoder(read(categories(["1.1", "1.10", "7", "007"])))
    assert len(encoder.categories[0].levels) == 4
    assert (encoder.encode(read(categories(["1.1", "1.10", "7", "007"]))) == np.eye(4)[[1, 2, 3, 0]]).sum() == 16


@pytest.mark.parametrize("value", [1, 1.0, "1", np.float32(1), decimal.Decimal("1.00"), np.int8(1), " 1 "])
def test_one_spelling_of_one(value):
    assert spell(value) == "1"


def test_float32_as_categories_from_a_matrix_and_a_frame():
    values = np.tile(np.float32([0.1, 0.2, 0.7]), 5)[:, None]
    encoder = learn_encoder(read(values), categorical=[0])
    assert encoder.categories[0].levels == ("0.1", "0.2", "0.7")
    np.testing.assert_array_equal(encoder.encode(read(values.astype(str).astype(float))), encoder.encode(read(values)))


NOON = [T.datetime(2020, 3, 28, h) for h in range(0, 24, 6)]


@pytest.mark.parametrize(
    "values",
    [
        [NOON[0].date(), *NOON[1:]],
        [*NOON[1:], NOON[0].date()],
        [NOON[0], np.datetime64("2020-03-28T06"), pd.Timestamp(NOON[2]), NOON[3]],
        [NOON[0].replace(tzinfo=T.timezone.utc), *NOON[1:]],
    ],
)
def test_dates_of_mixed_classes_keep_their_time(values):
    expected = sorted(18349 + h / 24 for h in (0, 6, 12, 18))
    for source in (
        {"t": values},
        np.array(values, object)[:, None],
        pd.DataFrame({"t": pd.Series(values, dtype=object)}),
    ):
        column = read(source).at(0)
        assert column.kind == "date"
        assert sorted(column.values.tolist()) == expected


def test_spans_of_mixed_classes():
    for values in (
        [np.timedelta64(1, "D"), np.timedelta64(12, "h")],
        [T.timedelta(1), np.timedelta64(12, "h")],
        [np.timedelta64(24, "h"), pd.Timedelta(hours=12)],
    ):
        assert read({"t": values}).column("t").tolist() == [1, 0.5]
    with pytest.raises(ColumnTypeError, match="a mixture of date and timedelta, which cannot be one column"):
        read({"t": [T.date(2020, 1, 1), T.timedelta(1)]})


def test_whole_numbers_beyond_64_bits():
    big = pd.DataFrame({"i": pd.Series([2**64, 2**64 + 1] * 3, dtype=object).astype("category")})
    assert set(learn_encoder(read(big)).categories[0].levels) == {str(2**64), str(2**64 + 1)}
    assert read({"i": [2**64, 2**64 + 1]}).at(0).kind == "category"
    assert read(pl.DataFrame({"i": pl.Series([1, 2], dtype=pl.Int128)})).column("i").tolist() == [1, 2]
    with pytest.warns(DataWarning, match="'i': of 3 different whole numbers, some beyond 2.*53, float64 tells 2 apart"):
        read({"i": np.array([2**63 - 1, 2**63 - 2, 1])})


def test_labels_that_cannot_be_told_apart():
    assert Labels.fit(np.array([2**63, 2**63 + 1], object)).classes.tolist() == [2**63, 2**63 + 1]
    assert Labels.fit([True, False, True]).classes.tolist() == [False, True]
    for far in (2**64, -(2**70), 10**30):
        with pytest.raises(DataError, match=r"y holds -?\d+, beyond the whole numbers of 64 bits"):
            Labels.fit(np.array([far, far + 1], object))
    with pytest.raises(DataError, match=r"y holds 'a\\x00' in row 1: labels that end in a zero character lose it"):
        Labels.fit(np.array(["a", "a\0"], object))


@pytest.mark.parametrize("bits", [128, 256])
def test_decimals_are_the_nearest_floats(bits):
    kind = pa.decimal128(20, 4) if bits == 128 else pa.decimal256(40, 4)
    texts = ["0.1000", "123456.7800", "-99.9900", "0.3000"]
    array = pa.array([*map(decimal.Decimal, texts), None], kind)
    np.testing.assert_array_equal(read(pa.table({"d": array})).column("d"), [*map(float, texts), np.nan])


def test_names_that_are_no_text_are_kept():
    frame = pd.DataFrame(np.arange(6.0).reshape(3, 2))
    encoder = learn_encoder(read(frame))
    turned = frame.set_axis(["0", "1"], axis=1)[["1", "0"]]
    np.testing.assert_array_equal(encoder.encode(read(turned)), encoder.encode(read(frame)))
    np.testing.assert_array_equal(encoder.encode(read(turned.assign(more=1))), encoder.encode(read(frame)))
    np.testing.assert_array_equal(encoder.encode(read(frame.to_numpy())), encoder.encode(read(frame)))
    with pytest.raises(ColumnError, match="X has 3 features"):
        encoder.encode(read(np.zeros((1, 3))))
    pairs = pd.DataFrame(np.eye(2), columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2)]))
    encoder = learn_encoder(read(pairs))
    files = pairs.set_axis(list(map(str, pairs.columns)), axis=1).iloc[:, ::-1]
    np.testing.assert_array_equal(encoder.encode(read(files)), encoder.encode(read(pairs)))


@pytest.mark.filterwarnings("ignore:no value in any training row")
@pytest.mark.parametrize(
    "later", [["new"], [5.0], [True], pd.to_datetime(["2020-01-01"]), pd.Categorical(["x"]), [None]]
)
def test_a_column_that_was_empty_takes_anything_later(later):
    for empty in ([None, None], [np.nan, np.nan], pd.array([None, None], "Int64"), pa.nulls(2)):
        encoder = learn_encoder(read({"a": [1.0, 2.0], "t": empty}))
        assert encoder.encode(read({"a": [1.5], "t": later}, reading=encoder.reading)).tolist() == [[0, 0]]


def test_lazy_frames_and_relations_are_run():
    assert read(pl.LazyFrame({"a": [1, 2]}).filter(pl.col("a") > 1)).column("a").tolist() == [2]
    duckdb = pytest.importorskip("duckdb")
    assert read(duckdb.sql("SELECT 7 AS a, 'x' AS b")).column("a").tolist() == [7]


def test_a_sparse_frame_stays_sparse():
    matrix = sp.random(50, 20, 0.1, random_state=0, format="csr")
    table = read(pd.DataFrame.sparse.from_spmatrix(matrix, columns=[f"w{j}" for j in range(20)]))
    assert table.is_sparse
    assert table.names[:2] == ("w0", "w1")
    np.testing.assert_array_equal(table.matrix.toarray(), matrix.toarray())
    ones = pd.DataFrame({"a": pd.arrays.SparseArray([1.0, 1.0, 5.0], fill_value=1.0)})
    assert read(ones).column("a").tolist() == [1, 1, 5]


def test_a_damaged_sparse_matrix_is_refused():
    for j in (-1, 2):
        damaged = sp.csr_array((1, 2))
        damaged.data, damaged.indices, damaged.indptr = np.ones(1), np.array([j]), np.array([0, 1])
        with pytest.raises(DataError, match="its indices are damaged"):
            read(damaged)


@pytest.mark.parametrize(
    ("values", "cure"),
    [
        (pd.period_range("2020", periods=2), r"frame\['b'\]\.dt\.to_timestamp\(\)"),
        (pd.interval_range(0, 2), r"frame\['b'\]\.astype\(str\)"),
        (pl.Series([[1], [2]]), "--drop"),
        (pl.Series([{"x": 1}, {"x": 2}]), "--drop"),
        (pl.Series([b"x", b"y"]), "Decode it to text"),
        ([T.date(2020, 1, 1), "x"], r"pandas\.to_datetime\(frame\['b'\]\)"),
    ],
)
def test_a_column_that_cannot_be_used_comes_with_a_cure(values, cure):
    frame = pl.DataFrame({"b": values}) if isinstance(values, pl.Series) else pd.DataFrame({"b": values})
    with pytest.raises(ColumnTypeError, match=f"column 'b' holds .*{cure}"):
        read(frame)


def test_a_series_is_a_row_or_a_column():
    with pytest.raises(DataError, match=r"frame\[\['name'\]\] has one column, frame\.iloc\[\[0\]\]"):
        read(pd.Series([1]))


@pytest.mark.parametrize("spelled", ["NaN", "sNaN"])
def test_a_decimal_that_is_no_number_is_missing(spelled):
    column = read({"price": [decimal.Decimal("1.5"), decimal.Decimal(spelled), decimal.Decimal(2)]}).at(0)
    np.testing.assert_array_equal(column.values, [1.5, np.nan, 2.0])
