"""How a model learned: cost, score and learning rate of every epoch."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

from lamina.data.targets import Labels
from lamina.model import Model
from lamina.reporting.elements import Markup, counted, figure, paragraph, table
from lamina.reporting.measures import thinned
from lamina.reporting.pictures import INK, drawn, key_below, lines

SHOWN_EPOCHS = 100  # lines of the table
COLUMNS = {
    "cost": "cost",
    "validation_cost": "validation cost",
    "score": "score",
    "validation_score": "validation score",
    "learning_rate": "learning rate",
}


def curves(model: Model) -> Iterator[Markup]:
    """Yield the learning curves."""
    history = model.history
    if not history:
        yield paragraph("The model file holds no record of its epochs: there are no learning curves.")
        return
    kept = f"The weights of epoch {model.best_epoch} were kept. " if model.best_epoch else ""
    why = f"Training ended because: {model.stopped}." if model.stopped else ""
    yield paragraph(f"{counted(len(history), 'epoch')}. {kept}{why}")
    panels = [
        (name, ylabel, series)
        for name, ylabel, series in (
            ("cost", "cost J", _series(history, _of_both(model, "cost"))),
            ("score", score_name(model), _series(history, _of_both(model, "score"))),
            ("rate", "learning rate", _series(history, {"learning_rate": "learning rate"})),
        )
        if series
    ]
    if panels:
        with drawn("curves", _says(model, panels), columns=len(panels)) as picture:
            for ax, (name, ylabel, series) in zip(picture.axes, panels, strict=True):
                lines(ax, series)
                ax.set(xlabel="epoch", ylabel=ylabel)
                if name == "rate":
                    ax.set_ylim(bottom=0)
                elif model.best_epoch:
                    ax.axvline(
                        model.best_epoch, color=INK, linestyle=":", linewidth=1.2, label=f"kept: {model.best_epoch}"
                    )
                ax.xaxis.get_major_locator().set_params(integer=True)
            key_below(picture.axes[0], most=4)
        caption = "Cost (the lower the better), score (the higher the better) and learning rate after each epoch."
        yield figure(picture.svg, caption, *_as_table(history))
    else:
        yield paragraph("No epoch ended with a finite cost.")


def score_name(model: Model) -> str:
    """Return what the score of the history is, as far as the model knows."""
    scoring = model.settings.get("scoring")
    if isinstance(scoring, str) and scoring != "cost":
        return scoring
    return "accuracy" if isinstance(model.target, Labels) else "R2"


def _of_both(model: Model, name: str) -> dict[str, str]:
    return {name: "training rows", f"validation_{name}": model.watched_rows}


def _series(
    history: Sequence[Mapping[str, Any]], names: Mapping[str, str]
) -> list[tuple[str, list[float], list[float]]]:
    found = []
    for key, label in names.items():
        points = [(one["epoch"], one[key]) for one in history if _is_number(one.get(key))]
        if points:
            found.append((label, [x for x, _ in points], [y for _, y in points]))
    return found


def _is_number(value: Any) -> bool:
    return value is not None and isfinite(value)


def _says(model: Model, panels: Sequence[Any]) -> str:
    parts = []
    for _, label, series in panels:
        for who, _, y in series:
            of = f" of the {who}" if who != label else ""
            parts.append(f"{label}{of}: {y[0]:.4g} after the first epoch, {y[-1]:.4g} after the last")
    return f"Learning curves over {counted(len(model.history), 'epoch')}. {'; '.join(parts)}."


def _as_table(history: Sequence[Mapping[str, Any]]) -> tuple[str, Markup]:
    """Return the table of the epochs, and what it is called."""
    places = thinned(len(history), SHOWN_EPOCHS).tolist()
    some = f" ({len(places)} of {len(history):,})" if len(places) < len(history) else ""
    rows = [[str(history[k]["epoch"]), *(history[k].get(name) for name in COLUMNS)] for k in places]
    return f"The epochs as a table{some}", table(["epoch", *COLUMNS.values()], rows, "A line for each epoch")
