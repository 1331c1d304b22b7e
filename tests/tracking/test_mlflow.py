"""MLflow's own client reads back what was logged, from its own store."""

import signal
import subprocess
import sys

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

import lamina
from lamina.cli.main import main
from lamina.errors import DivergenceError, InterruptedWarning, TrackingError, TrackingWarning

pytest.importorskip("sklearn.callback")
mlflow = pytest.importorskip("mlflow")
pytestmark = pytest.mark.filterwarnings("ignore:::mlflow", "ignore:::sqlalchemy", "ignore::DeprecationWarning")

from lamina.callbacks import EarlyStopping, MLflow  # noqa: E402


def artifacts(store, run):
    return [one.path for one in store[0].list_artifacts(run.info.run_id)]


def history(store, run, name):
    return [(one.step, one.value) for one in store[0].get_metric_history(run.info.run_id, name)]


def test_a_fit_is_a_run(store, runs, rows, quick, tmp_path):
    X, y = rows
    callback = MLflow(run_name="first", tags={"who": "me"}, scoring="roc_auc", X_val=X[:9], y_val=y[:9])
    model = lamina.DeepClassifier(**quick).set_callbacks(callback).fit(X, y)
    (run,) = runs()
    assert (run.info.status, run.info.run_name) == ("FINISHED", "first")
    assert run.data.tags["who"] == "me"
    assert run.data.tags["stopped"] == model.stopped_
    assert run.data.params["max_iter"] == "4"
    assert run.data.params["hidden_layer_sizes"] == "(6,)"
    assert set(run.data.params) == set(model.settings_)
    assert history(store, run, "cost") == [(one["epoch"], one["cost"]) for one in model.history_]
    assert [step for step, _ in history(store, run, "roc_auc")] == [1, 2, 3, 4]
    assert run.data.metrics["best_epoch"] == model.best_epoch_
    assert artifacts(store, run) == ["model.lamina"]
    path = store[0].download_artifacts(run.info.run_id, "model.lamina", str(tmp_path))
    np.testing.assert_array_equal(lamina.load(path).predict_proba(X), model.predict_proba(X))
    assert mlflow.active_run() is None


def test_within_an_active_run_that_run_is_logged_to_and_left_open(store, runs, rows, quick):
    with mlflow.start_run() as run:
        lamina.DeepClassifier(**quick).set_callbacks(MLflow(model=False)).fit(*rows)
        assert mlflow.active_run().info.run_id == run.info.run_id
    (found,) = runs()
    assert (found.info.run_id, found.info.status) == (run.info.run_id, "FINISHED")
    assert len(history(store, found, "cost")) == 4
    assert artifacts(store, found) == []


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_fits_of_a_search_are_runs_within_that_of_the_search(store, runs, rows, quick, n_jobs):
    callback = MLflow()
    net = lamina.DeepClassifier(**quick).set_callbacks(callback)
    search = GridSearchCV(net, {"dropout": [0.0, 0.2]}, cv=2, n_jobs=n_jobs).set_callbacks(callback).fit(*rows)
    *parts, whole = sorted(runs(), key=lambda run: "mlflow.parentRunId" not in run.data.tags)
    assert len(parts) == 5  # the last fit on all rows too
    assert {one.data.tags["mlflow.parentRunId"] for one in parts} == {whole.info.run_id}
    assert {one.info.status for one in [*parts, whole]} == {"FINISHED"}
    assert whole.data.metrics["best_score"] == search.best_score_
    assert whole.data.params["best_dropout"] == str(search.best_params_["dropout"])
    assert {one.data.params["dropout"] for one in parts} == {"0.0", "0.2"}
    assert artifacts(store, whole) == ["model.lamina"]
    assert [artifacts(store, one) for one in parts] == [[]] * 5


def test_a_part_of_a_search_within_an_active_run_has_a_run_of_its_own(store, runs, rows, quick):
    net = lamina.DeepClassifier(**quick).set_callbacks(MLflow())
    with mlflow.start_run() as run:
        GridSearchCV(net, {"dropout": [0.0, 0.2]}, cv=2, refit=False).fit(*rows)
    assert [one.data.tags.get("mlflow.parentRunId") for one in runs()] == [run.info.run_id] * 4 + [None]


