"""What a tracker is told of a training.

run = Told.begun([tracker, ...], "people")
run.settings({"optimizer": "adam", ...})
run.step(1, {"cost": 0.61, "validation_cost": 0.63}, arrays)      of every epoch
run.end(FINISHED, {"best_epoch": 7}, stopped="...", model=path)
"""

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from numbers import Integral, Real
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Protocol

from numpy.typing import NDArray

from lamina.errors import LaminaError, MissingExtraError, TrackingError, TrackingWarning

FINISHED, FAILED, KILLED = "finished", "failed", "killed"

Values = Mapping[str, float]
Arrays = Callable[[], Mapping[str, NDArray[Any]]]


class Tracked(Protocol):
    """One training as a tracker writes it down."""

    copies_models: ClassVar[bool]  # or else their place is all it keeps

    @property
    def place(self) -> str:
        """Where it is written, for people."""

    def settings(self, values: Mapping[str, Any]) -> None:
        """Take the settings, once."""

    def step(self, number: int, values: Values, arrays: Arrays | None) -> None:
        """Take the numbers of an epoch, and how to get at the weights."""

    def end(self, status: str, values: Values, stopped: str, model: Path | None) -> None:
        """End: how, the numbers that the whole of it has, why, and the file of the model."""


class Tracker(Protocol):
    """Where trainings are written down. Pickled, it goes on in another process."""

    def begin(self, name: str, parent: Any = None, *, is_part: bool = False) -> Tracked:
        """Begin a training; where it is part of a search, `parent` is that of the search if that was begun here."""


class Told:
    """A training that several trackers are told of; a fault of one is warned of once, and training goes on."""

    def __init__(self, runs: Iterable[Tracked]) -> None:
        self.runs, self.lost = list(runs), list[Tracked]()
        self.has_settings = self.ended = False

    @classmethod
    def begun(
        cls, trackers: Iterable[Tracker], name: str, parent: "Told | None" = None, *, is_part: bool = False
    ) -> "Told":
        """Begin a training.

        Raises
        ------
        TrackingError
            A tracker cannot: before anything was trained.
        """
        found: list[Tracked] = []
        for k, one in enumerate(trackers):
            try:
                above = parent.runs[k] if parent is not None and k < len(parent.runs) else None
                found.append(one.begin(name, above, is_part=is_part or parent is not None))
            except Exception as problem:
                cls(found).end(FAILED, stopped="another tracker failed")
                if isinstance(problem, LaminaError):
                    raise
                raise TrackingError(f"{type(one).__name__} cannot begin: {first_line(problem)}") from problem
        return cls(found)

    def __enter__(self) -> "Told":
        return self

    def __exit__(self, kind: Any, problem: BaseException | None, trace: Any) -> None:
        """End a training that was not ended before."""
        if problem is not None:
            killed = isinstance(problem, KeyboardInterrupt | SystemExit)
            why = f"{type(problem).__name__}: {problem}".removesuffix(": ")
            self.end(KILLED if killed else FAILED, stopped=why)

    def settings(self, values: Mapping[str, Any]) -> None:
        """Tell of the settings; the first call counts."""
        if not self.has_settings:
            self.has_settings = True
            self._each(lambda run: run.settings(values))

    def step(self, number: int, values: Mapping[str, Any], arrays: Arrays | None = None) -> None:
        """Tell of an epoch; what is no number is left out."""
        plain = numbers(values)
        self._each(lambda run: run.step(number, plain, arrays))

    def end(
        self,
        status: str,
        values: Mapping[str, Any] | None = None,
        *,
        stopped: str = "",
        model: Path | None = None,
        stays: bool = True,
    ) -> None:
        """Tell of the end; the first call counts. A file of the model that does not stay is for those who copy it."""
        if self.ended:
            return
        self.ended, plain = True, numbers(values or {})
        lost = list(self.lost)
        self._each(lambda run: run.end(status, plain, stopped, model if stays or run.copies_models else None))
        for run in lost:  # what is left of it
            with suppress(Exception):
                run.end(status, {}, stopped, None)

    def _each(self, tell: Callable[[Tracked], None]) -> None:
        for run in list(self.runs):
            try:
                tell(run)
            except Exception as problem:
                self.runs.remove(run)
                self.lost.append(run)
                warnings.warn(
                    f"{type(run).__name__} {run.place} failed, and is told no more: {first_line(problem)}",
                    TrackingWarning,
                    stacklevel=2,
                )


@contextmanager
def passing_file(name: str, write: Callable[[Path], None]) -> Iterator[Path | None]:
    """A file for as long as trackers copy it; None, with a warning, where it cannot be written."""
    with TemporaryDirectory(prefix="lamina-") as folder:
        path: Path | None = Path(folder) / name
        try:
            write(Path(folder) / name)
        except Exception as problem:
            warnings.warn(f"the model is not tracked: {first_line(problem)}", TrackingWarning, stacklevel=3)
            path = None
        yield path


def with_text_keys(value: Any) -> Any:
    """Return a value whose mappings have keys that JSON takes: texts."""
    if isinstance(value, Mapping):
        return {str(key): with_text_keys(one) for key, one in value.items()}
    return [with_text_keys(one) for one in value] if isinstance(value, list | tuple) else value


def check_installed(library: str) -> None:
    """Raise a MissingExtraError where a tracker's library is not installed; it is not imported yet."""
    if find_spec(library) is None:
        raise MissingExtraError(f"{library} is not installed: pip install 'lamina[track]'")


def numbers(values: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers among some values."""
    real = {name: one for name, one in values.items() if isinstance(one, Real)}
    return {name: int(one) if isinstance(one, Integral) else float(one) for name, one in real.items()}


def finite(values: Values) -> dict[str, float | None]:
    """Return the values as JSON has them: None where one is not finite."""
    return {name: one if math.isfinite(one) else None for name, one in values.items()}


def first_line(problem: Exception) -> str:
    """Return what an error says, in a line."""
    return str(problem).strip().partition("\n")[0] or type(problem).__name__
