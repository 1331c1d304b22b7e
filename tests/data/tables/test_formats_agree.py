"""The same rows from a frame, Parquet, Feather and CSV: what each format keeps, as docs/reading.md has it."""

import datetime

import numpy as np
import pandas as pd
import pytest

from lamina.data.tables.sources import read

MOMENTS = [datetime.datetime(2020, 1, 1), datetime.datetime(2020, 2, 1, 6), datetime.datetime(2021, 1, 1)] * 40
DAYS = [datetime.datetime(2020, 1, day) for day in (1, 2, 3)] * 40
COLUMNS = {
    "number": [1.5, None, 3.25] * 40,
    "boolean": [True, False, True] * 40,
    "text": ["a", "b c", "ü"] * 40,
    "date": MOMENTS,
    "zone": pd.Series(MOMENTS).dt.tz_localize("Europe/Berlin"),
    "span": pd.to_timedelta(["1 days", "2 days 06:00:00", "-1 days"] * 40),
    "money": ["$1,234.50", "$7", "$8.25"] * 40,
    "level": pd.Categorical(["x", "y", "z"] * 40),
}
FRAME = pd.DataFrame(COLUMNS)
WRITERS = {
    "rows.parquet": FRAME.to_parquet,
    "rows.feather": FRAME.to_feather,
    "rows.csv": lambda path: FRAME.to_csv(path, index=False),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_what_the_frame_has(tmp_path, name):
    WRITERS[name](tmp_path / name)
    expected, found = read(FRAME), read(tmp_path / name)
    for j, column in enumerate(COLUMNS):
        assert found.at(j).kind == expected.at(j).kind
        np.testing.assert_array_equal(found.column(column), expected.column(column))


def test_categories_that_are_no_text(tmp_path):
    frame = pd.DataFrame({"number": pd.Categorical([1, 2, 3] * 40), "date": pd.Categorical(DAYS)})
    frame.to_parquet(tmp_path / "k.parquet")
    frame.to_feather(tmp_path / "k.feather")
    frame.to_csv(tmp_path / "k.csv", index=False)
    kinds = {
        str(name): [read(source).at(j).kind for j in range(2)]
        for name, source in (("frame", frame), *((one, tmp_path / f"k.{one}") for one in ("parquet", "feather", "csv")))
    }
    assert kinds == {
        "frame": ["category", "category"],
        "feather": ["category", "category"],
        "parquet": ["number", "date"],
        "csv": ["number", "date"],
    }
