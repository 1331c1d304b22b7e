"""Findings about what came of it: held back, memorised, or nothing learned."""

from lamina.data.labels import Labels
from lamina.learning.diagnosis.case import Case
from lamina.learning.diagnosis.finding import Finding, listed, percent, short

LITTLE_LEARNED = 0.8  # of the cost of the best constant prediction
NOTHING_LEARNED = 0.98
SHRUNK = 0.3  # of the weights' size at the start
HEAVY = 0.5  # share of the penalty in the cost
STRONG_DROPOUT = 0.6
HELD_BACK = 0.5  # of the cost of a constant, with so much dropout
NEARLY_PERFECT = 0.97  # score on training rows
GAP_OF_SCORES = 0.15
ROWS_PER_COLUMN = 5  # fewer, and any network knows them by heart
FLAT_ANSWERS = 0.02  # spread, of the target's
FEWEST_OF_A_CLASS, RARE = 5, 0.1
STILL_FALLING = 0.05  # of the watched cost, over the last tenth of the epochs
STILL_FALLING_UNWATCHED = 0.2  # of the training cost, which falls long after the validation cost rises
STILL_FALLING_A_LITTLE = 0.98  # of the cost, over the last tenth of the epochs
EPOCHS_TO_TELL = 20  # of fewer, less will do
FITTED = 0.3  # of the cost of a constant, on one batch


def too_much_l2(case: Case) -> Finding | None:
    """Return a finding where the penalty, or decay, keeps the weights so small that little is learned."""
    share, decay = case.share_of_baseline, float(case.recipe.get("weight_decay") or 0.0)
    if not case.looks or share is None or not (case.network.l2 or case.network.l1 or decay):
        return None
    first, last = case.looks[0], case.looks[-1]
    kept = max(
        (b / a for a, b in zip(first["weight"], last["weight"], strict=True) if a and b is not None), default=1.0
    )
    penalty = case.share_of_penalty(last)
    if share < LITTLE_LEARNED or kept > 1 or (kept > SHRUNK and penalty < HEAVY):
        return None
    shrunk = f"All weight matrices shrank to {percent(kept)} of their size at the start, or less"
    seen = shrunk if kept <= SHRUNK else f"The penalty is {percent(penalty)} of what is minimised"
    return Finding(
        "too_much_l2",
        "error",
        f"{seen}, and the cost is {percent(share)} of that of a constant prediction.",
        "Use a hundredth of it, or 0, and raise it only while the validation cost falls.",
        f"The penalty ({_penalty(case, decay)}) outweighs what the rows say.",
        evidence={"weights": kept, "penalty": penalty, "cost": share},
    )


def _penalty(case: Case, decay: float) -> str:
    rows = case.facts.get("rows")
    if case.network.l2:
        return f"alpha={short(case.network.l2)}" + (f", {short(case.network.l2 / rows)} a row" if rows else "")
    return f"l1={short(case.network.l1)}" if case.network.l1 else f"weight_decay={short(decay)}"


def too_much_dropout(case: Case) -> Finding | None:
    """Return a finding where so many units are dropped that little is learned."""
    rate, share = case.dropout, case.share_of_baseline
    if rate < STRONG_DROPOUT or share is None or share < HELD_BACK:
        return None
    without = case.looks[-1]["cost"] if case.looks else None
    apart = f" ({short(case.costs[-1])} with dropout, {short(without)} without)" if without and case.costs else ""
    return Finding(
        "too_much_dropout",
        "warning",
        f"Each step drops {percent(rate)} of the hidden units, and the cost is {percent(share)} of that of a constant "
        f"prediction{apart}.",
        "Use 0.1 to 0.3, or none: dropout helps where a network memorises, and this one does not.",
        "So few units are left in a step that they hardly learn together.",
        evidence={"dropout": rate, "cost": share},
    )


def cannot_fit_one_batch(case: Case) -> Finding | None:
    """Return a finding where the network could not learn a few rows by heart."""
    if not case.batch or case.batch["share"] < FITTED:
        return None
    rows, steps, share = (case.batch[name] for name in ("rows", "steps", "share"))
    return Finding(
        "cannot_fit_one_batch",
        "error",
        f"A fresh network of these settings cannot learn {rows} rows by heart: after {steps:,} steps on them their "
        f"cost is still {percent(share)} of that of a constant prediction.",
        "Use wider layers, less dropout and penalty, another initializer or activation.",
        "The network is too small, held back, or does not get its gradient.",
        evidence=dict(case.batch),
    )


def _learned_in_vain(case: Case) -> tuple[float, float] | None:
    """Return the lowest training and validation cost, over that of a constant, where only the first fell."""
    base, costs, validation = case.facts.get("baseline"), case.data_costs, case.validation_costs
    if not base or len(case.history) < 2 or not validation:
        return None
    lowest, best = min(costs) / base, min(validation) / base
    return (lowest, best) if best >= NOTHING_LEARNED and lowest < min(0.99, best - 0.02) else None


def _has_few_rows(case: Case) -> bool:
    rows = case.facts.get("rows")
    return bool(rows) and rows < ROWS_PER_COLUMN * (case.facts.get("encoded") or 1)  # type: ignore[operator]


