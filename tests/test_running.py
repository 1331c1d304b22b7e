"""A run carried out: Ctrl-C, a limit of time, and checkpoints that a later call goes on from."""

import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

from lamina import DeepClassifier, DeepRegressor
from lamina.engine import EQUATIONS
from lamina.errors import CheckpointError, InterruptedWarning
from lamina.learning import training
from lamina.learning.checkpoints import Folder
from lamina.learning.run_folders import run_in
from plain_network import PLAIN

rng = np.random.default_rng(0)
X = rng.normal(size=(160, 4))
SIGNAL = X[:, 0] - X[:, 1] * X[:, 2]
NUMBERS = 100 + 7 * SIGNAL
LABELS = np.digitize(SIGNAL, [-0.7, 0.7])
QUICK = PLAIN | {"hidden_layer_sizes": (12,), "learning_rate_init": 0.03, "random_state": 0, "max_iter": 10}
HARD = {"dropout": 0.2, "normalization": "batch", "averaging": 0.5, "early_stopping": True, "n_iter_no_change": 99}
LIMIT_SECONDS = 60  # of a process that should end at once


def regressor(**settings):
    return DeepRegressor(**{**QUICK, **settings})


def classifier(**settings):
    return DeepClassifier(**{**QUICK, **settings})


def after(epochs, do):
    """A scorer that does something at the end of this epoch; later epochs are better. It is tried before the first."""
    seen = []

    def score(estimator, X, y):
        seen.append(1)
        if len(seen) == epochs + 1:
            do()
        return float(len(seen))

    return score


def ctrl_c():
    signal.raise_signal(signal.SIGINT)


def interrupt():
    raise KeyboardInterrupt


@pytest.fixture
def small_moves(monkeypatch):
    """The loop yields after every step, whatever the speed of the machine."""
    monkeypatch.setattr(training, "FIRST_MULTIPLY_ADDS", 0)
    monkeypatch.setattr(training, "SECONDS_PER_MOVE", 0)


