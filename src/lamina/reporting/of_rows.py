"""How good a model is on given rows: scores, confusion, curves, calibration, residuals, the rows most wrong."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from lamina.data.targets import Labels
from lamina.model import Model
from lamina.reporting import measures
from lamina.reporting.answers import ClassAnswers, NumberAnswers
from lamina.reporting.elements import Markup, counted, element, figure, folded, number, paragraph, table
from lamina.reporting.pictures import FAINT, INK, SERIES, drawn, lines
from lamina.reporting.subject import Subject, Tried

CLASSES_OF_A_MATRIX = 20
CONFUSED = 15  # pairs of more classes
POINTS_OF_A_CURVE, POINTS_OF_A_CLOUD = 300, 1500
LINES_OF_A_CURVE = 20
LEARNED_FROM = (
    "holds the rows that the model was trained on: these scores are too good. Take rows that it has not seen."
)
SHOWN_COLUMNS = 6  # beside a row that is wrong


def scores(subject: Subject) -> Iterator[Markup]:
    """Yield what the rows say of the model."""
    model, tried = subject.model, subject.tried
    if tried is None:
        yield from _of_validation(model)
        return
    if tried.without:
        yield paragraph(tried.without)
        yield from _of_validation(model)
    if tried.answers is None:
        return
    if tried.learned_from:
        yield paragraph(element("strong", f"{tried.name} {LEARNED_FROM}"))
    caption = f"On {counted(tried.rows, 'row')} of {tried.name}; {tried.baseline}: the same answer for every row"
    yield table(["score", "the model", tried.baseline], tried.scores, caption)
    for note in tried.notes:
        yield paragraph(note, class_="soft")
    if isinstance(tried.answers, ClassAnswers):
        yield from _of_classes(model, tried.answers)
    else:
        yield from _of_numbers(subject.target, tried.answers)


def _of_validation(model: Model) -> Iterator[Markup]:
    if model.scores:
        names = {"r2": "R2"}
        rows = [
            (names.get(one.removeprefix("validation_"), one.removeprefix("validation_").replace("_", " ")), value)
            for one, value in model.scores.items()
        ]
        yield table(["score", "value"], rows, f"On the {model.watched_rows} of its training")
    else:
        yield paragraph("The model keeps no scores: it was trained without validation rows.")
    yield paragraph(
        "With a file of rows whose answers are known (lamina report MODEL FILE) the report also has scores on them, ",
        "what is taken for what, calibration or residuals, the rows that are most wrong, and which columns matter.",
        class_="soft",
    )


# ---- classes ----


def _of_classes(model: Model, answers: ClassAnswers) -> Iterator[Markup]:
    assert isinstance(model.target, Labels)
    names = [str(label) for label in model.target.classes.tolist()]
    if len(names) == 1:
        yield paragraph(f"The model knows the class {names[0]!r} only: there is nothing to tell apart.")
        return
    counts = measures.confusion(answers)
    yield element("h3", "What is taken for what")
    rows = [(name, *one) for name, one in zip(names, measures.per_class(counts), strict=True)]
    by_class = table(["class", "precision", "recall", "F1", "rows"], rows, "Every class")
    if len(names) <= CLASSES_OF_A_MATRIX:
        yield element("div", _matrix(names, counts), by_class, class_="beside")
    else:
        yield paragraph(f"{len(names)} classes: the most frequent mistakes.")
        wrong = [(names[a], names[b], n) for a, b, n in measures.confused(counts, CONFUSED)]
        yield table(["true class", "predicted class", "rows"], wrong, "Mistakes", left=(0, 1))
        yield folded(f"All {len(rows)} classes", by_class)
    yield paragraph(
        "Precision: the share that is right among the rows predicted as the class. Recall: among those of the class.",
        class_="soft",
    )
    if len(names) == 2:
        yield from _thresholds(names, answers)
    yield from _calibration(names, answers)


def _matrix(names: Sequence[str], counts: Any) -> Markup:
    """Return a confusion matrix as a table whose cells are the darker the larger their share of their row is."""
    head = element("tr", *(element("th", one, scope="col") for one in ("true \N{RIGHTWARDS ARROW} predicted", *names)))
    body = []
    for k, (name, line) in enumerate(zip(names, counts.tolist(), strict=True)):
        total = max(sum(line), 1)
        cells = [
            element(
                "td",
                element("span", number(n)),
                style=f"--share:{0.75 * n / total:.3f}",
                class_="right" if j == k else None,
            )
            for j, n in enumerate(line)
        ]
        body.append(element("tr", element("th", name, scope="row"), *cells))
    caption = element("caption", "True class down, predicted class across")
    whole = element("table", caption, element("thead", head), element("tbody", *body), class_="heat")
    return element("div", whole, class_="wide", tabindex=0, role="region", aria_label="Confusion matrix")


def _thresholds(names: Sequence[str], answers: ClassAnswers) -> Iterator[Markup]:
    yield element("h3", f"Every threshold on the probability of {names[1]!r}")
    swept = measures.sweep(answers)
    if swept is None:
        yield paragraph("All rows are of one class: there is no curve.")
        return
    base = float((answers.true == 1).mean())
    title = f"precision-recall: average {swept.average_precision:.4f}"
    says = f"ROC curve, area {swept.auc:.4f}, and {title}."
    at = measures.thinned(len(swept.thresholds), POINTS_OF_A_CURVE)
    with drawn("thresholds", says, columns=2, height=3.0) as picture:
        roc, pr = picture.axes
        x, y = (np.append(0, one[at]) for one in (swept.false_positive_rate, swept.recall))
        roc.plot([0, 1], [0, 1], color=INK, linestyle=":", linewidth=1)
        lines(roc, [(f"area {swept.auc:.4f}", x.tolist(), y.tolist())])
        roc.set(xlabel="false positive rate", ylabel="true positive rate (recall)", title=f"ROC: area {swept.auc:.4f}")
        pr.axhline(base, color=INK, linestyle=":", linewidth=1)
        lines(pr, [("", swept.recall[at].tolist(), swept.precision[at].tolist())])
        pr.set(xlabel="recall", ylabel="precision", title=title, xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
    some = measures.thinned(len(swept.thresholds), LINES_OF_A_CURVE).tolist()
    rows = [
        [float(one) for one in (swept.thresholds[k], swept.recall[k], swept.false_positive_rate[k], swept.precision[k])]
        for k in some
    ]
    headings = ["threshold", "recall", "false positive rate", "precision"]
    caption = f"Dotted: guessing; {number(base)} of the rows are {names[1]!r}."
    yield figure(picture.svg, caption, "The curves as a table", table(headings, rows, "Some thresholds", left=()))


def _calibration(names: Sequence[str], answers: ClassAnswers) -> Iterator[Markup]:
    found = measures.calibration(answers)
    what = f"the probability of {names[1]!r}" if len(names) == 2 else "the probability of the predicted class"
    yield element("h3", "Can the probabilities be taken at their word?")
    yield paragraph(
        f"Expected calibration error: {number(found.error)}. By so much {what} differs from how often it comes true, ",
        "on average over the rows, in ten bins.",
    )
    x, y = [one.predicted for one in found.bins], [one.found for one in found.bins]
    low, high = ([abs(one.interval[k] - one.found) for one in found.bins] for k in (0, 1))
    with drawn(
        "calibration", f"Calibration curve, expected calibration error {found.error:.4f}.", 2, height=3.0
    ) as picture:
        curve, share = picture.axes
        curve.plot([0, 1], [0, 1], color=INK, linestyle=":", linewidth=1)
        curve.errorbar(x, y, yerr=(low, high), color=SERIES[0], marker="o", markersize=4, capsize=2, elinewidth=1)
        curve.set(xlabel="mean probability", ylabel="share that came true", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
        curve.grid(True)
        middles = [(one.low + one.high) / 2 for one in found.bins]
        share.bar(middles, [one.rows for one in found.bins], width=0.09, color=SERIES[0])
        share.set(xlabel="probability", ylabel="rows", xlim=(-0.03, 1.03))
        share.grid(True, axis="y")
    rows = [
        [f"{one.low:.1f} to {one.high:.1f}", one.rows, one.predicted, one.found, _interval(one.interval)]
        for one in found.bins
    ]
    headings = ["probability", "rows", "mean probability", "came true", "95 % interval"]
    caption = "Left: each bin with the 95 % interval of its share; dotted: right on average. Right: rows per bin."
    yield figure(picture.svg, caption, "The bins as a table", table(headings, rows, "Bins with rows"))


def _interval(ends: tuple[float, float]) -> str:
    return f"{ends[0]:.3f} to {ends[1]:.3f}"


# ---- numbers ----


def _of_numbers(name: str, answers: NumberAnswers) -> Iterator[Markup]:
    if answers.quantiles is not None:
        yield from _coverage(answers)
    bins = measures.residual_bins(answers)
    what = f"the {_middle(answers)}-quantile" if answers.quantiles is not None else "what was predicted"
    yield element("h3", "Residuals")
    yield paragraph(f"A residual is the true {name!r} less {what}: above 0, the prediction was too low.")
    r = answers.residual
    says = f"Residuals by prediction, and their distribution: mean {r.mean():.4g}, standard deviation {r.std():.4g}."
    some = np.sort(np.random.default_rng(0).permutation(len(r))[:POINTS_OF_A_CLOUD])
    with drawn("residuals", says, columns=2, height=3.2) as picture:
        cloud, share = picture.axes
        cloud.plot(answers.predicted[some], r[some], ".", color=SERIES[0], markersize=3, alpha=0.35, markeredgewidth=0)
        x = [one.predicted for one in bins]
        cloud.axhline(0, color=INK, linestyle=":", linewidth=1)
        cloud.plot(x, [one.median for one in bins], color=SERIES[1], marker="o", markersize=3, label="median")
        for label, y in (("5 % and 95 %", [one.low for one in bins]), (None, [one.high for one in bins])):
            cloud.plot(x, y, color=SERIES[1], linestyle="--", linewidth=1.2, label=label)
        cloud.set(xlabel="prediction", ylabel="residual")
        cloud.grid(True)
        cloud.legend()
        share.hist(r, bins=min(60, max(8, round(len(r) ** 0.5))), color=SERIES[0], edgecolor=FAINT, linewidth=0.3)
        share.axvline(0, color=INK, linestyle=":", linewidth=1)
        share.set(xlabel="residual", ylabel="rows")
        share.grid(True, axis="y")
    drawn_rows = f" {len(some):,} of {len(r):,} rows are drawn." if len(some) < len(r) else ""
    caption = f"Left: residuals by prediction.{drawn_rows} Right: how many rows have which residual."
    headings = ["mean prediction", "rows", "mean residual", "5 %", "median", "95 %"]
    yield figure(picture.svg, caption, "Residuals as a table", table(headings, bins, "By prediction", left=()))


def _middle(answers: NumberAnswers) -> str:
    assert answers.quantiles is not None
    return f"{min(answers.levels, key=lambda q: abs(q - 0.5)):g}"


def _coverage(answers: NumberAnswers) -> Iterator[Markup]:
    found = measures.coverage(answers)
    yield element("h3", "Do the quantiles hold what they promise?")
    rows = [(f"{q:g}", share, share - q) for q, share in found]
    yield table(["quantile", "share of the rows below", "difference"], rows, "Each should have its own share below it")
    if len(found) > 1:
        (low, below), (high, above) = found[0], found[-1]
        inside = f"{100 * (above - below):.1f} % of the rows lie between the lowest and the highest quantile"
        crossing = (
            int((np.diff(answers.quantiles, axis=1) < 0).any(axis=1).sum()) if answers.quantiles is not None else 0
        )
        crossed = f" In {counted(crossing, 'row')} they cross; predict_quantiles sorts them." if crossing else ""
        yield paragraph(f"{inside}; {100 * (high - low):g} % should.{crossed}")


# ---- the rows that are most wrong ----


def wrong(subject: Subject) -> Iterator[Markup]:
    """Yield the rows that are most wrong."""
    model, tried = subject.model, subject.tried
    assert tried is not None
    answers, columns = tried.answers, model.encoder.names_in
    first = _strongest(tried, columns)
    rows = []
    for one in tried.worst:
        known = [one.cells[j] for j in first]
        rows.append([element("span", one.place, class_="place"), *_told(model, answers, one.number), *known])
    told = ["true", "predicted", "P(true)" if isinstance(answers, ClassAnswers) else "residual"]
    meaning = " P(true) is the probability that was given to the true class." if told[-1] == "P(true)" else ""
    few = len(columns) > len(first)
    which = f" The {len(first)} of {len(columns)} columns that matter most are shown." if few else ""
    yield paragraph(
        f"The {counted(len(rows), 'row')} that the model is most wrong about, the worst first.{meaning}{which}"
    )
    headings = ["row", *told, *(columns[j] for j in first)]
    text = (0, 1, 2) if isinstance(answers, ClassAnswers) else (0,)
    left = (*text, *range(1 + len(told), len(headings)))
    yield table(headings, rows, "Worth a look: a wrong label, a broken cell, or something that no column says", left)


def _strongest(tried: Tried, columns: Sequence[str]) -> list[int]:
    """Return the places of the columns that matter most, or of the first where nobody knows."""
    order = tried.explanations[0].order.tolist() if tried.explanations else list(range(len(columns)))
    return order[:SHOWN_COLUMNS]


def _told(model: Model, answers: Any, k: int) -> list[Any]:
    if isinstance(answers, ClassAnswers):
        assert isinstance(model.target, Labels)
        classes = model.target.classes
        return [str(classes[answers.true[k]]), str(classes[answers.predicted[k]]), float(answers.of_true[k])]
    return [float(one[k]) for one in (answers.true, answers.predicted, answers.residual)]
