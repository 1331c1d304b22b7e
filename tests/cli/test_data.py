"""lamina data: what people read, what programs read, and what is said of tables that cannot be looked at."""

import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from lamina.cli.main import main
from lamina.data import datasets


@pytest.fixture
def planted(folder):
    """A file in which nearly everything is wrong."""
    rng, n = np.random.default_rng(0), 1000
    y = rng.choice(["yes", "no"], n, p=[0.3, 0.7])
    frame = pd.DataFrame(
        {
            "row": range(n),
            "amount": rng.gamma(2, 50, n).round(2),
            "closed": np.where(y == "yes", "2020-01-05", ""),
            "const": 5,
            "town": rng.choice(["Basel", "Bern", "NA", "?"], n),
            "mixed": np.where(rng.random(n) < 0.6, "12.5", "twelve"),
            "day": [f"{a}/{b}/2020" for a, b in rng.integers(1, 12, (n, 2))],
            "y": y,
        }
    )
    frame.sort_values("y").to_csv("planted.csv", index=False)
    return frame


def words_of(text):
    return " ".join(text.split())


def test_a_table_with_a_target(lamina, table):
    done = lamina("data", "people.csv", "--target", "income")
    assert (done.code, re.sub("looking at .*\n|measuring .*\n", "", done.err)) == (0, "")
    said = words_of(done.out)
    assert said.startswith("people.csv (200 rows,")
    assert "target 'income': binary classification (text with 2 different values; --task overrides)" in said
    frame = pd.read_csv("people.csv")
    for label, n in frame["income"].value_counts().items():
        assert f"{label} {n} {round(n / 2)} %" in said
    assert f"age number {frame['age'].isna().mean():.1%}".replace("%", " %") in said
    assert "18 to 79" in said or "19 to 79" in said
    assert "town one-hot of 3 levels 3" in said
    assert "since normal scores 1" in said
    assert "5 columns would become" in said
    assert f"age empty {frame['age'].isna().sum()}" in said
    assert "an epoch on this machine" in said
    assert "with all rows in memory, about" in said


def test_what_is_planted_is_told(lamina, planted):
    out = lamina("data", "planted.csv", "--target", "y").out
    told = [line.strip() for line in out.split("Worth a look:")[1].splitlines() if line.startswith("  - ")]
    beginnings = [
        "- 'closed' gives the target away: each of its values goes with one value of 'y', in every row. Drop it:",
        "- the rows are sorted by the target 'y'.",
        "- 'row' numbers the rows, from 0 to 999:",
        "- 'const' holds one value in all rows",
        "- column 'mixed': text, though most cells spell numbers",
        "- column 'day': text, though its cells spell numbers or dates: 1/2/2020 may be in January",
        "- words taken as missing values in 'planted.csv': 'town':",
    ]
    assert len(told) == len(beginnings)
    for one in beginnings:
        assert any(line.startswith(one) for line in told), one
    counts = planted["town"].value_counts()
    pair = sorted(["?", "NA"], key=lambda word: -counts[word])
    assert f"town {', '.join(f'{word!r} {counts[word]}' for word in pair)}" in words_of(out)


def test_json_holds_everything(lamina, planted):
    done = lamina("data", "planted.csv", "--target", "y", "--json")
    found = done.json
    assert list(found) == [
        "source",
        "rows",
        "bytes",
        "target",
        "columns",
        "features",
        "repeated_rows",
        "in_step",
        "rows_looked_at",
        "findings",
        "training",
    ]
    columns = {one["column"]: one for one in found["columns"]}
    assert list(columns) == list(planted)
    assert found["target"]["classes"] == planted["y"].value_counts().to_dict()
    assert columns["town"]["missing_cells"] == {word: int((planted["town"] == word).sum()) for word in ("?", "NA")}
    assert columns["amount"]["mean"] == pytest.approx(planted["amount"].mean())
    assert columns["amount"]["distinct"] == planted["amount"].nunique()
    assert (columns["closed"]["low"], columns["y"]["role"]) == ("2020-01-05", "target")
    assert columns["closed"]["explains"] > 0.999
    assert (
        columns["town"]["most_frequent"]
        == planted["town"][planted["town"].isin(["Basel", "Bern"])].value_counts().to_dict()
    )
    assert found["features"] == sum(one["features"] for one in found["columns"] if one["role"] == "input")
    assert found["training"]["rows"] + found["training"]["validation_rows"] == 1000
    assert {"streamed", "why", "seconds_per_epoch", "bytes_in_memory"} <= set(found["training"])
    assert [one["kind"] for one in found["findings"]][:3] == ["gives the target away", "order", "identifier"]


