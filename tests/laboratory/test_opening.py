"""`lamina lab WHAT`: built-in rows, a table, a model with rows or without, code."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lamina import DeepClassifier, DeepRegressor
from lamina.errors import LaminaError, SettingError
from lamina.laboratory.bench import Bench
from lamina.laboratory.opening import made_up, opening_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("lab")
    rng = np.random.default_rng(0)
    n = 200
    frame = pd.DataFrame(
        {
            "size": rng.normal(50, 9, n),
            "town": rng.choice(["Bern", "Basel"], n),
            "since": pd.date_range("2020-01-01", periods=n),
            "old": rng.random(n) < 0.5,
        }
    )
    frame["dear"] = np.where(frame["size"] + 5 * (frame["town"] == "Bern") > 52, "yes", "no")
    frame["price"] = frame["size"] * 3.5
    frame.to_csv(place / "houses.csv", index=False)
    X = frame[["size", "town", "since", "old"]]
    settings = {"max_iter": 3, "random_state": 0, "hidden_layer_sizes": (8,)}
    DeepClassifier(**settings).fit(X, frame["dear"]).save(place / "dear.lamina")
    DeepRegressor(**settings).fit(X, frame["price"]).save(place / "price.lamina")
    (place / "answers.py").write_text("def relu(Z):\n    return Z\n")
    return place


def test_a_table_predicts_its_last_column_or_the_named_one(folder):
    assert opening_of(str(folder / "houses.csv")).rows.task == "regressor"
    found = opening_of(str(folder / "houses.csv"), target="dear").rows
    assert found.task == "classifier"
    assert "dear" not in found.X.names


@pytest.mark.parametrize("name", ["dear", "price"])
def test_a_model_is_looked_at_as_it_is(folder, name):
    from lamina import load

    opening = opening_of(str(folder / f"{name}.lamina"), folder / "houses.csv", name)
    bench = Bench(opening.rows, before=opening.before)
    np.testing.assert_array_equal(bench.state_at(0)[1].params, load(folder / f"{name}.lamina").params)
    assert bench.trace_at(0).replay().agrees
    bench.play(2, wait=True)
    assert bench.head == 2


def test_a_model_alone_gets_rows_that_are_said_to_be_made_up(folder):
    from lamina import load

    opening = opening_of(str(folder / "dear.lamina"))
    assert "made-up" in opening.rows.title
    model = load(folder / "dear.lamina")
    rows = made_up(model)
    np.testing.assert_array_equal(model.predict(rows), opening.rows.y)
    assert set(rows.column("town")) <= {"Bern", "Basel"}
    assert 20 < np.mean(rows.column("size")) < 80
    assert Bench(opening.rows, before=opening.before).trace_at(0).replay().agrees


def test_code_comes_with_the_rows_of_the_lesson(folder):
    found = opening_of(str(folder / "answers.py"))
    assert found.rows.name == "lesson"
    assert found.code == folder / "answers.py"


@pytest.mark.parametrize(
    ("what", "file", "target", "words"),
    [
        ("moon", None, None, "moons"),
        ("nowhere.csv", None, None, "no such file"),
        ("houses.csv", "houses.csv", None, "two tables"),
        ("houses.csv", None, "prices", "price"),
        ("dear.lamina", "houses.csv", "deer", "--target NAME"),
        ("answers.py", "dear.lamina", None, "dear.lamina"),
    ],
)
def test_what_cannot_be_opened_is_said(folder, what, file, target, words):
    place = str(folder / what) if "." in what else what
    with pytest.raises(LaminaError, match=words):
        opening_of(place, file and folder / file, target)


@pytest.mark.parametrize(("file", "target"), [(None, "x1"), (Path("rows.csv"), None)])
def test_built_in_rows_take_neither_file_nor_target(file, target):
    with pytest.raises(SettingError, match="moons: these rows are built in"):
        opening_of("moons", file, target)
