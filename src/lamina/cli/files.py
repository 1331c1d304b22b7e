"""The files that commands read and write: what the help says of them, and what is found out before the work."""

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from lamina.data.tables.reading import Reading
from lamina.data.targets import Labels
from lamina.errors import SettingError
from lamina.model import Model

ModelFile = Annotated[Path, Parameter(help="A model file, as `lamina train` writes it.")]


def reading_for(model: Model) -> Reading:
    """Return how to read a file of rows: as that of training was, the target included."""
    reading, target = model.encoder.reading, model.target
    is_text = isinstance(target, Labels) and target.classes.dtype.kind == "U"
    return replace(reading, text=(*reading.text, model.target_name)) if is_text else reading


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
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SettingError(f"{option}: the folder {str(folder)!r} is read-only. Choose another place")


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
