"""Workers that mpiexec starts: the same bytes for any number of them, and after every fault."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

SLOW_SECONDS = 240
LAMINA = [sys.executable, "-m", "lamina.cli.main"]
TRAIN = ["train", "rows.csv", "--target", "y", "--random-state", "1", "--hidden-layer-sizes", "32,32"]
TRAIN += ["--batch-size", "512", "--dropout", "0.1", "--early-stopping", "false", "--n-iter-no-change", "1000"]
FEW_EPOCHS, MANY_EPOCHS = ["--max-iter", "4"], ["--max-iter", "250"]


def trained(environment, *start, out="model.lamina", words=(), **options):
    command = [*start, *LAMINA, *TRAIN, "--out", out, *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SLOW_SECONDS, **options)


def of_one(environment, folder, epochs):
    """The bytes of a group of one."""
    path = folder / f"{epochs[-1]}.lamina"
    if not path.exists():
        done = trained(environment, out=path.name, words=["--cluster", "local[1]", *epochs], cwd=folder)
        assert done.returncode == 0, done.stderr
    return path.read_bytes()


@pytest.mark.parametrize("n", [2, 3, 4])
def test_any_number_of_workers_writes_the_same_bytes(rows, folder_of_one, environment, mpiexec, n):
    done = trained(environment, *mpiexec(n), words=FEW_EPOCHS)
    assert done.returncode == 0, done.stderr
    assert Path("model.lamina").read_bytes() == of_one(environment, folder_of_one, FEW_EPOCHS)
    assert done.stdout.count(f"by {n} workers") == 1  # the first of them speaks


def test_predictions_and_scores_are_those_of_one(rows, environment, mpiexec):
    """Bigger than a piece, so that each worker has its turn."""
    assert trained(environment, words=FEW_EPOCHS).returncode == 0
    header, *lines = Path("rows.csv").read_text().splitlines()
    Path("many.csv").write_text("\n".join([header, *lines * 8]) + "\n")
    found = {}
    for n in (1, 3):
        for name, words in {"predict": ["--proba"], "evaluate": ["--json"]}.items():
            command = [*(mpiexec(n) if n > 1 else []), *LAMINA, name, "model.lamina", "many.csv", *words]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SLOW_SECONDS)
            assert done.returncode == 0, done.stderr
            found[n, name] = done.stdout
    assert found[1, "predict"] == found[3, "predict"]
    assert found[1, "evaluate"] == found[3, "evaluate"]


STREAM = ["train", "shards", "--target", "y", "--stream", "--preset", "sklearn", "--hidden-layer-sizes", "8"]
STREAM += ["--max-iter", "1", "--batch-size", "65536", "--random-state", "1", "--scaling", "quantile"]
STREAM += ["--early-stopping", "true", "--validation-fraction", "0.02"]


def write_shards(n=280_000):
    """Two files, and two segments, which end elsewhere."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 2)).astype(np.float32)
    words = rng.choice(["red", "green", "blue"], n)
    y = np.where(X[:, 0] + (words == "red") > 0, "yes", "no")
    Path("shards").mkdir()
    for i, at in enumerate(np.split(np.arange(n), [100_000])):
        table = pa.table({"a": X[at, 0], "b": X[at, 1], "word": words[at], "y": y[at]})
        pq.write_table(table, f"shards/{i}.parquet", row_group_size=90_000)


def streamed(environment, *start, out="model.lamina", words=()):
    command = [*start, *LAMINA, *STREAM, "--out", out, *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SLOW_SECONDS)


def test_the_first_pass_over_a_stream_is_divided(environment, mpiexec, tmp_path, monkeypatch):
    """The same bytes as of one; and what the second alone finds to be wrong ends both, in the words of one."""
    monkeypatch.chdir(tmp_path)
    write_shards()
    for start, out, words in ([], "one.lamina", ["--cluster", "local[1]"]), (mpiexec(3), "three.lamina", []):
        done = streamed(environment, *start, out=out, words=words)
        assert done.returncode == 0, done.stderr
    assert Path("three.lamina").read_bytes() == Path("one.lamina").read_bytes()
    table = pq.read_table("shards/1.parquet")
    bad = table["a"].to_numpy().copy()
    bad[170_000] = np.inf  # row 270,000
    pq.write_table(table.set_column(0, "a", pa.array(bad)), "shards/1.parquet")
    done = streamed(environment, *mpiexec(2))
    assert done.returncode != 0
    said = "error: 1.parquet, row 170,001 (row 270,001 in all), column 'a': contains infinity"
    assert done.stderr.count(said) == 1, done.stderr
    assert "worker" not in done.stderr


def started(environment, mpiexec, n):
    """Start workers with a checkpoint; return the process, and theirs, once they have learned for a while."""
    words = ["--out", "model.lamina", "--checkpoint", "run", *MANY_EPOCHS]
    command = [*mpiexec(n), *LAMINA, *TRAIN, *words]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    last = time.monotonic() + SLOW_SECONDS
    while not epochs_done():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < last
        time.sleep(0.1)
    workers = sorted(int(one.name) for one in Path("/proc").iterdir() if one.name.isdecimal() and is_worker(one))
    assert len(workers) == n
    return process, workers


def is_worker(process):
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
        return b"lamina.cli.main" in words and (process / "cwd").resolve() == Path.cwd() and b"-n" not in words
    except OSError:
        return False


def epochs_done():
    try:
        return json.loads(Path("run/run.json").read_text())["summary"].get("epoch", 0) > 1
    except (OSError, ValueError, KeyError):
        return False


@pytest.mark.parametrize(("lost", "then"), [([1], 3), ([0], 2), ([0, 1], 1)])
def test_killed_workers(rows, folder_of_one, environment, mpiexec, lost, then):
    """mpiexec ends the others; the same command goes on, whatever the number of workers, to the same bytes."""
    process, workers = started(environment, mpiexec, 2)
    for one in lost:
        os.kill(workers[one], signal.SIGKILL)
    assert process.wait(60) != 0
    process.communicate()
    assert not Path("model.lamina").exists()
    done = trained(environment, *mpiexec(then), words=["--checkpoint", "run", "--cluster", "mpi", *MANY_EPOCHS])
    assert done.returncode == 0, done.stderr
    assert "resumes in epoch" in done.stdout
    assert Path("model.lamina").read_bytes() == of_one(environment, folder_of_one, MANY_EPOCHS)


def test_a_worker_that_hangs(rows, environment, mpiexec):
    process, workers = started({**environment, "LAMINA_CLUSTER_TIMEOUT": "3"}, mpiexec, 2)
    os.kill(workers[1], signal.SIGSTOP)
    try:
        _, err = process.communicate(timeout=60)
    finally:
        for one in workers:
            if Path(f"/proc/{one}").exists():
                os.kill(one, signal.SIGKILL)
    assert process.returncode != 0
    assert "another one did not answer for 3 seconds" in err
    assert "with a checkpoint it resumes" in err


def test_ctrl_c_ends_all_with_a_model(rows, environment, mpiexec):
    process, workers = started(environment, mpiexec, 2)
    os.kill(workers[0], signal.SIGINT)
    process.communicate(timeout=60)
    assert Path("model.lamina").exists()


def test_an_error_of_all_is_said_once(rows, environment, mpiexec):
    done = trained(environment, *mpiexec(2), out="model.lamina", words=["--weights", "nothing"])
    assert done.returncode != 0
    assert done.stderr.count("'nothing'") == 1, done.stderr
