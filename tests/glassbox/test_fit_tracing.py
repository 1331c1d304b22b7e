"""Steps of a fit: what was traced is what the engine did, nothing that is learned changes, and memory has a bound."""

import warnings

import numpy as np
import pytest

import lamina
from lamina.errors import DataWarning, SettingError
from lamina.glassbox import fit_tracing
from lamina.learning import training
from plain_network import PLAIN

ROWS = 70


def rows(seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(ROWS, 3))
    return X, (X[:, 0] + 0.5 * X[:, 1] ** 2 > 0.3).astype(int)


def fitted(trace=None, weights=None, **settings):
    """Five epochs of five steps; the last batch of an epoch is shorter."""
    settings = PLAIN | {"batch_size": 15, "hidden_layer_sizes": (4,), "max_iter": 5, "random_state": 0} | settings
    return lamina.DeepClassifier(**settings).fit(*rows(), weights, trace=trace)


SETTINGS = {
    "plain": {},
    "kernels": {"engine": "kernels"},
    "equations": {"engine": "equations"},
    "double": {"dtype": "float64"},
    "members": {"n_members": 3},
    "penalty": {"alpha": 0.5, "l1": 0.1},
    "dropout": {"dropout": 0.4, "dropout_schedule": "cosine"},
    "normalisation": {"normalization": "batch", "optimizer": "rmsprop"},
    "clipped": {
        "optimizer": "adamw(clip_norm=0.1, weight_decay=0.2)",
        "schedule": "cosine",
        "decay_schedule": "cosine",
    },
    "unshuffled": {"shuffle": False, "optimizer": "nesterov"},
    "everything": {"preset": "td", "n_members": 2, "hidden_layer_sizes": (4, 4)},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_traced_steps_are_what_the_engine_did(name, monkeypatch):
    monkeypatch.setattr(fit_tracing, "MOST_TRACES", 1000)
    settings = SETTINGS[name]
    if settings.get("engine") == "kernels":
        pytest.importorskip("lamina._kernels")
    plain, traced = fitted(**settings), fitted(trace=1, **settings)
    np.testing.assert_array_equal(traced.model_.params, plain.model_.params)
    assert traced.history_[-1]["cost"] == plain.history_[-1]["cost"]
    assert list(traced.traces_) == list(range(len(traced.traces_)))
    for step, trace in traced.traces_.items():
        replay = trace.replay()
        assert replay.agrees, f"step {step}: {replay}"
        assert trace.comparisons
        assert sum(line.result.endswith("_new") for line in replay.lines) == len(trace.network.slots)
        if step + 1 in traced.traces_:  # what a step ends with is what the next one begins with
            for slot in trace.network.slots:
                after = traced.traces_[step + 1]
                np.testing.assert_array_equal(trace[f"{slot.name}_new"], after[slot.name])


def test_the_rows_of_a_step_are_those_of_its_batch():
    traces = fitted(trace=1).traces_
    X = np.concatenate([traces[step]["A0"] for step in range(5)], axis=1)  # an epoch
    assert [traces[step].m for step in range(5)] == [15, 15, 15, 15, 10]
    given = lamina.DeepClassifier(**PLAIN, random_state=0, max_iter=1).fit(*rows()).model_.encode(rows()[0])
    np.testing.assert_allclose(np.sort(X.T, axis=0), np.sort(given, axis=0), rtol=1e-6)


def test_the_cost_of_a_pass_is_the_mean_of_its_steps():
    model = fitted(trace=1, dtype="float64")
    for epoch in range(5):
        steps = [model.traces_[5 * epoch + k] for k in range(5)]
        mean = sum(float(one["cost"]) * one.m for one in steps) / ROWS
        assert mean == pytest.approx(model.history_[epoch]["cost"], rel=1e-9)


def test_weights_of_rows_are_traced():
    w = np.linspace(0.1, 2.0, ROWS)  # not whole: rows are not put in twice
    model = fitted(trace=3, weights=w)
    assert all("w" in trace and trace.replay().agrees for trace in model.traces_.values())


def test_steps_by_number():
    model = fitted(trace=[3, 11, 99])
    assert list(model.traces_) == [3, 11]
    assert [one.step for one in model.traces_.values()] == [3, 11]
    assert model.traces_[11].heading.startswith("step 11 of training: 15 rows, adam")
    assert list(fitted(trace=np.array([2, 1])).traces_) == [1, 2]
    assert list(fitted(trace=range(2, 5)).traces_) == [2, 3, 4]
    assert list(fitted(trace=7).traces_) == [0, 7, 14, 21]


def test_of_many_steps_every_other_one_goes(monkeypatch):
    monkeypatch.setattr(fit_tracing, "MOST_TRACES", 6)
    assert list(fitted(trace=1).traces_) == [0, 8, 16, 24]  # 25 steps: the distance is 1, 2, 4, then 8
    assert list(fitted(trace=3).traces_) == [0, 6, 12, 18, 24]


def test_memory_has_a_bound(monkeypatch):
    one = sum(array.nbytes for array in fitted(trace=[0]).traces_[0].arrays.values())
    monkeypatch.setattr(fit_tracing, "MOST_BYTES", 3 * one)
    traces = fitted(trace=1).traces_
    assert 1 < len(traces) <= 3
    with pytest.warns(DataWarning, match="no more are kept"):
        model = fitted(trace=[0, 1, 2, 3, 4, 20])
    assert list(model.traces_) == [0, 1, 2]


@pytest.mark.parametrize("steps", [0, -1, 1.5, True, "ten", [], [-1], [0.5], ["a"], {1: 2}])
def test_what_is_no_step_is_refused(steps):
    with pytest.raises(SettingError, match="expected a whole number of at least 1"):
        fitted(trace=steps)


def test_a_fit_without_a_trace_forgets_the_last_one():
    model = fitted(trace=[0])
    model.fit(*rows())
    assert not hasattr(model, "traces_")


def test_full_batches_are_traced():
    plain, model = fitted(optimizer="lbfgs"), fitted(optimizer="lbfgs", trace=1)
    np.testing.assert_array_equal(model.model_.params, plain.model_.params)
    assert list(model.traces_)
    for trace in model.traces_.values():
        assert trace.m == ROWS
        assert trace.replay().agrees
        assert np.abs(trace.update("W1")).max() > 0


def test_a_resumed_fit_is_traced_from_where_it_resumes(tmp_path):
    settings = PLAIN | {"batch_size": 15, "hidden_layer_sizes": (4,), "random_state": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lamina.DeepClassifier(**settings, max_iter=2).fit(*rows(), checkpoint=tmp_path / "run")
        again = lamina.DeepClassifier(**settings, max_iter=4).fit(*rows(), checkpoint=tmp_path / "run", trace=1)
    assert list(again.traces_) == list(range(10, 20))
    assert all(trace.replay().agrees for trace in again.traces_.values())


def test_a_streamed_fit_is_traced(tmp_path):
    X, y = rows()
    lines = ["a,b,c,y", *(",".join(map(str, [*row, label])) for row, label in zip(X.tolist(), y, strict=True))]
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n")
    settings = PLAIN | {"batch_size": 15, "hidden_layer_sizes": (4,), "max_iter": 3, "random_state": 0}
    fits = [
        lamina.DeepClassifier(**settings).fit(tmp_path / "rows.csv", target="y", stream=True, trace=trace)
        for trace in (None, 2)
    ]
    np.testing.assert_array_equal(fits[0].model_.params, fits[1].model_.params)
    assert list(fits[1].traces_) == list(range(0, 15, 2))
    assert all(trace.replay().agrees for trace in fits[1].traces_.values())


def test_the_loop_yields_where_it_is_asked_to(monkeypatch):
    """Many steps at a time, and still one yield before and one after a step that is traced."""
    monkeypatch.setattr(training, "SECONDS_PER_MOVE", 100.0)
    assert list(fitted(trace=[2]).traces_) == [2]
