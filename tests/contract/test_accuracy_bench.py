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
    assert found["brier"] == pytest.approx(reference.brier_score_loss(y, P, labels=["a", "b", "c"]))


def test_a_class_that_training_lacked_costs_the_most():
    from accuracy_metrics import classification

    found = classification(np.array([[0.5, 0.5], [1.0, 0.0]]), ["a", "b"], ["c", "a"])
    assert found["error"] == 0.5
    assert found["log_loss"] == pytest.approx(-np.log(1e-7) / 2)
    assert found["brier"] == pytest.approx((1.5 + 0) / 2)  # of the first row: 0.5² + 0.5² + 1²


def test_calibration_error_is_that_of_bins_by_pandas():
    from accuracy_metrics import calibration_error

    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.4, 1, 900)
    rows = pd.DataFrame({"said": confidence, "right": rng.random(900) < confidence**2})
    by_bin = rows.groupby(pd.qcut(rows["said"], 15)).agg(["mean", "size"])
    expected = ((by_bin["said", "mean"] - by_bin["right", "mean"]).abs() * by_bin["said", "size"]).sum() / 900
    assert calibration_error(confidence, rows["right"].to_numpy()) == pytest.approx(expected)


def test_a_ratio_has_the_interval_of_scipys_bootstrap():
    from accuracy_intervals import ratio
    from scipy.stats import bootstrap

    rng = np.random.default_rng(0)
    mine, theirs = rng.uniform(0.05, 0.4, 20), rng.uniform(0.05, 0.4, 20)

    def of_sample(a, b, axis):
        return np.exp(np.mean(np.log(a + 0.01) - np.log(b + 0.01), axis=axis))

    drawn = bootstrap((mine, theirs), of_sample, paired=True, n_resamples=20_000, method="percentile", rng=rng)
    found = ratio(mine, theirs, 0.01)
    assert found.value == pytest.approx(of_sample(mine, theirs, 0))
    assert found[1:3] == pytest.approx(drawn.confidence_interval, rel=0.02)
    assert found.sets == 20


def test_a_few_sets_have_a_ratio_and_no_interval():
    from accuracy_intervals import ratio

    found = ratio([0.1, 0.2], [0.2, 0.4], 0.0)
    assert found.value == pytest.approx(0.5)
    assert np.isnan([found.low, found.high]).all()
    assert not found.is_less


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


@pytest.mark.parametrize("seed", range(6))
def test_splits_by_time_train_on_the_past_and_never_test_the_development_half(seed):
    from datasets.splits import row_hashes
    from datasets.times_and_groups import held_out, places_by_time

    training, test = places_by_time(1_003, seed, row_hashes)
    assert sorted(training) == list(range(test[0]))
    assert test[0] >= 501
    assert test.tolist() == list(range(test[0], test[-1] + 1))
    assert len(test) in (100, 101)
    held = held_out("time", training[:300], row_hashes)
    assert training[:300][held].min() > training[:300][~held].max()
    assert held.sum() == 60


def test_windows_of_time_fill_the_later_half():
    from datasets.splits import row_hashes
    from datasets.times_and_groups import places_by_time

    tested = [row for seed in range(5) for row in places_by_time(1_003, seed, row_hashes)[1]]
    assert sorted(tested) == list(range(501, 1_003))


@pytest.mark.parametrize("seed", range(3))
def test_splits_by_group_keep_groups_whole(seed):
    from datasets.splits import row_hashes
    from datasets.times_and_groups import development_rows_by_group, held_out, places_by_group

    groups = np.random.default_rng(0).integers(0, 40, 1_000).astype(str)
    training, test = places_by_group(groups, seed, row_hashes)
    assert sorted([*training, *test]) == list(range(1_000))
    assert len(set(groups[test])) == 10
    assert not set(groups[test]) & set(groups[training])
    assert not set(groups[test]) & set(groups[development_rows_by_group(groups, row_hashes)])
    held = held_out("group", groups[training], row_hashes)
    assert not set(groups[training][held]) & set(groups[training][~held])
    assert 0 < held.mean() < 0.5


