"""Where a group is, and the group of one that needs no library: the bits that every cluster gives."""

import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import lamina
from lamina.cluster.board import Board, Outcome
from lamina.cluster.launching import launched
from lamina.cluster.places import Cluster, Place, place_of, started_by_mpi
from lamina.cluster.showing import Rates
from lamina.cluster.turns import in_turns
from lamina.cluster.waiting import seconds_to_wait
from lamina.errors import ClusterError, InterruptedWarning, MissingExtraError, SettingError
from lamina.learning.group import Group, Together

rng = np.random.default_rng(0)
X = rng.normal(size=(600, 4))
LABELS = np.digitize(X[:, 0] * X[:, 1], [-0.5, 0.5])
QUICK = {"hidden_layer_sizes": (8,), "max_iter": 2, "random_state": 0, "batch_size": 256}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("local[1]", Place("alone", 1)),
        ("local[2]", Place("local", 2)),
        ("auto", Place("ray", None, "auto")),
        ("auto[8]", Place("ray", 8, "auto")),
        ("10.0.0.7:6379", Place("ray", None, "10.0.0.7:6379")),
        ("head.example.org:6379[4]", Place("ray", 4, "head.example.org:6379")),
        ("mpi", Place("mpi")),
    ],
)
def test_places(text, place):
    assert place_of(text) == place


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("local", "expected the number of workers too"),
        ("local[0]", "expected 1 to 10,000 workers"),
        ("local[two]", "expected 'local"),
        ("ray", "expected 'local"),
        ("mpi[2]", "mpiexec -n says"),
        ("", "expected 'local"),
        (2, "expected 'local"),
    ],
)
def test_what_is_no_place(text, said):
    with pytest.raises(SettingError, match=said):
        place_of(text)


@pytest.mark.parametrize(
    ("cluster", "together"),
    [
        (Cluster("mpi"), Together("same-bits")),
        (Cluster("mpi", sums="bfloat16"), Together("bfloat16")),
        (Cluster("mpi", local_steps=8), Together("plain", 8)),
        (Cluster("mpi", sums="plain", local_steps=8), Together("plain", 8)),
    ],
)
def test_how_workers_move_together(cluster, together):
    assert place_of(cluster) == Place("mpi", together=together)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"where": "nowhere"}, "expected 'local"),
        ({"sums": "float16"}, "sums='float16': expected one of same-bits, plain, bfloat16"),
        ({"local_steps": 0}, "local_steps=0: expected a whole number of steps from 1"),
        ({"local_steps": True}, "local_steps=True"),
        ({"local_steps": 2, "sums": "bfloat16"}, "leave out one of the two"),
    ],
)
def test_what_is_no_cluster(how, said):
    with pytest.raises(SettingError, match=said):
        Cluster(**{"where": "local[2]", **how})


def test_plain_sums_of_one_worker_are_a_fit_without_a_cluster():
    alone = lamina.DeepClassifier(**QUICK).fit(X, LABELS)
    one = lamina.DeepClassifier(**QUICK).fit(X, LABELS, cluster=lamina.Cluster("local[1]", sums="plain"))
    assert one.model_.params.tobytes() == alone.model_.params.tobytes()


def test_bfloat16_is_for_single_precision():
    with pytest.raises(SettingError, match="dtype='float64' with sums of bfloat16"):
        lamina.DeepClassifier(**QUICK, dtype="float64").fit(X, LABELS, cluster=Cluster("local[1]", sums="bfloat16"))


def test_a_group_of_one_has_the_bits_of_leaves():
    """Those of a fit without a cluster are others in the last digits only."""
    alone = lamina.DeepClassifier(**QUICK).fit(X, LABELS)
    one, again = (lamina.DeepClassifier(**QUICK).fit(X, LABELS, cluster="local[1]") for _ in range(2))
    assert one.model_.params.tobytes() == again.model_.params.tobytes() != alone.model_.params.tobytes()
    np.testing.assert_allclose(one.model_.params, alone.model_.params, rtol=1e-3, atol=1e-4)


def test_a_warm_start_goes_on():
    model = lamina.DeepClassifier(**QUICK, warm_start=True).fit(X, LABELS, cluster="local[1]")
    assert model.fit(X, LABELS, cluster="local[1]").n_iter_ == 4


