"""Parts of dates against pandas' .dt."""

import json
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import RobustScaler, StandardScaler

from lamina.data.encoding.dates import CALENDAR, CIRCLES, expanded
from lamina.data.encoding.encoder import Encoder
from lamina.data.encoding.learning import learn_encoder
from lamina.data.tables.sources import read
from lamina.errors import DataError

WHEN = pd.Series(pd.date_range("2018-11-30 01:30", periods=400, freq="57h13min"))
FRAME = pd.DataFrame({"age": np.arange(400.0), "when": WHEN, "job": ["a", "b", "c", "d"] * 100})


def calendar(when):
    """The parts as pandas gives them, shape (m, 4)."""
    dt = pd.DatetimeIndex(when)
    return np.column_stack([dt.year, dt.month, dt.day_of_week, dt.hour]).astype(float)


def parts_of(when):
    column = read({"when": when}).columns[0].values
    at = np.zeros(5, np.intp)
    return expanded(column[:, None], at, ("", *CALENDAR))[:, 1:]


@given(st.lists(st.datetimes(datetime(1678, 1, 1), datetime(2262, 1, 1)), min_size=1, max_size=9))
def test_the_calendar_is_pandas(when):
    when = [one.replace(microsecond=one.microsecond // 1000 * 1000) for one in when]
    np.testing.assert_array_equal(parts_of(when), calendar(when))


@pytest.mark.parametrize(
    ("first", "last"), [("1900-01-01", "2099-12-31"), ("1899-12-31", "1900-01-02"), ("2099", "2101")]
)
def test_every_day_of_the_centuries_at_hand_and_those_beside_them(first, last):
    when = pd.date_range(first, last, freq="1D")
    np.testing.assert_array_equal(parts_of(when), calendar(when))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_every_full_hour_is_its_own(unit):
    """Days as float64 round: 05:00 must not be 04:59:59.9999."""
    when = pd.date_range("1899-12-30", periods=2_000, freq="1009h").as_unit(unit)
    np.testing.assert_array_equal(parts_of(when), calendar(when))


def test_times_are_those_of_utc():
    local = pd.date_range("2024-01-01", periods=50, freq="5h", tz="America/New_York")
    np.testing.assert_array_equal(parts_of(local), calendar(local.tz_convert("UTC")))


def test_dates_beyond_pandas_and_beyond_the_calendar():
    when = np.array(["0001-01-01", "9999-12-31", "-5000-03-01", "1969-12-31"], "M8[D]")
    assert parts_of(when)[:, 0].tolist() == [1, 9999, -5000, 1969]
    assert parts_of(when)[:, 1].tolist() == [1, 12, 3, 12]
    assert parts_of(when)[3].tolist() == [1969, 12, 2, 0]
    assert np.isfinite(parts_of(np.array([2**62, -(2**62)], "M8[s]"))).all()


def test_number_is_one_scaled_column():
    encoder = learn_encoder(read(FRAME))
    assert encoder.feature_names == ("age", "when", "job=a", "job=b", "job=c", "job=d")


def test_parts_are_scaled_numbers():
    table = read(FRAME)
    encoder = learn_encoder(table, dates="parts")
    names = ("age", "when", "when year", "when month", "when weekday", "when hour", *(f"job={x}" for x in "abcd"))
    assert encoder.feature_names == names
    assert encoder.origin.tolist() == [0, 1, 1, 1, 1, 1, 2, 2, 2, 2]
    assert encoder.number_positions == (0, 1, 2, 3, 4, 5)
    expected = StandardScaler().fit_transform(calendar(WHEN))
    np.testing.assert_allclose(encoder.encode(table, np.float64)[:, 2:6], expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("numbers", ["standard", "robust", "quantile", "minmax", "none"])
def test_cyclic_parts_are_points_of_a_circle_whatever_the_scaling(numbers):
    table = read(FRAME)
    encoder = learn_encoder(table, dates="cyclic", scaling=numbers)
    assert encoder.feature_names[1:9] == ("when", "when year", *(f"when {name}" for name in CIRCLES))
    assert encoder.number_positions == (0, 1, 2)
    _, month, weekday, hour = calendar(WHEN).T
    angles = 2 * np.pi * np.column_stack([(month - 1) / 12, weekday / 7, hour / 24])
    expected = np.stack([np.sin(angles), np.cos(angles)], axis=2).reshape(400, 6)
    np.testing.assert_allclose(encoder.encode(table, np.float64)[:, 3:9], expected, atol=1e-14)


def test_the_year_beside_the_circles_is_scaled():
    rows = learn_encoder(read(FRAME), dates="cyclic", scaling="robust").encode(read(FRAME), np.float64)
    Z = RobustScaler().fit_transform(calendar(WHEN)[:, :1])
    np.testing.assert_allclose(rows[:, 2:3], Z / np.sqrt(1 + (Z / 3) ** 2), rtol=1e-12)


@pytest.mark.parametrize("numbers", ["standard", "robust", "quantile", "none"])
@pytest.mark.parametrize(
    ("when", "parts"),
    [
        (pd.date_range("2024-03-01", periods=60, freq="D"), ()),
        (pd.to_datetime(["2024-03-01 12:00"] * 3), ()),
        (pd.date_range("2024-03-01", periods=60, freq="7h"), ("weekday", "hour")),
        (pd.date_range("2019-03-01", periods=60, freq="40D"), ("year", "month", "weekday")),
        (pd.date_range("2019-01-01", periods=9, freq="YS"), ("year", "weekday")),
    ],
    ids=["days of a year", "a moment", "hours", "days of years", "years"],
)
def test_auto_takes_dates_apart_where_clock_or_year_varies(when, parts, numbers):
    table = read({"when": when, "also": pd.date_range("2024-05-01", periods=len(when), freq="D")})
    names = learn_encoder(table, dates="auto", scaling=numbers).feature_names
    since = ("also since when",) if parts else ()  # else one of the two, or what is between them, is always the same
    assert names == ("when", *(f"when {part}" for part in parts), "also", *since)
    batches = (table.take(slice(i, i + 1)) for i in range(len(when)))
    assert learn_encoder(batches, dates="auto", scaling=numbers).feature_names == names


def orders(n: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    ordered = pd.Timestamp("2023-11-05 08:30") + pd.to_timedelta(rng.integers(0, 10**6, n), "min")
    sent = (ordered + pd.to_timedelta(rng.integers(0, 9000, n), "min")).to_series(index=range(n))
    sent[4] = pd.NaT
    return pd.DataFrame({"ordered": ordered, "price": rng.normal(size=n), "sent": sent, "due": ordered.normalize()})


def test_auto_counts_the_days_between_dates():
    frame = orders()
    encoder = learn_encoder(read(frame), dates="auto", scaling="none")
    since = [name for name in encoder.feature_names if " since " in name]
    assert since == ["sent since ordered", "due since ordered", "due since sent"]
    rows = pd.DataFrame(encoder.encode(read(frame), np.float64), columns=encoder.feature_names)
    for name in since:
        later, earlier = name.split(" since ")
        days = (frame[later] - frame[earlier]) / pd.Timedelta(days=1)
        np.testing.assert_allclose(rows[name], days.fillna(days.mean()), rtol=0, atol=1e-10)
    batches = (read(frame).take(slice(i, i + 50)) for i in range(0, len(frame), 50))
    learned = learn_encoder(batches, dates="auto", scaling="quantile").to_header()
    assert learned == learn_encoder(read(frame), dates="auto", scaling="quantile").to_header()
    assert not any(" since " in name for name in learn_encoder(read(frame), dates="parts").feature_names)


def test_days_are_counted_between_the_first_five_columns_of_dates():
    day = np.arange(90)
    dates = {name: pd.Timestamp("2022-01-01") + pd.to_timedelta(day * k, "D") for k, name in enumerate("abcdefg")}
    since = {"c since b", "d since b", "d since c", "e since b", "e since c", "e since d"}  # a does not vary
    table = read(pd.DataFrame({"price": day, **dates}))
    for rows in (table, (table.take(slice(i, i + 30)) for i in range(0, 90, 30))):
        names = learn_encoder(rows, dates="auto").feature_names
        assert {name for name in names if " since " in name} == since


@pytest.mark.parametrize("scaling", ["standard", "robust", "quantile"])
def test_one_row_and_a_header_know_the_days_between_dates(scaling):
    frame = orders()
    encoder = learn_encoder(read(frame), dates="auto", scaling=scaling)
    rows = encoder.encode(read(frame), np.float64)
    again = Encoder.from_header(encoder.to_header())
    assert again.feature_names == encoder.feature_names
    np.testing.assert_array_equal(again.encode(read(frame[3:6]), np.float64), rows[3:6])


def test_a_header_counts_days_since_an_earlier_column_of_dates_only():
    header = learn_encoder(read(orders()), dates="auto").to_header()
    parts = header["numbers"]["parts"]
    for wrong in ("since 2", "since 3", "since 1.0"):
        header["numbers"]["parts"] = [wrong if part == "since 0" else part for part in parts]
        with pytest.raises(DataError, match="parts"):
            Encoder.from_header(header)


@pytest.mark.parametrize("dates", ["parts", "cyclic"])
@pytest.mark.parametrize("numbers", ["standard", "robust", "quantile", "none"])
def test_only_what_varies_has_a_column(dates, numbers):
    noon = pd.date_range("2024-03-01 12:00", periods=31, freq="D")
    names = learn_encoder(read({"when": noon}), dates=dates, scaling=numbers).feature_names
    assert (
        names
        == {
            "parts": ("when", "when weekday"),
            "cyclic": ("when", "when weekday sin", "when weekday cos"),
        }[dates]
    )
    opposite = pd.to_datetime(["2024-03-01 00:00", "2024-03-01 12:00"])  # the sine of both is 0
    names = learn_encoder(read({"when": opposite}), dates=dates, scaling=numbers).feature_names
    assert names == {"parts": ("when", "when hour"), "cyclic": ("when", "when hour sin", "when hour cos")}[dates]


@pytest.mark.parametrize("numbers", ["standard", "robust", "quantile", "minmax", "none"])
@pytest.mark.parametrize("dates", ["parts", "cyclic"])
def test_missing_dates_have_one_indicator_behind_their_parts(dates, numbers):
    frame = FRAME.assign(when=WHEN.where(FRAME["age"] % 3 > 0))
    table = read(frame)
    encoder = learn_encoder(table, dates=dates, scaling=numbers)
    at = encoder.feature_names.index("when missing")
    assert [name for name in encoder.feature_names if "missing" in name] == ["when missing"]
    assert at == max(np.flatnonzero(encoder.origin == 1))
    found = encoder.encode(table, np.float64)
    np.testing.assert_array_equal(found[:, at], FRAME["age"] % 3 == 0)
    known = frame["when"].dropna()
    filled = np.median if numbers in ("robust", "quantile") else np.mean
    for name, part in zip(CALENDAR, calendar(known).T, strict=True):
        if f"when {name}" in encoder.feature_names:
            k = encoder.feature_names.index(f"when {name}")
            i = list(encoder.numbers.parts).index(name)
            expected = encoder.numbers.transform(np.full((1, len(encoder.numbers.at)), filled(part)), np.float64)[0][
                0, i
            ]
            np.testing.assert_allclose(found[0, k], expected, rtol=1e-9, atol=1e-12)
    circles = [k for k, name in enumerate(encoder.feature_names) if name.endswith((" sin", " cos"))]
    assert (found[0, circles] == 0).all()


@pytest.mark.parametrize("dates", ["number", "parts", "cyclic"])
@pytest.mark.parametrize("numbers", ["robust", "quantile"])
def test_header_stream_and_single_rows(dates, numbers):
    table = read(FRAME.assign(when=WHEN.where(FRAME["age"] % 5 > 0)))
    encoder = learn_encoder(table, dates=dates, scaling=numbers)
    expected = encoder.encode(table, np.float64)
    back = Encoder.from_header(json.loads(json.dumps(encoder.to_header(), allow_nan=False)))
    assert (back.feature_names, back.number_positions) == (encoder.feature_names, encoder.number_positions)
    np.testing.assert_array_equal(back.encode(table, np.float64), expected)
    stream = learn_encoder((table.take(slice(i, i + 70)) for i in range(0, 400, 70)), dates=dates, scaling=numbers)
    np.testing.assert_array_equal(stream.encode(table, np.float64), expected)
    for i in (0, 1, 77):
        np.testing.assert_array_equal(encoder.encode(table.take([i]), np.float64)[0], expected[i])
    empty = encoder.encode(read({"age": [1.0], "when": [None], "job": ["a"]}), np.float64)
    np.testing.assert_array_equal(empty[0, 1:-4], expected[0, 1:-4])
