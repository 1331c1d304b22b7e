"""lamina diagnose: what `diagnose` says, for people and for programs, with and without rows."""

import pandas
import pytest

import lamina as package


@pytest.fixture(autouse=True)
def _here(trained, monkeypatch):
    monkeypatch.chdir(trained)


@pytest.fixture
def sick(lamina, tmp_path):
    """A model whose units are all the same."""
    model = tmp_path / "sick.lamina"
    zeros = ["--preset", "sklearn", "--initializer", "zeros", "--bias-initializer", "zeros"]
    done = lamina("train", "people.csv", "--target", "income", "--out", model, "--max-iter", 4, *zeros)
    assert done.code == 0
    return model, done


def test_a_healthy_model(lamina):
    done = lamina("diagnose", "income.lamina")
    found = package.load("income.lamina").diagnose()
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [f"income.lamina: {found.lines()[0]}", *found.lines()[1:]]


def test_a_sick_model_in_words_of_the_command_line(lamina, sick):
    model, trained = sick
    done = lamina("diagnose", model)
    first, cause, *_ = done.out.splitlines()
    assert first == f"{model}: 2 findings, the likely cause first"
    assert cause.startswith("1. symmetric_units (error): All units of layer 1 compute the same in every row")
    assert "choose --initializer he_normal" in cause
    assert trained.err.count("warning: All units of layer 1 compute the same") == 1
    assert "lamina diagnose MODEL says more" in trained.err


def test_as_json(lamina, sick):
    model, _ = sick
    done = lamina("diagnose", model, "--json")
    assert {key: done.json[key] for key in ("model", "file", "healthy")} == {
        "model": str(model),
        "file": None,
        "healthy": False,
    }
    assert [one["name"] for one in done.json["findings"]] == list(package.load(model).diagnose().names)
    assert done.json["findings"][0]["layer"] == 1


def test_with_rows(lamina):
    done = lamina("diagnose", "income.lamina", "people.csv", "--json")
    rows = pandas.read_csv("people.csv", parse_dates=["since"])
    expected = package.load("income.lamina").diagnose(rows.drop(columns="income"), rows["income"])
    assert [one["name"] for one in done.json["findings"]] == list(expected.names)
    told = lamina("diagnose", "income.lamina", "people.csv").out
    assert told.startswith("income.lamina, with 300 rows of people.csv: ")


def test_validation_rows_that_were_learned_from(lamina, tmp_path):
    pandas.read_csv("people.csv").head(50).to_csv(tmp_path / "some.csv", index=False)
    done = lamina("diagnose", "income.lamina", "people.csv", "--validation", tmp_path / "some.csv", "--json")
    assert "validation_rows_in_training" in [one["name"] for one in done.json["findings"]]


def test_the_target_may_have_another_name(lamina, tmp_path):
    pandas.read_csv("people.csv").rename(columns={"income": "wage"}).to_csv(tmp_path / "renamed.csv", index=False)
    file = tmp_path / "renamed.csv"
    assert lamina("diagnose", "income.lamina", file, "--target", "wage").code == 0
    done = lamina("diagnose", "income.lamina", file)
    assert (done.code, done.out) == (1, "")
    assert f"{file} has no column 'income'" in done.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--validation", "new.csv"], "--validation needs FILE"),
        (["nowhere.csv"], "nowhere.csv"),
    ],
)
def test_what_cannot_be_diagnosed(lamina, words, message):
    done = lamina("diagnose", "income.lamina", *words)
    assert (done.code, done.out) == (1, "")
    assert message in done.err
