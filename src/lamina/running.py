"""Carry out a run, with what every face adds to the loop: a progress bar, callbacks, checkpoints, Ctrl-C."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from lamina.errors import CheckpointError
from lamina.interrupts import CTRL_C, Interrupts
from lamina.learning.checkpoint_files import is_run
from lamina.learning.checkpoints import Folder
from lamina.learning.diagnosis.warn import Watch
from lamina.learning.run import Run
from lamina.learning.run_folders import run_in
from lamina.learning.state import Record, State
from lamina.learning.state_bytes import packed, unpacked
from lamina.learning.training import Progress, is_over, train
from lamina.showing import Silent

ROWS = {"rows", "data", "validation data"}  # keys of an identity, two of them fingerprints


NOT_SAVED = "a checkpoint could not be written"


class Tracer(Protocol):
    """What follows single steps of a run."""

    def pause(self, step: int) -> int: ...
    def see(self, run: Run, state: State) -> None: ...


def carry_out(
    run: Run,
    state: State,
    *,
    shown: Silent | None = None,
    after_epoch: Callable[[Record], bool] | None = None,
    folder: Folder | None = None,
    ending_signals: bool = False,
    tracer: Tracer | None = None,
) -> None:
    """Train until the end of the run, or until a signal or callback asks to stop.

    Ctrl-C ends training after the current step; `state.stopped` says so. What is wrong beyond doubt is warned of, once.

    Parameters
    ----------
    run : Run
    state : State
        Changed in place.
    shown : Silent
        A bar, or lines.
    after_epoch : callable, optional
        Receives the record of every epoch; training ends when it returns True.
    folder : Folder, optional
        Where to write a checkpoint after every epoch, every `checkpoint_interval` seconds, and at the end.
    ending_signals : bool
        Take SIGTERM and SIGHUP like Ctrl-C.
    tracer : Tracer, optional
        Sees the state before the first step and at every yield, and says at which steps the loop is to yield.

    Raises
    ------
    KeyboardInterrupt
        Before the first step was done.

    Warns
    -----
    DiagnosisWarning
        Training goes wrong beyond doubt.
    """
    watch = Watch(run, state)
    with Interrupts(ending=ending_signals or folder is not None) as wish, shown or Silent() as shown:
        try:
            failed: CheckpointError | None = None
            saved, interval = time.monotonic(), float(run.settings["checkpoint_interval"])
            if tracer is not None:
                tracer.see(run, state)
            for progress in train(run, state, pause=None if tracer is None else tracer.pause):
                shown.update(progress)
                if run.group is not None:
                    run.group.ask(run.group.messages.report(_facts(run, state, progress)))
                if progress.record is not None:
                    watch(state)
                if tracer is not None:
                    tracer.see(run, state)
                asked = progress.record is not None and after_epoch is not None and after_epoch(progress.record)
                why = "a callback asked to stop" if asked else wish.asked
                if not state.stopped:
                    is_over(run, state, why, together=progress.record is not None)
                due = progress.record or state.stopped or time.monotonic() - saved >= interval
                if folder is not None and failed is None and due:
                    failed = _saved(folder, run, state)
                    saved = time.monotonic()
                if state.stopped:
                    break
            else:  # it ended without another yield: nothing was left to do, or nothing better found
                failed = None if folder is None else failed or _saved(folder, run, state)
            if failed is not None:
                raise failed
        except KeyboardInterrupt:  # a second one, or one that somebody raised: the last whole epoch is kept
            if state.best_params is None:
                raise
            state.stopped = CTRL_C
            state.mend()


def _facts(run: Run, state: State, progress: Progress) -> dict[str, Any]:
    """Return what a worker tells of itself."""
    assert run.group is not None
    of_run = {"epochs": run.recipe.epochs, "n_rows": run.n_rows, "seconds": time.monotonic() - run.began}
    last = {"record": progress.record._asdict()} if progress.record else {}
    spent = {"computing": run.group.computing, "summing": run.group.summing, "score_name": run.score_name}
    cost = state.pass_cost / progress.rows if progress.rows else None
    return {"epoch": progress.epoch, "rows": progress.rows, "cost": cost, **of_run, **spent, **last}


# ---- checkpoints ----


def stored_seed(path: Any) -> int | None:
    """Return the seed of the run in a folder, so that a run that drew one resumes with it; None if there is none."""
    folder = None if path is None else Path(path).expanduser()
    if folder is None or not folder.is_dir() or not is_run(folder):
        return None
    seed: int | None = run_in(folder).description.get("seed")
    return seed


def opened(path: Any, run: Run, state: State, **description: Any) -> tuple[Folder | None, State]:
    """Return the folder of a run, locked, and the state to resume from: that of its newest checkpoint, if it has one.

    In a group the first worker opens the folder, and the others have its state.

    Parameters
    ----------
    path : path
    run : Run
    state : State
        The state to start from if there is no checkpoint yet.
    **description
        What `lamina runs` shows, and `lamina resume` needs.

    Raises
    ------
    CheckpointError
        The folder is in use, holds another run, or cannot be written.
    """
    if run.group is None:
        return _opened(path, run, state, description)
    own: list[Folder] = []

    def resumed() -> bytes:
        folder, found = _opened(path, run, state, description)
        own.append(folder)
        return packed(found)

    found = run.group.from_first(resumed)
    return (own[0] if own else None), unpacked(found)


def _opened(path: Any, run: Run, state: State, description: Mapping[str, Any]) -> tuple[Folder, State]:
    path = Path(path).expanduser()
    _check_rows(path, run)
    rows = {"seed": run.recipe.seed, "target": run.target_name, "rows": run.n_rows}
    folder = Folder(path, run.identity, description={**rows, **description})
    try:
        found = folder.load()
    except BaseException:
        folder.close()
        raise
    if found is None:
        return folder, state
    state = State.of(*found)
    if not state.final:
        state.stopped = ""
    return folder, state


def _check_rows(path: Any, run: Run) -> None:
    """Say in words that the rows are others than those of the run in a folder, where that is all that differs."""
    before = run_in(path).identity if Path(path).is_dir() and is_run(Path(path)) else {}
    differ = {key for key, value in run.identity.items() if before and before.get(key) != value}
    if differ and differ <= ROWS:
        which = "validation rows" if differ == {"validation data"} else "rows"
        then, now = before.get("rows"), run.rows["rows"]
        counts = "" if then == now else f" ({then} then, {now} now)"
        raise CheckpointError(
            f"the {which} are not those that the run in {str(path)!r} was started with{counts}: restore them, or "
            "choose another folder"
        )


def _saved(folder: Folder, run: Run, state: State) -> CheckpointError | None:
    """Write a checkpoint; where that fails, ask the other workers, if there are some, to end training too."""
    try:
        _save(folder, run, state)
    except CheckpointError as problem:
        if run.group is None:
            raise
        run.group.ask(NOT_SAVED)
        return problem
    return None


def _save(folder: Folder, run: Run, state: State) -> None:
    """Write a checkpoint, and what `lamina runs` shows of it."""
    folder.save(state.step, state.arrays(), state.scalars())
    best = state.history[state.best_epoch - 1] if state.best_epoch else None
    score = best and (best["score"] if best["validation_score"] is None else best["validation_score"])
    ended = bool(state.stopped) and (state.final or state.epoch >= run.recipe.epochs)
    folder.note(
        epoch=state.epoch,
        epochs=run.recipe.epochs,
        score=score,
        score_name=run.score_name,
        status="done" if ended else "stopped" if state.stopped else "running",
        why=state.stopped,
    )
