"""The table of trackers, and how they are named in a word: KIND or KIND=PLACE."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from lamina.errors import SettingError, nearest
from lamina.tracking.json_lines import JsonLines
from lamina.tracking.mlflow_runs import MLflowRuns
from lamina.tracking.tensorboard import EventFiles
from lamina.tracking.told import Tracker


def trackers_of(words: str | Iterable[str] | None) -> list[Tracker]:
    """Return the trackers that words name: "mlflow", "tensorboard=runs/first", "jsonl=log.jsonl".

    Raises
    ------
    SettingError
        A word is none of these.
    """
    return [_tracker_of(word) for word in ([words] if isinstance(words, str) else words or ())]


def from_anywhere(word: str) -> str:
    """Return the word for the same tracker from any folder."""
    kind, place = _taken_apart(word)
    if kind != "mlflow":
        return f"{kind}={os.path.abspath(os.path.expanduser(place))}"
    start = "sqlite:///" if place.startswith("sqlite:///") else ""
    if start or ("/" in place and "://" not in place):  # a file, or a folder
        place = start + os.path.abspath(os.path.expanduser(place.removeprefix(start)))
    return f"{kind}={place}" if place else kind


def _tracker_of(word: str) -> Tracker:
    kind, place = _taken_apart(word)
    return TRACKERS[kind][0](place)


def _taken_apart(word: str) -> tuple[str, str]:
    kind, _, place = str(word).partition("=")
    if kind not in TRACKERS:
        known = ", ".join(f"{name}={default or 'URI'}" for name, (_, default) in TRACKERS.items())
        raise SettingError(f"track={word!r}: expected one of {known}.{nearest(kind, TRACKERS)}")
    return kind, place or TRACKERS[kind][1]


TRACKERS: dict[str, tuple[Callable[[str], Tracker], str]] = {
    "mlflow": (lambda uri: MLflowRuns(uri=uri or None), ""),
    "tensorboard": (lambda folder: EventFiles(Path(folder)), "runs"),
    "jsonl": (lambda path: JsonLines(Path(path)), "track.jsonl"),
}
