"""Labels and numbers to Y and back, against scikit-learn's binarisers and scalers."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import LabelBinarizer, StandardScaler
from sklearn.utils.multiclass import type_of_target

from lamina.data.targets import Labels, Numbers, detect_task
from lamina.errors import DataError, DataWarning, SettingError

TWO = [["no", "yes", "no"], [True, False, True], [3, -1, 3], [2.0, 0.0, 2.0], np.array(["b", "a", "b"], object)]
MORE = [["x", "z", "y", "x"], [3, 1, 2, 3], [0.0, 2.0, 1.0, 0.0]]


@pytest.mark.parametrize("y", TWO + MORE, ids=str)
def test_classes_and_y_are_those_of_scikit_learn(y):
    labels = Labels.fit(y)
    binarizer = LabelBinarizer().fit(y)
    assert labels.task == type_of_target(y) == binarizer.y_type_
    np.testing.assert_array_equal(labels.classes, np.unique(y))
    np.testing.assert_array_equal(labels.encode(y), binarizer.transform(y))
    assert labels.n_outputs == labels.encode(y).shape[1]
    np.testing.assert_array_equal(labels.decode(labels.encode(y)), y)


@pytest.mark.parametrize(
    "wrap",
    [
        list,
        tuple,
        np.array,
        pd.Series,
        pl.Series,
        pa.array,
        lambda y: pd.Series(y, dtype="category"),
        lambda y: np.array(y)[:, None],
        lambda y: pd.DataFrame({"y": y}),
        lambda y: pl.DataFrame({"y": y}),
        lambda y: np.array(y, object),
    ],
)
@pytest.mark.parametrize("y", [["b", "a", "c", "a"], [2, 1, 3, 1]], ids=str)
def test_y_may_come_from_any_library(wrap, y):
    labels = Labels.fit(wrap(y))
    np.testing.assert_array_equal(labels.classes, sorted(set(y)))
    np.testing.assert_array_equal(labels.encode(wrap(y)), labels.encode(y))


def test_nullable_types_of_pandas():
    assert Labels.fit(pd.Series([2, 1, 2], dtype="Int64")).classes.tolist() == [1, 2]
    assert Labels.fit(pd.Series([True, False], dtype="boolean")).classes.dtype == bool
    with pytest.raises(DataError, match="1 row, the first is row 1"):
        Labels.fit(pd.Series([2, None, 2], dtype="Int64"))


@pytest.mark.parametrize("wrap", [np.array, sp.csr_array, pd.DataFrame, lambda y: y.tolist()])
def test_several_labels_per_row(wrap):
    y = np.array([[1, 0, 1], [0, 0, 0], [1, 1, 0]])
    labels = Labels.fit(wrap(y))
    assert (labels.task, labels.classes.tolist(), labels.n_outputs) == (type_of_target(y)[:10], [0, 1, 2], 3)
    np.testing.assert_array_equal(labels.encode(wrap(y)), y)
    np.testing.assert_array_equal(labels.decode(np.array([[0.6, 0.5, 0.4]])), [[1, 0, 0]])
    assert len(set(labels.codes(y))) == 3
    with pytest.raises(DataError, match=r"y of shape \(rows, 3\) expected, found \(1, 2\)"):
        labels.encode([[1, 0]])


def test_a_single_class_is_always_predicted():
    for y in (np.ones(10), ["only"] * 10):
        labels = Labels.fit(y)
        for A in (np.zeros((10, 1)), np.ones((10, 1)), labels.encode(y)):
            np.testing.assert_array_equal(labels.decode(A), y)
            np.testing.assert_array_equal(labels.probabilities(A), np.ones((10, 1)))
        assert (labels.encode(y) == 1).all()


def test_probabilities_and_the_threshold():
    labels = Labels.fit(["a", "b"])
    A = np.array([[0.25], [0.5], [0.75]])
    assert labels.probabilities(A).tolist() == [[0.75, 0.25], [0.5, 0.5], [0.25, 0.75]]
    assert labels.decode(A).tolist() == ["a", "a", "b"]  # the first of equals, as argmax
    three = Labels.fit(["a", "b", "c"])
    assert three.decode(np.array([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4]])).tolist() == ["b", "a"]


def test_the_task_may_be_asked_for():
    assert Labels.fit([1, 2], "multiclass").encode([1, 2]).tolist() == [[1, 0], [0, 1]]
    assert Labels.fit([1, 2], classes=[3, 1, 2]).classes.tolist() == [1, 2, 3]
    for y, task, message in (
        ([1, 2, 3], "binary", "binary: two classes expected, found 3: 1, 2, 3"),
        ([1, 2], "multilabel", "a two-dimensional y of 0 and 1 expected"),
        (np.eye(2), "binary", "binary: one label per row expected"),
    ):
        with pytest.raises(DataError, match=message):
            Labels.fit(y, task)
    with pytest.raises(SettingError, match="task is one of auto, binary"):
        Labels.fit([1, 2], "ordinal")
    with pytest.raises(DataError, match="unknown class 5 in row 1: the classes are 1, 2, 3"):
        Labels.fit([1, 5], classes=[1, 2, 3])


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([1.0, np.nan, np.nan], "Input y contains NaN: 2 rows, the first is row 1"),
        ([1.0, 2.0, np.inf], "Input y contains infinity: 1 row, the first is row 2"),
        (["a", None, "b", None], "Input y contains NaN or None: 2 rows, the first is row 1"),
        ([1.5, 2.0], r"Unknown label type: continuous\. y holds 1\.5 in row 0: for numbers use a regressor"),
        ([["a", "b"]], "Unknown label type: multiclass-multioutput"),
        ([[1, 2], [3, 4]], "Unknown label type: multiclass-multioutput"),
        (["a", 1], "Unknown label type: int, str"),
        ([{"a": 1}], "Unknown label type: dict"),
        ([b"a"], "Unknown label type: bytes"),
        (np.array(["2020"], "M8[D]"), "Unknown label type: dates"),
        ([1j], "Complex data not supported"),
        ([], r"0 sample\(s\)"),
        (None, "Expected array-like .* got None"),
        (3, r"y should be a 1d array, or \(rows, targets\); found shape \(\)"),
        ([[1], [2, 3]], "rows of one length expected"),
    ],
)
def test_labels_that_cannot_be_used(y, message):
    with pytest.raises(DataError, match=message):
        Labels.fit(y)


def test_unknown_labels_are_named():
    with pytest.raises(DataError, match="unknown class 'c' in row 1: the classes are 'a', 'b'"):
        Labels.fit(["a", "b"]).encode(["a", "c"])
    with pytest.raises(DataError, match="unknown class 9 in row 0"):
        Labels.fit([1, 2]).encode([9])
    with pytest.raises(DataError, match="labels like 'a' expected, found 1 in row 0"):
        Labels.fit(["a", "b"]).encode([1])


def test_a_class_per_row_is_suspicious():
    with pytest.warns(
        DataWarning, match="y has 30 different classes in 30 rows: if it is a number to predict, use a regressor"
    ):
        Labels.fit(list(range(30)))


@pytest.mark.parametrize("shape", [(50,), (50, 1), (50, 3)])
@pytest.mark.parametrize("weighted", [False, True])
def test_numbers_are_standardised_as_scikit_learn_does(shape, weighted):
    rng = np.random.default_rng(0)
    y = rng.normal(20, 5, shape)
    weights = rng.integers(0, 3, 50).astype(float) if weighted else None
    rows = y.reshape(50, -1)
    scaler = StandardScaler().fit(rows, sample_weight=weights)
    numbers = Numbers.fit(y, weights)
    assert numbers.n_targets == rows.shape[1]
    np.testing.assert_allclose(numbers.encode(y), scaler.transform(rows), rtol=1e-11, atol=1e-12)
    back = numbers.decode(numbers.encode(y))
    assert back.shape == ((50,) if rows.shape[1] == 1 else shape)
    np.testing.assert_allclose(back.reshape(50, -1), rows, rtol=1e-14)


def test_numbers_may_stay_as_they_are_and_constants_have_scale_1():
    assert Numbers.fit([1, 2, 4], standardise=False).encode([1, 2, 4]).tolist() == [[1], [2], [4]]
    constant = Numbers.fit([3, 3, 3])
    assert (constant.location.tolist(), constant.scale.tolist()) == ([3], [1])
    assert constant.encode([3, 4]).tolist() == [[0], [1]]


def test_several_outputs_per_target_all_of_target_1_first():
    numbers = Numbers(np.array([10.0, 20.0]), np.array([2.0, 3.0]), False)
    assert numbers.decode(np.array([[-1.0, 1, -1, 1]])).tolist() == [[8, 12, 17, 23]]
    assert Numbers(np.array([10.0]), np.array([2.0]), True).decode(np.array([[-1.0, 0, 1]])).tolist() == [[8, 10, 12]]


def test_huge_targets():
    y = np.array([1.7e308, -1.7e308, 1.7e308])  # y - mean overflows
    numbers = Numbers.fit(y)
    np.testing.assert_allclose(numbers.encode(y), StandardScaler().fit_transform(y[:, None] / 2.0**1000), rtol=1e-12)
    np.testing.assert_allclose(numbers.decode(numbers.encode(y)), y, rtol=1e-14)
    with pytest.raises(DataError, match=r"y contains a value too large for float32: 1e\+300 in row 1"):
        Numbers.fit([1.0, 1e300], standardise=False).encode([1.0, 1e300], np.float32)


@pytest.mark.parametrize("standardise", [False, True])
def test_clamped_predictions_stay_in_the_range_of_the_targets(standardise):
    y, weights = np.array([[1.0, -9.0], [4.0, 20.0], [2.5, 0.0], [99.0, -99.0]]), np.array([1.0, 2.0, 3.0, 0.0])
    wild = np.array([[-50.0, 50.0], [50.0, -50.0], [0.1, 0.2]])
    free, clamped = (Numbers.fit(y, weights, standardise, clamp) for clamp in (False, True))
    np.testing.assert_array_equal(clamped.decode(wild), np.clip(free.decode(wild), [1, -9], [4, 20]))
    back = Numbers.from_header(json.loads(json.dumps(clamped.to_header(), allow_nan=False)))
    np.testing.assert_array_equal(back.decode(wild), clamped.decode(wild))
    np.testing.assert_array_equal(clamped.encode(y), free.encode(y))  # what is learned is the same


def test_several_clamped_outputs_per_target():
    numbers = Numbers.fit([[1.0, 10.0], [3.0, 30.0]], standardise=False, clamp=True)
    assert numbers.decode(np.array([[0.0, 9, 0, 99]])).tolist() == [[1, 3, 10, 30]]
    assert Numbers.fit([1.0, 3.0], standardise=False, clamp=True).decode(np.array([[7.0]])).tolist() == [3]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([1.0, np.nan], "Input y contains NaN: 1 row, the first is row 1; drop or fill"),
        ([[1.0, 2.0], [np.inf, 1.0]], "Input y contains infinity: 1 row, the first is row 1"),
        ([1.0, None], "Input y contains NaN: 1 row, the first is row 1"),
        (["a", "b"], "y holds 'a' in row 0: numbers expected; for classes use a classifier"),
        (np.array(["a"]), "y holds text"),
        (np.array([[1, 2], [3, "x"]], object), "y holds 'x' in row 1"),
        (np.array(["2020"], "M8[D]"), "y holds dates"),
        ([1j], "Complex data not supported"),
        ([], r"0 sample\(s\)"),
    ],
)
def test_numbers_that_cannot_be_used(y, message):
    with pytest.raises(DataError, match=message):
        Numbers.fit(y)


def test_numbers_of_another_shape():
    with pytest.raises(DataError, match=r"y of shape \(rows, 1\) expected, found \(1, 2\)"):
        Numbers.fit([1.0, 2.0]).encode([[1.0, 2.0]])
    with pytest.raises(DataError, match="2 rows, but 3 weights"):
        Numbers.fit([1.0, 2.0], np.ones(3))


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=5), st.booleans())
def test_the_header_gives_the_numbers_back(y, standardise):
    numbers = Numbers.fit(y, standardise=standardise)
    back = Numbers.from_header(json.loads(json.dumps(numbers.to_header(), allow_nan=False)))
    np.testing.assert_array_equal(back.encode(y), numbers.encode(y))
    assert back.flat


@given(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=5), min_size=1, max_size=6))
def test_the_header_gives_the_labels_back(y):
    labels = Labels.fit(y)
    back = Labels.from_header(json.loads(json.dumps(labels.to_header())))
    assert back.decode(back.encode(y)).tolist() == y


@pytest.mark.parametrize(
    ("y", "task", "reason"),
    [
        (["a", "b", None], "binary", "text with 2 different values"),
        (["a", "b", "c"], "multiclass", "text with 3 different values"),
        ([True, False], "binary", "booleans with 2 different values"),
        ([0, 1, 1], "binary", "whole numbers with 2 different values"),
        ([0.0, 1.0, np.nan], "binary", "whole numbers with 2 different values"),
        ([3, 4, 5] * 10, "multiclass", "whole numbers with only 3 different values"),
        (range(20), "regression", "whole numbers with 20 different values"),
        (list(range(21)) * 5, "regression", "whole numbers with 21 different values"),
        ([1.5, 2.5], "regression", "numbers with fractions, 2 different values"),
        (np.array(["2020-01-01"], "M8[D]"), "regression", "dates"),
    ],
)
def test_the_task_is_detected(y, task, reason):
    assert detect_task(y if isinstance(y, np.ndarray) else list(y)) == (task, reason)