def test_other_estimators_too(store, runs, rows):
    LogisticRegression().set_callbacks(MLflow(scoring="accuracy")).fit(*rows)
    (run,) = runs()
    assert run.data.params["C"] == "1.0"
    assert len(history(store, run, "accuracy")) > 1
    assert artifacts(store, run) == ["model.joblib"]


class Raises(EarlyStopping):
    """Raises after an epoch."""

    def __init__(self, problem):
        super().__init__()
        self.problem = problem

    def on_fit_task_end(self, estimator, context, **told):
        if context.task_name == "epoch":
            if self.problem is signal:
                signal.raise_signal(signal.SIGINT)
                return False
            raise self.problem
        return False


@pytest.mark.parametrize(
    ("problem", "status", "stopped"),
    [
        (signal, "KILLED", "Ctrl-C"),
        (ValueError("odd"), "FAILED", "ValueError: odd"),
    ],
)
def test_how_it_ended(runs, rows, quick, problem, status, stopped):
    model = lamina.DeepClassifier(**quick).set_callbacks(MLflow(), Raises(problem))
    with pytest.raises(ValueError, match="odd") if status == "FAILED" else pytest.warns(InterruptedWarning):
        model.fit(*rows)
    (run,) = runs()
    assert (run.info.status, run.data.tags["stopped"]) == (status, stopped)
    assert mlflow.active_run() is None


def test_divergence_fails(runs, rows, quick):
    with pytest.raises(DivergenceError):
        lamina.DeepClassifier(**quick | {"learning_rate_init": 1e30}).set_callbacks(MLflow()).fit(*rows)
    (run,) = runs()
    assert run.info.status == "FAILED"
    assert "diverged" in run.data.tags["stopped"]
    assert run.data.params["learning_rate_init"] == "1e+30"


def test_a_store_that_cannot_be_used_is_said_before_anything_is_trained(store, rows, quick, tmp_path):
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri("nonsense://x")
    try:
        with pytest.raises(TrackingError, match="MLflow cannot begin a run"):
            lamina.DeepClassifier(**quick).set_callbacks(MLflow()).fit(*rows)
    finally:
        mlflow.set_tracking_uri(before)


