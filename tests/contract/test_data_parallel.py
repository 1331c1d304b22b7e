"""Workers that learn together: each takes its leaves of every batch, their sums have a fixed order, all move alike."""

import dataclasses
import threading
from contextlib import nullcontext

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lamina.data.examples import Share
from lamina.data.roles import Roles
from lamina.data.streaming.streamed_source import StreamedSource
from lamina.data.tables.row_streams import rows_of as rows_of_files
from lamina.equations.steps import Steps
from lamina.errors import CheckpointError, ClusterError, DivergenceError, FileError, LaminaError
from lamina.fitting import finish, prepare
from lamina.learning import group as group_module
from lamina.learning import training
from lamina.learning.checkpoints import Folder
from lamina.learning.group import BY_LEAVES, Group, Silence, Together
from lamina.learning.leaves import leaf_count, leaf_rows, leaves_of, rows_of, subtrees_of
from lamina.learning.state import State
from lamina.learning.training import train
from lamina.running import carry_out, opened
from plain_network import PLAIN

rng = np.random.default_rng(0)
X = rng.normal(size=(700, 4))
SIGNAL = X[:, 0] - X[:, 1] * X[:, 2]
LABELS = np.digitize(SIGNAL, [-0.7, 0.7])
WEIGHTS = rng.gamma(2, 0.5, 700)
QUICK = PLAIN | {
    "hidden_layer_sizes": (10,),
    "learning_rate_init": 0.02,
    "random_state": 0,
    "max_iter": 3,
    "batch_size": 256,
    "dtype": "float64",
    "alpha": 0.5,
}
WAIT_SECONDS = 60  # for the others; a worker that failed does not come


class Shared:
    """Where the vectors of all workers meet."""

    def __init__(self, size):
        self.vectors = [None] * size
        self.barrier = threading.Barrier(size, timeout=WAIT_SECONDS)


class Worker:
    """A place in a group whose members are threads of this process."""

    def __init__(self, rank, size, shared):
        self.rank, self.size, self.shared = rank, size, shared

    def gather(self, mine, counts):
        self.shared.vectors[self.rank] = mine.copy()
        self.shared.barrier.wait()
        assert [len(one) for one in self.shared.vectors] == list(counts)
        everything = np.concatenate(self.shared.vectors)
        self.shared.barrier.wait()  # nobody writes the next vectors before all have read these
        return everything

    def deal(self, mine, counts, widths):
        first = sum(widths[: self.rank])
        return self.gather(mine, counts)[:, first : first + widths[self.rank]].copy()

    def reduce(self, mine):
        return self.gather(mine[None], [1] * self.size).sum(axis=0)

    def report(self, facts):
        return ""


def group_of(rank, size, shared, how=BY_LEAVES):
    return Group(Worker(rank, size, shared), together=how)


def prepared(group=None, **settings):
    task = "classifier" if settings.pop("classifier", False) else "regressor"
    weights = WEIGHTS if settings.pop("weighted", False) else None
    more = {} if group is None else {"group": group}
    y = LABELS if task == "classifier" else SIGNAL
    return prepare(X, y, weights, settings={**QUICK, **settings}, task=task, **more)


