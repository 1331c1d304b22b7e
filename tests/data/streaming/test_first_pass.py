"""The first pass over a stream, divided among workers: every one of them finds what one alone finds, and faults too.

The workers are threads here, and segments are short.
"""

import threading

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lamina.data import quantiles
from lamina.data.encoding import category_summaries
from lamina.data.holding_out import row_keys
from lamina.data.learning import Known
from lamina.data.roles import Roles
from lamina.data.streaming import segments as segments_module
from lamina.data.streaming import stripes as stripes_module
from lamina.data.streaming import survey as survey_module
from lamina.data.streaming.rows_streamed import RowsStreamed
from lamina.data.streaming.segments import Segments, Subtree, Tree
from lamina.data.streaming.streamed_source import StreamedSource
from lamina.data.tables.row_streams import rows_of
from lamina.errors import ClusterError, DataError, FileError

WAIT_SECONDS = 60
N, BATCH, SEGMENT, STRIPE = 2_950, 100, 400, 60  # eight segments, the last one short
SETTINGS = {
    "scaling": "quantile",
    "missing": "encode",
    "max_categories": 50,
    "min_frequency": 2,
    "embed_above": None,
    "categorical": [],
    "dates": "auto",
    "splines": ["whole"],
    "scale_target": True,
    "clamp": False,
    "class_weight": None,
}

pytestmark = pytest.mark.filterwarnings("ignore::lamina.errors.DataWarning")  # of too many levels


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """What is bounded comes to its bounds: segments, sketches, counts of levels, samples."""
    monkeypatch.setattr(segments_module, "ROWS_AT_ONCE", BATCH)
    monkeypatch.setattr(segments_module, "SEGMENT_ROWS", SEGMENT)
    monkeypatch.setattr(stripes_module, "STRIPE_ROWS", STRIPE)
    monkeypatch.setattr(quantiles, "VALUES_PER_BUFFER", 64)
    monkeypatch.setattr(quantiles, "FEWEST_VALUES_PER_BUFFER", 64)
    monkeypatch.setattr(category_summaries, "MOST_COUNTED_LEVELS", 300)
    monkeypatch.setattr(category_summaries, "KEPT_LEVELS", 200)
    monkeypatch.setattr(survey_module, "SAMPLE_ROWS", 100)
    monkeypatch.setattr(survey_module, "MOST_DRAWN", 250)


def frame(n=N):
    rng = np.random.default_rng(0)
    number = rng.normal(size=n)
    return pd.DataFrame(
        {
            "number": np.where(rng.random(n) < 0.1, np.nan, number),
            "whole": rng.integers(0, 500, n),
            "word": rng.choice([None, "red", "green"], n),
            "levels": [f"level {i}" for i in (rng.random(n) ** 3 * 800).astype(int)],
            "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 10**6, n), unit="min"),
            "late": np.where(np.arange(n) < 2_000, 0.0, number),
            "y": np.where(number > 0, "yes", "no"),
            "z": number * 3 + 1,
            "w": rng.gamma(2, 1, n),
            "g": rng.integers(0, 90, n),
        }
    )


def written(rows, folder, cuts=(900, 901, 2_000), group_rows=250):
    folder.mkdir()
    for i, at in enumerate(np.split(np.arange(len(rows)), cuts)):
        table = pa.Table.from_pandas(rows.iloc[at], preserve_index=False)
        pq.write_table(table, folder / f"{i}.parquet", row_group_size=group_rows)
    return str(folder)


@pytest.fixture
def files(tmp_path):
    return written(frame(), tmp_path / "rows")


class Told:
    """A worker whose others are threads of this process."""

    def __init__(self, rank, size, shared):
        self.rank, self.size, self._shared = rank, size, shared

    def told(self, text):
        texts, barrier = self._shared
        texts[self.rank] = text
        barrier.wait()
        found = list(texts)
        barrier.wait()
        return found


