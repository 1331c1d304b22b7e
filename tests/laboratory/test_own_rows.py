"""Somebody's own rows: read as data, described in the library's words, refused in a sentence."""

import base64
import tempfile

import numpy as np
import pandas as pd
import pytest

from lamina.errors import DataError, LaminaError
from lamina.laboratory import own_rows
from lamina.laboratory.bench import Bench
from lamina.laboratory.lab_rows import built_in
from lamina.laboratory.own_rows import for_page, lab_rows, notices, read_path, read_upload
from lamina.laboratory.pixels import pictures_of_rows, pictures_of_units, side_of_pictures
from lamina.laboratory.questions import answer


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    height = rng.normal(170, 10, 80)
    return pd.DataFrame(
        {
            "id": np.arange(80),
            "height": height,
            "town": rng.choice(["A", "B"], 80),
            "empty": np.nan,
            "tall": np.where(height > 170, "yes", "no"),
        }
    )


def csv(frame):
    return frame.to_csv(index=False).encode()


def test_an_upload_says_what_the_file_says(frame, tmp_path):
    frame.to_parquet(tmp_path / "rows.parquet")
    for own in (
        read_upload("people.csv", csv(frame)),
        read_upload("C:\\data\\rows.parquet", (tmp_path / "rows.parquet").read_bytes()),
        read_path(tmp_path / "rows.parquet"),
    ):
        assert own.table.names == tuple(frame.columns)
        np.testing.assert_array_equal(own.table.column("height"), frame.height)
        assert list(own.table.column("town")) == list(frame.town)


def test_an_upload_leaves_nothing_behind(frame, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    read_upload("people.csv", csv(frame))
    with pytest.raises(DataError):
        read_upload("people.csv", b"%PDF-1.4 no table")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("people.exe", b"x", "expected a name that ends in .csv"),
        ("people", b"x", "expected a name that ends in .csv"),
        ("../../etc/passwd", b"x", "expected a name that ends in .csv"),
        ("people.csv", b"", "'people.csv' is empty"),
        ("people.parquet", b"a,b\n1,2\n", "people.parquet"),
        ("people.csv", b"PK\x03\x04....", "Excel workbook"),
        ("people.csv", b"only\n1\n2\n", "single column"),
    ],
)
def test_what_is_no_table_is_refused(name, data, said):
    with pytest.raises(DataError, match=said.replace(".", r"\.")) as problem:
        read_upload(name, data)
    assert "lamina-lab-" not in str(problem.value)


def test_an_upload_has_a_largest_size(monkeypatch):
    monkeypatch.setattr(own_rows, "MOST_BYTES", 10)
    with pytest.raises(DataError, match="at most"):
        read_upload("people.csv", b"a,b\n1,2\n3,4\n")


def test_the_last_column_is_predicted_unless_another_is_named(frame):
    own = read_upload("people.csv", csv(frame))
    rows = lab_rows(own)
    assert (rows.target, rows.task, rows.X.names) == ("tall", "classifier", ("id", "height", "town", "empty"))
    rows = lab_rows(own, "height", ["id", "empty"])
    assert (rows.target, rows.task, rows.X.names) == ("height", "regressor", ("town", "tall"))
    np.testing.assert_array_equal(rows.y, frame.height)
    assert lab_rows(own, "id", task="classification").task == "classifier"


def test_rows_without_a_target_are_left_out(frame):
    frame.loc[[3, 5], "tall"] = None
    rows = lab_rows(read_upload("people.csv", csv(frame)))
    np.testing.assert_array_equal(rows.X.column("id"), np.delete(frame.id, [3, 5]))


@pytest.mark.parametrize(
    ("target", "left_out", "said"),
    [
        ("talll", (), "no column 'talll'.*tall"),
        ("tall", ("idd",), "no column 'idd'"),
        ("tall", ("id", "height", "town", "empty"), "no column is left"),
        ("empty", (), "no value in any row"),
    ],
)
def test_columns_that_do_not_fit_are_refused(frame, target, left_out, said):
    with pytest.raises(DataError, match=said):
        lab_rows(read_upload("people.csv", csv(frame)), target, left_out)


def test_the_library_says_which_columns_are_of_no_use(frame):
    own = read_upload("people.csv", csv(frame))
    said = {one.columns: one for one in notices(own, "tall")}
    assert said[("id",)].leave_out
    assert "--" not in " ".join(one.text for one in said.values())
    assert ("id",) not in {one.columns for one in notices(own, "tall", ("id",))}