def of_threads(work, size):
    threads = [threading.Thread(target=work, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_SECONDS)


def together(size, how=BY_LEAVES, **settings):
    """The states of all workers at the end of training, and one run of them."""
    shared, outcomes, problems = Shared(size), [None] * size, []

    def work(rank):
        try:
            run, state = prepared(group_of(rank, size, shared, how), **settings)
            for _ in train(run, state):
                pass
            outcomes[rank] = (run, state)
        except BaseException as problem:
            problems.append(problem)
            shared.barrier.abort()

    of_threads(work, size)
    if problems:
        raise problems[0]
    return [state for _, state in outcomes], outcomes[0][0]


def bits_of(state):
    untimed = [{name: value for name, value in record.items() if name != "seconds"} for record in state.history]
    arrays = {name: array.tobytes() for name, array in state.arrays().items()}
    return arrays, repr({**state.scalars(), "history": untimed, "seconds": 0, "pass_seconds": 0})


VARIETIES = {
    "plain": {},
    "weights": {"weighted": True},
    "classes": {"classifier": True, "class_weight": "balanced"},
    "validation rows and averaging": {"early_stopping": True, "averaging": 0.5, "schedule": "cosine"},
    "penalties": {"l1": 0.3, "optimizer": "adamw(weight_decay=0.1)"},
    "clipping": {"optimizer": "momentum(clip_norm=0.1)"},
    "dropout": {"dropout": 0.3, "dropout_schedule": "exponential(decay=0.5)"},
    "members": {"n_members": 3},
    "whole matrices": {"hidden_layer_sizes": (10, 10), "optimizer": "muon"},
    "members and dropout": {"n_members": 3, "dropout": 0.3, "weighted": True},
}
OF_EACH_LEAF = {  # a batch normalisation has statistics of each leaf: other bits than of the whole batch, on purpose
    "normalisation": {"hidden_layer_sizes": (10, 10), "normalization": "batch"},
    "single precision": {"dtype": "float32", "classifier": True, "dropout": 0.2},
}


@pytest.mark.parametrize("engine", ["equations", "kernels"])
@pytest.mark.parametrize("settings", (VARIETIES | OF_EACH_LEAF).values(), ids=VARIETIES | OF_EACH_LEAF)
def test_any_number_of_workers_has_the_same_bits(settings, engine):
    one = bits_of(together(1, **settings, engine=engine)[0][0])
    for size in (2, 3):
        for state in together(size, **settings, engine=engine)[0]:
            assert bits_of(state) == one


@pytest.mark.parametrize("engine", ["equations", "kernels"])
def test_dealt_sums_have_the_same_bits(engine, monkeypatch):
    """Each of many workers adds a part of the vectors."""
    settings = VARIETIES["dropout"]
    one = bits_of(together(1, **settings, engine=engine)[0][0])
    monkeypatch.setattr(group_module, "DEALT_BYTES", 0)
    for state in together(3, **settings, engine=engine)[0]:
        assert bits_of(state) == one


@pytest.mark.parametrize("engine", ["equations", "kernels"])
@pytest.mark.parametrize("settings", VARIETIES.values(), ids=VARIETIES)
def test_workers_move_as_one_that_takes_whole_batches(settings, engine):
    """To rounding: the sums of one alone have another order."""
    states, _ = together(2, **settings, engine=engine)
    run, alone = prepared(**settings, engine=engine)
    for _ in train(run, alone):
        pass
    np.testing.assert_allclose(states[0].params, alone.params, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(states[0].memory, alone.memory, rtol=1e-7, atol=1e-10)
    assert (states[0].step, states[0].epoch, states[0].best_epoch) == (alone.step, 3, alone.best_epoch)
    for found, expected in zip(states[0].history, alone.history, strict=True):
        assert found["cost"] == pytest.approx(expected["cost"], rel=1e-9)
        if expected["validation_cost"] is not None:
            assert found["validation_cost"] == pytest.approx(expected["validation_cost"], rel=1e-9)


def test_yields_within_an_epoch_change_no_bit(monkeypatch):
    settings = VARIETIES["validation rows and averaging"]
    whole, _ = together(2, **settings)
    monkeypatch.setattr(training, "FIRST_MULTIPLY_ADDS", 0)
    monkeypatch.setattr(training, "SECONDS_PER_MOVE", 0)
    states, _ = together(2, **settings)
    assert bits_of(states[0]) == bits_of(states[1]) == bits_of(whole[0])


def test_more_workers_than_rows_in_a_batch():
    """Some have nothing to do in a step, and wait for the others."""
    states, _ = together(5, batch_size=140, max_iter=1)
    run, alone = prepared(batch_size=140, max_iter=1)
    list(train(run, alone))
    assert len({state.params.tobytes() for state in states}) == 1
    np.testing.assert_allclose(states[0].params, alone.params, rtol=1e-9, atol=1e-10)


def test_each_worker_looks_at_its_own_rows_only():
    """Together they take every row of every pass once."""
    shared, taken, lock = Shared(2), [], threading.Lock()

    def work(rank):
        run, state = prepared(group_of(rank, 2, shared), max_iter=2)

        def gradients(network, params, X, *rest, **more):
            with lock:
                if "first" in more:  # else it is a look at the layers, which moves nothing
                    taken.append((rank, more["first"], more["m"], len(X)))
            return run.engine.gradients(network, params, X, *rest, **more)

        watched = dataclasses.replace(run, engine=run.engine._replace(gradients=gradients))
        list(train(watched, state))

    of_threads(work, 2)
    of_first = [(0, 256, 64), (64, 256, 64), (0, 256, 64), (64, 256, 64), (0, 188, 94)]  # 700 rows, batches of 256
    of_second = [(128, 256, 64), (192, 256, 64), (128, 256, 64), (192, 256, 64), (94, 188, 94)]
    assert [one[1:] for one in taken if one[0] == 0] == of_first * 2
    assert [one[1:] for one in taken if one[0] == 1] == of_second * 2


def test_divergence_is_everybodys():
    """All end before the same step, although the numbers left their range with one of them only."""
    shared, told, states = Shared(2), [], [None, None]

    def work(rank):
        run, state = prepared(group_of(rank, 2, shared))
        states[rank] = state

        def gradients(network, params, *given, step=0, **more):
            J, grads = run.engine.gradients(network, params, *given, step=step, **more)
            return J, grads * (np.nan if (rank, step) == (1, 2) else 1)

        broken = dataclasses.replace(run, engine=run.engine._replace(gradients=gradients))
        try:
            list(train(broken, state))
        except DivergenceError as problem:
            told.append(str(problem))

    of_threads(work, 2)
    assert len(told) == 2
    assert told[0] == told[1]
    assert "epoch 1, batch 3 of 3" in told[0]
    assert states[0].step == 2
    assert bits_of(states[0]) == bits_of(states[1])


def test_every_worker_has_the_same_model():
    states, run = together(2, early_stopping=True)
    one, two = (finish(run, state) for state in states)
    np.testing.assert_array_equal(one.params, two.params)
    assert one.best_epoch == two.best_epoch


# ---- leaves ----


@pytest.mark.parametrize("rows", [1, 63, 64, 127, 128, 1000, 4096, 100_000])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 64, 1000])
def test_every_leaf_has_one_owner_and_every_row_one_leaf(rows, size):
    owned = [leaf for rank in range(size) for leaf in leaves_of(rows, rank, size)]
    assert owned == list(range(leaf_count(rows)))
    assert [row for leaf in owned for row in range(rows)[leaf_rows(rows, leaf)]] == list(range(rows))
    assert [row for rank in range(size) for row in range(rows)[rows_of(rows, rank, size)]] == list(range(rows))
    parts = [list(subtrees_of(leaves_of(rows, rank, size))) for rank in range(size)]
    assert [one for part in parts for first, n in part for one in range(first, first + n)] == owned
    assert all(first % n == 0 and n & (n - 1) == 0 for part in parts for first, n in part)
    if size in (2, 4, 64) and leaf_count(rows) >= size:
        assert {len(part) for part in parts} == {1}
    assert max(map(len, parts)) <= 7


