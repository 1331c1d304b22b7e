"""Training steps on a device, one after the other, without a look at it between them.

All that a step needs lies on the device before the first: the order of the rows, and for every step its rate, its
decay and what its draws and its rule are computed with. The number of the next step lies there too. So a step is the
same work on the same tensors every time, and on a GPU it is recorded once and replayed (graphs.py).

A step whose cost or gradient is not finite is not taken, nor are those behind it: `alive` keeps all as it was. How many
were taken is asked for once, at the end.
"""

import warnings
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from lamina.equations.steps import Steps
from lamina.errors import EngineWarning
from lamina.tensors.graphs import Graph
from lamina.tensors.optimisers import RULES, updated
from lamina.tensors.plan import Plan
from lamina.tensors.random import LOW
from lamina.tensors.rows import Rows

STEPS_TOGETHER = 16  # of a graph, and of the draws that are made at once
USUAL_STEPS, USUAL_ROWS = 1024, 2**22  # of a call: room that is made at once, so that few graphs are recorded anew
MOST_DRAWS = 2**22  # units times examples whose draws are made at once


class Same(NamedTuple):
    """What is the same in all the steps of a run."""

    rule: Any
    batch_size: int
    seed: int
    examples: int


class Stepper:
    """Steps of one network on rows that lie on the device.

    Parameters
    ----------
    plan : Plan
    same : Same
    rows : Rows
    travels : bool
        Whether the rows are memory for those of each call, which travel.
    """

    def __init__(self, plan: Plan, same: Same, rows: Rows, travels: bool = False) -> None:
        self.plan, self.same, self.rows, self.travels = plan, same, rows, travels
        drawn = same.batch_size * plan.network.members * sum(part.place.inputs for part in plan.dropouts)
        self.together = max(1, min(STEPS_TOGETHER, MOST_DRAWS // max(drawn, 1)))
        self.params = self._new(plan.network.size)
        self.memory = self._new(len(same.rule.remembers), plan.network.size)
        self.at, self.taken = (self._new(dtype=torch.int64) for _ in range(2))
        self.alive = self._new(dtype=torch.bool)
        self.steps = 0  # room for so many in a call
        self.graphs: dict[int, Graph] = {}
        self._warm: set[int] = set()
        self._replay = plan.device.type == "cuda"

    def _new(self, *shape: int, dtype: Any = None) -> Tensor:
        return torch.zeros(shape, device=self.plan.device, dtype=dtype or self.plan.dtype)

    def __call__(self, params: Any, memory: Any, order: Any, steps: Steps) -> Any:
        """Take the steps; see `equations.verbs.train_steps`. The arrays change at the end, all at once."""
        count, size = len(steps.rates), self.same.batch_size
        self._get_ready(params, memory, order, steps)
        left = whole = min(count, len(order) // size)
        while left:
            n = self.together if left >= self.together else 1
            self._run(n)
            left -= n
        if whole < count and len(order) % size:
            self._take(1, len(order) % size)
        done = int(self.taken)  # waits for the device
        memory[:] = self.memory.cpu().numpy()
        params[:] = self.params.cpu().numpy()
        return self.costs[:done].cpu().numpy().astype(np.float64)

    # ---- before the first step ----

    def _get_ready(self, params: Any, memory: Any, order: Any, steps: Steps) -> None:
        count, rule = len(steps.rates), self.same.rule
        numbers = np.arange(steps.step, steps.step + count, dtype=np.int64)
        ones = np.ones(count)
        dropouts, decays = (ones if one is None else one[:count] for one in (steps.dropouts, steps.decays))
        least, scales = self.plan.of_dropouts(dropouts)
        self._reserve(count, [np.asarray(steps.rates), decays, *RULES[rule.kind].factors(rule, numbers + 1)], scales)
        self.whole[:count].copy_(torch.from_numpy(np.column_stack([numbers & LOW, least])))
        self.order[: len(order)].copy_(torch.from_numpy(np.ascontiguousarray(order, np.int64)))
        self.params.copy_(torch.from_numpy(params))
        self.memory.copy_(torch.from_numpy(memory))
        self.at.zero_()
        self.taken.zero_()
        self.alive.fill_(True)

    def _reserve(self, count: int, factors: list[Any], scales: Any) -> None:
        """Put the numbers of the steps on the device; with more of them than ever before, into new memory."""
        numbers = np.column_stack([*factors, scales]).astype(str(self.plan.dtype).removeprefix("torch."))
        self.factors = len(factors)  # the scales of dropout are behind them
        if count > self.steps:
            self.steps = max(1 << (count - 1).bit_length(), min(USUAL_STEPS, USUAL_ROWS // self.same.batch_size))
            self.graphs = {}  # they know the old addresses
            self.numbers = self._new(self.steps, numbers.shape[1])
            self.whole = self._new(self.steps, 1 + len(self.plan.dropouts), dtype=torch.int64)
            self.order = self._new(self.steps * self.same.batch_size, dtype=torch.int64)
            self.costs = self._new(self.steps)
        self.numbers[:count].copy_(torch.from_numpy(numbers))

    # ---- the steps ----

    def _run(self, n: int) -> None:
        """Take n steps of whole batches: the first time one by one, then from a graph."""
        if n not in self.graphs and self._replay and n in self._warm:
            try:
                self.graphs[n] = Graph(lambda: self._take(n, self.same.batch_size))
            except RuntimeError as problem:
                self._replay = False
                text = f"the steps could not be recorded as a CUDA graph ({problem}): they are launched one by one."
                warnings.warn(text, EngineWarning, stacklevel=2)
        if n in self.graphs:
            self.graphs[n]()
        else:
            self._take(n, self.same.batch_size)
            self._warm.add(n)

    def _take(self, n: int, m: int) -> None:
        """Take n steps of m rows each: work on tensors alone."""
        at = self.at + torch.arange(n, device=self.plan.device)  # numbers within this call
        numbers, whole = self.numbers.index_select(0, at), self.whole.index_select(0, at)
        draws = self.plan.draws(
            whole[:, 1:], numbers[:, self.factors :], whole[:, 0], self.same.seed, m * self.plan.network.members
        )
        of_batch = torch.arange(m, device=self.plan.device)
        for u in range(n):
            rows = self.order.index_select(0, at[u] * self.same.batch_size + of_batch)
            X, Y, weights = (None if one is None else one.index_select(0, rows) for one in self.rows)
            J, grads = self.plan.gradients(self.params, X, Y, weights, draws[u])
            J = J + self.plan.with_penalty(self.params, grads, self.same.examples)
            self._move(at[u], J, grads, numbers[u])
        self.at += n

    def _move(self, at: Tensor, J: Tensor, grads: Tensor, numbers: Tensor) -> None:
        self.alive &= torch.isfinite(J) & torch.isfinite(grads).all()
        self.taken += self.alive
        self.costs.index_copy_(0, at[None], J[None])
        updated(self.plan, self.same.rule, self.params, self.memory, grads, numbers, self.alive)


def fits(stepper: Stepper, same: Same, rows: Rows) -> bool:
    """Return whether a stepper takes these steps on these rows: they lie where its graphs look for them."""
    return stepper.same == same and all(
        a is b or (a is not None and b is not None and a.data_ptr() == b.data_ptr() and a.shape == b.shape)
        for a, b in zip(stepper.rows, rows, strict=True)
    )


def room_for(n: int, before: Rows | None, arrays: tuple[Any, Any, Any], plan: Plan) -> Rows:
    """Return memory on the device for n rows of such arrays: that of before where it is large enough."""
    if before is not None and len(before.X) >= n and (before.weights is None) == (arrays[2] is None):
        return before
    n = 1 << max(n - 1, 0).bit_length()
    shapes = (None if one is None else (n, *one.shape[1:]) for one in arrays)
    return Rows(*(None if s is None else torch.zeros(s, device=plan.device, dtype=plan.dtype) for s in shapes))
