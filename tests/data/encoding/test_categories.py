"""Categories as indicators, as places for an embedding, and numbers as categories."""

import json

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from lamina.data.encoding.category_summaries import MOST_EMBEDDED_LEVELS, count_levels
from lamina.data.encoding.encoder import Encoder
from lamina.data.encoding.learning import learn_encoder
from lamina.data.tables.sources import read
from lamina.errors import ColumnError, DataError, DataWarning

TOWNS = ["Bern", "Basel", None, "Chur", "Bern", "Genf", "Basel", "Bern"]
FRAME = {"town": TOWNS, "sex": list("mfmfmfmf"), "age": np.arange(8.0)}


def fitted(rows, weights=None, **settings):
    return learn_encoder(read(rows), weights, **settings)


def round_trip(encoder):
    return Encoder.from_header(json.loads(json.dumps(encoder.to_header(), allow_nan=False)))


def test_an_embedded_column_holds_places():
    """0 unknown, 1 missing, then the levels as scikit-learn numbers them."""
    encoder = fitted(FRAME, embed_above=3)
    assert encoder.feature_names == ("town", "sex=m", "age")
    assert encoder.embedded == ((0, 6),)
    assert encoder.number_positions == (2,)
    known = [town for town in TOWNS if town]
    expected = OrdinalEncoder().fit_transform(np.array(known, object)[:, None])[:, 0] + 2
    found = encoder.encode(read(FRAME))[:, 0]
    assert found[2] == 1
    np.testing.assert_array_equal(np.delete(found, 2), expected)
    more = encoder.encode(read({"town": ["Wien", None, "Genf"], "sex": ["m"] * 3, "age": [0, 0, 0]}))
    assert more[:, 0].tolist() == [0, 1, 5]
    assert more.dtype == np.float32


@pytest.mark.parametrize(("above", "embedded"), [(None, ()), (4, ()), (3, ((0, 6),)), (2, ((0, 6),))])
def test_only_more_levels_than_that_are_embedded(above, embedded):
    encoder = fitted(FRAME, embed_above=above)
    assert encoder.embedded == embedded
    assert round_trip(encoder).to_header() == encoder.to_header()
    assert round_trip(encoder).embedded == embedded
    np.testing.assert_array_equal(round_trip(encoder).encode(read(FRAME)), encoder.encode(read(FRAME)))


def test_positions_of_embedded_columns_count_what_stands_before():
    rows = {"n": [1.0, None, 2.0, 3.0], "a": list("wxyz"), "b": list("pqqp"), "c": list("stuv")}
    encoder = fitted(rows, embed_above=2)
    assert encoder.embedded == ((2, 6), (4, 6))
    assert encoder.origin.tolist() == [0, 0, 1, 2, 3]


def test_an_embedded_column_takes_more_levels_than_max_categories():
    levels = [f"level {i:05}" for i in range(300)]
    encoder = fitted({"c": levels}, embed_above=50, max_categories=5)
    assert encoder.embedded == ((0, 302),)


def test_beyond_ten_thousand_levels_the_rarest_are_unknown():
    levels = np.array([f"level {i:05}" for i in range(MOST_EMBEDDED_LEVELS + 5)], object)
    rows = {"c": np.concatenate([levels, levels[7:]])}
    with pytest.warns(DataWarning, match=r"column 'c' is text with 10005 different.*all but the 9999 most frequent"):
        encoder = fitted(rows, embed_above=50)
    assert encoder.embedded == ((0, MOST_EMBEDDED_LEVELS + 1),)
    places = encoder.encode(read({"c": levels}))[:, 0]
    assert (places == 0).sum() == 6
    assert places.max() == MOST_EMBEDDED_LEVELS


def test_rare_levels_share_a_column_as_in_scikit_learn():
    train = np.array(list("aaabbbccdef"), object)[:, None]
    expected = OneHotEncoder(min_frequency=2, handle_unknown="infrequent_if_exist", sparse_output=False).fit(train)
    encoder = fitted(train, min_frequency=2)
    assert encoder.feature_names == ("x0=a", "x0=b", "x0=c", "x0=(other)")
    rows = np.array(list("afzc"), object)[:, None]
    np.testing.assert_array_equal(encoder.encode(read(rows)), expected.transform(rows))
    assert fitted(train, min_frequency=3).feature_names == ("x0=a", "x0=b", "x0=(other)")


def test_frequent_means_weight():
    rows = {"c": list("aabbc")}
    names = fitted(rows, np.array([1.0, 1, 0, 1, 2]), min_frequency=2).feature_names
    assert names == ("c=a", "c=c", "c=(other)")
    assert fitted(rows, np.array([1.0, 1, 1, 1, 3]), min_frequency=2).feature_names == ("c=a", "c=b", "c=c")


def test_rare_levels_and_the_limit_together():
    rows = {"c": list("aaabbbccd")}
    with pytest.warns(DataWarning, match="all but the 2 most frequent are pooled"):
        assert fitted(rows, min_frequency=2, max_categories=3).feature_names == ("c=a", "c=b", "c=(other)")
    assert fitted(rows, min_frequency=2, max_categories=4).feature_names == ("c=a", "c=b", "c=c", "c=(other)")


def test_nothing_but_rare_levels():
    encoder = fitted({"c": ["a", "b", None]}, min_frequency=2)
    assert encoder.feature_names == ("c=(other)", "c missing")
    assert encoder.encode(read({"c": ["a", "z", None]})).tolist() == [[1, 0], [1, 0], [0, 1]]
    assert fitted({"c": ["a", "b", None]}, min_frequency=2, embed_above=2).embedded == ()