def test_the_shares_are_nearly_equal():
    for size in (3, 5, 7):
        shares = [len(leaves_of(2**14, rank, size)) for rank in range(size)]
        assert max(shares) <= 1.1 * sum(shares) / size


# ---- ends ----


@pytest.mark.parametrize("asking", [0, 1])
def test_a_worker_that_asks_ends_all_after_the_same_step(asking):
    shared, states = Shared(2), [None, None]

    def work(rank):
        run, state = prepared(group_of(rank, 2, shared), max_iter=1000)
        states[rank] = state
        for progress in train(run, state):
            if rank == asking and progress.epoch == 4 and progress.record:
                run.group.ask("enough")

    of_threads(work, 2)
    assert states[0].stopped == states[1].stopped == "enough"
    assert bits_of(states[0]) == bits_of(states[1])
    assert states[0].step in range(4 * 3, 5 * 3 + 1)


def test_a_limit_of_time_is_everybodys():
    states, _ = together(2, max_iter=10**6, n_iter_no_change=10**6, max_time=0.3)
    assert states[0].stopped == states[1].stopped == "max_time: the limit of 0.3 seconds was reached"
    assert bits_of(states[0]) == bits_of(states[1])


def test_workers_of_other_rows_are_told_apart():
    shared, told = Shared(2), []

    def work(rank):
        run, state = prepared(group_of(rank, 2, shared))
        state.params += rank
        try:
            list(train(run, state))
        except ClusterError as problem:
            told.append(str(problem))

    of_threads(work, 2)
    assert len(told) == 2
    assert told[0].startswith("at the start: worker 1 of 2 differs from worker 0")


