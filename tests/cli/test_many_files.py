"""predict, evaluate and explain on several files, a folder or a glob: as if the rows were one file."""

import numpy as np
import pandas
import pytest

import lamina as package
from lamina.cli import rows as module


@pytest.fixture
def parts(trained, tmp_path, monkeypatch):
    """The rows of new.csv in three Parquet files."""
    monkeypatch.chdir(trained)
    frame = pandas.read_csv("new.csv", parse_dates=["since"])
    for i, part in enumerate(np.array_split(np.arange(len(frame)), 3)):
        frame.iloc[part].to_parquet(tmp_path / f"part-{i}.parquet", index=False)
    return tmp_path


@pytest.mark.parametrize("words", [["predict", "income.lamina"], ["predict", "income.lamina", "--proba"]])
def test_predictions_are_those_of_one_file(lamina, parts, monkeypatch, words):
    expected = lamina(*words, "new.csv").out
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 11)
    files = [parts / f"part-{i}.parquet" for i in range(3)]
    for given in ([parts], [parts / "*.parquet"], files):
        assert lamina(*words, *given).out == expected
    out = parts / "predicted.csv"
    assert lamina(*words, parts / "part-*", "--out", out).err == f"80 predictions: {out}\n"
    assert out.read_text() == expected


def test_scores_are_those_of_one_file(lamina, parts):
    expected = lamina("evaluate", "income.lamina", "new.csv", "--json").json
    found = lamina("evaluate", "income.lamina", parts, "--json").json
    assert found["rows"] == expected["rows"] == 80
    assert found["scores"] == expected["scores"]
    assert f"on 80 rows of {parts}" in lamina("evaluate", "income.lamina", parts).out
    shown = lamina("evaluate", "income.lamina", parts / "part-0.parquet", parts / "part-1.parquet").out
    assert f"rows of {parts / 'part-0.parquet'} and 1 more" in shown


@pytest.mark.parametrize("most", [0, 40])
def test_explanations_are_those_of_one_file(lamina, parts, most):
    expected = lamina("explain", "income.lamina", "new.csv", "--most", str(most), "--json").json
    found = lamina("explain", "income.lamina", parts, "--most", str(most), "--json").json
    assert found["rows"] == expected["rows"] == (most or 80)
    for a, b in zip(found["columns"], expected["columns"], strict=True):
        assert a["column"] == b["column"]
        assert a["strength"] == pytest.approx(b["strength"], rel=1e-9)


def test_the_place_of_a_fault(lamina, parts):
    frame = pandas.read_parquet(parts / "part-1.parquet")
    frame["age"] = np.where(np.arange(len(frame)) == 5, np.inf, 30.0)
    frame.to_parquet(parts / "part-1.parquet", index=False)
    done = lamina("predict", "income.lamina", parts)
    assert done.code == 1
    assert "part-1.parquet, row 6 (row 33 in all), column 'age': contains infinity" in done.err


def test_a_result_is_none_of_its_files(lamina, parts):
    before = (parts / "part-0.parquet").read_bytes()
    done = lamina("predict", "income.lamina", parts, "--out", parts / "part-0.parquet")
    assert done.code != 0
    assert "are the same file: it would be replaced" in done.err
    assert (parts / "part-0.parquet").read_bytes() == before


def test_no_file(lamina, parts):
    for command in ("predict", "evaluate", "explain"):
        done = lamina(command, "income.lamina")
        assert done.code != 0
        assert "requires an argument" in done.err
    assert "no file matches" in lamina("predict", "income.lamina", parts / "*.csv").err


def test_files_without_rows(lamina, parts):
    frame = pandas.read_parquet(parts / "part-0.parquet")
    for i in range(2):
        frame[:0].to_parquet(parts / f"none-{i}.parquet", index=False)
    done = lamina("predict", "income.lamina", parts / "none-*.parquet")
    assert (done.code, done.out) == (0, "income\n")
    done = lamina("predict", "income.lamina", parts)
    assert "left out, for they have no rows: 'none-0.parquet', 'none-1.parquet'" in done.err
    assert done.out == lamina("predict", "income.lamina", "new.csv").out


def test_models_and_estimators_take_files(parts):
    frame = pandas.read_csv("new.csv", parse_dates=["since"])
    model = package.load("income.lamina")
    expected, y = model.predict(frame), frame["income"].to_numpy()
    for rows in (parts, str(parts / "*.parquet"), lambda: (frame[i : i + 9] for i in range(0, 80, 9))):
        assert model.predict(rows).tolist() == expected.tolist()
        np.testing.assert_array_equal(model.predict_proba(rows), model.predict_proba(frame))
        np.testing.assert_array_equal(model.encode(rows), model.encode(frame))
        assert model.score(rows, y) == model.score(frame, y)
        estimator = package.DeepClassifier.from_model(model)
        assert estimator.predict(rows).tolist() == expected.tolist()
        assert estimator.score(rows, y) == model.score(frame, y)
