"""Findings about the rows: targets, columns, and which rows stand where."""

import numpy as np

from lamina.data.labels import Labels
from lamina.data.number_targets import Numbers
from lamina.learning.diagnosis.case import Case
from lamina.learning.diagnosis.facts import Facts
from lamina.learning.diagnosis.finding import Finding, listed, percent, short

MANY_CLASSES = 20  # numbers of more different values are rather quantities
FEW_VALUES = 10  # whole numbers of fewer are rather classes
FEW_ROWS_PER_CLASS = 50
GIVES_AWAY = 0.97  # of the variance of the target, by one column
LARGE, SMALL = 30.0, 1 / 30  # root mean square of a column or target that is not scaled
FAR = 30.0  # mean of a target, in its spreads
FEWEST_ROWS = 20  # from which shares say something
MUCH_OVERLAP = 0.1
SORTED = 5.0  # times the variance of batch means in random order


def constant_target(case: Case) -> Finding | None:
    """Return a finding where every row has the same target."""
    target, facts = case.target, case.facts.get("target")
    one_class = isinstance(target, Labels) and target.task != "multilabel" and len(target.classes) == 1
    no_spread = isinstance(target, Numbers) and facts is not None and facts["of"] > 1 and facts["values"] == 1
    if not (one_class or no_spread):
        return None
    what = f"the class {target.classes.tolist()[0]!r}" if isinstance(target, Labels) else "the same number"
    rows = f"All {case.facts['rows']:,} rows have" if case.facts.get("rows") else "All rows have"
    return Finding(
        "constant_target",
        "error",
        f"{rows} {what} as their target: there is nothing to learn.",
        "Check which column was taken as the target, and whether the rows were filtered by it.",
        evidence={"values": 1},
    )


def numbers_as_classes(case: Case) -> Finding | None:
    """Return a finding where the classes look like quantities."""
    target = case.target
    if not isinstance(target, Labels) or target.task != "multiclass" or target.classes.dtype.kind not in "iuf":
        return None
    classes = target.classes.astype(float)
    K, n = len(classes), case.facts.get("rows", 0)
    broken = bool((classes != np.floor(classes)).any())
    if not ((K > MANY_CLASSES and (broken or (n and n / K < FEW_ROWS_PER_CLASS))) or (broken and K > FEW_VALUES)):
        return None
    rows = f", about {short(n / K)} rows for each" if n else ""
    return Finding(
        "numbers_as_classes",
        "error",
        f"The target has {K} classes that are numbers, from {short(classes[0])} to {short(classes[-1])}{rows}: a "
        "classifier does not know that 3 is closer to 4 than to 40.",
        "If they are quantities, use a regressor.",
        evidence={"classes": K, "rows": n},
    )


def labels_as_numbers(case: Case) -> Finding | None:
    """Return a finding where the numbers to predict look like labels."""
    target, facts = case.target, case.facts.get("target")
    if (
        not isinstance(target, Numbers)
        or target.n_targets != 1
        or facts is None
        or case.network.loss.output_name == "exp"
    ):
        return None
    values = facts["values"]
    if not (2 <= values <= FEW_VALUES and facts["of"] >= FEWEST_ROWS * values and _are_whole(target, facts)):
        return None
    return Finding(
        "labels_as_numbers",
        "warning" if values == 2 else "note",
        f"The target has only {values} different values in {facts['of']:,} rows, all whole numbers: they look like "
        "labels, and a regressor predicts numbers between them.",
        "If they are labels, use a classifier: it predicts a probability for each.",
        evidence={"values": values, "rows": facts["of"]},
    )


def _are_whole(target: Numbers, facts: Facts) -> bool:
    """Return whether the few different values, in the target's unit, are whole numbers."""
    values = np.array(facts.get("first", [0.5])) * target.scale[0] + target.location[0]
    return bool((np.abs(values - np.round(values)) < 1e-3 * max(1.0, target.scale[0])).all())


def leaking_column(case: Case) -> Finding | None:
    """Return a finding where one column by itself explains the target."""
    j, share = case.facts.get("leak") or (0, 0.0)
    if share is None or share < GIVES_AWAY:
        return None
    return Finding(
        "leaking_column",
        "error",
        f"The column {case.column(j)!r} by itself explains {percent(share)} of the target: it gives the target away.",
        "If it is not known when a prediction is asked for (an outcome, a copy of the target), drop it; such a model "
        "is worthless on new rows.",
        evidence={"column": case.column(j), "explained": share},
    )


