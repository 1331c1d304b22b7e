"""The bench: what lies on the table of the lab. Rows, a run, its recording, and the thread that trains.

Everything that is asked about a step is asked of the recording; the thread alone moves the newest state. So several
pages may look at different steps while the network learns.
"""

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lamina.equations.network import Network
from lamina.errors import LaminaError, SettingError
from lamina.fitting import CheckSize, current, prepare
from lamina.glassbox.trace import Trace
from lamina.laboratory.edits import Edit, edited, trace_of_step
from lamina.laboratory.lab_rows import LabRows
from lamina.laboratory.recording import Recording
from lamina.laboratory.sizes import check_size, check_step
from lamina.learning.evaluation import judge_the_best_again
from lamina.learning.hyperparameters import settings_for
from lamina.learning.run import Run
from lamina.learning.state import State
from lamina.learning.training import train
from lamina.model import Model
from lamina.starting import Before

if TYPE_CHECKING:
    from lamina.laboratory.learners_code import LearnersCode

LONGEST_PAUSE = threading.TIMEOUT_MAX  # seconds between two steps, however slow a pace was asked for
LONGEST_STEP = 1.0  # seconds that somebody waits for the step that is being taken
MOST_TRACES = 8  # that are kept, of the steps that were asked for last
MOST_TRACED = 2**28  # bytes of them, where there is more than one
KEPT_SETTINGS = {"learning_rate_init", "batch_size", "optimizer", "alpha", "l1", "schedule", "shuffle", "max_iter"}
KEPT_SETTINGS |= {"dropout", "dropout_schedule", "decay_schedule", "bias_rate", "averaging", "n_iter_no_change", "tol"}
KEPT_SETTINGS |= {"activation", "hidden_layer_sizes"}  # as long as the arrays are the same
# settings that may change while a network learns: it keeps its parameters


