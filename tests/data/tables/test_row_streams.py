"""Rows from anywhere: the same as other libraries read, however they are split; faults that are named."""

import bz2
import gzip
import os
import random
import re
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from lamina.data.tables.row_streams import is_stream, rows_of
from lamina.data.tables.sources import read
from lamina.errors import ColumnError, DataError, DataWarning, FileError, SettingError

N = 3000
RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "n": np.arange(N),
        "x": np.where(np.arange(N) % 7, RNG.normal(size=N), np.nan),
        "t": np.array(["a", 'b "c"', None, "d, e", "f\ng"], object)[RNG.integers(0, 5, N)],
        "w": np.array(["1,234.5 kg", "7 kg"])[np.arange(N) % 2],
        "d": pd.date_range("2020-01-01", periods=N, freq="h"),
        "b": np.arange(N) % 3 == 0,
    }
)
PARTS = [FRAME[:1000], FRAME[1000:1001], FRAME[1001:]]


def arrow_stream(frame, path):
    table = pa.Table.from_pandas(frame, preserve_index=False)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=300)


def compressed(opened):
    def write(frame, path):
        with opened(path, "wt", encoding="utf-8", newline="") as file:
            frame.to_csv(file, index=False)

    return write


def zstd(frame, path):
    frame.to_csv(path, index=False, compression=None)
    with pa.output_stream(str(path), compression="zstd") as file:
        content = frame.to_csv(index=False)
        file.write(content.encode())


WRITERS = {
    "parquet": lambda frame, path: frame.to_parquet(path, row_group_size=300, index=False),
    "csv": lambda frame, path: frame.to_csv(path, index=False),
    "csv.gz": compressed(gzip.open),
    "csv.bz2": compressed(bz2.open),
    "csv.zst": zstd,
    "feather": lambda frame, path: frame.reset_index(drop=True).to_feather(path),
    "arrows": arrow_stream,
}


def written(folder, suffix, frames=PARTS):
    folder.mkdir(exist_ok=True)
    for i, frame in enumerate(frames):
        WRITERS[suffix](frame, folder / f"part-{i}.{suffix}")
    return folder


def assert_same(table, expected):
    assert table.names == expected.names
    for j, name in enumerate(table.names):
        assert table.at(j).kind == expected.at(j).kind, name
        np.testing.assert_array_equal(table.at(j).array(), expected.at(j).array(), err_msg=name)
        if table.at(j).kind == "category":
            assert table.at(j).levels.tolist() == expected.at(j).levels.tolist()


def values(batches, name):
    return np.concatenate([batch.table.column(name) for batch in batches])


@pytest.mark.parametrize("suffix", WRITERS)
def test_files_are_read_as_if_they_were_one(tmp_path, suffix):
    expected = read(FRAME)
    run = rows_of(written(tmp_path / "rows", suffix))
    assert run.n_rows == N == sum(stretch.rows for stretch in run.stretches)
    assert run.n_bytes == sum(file.stat().st_size for file in (tmp_path / "rows").iterdir())
    assert run.names == tuple(FRAME)
    for _ in range(2):
        assert_same(run.whole(), expected)
    parts = list(run.regrouped(700))
    assert [part.table.n_rows for part in parts] == [700] * 4 + [200]
    assert [part.first for part in parts] == [part.table.row_number(0) for part in parts] == list(range(0, N, 700))
    for name in run.names:
        np.testing.assert_array_equal(values(parts, name), expected.column(name), err_msg=name)


@pytest.mark.parametrize("suffix", WRITERS)
def test_one_file_is_what_read_reads(tmp_path, suffix):
    written(tmp_path, suffix, [FRAME])
    path = tmp_path / f"part-0.{suffix}"
    run = rows_of(path)
    assert_same(run.whole(), read(path))
    assert run.reading == read(path).reading


