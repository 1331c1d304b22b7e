"""The table of encodings: a new row is learned, encoded, written and read without any other change."""

import json
from dataclasses import dataclass

import numpy as np
import pytest

from lamina.data.encoding.encoder import Encoder
from lamina.data.encoding.encodings import ENCODINGS, Encoding
from lamina.data.encoding.learning import learn_encoder
from lamina.data.encoding.pieces import BESIDE, Piece
from lamina.data.tables.alignment import column_blocks
from lamina.data.tables.sources import read
from lamina.errors import DataError

TABLE = read({"a": [1.0, None, 5.0, 2.0], "c": ["x", "y", None, "z"], "b": [2.0, 8.0, 4.0, 6.0]})
BEFORE = ("a", "a near 1", "a near 2", "a near 5", "a missing", "c=x", "c=y", "c=z", "c missing", "b")
NAMES = ("a", "a near 1", "a near 2", "a near 5", "a times 3", "a missing", *BEFORE[5:], "b times 3")


@dataclass(frozen=True)
class Times(Piece):
    """A number, times how many rows there were."""

    at: int
    n: int

    @property
    def origin(self):
        return np.array([self.at])

    @property
    def ranks(self):
        return np.array([BESIDE])

    def suffixes(self):
        return [f" times {self.n}"]

    def encode(self, table, inputs, X, places):
        for first, x in column_blocks(table, self.at):
            X[first : first + len(x), places[0]] = np.nan_to_num(x) * self.n

    def to_header(self):
        return {"at": self.at, "n": self.n}

    @staticmethod
    def from_header(header, n_columns):
        return Times(header["at"], header["n"])


@dataclass(frozen=True)
class TimesSummary:
    """The rows that are there, of every column of numbers."""

    known: dict

    @staticmethod
    def of(batch, plan):
        columns = {j: np.concatenate([x for _, x in column_blocks(batch.table, j)]) for j in plan.plain_numbers}
        return TimesSummary({j: int(np.isfinite(x).sum()) for j, x in columns.items()})

    def joined(self, other):
        return TimesSummary({j: n + other.known[j] for j, n in self.known.items()})

    def pieces(self, plan, unit, target):
        return tuple(Times(j, min(n, 3)) for j, n in self.known.items())


@pytest.fixture
def with_times(monkeypatch):
    monkeypatch.setitem(ENCODINGS, "times", Encoding(Times, TimesSummary))


def test_the_columns_stand_by_rank_and_then_by_row_of_the_table(with_times):
    encoder = learn_encoder(TABLE, splines=["a"])
    assert encoder.feature_names == NAMES
    assert encoder.origin.tolist() == [0] * 6 + [1] * 4 + [2] * 2
    assert encoder.values_per_column.tolist() == [5, 3, 2]
    X = encoder.encode(TABLE, np.float64)
    assert X[:, 4].tolist() == [3, 0, 15, 6]
    assert X[:, -1].tolist() == [6, 24, 12, 18]


def test_the_others_are_as_without_it(with_times, monkeypatch):
    encoder = learn_encoder(TABLE, splines=["a"])
    monkeypatch.delitem(ENCODINGS, "times")
    before = learn_encoder(TABLE, splines=["a"])
    assert before.feature_names == BEFORE
    kept = [NAMES.index(name) for name in BEFORE]
    np.testing.assert_array_equal(encoder.encode(TABLE)[:, kept], before.encode(TABLE))
    assert [kept[j] for j in before.number_positions] == list(encoder.number_positions)


def test_batches_are_joined(with_times):
    parts = learn_encoder(TABLE.take(slice(i, i + 1)) for i in range(4))
    assert [piece.n for piece in parts.pieces if isinstance(piece, Times)] == [3, 3]


def test_a_file_has_the_new_pieces_and_a_file_without_them_still_loads(with_times):
    header = json.loads(json.dumps(learn_encoder(TABLE).to_header()))
    assert header["times"] == [{"at": 0, "n": 3}, {"at": 2, "n": 3}]
    np.testing.assert_array_equal(Encoder.from_header(header).encode(TABLE), learn_encoder(TABLE).encode(TABLE))
    del header["times"]
    old = Encoder.from_header(header)
    assert old.n_features == learn_encoder(TABLE).n_features - 2
    assert "times" not in old.to_header()


def test_pieces_beside_what_is_no_number_are_refused(with_times):
    header = learn_encoder(TABLE).to_header()
    for times in ([{"at": 1, "n": 3}], [{"at": 2, "n": 3}, {"at": 0, "n": 3}], [{"at": 0, "n": 3}] * 2):
        with pytest.raises(DataError, match="encoder times: different number columns expected, in their order"):
            Encoder.from_header(header | {"times": times})


def test_an_unknown_encoding_is_refused():
    with pytest.raises(DataError, match="unknown keys"):
        Encoder.from_header(learn_encoder(TABLE).to_header() | {"times": []})
