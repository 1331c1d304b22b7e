"""TensorBoard's own reader reads back what was written."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

import lamina
from lamina.cli.main import main
from lamina.errors import DivergenceError, SettingError, TrackingError

pytest.importorskip("sklearn.callback")
pytest.importorskip("tensorboardX")
pytest.importorskip("tensorboard")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

from lamina.callbacks import TensorBoard  # noqa: E402


def read(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder), size_guidance={"histograms": 0, "scalars": 0})
    found.Reload()
    return found


def scalars(folder, name):
    return [(one.step, one.value) for one in read(folder).Scalars(name)]


def text(folder, name):
    (one, *_) = read(folder).Tensors(f"{name}/text_summary")
    return one.tensor_proto.string_val[0].decode()


def test_curves_of_training_and_validation_rows_lie_in_one_picture(rows, quick, tmp_path):
    callback = TensorBoard(tmp_path / "first", scoring="roc_auc")
    model = lamina.DeepClassifier(**quick | {"early_stopping": True}).set_callbacks(callback).fit(*rows)
    for part, key in (("train", "cost"), ("validation", "validation_cost")):
        expected = [(one["epoch"], pytest.approx(one[key], rel=1e-6)) for one in model.history_]
        assert scalars(tmp_path / "first" / part, "cost") == expected
    assert len(scalars(tmp_path / "first" / "train", "roc_auc")) == 4
    assert "| max_iter | 4 |" in text(tmp_path / "first" / "train", "settings")
    assert text(tmp_path / "first" / "train", "status") == f"finished: {model.stopped_}"


def test_histograms_are_those_of_the_weights(rows, quick, tmp_path):
    model = lamina.DeepClassifier(**quick).set_callbacks(TensorBoard(tmp_path, histograms=2)).fit(*rows)
    found = read(tmp_path / "train")
    assert set(found.Tags()["histograms"]) == set(model.parameters_)
    assert [one.step for one in found.Histograms("W1")] == [2, 4]
    last = found.Histograms("W1")[-1].histogram_value
    if model.best_epoch_ == 4:
        W = np.asarray(model.parameters_["W1"], np.float64)
        assert (last.num, last.min, last.max) == (W.size, W.min(), W.max())
        assert last.sum == pytest.approx(W.sum())
        assert sum(last.bucket) == W.size


def test_settings_are_hyperparameters(rows, quick, tmp_path):
    from tensorboard.plugins.hparams.metadata import parse_session_start_info_plugin_data as parsed

    lamina.DeepClassifier(**quick).set_callbacks(TensorBoard(tmp_path)).fit(*rows)
    content = read(tmp_path / "train").SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    assert parsed(content).hparams["learning_rate_init"].number_value == 0.02


def test_a_fit_that_goes_on_writes_to_the_same_folder(rows, quick, tmp_path):
    model = lamina.DeepClassifier(**quick, warm_start=True).set_callbacks(TensorBoard(tmp_path, histograms=0))
    model.fit(*rows).fit(*rows)
    assert [step for step, _ in scalars(tmp_path / "train", "cost")] == list(range(1, 9))
    assert read(tmp_path / "train").Tags()["histograms"] == []


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_fits_of_a_search_have_folders_of_their_own(rows, quick, tmp_path, n_jobs):
    callback = TensorBoard(tmp_path)
    net = lamina.DeepClassifier(**quick).set_callbacks(callback)
    GridSearchCV(net, {"dropout": [0.0, 0.2]}, cv=2, n_jobs=n_jobs).set_callbacks(callback).fit(*rows)
    folders = sorted(one.name for one in tmp_path.iterdir() if one.name != "train")
    assert folders == [*(f"DeepClassifier-0-{k}" for k in range(4)), "DeepClassifier-1"]
    assert all(len(scalars(tmp_path / one / "train", "cost")) == 4 for one in folders)
    assert read(tmp_path / "train").Scalars("best_score")


def test_an_error_is_said_in_the_files(rows, quick, tmp_path):
    with pytest.raises(DivergenceError):
        lamina.DeepClassifier(**quick | {"learning_rate_init": 1e30}).set_callbacks(TensorBoard(tmp_path)).fit(*rows)
    assert text(tmp_path / "train", "status").startswith("failed: DivergenceError: training diverged")


def test_what_cannot_be_is_said(rows, quick, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TrackingError, match="expected a folder to write to"):
        lamina.DeepClassifier(**quick).set_callbacks(TensorBoard(tmp_path / "file" / "x")).fit(*rows)
    for wrong in (-1, 1.5, True):
        with pytest.raises(SettingError, match="histograms="):
            TensorBoard(tmp_path, histograms=wrong)


def test_lamina_train(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = "\n".join(f"{k % 7},{'yes' if k % 7 > 3 else 'no'}" for k in range(60))
    (tmp_path / "rows.csv").write_text(f"a,b\n{lines}\n")
    words = ["train", "rows.csv", "--target", "b", "--max-iter", "3", "--track", "tensorboard=runs/first"]
    assert main(words) == 0
    assert [step for step, _ in scalars("runs/first/train", "cost")] == [1, 2, 3]
    assert "W1" in read("runs/first/train").Tags()["histograms"]


def test_trials_of_tune_have_folders(rows, tmp_path):
    settings = {"max_iter": 2, "hidden_layer_sizes": (4,), "n_members": 1, "numeric_embedding": None}
    found = lamina.tune(*rows, trials=2, track=f"tensorboard={tmp_path}", random_state=0, **settings)
    assert [step for step, _ in scalars(tmp_path / "trial-0001" / "validation", "log_loss")] == [1, 2]
    assert scalars(tmp_path / "train", "best_score") == [(0, pytest.approx(found.best_score))]
