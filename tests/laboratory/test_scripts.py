"""Scripts that are copied from the page give its numbers: each is run in a process of its own."""

from contextlib import closing

import numpy as np
import pytest

from glassbox.conftest import every_kind
from lamina.data.examples import InMemory
from lamina.equations import verbs
from lamina.equations.layers import Dense, Dropout, Linear
from lamina.equations.losses import BinaryLogLoss, SquaredError
from lamina.equations.network import Network
from lamina.equations.optimisers import OPTIMISERS, Adam, GradientDescent, Momentum
from lamina.errors import SettingError
from lamina.fitting import prepare
from lamina.laboratory.writing import DIALECTS, Fit, episode_of
from lamina.laboratory.writing.literals import literal
from lamina.learning.initialisers import starting_parameters
from lamina.learning.recipe import Recipe
from lamina.learning.schedules import Cosine, Plateau
from lamina.learning.state import State
from lamina.learning.training import train
from script_process import run_scripts
from small_runs import run_of


def results(scripts, folder):
    """Run scripts; return the arrays of each and what it printed, and which libraries were imported."""
    return run_scripts([(script.code, script.files) for script in scripts], folder)


def moved(run, state, steps):
    """Take a state so many steps forward."""
    if steps:
        last = state.step + steps
        with closing(train(run, state, pause=lambda step: last - step)) as loop:
            while state.step < last:
                next(loop)
    return state


def expected(run, state, *, params=None):
    """Return the parameters, the cost of the coming step, and its derivatives, from the equations."""
    network, n = run.network, run.examples.n
    params = state.params if params is None else params
    chunk = next(iter(run.examples.chunks(run.recipe, state.epoch, state.rows)))
    rows = chunk.order[: run.recipe.batch_size]
    w = None if chunk.weights is None else chunk.weights[rows]
    cost, grads = verbs.gradients(
        network, params, chunk.X[rows], chunk.Y[rows], w, seed=run.recipe.seed, step=state.step
    )
    grads[network.spans["weights"]] += verbs.d_penalty(network, params, n)
    slopes = {f"d{name}": array for name, array in network.named(grads).items()}
    return {**network.named(params), **slopes, "cost": cost + verbs.penalty(network, params, n)}


def assert_same(found, wanted, rtol=1e-9):
    assert set(found) == set(wanted)
    for name, array in wanted.items():
        largest = np.abs(array).max() or 1.0
        np.testing.assert_allclose(found[name], array, rtol=rtol, atol=max(rtol * largest, 1e-12), err_msg=name)


def cost_in(printed):
    return float(printed.splitlines()[0].rpartition(" ")[2])