@pytest.fixture(autouse=True)
def handlers():
    """Whatever a test does, signals are handled afterwards as they were before."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    assert {number: signal.getsignal(number) for number in before} == before


def at_move(monkeypatch, number, do):
    """Do something as this move of the loop ends, counted from 1."""
    moves, move = [], training.move

    def counting(*given):
        move(*given)
        moves.append(1)
        if len(moves) == number:
            do()

    monkeypatch.setattr(training, "move", counting)


# ---- Ctrl-C ----


@pytest.mark.parametrize("how", [ctrl_c, interrupt], ids=["a signal", "an exception"])
def test_ctrl_c_leaves_a_fitted_estimator_with_the_best_weights(how):
    """Worse from epoch to epoch: the best of three is the first."""
    falling = after(3, how)
    model = regressor(scoring=lambda *given: -falling(*given))
    with pytest.warns(InterruptedWarning, match=r"Ctrl-C ended training in epoch 3.* weights of the best of") as told:
        assert model.fit(X, NUMBERS) is model
    best = regressor(scoring=lambda *given: 0.0, max_iter=1).fit(X, NUMBERS)
    np.testing.assert_array_equal(model.model_.params, best.model_.params)
    assert (model.stopped_, model.best_epoch_, model.model_.stopped) == ("Ctrl-C", 1, "Ctrl-C")
    assert model.n_iter_ == (3 if how is ctrl_c else 2)
    assert len(told) == 1
    assert told[0].filename == __file__


def test_ctrl_c_within_an_epoch(small_moves, monkeypatch):
    at_move(monkeypatch, 13, ctrl_c)  # five to an epoch
    model = regressor()
    with pytest.warns(InterruptedWarning, match="Ctrl-C ended training in epoch 3"):
        model.fit(X, NUMBERS)
    assert (model.n_iter_, model.stopped_) == (2, "Ctrl-C")
    monkeypatch.undo()
    np.testing.assert_array_equal(model.model_.params, regressor(max_iter=2).fit(X, NUMBERS).model_.params)


def test_ctrl_c_within_the_first_epoch(small_moves, monkeypatch):
    """No epoch is the best yet: the weights are those after the step."""
    start = regressor(max_iter=1, learning_rate_init=1e-30).fit(X, NUMBERS).model_.params
    at_move(monkeypatch, 2, ctrl_c)
    model = regressor()
    with pytest.warns(InterruptedWarning, match=r"weights of step 2, within the first epoch.* warm_start=True"):
        model.fit(X, NUMBERS)
    assert (model.n_iter_, model.best_epoch_, model.history_) == (0, 0, [])
    assert 0 < np.abs(model.model_.params - start).max() < 0.1


def test_after_ctrl_c_a_warm_start_goes_on_with_the_same_bits(small_moves, monkeypatch):
    whole = regressor(**HARD).fit(X, NUMBERS)
    at_move(monkeypatch, 13, ctrl_c)
    model = regressor(**HARD, warm_start=True)
    with pytest.warns(InterruptedWarning):
        model.fit(X, NUMBERS)
    model.set_params(max_iter=10 - model.n_iter_).fit(X, NUMBERS)
    np.testing.assert_array_equal(model.model_.params, whole.model_.params)
    assert [r["cost"] for r in model.history_] == [r["cost"] for r in whole.history_]


@pytest.mark.parametrize("optimiser", ["adam", "lbfgs"])
def test_after_an_interrupted_scorer_a_warm_start_goes_on_with_the_same_bits(optimiser):
    """The pass was done and is not done again; the average moves once, and the record is written once."""
    settings = HARD | {"optimizer": optimiser, "tol": 0.0}
    whole = regressor(**settings, scoring=after(99, interrupt)).fit(X, NUMBERS)
    model = regressor(**settings, scoring=after(3, interrupt), warm_start=True)
    with pytest.warns(InterruptedWarning):
        model.fit(X, NUMBERS)
    assert (model.n_iter_, len(model.history_)) == (2, 2)
    model.set_params(max_iter=8).fit(X, NUMBERS)
    np.testing.assert_array_equal(model.model_.params, whole.model_.params)
    assert [r["cost"] for r in model.history_] == [r["cost"] for r in whole.history_]


def test_an_interrupt_within_a_step_leaves_the_best_weights_to_go_on_from(monkeypatch):
    """Parameters that moved without the count of steps are of no one moment."""
    taken, verbs = [], EQUATIONS.train_steps

    def train_steps(network, optimiser, params, *rest):
        costs = verbs(network, optimiser, params, *rest)
        taken.append(1)
        if len(taken) == 4:
            params[:] = np.nan
            raise KeyboardInterrupt
        return costs

    monkeypatch.setattr("lamina.engine.EQUATIONS", EQUATIONS._replace(train_steps=train_steps))
    model = regressor(engine="equations", warm_start=True)
    with pytest.warns(InterruptedWarning):
        model.fit(X, NUMBERS)
    assert (model.n_iter_, model.stopped_) == (3, "Ctrl-C")
    model.fit(X, NUMBERS)  # goes on
    assert model.n_iter_ == 13
    assert np.isfinite([record["cost"] for record in model.history_]).all()
    assert model.history_[3]["cost"] < model.history_[0]["cost"]


def test_a_second_ctrl_c_interrupts_at_once():
    reached = []

    def twice():
        ctrl_c()
        reached.append("after the first")
        ctrl_c()
        reached.append("after the second")

    with pytest.warns(InterruptedWarning, match="Ctrl-C ended training in epoch 3"):
        model = regressor(scoring=after(3, twice)).fit(X, NUMBERS)
    assert reached == ["after the first"]
    assert model.n_iter_ == 2


def test_an_interrupt_before_any_epoch_was_good_is_raised():
    model = regressor(scoring=after(1, interrupt))
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, NUMBERS)
    assert not hasattr(model, "model_")


def test_handlers_are_taken_for_the_time_of_training_only():
    seen = []
    before = signal.getsignal(signal.SIGINT)
    look = after(1, lambda: seen.append([signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]))
    regressor(scoring=look, max_iter=1).fit(X, NUMBERS)
    assert seen[0][0] not in (before, signal.SIG_DFL)
    assert seen[0][1] == signal.SIG_DFL  # without a checkpoint, nothing keeps a process from its end
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(ZeroDivisionError):
        regressor(scoring=after(1, lambda: 1 / 0)).fit(X, NUMBERS)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_handler_of_somebody_else_stays():
    caught = []
    before = signal.signal(signal.SIGINT, lambda number, frame: caught.append(number))
    try:
        model = regressor(scoring=after(2, ctrl_c)).fit(X, NUMBERS)
    finally:
        signal.signal(signal.SIGINT, before)
    assert caught == [signal.SIGINT]
    assert model.n_iter_ == 10


def test_in_another_thread_no_handler_is_touched():
    before, seen = signal.getsignal(signal.SIGINT), []
    look = after(1, lambda: seen.append(signal.getsignal(signal.SIGINT)))
    model = regressor(scoring=look, max_iter=2)
    thread = threading.Thread(target=model.fit, args=(X, NUMBERS))
    thread.start()
    thread.join(LIMIT_SECONDS)
    assert seen == [before]
    assert model.n_iter_ == 2


def test_ctrl_c_from_outside():
    """A process that gets SIGINT in the middle of training goes on after `fit` with a fitted estimator."""
    code = """
        import os, signal, sys, threading, warnings
        import numpy as np
        from lamina import DeepRegressor
        X = np.random.default_rng(0).normal(size=(2000, 4))
        model = DeepRegressor(preset="sklearn", hidden_layer_sizes=(8,), max_iter=10**6, tol=0, n_iter_no_change=10**6,
                              scoring=lambda model, X, y: (ready if tried.is_set() else tried).set() or 0.0)
        tried, ready = threading.Event(), threading.Event()
        def press():
            ready.wait()
            os.kill(os.getpid(), signal.SIGINT)
        threading.Thread(target=press, daemon=True).start()
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            model.fit(X, X[:, 0])
        fitted = model.n_iter_ >= 1 and np.isfinite(model.predict(X)).all()
        print(model.stopped_, fitted, *[w.category.__name__ for w in told])
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["Ctrl-C", "True", "InterruptedWarning"]


