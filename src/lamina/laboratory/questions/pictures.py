"""What the network answers everywhere on a plane, what its units give there, and its weights: a picture of a step."""

from typing import Any

import numpy as np

from lamina.data.labels import Labels
from lamina.data.tables.sources import read
from lamina.equations.members import for_members, mean_of_members
from lamina.equations.walk import walk
from lamina.errors import SettingError
from lamina.laboratory.bench import Bench
from lamina.laboratory.edits import edited, edits_of
from lamina.laboratory.packed import packed
from lamina.laboratory.pixels import pictures_of_rows, pictures_of_units
from lamina.laboratory.planes import Plane, Planes, axes_of
from lamina.laboratory.surfaces import answers_over, last_part, outputs_of_layer, unit_over
from lamina.learning.precision import kept_type
from lamina.learning.run import Run
from lamina.learning.vital_signs import one_thread

LEAST_RESOLUTION, MOST_RESOLUTION = 8, 128
SMALL = 16  # nodes of a unit's small picture, in each direction
MOST_SMALL = 12  # units of a layer that have one each
MOST_WEIGHTS = 4096  # of a matrix that are sent with every picture
MOST_PICTURES = 64
OF_A_UNIT, BINS = 48, 24  # nodes of its larger picture, bars of its histogram


def plane(bench: Bench, columns: Any = None, resolution: int = 64) -> Any:
    """Return the plane to draw on, with the rows that are drawn on it: what changes only with rows and columns."""
    rows, run = bench.on_the_table()
    planes = _planes(bench, run)
    found = planes.of(_names(columns), _resolution(resolution))
    y = np.asarray(rows.y)[found.rows]
    target = run.columns.target
    classes = target.classes if isinstance(target, Labels) else None
    return {
        "axes": found.axes,
        "held": found.held,
        "share": found.share,
        "columns": axes_of(planes.table),
        "rows": found.rows,
        "of": planes.table.n_rows,
        "points": packed(found.points),
        "classes": classes,
        "targets": (target.codes(y) if len(y) else []) if isinstance(target, Labels) else packed(y.astype(np.float64)),
        "target": rows.target,
        "pixels": rows.pixels,
    }


def frame(bench: Bench, step: int | None = None, columns: Any = None, resolution: int = 64, edits: Any = ()) -> Any:
    """Return the picture of a step: the answers over the plane, the weights, and the units' small pictures.

    Without a step it is the newest, which may still be learning; the answer says which.
    """
    run, state = edited(*(bench.newest() if step is None else bench.state_at(step)), edits_of(edits))
    names, params = _names(columns), state.params
    planes = _planes(bench, run)
    surface = answers_over(
        planes.of(names, _resolution(resolution)),
        run.network,
        run.engine.predict,
        params,
        run.columns.target,
        run.target_name,
    )
    return {
        "step": state.step,
        "epoch": state.epoch,
        "surface": _packed_surface(surface),
        "weights": _weights(run, params),
        "units": _small_pictures(run, params, planes.of(names, SMALL)),
    }


def unit(bench: Bench, step: int, layer: int, unit: int, columns: Any = None, edits: Any = ()) -> Any:
    """Return one unit at a step: its row of W, its b, what it gives for the rows, and over the plane."""
    run, state = edited(*bench.state_at(step), edits_of(edits))
    planes, params = _planes(bench, run), state.params
    surface = unit_over(planes.of(_names(columns), OF_A_UNIT), run.network, params, layer, unit)
    every = outputs_of_layer(run.network, params, planes.chosen_inputs, layer)  # (units, rows)
    outputs = every[unit - 1]
    counts, edges = np.histogram(outputs[np.isfinite(outputs)], bins=BINS)
    named = run.network.named(params)
    W, b = (named.get(f"{role}{layer}") for role in "Wb")
    w = None if W is None or unit > len(W) else W[unit - 1]
    return {
        "layer": layer,
        "unit": unit,
        "units": len(every),
        "what": surface.what,
        "w": w,
        "from": [] if w is None else _names_of_inputs(run, layer, len(w)),
        "b": None if w is None or b is None else b[unit - 1, 0],
        "function": _function(run, layer),
        "outputs": {"counts": counts, "edges": edges, "n": len(outputs)},
        "mean": outputs.mean(),
        "surface": _packed_surface(surface),
    }


