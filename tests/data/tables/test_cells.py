"""One rule for the cells of text: numbers, dates or text; the same for files, streams, frames, and rows to predict."""

import datetime
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.data.encoding.encoder import Encoder
from lamina.data.encoding.learning import learn_encoder
from lamina.data.tables.cells import Evidence, decide
from lamina.data.tables.columns import Column
from lamina.data.tables.reading import Reading
from lamina.data.tables.sources import read
from lamina.errors import ColumnError, DataError, DataWarning, FileError, SettingError
from streamed import stream


@pytest.fixture
def write(tmp_path):
    def write(content, name="rows.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


def column_of(cells):
    """Return the cells as a quoted column of a CSV file beside another one."""
    return "v;y\n" + "".join(f'"{cell}";{i % 2}\n' for i, cell in enumerate(cells))


def everywhere(write, cells):
    """Return the first column as a file, a stream, frames of three libraries and an array of objects have it."""
    path = write(column_of(cells))
    parts = [part.at(0) for part in stream(path, 16)]
    assert len({part.kind for part in parts}) == 1
    whole = Column(parts[0].name, parts[0].kind, np.concatenate([part.array() for part in parts]))
    rows = np.array([[cell, 1] for cell in cells], object)
    frames = [pd.DataFrame({"v": cells}), pl.DataFrame({"v": cells}), pa.table({"v": cells}), rows]
    return [read(path).at(0), whole, *(read(frame).at(0) for frame in frames)]


NUMBERS = {
    "$": (["$1,234.50", "$7.00", "-$3"], [1234.5, 7, -3]),
    "euro behind": (["1.234,50 €", "7 €", "-3,5 €"], [1234.5, 7, -3.5]),
    "CHF": (["CHF 1'234.50", "CHF 7.00"], [1234.5, 7]),
    "percent": (["5%", "12.5 %", "-1%"], [0.05, 0.125, -0.01]),
    "unit": (["5 kg", "12 kg", "0.5kg"], [5, 12, 0.5]),
    "thousands of the USA": (["1,234,567", "12", "1,234.5"], [1234567, 12, 1234.5]),
    "of Germany": (["1.234.567", "12", "1.234,5"], [1234567, 12, 1234.5]),
    "of France": (["1 234 567", "12,5", "1\u202f234,5"], [1234567, 12.5, 1234.5]),
    "of Switzerland": (["1'234", "12", "1’234.5"], [1234, 12, 1234.5]),
    "decimal commas": (["3,5", "4,25", "12"], [3.5, 4.25, 12]),
    "the minus of books": (["−5", "7.5", "−0.5"], [-5, 7.5, -0.5]),
    "blanks": ([" 5", "6.5 ", "7"], [5, 6.5, 7]),
    "times of day": (["6:30", "18:00", "00:15"], [6.5, 18, 0.25]),
    "spans of pandas": (["1 days 06:00:00", "-1 days +18:00:00", "2 days"], [1.25, -0.25, 2]),
}


@pytest.mark.parametrize("style", NUMBERS)
def test_numbers_beyond_doubt(write, style):
    cells, numbers = NUMBERS[style]
    for column in everywhere(write, cells * 20):
        assert column.kind == "number"
        np.testing.assert_allclose(column.values, numbers * 20, rtol=1e-15)


DATES = {
    "d.m.Y": (["31.12.2020", "1.2.2021", "01.02.2021 06:00"], ["2020-12-31", "2021-02-01", "2021-02-01T06"]),
    "m/d/Y": (["12/31/2020", "2/1/2021"], ["2020-12-31", "2021-02-01"]),
    "d/m/Y": (["31/12/2020", "1/2/2021"], ["2020-12-31", "2021-02-01"]),
    "Y/m/d": (["2020/12/31", "2021/2/1"], ["2020-12-31", "2021-02-01"]),
    "ISO": (
        ["2020-12-31", "2021-02-01 06:00", "2021-02-01T06:00:00Z"],
        ["2020-12-31", "2021-02-01T06", "2021-02-01T06"],
    ),
}


@pytest.mark.parametrize("style", DATES)
def test_dates_beyond_doubt(write, style):
    cells, dates = DATES[style]
    days = np.array(dates, "M8[h]").astype(float) / 24
    for column in everywhere(write, cells * 20):
        assert column.kind == "date"
        np.testing.assert_array_equal(column.values, np.tile(days, 20))


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (["1,234", "3,456"], "1,234 may be one and a fraction, or a thousand"),
        (["01/02/2020", "03/04/2021"], "1/2/2020 may be in January or February"),
        (["1-2-2020", "3-4-2021"], "1-2-2020 may be in January or February"),
        (["(5)", "7.5"], r"30 of 60 cells are written in another way, the first is '\(5\)'"),
        (["$5", "5.5 kg"], "30 of 60 cells are written in another way"),
    ],
)
def test_doubt_is_text_with_a_warning(write, cells, why):
    path = write(column_of(cells * 30))
    for source in (path, pd.DataFrame({"v": cells * 30})):
        with pytest.warns(DataWarning, match=f"column 'v': text.*{why}"):
            assert read(source).at(0).kind == "category"
    with pytest.warns(DataWarning, match=why):
        assert next(iter(stream(path))).at(0).kind == "category"


