"""What `make bench-data` measures: the tables, the encoding by hand, a contender's process, the report. No times."""

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import log_loss
from sklearn.preprocessing import OneHotEncoder, StandardScaler

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)


@pytest.fixture
def table(tmp_path, monkeypatch):
    import large_files

    monkeypatch.setattr(large_files, "FOLDER", tmp_path)
    monkeypatch.setattr(large_files, "QUICK_TEST_ROWS", 500)
    monkeypatch.setattr(large_files.generated, "FILE_ROWS", 2_000)
    return large_files.prepared("generated", 5_000, quick=True)


def job(table, **changed):
    from data_peers import Job

    return Job(table.parquet, table.csv, table.target, table.rows, table.test, 2, 1, **changed)


def whole(table):
    return pa.concat_tables(pq.read_table(path) for path in sorted(table.parquet.glob("*.parquet"))).to_pandas()


def test_a_drawn_table_has_its_rows_and_is_the_beginning_of_a_larger_one(table):
    import large_files

    first = whole(table)
    assert first.shape == (5_000, 21)
    assert 0.3 < first[table.target].mean() < 0.7
    files = sorted(table.parquet.glob("*.parquet"))
    assert [pq.ParquetFile(path).metadata.num_rows for path in files] == [2_000, 2_000, 1_000]
    larger = whole(large_files.prepared("generated", 6_000, quick=True))
    assert larger[:4_000].equals(first[:4_000])


def test_the_least_loss_is_that_of_the_probabilities(table):
    from large_files import generated

    rows, p = generated.drawn(generated.TEST_FILE, 500)
    written = pq.read_table(table.test)
    assert all(rows[name].to_pylist() == written[name].to_pylist() for name in ("x00", "shop", "time", table.target))
    assert table.least_loss == pytest.approx(log_loss(rows[table.target].to_numpy(), p))
    assert table.least_loss < 0.55  # it can be learned


def test_the_encoding_by_hand_is_scikit_learns(table):
    from data_peers.by_hand import Encoding
    from data_peers.columns import blocks

    given = job(table)
    encoding, frame = Encoding.learned(given), whole(table)
    X = np.concatenate([encoding.rows(batch) for batch in blocks(given)])
    numbers = frame[list(encoding.numbers)].astype({"time": "datetime64[s]"}).astype({"time": "int64"})
    k = len(encoding.numbers)
    np.testing.assert_allclose(X[:, :k], StandardScaler().fit_transform(numbers), rtol=1e-4, atol=1e-5)
    for name, levels in encoding.levels.items():
        known = levels.to_pylist()
        assert len(known) <= 50
        part = X[:, k : k + len(known) + 1]
        one_hot = OneHotEncoder(categories=[known], handle_unknown="ignore", sparse_output=False)
        expected = one_hot.fit_transform(frame[[name]].astype(str).to_numpy())
        np.testing.assert_array_equal(part[:, :-1], expected)
        np.testing.assert_array_equal(part.sum(axis=1), 1)
        k += len(known) + 1
    assert k == X.shape[1] == encoding.width


@pytest.mark.parametrize("name", ["read: pyarrow", "read and encode: lamina", "scikit-learn, partial_fit"])
def test_a_contender_answers_from_a_process_of_its_own(table, name):
    import data

    chosen = SimpleNamespace(peer_rows=4_000, passes=2, quick=False, threads=1)
    line = data.measure(name, table, chosen)
    assert line.reason == ""
    assert line.rows == (4_000 if "scikit" in name else 5_000)
    assert len(line.found["seconds"]) == 2
    assert line.found["peak_mib"] >= line.found["loaded_mib"] > 10
    if "scikit" in name:
        assert table.least_loss < line.found["log_loss"] < 0.69


def test_what_cannot_be_is_a_reason(table):
    import data

    chosen = SimpleNamespace(peer_rows=4_000, passes=1, quick=False, threads=1)
    assert data.measure("lamina, streamed CSV", table, chosen).reason == "no CSV of this table"
    damaged = next(table.parquet.glob("*"))
    damaged.write_bytes(damaged.read_bytes()[:1000])
    assert "Parquet" in data.measure("read: pyarrow", table, chosen).reason


