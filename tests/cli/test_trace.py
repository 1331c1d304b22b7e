"""lamina trace: what `lamina.trace` says, as tables, as JSON and as files."""

import pandas
import pytest

import lamina as package


@pytest.fixture(autouse=True)
def _here(trained, monkeypatch):
    monkeypatch.chdir(trained)


def test_the_table(lamina):
    done = lamina("trace", "income.lamina", "people.csv", "--rows", "2:6")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "income.lamina, rows 2:6 of people.csv: forward and back, as when predicting: 4 rows"
    shown = [line.split()[0] for line in lines[4:] if line.startswith(" ")]
    assert " ".join(shown) == "A0 W1 b1 Z1 A1 W2 b2 Z2 A2 Y loss cost dA2 dZ2 dW2 db2 dA1 dZ1 dW1 db1 dA0"
    assert lines[-2] == "all 15 equations hold"
    assert "gives the same A2, dW1, db1, dW2, db2; the largest difference is" in lines[-1]


def test_without_targets_there_is_no_way_back(lamina, tmp_path):
    rows = pandas.read_csv("new.csv").drop(columns="income")
    rows.to_csv(tmp_path / "rows.csv", index=False)
    done = lamina("trace", "income.lamina", tmp_path / "rows.csv", "--rows", 7)
    assert done.code == 0
    assert "forward, as when predicting: 1 row" in done.out
    assert "has no column 'income': without targets there is no way back" in done.out
    assert "dA0" not in done.out


def test_json_is_what_python_says(lamina):
    done = lamina("trace", "price.lamina", "new.csv", "--rows", "0:3", "--array", "dZ2", "--why", 1, "--json")
    found = done.json
    model, rows = package.load("price.lamina"), pandas.read_csv("new.csv", parse_dates=["since"])[:3]
    trace = model.trace(rows, rows["price"])
    assert [one["name"] for one in found["arrays"]] == list(trace)
    assert found["values"]["dZ2"] == [pytest.approx(row) for row in trace["dZ2"].tolist()]
    assert found["replay"]["agrees"] is True
    assert len(found["replay"]["equations"]) == len(trace.replay().lines)
    why = trace.why(1)
    assert found["why"]["Z"] == pytest.approx(why.Z)
    parts = {part["name"]: part["part"] for part in found["why"]["levels"]["columns"]["parts"]}
    assert parts == {part.name: pytest.approx(part.part) for part in why.columns.parts}


def test_inputs_equations_and_replay_in_place_of_the_table(lamina):
    done = lamina("trace", "income.lamina", "people.csv", "--inputs", "--equations", "--replay")
    assert "4 columns became 7 rows of A0" in done.out
    assert "town     category   3 levels: Basel, Bern, Zürich" in done.out
    assert "    dZ2 = A2 - Y " in done.out
    assert done.out.count("holds\n") == 15
    assert "units of layer 1 x features" not in done.out


def test_files(lamina, tmp_path):
    pytest.importorskip("matplotlib")
    out, page, plot = (tmp_path / name for name in ("trace.safetensors", "trace.html", "why.png"))
    words = ["--why", 0, "--out", out, "--html", page, "--plot", plot, "--training"]
    done = lamina("trace", "income.lamina", "people.csv", *words)
    assert done.code == 0
    assert done.err == f"trace: {out}\npage: {page}\npicture: {plot}\n"
    trace = package.load_trace(out)
    assert trace.heading == "forward and back, as in training: 5 rows"
    assert page.read_text(encoding="utf-8").count("<svg") == 20
    assert plot.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--rows", "a"], "error: --rows a: expected rows counted from 0, such as 0:5, or 7 for one"),
        (["--rows", "5:3"], "error: --rows 5:3: these are no rows; the first counts and the last does not, as in 0:5"),
        (["--rows", "900:"], "error: --rows begins at row 900: people.csv has 300 rows, counted from 0"),
        (["--why", "5"], "error: row=5: the trace has 5 rows, expected a number from 0 to 4."),
        (["--plot", "a.png"], "error: --plot belongs to --why: say which row, --why 0"),
        (["--output", "1"], "error: --output belongs to --why: say which row, --why 0"),
        (["--why", "0", "--output", "1"], "error: output=1: Z[L] has 1 units, expected a number from 0 to 0."),
        (["--out", "people.csv"], "error: --out people.csv and FILE people.csv are the same file"),
    ],
)
def test_errors(lamina, words, message):
    done = lamina("trace", "income.lamina", "people.csv", *words)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(message)


def test_an_unknown_array_is_answered_with_the_nearest(lamina):
    done = lamina("trace", "income.lamina", "people.csv", "--array", "dz2")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error: no array 'dz2' in this trace. Did you mean 'dZ2'?")


def test_a_fault_in_the_rows_is_named_by_its_line(lamina, tmp_path):
    rows = pandas.read_csv("people.csv", dtype=str)
    rows.loc[3, "income"] = "hihg"
    rows.to_csv(tmp_path / "rows.csv", index=False)
    done = lamina("trace", "income.lamina", tmp_path / "rows.csv", "--rows", "2:6")
    assert done.code == 1
    assert "rows.csv, line 5, column 'income': unknown class 'hihg'" in done.err
    rows.loc[3, ["income", "age"]] = ["high", "many"]
    rows.to_csv(tmp_path / "rows.csv", index=False)
    done = lamina("trace", "income.lamina", tmp_path / "rows.csv", "--rows", "2:6")
    assert "line 5" in done.err
    assert "age" in done.err