class Bench:
    """What the lab looks at.

    Parameters
    ----------
    rows : LabRows
    settings : mapping, optional
        Settings of the library in place of those that the rows bring.
    before : Before, optional
        A model to go on from.

    Attributes
    ----------
    rows : LabRows
    settings : dict
    code : LearnersCode or None
        The learner's file that was named on the command line.
    counts : Counter
        How often "rows", "settings", "recording" and others changed: a page that sees another number asks again.
        "start" counts the starts from step 0, "begun" how often steps that were recorded gave way to others.
    kept : dict
        What questions keep from one time to the next, each under a name of its own.

    Raises
    ------
    LaminaError
        Rows or settings that do not fit.
    """

    def __init__(self, rows: LabRows, settings: Mapping[str, Any] | None = None, before: Before | None = None) -> None:
        self.lock = threading.RLock()
        self._commands = threading.RLock()  # one at a time, of however many pages; the thread never waits for it
        self.counts = Counter[str]()
        self.code: LearnersCode | None = None
        self.trouble = ""  # what ended the training, in a sentence
        self._thread: threading.Thread | None = None
        self._pace: float | None = None
        self._pausing = threading.Event()
        self._traces: OrderedDict[Any, Future[Trace]] = OrderedDict()
        self._wishes: list[Future[tuple[Run, State]]] = []
        self.kept: dict[str, Any] = {}
        self.open(rows, settings, before)

    # ---- rows and settings ----

    def open(self, rows: LabRows, settings: Mapping[str, Any] | None = None, before: Before | None = None) -> None:
        """Put other rows on the table, and start from step 0."""
        chosen = {**rows.settings, **(settings or {})}
        run, state = self._prepared(rows, chosen, before, check_size if before is None else None)
        with self._paused():
            self.rows, self.settings, self.before = rows, chosen, before
            self._start(run, state)
            self.counts["rows"] += 1

    def take(self, rows: LabRows, settings: Mapping[str, Any], run: Run, state: State) -> None:
        """Put a run on the table that was prepared elsewhere, where its state stands."""
        with self._paused():
            self.rows, self.settings, self.before = rows, {**rows.settings, **settings}, None
            self._start(run, state)
            self.counts["rows"] += 1

    def change(self, settings: Mapping[str, Any], at: int | None = None) -> bool:
        """Change settings; return whether training goes on from step `at`, or starts anew with another network."""
        known = settings_for(self.rows.task)
        for name in settings:
            if name not in known:
                raise SettingError(f"no setting {name!r}.")
        with self._commands:
            was_learning = self.running
            chosen = {**self.settings, **settings}
            run, state = self._prepared(self.rows, chosen, self.before, self._check_larger)
            goes_on = set(settings) <= KEPT_SETTINGS and _same_arrays(run.network, self.run.network)
            with self._paused():
                self._put(run, state, chosen, at, goes_on)
            if was_learning and goes_on:
                self.play(pace=self._pace)
        return goes_on

    def _put(self, run: Run, state: State, chosen: dict[str, Any], at: int | None, goes_on: bool) -> None:
        if goes_on:
            before, earlier = self.state_at(self.head if at is None else at)
            rows = (
                before.columns,
                before.examples,
                before.validation,
            )  # as they are, edits included
            run = replace(run, columns=rows[0], examples=rows[1], validation=rows[2])
            state = _gone_on(state, earlier)
            judge_the_best_again(run, state)
            self._begin(run, state)
        else:
            self._start(run, state)
        self.settings = chosen
        self.counts["settings"] += 1

    @contextmanager
    def _paused(self) -> Iterator[None]:
        """Hold everything still: no thread trains, no other command is carried out, nobody looks."""
        with self._commands:
            self.pause()
            with self.lock:
                yield

    def branch(self, at: int, edits: Sequence[Edit]) -> None:
        """Go on from a step with changed numbers."""
        with self._commands:
            run, state = edited(*self.state_at(at), edits)
            with self._paused():
                self._begin(run, state)

    def restart(self) -> None:
        """Start again from step 0."""
        with self._paused():
            self._start(*self.recording.origin())

    def _prepared(
        self, rows: LabRows, settings: Mapping[str, Any], before: Before | None, check: CheckSize | None
    ) -> tuple[Run, State]:
        if settings.get("n_bags", 1) != 1:
            raise SettingError(f"n_bags={settings['n_bags']}: the lab looks into one network, with n_bags=1.")
        return prepare(
            rows.X,
            rows.y,
            settings=settings,
            task=rows.task,
            target_name=rows.target,
            before=before,
            check_size=check,
        )

    def _check_larger(self, network: Network, rows: int) -> None:
        """A large model that was opened on purpose may become another one of its size."""
        if not _same_arrays(network, self.run.network):
            check_size(network, rows)

    def _start(self, run: Run, state: State) -> None:
        self.counts["start"] += 1
        self.recording = Recording()
        self._begin(run, state)

    def _begin(self, run: Run, state: State) -> None:
        state.stopped, state.final = "", False
        self.run, self._state, self.trouble = run, state, ""
        self.recording.begin(run, state)
        self._traces.clear()
        self.counts["recording"] += 1
        self.counts["begun"] += 1

    # ---- learning ----

    @property
    def running(self) -> bool:
        """Whether the thread trains."""
        thread = self._thread
        return thread is not None and thread.is_alive() and not self._pausing.is_set()

    @property
    def head(self) -> int:
        """The step that comes next."""
        return self.recording.head

    @property
    def finished(self) -> str:
        """Why training has ended; empty before that."""
        return self.trouble or self._state.stopped

    def play(self, steps: int | None = None, pace: float | None = None, *, wait: bool = False) -> None:
        """Train on in the background: so many steps, or until the end or a pause.

        Parameters
        ----------
        steps : int, optional
        pace : float, optional
            Steps a second at most.
        wait : bool
            Return when they were taken.
        """
        with self._commands:
            self.pause()
            self._pausing.clear()
            self._pace = pace
            thread = threading.Thread(target=self._learn, args=(steps, pace), name="lamina-lab", daemon=True)
            with self.lock:  # nobody copies the state that is about to move
                self._thread = thread
                thread.start()
        if wait:
            thread.join()

    def pause(self) -> None:
        """Stop the thread after its step."""
        with self._commands:
            if self._thread is not None:
                self._pausing.set()
                self._thread.join()
            self._thread = None

    def _learn(self, steps: int | None, pace: float | None) -> None:
        run, state = self.run, self._state
        last = None if steps is None else state.step + steps
        try:
            loop = train(run, state, pause=lambda _: 1)
            while not self._pausing.is_set() and (last is None or state.step < last):
                began = time.monotonic()
                if next(loop, None) is None:
                    break
                with self.lock:
                    self.recording.note(run, state)
                self._hand_out(run, state)
                if pace is not None:
                    self._pausing.wait(min(max(0.0, 1 / pace - (time.monotonic() - began)), LONGEST_PAUSE))
        except LaminaError as problem:
            self.trouble = str(problem)
        except Exception as problem:  # a fault of ours, or no memory: the terminal shows where it arose
            self.trouble = f"the training failed: {type(problem).__name__}: {problem}"
            raise
        finally:
            self.counts["recording"] += 1
            self._hand_out(run, state)

    def _hand_out(self, run: Run, state: State) -> None:
        """Give a copy of the state to those who wait for it; it is whole here."""
        while self._wishes:
            self._wishes.pop().set_result((run, state.copy()))

    # ---- looking ----

    def on_the_table(self) -> tuple[LabRows, Run]:
        """Return the rows, and the newest run of them."""
        with self.lock:
            return self.rows, self.run

    def state_at(self, step: int) -> tuple[Run, State]:
        """Return the run, and a copy of the state before a step was taken.

        Raises
        ------
        SettingError
            This step was not recorded.
        """
        with self.lock:
            self._check(step)
            if step == self._state.step and self._stands_still():
                return self.run, self._state.copy()  # that need not be computed again
            return self.recording.at(step)

    def _stands_still(self) -> bool:
        """Return whether the newest state is whole, stays as it is, and could move on."""
        return (self._thread is None or not self._thread.is_alive()) and not self.finished

    def newest(self) -> tuple[Run, State]:
        """Return the run, and a copy of the newest state; while it learns, of that after the step that is being taken.

        The recording has it too, but steps that lie behind a key frame take time to be computed again.
        """
        if self.running:
            wish: Future[tuple[Run, State]] = Future()
            self._wishes.append(wish)
            with suppress(TimeoutError):
                return wish.result(LONGEST_STEP)
        return self.state_at(self.head)

    def _check(self, step: Any) -> None:
        first, head = self.recording.first, self.head
        if not isinstance(step, int) or isinstance(step, bool) or not first <= step <= head:
            raise SettingError(f"step={step!r}: the recording has the steps {first} to {head}.")

    def trace_at(self, step: int, edits: Sequence[Edit] = ()) -> Trace:
        """Return the trace of a step, with changed numbers where there are some."""
        key = step, tuple(edits)
        with self.lock:
            self._check(step)
            promised = self._traces.pop(key, None)
            looked_at = None if promised else self.state_at(step)
            promised = self._traces[key] = promised or Future()
            while len(self._traces) > MOST_TRACES or _too_many_bytes(self._traces.values()):
                self._traces.popitem(last=False)
        if looked_at is not None:  # of several who ask for the same, the first computes it
            _keep(promised, lambda: _traced(*looked_at, edits))
        return promised.result()

    def model_at(self, step: int, edits: Sequence[Edit] = ()) -> Model:
        """Return the model with the parameters before a step."""
        return current(*edited(*self.state_at(step), edits))

    def now(self) -> dict[str, Any]:
        """Return where things stand, in few numbers: what a page follows."""
        with self.lock:
            history = self.recording.history
            return {
                "first": self.recording.first,
                "head": self.head,
                "running": self.running,
                "finished": self.finished,
                "record": history[-1] if history else None,
                "counts": dict(self.counts),
            }

    def close(self) -> None:
        """End the threads."""
        self.pause()
        if self.code is not None:
            self.code.close()


