"""Bad input: each message says what was found, what was expected, and what to do; and what is no error, works."""

import datetime
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from lamina import DeepClassifier, DeepRegressor
from lamina.data.tables.sources import read
from lamina.errors import ColumnError, DataError, DataWarning, SettingError

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 3))
Y = X[:, 0] - X[:, 1]
LABELS = np.where(Y > 0, "up", "down")
FRAME = pd.DataFrame(X, columns=["height", "width", "depth"])
QUICK = {"preset": "sklearn", "bias_initializer": "zeros", "hidden_layer_sizes": (4,), "max_iter": 3, "random_state": 0}


def regressor(**settings):
    return DeepRegressor(**{**QUICK, **settings})


def classifier(**settings):
    return DeepClassifier(**{**QUICK, **settings})


def put(array, *places, value):
    """A copy with a value at these places."""
    copy = np.array(array, object if isinstance(value, str | type(None)) or array.dtype.kind == "U" else float)
    for place in places:
        copy[place] = value
    return copy


# ---- NaN and infinity ----


@pytest.mark.parametrize("value", [np.inf, -np.inf])
@pytest.mark.parametrize("missing", ["encode", "raise"])
def test_infinity_in_X(value, missing):
    bad, message = put(X, (7, 1), value=value), r"Input X contains infinity .*column '{}', row 7. .*replace it by NaN"
    with pytest.raises(DataError, match=message.format("x1")):
        regressor(missing=missing).fit(bad, Y)
    with pytest.raises(DataError, match=message.format("width")):
        regressor(missing=missing).fit(pd.DataFrame(bad, columns=FRAME.columns), Y)
    model = regressor(missing=missing).fit(X, Y)
    for verb in (model.predict, model.transform, model.input_gradient):
        with pytest.raises(DataError, match=message.format("x1")):
            verb(bad)


def test_nan_in_X_where_it_is_not_allowed():
    bad, message = put(X, (7, 1), value=np.nan), "Input X contains NaN: column '{}', row 7. .*fill them, drop the rows"
    model = regressor(missing="raise")
    with pytest.raises(DataError, match=message.format("x1")):
        model.fit(bad, Y)
    with pytest.raises(DataError, match=message.format("width")):
        model.fit(pd.DataFrame(bad, columns=FRAME.columns), Y)
    with pytest.raises(DataError, match=message.format("x1")):
        model.fit(X, Y).predict(bad)
    with pytest.raises(DataError, match=message.format("x1")):
        model.fit(sp.csr_array(bad), Y)
    with pytest.raises(DataError, match="Input X contains NaN: column 'city', row 3"):
        model.fit(pd.DataFrame({"city": ["a", "b", "a", None]}), Y[:4])