def test_without_a_target(lamina, table):
    done = lamina("data", "people.csv", "--drop", "price,since")
    assert "explains" not in done.out
    assert "4 columns would become" in done.out
    assert done.out.endswith("--target COLUMN adds what the others say of that column, and what training would take\n")
    found = lamina("data", "people.csv", "--json").json
    assert (found["target"], found["training"]) == (None, None)


def test_numbers_to_predict(lamina, table):
    said = words_of(lamina("data", "people.csv", "--target", "price", "--task", "regression").out)
    frame = pd.read_csv("people.csv")
    assert "target 'price': regression (as --task says)" in said
    assert f"{frame['price'].min():.4g} to {frame['price'].max():.4g}, mean {frame['price'].mean():.4g}" in said


def test_several_files_are_one_table(lamina, folder, people, write):
    write("a.csv", people(120))
    write("b.csv", people(80, seed=3))
    write("both.csv", people(120) + people(80, seed=3))
    whole = lamina("data", "both.csv", "--target", "income", "--json").json
    for words in (["a.csv", "b.csv"], ["[ab].csv"]):
        found = lamina("data", *words, "--target", "income", "--json").json
        for one in (whole, found):
            one.pop("bytes", None), one.pop("training", None), one.pop("source", None)
        assert found == whole
    (folder / "rows").mkdir()
    for name in ("a.csv", "b.csv"):
        (folder / name).rename(folder / "rows" / name)
    assert lamina("data", "rows").out.startswith("2 CSV files in rows (200 rows,")


def test_of_many_columns_the_most_notable_are_shown(lamina, folder):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 300)), columns=[f"c{j}" for j in range(300)])
    frame["y"] = frame["c250"] > 0
    frame.loc[:290, "c200"] = np.nan
    frame.to_csv("wide.csv", index=False)
    done = lamina("data", "wide.csv", "--target", "y")
    shown = re.findall(r"^ (\w+) +number", done.out, re.MULTILINE)
    assert len(shown) == 20
    assert {"c250", "c200"} <= set(shown)
    assert "(and 281 more columns; --all shows them)" in done.out
    everything = lamina("data", "wide.csv", "--target", "y", "--all").out
    assert len(re.findall(r"^ (\w+) +number", everything, re.MULTILINE)) == 300
    assert len(lamina("data", "wide.csv", "--target", "y", "--json").json["columns"]) == 301


def test_of_many_classes_the_most_frequent_are_shown(lamina, folder):
    labels = np.repeat([f"k{k:02d}" for k in range(30)], np.arange(10, 40))
    pd.DataFrame({"x": np.arange(len(labels)) * 0.5, "y": labels}).sample(frac=1, random_state=0).to_csv("many.csv")
    out = lamina("data", "many.csv", "--target", "y").out
    assert "(10 of 30 classes; --all shows the others)" in out
    assert re.findall(r"^ (k\d\d) ", out, re.MULTILINE) == [f"k{k:02d}" for k in range(29, 19, -1)]
    assert len(re.findall(r"^ (k\d\d) ", lamina("data", "many.csv", "--target", "y", "--all").out, re.MULTILINE)) == 30


