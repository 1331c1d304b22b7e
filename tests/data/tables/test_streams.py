"""Parquet and Arrow files, and streams of any file: the rows that other libraries read, in constant memory."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from lamina.data.encoding.learning import learn_encoder
from lamina.data.tables.sources import read
from lamina.errors import ColumnError, DataError, FileError, SettingError
from streamed import stream

N = 1000
FRAME = pd.DataFrame(
    {
        "n": np.arange(N),
        "x": np.where(np.arange(N) % 7, np.random.default_rng(0).normal(size=N), np.nan),
        "t": np.array(["a", "b", None, "d"], object)[np.arange(N) % 4],
        "c": pd.Categorical(np.array(["u", "v"])[np.arange(N) % 2]),
        "d": pd.date_range("2020-01-01", periods=N, freq="h"),
        "b": np.arange(N) % 3 == 0,
    }
)


def arrow_stream(path):
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, pa.Table.from_pandas(FRAME).schema) as writer:
        writer.write_table(pa.Table.from_pandas(FRAME), max_chunksize=300)


WRITERS = {
    "rows.csv": lambda path: FRAME.to_csv(path, index=False),
    "rows.parquet": lambda path: FRAME.to_parquet(path, row_group_size=300),
    "polars.parquet": lambda path: pl.from_pandas(FRAME).write_parquet(path),
    "rows.feather": FRAME.to_feather,
    "polars.arrow": lambda path: pl.from_pandas(FRAME).write_ipc(path),
    "rows.arrows": arrow_stream,
    "parquet named.csv": lambda path: FRAME.to_parquet(path),
    "no suffix": lambda path: FRAME.to_csv(path, index=False),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_rows(tmp_path, name):
    path = tmp_path / name
    WRITERS[name](path)
    expected, whole = read(FRAME), read(path)
    run = stream(path, 128)
    assert run.names == whole.names == tuple(FRAME)
    for _ in range(2):  # it starts again
        parts = list(run)
        assert [part.n_rows for part in parts] == [128] * 7 + [104]
        assert [part.row_number(0) for part in parts] == list(range(0, N, 128))
        for j, column in enumerate(whole.names):
            assert whole.at(j).kind == parts[0].at(j).kind == expected.at(j).kind
            np.testing.assert_array_equal(whole.column(column), expected.column(column))
            np.testing.assert_array_equal(np.concatenate([part.column(column) for part in parts]), whole.column(column))


def test_an_encoder_learned_from_a_stream(tmp_path):
    path = tmp_path / "rows.parquet"
    FRAME.to_parquet(path)
    table = read(path)
    whole, run = learn_encoder(table), learn_encoder(stream(path, 77))
    assert run.feature_names == whole.feature_names
    np.testing.assert_allclose(run.encode(table, np.float64), whole.encode(table, np.float64), rtol=1e-11, atol=1e-11)


def test_the_row_of_an_error_in_a_stream(tmp_path):
    path = tmp_path / "rows.csv"
    FRAME.assign(x=np.where(FRAME["n"] == 700, np.inf, 0.0)).to_csv(path, index=False)
    encoder = learn_encoder(read(FRAME))
    with pytest.raises(DataError, match=r"infinity.*column 'x', row 700"):
        sum(len(encoder.encode(part)) for part in stream(path, 128))


def test_the_row_numbers_of_pandas_are_no_column(tmp_path):
    path = tmp_path / "rows.parquet"
    FRAME.sample(10, random_state=0).to_parquet(path)
    assert "__index_level_0__" in pq.read_schema(path).names
    assert read(path).names == tuple(FRAME)


@pytest.mark.parametrize("name", ["rows.parquet", "rows.feather", "rows.arrows"])
def test_damaged_files(tmp_path, name):
    path = tmp_path / name
    WRITERS[name](path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    for take in (read, lambda path: list(stream(path))):
        with pytest.raises(FileError, match=rf"'{name}' is a \w+( stream)? file that is damaged or cut off"):
            take(path)


def test_files_without_rows(tmp_path):
    path = tmp_path / "rows.parquet"
    FRAME[:0].to_parquet(path, index=False)
    with pytest.raises(FileError, match=r"'rows\.parquet' has .*no rows"):
        read(path)
    with pytest.raises(FileError, match="no rows"):
        stream(path)


def test_a_suffix_that_lies(tmp_path):
    path = tmp_path / "rows.parquet"
    FRAME.to_csv(path)
    with pytest.raises(FileError, match="named like a parquet file, but does not start like one"):
        read(path)


def test_columns_of_other_types_are_named(tmp_path):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"a": [1], "bad": [[1, 2]]}), path)
    for take in (read, lambda path: list(stream(path))):
        with pytest.raises(ColumnError, match="column 'bad' holds Arrow type list"):
            take(path)


def test_rows_is_positive(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("a\n1\n")
    with pytest.raises(SettingError, match="rows is 1 or more, found 0"):
        list(stream(path, 0))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux for the peak of memory")
@pytest.mark.parametrize(("name", "largest"), [("rows.csv", 100), ("rows.parquet", 2**40), ("text.parquet", 0)])
def test_a_stream_takes_constant_memory(tmp_path, name, largest):
    """Three times the rows may not take 25 MB more: whole, they take 77 MB or more."""
    code = """
import sys
from lamina.data.tables.row_streams import rows_of
rows = sum(batch.table.n_rows for batch in rows_of(sys.argv[1]).regrouped(8192))
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(rows, int(peak.split()[1]) / 1024)
"""
    rng = np.random.default_rng(0)
    peaks = []
    fewer = 800_000 if name == "rows.csv" else 300_000  # a short CSV file has no chunks that wait
    for n in (fewer, 3 * fewer):
        path = tmp_path / f"{n}_{name}"
        if name == "text.parquet":  # a row group of different texts: as a dictionary, all would be in memory
            table = pa.table({"id": [f"customer-number-{i:012d}" for i in range(n)]})
            pq.write_table(table, path, row_group_size=n)
        else:
            table = pa.table({f"x{j}": rng.integers(0, largest, n) for j in range(16)})
        if name == "rows.csv":
            csv.write_csv(table, path)
        elif name == "rows.parquet":
            pq.write_table(table, path, row_group_size=200_000, use_dictionary=False)
        command = [sys.executable, "-W", "ignore", "-c", code, str(path)]
        rows, peak = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        assert int(rows) == n
        peaks.append(float(peak))
    assert peaks[1] < peaks[0] + 25
