"""Files that are cut off, altered or rewritten while they are read: a FileError or the rows, never a crash."""

import bz2
import gzip
import os
import random
import struct
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from lamina.data.tables.sources import read
from lamina.errors import DataError, FileError
from streamed import stream

ALTERED = int(os.environ.get("LAMINA_FUZZ", "0")) or 300  # files of each format; `make fuzz` has many more
TABLE = pa.table(
    {
        "text": ["x", "yy", None, "zzz"] * 25,
        "level": pa.array(["a", "b", "a", None] * 25).dictionary_encode(),
        "n": pa.array([1, 2, None, 4] * 25),
        "x": np.arange(100) / 7,
        "day": pd.date_range("2020-01-01", periods=100),
        "yes": [True, False] * 50,
    }
)


def arrow_stream(path):
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, TABLE.schema) as writer:
        writer.write_table(TABLE)


WRITERS = {
    "plain.feather": lambda path: pyarrow.feather.write_feather(TABLE, str(path), compression="uncompressed"),
    "lz4.feather": lambda path: pyarrow.feather.write_feather(TABLE, str(path), compression="lz4"),
    "rows.arrows": arrow_stream,
    "rows.parquet": lambda path: pq.write_table(TABLE, path),
    "rows.csv": lambda path: TABLE.to_pandas().to_csv(path, index=False),
}
CODE = """
import sys, warnings
from pathlib import Path
from lamina.data.tables.row_streams import rows_of
from lamina.data.tables.sources import read
from lamina.errors import DataError
warnings.simplefilter("ignore")
folder, count = Path(sys.argv[1]), 0
for path in sorted(folder.glob("altered_*")):
    for take in (read, lambda path: list(rows_of(path))):
        try:
            take(path)
        except DataError:
            pass
        except Exception as fault:
            raise SystemExit(f"{path.name}: {type(fault).__name__}: {fault}")
    count += 1
print(count)
"""


def altered(content, rng):
    """Return the bytes with some of them changed, cut out, doubled or put in."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(len(data))
        kind = rng.randrange(5)
        if kind == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[at : at + 4] = struct.pack("<i", rng.choice((-1, 0, 1, 2**31 - 1, -(2**31), 255, 65_536)))
        elif kind == 2:
            del data[at : at + rng.randrange(1, 9)]
        elif kind == 3:
            data[at:at] = data[at : at + rng.randrange(1, 40)]
        else:
            del data[at:]
        if not data:
            return b""
    return bytes(data)


@pytest.mark.parametrize("name", WRITERS)
def test_altered_files_are_refused_or_read(tmp_path, name):
    """In a process of its own: what this is about ends a process."""
    path = tmp_path / name
    WRITERS[name](path)
    rng, content = random.Random(name), path.read_bytes()
    for i in range(ALTERED):
        (tmp_path / f"altered_{i}{path.suffix}").write_bytes(altered(content, rng))
    done = subprocess.run([sys.executable, "-c", CODE, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, str(ALTERED)), done.stderr


def test_offsets_of_text_are_checked(tmp_path):
    path = tmp_path / "a.feather"
    pyarrow.feather.write_feather(pa.table({"c": ["x", "yy"] * 50}), str(path), compression="uncompressed")
    data = bytearray(path.read_bytes())
    at = data.find(struct.pack("<4i", 0, 1, 3, 4))
    data[at + 8 : at + 12] = struct.pack("<i", 2**31 - 1)
    path.write_bytes(data)
    for take in (read, lambda path: list(stream(path))):
        with pytest.raises(FileError, match=r"arrow file that is damaged or cut off: .*offset"):
            take(path)


def test_an_arrow_file_is_not_mapped(tmp_path):
    """A file that is cut while it is read ends the process where it is mapped into memory."""
    path = tmp_path / "a.feather"
    pyarrow.feather.write_feather(
        pa.table({"n": np.arange(500_000)}), str(path), compression="uncompressed", chunksize=1000
    )
    run = iter(stream(path, 1000))
    assert next(run).n_rows == 1000
    os.truncate(path, 10_000)
    with pytest.raises(FileError, match=r"a\.feather changed while it was being read"):
        list(run)


@pytest.mark.parametrize(("suffix", "compress"), [(".gz", gzip.compress), (".bz2", bz2.compress)])
def test_a_compressed_file_that_is_cut_off(tmp_path, suffix, compress):
    content = compress(("a,b\n" + "".join(f"{i},{i * i}\n" for i in range(100_000))).encode())
    path = tmp_path / f"rows.csv{suffix}"
    path.write_bytes(content[: len(content) // 2])
    for take in (read, stream):
        with pytest.raises(FileError, match=rf"'rows\.csv{suffix}' is damaged or cut off|'rows\.csv{suffix}'"):
            take(path)


def test_nothing_of_a_table_is_lost_in_the_checks(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, write in WRITERS.items():
            write(tmp_path / name)
            assert read(tmp_path / name).names == tuple(TABLE.column_names)
    with pytest.raises(DataError):
        read(tmp_path / "absent.csv")
