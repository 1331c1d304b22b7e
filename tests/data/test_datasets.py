"""The packaged data sets, against the numbers that their publishers give."""

import hashlib
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lamina.data import datasets
from lamina.errors import DataError


def test_names_lists_both():
    assert datasets.names() == ("adult", "california_housing")


def test_adult_is_as_published():
    """48,842 rows, 6,465 missing values in 3,620 rows, 23.93 % above 50,000 dollars (UCI; OpenML 1590)."""
    table = pq.read_table(datasets.path("adult"))
    frame = table.to_pandas()
    assert table.shape == (48_842, 15)
    assert frame.isna().sum().sum() == 6_465
    assert frame.isna().any(axis=1).sum() == 3_620
    assert not (frame == "?").any(axis=None)
    assert round((frame["income"] == ">50K").mean(), 4) == 0.2393
    assert set(frame["income"]) == {"<=50K", ">50K"}
    assert (frame["age"].min(), frame["age"].max()) == (17, 90)


def test_california_housing_is_as_published():
    """20,640 rows with 1425.5 people on average (Pace and Barry, 1997); the first row as StatLib has it."""
    table = pq.read_table(datasets.path("california_housing"))
    frame = table.to_pandas()
    assert table.shape == (20_640, 9)
    assert frame.isna().sum().sum() == 0
    assert round(frame["population"].mean(), 1) == 1425.5
    first = frame.iloc[0]
    assert (first["longitude"], first["latitude"], first["house_age"], first["population"]) == (-122.23, 37.88, 41, 322)
    assert (first["median_income"], first["median_house_value"]) == (8.3252, 4.526)
    assert first["average_rooms"] == pytest.approx(880 / 126, rel=1e-7)  # StatLib: 880 rooms, 126 households


@pytest.mark.parametrize("name", datasets.names())
def test_documentation_gives_the_hash(name):
    page = (Path(__file__).parents[2] / "docs" / "datasets.md").read_text()
    assert f"| `{name}.parquet` here | `{hashlib.sha256(datasets.path(name).read_bytes()).hexdigest()}` |" in page


def test_both_are_small():
    assert sum(datasets.path(name).stat().st_size for name in datasets.names()) < 1_000_000


def test_unknown_name_suggests_the_nearest():
    with pytest.raises(DataError, match=r"no packaged data set 'adlut'\. Did you mean 'adult'\? There are: adult, cal"):
        datasets.path("adlut")
