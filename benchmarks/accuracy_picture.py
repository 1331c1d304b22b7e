"""The results as a picture: scores against seconds of CPU."""

from collections.abc import Sequence
from pathlib import Path

from accuracy_report import SCORES, Lines, means, shared_sets, summary

SHOWN = ("error", "log_loss", "nrmse")
TIMES = {"fit_cpu": "seconds of CPU to fit", "thousand_cpu": "seconds of CPU to predict 1,000 rows"}


def draw(path: Path, lines: Lines, methods: Sequence[str]) -> None:
    """Draw a column for a score and a row for a time; down and left is better.

    A point is the shifted geometric mean over the sets that all have; a line joins those of one method for different
    numbers of training rows.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    methods = [method for method in methods if any(one["method"] == method for one in lines)]
    figure, panels = pyplot.subplots(len(TIMES), len(SHOWN), figsize=(13, 8.4), layout="constrained", squeeze=False)
    for column, score in zip(panels.T, SHOWN, strict=True):
        points, counts = _points(lines, score, methods)
        for axes, (cost, label) in zip(column, TIMES.items(), strict=True):
            for k, method in enumerate(methods):
                mine = method.startswith("lamina")
                of_sizes = [one[method] for one in points]
                x, y = [at[cost] for at in of_sizes], [at[score] for at in of_sizes]
                axes.plot(x, y, color="#c0392b" if mine else f"C{k % 10}", marker="D" if mine else "o", lw=0.8, ms=5)
                if x:
                    axes.annotate(method, (x[-1], y[-1]), (4, 4), textcoords="offset points", size=7)
            axes.set_title(f"{SCORES[score]} ({counts} sets)", size=9)
            if points:
                _on_logarithmic_axes(axes, label)
    figure.savefig(path, dpi=150)
    pyplot.close(figure)


def _points(lines: Lines, score: str, methods: Sequence[str]) -> tuple[list[dict[str, dict[str, float]]], str]:
    """Return for each number of training rows {method: {score or cost: mean}}, and how many sets each is over."""
    points, counts = [], []
    for size in sorted({one["rows"] for one in lines}, key=lambda n: (isinstance(n, str), n)):
        of_size = [one for one in lines if one["rows"] == size]
        over = shared_sets(means(of_size, score, list(dict.fromkeys(o["set"] for o in of_size)), methods), methods)
        if over:
            found = summary([one for one in of_size if one["set"] in over], over, methods)
            points.append({method: {key: found[key][method] for key in (score, *TIMES)} for method in methods})
            counts.append(str(len(over)))
    return points, " and ".join(dict.fromkeys(counts)) or "no"


def _on_logarithmic_axes(axes, label: str) -> None:
    from matplotlib import ticker

    axes.set(xscale="log", yscale="log", xlabel=f"{label}, geometric mean")
    axes.xaxis.label.set_size(8)
    axes.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter("{x:g}" if axis is axes.yaxis else ticker.NullFormatter())
    axes.tick_params(labelsize=8, which="both")
    axes.margins(x=0.3, y=0.1)
    axes.grid(alpha=0.3, which="both")
