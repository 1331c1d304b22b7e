"""Headers that were altered: every change is refused with a DataError, or means the same."""

import copy
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.data.encoding.encoder import Encoder
from lamina.data.encoding.learning import learn_encoder
from lamina.data.tables.sources import read
from lamina.data.targets import Labels, Numbers
from lamina.errors import DataError

FRAME = pd.DataFrame(
    {
        "age": [39.0, None, 28.0],
        "job": ["clerk", None, "smith"],
        "owner": [True, False, True],
        "built": pd.to_datetime(["2001-01-01", "1990-06-01", "2010-12-31"]),
    }
)
MORE = FRAME.assign(zip=[1, 2, 3], when=pd.to_datetime(["2001-01-01 05:00", None, "2010-07-31 17:30"]))
HEADERS = {
    "encoder": (Encoder, learn_encoder(read(FRAME)).to_header()),
    "quantiles": (
        Encoder,
        learn_encoder(
            read(MORE), scaling="quantile", dates="cyclic", embed_above=2, categorical=("zip",), min_frequency=1
        ).to_header(),
    ),
    "robust": (Encoder, learn_encoder(read(MORE), scaling="robust", dates="parts").to_header()),
    "labels": (Labels, Labels.fit(["no", "yes", "no"]).to_header()),
    "numbers": (Numbers, Numbers.fit([[1.0, 2.0], [3.0, 5.0]]).to_header()),
    "clamped": (Numbers, Numbers.fit([[1.0, 2.0], [3.0, 5.0]], clamp=True).to_header()),
}


def places(header, path=()):
    """Yield the path of every value inside."""
    inside = header.items() if isinstance(header, dict) else enumerate(header) if isinstance(header, list) else ()
    for key, value in inside:
        yield (*path, key)
        yield from places(value, (*path, key))


def altered(header, path, value):
    header = copy.deepcopy(header)
    at = header
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return header


@pytest.mark.parametrize("name", HEADERS)
@given(st.data())
def test_a_value_of_another_kind_is_refused(name, data):
    kind, header = HEADERS[name]
    path = data.draw(st.sampled_from(list(places(header))))
    value = data.draw(
        st.sampled_from([None, True, 3, -1, 10**400, 1.5, float("nan"), float("inf"), "x", [], {}, [None], [[]]])
    )
    changed = altered(header, path, value)
    try:
        back = kind.from_header(changed)
    except DataError:
        return
    assert back.to_header() == changed


@pytest.mark.parametrize("name", HEADERS)
@given(st.data())
def test_a_key_too_many_or_too_few_is_refused(name, data):
    kind, header = HEADERS[name]
    folders = [(), *(path for path in places(header) if isinstance(_at(header, path), dict))]
    path = data.draw(st.sampled_from(folders))
    changed = copy.deepcopy(header)
    folder = _at(changed, path)
    if data.draw(st.booleans()):
        folder["more"] = 1
    else:
        del folder[data.draw(st.sampled_from(sorted(folder)))]
    with pytest.raises(DataError, match=r"missing keys .* unknown keys"):
        kind.from_header(changed)


