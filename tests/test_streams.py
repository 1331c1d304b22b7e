"""Training on rows that are not in memory, from files to a model."""

import contextlib
import resource
import subprocess
import sys
import textwrap
import threading
import time
import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lamina import DeepClassifier, DeepRegressor
from lamina.cli import main
from lamina.data.roles import Roles
from lamina.data.streaming.streamed_source import StreamedSource, way_of
from lamina.data.tables.row_streams import rows_of
from lamina.errors import CheckpointError, DataError, DataWarning, FileError, SettingError
from lamina.fitting import prepare
from lamina.learning import training
from lamina.learning.training import train

N = 400_000  # more rows than are shuffled together: fewer are read into memory
PLAIN = {"preset": "sklearn", "hidden_layer_sizes": (8,), "batch_size": 512, "max_iter": 2, "random_state": 0}
WATCHED = {**PLAIN, "early_stopping": True, "validation_fraction": 0.2}


def frame(n=N, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    group = rng.integers(0, 500, n)
    color = rng.choice(["red", "green", "blue"], n)
    Z = X @ [1.0, -2.0, 0.5] + (color == "red") + rng.normal(size=n)
    found = pd.DataFrame(X.astype(np.float32), columns=["a", "b", "c"])
    found.loc[rng.random(n) < 0.01, "a"] = np.nan
    return found.assign(
        color=color, y=np.where(Z > 0, "yes", "no"), z=Z, w=rng.integers(1, 4, n), g=group, t=np.arange(n) * 0.5
    )


@pytest.fixture(scope="module")
def rows():
    return frame()


def written(rows, folder, cuts=(), group_rows=50_000):
    folder.mkdir(exist_ok=True)
    for i, part in enumerate(np.split(np.arange(len(rows)), cuts)):
        table = pa.Table.from_pandas(rows.iloc[part], preserve_index=False)
        pq.write_table(table, folder / f"part-{i}.parquet", row_group_size=group_rows)
    return folder


@pytest.fixture(scope="module")
def files(rows, tmp_path_factory):
    return written(rows, tmp_path_factory.mktemp("files"), (120_000, 120_007))


def prepared(files, settings=WATCHED, task="classifier", **roles):
    roles = {"target": "y", "drop": ("z", "w", "g", "t"), **roles}
    return prepare(StreamedSource(rows_of(str(files)), Roles(**roles)), settings=settings, task=task)


def test_what_is_learned_does_not_depend_on_how_rows_are_split(rows, files, tmp_path):
    """Columns and held-out rows of other files, of other row groups, of batches that are given by hand."""
    run, _ = prepared(files)
    drop = ["z", "w", "g", "t"]
    batches = lambda: (rows.drop(columns=drop).iloc[i : i + 70_001] for i in range(0, N, 70_001))  # noqa: E731
    other, _ = prepared(written(rows, tmp_path / "other", (1, 99_999, 250_000), 33_333))
    third, _ = prepare(StreamedSource(rows_of(batches), Roles("y")), settings=WATCHED, task="classifier")
    for one in (other, third):
        assert one.columns.encoder.to_header() == run.columns.encoder.to_header()
        assert one.columns.target.to_header() == run.columns.target.to_header()
        np.testing.assert_array_equal(one.validation.X, run.validation.X)
        np.testing.assert_array_equal(one.validation.Y, run.validation.Y)
    assert run.n_rows + run.n_validation == N
    assert run.n_validation == pytest.approx(0.2 * N, rel=0.02)


def test_columns_are_learned_from_training_rows_as_in_memory(rows, files):
    run, _ = prepared(files)
    numbers = run.columns.encoder.numbers
    assert run.columns.encoder.names_in == ("a", "b", "c", "color")
    X = np.concatenate([block.X for block in run.examples.blocks()])
    assert len(X) == run.n_rows
    np.testing.assert_allclose(X[:, 2:4].mean(axis=0, dtype=np.float64), 0, atol=1e-6)
    np.testing.assert_allclose(X[:, 2:4].std(axis=0, dtype=np.float64), 1, atol=1e-6)
    np.testing.assert_allclose(numbers.location, rows[["a", "b", "c"]].mean(), atol=0.01)


def test_streams_reach_the_score_of_memory(files):
    how = {"target": "y", "weight": "w", "groups": "g", "drop": ["z"]}
    streamed = DeepClassifier(**WATCHED).fit(str(files), **how, stream=True)
    memory = DeepClassifier(**WATCHED).fit(str(files), **how, stream=False)
    one, two = (model.history_[-1]["validation_cost"] for model in (streamed, memory))
    assert one == pytest.approx(two, rel=0.01)  # the same groups are held out
    assert list(streamed.feature_names_in_) == ["a", "b", "c", "color", "t"]


def test_rows_that_are_shuffled_together_have_the_bits_of_memory(rows, tmp_path):
    some = rows.iloc[:5000].drop(columns=["z", "w", "g", "t"])
    folder = written(some, tmp_path / "few", (2000,))
    forced = DeepClassifier(**WATCHED).fit(str(folder), target="y", stream=True)
    plain = DeepClassifier(**WATCHED).fit(some.drop(columns="y"), some["y"])
    named = DeepClassifier(**WATCHED).fit(some, target="y")
    for other in (plain, named):
        np.testing.assert_array_equal(forced.model_.params, other.model_.params)
        assert [one["cost"] for one in forced.history_] == [one["cost"] for one in other.history_]


def test_going_on_within_an_epoch_has_the_same_bits(files, monkeypatch):
    monkeypatch.setattr(training, "SECONDS_PER_MOVE", 0.001)  # the loop yields more often; no bit depends on that
    run, state = prepared(files)
    for _ in train(run, state):
        pass
    again, halfway = prepared(files)
    moves = train(again, halfway)
    while halfway.epoch == 0 or halfway.rows < 280_000:  # in the second window of the second epoch
        next(moves)
    moves.close()
    third, _ = prepared(files)
    state_2 = halfway.copy()
    for _ in train(third, state_2):
        pass
    np.testing.assert_array_equal(state_2.params, state.params)
    assert [r["cost"] for r in state_2.history] == [r["cost"] for r in state.history]
    assert [r["validation_cost"] for r in state_2.history] == [r["validation_cost"] for r in state.history]


@pytest.mark.parametrize("weighted", [False, True])
def test_a_cache_changes_no_bit(files, tmp_path, weighted):
    how = {"target": "y", "stream": True, "weight": "w" if weighted else None}
    settings = {**PLAIN, "class_weight": "balanced" if weighted else None}
    plain = DeepClassifier(**settings).fit(str(files), **how)
    for _ in range(2):  # it is written, then found
        cached = DeepClassifier(**settings).fit(str(files), **how, cache=tmp_path / "cache")
        np.testing.assert_array_equal(cached.model_.params, plain.model_.params)
        assert len(list((tmp_path / "cache").iterdir())) == 1
    DeepClassifier(**settings | {"scaling": "minmax", "max_iter": 1}).fit(str(files), **how, cache=tmp_path / "cache")
    assert len(list((tmp_path / "cache").iterdir())) == 2  # of other settings


def test_a_damaged_cache_is_written_anew(files, tmp_path):
    how = {"target": "y", "stream": True, "cache": tmp_path}
    plain = DeepClassifier(**PLAIN).fit(str(files), **how)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-1])
    again = DeepClassifier(**PLAIN).fit(str(files), **how)
    np.testing.assert_array_equal(again.model_.params, plain.model_.params)


