"""Findings about the steps: too large, too small, or back and forth."""

from collections.abc import Mapping
from itertools import pairwise
from math import log10
from typing import Any, NamedTuple

from lamina.learning.diagnosis.case import Case, is_number
from lamina.learning.diagnosis.finding import Finding, percent, short

LOWEST, HIGHEST = 7e-4, 2.5e-2  # of a weight's norm, that healthy runs move by in a step
OFF_BY = 30.0
HEALTHY = f"healthy is {LOWEST:g} to {HIGHEST:g}"
AIM = 3e-3  # a healthy step, for advice
EARLY_LOOKS = 3  # in which a run that learns takes its largest steps
EPOCHS_FROM_ZERO = 8  # in which weights that start at 0 may double in a step
ROSE = 1.5  # times the cost of a network that knows nothing
FAST = 4.0  # times the highest healthy step: too fast where it kills units
FEW_DEAD, ALL_DEAD = 0.3, 0.95
FELL = 0.5  # of the first cost: then it was no small rate
BOUNCES = 10  # epochs at least, to tell
RISES = 0.35  # share of epochs in which the cost rises
SWING = 0.1  # mean change of an epoch, over the level
SMALL_BATCH = 32  # rows


class Step(NamedTuple):
    """How far a step moved the weights of a layer."""

    layer: int  # from 0
    epoch: int
    ratio: float  # of their norm


def diverged(case: Case) -> Finding | None:
    """Return a finding where training ended with numbers that are not finite."""
    if case.stopped != "diverged":
        return None
    return Finding(
        "diverged",
        "error",
        f"Training diverged in epoch {len(case.history) + 1}: a cost or gradient was not finite. The weights of epoch "
        f"{case.best_epoch} were kept.",
        "Use a smaller learning rate, or clip gradients (optimizer='adam(clip_norm=1)').",
        evidence={"epochs": len(case.history)},
    )


def learning_rate_too_high(case: Case) -> Finding | None:
    """Return a finding where steps are so large that the cost rises above that of knowing nothing, or units die."""
    high, worst = _steps_above(case, HIGHEST * OFF_BY), max(case.data_costs, default=0.0)
    known = [cost for cost in (case.start and case.start["cost"], case.expected_start) if cost]
    first = known[0] if known else None
    rose = bool(known) and worst > ROSE * max(known)
    never_low = bool(known) and min(case.data_costs, default=0.0) > 0.9 * min(known)
    is_off = rose and (bool(high) or never_low or case.stopped == "diverged")
    if not (is_off or (high and case.stopped == "diverged") or len(high) > len(case.hidden) or _killed_units(case)):
        return None
    parts = [f"the cost rises to {short(worst)}, from {short(first)}"] if rose and first else []
    steps = high or ([] if rose else _steps_above(case, 0.0, since=0))
    if steps:
        at = max(steps, key=lambda step: step.ratio)
        parts.insert(
            0, f"a step moves W{at.layer + 1} by {short(at.ratio)} of its norm after epoch {at.epoch} ({HEALTHY})"
        )
    seen, rate = "; ".join(parts), case.recipe.get("learning_rate")
    smaller = f"learning_rate_init={rate / 10:.2g}" if rate else "a tenth of it"
    return Finding(
        "learning_rate_too_high",
        "error",
        f"{seen[0].upper()}{seen[1:]}.",
        f"Use {smaller}, or ask find_learning_rate.",
        f"The learning rate{_of(rate)} is too high.",
        evidence={
            "ratios": {f"W{step.layer + 1}": step.ratio for step in steps},
            "first cost": first,
            "highest cost": worst,
        },
    )


def learning_rate_too_low(case: Case) -> Finding | None:
    """Return a finding where no layer moves, and the cost hardly does."""
    largest, costs = _largest_early_steps(case), case.costs
    if not largest or not costs or max(largest.values()) > LOWEST / OFF_BY or case.stopped == "diverged":
        return None
    fell = max((costs[0] - min(costs)) / costs[0], 0.0) if costs[0] > 0 else 1.0
    if fell > FELL:
        return None
    ratio, rate = max(largest.values()), case.recipe.get("learning_rate")
    larger = f"learning_rate_init={rate * 10 ** round(log10(AIM / max(ratio, 1e-12))):.1g}" if rate else "a larger one"
    return Finding(
        "learning_rate_too_low",
        "error",
        f"A step moves no weights by more than {short(ratio)} of their norm ({HEALTHY}), and the cost fell by "
        f"{percent(fell)} in {len(case.history)} epochs.",
        f"Use {larger}, or ask find_learning_rate.",
        f"The learning rate{_of(rate)} is too low.",
        evidence={"ratios": {f"W{layer + 1}": value for layer, value in largest.items()}, "fell": fell},
    )