def lines(mine, **others):
    """Results of a run: seconds per pass of 1,000 rows."""
    import data_report

    from data import Line

    found = {"peak_mib": 400.0, "loaded_mib": 100.0, "log_loss": 0.5, "accuracy": 0.7, "versions": {"a": "1"}}
    names = {"encoded": data_report.ENCODED, "memory": data_report.IN_MEMORY}
    given = {data_report.STREAMED: mine} | {names.get(name, name): seconds for name, seconds in others.items()}
    return [Line("flights", name, 1_000, found | {"seconds": seconds}) for name, seconds in given.items()]


def test_aims_are_those_of_the_median_of_later_passes():
    from data_report import aims

    found = {what: (value, met) for what, value, _, met in aims(lines([9, 2, 1, 7], encoded=[5, 1], memory=[9, 1]))}
    assert found["an epoch, in times of reading and encoding"] == (2.0, False)
    assert found["an epoch, in times of one in memory"] == (2.0, False)
    assert found["peak memory in MB"] == (pytest.approx(419.4304), True)
    assert found["log loss, apart from training in memory"] == (0.0, True)
    others = {
        "scikit-learn, partial_fit": [12, 10],
        "PyTorch, blocks, 0 workers": [30],
        "PyTorch, blocks, 2 workers": [8],
    }
    found = {what: (value, met) for what, value, _, met in aims(lines([2, 2], **others))}
    assert found["times as fast as scikit-learn"] == (5.0, True)
    assert found["times as fast as PyTorch, blocks"] == (4.0, False)


def test_the_report_is_a_table_and_lines_of_json(table, tmp_path, capsys):
    from data_report import show
    from rich.console import Console

    run = {
        "processor": "P",
        "threads": 1,
        "processors": 2,
        "system": "S",
        "python": "3",
        "date": "2026-01-02T03:04:05+00:00",
        "commit": "abc+",
    }
    failed = lines([3, 1])[0]
    failed.contender, failed.reason, failed.found = "scikit-learn, partial_fit", "ValueError: why", {}
    measured = [*lines([3, 1], memory=[2, 1]), failed]
    for line in measured:
        line.table = "generated"
    assert show(run, [table], measured, tmp_path, Console()) == 1
    text = (tmp_path / "data-2026-01-02T030405-abc.md").read_text(encoding="utf-8")
    assert "ValueError: why" in text
    assert text.strip() in capsys.readouterr().out.replace("\r", "")
    cells = [[cell.strip() for cell in row.split("|")[1:-1]] for row in text.splitlines() if row.startswith("| lamina")]
    assert cells[0][:6] == ["lamina, streamed Parquet", "1,000", "3 s", "333", "1 s", "1,000"]
    run, *found = map(json.loads, (tmp_path / "data-2026-01-02T030405-abc.jsonl").read_text("utf-8").splitlines())
    assert run["commit"] == "abc+"
    assert [line["contender"] for line in found] == [line.contender for line in measured]


def test_another_file_of_flights_is_refused(tmp_path):
    from large_files import flights

    (tmp_path / "flights-3m.parquet").write_bytes(b"another release")
    with pytest.raises(flights.FetchError, match="expected dbeb920c"):
        flights.fetched(tmp_path)


def test_the_peak_of_memory_is_seen_in_this_process_and_its_children():
    """In a process of its own: this one may have children that other tests left behind."""
    page = f"""
        import subprocess, sys
        sys.path.insert(0, {str(BENCHMARKS)!r})
        import numpy as np
        from peak_memory import PeakMemory, resident

        before = resident()
        with PeakMemory() as own:
            np.ones(20_000_000)
        hold = "import time; x = b'1' * 200_000_000; time.sleep(3)"
        with PeakMemory() as tree:
            subprocess.run([sys.executable, "-c", hold], check=True)
        print(own.mib - before, tree.mib - resident())
    """
    done = subprocess.run([sys.executable, "-c", dedent(page)], capture_output=True, text=True, check=True)
    own, tree = map(float, done.stdout.split())
    assert 120 < own < 400
    assert tree > 120
