"""A recipe: everything that decides how a network learns from its rows, frozen."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.equations import random
from lamina.errors import DataWarning
from lamina.learning.choices import chosen
from lamina.learning.hyperparameters import OPTIMISER_CHOICES, automatic_batch_size
from lamina.learning.schedules import SCHEDULES, Constant, Schedule

CONSTANT = Constant()


@dataclass(frozen=True)
class Recipe:
    """How a network learns.

    Attributes
    ----------
    optimiser : a row of `OPTIMISERS`, or LBFGS
    schedule, decay_schedule, dropout_schedule : Schedule
        Factors on the learning rate, the optimiser's weight decay and the rates of dropout.
    learning_rate : float
        Learning rate that the schedule multiplies.
    batch_size : int
        Rows per step.
    epochs : int
        The last epoch, counted from the very first one of this network: schedules span all of them.
    seed : int
        Of shuffling and dropout.
    shuffle : bool
    tolerance : float
        A smaller improvement of the watched value does not count; also the largest gradient at which L-BFGS ends.
    patience : int
        Early-stopping patience: epochs without improvement after which training ends.
    averaging : float
        Decay per epoch of the exponential moving average of the parameters; 0: there is none.
    max_time : float or None
        Time limit in seconds.
    """

    optimiser: Any
    schedule: Schedule
    learning_rate: float
    batch_size: int
    epochs: int
    seed: int
    shuffle: bool = True
    tolerance: float = 1e-4
    decay_schedule: Schedule = CONSTANT
    dropout_schedule: Schedule = CONSTANT
    averaging: float = 0.0
    patience: int = 2**31
    max_time: float | None = None

    def words(self, n: int, epoch: int, part: int = 0) -> NDArray[np.uint32]:
        """Return n random words that decide the order of the rows in a pass, or in a part of it."""
        return random.bits(n, seed=self.seed, stream=random.SHUFFLE, step=epoch, layer=part)


def recipe_of(settings: Mapping[str, Any], n: int, seed: int, *, done: int = 0) -> Recipe:
    """Return the recipe of settings that are resolved (`presets.resolved`), for n training rows.

    Parameters
    ----------
    settings : mapping
    n : int
    seed : int
    done : int
        Epochs that an earlier fit of the same network took: `max_iter` counts from there.

    Warns
    -----
    DataWarning
        A batch is larger than the training set.
    """
    s, automatic = settings, settings["batch_size"] == "auto"
    size = automatic_batch_size(n) if automatic else int(s["batch_size"])
    return Recipe(
        optimiser=chosen("optimizer", s["optimizer"], OPTIMISER_CHOICES),
        schedule=chosen("schedule", s["schedule"], SCHEDULES),
        learning_rate=float(s["learning_rate_init"]),
        batch_size=min(size, n),
        epochs=done + int(s["max_iter"]),
        seed=seed,
        shuffle=bool(s["shuffle"]),
        tolerance=float(s["tol"]),
        decay_schedule=chosen("decay_schedule", s["decay_schedule"], SCHEDULES),
        dropout_schedule=chosen("dropout_schedule", s["dropout_schedule"], SCHEDULES),
        averaging=float(s["averaging"]),
        patience=int(s["n_iter_no_change"]),
        max_time=None if s["max_time"] is None else float(s["max_time"]),
    )


def warn_of_large_batch(batch_size: Any, n: int) -> None:
    """Warn where the requested batch is larger than the training set."""
    if batch_size != "auto" and int(batch_size) > n:
        text = f"batch_size={int(batch_size)} is larger than the {n} training rows: each step uses all of them."
        warnings.warn(text, DataWarning, stacklevel=4)
