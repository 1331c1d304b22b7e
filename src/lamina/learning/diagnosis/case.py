"""A case: all that is known of a run when it is diagnosed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log
from typing import Any, TypeGuard

from lamina.computed_once import cached_property
from lamina.data.labels import Labels
from lamina.data.number_targets import Numbers
from lamina.equations.dropout import Dropout
from lamina.equations.layers import Residual
from lamina.equations.losses import BinaryLogLoss, CategoricalLogLoss
from lamina.equations.network import Network
from lamina.learning.diagnosis.facts import Facts
from lamina.learning.vital_signs import Look

SMALL_PENALTY = 0.1  # of the cost
SMALL_DROPOUT = 0.3


@dataclass(frozen=True, eq=False)
class Case:
    """A run to diagnose.

    Attributes
    ----------
    network : Network
    target : Labels or Numbers
    columns : sequence of str
        The columns of the table.
    settings : mapping
        Those that were given.
    history : sequence of mapping
        A record per epoch.
    looks : list of dict
        As `vital_signs` takes them, in the order of the epochs.
    facts : mapping
        What the rows say (`facts.facts_of`); empty where nobody looked.
    predictions : mapping
        What the kept weights predict (`facts.predictions_of`).
    recipe : mapping
        learning_rate, batch_size and epochs, where they are known.
    best_epoch : int
    stopped : str
    batch : mapping
        How well a single batch can be fitted; empty where nobody tried.
    """

    network: Network
    target: Labels | Numbers
    columns: Sequence[str] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    history: Sequence[Mapping[str, Any]] = ()
    looks: list[Look] = field(default_factory=list)
    facts: Facts = field(default_factory=dict)
    predictions: Facts = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    best_epoch: int = 0
    stopped: str = ""
    batch: Mapping[str, Any] = field(default_factory=dict)

    # ---- layers ----

    @property
    def layers(self) -> range:
        """The positions of the linear layers in every list of a look."""
        return range(len(self.looks[0]["weight"])) if self.looks else range(0)

    @property
    def hidden(self) -> range:
        """The positions of all but the last."""
        return self.layers[:-1]

    @property
    def start(self) -> Look | None:
        """The look before the first step."""
        return self.looks[0] if self.looks and self.looks[0]["epoch"] == 0 else None

    def by_epoch(self, name: str, layer: int) -> list[tuple[int, float]]:
        """Return the finite values of a sign of a layer, with the epochs after which they were seen."""
        found = ((look["epoch"], look.get(name)) for look in self.looks)
        return [(at, values[layer]) for at, values in found if values and values[layer] is not None]

    def norm(self, look: Look, name: str, layer: int) -> float | None:
        """Return the norm of W or dW from its root mean square."""
        value = look[name][layer]
        return None if value is None else float(value * self._sizes[layer] ** 0.5)

    @cached_property
    def _sizes(self) -> list[int]:
        return [slot.size for slot in sorted(slot for slot in self.network.slots if slot.role == "W")]

    def units(self, layer: int) -> int:
        """Return how many units a layer has, by the lecture's number."""
        return sorted(slot for slot in self.network.slots if slot.role == "W")[layer - 1].shape[0]

    @property
    def dropout(self) -> float:
        """The largest rate of dropout."""
        return max(_rates(self.network.layers), default=0.0)

    # ---- costs ----

    @property
    def is_classifier(self) -> bool:
        return isinstance(self.network.loss, BinaryLogLoss | CategoricalLogLoss)

    @property
    def expected_start(self) -> float | None:
        """The cost of a network that knows nothing: ln K, or that of the best constant."""
        if self.is_classifier:
            return log(max(self.network.n_outputs, 2) if isinstance(self.network.loss, CategoricalLogLoss) else 2)
        return self.facts.get("baseline")

    @cached_property
    def costs(self) -> list[float]:
        """The training cost of every epoch, where finite."""
        return [record["cost"] for record in self.history if is_number(record.get("cost"))]

    @cached_property
    def validation_costs(self) -> list[float]:
        return [one["validation_cost"] for one in self.history if is_number(one.get("validation_cost"))]

    @cached_property
    def data_costs(self) -> list[float]:
        """Training costs as when predicting: of the looks, and of epochs where penalty and dropout add little."""
        looks = [look["cost"] for look in self.looks if is_number(look.get("cost"))]
        heavy = (
            self.network.l1
            or self.dropout > SMALL_DROPOUT
            or max(map(self.share_of_penalty, self.looks), default=0.0) > SMALL_PENALTY
        )
        return looks + ([] if heavy else self.costs)

    def share_of_penalty(self, look: Look) -> float:
        """Return the L2 penalty's share in the cost that was seen in a look."""
        cost, n = look.get("cost"), self.facts.get("rows")
        if not n or not self.network.l2 or not is_number(cost):
            return 0.0
        squares = [w * w * size for w, size in zip(look["weight"], self._sizes, strict=True) if is_number(w)]
        penalty = self.network.l2 / (2 * n) * sum(squares)
        return float(penalty / (penalty + abs(cost))) if penalty else 0.0

    @property
    def kept(self) -> Mapping[str, Any]:
        """The record of the epoch whose weights were kept; the last where none is marked."""
        if not self.history:
            return {}
        return next((one for one in self.history if one.get("epoch") == self.best_epoch), self.history[-1])

    @property
    def share_of_baseline(self) -> float | None:
        """The cost of the kept weights over that of the best constant prediction: 1 is nothing learned."""
        cost, base = self.predictions.get("cost"), self.facts.get("baseline")
        return cost / base if is_number(cost) and base else None

    def column(self, j: int) -> str:
        """Return the name of a column."""
        return self.columns[j] if 0 <= j < len(self.columns) else f"column {j}"


def _rates(layers: Sequence[Any]) -> list[float]:
    found = [layer.rate for layer in layers if isinstance(layer, Dropout)]
    inside = (_rates(layer.layers) for layer in layers if isinstance(layer, Residual))
    return found + [rate for rates in inside for rate in rates]


def is_number(value: Any) -> TypeGuard[float]:
    """Return whether a number is there, and finite."""
    return value is not None and abs(value) < float("inf")