@pytest.mark.parametrize("suffix", WRITERS)
def test_stretches_can_be_read_in_any_order_from_any_row(tmp_path, suffix):
    run = rows_of(written(tmp_path, suffix))
    expected = read(FRAME)
    for stretch in reversed(run.stretches):
        for start in (0, 1, stretch.rows // 2, stretch.rows):
            parts = list(run.tables(stretch, start=start, columns=["t", "x"], rows=250))
            assert sum(part.table.n_rows for part in parts) == stretch.rows - start
            assert all(part.table.n_rows <= 250 and part.table.names == ("t", "x") for part in parts)
            for part in parts:
                rows = slice(part.first, part.first + part.table.n_rows)
                for name in ("t", "x"):
                    np.testing.assert_array_equal(part.table.column(name), expected.column(name)[rows])


def test_a_plain_csv_file_is_cut_where_records_end(tmp_path, monkeypatch):
    monkeypatch.setattr("lamina.data.tables.csv_part.CHUNK_BYTES", 2**11)
    monkeypatch.setattr("lamina.data.tables.csv_dialect.BLOCK_BYTES", 2**11)
    for text in ("f\ng", "f\r\ng", 'h"', "\n,\n", '"\n"'):
        frame = FRAME[:600].assign(t=FRAME["t"].where(FRAME["n"] % 3 > 0, text))
        for end in ("\n", "\r\n"):
            path = tmp_path / "rows.csv"
            frame.to_csv(path, index=False, lineterminator=end)
            run = rows_of(path)
            assert len(run.stretches) > 10
            assert_same(run.whole(), read(path))


def test_quotes_within_unquoted_cells_are_letters(tmp_path, monkeypatch):
    monkeypatch.setattr("lamina.data.tables.csv_part.CHUNK_BYTES", 2**8)
    monkeypatch.setattr("lamina.data.tables.csv_dialect.BLOCK_BYTES", 2**8)
    rows = ['5" pipe,1', '"a\nb",2', "x,3", '7" nail,4', '"say ""hi""\n",5'] * 50
    (tmp_path / "rows.csv").write_text("t,n\n" + "\n".join(rows) + "\n")
    run = rows_of(tmp_path / "rows.csv")
    assert len(run.stretches) > 3
    assert run.whole().column("n").tolist() == [1, 2, 3, 4, 5] * 50
    assert run.whole().column("t").tolist() == ['5" pipe', "a\nb", "x", '7" nail', 'say "hi"'] * 50
    assert run.place_of(6) == "rows.csv, line 10"


LATE = {
    "text after numbers": (["1", "2"], ["A"], "category"),
    "a fraction after whole numbers": (["1", "2"], ["0.5"], "number"),
    "a time after dates": (["2020-01-31", "2020-02-01"], ["2020-01-31 06:00:00"], "date"),
    "a word after booleans": (["true", "false"], ["maybe"], "category"),
    "booleans after 0 and 1": (["0", "1"], ["true"], "boolean"),
    "text after nothing": (["", "NA"], ["A"], "category"),
    "007 after numbers": (["1", "2"], ["007"], "category"),
    "an identifier after numbers": (["1", "2"], ["12345678901234567890123"], "category"),
    "money after numbers": (["1", "2"], ["$1234.50"], "category"),
    "dates after numbers": (["1", "2"], ["2020-01-31"], "category"),
}


def test_columns_without_a_value(tmp_path):
    for i in range(2):
        (tmp_path / f"{i}.csv").write_text("a,b,c\n1,,x\n2,,y\n")
    table = rows_of(tmp_path).whole()
    assert [table.at(j).kind for j in range(3)] == ["number", "number", "category"]
    assert np.isnan(table.column("b")).all()


@pytest.mark.parametrize("case", LATE)
@pytest.mark.parametrize("files", [1, 3])
def test_one_kind_for_what_shows_late(tmp_path, monkeypatch, case, files):
    monkeypatch.setattr("lamina.data.tables.csv_part.CHUNK_BYTES", 2**10)
    monkeypatch.setattr("lamina.data.tables.csv_dialect.BLOCK_BYTES", 2**10)
    early, late, kind = LATE[case]
    for n_late in (1, 700):
        cells = early * 600 + late * n_late
        lines = [f"{cell},{i}\n" for i, cell in enumerate(cells)]
        (tmp_path / "whole.csv").write_text("v,i\n" + "".join(lines))
        paths = [tmp_path / f"{i}.csv" for i in range(files)]
        for path, part in zip(paths, np.array_split(lines, files), strict=True):
            path.write_text("v,i\n" + "".join(part))
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            expected = read(tmp_path / "whole.csv")
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            run = rows_of(paths if files > 1 else tmp_path / "whole.csv")
        assert_same(run.whole(), expected)
        if n_late > 1 or kind == "boolean":
            assert run.whole().at(0).kind == kind
        assert run.reading == expected.reading
        if files == 1:
            assert [str(one.message) for one in said] == [str(one.message) for one in told]
        else:
            where = r"'\w+\.csv'(, line \d+)?|3 CSV files"
            a, b = ([re.sub(where, "", str(one.message)) for one in them] for them in (said, told))
            assert a == b


def test_the_line_that_decided_is_named(tmp_path):
    (tmp_path / "a.csv").write_text("v\n" + "1\n" * 50)
    (tmp_path / "b.csv").write_text("v\n" + "2\n" * 50 + "n.a.\n")
    with pytest.warns(DataWarning, match=r"1 of 101 cells is no number.*'n\.a\.' in 'b\.csv', line 52"):
        run = rows_of(tmp_path)
    assert run.place_of(100) == "b.csv, line 52"
    assert run.place_of(0) == "a.csv, line 2"


def test_places_in_parquet_files(tmp_path):
    run = rows_of(written(tmp_path, "parquet"))
    assert run.place_of(17) == "part-0.parquet, row 17"
    assert run.place_of(1001 + 5) == "part-2.parquet, row 5 (row 1,006 in all)"
    with pytest.raises(DataError, match="no row 3,000"):
        run.place_of(N)


def test_levels_of_a_batch_are_those_of_its_rows_in_their_order(tmp_path):
    cells = ["a", "b", "c", "c", "a", None, "b", "a"]
    pq.write_table(pa.table({"t": cells}), tmp_path / "rows.parquet")
    pd.DataFrame({"t": cells, "n": 1}).to_csv(tmp_path / "rows.csv", index=False)
    for name in ("rows.parquet", "rows.csv"):
        found = [batch.table.at(0) for batch in rows_of(tmp_path / name).regrouped(3)]
        assert [column.levels.tolist() for column in found] == [["a", "b", "c"], ["c", "a"], ["b", "a"]]
        assert [column.values.tolist() for column in found] == [[0, 1, 2], [0, 1, -1], [0, 1]]


def test_columns_in_another_order(tmp_path):
    for suffix in ("csv", "parquet", "feather"):
        folder = written(tmp_path / suffix, suffix, [FRAME[:1000], FRAME[1000:][list(FRAME)[::-1]]])
        assert_same(rows_of(folder).whole(), read(FRAME))


@pytest.mark.parametrize("suffix", ["csv", "parquet", "arrows"])
def test_columns_that_are_missing_or_too_many(tmp_path, suffix):
    folder = written(tmp_path, suffix, [FRAME, FRAME.rename(columns={"x": "X"})])
    with pytest.raises(
        ColumnError, match=rf"'part-1.{suffix}' has other columns than 'part-0.{suffix}': it lacks 'x' and has also 'X'"
    ):
        rows_of(folder)


INCOMPATIBLE = {
    "dates and numbers": (pa.array([1, 2]), pa.array([0, 1], pa.timestamp("s")), "numbers.*int64.*dates.*timestamp"),
    "text and numbers": (pa.array(["a", "b"]), pa.array([0.5, 1]), "text.*string.*numbers.*double"),
    "booleans and text": (pa.array([True, False]), pa.array(["a", "b"]), "booleans.*bool.*text.*string"),
}


@pytest.mark.parametrize("case", INCOMPATIBLE)
def test_types_that_are_no_one_kind(tmp_path, case):
    a, b, words = INCOMPATIBLE[case]
    pq.write_table(pa.table({"v": a}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"v": b}), tmp_path / "b.parquet")
    with pytest.raises(ColumnError, match=rf"column 'v' holds {words}.*one kind expected"):
        rows_of(tmp_path)