def test_nan_in_X_where_it_is_allowed():
    model = regressor().fit(put(X, (7, 1), value=np.nan), Y)
    assert np.isfinite(model.predict(put(X, (0, 0), (1, 1), value=np.nan))).all()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.nan, "Input y contains NaN: 2 rows, the first is row 5; drop or fill these rows"),
        (np.inf, "Input y contains infinity: 2 rows, the first is row 5; drop or fill these rows"),
        (None, "Input y contains NaN: 2 rows, the first is row 5; drop or fill"),
        ("tall", "y holds 'tall' in row 5: numbers expected; for classes use a classifier"),
    ],
)
def test_numbers_that_are_none(value, message):
    with pytest.raises(DataError, match=message):
        regressor().fit(X, put(Y, 5, 9, value=value))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (put(Y > 0, 5, 9, value=np.nan), "Input y contains NaN: 2 rows, the first is row 5; drop or fill these rows"),
        (put(LABELS, 5, value=None), "Input y contains NaN or None: 1 row, the first is row 5; drop or fill"),
        (Y, r"Unknown label type: continuous. y holds .* in row \d+: for numbers use a regressor"),
        (put(LABELS, 5, value=3), "Unknown label type: int, str. Text, whole numbers or booleans expected, all of one"),
        (np.full(40, 1j), "Complex data not supported: y holds complex numbers"),
        (np.full(40, "2020-01-01", "M8[D]"), "Unknown label type: dates. Text, whole numbers or booleans expected"),
        (np.full((40, 2), 2), r"Unknown label type: multiclass-multioutput. y of shape \(40, 2\) with 0 and 1 only"),
        (np.zeros((40, 2, 2)), r"y should be a 1d array, or \(rows, targets\); found shape \(40, 2, 2\)"),
    ],
)
def test_labels_that_are_none(y, message):
    with pytest.raises(DataError, match=message):
        classifier().fit(X, y)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (4, np.nan, "sample weights are finite; found nan in row 4: drop the row or give it weight 0"),
        (4, np.inf, "sample weights are finite; found inf in row 4"),
        (4, -0.5, "sample weights are not negative; found -0.5 in row 4"),
        (slice(None), 0, "all sample weights are zero: at least one positive weight expected"),
        (slice(None), "heavy", "sample weights are numbers, one per row"),
    ],
)
def test_weights(place, value, message):
    bad = put(np.ones(40), place, value=value)
    with pytest.raises(DataError, match=message):
        regressor().fit(X, Y, bad)
    with pytest.raises(DataError, match=message):
        regressor().fit(X, Y, X_val=X, y_val=Y, sample_weight_val=bad)
    with pytest.raises(DataError, match=message):
        classifier().partial_fit(X, LABELS, classes=["up", "down"], sample_weight=bad)


def test_complex_weights():
    with pytest.raises(DataError, match="Complex data not supported: sample weights are real numbers"):
        regressor().fit(X, Y, np.ones(40, complex))


# ---- lengths ----


def test_lengths_that_differ():
    with pytest.raises(DataError, match="y has 39 values and X has 40 rows: expected one for each"):
        regressor().fit(X, Y[:-1])
    with pytest.raises(DataError, match=r"40 sample weights expected, one per row; found shape \(39,\)"):
        regressor().fit(X, Y, np.ones(39))
    with pytest.raises(DataError, match=r"40 sample weights expected, one per row; found shape \(40, 2\)"):
        regressor().fit(X, Y, np.ones((40, 2)))
    with pytest.raises(DataError, match="y_val has 3 values and X_val has 40 rows"):
        regressor().fit(X, Y, X_val=X, y_val=Y[:3])


def test_rows_to_watch_in_part():
    with pytest.raises(DataError, match="X_val was given without y_val: both are needed"):
        regressor().fit(X, Y, X_val=X)
    for alone in ({"y_val": Y}, {"sample_weight_val": np.ones(40)}):
        with pytest.raises(DataError, match="y_val or sample_weight_val was given without X_val: pass all"):
            regressor().fit(X, Y, **alone)
    with pytest.raises(DataError, match="unknown class 'left' in row 0: the classes are 'down', 'up'"):
        classifier().fit(X, LABELS, X_val=X, y_val=np.full(40, "left"))
    with pytest.raises(ColumnError, match="trained on 3 columns, these rows have 2; missing: depth"):
        regressor().fit(FRAME, Y, X_val=FRAME[["width", "height"]], y_val=Y)


def test_no_y():
    for make in (regressor, classifier):
        with pytest.raises(ValueError, match="requires y to be passed, but the target y is None: pass the labels or n"):
            make().fit(X, None)


# ---- sizes ----


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.zeros((0, 3)), r"Found array with 0 sample\(s\) \(shape=\(0, 3\)\) while a minimum of 1 is required"),
        (np.zeros((40, 0)), r"Found array with 0 feature\(s\) \(shape=\(40, 0\)\) while a minimum of 1 is required"),
        (FRAME[:0], r"Found array with 0 sample\(s\) \(shape=\(0, 3\)\) while a minimum of 1 is required"),
        (FRAME[[]], r"Found array with 0 feature\(s\) .*while a minimum of 1 is required"),
        (np.zeros(40), r"Expected 2D array, got 1D array instead[\s\S]*Reshape your data"),
        (list(range(40)), r"Expected 2D array, got 1D array instead .*Reshape your data"),
        (np.zeros((4, 2, 2)), "Expected 2D array|dim 3"),
        ([[1, 2], [3]], "rows of one length expected"),
    ],
)
def test_rows_of_no_size_or_shape(rows, message):
    with pytest.raises(ValueError, match=message):
        regressor().fit(rows, np.zeros(len(rows)))


