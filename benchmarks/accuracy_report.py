"""The results as tables in Markdown and as a picture of accuracy against time."""

from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from accuracy_metrics import SHIFT, shifted_mean

SCORES = {"error": "Error, 1 - accuracy", "log_loss": "Log loss", "nrmse": "nRMSE, RMSE / std of the test targets"}
COSTS = {
    "fit_cpu": "Seconds of CPU to fit",
    "predict_cpu": "Seconds of CPU to predict the test rows",
    "peak_mib": "Peak memory of fit and predict over what was held before, MiB",
}

Lines = Sequence[dict[str, Any]]
Table = dict[str, dict[str, float]]  # set: method: mean over seeds


def line(one: dict[str, Any]) -> str:
    """Return a result in a line."""
    scores = " ".join(f"{name} {one[name]:.4f}" for name in SCORES if name in one)
    told = f"{scores} fit {one['fit_cpu']:.1f} s" if scores else f"NOTHING: {one['reason']}"
    return f"{one['date'][11:19]} {one['set']:19} {one['method']:19} seed {one['seed']} {told}"


def means(lines: Lines, key: str, sets: Sequence[str], methods: Sequence[str]) -> Table:
    """Return the means over those seeds of a set that every method, which has any there, has."""
    table: Table = {}
    for name in sets:
        values = {
            m: {o["seed"]: o[key] for o in lines if o["set"] == name and o["method"] == m and key in o} for m in methods
        }
        values = {method: by_seed for method, by_seed in values.items() if by_seed}
        shared = set.intersection(*(set(by_seed) for by_seed in values.values())) if values else set()
        if shared:
            table[name] = {method: mean(by_seed[seed] for seed in shared) for method, by_seed in values.items()}
    return table


def shared_sets(table: Table, methods: Sequence[str]) -> list[str]:
    return [name for name, row in table.items() if all(method in row for method in methods)]


def summary(lines: Lines, sets: Sequence[str], methods: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return {score or cost: {method: its shifted geometric mean}}, over the sets that all methods have.

    Costs have no shift.
    """
    found = {}
    for key in (*SCORES, *COSTS):
        table = means(lines, key, sets, methods)
        over = shared_sets(table, methods)
        if over:
            shift = SHIFT if key in SCORES else 1e-9
            found[key] = {m: shifted_mean((max(table[name][m], 0) for name in over), shift) for m in methods}
    return found


def page(lines: Lines, sets: Sequence[str], methods: Sequence[str]) -> str:
    """Return all tables: the means over the sets, then every score and cost by set."""
    methods = [method for method in methods if any(one["method"] == method for one in lines)]
    if not methods:
        return "No results.\n"
    releases = sorted({one["version"] for one in lines})
    rows, threads = lines[0]["rows"], lines[0]["threads"]
    head = [
        f"At most {rows:,} training rows, {threads} thread{'s'[: threads > 1]}; {', '.join(releases)};",
        f"{', '.join(sorted({one['processor'] for one in lines}))}; {max(one['date'] for one in lines)[:10]}.",
    ]
    parts = ["\n".join(head), _overview(lines, sets, methods)]
    for key, title in (SCORES | COSTS).items():
        table = means(lines, key, sets, methods)
        if table:
            parts.append(f"### {title}\n\n{_by_set(table, lines, key, methods)}")
    return "\n\n".join(parts) + "\n"


def _overview(lines: Lines, sets: Sequence[str], methods: Sequence[str]) -> str:
    found = summary(lines, sets, methods)
    counts = {key: len(shared_sets(means(lines, key, sets, methods), methods)) for key in found}
    columns = [f"{key} ({counts[key]} sets)" for key in found]
    rows = [[method, *(_number(found[key][method], min(found[key].values())) for key in found)] for method in methods]
    title = f"Shifted geometric means over the sets that all have, exp(mean(log(x + {SHIFT}))); costs: no shift"
    return f"### {title}\n\n{_markdown(['method', *columns], rows)}"


def _by_set(table: Table, lines: Lines, key: str, methods: Sequence[str]) -> str:
    rows = []
    for name, row in table.items():
        shared = set.intersection(
            *({o["seed"] for o in lines if o["set"] == name and o["method"] == m and key in o} for m in row)
        )
        cells = [_number(row[method], min(row.values())) if method in row else "" for method in methods]
        rows.append([f"{name} ({len(shared)})", *cells])
    return _markdown(["set (seeds)", *methods], rows)


def _number(value: float, best: float) -> str:
    text = f"{value:.4f}" if value < 10 else f"{value:,.1f}"
    return f"**{text}**" if value == best else text


def _markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(cell) for cell in column) for column in zip(heads, *rows, strict=True)]
    dashes = ["-" * width for width in widths[:1]] + ["-" * (width - 1) + ":" for width in widths[1:]]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in (heads, dashes, *rows)
    )


def draw(path: Path, lines: Lines, methods: Sequence[str]) -> None:
    """Draw the shifted means of the scores against the CPU seconds of fit, a panel a score; down and left is better."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot, ticker

    methods = [method for method in methods if any(one["method"] == method for one in lines)]
    sets = list(dict.fromkeys(one["set"] for one in lines))
    figure, panels = pyplot.subplots(1, len(SCORES), figsize=(13, 4.2), layout="constrained")
    for axes, (key, title) in zip(panels, SCORES.items(), strict=True):
        over = shared_sets(means(lines, key, sets, methods), methods)
        of_these = [one for one in lines if one["set"] in over]
        found = summary(of_these, over, methods) if over else {}
        for k, method in enumerate(methods if found else ()):
            mine = method.startswith("lamina")
            x, y = found["fit_cpu"][method], found[key][method]
            axes.scatter(x, y, color="#c0392b" if mine else f"C{k % 10}", marker="D" if mine else "o", zorder=3)
            axes.annotate(method, (x, y), (4, 4), textcoords="offset points", size=7)
        axes.set(xscale="log", title=f"{title} ({len(over)} sets)", xlabel="seconds of CPU to fit, geometric mean")
        axes.set_yscale("log")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter("{x:g}")
            axis.set_minor_formatter("{x:g}" if axis is axes.yaxis else ticker.NullFormatter())
        axes.title.set_size(9)
        axes.tick_params(labelsize=8, which="both")
        axes.margins(x=0.3, y=0.1)
        axes.grid(alpha=0.3, which="both")
    figure.savefig(path, dpi=150)
    pyplot.close(figure)
