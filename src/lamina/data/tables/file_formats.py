"""What a file is, by its first bytes, and clear words where it is no table."""

import os
import re
from io import BufferedReader
from pathlib import Path
from typing import Literal

from lamina.data.tables.uris import is_uri, open_from_start, size_and_time
from lamina.errors import FileError, NoRowsError, nearest

Format = Literal["csv", "parquet", "arrow", "arrow stream"]

HEAD_BYTES = 65_536  # that are looked at
TABLES: dict[bytes, Format] = {b"PAR1": "parquet", b"ARROW1": "arrow", b"\xff\xff\xff\xff": "arrow stream"}
FOREIGN = {
    b"PK\x03\x04": "an Excel workbook or zip archive: save the sheet as CSV, or pass pandas.read_excel(...)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: save the sheet as CSV, or pass pandas.read_excel(...)",
    b"SQLite format 3": "an SQLite database: export a table as CSV, or pass pandas.read_sql(...)",
    b"\x89HDF": "an HDF5 file: pass pandas.read_hdf(...)",
    b"\x93NUMPY": "a NumPy file: pass numpy.load(...)",
    b"FEA1": "a Feather file of the first version: rewrite it with pyarrow.feather",
    b"%PDF": "a PDF document",
}
MARKUP = {  # a header of CSV may begin with [id] or <5%
    rb"<(!doctype|\?xml|!--|[a-z][a-z0-9:]*(>|[ /][^,;\t|]*$))": (
        "HTML or XML: perhaps a download page instead of the file"
    ),
    rb'\{\s*("[^"]*"\s*:|\}|$)|\[\s*([\[{]|"[^"]*"\s*,|-?[0-9.eE+-]+\s*(,|\]\s*$)|$)': (
        "JSON: pass pandas.read_json(...), or convert it to CSV"
    ),
}
COMPRESSED = {b"\x1f\x8b": ".gz", b"BZh": ".bz2", b"\x28\xb5\x2f\xfd": ".zst", b"\x04\x22\x4d\x18": ".lz4"}
SUFFIXES = {".parquet": "parquet", ".pq": "parquet", ".arrow": "arrow", ".feather": "arrow", ".ipc": "arrow"}


def name_of(path: str) -> str:
    """Return a path as messages show it."""
    return repr(os.path.basename(os.path.normpath(path)))


def find_format(path: str) -> Format:
    """Return what the file is.

    Raises
    ------
    FileError
        It is absent, a folder, unreadable, empty, or no table.
    """
    head = first_bytes(path)
    for magic, kind in TABLES.items():
        if head.startswith(magic):
            return kind
    named = SUFFIXES.get(Path(path).suffix.lower())
    if named:
        raise FileError(
            f"{name_of(path)} is named like a {named} file, but does not start like one: renamed or damaged?"
        )
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for magic, words in FOREIGN.items():
        if text.startswith(magic):
            raise FileError(f"{name_of(path)} is no CSV, Parquet or Arrow table: it looks like {words}")
    for pattern, words in MARKUP.items():
        if re.match(pattern, text.splitlines()[0] if text else b"", re.IGNORECASE):
            raise FileError(f"{name_of(path)} is no CSV, Parquet or Arrow table: it looks like {words}")
    return "csv"


def open_bytes(path: str) -> BufferedReader:
    """Return a file to read, decompressed where its name ends in .gz, .bz2, .zst or .lz4."""
    return BufferedReader(open_from_start(path))


def first_bytes(path: str) -> bytes:
    """Return the first bytes of a file."""
    check_present(path)
    try:
        with open_bytes(path) as file:
            head = file.read(HEAD_BYTES)
    except (OSError, EOFError) as error:
        raise FileError(f"cannot read {name_of(path)}: {error}") from error
    if not head.strip():
        raise NoRowsError(f"{name_of(path)} is empty: a header line and rows expected")
    for magic, suffix in COMPRESSED.items():
        if head.startswith(magic):
            raise FileError(f"{name_of(path)} is compressed: give it the suffix {suffix}")
    return head


def check_present(path: str) -> None:
    """Raise a FileError where there is no file, with the nearest names."""
    if is_uri(path):
        if size_and_time(path) is None:
            raise FileError(f"no file {path!r}")
        return
    if os.path.isdir(path):
        raise FileError(f"{name_of(path)} is a folder: a file of rows expected")
    if os.path.exists(path):
        return
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise FileError(f"no file {path!r}: the folder {folder!r} does not exist")
    raise FileError(f"no file {path!r}.{nearest(os.path.basename(path), os.listdir(folder))}")