def test_what_the_first_worker_cannot_do_all_are_told():
    shared, told = Shared(2), []

    def fails():
        raise CheckpointError("no place")

    def work(rank):
        try:
            group_of(rank, 2, shared).from_first(fails)
        except LaminaError as problem:
            told.append((rank, type(problem), str(problem)))

    of_threads(work, 2)
    assert sorted(told, key=lambda one: one[0]) == [
        (0, CheckpointError, "no place"),
        (1, ClusterError, "worker 0: no place"),
    ]


def test_a_seed_that_is_drawn_is_everybodys():
    """That of the first worker."""
    states, run = together(2, random_state=None, max_iter=1)
    assert states[0].seed == states[1].seed == run.recipe.seed
    assert bits_of(states[0]) == bits_of(states[1])


# ---- checkpoints ----


def test_another_number_of_workers_resumes_with_the_same_bits(tmp_path):
    """The first worker has the folder; the others get its state."""

    def stage(size, path, until):
        shared, states = Shared(size), [None] * size

        def work(rank):
            run, state = prepared(group_of(rank, size, shared), dropout=0.2, max_iter=6)
            folder, state = opened(path, run, state)
            assert (folder is None) == (rank > 0)
            with folder or nullcontext():
                carry_out(run, state, folder=folder, after_epoch=lambda record: record.epoch == until)
            states[rank] = state

        of_threads(work, size)
        return states[0]

    whole = stage(1, tmp_path / "whole", 6)
    stage(3, tmp_path / "parts", 2)
    stage(2, tmp_path / "parts", 4)
    assert bits_of(stage(5, tmp_path / "parts", 6))[0] == bits_of(whole)[0]


def test_a_run_without_a_group_is_another_run(tmp_path):
    run, state = prepared(Group(Silence()))
    opened(tmp_path, run, state)[0].close()
    with pytest.raises(CheckpointError, match="no sums"):
        opened(tmp_path, *prepared())


def test_a_full_disk_ends_all_with_the_model_of_the_best_epoch(tmp_path):
    shared, states, told = Shared(2), [None, None], []

    class Full(Folder):
        def save(self, step, arrays, scalars):
            raise CheckpointError("no space left")

    def work(rank):
        run, state = states_and_run = prepared(group_of(rank, 2, shared), max_iter=100)
        states[rank] = state
        try:
            carry_out(*states_and_run, folder=Full(tmp_path, run.identity) if rank == 0 else None)
        except CheckpointError as problem:
            told.append((rank, str(problem)))

    of_threads(work, 2)
    assert told == [(0, "no space left")]
    assert states[0].stopped == states[1].stopped == "a checkpoint could not be written"
    assert bits_of(states[0]) == bits_of(states[1])
    assert states[0].epoch == 1


# ---- rows that only their worker has ----


@pytest.mark.parametrize("size", [2, 3])
def test_a_stream_gives_each_worker_its_rows_only(size, tmp_path, monkeypatch):
    """And the bits of one worker, who reads them all."""
    write_rows(tmp_path)
    monkeypatch.setattr("lamina.data.streaming.streamed.WINDOW_ROWS", 512)

    def run_of(group):
        source = StreamedSource(rows_of_files(str(tmp_path)), Roles("y"))
        return prepare(source, roles=Roles("y"), settings={**QUICK, "max_iter": 2}, task="regressor", group=group)

    shared, states, seen = Shared(size), [None] * size, [0] * size

    def work(rank):
        run, state = run_of(group_of(rank, size, shared))
        states[rank] = state
        share = Share(lambda rows: rows_of(rows, rank, size), leaf_count)
        seen[rank] = sum(len(chunk.X) for chunk in run.examples.chunks(run.recipe, 0, 0, share))
        list(train(run, state))

    of_threads(work, size)
    assert sum(seen) == 700 + (size == 3)  # the third has no leaf of the last batch, and a row all the same
    run, alone = run_of(Group(Silence()))
    list(train(run, alone))
    assert {bits_of(state)[0]["params"] for state in states} == {bits_of(alone)[0]["params"]}