def of_all(size, work):
    """What `work(worker)` returns or raises with each of so many workers; alone there is none."""
    if size == 0:
        return [outcome_of(work, None)]
    shared = [b""] * size, threading.Barrier(size, timeout=WAIT_SECONDS)
    found = [None] * size

    def of_one(rank):
        found[rank] = outcome_of(work, Told(rank, size, shared))

    threads = [threading.Thread(target=of_one, args=(rank,)) for rank in range(size)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(WAIT_SECONDS)
    return found


def outcome_of(work, worker):
    try:
        return work(worker)
    except Exception as problem:
        return type(problem), str(problem)


CASES = {
    "classes": {"roles": {"target": "y", "drop": ("z", "w", "g")}},
    "numbers": {"roles": {"target": "z", "drop": ("y", "w", "g")}, "task": "regressor"},
    "several numbers": {"roles": {"target": ["z", "w"], "drop": ("y", "g")}, "task": "regressor"},
    "weights": {"roles": {"target": "y", "weight": "w", "drop": ("z", "g")}},
    "weights of classes": {"roles": {"target": "y", "weight": "w", "drop": ("z",)}, "class_weight": "balanced"},
    "groups": {"roles": {"target": "y", "groups": "g", "drop": ("z", "w")}},
    "time": {"roles": {"target": "z", "time": "date", "drop": ("y", "w")}, "task": "regressor"},
    "jagged": {"roles": {"target": "z", "drop": ("y", "w", "g")}, "task": "regressor", "splines": "jagged"},
    "robust": {"roles": {"target": "y", "weight": "w", "drop": ("z", "g")}, "scaling": "robust"},
    "nothing held out": {"roles": {"target": "y", "drop": ("z", "w", "g")}, "fraction": 0},
}


def look(
    source, worker, task="classifier", fraction=0.2, known=None, roles=None, drop_missing_target=False, **settings
):
    """All that a first pass finds, as plain values."""
    settings = {**SETTINGS, **settings}
    stream = StreamedSource(rows_of(source), Roles(**roles), drop_missing_target=drop_missing_target)
    rows = RowsStreamed(stream, task, worker)
    if fraction:
        rows = rows.hold_out(fraction, 7, None)
    columns = rows.learn(settings, known)
    train, held = rows.examples(columns, np.float64)
    watched = rows.watched
    return columns, {
        "encoder": repr(columns.encoder.to_header()),
        "target": repr(columns.target.to_header()),
        "factors": None if columns.class_factors is None else columns.class_factors.tobytes(),
        "n": columns.n,
        "counts": train.stripes.count.tolist(),
        "sample": [
            None if one is None else one.tobytes() for one in (train.sample.X, train.sample.Y, train.sample.weights)
        ],
        "held": None
        if held is None
        else [None if one is None else one.tobytes() for one in (held.X, held.Y, held.weights)],
        "train": [None if one is None else one.tobytes() for block in train.blocks() for one in block],
        "lowest": rows.targets_as_numbers().tolist(),
        "fingerprint": rows.fingerprint,
        "first stripe": rows.first_stripe,
        "watched": [watched.y.tolist(), columns.encoder.encode(watched.X, np.float64).tobytes()],
    }


@pytest.mark.parametrize("case", CASES)
def test_any_number_of_workers_finds_what_one_alone_finds(files, case):
    _, alone = look(files, None, **CASES[case])
    for size in (1, 2, 3, 4) if case == "classes" else (3,):
        for found in of_all(size, lambda worker: look(files, worker, **CASES[case])[1]):
            assert found == alone


def test_more_workers_than_segments(files):
    found = of_all(10, lambda worker: look(files, worker, **CASES["weights"])[1])
    assert found == [look(files, None, **CASES["weights"])[1]] * 10


def test_how_rows_lie_in_files_changes_nothing(files, tmp_path):
    """But for what belongs to stripes, which are parts of what can be read on its own."""
    other = written(frame(), tmp_path / "other", (1, 399, 1_234), 111)
    one, two = (of_all(2, lambda worker, at=at: look(at, worker, **CASES["jagged"])[1])[1] for at in (files, other))
    same = set(one) - {"counts", "first stripe", "fingerprint", "train"}
    assert {key: one[key] for key in same} == {key: two[key] for key in same}


def test_a_source_is_read_once_by_all_together(files, monkeypatch):
    """Each worker looks at its segments, and at no other row."""
    seen, lock, sides = [], threading.Lock(), RowsStreamed.sides

    def spying(self, batch):
        with lock:
            seen.extend(batch.row_numbers.tolist())
        return sides(self, batch)

    monkeypatch.setattr(RowsStreamed, "sides", spying)

    def work(worker):
        stream = StreamedSource(rows_of(files), Roles("y", drop=("z", "w", "g")))
        rows = RowsStreamed(stream, "classifier", worker).hold_out(0.2, 0, None)
        return rows.learn(SETTINGS).n

    found = of_all(3, work)
    assert len(set(found)) == 1
    assert sorted(seen) == list(range(N))


def test_what_is_found_is_what_is_there(files):
    """Against the rows themselves."""
    rows = frame()
    _, found = look(files, None, **CASES["weights"])
    held = row_keys(np.arange(N), 7) <= np.uint64(0.2 * 2**64)
    ends = [900, 901, 2_000, N]  # of the files
    starts = [row for first, end in zip([0, *ends], ends, strict=False) for row in range(first, end, STRIPE)]
    assert found["counts"] == np.add.reduceat(~held, starts).tolist()
    assert found["n"] == (~held).sum()
    assert found["watched"][0] == rows["y"][held].tolist()
    columns, numbers = look(files, None, **CASES["numbers"], scaling="standard")
    assert numbers["lowest"] == [rows["z"].min()]
    train = rows[~held]
    np.testing.assert_allclose(columns.target.location, train["z"].mean())
    np.testing.assert_allclose(columns.encoder.numbers.location[0], train["number"].mean())
    np.testing.assert_allclose(columns.encoder.numbers.scale[0], train["number"].std(ddof=0))


def balanced(values, w):
    """What each row counts where both values count alike."""
    return np.where(values, w.sum() / (2 * w[values].sum()), w.sum() / (2 * w[~values].sum()))


@pytest.mark.parametrize("kind", ["weights", "classes", "several labels"])
def test_weights_of_the_examples_have_the_mean_1(kind, files):
    rows, class_weight = frame(), None
    w = rows["w"].to_numpy()
    roles = Roles("y", "w", drop=("z", "g"))
    if kind == "weights":
        expected = w
    elif kind == "classes":
        class_weight = {"yes": 3.0, "no": 1.0}
        expected = w * np.where(rows["y"] == "yes", 3, 1)
    else:
        y, class_weight, roles = np.stack([rows["number"] > 0.5, rows["z"] > 0], axis=1), "balanced", Roles()
        expected = w * balanced(y[:, 0], w) * balanced(y[:, 1], w)
        X, labels = rows[["number", "whole"]], y.astype(int)
        files = lambda: ((X[i : i + 700], labels[i : i + 700], w[i : i + 700]) for i in range(0, N, 700))  # noqa: E731

    def weights(worker):
        rows = RowsStreamed(StreamedSource(rows_of(files), roles), "classifier", worker)
        train, _ = rows.examples(rows.learn({**SETTINGS, "class_weight": class_weight}), np.float64)
        return np.concatenate([block.weights for block in train.blocks()])

    alone = weights(None)
    np.testing.assert_allclose(alone, expected / expected.mean(), rtol=1e-12)
    for found in of_all(2, weights):
        assert found.tobytes() == alone.tobytes()


def test_late_scales_are_those_of_all_rows(files, tmp_path):
    """A column that was constant in the first fit takes its scale from rows that the last worker sees."""
    first = written(frame().iloc[:1_500], tmp_path / "first", ())
    how = {**CASES["numbers"], "scaling": "standard"}
    columns, _ = look(first, None, **how)
    known = Known(columns.encoder, columns.target)
    after, alone = look(files, None, **how, known=known)
    assert columns.encoder.numbers.scale[-1] == 0 != after.encoder.numbers.scale[-1]
    assert of_all(3, lambda worker: look(files, worker, **how, known=known)[1]) == [alone] * 3


# ---- faults ----


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize(
    ("faults", "said"),
    [
        ({2_500: ("number", np.inf)}, "infinity.*column 'number', row 2500"),
        ({2_500: ("y", None)}, "NaN or None in row 2500"),
        ({2_900: ("number", np.inf), 1_300: ("w", -1.0), 1_500: ("y", None)}, "found -1 in row 1300"),
        ({1: ("number", np.inf), 2_949: ("w", -1.0)}, r"column 'number', row 1\b"),
    ],
)
def test_the_first_fault_is_everybodys(tmp_path, faults, said, size):
    rows = frame()
    for row, (column, value) in faults.items():
        rows.loc[row, column] = value
    folder = written(rows, tmp_path / "bad")
    with pytest.raises(DataError, match=said) as alone:
        look(folder, None, **CASES["weights"])
    expected = [(type(alone.value), str(alone.value))] * size
    assert of_all(size, lambda worker: look(folder, worker, **CASES["weights"])) == expected


def test_a_fault_of_groups_is_everybodys(tmp_path):
    rows = frame()
    rows.loc[2_000, "y"] = None
    folder = written(rows, tmp_path / "bad")
    found = of_all(2, lambda worker: look(folder, worker, **CASES["groups"]))
    assert found == [(DataError, "Input y contains NaN or None in row 2000; drop or fill these rows")] * 2


@pytest.mark.parametrize("size", [0, 2, 3])
def test_segments_that_do_not_go_together(size):
    """Nothing is wrong with either; the labels are text here and numbers there, before a cell that is bad, too."""
    X = np.zeros((1_600, 1))
    X[1_500] = np.inf
    labels = (np.array(["a", "b"] * 400, object), np.array([0, 1] * 400, object))
    batches = lambda: ((X[800 * i : 800 * (i + 1)], labels[i]) for i in range(2))  # noqa: E731
    ((kind, words),) = set(of_all(size, lambda worker: look(batches, worker, roles={}, splines=[])))
    assert kind is DataError
    assert "row 1500" in words  # the second half is found to be another once it is whole
    X[1_500] = 0
    ((kind, words),) = set(of_all(size, lambda worker: look(batches, worker, roles={}, splines=[])))
    assert (kind, words) == (DataError, "y: labels of one kind expected in all batches of rows, found 'a' and 0")


def test_a_file_that_is_gone_ends_all(files, tmp_path):
    source = StreamedSource(rows_of(files), Roles("y", drop=("z", "w", "g")))
    (tmp_path / "rows" / "3.parquet").unlink()
    found = of_all(3, lambda worker: RowsStreamed(source, "classifier", worker).learn(SETTINGS))
    assert {kind for kind, _ in found} == {FileError}
    assert len({words for _, words in found}) == 1
    assert "3.parquet" in found[0][1]


def test_what_no_worker_expects_ends_all(files, monkeypatch):
    sides = RowsStreamed.sides

    def broken(self, batch):
        if batch.first >= 2_000:
            raise ZeroDivisionError("a mistake")
        return sides(self, batch)

    monkeypatch.setattr(RowsStreamed, "sides", broken)
    found = of_all(2, lambda worker: look(files, worker, **CASES["classes"]))
    assert found == [
        (ClusterError, "worker 1: ZeroDivisionError: a mistake"),
        (ZeroDivisionError, "a mistake"),
    ]


def test_no_rows_that_count(tmp_path):
    folder = written(frame().assign(w=0.0), tmp_path / "nothing")
    found = of_all(2, lambda worker: look(folder, worker, **CASES["weights"]))
    assert found == [(DataError, "training rows expected, found none")] * 2


# ---- segments, and rows by their numbers ----


@pytest.mark.parametrize("n", [1, 99, 400, 401, 2_950, 40_000, 10**9])
def test_segments_follow_from_the_number_of_rows(n):
    segments = Segments.of(n)
    assert segments.n <= 64
    assert segments.rows % BATCH == 0
    assert segments.rows_of(range(segments.n)) == range(n)
    for size in (1, 2, 3, 7, 64, 100):
        parts = [segments.of_worker(rank, size) for rank in range(size)]
        assert [one for part in parts for one in part] == list(range(segments.n))
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


class Text(str):
    def joined(self, other):
        return Text(f"({self}{other})")


@pytest.mark.parametrize("n", range(1, 18))
def test_the_tree_does_not_depend_on_who_grows_it(n):
    def grown(tree, numbers):
        for k in numbers:
            tree.add(Subtree(k, 1), Text(chr(ord("a") + k)))
        return tree

    alone = grown(Tree(), range(n)).whole()
    assert str(alone).replace("(", "").replace(")", "") == "abcdefghijklmnopq"[:n]
    for size in (2, 3, 5):
        together = Tree()
        for rank in range(size):
            for place, found in grown(Tree(), range(n * rank // size, n * (rank + 1) // size)).parts:
                together.add(place, found)
        assert together.whole() == alone
    if n == 7:
        assert alone == "(((ab)(cd))((ef)g))"


@pytest.mark.parametrize("kind", ["parquet", "csv", "csv.gz", "batches"])
@pytest.mark.parametrize("within", [range(5), range(250, 400), range(899, 902), range(1_000, N), range(7, 7), range(N)])
def test_rows_by_their_numbers(files, tmp_path, kind, within):
    rows = frame()[["whole", "word"]]
    if kind.startswith("csv"):
        rows.to_csv(tmp_path / f"rows.{kind}", index=False)
        files = str(tmp_path / f"rows.{kind}")
    elif kind == "batches":
        files = [rows.iloc[:1_111], rows.iloc[1_111:]]
    batches = list(rows_of(files).regrouped(BATCH, ["whole", "word"], within))
    assert [one.first for one in batches] == list(range(within.start, within.stop, BATCH))
    assert [one.table.n_rows for one in batches] == [len(within[i : i + BATCH]) for i in range(0, len(within), BATCH)]
    found = [value for one in batches for value in one.table.column("whole").tolist()]
    assert found == rows["whole"].iloc[within.start : within.stop].tolist()