def test_one_row():
    for model, y in ((regressor(), [3.0]), (classifier(), ["a"])):
        model.fit(X[:1], y)
        assert model.predict(X[:5]).shape == (5,)
    assert classifier().fit(X[:1], ["a"]).predict(X[:1]).tolist() == ["a"]
    assert regressor().fit(X[:1], [3.0]).predict(X[:1]) == pytest.approx([3.0])
    with pytest.raises(DataError, match=r"cannot hold out 0.1 of 1 sample for validation: pass validation data"):
        regressor(early_stopping=True).fit(X[:1], [3.0])
    with pytest.warns(DataWarning, match="batch_size=8 is larger than the 1 training rows"):
        regressor(batch_size=8).fit(X[:1], [3.0])
    assert regressor(normalization="batch").fit(X[:1], [3.0]).predict(X).shape == (40,)


def test_one_class():
    model = classifier(max_iter=3).fit(X, ["a"] * 40)
    assert set(model.predict(X)) == {"a"}
    assert model.predict_proba(X).shape == (40, 1)


def test_many_classes():
    numbers = np.arange(40)
    with pytest.warns(DataWarning, match="y has 40 different classes in 40 rows: .* use a regressor"):
        classifier(max_iter=1).fit(X, numbers)


def test_one_column():
    assert regressor(max_iter=50, learning_rate_init=0.05).fit(X[:, :1], 3 * X[:, 0]).score(X[:, :1], 3 * X[:, 0]) > 0.9


@pytest.mark.parametrize("value", [0.0, 1e-300, -7.5, 1e300])
def test_a_constant_column(value):
    """It says nothing: encoded as 0, also where it is another number later."""
    rows = np.column_stack([X, np.full(40, value)])
    model = regressor().fit(rows, Y)
    np.testing.assert_array_equal(model.transform(rows, 0)[:, 3], 0)
    np.testing.assert_array_equal(model.predict(np.column_stack([X, X[:, 0]])), model.predict(rows))


def test_a_constant_target():
    np.testing.assert_allclose(regressor(max_iter=100).fit(X, np.full(40, 1e6)).predict(X), 1e6, rtol=1e-5)


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("hidden_layer_sizes", (0,), r"hidden_layer_sizes=\(0,\): 0 is not a hidden layer"),
        ("batch_size", 0, "batch_size=0: expected a whole number of at least 1 or 'auto'"),
        ("max_iter", 0, "max_iter=0: expected a whole number of at least 1"),
        ("n_iter_no_change", 0, "n_iter_no_change=0: expected a whole number of at least 1"),
        ("learning_rate_init", 0.0, "learning_rate_init=0.0: expected a number above 0"),
        ("validation_fraction", 0.0, r"validation_fraction=0.0: expected a number in \(0, 1\)"),
        ("max_categories", 0, "max_categories=0: expected a whole number of at least 2"),
    ],
)
def test_settings_of_0(setting, value, message):
    with pytest.raises(SettingError, match=message):
        regressor(**{setting: value}).fit(X, Y)


def test_a_batch_larger_than_the_data():
    with pytest.warns(DataWarning, match="batch_size=41 is larger than the 40 training rows: each step uses all"):
        large = regressor(batch_size=41).fit(X, Y)
    np.testing.assert_array_equal(large.predict(X), regressor(batch_size=40).fit(X, Y).predict(X))


# ---- huge numbers ----


