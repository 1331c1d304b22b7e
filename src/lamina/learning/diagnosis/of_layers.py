"""Findings about single layers: units that are off, saturated or alike; signals that fade or grow."""

from math import exp, inf

from lamina.equations.layers import Activation
from lamina.learning.diagnosis.case import Case
from lamina.learning.diagnosis.finding import Finding, percent, short
from lamina.learning.vital_signs import Look

MANY_DEAD, ALL_DEAD = 0.6, 0.99
MANY_SATURATED = 0.5
ALL_ALIKE = 0.95
FADED_GRADIENT, FADED_SPREAD = 1e-6, 1e-4  # norm of dW, spread of Z
GROWN_SPREAD, GROWN_GRADIENT = 100.0, 1e4
EARLY_LOOKS = 3  # in which a network that can learn shows its gradients
FAR_ABOVE = 4.0  # times the cost of a network that knows nothing


def dead_units(case: Case) -> Finding | None:
    """Return a finding where most units of a layer are off in every row."""
    found = _worst(case, "dead")
    if found is None or found[2] < MANY_DEAD:
        return None
    layer, epoch, share = found
    before, now = (look["dead"][layer] or 0.0 for look in (case.looks[0], case.looks[-1]))
    from_start = before >= MANY_DEAD
    when = "from the start" if from_start else f"after epoch {epoch} ({percent(before)} at the start)"
    later = "" if now >= 0.9 * share else f", {percent(now)} in the end"
    return Finding(
        "dead_units",
        "error" if share >= ALL_DEAD else "warning",
        f"{percent(share)} of the units of layer {layer + 1} are dead {when}{later}: they give the same for every "
        "row and learn nothing.",
        "Use a smaller learning rate, or initializer='he_normal' with biases at 0, or activation='leaky_relu', whose "
        "slope is nowhere 0.",
        "Weights and biases start so that Z is below 0 in every row."
        if from_start
        else "Too large a step, or a bias far below 0, put Z below 0 in every row: g'(Z) is 0 there, so they stay off.",
        layer + 1,
        {"dead": share, "epoch": epoch},
    )


def saturated_units(case: Case) -> Finding | None:
    """Return a finding where the units of a layer stand at the flat ends of their activation."""
    found = _worst(case, "saturated")
    if found is None or found[2] < MANY_SATURATED:
        return None
    layer, epoch, share = found
    spread = dict(case.by_epoch("spread", layer)).get(epoch, 0.0)
    from_start = dict(case.by_epoch("saturated", layer)).get(0, 0.0) >= MANY_SATURATED
    return Finding(
        "saturated_units",
        "warning",
        f"{percent(share)} of the outputs of layer {layer + 1} are saturated after epoch {epoch} (the spread of Z is "
        f"{short(spread)}): g'(Z) is nearly 0 there, and little of the gradient gets through.",
        "Use scaled columns, or initializer='glorot_uniform', or normalization='layer', or activation='relu'.",
        "Its weights or inputs start too large." if from_start else "Its weights grew too large in training.",
        layer + 1,
        {"saturated": share, "epoch": epoch, "spread": spread},
    )


def symmetric_units(case: Case) -> Finding | None:
    """Return a finding where the units of a layer started alike, and stayed so."""
    for layer in case.hidden:
        seen = case.by_epoch("same", layer)
        if not seen or min(share for _, share in seen) < ALL_ALIKE:
            continue
        if case.looks[0]["weight"][layer] and not case.looks[0]["spread"][layer]:  # it is the rows that are all alike
            continue
        lasting = f"after epoch {seen[-1][0]} as at the start" if seen[-1][0] else "from the start"
        given = case.settings.get("initializer", "auto")
        return Finding(
            "symmetric_units",
            "error",
            f"All units of layer {layer + 1} compute the same in every row, {lasting}: equal units "
            "get equal gradients, so the layer is worth a single unit.",
            "Use random weights to start from: choose initializer='he_normal' or initializer='glorot_uniform'.",
            f"They started from equal weights (initializer={given!r}).",
            layer + 1,
            {"same": seen[-1][1], "epoch": seen[-1][0]},
        )
    return None