# ---- a limit of time ----


@pytest.mark.parametrize("task", ["classifier", "regressor"])
def test_training_ends_in_time_with_the_best_weights(task):
    made, y = (classifier(calibrate=False), LABELS) if task == "classifier" else (regressor(), NUMBERS)
    settings = {"learning_rate_init": 0.3, "early_stopping": True, "n_iter_no_change": 10**6}
    began = time.monotonic()
    model = made.set_params(**settings, max_iter=10**6, max_time=0.5).fit(X, y)
    assert 0.4 < time.monotonic() - began < 5
    assert model.stopped_ == "max_time: the limit of 0.5 seconds was reached"
    costs = [record["validation_cost"] for record in model.history_]
    best = 1 + int(np.argmin(costs))
    assert model.best_epoch_ == best <= len(costs)
    params = model.model_.params
    np.testing.assert_array_equal(made.set_params(max_iter=best, max_time=None).fit(X, y).model_.params, params)


def test_time_that_is_over_within_the_first_epoch(small_moves, monkeypatch):
    at_move(monkeypatch, 1, lambda: time.sleep(0.3))
    model = regressor(max_time=0.2).fit(X, NUMBERS)
    assert (model.n_iter_, model.best_epoch_, model.history_) == (0, 0, [])
    assert model.stopped_ == "max_time: the limit of 0.2 seconds was reached"
    assert np.isfinite(model.predict(X)).all()


def test_partial_fit_knows_no_limit_of_time(small_moves):
    model = regressor(max_time=1e-9).partial_fit(X, NUMBERS)
    assert (model.n_iter_, len(model.history_)) == (1, 1)


# ---- checkpoints ----


def saved(model, tmp_path, name="model.lamina"):
    """The bytes of the file that the model makes."""
    model.save(tmp_path / name)
    return (tmp_path / name).read_bytes()


