"""Values as bytes and back: the same types, the same bits, and nothing that is run."""

from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array, csr_matrix

from lamina.data.learning import RowSummary
from lamina.data.plain_form import PlainForm
from lamina.data.streaming.first_pass import FORM
from lamina.data.tables.sources import read
from lamina.data.tables.table import Batch
from lamina.errors import DataError

SETTINGS = {
    "scaling": "quantile",
    "missing": "encode",
    "max_categories": 50,
    "min_frequency": 1,
    "embed_above": None,
    "categorical": ["code"],
    "dates": "parts",
    "splines": "jagged",
    "scale_target": True,
    "clamp": False,
    "scoring": print,  # what is not looked at need not be told
}


def alike(one, two):
    """Whether two values are the same to the last bit, arrays and all fields of objects included."""
    if type(one) is not type(two):
        return False
    if isinstance(one, np.ndarray) and one.dtype != object:
        return (one.dtype, one.shape, one.tobytes()) == (two.dtype, two.shape, two.tobytes())
    if isinstance(one, np.ndarray):
        return one.shape == two.shape and alike(one.tolist(), two.tolist())
    if isinstance(one, csr_array | csr_matrix):
        return one.shape == two.shape and all(
            alike(getattr(one, k), getattr(two, k)) for k in ("data", "indices", "indptr")
        )
    if is_dataclass(one):
        return all(alike(getattr(one, field.name), getattr(two, field.name)) for field in fields(one))
    if isinstance(one, dict):
        return alike(list(one.items()), list(two.items()))
    if isinstance(one, list | tuple):
        return len(one) == len(two) and all(map(alike, one, two))
    return one == two or (one != one and two != two)


class Pair(NamedTuple):
    first: Any
    second: Any


@dataclass(frozen=True)
class Box:
    inside: Any


VALUES = [
    None,
    True,
    -(2**70),
    0.1,
    -0.0,
    float("inf"),
    float("nan"),
    "text \ud800 of \0 any 字",
    [1, [2.5, "a"], ()],
    (1, (2,), [3]),
    frozenset({"b", "a"}),
    {"a": 1.5, "b": float("nan")},
    {1: "one", 2.5: None, None: [], "x": (1,)},
    {},
    Decimal("1.10"),
    np.float32(0.1),
    np.uint64(2**64 - 1),
    np.str_("text"),
    np.arange(6, dtype=np.int16).reshape(2, 3),
    np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    np.arange(10)[::3],
    np.array(["a", "longer"]),
    np.array([], np.float32),
    np.zeros((0, 4)),
    np.array(3.5),
    np.array(["a", 1, 2.5, None, True, Decimal("3")], object),
    np.array([["a", None]], object),
    np.array([True, False]),
    csr_array(np.eye(3)),
    csr_matrix(np.eye(2, dtype=np.float32)),
    Box(Pair(np.arange(3), Box(None))),
]


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_what_comes_back_is_what_went(value):
    form = PlainForm({Pair: None, Box: None})
    assert alike(form.unpacked(form.packed(value)), value)


def test_what_came_back_can_be_written_to():
    form = PlainForm({})
    form.unpacked(form.packed(np.zeros(3)))[0] = 1


def test_what_goes_in_place_of_an_object():
    form = PlainForm({Box: lambda box: Box(len(box.inside))})
    assert form.unpacked(form.packed([Box("many"), Box("")])) == [Box(4), Box(0)]


def test_what_has_no_plain_form_is_named():
    with pytest.raises(DataError, match=r"a value of type Box .* convert its column"):
        PlainForm({Pair: None}).packed({"a": [Pair(1, Box(2))]})


@pytest.mark.parametrize("harm", [b"", b"\xff" * 20, b"\x02" + bytes(7) + b"{}"])
def test_nothing_is_run(harm):
    """What is no plain form ends in an error of reading, whatever it is."""
    with pytest.raises((ValueError, KeyError, TypeError, OverflowError)):
        PlainForm({Box: None}).unpacked(harm)


# ---- summaries of all kinds of columns ----


def frame(n=900, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "number": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)),
            "short": rng.normal(size=n).astype(np.float32),
            "whole": rng.integers(0, 50, n),
            "code": rng.integers(0, 9, n),
            "word": rng.choice([None, "a", "b"], n),
            "levels": [f"level {i} \u00e9" for i in rng.integers(0, 10**6, n)],
            "yes": rng.random(n) < 0.5,
            "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 10**6, n), unit="min"),
            "nothing": np.full(n, np.nan),
            "one": np.ones(n),
        }
    )


def sparse(n=900):
    dense = np.random.default_rng(3).normal(size=(n, 4))
    return csr_array(np.where(np.abs(dense) < 1, 0, dense))


TARGETS = {
    "classifier": lambda rng: rng.choice(["no", "yes"], 900).astype(object),
    "regressor": lambda rng: rng.normal(size=(900, 2)),
}


@pytest.mark.filterwarnings("ignore::lamina.errors.DataWarning")  # of a column without a value, and of many levels
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("task", TARGETS)
@pytest.mark.parametrize("batches", [1, 3])
@pytest.mark.parametrize("rows", ["columns", "sparse"])
def test_summaries_of_all_kinds_of_columns(rows, batches, task, weighted):
    rng = np.random.default_rng(1)
    y = TARGETS[task](rng)
    weights = rng.gamma(2, 1, 900) if weighted else None
    settings = SETTINGS if rows == "columns" else {**SETTINGS, "categorical": (), "splines": ()}
    table, found = read(frame() if rows == "columns" else sparse()), None
    for at in np.array_split(np.arange(900), batches):
        batch = Batch(table.take(at), y[at], None if weights is None else weights[at], int(at[0]))
        found = RowSummary.after(found, batch, settings, task)
    told = FORM.unpacked(FORM.packed(found))
    one, two = (summary.learned({**settings, "class_weight": None}) for summary in (found, told))
    assert two.encoder.to_header() == one.encoder.to_header()
    assert two.target.to_header() == one.target.to_header()
    assert two.n == 900
    assert alike(FORM.unpacked(FORM.packed(told)), told)
    assert alike(told.joined(told).learned(settings).encoder, found.joined(found).learned(settings).encoder)


def test_rows_come_back_without_the_levels_that_none_has():
    table = read(frame())
    some = Batch(table.take(np.arange(100, 120)), np.arange(20.0), None, 100)
    told = FORM.unpacked(FORM.packed(some))
    assert told.row_numbers.tolist() == list(range(100, 120))
    for one, two in zip(some.table.columns, told.table.columns, strict=True):
        assert (one.name, one.kind) == (two.name, two.kind)
        assert alike(list(one.array()), list(two.array())) or one.levels is None
        if one.levels is None:
            np.testing.assert_array_equal(one.values, two.values)
    assert len(told.table.at(5).levels) == len(set(some.table.column("levels"))) < len(table.at(5).levels)