def _traced(run: Run, state: State, edits: Sequence[Edit]) -> Trace:
    check_step(run)
    return trace_of_step(*edited(run, state, edits))


def _keep(promised: "Future[Trace]", make: Callable[[], Trace]) -> None:
    """Keep a promise, be it with what went wrong: the same question meets the same trouble."""
    try:
        promised.set_result(make())
    except BaseException as problem:
        promised.set_exception(problem)


def _too_many_bytes(promised: "Iterable[Future[Trace]]") -> bool:
    traces = [one.result() for one in promised if one.done() and one.exception() is None]
    return len(traces) > 1 and sum(array.nbytes for one in traces for array in one.arrays.values()) > MOST_TRACED


def _same_arrays(one: Network, other: Network) -> bool:
    """Return whether the parameters of one network are those of another."""
    return [(slot.name, slot.shape) for slot in one.slots] == [(slot.name, slot.shape) for slot in other.slots]


def _gone_on(fresh: State, earlier: State) -> State:
    """Return the earlier state under the settings of the fresh one: its memory starts anew with another optimiser."""
    same = earlier.optimiser == fresh.optimiser
    return replace(
        earlier,
        memory=earlier.memory if same else fresh.memory,
        optimiser=fresh.optimiser,
        rows=0,
        pass_cost=0.0,
        watched=fresh.watched,
    )
