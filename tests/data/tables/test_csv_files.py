"""CSV files as people have them: separators, decimal signs, encodings, odd cells, broken rows."""

import gzip
import io

import numpy as np
import pandas as pd
import pytest

from lamina.data.encoding.learning import learn_encoder
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


def contents(table):
    return {name: (table.at(j).kind, table.column(name).tolist()) for j, name in enumerate(table.names)}


def both(path, **options):
    """Read a file whole and as a stream of two rows each; both give the same columns and values."""
    whole = read(path, **options)
    parts = list(stream(path, 2, **options))
    for j, name in enumerate(whole.names):
        assert {part.at(j).kind for part in parts} == {whole.at(j).kind}
        joined = np.concatenate([part.column(name) for part in parts])
        np.testing.assert_array_equal(joined, whole.column(name))
    assert [part.row_number(0) for part in parts] == list(range(0, whole.n_rows, 2))
    return contents(whole)


def test_kinds(write):
    path = write(
        "n,x,t,b,d,m\n1,0.5,ab,true,2020-01-31,2020-01-31 06:00:00\n2,,,false,1970-01-01,1970-01-02 00:00:00\n"
    )
    assert both(path)["n"] == ("number", [1, 2])
    found = both(path)
    assert found["x"][0] == "number"
    assert found["t"] == ("category", ["ab", None])
    assert found["b"] == ("boolean", [True, False])
    assert found["d"] == ("date", [18292, 0])
    assert found["m"] == ("date", [18292.25, 1])


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_separators_and_line_ends(write, separator, newline, last):
    text = newline.join(separator.join(row) for row in (["a", "b c"], ["1", "x"], ["2", "y"])) + newline * last
    assert both(write(text)) == {"a": ("number", [1, 2]), "b c": ("category", ["x", "y"])}


def test_against_pandas(write):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "n": rng.integers(-5, 5, 500),
            "x": np.where(rng.random(500) < 0.1, np.nan, rng.normal(size=500)),
            "t": rng.choice(["a", 'say "b"', "c, d", "e\nf", "ü"], 500),
        }
    )
    exactly = {"float_precision": "round_trip"} if pd.__version__ < "3" else {}  # pandas 2 rounds by default
    for separator in ",;\t":
        path = write(frame.to_csv(index=False, sep=separator))
        table = read(path)
        expected = pd.read_csv(path, sep=separator, **exactly)
        for name in frame:
            np.testing.assert_array_equal(table.column(name), expected[name].to_numpy())


def test_decimal_commas(write):
    """Excel of half of Europe writes 3,5 and separates by semicolons."""
    assert both(write("a;b\n1,5;2\n-3;4\n")) == {"a": ("number", [1.5, -3]), "b": ("number", [2, 4])}
    assert both(write("a;b\n1.5;2\n-3;4\n"))["a"] == ("number", [1.5, -3])
    assert both(write("a;b\n1.5;x,y\n2,5;z\n"))["a"][0] == "category"  # both signs: nobody can tell
    path = write("a;b\n1,500;2\n3,000;4\n")
    with pytest.warns(DataWarning, match="column 'a': text.*1,234 may be one and a fraction, or a thousand"):
        assert both(path)["a"] == ("category", ["1,500", "3,000"])
    assert both(path, decimal=",")["a"] == ("number", [1.5, 3])
    assert both(path, thousands=",")["a"] == ("number", [1500, 3000])
    assert both(write('a,b\n"1,5",2\n'))["a"] == ("number", [1.5])  # what else should the comma be


def test_quotes(write):
    path = write('a,b\n1,"x\ny"\n2,"say ""hi"""\n3,"p,q"\n')
    assert both(path)["b"] == ("category", ["x\ny", 'say "hi"', "p,q"])


def test_line_breaks_in_cells_of_a_large_file(write):
    """pyarrow cuts a file into blocks of a megabyte, at line ends: they may not be those inside a cell."""
    n = 60_000
    path = write("a,b\n" + "".join(f'{i},"first line of {i % 7}\nsecond\nthird"\n' for i in range(n)))
    for tables in ([read(path)], stream(path)):
        column = np.concatenate([table.column("a") for table in tables])
        np.testing.assert_array_equal(column, np.arange(n))


