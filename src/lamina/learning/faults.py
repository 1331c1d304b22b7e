"""What keeps one worker of a group from reading ends the run of all, after the same step and with the same sentence.

The others wait for its part of the next sum, and look at nothing else. So it gives one that is no number: no worker
takes that step, and all of them ask why.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from lamina import errors
from lamina.data.examples import Chunk, Share
from lamina.learning.group import Group
from lamina.learning.run import Run
from lamina.learning.state import State


def chunks_of(run: Run, state: State, share: Share | None) -> Iterator[Chunk]:
    """Yield what is left of a pass; for a worker that cannot read it, batches whose cost is no number.

    Raises
    ------
    Exception
        What reading raised, where this worker has no part of the next sum.
    """
    try:
        yield from run.examples.chunks(run.recipe, state.epoch, state.rows, share)
    except Exception as problem:
        if run.group is None or run.group.size == 1:
            raise
        run.group.fault = problem
        while state.rows < run.examples.n:
            yield _no_number(run, min(run.recipe.batch_size, run.examples.n - state.rows))
        raise


def _no_number(run: Run, rows: int) -> Chunk:
    """Return a batch of one row again and again, of a weight that is no number."""
    X, Y, _ = next(run.examples.blocks(1))
    return Chunk(X, Y, np.full(1, np.nan, X.dtype), np.zeros(rows, np.intp))


def check_reading(group: Group | None) -> None:
    """Raise what kept a worker from reading, in all of them: called where the sum of a step is no number.

    Raises
    ------
    LaminaError, MemoryError
        That of the lowest rank that has one.
    """
    if group is None or group.size == 1:
        return
    own = group.fault
    told = [one.decode() for one in group.told(b"" if own is None else f"{type(own).__name__}\n{own}".encode())]
    found = next(((rank, one) for rank, one in enumerate(told) if one), None)
    if found is None:
        return
    rank, (name, _, text) = found[0], found[1].partition("\n")
    if set(told) != {found[1]}:
        text = f"{text} (found by worker {rank} of {group.size})"
    raise _made(name, text) from own


def _made(name: str, text: str) -> Exception:
    """Return an exception of this name; of those that are not lamina's own, a LaminaError that names it."""
    kind: Any = MemoryError if name == "MemoryError" else getattr(errors, name, None)
    try:
        made = kind(text)
    except TypeError:  # there is none, or it takes more than text
        return errors.LaminaError(f"{name}: {text}")
    return made if isinstance(made, Exception) else errors.LaminaError(f"{name}: {text}")
