"""A recording of a run: every step can be gone back to, in bounded memory.

It keeps key frames, copies of the state. A step between two of them is computed again from the earlier one: training
continues from a copy of a state with the same bits, so what is seen again is what was.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from lamina.learning.run import Run
from lamina.learning.state import State
from lamina.learning.training import train

MOST_BYTES = 64 * 2**20
MOST_FRAMES = 512


class Frame(NamedTuple):
    """A state at one moment; its history is the first part of the recording's."""

    run: Run
    arrays: Mapping[str, Any]
    scalars: Mapping[str, Any]
    epochs: int  # in its history
    pinned: bool  # the first frame of a run: those after it are computed from here

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        return sum(array.nbytes for array in self.arrays.values())


@dataclass
class Recording:
    """Key frames by the number of the step that comes next.

    At most `MOST_FRAMES` and `MOST_BYTES` are kept: of more, every other one goes, and the distance doubles. Where runs
    began often, by changes under way, the oldest of them go whole: the first step that can be gone back to moves up.
    """

    most_bytes: int = MOST_BYTES

    def __post_init__(self) -> None:
        self._frames: dict[int, Frame] = {}
        self._history: list[dict[str, Any]] = []
        self._every, self._bytes, self.head = 1, 0, 0
        self._origin: Frame | None = None

    def begin(self, run: Run, state: State) -> None:
        """Go on with this run from this state: what was recorded after its step is dropped."""
        for step in [step for step in self._frames if step >= state.step]:
            self._bytes -= self._frames.pop(step).nbytes
        self._forget()
        self._keep(run, state, pinned=True)
        if self._origin is None or state.step <= self._origin.scalars["step"]:
            self._origin = self._frames[state.step]

    def _forget(self) -> None:
        """Where beginnings alone take half of the room, drop the oldest, with the steps that were computed from it."""
        begun = [step for step in self.steps if self._frames[step].pinned]
        while len(begun) > 1 and (
            len(begun) > MOST_FRAMES // 2 or sum(self._frames[step].nbytes for step in begun) > self.most_bytes // 2
        ):
            del begun[0]
            for step in [step for step in self._frames if step < begun[0]]:
                self._bytes -= self._frames.pop(step).nbytes

    def note(self, run: Run, state: State) -> None:
        """Take note of a state after a step."""
        self.head = state.step
        if state.step % self._every == 0 and state.step not in self._frames:
            self._keep(run, state, pinned=False)
        else:
            self._history[len(self._history) :] = state.history[len(self._history) :]

    def _keep(self, run: Run, state: State, *, pinned: bool) -> None:
        self._history = self._history[: len(state.history)]
        self._history += state.history[len(self._history) :]
        arrays = {name: array.copy() for name, array in state.arrays().items()}
        frame = Frame(run, arrays, {**state.scalars(), "history": []}, len(state.history), pinned)
        self._frames[state.step], self.head = frame, state.step
        self._bytes += frame.nbytes
        while len(self._frames) > MOST_FRAMES or self._bytes > self.most_bytes:
            if not self._thin():
                break

    def _thin(self) -> bool:
        """Drop every other frame; return whether there was one to drop."""
        self._every *= 2
        dropped = [n for n, one in self._frames.items() if n % self._every and not one.pinned]
        for step in dropped:
            self._bytes -= self._frames.pop(step).nbytes
        return bool(dropped) or self._every <= 2 * self.head

    @property
    def first(self) -> int:
        """The first step that can be gone back to."""
        return min(self._frames, default=0)

    @property
    def steps(self) -> list[int]:
        """The steps of the key frames: those that need not be computed again."""
        return sorted(self._frames)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays that are kept."""
        return self._bytes

    @property
    def history(self) -> list[dict[str, Any]]:
        """The records of all epochs up to the head."""
        return self._history

    def beginning(self, step: int) -> tuple[Run, State]:
        """Return the run of a step, and a state of its own, where this run began: with step 0 or with a change."""
        began = max(n for n, one in self._frames.items() if one.pinned and n <= step)
        return self.at(began)

    def origin(self) -> tuple[Run, State]:
        """Return the run and a state of its own where all began, though the steps after it may be forgotten."""
        assert self._origin is not None
        return self._origin.run, self._state_of(self._origin)

    def _state_of(self, frame: Frame) -> State:
        return State.of(frame.arrays, {**frame.scalars, "history": self._history[: frame.epochs]})

    def at(self, step: int) -> tuple[Run, State]:
        """Return the run, and a state of its own, before this step was taken."""
        steps = sorted(self._frames)
        nearest = steps[max(bisect_right(steps, step) - 1, 0)]
        frame = self._frames[nearest]
        state = self._state_of(frame)
        if nearest < step:
            state.stopped, state.final = "", False
            for _ in train(frame.run, state, pause=lambda at: step - at):
                if state.step >= step:
                    break
        return frame.run, state
