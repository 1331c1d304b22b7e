"""What a model keeps of its run to be diagnosed by: plain values, checked where they come from a file."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from lamina.data import headers
from lamina.errors import DataError
from lamina.learning.bags import first_of
from lamina.learning.diagnosis.facts import facts_of, order_of_batches, predictions_of
from lamina.learning.run import Run
from lamina.learning.state import State
from lamina.learning.vital_signs import Look, look_at

Signs = dict[str, Any]
MOST_LOOKS, MOST_LAYERS = 200, 4096


def signs_of(run: Run, state: State, params: Any) -> Signs:
    """Return what is worth keeping of a run whose kept weights are `params`."""
    signs = signs_so_far(run, state)
    if params.ndim == 2:  # of several bags the first is looked into
        (run, state), params = first_of(run, state), params[0]
    if not state.looks or state.looks[-1]["epoch"] < state.epoch or state.rows:
        signs["looks"].append(look_at(run, state, state.params))
    signs["facts"] = facts_of(run.examples, run.validation, run.columns.encoder, run.network)
    signs["facts"]["order"] = order_of_batches(run)
    signs["predictions"] = predictions_of(run.network, run.engine, params, run.validation or run.examples)
    return signs


def signs_so_far(run: Run, state: State) -> Signs:
    """Return what is there already, without a look at rows or weights."""
    recipe = run.recipe
    known = {
        "learning_rate": recipe.learning_rate,
        "batch_size": recipe.batch_size,
        "epochs": recipe.epochs,
        "weight_decay": getattr(recipe.optimiser, "weight_decay", 0.0),
        "preset_rows": run.n_rows_first_run,
        "data": str(run.rows.get("data", "")),
    }
    return {"recipe": known, "facts": {}, "looks": list(state.looks[-MOST_LOOKS:]), "predictions": {}}


def signs_from(header: Any, layers: int) -> Signs:
    """Return the signs of a model file whose network has so many linear layers.

    Raises
    ------
    DataError
        They are not what `signs_of` returns.
    """
    header = headers.fields(header, "signs", PARTS)
    looks = headers.listed(header["looks"], "signs looks")
    if len(looks) > MOST_LOOKS + 1:
        raise DataError(f"signs looks: at most {MOST_LOOKS + 1} expected, found {len(looks)}")
    found: Signs = {}
    for name, kinds in PARTS.items():
        what, value = f"signs {name}", header[name]
        found[name] = [_look(look, layers) for look in looks] if name == "looks" else _checked(value, what, kinds)
    return found


def _look(header: Any, layers: int) -> Look:
    look = _checked(header, "signs looks", PARTS["looks"])
    lists = LISTS & set(look)
    if not set(look) >= NEEDED or {len(look[name]) for name in lists} != {layers}:
        raise DataError("signs looks: a number for each layer expected")
    return look


def _checked(values: Any, what: str, kinds: Mapping[str, Callable[[Any, str], Any]]) -> dict[str, Any]:
    if not isinstance(values, dict) or not set(values) <= set(kinds):
        raise DataError(f"{what}: known names expected")
    return {name: kinds[name](value, f"{what} {name}") for name, value in values.items()}


def _number(value: Any, what: str) -> Any:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise DataError(f"{what}: a number expected, found {type(value).__name__}")
    if value is not None and not abs(value) <= sys.float_info.max:
        raise DataError(f"{what}: a finite number expected, found {value}")
    return value


def _whole(value: Any, what: str) -> int:
    return headers.whole(value, what, 0, 2**53)


def _word(value: Any, what: str) -> str:
    return headers.texts([value], what)[0]


def _numbers(value: Any, what: str) -> list[Any]:
    found = headers.listed(value, what)
    if len(found) > MOST_LAYERS:
        raise DataError(f"{what}: at most {MOST_LAYERS} numbers expected")
    return [_number(one, what) for one in found]


def _pairs(value: Any, what: str) -> list[Any]:
    return [[_whole(one, what) for one in headers.listed(pair, what, 2)] for pair in headers.listed(value, what)]


def _column_and_share(value: Any, what: str) -> list[Any]:
    column, share = headers.listed(value, what, 2)
    return [_whole(column, what), _number(share, what)]


def _target(value: Any, what: str) -> dict[str, Any]:
    kinds = {"mean": _number, "spread": _number, "values": _whole, "of": _whole, "first": _numbers}
    if set(found := _checked(value, what, kinds)) != set(kinds):
        raise DataError(f"{what}: {', '.join(kinds)} expected")
    return found


LISTS = {"weight", "gradient", "spread", "dead", "saturated", "same", "update"}
NEEDED = {"epoch", "step", "cost", *LISTS} - {"update"}  # a look after the last step has no step
PARTS: dict[str, dict[str, Callable[[Any, str], Any]]] = {
    "recipe": {
        **dict.fromkeys(("batch_size", "epochs", "preset_rows"), _whole),
        **dict.fromkeys(("learning_rate", "weight_decay"), _number),
        "data": _word,
    },
    "facts": {
        **dict.fromkeys(("rows", "validation_rows", "varying", "encoded", "largest_column", "overlap_of"), _whole),
        **dict.fromkeys(("baseline", "order", "largest", "typical", "richest", "twins", "overlap"), _number),
        "target": _target,
        "copies": _pairs,
        "leak": _column_and_share,
    },
    "looks": {"epoch": _whole, "step": _whole, "cost": _number, **dict.fromkeys(sorted(LISTS), _numbers)},
    "predictions": {"of": _whole, "cost": _number, "spread": _number, "actual": _numbers, "predicted": _numbers},
}
