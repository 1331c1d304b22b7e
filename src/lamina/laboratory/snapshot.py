"""The state of the lab in a file or a link: rows, settings, step, changes by hand; and the way back to the same bits.

A run that began with a fit is computed again: the seed decides every bit. One that began with a change by hand, or
with other settings under way, brings the state that it began with. Rows are named and not included: built-in ones are
there, those of a file are recognised by a fingerprint.
"""

import json
from base64 import b64decode, b64encode, urlsafe_b64decode
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lamina.errors import DataError, SettingError
from lamina.laboratory.bench import Bench
from lamina.laboratory.copied import begins_like_a_fit
from lamina.laboratory.edits import Edit, edited, edits_of
from lamina.laboratory.lab_rows import BUILT_IN, LabRows, built_in
from lamina.laboratory.plain import plain
from lamina.laboratory.sound import check_sound
from lamina.learning.hyperparameters import settings_for
from lamina.learning.state import ARRAYS, Record, State

FORMAT = "lamina lab 1"
LINK = "#open/"  # what stands before a state within an address
MOST_BYTES = 16 * 2**20  # of a file
MOST_STEPS = 1_000_000  # that are computed again
LONGEST_WAIT = 5000  # of these: a page looks on while more are computed
MOST_UNITS = 4096  # of a hidden layer that a file may ask for
FIELDS = {"format", "rows", "settings", "step", "begun", "edits", "view", "line", "example"}
LOOKS = {"view": str, "line": int, "example": int}  # what the page looks at


def snapshot_of(bench: Bench, step: int, edits: Sequence[Edit] = (), looks: Mapping[str, Any] | None = None) -> Any:
    """Return where the lab stands, as plain values: JSON that `restore` takes.

    Raises
    ------
    SettingError
        Its settings hold what no file says: layers.
    """
    run, _ = bench.state_at(step)
    with bench.lock:
        begun_run, start = bench.recording.beginning(step)
    known = settings_for(run.task)
    given = {name: value for name, value in run.given.items() if value != known[name].default}
    settings = {**given, "random_state": run.recipe.seed}
    for name, value in settings.items():
        if not _is_plain(value):
            raise SettingError(f"{name} holds layers, which no state file says: give all hidden layers one dropout.")
    fresh = bench.before is None and start.step == 0 and begins_like_a_fit(bench.rows, begun_run, start)
    return plain(
        {
            "format": FORMAT,
            "rows": {"name": bench.rows.name, "target": bench.rows.target, "data": run.rows["data"]},
            "settings": settings,
            "step": step,
            "begun": None if fresh else _begun(start),
            "edits": [list(edit) for edit in edits],
            **{name: value for name, value in (looks or {}).items() if name in LOOKS},
        }
    )


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float | bool)


def _begun(state: State) -> dict[str, Any]:
    arrays = {
        name: {"dtype": str(array.dtype), "shape": array.shape, "data": b64encode(array.tobytes()).decode()}
        for name, array in state.arrays().items()
    }
    return {"arrays": arrays, "scalars": {**state.scalars(), "looks": []}}


# ---- the way back ----


def read_snapshot(content: str | bytes) -> dict[str, Any]:
    """Return what a state file says, checked.

    Raises
    ------
    DataError
        It is no state of the lab, or says what none would.
    SettingError
        A number in it is not finite, or too long.
    """
    if len(content) > MOST_BYTES:
        raise DataError(
            f"a state of the lab takes at most {MOST_BYTES >> 20} MiB; this file has {len(content):,} bytes."
        )
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise DataError("this is no state of the lab: it is no JSON.") from None
    check_sound("this state", found)
    return checked(found)


def state_in_link(address: str) -> dict[str, Any]:
    """Return the state within an address that the page made: `http://127.0.0.1:8000/#open/...`.

    Raises
    ------
    DataError
        There is none in it.
    """
    packed = address.partition(LINK)[2]
    try:
        content = urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
    except ValueError:
        raise DataError("this link holds no state of the lab: was it copied whole?") from None
    return read_snapshot(content)


def checked(found: Any) -> dict[str, Any]:
    """Return a state of the lab that came from elsewhere, if it has the form of one.

    Raises
    ------
    DataError
        It has not.
    """
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise DataError(f'this is no state of the lab: expected "format": "{FORMAT}".')
    if unknown := set(found) - FIELDS:
        raise DataError(f"a state of the lab has no {', '.join(sorted(map(repr, unknown)))}.")
    rows, settings, step = found.get("rows"), found.get("settings"), found.get("step")
    if not isinstance(rows, dict) or not all(isinstance(rows.get(name), str) for name in ("name", "target", "data")):
        raise DataError("rows: expected name, target and data, three texts.")
    if not isinstance(settings, dict) or not all(map(_is_plain, settings.values())):
        raise DataError("settings: expected names and plain values.")
    if type(step) is not int or not 0 <= step <= MOST_STEPS:
        raise DataError(f"step: expected a whole number from 0 to {MOST_STEPS:,}, found {step!r:.40}.")
    for name, kind in LOOKS.items():
        if name in found and type(found[name]) is not kind:
            raise DataError(f"{name}: expected {'text' if kind is str else 'a whole number'}.")
    _check_size(settings)
    found = {"edits": [], "begun": None, **found}
    edits_of(found["edits"])
    return found


