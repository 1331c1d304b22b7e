"""Where a fault is, as the user sees it: the file, the line of it, the column. And what to do, in flags."""

import re
from pathlib import Path

import pandas
import pytest

from lamina.cli.wording import for_command_line

QUICK = ("--preset", "sklearn", "--max-iter", "2", "--hidden-layer-sizes", "4", "--random-state", "1")
GOOD = "a,b,w,y\n" + "".join(f"{i},t{i % 2},1,c{i % 2}\n" for i in range(20))


def error(done):
    assert done.code == 1, done
    last = done.err.splitlines()[-1]
    assert last.startswith("error: ")
    return last.removeprefix("error: ")


def replaced(line, text):
    """The good table with another line, counted from 1, the header included."""
    lines = GOOD.splitlines()
    lines[line - 1] = text
    return "\n".join(lines) + "\n"


FAULTS = {
    "no target": (replaced(5, "3,t1,1,"), "line 5, column 'y': has no value: 1 row, this is the first"),
    "infinity": (replaced(6, "inf,t1,1,c1"), "line 6, column 'a': contains infinity"),
    "no weight": (replaced(8, "3,t1,,c1"), "line 8, column 'w': sample weights are finite"),
    "a negative weight": (replaced(9, "3,t1,-2,c1"), "line 9, column 'w': sample weights are not negative; found -2"),
    "an infinite weight": (replaced(9, "3,t1,inf,c1"), "line 9, column 'w': sample weights are finite"),
}


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("where", ["training", "validation"])
def test_training_rows_and_validation_rows(lamina, folder, kind, where):
    text, message = FAULTS[kind]
    Path("tr.csv").write_text(text if where == "training" else GOOD)
    Path("va.csv").write_text(text if where == "validation" else GOOD)
    words = ("--target", "y", "--weights", "w", "--validation", "va.csv")
    file = "tr.csv" if where == "training" else "va.csv"
    assert error(lamina("train", "tr.csv", *words, *QUICK)).startswith(f"{file}, {message}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (replaced(7, "1e300,t1,1,c1"), "va.csv, line 7, column 'a': contains a value too large"),
        (replaced(5, "3,t1,1,third"), "va.csv, line 5, column 'y': unknown class 'third': the classes are"),
        (GOOD.replace("a,b,", "a,bb,"), "va.csv: trained on 2 columns, these rows have 2; missing: b"),
    ],
)
def test_what_only_validation_rows_can_have(lamina, folder, text, message):
    Path("tr.csv").write_text(GOOD)
    Path("va.csv").write_text(text)
    words = ("--target", "y", "--weights", "w", "--validation", "va.csv")
    assert error(lamina("train", "tr.csv", *words, *QUICK)).startswith(message)


def test_validation_rows_in_other_units_are_warned_of(lamina, folder):
    Path("tr.csv").write_text(GOOD)
    Path("va.csv").write_text(re.sub(r"^(\d+),", r"-1\g<1>000,", GOOD, flags=re.MULTILINE))
    done = lamina("train", "tr.csv", "--target", "y", "--drop", "w", "--validation", "va.csv", *QUICK)
    assert done.code == 0
    (line,) = (line for line in done.err.splitlines() if line.startswith("warning: "))
    assert "no validation row is near the others in column a: they go from 0 to 19, the validation" in line
    assert "pipeline" not in line


def test_lines_are_those_of_the_file_where_cells_span_several(lamina, folder):
    Path("tr.csv").write_text(GOOD.replace("\n3,t1,1,c1", '\n3,"t\n1",1,c1').replace("\n7,t1,1,c1", "\ninf,t1,1,c1"))
    assert "inf,t1" in Path("tr.csv").read_text().splitlines()[9]
    assert error(lamina("train", "tr.csv", "--target", "y", *QUICK)).startswith("tr.csv, line 10, column 'a': ")


