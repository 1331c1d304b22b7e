"""Workers that learn the same network together: each takes its piece of every batch, and all move alike."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from lamina.engine import Engine
from lamina.equations.network import Network
from lamina.equations.steps import Steps
from lamina.equations.verbs import d_penalty, penalty


class Group(Protocol):
    """The workers of a run, as one of them sees them."""

    @property
    def rank(self) -> int: ...
    @property
    def size(self) -> int: ...

    def sum(self, vector: Any) -> None:
        """Put in place of the vector the sum of all workers' vectors, added in the order of their ranks."""
        ...


@dataclass(frozen=True)
class Alone:
    """A group of one: there is nothing to sum."""

    rank: int = 0
    size: int = 1

    def sum(self, vector: Any) -> None:
        return


ALONE = Alone()


def train_steps_together(engine: Engine, group: Group) -> Callable[..., Any]:
    """Return the verb `train_steps` for one worker of a group.

    Gradient and cost of its piece go into one message a step; the sum over the workers, with the penalty added once,
    is what each of them moves by. So all hold the same bits.
    """

    def train_steps(
        network: Network, optimiser: Any, params: Any, memory: Any, X: Any, Y: Any, weights: Any, order: Any, how: Steps
    ) -> Any:
        costs, W, n = np.empty(len(how.rates)), network.spans["weights"], how.examples or len(order)
        for k, rate in enumerate(how.rates):
            rows = order[k * how.batch_size : (k + 1) * how.batch_size]
            first, stop = (len(rows) * rank // group.size for rank in (group.rank, group.rank + 1))
            mine, message = rows[first:stop], np.zeros(network.size + 1, params.dtype)
            if len(mine):
                w = None if weights is None else weights[mine]
                place = {"seed": how.seed, "step": how.step + k, "first": first, "m": len(rows)}
                found = engine.gradients(network, params, X[mine], Y[mine], w, **place, dropout=how.dropouts[k])
                message[-1], message[:-1] = found
            group.sum(message)
            J, grads = float(message[-1]) + penalty(network, params, n), message[:-1]
            grads[W] += d_penalty(network, params, n)
            if not (np.isfinite(J) and np.isfinite(grads).all()):
                return costs[:k]
            engine.update(network, optimiser, params, grads, memory, float(rate), how.step + k, float(how.decays[k]))
            costs[k] = J
        return costs

    return train_steps
