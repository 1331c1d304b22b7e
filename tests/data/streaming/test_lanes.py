"""A pass in lanes: the same batches for any number of workers, each of which reads its part of the source only."""

from typing import NamedTuple

import numpy as np
import pytest

from lamina.data.examples import Block, InMemory, Share
from lamina.data.streaming import streamed as module
from lamina.data.streaming.encoded_rows import StoredRows
from lamina.data.streaming.lanes import most_lanes
from lamina.data.streaming.streamed import Streamed
from lamina.data.streaming.stripes import Stripes
from lamina.equations.optimisers import Adam
from lamina.learning.leaves import leaf_count, leaf_rows, leaves_of, rows_of
from lamina.learning.recipe import Recipe
from lamina.learning.schedules import Constant

SIZES = [1900, 2000, 700, 2000, 1, 1999, 2000, 1500, 2000, 1777]
SIZES = SIZES * 3  # stretches: 12 times as many rows as the largest, and somewhat more
LEFT_OUT = [0, 5, 1901, *range(4000, 4600), 23_000]
BATCH = 512  # eight leaves


class Stretch(NamedTuple):
    first: int
    rows: int


class Numbered(StoredRows):
    """Each row's number is its X; some rows are not examples. It counts what is read."""

    def __init__(self, left_out):
        super().__init__(None, np.dtype(float), (1, 1, 1))
        object.__setattr__(self, "left_out", left_out)
        object.__setattr__(self, "read_rows", [])

    def read(self, stripes, sequence):
        for i in sequence:
            rows = np.arange(stripes.first[i], stripes.first[i] + stripes.rows[i])
            rows = np.setdiff1d(rows, self.left_out, assume_unique=True)
            for part in np.array_split(rows, 5):
                self.read_rows.append(len(part))
                yield Block(part[:, None].astype(np.float64), part[:, None] * 2.0, part * 0.5)


def recipe(batch_size=BATCH, seed=5, **settings):
    return Recipe(Adam(), Constant(), 0.01, batch_size, epochs=3, seed=seed, **settings)


def streamed(sizes=SIZES, left_out=LEFT_OUT, lanes=4):
    firsts = np.cumsum([0, *sizes[:-1]])
    stripes = Stripes.of([Stretch(int(first), size) for first, size in zip(firsts, sizes, strict=True)])
    kept = np.setdiff1d(np.arange(sum(sizes)), left_out)
    stripes.count[:] = np.bincount(stripes.at(kept), minlength=len(stripes.count))
    nothing = InMemory(np.zeros((0, 1)), np.zeros((0, 1)))
    return Streamed(stripes, Numbered(np.array(left_out, int)), nothing, 1, most_lanes=lanes), kept


def share_of(rank, size):
    return Share(lambda rows: rows_of(rows, rank, size), leaf_count)


def pass_of(size, how=None, epoch=0, start=0, **source):
    """The row numbers of a pass in the order in which workers take them, each giving its own."""
    how = recipe() if how is None else how
    found = None
    for rank in range(size):
        examples, _ = streamed(**source)
        chunks = list(examples.chunks(how, epoch, start, share_of(rank, size)))
        assert all(len(chunk.order) % how.batch_size == 0 for chunk in chunks[:-1])
        orders = np.concatenate([chunk.order for chunk in chunks])
        found = np.full(len(orders), -1) if found is None else found
        at = 0
        for chunk in chunks:
            for first in range(0, len(chunk.order), how.batch_size):
                order = chunk.order[first : first + how.batch_size]
                own = share_of(rank, size).rows(len(order))
                assert (order[own] >= 0).all()
                rows = chunk.X[order[own], 0]
                if len(rows):
                    np.testing.assert_array_equal(chunk.Y[order[own], 0], rows * 2)
                    np.testing.assert_array_equal(chunk.weights[order[own]], rows / 2)
                found[at + own.start : at + own.stop] = rows
                at += len(order)
    return found


@pytest.fixture
def small_windows(monkeypatch):
    monkeypatch.setattr(module, "WINDOW_ROWS", 4 * BATCH)


@pytest.mark.parametrize(("size", "batch_size"), [(2, BATCH), (3, BATCH), (3, 300), (4, BATCH), (12, 300)])
def test_any_number_of_workers_takes_the_same_batches(size, batch_size, small_windows):
    how = recipe(batch_size)
    np.testing.assert_array_equal(pass_of(size, how), pass_of(1, how))


@pytest.mark.parametrize("lanes", [2, 4, 8])
@pytest.mark.parametrize("rows", ["all windows", "one window"])
def test_every_row_once_a_pass(lanes, rows, monkeypatch):
    if rows == "all windows":
        monkeypatch.setattr(module, "WINDOW_ROWS", 4 * BATCH)
    _, kept = streamed()
    np.testing.assert_array_equal(np.sort(pass_of(1, lanes=lanes)), kept)