def test_rows_of_weight_0_are_counted(lamina, folder):
    lines = GOOD.replace("1,t1,1,c1", "1,t1,0,c1", 1).splitlines()
    lines[9] = "8,t0,1,"
    Path("tr.csv").write_text("\n".join(lines) + "\n")
    words = ("train", "tr.csv", "--target", "y", "--weights", "w")
    assert error(lamina(*words, *QUICK)).startswith("tr.csv, line 10, column 'y': ")


def test_other_formats_have_rows(lamina, folder):
    table = pandas.DataFrame({"a": [1.0, 2.0, float("inf")] * 9, "y": ["u", "v", "v"] * 9})
    table.to_parquet("t.parquet")
    assert error(lamina("train", "t.parquet", "--target", "y", *QUICK)).startswith("t.parquet, row 3, column 'a': ")


@pytest.fixture
def model(lamina, folder):
    Path("tr.csv").write_text(GOOD)
    assert lamina("train", "tr.csv", "--target", "y", "--drop", "w", "--out", "m.lamina", *QUICK).code == 0


@pytest.mark.parametrize("at_once", [3, 1000])
@pytest.mark.parametrize(
    ("command", "text", "message"),
    [
        ("predict", replaced(12, "inf,t1,1,c1"), "new.csv, line 12, column 'a': contains infinity"),
        ("evaluate", replaced(12, "inf,t1,1,c1"), "new.csv, line 12, column 'a': contains infinity"),
        ("explain", replaced(12, "inf,t1,1,c1"), "new.csv, line 12, column 'a': contains infinity"),
        ("evaluate", replaced(13, "3,t1,1,third"), "new.csv, line 13, column 'y': unknown class 'third'"),
        ("evaluate", replaced(14, "3,t1,1,"), "new.csv, line 14, column 'y': has no value"),
        ("evaluate", replaced(15, "3,t1,,c1"), "new.csv, line 15, column 'w': sample weights are finite"),
    ],
)
def test_rows_that_come_later(lamina, model, monkeypatch, command, text, message, at_once):
    monkeypatch.setattr("lamina.cli.rows.ROWS_AT_ONCE", at_once)
    Path("new.csv").write_text(text)
    more = ("--weights", "w") if command == "evaluate" else ()
    assert error(lamina(command, "m.lamina", "new.csv", *more)).startswith(message)


# ---- options that name columns ----


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--target", "y", "--weights", "y"), "--weights and --target are both 'y'"),
        (("--target", "y", "--drop", "y"), "--drop and --target are both 'y'"),
        (("--target", "y", "--drop", "a,y"), "--drop and --target are both 'y'"),
        (("--target", "y", "--weights", "b"), "--weights: column 'b' of tr.csv holds text"),
        (("--target", "y", "--weights", "since"), "--weights: column 'since' of tr.csv holds dates"),
        (("--target", "since"), "--target: column 'since' of tr.csv holds dates"),
        (("--target", "since", "--task", "classification"), "--target: column 'since' of tr.csv holds dates"),
        (("--target", "y", "--drop", "A"), "--drop: tr.csv has no column 'A'. Did you mean 'a'?"),
        (("--target", "y", "--drop", "NotThere"), "--drop: tr.csv has no column 'NotThere'. It has"),
    ],
)
def test_columns_that_cannot_be_used_so(lamina, folder, words, message):
    lines = [f"{line},{'2020-01-0' + str(1 + i % 5) if i else 'since'}" for i, line in enumerate(GOOD.splitlines())]
    Path("tr.csv").write_text("\n".join(lines).replace("since", "since,Cost Other", 1).replace("\n", ",\n"))
    Path("tr.csv").write_text("\n".join(f"{line},{1 if i else 'Cost Other'}" for i, line in enumerate(lines)) + "\n")
    assert error(lamina("train", "tr.csv", *words, *QUICK)).startswith(message)


@pytest.mark.parametrize(
    "drop", [("--drop", "a,w"), ("--drop", "a", "--drop", "w"), ("--drop", " a , w"), ("--drop=a,w",)]
)
def test_columns_to_drop(lamina, folder, drop):
    import lamina as package

    Path("tr.csv").write_text(GOOD)
    assert lamina("train", "tr.csv", "--target", "y", *drop, *QUICK).code == 0
    assert package.load("tr.lamina").encoder.names_in == ("b",)


