"""lamina report: the page holds what `evaluate` and `explain` say, and trains the same model again."""

import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lamina import DeepRegressor
from lamina.model_file import load
from read_pages import Page


@pytest.fixture
def reported(lamina, trained, folder):
    """Write a report on a model and a file of the folder of trained models; return the page."""

    def page(*words):
        done = lamina("report", *words, "--out", "page.html")
        assert done.code == 0, done.err
        return Page(Path("page.html").read_text(encoding="utf-8"))

    return page


def words_of(page, file):
    """The words of the command on a page, as a shell takes them, for a file of training rows."""
    return shlex.split(page.code[0].replace("\\\n", "").replace("training.csv", shlex.quote(str(file))))


def test_scores_are_those_of_evaluate(lamina, reported, trained):
    for name in ("income", "price"):
        words = trained / f"{name}.lamina", trained / "new.csv"
        scores = lamina("evaluate", *words, "--json").json["scores"]
        text = reported(*words).text
        for value in scores.values():
            assert f" {value:.4f}" in text or f" {value:.2f}" in text


def test_strengths_are_those_of_explain(lamina, reported, trained):
    words = trained / "income.lamina", trained / "new.csv"
    text = reported(*words).text
    for one in lamina("explain", *words, "--json").json["columns"]:
        assert f"{one['column']} {one['strength']:.4f}" in text


def test_the_worst_rows_are_those_of_the_largest_residuals(reported, trained):
    rows = pd.read_csv(trained / "new.csv")
    off = (rows["price"] - load(trained / "price.lamina").predict(rows)).abs()
    text = reported(trained / "price.lamina", trained / "new.csv").text
    places = [int(line) for line in re.findall(r" line (\d+) ", text)]
    assert [line - 2 for line in places] == off.sort_values(ascending=False).index[:10].tolist()


def test_without_rows_it_says_what_they_would_add(reported, trained):
    text = reported(trained / "income.lamina").text
    assert "With a file of rows whose answers are known" in text
    assert "On the validation rows of its training" in text


def test_the_command_trains_the_same_model(lamina, reported, trained, folder):
    for name, more in (("income", ["--drop", "price"]), ("price", [])):
        program, *words = words_of(reported(trained / f"{name}.lamina"), trained / "people.csv")
        assert program == "lamina"
        assert lamina(*words, *more).code == 0
        again, before = load(folder / f"{name}.lamina"), load(trained / f"{name}.lamina")
        np.testing.assert_array_equal(again.params, before.params)


def test_the_command_keeps_every_kind_of_setting(lamina, folder, people, write):
    write("people.csv", people(120))
    settings = ["--optimizer", "adamw(weight_decay=0.1)", "--hidden-layer-sizes", "6,4", "--normalization", "none"]
    settings += ["--class-weight", "high=2,low=1", "--preset", "sklearn", "--max-iter", "3", "--early-stopping", "true"]
    settings += ["--text", "member", "--missing-words", "NA,none", "--activation", "tanh,relu"]
    assert lamina("train", "people.csv", "--target", "income", "--out", "m.lamina", *settings).code == 0
    before = load("m.lamina")
    assert lamina("report", "m.lamina").code == 0
    words = words_of(Page(Path("m.html").read_text(encoding="utf-8")), "people.csv")
    assert lamina(*words[1:]).code == 0
    np.testing.assert_array_equal(load("m.lamina").params, before.params)


def test_rows_without_the_target_still_say_what_matters(lamina, trained, folder):
    pd.read_csv(trained / "new.csv").rename(columns={"income": "wealth"}).to_csv("other.csv", index=False)
    done = lamina("report", trained / "income.lamina", "other.csv", "--out", "page.html")
    assert done.code == 0
    assert "warning: other.csv has no column 'income', the target: no scores. It may be 'wealth' or 'price'" in done.err
    text = Page(Path("page.html").read_text(encoding="utf-8")).text
    assert "other.csv has no column 'income', the target: no scores." in text
    assert "Which columns matter" in text
    assert "The rows that are most wrong" not in text


def test_the_target_may_be_called_otherwise(lamina, reported, trained, folder):
    pd.read_csv(trained / "new.csv").rename(columns={"income": "wealth"}).to_csv("other.csv", index=False)
    accuracy = lamina("evaluate", trained / "income.lamina", trained / "new.csv", "--json").json["scores"]["accuracy"]
    page = reported(trained / "income.lamina", "other.csv", "--target", "wealth")
    assert f"accuracy {accuracy:.4f}" in page.text
    assert "--target=wealth" in page.code[0]


