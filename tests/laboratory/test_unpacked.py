"""Uploads that are small and unpack to much, and names and contents that are no tables."""

import gzip
import pickle

import numpy as np
import pyarrow
import pyarrow.feather
import pyarrow.parquet
import pytest

from lamina.errors import DataError
from lamina.laboratory import unpacked
from lamina.laboratory.own_rows import read_upload

ROWS = 2_000_000


@pytest.fixture
def zeros():
    """A table that packs well: 48 MB in memory."""
    return pyarrow.table({name: np.zeros(ROWS) for name in "abc"})


def as_parquet(table, path):
    pyarrow.parquet.write_table(table, path)


def as_feather(table, path):
    pyarrow.feather.write_feather(table, path, compression="zstd")


def as_text(table, path):
    with gzip.open(path, "wb") as file:
        file.write(b"a,b,c\n" + b"0,0,0\n" * (10 * table.num_rows))


@pytest.mark.parametrize(
    ("name", "write"), [("z.parquet", as_parquet), ("z.feather", as_feather), ("z.csv.gz", as_text)]
)
def test_a_small_file_that_unpacks_to_much_is_refused(tmp_path, monkeypatch, zeros, name, write):
    monkeypatch.setattr(unpacked, "MOST_UNPACKED", 40_000_000)
    write(zeros, tmp_path / name)
    data = (tmp_path / name).read_bytes()
    assert len(data) < 2_000_000
    with pytest.raises(DataError, match=f"'{name}' unpacks to more than 38 MiB: name it on the command line"):
        read_upload(name, data)
    monkeypatch.setattr(unpacked, "MOST_UNPACKED", 200_000_000)
    assert read_upload(name, data).table.names == ("a", "b", "c")


class Malicious:
    """Runs when it is unpickled."""

    def __reduce__(self):
        return exec, ("raise SystemExit('unpickled')",)


@pytest.mark.parametrize("name", ["x.csv", "x.parquet", "x.feather", "x.arrow", "x.csv.gz", "x.txt"])
@pytest.mark.parametrize(
    "data", [pickle.dumps(Malicious()), b"", b"\x00" * 1000, b"\x89PNG\r\n", b"PAR1" * 10, b"ARROW1" * 10], ids=range(6)
)
def test_what_is_no_table_is_refused_and_never_run(name, data):
    with pytest.raises(DataError):
        read_upload(name, data)


@pytest.mark.parametrize(
    "name",
    [
        "x.pkl",
        "x.py",
        "x.joblib",
        "x",
        "",
        "../../etc/passwd",
        "x.csv/..",
        "x.zip",
        "x.lamina",
        "x.csv\0.py",
        "x.ipynb",
    ],
)
def test_only_tables_are_uploaded(name):
    with pytest.raises(DataError, match="is no table file"):
        read_upload(name, b"a,b\n1,2\n3,4\n")


@pytest.mark.parametrize(
    "name", ["../../../tmp/evil.csv", "/etc/cron.d/evil.csv", "C:\\evil.csv", "a\0b.csv", "x" * 5000 + ".csv"]
)
def test_a_name_is_no_path(tmp_path, monkeypatch, name):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert read_upload(name, b"a,b\n1,2\n3,4\n").table.n_rows == 2
    assert list(tmp_path.rglob("*")) == []  # nothing is left, and nothing lies elsewhere


def test_columns_of_nothing_are_counted_as_what_they_become(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacked, "MOST_UNPACKED", 40_000_000)
    file = tmp_path / "nothing.arrow"
    pyarrow.feather.write_feather(pyarrow.table({name: pyarrow.nulls(10_000_000) for name in "ab"}), file)
    with pytest.raises(DataError, match="unpacks to more than"):
        read_upload(file.name, file.read_bytes())


def test_a_table_has_only_so_many_columns():
    names = ",".join(f"c{k}" for k in range(5_000))
    with pytest.raises(DataError, match=r"has 5,000 columns, and the lab looks at 4,096"):
        read_upload("wide.csv", f"{names}\n{','.join(['1'] * 5_000)}\n".encode())
