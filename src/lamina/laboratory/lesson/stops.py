"""The lesson: twelve stops along the lecture's example, with the numbers of one step of one network."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from lamina.glassbox.trace import Trace
from lamina.laboratory.bench import Bench
from lamina.laboratory.lab_rows import built_in
from lamina.laboratory.lesson import backward_stops, forward_stops
from lamina.laboratory.lesson.parts import Grids, Product, Stop
from lamina.laboratory.lesson.scene import Scene, suits


def lesson_of(trace: Trace) -> dict[str, Any]:
    """Return the lesson with the numbers of a trace, as the page shows it.

    Parameters
    ----------
    trace : Trace
        Of a step. Where the lesson cannot be told with its network, the numbers are those of the lecture's own example
        before its first step.
    """
    own = suits(trace)
    scene = Scene(trace if own else _lecture())
    stops = {name: make(scene) for name, make in STOPS.items()}
    shown = {f"{role}{layer}" for role in "Wb" for layer in range(1, scene.layers + 1)}
    shown |= {name for stop in stops.values() for name in _names(stop)}
    lines = [one.result for one in scene.trace.equations()]
    return {
        "own": own,  # whether the numbers are those of the network on the table
        "step": scene.trace.step,
        "units": scene.units,
        "features": scene.features,
        "steepest": scene.steepest,
        "stops": [
            {"name": name, **stop._asdict(), "line": lines.index(stop.onward) if stop.onward in lines else None}
            for name, stop in stops.items()
        ],
        "arrays": {name: {"shape": scene[name].shape, "values": scene[name]} for name in sorted(shown)},
    }


def _names(stop: Stop) -> list[str]:
    """Return the arrays that the pictures of a stop show; those of a drawing are the weights."""
    found: list[str] = []
    for show in stop.shows:
        if isinstance(show, Grids):
            found += show.names
        elif isinstance(show, Product):
            found += [name for name in (show.result, show.left, show.right, show.plus) if name]
    return found


@cache
def _lecture() -> Trace:
    return Bench(built_in("lesson")).trace_at(0)


STOPS: Mapping[str, Callable[[Scene], Stop]] = {
    "shapes": forward_stops.shapes,
    "inputs": forward_stops.inputs,
    "linear": forward_stops.linear,
    "activation": forward_stops.activation,
    "forward": forward_stops.forward,
    "cost": forward_stops.cost,
    "start-back": backward_stops.start_back,
    "through-g": backward_stops.through_g,
    "gradients": backward_stops.gradients,
    "chain": backward_stops.chain,
    "update": backward_stops.update,
    "repeat": backward_stops.repeat,
}
