"""The files that commands read and write: what the help says of them, and what is found out before the work."""

import os
import re
import shutil
import stat
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryFile

from cyclopts import CycloptsError

from lamina.data.tables.reading import Reading
from lamina.data.tables.table_files import files_of
from lamina.data.tables.uris import is_uri
from lamina.data.targets import Labels
from lamina.errors import SettingError
from lamina.model import Model

URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+(.*)")  # a drive of Windows has one letter
NO_FILES = {stat.S_ISFIFO: "a pipe", stat.S_ISSOCK: "a socket", stat.S_ISCHR: "a device", stat.S_ISBLK: "a device"}


def reading_for(model: Model) -> Reading:
    """Return how to read a file of rows: as that of training was, the target included."""
    reading, target = model.encoder.reading, model.target
    is_text = isinstance(target, Labels) and target.classes.dtype.kind == "U"
    return replace(reading, text=(*reading.text, model.target_name)) if is_text else reading


def is_elsewhere(path: str) -> bool:
    """Return whether this is a URI of a place that can be read from here: s3://, gs://, hdfs://, ..."""
    return is_uri(path) and not path.lower().startswith(("http:", "https:", "ftp:", "file:"))


def paths_of(files: Sequence[str | Path]) -> tuple[str, ...]:
    """Return paths, globs and URIs, with ~ replaced by the home folder.

    Raises
    ------
    SettingError
        One is a URL of the web, or there is no such home folder.
    """
    return tuple(str(one) if is_elsewhere(str(one)) else str(local(Path(one))) for one in files)


def shown(files: Sequence[str]) -> str:
    """Return files as the user wrote them."""
    return files[0] + (f" and {len(files) - 1} more" if len(files) > 1 else "")


def named(command: str, files: Sequence[str]) -> tuple[str, ...]:
    """Return the files of rows that a command was given.

    Raises
    ------
    CycloptsError
        There are none.
    """
    if not files:
        raise CycloptsError(f'Command "{command}" parameter FILE requires an argument: a table of rows')
    return paths_of(files)


def check_rows(model: Path, files: Sequence[str], outputs: Mapping[str, Path | None]) -> None:
    """Do what `check_files` does for a model and the files that paths, folders and globs of rows stand for."""
    inputs = {f"FILE {one}" if len(files) > 1 else "FILE": Path(one) for one in files if os.path.exists(one)}
    check_files({"MODEL": model, **inputs}, outputs)
    if any(path is not None and path.exists() for path in outputs.values()):
        check_files({f"FILE {one.path}": Path(one.path) for one in files_of(files) if not is_uri(one.path)}, outputs)


def local(path: Path) -> Path:
    """Return a path of this machine, with ~ replaced by the home folder.

    Raises
    ------
    SettingError
        It is a URL, or there is no such home folder.
    """
    url = URL.fullmatch(path.as_posix())
    if url and not path.exists():
        if url[1].lower() == "file":
            raise SettingError(f"file:///{url[2]} is a URL: write the path alone, /{url[2]}")
        shown = f"{url[1]}://{url[2]}"
        raise SettingError(f"{shown} is a URL, and files of this machine are read and written: download it first")
    try:
        return path.expanduser()
    except RuntimeError:
        raise SettingError(f"{path}: there is no home folder {path.parts[0]!r}") from None


def check_files(inputs: Mapping[str, Path | None], outputs: Mapping[str, Path | None]) -> None:
    """Find out before the work whether what is read can be, and whether what is written would replace it.

    Parameters
    ----------
    inputs, outputs : mapping of str to Path or None
        By what the user calls them: "FILE", "--out".

    Raises
    ------
    SettingError
        An input is no file but a pipe or a device; an output is an input or another output.
    """
    read, written = ({name: one for name, one in of.items() if one is not None} for of in (inputs, outputs))
    for name, path in read.items():
        _check_is_file(name, path)
    pairs = [*((a, b) for a in written.items() for b in read.items()), *combinations(written.items(), 2)]
    for (name, path), (other, at) in pairs:
        if _are_same(path, at):
            what = "it would be replaced" if other in read else "one would replace the other"
            raise SettingError(f"{name} {path} and {other} {at} are the same file: {what}. Choose another name")


def _check_is_file(name: str, path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # reading it says what is wrong
        return
    found = next((what for is_one, what in NO_FILES.items() if is_one(mode)), None)
    if found:
        raise SettingError(f"{name} {path} is {found}, and a file is read more than once: write it to a file first")


def _are_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except (OSError, ValueError):  # one of them is not there yet
        return os.path.normcase(os.path.realpath(path)) == os.path.normcase(os.path.realpath(other))


def check_place(option: str, path: Path, size: int = 0) -> None:
    """Find out before the work whether a file can be written after it.

    Parameters
    ----------
    option : str
        That names the file, such as "--out".
    path : Path
    size : int
        Bytes that the file will have at least.

    Raises
    ------
    SettingError
    """
    if path.is_dir():
        raise SettingError(f"{option} {path} is a folder: name a file in it")
    if path.exists() and not path.is_file():
        raise SettingError(f"{option} {path} is a pipe or a device: name a file")
    check_folder(option, path.parent)
    check_space(option, path.parent, size)


def check_folder(option: str, folder: Path) -> None:
    """Find out before the work whether there is a folder, and files can be written to it.

    Raises
    ------
    SettingError
    """
    if not folder.is_dir():
        raise SettingError(f"{option}: there is no folder {str(folder)!r}")
    try:
        with TemporaryFile(dir=folder):
            pass
    except OSError as problem:
        found = f"no file can be written to the folder {str(folder)!r} ({problem.strerror})"
        raise SettingError(f"{option}: {found}. Choose another place") from problem


def check_space(option: str, folder: Path, size: int) -> None:
    """Find out before the work whether so many bytes can be written to a folder.

    Raises
    ------
    SettingError
    """
    free = shutil.disk_usage(folder).free
    if free < size:
        found = f"{_kib(size)} are needed in {str(folder)!r}, and {_kib(free)} are free"
        raise SettingError(f"{option}: {found}. Free some space, or choose another place")


def _kib(size: int) -> str:
    return f"{-(-size // 1024):,} KiB"
