"""Numbers out of columns, against scikit-learn's scalers and encoders on the same rows."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from lamina.data.encoding.encoder import Encoder
from lamina.data.encoding.learning import learn_encoder
from lamina.data.tables.sources import read
from lamina.errors import ColumnError, DataError, DataWarning, SettingError

RNG = np.random.default_rng(7)
FRAME = pd.DataFrame(
    {
        "age": [39.0, None, 28.0, 51.0, 28.0],
        "job": ["clerk", "smith", None, "smith", "baker"],
        "sex": ["m", "f", "f", "m", "f"],
        "owner": [True, False, True, True, False],
        "rooms": [3, 4, 3, 2, 5],
        "built": pd.to_datetime(["2001-01-01", "1990-06-01", "2010-12-31", None, "1950-01-01"]),
    }
)


def encoded(train, rows=None, dtype=np.float64, weights=None, **settings):
    encoder = learn_encoder(read(train), weights, **settings)
    return encoder.encode(read(train if rows is None else rows), dtype)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int32, np.bool_])
@pytest.mark.parametrize("weighted", [False, True])
def test_numbers_are_standardised_as_scikit_learn_does(dtype, weighted):
    X = (RNG.normal(1, 3, (5000, 30)) * 4).astype(dtype)
    weights = RNG.integers(0, 4, len(X)).astype(float) if weighted else None
    expected = StandardScaler().fit(X.astype(np.float64), sample_weight=weights).transform(X.astype(np.float64))
    for source in (X, X[:, ::-1][:, ::-1], np.asfortranarray(X)):
        np.testing.assert_allclose(encoded(source, weights=weights), expected, rtol=1e-9, atol=1e-11)


def test_a_frame_of_numbers_is_encoded_like_its_matrix():
    X = RNG.normal(size=(300, 4))
    np.testing.assert_array_equal(encoded(pd.DataFrame(X)), encoded(X))
    np.testing.assert_array_equal(encoded({f"c{j}": X[:, j] for j in range(4)}), encoded(X))


def test_weights_count_rows():
    """A row of weight 2 is two rows, one of weight 0 none: not even its infinity or its category is seen."""
    table = read(FRAME)
    weights = np.array([2.0, 1, 0, 3, 1])
    repeated = table.take(np.repeat(np.arange(5), weights.astype(int)))
    one, two = learn_encoder(table, weights), learn_encoder(repeated)
    assert one.feature_names == two.feature_names
    np.testing.assert_allclose(one.encode(table, np.float64), two.encode(table, np.float64), rtol=1e-12, atol=1e-14)
    assert encoded(np.array([[1.0], [3.0], [np.inf]]), np.array([[3.0]]), weights=np.array([1.0, 1, 0])) == [[1.0]]


@pytest.mark.parametrize("form", ["csr", "csc", "coo"])
@pytest.mark.parametrize("weighted", [False, True])
def test_sparse_is_encoded_like_dense(form, weighted):
    X = sp.random(400, 9, density=0.2, random_state=0)
    weights = RNG.uniform(0, 2, 400) if weighted else None
    dense = learn_encoder(read(X.toarray()), weights)
    sparse = learn_encoder(read(X.asformat(form)), weights)
    rows = np.arange(5, 90, 3)
    batch = sparse.encode(read(X).take(rows), np.float64)
    np.testing.assert_allclose(batch, dense.encode(read(X.toarray()[rows]), np.float64), rtol=1e-11, atol=1e-12)
    assert batch.flags.c_contiguous


def test_a_wide_sparse_matrix_never_becomes_dense_to_be_learned_from():
    at = RNG.integers(0, 50_000, (2, 1000))
    X = sp.csr_array((np.ones(1000), (at[0], at[1])), shape=(2_000_000, 50_000))  # 800 GB if dense
    encoder = learn_encoder(read(X))
    assert encoder.encode(read(X).take([0, 1])).shape == (2, 50_000)


def test_categories_are_one_hot_as_scikit_learn_does():
    train, rows = [["a"], ["c"], ["b"], ["a"]], [["b"], ["unseen"], ["c"]]
    expected = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(train).transform(rows)
    np.testing.assert_array_equal(encoded(np.array(train, object), np.array(rows, object)), expected)


def test_two_levels_are_one_column_of_signs():
    assert encoded({"c": ["x", "y", "x"]}, {"c": ["y", "x", "unseen", None]})[:, 0].tolist() == [1, -1, 0, 0]
    assert encoded({"c": [True, False]}, {"c": [False, True]})[:, 0].tolist() == [-1, 1]


def test_missing_values_are_filled_and_marked_where_training_had_any():
    encoder = learn_encoder(read(FRAME))
    assert encoder.feature_names == (
        "age",
        "age missing",
        "job=baker",
        "job=clerk",
        "job=smith",
        "job missing",
        "sex=m",
        "owner=True",
        "rooms",
        "built",
        "built missing",
    )
    assert encoder.origin.tolist() == [0, 0, 1, 1, 1, 1, 2, 3, 4, 5, 5]
    assert encoder.n_features == 11
    row = encoder.encode(read({name: [None] for name in FRAME.columns}), np.float64)[0]
    assert row.tolist() == [0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1]  # no column for what was never missing
    known = FRAME["age"].dropna().to_numpy()
    expected = (FRAME["age"].fillna(known.mean()) - known.mean()) / known.std()
    np.testing.assert_allclose(encoder.encode(read(FRAME), np.float64)[:, 0], expected, rtol=1e-12)


def test_numbers_may_stay_as_they_are():
    X = np.array([[1.0, 5.0], [np.nan, 5.0], [4.0, 5.0]])
    np.testing.assert_array_equal(encoded(X, scaling="none"), [[1, 0, 5], [2.5, 1, 5], [4, 0, 5]])


def test_a_constant_column_is_zero_then_and_later():
    assert encoded(np.full((3, 1), 0.1), [[0.1], [7.0], [-1e300]]).tolist() == [[0], [0], [0]]


def test_one_row_and_one_column():
    assert encoded([[5.0, 6.0]]).tolist() == [[0, 0]]
    assert encoded([[5.0], [6.0]]).tolist() == [[-1], [1]]


def test_a_column_without_any_value_warns_and_is_zero():
    with pytest.warns(DataWarning, match="no value in any training row in column 'x1': encoded as 0"):
        X = encoded(np.array([[1.0, np.nan], [3.0, np.nan]]), [[1.0, 5.0]])
    assert X.tolist() == [[-1, 0]]
    empty = pd.DataFrame({"c": pd.Categorical([None, None], categories=["a"])})
    with pytest.warns(DataWarning, match="no value in any training row in column 'c'"):
        assert encoded(empty).tolist() == [[0], [0]]


def test_rare_levels_are_pooled_with_a_warning():
    train = {"c": list("aaabbbccdefg")}
    with pytest.warns(DataWarning, match=r"column 'c' is text with 7 different values.*3 most frequent.*skrub"):
        encoder = learn_encoder(read(train), max_categories=4)
    assert encoder.feature_names == ("c=a", "c=b", "c=c", "c=(other)")
    rows = encoder.encode(read({"c": ["c", "g", "never seen", None]}))
    assert rows.tolist() == [[0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]]


def test_a_column_of_numbers_with_a_word_in_it_is_pointed_out():
    with pytest.warns(DataWarning, match="'c': 1 of 61 cells is no number and taken as missing.*'unknown' in row 60"):
        encoder = learn_encoder(read({"c": [*map(str, range(60)), "unknown"]}))
    assert encoder.feature_names == ("c", "c missing")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_near_the_end_of_the_float_range(dtype):
    X = np.array([[1e308, -1.7e308, 1], [-1e308, 1.7e308, 2], [1.7e308, 1.7e308, 3]])  # x - mean overflows
    expected = StandardScaler().fit_transform(X / [2.0**1000, 2.0**1000, 1])
    np.testing.assert_allclose(encoded(X, dtype=dtype), expected, rtol=1e-6)
    tiny = np.array([[1.0], [2.0], [4.0]])
    np.testing.assert_allclose(encoded(tiny * 2.0**-1020), StandardScaler().fit_transform(tiny), rtol=1e-6)


@pytest.mark.parametrize(
    ("train", "rows", "settings", "message"),
    [
        (
            [[1.0], [np.inf]],
            None,
            {},
            r"Input X contains infinity.*column 'x0', row 1\. Infinity is not allowed; replace",
        ),
        ([[1.0], [-np.inf]], None, {"missing": "raise"}, r"infinity.*column 'x0', row 1"),
        ([[1.0], [2.0]], [[0.0], [np.inf]], {}, r"infinity.*column 'x0', row 1"),
        ([[1.0], [2.0]], [[np.nan], [np.inf]], {}, r"infinity.*column 'x0', row 1"),
        ([[1.0], [1.0]], [[np.inf]], {}, r"infinity.*column 'x0', row 0"),
        ([[1.0], [np.nan]], None, {"missing": "raise"}, r"Input X contains NaN: column 'x0', row 1.*not allowed here"),
        ([[1.0], [2.0]], [[np.nan]], {"missing": "raise"}, r"Input X contains NaN: column 'x0', row 0"),
        ({"c": ["a", None]}, None, {"missing": "raise"}, r"Input X contains NaN: column 'c', row 1"),
        ({"c": ["a", "b"]}, {"c": [None]}, {"missing": "raise"}, r"Input X contains NaN: column 'c', row 0"),
        ([[1.0], [2.0]], [[1e300]], {}, r"too large for float32: column 'x0', row 0: 1e\+300"),
        ([[1e300], [1.0]], None, {"scaling": "none"}, r"too large for float32: column 'x0', row 0: 1e\+300"),
        (sp.csr_array([[0.0, 1], [0, np.inf]]), None, {}, r"infinity.*column 'x1', row 1"),
        (sp.csr_array([[0.0, 1], [np.nan, 0]]), None, {"missing": "raise"}, r"NaN: column 'x0', row 1"),
        (sp.csr_array([[0.0, 1], [1, 0]]), sp.csr_array([[0, np.inf]]), {}, r"infinity.*column 'x1', row 0"),
    ],
)
def test_numbers_that_cannot_be_encoded_are_named(train, rows, settings, message):
    with pytest.raises(DataError, match=message):
        encoded(train, rows, np.float32, **settings)


def test_the_row_of_an_error_is_the_row_of_the_source():
    X = np.zeros((300_000, 1))
    X[::2] = 1
    encoder = learn_encoder(read(X))
    X[250_000] = np.inf
    for table in (read(X), read(X).take(np.arange(200_000, 300_000)), read(X).take(slice(100_000, None))):
        with pytest.raises(DataError, match=r"column 'x0', row 250000"):
            encoder.encode(table)


@given(st.integers(0, 2**32), st.sampled_from([np.float32, np.float64]))
def test_a_row_is_encoded_alone_as_among_others(seed, dtype):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(40, 3)) * 10.0 ** rng.integers(-300, 300, 3)
    X[rng.random(X.shape) < 0.1] = np.nan
    X[0] = 1, 2, 3
    table = read(
        {"a": X[:, 0], "b": X[:, 1], "t": [None if np.isnan(x) else str(x > 0) for x in X[:, 2]], "c": X[:, 2]}
    )
    encoder = learn_encoder(table)
    together = encoder.encode(table, dtype)
    for i in range(0, 40, 7):
        np.testing.assert_array_equal(encoder.encode(table.take([i]), dtype)[0], together[i])


def test_columns_are_matched_by_name():
    encoder = learn_encoder(read({"a": [1.0, 2.0], "b": ["x", "y"]}))
    table = read({"more": [0], "b": ["y"], "a": [2.0]})
    assert encoder.align(table).names == ("a", "b")
    assert encoder.encode(table).tolist() == [[1, 1]]
    assert encoder.encode(read(np.array([[2.0, "y"]], object))).tolist() == [[1, 1]]  # by position


def test_missing_columns_are_named():
    encoder = learn_encoder(read({"hours_per_week": [1, 2], "age": [1, 2]}))
    message = (
        r"trained on 2 columns, these rows have 2; missing: hours_per_week\. Did you mean 'hours\.per\.week'\? "
        r"Not known from training: hours\.per\.week\."
    )
    with pytest.raises(ColumnError, match=message):
        encoder.encode(read({"hours.per.week": [1], "age": [3]}))
    with pytest.raises(
        ColumnError,
        match="X has 3 features, but lamina is expecting 2 features as input: trained on hours_per_week, age",
    ):
        encoder.encode(read(np.zeros((1, 3))))


@pytest.mark.parametrize(
    ("train", "rows", "message"),
    [
        (
            [1, 2],
            ["39", "abc"],
            r"column 'c' held numbers in training, here it holds text: 'abc' in row 1\. Correct it",
        ),
        (
            [1, 2],
            [None, "39"],
            r"text: '39' in row 1, which spells a number\. Convert the column, e\.g\. pandas\.to_numeric",
        ),
        ([1, 2], pd.to_datetime(["2020-01-01"]), "column 'c' held numbers in training, here it holds dates"),
        (
            pd.to_datetime(["2020-01-01", "2020-01-02"]),
            [1, 2],
            "column 'c' held dates in training, here it holds numbers",
        ),
        (
            pd.to_datetime(["2020-01-01", "2020-01-02"]),
            ["today"],
            "column 'c' held dates in training, here it holds text: 'today' in row 0",
        ),
        (["a", "b"], pd.to_datetime(["2020-01-01"]), "column 'c' held text in training, here it holds dates"),
    ],
)
def test_a_column_of_another_kind_is_named(train, rows, message):
    encoder = learn_encoder(read({"c": train}))
    with pytest.raises(ColumnError, match=message):
        encoder.encode(read({"c": rows}))


def test_numbers_in_a_category_column_are_the_text_they_spell():
    """A CSV column of "1", "2" and "x" is text; in another file, with 1 and 2 only, it is read as numbers."""
    encoder = learn_encoder(read({"c": ["1", "2", "x", "2.5"]}))
    for rows in (["1", "2", "7"], [1, 2, 7], [1.0, 2.0, 7.0], pd.Categorical([1, 2, 7])):
        assert encoder.encode(read({"c": rows}))[:, :2].tolist() == [[1, 0], [0, 1], [0, 0]]
    assert encoder.feature_names == ("c=1", "c=2", "c=2.5", "c=x")
    assert encoder.encode(read({"c": [2.5]})).tolist() == [[0, 0, 1, 0]]


def test_booleans_however_they_are_spelled():
    encoder = learn_encoder(read({"c": [True, False]}))
    for rows in (["true", "FALSE", "maybe"], [1, 0, 5], ["1", "0", None], [True, False, None]):
        assert encoder.encode(read({"c": rows}))[:, 0].tolist() == [1, -1, 0]
    assert learn_encoder(read({"c": [0, 1]})).encode(read({"c": [True, None]})).tolist() == [[1], [0]]


def test_a_column_of_nothing_fits_every_kind():
    for train in ([1, 2], ["a", "b"], [True, False], pd.to_datetime(["2020-01-01", "2020-01-02"])):
        encoder = learn_encoder(read({"c": train}))
        for rows in ([None], pd.Categorical([None], categories=["x"])):
            assert encoder.encode(read({"c": rows})).tolist() == [[0]]


def test_learning_from_parts_is_learning_from_all():
    frame = pd.concat([FRAME] * 40, ignore_index=True)
    table = read(frame)
    whole, parts = learn_encoder(table), learn_encoder(table.take(slice(i, i + 30)) for i in range(0, 200, 30))
    assert parts.feature_names == whole.feature_names
    np.testing.assert_allclose(parts.encode(table, np.float64), whole.encode(table, np.float64), rtol=1e-12, atol=1e-14)


def test_settings_are_checked():
    table = read(np.eye(2))
    for settings in (
        {"scaling": "rubust"},
        {"missing": "drop"},
        {"max_categories": 1},
        {"dates": "year"},
        {"embed_above": 1},
        {"min_frequency": 0},
    ):
        with pytest.raises(SettingError):
            learn_encoder(table, **settings)
    with pytest.raises(DataError, match="2 rows, but 3 weights"):
        learn_encoder(table, np.ones(3))
    with pytest.raises(DataError, match="all weights are zero"):
        learn_encoder(table, np.zeros(2))
    with pytest.raises(DataError, match="training rows expected, found none"):
        learn_encoder([])


values = st.one_of(st.none(), st.floats(-1e300, 1e300), st.sampled_from([0.0, 1.0, 2.0]))
words = st.one_of(st.none(), st.text(max_size=3))
columns = st.one_of(
    st.lists(values, min_size=4, max_size=4),
    st.lists(words, min_size=4, max_size=4),
    st.lists(st.one_of(st.none(), st.booleans()), min_size=4, max_size=4),
    st.lists(st.dates(), min_size=4, max_size=4),
)


@given(
    st.dictionaries(st.text(max_size=4), columns, min_size=1, max_size=4),
    st.sampled_from(["standard", "none"]),
    st.integers(2, 5),
)
def test_the_header_is_json_and_gives_the_encoder_back(frame, numbers, max_categories):
    table = read(frame)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        encoder = learn_encoder(table, scaling=numbers, max_categories=max_categories)
    back = Encoder.from_header(json.loads(json.dumps(encoder.to_header(), allow_nan=False)))
    assert back.to_header() == encoder.to_header()
    assert (back.names_in, back.named, back.feature_names) == (encoder.names_in, encoder.named, encoder.feature_names)
    np.testing.assert_array_equal(back.encode(table, np.float64), encoder.encode(table, np.float64))
