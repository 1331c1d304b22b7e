"""The header of a model file: everything but the parameters, as JSON, and back through closed choices.

Kinds are keys of tables, keys are known ones, numbers are finite and in range; anything else is refused.
"""

import math
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, NamedTuple

from lamina.data import headers
from lamina.data.encoding.encoder import Encoder
from lamina.data.targets import Labels, Numbers
from lamina.equations.network import Network
from lamina.errors import ModelFileError
from lamina.learning.conformal import Conformal, has_scores
from lamina.learning.diagnosis.signs import Signs, signs_from
from lamina.learning.networks import loss_from
from lamina.learning.state import Record
from lamina.model import Model
from lamina.model_file import blueprints, settings

FORMAT = 3  # raised when older versions could misread what newer ones write
FORMAT_OF_ONE = 2  # of a model without bags: what older versions read
DTYPES = {"F32": "float32", "F64": "float64"}  # what safetensors calls them
MOST_SCORES = 100
KEYS = ("format", "lamina", "blueprint", "encoder", "target", "target_name", "settings", "history", "scores")
OPTIONAL = ("signs", "conformal")  # keys that a model without them leaves out
SINCE_2 = ("best_epoch", "stopped")  # keys that format 1 did not have
HISTORY = Record._fields
TIMES = {"seconds"}  # of a record: left out, so that the same fit makes the same file
TARGETS: dict[str, type[Labels] | type[Numbers]] = {"labels": Labels, "numbers": Numbers}


class Contents(NamedTuple):
    """A model without its parameters."""

    network: Network
    encoder: Encoder
    target: Labels | Numbers
    target_name: str
    settings: dict[str, Any]
    history: list[dict[str, Any]]
    scores: dict[str, float]
    best_epoch: int
    stopped: str
    signs: Signs | None
    conformal: Conformal | None


def header_of(model: Model) -> dict[str, Any]:
    """Return the header of a model as plain values."""
    kind = "labels" if isinstance(model.target, Labels) else "numbers"
    header = {
        "format": FORMAT if model.bags > 1 else FORMAT_OF_ONE,
        "lamina": version("lamina"),
        "blueprint": model.network.blueprint(),
        "encoder": model.encoder.to_header(),
        "target": {"kind": kind, **model.target.to_header()},
        "target_name": model.target_name,
        "settings": settings.to_header(model.settings),
        "history": [_timeless(record) for record in model.history],
        "scores": {name: value for name, value in model.scores.items() if _finite_or_none(value) is not None},
        "best_epoch": model.best_epoch,
        "stopped": model.stopped,
    }
    header |= {} if model.signs is None else {"signs": model.signs}
    return header if model.conformal is None else header | {"conformal": model.conformal.to_header()}


def _timeless(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _finite_or_none(value) for name, value in record.items() if name not in TIMES}


def _finite_or_none(value: Any) -> Any:
    return None if value is None or not math.isfinite(value) else value


def contents_of(header: Any) -> Contents:
    """Return what a header describes.

    Raises
    ------
    LaminaError
        Something in it is not what `header_of` writes.
    """
    check_format(header)
    since = [] if header["format"] == 1 else [*SINCE_2, *(name for name in OPTIONAL if name in header)]
    headers.fields(header, "header", [*KEYS, *since])
    _text(header["lamina"], "lamina")
    network = blueprints.network_from(header["blueprint"])
    encoder = Encoder.from_header(header["encoder"])
    if encoder.n_features != network.n_inputs:
        raise ModelFileError(f"its columns give {encoder.n_features} features, its network takes {network.n_inputs}")
    target = _target(header["target"])
    _check_outputs(network, target)
    history = [_record(one) for one in headers.listed(header["history"], "history")]
    scores = _scores(header["scores"])
    best_epoch = header.get("best_epoch", _best_epoch(history, scores))
    return Contents(
        network,
        encoder,
        target,
        _text(header["target_name"], "target_name"),
        settings.from_header(header["settings"], "classifier" if isinstance(target, Labels) else "regressor"),
        history,
        scores,
        headers.whole(best_epoch, "best_epoch", 0, 2**53),
        _text(header.get("stopped", ""), "stopped"),
        signs_from(header["signs"], sum(slot.role == "W" for slot in network.slots)) if "signs" in since else None,
        _conformal(header["conformal"], target) if "conformal" in since else None,
    )


def check_format(header: Any) -> None:
    """Look at the format first: a newer file is not damaged.

    Raises
    ------
    ModelFileError
        There is no format number, or one that this version does not read.
    """
    if not isinstance(header, dict) or type(header.get("format")) is not int:
        raise ModelFileError("its header has no format number")
    if header["format"] > FORMAT:
        here = version("lamina")
        raise ModelFileError(
            f"written by lamina {str(header.get('lamina'))[:40]} in format {header['format']}, but lamina {here} reads "
            f"formats up to {FORMAT}. Upgrade it: pip install --upgrade lamina"
        )
    if header["format"] < 1:
        raise ModelFileError(f"its header has the format {header['format']}: 1 to {FORMAT} expected")


def _conformal(header: Any, target: Labels | Numbers) -> Conformal:
    if not has_scores(target):
        raise ModelFileError("conformal: a target of numbers, or of one label a row, expected")
    return Conformal.from_header(header, target.n_targets if isinstance(target, Numbers) else 1)


def _target(header: Any) -> Labels | Numbers:
    if not isinstance(header, dict):
        raise ModelFileError(f"target: a dict expected, found {type(header).__name__}")
    kind = TARGETS[headers.choice(header.get("kind"), "target kind", TARGETS)]
    return kind.from_header({name: value for name, value in header.items() if name != "kind"})


def _check_outputs(network: Network, target: Labels | Numbers) -> None:
    task, outputs = (target.task, target.n_outputs) if isinstance(target, Labels) else ("regression", target.n_targets)
    loss_from({"loss": network.loss}, task)
    if network.loss.units(outputs) != network.n_outputs:
        raise ModelFileError(
            f"its network has {network.n_outputs} outputs, its target needs {network.loss.units(outputs)}"
        )


def _record(record: Any) -> dict[str, Any]:
    if not isinstance(record, dict) or not {"epoch"} <= set(record) <= set(HISTORY):
        raise ModelFileError(f"history: records of {', '.join(HISTORY)} expected")
    headers.whole(record["epoch"], "history epoch", 0, 2**53)
    for name, value in record.items():
        _number(value, f"history {name}", or_none=True)
    return record


def _best_epoch(history: list[dict[str, Any]], scores: dict[str, float]) -> int:
    """Return the epoch of format 1, which kept its validation cost but not its number; 0 where there is none."""
    cost = scores.get("validation_cost")
    return next((one["epoch"] for one in history if cost is not None and one.get("validation_cost") == cost), 0)


def _scores(scores: Any) -> dict[str, float]:
    if not isinstance(scores, dict):
        raise ModelFileError("scores: a dict expected")
    if len(scores) > MOST_SCORES:
        raise ModelFileError(f"scores: at most {MOST_SCORES} expected, found {len(scores):,}")
    for name, value in scores.items():
        _number(value, f"scores {name[:40]}")
    return scores


def _number(value: Any, what: str, or_none: bool = False) -> None:
    if not (or_none and value is None) and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ModelFileError(f"{what}: a number expected, found {type(value).__name__}")


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise ModelFileError(f"{what}: text expected, found {type(value).__name__}")
    return value
