"""The equations of one network, with its own shapes: as text, as LaTeX, and in a notebook."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lamina.equations.network import Network
from lamina.errors import SettingError
from lamina.glassbox.equation import PARTS_OF_A_PASS, Equation
from lamina.glassbox.network_equations import Setting, equations
from lamina.glassbox.sites import sites_of

LONGEST = 60  # of an equation, for the shapes beside it to stand in a column
TITLES = {"forward": "forward", "cost": "cost", "backward": "backward", "update": "update"}


@dataclass(frozen=True)
class NetworkEquations(Sequence[Equation]):
    """Every equation of a pass, in the order in which they are computed; `print` them.

    Attributes
    ----------
    rows : tuple of Equation
    shapes : mapping of str to tuple
        Of every array by name; "m" stands for the number of examples where it is open.
    network : Network
    """

    rows: tuple[Equation, ...]
    shapes: Mapping[str, tuple[Any, ...]]
    network: Network

    def __getitem__(self, index: Any) -> Any:
        """Return an equation by its number, or by the name of its result: `equations["dZ2"]`."""
        if isinstance(index, str):
            found = next((one for one in self.rows if one.result == index), None)
            if found is None:
                raise SettingError(f"no equation for {index!r}: there is one for {', '.join(r.result for r in self)}.")
            return found
        return self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    def __str__(self) -> str:
        width = min(max((len(one.text) for one in self.rows), default=0), LONGEST)
        return "\n".join(self._lines(width))

    def _lines(self, width: int) -> Iterator[str]:
        for part in PARTS_OF_A_PASS:
            rows = [one for one in self.rows if one.part == part]
            if rows:
                yield TITLES[part]
                yield from (f"    {one.text.ljust(width)}  {self._shapes(one)}".rstrip() for one in rows)

    def _shapes(self, one: Equation) -> str:
        """Return the shape of a result, and those of what it is computed from where they differ from it."""
        shape = self.shapes.get(one.result, ())
        read = {name: self.shapes.get(name, ()) for name in one.statement.inputs}
        others = [f"{name} {_spelled(other)}" for name, other in read.items() if other and other != shape]
        return _spelled(shape) + (f"  from {', '.join(others)}" if others and one.part != "update" else "")

    def latex(self) -> str:
        """Return the equations as an aligned block of LaTeX, without the dollars around it."""
        lines = [
            rf"{one.latex.replace(' = ', ' &= ', 1)} && {self._latex_shape(one.result)}".rstrip() for one in self.rows
        ]
        return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"

    def _latex_shape(self, name: str) -> str:
        shape = self.shapes.get(name, ())
        sides = r" \times ".join(map(str, shape))
        return f"({sides})" if shape else ""

    def _repr_latex_(self) -> str:
        return f"$$\n{self.latex()}\n$$"


def _spelled(shape: tuple[Any, ...]) -> str:
    return f"({', '.join(map(str, shape))})" if shape else ""


def equations_of(model: Any, *, training: bool = False) -> NetworkEquations:
    r"""Return the equations of a network, forward and back, with its own shapes.

    Parameters
    ----------
    model : DeepClassifier, DeepRegressor, Model or Network
    training : bool
        As in training: dropout draws, and batch normalisation looks at the batch.

    Returns
    -------
    NetworkEquations
        `print` it; `.latex()` gives LaTeX, which a notebook shows by itself.

    Raises
    ------
    lamina.errors.SettingError
        Not a model.
    """
    network = network_of(model)
    found = equations(network, Setting(training=training))
    return NetworkEquations(found, _shapes(network, training), network)


def network_of(model: Any) -> Network:
    """Return the network within an estimator, a Model, or the network itself."""
    if isinstance(model, Network):
        return model
    found = model.__dict__.get("model_", model) if hasattr(model, "__dict__") and not isinstance(model, type) else model
    network = getattr(found, "network", None)
    if isinstance(network, Network):
        return network
    if hasattr(model, "_fitted") and not isinstance(model, type):
        model._fitted()  # raises, in scikit-learn's words
    what = model.__name__ if isinstance(model, type) else type(model).__name__
    raise SettingError(
        f"expected a fitted DeepClassifier, DeepRegressor, a Model or a Network, found {what}. For a search pass "
        "search.best_estimator_; for a pipeline pass its last step, and the transformed rows."
    )


def _shapes(network: Network, training: bool) -> dict[str, tuple[Any, ...]]:
    sites, m = sites_of(network, training), "m" if network.members == 1 else f"{network.members}m"
    found: dict[str, tuple[Any, ...]] = {"A0": (network.n_inputs, m)}
    found |= {site.out: (site.units, m) for site in sites.every}
    found |= {slot.name: slot.shape for slot in network.slots}
    found |= {sites.A: (network.n_outputs, m), f"{sites.A}_mean": (network.n_outputs, "m")}
    return found | {f"d{name}": shape for name, shape in found.items()} | {"loss": (1, m)}