def shuffled_labels(case: Case) -> Finding | None:
    """Return a finding where training rows are learned, and validation rows never."""
    found = _learned_in_vain(case)
    if found is None or _has_few_rows(case):
        return None
    lowest, best = found
    return Finding(
        "shuffled_labels",
        "error",
        f"The training cost fell to {percent(lowest)} of that of a constant prediction, the validation cost never "
        f"below {percent(best)}: what is learned holds for no other row.",
        "Check that rows and targets are in the same order (after a join, a sort, a shuffle of one of them), and "
        "that the columns can know the target.",
        "The targets do not belong to their rows, or the columns say nothing about them.",
        evidence={"training": lowest, "validation": best},
    )


def memorising(case: Case) -> Finding | None:
    """Return a finding where the weights know the training rows and not the validation rows."""
    too_few = _has_few_rows(case) and _learned_in_vain(case) is not None
    record = case.history[-1] if too_few else case.kept
    score, held_out = record.get("score"), record.get("validation_score")
    if score is None or held_out is None:
        return None
    if not too_few and (score < NEARLY_PERFECT or score - held_out < GAP_OF_SCORES):
        return None
    rows, encoded = case.facts.get("rows"), case.facts.get("encoded") or 0
    few = f"It has {case.network.size:,} parameters and {encoded:,} encoded columns for {rows:,} rows." if rows else ""
    return Finding(
        "memorising",
        "warning",
        f"The network knows its training rows by heart ({'accuracy' if case.is_classifier else 'R2'} {short(score)}) "
        f"and does worse on validation rows ({short(held_out)}).",
        "Get more rows, or use dropout=0.2, a smaller network, a larger alpha, or early_stopping=True.",
        few,
        evidence={"score": score, "validation score": held_out},
    )


def class_never_predicted(case: Case) -> Finding | None:
    """Return a finding where some classes are never the answer, while others are."""
    actual, predicted = (case.predictions.get(name) or [] for name in ("actual", "predicted"))
    if not isinstance(case.target, Labels) or case.target.task == "multilabel" or len(case.target.classes) < 2:
        return None
    counts = list(zip(case.target.classes.tolist(), actual, predicted, strict=False))
    never = [(label, count) for label, count, answers in counts if count >= FEWEST_OF_A_CLASS and answers == 0]
    if not never:
        return None
    share, one = sum(count for _, count in never) / sum(actual), len(never) == 1
    return Finding(
        "class_never_predicted",
        "warning",
        f"{'Class' if one else 'Classes'} {listed(label for label, _ in never)} {'is' if one else 'are'} never "
        f"predicted: {percent(share)} of the rows that were looked at.",
        "Use class_weight='balanced', get more rows of it, or use predict_proba with a lower threshold.",
        "Rare classes cost little to ignore." if share < RARE else _how_little_was_learned(case),
        evidence={"classes": [label for label, _ in never], "share": share},
    )


def _how_little_was_learned(case: Case) -> str:
    share, costs = case.share_of_baseline, case.costs
    ended = case.stopped.startswith(("all ", "max_time")) and len(costs) > 1
    if ended and costs[-1] < STILL_FALLING_A_LITTLE * costs[-1 - max(1, len(costs) // 10)]:
        return "Training ended while the cost still fell: train longer first."
    if share is None or share < LITTLE_LEARNED:
        return ""
    return f"Little was learned: the cost is still {percent(share)} of that of a constant prediction."


def constant_prediction(case: Case) -> Finding | None:
    """Return a finding where all rows get about the same answer."""
    spread, target = case.predictions.get("spread"), case.facts.get("target")
    if spread is None or not target or not target["spread"] or case.predictions.get("of", 0) < 2:
        return None
    share = spread / target["spread"]
    if share > FLAT_ANSWERS:
        return None
    return Finding(
        "constant_prediction",
        "error",
        f"Every row gets about the same answer: the predictions spread over {percent(share)} of what the targets do.",
        "Check that the columns can know the target, and train longer (max_iter) or at a higher rate.",
        "No other fault was found: the columns may say nothing about the target.",
        evidence={"share": share},
    )


def still_learning(case: Case) -> Finding | None:
    """Return a finding where training was ended while the cost was still falling."""
    watched = case.validation_costs or case.costs
    tail = max(1, len(watched) // 10)
    ended = case.stopped.startswith(("all ", "max_time"))
    if not ended or len(watched) < 2 or case.best_epoch < len(case.history) - tail or watched[-1 - tail] <= 0:
        return None
    fell = 1 - watched[-1] / watched[-1 - tail]
    enough = STILL_FALLING if case.validation_costs else STILL_FALLING_UNWATCHED
    if fell < enough * min(1.0, len(watched) / EPOCHS_TO_TELL):
        return None
    return Finding(
        "still_learning",
        "note",
        f"Training ended after {len(case.history)} epochs, while the cost still fell by {percent(fell)} over the last "
        f"{'epoch' if tail == 1 else f'{tail} of them'}.",
        "Train longer: a larger max_iter or max_time.",
        evidence={"fell": fell, "epochs": len(case.history)},
    )
