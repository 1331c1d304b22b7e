"""The results as tables in Markdown: means over the sets, ratios with intervals, and every score and cost by set."""

from collections.abc import Sequence
from math import isnan
from statistics import mean
from typing import Any

from accuracy_intervals import Ratio, ratio
from accuracy_metrics import SHIFT, shifted_mean
from datasets import SETS

SCORES = {
    "error": "Error, 1 - accuracy",
    "log_loss": "Log loss",
    "brier": "Brier score",
    "calibration": "Calibration error of the likeliest class",
    "nrmse": "nRMSE, RMSE / std of the test targets",
}
COSTS = {
    "fit_cpu": "Seconds of CPU to fit",
    "thousand_cpu": "Seconds of CPU to predict 1,000 rows",
    "peak_mib": "Peak memory of fit and predict over what was held before, MiB",
}
KINDS = {"random": "Random splits", "time": "Splits by time", "group": "Splits by group"}
NO_COST = 1e-9  # below what a clock sees: a ratio of two costs needs no shift

Lines = Sequence[dict[str, Any]]
Table = dict[str, dict[str, float]]  # set: method: mean over seeds


def line(one: dict[str, Any]) -> str:
    """Return a result in a line."""
    scores = " ".join(f"{name} {one[name]:.4f}" for name in SCORES if name in one)
    told = f"{scores} fit {one['fit_cpu']:.1f} s" if scores else f"NOTHING: {one['reason']}"
    size = "all" if one["rows"] == "all" else f"{one['rows']:,}"
    return f"{one['date'][11:19]} {one['set']:19} {one['method']:19} rows {size} seed {one['seed']} {told}"


def means(lines: Lines, key: str, sets: Sequence[str], methods: Sequence[str]) -> Table:
    """Return the means over those seeds of a set that every method, which has any there, has."""
    return {name: row for name, (row, _) in counted(lines, key, sets, methods).items()}


def counted(
    lines: Lines, key: str, sets: Sequence[str], methods: Sequence[str]
) -> dict[str, tuple[dict[str, float], int]]:
    """Return the means of each set, and over how many seeds they are."""
    found = {}
    for name in sets:
        by_method: dict[str, dict[int, float]] = {method: {} for method in methods}
        for one in lines:
            if one["set"] == name and one["method"] in by_method and key in one:
                by_method[one["method"]][one["seed"]] = one[key]
        there = {method: by_seed for method, by_seed in by_method.items() if by_seed}
        shared = set.intersection(*map(set, there.values())) if there else set()
        if shared:
            row = {method: mean(by_seed[seed] for seed in sorted(shared)) for method, by_seed in there.items()}
            found[name] = (row, len(shared))
    return found


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
            found[key] = {m: shifted_mean((max(table[name][m], 0) for name in over), _shift(key)) for m in methods}
    return found


def ratios(lines: Lines, sets: Sequence[str], method: str, peer: str) -> dict[str, Ratio]:
    """Return {score or cost: the ratio of a method's means to a peer's}, over the sets that both have."""
    found = {}
    for key in (*SCORES, *COSTS):
        table = means(lines, key, sets, (method, peer))
        over = shared_sets(table, (method, peer))
        if over:
            mine, theirs = ([max(table[name][m], 0) for name in over] for m in (method, peer))
            found[key] = ratio(mine, theirs, _shift(key))
    return found


def _shift(key: str) -> float:
    return SHIFT if key in SCORES else NO_COST


def page(lines: Lines, sets: Sequence[str], methods: Sequence[str], against: str = "lamina") -> str:
    """Return all tables: for each number of training rows the means and ratios, then every score and cost by set."""
    methods = [method for method in methods if any(one["method"] == method for one in lines)]
    if not methods:
        return "No results.\n"
    parts = [_head(lines)]
    for size in sorted({one["rows"] for one in lines}, key=lambda n: (isinstance(n, str), n)):
        of_size = [one for one in lines if one["rows"] == size]
        parts.append("## All training rows" if size == "all" else f"## At most {size:,} training rows")
        for kind, title in KINDS.items():
            of_kind = [name for name in sets if SETS[name].kind == kind]
            if any(one["set"] in of_kind for one in of_size):
                parts.append(f"### {title}: means\n\n{_overview(of_size, of_kind, methods)}")
                if against in methods and len(methods) > 1:
                    title = f"### {title}: {against} over each, below 1 where {against} has less"
                    parts.append(f"{title}\n\n{_comparison(of_size, of_kind, methods, against)}")
        for key, title in (SCORES | COSTS).items():
            table = counted(of_size, key, sets, methods)
            if table:
                parts.append(f"### {title}\n\n{_by_set(table, methods)}")
    return "\n\n".join(parts) + "\n"


def _head(lines: Lines) -> str:
    releases = sorted({one["version"] for one in lines})
    threads, at_once = lines[0]["threads"], max(one.get("at_once", 1) for one in lines)
    return "\n".join(
        [
            f"{threads} thread{'s'[: threads > 1]}, {at_once} process{'es' if at_once > 1 else ''} at once;",
            f"{', '.join(releases)};",
            f"{', '.join(sorted({one['processor'] for one in lines}))}; {max(one['date'] for one in lines)[:10]}.",
        ]
    )


def _overview(lines: Lines, sets: Sequence[str], methods: Sequence[str]) -> str:
    found = summary(lines, sets, methods)
    counts = {key: len(shared_sets(means(lines, key, sets, methods), methods)) for key in found}
    columns = [f"{key} ({counts[key]} sets)" for key in found]
    rows = [[method, *(_number(found[key][method], min(found[key].values())) for key in found)] for method in methods]
    told = f"Shifted geometric means over the sets that all have, exp(mean(log(x + {SHIFT}))); costs: no shift."
    return f"{told}\n\n{_markdown(['method', *columns], rows)}"


def _comparison(lines: Lines, sets: Sequence[str], methods: Sequence[str], against: str) -> str:
    found = {peer: ratios(lines, sets, against, peer) for peer in methods if peer != against}
    keys = [key for key in (*SCORES, *COSTS) if any(key in of_peer for of_peer in found.values())]
    rows = [
        [peer, *(_with_interval(of_peer[key]) if key in of_peer else "" for key in keys)]
        for peer, of_peer in found.items()
    ]
    told = (
        "Ratio of the means over the sets that both have, its 95 % interval by the bootstrap over sets, and how many "
        "sets in brackets. Bold: the interval lies below 1; *: above."
    )
    return f"{told}\n\n{_markdown(['method', *keys], rows)}"


def _with_interval(one: Ratio) -> str:
    value = f"**{one.value:.3f}**" if one.is_less else f"{one.value:.3f}{'*' * one.is_more}"
    ends = "" if isnan(one.low) else f"[{one.low:.3f}, {one.high:.3f}] "
    return f"{value} {ends}({one.sets})"


def _by_set(table: dict[str, tuple[dict[str, float], int]], methods: Sequence[str]) -> str:
    rows = []
    for name, (row, seeds) in table.items():
        cells = [_number(row[method], min(row.values())) if method in row else "" for method in methods]
        rows.append([f"{name} ({seeds})", *cells])
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
