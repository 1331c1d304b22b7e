"""Pictures, as scikit-learn draws them: a Display holds the numbers, `plot` draws them with matplotlib."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from lamina.errors import MissingExtraError


class LearningCurveDisplay:
    """Cost and score of every epoch, on training and validation rows.

    Parameters
    ----------
    history : sequence of dict
        Records with epoch, cost, validation_cost, score, validation_score.
    score_name : str
    best_epoch : int
        Marked in the picture; 0 for none.
    watched_rows : str
        What the rows are called that are not learned from.

    Attributes
    ----------
    figure_, axes_
        What `plot` drew.
    """

    def __init__(
        self,
        history: Sequence[dict[str, Any]],
        score_name: str = "score",
        best_epoch: int = 0,
        watched_rows: str = "validation rows",
    ) -> None:
        self.history, self.score_name, self.best_epoch = history, score_name, best_epoch
        self.watched_rows = watched_rows

    def plot(self, axes: Any = None) -> "LearningCurveDisplay":
        """Draw the cost on the first and the score on the second of two axes.

        Raises
        ------
        MissingExtraError
            matplotlib is not installed.
        """
        if axes is None:
            axes = _new_axes(2, (9, 3.6))
        self.figure_ = axes[0].figure
        self.axes_ = axes
        for ax, name, label in zip(axes, ("cost", "score"), ("cost J", self.score_name), strict=True):
            for key, who in ((name, "training rows"), (f"validation_{name}", self.watched_rows)):
                points = [(record["epoch"], record[key]) for record in self.history if record.get(key) is not None]
                if points:
                    ax.plot(*zip(*points, strict=True), label=who)
            if self.best_epoch:
                ax.axvline(self.best_epoch, color="0.6", linestyle="--", linewidth=1, label=f"kept: {self.best_epoch}")
            ax.set(xlabel="epoch", ylabel=label)
            ax.grid(alpha=0.3)
            ax.legend()
        return self

    def save(self, path: Any) -> None:
        """Write what `plot` drew to a PNG, SVG or PDF file."""
        self.figure_.savefig(path, dpi=150)


def draw_bars(names: Sequence[str], values: Any, label: str, axes: Any = None) -> Any:
    """Draw a horizontal bar for each name, the first on top; return the axes.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    if axes is None:
        axes = _new_axes(1, (7, 1 + 0.28 * len(names)))
    axes.barh(range(len(names)), values)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel(label)
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    return axes


def draw_rates(rates: Any, costs: Any, start: float, suggestion: float, axes: Any = None) -> Any:
    """Draw the cost that a short training came to by its learning rate; return the axes.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    if axes is None:
        axes = _new_axes(1, (6, 3.6))
    finite = [(rate, cost) for rate, cost in zip(rates, costs, strict=True) if cost < 4 * abs(start)]
    axes.plot(*zip(*finite, strict=True), marker="o", label="after the steps")
    axes.axhline(start, color="0.6", linewidth=1, label="at the start")
    axes.axvline(suggestion, color="0.6", linestyle="--", linewidth=1, label=f"suggestion: {suggestion:.2g}")
    axes.set(xscale="log", xlabel="learning rate", ylabel="cost")
    axes.grid(alpha=0.3)
    axes.legend()
    return axes


def draw_levels(levels: Sequence[tuple[str, Sequence[str], Sequence[float]]], label: str, heading: str) -> Any:
    """Draw bars, positive and negative, for several groups of names side by side; return the axes.

    Parameters
    ----------
    levels : sequence of (title, names, values)
    label : str
        Under each axis.
    heading : str
        Above all of them.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    tallest = max(len(names) for _, names, _ in levels)
    drawn = _new_axes(len(levels), (4.2 * len(levels), 1.2 + 0.28 * tallest))
    axes = [drawn] if len(levels) == 1 else list(drawn)
    for ax, (title, names, values) in zip(axes, levels, strict=True):
        draw_bars([_literal(name) for name in names], values, label, ax)
        ax.axvline(0, color="0.4", linewidth=1)
        for bar, value in zip(ax.patches, values, strict=True):
            bar.set_color("tab:blue" if value >= 0 else "tab:red")
        ax.set_title(title)
    axes[0].figure.suptitle(_literal(heading))
    return axes


def draw_search(
    points: Sequence[tuple[int, float]],
    default: float | None,
    lower_is_better: bool,
    label: str,
    importances: Mapping[str, float],
    axes: Any = None,
) -> Any:
    """Draw the score of each trial of a search, and how much each setting mattered; return the two axes.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    if axes is None:
        axes = _new_axes(2, (10, max(3.6, 1 + 0.28 * len(importances))))
    numbers, scores = zip(*points, strict=True)
    best = list(accumulate(scores, min if lower_is_better else max))
    axes[0].plot(numbers, scores, "o", markersize=4, label="a trial")
    axes[0].step(numbers, best, where="post", label="the best so far")
    if default is not None:
        axes[0].axhline(default, color="0.6", linestyle="--", linewidth=1, label="the defaults")
    axes[0].set(xlabel="trial", ylabel=label)
    axes[0].grid(alpha=0.3)
    axes[0].legend()
    if importances:
        draw_bars(list(importances), list(importances.values()), "share of the differences between trials", axes[1])
    else:
        axes[1].set_axis_off()
        axes[1].text(0.5, 0.5, "too few trials to tell what mattered", ha="center", va="center")
    return axes


def _literal(text: str) -> str:
    """Return a text that matplotlib draws as it is: a dollar begins no formula."""
    return text.replace("$", r"\$")


def _new_axes(columns: int, size: tuple[float, float]) -> Any:
    try:
        from matplotlib import pyplot
    except ImportError:
        raise MissingExtraError("Pictures need matplotlib: pip install 'lamina[plot]'") from None
    return pyplot.subplots(1, columns, figsize=size, layout="constrained")[1]
