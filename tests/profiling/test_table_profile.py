"""The profile of a table: against pandas, the same however rows are cut, and with the encoder of training itself."""

import numpy as np
import pandas as pd
import pytest

from lamina.data import datasets
from lamina.data.roles import Roles
from lamina.data.target_values import detect_task
from lamina.errors import NoRowsError
from lamina.fitting import prepare
from lamina.learning.hyperparameters import settings_for
from lamina.learning.presets import PRESETS, Facts, resolved
from lamina.profiling.sizing import sizing_of
from lamina.profiling.table_profile import ENCODING_SETTINGS, profile_of


@pytest.mark.parametrize("name", datasets.names())
def test_columns_are_as_pandas_sees_them(profiled, name):
    frame = pd.read_parquet(datasets.path(name))
    found = profiled(datasets.path(name), size=7001)
    assert found.rows == len(frame)
    for column in found.columns:
        given = frame[column.name]
        assert column.missing == given.isna().sum()
        near = 4 * column.values.standard_error * given.nunique()
        assert abs(column.values.number - given.nunique()) <= near
        if column.kind == "number":
            assert (column.low, column.high) == (given.min(), given.max())
            assert column.moments.location()[0] == pytest.approx(given.mean())
            assert column.moments.scale()[0] == pytest.approx(given.std(ddof=0))
            assert column.whole == (given == given.round()).all()
        else:
            assert dict(column.values.most_frequent(10**6)) == given.value_counts().to_dict()
    assert round(found.different_rows.repeated * found.rows) == frame.duplicated().sum()


def facts(profile):
    """What must not depend on how the rows were cut."""
    values = [(c.name, c.missing, c.infinite, c.whole, c.low, c.high, c.fingerprint) for c in profile.columns]
    kept = [c.values.kept.tolist() for c in profile.columns]
    target = profile.target
    order = None if target is None else (target.classes, target.first, target.last, target.rises, target.falls)
    return values, kept, order, profile.explained, profile.in_step, profile.task, profile.different_rows.repeated


@pytest.mark.parametrize("size", [3, 33, 500, 1999])
@pytest.mark.parametrize("target", ["y", "age", "score", None])
def test_batches_change_nothing(profiled, healthy, target, size):
    rows = healthy[:300] if size == 3 else healthy
    whole, cut = profiled(rows, target), profiled(rows, target, size)
    assert facts(cut) == facts(whole)
    assert cut.encoder.feature_names == whole.encoder.feature_names
    if target == "age":
        assert cut.target.unrest(False) == pytest.approx(whole.target.unrest(False))


def test_the_encoder_is_that_of_training(profiled, healthy):
    found = profiled(healthy, "y")
    given = {"early_stopping": False, "random_state": 0}
    run, _ = prepare(healthy.drop(columns="y"), healthy["y"].to_numpy(), settings=given, task="classifier")
    assert found.encoder.to_header() == run.columns.encoder.to_header()
    assert found.learned_target.classes.tolist() == ["no", "yes"]


def test_the_encoder_is_that_of_the_rows_that_count(profiled, healthy):
    weights = np.arange(len(healthy)) % 3
    targets = healthy["y"].where(np.arange(len(healthy)) % 5 > 0)
    table = healthy.assign(w=weights, y=targets)
    found = profiled(table, "y", weights="w", drop=["town"])
    counts = table[(weights > 0) & targets.notna()]
    assert found.n_to_learn_from == len(counts)
    assert found.encoder.names_in == ("amount", "age", "member", "since", "score")
    assert found.encoder.numbers.location[0] == pytest.approx(np.median(np.repeat(counts["amount"], counts["w"])))


def test_encodings_depend_on_the_number_of_columns_alone():
    """What `encoding_settings` takes for granted, when it asks the presets before the rows are counted."""
    for preset in PRESETS:
        for n_columns in (5, 500):
            found = set()
            for task in ("classifier", "regressor"):
                for n_rows in (1, 1000, 10**7):
                    defaults = {name: one.default for name, one in settings_for(task).items()} | {"preset": preset}
                    chosen = resolved(defaults, Facts(task, n_rows, n_columns))
                    found.add(str([chosen[name] for name in ENCODING_SETTINGS]))
            assert len(found) == 1


@pytest.mark.parametrize(
    "y",
    [
        ["a", "b", "a"] * 20,
        list("abcde") * 12,
        [True, False, True] * 20,
        [0, 1, 1] * 20,
        [1, 2, 3, 4] * 15,
        list(range(60)),
        [0.5, 1, 2] * 20,
        [1.0, 2.0, np.nan] * 20,
        pd.Categorical([3, 1, 2] * 20),
        ["a", None, "b"] * 20,
    ],
    ids=str,
)
def test_the_task_is_the_one_that_training_detects(profiled, y):
    found = profiled(pd.DataFrame({"x": range(60), "y": y}), "y", size=7)
    given = pd.Series(y).to_numpy()
    there = given[pd.notna(given)]
    assert found.task == detect_task(there)


def test_a_task_that_was_asked_for(profiled, healthy):
    assert profiled(healthy, "age", task="classification").task == ("multiclass", "")
    assert profiled(healthy, "member", task="regression").task == ("regression", "")


def test_what_training_refuses_is_kept(profiled, healthy):
    rows = healthy.assign(amount=healthy["amount"].mask(healthy.index == 77, np.inf))
    found = profiled(rows, "y", size=50)
    assert "column 'amount', row 77" in str(found.refused)
    assert found.encoder is None
    assert found.column("amount").infinite == 1
    assert np.isfinite(found.column("amount").high)


def test_no_rows(profiled):
    with pytest.raises(NoRowsError, match="rows expected"):
        profile_of([], Roles(), {})


@pytest.mark.parametrize("target", ["y", "age"])
def test_sizes_are_those_of_the_run(profiled, healthy, target):
    found = profiled(healthy, target)
    task = "classifier" if target == "y" else "regressor"
    given = {name: one.default for name, one in settings_for(task).items()}
    for early_stopping in (False, True):
        given |= {"early_stopping": early_stopping, "random_state": 0}
        X, y = healthy.drop(columns=target), healthy[target].to_numpy()
        run, _ = prepare(X, y, settings=given, task=task)
        sizes = sizing_of(
            found.some.table, found.some.y, found.n_to_learn_from, found.encoder, found.learned_target, given
        )
        assert (sizes.rows, sizes.validation_rows) == (run.n_rows, run.n_validation)
        assert sizes.parameters == run.network.size
        assert sizes.features == run.network.n_inputs
        assert sizes.most_epochs == run.recipe.epochs
        assert 0 < sizes.seconds_per_epoch < 60
        assert 1.5e8 < sizes.bytes_of_a_stream <= sizes.bytes_in_memory < 4e8