def test_a_checkpoint_is_resumed(tmp_path):
    whole = lamina.DeepClassifier(**QUICK).fit(X, LABELS, cluster="local[1]")
    lamina.DeepClassifier(**QUICK | {"max_iter": 1}).fit(X, LABELS, cluster="local[1]", checkpoint=tmp_path / "run")
    resumed = lamina.DeepClassifier(**QUICK).fit(X, LABELS, cluster="local[1]", checkpoint=tmp_path / "run")
    assert resumed.model_.params.tobytes() == whole.model_.params.tobytes()


def test_lbfgs_stays_on_one_machine():
    with pytest.raises(SettingError, match="lbfgs"):
        lamina.DeepClassifier(**QUICK, optimizer="lbfgs").fit(X, LABELS, cluster="local[1]")


@pytest.mark.parametrize("cluster", ["nowhere", 2, True])
def test_what_is_no_cluster_is_said(cluster):
    with pytest.raises(SettingError, match="cluster="):
        lamina.DeepClassifier(**QUICK).fit(X, LABELS, cluster=cluster)


def test_callbacks_are_refused():
    model = lamina.DeepClassifier(**QUICK)
    if not hasattr(model, "set_callbacks"):
        pytest.skip("this scikit-learn has no callbacks")
    from lamina.callbacks import EarlyStopping

    with pytest.raises(SettingError, match="callbacks"):
        model.set_callbacks(EarlyStopping()).fit(X, LABELS, cluster="local[1]")


def test_an_interrupted_fit_says_so(monkeypatch):
    def asks(self, facts):
        return "Ctrl-C" if facts["epoch"] == 1 else ""

    monkeypatch.setattr("lamina.learning.group.Silence.report", asks)
    with pytest.warns(InterruptedWarning, match="Ctrl-C ended training on the cluster after epoch 1") as told:
        model = lamina.DeepClassifier(**QUICK).fit(X, LABELS, cluster="local[1]")
    assert model.n_iter_ == 1
    assert told[0].filename == __file__


@pytest.mark.parametrize(("cluster", "package"), [("local[2]", "ray"), ("mpi", "mpi4py")])
def test_a_library_that_is_missing_is_named(cluster, package):
    script = f"import sys; sys.modules[{package!r}] = None\nfrom lamina.cluster.launching import launched\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{script}launched({cluster!r}, print)"], capture_output=True, text=True
    )
    assert "MissingExtraError" in done.stderr
    assert "pip install" in done.stderr.splitlines()[-1]
    assert issubclass(MissingExtraError, ImportError)


def test_the_command_line(tmp_path, monkeypatch, capsys):
    from lamina.cli.main import main

    monkeypatch.chdir(tmp_path)
    rows = [",".join(map(str, row)) for row in X.round(3).tolist()]
    text = "\n".join(["a,b,c,d,y", *(f"{row},c{label}" for row, label in zip(rows, LABELS, strict=True))])
    Path("rows.csv").write_text(text + "\n")
    words = ["--target", "y", "--max-iter", "2", "--random-state", "0", "--hidden-layer-sizes", "8"]
    assert main(["train", "rows.csv", *words, "--out", "a.lamina", "--cluster", "local[1]"]) == 0
    Path("run.toml").write_text('cluster = "local[1]"\n')
    assert main(["train", "rows.csv", *words, "--out", "b.lamina", "--config", "run.toml"]) == 0
    assert main(["train", "rows.csv", *words, "--out", "c.lamina", "--cluster", "nowhere"]) == 1
    assert main(["train", "rows.csv", *words, "--out", "c.lamina", "--cluster-sums", "plain"]) == 1
    assert "add --cluster" in capsys.readouterr().err
    half = ["--out", "d.lamina", "--checkpoint", "run", "--cluster", "local[1]"]
    assert main(["train", "rows.csv", *words, *half, "--cluster-sums", "bfloat16"]) == 0
    assert main(["train", "rows.csv", *words, *half]) == 1
    assert "was started with sums='bfloat16', now sums='same-bits'" in capsys.readouterr().err
    Path("run.toml").write_text('cluster = "local[1]"\ncluster_sums = "bfloat16"\n')
    assert main(["train", "rows.csv", *words, "--out", "e.lamina", "--config", "run.toml"]) == 0
    assert Path("a.lamina").read_bytes() != Path("d.lamina").read_bytes() == Path("e.lamina").read_bytes()
    Path("run.toml").write_text('cluster = "local[1]"\n')
    assert Path("a.lamina").read_bytes() == Path("b.lamina").read_bytes()
    for more in (["--out", "here.csv"], ["--out", "there.csv", "--cluster", "local[1]"]):
        assert main(["predict", "a.lamina", "rows.csv", "--proba", *more]) == 0
    assert Path("here.csv").read_bytes() == Path("there.csv").read_bytes()
    told = []
    for more in ([], ["--cluster", "local[1]"]):
        capsys.readouterr()
        assert main(["evaluate", "a.lamina", "rows.csv", "--json", *more]) == 0
        told.append(capsys.readouterr().out)
    assert told[0] == told[1]
    assert not Path("c.lamina").exists()


