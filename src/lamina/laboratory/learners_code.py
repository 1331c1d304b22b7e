"""A learner's file on the bench: run in the chain in a process of its own, and again whenever it is saved."""

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from lamina.glassbox.practice.chain import ChainReport, WatchedFile, put_in_chain, unreached
from lamina.laboratory.bench import Bench
from lamina.laboratory.practice_rows import lesson_chain

PAUSE = 0.3  # seconds between two looks at the file
SECONDS = 3.0  # after which one call is stopped


def put_on(bench: Bench, path: Path) -> None:
    """Put a learner's file on the bench; `bench.counts["code"]` moves whenever there is something new to show."""
    bench.code = LearnersCode(path, lambda: bench.counts.update(code=1))


class LearnersCode:
    """A file with the course's functions, watched.

    Parameters
    ----------
    path : Path
        Named on the command line: nothing else is ever run.
    told : callable
        Called whenever there is something new to show.

    Attributes
    ----------
    path : Path
    report : ChainReport or None
        None until the first is done.
    looking : bool
        Whether the file is being run.
    """

    def __init__(self, path: Path, told: Callable[[], None]) -> None:
        self.path, self.looking = path, True
        self.report: ChainReport | None = None
        self._told, self._file, self._ending = told, WatchedFile(path), threading.Event()
        self._thread = threading.Thread(target=self._watch, name="lamina-code", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ending.is_set():
            if self._file.changed():
                self._look()
            self._ending.wait(PAUSE)

    def _look(self) -> None:
        self.looking = True
        self._told()
        try:
            self.report = put_in_chain(self.path, lesson_chain(), SECONDS)
        except Exception as problem:  # a fault of ours must not end the watching
            self.report = unreached(
                self.path.name, lesson_chain(), f"The doctor failed: {type(problem).__name__}: {problem}."
            )
        finally:
            self.looking = False
            self._told()

    def close(self) -> None:
        """Look no more."""
        self._ending.set()
        with suppress(RuntimeError):
            self._thread.join(timeout=0.5)
