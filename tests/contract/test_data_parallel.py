"""Workers that learn together: each takes its piece of every batch, their gradients are summed, and all move alike."""

import dataclasses
import threading

import numpy as np
import pytest

from lamina.errors import DivergenceError
from lamina.fitting import finish, prepare
from lamina.learning import training
from lamina.learning.training import train
from plain_network import PLAIN

rng = np.random.default_rng(0)
X = rng.normal(size=(150, 4))
SIGNAL = X[:, 0] - X[:, 1] * X[:, 2]
LABELS = np.digitize(SIGNAL, [-0.7, 0.7])
WEIGHTS = rng.gamma(2, 0.5, 150)
QUICK = PLAIN | {
    "hidden_layer_sizes": (10,),
    "learning_rate_init": 0.02,
    "random_state": 0,
    "max_iter": 3,
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

    def sum(self, vector):
        self.shared.vectors[self.rank] = vector.copy()
        self.shared.barrier.wait()
        total = np.zeros_like(vector)
        for one in self.shared.vectors:  # in the order of their ranks
            total += one
        vector[:] = total
        self.shared.barrier.wait()  # nobody writes the next vector before all have read this one


def prepared(group=None, **settings):
    task = "classifier" if settings.pop("classifier", False) else "regressor"
    weights = WEIGHTS if settings.pop("weighted", False) else None
    more = {} if group is None else {"group": group}
    y = LABELS if task == "classifier" else SIGNAL
    return prepare(X, y, weights, settings={**QUICK, **settings}, task=task, **more)


def together(size, **settings):
    """The states of all workers at the end of training, and one run of them."""
    shared, outcomes, problems = Shared(size), [None] * size, []

    def work(rank):
        try:
            run, state = prepared(Worker(rank, size, shared), **settings)
            for _ in train(run, state):
                pass
            outcomes[rank] = (run, state)
        except BaseException as problem:
            problems.append(problem)
            shared.barrier.abort()

    threads = [threading.Thread(target=work, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_SECONDS)
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
    "members and dropout": {"n_members": 3, "dropout": 0.3, "weighted": True},
}


@pytest.mark.parametrize("engine", ["equations", "kernels"])
@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("settings", VARIETIES.values(), ids=VARIETIES)
def test_workers_move_alike_and_as_one_alone(settings, size, engine):
    """To the bit among themselves; as a single worker, whose sums have another order, to rounding."""
    states, _ = together(size, **settings, engine=engine)
    for other in states[1:]:
        assert bits_of(other) == bits_of(states[0])
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
    states, _ = together(5, batch_size=4, max_iter=1)
    run, alone = prepared(batch_size=4, max_iter=1)
    list(train(run, alone))
    assert len({state.params.tobytes() for state in states}) == 1
    np.testing.assert_allclose(states[0].params, alone.params, rtol=1e-9, atol=1e-10)


def test_each_worker_looks_at_its_own_rows_only():
    """Together they take every row of every pass once."""
    shared, taken, lock = Shared(2), [], threading.Lock()

    def work(rank):
        run, state = prepared(Worker(rank, 2, shared), max_iter=2)

        def gradients(network, params, X, *rest, **more):
            with lock:
                if "first" in more:  # else it is a look at the layers, which moves nothing
                    taken.append((rank, more["first"], more["m"], len(X)))
            return run.engine.gradients(network, params, X, *rest, **more)

        watched = dataclasses.replace(run, engine=run.engine._replace(gradients=gradients))
        list(train(watched, state))

    threads = [threading.Thread(target=work, args=(rank,)) for rank in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    whole = [(16, 32), (16, 32), (16, 32), (16, 32), (11, 22)]  # 150 rows in batches of 32
    assert [one[1:] for one in taken if one[0] == 0] == [(0, m, n) for n, m in whole] * 2
    assert [one[1:] for one in taken if one[0] == 1] == [(n, m, n) for n, m in whole] * 2


def test_divergence_is_everybodys():
    """All end before the same step, although the numbers left their range with one of them only."""
    shared, told, states = Shared(2), [], [None, None]

    def work(rank):
        run, state = prepared(Worker(rank, 2, shared))
        states[rank] = state

        def gradients(network, params, *given, step=0, **more):
            J, grads = run.engine.gradients(network, params, *given, step=step, **more)
            return J, grads * (np.nan if (rank, step) == (1, 3) else 1)

        broken = dataclasses.replace(run, engine=run.engine._replace(gradients=gradients))
        try:
            list(train(broken, state))
        except DivergenceError as problem:
            told.append(str(problem))

    threads = [threading.Thread(target=work, args=(rank,)) for rank in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    assert len(told) == 2
    assert told[0] == told[1]
    assert "epoch 1, batch 4 of 5" in told[0]
    assert states[0].step == 3
    assert bits_of(states[0]) == bits_of(states[1])


def test_every_worker_has_the_same_model():
    states, run = together(2, early_stopping=True)
    one, two = (finish(run, state) for state in states)
    np.testing.assert_array_equal(one.params, two.params)
    assert one.best_epoch == two.best_epoch