def test_a_table_with_groups_is_split_without_them(tmp_path):
    from datasets import development, load, split, training_groups, validation

    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"School": rng.integers(0, 20, 400).astype(str), "SES": rng.normal(size=400)})
    frame.assign(MathAch=np.arange(400.0)).to_parquet(tmp_path / "mathematics.parquet")
    X, _, _ = load("mathematics", tmp_path)
    assert list(X) == ["SES"]
    school = frame["School"].to_numpy()
    _, y_train, _, y_test = split("mathematics", 1, rows=200, folder=tmp_path)
    at = y_train.astype(int)
    assert len(at) == 200
    assert not set(school[at]) & set(school[y_test.astype(int)])
    held = validation("mathematics", "test", 1, rows=200, folder=tmp_path)
    assert not set(school[at[held]]) & set(school[at[~held]])
    np.testing.assert_array_equal(training_groups("mathematics", "test", 1, rows=200, folder=tmp_path), school[at])
    assert training_groups("bikes_by_hour", "test") is None
    _, y_own, _, y_val = development("mathematics", 0, folder=tmp_path)
    tested = {name for seed in range(9) for name in school[split("mathematics", seed, folder=tmp_path)[3].astype(int)]}
    assert not tested & set(school[[*y_own.astype(int), *y_val.astype(int)]])


def test_a_table_by_time_is_split_by_its_order(tmp_path):
    from datasets import development, split, validation

    frame = pd.DataFrame({"hr": np.arange(300) % 24, "bikers": np.arange(300.0)})
    frame.to_parquet(tmp_path / "bikes_by_hour.parquet")
    _, y, _, y_test = split("bikes_by_hour", 0, rows=100, folder=tmp_path)
    assert (len(y), y.max() < y_test.min(), y_test.min()) == (100, True, 150)
    held = validation("bikes_by_hour", "test", 0, rows=100, folder=tmp_path)
    assert y[held].min() > y[~held].max()
    _, y_own, _, y_val = development("bikes_by_hour", 4, folder=tmp_path)
    assert y_own.max() < y_val.min()
    assert y_val.max() == 149
    assert validation("auto", "test") is None


def test_dates_become_numbers_for_those_who_take_none():
    from accuracy_peers.frames import without_dates

    frame = pd.DataFrame({"x": [1, 2], "at": pd.to_datetime(["1970-01-02 12:00", None]), "z": [3, 4]})
    found = without_dates(frame)
    assert list(found) == ["x", "at", "at year", "at month", "at weekday", "at hour", "z"]
    assert found.iloc[0, 1:6].tolist() == [1.5, 1970, 1, 4, 12]  # a Friday
    assert found.iloc[1, 1:6].isna().all()
    assert frame["at"].dtype.kind == "M"


def test_the_latest_rows_or_some_groups_are_for_those_who_validate(monkeypatch):
    import accuracy_worker
    import datasets
    from accuracy_peers import lamina_peer, scikit_learn

    frame = made_up(120)
    X, y = frame[["age", "town"]], frame["mpg"]
    held = np.arange(90) >= 70
    monkeypatch.setattr(datasets, "split", lambda *_: (X[:90], y[:90], X[90:], y[90:]))
    monkeypatch.setattr(datasets, "validation", lambda *_: held)
    seen = {}
    fit_with = lamina_peer.fit_with
    monkeypatch.setattr(lamina_peer, "fit_with", lambda *given: (seen.update(given=given), fit_with(*given)))
    job = {"set": "auto", "method": "lamina", "seed": 0, "part": "test", "rows": 10_000, "threads": 1}
    assert accuracy_worker.measured(job)["training_rows"] == 90
    assert [len(part) for part in seen["given"][1:4]] == [90, 90, 90]
    assert seen["given"][3].sum() == 20
    assert not hasattr(scikit_learn, "fit_with")


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
    assert len(set(hashes)) == len({(one.archive, file) for one in SETS.values() for file in one.files})


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

    assert found(method)[:2] == ("lamina_peer", options)


