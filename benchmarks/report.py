"""What was measured, as tables in the terminal, lines of JSON and a chart."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from measuring import Measurement, Outcome

COLOURS = ("#1b6ca8", "#8fbfe0", "#e07b39", "#c0392b", "#8e44ad", "#2e8b57", "#7f8c8d")
IN_A_ROW = 6  # cases of the chart


def duration(seconds: float) -> str:
    """Return three digits: "3.21 µs", "473 ms"."""
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= (10 if unit == "ms" else 1) * size:
            break
    value = seconds / size
    return f"{value:,.{0 if value >= 100 else 1 if value >= 10 else 2}f} {unit}"


def ratio(value: float) -> str:
    return f"{value:.0f}x" if value >= 10 else f"{value:.2g}x" if value >= 1 else f"{value:.2f}x"


def shares(one: Measurement, limits: dict[str, float]) -> dict[str, float]:
    """Return which part of the machine's multiply-adds and of its bandwidth a measurement used."""
    if not limits:
        return {}
    operations, data = 2 * one.case.multiply_adds, one.case.bytes_moved
    return {
        "of_peak": operations / one.median / (limits["gflops"] * 1e9),
        "of_bandwidth": data / one.median / (limits["gigabytes"] * 1e9),
    }


def table(outcomes: Sequence[Outcome], peers: Sequence[str], limits: dict[str, float]) -> Any:
    """Return the times and ratios: a line per case, a column per peer."""
    from rich.table import Table

    first = peers[0]
    grid = Table(
        title="Median of a step or call at the best number of threads (1t, 2t), the least of its repetitions, and the "
        f"processor time of all threads; 3x: takes 3 times as long as {first} in the median"
    )
    for heading in ("case", "network, batch", *peers, "at the peak", f"{first}: of peak", "of bandwidth"):
        grid.add_column(heading, justify="left" if heading in ("case", "network, batch") else "right")
    for outcome in outcomes:
        best, case = outcome.best(), outcome.case
        mine = best.get(first)
        quickest = min(best.values(), key=lambda one: one.median, default=None)
        cells = [_cell(best.get(peer), mine, peer == first, best.get(peer) is quickest) for peer in peers]
        part = shares(mine, limits) if mine else {}
        floor = duration(2 * case.multiply_adds / (limits["gflops"] * 1e9)) if limits else ""
        network = f"{'-'.join(map(str, case.widths))}, {case.batch:,}"
        grid.add_row(case.name, network, *cells, floor, *(f"{value:.1%}" for value in part.values()))
    return grid


def _cell(one: Measurement | None, mine: Measurement | None, is_first: bool, quickest: bool) -> str:
    if one is None:
        return "-"
    text = f"{duration(one.median)} {one.threads}t"
    text = f"[bold]{text}[/bold]" if quickest else text
    times = "" if mine is None or is_first else f"{ratio(one.median / mine.median)}, "
    return f"{text}\n{times}least {duration(one.least)}\nCPU {duration(median(one.cpu))}"


def results_table(outcomes: Sequence[Outcome], peers: Sequence[str]) -> Any:
    """Return what every peer came to: the cost after training, or the error of its predictions."""
    from rich.table import Table

    grid = Table(title="Costs after the same steps from the same weights (train); largest error of predictions")
    for heading in ("case", "at the start", *peers):
        grid.add_column(heading, justify="left" if heading == "case" else "right")
    for outcome in outcomes:
        best, trained = outcome.best(), outcome.case.work == "train"
        digits = ".6f" if trained else ".1e"
        cells = [f"{best[peer].result:{digits}}" if peer in best else "-" for peer in peers]
        grid.add_row(outcome.case.name, f"{outcome.start:.6f}" if trained else "", *cells)
    return grid


def remarks(outcomes: Sequence[Outcome]) -> list[str]:
    """Return what peers chose (lamina: its engine) and why some are missing, a line each."""
    found: dict[str, list[str]] = {}
    for outcome in outcomes:
        for one in outcome.measurements:
            if text := one.reason or one.how:
                found.setdefault(f"{one.peer}: {text}", []).append(outcome.case.name)
    return [f"{text} ({', '.join(dict.fromkeys(names))})" for text, names in sorted(found.items())]


def write(
    path: Path, run: dict[str, Any], outcomes: Sequence[Outcome], limits: dict[str, float], more: list[dict[str, Any]]
) -> None:
    """Write a line about the run, then a line for every case, peer and number of threads, then `more` lines."""
    lines: list[dict[str, Any]] = [{"record": "run", **run}]
    for outcome in outcomes:
        best = outcome.best()
        for one in outcome.measurements:
            line = {"record": "measurement", "date": run["date"], **asdict(one)}
            if one.seconds:
                line |= {
                    "median": one.median,
                    "least": one.least,
                    "best_threads": best[one.peer] is one,
                    **shares(one, limits),
                }
            lines.append(line | {"cost_at_start": outcome.start if outcome.case.work == "train" else None})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines + more), encoding="utf-8")


def draw(path: Path, outcomes: Sequence[Outcome], peers: Sequence[str], title: str) -> None:
    """Draw every case's times as multiples of the first peer's, a few cases to a row."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    shown = [outcome for outcome in outcomes if peers[0] in outcome.best()]
    rows = [shown[start : start + IN_A_ROW] for start in range(0, len(shown), IN_A_ROW)]
    figure, grid = pyplot.subplots(
        max(len(rows), 1), squeeze=False, figsize=(10, 3.2 * len(rows) + 1), layout="constrained"
    )
    for axes, row in zip(grid[:, 0], rows, strict=False):
        _bars(axes, row, peers)
    handles = [pyplot.Rectangle((0, 0), 1, 1, color=colour) for _, colour in zip(peers, COLOURS, strict=False)]
    figure.legend(handles, peers, ncols=len(peers), fontsize=7, loc="outside lower center")
    figure.suptitle(title, size=9)
    figure.savefig(path, dpi=150)
    pyplot.close(figure)


def _bars(axes: Any, outcomes: Sequence[Outcome], peers: Sequence[str]) -> None:
    width = 0.85 / len(peers)
    for k, outcome in enumerate(outcomes):
        best = outcome.best()
        for i, peer in enumerate(peers):
            if peer not in best:
                continue
            times, x = best[peer].median / best[peers[0]].median, k + (i - (len(peers) - 1) / 2) * width
            text = duration(best[peer].median) if i == 0 else ratio(times)
            axes.bar(x, times, width, color=COLOURS[i])
            axes.annotate(text, (x, times), (0, 2), textcoords="offset points", ha="center", rotation=90, size=7)
    axes.set_yscale("log")
    axes.margins(y=0.2)
    axes.axhline(1, color="black", linewidth=0.6)
    axes.set_xlim(-0.6, IN_A_ROW - 0.4)
    axes.set_xticks(range(len(outcomes)), [outcome.case.name for outcome in outcomes], size=8)
    axes.set_ylabel(f"time, {peers[0]} = 1", size=8)
