"""Flights within the United States, January to June 2001: flights-3m.parquet of the npm package vega-datasets.

The package is public data of the Bureau of Transportation Statistics: 3,000,000 flights in the order of their
departure. To learn is whether one came in more than 15 minutes late, from when and where it departs, where it goes, and
how far that is. Training and test rows are drawn from all of them; the training rows stay in the order of their dates.
"""

import hashlib
import tarfile
import urllib.request
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

URL = "https://registry.npmjs.org/vega-datasets/-/vega-datasets-3.2.1.tgz"
PACKAGE_SHA256 = "6f72fda460a9863fae5fcb32f85bcd49e1761fdea6dc6cf9f4962472881cc5a3"
FILE = "package/data/flights-3m.parquet"
FILE_SHA256 = "dbeb920c90f59b6ccaff823dcc3d08f25a97fa1ce128d93f40be4e931f5900b0"
ROWS = 3_000_000
TARGET = "delayed"
LATE_MINUTES = 15
SEED = 2001
FILES = 4
GROUP_ROWS = 131_072


class FetchError(Exception):
    """The package cannot be had, or is not the one that is expected."""


def write(packages: Path, parquet: Path, csv: Path, test: Path, rows: int, test_rows: int) -> None:
    """Write training rows as a folder of Parquet and as CSV, and the test rows, unless they are there."""
    if test.exists():  # the last to be written
        return
    table = pq.read_table(fetched(packages))
    table = table.append_column(TARGET, pc.greater(table["delay"], LATE_MINUTES).cast(pa.int8())).drop_columns("delay")
    drawn = np.random.default_rng(SEED).permutation(ROWS)
    chosen = table.take(np.sort(drawn[test_rows : test_rows + rows]))
    parquet.mkdir(parents=True, exist_ok=True)
    per_file = -(-rows // FILES)
    for k in range(FILES):
        part = chosen.slice(k * per_file, per_file)
        pq.write_table(part, parquet / f"part-{k}.parquet", row_group_size=GROUP_ROWS, compression="zstd")
    pa.csv.write_csv(chosen, csv)
    unfinished = test.with_suffix(".partial")
    pq.write_table(table.take(np.sort(drawn[:test_rows])), unfinished, compression="zstd")
    unfinished.replace(test)


def fetched(folder: Path) -> Path:
    """Return the file, from the registry of npm if it is not in the folder yet; checked either way."""
    path = folder / "flights-3m.parquet"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        package = checked(downloaded(URL), PACKAGE_SHA256, URL)
        archive = folder / "vega-datasets.tgz"
        archive.write_bytes(package)
        with tarfile.open(archive) as opened:
            path.write_bytes(opened.extractfile(FILE).read())
        archive.unlink()
    checked(path.read_bytes(), FILE_SHA256, path.name)
    return path


def downloaded(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=300) as answer:
            return answer.read()
    except OSError as problem:
        raise FetchError(f"{url} cannot be fetched: {problem}") from problem


def checked(data: bytes, sha256: str, what: str) -> bytes:
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise FetchError(f"{what} has SHA-256 {found}, expected {sha256}: remove it, or another release was published")
    return data