@pytest.mark.parametrize("scale", [1e308, 1e-308, 1e100])
def test_numbers_at_the_edge_of_the_float_range(scale):
    """Scaled by columns, they are numbers like others."""
    rows = X / np.abs(X).max() * scale
    model = regressor(max_iter=60, learning_rate_init=0.03).fit(rows, Y)
    assert model.score(rows, Y) > 0.8
    target = Y / np.abs(Y).max() * scale
    found, expected = (regressor(batch_size=40).fit(X, y).predict(X) for y in (target, Y))
    top = 1.7976931e308 / scale
    np.testing.assert_allclose(found / scale, np.clip(expected / np.abs(Y).max(), -top, top), rtol=1e-3, atol=1e-5)


def test_numbers_beyond_single_precision():
    model = regressor().fit(X, Y)
    with pytest.raises(DataError, match="Input X contains a value too large for float32: column 'x2', row 1: 1e"):
        model.predict(put(X, (1, 2), value=1e308))
    assert np.isfinite(regressor(dtype="float64").fit(X, Y).predict(put(X, (1, 2), value=1e200))).all()
    with pytest.raises(DataError, match="Input X contains a value too large for float32: column 'x0', row 3: 1e"):
        regressor(scaling="none").fit(put(X, (3, 0), value=1e300), Y)


def test_a_whole_number_beyond_floats():
    rows = np.array([[10**400], [1], [2]], object)
    with pytest.raises(ColumnError, match="column 'x0' holds a whole number too large for float64"):
        regressor().fit(rows, [1, 2, 3])


# ---- columns that are no numbers ----


def test_objects_that_mean_nothing():
    rows = np.array([[1, {"a": 1}], [2, {"b": 2}]], object)
    message = r"column 'x1' holds dict objects \(row 0: {'a': 1}\): the argument must be a string or a real"
    with pytest.raises(ColumnError, match=message):
        regressor().fit(rows, [1, 2])


@pytest.mark.parametrize("convert", [np.asarray, pd.DataFrame, sp.csr_array])
def test_complex_columns(convert):
    with pytest.raises(ValueError, match="Complex data not supported"):
        regressor().fit(convert(X.astype(complex)), Y)


def test_dates_are_days():
    days = np.datetime64("2024-01-01") + np.arange(40)
    frame = pd.DataFrame({"when": days, "how long": np.arange(40) * np.timedelta64(36, "h")})
    model = regressor(dtype="float64").fit(frame, Y)
    expected = (np.arange(40) - 19.5) / np.arange(40).std()
    np.testing.assert_allclose(model.transform(frame, 0), np.column_stack([expected, expected]), atol=1e-9)
    text = frame.assign(when=["soon"] * 40)
    with pytest.raises(ColumnError, match="column 'when' held dates in training, here it holds text: 'soon' in row 0"):
        model.predict(text)


def test_an_array_of_dates_and_of_objects():
    days = np.array([[datetime.date(2024, 1, d + 1), d, "a" if d % 2 else "b", None] for d in range(20)], object)
    with pytest.warns(DataWarning, match="no value in any training row in column 'x3': encoded as 0"):
        model = regressor().fit(days, Y[:20])
    assert model.transform(days, 0).shape == (20, 4)


def test_text_in_a_column_of_numbers():
    model = regressor().fit(FRAME, Y)
    few, many = (
        FRAME.astype({"width": object}).assign(width=["1"] * 2 + ["wide"] * n + ["3"] * (38 - n)) for n in (1, 20)
    )
    with pytest.warns(DataWarning, match="column 'width': 1 of 40 cells is no number and taken as missing, the first"):
        assert np.isfinite(model.predict(few)).all()
    message = "column 'width' held numbers in training, here it holds text: 'wide' in row 2. Correct it, or leave it em"
    with pytest.raises(ColumnError, match=message):
        model.predict(many)
    numbers = regressor().fit(X, Y)
    with pytest.warns(DataWarning, match="column 'x1': 1 of 40 cells is no number and taken as missing"):
        numbers.predict(put(X, (2, 1), value="wide"))


def test_text_with_as_many_values_as_rows():
    names = pd.DataFrame({"name": [f"person {i}" for i in range(100)]})
    with pytest.warns(DataWarning, match="column 'name' is text with 100 different values; .* drop it or encode it"):
        regressor().fit(names, np.arange(100.0))


