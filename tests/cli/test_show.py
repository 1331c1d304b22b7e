"""lamina show, and the curve that it draws."""

import re
from dataclasses import replace

import numpy as np
import pytest

import lamina as package
from lamina.cli.curve import drawn
from lamina.cli.profile_words import encoded
from lamina.data.encoding.descriptions import columns
from lamina.data.encoding.learning import learn_encoder
from lamina.data.tables.sources import read


@pytest.fixture(autouse=True)
def _here(trained, monkeypatch):
    monkeypatch.chdir(trained)


def test_everything_is_there(lamina):
    done = lamina("show", "income.lamina")
    assert (done.code, done.err) == (0, "")
    words = " ".join(done.out.split())
    assert words.startswith("income.lamina predicts 'income': binary, 2 classes (high, low)")
    model = package.load("income.lamina")
    assert "linear 7 -> 8 W1 (8, 7), b1 (8, 1) 64 256 B activation relu 8 -> 8 0 0 B" in words
    assert "linear 8 -> 1 W2 (1, 8), b2 (1, 1) 9 36 B total loss: binary_log_loss 73 292 B" in words
    assert "4 columns become 7 features:" in words
    assert "town category 3 levels: Basel, Bern, Zürich" in words
    assert "since date (x - " in words
    assert "hidden_layer_sizes 8" in words
    assert f"accuracy {model.scores['validation_accuracy']:.4f}" in words
    costs = [record["validation_cost"] for record in model.history]
    assert f"cost over 8 epochs, kept: epoch {1 + int(np.argmin(costs))}" in words
    assert "training stopped: all 8 epochs were done" in words
    assert re.search("[\u2801-\u28ff]", done.out)
    assert " validation rows" in done.out


def test_a_regressor(lamina):
    assert lamina("show", "price.lamina").out.startswith("price.lamina predicts 'price': a number\n")


def test_columns_tell_what_the_encoder_does():
    encoder = package.load("income.lamina").encoder
    found = {name: (kind, text) for name, kind, text in columns(encoder)}
    assert list(found) == list(encoder.names_in)
    at = encoder.numbers.at.tolist().index(encoder.names_in.index("age"))
    location, scale = encoder.numbers.location[at], encoder.numbers.scale[at]
    assert found["age"] == ("number", f"(x - {location:.4g}) / {scale:.4g}, missing marked")
    assert found["member"][0] == "boolean"


def test_columns_of_every_scaling_dates_and_places():
    rows = {
        "n": [1.0, 2.0, 4.0, None],
        "c": [3, 3, 3, 3],
        "when": np.array(["2020-01-01", "2021-02-02", "2021-03-05", "2021-03-06"], "M8[D]"),
        "zip": [1, 2, 3, 3],
    }
    settings = {"dates": "parts", "categorical": ("zip",), "embed_above": 2}
    robust = learn_encoder(read(rows), scaling="robust", **settings)
    assert [text for _, _, text in columns(robust)] == [
        "(x - 2) / 1.5, clipped smoothly, missing marked",
        "0: constant in training",
        "(x - 1.868e+04) / 130.8, clipped smoothly, year, month, weekday",
        "3 levels embedded: 1, 2, 3",
    ]
    assert [kind for _, kind, _ in columns(robust)] == ["number", "number", "date", "category"]
    bent = learn_encoder(read(rows), scaling="quantile", splines=["n"], **settings)
    assert next(columns(bent))[2] == "to a normal through 3 quantiles, 3 spline functions, missing marked"


def test_days_between_dates_are_those_since_a_name():
    days = np.array(["2020-01-01", "2021-02-02", "2021-03-05", "2021-03-06"], "M8[D]")
    encoder = learn_encoder(
        read({"n": [1, 2, 3, 4], "ordered": days, "sent": days + np.array([3, 4, 9, 9])}), dates="auto"
    )
    assert [text.partition(", ")[2] for _, _, text in columns(encoder)][1:] == [
        "year, month, weekday",
        "year, month, weekday, since ordered",
    ]
    assert encoded(encoder)["sent"][0].endswith(", since ordered")
    assert encoder.feature_names[-1] == "sent since ordered"


def test_settings_are_spelled_as_flags(lamina, tmp_path):
    model = replace(
        package.load("income.lamina"),
        settings={"optimizer": package.Adam(beta1=0.5), "hidden_layer_sizes": (4, 2), "normalization": None},
    )
    package.save(model, tmp_path / "m.lamina")
    words = " ".join(lamina("show", tmp_path / "m.lamina").out.split())
    assert "beta1=0.5" in words
    assert "hidden_layer_sizes 4,2" in words


def test_without_history_scores_or_settings(lamina, tmp_path):
    model = replace(package.load("price.lamina"), settings={}, history=[], scores={})
    package.save(model, tmp_path / "m.lamina")
    out = lamina("show", tmp_path / "m.lamina").out
    assert "every setting at its default" in out
    assert "cost over" not in out
    assert "did not learn from" not in out


# ---- the curve ----


def test_a_falling_line():
    lines = drawn({"training": [(1, 4.0), (2, 3.0), (3, 2.0), (4, 1.0)]}, width=4, height=4, unicode=False)
    assert lines == [
        "       4 |t",
        "         | t",
        "         |  t",
        "       1 |   t training",
        "         +----",
        "   epoch  1          4",
    ]


def test_braille_dots_are_where_the_values_are():
    """2 x 4 dots, numbered 1 2 3 7 down the left and 4 5 6 8 down the right; dot n is bit n - 1."""
    falling = drawn({"a": [(1, 1.0), (2, 0.0)]}, width=1, height=1)
    assert falling[0] == f"       0 │{chr(0x2800 + 0b10100011)} a"  # dots 1 2 6 8
    low = drawn({"a": [(1, 0.0), (2, 0.0)], "b": [(1, 1.0)]}, width=1, height=1)
    assert low[0].startswith(f"       0 │{chr(0x2800 + 0b11000001)}")  # dots 7 8, and 1 of b


def test_two_lines_have_a_name_each_even_when_they_end_together():
    lines = drawn({"training": [(1, 2.0), (9, 1.0)], "held-out": [(1, 2.0), (9, 1.0)]}, width=20, height=6)
    assert sum("training" in line for line in lines) == sum("held-out" in line for line in lines) == 1


@pytest.mark.parametrize(
    "points", [[(1, 5.0)], [(3, 5.0), (4, 5.0)], [(1, -1e300), (2, 1e300)], [(1, 0.0), (5000, 1e-9)]]
)
def test_any_numbers_fit(points):
    for unicode in (True, False):
        lines = drawn({"a": points}, unicode=unicode)
        assert len(lines) == 12
        assert all(len(line) <= 10 + 56 + 2 for line in lines)


def test_nothing_to_draw():
    assert drawn({}) == drawn({"a": []}) == []
