"""The network of the lesson at one step: its trace, and the words for its numbers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.computed_once import cached_property
from lamina.equations import verbs
from lamina.equations.affine import Affine
from lamina.equations.network import Network
from lamina.equations.optimisers import GradientDescent
from lamina.equations.steps import Steps
from lamina.glassbox.slopes import Slopes
from lamina.glassbox.trace import Trace

MOST_EXAMPLES, MOST_UNITS = 40, 12  # whose grids fit on a page
STEPS = 100  # that the last stop takes
FASTER = (0.1, 1.0, 10.0)  # learning rates beside that of the trace


def suits(trace: Trace) -> bool:
    """Return whether the lesson can be told with this network: relu layers, one sigmoid, log loss, plain descent."""
    network, step = trace.network, trace.setting.step
    kinds = [layer.kind for layer in network.layers]
    functions = {getattr(layer, "function", "relu") for layer in network.layers}
    layered = kinds == ["linear", "activation"] * (len(kinds) // 2) + ["linear"] and len(kinds) >= 3
    plain = step is not None and step.optimiser == GradientDescent() and not (network.l1 or network.l2)
    small = trace.m <= MOST_EXAMPLES and max(network.n_inputs, *network.widths) <= MOST_UNITS
    both = {0.0, 1.0} == set(np.unique(trace["Y"]).tolist()) if trace.setting.targets else False
    one = network.loss.kind == "binary_log_loss" and network.n_outputs == 1 and network.members == 1
    finite = all(np.isfinite(array).all() for array in trace.arrays.values())
    return (
        layered and functions == {"relu"} and plain and small and one and both and finite and not trace.setting.weighted
    )


@dataclass(frozen=True, eq=False)
class Scene:
    """A step of the lesson's network.

    Parameters
    ----------
    trace : Trace
        One for which `suits` says yes.
    """

    trace: Trace

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.trace[name]

    @property
    def network(self) -> Network:
        return self.trace.network

    @property
    def m(self) -> int:
        """Number of examples."""
        return self.trace.m

    @cached_property
    def units(self) -> tuple[int, ...]:
        """n[0], n[1], ..., n[L]."""
        return (self.network.n_inputs, *(len(self[f"b{layer}"]) for layer in range(1, self.layers + 1)))

    @cached_property
    def layers(self) -> int:
        """L."""
        return sum(isinstance(layer, Affine) for layer in self.network.layers)

    @property
    def rate(self) -> float:
        """The learning rate."""
        step = self.trace.setting.step
        assert step is not None
        return step.rate

    @property
    def features(self) -> tuple[str, ...]:
        """What the rows of A[0] are called."""
        return self.trace.origins.features or tuple(f"x{j + 1}" for j in range(self.units[0]))

    def example(self, target: int) -> int:
        """Return the first example with this target."""
        return int(np.flatnonzero(self["Y"][0] == target)[0])

    def shape(self, name: str) -> str:
        """Return a shape as it is written: "(4, 5)"."""
        return size(*self[name].shape)

    @cached_property
    def params(self) -> NDArray[np.float64]:
        """All parameters in one vector."""
        theta = np.zeros(self.network.size)
        for name, view in self.network.named(theta).items():
            view[:] = self[name]
        return theta

    @cached_property
    def costs(self) -> dict[float, tuple[float, ...]]:
        """J before each of the next `STEPS` steps and after them, by what the learning rate is multiplied by."""
        return {faster: self._costs(faster) for faster in FASTER}

    def _costs(self, faster: float) -> tuple[float, ...]:
        theta, rates = self.params.copy(), np.full(STEPS + 1, faster * self.rate)
        rows = self["A0"].T.copy(), self["Y"].T.copy(), None, np.tile(np.arange(self.m), STEPS + 1)
        memory = np.zeros((0, len(theta)))
        with np.errstate(all="ignore"):
            found = verbs.train_steps(self.network, GradientDescent(), theta, memory, *rows, Steps(self.m, rates))
        return tuple(found.tolist())

    @cached_property
    def steepest(self) -> tuple[str, int, int]:
        """The weight of the last layer with the largest derivative."""
        name = f"W{self.layers}"
        return name, 0, int(np.argmax(np.abs(self[f"d{name}"][0])))

    @cached_property
    def slopes(self) -> Slopes:
        """The gradient check of that weight."""
        return self.trace.slopes(*self.steepest)


def size(*shape: int) -> str:
    """Return a shape as it is written."""
    return f"({', '.join(map(str, shape))})"


def say(value: Any, digits: int = 4) -> str:
    """Return a number in words of so many digits."""
    return f"{float(value) + 0.0:.{digits}g}".replace("-", "−")


def sum_of(first: Any, second: Any) -> str:
    """Return products that are added up, in words: "0.5 · 0.2 + 0.1 · (−3)"."""
    return " + ".join(f"{bracketed(a, 3)} · {bracketed(b, 3)}" for a, b in zip(first, second, strict=True))


def bracketed(value: Any, digits: int = 4) -> str:
    """Return a number, in brackets where it has a minus sign."""
    return f"({say(value, digits)})" if float(value) < 0 else say(value, digits)


def listed(values: Any, digits: int = 3) -> str:
    """Return numbers with commas between them."""
    return ", ".join(say(value, digits) for value in values)


def place(name: str, row: int, column: int) -> str:
    """Return an entry in LaTeX, between dollars: `W^{[2]}_{0,3}`."""
    letters = name.rstrip("0123456789")
    return f"${letters}^{{[{name[len(letters) :]}]}}_{{{row},{column}}}$"


def symbol(name: str) -> str:
    """Return the name of an array in LaTeX, between dollars."""
    letters = name.rstrip("0123456789")
    return f"${letters}^{{[{name[len(letters) :]}]}}$"