def test_types_that_are_one_kind(tmp_path):
    arrays = [
        pa.array([1, 2], pa.int8()),
        pa.array([None, None]),
        pa.array([0.1, None], pa.float64()),
        pa.array([2**40, None], pa.int64()),
        pa.array(["1.25", None]).cast(pa.decimal128(9, 2)),
        pa.array([1, 3], pa.uint64()),
    ]
    for i, array in enumerate(arrays):
        text = pa.array(["x", "y"]).dictionary_encode() if i % 2 else pa.array(["x", "5"])
        pq.write_table(pa.table({"v": array, "t": text}), tmp_path / f"{i}.parquet")
    table = rows_of(tmp_path).whole()
    np.testing.assert_array_equal(
        table.column("v"), [1, 2, *[np.nan] * 2, 0.1, np.nan, 2.0**40, np.nan, 1.25, np.nan, 1, 3]
    )
    assert table.column("t").tolist() == ["x", "5", "x", "y"] * 3


def test_nothing_in_the_first_file(tmp_path):
    for name, first, second in (
        ("t", [None], ["a"]),
        ("d", [None], pd.to_datetime(["2020-01-31"])),
        ("b", [None], [True]),
    ):
        pq.write_table(pa.table({name: pa.array(first, pa.null())}), tmp_path / "a.parquet")
        pq.write_table(pa.table({name: second}), tmp_path / "b.parquet")
        run = rows_of(tmp_path)
        parts = [batch.table.at(0) for stretch in run.stretches for batch in run.tables(stretch)]
        assert parts[0].kind == parts[1].kind == {"t": "category", "d": "date", "b": "boolean"}[name]
        assert run.whole().column(name).tolist()[1] in ("a", 18292.0, True)