def vanishing_gradients(case: Case) -> Finding | None:
    """Return a finding where the signal, forward or backward, is next to nothing in the first looks."""
    early, L = case.looks[:EARLY_LOOKS], len(case.layers)
    if case.start is None:
        return None
    for layer in case.hidden:
        gradient, spread = _largest_norm(case, early, layer), max(look["spread"][layer] or 0.0 for look in early)
        dead = max(look["dead"][layer] or 0.0 for look in early) >= MANY_DEAD
        if dead or gradient is None or spread == 0 or (gradient >= FADED_GRADIENT and spread >= FADED_SPREAD):
            continue
        last = _largest_norm(case, early, L - 1) or 0.0
        return Finding(
            "vanishing_gradients",
            "error",
            f"The gradient vanishes: in the first epochs |dW{layer + 1}| is at most {short(gradient)} (|dW{L}| is "
            f"{short(last)}), and Z{layer + 1} differs between rows by {short(spread)}.",
            "Use fewer layers, or activation='relu' or another of slope 1, or initializer='suited', or "
            "normalization='layer'.",
            _why_faded(case, case.start),
            layer + 1,
            {"gradient": gradient, "spread": spread, "last gradient": last},
        )
    return None


def _largest_norm(case: Case, looks: list[Look], layer: int) -> float | None:
    """Return the largest |dW| of a layer; None where one was not finite."""
    norms = [case.norm(look, "gradient", layer) for look in looks]
    finite = [norm for norm in norms if norm is not None]
    return max(finite) if len(finite) == len(norms) else None


def _why_faded(case: Case, start: Look) -> str:
    """Say what each layer multiplies by too little."""
    L = len(case.layers)
    if any(isinstance(layer, Activation) and layer.function == "sigmoid" for layer in case.network.layers):
        return f"Each of the {L} layers multiplies it by at most a quarter, the slope of the sigmoid."
    spreads = [value for value in start["spread"] if value]
    if len(spreads) > 1 and spreads[-1] < spreads[0] / 10:
        fall = f"the spread of Z falls from {short(spreads[0])} to {short(spreads[-1])} over {L} layers"
        return f"The weights start too small: {fall}."
    return f"Each of the {L} layers multiplies it by less than 1."


def exploding_gradients(case: Case) -> Finding | None:
    """Return a finding where signal or gradient are huge at the start."""
    start, size = case.start, max(case.facts.get("largest") or 1.0, 1.0)
    if start is None:
        return None
    spreads = [inf if value is None else value for value in start["spread"]]
    norms = [inf if norm is None else norm for norm in (case.norm(start, "gradient", layer) for layer in case.layers)]
    steep = case.is_classifier and max(norms) > GROWN_GRADIENT * size
    if max(spreads) <= GROWN_SPREAD * size and not steep:
        return None
    layer = spreads.index(max(spreads))
    spread, norm = spreads[layer], max(norms)
    return Finding(
        "exploding_gradients",
        "error",
        f"The signal explodes: at the start the spread of Z{layer + 1} is {_or_not_finite(spread)}, that of Z1 "
        f"{_or_not_finite(spreads[0])} (about 1 is healthy), |dW{norms.index(norm) + 1}| is {_or_not_finite(norm)}.",
        "Use initializer='suited', or normalization='layer', or fewer residual layers, and clip "
        "(optimizer='adam(clip_norm=1)').",
        "The weights start too large: each layer multiplies the spread by more than 1.",
        layer + 1,
        {name: value if value < inf else None for name, value in (("spread", spread), ("gradient", norm))},
    )


def cost_at_start(case: Case) -> Finding | None:
    """Return a finding where the first cost is far above that of a network that knows nothing."""
    start, expected = case.start, case.expected_start
    if start is None or not expected or (start["cost"] is not None and start["cost"] < FAR_ABOVE * expected + 1):
        return None
    guess = f"ln {round(exp(expected))} = {short(expected)}" if case.is_classifier else short(expected)
    return Finding(
        "cost_at_start",
        "warning",
        f"The cost at the start is {_or_not_finite(start['cost'])}; that of knowing nothing is {guess}: the network "
        "begins with answers that are sure and wrong, and spends its first epochs on unlearning them.",
        "Use smaller weights in the last layer (zero_last_layer=True), and scaled columns and targets.",
        f"Layer {len(case.layers)}, the last, starts too large.",
        len(case.layers),
        {"cost": start["cost"], "expected": expected},
    )


def _or_not_finite(value: float | None) -> str:
    return "not finite" if value is None or value == inf else short(value)


def _worst(case: Case, name: str) -> tuple[int, int, float] | None:
    """Return the hidden layer, the epoch and the value where a share was largest, over all looks in which Z varied."""
    seen = []
    for layer in case.hidden:
        varied = {epoch for epoch, spread in case.by_epoch("spread", layer) if spread > 0}
        seen += [(share, layer, epoch) for epoch, share in case.by_epoch(name, layer) if epoch in varied]
    if not seen:
        return None
    share, layer, epoch = max(seen, key=lambda one: one[0])
    return layer, epoch, share
