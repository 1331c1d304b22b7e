"""Words for a missing value, counted against Python's own csv reader and against what reading makes missing."""

import csv
import gzip
from collections import Counter

import numpy as np
import pytest

from lamina.data.tables.missing_cells import missing_words
from lamina.data.tables.reading import MISSING_WORDS, Reading
from lamina.data.tables.sources import read


def rows(n, quoted):
    rng = np.random.default_rng(0)
    cells = np.array(["x", "y", "NA", "", "?", "null", " NA", "None "])
    for i in range(n):
        word = str(rng.choice(cells))
        yield f'"{word}"' if quoted and rng.random() < 0.4 else word, str(rng.choice(["1.5", "", "?", "nan"])), str(i)


def write(path, lines):
    path.write_text("text,number,other\n" + "".join(",".join(line) + "\n" for line in lines))
    return str(path)


@pytest.mark.parametrize("n", [5, 200_000])
def test_words_without_quotes(tmp_path, n):
    path = write(tmp_path / "a.csv", rows(n, quoted=False))
    with open(path, newline="") as file:
        cells = list(csv.DictReader(file))
    words = {"", *MISSING_WORDS}
    expected = {
        name: Counter(row[name].strip() for row in cells if row[name].strip() in words) for name in ("text", "number")
    }
    assert missing_words(path, Reading(), ["text"], ["number"]) == expected


@pytest.mark.filterwarnings("ignore::lamina.errors.DataWarning")
def test_quoted_words_are_text_in_text_and_missing_in_numbers(tmp_path):
    lines = [
        ('"NA"', "1", "a"),
        ("NA", '"NA"', "a"),
        (' "NA"', "2", "a"),
        ('""', "", "a"),
        ("", "3", "a"),
        ("?", "4", "a"),
    ]
    path = write(tmp_path / "a.csv", lines)
    found = missing_words(path, Reading(), ["text"], ["number"])
    table = read(path)
    for name in ("text", "number"):
        missing = sum(value is None or value != value for value in table.column(name).tolist())
        assert sum(found[name].values()) == missing
    assert found["number"] == {"NA": 1, "": 1}


@pytest.mark.filterwarnings("ignore::lamina.errors.DataWarning")
def test_all_that_is_missing_has_a_word(tmp_path):
    path = write(tmp_path / "a.csv", rows(5000, quoted=True))
    found, table = missing_words(path, Reading(), ["text"], ["number"]), read(path)
    for name in ("text", "number"):
        values = table.column(name).tolist()
        assert sum(found[name].values()) == sum(value is None or value != value for value in values)


def test_words_of_your_own_other_encodings_and_compression(tmp_path):
    text = "text;number\n" + "n.v.;1,5\nNA;\n" * 50
    reading = Reading(missing_words=("n.v.",), encoding="utf-16")
    (tmp_path / "a.csv").write_bytes(text.encode("utf-16"))
    found = missing_words(str(tmp_path / "a.csv"), reading, ["text"], ["number"])
    assert found == {"text": {"n.v.": 50}, "number": {"": 50}}
    with gzip.open(tmp_path / "b.csv.gz", "wt") as file:
        file.write(text)
    plain = Reading(missing_words=("n.v.",))
    assert missing_words(str(tmp_path / "b.csv.gz"), plain, ["text"], ["number"]) == found
    assert missing_words((tmp_path / "b.csv.gz").as_uri(), plain, ["text"], ["number"]) == found


def test_typed_files_and_no_columns_have_none(tmp_path):
    import pandas as pd

    pd.DataFrame({"text": ["NA", None]}).to_parquet(tmp_path / "a.parquet")
    assert missing_words(str(tmp_path / "a.parquet"), Reading(), ["text"]) == {}
    assert missing_words(write(tmp_path / "a.csv", rows(5, False)), Reading()) == {}
    (tmp_path / "empty.csv").write_text("text,number\n")
    assert missing_words(str(tmp_path / "empty.csv"), Reading(), ["text"]) == {}