def test_an_unknown_method_is_an_error():
    from accuracy_peers import found

    with pytest.raises(KeyError, match="realmlp-td"):
        found("lightgbn")


def test_groups_of_methods_are_all_methods_and_the_slow_ones_have_fewer_splits():
    from accuracy_peers import METHODS, in_groups
    from datasets import seeds

    assert set(in_groups(["quick", "slow"])) == set(METHODS)
    assert in_groups(["lightgbm", "quick"])[0] == "lightgbm"
    assert [len(seeds("adult", 10_000, slow)) for slow in (False, True)] == [5, 3]
    assert [len(seeds(name, 500)) for name in ("adult", "wine")] == [10, 10]
    assert len(seeds("adult", "all")) == 5


@pytest.mark.parametrize("method", ["lamina", "sklearn-histgb", "lightgbm", "xgboost", "catboost", "tabm"])
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
    assert {"fit_cpu", "fit_wall", "predict_cpu", "predict_wall", "thousand_cpu", "peak_mib", "version"} <= set(line)
    assert (line["training_rows"], line["test_rows"], line["columns"]) == (90, 30, 2)
    assert {"nrmse", "rmse"} <= set(line) if name == "auto" else {"error", "log_loss"} <= set(line)


@pytest.mark.parametrize("method", ["lamina", "lamina:n_bags=3"])
@pytest.mark.parametrize("name", ["mathematics", "bikes_by_hour"])
def test_a_method_that_validates_is_told_the_groups_or_the_latest_rows(monkeypatch, tmp_path, method, name):
    import datasets
    from accuracy_worker import measured

    import lamina

    rng = np.random.default_rng(0)
    columns = {"School": rng.integers(0, 12, 300).astype(str), "SES": rng.normal(size=300), "hr": np.arange(300) % 24}
    frame = pd.DataFrame(columns).assign(MathAch=rng.normal(size=300), bikers=rng.normal(size=300))
    frame.to_parquet(tmp_path / f"{name}.parquet")
    for function in ("split", "validation", "training_groups"):
        there = getattr(datasets, function)
        monkeypatch.setattr(datasets, function, lambda *given, there=there: there(*given, tmp_path))
    seen = {}
    fit = lamina.DeepRegressor.fit

    def watched(self, X, y, **given):
        seen.update(given, n=len(X))
        return fit(self.set_params(max_iter=2), X, y, **given)

    monkeypatch.setattr(lamina.DeepRegressor, "fit", watched)
    job = {"set": name, "method": method, "seed": 0, "part": "test", "rows": 200, "threads": 1}
    line = measured(job)
    if "n_bags" not in method:
        assert seen["n"] + len(seen["X_val"]) == line["training_rows"]
    elif name == "mathematics":
        assert len(set(seen["groups"])) < 12
        assert seen["n"] == len(seen["groups"]) == line["training_rows"]
    else:
        assert seen == {"n": line["training_rows"]}


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
    chosen = SimpleNamespace(part="test", rows=[10_000], threads=1, seeds=None)
    assert [line["error"] for line in Results(tmp_path).latest(chosen)] == [0.1]
    assert not Results(tmp_path).latest(SimpleNamespace(part="test", rows=[1_000, "all"], threads=1, seeds=None))


def test_what_was_given_up_is_not_tried_again_within_the_same_limit(tmp_path):
    from accuracy_results import KEYS, Results

    line = result("realmlp-td", 0, 0.1)
    job = {name: line[name] for name in KEYS}
    Results(tmp_path).add({**job, "date": "2026", "version": "1", "reason": "over 60 seconds of CPU", "took": 60})
    assert Results(tmp_path).has(job, "1", limit=60)
    assert not Results(tmp_path).has(job, "1", limit=3600)


def test_a_line_that_was_cut_off_costs_that_line_alone(tmp_path):
    from accuracy_results import Results

    for seed in range(2):
        Results(tmp_path).add(result("lamina", seed, 0.1))
    file = next(tmp_path.glob("*.jsonl"))
    file.write_bytes(file.read_bytes()[:-9])
    Results(tmp_path).add(result("lamina", 2, 0.1))
    assert [line["seed"] for line in Results(tmp_path).lines] == [0, 2]


