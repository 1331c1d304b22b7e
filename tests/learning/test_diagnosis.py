"""Diagnosis: every kind of sick run is told from its cause, and healthy runs are left in peace."""

import dataclasses
import json
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

import lamina
import sick_runs
from lamina import DeepClassifier, DeepRegressor
from lamina.data import datasets
from lamina.data.roles import Roles
from lamina.data.streaming.streamed_source import StreamedSource
from lamina.data.tables.row_streams import rows_of
from lamina.equations.layers import Dense, Residual
from lamina.errors import DataError, DiagnosisWarning
from lamina.fitting import finish, prepare
from lamina.learning.diagnosis.case import Case
from lamina.learning.diagnosis.findings import FINDINGS, diagnosis_of
from lamina.learning.presets import PRESETS
from lamina.learning.training import train
from sick_runs import SICK, SMALL, classifier, rows

RUNS = [(name, run) for name, runs in SICK.items() for run in runs]
SEEN_ELSEWHERE = {"sorted_rows", "cannot_fit_one_batch", "diverged"}  # in the tests below


@pytest.fixture(scope="module")
def healthy():
    X, y, _ = rows(600)
    return classifier(X[:400], y[:400], val=(X[400:], y[400:]), max_iter=60, learning_rate_init=0.003)


# ---- sick ----


@pytest.mark.parametrize(("name", "run"), RUNS, ids=[run.__name__ for _, run in RUNS])
def test_the_main_cause_comes_first(name, run):
    found = run().diagnose()
    assert found.names[:1] == (name,), str(found)
    finding = found.findings[0]
    assert finding.severity in ("error", "warning", "note")
    assert any(character.isdigit() for character in finding.seen)  # a figure
    assert finding.advice
    assert not finding.layer or f"{finding.layer}" in str(finding)
    json.dumps(found.to_dict(), allow_nan=False)


def test_every_finding_has_a_sick_run():
    assert set(SICK) | SEEN_ELSEWHERE == set(FINDINGS)
    assert len(RUNS) >= 25


def test_what_follows_from_the_cause_is_told_after_it():
    found = sick_runs.dead_first_layer().diagnose()
    assert found.names == ("dead_units", "constant_prediction")
    assert "The cause is dead_units" in str(found.findings[1])
    assert (found.findings[0].layer, found.findings[0].evidence["dead"]) == (1, 1.0)


def test_a_run_that_recovers_in_its_best_epoch_is_still_sick():
    """The best weights are those before the layer died."""
    model = sick_runs.edited(lambda parameters: parameters["b1"].fill(-20))
    model.best_epoch_ = 1
    assert model.diagnose().names[0] == "dead_units"


def test_divergence_is_told_with_its_cause():
    found = sick_runs.diverging().diagnose()
    assert found.names[:2] == ("learning_rate_too_high", "diverged")
    assert "of epoch 1 were kept" in str(found.findings[1])


@pytest.mark.parametrize(("is_sorted", "shuffle"), [(True, False), (True, True), (False, False)])
def test_sorted_rows_that_are_not_shuffled(tmp_path, is_sorted, shuffle):
    """Of a stream: rows in memory stand in an order that their values decide, which is as good as random."""
    pandas = pytest.importorskip("pandas")
    X, y, _ = rows(3000)
    frame = pandas.DataFrame(X, columns=list("abcdefgh")).assign(y=y)
    frame = frame.sort_values("y") if is_sorted else frame
    frame.to_csv(tmp_path / "rows.csv", index=False)
    source = StreamedSource(rows_of(str(tmp_path / "rows.csv")), Roles(target="y"))
    settings = {**SMALL, "shuffle": shuffle, "batch_size": 30, "max_iter": 8}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run, state = prepare(source, settings=settings, task="classifier")
    for _ in train(run, state):
        pass
    assert (finish(run, state).diagnose().names[:1] == ("sorted_rows",)) == (is_sorted and not shuffle)


