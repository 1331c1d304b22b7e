"""`lamina.lab`: which variables it takes, the widget's messages, the handle of a page in the browser."""

import importlib
import json
import socket
import sys
import time
from urllib.parse import urlsplit

import numpy as np
import pytest

import lamina
from lamina.equations.losses import BinaryLogLoss, CategoricalLogLoss, SquaredError
from lamina.errors import DataError, LaminaError, MissingExtraError, SettingError
from lamina.laboratory.bench import Bench
from lamina.laboratory.lab_rows import built_in
from lamina.laboratory.notebook.served import Lab
from lamina.laboratory.notebook.variables import variables

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)


@pytest.fixture(scope="module")
def model():
    return lamina.DeepClassifier(hidden_layer_sizes=(5,), max_iter=4, random_state=0).fit(X, Y)


def bench_of(*given, **named):
    found = variables(*given, **named)
    return Bench(found.rows, found.settings, before=found.before)


def test_nothing_is_the_lectures_network():
    assert bench_of().run.network.widths == [4, 4, 3, 3, 1]
    assert bench_of("xor").rows.name == "xor"


@pytest.mark.parametrize("what", ["estimator", "model"])
def test_a_fitted_model_is_looked_at_as_it_is_and_does_not_change(model, what):
    before = model.model_.params.copy()
    bench = bench_of(model if what == "estimator" else model.model_, X, Y)
    _, state = bench.state_at(bench.head)
    np.testing.assert_array_equal(state.params, before)
    bench.play(3, wait=True)
    assert bench.head == 3
    np.testing.assert_array_equal(model.model_.params, before)
    learned = bench.model_at(bench.head)
    assert not np.array_equal(learned.params, before)
    assert learned.predict(X).shape == Y.shape


def test_a_model_alone_gets_rows_and_they_say_so(model):
    bench = bench_of(model)
    assert "made-up" in bench.rows.title
    assert "its own answers" in bench_of(model, X).rows.title


def test_an_estimator_that_is_not_fitted_starts_from_its_settings():
    bench = bench_of(lamina.DeepRegressor(hidden_layer_sizes=(4, 2), preset="course", dtype="float64"), X, X[:, 0] ** 2)
    assert bench.run.network.loss.kind == "squared_error"
    assert [n for n in bench.run.network.widths if n > 1] == [4, 4, 2, 2]
    assert bench_of(X=X, y=Y).rows.task == "classifier"
    assert bench_of(X=X, y=X[:, 0] ** 2).rows.task == "regressor"


@pytest.mark.parametrize(
    ("loss", "units", "targets"),
    [
        (BinaryLogLoss(), 1, Y),
        (BinaryLogLoss(0.1), 2, np.stack([Y, 1 - Y], axis=1)),
        (CategoricalLogLoss(), 3, np.eye(3)[RNG.integers(3, size=40)]),
        (SquaredError(), 2, X[:, :2] ** 2),
    ],
    ids=lambda one: getattr(one, "kind", None),
)
def test_a_network_with_its_parameters_has_the_cost_of_its_trace(loss, units, targets):
    network = lamina.Network(3, [lamina.Dense(4, "tanh"), lamina.Linear(units)], loss)
    params = np.random.default_rng(1).normal(size=network.size)
    bench = bench_of(network, X, targets, params=params)
    ours, theirs = bench.trace_at(bench.head), lamina.trace(network, X, targets, params=params)
    assert float(ours["cost"]) == pytest.approx(float(theirs["cost"]), rel=1e-12)
    np.testing.assert_allclose(ours["dW1"], theirs["dW1"], rtol=1e-9, atol=1e-15)


WRONG = [
    ((3,), {}, "takes a DeepClassifier.*found int"),
    ((lamina.DeepClassifier,), {}, "found DeepClassifier"),
    ((lamina.DeepClassifier(),), {}, "not fitted"),
    (("moon",), {}, "Did you mean 'moons'"),
    ((None, X), {}, "X without y"),
    ((None, None, Y), {}, "y without X"),
    (("moons", X, Y), {}, "a name and rows"),
    ((None,), {"params": X}, "params are of a Network"),
    ((lamina.Network(3, [lamina.Linear(1)], BinaryLogLoss()), X), {}, "needs encoded rows and targets"),
    ((lamina.Network(2, [lamina.Linear(1)], BinaryLogLoss()), X, Y), {}, r"expected \(m, 2\)"),
    ((lamina.Network(3, [lamina.Linear(1)], BinaryLogLoss()), X, 3 * Y), {}, "expected 0 and 1"),
    ((lamina.Network(3, [lamina.Linear(1)], BinaryLogLoss()), X, Y), {"params": X[0]}, r"expected \(4,\)"),
]