def test_a_category_never_seen_is_unknown_and_no_error():
    cities = pd.DataFrame({"city": ["Rome", "Oslo", "Bonn", "Oslo"]})
    model = regressor().fit(cities, Y[:4])
    with warnings.catch_warnings(action="error"):
        assert model.transform(pd.DataFrame({"city": ["Paris"]}), 0).tolist() == [[0, 0, 0]]
        assert np.isfinite(model.predict(pd.DataFrame({"city": ["Paris"]}))).all()


# ---- names ----


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (["height", "depth"], "yet now missing:\n- width"),
        (["height", "width", "depth", "height2"], "unseen at fit time:\n- height2"),
        (["width", "height", "depth"], "must be in the same order as they were in fit"),
    ],
    ids=["missing", "extra", "re-ordered"],
)
def test_names_at_predict(columns, message):
    model = regressor().fit(FRAME, Y)
    with pytest.raises(ValueError, match=f"(?s)feature names should match.*{message}"):
        model.predict(FRAME.assign(height2=0)[columns])


def test_numbers_of_columns_at_predict():
    model = regressor().fit(X, Y)
    for rows in (X[:, :2], sp.csr_array(X[:, :2]), X[:, :2].tolist(), FRAME[["height", "width"]]):
        with (
            warnings.catch_warnings(action="ignore"),
            pytest.raises(ValueError, match="X has 2 features, but DeepRegressor is expecting 3 features"),
        ):
            model.predict(rows)


@pytest.mark.parametrize("when", ["fit", "predict"])
def test_names_that_occur_twice(when):
    twice = pd.DataFrame(X, columns=["height", "width", "height"])
    model = regressor() if when == "fit" else regressor().fit(FRAME, Y)
    with pytest.raises(ColumnError, match="column names occur more than once: 'height'; rename or drop them"):
        model.fit(twice, Y) if when == "fit" else model.predict(twice)


def test_a_column_that_is_not_there_suggests_the_nearest():
    with pytest.raises(
        ColumnError, match=r"no column 'heigth'. Did you mean 'height'.* The columns are 'height', 'wid"
    ):
        read(FRAME).column("heigth")
    with pytest.raises(ColumnError) as far_off:
        read(pd.DataFrame({"Cost Other": [1.0], "Age": [2.0]})).column("NotThere")
    assert "Did you mean" not in str(far_off.value)


# ---- kinds of arrays that are no errors ----


@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.csr_array, sp.csc_matrix, sp.coo_array, sp.dok_array])
def test_sparse_matrices(kind):
    rows = np.where(np.abs(X) > 0.5, X, 0)
    model = regressor().fit(kind(rows), Y)
    np.testing.assert_allclose(model.predict(kind(rows)), regressor().fit(rows, Y).predict(rows), rtol=1e-5)


def test_a_sparse_matrix_of_text():
    rows = sp.csr_matrix(X)
    rows.data = rows.data.astype(object)
    with pytest.raises(DataError, match="a sparse matrix of real numbers expected, found dtype object"):
        regressor().fit(rows, Y)


def test_infinity_in_a_sparse_matrix():
    rows = sp.csr_matrix(X)
    rows.data[4] = np.inf
    with pytest.raises(DataError, match=r"Input X contains infinity .*column 'x1', row 1"):
        regressor().fit(rows, Y)


@pytest.mark.parametrize("rows", [X[::2], X.T[:, ::2].T, np.asfortranarray(X[::2]), X[::-1][::-2][::-1]])
def test_rows_that_do_not_lie_in_one_piece(rows):
    y = rows[:, 0].copy()
    np.testing.assert_array_equal(
        regressor().fit(rows, y).predict(rows), regressor().fit(rows.copy(), y).predict(rows.copy())
    )


def test_rows_that_may_not_be_written_to():
    fixed = X.copy()
    fixed.flags.writeable = False
    assert regressor().fit(fixed, Y).predict(fixed).shape == (40,)
