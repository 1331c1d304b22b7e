"""Everything that is planted is found, and nothing in tables that are healthy."""

import numpy as np
import pandas as pd
import pytest

from lamina.data import datasets
from lamina.profiling.findings import findings_of

RNG = np.random.default_rng(5)


@pytest.fixture
def kinds(profiled):
    """What is found, as kinds with the columns that they name."""

    def found(frame, target="y", size=777, **roles):
        return [(one.kind, one.columns) for one in findings_of(profiled(frame, target, size, **roles))]

    return found


def test_nothing_in_a_healthy_table(kinds, healthy):
    assert kinds(healthy) == []
    for target in ("amount", "age", "member", "town", None):
        assert kinds(healthy, target) == []


def test_shipped_tables_have_what_is_true_of_them_only(kinds):
    """Of the census, `education_num` numbers the levels of `education`, and 52 rows repeat another."""
    same = ("copies", ("education", "education_num"))
    assert kinds(datasets.path("adult"), "income", 10_000) == [same, ("repeated rows", ())]
    assert kinds(datasets.path("adult"), "hours_per_week", 10_000) == [same, ("repeated rows", ())]
    assert kinds(datasets.path("california_housing"), "median_house_value", 10_000) == []


PLANTED = {
    "identifier row": lambda t: {"id": np.arange(5, len(t) + 5)},
    "identifier number": lambda t: {"id": RNG.choice(10**9, len(t), replace=False)},
    "identifier text": lambda t: {"id": [f"k{i}" for i in RNG.permutation(len(t))]},
    "constant": lambda t: {"id": 3},
    "constant text": lambda t: {"id": "same"},
    "empty": lambda t: {"id": np.nan},
    "mostly missing": lambda t: {"id": np.where(RNG.random(len(t)) < 0.05, RNG.normal(size=len(t)), np.nan)},
    "copies": lambda t: {"id": t["amount"]},
    "copies in other units": lambda t: {"id": 2.54 * t["amount"] - 3},
    "copies of levels": lambda t: {"id": t["town"].map({"Basel": 4, "Bern": 1, "Zug": 2})},
    "gives the target away": lambda t: {"id": t["y"]},
    "gives the target away as numbers": lambda t: {"id": (t["y"] == "yes") * 1.0},
    "gives the target away when filled": lambda t: {"id": np.where(t["y"] == "yes", RNG.normal(size=len(t)), np.nan)},
    "gives the target away by size": lambda t: {"id": (t["y"] == "yes") + 0.4 * RNG.random(len(t))},
}


@pytest.mark.parametrize("what", PLANTED)
def test_one_column_that_is_planted_is_found_alone(kinds, healthy, what):
    found = kinds(healthy.assign(id=PLANTED[what](healthy)["id"]))
    kind = next(kind for kind in KINDS if what.startswith(kind))
    assert [one for one, _ in found] == [kind]
    assert "id" in found[0][1]


KINDS = ("identifier", "constant", "empty", "mostly missing", "copies", "gives the target away")


def test_copies_of_numbers_to_predict(kinds, healthy):
    rows = healthy.assign(cents=100 * healthy["amount"], logarithm=np.log(healthy["amount"]))
    assert kinds(rows, "amount") == [
        ("gives the target away", ("cents",)),
        ("gives the target away", ("logarithm",)),
    ]


def test_what_is_known_only_nearly_is_asked_about(profiled, healthy):
    noisy = np.where(RNG.random(len(healthy)) < 0.005, "no", healthy["y"])
    (found,) = findings_of(profiled(healthy.assign(outcome=noisy), "y"))
    assert found.kind == "gives the target away"
    assert "is it known when you predict?" in found.text


def test_dropped_columns_are_not_told_of(kinds, healthy):
    assert kinds(healthy.assign(id=range(len(healthy)), copy=healthy["y"]), drop=["id", "copy"]) == []


def test_identifiers_among_repeated_rows(kinds, healthy):
    rows = healthy.assign(id=RNG.choice(10**9, len(healthy), replace=False))
    rows = pd.concat([rows, rows[:100]])
    assert kinds(rows) == [("identifier", ("id",)), ("repeated rows", ())]


