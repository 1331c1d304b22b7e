"""A file of JSON Lines: a line for the beginning, for every epoch, and for the end."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

from lamina.errors import TrackingError
from lamina.tracking.told import Arrays, Values, finite, with_text_keys


@dataclass(frozen=True)
class JsonLines:
    """Lines that are appended to a file."""

    path: Path

    def begin(self, name: str, parent: "JsonLinesRun | None" = None, *, is_part: bool = False) -> "JsonLinesRun":
        """Begin a training; see `Tracker`."""
        path = self.path.expanduser().absolute()
        if path.is_dir() or not path.parent.is_dir():
            raise TrackingError(f"jsonl={os.fspath(self.path)}: expected a file in a folder that exists")
        run = JsonLinesRun(path, uuid4().hex)
        run.write(event="begin", name=name, **({"search": parent.run} if parent is not None else {}))
        return run


@dataclass(frozen=True)
class JsonLinesRun:
    """One training."""

    copies_models: ClassVar[bool] = False
    path: Path
    run: str  # the same in all its lines

    @property
    def place(self) -> str:
        return os.fspath(self.path)

    def settings(self, values: Mapping[str, Any]) -> None:
        self.write(event="settings", settings=dict(values))

    def step(self, number: int, values: Values, arrays: Arrays | None) -> None:
        self.write(event="epoch", **{"epoch": number} | {k: v for k, v in finite(values).items() if k != "epoch"})

    def end(self, status: str, values: Values, stopped: str, model: Path | None) -> None:
        named = {} if model is None else {"model": os.fspath(model)}
        self.write(event="end", status=status, stopped=stopped, **finite(values), **named)

    def write(self, **line: Any) -> None:
        """Append a line, in one write: those of other processes stay whole."""
        start = {"run": self.run, "time": datetime.now(UTC).isoformat()}
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(start | with_text_keys(line), default=str) + "\n")