def test_byte_order_mark_and_encodings(write):
    assert list(both(write("\ufeffa,b\n1,x\n"))) == ["a", "b"]
    assert both(write("a,b\n1,é\n", encoding="latin-1"), encoding="latin-1")["b"] == ("category", ["é"])
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        for options in ({}, {"encoding": encoding}):
            assert both(write("a,b\n1,é\n", encoding=encoding), **options)["b"] == ("category", ["é"])
    with pytest.raises(SettingError, match="unknown encoding 'klingon'"):
        read(write("a\n1\n"), encoding="klingon")


def test_missing_values_however_they_are_spelled(write):
    spellings = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?", " ?", " NA "]
    path = write("n,t\n7,word\n" + "".join(f"{one},{one}\n" for one in spellings))
    with pytest.warns(DataWarning, match=r"words taken as missing values.*'t': 'NA' 2 times, '\?' 2 times"):
        table = read(path)
    assert table.at(0).kind == "number"
    assert table.at(1).kind == "category"
    assert table.column("t").tolist() == ["word"] + [None] * len(spellings)
    found = table.column("n")
    assert found[0] == 7
    assert np.isnan(found[1:]).all()


@pytest.mark.filterwarnings("ignore:words taken as missing")
def test_blanks_around_names_and_cells(write):
    """adult.data has ", " between its cells."""
    assert both(write("age, job\n39, clerk\n 40, ?\n41, clerk \n")) == {
        "age": ("number", [39, 40, 41]),
        "job": ("category", ["clerk", None, "clerk"]),
    }


def test_leading_zeros_stay(write):
    path = write("zip,n,y\n01234,1,0\n99999,2,00\n")
    assert both(path) == {
        "zip": ("category", ["01234", "99999"]),
        "n": ("number", [1, 2]),
        "y": ("category", ["0", "00"]),
    }
    assert both(path, text=["n", "not there"])["n"] == ("category", ["1", "2"])
    assert both(write("x,t\n0.5,00:30\n0,10:00\n"))["x"] == ("number", [0.5, 0])


def test_types_are_those_of_the_whole_file(write):
    """The beginning of each column misleads; it is longer than the block that pyarrow looks at."""
    n = 200_000
    text = io.StringIO()
    pd.DataFrame(
        {
            "real": np.arange(n),
            "text": np.arange(n),
            "late": [""] * n,
            "day": ["2020-01-31"] * n,
            "flag": ["true"] * n,
        }
    ).to_csv(text, index=False)
    path = write(text.getvalue() + "0.5,x,2.5,2020-01-31 06:00:00,maybe\n,1.50,3,,\n")
    odd = r"column 'text': 1 of 200,002 cells is no number.*'x' in 'rows\.csv', line 200002"
    with pytest.warns(DataWarning, match=odd):
        whole = read(path)
    with pytest.warns(DataWarning, match=odd):
        run = stream(path)
    parts = list(run)
    kinds = ["number", "number", "number", "date", "category"]
    assert [whole.at(j).kind for j in range(5)] == kinds
    for part in parts:
        assert [part.at(j).kind for j in range(5)] == kinds
    last = parts[-1]
    assert last.column("real")[-2] == whole.column("real")[-2] == 0.5
    np.testing.assert_array_equal(last.column("text")[-2:], [np.nan, 1.5])
    np.testing.assert_array_equal(whole.column("text")[-3:], [n - 1, np.nan, 1.5])
    assert last.column("late")[-2:].tolist() == [2.5, 3]
    assert last.column("day")[-2] == 18292.25
    assert last.column("flag")[-3:].tolist() == ["true", "maybe", None]