def test_jobs_are_whole_splits_of_the_quick_methods_first():
    import accuracy

    given = {"sets": "adult auto", "methods": "lamina lightgbm tabm", "rows": "1000 all", "seeds": "0 1"}
    chosen = accuracy.arguments([word for name, words in given.items() for word in (f"--{name}", *words.split())])
    found = [(job["method"], job["seed"], job["set"], job["rows"]) for job in accuracy.jobs(chosen)]
    assert found[:4] == [(method, 0, "auto", rows) for rows in (1_000, "all") for method in ("lamina", "lightgbm")]
    assert [job[0] for job in found].index("tabm") == 16
    assert len(found) == len(set(found)) == 24


def test_a_run_that_is_out_of_time_goes_on_where_it_stopped(tmp_path, monkeypatch, capsys):
    import accuracy
    from accuracy_results import Results

    given = f"--sets titanic --methods lamina lightgbm --seeds 0 1 2 --jobs 2 --results {tmp_path}".split()
    measured = []

    def run(workers, job, limit):
        measured.append((job["method"], job["seed"]))
        return result(job["method"], job["seed"], 0.1) | {"version": "by hand"}

    monkeypatch.setattr(accuracy.Workers, "run", run)
    monkeypatch.setattr(accuracy, "version_of", lambda method: "by hand")
    accuracy.measure(accuracy.arguments([*given, "--minutes", "0"]), Results(tmp_path))
    assert not measured
    assert "6 results are missing" in capsys.readouterr().out
    accuracy.measure(accuracy.arguments([*given, "--seeds", "0"]), Results(tmp_path))
    accuracy.measure(accuracy.arguments(given), Results(tmp_path))
    assert sorted(measured) == sorted((method, seed) for method in ("lamina", "lightgbm") for seed in range(3))
    assert len(Results(tmp_path).lines) == 6


def a_run(monkeypatch, folder, given, run=lambda *_: {}, unusable=""):
    """Return the names of the tables that a run writes: to build, and to publish."""
    import accuracy

    def outcome(workers, job, limit):
        return result(job["method"], job["seed"], 0.1) | job | {"version": "1", "thousand_cpu": 0.1} | run(job)

    monkeypatch.setattr(accuracy, "SETS", {"titanic": accuracy.SETS["titanic"]})
    monkeypatch.setattr(accuracy, "in_groups", lambda named: ("lamina", "tabm") if named[0] == "quick" else named)
    monkeypatch.setattr(accuracy, "PUBLISHED", folder / "published")
    monkeypatch.setattr(accuracy.Workers, "run", outcome)
    monkeypatch.setattr(accuracy, "version_of", lambda method: "?no such module" if method == unusable else "1")
    monkeypatch.setattr(accuracy, "draw", lambda *_: None)
    accuracy.main(["--results", str(folder / "build"), *given.split()])
    return [[file.stem for file in sorted((folder / where).glob("*.md"))] for where in ("build", "published")]


@pytest.mark.parametrize(
    "given",
    [
        *("--rows 1000", "--rows 10000 all", "--threads 2", "--minutes 0", "--jobs 2", "--only-report", "--limit 9"),
        *("--seeds 0", "--methods lamina", "--sets titanic", "--against tabm"),
    ],
)
def test_a_part_of_the_suite_is_not_published(tmp_path, monkeypatch, given):
    a_run(monkeypatch, tmp_path, "--jobs 2" if given == "--only-report" else "--seeds 0 1")
    assert a_run(monkeypatch, tmp_path, given) == [["accuracy-test"], []]