def test_the_page_lists_every_finding_in_its_order():
    page = Path(__file__).parents[2] / "docs" / "diagnosis.md"
    listed = re.findall(r"^\| `(\w+)` \|", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert listed == list(FINDINGS)


# ---- with rows ----


def test_a_network_that_cannot_fit_one_batch():
    X, _, y = rows()
    labels = np.digitize(y, np.quantile(y, np.linspace(0, 1, 11)[1:-1]))
    model = classifier(X, labels, hidden_layer_sizes=(1,), activation="tanh")
    found = model.diagnose(X, labels)
    assert "cannot_fit_one_batch" in found.names
    assert found.findings[found.names.index("cannot_fit_one_batch")].evidence["rows"] == 32
    assert "cannot_fit_one_batch" not in model.diagnose().names


def test_with_rows_a_healthy_run_is_healthy(healthy):
    X, y, _ = rows(600)
    assert healthy.diagnose(X[:400], y[:400], X_val=X[400:], y_val=y[400:]).healthy


def test_with_rows_validation_rows_among_them_are_found(healthy):
    X, y, _ = rows(600)
    found = healthy.diagnose(X[:400], y[:400], X_val=X[300:500], y_val=y[300:500])
    assert found.names == ("validation_rows_in_training",)
    assert found.findings[0].evidence["overlap"] == 0.5


def test_with_other_rows_columns_are_looked_at_again(healthy):
    X, y, _ = rows(400)
    X[:, 5] = X[:, 1]
    assert healthy.diagnose(X, y).findings[-1].evidence == {"pairs": [["x1", "x5"]]}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"X": [[1.0] * 8]}, "X was given without y"),
        ({"y": [1]}, "y was given without X"),
        ({"X_val": [[1.0] * 8], "y_val": [1]}, "X_val was given without X"),
    ],
)
def test_rows_go_with_targets(healthy, arguments, message):
    with pytest.raises(DataError, match=message):
        healthy.model_.diagnose(**arguments)


# ---- healthy ----


@pytest.mark.parametrize("preset", ["auto", "sklearn"])
@pytest.mark.parametrize("name", datasets.names())
def test_no_false_alarm(name, preset):
    """Every preset on every data set was tried with many seeds when the limits were chosen."""
    pandas = pytest.importorskip("pandas")
    target, kind = {"adult": ("income", DeepClassifier), "california_housing": ("median_house_value", DeepRegressor)}[
        name
    ]
    frame = pandas.read_parquet(datasets.path(name)).sample(800, random_state=1)
    X, y = frame.drop(columns=target), frame[target]
    with warnings.catch_warnings():
        warnings.simplefilter("error", DiagnosisWarning)
        model = kind(preset=preset, random_state=0).fit(X, y)
    assert model.diagnose().healthy, str(model.diagnose())
    assert model.diagnose(X, y).healthy, str(model.diagnose(X, y))


@pytest.mark.parametrize("preset", PRESETS)
def test_no_false_alarm_in_short(preset, healthy):
    """Ten epochs of every preset: too few to learn much, but not sick."""
    X, y, r = rows(300)
    for kind, target in ((DeepClassifier, y), (DeepRegressor, r)):
        model = kind(preset=preset, max_iter=10, hidden_layer_sizes=(24, 24), random_state=0).fit(X, target)
        assert set(model.diagnose().names) <= {"still_learning"}


def test_what_healthy_looks_like(healthy):
    found = healthy.diagnose()
    assert (found.healthy, len(found), list(found)) == (True, 0, [])
    assert str(found) == f"healthy: none of {len(FINDINGS)} known faults found"
    assert "healthy" in found._repr_html_()


# ---- going on ----


def test_calls_of_partial_fit_add_up():
    X, y, _ = rows()
    model = DeepClassifier(**SMALL | {"initializer": "zeros", "bias_initializer": "zeros"})
    for _ in range(5):
        model.partial_fit(X, y, classes=[0, 1])
    found = model.diagnose()
    assert found.names == ("symmetric_units",)
    assert [look["epoch"] for look in model.model_.signs["looks"]] == [0, 1, 2, 4]
    assert found.unknown == ("rows and columns: pass X and y (on the command line FILE)",)