def test_advice_for_the_command_line_is_put_in_the_page_s_words():
    assert for_page("an identifier. Drop it: --drop 'my id'") == "an identifier. Leave it out."
    assert for_page("when you predict? If not: --drop x") == "when you predict? If not, leave it out."


def test_the_page_uploads_looks_and_learns(frame):
    bench = Bench(built_in("lesson"))
    with pytest.raises(LaminaError, match="choose a file to upload"):
        answer(bench, "open_own", {})
    sent = answer(bench, "upload", {"name": "people.csv", "data": base64.b64encode(csv(frame)).decode()})
    assert [one["name"] for one in sent["columns"]] == list(frame.columns)
    assert bench.rows.name == "lesson"
    answer(bench, "open_own", {"target": "tall", "left_out": ["id", "empty"]})
    assert (bench.rows.name, bench.run.columns.encoder.names_in) == ("people.csv", ("height", "town"))
    bench.play(40, wait=True)
    assert bench.head == 40


@pytest.mark.parametrize("data", ["a,b", "YQ=", "é"])
def test_an_upload_must_be_base64(data):
    with pytest.raises(LaminaError, match="base64"):
        answer(Bench(built_in("lesson")), "upload", {"name": "people.csv", "data": data})


# ---- pixels ----


def test_columns_are_pixels_where_they_make_a_square_of_one_range():
    rng = np.random.default_rng(0)
    pixels = own_rows.read(rng.integers(0, 17, (30, 64)).astype(float))
    assert side_of_pictures(pixels) == 8
    assert side_of_pictures(pixels.select(pixels.names[:63])) == 0
    assert side_of_pictures(own_rows.read(rng.normal(size=(30, 64)))) == 0
    assert lab_rows(
        own_rows.OwnTable(
            "digits.csv",
            own_rows.read({**{f"p{j}": rng.integers(0, 17, 30) for j in range(64)}, "y": rng.integers(0, 2, 30)}),
        )
    ).pixels == (8, 8)


def test_pictures_have_the_shades_of_the_pixels():
    rows = built_in("digits")
    table = own_rows.read(rows.X)
    found = pictures_of_rows(table, np.array([4, 7]))
    np.testing.assert_array_equal(
        found.shades[1], np.rint(255 * np.array([table.column(name)[7] for name in table.names]))
    )
    bench = Bench(rows)
    encoder, W1 = bench.run.columns.encoder, np.arange(128.0).reshape(2, 64) - 64
    units = pictures_of_units(W1, encoder)
    np.testing.assert_array_equal(units.shades, np.clip(np.rint((W1 + 64) / 128 * 255), 0, 255))


ODD = {
    "one row": "a,b,y\n1,2,0\n",
    "four rows": "a,b,y\n0,0,0\n0,1,1\n1,0,1\n1,1,0\n",
    "a column without a value": "a,b,y\n" + "".join(f",{k},{k % 2}\n" for k in range(40)),
    "numbers at the edge": "a,b,y\n" + "".join(f"{(-1) ** k * 1.7e308},{k},{'pq'[k % 2]}\n" for k in range(40)),
    "constant columns": "a,b,y\n" + "".join(f"5,7,{k % 2}\n" for k in range(40)),
    "one class": "a,b,y\n" + "".join(f"{k},{k % 5},same\n" for k in range(40)),
    "a class with one row": "a,b,y\n" + "".join(f"{k},{k % 5},{'x' if k else 'z'}\n" for k in range(40)),
    "dates": "day,b,y\n" + "".join(f"2024-01-{1 + k % 28:02d},{k % 5},{k % 2}\n" for k in range(40)),
    "text with commas": "t,x,y\n" + "".join(f'"well, {k % 4}",{k},{"ab"[k % 2]}\n' for k in range(40)),
}


@pytest.mark.filterwarnings("ignore::lamina.errors.DataWarning")
@pytest.mark.parametrize("table", ODD.values(), ids=ODD)
def test_every_view_speaks_of_odd_tables(table):
    bench = Bench(lab_rows(read_upload("odd.csv", table.encode())))
    for step in (0, 3):
        if step:
            bench.play(step, wait=True)
        for name in ("overview", "plane", "curves", "settings", "frame"):
            answer(bench, name, {})
        for name in ("trace", "lines", "lesson", "nudge", "health", "frame", "snapshot"):
            answer(bench, name, {"step": step})
        answer(bench, "unit", {"step": step, "layer": 1, "unit": 1})
        answer(bench, "python", {"step": step, "dialect": "numpy"})
