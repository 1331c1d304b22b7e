"""Where the parameters start (the last three: improving networks, initialization)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lamina.course.arguments import Arrays, legacy_generator, shown, whole
from lamina.equations.types import Array
from lamina.errors import SettingError


def initialize_parameters(n_x: int, n_h: int, n_y: int, *, seed: int | None = 1) -> Arrays:
    """Return the parameters of two layers: W = 0.01 N(0, 1), b = 0.

    W1 is (n_h, n_x), b1 is (n_h, 1), W2 is (n_y, n_h), b2 is (n_y, 1).
    """
    sizes = [whole(name, n, 1) for name, n in (("n_x", n_x), ("n_h", n_h), ("n_y", n_y))]
    return initialize_parameters_deep(sizes, seed=seed)


def initialize_parameters_deep(layer_dims: Sequence[int], *, seed: int | None = 3) -> Arrays:
    """Return W1, b1, ..., WL, bL: W = 0.01 N(0, 1), b = 0.

    `layer_dims` is (n_x, n_1, ..., n_L): L is one less than its length.
    """
    return drawn(layer_dims, lambda W, n_prev: W * 0.01, seed, "layer_dims")


def initialize_parameters_zeros(layers_dims: Sequence[int]) -> Arrays:
    """Return W1, b1, ..., WL, bL, all zero.

    Every unit of a layer then learns the same.
    """
    return drawn(layers_dims, lambda W, n_prev: np.zeros_like(W), 0)


def initialize_parameters_random(layers_dims: Sequence[int], *, seed: int | None = 3) -> Arrays:
    """Return W1, b1, ..., WL, bL: W = 10 N(0, 1), b = 0.

    Too large on purpose: the assignment shows what comes of it.
    """
    return drawn(layers_dims, lambda W, n_prev: W * 10, seed)


def initialize_parameters_he(layers_dims: Sequence[int], *, seed: int | None = 3) -> Arrays:
    """Return W1, b1, ..., WL, bL: W = sqrt(2 / n_prev) N(0, 1), b = 0.

    So that the size of A stays the same through relu layers (He et al. 2015).
    """
    return drawn(layers_dims, lambda W, n_prev: W * np.sqrt(2 / n_prev), seed)


def sizes_of(layers_dims: Any, name: str = "layers_dims") -> list[int]:
    """Return n_x, n_1, ..., n_L as ints."""
    sizes = layers_dims.tolist() if isinstance(layers_dims, np.ndarray) else layers_dims
    try:
        if not isinstance(sizes, list | tuple) or len(sizes) < 2:
            raise SettingError
        return [whole(name, n, 1) for n in sizes]
    except SettingError:
        found = shown(tuple(sizes) if isinstance(sizes, list) else sizes)
        raise SettingError(
            f"{name} is {found}: expected sizes n_x, ..., n_y, at least two whole numbers, all >= 1"
        ) from None


def drawn(
    layers_dims: Any, scaled: Callable[[Array, int], Array], seed: int | None, name: str = "layers_dims"
) -> Arrays:
    """Return W1, b1, ..., WL, bL: standard normal draws, scaled, and zeros."""
    sizes = sizes_of(layers_dims, name)
    rng, parameters = legacy_generator(seed), Arrays()
    for layer, (n_prev, n) in enumerate(itertools.pairwise(sizes), start=1):
        parameters[f"W{layer}"] = scaled(rng.randn(n, n_prev), n_prev)
        parameters[f"b{layer}"] = np.zeros((n, 1))
    return parameters