def test_the_order_follows_from_seed_and_epoch(small_windows):
    first = pass_of(1)
    np.testing.assert_array_equal(pass_of(1), first)
    assert not np.array_equal(pass_of(1, epoch=1), first)
    assert not np.array_equal(pass_of(1, recipe(seed=6)), first)


def test_rows_of_a_window_are_shuffled(small_windows):
    """Neighbours in a batch are seldom neighbours in the source."""
    first = pass_of(1)[: 4 * BATCH]
    assert (np.abs(np.diff(first)) == 1).mean() < 0.02


def test_each_lane_is_shuffled_in_its_own_order(small_windows):
    rows = pass_of(1, sizes=[2000] * 16, left_out=[])[: 4 * BATCH].reshape(4, 4, -1)  # (batches, lanes, rows)
    ranks = {np.argsort(rows[:, lane].ravel()).tobytes() for lane in range(4)}
    assert len(ranks) == 4


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("batches", [1, 3, 4, 5, 50, 87])
def test_a_pass_goes_on_in_its_middle(size, batches, small_windows):
    whole = pass_of(size, epoch=2)
    assert len(whole) // BATCH == 91
    np.testing.assert_array_equal(pass_of(size, epoch=2, start=batches * BATCH), whole[batches * BATCH :])


def test_a_pass_goes_on_with_its_incomplete_batch(small_windows):
    whole = pass_of(2)
    start = len(whole) // BATCH * BATCH
    assert 0 < len(whole) - start < BATCH
    np.testing.assert_array_equal(pass_of(2, start=start), whole[start:])


def test_fewer_rows_than_a_batch():
    source = {"sizes": [50, 60, 70], "left_out": [3]}
    found = pass_of(2, **source)
    np.testing.assert_array_equal(np.sort(found), np.setdiff1d(np.arange(180), [3]))
    np.testing.assert_array_equal(pass_of(1, **source), found)


def test_a_batch_is_of_as_many_places_as_there_are_lanes(small_windows):
    """Four lanes: in the first batch rows of four stretches at least, none with much more than a quarter."""
    stretch = np.searchsorted(np.cumsum(SIZES), pass_of(1)[:BATCH], side="right")
    shares = np.sort(np.bincount(stretch))[::-1] / BATCH
    assert shares[0] <= 0.25
    assert shares[3] > 0


@pytest.mark.parametrize("size", [2, 4])
def test_a_worker_reads_its_part_only(size, small_windows):
    """And less than three stretches more: where its lanes begin and end, and the incomplete batch."""
    for rank in range(size):
        examples, kept = streamed()
        for _ in examples.chunks(recipe(), 0, 0, share_of(rank, size)):
            pass
        assert sum(examples.rows.read_rows) < len(kept) / size + 3 * max(SIZES)


def test_a_worker_without_leaves_reads_nothing(small_windows):
    examples, kept = streamed()
    rank = next(rank for rank in range(12) if not leaves_of(BATCH, rank, 12))
    chunks = list(examples.chunks(recipe(), 0, 0, share_of(rank, 12)))
    assert examples.rows.read_rows == []
    assert sum(len(chunk.order) for chunk in chunks) == len(kept)
    assert chunks[0].X.shape == (0, 1)


def test_without_shuffling_rows_stand_as_they_are():
    _, kept = streamed()
    np.testing.assert_array_equal(pass_of(2, recipe(shuffle=False)), kept)


def test_without_workers_there_are_no_lanes():
    taken = [[chunk.X[chunk.order, 0] for chunk in streamed(lanes=lanes)[0].chunks(recipe(), 0)] for lanes in (1, 4)]
    np.testing.assert_array_equal(*map(np.concatenate, taken))


# ---- how many lanes ----


@pytest.mark.parametrize(
    ("stretches", "columns", "expected"),
    [
        ([65_536], 8, 1),
        ([65_536] * 7, 8, 1),
        ([65_536] * 8, 8, 2),
        ([65_536] * 63, 8, 8),
        ([65_536] * 1000, 8, 16),
        ([65_536] * 1000, 200, 2),
        ([65_536] * 1000, 5000, 1),
        ([10**6, *[65_536] * 20], 8, 1),  # a large one would be begun by many
        ([20_000] * 1000, 60, 16),
    ],
)
def test_lanes_follow_from_the_source(stretches, columns, expected):
    assert most_lanes(stretches, columns) == expected


@pytest.mark.parametrize("size", [2, 4, 8])
@pytest.mark.parametrize("lanes", [2, 4, 8, 16])
def test_two_four_and_eight_workers_end_where_lanes_do(size, lanes):
    """So that none of them reads a lane that another reads too, where there are as many lanes as workers."""
    rows = 4096
    ends = {leaf_rows(rows, leaves_of(rows, rank, size).stop - 1).stop for rank in range(size)}
    lane_ends = {rows * (lane + 1) // lanes for lane in range(lanes)}
    assert ends <= lane_ends or size > lanes
    assert lane_ends <= ends or size < lanes
