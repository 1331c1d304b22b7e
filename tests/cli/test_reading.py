"""How cells are read is said once, to `lamina train`; the model keeps it for every command that reads rows."""

import json

from lamina import load

ROWS = "price;zip;land;y\n" + "".join(
    f"{1 + i % 7}.{i % 10:03d},5;{i % 3:03d};{'NA' if i % 4 else 'DE'};{'' if i == 5 else ('no', 'yes')[i % 2]}\n"
    for i in range(80)
)


def test_the_flags_are_kept_for_later_rows(lamina, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text(ROWS, encoding="utf-16-le")
    code, _, err = lamina("train", "rows.csv", "--target", "y", "--max-iter", "1", "--out", "m.lamina")
    assert code == 1
    assert "line 7, column 'y': has no value: 1 row, this is the first" in err
    assert "--drop-missing-target" in err
    flags = ("--drop-missing-target", "--missing-words", "?", "--encoding", "utf-16-le", "--text", "price")
    code, out, err = lamina("train", "rows.csv", "--target", "y", "--max-iter", "1", "--out", "m.lamina", *flags)
    assert code == 0, err
    assert "1 row without a target left out" in out
    reading = load("m.lamina").encoder.reading
    assert reading.missing_words == ("?",)
    assert reading.encoding == "utf-16-le"
    assert set(reading.text) == {"price", "zip", "land"}
    (tmp_path / "new.csv").write_text("price;zip;land\n1.000,5;1;NA\n", encoding="utf-16-le")
    code, out, err = lamina("predict", "m.lamina", "new.csv")
    assert (code, out.splitlines()[0]) == (0, "y")
    for command in ("evaluate", "explain"):
        (tmp_path / "some.csv").write_text(ROWS.replace(";\n", ";no\n"), encoding="utf-16-le")
        code, out, err = lamina(command, "m.lamina", "some.csv", "--json")
        assert code == 0, err
        assert json.loads(out)


def test_numbers_of_another_country(lamina, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("v;y\n" + "1.234;5\n7.250;6\n" * 40)
    code, _, err = lamina("train", "rows.csv", "--target", "v", "--max-iter", "1", "--thousands", ".")
    assert code == 0, err
    assert load("rows.lamina").target.classes.tolist() == [1234, 7250]


def test_a_target_of_dates_is_refused(lamina, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("v,y\n" + "1,2020-01-31\n2,2020-02-01\n" * 40)
    code, _, err = lamina("train", "rows.csv", "--target", "y")
    assert code == 1
    assert "column 'y' of rows.csv holds dates" in err