@pytest.mark.parametrize(("given", "named", "words"), WRONG, ids=[words for *_, words in WRONG])
def test_what_does_not_go_together_is_a_sentence(given, named, words):
    with pytest.raises((SettingError, DataError), match=words):
        variables(*given, **named)


# ---- the widget ----


@pytest.fixture
def widget():
    kind = importlib.import_module("lamina.laboratory.notebook.widget").LabWidget
    found = kind(Bench(built_in("lesson")), 500)
    found.said = []
    found.send = found.said.append
    yield found
    found.close()


def asked(widget, name, arguments, number=7):
    widget._handle_custom_msg({"lamina": "ask", "id": number, "name": name, "arguments": arguments}, [])
    return next(one for one in widget.said if one.get("id") == number)


def test_a_question_comes_back_with_its_number_and_answer(widget):
    found = asked(widget, "trace", {"step": 0})
    json.dumps(found, allow_nan=False)
    assert found["lamina"] == "answer"
    assert found["answer"]["arrays"][0]["name"] == "A0"
    assert widget.said[-1]["lamina"] == "now"


def test_an_error_comes_back_as_a_sentence(widget):
    assert "the recording has the steps 0 to 0" in asked(widget, "trace", {"step": 9})["error"]
    assert "no question" in asked(widget, "evil", {}, 8)["error"]


@pytest.mark.parametrize("message", [None, [], {}, {"lamina": "no"}, {"lamina": "ask"}, {"lamina": "ask", "name": 3}])
def test_other_messages_do_no_harm(widget, message):
    widget._handle_custom_msg(message, [])
    assert all("answer" not in one for one in widget.said)


def test_the_page_hears_of_the_training(widget):
    widget.bench.play(5, wait=True)
    until = time.monotonic() + 10
    while time.monotonic() < until and not any(one.get("now", {}).get("head") == 5 for one in widget.said):
        time.sleep(0.05)
    assert any(one.get("now", {}).get("head") == 5 for one in widget.said)


def test_the_page_of_the_widget_is_whole_and_its_frame_has_few_rights(widget):
    assert widget.get_state()["height"] == 500
    assert "<script" in widget.page
    assert "src=" not in widget.page.replace("img-src", "").replace("script-src", "").split("<body>")[1]
    assert '"sandbox", "allow-scripts allow-downloads"' in widget._esm


def test_closing_ends_the_thread(widget):
    widget.close()
    widget._looking.join(5)
    assert not widget._looking.is_alive()


# ---- the handle ----


def test_outside_a_notebook_it_is_a_page_in_the_browser(monkeypatch, capsys):
    monkeypatch.setattr("lamina.laboratory.notebook.served.has_screen", lambda: False)
    with lamina.lab("xor", port=0) as lab:
        assert isinstance(lab, Lab)
        assert lab.url in repr(lab)
        assert lab.url in capsys.readouterr().out
        port = urlsplit(lab.url).port
        with socket.create_connection(("127.0.0.1", port), 5):
            pass
    assert "closed" in repr(lab)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), 1)
    lab.close()  # again


def test_in_a_notebook_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    monkeypatch.delitem(sys.modules, "lamina.laboratory.notebook.widget", raising=False)
    with pytest.raises(MissingExtraError, match=r"pip install 'lamina\[notebook\]'"):
        lamina.lab(browser=False)


def test_a_notebook_is_recognised(monkeypatch):
    from lamina.laboratory.notebook.lab import in_notebook

    class IPython:
        kernel: object

        @staticmethod
        def get_ipython():
            return IPython.shell

        shell = None

    monkeypatch.setitem(sys.modules, "IPython", IPython)
    assert not in_notebook()
    IPython.shell = type("Shell", (), {"kernel": object()})()
    assert in_notebook()
    assert issubclass(MissingExtraError, LaminaError)