def _at(header, path):
    for key in path:
        header = header[key]
    return header


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("numbers", "scale", 0), -1.0, "no negative number expected"),
        (("numbers", "scale", 0), 10**400, "finite numbers expected"),
        (("numbers", "location"), [1.0], "2 values expected, found 1"),
        (("numbers", "at"), [0, 1], "each of 4 columns expected once"),
        (("numbers", "at"), [3, 0], "increasing column numbers expected"),
        (("numbers", "at", 0), 4, "a whole number from 0 to 3 expected, found 4"),
        (("n_columns",), 10**12, "a whole number from 1 to"),
        (("n_columns",), 2_000_000_000, "each of 2000000000 columns expected once"),
        (("names",), ["age", "age", "owner", "built"], "a string occurs twice"),
        (("dates",), [1], "different number columns expected"),
        (("numbers", "scaling"), "log", "one of standard, minmax, robust, quantile, none expected, found 'log'"),
        (("numbers", "scaling"), "quantile", "quantiles: 2 values expected, found 0"),
        (("numbers", "quantiles"), [[1.0, 2.0]], "quantiles: 0 values expected, found 1"),
        (("numbers", "parts", 1), "hour", "parts in their order"),
        (("numbers", "parts", 1), "minute", "one of , year, month"),
        (("categories", 0, "embedded"), 1, "true or false expected"),
        (("categories", 1, "levels"), ["True", "False"], "a boolean column has the levels False and True"),
        (("categories", 0, "kind"), "text", "one of category, boolean, number expected, found 'text'"),
    ],
)
def test_what_an_encoder_header_may_not_hold(path, value, message):
    with pytest.raises(DataError, match=message):
        Encoder.from_header(altered(HEADERS["encoder"][1], path, value))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("numbers", "quantiles", 0), [], "2 to 1000 increasing numbers expected"),
        (("numbers", "quantiles", 0), [1.0], "2 to 1000 increasing numbers expected"),
        (("numbers", "quantiles", 0), [1.0, 1.0], "2 to 1000 increasing numbers expected"),
        (("numbers", "quantiles", 0), [2.0, 1.0], "2 to 1000 increasing numbers expected"),
        (("numbers", "quantiles", 0), [float(i) for i in range(1001)], "2 to 1000 increasing numbers expected"),
        (("numbers", "quantiles", 0, 0), float("nan"), "finite numbers expected"),
        (("numbers", "quantiles", 5), [1.0, 2.0], "none expected for a column without a scale, found 2"),
        (("numbers", "scale", 0), 0.0, "none expected for a column without a scale, found 2"),
        (("numbers", "scaling"), "robust", "quantiles: 0 values expected, found "),
        (("numbers", "indicator", 4), True, "true for a part of a date"),
        (("numbers", "at", 2), 0, "increasing column numbers expected, and parts in their order"),
        (("dates",), [3], "parts: only dates have some"),
        (("categories", 2, "levels"), [], "an embedded column has some, found none"),
        (("categories", 1, "embedded"), True, "a boolean column has the levels False and True"),
    ],
)
def test_what_a_header_of_quantiles_parts_and_places_may_not_hold(path, value, message):
    with pytest.raises(DataError, match=message):
        Encoder.from_header(altered(HEADERS["quantiles"][1], path, value))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([[1.0, 2.0]], "2 values expected, found 1"),
        ([[1.0], [2.0]], "2 values expected, found 1"),
        ([[5.0, 2.0], [3.0, 5.0]], "the lowest targets expected, then the highest"),
        ([[1.0, 2.0], [3.0, float("inf")]], "finite numbers expected"),
        (True, "a list expected"),
    ],
)
def test_what_a_range_of_targets_may_not_hold(value, message):
    with pytest.raises(DataError, match=message):
        Numbers.from_header(altered(HEADERS["clamped"][1], ("range",), value))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"task": "binary", "dtype": "str", "classes": ["b", "a"]}, "sorted and different"),
        ({"task": "binary", "dtype": "int64", "classes": [1, 1]}, "sorted and different"),
        ({"task": "binary", "dtype": "int8", "classes": [1, 300]}, "a whole number from -128 to 127"),
        ({"task": "binary", "dtype": "float32", "classes": [0.0, 0.1]}, "float32 numbers expected"),
        ({"task": "binary", "dtype": "object", "classes": ["a"]}, "labels dtype: one of str, bool"),
        ({"task": "binary", "dtype": "int64", "classes": [1, 2, 3]}, "3 classes do not make a binary task"),
        ({"task": "multilabel", "dtype": "int64", "classes": [0, 2]}, "column numbers expected"),
        ({"task": "multiclass", "dtype": "int64", "classes": []}, "0 classes"),
        ([], "a dict expected, found list"),
    ],
)
def test_what_a_labels_header_may_not_hold(header, message):
    with pytest.raises(DataError, match=message):
        Labels.from_header(header)


@pytest.mark.parametrize(
    "y",
    [
        ["no", "yes", "é"],
        [False, True],
        np.int8([1, -2]),
        np.uint64([2**63 + 1]),
        [1.0, 2.0],
        np.float32([1, 2]),
        np.eye(3),
    ],
)
def test_classes_come_back_with_their_type(y):
    labels = Labels.fit(y)
    back = Labels.from_header(json.loads(json.dumps(labels.to_header())))
    assert (back.task, back.classes.dtype) == (labels.task, labels.classes.dtype)
    np.testing.assert_array_equal(back.classes, labels.classes)
    np.testing.assert_array_equal(back.decode(back.encode(y)), y)
