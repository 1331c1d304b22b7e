"""Rows that come from no path: data sets, Arrow streams, lazy frames, batches; the same as all rows in memory."""

from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from lamina.data.tables.reading import Reading
from lamina.data.tables.row_streams import is_stream, rows_of
from lamina.data.tables.sources import read
from lamina.errors import DataError, NoRowsError

N = 5000
RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "n": np.arange(N),
        "x": np.where(np.arange(N) % 7, RNG.normal(size=N), np.nan),
        "t": np.array(["a", "b", None], object)[RNG.integers(0, 3, N)],
        "w": np.array(["1,234.5 kg", "7 kg"])[np.arange(N) % 2],
        "d": pd.date_range("2020-01-01", periods=N, freq="h"),
        "b": np.arange(N) % 3 == 0,
    }
)
CUTS = [0, 1000, 1001, 3000, N]
PIECES = [FRAME[a:b] for a, b in pairwise(CUTS)]


class OnlyAStream:
    """What knows the Arrow protocol and nothing else, as relations of DuckDB."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


class Restarted:
    """An iterable that begins anew, as a loader of other libraries."""

    def __iter__(self):
        return iter(PIECES)


def data_set(tmp_path, **options):
    table = pa.Table.from_pandas(FRAME)
    ds.write_dataset(table, tmp_path, format="parquet", max_rows_per_group=700, max_rows_per_file=1400, **options)
    return ds.dataset(tmp_path)


SOURCES = {
    "data set": data_set,
    "data set in memory": lambda tmp_path: ds.dataset(pa.Table.from_pandas(FRAME)),
    "filtered data set": lambda tmp_path: data_set(tmp_path).filter(ds.field("n") >= 0),
    "lazy frame": lambda tmp_path: pl.from_pandas(FRAME).lazy(),
    "Arrow stream": lambda tmp_path: OnlyAStream(pa.Table.from_pandas(FRAME)),
    "list of frames": lambda tmp_path: PIECES,
    "frames of polars": lambda tmp_path: [pl.from_pandas(one) for one in PIECES],
    "record batches": lambda tmp_path: pa.Table.from_pandas(FRAME).to_batches(max_chunksize=700),
    "a function": lambda tmp_path: lambda: (one for one in PIECES),
    "an iterable": lambda tmp_path: Restarted(),
    "a frame": lambda tmp_path: FRAME,
    "an Arrow table": lambda tmp_path: pa.Table.from_pandas(FRAME),
}


def assert_same(table, expected):
    assert table.names == expected.names
    for j, name in enumerate(table.names):
        assert table.at(j).kind == expected.at(j).kind, name
        np.testing.assert_array_equal(table.at(j).array(), expected.at(j).array(), err_msg=name)


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_gives_the_rows_of_the_frame(tmp_path, name):
    source, expected = SOURCES[name](tmp_path), read(FRAME)
    assert is_stream(source) is (name not in ("a frame", "an Arrow table"))
    run = rows_of(source)
    assert run.n_rows == N
    assert run.reading.written == expected.reading.written
    for _ in range(2):
        assert_same(run.whole(), expected)
    assert [batch.table.n_rows for batch in run.regrouped(900)] == [900] * 5 + [500]
    for stretch in reversed(run.stretches):
        for start in (0, stretch.rows // 2):
            for batch in run.tables(stretch, start=start, columns=["t", "x"], rows=300):
                assert batch.table.n_rows <= 300
                rows = slice(batch.first, batch.first + batch.table.n_rows)
                for column in ("t", "x"):
                    np.testing.assert_array_equal(batch.table.column(column), expected.column(column)[rows])


def test_a_data_set_of_folders_knows_their_names(tmp_path):
    table = pa.table({"n": np.arange(100), "year": np.repeat([2020, 2021], 50)})
    ds.write_dataset(table, tmp_path, format="parquet", partitioning=["year"], partitioning_flavor="hive")
    run = rows_of(ds.dataset(tmp_path, partitioning="hive"))
    assert run.names == ("n", "year")
    assert run.whole().column("year").tolist() == [2020] * 50 + [2021] * 50
    assert "2 parts (100 rows" in run.described


def test_a_filtered_data_set(tmp_path):
    run = rows_of(data_set(tmp_path).filter(ds.field("n") >= 4000))
    assert run.whole().column("n").tolist() == list(range(4000, N))


def test_a_relation_of_duckdb():
    duckdb = pytest.importorskip("duckdb")
    source = duckdb.from_df(FRAME).filter("n < 4000")
    assert is_stream(source)
    run = rows_of(source)
    assert_same(run.whole(), read(FRAME[:4000]))


@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("matrix", [False, True])
def test_batches_with_targets_and_weights(weights, matrix):
    y, w = RNG.integers(0, 2, N), RNG.random(N)
    X = RNG.normal(size=(N, 3)).astype(np.float32)
    rows = X if matrix else pd.DataFrame(X, columns=["a", "b", "c"])
    parts = [slice(a, b) for a, b in pairwise(CUTS)]
    run = rows_of(lambda: ((rows[at], y[at].tolist(), w[at])[: 2 + weights] for at in parts))
    found = list(run.regrouped(700))
    np.testing.assert_array_equal(np.concatenate([batch.y for batch in found]), y)
    if weights:
        np.testing.assert_array_equal(np.concatenate([batch.weights for batch in found]), w)
    else:
        assert all(batch.weights is None for batch in found)
    assert all((batch.table.matrix is not None) is matrix for batch in found)
    whole = run.whole()
    np.testing.assert_array_equal(np.stack([whole.column(name) for name in run.names], axis=1), X)
    [stretch] = run.stretches
    [last] = run.tables(stretch, start=4990, rows=100)
    np.testing.assert_array_equal(last.y, y[4990:])


def test_sparse_batches():
    sparse = pytest.importorskip("scipy.sparse")
    X = sparse.random(100, 5, 0.3, format="csr", random_state=0)
    run = rows_of(lambda: (X[:30], X[30:]))
    np.testing.assert_array_equal(run.whole().matrix.toarray(), X.toarray())


def test_columns_of_batches_in_another_order_and_of_nothing():
    frames = [
        pd.DataFrame({"t": [None, None], "n": [1, 2]}),
        pd.DataFrame({"n": [3.5], "t": ["a"]}),
        pd.DataFrame({"t": pd.Categorical(["b"]), "n": [None]}),
    ]
    table = rows_of(frames).whole()
    assert table.column("t").tolist() == [None, None, "a", "b"]
    np.testing.assert_array_equal(table.column("n"), [1, 2, 3.5, np.nan])


def test_text_of_batches_is_looked_at_over_all_of_them():
    with pytest.warns(match="50 of 150 cells are written in another way, the first is 'n.a.' in row 100"):
        run = rows_of(lambda: (pd.DataFrame({"v": [cell] * 50}) for cell in ("1.5", "2.5", "n.a.")))
    assert run.whole().at(0).kind == "category"
    with pytest.warns(match="1 of 101 cells is no number"):
        run = rows_of(lambda: (pd.DataFrame({"v": cells}) for cells in (["1.5"] * 50, ["2.5"] * 50, ["n.a."])))
    assert run.whole().at(0).kind == "number"
    assert rows_of([pd.DataFrame({"v": ["1.5"]})], reading=Reading(text=("v",))).whole().at(0).kind == "category"


def test_what_is_rows_in_memory():
    for rows in ([[1, 2], [3, 4]], np.zeros((2, 2)), FRAME, pl.from_pandas(FRAME), {"a": [1]}, pa.table({"a": [1]})):
        assert not is_stream(rows)
    for rows in (["a.csv", "b.csv"], "a.csv", iter([FRAME]), [FRAME], lambda: [FRAME]):
        assert is_stream(rows)


def test_sources_without_rows():
    for source in (pl.LazyFrame({"a": []}), ds.dataset(pa.table({"a": pa.array([], pa.int64())})), FRAME[:0]):
        with pytest.raises(DataError, match=r"no rows|0 sample"):
            rows_of(source)
    with pytest.raises(NoRowsError, match="no rows"):
        rows_of([FRAME[:0], FRAME[:0]])