@pytest.mark.parametrize("target", ["y", "amount"])
@pytest.mark.parametrize("ascending", [True, False])
def test_rows_sorted_by_the_target(profiled, healthy, target, ascending):
    rows = healthy.sort_values(target, ascending=ascending)
    (found,) = findings_of(profiled(rows, target, size=90))
    assert (found.kind, found.columns) == ("order", (target,))
    assert "are sorted by the target" in found.text


def test_rows_nearly_in_the_order_of_the_target(profiled, healthy):
    rows = healthy.assign(amount=np.cumsum(RNG.normal(size=len(healthy))))
    (found,) = findings_of(profiled(rows, "amount"))
    assert "neighbouring rows have nearly the same target" in found.text


def test_unrest_is_one_in_random_order_and_what_numpy_says(profiled, healthy):
    x = healthy["amount"].to_numpy()
    found = profiled(healthy, "amount", size=13).target.unrest(False)
    assert found == pytest.approx(np.sum(np.diff(x) ** 2) / (2 * (len(x) - 1) * x.var()))
    y = healthy["y"].to_numpy()
    p = np.array([(y == label).mean() for label in ("yes", "no")])
    expected = np.sum(y[1:] != y[:-1]) / ((len(y) - 1) * (1 - np.sum(p**2)))
    assert profiled(healthy, "y", size=13).target.unrest(True) == pytest.approx(expected)


def test_targets(kinds, healthy):
    n = len(healthy)
    assert kinds(healthy.assign(y=healthy["y"].mask(healthy.index < 9))) == [("target missing", ("y",))]
    assert kinds(healthy.assign(y="same")) == [("target", ("y",))]
    assert kinds(healthy.assign(y=pd.Timestamp("2020-01-01"))) == [("target", ("y",))]
    assert kinds(healthy.assign(y=[f"n{k}" for k in RNG.permutation(n)])) == [("target", ("y",))]
    assert kinds(healthy.assign(y=np.where(np.arange(n) % 300 == 0, "rare", healthy["y"]))) == [("rare class", ("y",))]
    found = kinds(healthy.assign(y=np.where(np.arange(n) == 5, np.inf, RNG.normal(size=n))))
    assert found == [("target", ("y",))]


@pytest.mark.parametrize("wrong", [-1.0, np.nan])
def test_weights_that_training_refuses(kinds, healthy, wrong):
    weights = np.where(healthy.index == 3, wrong, 1.0 + healthy.index % 3)
    assert kinds(healthy.assign(w=weights), weights="w") == [("weights", ("w",))]


def test_what_training_warns_of_is_told_once(profiled, healthy):
    words = np.array([f"word{k}" for k in RNG.integers(0, 1900, len(healthy))], object)
    found = findings_of(profiled(healthy.assign(words=words, ids=[f"n{k}" for k in range(len(healthy))]), "y"))
    assert [one.kind for one in found] == ["identifier"]  # 10,000 levels have a place: nothing to warn of
    told = ["column 'town': text, though its cells spell numbers", "words in 'f.csv'"]
    more = findings_of(profiled(healthy, "y"), [*told, *told])
    assert [(one.kind, one.columns) for one in more] == [("reading", ("town",)), ("reading", ())]


def test_few_rows_say_little(kinds):
    few = pd.DataFrame({"a": range(15), "b": [0, 1, 0] * 5, "y": [0, 1, 0] * 5})
    assert kinds(few) == [("rare class", ("y",))]


def test_many_columns_of_a_kind_are_told_together(profiled, healthy):
    more = {f"c{j}": 1 for j in range(30)} | {
        f"m{j}": healthy["score"].where(healthy.index % 20 == j) for j in range(3)
    }
    found = findings_of(profiled(healthy.assign(**more, e=np.nan), "y"))
    assert [(one.kind, len(one.columns)) for one in found] == [("empty", 1), ("constant", 30), ("mostly missing", 3)]
    assert found[1].text.startswith("'c0', 'c1', 'c2', 'c3', 'c4' and 25 more hold one value")
    assert "'m0', 'm1' and 'm2' are missing in at least 95." in found[2].text