@pytest.mark.parametrize(
    "cell",
    [
        "n.a.",
        "none",
        "-",
        "total",
        "#DIV/0!",
        "<0.1",
        "12:30",
        "1e",
        "1.2.3",
        "2020-01-01",
        "$5",
        "0x1F",
        "5 m",
    ],
)
def test_a_stray_cell_is_missing_and_named(write, cell):
    cells = [f"{i}.5" for i in range(400)]
    path = write("v;y\n" + "".join(f"{one};1\n" for one in [*cells, cell]))
    with pytest.warns(DataWarning) as told:
        column = read(path).at(0)
    assert [str(one.message) for one in told] == [
        f"column 'v': 1 of 401 cells is no number and taken as missing, the first is {cell!r} in 'rows.csv', line 402. "
        "To take the column as text: text=['v'], on the command line --text 'v'"
    ]
    np.testing.assert_array_equal(column.values, [*map(float, cells), np.nan])
    with pytest.warns(DataWarning, match="line 402"):
        parts = list(stream(path, 100))
    np.testing.assert_array_equal(np.concatenate([part.column("v") for part in parts]), column.values)
    with pytest.warns(DataWarning, match="1 of 401 cells is no number.* in row 400"):
        np.testing.assert_array_equal(read({"v": [*cells, cell]}).column("v"), column.values)
    assert read(path, text=["v"]).at(0).kind == "category"


@pytest.mark.parametrize("cells", [["a1", "b2"], ["red", "blue"], ["12a-3", "14b-7"], ["1.2.3", "4.5.6"], ["A-1", "7"]])
def test_text_is_text_without_a_word(write, cells):
    for column in everywhere(write, cells * 3):
        assert column.kind == "category"


def test_blanks_never_decide(write):
    path = write("a, b, c\n" + "1, NA, ?\n2, 3.5,  x\n3, , x \n" * 20)
    with pytest.warns(DataWarning, match=r"words taken as missing values in 'rows\.csv': 'c': '\?' 20 times\."):
        table = read(path)
    np.testing.assert_array_equal(table.column("b")[:3], [np.nan, 3.5, np.nan])
    assert table.column("c").tolist()[:3] == [None, "x", "x"]
    assert learn_encoder(read({"c": [" a", "a ", "b"]})).categories[0].levels == ("a", "b")


def test_quoted_words_are_text(write):
    land = ["NA", "DE", "None", "?", ""] * 24
    frame = pd.DataFrame({"land": land, "n": np.arange(120)})
    path = write(frame.to_csv(index=False, quoting=1))
    assert read(path).column("land").tolist() == read(frame).column("land").tolist() == land
    assert np.concatenate([part.column("land") for part in stream(path, 50)]).tolist() == land
    assert read(path).column("n").tolist() == list(range(120))  # all cells quoted: numbers stay numbers


def test_words_that_mean_missing_can_be_chosen(write):
    path = write("land,n\n" + "NA,1\nDE,n.v.\nFR,3\n" * 20)
    table = read(path, missing_words=["n.v."])
    assert table.column("land").tolist()[:3] == ["NA", "DE", "FR"]
    np.testing.assert_array_equal(table.column("n")[:3], [1, np.nan, 3])
    assert learn_encoder(table).reading.missing_words == ("n.v.",)


