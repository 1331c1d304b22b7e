"""forward_propagation_with_dropout, with the masks that the learner's function drew, and what goes wrong in it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import erf, sqrt
from typing import Any

from lamina.glassbox.doctor.activation_mistakes import RELU_MISTAKES
from lamina.glassbox.doctor.layer_mistakes import LINEAR_ACTIVATION_FORWARD
from lamina.glassbox.doctor.linear_forward_mistakes import LINEAR_FORWARD_MISTAKES
from lamina.glassbox.doctor.scopes import within
from lamina.glassbox.doctor.steps import Mistake, Program, run
from lamina.glassbox.doctor.three_layer_mistakes import is_layer, of, per_layer


def _dropout_forward(s: Any) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    A = s.X
    for layer in (1, 2, 3):
        W, b = s.parameters[f"W{layer}"], s.parameters[f"b{layer}"]
        activation = "relu" if layer < 3 else "sigmoid"
        around = {"layer": layer, "L": 3}
        done = run(LINEAR_ACTIVATION_FORWARD, A, W, b, activation, mistakes=s.mistakes, **around)
        A = done.A
        if layer < 3:
            D = s.drawn[f"D{layer}"]
            dropped = run(_DROP, A, D, s.keep_prob, mistakes=s.mistakes, **around)
            A = dropped.A
            kept |= {f"D{layer}": D, f"share of D{layer}": dropped.share, f"seen in D{layer}": dropped.values}
        kept |= {f"Z{layer}": done.Z, f"A{layer}": A, f"W{layer}": W, f"b{layer}": b}
    return kept


_DROP = Program(
    "drop",
    lambda A, D, keep_prob: {"given": A, "D": D, "keep_prob": keep_prob},
    {
        "share": lambda s: s.keep_prob,
        "values": lambda s: 1.0,
        "mask": lambda s: s.D,
        "scale": lambda s: s.keep_prob,
        "A": lambda s: s.given * s.mask / s.scale,
    },
    lambda s: {"A": s.A},
)

DROPOUT_FORWARD = Program(
    "dropout_forward",
    lambda X, parameters, keep_prob: {"X": X, "parameters": parameters, "keep_prob": keep_prob},
    {"kept": _dropout_forward, "A3": lambda s: s.kept["A3"]},
    lambda s: {"A3 (returned)": s.A3, **s.kept},
)

DROP = "A = A D / keep_prob, with D = (rand < keep_prob)"


def _masks(mistakes: Any) -> Iterator[Mistake]:
    for mistake in mistakes:
        yield mistake
        for layer in (1, 2):
            yield within(mistake, f"A{layer}", f"at A{layer}", partial(is_layer, layer))


DROPOUT_FORWARD_MISTAKES = (
    *_masks((
        of("drop", DROP, "mask-missing", "The mask D and the division by keep_prob are missing.",
            "no A is 0 where D is 0", ("A1", "A2"),
            A=lambda s: s.given),
        of("drop", DROP, "mask-missing-divided", "The mask D is missing.", "no A is 0 where D is 0", ("A1", "A2"),
            mask=lambda s: 1.0),
        of("drop", DROP, "keep_prob-missing", "The division by keep_prob is missing.",
            "A is keep_prob times what it should be",
            ("A1", "A2"), scale=lambda s: 1.0),
        of("drop", DROP, "keep_prob-multiplied", "A is multiplied by keep_prob: expected divided.",
            "A is keep_prob² times what it should be", ("A1", "A2"), scale=lambda s: 1 / s.was()),
        of("drop", DROP, "keep_prob-twice", "A is divided by keep_prob twice.", "A is 1/keep_prob times too large",
            ("A1", "A2"), scale=lambda s: s.was() ** 2),
        of("drop", DROP, "1-keep_prob", "A is divided by 1 - keep_prob: expected keep_prob.", "A is off by a factor",
            ("A1", "A2"), scale=lambda s: 1 - s.was()),
        of("drop", DROP, "drops-the-rest", "D keeps a unit with probability 1 - keep_prob: expected rand < keep_prob.",
            "D is true for a share of 1 - keep_prob", ("D1", "D2"), share=lambda s: 1 - s.keep_prob),
        of("drop", DROP, "mask-of-normal-numbers",
            "D is drawn from a normal distribution (randn): expected a uniform one (rand).",
            "the share of D is that of a normal distribution below keep_prob", ("D1", "D2"),
            share=lambda s: _normal_share(s.keep_prob)),
        of("drop", DROP, "mask-always-half", "D keeps half of the units whatever keep_prob is.",
            "the share of D is 0.5", ("D1", "D2"),
            share=lambda s: 0.5),
        of("drop", DROP, "mask-of-ones", "D is 1 everywhere: nothing is dropped.", "the share of D is 1", ("D1", "D2"),
            share=lambda s: 1.0),
        of("drop", DROP, "mask-not-boolean", "D holds the random numbers themselves: expected D < keep_prob.",
            "D lies between 0 and 1",
            ("D1", "D2"), share=lambda s: s.D.mean() if hasattr(s.D, "mean") else 0.5, values=lambda s: 0.0),
        of("drop", DROP, "mask-inverted", "The mask is inverted: A is kept where D is 0.", "A is 0 where D is 1",
            ("A1", "A2"),
            mask=lambda s: 1 - s.D),
    )),
    *per_layer((*LINEAR_FORWARD_MISTAKES, *RELU_MISTAKES)),
    of("linear_activation_forward", "A3 = sigmoid(Z3)", "last-layer-relu",
        "The last layer has relu: expected the sigmoid.",
        "A3 is max(0, Z3)", ("A3",), activation=lambda s: "relu"),
    of("linear_activation_forward", "A1 = relu(Z1)", "hidden-layers-sigmoid",
        "The hidden layers have the sigmoid: expected relu.",
        "A1 lies between 0 and 1", ("A1", "A2"), activation=lambda s: "sigmoid"),
    of("linear_activation_forward", "A3 = sigmoid(Z3)", "last-activation-missing", "A3 is Z3: the sigmoid is missing.",
        "A3 leaves 0 to 1", ("A3",), A=lambda s: s.Z if s.layer == 3 else s.was()),
)  # fmt: skip


def _normal_share(keep_prob: float) -> float:
    """The share of normal numbers below keep_prob."""
    return 0.5 * (1 + erf(keep_prob / sqrt(2)))
