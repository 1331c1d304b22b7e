"""A sweep of learning rates: the costs are those of real steps, and the suggestion trains."""

import numpy as np
import pytest

from lamina import DeepClassifier, DeepRegressor
from lamina.errors import SettingError
from lamina.fitting import prepare
from lamina.learning.evaluation import cost_of
from lamina.learning.training import train
from sick_runs import SMALL, rows

X, LABELS, NUMBERS = rows()


def regressor(**settings):
    return DeepRegressor(**SMALL | settings)


def test_the_cost_at_a_rate_is_that_of_a_fit_at_it():
    found = regressor(batch_size=100).find_learning_rate(X, NUMBERS, rates=[1e-3, 1e-2], steps=8)
    run, state = prepare(X, NUMBERS, settings=SMALL | {"batch_size": 100, "learning_rate_init": 1e-2}, task="regressor")
    assert found.start == pytest.approx(cost_of(run.network, run.engine, state.params, run.examples)[0])
    for _ in train(run, state, 2):  # 2 epochs of 4 steps
        pass
    assert state.step == found.steps == 8
    assert found.costs[1] == pytest.approx(cost_of(run.network, run.engine, state.params, run.examples)[0])


def test_steps_that_end_within_an_epoch():
    a, b = (regressor(batch_size=100).find_learning_rate(X, NUMBERS, rates=[1e-3, 1e-2], steps=n) for n in (5, 6))
    assert a.steps == 5
    assert (a.costs > b.costs).all()


@pytest.mark.filterwarnings("ignore::lamina.errors.DiagnosisWarning")  # of the rate that is ten times higher
@pytest.mark.parametrize("optimiser", ["adam", "gradient_descent", "momentum", "lion"])
def test_the_suggestion_trains(optimiser):
    """Better than a rate ten times lower, and not worse than ten times higher by much."""
    settings = {"optimizer": optimiser, "max_iter": 60}
    model = regressor(**settings)
    rate = model.find_learning_rate(X, NUMBERS).suggestion
    score, lower, higher = (
        _score(regressor(**settings, learning_rate_init=one)) for one in (rate, rate / 10, min(rate * 10, 5.0))
    )
    assert score > 0.8
    assert score > lower
    assert score > higher - 0.1


def _score(model):
    try:
        return model.fit(X[:300], NUMBERS[:300]).score(X[:300], NUMBERS[:300])
    except RuntimeError:  # diverged
        return -np.inf


def test_of_a_classifier_with_validation_rows_and_members():
    model = DeepClassifier(hidden_layer_sizes=(16,), n_members=2, random_state=0)
    found = model.find_learning_rate(X, LABELS, rates=np.geomspace(1e-5, 1, 6), steps=20)
    assert found.suggestion in [float(f"{rate:.2g}") for rate in found.rates]
    assert found.costs.min() < found.start < np.inf
    assert not hasattr(model, "model_")


def test_it_prints_what_it_tried():
    text = str(regressor(optimizer="gradient_descent").find_learning_rate(X, NUMBERS, rates=[1e3, 1e-2], steps=30))
    lines = text.splitlines()
    assert lines[0].startswith("learning rate   cost after 30 steps (0.6")
    assert lines[1].startswith("0.01 ")
    assert lines[2].split() == ["1e+03", "diverged"]
    assert lines[3] == "suggestion: learning_rate_init=0.01"


def test_it_is_drawn():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    found = regressor().find_learning_rate(X, NUMBERS, rates=[1e-4, 1e-2, 1e3], steps=10)
    axes = found.plot()
    curve, start, suggestion = axes.get_lines()
    assert list(curve.get_xdata()) == [1e-4, 1e-2]  # what diverged is not drawn
    assert list(suggestion.get_xdata()) == [found.suggestion] * 2
    assert list(start.get_ydata()) == [found.start] * 2
    assert axes.get_xscale() == "log"
    pyplot.close("all")


@pytest.mark.parametrize(
    ("settings", "arguments", "message"),
    [
        ({"optimizer": "lbfgs"}, {}, "optimizer='lbfgs' has no learning rate"),
        ({}, {"rates": [1e-3]}, "two or more rates above 0"),
        ({}, {"rates": [0.0, 1.0]}, "two or more rates above 0"),
        ({}, {"rates": ["a", 1.0]}, "two or more rates above 0"),
        ({}, {"steps": 0}, "1 step or more"),
        ({}, {"rates": [50.0, 100.0], "steps": 3}, r"no rate from 50 to 100 made the cost lower than 0\.6"),
    ],
)
def test_what_cannot_be_swept(settings, arguments, message):
    with pytest.raises(SettingError, match=message):
        regressor(**settings).find_learning_rate(X, NUMBERS, **arguments)