def contents(folder):
    """What the files hold; the lock says who tried last."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "lock"}


def end_by_ctrl_c(model, folder, monkeypatch, move):
    """Fit with a checkpoint until Ctrl-C comes in this move, counted from the start of this call."""
    with monkeypatch.context() as patch:
        at_move(patch, move, ctrl_c)
        with pytest.warns(InterruptedWarning, match="the same call with checkpoint="):
            model.fit(X, NUMBERS, checkpoint=folder)


VARIETIES = {
    "adam": {},
    "momentum": {"optimizer": "momentum"},
    "rmsprop": {"optimizer": "rmsprop", "schedule": "cosine(warmup=2)"},
    "plateau": {"schedule": "plateau(patience=1)"},
    "members": {"n_members": 2},
    "float64": {"dtype": "float64", "engine": "equations"},
}


@pytest.mark.parametrize("variety", VARIETIES)
def test_a_fit_that_was_ended_anywhere_makes_the_same_file(variety, small_moves, monkeypatch, tmp_path):
    """Again and again, within epochs too: the same call goes on, and ends with the bytes of a fit that never ended."""
    settings = HARD | VARIETIES[variety]
    expected = saved(regressor(**settings).fit(X, NUMBERS), tmp_path)
    for move in (3, 5, 9):
        end_by_ctrl_c(regressor(**settings), tmp_path / "run", monkeypatch, move)
    model = regressor(**settings).fit(X, NUMBERS, checkpoint=tmp_path / "run")
    assert saved(model, tmp_path) == expected
    assert (model.n_iter_, model.stopped_) == (10, "all 10 epochs were done")


def test_lbfgs_goes_on_with_the_same_bytes(tmp_path):
    settings = {"optimizer": "lbfgs", "early_stopping": True, "tol": 0.0, "n_iter_no_change": 99}
    expected = saved(regressor(**settings).fit(X, NUMBERS), tmp_path)
    for epochs in (2, 3, 9):
        regressor(**settings, max_iter=epochs).fit(X, NUMBERS, checkpoint=tmp_path / "run")
    model = regressor(**settings).fit(X, NUMBERS, checkpoint=tmp_path / "run")
    assert model.n_iter_ > 9
    assert saved(model, tmp_path) == expected


@pytest.mark.parametrize("random_state", [0, None])
def test_a_classifier_goes_on_with_its_seed_and_temperature(random_state, small_moves, monkeypatch, tmp_path):
    """Without a random_state, the seed that the first call drew is in the folder."""
    settings = {"random_state": random_state, "early_stopping": True, "calibrate": True, "dropout": 0.3}
    with monkeypatch.context() as patch:
        at_move(patch, 17, ctrl_c)
        with pytest.warns(InterruptedWarning):
            classifier(**settings).fit(X, LABELS, checkpoint=tmp_path / "run")
    seed = run_in(tmp_path / "run").description["seed"]
    model = classifier(**settings).fit(X, LABELS, checkpoint=tmp_path / "run")
    whole = classifier(**settings | {"random_state": seed}).fit(X, LABELS)
    np.testing.assert_array_equal(model.model_.params, whole.model_.params)
    np.testing.assert_array_equal(model.predict_proba(X), whole.predict_proba(X))


def test_time_that_is_over_within_an_epoch_leaves_a_checkpoint(small_moves, monkeypatch, tmp_path):
    expected = saved(regressor(**HARD).fit(X, NUMBERS), tmp_path)
    with monkeypatch.context() as patch:
        at_move(patch, 13, lambda: time.sleep(1.1))
        model = regressor(**HARD, max_time=1.0).fit(X, NUMBERS, checkpoint=tmp_path / "run")
    assert (model.n_iter_, model.stopped_) == (2, "max_time: the limit of 1 seconds was reached")
    model = regressor(**HARD).fit(X, NUMBERS, checkpoint=tmp_path / "run")
    assert saved(model, tmp_path) == expected


def test_a_checkpoint_changes_no_byte(tmp_path):
    expected = saved(regressor(**HARD).fit(X, NUMBERS), tmp_path)
    assert saved(regressor(**HARD).fit(X, NUMBERS, checkpoint=tmp_path / "run"), tmp_path) == expected


def test_a_fit_that_is_done_is_not_done_again(tmp_path):
    settings = {"tol": 1e6, "n_iter_no_change": 3}
    first = regressor(**settings).fit(X, NUMBERS, checkpoint=tmp_path / "run")
    assert first.stopped_ == "no progress on the training rows for 3 epochs"
    for _ in range(2):
        again = regressor(**settings).fit(X, NUMBERS, checkpoint=str(tmp_path / "run"))
        assert (again.n_iter_, again.stopped_) == (first.n_iter_, first.stopped_)
        assert saved(again, tmp_path, "again") == saved(first, tmp_path, "first")
        assert run_in(tmp_path / "run").status == "done"


def test_what_may_change(tmp_path):
    """How long, how often, how loud."""
    regressor(**HARD | {"max_iter": 4}).fit(X, NUMBERS, checkpoint=tmp_path / "run")
    model = regressor(**HARD, max_time=600.0, checkpoint_interval=1.0).fit(X, NUMBERS, checkpoint=tmp_path / "run")
    assert model.n_iter_ == 10
    np.testing.assert_array_equal(model.model_.params, regressor(**HARD).fit(X, NUMBERS).model_.params)


def test_fewer_epochs_than_are_done(tmp_path):
    regressor(max_iter=4).fit(X, NUMBERS, checkpoint=tmp_path / "run")
    model = regressor(max_iter=2).fit(X, NUMBERS, checkpoint=tmp_path / "run")
    assert (model.n_iter_, model.stopped_) == (4, "all 4 epochs were done")
    assert run_in(tmp_path / "run").status == "done"


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        ({"learning_rate_init": 0.01}, ["learning_rate_init"]),
        ({"alpha": 0.5, "dropout": 0.1}, ["alpha", "dropout"]),
        ({"hidden_layer_sizes": (13,)}, ["hidden_layer_sizes"]),
        ({"optimizer": "momentum"}, ["optimizer"]),
        ({"random_state": 1}, ["random_state"]),
        ({"scoring": "r2"}, ["scoring"]),
    ],
)
def test_changed_settings_are_refused_by_name(changed, names, tmp_path):
    folder = tmp_path / "run"
    regressor(max_iter=2).fit(X, NUMBERS, checkpoint=folder)
    before = contents(folder)
    model = regressor(**changed)
    with pytest.raises(CheckpointError) as told:
        model.fit(X, NUMBERS, checkpoint=folder)
    assert all(name in str(told.value) for name in names)
    assert "batch_size" not in str(told.value)
    assert not hasattr(model, "model_")
    assert contents(folder) == before


def test_other_data_are_refused(tmp_path):
    folder, rows = tmp_path / "run", {"X_val": X[100:], "y_val": NUMBERS[100:]}
    regressor(max_iter=2).fit(X[:100], NUMBERS[:100], checkpoint=folder, **rows)
    other_y, other_val = NUMBERS.copy(), X[100:] * 2
    other_y[7] += 1e-9
    cases = [
        ("data", (X[:100], other_y[:100]), rows),
        ("data", (X[:100] * 2, NUMBERS[:100]), rows),
        ("data", (X[:99], NUMBERS[:99]), rows),
        ("validation rows", (X[:100], NUMBERS[:100]), {**rows, "X_val": other_val}),
        ("validation rows", (X[:100], NUMBERS[:100]), {}),
        ("data", (X[:100], NUMBERS[:100], np.linspace(1, 2, 100)), rows),
    ]
    for name, given, watched in cases:
        with pytest.raises(CheckpointError, match=name):
            regressor(max_iter=2).fit(*given, checkpoint=folder, **watched)
    with pytest.raises(CheckpointError, match="task"):
        classifier(max_iter=2).fit(X[:100], LABELS[:100], checkpoint=folder)
    order = rng.permutation(100)  # the same rows in another order are the same rows
    model = regressor(max_iter=3).fit(X[:100][order], NUMBERS[:100][order], checkpoint=folder, **rows)
    assert model.n_iter_ == 3


def test_a_signal_that_ends_a_process_is_a_wish_where_there_is_a_checkpoint(tmp_path):
    end = after(3, lambda: signal.raise_signal(signal.SIGTERM))
    with pytest.warns(InterruptedWarning, match="SIGTERM ended training in epoch 3"):
        model = regressor(scoring=end).fit(X, NUMBERS, checkpoint=tmp_path / "run")
    assert (model.n_iter_, model.stopped_) == (3, "SIGTERM")
    assert run_in(tmp_path / "run").status == "stopped"


def test_after_an_error_the_checkpoint_of_the_epoch_before_goes_on(tmp_path):
    """A scorer is known by its name: the same function of another process has another address."""
    expected = regressor(scoring=after(99, interrupt), **HARD).fit(X, NUMBERS)
    with pytest.raises(ZeroDivisionError):
        regressor(scoring=after(4, lambda: 1 / 0), **HARD).fit(X, NUMBERS, checkpoint=tmp_path / "run")
    assert run_in(tmp_path / "run").summary["epoch"] == 3
    model = regressor(scoring=after(99, interrupt), **HARD).fit(X, NUMBERS, checkpoint=tmp_path / "run")
    assert [record["cost"] for record in model.history_] == [record["cost"] for record in expected.history_]


def test_the_folder_is_free_afterwards(tmp_path):
    """Also after an error: another process may take it."""
    with pytest.raises(ZeroDivisionError):
        regressor(scoring=after(2, lambda: 1 / 0)).fit(X, NUMBERS, checkpoint=tmp_path / "run")
    regressor(max_iter=1).fit(X, NUMBERS, checkpoint=tmp_path / "other")
    for name in ("run", "other"):
        assert run_in(tmp_path / name).status != "running"


def test_a_checkpoint_now_and_then_within_an_epoch(small_moves, monkeypatch, tmp_path):
    """An epoch may last for hours: what a killed process leaves is at most `checkpoint_interval` seconds old."""
    steps, save = [], Folder.save

    def watching(self, step, arrays, scalars):
        steps.append(step)
        save(self, step, arrays, scalars)

    monkeypatch.setattr(Folder, "save", watching)
    at_move(monkeypatch, 3, lambda: time.sleep(0.6))
    regressor(max_iter=2, checkpoint_interval=0.5).fit(X, NUMBERS, checkpoint=tmp_path / "run")
    assert steps == [3, 5, 10]


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    regressor(max_iter=2, random_state=None).fit(X, NUMBERS, checkpoint="~/run")
    assert (tmp_path / "run" / "run.json").is_file()
    assert regressor(max_iter=4, random_state=None).fit(X, NUMBERS, checkpoint="~/run").n_iter_ == 4
