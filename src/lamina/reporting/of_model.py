"""What a model is: its columns and target, its layers, the settings that were given and those that the preset chose."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

from lamina.data.encoding.descriptions import columns
from lamina.data.targets import Labels
from lamina.equations.losses import Quantile
from lamina.learning.choices import spelled
from lamina.learning.hyperparameters import settings_for
from lamina.learning.presets import Facts, facts_with, resolved
from lamina.model import Model
from lamina.reporting.elements import Markup, counted, element, folded, paragraph, table

LISTED_COLUMNS = 30  # more are folded away
LISTED_CLASSES = 6
ANY_NUMBER = (1, 10**4, 10**6)  # of rows: choices that are the same for all of them depend on none


def what_it_is(model: Model) -> str:
    """Return a sentence on what goes in and what comes out."""
    n, kind = len(model.encoder.names_in), _kind(model)
    rows = training_rows(model)
    learned = "" if rows is None else f" {_who(model)} learned from {counted(rows[0], 'row')}"
    if rows is not None:
        learned += f", watched on {rows[1]:,} others." if rows[1] else ", without validation rows."
    return f"{kind} from {counted(n, 'column')}.{learned}"


def _kind(model: Model) -> str:
    target = model.target
    if isinstance(target, Labels):
        names = [str(one) for one in target.classes.tolist()]
        listed = ", ".join(names[:LISTED_CLASSES]) + (", ..." if len(names) > LISTED_CLASSES else "")
        if target.task == "multilabel":
            return f"Says which of {counted(len(names), 'label')} a row has,"
        return f"Tells {counted(len(names), 'class')} apart ({listed}),"
    loss = model.network.loss
    if isinstance(loss, Quantile):
        levels = ", ".join(f"{q:g}" for q in loss.quantiles)
        return f"Predicts the quantiles {levels} of {_numbers(target.n_targets)},"
    return f"Predicts {_numbers(target.n_targets)}, with the loss {loss.kind},"


def _numbers(count: int) -> str:
    return "a number" if count == 1 else f"{count} numbers"


def _who(model: Model) -> str:
    return "It" if model.bags == 1 else f"Each of its {model.bags} networks"


def training_rows(model: Model) -> tuple[int, int] | None:
    """Return how many rows the model learned from, and on how many it was watched; None where it does not know."""
    facts = (model.signs or {}).get("facts", {})
    rows = facts.get("rows")
    return None if rows is None else (rows, facts.get("validation_rows") or 0)


# ---- data ----


def data(model: Model, target: str) -> Iterator[Markup]:
    """Yield the columns, how each was encoded, and the target."""
    encoder = model.encoder
    found = list(columns(encoder))
    n = len(found)
    features = counted(encoder.n_features, "feature")
    yield paragraph(f"{counted(n, 'column')} become{'s' * (n == 1)} {features}, which the network takes as A[0].")
    listed = table(["column", "kind", "as features"], found, "The columns, in the order of training", left=range(3))
    yield listed if n <= LISTED_COLUMNS else folded(f"All {n:,} columns", listed)
    yield paragraph(f"The target is {target!r}. {_target(model)}")


def _target(model: Model) -> str:
    target = model.target
    if isinstance(target, Labels):
        return f"Its {counted(len(target.classes), 'class')} are what the network gives probabilities for."
    parts = [
        "as it is" if scale == 1 and location == 0 else f"as (y - {location:.4g}) / {scale:.4g}"
        for location, scale in zip(target.location.tolist(), target.scale.tolist(), strict=True)
    ]
    return f"The network learned it {', '.join(parts[:LISTED_CLASSES])}."


# ---- network and settings ----


def network(model: Model) -> Iterator[Markup]:
    """Yield the layers."""
    summary = model.summary()
    heading, *rows = summary.cells()
    yield paragraph(f"{counted(summary.parameters, 'parameter')}, {model.params.dtype}; loss: {summary.loss}.")
    yield table(heading, rows, "The layers, from the input on", left=range(3))


def settings(model: Model) -> Iterator[Markup]:
    """Yield every setting that has an effect: those that were given, and what the preset made of the others."""
    given, preset = model.settings, model.settings.get("preset", "auto")
    if given:
        rows = [(name, as_written(value)) for name, value in given.items()]
        yield table(["setting", "value"], rows, "Given: these differ from the defaults", left=(0, 1))
    else:
        yield paragraph("Every setting was left at its default.")
    chosen = chosen_by_preset(model)
    rows = [(name, as_written(value)) for name, value in chosen.items()]
    caption = f"Chosen by the preset {preset!r}"
    yield table(["setting", "value"], rows, caption, left=(0, 1))
    known = (model.signs or {}).get("recipe", {})
    names = {"learning_rate": "learning rate", "batch_size": "rows per step", "epochs": "epochs at most"}
    used = [(words, known[name]) for name, words in names.items() if known.get(name) is not None]
    if used:
        yield table(["used", "value"], used, "What it came to")


def chosen_by_preset(model: Model) -> dict[str, Any]:
    """Return what the preset chose for the settings that were left to it.

    Some choices depend on the number of rows. Where the model does not know it, they say so.
    """
    task: Literal["classifier", "regressor"] = "classifier" if isinstance(model.target, Labels) else "regressor"
    given = {name: one.default for name, one in settings_for(task).items()} | model.settings
    facts = facts_with(Facts(task, 0, len(model.encoder.names_in)), given, model.encoder.numbers.scaling)
    known = (model.signs or {}).get("recipe", {}).get("preset_rows")
    answers = [resolved(given, replace(facts, n_rows=n)) for n in (ANY_NUMBER if known is None else (known,))]
    left = [name for name, value in given.items() if isinstance(value, str) and value == "auto"]
    found = {}
    for name in left:
        values = [one[name] for one in answers]
        if any(value != values[0] for value in values):
            found[name] = "by the number of rows, which the model does not keep"
        elif values[0] != "auto":
            found[name] = values[0]
    return found


def as_written(value: Any) -> str:
    """Return the value of a setting as it is written in Python, objects by their name with settings."""
    if hasattr(value, "kind"):
        inside = ", ".join(f"{name}={as_written(one)}" for name, one in spelled(value).items() if name != "kind")
        return f"{value.kind}({inside})"
    if isinstance(value, tuple | list):
        return f"({', '.join(map(as_written, value))}{',' * (len(value) == 1)})"
    return value if isinstance(value, str) else repr(value)


def cards(pairs: list[tuple[str, str, str]]) -> Markup:
    """Return figures in boxes: what, how much, and a word on it."""
    boxes = [
        element("div", element("dt", what), element("dd", value), element("dd", more) if more else None)
        for what, value, more in pairs
    ]
    return element("dl", *boxes, class_="cards")