def small_run(network, rule=None, m=7, batch_size=3, seed=5, weights=None, **more):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(m, network.n_inputs))
    Y = network.loss.sample_targets(rng, m, network.n_outputs // network.loss.units(1))
    recipe = Recipe(rule or Adam(), more.pop("schedule", Cosine()), 0.01, batch_size, 9, seed, **more)
    run = run_of(network, recipe, InMemory(X, Y, weights))
    return run, State.start(recipe.optimiser, starting_parameters(network, "suited", seed, np.float64))


NETWORKS = every_kind()


@pytest.fixture(scope="module")
def of_every_kind(tmp_path_factory):
    wanted, scripts = {}, []
    for name, network in NETWORKS.items():
        run, state = small_run(network, Momentum())  # Adam makes steps of roundings where a derivative is 0
        start = state.copy()
        moved(run, state, 7)
        wanted[name] = expected(run, state)
        scripts.append(DIALECTS["numpy"](episode_of(run, start, state), None))
    found, imported = results(scripts, tmp_path_factory.mktemp("scripts"))
    return dict(zip(NETWORKS, found, strict=True)), wanted, imported


@pytest.mark.parametrize("name", NETWORKS)
def test_numpy_alone_gives_the_numbers_of_every_kind_of_network(of_every_kind, name):
    found, wanted, _ = of_every_kind
    assert_same(found[name][0], wanted[name])


def test_a_script_in_numpy_imports_neither_lamina_nor_scipy(of_every_kind):
    assert of_every_kind[2] == []


PLAIN = Network(3, [Dense(4), Dense(3), Linear(1)], BinaryLogLoss())
RULES = {
    **{kind: rule() for kind, rule in OPTIMISERS.items()},
    "clipped, with decay": Adam(clip_norm=0.01, weight_decay=0.1),
    "the course's momentum": Momentum(beta1=0.8, dampening=0.8),
}


@pytest.mark.parametrize("dialect", ["numpy", "lamina"])
def test_every_optimiser(tmp_path, dialect):
    scripts, wanted = [], []
    for rule in RULES.values():
        run, state = small_run(PLAIN, rule)
        start = moved(run, state, 2).copy()  # its memory is not empty
        moved(run, state, 5)
        scripts.append(DIALECTS[dialect](episode_of(run, start, state), None))
        wanted.append(expected(run, state))
    for (found, _), one in zip(results(scripts, tmp_path)[0], wanted, strict=True):
        assert_same(found, one, rtol=1e-8)


@pytest.mark.parametrize("rule", [GradientDescent(), Momentum(beta1=0.8, dampening=0.8), Adam()], ids=lambda r: r.kind)
@pytest.mark.parametrize("l2", [0.0, 0.7])
def test_the_courses_functions_give_the_numbers(tmp_path, rule, l2):
    network = Network(3, [Dense(4), Dense(3), Linear(1)], BinaryLogLoss(), l2=l2)
    run, state = small_run(network, rule)
    start = moved(run, state, 1).copy()
    moved(run, state, 6)
    scripts = [DIALECTS["course"](episode_of(run, start, state), None)]
    found, printed = results(scripts, tmp_path)[0][0]
    assert_same(found, expected(run, state))
    assert printed.startswith("step 7: cost ")
    assert cost_in(printed) == pytest.approx(expected(run, state)["cost"])


@pytest.mark.parametrize(
    ("network", "rule", "word"),
    [
        (Network(3, [Dense(4, "tanh"), Linear(1)], BinaryLogLoss()), Adam(), "hidden layers of tanh"),
        (Network(3, [Dense(4), Linear(1)], SquaredError()), Adam(), "squared_error"),
        (Network(3, [Dense(4), Dropout(0.2), Linear(1)], BinaryLogLoss()), Adam(), "dropout"),
        (Network(3, [Dense(4), Linear(1)], BinaryLogLoss(), l2=0.1), Adam(), "L2 penalty but for three layers"),
        (Network(3, [Linear(4), Linear(1)], BinaryLogLoss()), Adam(), "without an activation between"),
        (PLAIN, Momentum(), "dampening=0.9"),
        (PLAIN, Adam(weight_decay=0.1), "weight decay"),
        (PLAIN, Adam(clip_norm=1.0), "clipping"),
        (PLAIN, OPTIMISERS["lion"](), "lion"),
    ],
)
def test_what_the_courses_functions_lack_is_named(network, rule, word):
    run, state = small_run(network, rule)
    with pytest.raises(SettingError, match=word):
        DIALECTS["course"](episode_of(run, state, state), None)


@pytest.mark.parametrize("dialect", ["numpy", "lamina", "course"])
@pytest.mark.parametrize(
    "schedule", [Cosine(), Plateau(patience=1, drop=0.3, tolerance=10.0)], ids=lambda one: one.kind
)
def test_schedules_rows_and_changes_by_hand(tmp_path, dialect, schedule):
    weights = None if dialect == "course" else np.array([0.5, 1.5, 1.0, 0.2, 1.8, 1.0, 1.0])
    run, state = small_run(PLAIN, GradientDescent(), weights=weights, schedule=schedule)
    start = state.copy()
    moved(run, state, 10)
    edits = [("W1", 1, 2, 0.25), ("b2", 0, 0, -1.5)]
    script = DIALECTS[dialect](episode_of(run, start, state, edits), None)
    params = state.params.copy()
    run.network.named(params)["W1"][1, 2], run.network.named(params)["b2"][0, 0] = 0.25, -1.5
    assert_same(results([script], tmp_path)[0][0][0], expected(run, state, params=params))


@pytest.mark.parametrize("dialect", ["numpy", "lamina", "course"])
def test_an_input_that_was_changed_by_hand(tmp_path, dialect):
    run, state = small_run(PLAIN, GradientDescent())
    start = state.copy()
    moved(run, state, 4)
    rows = next(iter(run.examples.chunks(run.recipe, state.epoch, state.rows))).order
    script = DIALECTS[dialect](episode_of(run, start, state, [("A0", 2, 1, 9.0)]), None)
    run.examples.X[rows[1], 2] = 9.0
    assert_same(results([script], tmp_path)[0][0][0], expected(run, state))


@pytest.mark.parametrize("dialect", ["numpy", "lamina"])
def test_single_precision_and_large_arrays_in_a_file_beside(tmp_path, dialect):
    network = Network(20, [Dense(30, "tanh"), Dropout(0.3), Linear(1)], BinaryLogLoss())
    run, state = small_run(network, m=40, batch_size=16, dropout_schedule=Cosine())
    state.params, state.memory = state.params.astype(np.float32), state.memory.astype(np.float32)
    run.examples.X.flags.writeable = False
    start = state.copy()
    moved(run, state, 3)
    script = DIALECTS[dialect](episode_of(run, start, state), None)
    assert set(script.files) == {"lab_numbers.npz"}
    assert len(script.code.splitlines()) < 160
    found = results([script], tmp_path)[0][0][0]
    for name, array in network.named(state.params).items():
        np.testing.assert_allclose(found[name], array, rtol=1e-4, atol=1e-5)
        assert found[name].dtype == np.float32


LESSON = np.round(np.random.default_rng(3).uniform(-1, 1, (12, 5)), 2)
ANSWERS = (LESSON[:, 0] * LESSON[:, 1] > 0).astype(int)
SETTINGS = {"preset": "course", "dtype": "float64", "scaling": "none", "shuffle": False, "max_iter": 300}
SETTINGS |= {"hidden_layer_sizes": (4, 3), "learning_rate_init": 0.5, "batch_size": 12, "random_state": 1}


def test_the_lecture_in_all_dialects(tmp_path):
    """From table to digits shown on a page, with both engines; a fit gives the very bits."""
    fit = Fit("classifier", SETTINGS, [f"X = {LESSON.tolist()}", f"y = {ANSWERS.tolist()}"], "X, y")
    for engine in ("equations", "kernels"):
        run, state = prepare(LESSON, ANSWERS, settings={**SETTINGS, "engine": engine}, task="classifier")
        start = state.copy()
        moved(run, state, 12)
        episode, wanted = episode_of(run, start, state), expected(run, state)
        folder = tmp_path / engine
        folder.mkdir()
        all_found, _ = results([DIALECTS[dialect](episode, fit) for dialect in DIALECTS], folder)
        for found, printed in all_found:
            assert_same(found, wanted, rtol=1e-12)
            assert cost_in(printed) == pytest.approx(wanted["cost"], rel=1e-14)
        by_fit = dict(zip(DIALECTS, all_found, strict=True))["lamina"][0]
        if engine == "kernels":
            assert all((by_fit[name] == array).all() for name, array in run.network.named(state.params).items())


def test_steps_that_have_no_script():
    run, state = small_run(PLAIN)
    later = moved(run, state.copy(), 3)
    with pytest.raises(SettingError, match="step 0 comes before step 3"):
        episode_of(run, later, state)


def test_literals_read_back_to_the_same_bits():
    rng = np.random.default_rng(0)
    for kind in (np.float64, np.float32):
        for shape in ((3, 5), (7, 1), (1, 9), (1, 1), (4,)):
            array = (rng.normal(size=shape) * 10.0 ** rng.integers(-30, 30, shape)).astype(kind)
            again = eval(literal(array), {"np": np})
            assert again.dtype == kind
            np.testing.assert_array_equal(again, array)
