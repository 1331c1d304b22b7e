"""The learning curve: what is drawn is what the history holds."""

import sys

import numpy as np
import pytest

from lamina import DeepRegressor
from lamina.errors import MissingExtraError
from lamina.plots import LearningCurveDisplay

pytest.importorskip("matplotlib")

HISTORY = [
    {"epoch": 1, "cost": 3.0, "validation_cost": 4.0, "score": 0.1, "validation_score": 0.0},
    {"epoch": 2, "cost": 2.0, "validation_cost": 3.5, "score": 0.2, "validation_score": 0.1},
    {"epoch": 3, "cost": 1.0, "validation_cost": 3.8, "score": 0.3, "validation_score": 0.2},
]


@pytest.fixture(autouse=True)
def _closed():
    from matplotlib import pyplot

    yield
    pyplot.close("all")


def lines(axes):
    return {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in axes.get_lines()}


def test_cost_and_score_of_both_kinds_of_rows():
    display = LearningCurveDisplay(HISTORY, "r2", 2).plot()
    cost, score = display.axes_
    assert display.figure_ is cost.figure
    assert lines(cost) == {
        "training rows": ([1, 2, 3], [3.0, 2.0, 1.0]),
        "validation rows": ([1, 2, 3], [4.0, 3.5, 3.8]),
        "kept: 2": ([2, 2], [0, 1]),
    }
    assert lines(score)["validation rows"] == ([1, 2, 3], [0.0, 0.1, 0.2])
    assert (cost.get_ylabel(), score.get_ylabel(), cost.get_xlabel()) == ("cost J", "r2", "epoch")
    assert [text.get_text() for text in score.get_legend().get_texts()] == [
        "training rows",
        "validation rows",
        "kept: 2",
    ]


def test_without_held_out_rows_there_is_one_line():
    display = LearningCurveDisplay([{**record, "validation_cost": None} for record in HISTORY]).plot()
    assert set(lines(display.axes_[0])) == {"training rows"}


def test_in_axes_that_are_given():
    from matplotlib import pyplot

    axes = pyplot.subplots(2, 1)[1]
    assert LearningCurveDisplay(HISTORY).plot(axes).axes_ is axes
    assert len(axes[0].get_lines()) == 2


def test_to_a_file(tmp_path):
    display = LearningCurveDisplay(HISTORY).plot()
    display.save(tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_of_an_estimator():
    X = np.random.default_rng(0).normal(size=(40, 2))
    model = DeepRegressor(hidden_layer_sizes=(4,), max_iter=5, random_state=0).fit(X, X[:, 0])
    cost, score = model.plot_history().axes_
    assert lines(cost)["training rows"] == ([1, 2, 3, 4, 5], model.loss_curve_)
    assert f"kept: {model.best_epoch_}" in lines(cost)
    assert score.get_ylabel() == "r2"


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(MissingExtraError, match=r"Pictures need matplotlib: pip install 'lamina\[plot\]'"):
        LearningCurveDisplay(HISTORY).plot()