def test_lines_of_tables_fit_80_columns(lamina):
    out = lamina("data", datasets.path("adult"), "--target", "income").out
    tables = [line for line in out.split("Worth a look:")[0].splitlines() if line.startswith(" ")]
    assert len(tables) > 30
    assert max(map(len, tables)) <= 80


def test_rows_that_training_would_refuse(lamina, folder):
    (folder / "inf.csv").write_text("a,y\n" + "1,0\n2,1\n" * 20 + "inf,0\n")
    done = lamina("data", "inf.csv", "--target", "y")
    assert done.code == 0
    (line,) = [line for line in done.out.splitlines() if "refuse" in line]
    assert "inf.csv, line 42, column 'a': contains infinity" in line
    assert lamina("train", "inf.csv", "--target", "y", "--out", "m.lamina").code == 1


def test_missing_targets(lamina, table):
    frame = pd.read_csv("people.csv")
    frame.loc[3:6, "income"] = np.nan
    frame.to_csv("gaps.csv", index=False)
    assert "is missing in 4 of 200 rows" in lamina("data", "gaps.csv", "--target", "income").out
    without = lamina("data", "gaps.csv", "--target", "income", "--drop-missing-target")
    assert "is missing in 4" not in without.out
    assert lamina("data", "gaps.csv", "--target", "income", "--json").json["target"]["rows"] == 196


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (
            ["people.csv", "--target", "incone"],
            1,
            "--target: people.csv has no column 'incone'. Did you mean 'income'?",
        ),
        (["people.csv", "--drop", "x"], 1, "--drop: people.csv has no column 'x'."),
        (["people.csv", "--weights", "town"], 1, "--weights: column 'town' of people.csv holds text"),
        (["people.csv", "--target", "age", "--drop", "age"], 1, "--drop and --target are both 'age'"),
        (["people.csv", "--drop", "age,town,member,since,income,price"], 1, "no column is left to learn from"),
        (["people.csv", "--task", "regression"], 1, "--task says what the target holds, and no target is named"),
        (["people.csv", "--task", "guess", "--target", "age"], 2, "guess"),
        (["nothing.csv"], 1, "no file 'nothing.csv'"),
        (["empty.csv"], 1, "has a header (a, b) and no rows"),
        (["broken.csv"], 1, "line 3: 2 fields expected"),
        ([], 2, "FILES requires an argument"),
    ],
)
def test_what_cannot_be_looked_at(lamina, table, folder, words, code, said):
    (folder / "empty.csv").write_text("a,b\n")
    (folder / "broken.csv").write_text("a,b\n1,2\n1,2,3\n")
    done = lamina("data", *words)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert "Traceback" not in done.err


def test_hostile_names_and_levels_tear_nothing(lamina, folder):
    frame = pd.DataFrame({"a\nb": ["x\x1b[31m", "y\r", "[bold]z"] * 20, "y": [0, 1, 1] * 20})
    frame.to_parquet("hostile.parquet")
    done = lamina("data", "hostile.parquet", "--target", "y")
    assert done.code == 0
    assert "\x1b" not in done.out
    assert "a\\nb" in done.out
    assert lamina("data", "hostile.parquet", "--json").json["columns"][0]["column"] == "a\nb"


def test_nothing_is_left_behind_and_scikit_learn_is_not_loaded(table, folder):
    before = sorted(folder.iterdir())
    code = "import sys; from lamina.cli.main import main; main(['data', 'people.csv']); print('sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("False\n")
    assert sorted(folder.iterdir()) == before


def test_numbers_beyond_all_bounds_are_json(folder, capsys):
    pd.DataFrame({"x": [1e308, -1e308] * 30, "z": [1e-300, np.nan] * 30, "y": [1e200, -1e200, 5.5] * 20}).to_parquet(
        "f.pq"
    )
    assert main(["data", "f.pq", "--target", "y", "--json"]) == 0
    json.loads(capsys.readouterr().out)
