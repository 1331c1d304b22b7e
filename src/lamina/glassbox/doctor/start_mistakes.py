"""The initializations, judged by the statistics of what they draw, and what goes wrong in them.

A learner may draw in any order, from any generator. So W is compared by its shape, its spread (standard deviation),
its lean (mean / standard deviation) and whether layers repeat one another; b must be 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from lamina.glassbox.doctor.steps import Mistake, Program

UNIFORM_LEAN = 0.5 / np.sqrt(1 / 12)  # mean / standard deviation of numbers between 0 and 1
MANY = 500  # numbers that make statistics worth comparing


def statistics_of(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is compared, of arrays by name."""
    found: dict[str, Any] = {}
    lowest = min((name for name in parameters if name.startswith("W")), default="")
    first = np.ravel(parameters[lowest]) if lowest else np.zeros(0)
    for name, array in parameters.items():
        found[f"{name}.shape"] = np.array(np.shape(array))
        if name.startswith("b"):
            found[f"{name}.spread"], found[f"{name}.lean"] = _spread(array), _lean(array)
        elif np.size(array) >= MANY:
            found[f"{name}.spread"], found[f"{name}.lean"] = _spread(array), _lean(array)
            found[f"{name}.repeats the first"] = name != lowest and _repeats(np.ravel(array), first)
    return found


def _spread(array: Any) -> float:
    """The standard deviation; of one number, how far it is from 0."""
    return float(np.std(array)) if np.size(array) > 1 else float(np.max(np.abs(array), initial=0.0))


def _lean(array: Any) -> float:
    """Mean / standard deviation; an array of one number has the mean as its lean."""
    std = float(np.std(array))
    return float(np.mean(array)) / std if std > 1e-12 else float(np.mean(array))


def _repeats(array: Any, first: Any) -> bool:
    n = min(len(array), len(first), 200)
    a, b = array[:n], first[:n]
    return bool(n > 10 and np.std(a) > 0 and np.std(b) > 0 and abs(np.corrcoef(a, b)[0, 1]) > 0.999)


