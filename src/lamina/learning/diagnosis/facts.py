"""What encoded rows say by themselves: sizes, copies, a column that gives the target away, rows that stand twice.

Facts are plain values, so that a model file holds them: a loaded model can be diagnosed without its rows.
"""

import math
from contextlib import closing
from typing import Any

import numpy as np

from lamina.data.encoding.encoder import Encoder
from lamina.data.examples import Block, Examples
from lamina.data.row_hash import hash_rows
from lamina.engine import Engine
from lamina.equations.losses import BinaryLogLoss, CategoricalLogLoss, Quantile
from lamina.equations.network import Network
from lamina.equations.types import Array
from lamina.learning.run import Run

SAMPLED_ROWS = 1024  # that columns and targets are judged by
WATCHED_FOR_TWINS = 1024  # rows that are looked for among
SEARCHED_ROWS, SEARCHED_CELLS = 65_536, 2**24  # so many
MOST_COLUMNS = 512  # that are looked at one by one: the first
MOST_BINS, ROWS_PER_BIN = 50, 20  # of a column that may give the target away
EQUAL = 1e-5  # of a correlation, to 1
MOST_VALUES = 10  # of a target that are kept
MOST_CLASSES = 100  # that are counted
FEWEST_ROWS_OF_A_BATCH, FEWEST_BATCHES = 16, 3  # from which an order can be told
MOST_COPIES = 10  # that are listed

Facts = dict[str, Any]


def facts_of(rows: Examples, validation: Examples | None, encoder: Encoder | None, network: Network) -> Facts:
    """Return what training rows, and their validation rows, say.

    Parameters
    ----------
    rows, validation : Examples
        At most 65,536 of them are looked at.
    encoder : Encoder, optional
        Where each encoded column came from.
    network : Network
    """
    X, Y, weights = joined(rows, SAMPLED_ROWS)
    with np.errstate(all="ignore"):
        facts: Facts = {"rows": rows.n, "validation_rows": 0 if validation is None else validation.n}
        facts |= {"baseline": baseline(network, Y, weights), "target": _of_target(Y)}
        if encoder is not None:
            codes = codes_of(encoder, X)
            facts |= inputs_of(encoder, X) | {"copies": _copies(encoder, codes)}
            facts |= {"leak": _leak(codes, Y), "richest": _richest(encoder, codes)}
        facts |= _of_twins(rows, validation)
    return {name: _plain(value) for name, value in facts.items()}


def joined(rows: Examples, first: int | None) -> Block:
    """Return the first so many rows in one block."""
    X, Y, w = zip(*rows.blocks(first), strict=True)
    return Block(np.concatenate(X), np.concatenate(Y), None if w[0] is None else np.concatenate(w))


def baseline(network: Network, Y: Array, weights: Any) -> float:
    """Return the cost of the best constant prediction: for classes the entropy of their shares."""
    w = np.ones(len(Y)) if weights is None else weights.astype(np.float64)
    mean = (w @ Y) / w.sum()
    if isinstance(network.loss, Quantile):
        mean = np.quantile(Y, network.loss.quantiles, axis=0).T.ravel()
    A = np.broadcast_to(mean.astype(np.float64), (len(Y), network.n_outputs))
    return float(network.cost_of_output(A, Y.astype(np.float64), weights))


def _of_target(Y: Array) -> Facts:
    """Return mean and spread of the first encoded target, how many different values it has, and the first of them."""
    y = Y[:, 0].astype(np.float64)
    values = np.unique(y)
    return {"mean": y.mean(), "spread": y.std(), "values": len(values), "of": len(y), "first": values[:MOST_VALUES]}


