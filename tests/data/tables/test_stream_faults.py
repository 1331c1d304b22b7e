"""What goes wrong while rows are read: named, with file and line, never silently."""

import gzip
import os
import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from lamina.data.tables.row_streams import rows_of
from lamina.errors import ColumnError, DataError, DataWarning, FileError, NoRowsError

N = 2000
FRAME = pd.DataFrame({"n": np.arange(N), "x": np.arange(N) / 7, "t": np.array(["a", "b c"])[np.arange(N) % 2]})
WRITERS = {
    "parquet": lambda frame, path: frame.to_parquet(path, row_group_size=500),
    "csv": lambda frame, path: frame.to_csv(path, index=False),
    "csv.gz": lambda frame, path: frame.to_csv(path, index=False),
    "feather": lambda frame, path: pyarrow.feather.write_feather(frame, str(path), chunksize=500),
}


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr("lamina.data.tables.csv_part.CHUNK_BYTES", 2**12)
    monkeypatch.setattr("lamina.data.tables.csv_dialect.BLOCK_BYTES", 2**12)


def folder_of(folder, suffix, files=3):
    for i in range(files):
        WRITERS[suffix](FRAME, folder / f"{i}.{suffix}")
    return folder


def all_rows(run):
    return sum(batch.table.n_rows for batch in run)


@pytest.mark.parametrize("suffix", ["parquet", "feather", "csv.gz"])
def test_files_that_are_cut_short(tmp_path, suffix):
    path = folder_of(tmp_path, suffix) / f"1.{suffix}"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(FileError, match=rf"'1\.{suffix}'.*(damaged or cut off|Truncated)"):
        all_rows(rows_of(tmp_path))