def test_a_full_disk_under_the_cache_is_said_and_nothing_is_left(files, tmp_path):
    code = f"""
        import resource
        from lamina import DeepClassifier
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, resource.RLIM_INFINITY))
        import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        try:
            DeepClassifier(**{PLAIN}).fit({str(files)!r}, target="y", stream=True, cache={str(tmp_path)!r})
        except Exception as problem:
            print(type(problem).__name__, problem)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120)
    assert "FileError cache: the encoded rows cannot be written" in done.stdout, done.stderr
    assert "Choose a folder on a disk with more space" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_weights_count_as_in_memory(files):
    """The mean weight of the training rows is 1, class weights included."""
    run, _ = prepared(files, {**PLAIN, "class_weight": {"yes": 3.0, "no": 1.0}}, weight="w", drop=("z", "g", "t"))
    blocks = list(run.examples.blocks())
    w, Y = (np.concatenate([block[i] for block in blocks]) for i in (2, 1))
    assert w.mean(dtype=np.float64) == pytest.approx(1.0, abs=1e-6)
    raw = frame(N)["w"].to_numpy() * np.where(Y[:, 0] == 1, 3.0, 1.0)
    np.testing.assert_allclose(w, raw / raw.mean(), rtol=1e-5)


@pytest.mark.parametrize("stream", [True, False])
def test_groups_stay_whole_and_the_latest_are_held_out(rows, files, stream):
    seen = []

    def spying(estimator, X, y):
        seen.append(X)
        return 0.5

    spied = {**WATCHED, "max_iter": 1, "scoring": spying}
    DeepClassifier(**spied).fit(str(files), target="y", time="t", stream=stream)
    held = seen[-1].column("t")
    assert len(held) == pytest.approx(0.2 * N, abs=1)
    assert held.min() == rows["t"].iloc[-len(held)]
    DeepClassifier(**spied).fit(str(files), target="y", groups="g", stream=stream)
    held = rows["g"].iloc[np.asarray(seen[-1].row_numbers)]
    assert 0 < held.nunique() < 500
    assert rows["g"].isin(held.unique()).sum() == len(held)


def test_groups_are_the_same_in_memory_and_in_a_stream(files):
    held = []
    for stream in (True, False):
        model = DeepClassifier(**WATCHED, scoring=lambda e, X, y: held.append(set(X.row_numbers.tolist())) or 0.0)
        model.fit(str(files), target="y", groups="g", stream=stream)
    assert held[0] == held[-1]


def test_groups_in_memory_may_be_values(rows):
    some = rows.iloc[:4000]
    one = DeepClassifier(**WATCHED).fit(some[["a", "b"]], some["y"], groups=some["g"])
    two = DeepClassifier(**WATCHED).fit(some[["a", "b", "g"]], some["y"], groups="g")
    np.testing.assert_array_equal(one.model_.params, two.model_.params)
    assert two.n_features_in_ == 2
    with pytest.raises(SettingError, match=r"groups says which rows are held out.*early_stopping=False"):
        DeepClassifier(**PLAIN, early_stopping=False).fit(some[["a", "b"]], some["y"], groups=some["g"])


def test_at_most_100_000_rows_are_held_out():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(620_000, 1)).astype(np.float32)
    model = DeepRegressor(**{**WATCHED, "max_iter": 1, "batch_size": 4096}, scoring=lambda e, X, y: float(len(y)))
    assert model.fit(X, X[:, 0]).history_[0]["validation_score"] == 100_000


def test_partial_fit_and_warm_start_go_on_over_streams(files):
    model = DeepRegressor(**PLAIN, warm_start=True).fit(str(files), target="z", stream=True)
    model.fit(str(files), target="z", stream=True)
    once = DeepRegressor(**{**PLAIN, "max_iter": 4}).fit(str(files), target="z", stream=True)
    np.testing.assert_array_equal(model.model_.params, once.model_.params)
    first = DeepClassifier(**PLAIN).partial_fit(str(files), target="y", classes=["no", "yes"])
    second = DeepClassifier(**PLAIN).partial_fit(str(files), target="y", classes=["no", "yes"])
    np.testing.assert_array_equal(first.model_.params, second.model_.params)
    assert len(first.partial_fit(str(files), target="y").history_) == 2


def test_validation_rows_may_be_files(rows, files, tmp_path):
    later = written(frame(3000, seed=5), tmp_path / "later")
    model = DeepClassifier(**PLAIN).fit(str(files), target="y", X_val=str(later), stream=True)
    memory = frame(3000, seed=5)
    cost = -np.log(model.predict_proba(memory.drop(columns="y"))[np.arange(3000), (memory["y"] == "yes").astype(int)])
    best = model.history_[model.best_epoch_ - 1]
    assert cost.mean() == pytest.approx(best["validation_cost"], rel=1e-4)


def test_several_targets(files):
    model = DeepRegressor(**PLAIN).fit(str(files), target=["z", "c"], stream=True)
    assert model.n_outputs_ == 2
    assert model.history_[-1]["score"] > 0.3


# ---- what is noticed, and what is refused ----


def test_sorted_rows_are_warned_of(rows, files, tmp_path):
    folder = written(rows.sort_values("y"), tmp_path / "sorted")
    with pytest.warns(DataWarning, match="sorted by the target.*shuffle the rows once"):
        prepared(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prepared(files)


def test_files_that_change_are_noticed(rows, tmp_path):
    folder = written(rows, tmp_path / "changing")
    run, state = prepared(folder)
    moves = train(run, state)
    next(moves)
    written(rows.iloc[: N // 2], folder)
    with pytest.raises(FileError, match="chang"):
        for _ in moves:
            pass
    threads = [one for one in threading.enumerate() if one.name == "lamina read-ahead"]
    assert threads == []


def test_a_missing_target_names_the_row(rows, tmp_path):
    damaged = rows.copy()
    damaged.loc[200_123, "y"] = None
    folder = written(damaged, tmp_path / "damaged")
    with pytest.raises(DataError, match="row 200123"):
        prepared(folder)
    source = StreamedSource(rows_of(str(folder)), Roles("y"), drop_missing_target=True)
    run, _ = prepare(source, settings=PLAIN, task="classifier")
    assert run.n_rows == N - 1


@pytest.mark.parametrize(
    ("column", "value", "how", "said"),
    [
        ("w", -1.0, {"weight": "w"}, r"sample weights are not negative; found -1 in row 250000"),
        ("z", np.inf, {"target": "z", "task": "regressor"}, r"infinity.*row 250000"),
        ("b", np.inf, {}, r"column 'b'.*row 250000"),
    ],
)
def test_faults_of_a_late_row_name_it(rows, tmp_path, column, value, how, said):
    damaged = rows.astype({"w": float})
    damaged.loc[250_000, column] = value
    with pytest.raises(DataError, match=said):
        prepared(written(damaged, tmp_path / "damaged"), **{"drop": ("g", "t"), **how})


def test_roles_are_needed_once(files, rows):
    with pytest.raises(DataError, match="name a column of X: target="):
        DeepClassifier(**PLAIN).fit(str(files), stream=True)
    with pytest.raises(DataError, match="y is given too"):
        DeepClassifier(**PLAIN).fit(rows, rows["y"], target="y")
    with pytest.raises(SettingError, match="rows are in memory"):
        DeepClassifier(**PLAIN).fit(rows, target="y", stream=True)
    with pytest.raises(DataError, match="groups is the name of a column"):
        DeepClassifier(**WATCHED).fit(str(files), target="y", groups=np.zeros(N), stream=True)


def test_memory_decides_which_way(files):
    stream = rows_of(str(files))
    assert not way_of(stream).streamed
    assert way_of(stream, True) == (True, "as asked")
    with limited_memory(200):
        way = way_of(stream)
    assert way.streamed
    assert "are available" in way.why


@contextlib.contextmanager
def limited_memory(mib):
    """Let this process take so much more memory."""
    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + mib * 2**20, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def test_memory_that_is_too_small_is_said_before_training(files):
    code = f"""
        import resource
        from lamina import DeepClassifier
        import pyarrow.parquet, lamina.fitting
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        model = DeepClassifier(**{PLAIN}).set_params(max_iter=1)
        model.fit({str(files)!r}, target="y", stream=True, drop=["z", "g", "t", "w"])
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + 5 * 2**20,) * 2)
        try:
            model.fit({str(files)!r}, target="y", stream=True, drop=["z", "g", "t", "w"])
        except MemoryError as problem:
            print(problem)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120)
    assert "training on these rows as a stream takes about" in done.stdout, done.stderr
    assert "are available: allow more memory, or drop columns" in done.stdout


