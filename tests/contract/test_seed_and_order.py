"""The seed decides everything; the order of the rows, how they lie in memory and what runs beside decide nothing."""

import threading

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from lamina import DeepClassifier, DeepRegressor
from plain_network import PLAIN

rng = np.random.default_rng(0)
X = rng.normal(size=(150, 3))
X[::7] = X[0]  # rows that are the same
NUMBERS = X[:, 0] - X[:, 1] + rng.normal(0, 0.1, 150)
LABELS = np.digitize(NUMBERS, [-1, 1])
WEIGHTS = rng.gamma(2, 0.5, 150)
ORDER = rng.permutation(150)
QUICK = PLAIN | {"hidden_layer_sizes": (6,), "max_iter": 3, "learning_rate_init": 0.05, "random_state": 7}
MODES = [
    {},
    {"early_stopping": True},
    {"shuffle": False},
    {"dropout": 0.3, "normalization": "batch", "batch_size": 11},
    {"optimizer": "lbfgs"},
    {"scoring": "neg_mean_squared_error", "early_stopping": True},
    dict.fromkeys(("preset", "learning_rate_init", "batch_size", "initializer", "bias_initializer"), "auto"),
]


def fitted(X=X, y=NUMBERS, w=None, **settings):
    return DeepRegressor(**{**QUICK, **settings}).fit(X, y, w)


def outcome(model):
    return [{**record, "seconds": 0} for record in model.history_], model.model_.params.tolist()


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_the_same_seed_gives_the_same_bits(mode):
    assert outcome(fitted(**mode)) == outcome(fitted(**mode))


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_another_seed_gives_others(mode):
    one, two = fitted(**mode), fitted(**mode, random_state=8)
    assert (one.model_.params != two.model_.params).mean() > 0.5


def test_no_seed_gives_others_every_time():
    one, two = fitted(random_state=None), fitted(random_state=None)
    assert (one.model_.params != two.model_.params).mean() > 0.5


def test_numpys_global_state_is_neither_asked_nor_changed():
    np.random.seed(0)  # noqa: NPY002
    first = outcome(fitted())
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    np.testing.assert_array_equal(state, np.random.RandomState(0).get_state()[1])
    np.random.seed(1)  # noqa: NPY002
    assert outcome(fitted()) == first


@pytest.mark.parametrize("weights", [None, WEIGHTS, rng.integers(0, 3, 150)], ids=["plain", "fractions", "whole"])
@pytest.mark.parametrize("mode", MODES, ids=str)
def test_the_order_of_the_rows_changes_nothing(mode, weights):
    moved = fitted(X[ORDER], NUMBERS[ORDER], None if weights is None else weights[ORDER], **mode)
    assert outcome(moved) == outcome(fitted(w=weights, **mode))


def test_nor_for_equal_rows_of_different_weight():
    """The heavier of two equal rows has its place, wherever it stood."""
    same, y = np.repeat(X[:15], 10, axis=0), np.repeat(NUMBERS[:15], 10)
    assert outcome(fitted(same, y, WEIGHTS)) == outcome(fitted(same[ORDER], y[ORDER], WEIGHTS[ORDER]))


SCALINGS = {"targets": (X, NUMBERS * 1024), "columns": (X * [2.0**9, 0.25, 2.0**-7], NUMBERS)}


@pytest.mark.parametrize("what", SCALINGS)
@pytest.mark.parametrize(
    "mode", [*MODES[:4], {"scaling": "quantile"}, {"scaling": "robust", "dtype": "float64"}], ids=str
)
def test_units_change_nothing(mode, what):
    """Powers of two change no bit of what is standardised: so the order and the held-out rows are the same."""
    rows, y = SCALINGS[what]
    factor = 1024 if what == "targets" else 1
    early = {"early_stopping": True, **mode}
    np.testing.assert_array_equal(fitted(rows, y, **early).predict(rows), factor * fitted(**early).predict(X))


def test_a_constant_column_changes_no_split():
    one, two = (fitted(rows, early_stopping=True, hidden_layer_sizes=()) for rows in (X, np.c_[np.full(150, 7.0), X]))
    assert one.model_.target.location == two.model_.target.location


def test_nor_for_a_frame_with_levels_in_another_order():
    frame = pd.DataFrame({"a": X[:, 0], "b": np.where(X[:, 1] > 0, "p", "q"), "c": pd.Categorical(LABELS)})
    moved = frame.iloc[ORDER].assign(c=pd.Categorical(LABELS[ORDER], categories=[2, 0, 1]))
    assert outcome(fitted(moved, NUMBERS[ORDER])) == outcome(fitted(frame))


def test_nor_for_labels_and_sparse_rows():
    settings = {**QUICK, "early_stopping": True, "class_weight": "balanced"}
    one, two = (DeepClassifier(**settings).fit(X[rows], LABELS[rows]) for rows in (np.arange(150), ORDER))
    assert outcome(one) == outcome(two)
    some = sp.csr_array(X * (rng.random(X.shape) < 0.5))
    assert outcome(fitted(some)) == outcome(fitted(some[ORDER], NUMBERS[ORDER]))


@pytest.mark.parametrize(
    "convert",
    [np.asfortranarray, lambda X: np.repeat(X, 2, axis=1)[:, ::2], lambda X: X[::-1].copy()[::-1], np.ndarray.tolist],
    ids=["columns first", "every other column", "backwards", "lists"],
)
def test_how_the_rows_lie_in_memory_changes_nothing(convert):
    model, expected = fitted(convert(X)), fitted()
    assert outcome(model) == outcome(expected)
    np.testing.assert_array_equal(model.predict(convert(X)), expected.predict(X))


def test_rows_that_may_not_be_written_to():
    fixed, y, weights = X.copy(), NUMBERS.copy(), WEIGHTS.copy()
    for array in (fixed, y, weights):
        array.flags.writeable = False
    model = fitted(fixed, y, weights)
    assert outcome(model) == outcome(fitted(w=WEIGHTS))
    np.testing.assert_array_equal(model.predict(fixed), model.predict(X))


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.float32, ">f8", object])
def test_the_type_of_the_same_numbers_changes_nothing(dtype):
    whole = (X > 0).astype(int)
    assert outcome(fitted(whole.astype(dtype))) == outcome(fitted(whole.astype(float)))


def test_the_arguments_are_left_as_they_were():
    rows, y, w = X.copy(), NUMBERS.copy(), WEIGHTS.copy()
    model = fitted(rows, y, w, early_stopping=True)
    model.partial_fit(rows, y, w)
    model.predict(rows)
    model.input_gradient(rows, y)
    for found, before in ((rows, X), (y, NUMBERS), (w, WEIGHTS)):
        np.testing.assert_array_equal(found, before)


def test_side_by_side_in_threads():
    expected, found = outcome(fitted()), [None] * 4

    def work(i):
        found[i] = outcome(fitted())

    workers = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert found == [expected] * 4
