"""Single rows of plain values beside the way through a table: the same bits, or none of its own."""

import json
import warnings
from functools import cache
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from lamina.data.encoding.dates import DATE_CHOICES
from lamina.data.encoding.encodings import ENCODINGS
from lamina.data.encoding.learning import learn_encoder
from lamina.data.encoding.numbers import SCALINGS
from lamina.data.encoding.one_row import WRITERS, RowEncoder
from lamina.data.tables.sources import read
from lamina.errors import DataError

M = 300


def training_rows():
    rng = np.random.default_rng(0)
    found = pd.DataFrame(
        {
            "normal": rng.normal(3, 2, M),
            "skewed": np.exp(rng.normal(size=M) * 3),
            "mostly 0": np.where(rng.random(M) < 0.7, 0, rng.normal(size=M)),
            "whole": rng.integers(-3, 4, M),
            "constant": np.full(M, 7.5),
            "job": rng.choice(["clerk", "smith", "baker", "Ångström", "1", "2.0"], M),
            "two": rng.choice(["no", "yes"], M),
            "rare": np.where(rng.random(M) < 0.03, rng.choice(["p", "q", "r"], M), rng.choice(["a", "b"], M)),
            "day as text": rng.choice(["2020-01-31", "2020-02-01", "2020-02-29"], M),
            "owner": rng.random(M) < 0.5,
            "seldom known": rng.choice(np.array([True, False, None], object), M),
            "built": pd.Timestamp("1999-12-30 22:00") + pd.to_timedelta(rng.integers(0, 900 * 24, M), unit="h"),
            "price": [f"${one:.2f}" for one in rng.random(M)],
            "told": [f"{day}.{month}.2020" for day, month in rng.integers((1, 1), (29, 13), (M, 2)).tolist()],
        }
    )
    for name in ("normal", "skewed", "job", "two", "built"):
        found.loc[rng.random(M) < 0.1, name] = None
    found["day as text"] = found["day as text"].astype("category")
    return found


CHOICES = [
    {"scaling": scaling, "dates": dates, "splines": splines}
    for scaling, dates, splines in product(SCALINGS, DATE_CHOICES, ([], ["normal", "whole", "skewed"]))
]
CHOICES += [
    {"categorical": ["whole", "mostly 0", "constant"], "min_frequency": 5},
    {"embed_above": 2, "categorical": ["whole"]},
    {"embed_above": 4, "max_categories": 3},
]
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.integers(),
    st.floats(),
    st.floats(-10, 10),
    st.sampled_from([0.0, -0.0, 7.5, 2.0**53, 1e37, 1e39, 1e308, -1e308, 5e-324]),
    st.sampled_from(["clerk", " smith ", "Ångström", "1", "1.0", "2", "2.0", "no", "yes", "p", "a", "True", "false"]),
    st.sampled_from(["2020-01-31", "2020-01-31T00:00", "2020-02-30", "1999-12-30 22:00:30", "2001-09-09T01:46:40Z"]),
    st.sampled_from(["2020-02-29T12:00+02:00", "2020-01-31 00:00:00.125", "0001-01-01", "1700-01-01", "2199-12-31"]),
    st.sampled_from(["$0.25", "0.25", "12.5.2020", "", " ", "nan", "?", "2", "1e3", "1,5", "٣"]),
    st.text(max_size=5),
)


PLAIN = {name: None if value != value else value for name, value in training_rows().iloc[0].to_dict().items()}
PLAIN |= {"built": "2000-02-29", "price": None, "told": None}


def by_table(encoder, row, dtype):
    """What the table's way makes of a row; None where it refuses it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return encoder.encode(read({name: [row[name]] for name in row}, reading=encoder.reading), dtype)
        except (DataError, UnicodeError):
            return None


@cache
def encoders():
    """The encoders of every choice, in both precisions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = read(training_rows())
        found = [learn_encoder(table, **one) for one in CHOICES]
        whole = {name: column for name, column in training_rows().items() if not column.isna().any()}
        strict = learn_encoder(read(pd.DataFrame(whole)), missing="raise")
    pairs = [(one, dtype) for one in [*found, strict] for dtype in (np.float32, np.float64)]
    return [(encoder, dtype, RowEncoder(encoder, dtype)) for encoder, dtype in pairs]


@pytest.mark.parametrize("i", range(0, M, 60))
def test_rows_of_training(i):
    """Those of plain values go the quick way, and get the bits of the table."""
    row = json.loads(training_rows()[i : i + 1].to_json(orient="records", date_format="iso"))[0]
    row["built"] = row["built"] and row["built"].removesuffix("Z").removesuffix(".000")
    row |= {"price": None, "told": None}  # written in ways of their own
    for encoder, dtype, quick in encoders():
        found, expected = quick.encode(row), by_table(encoder, row, dtype)
        if encoder.inputs.missing == "raise":
            assert found is None
            continue
        assert found is not None
        assert found.dtype == dtype
        assert found.tobytes() == expected.tobytes()


@settings(deadline=None, max_examples=400, phases=[Phase.explicit, Phase.generate])
@given(name=st.sampled_from(list(training_rows().columns)), value=VALUES, first=st.integers(0, 9))
def test_any_values(name, value, first):
    """What is encoded quickly has the bits of the table; what a table refuses is never encoded."""
    row = PLAIN | {name: value}
    for encoder, dtype, quick in encoders()[first::10]:
        found = quick.encode(row)
        if found is not None:
            expected = by_table(encoder, row, dtype)
            assert expected is not None
            assert found.tobytes() == expected.tobytes()


def test_every_encoding_has_a_writer():
    assert set(WRITERS) == {one.piece for one in ENCODINGS.values()}


def test_an_encoding_without_a_writer_goes_the_other_way(monkeypatch):
    encoder, dtype, _ = encoders()[0]
    monkeypatch.delitem(WRITERS, type(encoder.categories[0]))
    assert RowEncoder(encoder, dtype).encode(dict.fromkeys(encoder.names_in)) is None


@pytest.mark.parametrize("into", [np.float32, np.float64])
@pytest.mark.parametrize("scaling", SCALINGS)
def test_an_array_is_encoded_all_at_once_or_not_at_all(scaling, into):
    """Where there are only plain numbers; beyond the usual range, and where one is missing, by the other ways."""
    X = np.random.default_rng(0).normal(1e6, 10, (60, 4))
    X[:, 2] = 5
    encoder = learn_encoder(read(X), scaling=scaling)
    one_row, taken = RowEncoder(encoder, into), 0
    for dtype in (np.float64, np.float32, np.int64, np.float16, np.longdouble, object, bool):
        for value in (0, -1e6, 1e10, 65504, 3e14, 1e16, 3e300, np.nan, -np.inf):
            row = X[:1].copy()
            row[0, 1] = value
            with np.errstate(all="ignore"):
                row = row.astype(dtype)
            found = one_row.encode_array(row)
            if found is not None:
                taken += 1
                expected = encoder.encode(read(row), into)
                assert found.dtype == expected.dtype
                assert found.tobytes() == expected.tobytes(), (dtype, value)
    assert bool(taken) == (scaling not in ("robust", "quantile"))