def write_rows(folder):
    pq.write_table(table_of(slice(None)), folder / "rows.parquet", row_group_size=150)


def table_of(rows):
    names = [f"x{j}" for j in range(4)]
    return pa.table({name: X[rows, j] for j, name in enumerate(names)} | {"y": SIGNAL[rows]})


def write_files(folder):
    """Twenty-eight of 25 rows: four lanes of batches of 256."""
    folder.mkdir()
    for k in range(28):
        pq.write_table(table_of(slice(25 * k, 25 * k + 25)), folder / f"{k:02}.parquet")


def streamed_run(folder, group=None, **settings):
    source = StreamedSource(rows_of_files(str(folder)), Roles("y"))
    more = {} if group is None else {"group": group}
    return prepare(source, roles=Roles("y"), settings={**QUICK, **settings}, task="regressor", **more)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_workers_that_divide_the_reading_have_the_bits_of_one(size, tmp_path, monkeypatch):
    """Killed in the middle of an epoch and resumed by another number of them, too."""
    monkeypatch.setattr("lamina.data.streaming.streamed.WINDOW_ROWS", 512)
    write_files(tmp_path / "rows")
    settings = {"early_stopping": True, "validation_fraction": 0.1, "dropout": 0.2, "max_iter": 3}
    shared, states, middles = Shared(size), [None] * size, [None] * size

    def work(rank):
        run, state = streamed_run(tmp_path / "rows", group_of(rank, size, shared), **settings)
        for progress in train(run, state, pause=lambda step: 1):
            if progress.steps == 4:
                middles[rank] = {name: one.copy() for name, one in state.arrays().items()}, state.scalars()
        states[rank] = state

    of_threads(work, size)
    run, alone = streamed_run(tmp_path / "rows", Group(Silence()), **settings)
    assert run.examples.most_lanes == 4
    list(train(run, alone))
    assert {bits_of(state)[0]["params"] for state in states} == {bits_of(alone)[0]["params"]}
    resumed = State.of(*middles[0])
    assert resumed.rows == 256  # of the second epoch
    run, _ = streamed_run(tmp_path / "rows", Group(Silence()), **settings)
    list(train(run, resumed))
    assert bits_of(resumed)[0]["params"] == bits_of(alone)[0]["params"]


def test_divergence_is_still_divergence(tmp_path):
    """A cost that is no number for a reason of its own is not taken for a fault of reading."""
    write_files(tmp_path / "rows")
    shared, said = Shared(2), [None, None]

    def work(rank):
        run, state = streamed_run(tmp_path / "rows", group_of(rank, 2, shared), learning_rate_init=1e200)
        with pytest.raises(DivergenceError) as problem:
            list(train(run, state))
        said[rank] = str(problem.value)

    of_threads(work, 2)
    assert all(said)


# ---- other ways to move together ----

PLAIN_SUMS, HALVES, LOCAL = Together("plain"), Together("bfloat16"), Together("plain", local_steps=2)


@pytest.mark.parametrize("engine", ["equations", "kernels"])
@pytest.mark.parametrize("settings", VARIETIES.values(), ids=VARIETIES)
def test_plain_sums_are_those_of_whole_batches(settings, engine):
    """To rounding, and of one worker to the bit."""
    run, alone = prepared(**settings, engine=engine)
    list(train(run, alone))
    for size in (1, 2, 3):
        states, _ = together(size, PLAIN_SUMS, **settings, engine=engine)
        assert len({state.params.tobytes() for state in states}) == 1
        np.testing.assert_allclose(states[0].params, alone.params, rtol=1e-9, atol=1e-10)
        assert [one["cost"] for one in states[0].history] == pytest.approx([one["cost"] for one in alone.history])