def copied_columns(case: Case) -> Finding | None:
    """Return a finding where columns say the same in every row."""
    pairs = case.facts.get("copies") or []
    if not pairs:
        return None
    copied = list(dict.fromkeys(case.column(b) for _, b in pairs))
    first, second = (case.column(j) for j in pairs[0])
    return Finding(
        "copied_columns",
        "note",
        f"{len(copied)} {'column says' if len(copied) == 1 else 'columns say'} what another one says: {second!r} is "
        f"{first!r} again, up to unit and offset.",
        f"Drop {listed(copied)}: what a column is worth is otherwise shared between them, in any proportion.",
        evidence={"pairs": [[case.column(a), case.column(b)] for a, b in pairs]},
    )


def validation_rows_in_training(case: Case) -> Finding | None:
    """Return a finding where validation rows were learned from, beyond what few different values explain."""
    facts = case.facts
    overlap, twins, of = facts.get("overlap"), facts.get("twins", 0.0), facts.get("overlap_of", 0)
    if overlap is None or of < FEWEST_ROWS or overlap < MUCH_OVERLAP:
        return None
    repeated = twins > overlap / 2
    if repeated and facts.get("richest", 0.0) < 0.2:  # a table of few different rows
        return None
    why = (
        f"{percent(twins)} of the training rows stand in the table more than once, so the split put their copies on "
        "both sides."
        if repeated
        else "The validation rows were taken from the training rows."
    )
    advice = (
        "Drop the copies before the split." if repeated else "Validate on rows that are not among the training rows."
    )
    return Finding(
        "validation_rows_in_training",
        "error",
        f"{percent(overlap)} of the {of:,} validation rows looked at stand among the training rows too, "
        "target included: the validation score says nothing about new rows.",
        advice,
        why,
        evidence={"overlap": overlap, "twins": twins, "rows": of},
    )


def sorted_rows(case: Case) -> Finding | None:
    """Return a finding where the rows are not shuffled, and those of a batch are alike."""
    ratio, shuffled = case.facts.get("order"), case.settings.get("shuffle", True)
    if shuffled or ratio is None or ratio < SORTED:
        return None
    return Finding(
        "sorted_rows",
        "error",
        f"The rows are sorted by their target and not shuffled: the means of batches vary {short(ratio)} times as "
        "much as in random order, so each step unlearns the last one's batch.",
        "Use shuffle=True.",
        evidence={"variance ratio": ratio},
    )


def constant_inputs(case: Case) -> Finding | None:
    """Return a finding where no column differs between rows."""
    varying = case.facts.get("varying")
    if varying is None or varying > 0 or case.facts.get("rows", 0) < 2:
        return None
    return Finding(
        "constant_inputs",
        "error",
        f"None of the {case.facts.get('encoded', 0):,} encoded columns differs between rows: all rows look the same to "
        "the network.",
        "Check which columns were kept, and whether they were read as what they are.",
        evidence={"varying": 0, "encoded": case.facts.get("encoded")},
    )


def unscaled_inputs(case: Case) -> Finding | None:
    """Return a finding where a column is much larger, or all are much smaller, than the network expects."""
    largest, typical = (case.facts.get(name) for name in ("largest", "typical"))
    if largest is None or typical is None or SMALL < largest < LARGE:
        return None
    name, scaling = case.column(case.facts.get("largest_column", 0)), case.settings.get("scaling", "auto")
    others = f", {short(typical)} is typical of all" if largest >= LARGE else ", and no other is larger"
    return Finding(
        "unscaled_inputs",
        "error",
        f"The column {name!r} has the size {short(largest)} (root mean square{others}): networks are made for inputs "
        "of about 1.",
        "Use scaling='standard', or scaling='robust' where there are outliers.",
        f"The columns are not scaled (scaling={scaling!r}).",
        evidence={"largest": largest, "typical": typical, "column": name},
    )


def unscaled_target(case: Case) -> Finding | None:
    """Return a finding where the target is not standardised and far from size 1."""
    facts = case.facts.get("target")
    if not isinstance(case.target, Numbers) or facts is None or case.settings.get("scale_target", True):
        return None
    if case.network.loss.output_name == "exp" or not facts["spread"]:
        return None
    mean, spread = facts["mean"], facts["spread"]
    if SMALL <= spread <= LARGE and abs(mean) <= FAR * spread:
        return None
    return Finding(
        "unscaled_target",
        "error",
        f"The target has the mean {short(mean)} and the spread {short(spread)}: the network begins at 0 and takes "
        "steps of about the learning rate, whatever the unit.",
        "Use scale_target=True (predictions stay in the target's own unit).",
        "The target is not standardised (scale_target=False).",
        evidence={"mean": mean, "spread": spread},
    )
