"""linear_backward, step by step, and what goes wrong in it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import permutations
from typing import Any

import numpy as np

from lamina.glassbox.doctor.steps import Mistake, Program, Step

LINEAR_BACKWARD = Program(
    "linear_backward",
    lambda dZ, cache: {"dZ": dZ, "cache": cache},
    {
        "A_prev": lambda s: s.cache[0],
        "W": lambda s: s.cache[1],
        "b": lambda s: s.cache[2],
        "m": lambda s: s.A_prev.shape[1],
        "m_of_dW": lambda s: s.m,
        "m_of_db": lambda s: s.m,
        "dW_sum": lambda s: s.dZ @ s.A_prev.T,
        "db_sum": lambda s: np.sum(s.dZ, axis=1, keepdims=True),
        "dW": lambda s: s.dW_sum / s.m_of_dW,
        "db": lambda s: s.db_sum / s.m_of_db,
        "dA_prev": lambda s: s.W.T @ s.dZ,
        "order": lambda s: ("dA_prev", "dW", "db"),
    },
    lambda s: {name: getattr(s, found) for name, found in zip(("dA_prev", "dW", "db"), s.order, strict=True)},
)

DW = "dW = (1/m) dZ A_prevᵀ"
DB = "db = (1/m) Σ dZ, the sum over the examples, of shape (n, 1)"
DA = "dA_prev = Wᵀ dZ"
BOTH = f"{DW}, {DB}"


def _divided_by_integers(output: str, s: Any) -> Any:
    return (1 // s.m) * getattr(s, f"{output}_sum")


def _always(value: Any, s: Any) -> Any:
    return value


def _part_of_cache(place: int, s: Any) -> Any:
    return s.cache[place]


def _wrong_scale() -> Iterator[Mistake]:
    """1/m missing, twice, with the m of something else: in dW, in db, in both."""
    places = (
        ("dW and db", ("dW", "db"), BOTH),
        ("dW", ("dW",), DW),
        ("db", ("db",), DB),
    )
    kinds: tuple[tuple[str, str, str, Step], ...] = (
        ("1/m-missing", "lacks the factor 1/m", "{} is m times too large", lambda s: 1),
        ("1/m-twice", "is divided by m twice", "{} is m times too small", lambda s: s.m**2),
        ("m-of-units", "is divided by n, the number of units: m is the number of examples, the columns of A_prev",
         "{} is m/n times what it should be", lambda s: s.dZ.shape[0]),
        ("m-of-inputs", "is divided by n_prev, the rows of A_prev: m is the number of examples, its columns",
         "{} is m/n_prev times what it should be", lambda s: s.A_prev.shape[0]),
        ("m-is-size", "is divided by the size of dZ, n m: m is the number of examples alone",
         "{} is n times too small", lambda s: s.dZ.size),
        ("m-is-size", "is divided by the size of A_prev, n_prev m: m is the number of examples alone",
         "{} is n_prev times too small", lambda s: s.A_prev.size),
        ("1/2m", "is divided by 2m", "{} is half of what it should be", lambda s: 2 * s.m),
        ("m-1", "is divided by m - 1", "{} is m/(m-1) times what it should be", lambda s: s.m - 1),
        ("times-m", "is multiplied by m where it should be divided", "{} is m² times too large", lambda s: 1 / s.m),
        ("not-doubled", "has a factor 2 too many", "{} is twice what it should be", lambda s: s.m / 2),
    )  # fmt: skip
    for kind, what, sign, m in kinds:
        for where, outputs, equation in places:
            verb = what.replace("is ", "are ", 1).replace("lacks", "lack").replace("has", "have")
            yield Mistake(
                kind if where == "dW and db" else f"{kind}-{where}",
                f"{where} {verb if len(outputs) > 1 else what}.",
                equation,
                sign.format(where),
                {f"linear_backward.m_of_{output}": m for output in outputs},
                (*outputs, "m"),
            )
    for where, outputs, equation in places:
        yield Mistake(
            "integer-division" if where == "dW and db" else f"integer-division-{where}",
            f"1 // m is an integer division, 0 for m > 1, so {where} {'vanishes' if len(outputs) == 1 else 'vanish'}:"
            " write 1 / m.",
            equation,
            f"{where} is 0 for m > 1",
            {f"linear_backward.{output}": partial(_divided_by_integers, output) for output in outputs},
            outputs,
        )


def _wrong(output: str, name: str, sentence: str, sign: str, step: str, how: Step) -> Mistake:
    equation = {"dW": DW, "db": DB, "dA_prev": DA}[output]
    return Mistake(name, sentence, equation, sign, {f"linear_backward.{step}": how}, (output,))


def _turned() -> Iterator[Mistake]:
    for output, equation in (("dW", DW), ("db", DB), ("dA_prev", DA)):
        yield Mistake(
            f"sign-{output}",
            f"{output} has the wrong sign.",
            equation,
            f"{output} is -1 times what it should be",
            {f"linear_backward.{output}": lambda s: -s.was()},
            (output,),
        )
    for order in permutations(("dA_prev", "dW", "db")):
        if order != ("dA_prev", "dW", "db"):
            yield Mistake(
                "returned-in-another-order",
                f"The results are returned as {', '.join(order)}: expected dA_prev, dW, db.",
                "return dA_prev, dW, db",
                "each result is right, in another place",
                {"linear_backward.order": partial(_always, order)},
                ("return",),
            )
    names = ("A_prev", "W", "b")
    for order in permutations(names):
        if order != names and order[:2] != names[:2]:
            places = {name: order.index(name) for name in names}
            yield Mistake(
                "cache-unpacked-in-another-order",
                f"The cache is unpacked as {', '.join(order)}: it is (A_prev, W, b).",
                "cache: (A_prev, W, b)",
                "shapes do not fit, unless they are all equal",
                {f"linear_backward.{name}": partial(_part_of_cache, places[name]) for name in names},
                ("A_prev", "W", "b", "cache"),
            )


LINEAR_BACKWARD_MISTAKES = (
    *_wrong_scale(),
    _wrong("db", "keepdims-missing", "db loses an axis: keepdims=True is missing in the sum.",
        "db is (n,), a row when it is broadcast", "db_sum", lambda s: np.sum(s.dZ, axis=1)),
    _wrong("db", "keepdims-missing", "db lies on its side, as (1, n): expected a column, (n, 1).",
        "db is (1, n)", "db_sum", lambda s: np.sum(s.dZ, axis=1, keepdims=True).T),
    _wrong("db", "db-axis", "db sums over the units (axis=0): expected over the examples (axis=1).",
        "db is (1, m)", "db_sum", lambda s: np.sum(s.dZ, axis=0, keepdims=True)),
    _wrong("db", "db-axis", "db sums over the units (axis=0): expected over the examples (axis=1), as a column.",
        "db is (m,)", "db_sum", lambda s: np.sum(s.dZ, axis=0)),
    _wrong("db", "db-axis", "db sums over the units (axis=0): expected over the examples (axis=1).",
        "db is (m, 1)", "db_sum", lambda s: np.sum(s.dZ, axis=0)[:, None]),
    _wrong("db", "db-sums-all", "db sums over all numbers of dZ: expected over the examples alone (axis=1).",
        "db is one number", "db_sum", lambda s: np.sum(s.dZ)),
    _wrong("db", "db-sums-all", "db sums over all numbers of dZ: expected over the examples alone (axis=1).",
        "db is (1, 1)", "db_sum", lambda s: np.sum(s.dZ, keepdims=True)),
    _wrong("db", "db-sums-all", "db is the same sum over all of dZ in each unit: expected over its examples (axis=1).",
        "db has one number n times", "db_sum", lambda s: np.full((len(s.dZ), 1), np.sum(s.dZ))),
    _wrong("db", "db-not-summed", "db is not summed over the examples.", "db is (n, m)", "db_sum", lambda s: s.dZ),
    _wrong("db", "db-sums-dW", "db sums dW: expected dZ.", "db is wrong with the right shape", "db",
        lambda s: np.sum(s.dW, axis=1, keepdims=True)),
    _wrong("db", "db-sums-A_prev", "db sums A_prev: expected dZ.", "db is (n_prev, 1)", "db_sum",
        lambda s: np.sum(s.A_prev, axis=1, keepdims=True)),
    _wrong("db", "db-sums-dA_prev", "db sums dA_prev: expected dZ.", "db is (n_prev, 1)", "db_sum",
        lambda s: np.sum(s.W.T @ s.dZ, axis=1, keepdims=True)),
    _wrong("db", "db-is-b", "db is b itself.", "db does not change with dZ", "db", lambda s: s.b),
    _wrong("db", "db-first-example", "db is the dZ of one example: expected the sum over all.",
        "db is right for m = 1 alone", "db_sum", lambda s: s.dZ[:, :1]),
    _wrong("dW", "dW-without-transpose", "A_prev is not transposed in dW.",
        "shapes do not fit, unless A_prev is square",
        "dW_sum", lambda s: s.dZ @ s.A_prev),
    _wrong("dW", "dW-transposed", "The product of dW is turned round, A_prev dZᵀ: dW is transposed.",
        "dW has the shape of Wᵀ", "dW_sum", lambda s: s.A_prev @ s.dZ.T),
    _wrong("dW", "dW-wrong-transpose", "dZ is transposed in dW, and A_prev is not.",
        "shapes do not fit, unless n = n_prev = m",
        "dW_sum", lambda s: s.dZ.T @ s.A_prev),
    _wrong("dW", "dW-wrong-transpose", "dZ is transposed in dW as well as A_prev.", "shapes do not fit, unless n = m",
        "dW_sum", lambda s: s.dZ.T @ s.A_prev.T),
    _wrong("dW", "dW-wrong-transpose", "The product of dW is turned round, A_prevᵀ dZ.",
        "shapes do not fit, unless n = m", "dW_sum", lambda s: s.A_prev.T @ s.dZ),
    _wrong("dW", "dW-wrong-transpose", "The product of dW is turned round, A_prev dZ.",
        "shapes do not fit, unless n = m", "dW_sum", lambda s: s.A_prev @ s.dZ),
    _wrong("dW", "elementwise-for-product-dW", "dW multiplies number by number (*): expected a matrix product (@).",
        "shapes do not fit, unless one of them is 1 or all are equal", "dW_sum", lambda s: s.dZ * s.A_prev.T),
    _wrong("dW", "elementwise-for-product-dW",
        "dW multiplies number by number (*): expected a matrix product, dZ @ A_prevᵀ.",
        "dW has the shape of dZ where it has one at all", "dW_sum", lambda s: s.dZ * s.A_prev),
    _wrong("dW", "W-for-A_prev", "dW uses W in the place of A_prev.", "shapes do not fit, unless m = n_prev",
        "dW_sum", lambda s: s.dZ @ s.W.T),
    _wrong("dW", "W-for-A_prev", "dW uses W in the place of A_prev.", "shapes do not fit, unless m = n",
        "dW_sum", lambda s: s.dZ @ s.W),
    _wrong("dW", "dW-plus-W", "W is added to dW, though there is no regularization here.", "dW is W too large", "dW",
        lambda s: s.was() + s.W),
    _wrong("dA_prev", "dA_prev-without-transpose", "W is not transposed in dA_prev.",
        "shapes do not fit, unless W is square", "dA_prev", lambda s: s.W @ s.dZ),
    _wrong("dA_prev", "dW-for-W", "dA_prev uses dW in the place of W.", "dA_prev does not change with W",
        "dA_prev", lambda s: s.dW.T @ s.dZ),
    _wrong("dA_prev", "dA_prev-transposed", "The product of dA_prev is turned round, dZᵀ W: dA_prev is transposed.",
        "dA_prev is (m, n_prev)", "dA_prev", lambda s: s.dZ.T @ s.W),
    _wrong("dA_prev", "dA_prev-turned-round", "The product of dA_prev is turned round, dZ W.",
        "shapes do not fit, unless m = n", "dA_prev", lambda s: s.dZ @ s.W),
    _wrong("dA_prev", "dA_prev-turned-round", "The product of dA_prev is turned round, dZ Wᵀ.",
        "shapes do not fit, unless m = n_prev", "dA_prev", lambda s: s.dZ @ s.W.T),
    _wrong("dA_prev", "dZ-transposed-in-dA_prev", "dZ is transposed in dA_prev.", "shapes do not fit, unless m = n",
        "dA_prev", lambda s: s.W.T @ s.dZ.T),
    _wrong("dA_prev", "elementwise-for-product-dA_prev",
        "dA_prev multiplies number by number (*): expected a matrix product (@).",
        "right for a layer of one unit; shapes do not fit elsewhere", "dA_prev", lambda s: s.W.T * s.dZ),
    _wrong("dA_prev", "elementwise-for-product-dA_prev",
        "dA_prev multiplies number by number (*), and W is not transposed: expected a matrix product, Wᵀ @ dZ.",
        "shapes do not fit, unless W and dZ have one shape, or a 1", "dA_prev", lambda s: s.W * s.dZ),
    _wrong("dA_prev", "dA_prev-over-m", "dA_prev is divided by m: the 1/m stands in dW and db only.",
        "dA_prev is m times too small", "dA_prev", lambda s: s.was() / s.m),
    _wrong("dA_prev", "A_prev-for-dZ", "dA_prev uses A_prev in the place of dZ.",
        "shapes do not fit, unless n = n_prev",
        "dA_prev", lambda s: s.W.T @ s.A_prev),
    _wrong("dA_prev", "dA_prev-times-A_prev", "dA_prev is multiplied by A_prev.", "dA_prev is A_prev times too large",
        "dA_prev", lambda s: s.was() * s.A_prev),
    _wrong("dA_prev", "dA_prev-gated", "dA_prev is gated by A_prev > 0: that is the derivative of the relu below.",
        "dA_prev has zeros", "dA_prev", lambda s: s.was() * (s.A_prev > 0)),
    _wrong("dA_prev", "dA_prev-plus-b", "b is added to dA_prev: backward holds no b.",
        "dA_prev is off by b", "dA_prev", lambda s: s.was() + s.b),
    *_turned(),
    Mistake("dA_prev-is-dZ", "dA_prev is dZ itself: W is not multiplied in.", DA, "dA_prev has the shape of dZ",
        {"linear_backward.dA_prev": lambda s: s.dZ}, ("dA_prev",)),
    Mistake("weights-moved-first", "W has moved before it is used: dA_prev needs the W of the forward pass.", DA,
        "dA_prev is (W - dW)ᵀ dZ", {"linear_backward.dA_prev": lambda s: (s.W - s.dW).T @ s.dZ}, ("dA_prev", "W")),
)  # fmt: skip