def pictures(bench: Bench, step: int, first: int = 0, count: int = 24) -> Any:
    """Return rows as grey pictures with their targets and answers, and the first layer's units as pictures."""
    if bench.rows.pixels is None:
        raise SettingError("the columns of these rows are no pixels of a square picture.")
    if type(first) is not int or type(count) is not int or first < 0 or not 1 <= count <= MOST_PICTURES:
        raise SettingError(f"first={first!r}, count={count!r}: expected a row's number, and 1 to {MOST_PICTURES} rows.")
    run, state = bench.state_at(step)
    planes = _planes(bench, run)
    rows = np.arange(min(first, planes.table.n_rows - 1), min(first + count, planes.table.n_rows))
    found = pictures_of_rows(planes.table, rows)
    answers = run.columns.target.decode(run.engine.predict(run.network, state.params, planes.inputs(rows)))
    named = run.network.named(state.params)
    units = pictures_of_units(named["W1"], run.columns.encoder) if "W1" in named else None
    return {
        "side": found.side,
        "rows": rows,
        "of": planes.table.n_rows,
        "shades": packed(found.shades),
        "targets": np.asarray(bench.rows.y)[rows],
        "answers": answers,
        "units": None if units is None else {"shades": packed(units.shades[:MOST_PICTURES]), "size": units.high},
    }


# ---- what a picture is made of ----


def _planes(bench: Bench, run: Run) -> Planes:
    """Return the planes of a run's rows; those of the last encoder are kept on the bench."""
    with bench.lock:
        if run.columns is not bench.run.columns:
            raise SettingError("Meanwhile other rows or settings were put on the table.")
        kept = bench.kept.get("planes")
        encoder, dtype = run.columns.encoder, kept_type(run.settings["dtype"])
        if kept is None or kept.encoder is not encoder or kept.dtype != dtype:
            kept = bench.kept["planes"] = Planes(read(bench.rows.X), encoder, dtype)
        found: Planes = kept
        return found


def _names(columns: Any) -> tuple[str, ...] | None:
    if columns is None:
        return None
    if not isinstance(columns, list | tuple) or not all(isinstance(name, str) for name in columns):
        raise SettingError(f"columns={columns!r}: expected two names, or nothing.")
    return tuple(columns)


def _resolution(resolution: Any) -> int:
    if type(resolution) is not int or not LEAST_RESOLUTION <= resolution <= MOST_RESOLUTION:
        raise SettingError(f"resolution={resolution!r}: expected {LEAST_RESOLUTION} to {MOST_RESOLUTION}.")
    return resolution


def _packed_surface(surface: Any) -> dict[str, Any]:
    classes = None if surface.classes is None else packed(surface.classes)
    return {**surface._asdict(), "values": packed(surface.values), "classes": classes}


def _weights(run: Run, params: Any) -> list[dict[str, Any]]:
    """Return W and b of every layer; of large matrices the shape alone."""
    named = run.network.named(params)
    found = []
    for name, array in named.items():
        if name[0] in "Wb" and name[1:].isdigit():
            small = array.size <= MOST_WEIGHTS
            largest = float(np.abs(array).max(initial=0.0))
            found.append(
                {"name": name, "shape": array.shape, "largest": largest, "values": packed(array) if small else None}
            )
    return found


def _small_pictures(run: Run, params: Any, plane: Plane) -> list[dict[str, Any]]:
    """Return what the units of each layer give over the plane, the inputs first: the sign and size of each, in bytes.

    128 is 0, and the largest size of a unit is 1 or 255. A layer of many units has a number for each, its mean, in
    place of pictures.
    """
    A0 = for_members(run.network.members, plane.grid.T.astype(np.float64))
    with np.errstate(all="ignore"), one_thread():
        there = walk(run.network, params.astype(np.float64), A0)
    numbers = sorted({number for number in run.network.numbers.values() if number})
    layers = [(0, A0), *((n, part.A) for n in numbers if (part := last_part(there.layers, n)) is not None)]
    found = []
    for number, A in layers:
        A = mean_of_members(run.network.members, A)
        small = len(A) <= MOST_SMALL
        means = A.mean(axis=1, keepdims=True)
        found.append(
            {"layer": number, "units": len(A), "pictures": small, "shades": packed(_shades(A if small else means))}
        )
    return found


def _shades(A: Any) -> Any:
    """Return numbers as bytes around 128, each row on a scale of its own where it has several, else all on one."""
    A = np.nan_to_num(A, nan=0.0, posinf=0.0, neginf=0.0)
    largest = np.abs(A).max(axis=1, keepdims=True) if A.shape[1] > 1 else np.abs(A).max(initial=0.0)
    scaled = np.divide(A, largest, out=np.zeros_like(A), where=np.broadcast_to(largest, A.shape) > 0)
    return np.rint(128 + 127 * scaled).astype(np.uint8)


def _names_of_inputs(run: Run, layer: int, count: int) -> list[str]:
    features = run.columns.encoder.feature_names
    if layer == 1 and len(features) == count:
        return list(features)
    return [f"a[{layer - 1}]{k + 1}" for k in range(count)]


def _function(run: Run, layer: int) -> str:
    for (place, *inside), number in run.network.numbers.items():
        function = getattr(run.network.layers[place], "function", None)
        if number == layer and not inside and function is not None:
            return str(function)
    return str(run.network.loss.output_name)