def test_a_bad_page(tmp_path):
    """The footer is whole, so that the file opens."""
    folder_of(tmp_path, "parquet")
    path = tmp_path / "1.parquet"
    data = bytearray(path.read_bytes())
    column = pq.read_metadata(path).row_group(2).column(1)
    start = column.dictionary_page_offset or column.data_page_offset
    data[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    path.write_bytes(data)
    run = rows_of(tmp_path)
    good = [stretch for stretch in run.stretches if stretch.first != N]
    assert sum(batch.table.n_rows for stretch in good for batch in run.tables(stretch)) == 2 * N
    with pytest.raises(FileError, match=r"'1\.parquet' is a parquet file that is damaged or cut off"):
        all_rows(run)


@pytest.mark.parametrize("suffix", ["csv", "csv.gz"])
def test_a_broken_row(tmp_path, small_chunks, suffix):
    folder_of(tmp_path, "csv", 2)
    lines = (tmp_path / "1.csv").read_text().splitlines()
    lines[1234] += ",too,many"
    lines[1500] = "1"
    lines[1600] = '"a\nb","c'.replace('"', "") + ",d,e,f"
    text = "\n".join(lines) + "\n"
    (tmp_path / "1.csv").unlink()
    path = tmp_path / f"1.{suffix}"
    with pa.output_stream(str(path)) as file:  # compressed as its name says
        file.write(text.encode())
    words = rf"'1\.{suffix}', line 1235: 3 fields expected, as in the header, found 5: .*on_error='skip'"
    with pytest.raises(FileError, match=words):
        rows_of(tmp_path)
    words = rf"4 rows were left out, the first in '1\.{suffix}', line 1235: 3 fields expected"
    with pytest.warns(DataWarning, match=words) as told:
        run = rows_of(tmp_path, on_error="skip")
    assert len(told) == 1
    kept = np.delete(np.arange(N), [1233, 1499, 1599])
    for _ in range(2):
        assert run.whole().column("n").tolist() == [*range(N), *kept]
    assert run.n_rows == 2 * N - 3
    row = N + int(np.searchsorted(kept, 1700))
    assert run.place_of(row) == f"1.{suffix}, line {1700 + 2 + 1}"


def test_no_row_is_left(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1\n2\n")
    with pytest.warns(DataWarning, match="2 rows were left out"), pytest.raises(NoRowsError, match="no rows are left"):
        rows_of(tmp_path, on_error="skip")
    (tmp_path / "b.csv").write_text("a,b\n1,2\n")
    with pytest.warns(DataWarning, match="2 rows were left out"):
        assert rows_of(tmp_path, on_error="skip").n_rows == 1


def test_an_empty_compressed_file(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(b""))
    with pytest.warns(DataWarning, match=r"left out, for they have no rows: 'b\.csv\.gz'"):
        assert rows_of(tmp_path).n_rows == 1


def test_a_quote_that_is_never_closed(tmp_path):
    (tmp_path / "a.csv").write_text("t,n\n" + "x,1\n" * 100 + '"y,2\n' + "z,3\n" * 100)
    for on_error in ("raise", "skip"):
        with pytest.raises(FileError, match=r"'a\.csv'.*quote.*never closed"):
            rows_of(tmp_path, on_error=on_error)


def test_cells_in_another_encoding(tmp_path, small_chunks):
    (tmp_path / "a.csv").write_bytes(b"t,n\n" + b"x,1\n" * 3000 + "ü,2\n".encode("latin-1"))
    with pytest.raises(FileError, match=r"'a\.csv', line 3002: no utf-8 text .*--encoding latin-1"):
        rows_of(tmp_path / "a.csv")


@pytest.mark.parametrize("suffix", WRITERS)
def test_files_that_change_between_passes(tmp_path, suffix):
    run = rows_of(folder_of(tmp_path, suffix))
    assert all_rows(run) == 3 * N
    run.check_unchanged()
    WRITERS[suffix](FRAME[:1999], tmp_path / f"1.{suffix}")
    words = rf"^1\.{suffix} changed while it was being read \(size or time of modification\)"
    for read in (run.check_unchanged, lambda: all_rows(run), run.whole):
        with pytest.raises(FileError, match=words):
            read()
    (tmp_path / f"1.{suffix}").unlink()
    with pytest.raises(FileError, match=rf"^1\.{suffix} is gone"):
        run.check_unchanged()


@pytest.mark.parametrize("suffix", WRITERS)
def test_files_that_change_during_a_pass(tmp_path, suffix):
    run = rows_of(folder_of(tmp_path, suffix))
    rows = iter(run.regrouped(100))
    for _ in range(25):
        next(rows)
    WRITERS[suffix](FRAME[::-1], tmp_path / f"1.{suffix}")
    with pytest.raises(FileError, match=rf"1\.{suffix} changed while it was being read"):
        list(rows)


def test_a_change_that_keeps_size_and_time_is_noticed_where_rows_differ(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("n\n" + "10\n" * 100)
    run, time = rows_of(path), path.stat().st_mtime_ns
    path.write_text("n\n" + "1\n\n" * 100)
    os.utime(path, ns=(time, time))
    path.write_text("n\n" + "1\n2\n" * 75)
    os.utime(path, ns=(time, time))
    with pytest.raises(FileError, match="other rows than when it was opened"):
        all_rows(run)


@pytest.mark.parametrize("suffix", ["parquet", "csv", "feather"])
def test_files_without_rows_are_left_out(tmp_path, suffix):
    folder_of(tmp_path, suffix)
    WRITERS[suffix](FRAME[:0], tmp_path / f"00.{suffix}")
    (tmp_path / f"9.{suffix}").write_bytes(b"")
    with pytest.warns(DataWarning, match=rf"left out, for they have no rows: '00\.{suffix}', '9\.{suffix}'") as told:
        run = rows_of(tmp_path)
    assert len(told) == 1
    assert run.n_rows == 3 * N
    for i in range(3):
        (tmp_path / f"{i}.{suffix}").unlink()
    with pytest.raises(NoRowsError, match="2 files have no rows") as raised:
        rows_of(tmp_path)
    assert raised.value.names == tuple(FRAME)
    with pytest.raises(NoRowsError, match="no rows"):
        rows_of(tmp_path / f"00.{suffix}")
    with pytest.raises(FileError, match=r"is empty|damaged"):
        rows_of(tmp_path / f"9.{suffix}")


def test_a_type_that_changes_between_files(tmp_path):
    FRAME.to_parquet(tmp_path / "0.parquet")
    FRAME.astype({"x": str}).to_parquet(tmp_path / "1.parquet")
    with pytest.raises(ColumnError, match=r"column 'x' holds numbers in '0\.parquet' \(double\), and text in '1\.parq"):
        rows_of(tmp_path)


def test_batches_that_differ_between_passes():
    passes = iter([10, 7, 12])

    def batches():
        for i in range(next(passes)):
            yield pd.DataFrame({"n": [i]})

    run = rows_of(batches)
    assert run.n_rows == 10
    for _ in range(2):
        with pytest.raises(FileError, match="the batches: other rows than when it was opened; every pass is to give"):
            all_rows(run)


def test_what_can_be_read_only_once():
    for once in ((frame for frame in [FRAME]), iter([FRAME]), pa.table(FRAME).to_reader()):
        with pytest.raises(DataError, match=r"can be read only once, .*: pass .*function"):
            rows_of(once)
    iterator = iter([FRAME, FRAME])
    run = rows_of(lambda: iterator)
    with pytest.raises(FileError, match="every pass is to give the same rows"):
        all_rows(run)


def test_batches_that_do_not_fit():
    cases = {
        r"batch 1 has the columns 'n', 'y', the first batch 'n', 'x'": [{"n": [1], "x": [2]}, {"n": [1], "y": [2]}],
        "column 'n' holds numbers in the first batch .number., and text in row 1": [{"n": [1]}, {"n": ["a"]}],
        "batch 1 is of another kind than the first": [{"n": [1]}, ({"n": [1]}, [0])],
        "batch 1: 2 rows and 1 targets": [({"n": [1]}, [0]), ({"n": [1, 2]}, [0])],
        "batch 0: a batch is X, .X, y. or .X, y, weights., found 4 parts": [(1, 2, 3, 4)],
        "batch 0: rows expected|batch 0: Expected 2D": [None],
        "batch 1 has the columns 'x0', 'x1'": [np.zeros((2, 3)), np.zeros((2, 2))],
        "no batches": [],
    }
    for words, batches in cases.items():
        frames = [pd.DataFrame(one) if isinstance(one, dict) else one for one in batches]
        frames = [
            (pd.DataFrame(one[0]), *one[1:]) if isinstance(one, tuple) and len(one) == 2 else one for one in frames
        ]
        with pytest.raises(DataError, match=words):
            rows_of(lambda frames=frames: frames)


def test_no_warning_where_nothing_is_wrong(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for suffix in WRITERS:
            (tmp_path / suffix).mkdir()
            assert all_rows(rows_of(folder_of(tmp_path / suffix, suffix))) == 3 * N
