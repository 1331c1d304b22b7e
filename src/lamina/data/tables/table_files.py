"""The table files that a path, a list, a glob, a folder or a URI names; and whether they stay as they were."""

import glob
import os
import re
import warnings
from collections.abc import Iterable, Sequence
from typing import NamedTuple, NoReturn

from lamina.data.tables.file_formats import check_present
from lamina.data.tables.uris import file_system, is_uri, size_and_time
from lamina.errors import DataWarning, FileError, nearest

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".pq", ".arrow", ".arrows", ".feather", ".ipc")
COMPRESSIONS = (".gz", ".bz2", ".zst", ".lz4")
NO_ROWS_WITHIN = (".", "_")  # files and folders of other programs: _SUCCESS, .part-0.crc
MOST_NAMED = 3
NAME_AND_VALUE = re.compile(r"/([^/=]+)=[^/]*/")


class TableFile(NamedTuple):
    """A file, and how it was when it was found."""

    path: str  # of this machine, or a URI
    name: str  # as messages show it: the path below the folder that all files share
    size: int
    modified: int

    def check_unchanged(self) -> None:
        """Raise a FileError where the file has another size or time of modification than when it was found."""
        found = size_and_time(self.path)
        if found == (self.size, self.modified):
            return
        what = "is gone" if found is None else "changed"
        raise FileError(
            f"{self.name} {what} while it was being read (size or time of modification): write new rows to a new file, "
            "and start again"
        )


def files_of(source: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> list[TableFile]:
    """Return the files that a source names, those of a folder or glob in the order of their names.

    Parameters
    ----------
    source : path, or sequence of paths
        Each of a file, of a folder (searched with all below it; files and folders whose names begin with "." or "_" are
        left out), a glob pattern, or a URI that `pyarrow.fs` takes.

    Raises
    ------
    FileError
        Nothing is there, with the nearest names; or a folder without tables.
    """
    many = [source] if isinstance(source, str | os.PathLike) else list(source)
    if not many:
        raise FileError("no files: the list of paths is empty")
    paths = list(dict.fromkeys(path for one in many for path in _expanded(os.path.expanduser(os.fspath(one)))))
    folder = os.path.commonpath([os.path.dirname(one) for one in paths]) if not any(map(is_uri, paths)) else ""
    files = []
    for path in paths:
        name = os.path.relpath(path, folder or ".") if not is_uri(path) else path.rpartition("/")[2]
        size, modified = size_and_time(path) or (0, 0)
        files.append(TableFile(path, name, size, modified))
    return files


def _expanded(path: str) -> list[str]:
    if is_uri(path):
        return _in_system(path)
    if os.path.isdir(path):
        return _in_folder(path)
    if os.path.exists(path) or not glob.has_magic(path):
        if os.path.islink(path) and not os.path.exists(path):
            raise FileError(f"{path!r} is a link to {os.readlink(path)!r}, and there is nothing")
        check_present(path)
        return [path]
    found = sorted(one for one in glob.glob(path, recursive=True) if not os.path.basename(one).startswith("_"))
    return [one for match in found for one in (_in_folder(match) if os.path.isdir(match) else [match])] or _no_match(
        path
    )


def _no_match(pattern: str) -> NoReturn:
    folder = os.path.dirname(pattern)
    if glob.has_magic(folder):
        raise FileError(f"no file matches {pattern!r}: nothing is there that fits {folder!r}")
    if not os.path.isdir(folder or "."):
        raise FileError(f"no file matches {pattern!r}: the folder {folder!r} does not exist")
    names = sorted(one for one in os.listdir(folder or ".") if not one.startswith(NO_ROWS_WITHIN))
    near = nearest(os.path.basename(pattern).replace("*", ""), names)
    raise FileError(f"no file matches {pattern!r}.{near} The folder has {_listed(names) or 'no files'}")


def _in_folder(folder: str) -> list[str]:
    found = []
    for at, folders, files in os.walk(folder, followlinks=True, onerror=_cannot_list):
        folders[:] = sorted(one for one in folders if not one.startswith(NO_ROWS_WITHIN))
        found += [os.path.join(at, one) for one in files if not one.startswith(NO_ROWS_WITHIN)]
    tables = sorted(filter(_named_like_a_table, found))
    _warn_of_columns_in_names(folder, tables)
    if not tables:
        raise _no_tables(folder, [os.path.relpath(one, folder) for one in sorted(found)])
    for path in tables:
        if not os.path.exists(path):
            raise FileError(f"{path!r} is a link to {os.readlink(path)!r}, and there is nothing")
    return tables


def _warn_of_columns_in_names(folder: str, paths: Sequence[str]) -> None:
    """Warn of folders like year=2026, as Hive and Spark write them."""
    for path in paths:
        found = NAME_AND_VALUE.search(path[len(folder) :])
        if found:
            warnings.warn(
                f"folders below {folder!r} hold a column {found[1]!r} in their names ({found[0][1:-1]!r}), which is "
                "not read. To have it as a column, pass pyarrow.dataset.dataset(folder, partitioning='hive')",
                DataWarning,
                stacklevel=5,
            )
            return


def _cannot_list(error: OSError) -> NoReturn:
    raise FileError(f"cannot list the folder {error.filename!r}: {error.strerror}") from error


def _in_system(uri: str) -> list[str]:
    """Return the files of a URI: itself, or those of the folder that it names."""
    from pyarrow import fs

    system, path = file_system(uri)
    start = uri[: len(uri) - len(path)] if uri.endswith(path) else uri.partition("://")[0] + "://"
    try:
        info = system.get_file_info(path)
        if info.is_file:
            return [uri]
        if info.type == fs.FileType.NotFound:
            raise FileError(f"no file {uri!r}")
        infos = system.get_file_info(fs.FileSelector(path, recursive=True))
    except OSError as error:
        raise FileError(f"cannot read {uri}: {' '.join(str(error).split())[:200]}") from error
    below = [one.path for one in infos if one.is_file]
    hidden = [any(part.startswith(NO_ROWS_WITHIN) for part in one[len(path) :].split("/")) for one in below]
    shown = [one for one, out in zip(below, hidden, strict=True) if not out]
    tables = sorted(filter(_named_like_a_table, shown))
    _warn_of_columns_in_names(path, tables)
    if not tables:
        raise _no_tables(uri, sorted(shown))
    return [start + one for one in tables]


def _named_like_a_table(path: str) -> bool:
    name = path.lower()
    for ending in COMPRESSIONS:
        name = name.removesuffix(ending)
    return name.endswith(SUFFIXES)


def _no_tables(folder: str, found: Sequence[str]) -> FileError:
    has = f"it has {_listed(found)}" if found else "it is empty"
    return FileError(
        f"the folder {folder!r} holds no tables (files that end in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}): "
        f"{has}. "
        "Files of other names are read where they are named, as with a list of paths or a glob"
    )


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    more = len(names) - MOST_NAMED
    return ", ".join(map(repr, names[:MOST_NAMED])) + (f" and {more:,} more" if more > 0 else "")
