"""What the workers of a Ray cluster tell the process that started them, and it tells them: an actor beside it."""

from typing import Any, NamedTuple, Protocol

Facts = dict[str, Any]


class Outcome(NamedTuple):
    """How a run ended."""

    result: Any = None
    problem: BaseException | None = None


class News(NamedTuple):
    """What came since the last look."""

    facts: dict[int, Facts]  # by rank
    text: list[tuple[str, str]]  # "out" or "err", and what was written
    warnings: list[Warning]
    starts: int  # how often the workers were started
    outcome: Outcome | None


class Shown(Protocol):
    """What shows a run that goes on elsewhere."""

    def __enter__(self) -> "Shown": ...
    def __exit__(self, *_: object) -> None: ...

    def update(self, news: News) -> None:
        """Show what came since the last look."""
        ...


class Board:
    """The actor: every method is a message."""

    def __init__(self) -> None:
        self._facts: dict[int, Facts] = {}
        self._text: list[tuple[str, str]] = []
        self._warnings: list[Warning] = []
        self._wish, self._starts = "", 0
        self._outcome: Outcome | None = None

    # ---- of the workers ----

    def started(self) -> bool:
        """Take note that the workers were started; return whether there is still something to do."""
        self._starts += 1
        self._facts.clear()
        return self._outcome is None

    def note(self, rank: int, facts: Facts) -> str:
        """Take note of where a worker stands; return why to stop, or empty text."""
        self._facts[rank] = facts
        return self._wish

    def write(self, stream: str, text: str) -> None:
        """Take text that a worker writes."""
        self._text.append((stream, text))

    def warn(self, warning: Warning) -> None:
        """Take a warning."""
        self._warnings.append(warning)

    def end(self, outcome: Outcome) -> None:
        """Take note of the end; the first counts."""
        self._outcome = self._outcome or outcome

    # ---- of the process that started them ----

    def ask(self, why: str) -> None:
        """Ask the workers to stop."""
        self._wish = self._wish or why

    def take(self) -> News:
        """Return what came since the last look."""
        text, self._text = self._text, []
        warned, self._warnings = self._warnings, []
        return News(dict(self._facts), text, warned, self._starts, self._outcome)