@pytest.mark.parametrize("zeros", ["007", "0010", "00", " 007", '"007"'])
def test_leading_zeros_are_text(write, zeros):
    path = write("id,x\n" + f"{zeros},0.5\n7,007.5\n" * 60)
    for table in (read(path), next(iter(stream(path)))):
        assert table.column("id").tolist()[:2] == [zeros.strip(' "'), "7"]
        assert table.column("x").tolist()[:2] == [0.5, 7.5]
    late = write("id,x\n" + "7,1\n" * 300_000 + f"{zeros},1\n")
    assert read(late).column("id")[-1] == zeros.strip(' "')
    assert list(stream(late))[-1].column("id")[-1] == zeros.strip(' "')


def test_whole_numbers_too_long_for_floats_are_text(write):
    ids = [str(36 * 10**19 + i % 3) for i in range(99)]
    path = write("id,h,x\n" + "".join(f"{one},0x1F,1e30\n" for one in ids))
    for table in (read(path), next(iter(stream(path)))):
        assert table.column("id").tolist() == ids
        assert table.at(1).kind == "category"  # hexadecimal is no number of a table
        assert table.at(2).kind == "number"
    with pytest.warns(
        DataWarning, match=r"column 'id': of 4 different whole numbers, some beyond 2\*\*53, float64 tells 3"
    ):
        read(write("id,y\n" + "".join(f"{2**53 + i},0\n" for i in range(4))))


def test_a_line_break_of_windows_on_the_edge_of_a_block(write):
    """pyarrow takes the LF away where a block of a megabyte ends in the CR before it, also inside quotes."""
    for shift in range(12):
        path = write("c" * (9 + shift) + ",z\r\n" + '"A\r\nB",1\r\n' * 110_000)
        assert read(path).at(0).levels.tolist() == ["A\r\nB"]
        assert {level for part in stream(path) for level in part.at(0).levels} == {"A\r\nB"}


def test_a_first_line_wider_than_any_sample(write):
    names = [f"gene_{i:05d}" for i in range(12_000)]
    row = ",".join(["1"] * len(names))
    path = write("\n".join([",".join(names), *[row] * 7]))
    assert read(path).names == tuple(names)
    assert sum(part.n_rows for part in stream(path)) == 7


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("sep=;\na;b\n1;2\n", {"a": [1], "b": [2]}),
        ("sep=|\r\na|b\r\n1|2\r\n", {"a": [1], "b": [2]}),
        ("# made by hand, today\n# twice\na,b\n1,2\n", {"a": [1], "b": [2]}),
        ("#a,b\n1,2\n", {"#a": [1], "b": [2]}),
        ("a,b\n1,2\n   \n\n3,4\n  \n", {"a": [1, 3], "b": [2, 4]}),
        ("[id],<5%\n1,2\n", {"[id]": [1], "<5%": [2]}),
        ("{a},b\n1,2\n", {"{a}": [1], "b": [2]}),
    ],
)
def test_habits_of_writers(write, content, columns):
    path = write(content)
    for table in (read(path), next(iter(stream(path)))):
        assert {name: table.column(name).tolist() for name in table.names} == columns


def test_lines_before_the_header_count(write):
    path = write("# by hand, today\nsep\na,b\n1,2\n".replace("sep\n", "") + "1,2,3\n")
    with pytest.raises(FileError, match="line 4: 2 fields expected"):
        read(path)
    path = write("sep=;\nv;y\n" + "1.5;0\n" * 50 + "odd;0\n")
    with pytest.warns(DataWarning, match="'odd' in 'rows.csv', line 53"):
        read(path)


def test_errors_say_the_line_and_the_flag(write):
    with pytest.raises(FileError, match=r"'rows\.csv'.*after line \d+"):
        read(write("a,b\n1,2\n" + '3,"' + "x" * 140_000 + "\n4,5\n"))
    with pytest.raises(FileError, match=r"--encoding latin-1"):
        read(write("a,b\n1,é\n".encode("latin-1")))
    with pytest.raises(SettingError, match=r"decimal and thousands are both ','"):
        read(write("a,b\n1,2\n"), decimal=",", thousands=",")