def test_lamina_train(store, runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = "\n".join(f"{k % 7},{'yes' if k % 7 > 3 else 'no'}" for k in range(60))
    (tmp_path / "rows.csv").write_text(f"a,b\n{lines}\n")
    assert main(["train", "rows.csv", "--target", "b", "--max-iter", "2", "--track", "mlflow"]) == 0
    (run,) = runs()
    assert (run.info.run_name, run.info.status) == ("rows", "FINISHED")
    assert [step for step, _ in history(store, run, "cost")] == [1, 2]
    assert artifacts(store, run) == ["rows.lamina"]
    assert "accuracy" in run.data.metrics


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_trials_of_tune_are_runs_within_that_of_the_search(store, runs, rows, n_jobs):
    settings = {"max_iter": 2, "hidden_layer_sizes": (4,), "n_members": 1, "numeric_embedding": None}
    found = lamina.tune(*rows, trials=3, track="mlflow", random_state=0, n_jobs=n_jobs, **settings)
    *trials, whole = sorted(runs(), key=lambda run: "mlflow.parentRunId" not in run.data.tags)
    assert {one.data.tags["mlflow.parentRunId"] for one in trials} == {whole.info.run_id}
    scores = {one["number"]: one["score"] for one in found.records}
    assert {int(one.data.params["trial"]): one.data.metrics["score"] for one in trials} == scores
    assert [len(history(store, one, "validation_log_loss")) for one in trials] == [2, 2, 2]
    assert whole.data.metrics["best_score"] == found.best_score
    assert (whole.info.status, artifacts(store, whole)) == ("FINISHED", ["model.lamina"])
    assert mlflow.active_run() is None


AUTOLOG = """
import sys
import mlflow, mlflow.sklearn
import numpy as np
import lamina
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment(experiment_id=sys.argv[2])
mlflow.sklearn.autolog(log_datasets=False)
X = np.random.default_rng(0).normal(size=(60, 2))
y = X[:, 0] > 0
net = lamina.DeepClassifier(hidden_layer_sizes=(4,), max_iter=2, random_state=0)
make_pipeline(net).fit(X, y)
GridSearchCV(net, {"dropout": [0.0, 0.2]}, cv=2).fit(X, y)
"""


def test_autolog_logs_pipelines_and_searches(store, runs):
    """In a process of its own: autolog changes scikit-learn for good."""
    with mlflow.start_run() as own:
        pass
    words = [sys.executable, "-W", "ignore", "-c", AUTOLOG, store[0].tracking_uri, own.info.experiment_id]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = {one.data.tags.get("estimator_name"): one for one in runs()}
    pipeline, search = found["Pipeline"], found["GridSearchCV"]
    assert pipeline.data.params["deepclassifier__max_iter"] == "2"
    assert "training_accuracy_score" in pipeline.data.metrics
    models = store[0].search_logged_models([own.info.experiment_id])
    (model,) = [one for one in models if one.source_run_id == pipeline.info.run_id]
    loaded = mlflow.sklearn.load_model(model.model_uri)
    assert type(loaded[-1]) is lamina.DeepClassifier
    assert "best_cv_score" in search.data.metrics


def test_a_run_ends_whatever_became_of_its_model(store, rows, quick, tmp_path):
    """The artifact cannot be written: the fit is whole, its run has ended, and the next fit has one of its own."""
    nowhere = store[0].create_experiment("nowhere", artifact_location=(tmp_path / "file" / "below").as_uri())
    (tmp_path / "file").write_text("no folder")
    mlflow.set_experiment(experiment_id=nowhere)
    with pytest.warns(TrackingWarning, match="is told no more"):
        lamina.DeepClassifier(**quick).set_callbacks(MLflow(run_name="one")).fit(*rows)
    assert mlflow.active_run() is None
    with pytest.warns(TrackingWarning, match="is told no more"):
        lamina.DeepClassifier(**quick | {"max_iter": 3}).set_callbacks(MLflow(run_name="two")).fit(*rows)
    found = {run.info.run_name: run for run in store[0].search_runs([nowhere])}
    assert {name: run.info.status for name, run in found.items()} == {"one": "FINISHED", "two": "FINISHED"}
    assert found["two"].data.params["max_iter"] == "3"


def test_a_model_that_cannot_be_written_does_not_fail_the_fit(runs, rows, quick, monkeypatch):
    def full(estimator, path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lamina.callbacks.tracked.write", full)
    with pytest.warns(TrackingWarning, match="the model is not tracked: .*No space left"):
        model = lamina.DeepClassifier(**quick).set_callbacks(MLflow()).fit(*rows)
    assert model.n_iter_ == 4
    assert [run.info.status for run in runs()] == ["FINISHED"]


def test_an_address_of_its_own_leaves_that_of_others_alone(store, rows, tmp_path):
    before = mlflow.get_tracking_uri()
    other = f"sqlite:///{tmp_path / 'other.db'}"
    lamina.tune(*rows, trials=2, max_iter=2, random_state=0, track=f"mlflow={other}", verbose=False)
    assert mlflow.get_tracking_uri() == before
    client = mlflow.MlflowClient(other)
    found = client.search_runs([one.experiment_id for one in client.search_experiments()])
    (whole,) = [run for run in found if "mlflow.parentRunId" not in run.data.tags]
    assert {run.data.tags["mlflow.parentRunId"] for run in found if run is not whole} == {whole.info.run_id}
    assert {run.info.status for run in found} == {"FINISHED"}


def test_secrets_of_an_address_are_not_shown():
    from lamina.tracking.mlflow_runs import MLflowRun

    place = MLflowRun("7", "postgresql://me:secret@host:5432/db?password=secret").place
    assert place == "MLflow run 7 in postgresql://host:5432/db"