def order_of_batches(run: Run) -> float:
    """Return how far apart the means of the first batches are, over what they are in random order: about 1.

    Only rows that are not shuffled can be in another one.
    """
    size = max(run.recipe.batch_size, FEWEST_ROWS_OF_A_BATCH)
    batches = min(run.examples.n, SAMPLED_ROWS) // size
    if run.recipe.shuffle or batches < FEWEST_BATCHES:
        return 1.0
    with closing(run.examples.chunks(run.recipe, 0)) as chunks:  # type: ignore[type-var]
        chunk = next(chunks)
    first = chunk.Y[chunk.order[: batches * size]].astype(np.float64)
    everywhere = joined(run.examples, SAMPLED_ROWS).Y.astype(np.float64)
    means = first[: len(first) // size * size].reshape(-1, size, first.shape[1]).mean(axis=1)
    whole = everywhere.var(axis=0).sum()
    apart = np.square(means - everywhere.mean(axis=0)).sum(axis=1).mean() if len(means) else 0.0
    return float(f"{size * apart / whole:.3g}") if whole > 0 and len(means) else 1.0


def predictions_of(network: Network, engine: Engine, params: Array, rows: Examples) -> Facts:
    """Return what a network predicts for rows: how far its answers spread, and how often it gives each class.

    Parameters
    ----------
    network, engine, params
    rows : Examples
        At most 1,024 of them are looked at.
    """
    X, Y, weights = joined(rows, SAMPLED_ROWS)
    A = engine.predict(network, params, X).astype(np.float64)
    found: Facts = {"of": len(Y), "cost": network.cost_of_output(A, Y.astype(np.float64), weights)}
    found["spread"] = np.sqrt(A.var(axis=0).mean())
    if isinstance(network.loss, BinaryLogLoss | CategoricalLogLoss) and Y.shape[1] <= MOST_CLASSES:
        one = network.n_outputs == 1
        given, answered = ((B[:, 0] > 0.5).astype(int) if one else B.argmax(axis=1) for B in (Y, A))
        found["actual"], found["predicted"] = (np.bincount(k, minlength=max(2, Y.shape[1])) for k in (given, answered))
    return {name: _plain(value) for name, value in found.items()}


# ---- columns ----


def codes_of(encoder: Encoder, X: Array) -> Array:
    """Return a number for what each row has in each of the first columns of the table: one that tells levels apart.

    Shape (rows, columns).
    """
    origin, numbers, n = encoder.origin, set(encoder.number_positions), min(len(encoder.names_in), MOST_COLUMNS)
    codes = np.zeros((len(X), n))
    for j in range(n):
        at = np.flatnonzero(origin == j)
        scaled = [p for p in at.tolist() if p in numbers]
        codes[:, j] = X[:, scaled[0]] if scaled else X[:, at].astype(np.float64) @ np.cos(1.0 + np.arange(len(at)))
    return codes


def inputs_of(encoder: Encoder, X: Array) -> Facts:
    """Return how large the encoded columns are: root mean squares of those that vary; places of an embedding aside."""
    plain = np.setdiff1d(np.arange(X.shape[1]), [at for at, _ in encoder.embedded])
    sizes = np.sqrt(np.mean(np.square(X[:, plain], dtype=np.float64), axis=0))
    vary = X[:, plain].std(axis=0, dtype=np.float64) > 1e-7 * np.maximum(sizes, 1e-30)
    found: Facts = {"varying": int(vary.sum()) + len(encoder.embedded), "encoded": X.shape[1]}
    if not vary.any():
        return found
    at, sizes = plain[vary], sizes[vary]
    j = int(np.argmax(sizes))
    return found | {"largest": sizes[j], "largest_column": int(encoder.origin[at[j]]), "typical": np.median(sizes)}


def _copies(encoder: Encoder, codes: Array) -> list[list[int]]:
    """Return pairs of columns that say the same in every row, up to unit and offset."""
    n, d = codes.shape
    enough = [j for j in range(d) if _is_telling(codes[:, j])]
    if len(enough) < 2:
        return []
    numbers = set(encoder.origin[list(encoder.number_positions)].tolist())
    S = np.stack([_standardised(codes[:, j] if j in numbers else _ranked(codes[:, j])) for j in enough], axis=1)
    alike = np.triu(S.T @ S / n > 1 - EQUAL, 1)
    same_kind = np.array([j in numbers for j in enough])
    pairs = np.argwhere(alike & (same_kind[:, None] == same_kind))[:MOST_COPIES]
    return [[enough[a], enough[b]] for a, b in pairs.tolist()]


def _is_telling(column: Array) -> bool:
    """Return whether a column varies enough that another one equals it by no chance."""
    counts = np.unique(column, return_counts=True)[1]
    return len(column) >= 20 and len(column) - int(counts.max()) >= max(10, len(column) // 20)


def _standardised(column: Array) -> Array:
    spread = column.std()
    return (column - column.mean()) / (spread if spread > 0 else 1.0)


def _ranked(column: Array) -> Array:
    """Return levels as the numbers of the rows in which they first occur: the same for a copy under other names."""
    _, first, at = np.unique(column, return_index=True, return_inverse=True)
    return first[at.reshape(-1)].astype(np.float64)


def _richest(encoder: Encoder, codes: Array) -> float:
    """Return the largest share of different values in a column of numbers."""
    numbers = np.unique(encoder.origin[list(encoder.number_positions)])
    return max((len(np.unique(codes[:, j])) / len(codes) for j in numbers if j < codes.shape[1]), default=0.0)


def _leak(codes: Array, Y: Array) -> list[Any]:
    """Return the column that explains most of the target by itself, and how much of it: 0 to 1."""
    scores = [_explained(codes[:, j], Y.astype(np.float64)) for j in range(codes.shape[1])]
    j = int(np.argmax(scores)) if scores else 0
    return [j, scores[j] if scores else 0.0]


def _explained(column: Array, Y: Array) -> float:
    """Return the share of the variance of Y between the values of a column, or between bins of many values.

    Corrected for chance as adjusted R^2 is; 0 where there are too few rows to tell.
    """
    n, total = len(Y), Y.var(axis=0).sum()
    if total <= 0 or n < 2 * ROWS_PER_BIN:
        return 0.0
    values, at = np.unique(column, return_inverse=True)
    if len(values) > MOST_BINS:
        edges = np.unique(np.quantile(column, np.linspace(0, 1, min(MOST_BINS, n // ROWS_PER_BIN) + 1)[1:-1]))
        at = np.searchsorted(edges, column, side="right")
    at = at.reshape(-1)
    counts = np.bincount(at)
    bins = int((counts > 0).sum())
    by_one_threshold = _by_one_threshold(column, Y) / total
    if bins < 2 or n < ROWS_PER_BIN * bins:
        return by_one_threshold
    means = np.stack([np.bincount(at, y) for y in Y.T], axis=1) / np.maximum(counts, 1)[:, None]
    within = np.mean(np.square(Y - means[at]).sum(axis=1))
    return max(by_one_threshold, float(1 - within / total * (n - 1) / (n - bins)))


def _by_one_threshold(column: Array, Y: Array) -> float:
    """Return the variance of Y between the rows below and above the best threshold of a column."""
    order, n = np.argsort(column, kind="stable"), len(Y)
    between = np.flatnonzero(np.diff(column[order])) + 1  # rows below each threshold
    between = between[(between >= ROWS_PER_BIN // 2) & (between <= n - ROWS_PER_BIN // 2)]
    if len(between) == 0:
        return 0.0
    below = np.cumsum(Y[order] - Y.mean(axis=0), axis=0)[between - 1]
    return float((np.square(below).sum(axis=1) / (between * (n - between))).max())


# ---- rows that stand twice ----


def _of_twins(rows: Examples, validation: Examples | None) -> Facts:
    """Return which share of the validation rows, and of the training rows, stands among the (other) training rows."""
    width = next(iter(rows.blocks(1))).X.shape[1]
    searched = min(SEARCHED_ROWS, max(SEARCHED_CELLS // width, WATCHED_FOR_TWINS))
    known = np.concatenate([hash_rows(X, Y) for X, Y, _ in rows.blocks(searched)])
    values, counts = np.unique(known, return_counts=True)
    first = np.searchsorted(values, known[:WATCHED_FOR_TWINS])
    found: Facts = {"twins": float(np.mean(counts[first] > 1))}
    if validation is not None:
        others = joined(validation, WATCHED_FOR_TWINS)
        found["overlap"] = float(np.mean(np.isin(hash_rows(others.X, others.Y), values)))
        found["overlap_of"] = len(others.Y)
    return found


def _plain(value: Any) -> Any:
    """Return plain values, numbers with four digits; None for one that is not finite."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(one) for one in value]
    if isinstance(value, np.integer | int):
        return int(value)
    return float(f"{value:.4g}") if math.isfinite(value) else None
