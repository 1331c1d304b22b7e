"""Event files of TensorBoard, written by tensorboardX: the cost of training and validation rows in one picture."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from lamina.errors import TrackingError
from lamina.tracking.told import Arrays, Values, check_installed

VALIDATION = "validation_"  # values of that name go into the folder beside "train"


@dataclass(frozen=True)
class EventFiles:
    """A folder of event files.

    Attributes
    ----------
    folder : Path
    histograms : int
        Of the weights after every so many epochs; 0: none.
    """

    folder: Path
    histograms: int = 1

    def __post_init__(self) -> None:
        check_installed("tensorboardX")

    def begin(self, name: str, parent: "EventFilesRun | None" = None, *, is_part: bool = False) -> "EventFilesRun":
        """Begin a training: in the folder itself, part of a search in a folder of its own within."""
        folder = self.folder.expanduser().absolute() / (name if is_part else "")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise TrackingError(f"tensorboard={folder}: {problem.strerror}; expected a folder to write to") from problem
        return EventFilesRun(folder, self.histograms)


@dataclass
class EventFilesRun:
    """One training."""

    copies_models: ClassVar[bool] = False
    folder: Path
    histograms: int
    _writers: dict[str, Any] = field(default_factory=dict, repr=False)
    _settings: dict[str, Any] = field(default_factory=dict, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_writers": {}}  # another process has files of its own

    @property
    def place(self) -> str:
        return os.fspath(self.folder)

    def settings(self, values: Mapping[str, Any]) -> None:
        self._settings = {
            name: one if isinstance(one, bool | int | float) else str(one) for name, one in values.items()
        }
        rows = "\n".join(f"| {name} | {str(one).replace('|', '&#124;')} |" for name, one in values.items())
        self._writer("train").add_text("settings", f"| setting | value |\n|---|---|\n{rows}", 0)

    def step(self, number: int, values: Values, arrays: Arrays | None) -> None:
        for name, value in values.items():
            if name != "epoch":
                part = "validation" if name.startswith(VALIDATION) else "train"
                self._writer(part).add_scalar(name.removeprefix(VALIDATION), value, number)
        if arrays is not None and self.histograms and number % self.histograms == 0:
            for name, array in arrays().items():
                if array.size and np.isfinite(array).all():
                    self._writer("train").add_histogram(name, array, number, bins="auto")

    def end(self, status: str, values: Values, stopped: str, model: Path | None) -> None:
        from tensorboardX.summary import hparams

        writer = self._writer("train")
        words = f"{status}: {stopped}" if stopped else status
        writer.add_text("status", words, 0)
        for part in hparams(self._settings, dict.fromkeys(values, 0.0)) if self._settings else ():
            writer.file_writer.add_summary(part)
        for name, value in values.items():
            writer.add_scalar(name, value, 0)
        for one in self._writers.values():
            one.close()
        self._writers.clear()

    def _writer(self, part: str) -> Any:
        if part not in self._writers:
            from tensorboardX import SummaryWriter

            own = f".{time.time_ns()}.{os.getpid()}"  # else a file of the same second is replaced
            self._writers[part] = SummaryWriter(os.fspath(self.folder / part), flush_secs=5, filename_suffix=own)
        return self._writers[part]