def test_the_whole_suite_is_published_once_every_result_is_there(tmp_path, monkeypatch):
    assert a_run(monkeypatch, tmp_path, "", unusable="tabm") == [["accuracy-test"], []]
    broken = {"reason": "it broke"}
    assert not a_run(monkeypatch, tmp_path, "", run=lambda job: broken if job["seed"] == 2 else {})[1]
    slow = {"reason": "over 3600 seconds of CPU", "took": 3600}
    run = a_run(monkeypatch, tmp_path, "--minutes 60", run=lambda job: slow if job["method"] == "tabm" else {})
    assert [len(names) for names in run] == [1, 1]
    assert run[1][0].startswith("accuracy-20")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("--jobs 0", "argument --jobs: expected a whole number, 1 or more; found '0'"),
        ("--rows few", "argument --rows: expected a number of training rows, or all; found 'few'"),
        (
            "--methods lamina tabm --against lamnia",
            "--against lamnia: expected one of the methods measured",
        ),
    ],
)
def test_what_cannot_be_run_is_refused_at_once(capsys, given, said):
    import accuracy

    with pytest.raises(SystemExit):
        accuracy.arguments(given.split())
    assert said in capsys.readouterr().err


def test_methods_are_compared_on_the_seeds_they_share():
    from accuracy_report import means, page

    lines = [result("lamina", 0, 0.1), result("lightgbm", 0, 0.3), result("lightgbm", 1, 0.9)]
    assert means(lines, "error", ["titanic"], ["lamina", "lightgbm"]) == {"titanic": {"lamina": 0.1, "lightgbm": 0.3}}
    text = page(lines, ["titanic"], ["lamina", "lightgbm", "catboost"])
    assert "| titanic (1) | **0.1000** | 0.3000   |" in text
    assert "catboost" not in text


def test_the_page_has_ratios_with_intervals_and_a_part_for_each_number_of_rows():
    from accuracy_report import page

    names = ["titanic", "german", "adult", "wine", "juice", "digits"]
    lines = [
        result(method, 0, error, set=name, rows=rows)
        for rows in (1_000, "all")
        for name in names
        for method, error in (("lamina", 0.09), ("lightgbm", 0.19))
    ]
    text = page(lines, names, ["lamina", "lightgbm"])
    assert text.index("## At most 1,000 training rows") < text.index("## All training rows")
    assert text.count("| lightgbm | **0.500** [0.500, 0.500] (6) ") == 2
    assert "time" not in text.lower().replace("times", "")


def test_the_picture_is_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    from accuracy_picture import draw

    costs = {"thousand_cpu": 0.01, "peak_mib": 1.0}
    lines = [result(m, 0, 0.1, rows=rows, **costs) for m in ("lamina", "tabm") for rows in (1_000, "all")]
    draw(tmp_path / "picture.png", lines, ["lamina", "tabm"])
    assert (tmp_path / "picture.png").stat().st_size > 10_000


def test_a_method_that_fails_is_a_reason_and_the_next_job_is_done():
    from accuracy_workers import Workers

    workers = Workers()
    job = {"set": "no such set", "method": "lamina", "seed": 0, "part": "test", "rows": 10, "threads": 1}
    try:
        assert "no such set" in workers.run(job, 60)["reason"]
        assert workers.version_of("lamina").startswith("lamina ")
        assert "no such module" in workers.run(job | {"method": "no such module"}, 60)["reason"]
    finally:
        workers.close()


def test_a_method_that_is_too_slow_is_given_up(monkeypatch, tmp_path):
    import accuracy_workers

    script = tmp_path / "worker.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(BENCHMARKS)!r})\n"
        "import accuracy_worker, resource\n"
        "def forever(job):\n"
        "    resource.setrlimit(resource.RLIMIT_CPU, (1, 6))\n"
        "    while True: pass\n"
        "accuracy_worker.measured = forever\n"
        "accuracy_worker.main(sys.argv[1])\n"
    )
    monkeypatch.setattr(accuracy_workers, "WORKER", script)
    workers = accuracy_workers.Workers()
    job = {"set": "auto", "method": "sklearn-histgb", "seed": 0, "part": "test", "rows": 10, "threads": 1}
    try:
        line = workers.run(job, 1)
        assert (line["reason"], line["took"]) == ("over 1 seconds of CPU", 1)
    finally:
        workers.close()