def test_only_the_columns_asked_for_are_decoded(tmp_path):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"a": [1, 2], "bad": [[1], [2]]}), path)
    run = rows_of(path)
    [batch] = run.tables(run.stretches[0], columns=["a"])
    assert batch.table.column("a").tolist() == [1, 2]
    with pytest.raises(ColumnError, match="column 'bad' holds Arrow type list"):
        list(run)
    with pytest.raises(ColumnError, match=r"no column 'bat'\. Did you mean 'bad'"):
        next(run.tables(run.stretches[0], columns=["bat"]))


def test_lists_globs_folders_and_uris(tmp_path):
    folder = written(tmp_path / "rows", "parquet")
    nested = tmp_path / "deep"
    (nested / "b").mkdir(parents=True)
    for i, frame in enumerate(PARTS):
        WRITERS["parquet"](frame, nested / ("b" if i == 2 else "") / f"{i}.parquet")
    for name in ("_SUCCESS", ".part-0.crc", "README.md"):
        (nested / name).write_text("not a table")
    (nested / "_old").mkdir()
    WRITERS["parquet"](FRAME, nested / "_old" / "0.parquet")
    expected = read(FRAME)
    names = sorted(map(str, folder.iterdir()))
    sources = [
        folder,
        names,
        [Path(one) for one in names],
        str(folder / "part-*.parquet"),
        nested,
        str(tmp_path / "rows" / "*"),
        folder.as_uri(),
    ]
    sources += [[Path(one).as_uri() for one in names], str(tmp_path / "**" / "part-*.parquet")]
    for source in sources:
        assert is_stream(source)
        assert_same(rows_of(source).whole(), expected)


def test_columns_in_the_names_of_folders_are_not_lost_in_silence(tmp_path):
    for year in (2025, 2026):
        (tmp_path / f"year={year}").mkdir()
        WRITERS["parquet"](FRAME, tmp_path / f"year={year}" / "part-0.parquet")
    for source in (tmp_path, tmp_path.as_uri()):
        with pytest.warns(
            DataWarning, match=r"a column 'year' in their names \('year=2025'\), which is not read.*partitioning='hive'"
        ):
            assert rows_of(source).names == tuple(FRAME)
    run = rows_of(ds.dataset(tmp_path, partitioning="hive"))
    assert run.names == (*FRAME, "year")


