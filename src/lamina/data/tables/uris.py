"""Paths of this machine and URIs of others (s3://bucket/rows.parquet), opened alike, as far as pyarrow.fs does."""

import os
from typing import Any

from lamina.errors import FileError


def is_uri(path: str) -> bool:
    """Return whether a path names a file system of its own."""
    return "://" in path and not os.path.exists(path)


def file_system(uri: str) -> tuple[Any, str]:
    """Return pyarrow's file system of a URI, and the path in it.

    Raises
    ------
    FileError
        pyarrow knows no such file system, or cannot reach it.
    """
    from pyarrow import fs

    if uri.lower().startswith(("http:", "https:", "ftp:")):
        raise FileError(f"{uri} is a URL of the web, which is not read: download it first")
    try:
        system, path = fs.FileSystem.from_uri(uri)
    except (ValueError, OSError, NotImplementedError) as error:
        raise FileError(f"cannot open {uri}: {' '.join(str(error).split())[:200]}") from error
    return system, path


def size_and_time(path: str) -> tuple[int, int] | None:
    """Return the size of a file and its time of modification (ns); nothing where there is no file."""
    if is_uri(path):
        system, within = file_system(path)
        info = system.get_file_info(within)
        return (info.size, info.mtime_ns or 0) if info.is_file else None
    try:
        found = os.stat(path)
    except (OSError, ValueError):  # ValueError: no path at all
        return None
    return found.st_size, found.st_mtime_ns


def open_anywhere(path: str) -> Any:
    """Return pyarrow's file, which can be read at any place; never a memory map: other programs may write the file."""
    import pyarrow as pa

    if not is_uri(path):
        return pa.OSFile(path)
    system, within = file_system(path)
    return system.open_input_file(within)


def open_from_start(path: str) -> Any:
    """Return pyarrow's stream, decompressed where the name ends in .gz, .bz2, .zst or .lz4."""
    import pyarrow as pa

    if not is_uri(path):
        return pa.input_stream(path, compression="detect")
    system, within = file_system(path)
    return system.open_input_stream(within, compression="detect")