def test_a_column_with_a_comma_in_its_name(lamina, folder):
    import lamina as package

    Path("tr.csv").write_text(GOOD.replace("b,w", '"b,w",x'))
    assert lamina("train", "tr.csv", "--target", "y", "--drop", "b,w", *QUICK).code == 0
    assert package.load("tr.lamina").encoder.names_in == ("a", "x")
    assert lamina("train", "tr.csv", "--target", "y", "--drop", '"b,w",x', *QUICK).code == 0
    assert package.load("tr.lamina").encoder.names_in == ("a",)


# ---- in the words of this face ----


@pytest.mark.parametrize(
    ("python", "here"),
    [
        (
            "an Excel workbook: save the sheet as CSV, or pass pandas.read_excel(...)",
            "an Excel workbook: save the sheet as CSV",
        ),
        ("JSON: pass pandas.read_json(...), or convert it to CSV", "JSON: convert it to CSV"),
        ("a NumPy file: pass numpy.load(...)", "a NumPy file: save the table as CSV or Parquet"),
        ("Use loss='squared_error'.", "Use --loss squared_error."),
        (
            "(optimizer='adam(clip_norm=1)'), or dtype='float64'",
            '(--optimizer "adam(clip_norm=1)"), or --dtype float64',
        ),
        ('or choose missing="encode"', "or choose --missing encode"),
        (
            "pass validation data (X_val, y_val), or set early_stopping=False",
            "name a file of validation rows with --validation, or say --early-stopping false",
        ),
        ("if it is a number to predict, use a regressor", "if it is a number to predict, say --task regression"),
        (
            "started with activation='auto', now activation='tanh'",
            "started with activation='auto', now activation='tanh'",
        ),
        ("run that program again, with checkpoint='run'", "run that program again, with checkpoint='run'"),
    ],
)
def test_advice_names_flags(python, here):
    assert for_command_line(python) == here


@pytest.mark.parametrize(
    "content",
    [b"PK\x03\x04...", b"SQLite format 3\0", b"{}\n", b"\x89HDF", b"\x93NUMPY", b"a,y\n\xe9,1\n", b"\xff\xfea\0"],
)
def test_no_message_for_a_file_advises_python(lamina, folder, content):
    Path("f.csv").write_bytes(content)
    message = error(lamina("train", "f.csv", "--target", "y"))
    assert not re.search(r"pandas|numpy\.|encoding=|pass |\(\.\.\.\)", message)


# ---- nothing else is a fault of ours ----


@pytest.mark.parametrize(
    "words",
    [
        ("--optimizer", "adam(beta1={[]:1})"),
        ("--optimizer", "adam(beta1=" + "9" * 400 + ")"),
        ("--optimizer", "adam(beta1={{}})"),
        ("--optimizer", "(" * 5000),
        ("--scoring", "f1"),
        ("--scoring", "average_precision"),
        ("--scoring", "r2"),
        ("--class-weight", "c0=1e999"),
        ("--class-weight", '{"c0": [1]}'),
        ("--class-weight", '{"c0": "x"}'),
        ("--class-weight", "nobody=2"),
        ("--random-state", "9" * 30),
        ("--max-time", "9" * 400),
    ],
    ids=lambda words: " ".join(words)[:30],
)
def test_a_choice_of_the_user_is_no_fault_of_lamina(lamina, folder, words):
    Path("tr.csv").write_text(GOOD)
    done = lamina("train", "tr.csv", "--target", "y", "--early-stopping", "true", "--preset", "sklearn", *words)
    assert done.code == 1
    assert "fault in lamina" not in done.err
    assert done.err.splitlines()[-1].startswith("error: ")
    assert len(done.err.splitlines()[-1]) < 2100


def test_no_memory_is_no_fault_of_lamina(lamina, monkeypatch):
    def show(model):
        raise MemoryError("16 GiB needed")

    monkeypatch.setattr("lamina.cli.show.show", show)
    assert lamina("show", "a") == (1, "", "error: not enough memory: 16 GiB needed\n")
