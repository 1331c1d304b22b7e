"""Streamed examples: every row once a pass, in an order that follows from seed and epoch, from any place on."""

import threading
from typing import NamedTuple

import numpy as np
import pytest

from lamina.data.examples import Block, InMemory
from lamina.data.streaming.encoded_rows import StoredRows
from lamina.data.streaming.read_ahead import ReadAhead
from lamina.data.streaming.sortedness import SORTED, Sortedness
from lamina.data.streaming.streamed import WINDOW_ROWS, Streamed
from lamina.data.streaming.stripes import Stripes
from lamina.learning.recipe import recipe_of


class Stretch(NamedTuple):
    first: int
    rows: int


class Numbered(StoredRows):
    """Each row's number is its X; some rows are not examples."""

    def __init__(self, left_out):
        super().__init__(None, np.dtype(float), (1, 1, 1))
        object.__setattr__(self, "left_out", left_out)

    def read(self, stripes, sequence):
        for i in sequence:
            rows = np.arange(stripes.first[i], stripes.first[i] + stripes.rows[i])
            rows = rows[~np.isin(rows, self.left_out)]
            for part in np.array_split(rows, 3):
                yield Block(part[:, None].astype(np.float64), part[:, None] * 2.0, part * 0.5)


def recipe(batch_size=100, shuffle=True, seed=7):
    settings = {
        "batch_size": batch_size,
        "optimizer": "adam",
        "schedule": "constant",
        "learning_rate_init": 0.1,
        "max_iter": 3,
        "shuffle": shuffle,
        "tol": 0.0,
        "decay_schedule": "constant",
        "dropout_schedule": "constant",
        "averaging": 0.0,
        "n_iter_no_change": 3,
        "max_time": None,
    }
    return recipe_of(settings, 10**6, seed)


def streamed(sizes, left_out=()):
    firsts = np.cumsum([0, *sizes[:-1]])
    stripes = Stripes.of([Stretch(int(first), size) for first, size in zip(firsts, sizes, strict=True)])
    kept = np.setdiff1d(np.arange(sum(sizes)), left_out)
    stripes.count[:] = np.bincount(stripes.at(kept), minlength=len(stripes.count))
    nothing = InMemory(np.zeros((0, 1)), np.zeros((0, 1)))
    return Streamed(stripes, Numbered(np.array(left_out, int)), nothing, 1), kept


SIZES = [150_000, 40, 99_999, 1, 260_000, 70_001]
LEFT_OUT = [0, 5, 150_001, *range(200_000, 240_000), 580_040]


def rows_of(chunks):
    return [np.array(chunk.X[chunk.order, 0], int) for chunk in chunks]


def test_every_row_once_a_pass_in_whole_batches():
    examples, kept = streamed(SIZES, LEFT_OUT)
    how = recipe()
    chunks = list(examples.chunks(how, 0))
    for chunk in chunks:
        np.testing.assert_array_equal(chunk.Y, chunk.X * 2)
        np.testing.assert_array_equal(chunk.weights, chunk.X[:, 0] / 2)
    assert all(len(chunk.order) % 100 == 0 for chunk in chunks[:-1])
    assert examples.n == len(kept)
    np.testing.assert_array_equal(np.sort(np.concatenate(rows_of(chunks))), kept)


def test_the_order_follows_from_seed_and_epoch():
    examples, _ = streamed(SIZES, LEFT_OUT)
    order = lambda how, epoch: np.concatenate(rows_of(examples.chunks(how, epoch)))  # noqa: E731
    first = order(recipe(), 0)
    np.testing.assert_array_equal(order(recipe(), 0), first)
    assert not np.array_equal(order(recipe(), 1), first)
    assert not np.array_equal(order(recipe(seed=8), 0), first)
    np.testing.assert_array_equal(order(recipe(shuffle=False), 2), np.sort(first))


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("start", [100, 262_100, 262_200, 262_300, 400_000, 539_900])
def test_a_pass_goes_on_in_its_middle(start, shuffle):
    examples, _ = streamed(SIZES, LEFT_OUT)
    how = recipe(shuffle=shuffle)
    whole = np.concatenate(rows_of(examples.chunks(how, 4)))
    np.testing.assert_array_equal(np.concatenate(rows_of(examples.chunks(how, 4, start))), whole[start:])


def test_a_window_mixes_rows_of_several_stretches():
    """Sorted rows in four stretches of a window each: the first rows are of two of them."""
    examples, _ = streamed([WINDOW_ROWS] * 4)
    first = rows_of([next(examples.chunks(recipe(), 0))])[0]
    shares = np.bincount(first // WINDOW_ROWS, minlength=4) / len(first)
    assert np.sort(shares)[2] > 0.4


def test_blocks_are_all_rows_in_order():
    examples, kept = streamed(SIZES, LEFT_OUT)
    blocks = list(examples.blocks())
    np.testing.assert_array_equal(np.concatenate([block.X[:, 0] for block in blocks]), kept)
    np.testing.assert_array_equal(np.concatenate([b.X[:, 0] for b in examples.blocks(70_000)]), kept[:70_000])


def test_leaving_a_pass_ends_its_thread():
    before = threading.active_count()
    examples, _ = streamed(SIZES)
    chunks = examples.chunks(recipe(), 0)
    next(chunks)
    assert threading.active_count() == before + 1
    chunks.close()
    assert threading.active_count() == before


def test_a_fault_in_the_thread_is_raised_where_the_item_would_be():
    def items():
        yield 1
        raise OSError("the disk is gone")

    ahead = ReadAhead(items)
    found = iter(ahead)
    assert next(found) == 1
    with pytest.raises(OSError, match="the disk is gone"):
        next(found)
    ahead.close()


@pytest.mark.parametrize("n", [1, 3])
def test_so_many_items_are_made_ahead(n):
    made = []
    ahead = ReadAhead(lambda: (made.append(i) or i for i in range(10)), n)
    found = iter(ahead)
    assert next(found) == 0
    assert len(made) <= n + 1
    ahead.close()
    assert len(made) <= n + 1


# ---- rows sorted by their target ----


@pytest.mark.parametrize("classes", [True, False])
@pytest.mark.parametrize("kind", ["text", "number"])
def test_sorted_rows_are_told_from_shuffled_ones(classes, kind):
    if kind == "text" and not classes:
        pytest.skip("numbers are not text")
    rng = np.random.default_rng(0)
    y = rng.choice(["a", "b", "c"], 9000).astype(object) if kind == "text" else rng.integers(0, 3, 9000)
    runs = np.arange(9000) // 500

    def share(y):
        parts = (slice(0, 4000), slice(4000, 9000))  # in two batches, that cut a run
        one, two = (Sortedness.of(runs[at], y[at], classes) for at in parts)
        return one.joined(two).share

    assert share(np.sort(y)) > 0.9 > SORTED
    assert share(y) < 0.02
    half = y.copy()
    half[:4500] = np.sort(half[:4500])
    assert 0.1 < share(half) < 0.6


def test_sortedness_is_the_share_of_variance_between_runs():
    """The same as from a one-way analysis of variance, computed the plain way."""
    rng = np.random.default_rng(1)
    y = rng.normal(size=4000) + np.repeat(rng.normal(size=8), 500)
    found = Sortedness.of(np.arange(4000) // 500, y, classes=False)
    means = y.reshape(8, 500).mean(axis=1)
    assert found.share == pytest.approx(means.var() / y.var())
