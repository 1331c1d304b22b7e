"""The models that are served: each under a name, in the version that its file holds now."""

import hashlib
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from lamina.computed_once import cached_property
from lamina.errors import DataError, LaminaError, SettingError, nearest
from lamina.exporting.columns import InputKind, kinds_of
from lamina.model import Model
from lamina.model_file import load
from lamina.one_row import RowPredictor
from lamina.serving.refusals import Refused

VERSION_DIGITS = 12
NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")

Stamp = tuple[int, int, int]  # a file's inode, size and time


@dataclass(frozen=True)
class Served:
    """A model as its file held it."""

    name: str
    version: str  # of the file's content
    model: Model
    stamp: Stamp

    @cached_property
    def predictor(self) -> RowPredictor:
        """The model made ready for single rows."""
        return RowPredictor(self.model)

    @cached_property
    def columns(self) -> dict[str, InputKind]:
        """What each column of a row holds: number, boolean, date or text."""
        return dict(zip(self.model.encoder.names_in, kinds_of(self.model.encoder), strict=True))


class Catalogue:
    """The models by name.

    Parameters
    ----------
    files : mapping of str to Path

    Raises
    ------
    ModelFileError
        A file is no model.
    SettingError
        A name holds what an address cannot.
    """

    def __init__(self, files: Mapping[str, Path]) -> None:
        for name in files:
            if not name or not NAME.issuperset(name):
                raise SettingError(
                    f"{name!r} cannot stand in an address: name the model with letters, digits, '.', '_' and '-', as "
                    f"in  lamina serve {quote(f'churn={files[name]}')}"
                )
        self._files = dict(files)
        self._served = {name: opened(name, path) for name, path in files.items()}
        self._refused: dict[str, Stamp | None] = {}  # new files that are no models: complained of once

    @property
    def names(self) -> tuple[str, ...]:
        """In the order in which they were given."""
        return tuple(self._served)

    def __contains__(self, name: object) -> bool:
        return name in self._served

    def get(self, name: str, version: str | None = None) -> Served:
        """Return a model.

        Raises
        ------
        Refused
            There is none of this name, or of this version.
        """
        served = self._served.get(name)
        if served is None:
            listed = ", ".join(self._served)
            raise Refused(404, f"no model {name!r}.{nearest(name, self._served)} There are: {listed}.")
        if version not in (None, served.version):
            raise Refused(404, f"{name} is served in version {served.version}, not {version!r}.")
        return served

    def renew(self, tell: Callable[[str, bool, str], None]) -> None:
        """Take up files that were replaced. One that is no model leaves the old model where it is.

        Parameters
        ----------
        tell : callable
            Called with the name, whether the model was taken up, and a sentence.
        """
        for name, path in self._files.items():
            before = self._served[name]
            stamp = stamp_of(path)
            if stamp == before.stamp or (name in self._refused and self._refused[name] == stamp):
                continue
            try:
                found = opened(name, path)
            except (LaminaError, OSError, MemoryError) as problem:
                self._refused[name] = stamp
                tell(name, False, f"{name}: version {before.version} stays, for the new file cannot be used: {problem}")
            else:
                self._refused.pop(name, None)
                self._served[name] = found
                if found.version != before.version:
                    tell(name, True, f"{name}: version {found.version} in place of {before.version}")


def opened(name: str, path: Path) -> Served:
    """Return the model of a file."""
    stamp = stamp_of(path)
    model = load(path)
    version = hashlib.sha256(path.read_bytes()).hexdigest()[:VERSION_DIGITS]
    served = Served(name, version, model, stamp or (0, 0, 0))
    with suppress(DataError):  # missing values may be refused
        served.predictor.predict(
            dict.fromkeys(model.encoder.names_in)
        )  # the first prediction takes longer: not a request's
    return served


def stamp_of(path: Path) -> Stamp | None:
    """Return what changes when a file is replaced or written again; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
