"""The verbs of the contract on a device: NumPy's arrays in and out; `equations.verbs` documents their arguments.

Parameters and memory travel with every call, rows only where they do not stay (rows.py).
"""

import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from typing import Any

import numpy as np
import torch

from lamina.equations.arguments import require_piece, require_sound
from lamina.equations.network import Network
from lamina.equations.steps import Steps, Training
from lamina.equations.verbs import mean_of_bags
from lamina.tensors.devices import device_of, memory_of
from lamina.tensors.optimisers import RULES, updated
from lamina.tensors.plan import Plan
from lamina.tensors.random import LOW
from lamina.tensors.rows import Rows, copied, owner_of, sent, stays
from lamina.tensors.stepping import Same, Stepper, fits, room_for

BYTES_AT_ONCE = 2**28  # of the layers of the rows that are predicted together
PLANS = 16  # networks that are kept ready for a device
STEPPERS = 4  # a thread's that are kept: each holds parameters, memory and graphs on its device


@cache
def on(name: str) -> "Verbs":
    """Return the verbs on a device.

    Raises
    ------
    EngineError
        See `devices.device_of`.
    """
    return Verbs(device_of(name))


class Verbs:
    """The verbs on one device."""

    def __init__(self, device: Any) -> None:
        self.device = device
        self._plans: dict[tuple[int, Any], Plan] = {}  # by the network's identity
        self._of_thread = _Steppers()

    def __reduce__(self) -> tuple[Any, ...]:
        return on, (str(self.device),)

    def predict(self, network: Network, params: Any, X: Any) -> Any:
        """Return A[L], one row per example."""
        return Predictor(self, network, params)(X)

    def cost(self, network: Network, params: Any, X: Any, Y: Any, weights: Any = None) -> float:
        """Return (1/m) Σ w_i L_i without draws, penalty or gradient; of what several members predict together."""
        if network.members > 1 or params.ndim == 2:
            return float(network.cost_of_output(self.predict(network, params, X), Y, weights))
        with self.at_work():
            plan = self.plan(network, params.dtype)
            theta, total = copied(params, self.device, plan.dtype), 0.0
            for x, y, w in self.pieces(plan, X, Y, weights):
                L = plan.loss.losses(plan.predict(theta, x), y.T)
                total += float((L if w is None else w * L).mean()) * len(x)
            return total / len(X)

    def gradients(
        self,
        network: Network,
        params: Any,
        X: Any,
        Y: Any,
        weights: Any = None,
        *,
        seed: int = 0,
        step: int = 0,
        first: int = 0,
        m: int | None = None,
        dropout: float = 1.0,
    ) -> tuple[float, Any]:
        """Return the cost and its gradient by the flat vector, without the penalty's."""
        require_piece(network, X, Y, weights, step, first, m, dropout)
        with self.at_work():
            plan = self.plan(network, params.dtype)
            x, y, w = (None if one is None else sent(one, self.device, plan.dtype) for one in (X, Y, weights))
            least, scales = plan.of_dropouts([dropout])
            numbers = torch.from_numpy(np.column_stack([[step & LOW], least])).to(self.device)
            scales = copied(scales, self.device, plan.dtype)
            every = network.members
            draws = plan.draws(numbers[:, 1:], scales, numbers[:, 0], seed, len(X) * every, first * every)[0]
            J, grads = plan.gradients(copied(params, self.device, plan.dtype), x, y, w, draws)
            share = len(X) / (m or len(X))
            return share * float(J), (share * grads).cpu().numpy()

    def update(
        self,
        network: Network,
        optimiser: Any,
        params: Any,
        grads: Any,
        memory: Any,
        rate: float,
        step: int,
        decay: float = 1.0,
    ) -> None:
        """Move the parameters and the memory by one step, in place."""
        with self.at_work():
            plan = self.plan(network, params.dtype)
            factors = [of_step[0] for of_step in RULES[optimiser.kind].factors(optimiser, np.array([step + 1]))]
            numbers = copied([rate, decay, *factors], self.device, plan.dtype)
            moved, kept, g = (copied(one, self.device, plan.dtype) for one in (params, memory, grads))
            updated(plan, optimiser, moved, kept, g, numbers, torch.ones((), dtype=torch.bool, device=self.device))
            memory[:], params[:] = kept.cpu().numpy(), moved.cpu().numpy()

    def train_steps(
        self,
        network: Network,
        optimiser: Any,
        params: Any,
        memory: Any,
        X: Any,
        Y: Any,
        weights: Any,
        order: Any,
        steps: Steps,
    ) -> Any:
        """Take the steps and return their costs."""
        require_sound(network, [Training(optimiser, params, memory, X, Y, weights, order, steps)])
        examples = len(order) if steps.examples is None else steps.examples
        same = Same(optimiser, steps.batch_size, steps.seed, examples)
        order = np.asarray(order, np.int64)[: len(steps.rates) * steps.batch_size]
        with self.at_work():
            plan = self.plan(network, params.dtype)
            rows = self._staying(plan, X, Y, weights)
            if rows is not None:
                stepper = self._of_thread.stepper(plan, same, rows, owner_of(X))
            else:
                rows = self._of_thread.room(plan, len(order), (X, Y, weights))
                stepper = self._of_thread.stepper(plan, same, rows)
                for room, travelling in zip(rows, (X, Y, weights), strict=True):
                    if room is not None:
                        room[: len(order)].copy_(torch.from_numpy(np.asarray(travelling[order], params.dtype)))
                order = np.arange(len(order))
            return stepper(params, memory, order, steps) if len(steps.rates) else np.empty(0)

    def train_steps_many(self, network: Network, trainings: Iterable[Training]) -> list[Any]:
        """Train several networks of the same layers, one after the other: each has the whole device."""
        require_sound(network, trainings := list(trainings))
        return [self.train_steps(network, *training) for training in trainings]

    # ---- what they share ----

    def plan(self, network: Network, dtype: Any) -> Plan:
        """Return a network made ready for this device and type of number."""
        key = id(network), np.dtype(dtype)
        found = self._plans.get(key)
        if found is None:
            found = self._plans[key] = Plan(network, self.device, getattr(torch, np.dtype(dtype).name))
        for old in list(self._plans)[:-PLANS]:  # a plan holds its network, so that the identity stays its own
            self._plans.pop(old, None)
        return found

    def pieces(self, plan: Plan, *arrays: Any) -> Iterator[tuple[Any, ...]]:
        """Yield rows on the device, so many at a time as their layers leave room for."""
        of_a_row = plan.network.members * (plan.network.n_inputs + 2 * max(plan.network.widths)) * plan.dtype.itemsize
        size = max(1, BYTES_AT_ONCE // of_a_row)
        whole = self._staying(plan, *arrays)
        for at in range(0, len(arrays[0]), size):
            some = [None if one is None else one[at : at + size] for one in whole or arrays]
            yield tuple(one if whole or one is None else copied(one, self.device, plan.dtype) for one in some)

    def _staying(self, plan: Plan, *arrays: Any) -> Any:
        """Return the arrays on the device where they stay as they are and there is room, else None."""
        if not all(stays(one) for one in arrays):
            return None
        try:
            found = [None if one is None else sent(one, self.device, plan.dtype) for one in arrays]
        except torch.OutOfMemoryError:
            return None
        return Rows(*found) if len(found) == len(Rows._fields) else tuple(found)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        chosen = torch.cuda.device(self.device) if self.device.type == "cuda" else nullcontext()
        with chosen, memory_of(self.device), torch.no_grad():
            yield


class Predictor:
    """A network with its parameters on a device, made ready to predict again and again; they are copied."""

    def __init__(self, verbs: Verbs, network: Network, params: Any) -> None:
        self._verbs, self._network, self._dtype = verbs, network, params.dtype
        with verbs.at_work():
            self._plan = verbs.plan(network, params.dtype)
            self._bags = [copied(one, verbs.device, self._plan.dtype) for one in np.atleast_2d(params)]

    def __call__(self, X: Any) -> Any:
        """Return A[L] for the rows of X (m, n_inputs), shape (m, n_outputs); of several bags the mean of theirs."""
        found = [self._of(params, X) for params in self._bags]
        return found[0] if len(found) == 1 else mean_of_bags(found)

    def _of(self, params: Any, X: Any) -> Any:
        A, at, largest = np.empty((len(X), self._network.n_outputs), self._dtype), 0, np.finfo(self._dtype).max
        with self._verbs.at_work():
            for (x,) in self._verbs.pieces(self._plan, X):
                found = self._plan.output(self._plan.predict(params, x)).clamp(-largest, largest)
                A[at : at + len(x)] = found.T.cpu().numpy()
                at += len(x)
        return A


class _Steppers(threading.local):
    """The last steppers of a thread: their tensors are no other thread's."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, Any], Stepper] = OrderedDict()

    def stepper(self, plan: Plan, same: Same, rows: Rows, owner: Any = None) -> Stepper:
        """Return one that takes these steps on these rows; it goes when the network or the rows' owner goes."""
        key = self._key(plan)
        found = self._kept.get(key)
        if found is None or not fits(found, same, rows):
            found = self._kept[key] = Stepper(plan, same, rows, travels=owner is None)
            for one in (plan.network, owner):
                if one is not None:
                    weakref.finalize(one, self._kept.pop, key, None)
        self._kept.move_to_end(key)
        while len(self._kept) > STEPPERS:
            self._kept.popitem(last=False)
        return found

    def room(self, plan: Plan, n: int, arrays: tuple[Any, Any, Any]) -> Rows:
        """Return memory on the device for n rows that travel."""
        found = self._kept.get(self._key(plan))
        return room_for(n, found.rows if found is not None and found.travels else None, arrays, plan)

    @staticmethod
    def _key(plan: Plan) -> tuple[int, Any]:
        return id(plan.network), plan.dtype