def test_lbfgs_sees_every_row_of_a_stream(files):
    """One iteration on a stream is one on the same rows in memory, to rounding."""
    settings = {"preset": "sklearn", "optimizer": "lbfgs", "hidden_layer_sizes": (4,), "max_iter": 3, "random_state": 1}
    streamed, memory = (DeepRegressor(**settings).fit(str(files), target="z", stream=way) for way in (True, False))
    np.testing.assert_allclose(
        [record["cost"] for record in streamed.history_], [record["cost"] for record in memory.history_], rtol=1e-6
    )


# ---- the command line ----


def test_train_on_a_folder_killed_and_resumed(files, tmp_path):
    """The model file of a run that was killed within an epoch is that of one that was not, byte for byte."""
    words = ["train", str(files), "--target", "y", "--drop", "z,g,t", "--weights", "w", "--stream", "--preset=sklearn"]
    words += ["--max-iter=3", "--random-state=3", "--early-stopping=true", "--batch-size=64"]
    plain, killed = tmp_path / "plain.lamina", tmp_path / "killed.lamina"
    assert main.main([*words, f"--out={plain}"]) == 0
    folder = tmp_path / "run"
    how = [f"--out={killed}", f"--checkpoint={folder}", "--checkpoint-interval=0.01"]
    process = subprocess.Popen([sys.executable, "-m", "lamina.cli.main", *words, *how], stderr=subprocess.DEVNULL)
    while not any(folder.glob("state-*")) and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert not killed.exists()
    assert main.main(["resume", str(folder)]) == 0
    assert killed.read_bytes() == plain.read_bytes()