def test_a_compressed_file(write):
    assert both(write(gzip.compress(b"a,b\n1,x\n2,y\n"), "rows.csv.gz"))["a"] == ("number", [1, 2])
    with pytest.raises(FileError, match=r"'rows\.csv' is compressed: give it the suffix \.gz"):
        read(write(gzip.compress(b"a,b\n1,x\n2,y\n")))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n3,4,5\n", r"'rows\.csv', line 3: 2 fields expected, as in the header, found 3: '3,4,5'"),
        ("a,b\n1,2\n\n3\n4,5\n", r"line 4: 2 fields expected, as in the header, found 1: '3'"),
        ('a,b\n"x\ny",2\n3,4,5\n', r"line 4: 2 fields"),
        ("a;b\n1;2\n3;4;5\n", r"line 3: 2 fields expected, as in the header, found 3: '3;4;5'"),
        ('a,b\n1,2\n3,"x\n4,y\n', r"a quote after line 2 is never closed"),
        ("", r"'rows\.csv' is empty: a header line and rows expected"),
        ("\n \n", r"is empty"),
        ("a,b\n", r"'rows\.csv' has a header \(a, b\) and no rows"),
        ("a,b", r"has a header \(a, b\) and no rows"),
        (b"\x00\x01\x02\xff" * 20, r"is no CSV, Parquet or Arrow table: it is binary"),
        (b"PK\x03\x04\x14\x00", r"looks like an Excel workbook or zip archive: save the sheet as CSV"),
        ("<!DOCTYPE html><p>", r"looks like HTML or XML"),
        (' {"a": 1}', r"looks like JSON"),
        (b"SQLite format 3\x00", r"an SQLite database"),
        (
            "a,b\n1,é\n".encode("latin-1"),
            r"line 2: no utf-8 text \(byte 0xe9\).*Save the file as UTF-8, or read it with encoding='latin-1'",
        ),
        ("é,b\n1,2\n".encode("latin-1"), r"line 1: no utf-8 text \(byte 0xe9\)"),
    ],
)
def test_files_that_are_no_tables(write, content, message):
    path = write(content)
    for take in (read, stream):
        with pytest.raises(FileError, match=message):
            take(path)


def test_the_line_of_a_fault_deep_in_a_large_file(write):
    path = write("a,b\n" + "1,2\n" * 300_000 + "1,2,3\n" + "1,2\n" * 1000)
    for take in (read, stream):
        with pytest.raises(FileError, match="line 300002: 2 fields expected, as in the header, found 3"):
            take(path)
    path = write(b"a,b\n" + b"1,x\n" * 300_000 + b"1,\xe9\n")
    for take in (read, stream):
        with pytest.raises(FileError, match="line 300002: no utf-8 text"):
            take(path)


def test_names_that_occur_twice(write):
    for content in ("a,b,a\n1,2,3\n", "a, a\n1,2\n"):
        with pytest.raises(ColumnError, match="column names occur more than once: 'a'"):
            read(write(content))


def test_headers_that_are_none(write):
    with pytest.warns(DataWarning, match=r"the first line of 'rows\.csv' has numbers in it \(5\.1, 3\.5, \.\.\.\)"):
        read(write("5.1,3.5\n4.9,3.0\n"))
    with pytest.warns(DataWarning, match="column 1 of 'rows.csv' has no name: it is called 'unnamed_0'; drop it"):
        assert read(write(",a\n0,5\n1,6\n")).names == ("unnamed_0", "a")


def test_paths_that_lead_nowhere(write, tmp_path):
    write("a\n1\n", "train.csv")
    (tmp_path / "nothing").mkdir()
    for path, message in (
        (tmp_path / "trian.csv", r"no file '.*trian\.csv'\. Did you mean 'train\.csv'\?"),
        (tmp_path / "nowhere" / "train.csv", r"the folder '.*nowhere' does not exist"),
        (tmp_path / "nothing", "holds no tables"),
    ):
        for take in (read, stream):
            with pytest.raises(FileError, match=message):
                take(path)


def test_infinity_is_read_and_refused_by_name(write):
    with pytest.raises(DataError, match=r"infinity.*column 'a', row 1"):
        learn_encoder(read(write("a\n1\n1e400\n")))
