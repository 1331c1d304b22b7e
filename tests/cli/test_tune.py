"""lamina tune: a search, its model, and the command that makes the same model again."""

import json
import shlex

import numpy as np
import pytest

QUICK = ("--max-iter", "3", "--hidden-layer-sizes", "8", "--n-members", "1", "--random-state", "0")


@pytest.fixture
def people(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 200))
    lines = [f"{one},{other},{'high' if one > other else 'low'}" for one, other in zip(a, b, strict=True)]
    (tmp_path / "people.csv").write_text("\n".join(["a,b,income", *lines]) + "\n")
    return tmp_path / "people.csv"


def test_a_search_writes_a_model_a_picture_and_how_to_make_it_again(lamina, people, tmp_path):
    done = lamina("tune", "people.csv", "--target", "income", "--trials", "3", "--plot", "p.png", *QUICK)
    assert done.code == 0
    assert (tmp_path / "p.png").stat().st_size > 1000
    model = (tmp_path / "people.lamina").read_bytes()
    (line,) = (one for one in done.out.splitlines() if one.startswith("the same model again: "))
    words = shlex.split(line.partition(": ")[2])[1:]
    assert lamina(*words, "--out", "again.lamina").code == 0
    assert (tmp_path / "again.lamina").read_bytes() == model


def test_json_tells_trials_and_ranges_are_kept(lamina, people):
    ranges = ("--only", "dropout", "--space", "learning-rate-init=0.01..0.02", "--space", "batch_size=16|32")
    done = lamina("tune", "people.csv", "--target", "income", "--trials", "3", "--json", *ranges, *QUICK)
    found = json.loads(done.out)
    assert len(found["trials"]) == 3
    for one in found["trials"][1:]:
        assert set(one["settings"]) == {"dropout", "learning_rate_init", "batch_size"}
        assert 0.01 <= one["settings"]["learning_rate_init"] <= 0.02
        assert one["settings"]["batch_size"] in (16, 32)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--space", "dropout=0.1"), "expected name=low..high"),
        (("--space", "dropout=0.5..0.1"), "a low number, and a higher one"),
        (("--only", "dropuot"), "dropout"),
        (("--trials", "0"), "expected 1 or more"),
        (("--storage", "nowhere/study.log"), "there is no folder"),
    ],
)
def test_what_cannot_be_searched_is_said(lamina, people, words, message):
    done = lamina("tune", "people.csv", "--target", "income", *words, *QUICK)
    assert done.code == 1
    assert message in done.err