def test_other_paths_than_tables(tmp_path):
    folder = written(tmp_path / "rows", "parquet")
    cases = {
        str(folder / "prt-*.parquet"): r"no file matches .*prt-\*\.parquet'\. Did you mean 'part-\d\.parquet'\?",
        str(tmp_path / "row" / "*"): "no file matches .*the folder .*row' does not exist",
        str(folder / "part.parquet"): r"no file .*part\.parquet'\. Did you mean 'part-\d\.parquet'\?",
        str(tmp_path / "empty"): "the folder .*empty' holds no tables .*: it is empty",
        str(tmp_path / "notes"): r"holds no tables .*: it has 'a\.md'",
        str(tmp_path / "link.csv"): "is a link to 'nowhere', and there is nothing",
        "s3//nothing": "no file|does not exist",
        (folder / "absent.parquet").as_uri(): "no file",
        "foo://bar/rows.parquet": "cannot open foo://bar",
        "https://example.org/a.csv": "is a URL of the web, which is not read: download it first",
        "a\0b.csv": "no file 'a.x00b.csv'",
    }
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.md").write_text("a")
    (tmp_path / "link.csv").symlink_to("nowhere")
    for source, words in cases.items():
        with pytest.raises(FileError, match=words):
            rows_of(source)
    with pytest.raises(FileError, match=r"no file .*part-7\.parquet'\. Did you mean"):
        rows_of([folder / "part-0.parquet", folder / "part-7.parquet"])
    FRAME.to_csv(folder / "part-9.csv")
    with pytest.raises(FileError, match=r"several formats: 'part-0\.parquet' is parquet, 'part-9\.csv' is csv"):
        rows_of(folder)
    with pytest.raises(SettingError, match="on_error is 'raise' or 'skip', found 'ignore'"):
        rows_of(folder, on_error="ignore")


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_no_permission(tmp_path):
    folder = written(tmp_path, "csv")
    (folder / "part-1.csv").chmod(0)
    with pytest.raises(FileError, match=r"part-1\.csv.*[Pp]ermission"):
        rows_of(folder)


CELLS = (
    ["1", "22", "-3"],
    ["1.5", "2", "-.5", "1e3"],
    ["007", "12"],
    ["$1.50", "$2"],
    ["2020-01-31", "2021-05-06"],
    ["2020-01-31 10:00:00", "2021-05-06"],
    ["true", "false"],
    ["0", "1"],
    ["a", "b c", 'q "x"', "l\nm", " pad "],
    ["", "NA"],
    ["123456789012345678901", "5"],
    ["5 kg", "1,234 kg"],
    ["0x1F", "12"],
    ["10:00:00", "06:30:00"],
)


@pytest.mark.parametrize("seed", range(12))
def test_how_a_file_is_split_changes_nothing(tmp_path, monkeypatch, seed):
    """Cells of one kind, some of another, some missing; read whole in one chunk, and in chunks of many files."""
    rng = random.Random(seed)
    n = rng.choice((30, 300, 1500))
    columns = {"k": list(map(str, range(n)))}
    for j in range(3):
        usual, others = rng.sample(CELLS, 2)
        odd, gaps, late = rng.choice((0, 0.01, 0.3)), rng.choice((0, 0.2)), rng.choice((n // 2, n - 1, n))
        columns[f"c{j}"] = [
            "" if rng.random() < gaps else rng.choice(others if i >= late or rng.random() < odd else usual)
            for i in range(n)
        ]
    frame = pd.DataFrame(columns)
    how = {"index": False, "quoting": rng.choice((0, 1)), "lineterminator": rng.choice(("\n", "\r\n"))}
    frame.to_csv(tmp_path / "whole.csv", **how)
    cuts = sorted({0, n, *(rng.randrange(1, n) for _ in range(rng.randrange(3)))})
    (tmp_path / "parts").mkdir()
    for i, (start, end) in enumerate(pairwise(cuts)):
        frame[start:end].to_csv(tmp_path / "parts" / f"{i}.csv", **how)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        expected = read(tmp_path / "whole.csv")
        monkeypatch.setattr("lamina.data.tables.csv_part.CHUNK_BYTES", rng.choice((500, 4000)))
        monkeypatch.setattr("lamina.data.tables.csv_dialect.BLOCK_BYTES", 500)
        run = rows_of(tmp_path / "parts")
    assert run.reading == expected.reading
    assert_same(run.whole(), expected)
