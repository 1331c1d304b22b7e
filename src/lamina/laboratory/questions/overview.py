"""Where things stand: rows, network, settings, the recording."""

from typing import Any

from lamina.data.encoding.descriptions import columns
from lamina.equations.slots import numbers
from lamina.laboratory.bench import Bench
from lamina.laboratory.lab_rows import titles

MOST_RECORDS = 1000  # of a history that are sent: of more, evenly spread ones


def now(bench: Bench) -> Any:
    """Return the first and the newest step, whether it trains, the last record, and how often what changed."""
    return bench.now()


def overview(bench: Bench) -> Any:
    """Return rows, network and settings: what changes only when somebody changes it."""
    rows, run = bench.on_the_table()
    return {
        "rows": {
            "name": rows.name,
            "title": rows.title,
            "target": rows.target,
            "task": rows.task,
            "n": run.n_rows,
            "validation": run.n_validation,
            "features": run.columns.encoder.feature_names,
            "columns": list(columns(run.columns.encoder)),
            "classes": getattr(run.columns.target, "classes", None),
            "pixels": rows.pixels,
            "built_in": rows.built_in,
        },
        "built_in": titles(),
        "network": {
            "inputs": run.network.n_inputs,
            "layers": [
                {"kind": layer.kind, "number": number, "units": width, "function": getattr(layer, "function", None)}
                for layer, number, width in zip(
                    run.network.layers, _outermost(run.network), run.network.widths, strict=True
                )
            ],
            "loss": run.network.loss.kind,
            "output": run.network.loss.output_name,
            "parameters": run.network.size,
            "shapes": {slot.name: slot.shape for slot in run.network.slots},
        },
        "engine": run.engine.name,
        "settings": {**run.settings, "batch_size": run.recipe.batch_size},
        "now": bench.now(),
    }


def _outermost(network: Any) -> list[int]:
    found = numbers(network.layers)
    return [found[(place,)] for place in range(len(network.layers))]


def history(bench: Bench, since: int = 0) -> Any:
    """Return the records of the epochs after the first `since`, at most `MOST_RECORDS`, evenly spread."""
    with bench.lock:
        records = bench.recording.history[max(since, 0) :]
        stride = max(1, -(-len(records) // MOST_RECORDS))
        chosen = records[::stride]
        return [*chosen, records[-1]] if records and chosen[-1] is not records[-1] else chosen