def update_ratio_high(case: Case) -> Finding | None:
    """Return a finding where the steps of a layer are more than 30 times what is healthy."""
    high = _steps_above(case, HIGHEST * OFF_BY)
    if not high:
        return None
    layer, epoch, ratio = max(high, key=lambda step: step.ratio)
    return Finding(
        "update_ratio_high",
        "warning",
        f"A step moves W{layer + 1} by {short(ratio)} of its norm after epoch {epoch}, {short(ratio / HIGHEST)} times "
        f"more than in healthy runs.",
        "Use a smaller learning rate, or clip gradients (optimizer='adam(clip_norm=1)').",
        layer=layer + 1,
        evidence={"ratio": ratio, "epoch": epoch},
    )


def update_ratio_low(case: Case) -> Finding | None:
    """Return a finding where the steps of a layer are less than a thirtieth of what is healthy, from the start."""
    low = {layer: ratio for layer, ratio in _largest_early_steps(case).items() if ratio < LOWEST / OFF_BY}
    if not low:
        return None
    layer, ratio = min(low.items(), key=lambda item: item[1])
    return Finding(
        "update_ratio_low",
        "warning",
        f"In the first epochs a step moves W{layer + 1} by {short(ratio)} of its norm at most, "
        f"{short(LOWEST / max(ratio, 1e-30))} times less than in healthy runs.",
        "Use a larger learning rate, or an optimiser that scales its steps (adam).",
        layer=layer + 1,
        evidence={"ratio": ratio},
    )


def cost_bounces(case: Case) -> Finding | None:
    """Return a finding where the training cost goes up and down instead of falling."""
    records = [record for record in case.history if is_number(record.get("cost"))]
    pairs = [(a, b) for a, b in pairwise(records[len(records) // 4 :]) if not _rate_rose(a, b)]
    if len(pairs) < BOUNCES:
        return None
    changes = [b["cost"] - a["cost"] for a, b in pairs]
    level = sum(b["cost"] for _, b in pairs) / len(pairs)
    rises = sum(change > 0 for change in changes) / len(changes)
    swing = sum(map(abs, changes)) / len(changes) / level if level > 0 else 0.0
    if rises < RISES or swing < SWING:
        return None
    size = case.recipe.get("batch_size") or SMALL_BATCH
    batches = f", or larger batches than {size}" if size < SMALL_BATCH else ""
    return Finding(
        "cost_bounces",
        "warning",
        f"The training cost goes up and down: it rises in {percent(rises)} of the epochs, and changes by "
        f"{percent(swing)} of its level in each.",
        f"Use a smaller learning rate, a schedule that lowers it (schedule='cosine'){batches}.",
        "The steps are too large for the last part of the way.",
        evidence={"rises": rises, "swing": swing},
    )


def _of(rate: Any) -> str:
    return f" of {short(rate)}" if rate else ""


def _rate_rose(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Return whether the schedule raised the rate: the cost may then rise with it."""
    return bool((b.get("learning_rate") or 0) > 1.001 * (a.get("learning_rate") or 0))


def _killed_units(case: Case) -> bool:
    """Return whether all units of a layer died in training, under steps that were large from the start."""
    if not _steps_above(case, HIGHEST * FAST, since=0):
        return False
    shares = [[share for _, share in case.by_epoch("dead", layer)] for layer in case.hidden]
    return any(seen[0] < FEW_DEAD and max(seen) >= ALL_DEAD for seen in shares if seen)


def _steps_above(case: Case, limit: float, since: int = 1) -> list[Step]:
    """Return steps that moved weights by more of their norm; the first ones, from weights of about 0, may."""
    found = []
    for layer in case.layers:
        from_zero = not case.looks[0]["weight"][layer]
        first = max(since, EPOCHS_FROM_ZERO) if from_zero else since
        steps = (Step(layer, epoch, ratio) for epoch, ratio in case.by_epoch("update", layer))
        found += [step for step in steps if step.epoch >= first and step.ratio > limit]
    return found


def _largest_early_steps(case: Case) -> dict[int, float]:
    """Return the largest step of each layer in the first looks; nothing where the start was not seen."""
    if case.start is None or len(case.looks) < 2:
        return {}
    last, found = case.looks[:EARLY_LOOKS][-1]["epoch"], {}
    for layer in case.layers:
        ratios = [ratio for epoch, ratio in case.by_epoch("update", layer) if epoch <= last]
        if ratios:
            found[layer] = max(ratios)
    return found