@pytest.mark.parametrize("dealt", [True, False])
def test_rounded_sums_have_the_same_bits_for_any_number_of_workers(dealt, monkeypatch):
    if dealt:
        monkeypatch.setattr(group_module, "DEALT_BYTES", 0)
    settings = OF_EACH_LEAF["single precision"]
    one = bits_of(together(1, HALVES, **settings)[0][0])
    for size in (2, 3, 5):
        for state in together(size, HALVES, **settings)[0]:
            assert bits_of(state) == one
    exact = together(1, **settings)[0][0]
    assert one[0]["params"] != exact.params.tobytes()


def test_a_gradient_of_rounded_sums_is_right_to_three_digits():
    """One step of gradient descent: what it moved by is the gradient, sums of 16 leaves each rounded."""
    settings = {"optimizer": "gradient_descent", "batch_size": 700, "max_iter": 1, "dtype": "float32"}
    start = prepared(**settings)[1].params
    moved = [together(1, how, **settings)[0][0].params - start for how in (Together(), HALVES)]
    error = np.linalg.norm(moved[1] - moved[0]) / np.linalg.norm(moved[0])
    assert 1e-5 < error < 4e-3


def test_half_the_bytes_are_sent(monkeypatch):
    sent = {}

    def gather(self, mine, counts, whole=Worker.gather):
        sent.setdefault(how.sums, set()).add(mine.nbytes)
        return whole(self, mine, counts)

    monkeypatch.setattr(Worker, "gather", gather)
    for how in (Together(), HALVES):
        _, run = together(2, how, **OF_EACH_LEAF["single precision"], hidden_layer_sizes=(200,))
    size = run.network.size
    assert max(sent["same-bits"]) == 4 * (size + 3)
    assert max(sent["bfloat16"]) == 2 * size + 4 * 3


