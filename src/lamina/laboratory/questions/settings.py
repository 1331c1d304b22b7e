"""Which settings there are, what each may be, and whether it can change while the network learns."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from lamina.equations.activations import ACTIVATIONS
from lamina.laboratory.bench import KEPT_SETTINGS, Bench
from lamina.laboratory.hidden_layers import MOST_LAYERS, MOST_UNITS, hidden_of, settings_of
from lamina.learning import hyperparameters
from lamina.learning.hyperparameters import GROUPS, settings_for

NOT_HERE = {"verbose", "checkpoint_interval", "warm_start", "max_time", "scoring", "class_weight"}
LAYERS = {"hidden_layer_sizes", "activation", "dropout"}  # edited layer by layer


def settings(bench: Bench) -> Any:
    """Return every setting with its kind, range, help and value, in groups; and the hidden layers one by one."""
    known, run = settings_for(bench.rows.task), bench.run
    hidden = hidden_of(run.network)
    groups = [
        {
            "title": title,
            "settings": [_described(known[name], bench) for name in names if name in known and name not in NOT_HERE],
        }
        for title, names in GROUPS.items()
    ]
    return {
        "groups": [group for group in groups if group["settings"]],
        "layers": None if hidden is None else hidden,
        "activations": list(ACTIVATIONS),
        "most_layers": MOST_LAYERS,
        "most_units": MOST_UNITS,
        "by_layer": sorted(LAYERS),
        "seed": run.recipe.seed,
    }


def change_layers(bench: Bench, layers: Any, at: int | None = None) -> Any:
    """Change the hidden layers; the answer says whether training goes on or starts anew."""
    chosen = settings_of(layers, bench.run.settings["normalization"])
    return {"goes_on": bench.change(chosen, at), "now": bench.now()}


def _described(one: hyperparameters.Setting, bench: Bench) -> dict[str, Any]:
    used = bench.run.settings.get(one.name)
    if one.name == "batch_size":
        used = bench.run.recipe.batch_size
    return {
        "name": one.name,
        "help": one.help,
        "text": one.kind.text,
        **_kind(one.kind),
        "value": spelled(bench.settings.get(one.name, one.default)),
        "used": spelled(used),
        "live": one.name in KEPT_SETTINGS,
    }


def _kind(kind: Any) -> dict[str, Any]:
    """Return what a value may be, in the words of an input element."""
    if isinstance(kind, hyperparameters.Number):
        high = None if kind.high == float("inf") else kind.high
        return {"kind": "number", "low": kind.low, "high": high, "whole": kind.whole, "words": kind.words}
    if isinstance(kind, hyperparameters.OneOf):
        return {"kind": "one of", "values": kind.values}
    if isinstance(kind, hyperparameters.Choice):
        return {"kind": "choice", "values": [*kind.words, *kind.table]}
    return {"kind": "text", "words": getattr(kind, "words", ())}


def spelled(value: Any) -> Any:
    """Return a value as the page shows it: a choice with settings of its own as it is written, `adam(beta1=0.95)`."""
    if isinstance(value, Mapping):
        kind = value.get("kind", "")
        own = ", ".join(f"{name}={one!r}" for name, one in value.items() if name != "kind")
        return f"{kind}({own})" if own else kind
    if hasattr(type(value), "kind"):
        own = ", ".join(
            f"{one.name}={getattr(value, one.name)!r}"
            for one in fields(value)
            if getattr(value, one.name) != one.default
        )
        return f"{value.kind}({own})" if own else value.kind
    if isinstance(value, tuple | list):
        return ", ".join(str(spelled(one)) for one in value)
    return value