def test_the_command_says_which_way_and_why(files, rows, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["--target", "y", "--drop", "z,g,t,w", "--preset=sklearn", "--max-iter=1"]
    assert main.main(["train", str(files), *words]) == 0
    said = capsys.readouterr().out
    assert f"3 Parquet files in {files} (400,000 rows" in said
    assert "read into memory (training on 400,000 rows of 9 columns in memory takes about" in said
    assert "--stream overrides" in said
    assert main.main(["train", f"{files}/part-[01].parquet", f"{files}/part-2.parquet", "--stream", *words]) == 0
    said = capsys.readouterr().out
    assert "streamed (as asked)" in said
    assert "in memory at a time: 262,200 rows of 7 inputs" in said
    assert "On 4,096 of the training rows:" in said
    assert (tmp_path / f"{files.name}.lamina").exists()


def test_a_fault_in_a_stream_names_file_and_line(rows, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    damaged = rows[["a", "b", "y"]].copy()
    damaged.loc[350_000, "y"] = None
    for i, part in enumerate(np.split(np.arange(N), [300_000])):
        damaged.iloc[part].to_csv(tmp_path / f"part-{i}.csv", index=False)
    words = ["train", "part-0.csv", "part-1.csv", "--target", "y", "--stream", "--preset=sklearn", "--max-iter=1"]
    assert main.main(words) == 1
    assert "part-1.csv, line 50002" in capsys.readouterr().err
    assert main.main([*words, "--drop-missing-target"]) == 0
    assert "399,999 rows" in capsys.readouterr().out


# ---- what a second reading found ----


def test_a_cache_or_checkpoint_of_other_rows_is_not_taken_for_its_own(rows, tmp_path):
    """Values that change places within 16,384 rows leave every mean, count and sum as it was."""
    some = rows[["a", "color", "y"]]
    order = np.arange(N)
    rng = np.random.default_rng(0)
    for start in range(0, N, 10_000):
        rng.shuffle(order[start : start + 10_000])
    other = some.assign(color=some["color"].to_numpy()[order])
    one, two = written(some, tmp_path / "one"), written(other, tmp_path / "two")
    how = {"target": "y", "stream": True}
    fresh = DeepClassifier(**PLAIN).fit(str(two), **how)
    DeepClassifier(**PLAIN).fit(str(one), **how, cache=tmp_path / "cache", checkpoint=tmp_path / "run")
    cached = DeepClassifier(**PLAIN).fit(str(two), **how, cache=tmp_path / "cache")
    np.testing.assert_array_equal(cached.model_.params, fresh.model_.params)
    with pytest.raises(CheckpointError, match="rows"):
        DeepClassifier(**PLAIN).fit(str(two), **how, checkpoint=tmp_path / "run")


def test_weights_beside_a_stream_are_refused(files):
    with pytest.raises(SettingError, match="sample_weight are in memory"):
        DeepClassifier(**PLAIN).fit(str(files), target="y", sample_weight=np.ones(N), stream=True)
    with pytest.raises(DataError, match="name its columns"):
        prepare(StreamedSource(rows_of(str(files)), Roles("y")), None, np.ones(N), settings=PLAIN, task="classifier")


def test_batches_bring_their_targets_into_memory(rows):
    some = rows.iloc[:4000]
    X, y, w = some[["a", "b"]], some["y"], some["w"]
    batches = [(X[:1500], y[:1500], w[:1500]), (X[1500:], y[1500:], w[1500:])]
    one = DeepClassifier(**PLAIN).fit(batches)
    two = DeepClassifier(**PLAIN).fit(X, y, w)
    np.testing.assert_array_equal(one.model_.params, two.model_.params)
    with pytest.raises(DataError, match="bring their own"):
        DeepClassifier(**PLAIN).fit(batches, y)


def test_another_order_in_every_pass_is_noticed(rows):
    some = rows[["a", "b", "y"]]
    passes = iter(range(100))
    source = StreamedSource(rows_of(lambda: iter([some.sample(frac=1, random_state=next(passes))])), Roles("y"))
    run, state = prepare(source, settings=PLAIN, task="classifier")
    with pytest.raises(FileError, match="another order of them, than in the first pass"):
        list(train(run, state))


def test_few_rows_that_count(rows, tmp_path):
    few = rows[["a", "b", "y"]].assign(w=0.0)
    few.loc[[7, 99_999, 300_000, 399_999], "w"] = 1.0
    few.loc[[7, 300_000], "y"] = "no"
    few.loc[[99_999, 399_999], "y"] = "yes"
    folder = written(few, tmp_path / "few")
    model = DeepClassifier(**{**PLAIN, "batch_size": 2}).fit(str(folder), target="y", weight="w", stream=True)
    assert len(model.history_) == 2


def test_rows_that_do_not_count_decide_no_hold_out(rows, tmp_path):
    late = rows[["a", "b", "y", "t"]].assign(w=np.where(np.arange(N) < 300_000, 1.0, 0.0))
    run, _ = prepared(written(late, tmp_path / "late"), weight="w", time="t", drop=())
    assert run.n_rows + run.n_validation == 300_000
    assert run.n_validation == pytest.approx(80_000, abs=1)  # a fifth of the rows of the files


def test_late_scales_are_those_of_all_rows(rows, tmp_path):
    """A column that was constant in the first call takes its scale from all rows of the second, not from some."""
    first = rows[["a", "y"]].iloc[:3000].assign(b=5.0)
    b = np.full(N, 5.0)
    b[100_000:] = np.linspace(1e3, 2e8, N - 100_000)
    folder = written(rows[["a", "y"]].assign(b=b)[["a", "b", "y"]], tmp_path / "late")
    scales = []
    for stream in (True, False):
        model = DeepClassifier(**{**PLAIN, "max_iter": 1}, warm_start=True).fit(first[["a", "b"]], first["y"])
        model.fit(str(folder), target="y", stream=stream)
        scales.append(model.model_.encoder.numbers.scale)
    np.testing.assert_allclose(scales[0], scales[1], rtol=1e-9)


def test_validation_rows_need_not_have_what_is_dropped(rows, tmp_path):
    later = frame(2000, seed=5)[["a", "b", "c", "color", "y"]]
    settings = {**PLAIN, "early_stopping": True}
    one = DeepClassifier(**settings).fit(rows[:5000], target="y", drop=["w", "z", "g", "t"], X_val=later)
    two = DeepClassifier(**settings).fit(
        rows[:5000][["a", "b", "c", "color"]], rows["y"][:5000], X_val=later.drop(columns="y"), y_val=later["y"]
    )
    np.testing.assert_array_equal(one.model_.params, two.model_.params)
    folder = written(later, tmp_path / "later")
    three = DeepClassifier(**settings).fit(rows[:5000], target="y", drop=["w", "z", "g", "t"], X_val=str(folder))
    np.testing.assert_array_equal(one.model_.params, three.model_.params)