def _expected(s: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for layer in s.layers:
        n_prev, n = s.sizes[layer - 1], s.sizes[layer]
        s.n_prev, s.n, s.layer = n_prev, n, layer
        W, b = f"W{layer}", f"b{layer}"
        spread, lean = s.spread(s, n_prev, n), s.lean
        found[f"{W}.shape"] = np.array(s.W_shape(n_prev, n))
        found[f"{b}.shape"] = np.array(s.b_shape(n_prev, n))
        found[f"{b}.spread"] = abs(s.b_lean) if n == 1 and not np.isnan(s.b_lean) else s.b_spread
        found[f"{b}.lean"] = s.b_lean
        if n_prev * n >= MANY:
            found[f"{W}.spread"], found[f"{W}.lean"] = spread, lean
            found[f"{W}.repeats the first"] = layer > 1 and s.repeats and spread > 0
    return found


def _start(arguments: Callable[..., dict[str, Any]], spread: Callable[..., float]) -> Program:
    return Program(
        "start",
        arguments,
        {
            "layers": lambda s: range(1, len(s.sizes)),
            "spread": lambda s: lambda s, n_prev, n: spread(n_prev),
            "lean": lambda s: 0.0,
            "repeats": lambda s: False,
            "W_shape": lambda s: lambda n_prev, n: (n, n_prev),
            "b_shape": lambda s: lambda n_prev, n: (n, 1),
            "b_spread": lambda s: 0.0,
            "b_lean": lambda s: 0.0,
            "statistics": _expected,
        },
        lambda s: s.statistics,
    )


def _list(layers_dims: Any) -> dict[str, Any]:
    return {"sizes": list(layers_dims)}


SMALL_OF_THREE = _start(lambda n_x, n_h, n_y: {"sizes": [n_x, n_h, n_y]}, lambda n_prev: 0.01)
SMALL = _start(_list, lambda n_prev: 0.01)
ZERO = _start(_list, lambda n_prev: 0.0)
LARGE = _start(_list, lambda n_prev: 10.0)
HE = _start(_list, lambda n_prev: float(np.sqrt(2 / n_prev)))

B = "b = 0, of shape (n, 1)"


def _of(equation: str, name: str, sentence: str, sign: str, look: tuple[str, ...], /, **steps: Any) -> Mistake:
    return Mistake(name, sentence, equation, sign, {f"start.{step}": how for step, how in steps.items()}, look)


def _size(
    equation: str, name: str, sentence: str, sign: str, spread: Callable[[int, int], float], **more: Any
) -> Mistake:
    return _of(equation, name, sentence, sign, ("W",), spread=lambda s: lambda s, n_prev, n: spread(n_prev, n), **more)


def _spread_of(factor: float, n_prev: int, n: int) -> float:
    return factor


def _starts(equation: str, right: Callable[[int], float]) -> tuple[Mistake, ...]:
    return (
        _of(equation, "starts-at-0", "W starts at 0: all units of a layer then learn the same.", "W is 0", ("W",),
            spread=lambda s: lambda s, n_prev, n: 0.0),
        _of(equation, "starts-at-1", "W starts at 1 everywhere: all units of a layer then learn the same.", "W is 1",
            ("W",),
            spread=lambda s: lambda s, n_prev, n: 0.0, lean=lambda s: 1.0),
        _size(equation, "starts-too-large", "W is drawn from N(0, 1) without its factor: it starts too large.",
            "W has a spread of 1", lambda n_prev, n: 1.0),
            *(_size(equation, "start-of-another-size", f"W is {factor:g} N(0, 1).", f"W has a spread of {factor:g}",
            partial(_spread_of, factor)) for factor in (10.0, 0.1, 0.01, 0.001, 100.0)),
        _size(equation, "start-of-Xavier", "W is N(0, 1) / sqrt(n_prev) (Xavier).",
            "W has a spread of 1 / sqrt(n_prev)",
            lambda n_prev, n: n_prev**-0.5),
        _size(equation, "start-of-He", "W is sqrt(2 / n_prev) N(0, 1) (He).", "W has a spread of sqrt(2 / n_prev)",
            lambda n_prev, n: (2 / n_prev) ** 0.5),
        _size(equation, "start-of-the-wrong-layer",
            "W is scaled by n, the units of its own layer: expected n_prev, those below.",
            "W has a spread of sqrt(2 / n)", lambda n_prev, n: (2 / n) ** 0.5),
        _size(equation, "start-of-the-wrong-layer", "W is scaled by 1 / sqrt(n): expected by n_prev, the units below.",
            "W has a spread of 1 / sqrt(n)", lambda n_prev, n: n**-0.5),
        _size(equation, "start-without-root", "W is scaled by 2 / n_prev: the root is missing.",
            "W has a spread of 2 / n_prev",
            lambda n_prev, n: 2 / n_prev),
        _size(equation, "start-without-root", "W is scaled by 1 / n_prev.", "W has a spread of 1 / n_prev",
            lambda n_prev, n: 1 / n_prev),
        _size(equation, "start-root-of-2-only", "W is scaled by sqrt(2) / n_prev: the root is over both.",
            "W has a spread of sqrt(2) / n_prev", lambda n_prev, n: 2**0.5 / n_prev),
        _size(equation, "start-divided", "W is divided by sqrt(2 / n_prev): expected multiplied.",
            "W has a spread of sqrt(n_prev / 2)",
            lambda n_prev, n: (n_prev / 2) ** 0.5),
        _size(equation, "start-upside-down", "W is multiplied by sqrt(n_prev): expected divided.",
            "W has a spread of sqrt(n_prev)",
            lambda n_prev, n: n_prev**0.5),
        _of(equation, "start-of-first-layer",
            "W is scaled by the inputs n_x in every layer: expected n_prev, the units below.",
            "W has a spread of sqrt(2 / n_x)", ("W",), spread=lambda s: lambda s, n_prev, n: (2 / s.sizes[0]) ** 0.5),
        _of(equation, "drawn-uniformly", "W is drawn uniformly from 0 to 1 (np.random.rand): expected N(0, 1) (randn).",
            "no W is negative", ("W",),
            spread=lambda s: lambda s, n_prev, n: right(n_prev) * 12**-0.5, lean=lambda s: UNIFORM_LEAN),
        _of(equation, "drawn-uniformly", "W is drawn uniformly between -0.5 and 0.5: expected N(0, 1) (randn).",
            "W is never above 0.5", ("W",), spread=lambda s: lambda s, n_prev, n: right(n_prev) * 12**-0.5),
        _of(equation, "drawn-uniformly", "W is drawn uniformly between 0 and 1, without a factor.", "no W is negative",
            ("W",),
            spread=lambda s: lambda s, n_prev, n: 12**-0.5, lean=lambda s: UNIFORM_LEAN),
        _of(equation, "W-transposed", "W has the shape (n_prev, n): expected (n, n_prev).", "W1 is (n_x, n_1)", ("W",),
            W_shape=lambda s: lambda n_prev, n: (n_prev, n)),
        _of(equation, "seeded-in-every-layer",
            "The generator is seeded in every layer: all W begin with the same numbers.",
            "W2 repeats W1", ("seed",), repeats=lambda s: True),
        _of(B, "b-drawn", "b is drawn at random: expected 0.", "b is not 0", ("b",), b_spread=lambda s: np.nan,
            b_lean=lambda s: np.nan),
        _of(B, "b-is-1", "b starts at 1: expected 0.", "b is 1", ("b",), b_lean=lambda s: 1.0),
        _of(B, "b-is-small", "b starts at 0.01: expected 0.", "b is 0.01", ("b",), b_lean=lambda s: 0.01),
        _of(B, "b-flat", "b is flat, (n,): expected a column, (n, 1).", "b1 is (n,)", ("b",),
            b_shape=lambda s: lambda n_prev, n: (n,)),
        _of(B, "b-on-its-side", "b lies on its side, (1, n): expected a column, (n, 1).", "b1 is (1, n)", ("b",),
            b_shape=lambda s: lambda n_prev, n: (1, n)),
        _of(B, "b-of-the-layer-below", "b has the size of the layer below.", "b1 is (n_prev, 1)", ("b",),
            b_shape=lambda s: lambda n_prev, n: (n_prev, 1)),
        _of(B, "b-like-W", "b has the shape of W: expected (n, 1).", "b1 is (n, n_prev)", ("b",),
            b_shape=lambda s: lambda n_prev, n: (n, n_prev)),
        _of(B, "b-is-a-number", "b is a single number: expected (n, 1).", "b1 has no shape", ("b",),
            b_shape=lambda s: lambda n_prev, n: ()),
        _of(equation, "last-layer-missing", "The last layer is missing: the loop ends one layer too early.",
            "the last W is missing",
            ("range", "for"), layers=lambda s: s.was()[:-1]),
        _of(equation, "first-layer-missing", "Layer 1 is missing: the loop begins one layer too late.", "W1 is missing",
            ("range", "for"), layers=lambda s: s.was()[1:]),
        _of(equation, "keys-off-by-one", "The keys are off by one: layers count from 1.", "there is a W0",
            ("parameters",),
            statistics=lambda s: {f"{n[0]}{int(n[1]) - 1}{n[2:]}": v for n, v in s.was().items()}),
    )  # fmt: skip


SMALL_START = "W = 0.01 N(0, 1), of shape (n, n_prev)"
SMALL_MISTAKES = _starts(SMALL_START, lambda n_prev: 0.01)
ZERO_MISTAKES = _starts("W = 0, of shape (n, n_prev)", lambda n_prev: 0.0)
LARGE_MISTAKES = _starts("W = 10 N(0, 1), of shape (n, n_prev)", lambda n_prev: 10.0)
HE_MISTAKES = _starts("W = sqrt(2 / n_prev) N(0, 1), of shape (n, n_prev)", lambda n_prev: float(np.sqrt(2 / n_prev)))

# The course's application starts a deep network so.
DEEP_ALTERNATIVES = (
    _size(SMALL_START, "divided-by-root",
        "W is N(0, 1) / sqrt(n_prev), as in the course's application; the exercise says 0.01 N(0, 1).",
        "", lambda n_prev, n: n_prev**-0.5),
)  # fmt: skip