def test_row_numbers_of_pandas_are_pointed_out(write):
    with pytest.warns(DataWarning, match="column 'Unnamed: 0'.*row numbers, as pandas wrote them: drop it"):
        read(write("Unnamed: 0,a\n0,5\n"))


# ---- rows to predict ----


def test_rows_to_predict_are_read_as_those_of_training(write):
    train = write("price;day;zip;n\n" + "1.234,5;31.12.2020;007;1\n7;1.2.2021;12;2\n" * 30)
    encoder = learn_encoder(read(train))
    back = Encoder.from_header(encoder.to_header())
    assert back.reading == encoder.reading
    new = write("zip;price;day;n;more\n7;1.234;3.4.2021;2;x\n", "new.csv")  # alone, 1.234 is a number between 1 and 2
    for reading in (encoder.reading, back.reading):
        for table in (read(new, reading=reading), next(iter(stream(new, reading=reading)))):
            assert table.column("price").tolist() == [1234]
            assert table.at(table.names.index("zip")).levels.tolist() == ["7"]
            assert table.at(table.names.index("day")).kind == "date"
    frame = pd.DataFrame({"zip": ["7"], "price": ["1.234"], "day": [datetime.date(2021, 4, 3)], "n": [2]})
    np.testing.assert_array_equal(
        encoder.encode(read(frame, reading=encoder.reading)), encoder.encode(read(new, reading=encoder.reading))
    )


def test_a_clean_file_leaves_no_mark_in_a_model(write):
    assert "reading" not in learn_encoder(read(write("a,b\n1,x\n2,y\n"))).to_header()


def test_text_where_training_had_numbers(write):
    encoder = learn_encoder(read({"v": [1.5, 2.5, 3.5]}))
    assert read({"v": ["7", "8"]}, reading=encoder.reading).at(0).kind == "number"
    path = write("v,y\n" + "1.5,0\n" * 60_000 + "odd,0\n" + "2.5,0\n" * 100)
    with pytest.warns(DataWarning, match="1 of 60,101 cells is no number.*'odd' in 'rows.csv', line 60002"):
        run = stream(path, 1000, reading=encoder.reading)
    assert {part.at(0).kind for part in run} == {"number"}
    with pytest.raises(ColumnError, match=r"'v' held numbers in training.*: 'x' in 'rows\.csv', line 3\. Correct it"):
        stream(write("v,y\n1.5,0\nx,1\n"), reading=encoder.reading)


@pytest.mark.parametrize(
    "header",
    [
        [],
        {"unknown": 1},
        {"written": {"a": ["no style", "", ""]}},
        {"written": {"a": ["1.5"]}},
        {"written": []},
        {"decimal": 5},
        {"text": "a"},
    ],
)
def test_a_header_of_something_else_is_refused(header):
    with pytest.raises(DataError, match="encoder reading"):
        Reading.from_header(header)


CELLS = [
    "1.5",
    "7",
    "007",
    "1,234",
    "1.234,5",
    "$5",
    "5%",
    "x",
    "",
    "NA",
    "31.12.2020",
    "1/2/2020",
    "13/1/2020",
    "9" * 20,
]


@given(st.lists(st.sampled_from(CELLS), max_size=40), st.integers(0, 40))
def test_batches_say_what_all_rows_say(cells, at):
    def seen(part, row):
        levels = sorted(set(part))
        codes = np.array([levels.index(cell) for cell in part], np.int64)
        return Evidence.of(Column("c", "category", codes, np.array([*levels, None], object)[:-1]), ("NA",), row)

    whole, joined = seen(cells, 0), seen(cells[:at], 0).joined(seen(cells[at:], len(cells[:at])))
    assert (joined.total, joined.fits, joined.first) == (whole.total, whole.fits, whole.first)
    assert joined.misfits == whole.misfits
    for typed in (True, False):
        assert decide("c", joined, Reading(), typed) == decide("c", whole, Reading(), typed)


def test_frames_that_spell_whole_numbers_are_meant_as_text():
    """Zip codes that were read with dtype=str: the frame has types, and this is its."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(pd.DataFrame({"zip": ["10115", "80331"] * 20})).at(0).kind == "category"
        assert read(pd.DataFrame({"c": pd.Categorical(["1.5", "2.5"] * 20)})).at(0).kind == "category"