def _check_size(settings: Mapping[str, Any]) -> None:
    sizes = settings.get("hidden_layer_sizes", ())
    listed = sizes if isinstance(sizes, list | tuple) else [sizes]
    if len(listed) > 32 or any(isinstance(one, int) and one > MOST_UNITS for one in listed):
        raise DataError(f"hidden_layer_sizes: a state may ask for at most 32 layers of {MOST_UNITS:,} units.")


def restore(bench: Bench, found: Mapping[str, Any]) -> Any:
    """Put the bench where a checked state says; return what the page looks at: step, edits, view.

    Raises
    ------
    LaminaError
        Its rows are not at hand, or its settings or numbers do not fit.
    """
    rows = rows_for(bench.rows, found["rows"])
    settings = {name: tuple(v) if isinstance(v, list) else v for name, v in found["settings"].items()}
    made = Bench(rows, settings)  # apart: where anything does not fit, the bench stays as it is
    if found["rows"]["data"] != made.run.rows["data"]:
        raise DataError(f"the rows of {rows.name} are not those of this state: they have changed since.")
    run, state = made.run, made.state_at(0)[1]
    if found["begun"] is not None:
        state = _state_of(found["begun"], state)
    if state.step > found["step"]:
        raise DataError("the step of this state comes before its beginning.")
    edits = edits_of(found["edits"])
    edited(run, state, edits)
    bench.take(rows, settings, run, state)
    if found["step"] > state.step:
        steps = found["step"] - state.step
        bench.play(steps, wait=steps <= LONGEST_WAIT)
    looks = {name: found[name] for name in LOOKS if name in found}
    return {"step": bench.head, "edits": [list(edit) for edit in edits], **looks, "now": bench.now()}


def rows_for(now: LabRows, wanted: Mapping[str, str]) -> LabRows:
    """Return the rows that a state names: built-in ones, or those that lie on the bench.

    Raises
    ------
    DataError
        They are neither.
    """
    name = wanted["name"]
    if not now.built_in and now.name == name and now.target == wanted["target"]:
        return now
    if name in BUILT_IN:
        return built_in(name)
    raise DataError(
        f"this state is of the rows of {name!r}, which are not open: open them first, or run lamina lab STATE {name}"
    )


def _state_of(begun: Any, like: State) -> State:
    """Return the state that a run began with, of the same arrays as a fresh one."""
    try:
        arrays = {name: _array(one) for name, one in begun["arrays"].items()}
        scalars = dict(begun["scalars"])
    except (TypeError, KeyError, AttributeError, ValueError):
        raise DataError("begun: expected arrays and scalars of a training state.") from None
    fresh, known = like.arrays(), like.scalars()
    optional = set(ARRAYS) - set(fresh)
    if not set(fresh) <= set(arrays) <= set(fresh) | optional or set(scalars) != set(known):
        raise DataError("begun: its arrays or scalars are not those of a training state.")
    for name, array in arrays.items():
        model = fresh.get(name, fresh["params"])
        if array.shape != model.shape or array.dtype != model.dtype or not np.isfinite(array).all():
            raise DataError(
                f"begun: {name} is {array.shape} of {array.dtype}, expected {model.shape} of {model.dtype}."
            )
    for name, value in scalars.items():
        scalars[name] = _scalar(name, value, known[name])
    return State.of(arrays, scalars)


def _array(one: Mapping[str, Any]) -> Any:
    if one["dtype"] not in ("float32", "float64"):
        raise ValueError
    return np.frombuffer(b64decode(one["data"], validate=True), one["dtype"]).reshape(one["shape"]).copy()


def _scalar(name: str, value: Any, known: Any) -> Any:
    if name == "history":
        return _history(value)
    if isinstance(known, tuple) and value == []:
        return ()
    if isinstance(known, float) and value in NOT_FINITE:
        return float(value)
    kinds: tuple[type, ...] = (int, float) if isinstance(known, float) else (type(known),)
    if type(value) not in kinds or (isinstance(value, int) and value < 0):
        raise DataError(f"begun: {name}={value!r:.40} is not what a training state has there.")
    return float(value) if isinstance(known, float) else value


def _history(records: Any) -> list[dict[str, Any]]:
    """Return the records of the epochs so far."""
    fits = isinstance(records, list) and all(
        isinstance(one, dict) and set(one) == set(Record._fields) for one in records
    )
    if not fits or not all(_is_number(value) for one in records for value in one.values()):
        raise DataError(f"begun: expected a history of records of {', '.join(Record._fields)}.")
    return [{name: float(v) if v in NOT_FINITE else v for name, v in one.items()} for one in records]


def _is_number(value: Any) -> bool:
    return value is None or value in NOT_FINITE or (isinstance(value, int | float) and not isinstance(value, bool))


NOT_FINITE = ("NaN", "Infinity", "-Infinity")