def by_hand(size, every, steps_per_epoch, epochs):
    """Local steps of gradient descent, written out: every worker its part of a batch, and then the mean."""
    run, state = prepared(Group(Silence()), optimizer="momentum", max_iter=epochs)
    params, memory = ([array.copy() for _ in range(size)] for array in (state.params, state.memory))
    step, rows_since = 0, np.zeros(size)
    for epoch in range(epochs):
        (chunk,) = run.examples.chunks(run.recipe, epoch)
        for k in range(steps_per_epoch):
            batch = chunk.order[k * 256 : (k + 1) * 256]
            for rank in range(size):
                rows = batch[rows_of(len(batch), rank, size)]
                rows_since[rank] += len(rows)
                alone = [chunk.X[rows], chunk.Y[rows], None, np.arange(len(rows))]
                how = Steps(max(len(rows), 1), [run.recipe.learning_rate], seed=0, step=step, examples=700)
                if len(rows):
                    run.engine.train_steps(run.network, run.recipe.optimiser, params[rank], memory[rank], *alone, how)
            step += 1
            if step % every == 0 or k == steps_per_epoch - 1:
                for kept in (params, memory):
                    mean = sum(share * one for share, one in zip(rows_since / rows_since.sum(), kept, strict=True))
                    kept[:] = [mean.copy() for _ in range(size)]
                rows_since[:] = 0
    return params[0], memory[0]


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("every", [2, 5])
def test_local_steps_are_those_by_hand(size, every):
    params, memory = by_hand(size, every, steps_per_epoch=3, epochs=3)
    how = Together("plain", local_steps=every)
    for state in together(size, how, optimizer="momentum")[0]:
        np.testing.assert_allclose(state.params, params, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(state.memory, memory, rtol=1e-9, atol=1e-12)
        assert state.step == 9


def test_costs_of_local_steps_are_those_of_the_rows():
    """With a rate of almost 0 they are the costs of the start, whoever looks."""
    settings = {"learning_rate_init": 1e-12, "max_iter": 1}
    expected = together(1, **settings)[0][0].history[0]["cost"]
    for size in (1, 2, 3):
        assert together(size, LOCAL, **settings)[0][0].history[0]["cost"] == pytest.approx(expected, rel=1e-6)


def test_local_steps_are_whole_at_every_yield(monkeypatch):
    """So a checkpoint is that of all, and however a pass is cut, the bits are the same."""
    whole, _ = together(2, LOCAL)
    monkeypatch.setattr(training, "FIRST_MULTIPLY_ADDS", 0)
    monkeypatch.setattr(training, "SECONDS_PER_MOVE", 0)
    shared, seen, states = Shared(2), [[], []], [None, None]

    def work(rank):
        run, state = prepared(group_of(rank, 2, shared, LOCAL))
        states[rank] = state
        seen[rank].extend((progress.steps, state.params.tobytes()) for progress in train(run, state))

    of_threads(work, 2)
    assert seen[0] == seen[1]
    assert [steps for steps, _ in seen[0]] == [2, 3, 4, 6, 8, 9]
    assert bits_of(states[0]) == bits_of(states[1]) == bits_of(whole[0])


@pytest.mark.parametrize("how", [PLAIN_SUMS, HALVES, LOCAL])
def test_divergence_and_wishes_are_everybodys(how):
    shared, told, states = Shared(2), [], [None, None]

    def work(rank):
        run, state = prepared(group_of(rank, 2, shared, how), dtype="float32")
        states[rank] = state

        def gradients(network, params, *given, step=0, **more):
            J, grads = run.engine.gradients(network, params, *given, step=step, **more)
            return J, grads * np.float32(np.nan if (rank, step) == (1, 2) else 1)

        broken = dataclasses.replace(run, engine=run.engine._replace(gradients=gradients))
        try:
            list(train(broken, state))
        except DivergenceError as problem:
            told.append(str(problem))

    of_threads(work, 2)
    assert len(told) == 2
    assert "epoch 1, batch 3 of 3" in told[0]
    assert bits_of(states[0]) == bits_of(states[1])
    assert states[0].step == 2
    assert np.isfinite(states[0].params).all()

    asked = Shared(2)

    def ask(rank):
        run, state = prepared(group_of(rank, 2, asked, how), dtype="float32", max_iter=1000)
        states[rank] = state
        for progress in train(run, state):
            if rank == 1 and progress.epoch == 4 and progress.record:
                run.group.ask("enough")

    of_threads(ask, 2)
    assert states[0].stopped == states[1].stopped == "enough"
    assert bits_of(states[0]) == bits_of(states[1])


def test_other_sums_are_another_run(tmp_path):
    run, state = prepared(Group(Silence()))
    opened(tmp_path, run, state)[0].close()
    with pytest.raises(CheckpointError, match=r"started with sums='same-bits', no local_steps, now sums='plain'"):
        opened(tmp_path, *prepared(Group(Silence(), together=LOCAL)))


@pytest.mark.parametrize("fails", [[1], [0], [0, 1]])
@pytest.mark.parametrize("how", [Together(), PLAIN_SUMS, HALVES, LOCAL])
def test_a_worker_that_cannot_read_ends_all_with_its_sentence(how, fails, tmp_path):
    """Each has files of its own; those of one are gone after an epoch. The state is that of the last step of all."""
    shared, states, said = Shared(2), [None, None], [None, None]

    def work(rank):
        write_files(tmp_path / str(rank))
        run, state = streamed_run(tmp_path / str(rank), group_of(rank, 2, shared, how), dtype="float32")
        states[rank] = state
        try:
            for progress in train(run, state):
                if progress.epoch == 1 and progress.record is not None and rank in fails:
                    for file in (tmp_path / str(rank)).iterdir():
                        file.unlink()
        except FileError as problem:
            said[rank] = str(problem)

    of_threads(work, 2)
    assert said[0] == said[1]
    assert ".parquet" in said[0]
    assert (f"(found by worker {fails[0]} of 2)" in said[0]) == (len(fails) == 1)  # else it is everybody's
    assert [(state.epoch, state.rows) for state in states] == [(1, 0)] * 2
    assert bits_of(states[0]) == bits_of(states[1])