def test_several_targets_are_explained_one_by_one(lamina, folder):
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)), columns=["a", "b"])
    DeepRegressor(preset="sklearn", max_iter=2, random_state=0).fit(X, X.to_numpy()).save("two.lamina")
    X.assign(y=1).to_csv("rows.csv", index=False)
    done = lamina("report", "two.lamina", "rows.csv")
    assert "predicts 2 targets at once" in done.err
    text = Page(Path("two.html").read_text(encoding="utf-8")).text
    assert "What moves y[0]" in text
    assert "What moves y[1]" in text


def test_rows_beyond_all_numbers_are_left_out_and_counted(lamina, folder):
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)), columns=["a", "b"])
    model = DeepRegressor(preset="sklearn", max_iter=2, random_state=0, scaling="standard").fit(X, X["a"])
    model.parameters_["W1"][:] = 2.0
    model.parameters_["W2"][:] = 2.0
    model.save("m.lamina")
    X.assign(y=X["a"], a=np.where(X.index == 3, 3e38, X["a"])).to_csv("rows.csv", index=False)
    done = lamina("report", "m.lamina", "rows.csv")
    assert done.code == 0, done.err
    assert "1 row left out" in Page(Path("m.html").read_text(encoding="utf-8")).text


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["income.lamina", "nothing.csv"], "no file 'nothing.csv'"),
        (["income.lamina", "few.csv"], "missing: town, member, since"),
        (["income.lamina", "new.csv", "--target", "incme"], "has no column 'incme'. Did you mean 'income'?"),
        (["income.lamina", "new.csv", "--out", "nowhere/page.html"], "there is no folder 'nowhere'"),
        (["income.lamina", "new.csv", "--out", "new.csv"], "are the same file"),
        (["income.lamina", "--out", "income.lamina"], "are the same file"),
        (["income.lamina", "new.csv", "--out", "."], "is a folder"),
        (["income.lamina", "strange.csv"], "strange.csv, line 2, column 'income': unknown class 'rich'"),
        (["new.csv"], "cannot load"),
    ],
)
def test_what_cannot_be_leaves_no_page(lamina, trained, folder, words, error):
    rows = pd.read_csv(trained / "new.csv")
    rows[["age", "income"]].to_csv("few.csv", index=False)
    rows.assign(income=["rich", *rows["income"][1:]]).to_csv("strange.csv", index=False)
    for name in ("income.lamina", "new.csv"):
        (folder / name).write_bytes((trained / name).read_bytes())
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    done = lamina("report", *words)
    assert done.code == 1
    assert error in done.err
    assert "Traceback" not in done.err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_an_older_page_is_replaced_and_matplotlib_is_asked_for_first(lamina, trained, folder, monkeypatch):
    page = folder / "income.html"
    page.write_text("older")
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "matplotlib", None)
        done = lamina("report", trained / "income.lamina")
        assert done.code == 1
        assert "pip install 'lamina[plot]'" in done.err
        assert page.read_text() == "older"
    assert lamina("report", trained / "income.lamina").code == 0
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_many_rows_are_sampled_for_what_reads_them_whole(lamina, trained, folder):
    pd.concat([pd.read_csv(trained / "new.csv")] * 260).to_csv("many.csv", index=False)
    assert lamina("report", trained / "income.lamina", "many.csv").code == 0
    text = Page(Path("income.html").read_text(encoding="utf-8")).text
    assert "On 20,800 rows of many.csv" in text
    assert "a sample of 20,000 of 20,800 rows" in text
    assert "20,000 of the rows of many.csv" in text


def test_rows_that_were_learned_from_are_recognised(lamina, trained, folder):
    rows = pd.read_csv(trained / "people.csv")
    rows.sample(frac=1, random_state=0)[[*reversed(rows.columns)]].to_csv("shuffled.csv", index=False)
    rows[1:].to_csv("fewer.csv", index=False)
    rows.assign(age=[rows["age"][0] + 1, *rows["age"][1:]]).to_csv("altered.csv", index=False)
    said = "holds the rows that the model was trained on: these scores are too good"
    for model in ("income.lamina", "price.lamina"):
        for file, known in (("shuffled.csv", True), ("fewer.csv", False), ("altered.csv", False)):
            done = lamina("report", trained / model, file, "--out", "page.html")
            assert (said in done.err) == known
            assert (said in Page(Path("page.html").read_text(encoding="utf-8")).text) == known