def test_processes_of_mpi_know_it(monkeypatch):
    for name in ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"):
        monkeypatch.delenv(name, raising=False)
    assert not started_by_mpi()
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "1")
    assert not started_by_mpi()
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "8")
    assert started_by_mpi()


def test_how_long_to_wait(monkeypatch):
    monkeypatch.setenv("LAMINA_CLUSTER_TIMEOUT", "12.5")
    assert seconds_to_wait() == 12.5
    for wrong in ("soon", "0", "-1", "nan"):
        monkeypatch.setenv("LAMINA_CLUSTER_TIMEOUT", wrong)
        with pytest.raises(SettingError, match="LAMINA_CLUSTER_TIMEOUT"):
            seconds_to_wait()


def test_the_board_keeps_the_first_end():
    board = Board()
    assert board.started()
    board.note(0, {"epoch": 1})
    board.write("out", "hello")
    board.ask("Ctrl-C")
    assert board.note(0, {"epoch": 2}) == "Ctrl-C"
    board.end(Outcome(problem=ClusterError("one")))
    board.end(Outcome(result=1))
    news = board.take()
    assert (news.facts, news.text, news.starts) == ({0: {"epoch": 2}}, [("out", "hello")], 1)
    assert str(news.outcome.problem) == "one"
    assert not board.started()
    assert board.take().text == []


def test_rates_of_all_workers():
    """3,000 rows in 2 seconds; the second worker, who waits less, is the one that is waited for."""
    facts = {"epochs": 5, "n_rows": 2000, "cost": 0.5, "record": None}
    first = {"epoch": 0, "rows": 0, "seconds": 1.0, "computing": 0.1, "summing": 0.1}
    last = {"epoch": 1, "rows": 1000, "seconds": 3.0}
    rates = Rates()
    assert rates.told({0: {**facts, **first, "host": "a"}, 1: {**facts, **first, "host": "b"}}) == ""
    now = {
        0: {**facts, **last, "computing": 0.9, "summing": 1.1, "host": "a"},
        1: {**facts, **last, "computing": 1.7, "summing": 0.3, "host": "b"},
    }
    told = rates.told(now)
    assert "epoch 2/5" in told
    assert "1,500 rows/s" in told
    assert "compute 60%, sum 30%, reading 10%" in told
    assert "slowest: worker 1 on b" in told


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7])
def test_turns_give_every_piece_once_and_in_order(n):
    shared, found, worked = Shared(3), [None] * 3, []

    def work(rank):
        def of_piece(k):
            worked.append((rank, k))
            return np.array([f"of {k}"], object) if k % 2 else np.full((2, 1), float(k))

        found[rank] = list(in_turns(Group(Meeting(rank, shared)), range(n), of_piece))

    threads = [threading.Thread(target=work, args=(rank,)) for rank in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(worked, key=lambda one: one[1]) == [(k % 3, k) for k in range(n)]
    expected = [["of " + str(k)] if k % 2 else [[k], [k]] for k in range(n)]
    assert [[array.tolist() for array in one] for one in found] == [expected] * 3


class Shared:
    def __init__(self, size):
        self.arrays, self.barrier = [None] * size, threading.Barrier(size, timeout=60)


class Meeting:
    """Messages between threads."""

    size = 3

    def __init__(self, rank, shared):
        self.rank, self._shared = rank, shared

    def gather(self, mine, counts):
        self._shared.arrays[self.rank] = mine.copy()
        self._shared.barrier.wait()
        found = np.concatenate(self._shared.arrays)
        self._shared.barrier.wait()
        return found


def test_work_gets_its_group():
    assert launched("local[1]", partial(_size)) == (1, None)


def _size(group):
    return group.size, group.scratch