def test_rare_levels_of_an_embedded_column_are_unknown():
    encoder = fitted({"c": list("aabbccd")}, min_frequency=2, embed_above=2)
    assert encoder.embedded == ((0, 5),)
    assert encoder.encode(read({"c": list("abcdz")}))[:, 0].tolist() == [2, 3, 4, 0, 0]


@pytest.mark.parametrize("source", ["frame", "matrix", "sparse"])
def test_numbers_as_categories(source):
    zips = np.array([[8001, 1.5], [3000, 2.5], [8001, 0.5], [4051, 0.0]])
    names = {"frame": ("zip", "x"), "matrix": ("x0", "x1"), "sparse": ("x0", "x1")}[source]
    rows = {"frame": pd.DataFrame(zips, columns=names), "matrix": zips, "sparse": sp.csr_array(zips)}[source]
    encoder = fitted(rows, categorical=(names[0],))
    assert encoder.feature_names == (*(f"{names[0]}={code}" for code in ("3000", "4051", "8001")), names[1])
    expected = OneHotEncoder(sparse_output=False).fit_transform(zips[:, :1])
    found = encoder.encode(read(rows), np.float64)
    np.testing.assert_array_equal(found[:, :3], expected)
    np.testing.assert_allclose(found[:, 3], (zips[:, 1] - zips[:, 1].mean()) / zips[:, 1].std())
    assert fitted(rows, categorical=(0,)).to_header() == encoder.to_header()
    assert round_trip(encoder).to_header() == encoder.to_header()
    assert encoder.text_columns == ()  # in a file they are still read as numbers


def test_a_category_of_numbers_however_it_is_spelled():
    encoder = fitted({"c": [1, 2, 7]}, categorical=("c",))
    for rows in ([7, 1, 2], [7.0, 1.0, 2.0], ["7", "01", "2.0"], pd.Categorical([7, 1, 2])):
        assert encoder.encode(read({"c": rows})).argmax(axis=1).tolist() == [2, 0, 1]
    assert encoder.encode(read({"c": [True, None, False]})).tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert encoder.encode(read({"c": ["x", "-", "7.5"]})).tolist() == [[0, 0, 0]] * 3
    with pytest.raises(ColumnError, match="column 'c' held numbers in training, here it holds dates"):
        encoder.encode(read({"c": pd.to_datetime(["2020-01-01"])}))


def test_numbers_as_categories_with_gaps_and_infinities():
    encoder = fitted({"c": [1.0, np.nan, 2.0, 3.0]}, categorical=("c",), embed_above=2)
    assert encoder.encode(read({"c": [3.0, np.nan, 9.0]}))[:, 0].tolist() == [4, 1, 0]
    with pytest.raises(DataError, match=r"infinity.*column 'c', row 1"):
        fitted({"c": [1.0, np.inf, 2.0]}, categorical=("c",))


def test_categorical_names_columns_that_are_there():
    rows = {"zip": [1, 2], "text": ["a", "b"], "flag": [True, False], "when": pd.to_datetime(["2020-01-01"] * 2)}
    assert fitted(rows, categorical=("text", "flag")).to_header() == fitted(rows).to_header()
    with pytest.raises(ColumnError, match=r"categorical: there is no column 'zap'\. Did you mean 'zip'"):
        fitted(rows, categorical=("zap",))
    with pytest.raises(ColumnError, match=r"categorical: there is no column 4\. Positions are 0 to 3"):
        fitted(rows, categorical=(4,))
    with pytest.raises(ColumnError, match="column 'when' holds dates: leave it out of categorical"):
        fitted(rows, categorical=("when",))


def test_a_stream_counts_levels_and_numbers_like_the_whole_table():
    table = read({"zip": np.arange(60) % 7, "town": np.array(TOWNS * 10, object)[:60]})
    settings = {"categorical": ("zip",), "min_frequency": 9, "embed_above": 3}
    whole = learn_encoder(table, **settings)
    parts = learn_encoder((table.take(slice(i, i + 13)) for i in range(0, 60, 13)), **settings)
    assert parts.to_header() == whole.to_header()
    assert whole.embedded == ((0, 6),)
    rows = whole.encode(table)
    for i in (0, 2, 59):
        np.testing.assert_array_equal(whole.encode(table.take([i]))[0], rows[i])


def test_a_level_means_the_same_whatever_was_encoded_before():
    """True, 1 and "1" are one key of a dict, and not one level."""
    encoder = learn_encoder(read({"k": np.array(["1", "True", "x", "2020-01-31"], object)}))
    given = [np.array(["1", " 1", "1.0"], object), [True, True, True], [1, 1, 1], [1.0, 1.0, 1.0], ["True", "x ", "?"]]
    for order in (given, given[::-1], [*given, *given]):
        found = [encoder.encode(read({"k": one})).argmax(axis=1).tolist() for one in order]
        fresh = [Encoder.from_header(encoder.to_header()).encode(read({"k": one})).argmax(axis=1) for one in order]
        assert found == [one.tolist() for one in fresh]


def test_of_very_many_levels_the_frequent_keep_their_counts():
    """400,000 levels that occur once and three that are frequent: no more are kept in mind than 131,072."""
    batches, truth = [], {"a": 0, "b": 0, "c": 0}
    for i in range(10):
        rare = [f"rare{i}-{j}" for j in range(40_000)]
        often = ["a"] * 300 + ["b"] * 200 + ["c"] * (100 if i % 2 else 60)
        truth = {level: n + often.count(level) for level, n in truth.items()}
        column = read({"c": rare + often}).at(0)
        batches.append(count_levels(column, None))
    found = batches[0]
    for batch in batches[1:]:
        found = found.joined(batch)
        assert len(found.counts) <= 131_072
    assert found.error <= 10
    for level, n in truth.items():
        assert n - found.error <= found.counts[level] <= n
