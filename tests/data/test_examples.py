"""Encoded rows: a pass in whole batches from anywhere, every row once; and blocks of rows as they stand."""

import numpy as np
import pytest

from lamina.data.examples import ENCODED_ROWS, InMemory, Share, Sparse
from lamina.equations.optimisers import Adam
from lamina.learning.recipe import Recipe
from lamina.learning.schedules import Constant


def recipe(batch_size=8, **settings):
    return Recipe(Adam(), Constant(), 0.01, batch_size, epochs=3, seed=5, **settings)


def numbered(n):
    """Rows whose columns, targets and weights tell which row it is."""
    numbers = np.arange(n, dtype=np.float32)
    return numbers[:, None], -numbers[:, None], 2 * numbers


def in_memory(n, weighted=True):
    X, Y, weights = numbered(n)
    return InMemory(X, Y, weights if weighted else None)


def sparse(n, weighted=True):
    X, Y, weights = numbered(n)
    return Sparse(lambda rows: X[rows], Y, weights if weighted else None)


def rows_of(chunk):
    """Which rows a chunk takes, in order; its targets and weights go with them."""
    X, Y = chunk.X[chunk.order][:, 0], chunk.Y[chunk.order][:, 0]
    np.testing.assert_array_equal(Y, -X)
    if chunk.weights is not None:
        np.testing.assert_array_equal(chunk.weights[chunk.order], 2 * X)
    return X.astype(int)


MAKERS = pytest.mark.parametrize("make", [in_memory, sparse])


@MAKERS
@pytest.mark.parametrize("size", [7, 1000, ENCODED_ROWS - 1, ENCODED_ROWS + 1])
def test_chunks_are_whole_batches_and_give_every_row_once(make, size):
    n = 2 * ENCODED_ROWS + 50
    chunks = list(make(n).chunks(recipe(size), 0))
    assert all(len(chunk.order) % size == 0 for chunk in chunks[:-1])
    taken = np.concatenate([rows_of(chunk) for chunk in chunks])
    np.testing.assert_array_equal(np.sort(taken), np.arange(n))


@MAKERS
@pytest.mark.parametrize("start", [0, 8, 4096, 4104, 9000])
def test_a_pass_that_starts_in_the_middle_is_the_rest_of_the_whole(make, start):
    how, rows = recipe(), make(9001)
    whole = np.concatenate([rows_of(chunk) for chunk in rows.chunks(how, 2)])
    rest = np.concatenate([rows_of(chunk) for chunk in rows.chunks(how, 2, start)])
    np.testing.assert_array_equal(rest, whole[start:])


@MAKERS
def test_the_order_is_new_in_every_pass_and_a_function_of_the_seed(make):
    rows = make(50)
    first, again, later = (np.concatenate([rows_of(c) for c in rows.chunks(recipe(), e)]) for e in (0, 0, 1))
    other = np.concatenate([rows_of(c) for c in rows.chunks(Recipe(Adam(), Constant(), 0.01, 8, 3, seed=6), 0)])
    np.testing.assert_array_equal(first, again)
    assert (first != later).any()
    assert (first != other).any()
    assert (first != np.arange(50)).any()


@MAKERS
def test_without_shuffling_rows_stand_as_they_are(make):
    for epoch in range(2):
        taken = np.concatenate([rows_of(chunk) for chunk in make(50).chunks(recipe(shuffle=False), epoch)])
        np.testing.assert_array_equal(taken, np.arange(50))


def test_both_kinds_of_rows_have_the_same_order():
    one, two = (
        np.concatenate([rows_of(chunk) for chunk in make(9001).chunks(recipe(), 1)]) for make in (in_memory, sparse)
    )
    np.testing.assert_array_equal(one, two)


@MAKERS
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("first", [None, 5, ENCODED_ROWS + 5, 10**6])
def test_blocks_give_the_first_rows_in_their_own_order(make, first, weighted):
    n = ENCODED_ROWS + 50
    blocks = list(make(n, weighted).blocks(first))
    columns = [np.concatenate([block.X for block in blocks]), np.concatenate([block.Y for block in blocks])]
    expected = [array[:first] for array in numbered(n)]
    np.testing.assert_array_equal(columns[0], expected[0])
    np.testing.assert_array_equal(columns[1], expected[1])
    assert all((block.weights is None) != weighted for block in blocks)
    if weighted:
        np.testing.assert_array_equal(np.concatenate([block.weights for block in blocks]), expected[2])


@pytest.mark.parametrize("look", [lambda rows: rows.chunks(recipe(), 0), lambda rows: rows.blocks()])
def test_sparse_rows_are_encoded_a_part_at_a_time(look):
    X, Y, _ = numbered(3 * ENCODED_ROWS)
    together = []

    def encode(rows):
        together.append(len(rows))
        return X[rows]

    list(look(Sparse(encode, Y)))
    assert together == [ENCODED_ROWS] * 3


# ---- the share of a worker ----


@MAKERS
@pytest.mark.parametrize("size", [7, 64])
def test_a_share_has_its_rows_of_every_batch(make, size):
    """In the places of the others, which may be anywhere or nowhere, nobody looks."""
    n = ENCODED_ROWS + 50

    share = Share(lambda rows: slice(rows // 4, rows // 2), lambda rows: 1)
    whole = np.concatenate([rows_of(chunk) for chunk in make(n).chunks(recipe(size), 0)])
    at = 0
    for chunk in make(n).chunks(recipe(size), 0, 0, share):
        for start in range(0, len(chunk.order), size):
            order = chunk.order[start : start + size]
            own = order[share.rows(len(order))]
            np.testing.assert_array_equal(chunk.X[own][:, 0], whole[at : at + len(order)][share.rows(len(order))])
            at += len(order)
    assert at == n


def test_only_the_share_is_encoded():
    encoded = []

    def encode(rows):
        encoded.append(len(rows))
        return rows[:, None]

    rows = Sparse(encode, np.zeros((100, 1)))
    list(rows.chunks(recipe(10), 0, 0, Share(lambda rows: slice(0, 3), lambda rows: 1)))
    assert sum(encoded) == 30