def test_a_loaded_model_goes_on_with_its_looks(tmp_path):
    X, y, _ = rows()
    classifier(X, y, max_iter=3).save(tmp_path / "model.lamina")
    model = DeepClassifier.from_model(lamina.load(tmp_path / "model.lamina")).set_params(warm_start=True, max_iter=6)
    model.fit(X, y)
    assert [look["epoch"] for look in model.model_.signs["looks"]] == [0, 1, 2, 3, 4, 8, 9]
    assert model.diagnose().healthy


# ---- files, and models of before ----


def test_a_loaded_model_is_diagnosed_alike(tmp_path):
    model = sick_runs.symmetric_zeros()
    model.save(tmp_path / "sick.lamina")
    assert str(lamina.load(tmp_path / "sick.lamina").diagnose()) == str(model.diagnose())


def test_a_model_of_an_older_file_says_what_is_unknown(healthy):
    before = dataclasses.replace(healthy.model_, signs=None)
    found = before.diagnose()
    assert found.healthy
    assert [line.split(":")[0] for line in found.unknown] == ["the layers while it learned", "rows and columns"]
    X, y, _ = rows()
    assert len(before.diagnose(X, y).unknown) == 1


def test_a_diagnosis_reads_whatever_a_file_may_hold(healthy):
    """Any part may be missing, or be no number."""
    model = healthy.model_
    for part in ("facts", "predictions", "recipe"):
        for name in [*model.signs[part], None]:
            less = {key: value for key, value in model.signs[part].items() if key != name} if name else {}
            dataclasses.replace(model, signs=model.signs | {part: less}).diagnose()
            dataclasses.replace(model, signs=model.signs | {part: model.signs[part] | {name: None}}).diagnose()
    nothing = [
        {key: [None] * len(v) if isinstance(v, list) else None for key, v in look.items()}
        for look in model.signs["looks"]
    ]
    nothing = [{**look, "epoch": k, "step": k} for k, look in enumerate(nothing)]
    dataclasses.replace(model, signs=model.signs | {"looks": nothing}, history=[{"epoch": 1}]).diagnose()


def test_an_empty_case_has_no_findings(healthy):
    assert diagnosis_of(Case(healthy.model_.network, healthy.model_.target)).findings == ()


# ---- while training ----


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"initializer": "zeros", "bias_initializer": "zeros"}, "symmetric_units"),
        ({"learning_rate_init": 10.0}, "learning_rate_too_high"),
        ({"hidden_layer_sizes": (16, *[Residual([Dense(16)])] * 30)}, "exploding_gradients"),
    ],
)
def test_what_is_beyond_doubt_is_warned_of_once(settings, name):
    X, _, y = rows()
    with pytest.warns(DiagnosisWarning) as caught:
        DeepRegressor(**SMALL | settings).fit(X, y)
    assert [name in str(one.message) for one in caught] == [True]


def test_large_inputs_are_named_as_the_cause():
    X, _, y = rows()
    with pytest.warns(DiagnosisWarning, match="column 'x3' has the size 2,[0-9]{3}"):
        DeepRegressor(**SMALL | {"scaling": "none", "max_iter": 4}).fit(X * np.where(np.arange(8) == 3, 2000, 1), y)


def test_a_narrow_layer_may_die(recwarn):
    X, y, _ = rows()
    model = DeepClassifier(**SMALL | {"hidden_layer_sizes": (2,), "max_iter": 1, "warm_start": True}).fit(X, y)
    model.parameters_["b1"][:] = -20
    model.set_params(max_iter=8).fit(X, y)
    assert not [one for one in recwarn if issubclass(one.category, DiagnosisWarning)]
    assert model.diagnose().names[0] == "dead_units"


def test_a_dead_layer_is_warned_of():
    X, y, _ = rows()
    model = DeepClassifier(**SMALL | {"max_iter": 1, "warm_start": True}).fit(X, y)
    model.parameters_["b1"][:] = -20
    with pytest.warns(DiagnosisWarning, match="100 % of the units of layer 1 are dead"):
        model.set_params(max_iter=8).fit(X, y)


def test_other_hidden_layers_are_given_as_layers():
    X, y, _ = rows()
    assert classifier(X, y, hidden_layer_sizes=(Dense(8, "gelu"),)).diagnose().healthy
