"""What the way forward hands to the way back, and which of the kinds of cache one is.

activation  Z
linear      (A_prev, W, b)
layer       ((A_prev, W, b), Z)
layers      a list with the layer cache of every layer
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lamina.course.arguments import Arrays, check_layer, check_same, floats, shown
from lamina.equations.types import Array
from lamina.errors import DataError

LinearCache = tuple[Array, Array, Array]  # A_prev, W, b
LayerCache = tuple[LinearCache, Array]  # linear cache, Z

CACHE = "Z1 A1 W1 b1 Z2 A2 W2 b2 Z3 A3 W3 b3"
DROPOUT_CACHE = "Z1 D1 A1 W1 b1 Z2 D2 A2 W2 b2 Z3 A3 W3 b3"


def activation_cache(cache: Any, activation: str) -> Array:
    """Return Z."""
    _expect("activation", cache, f"Z alone, as {activation} returns it beside A")
    (Z,) = floats(**{"the cache": cache})
    return Z


def linear_cache(cache: Any) -> LinearCache:
    """Return (A_prev, W, b)."""
    _expect("linear", cache, "(A_prev, W, b), of linear_forward")
    A_prev, W, b = floats(A_prev=cache[0], W=cache[1], b=cache[2])
    check_layer(A_prev, W, b)
    return A_prev, W, b


def layer_cache(cache: Any, name: str = "the cache") -> LayerCache:
    """Return ((A_prev, W, b), Z)."""
    _expect("layer", cache, "((A_prev, W, b), Z), of linear_activation_forward", name)
    return cache[0], cache[1]


def layer_caches(caches: Any) -> list[LayerCache]:
    """Return the cache of every layer, from the first to the last."""
    if isinstance(caches, tuple | list) and len(caches) == 0:
        raise DataError("caches is empty: expected one cache per layer, as L_model_forward returns them")
    if isinstance(caches, tuple | list) and kind_of(caches) not in KINDS:
        return [layer_cache(cache, f"caches[{k}]") for k, cache in enumerate(caches)]
    _expect("layers", caches, "a list with the cache of every layer, of L_model_forward", "caches")
    for k in range(1, len(caches)):
        below, (A_prev, _, _) = caches[k - 1][1], caches[k][0]
        check_same(f"A_prev of caches[{k}]", np.asarray(A_prev), f"Z of caches[{k - 1}]", np.shape(below))
    return list(caches)


def named_cache(cache: Any, names: str, source: str) -> Arrays:
    """Return a flat cache as a dict."""
    expected = names.split()
    if not isinstance(cache, tuple | list) or len(cache) != len(expected):
        found = f"has {len(cache)} arrays" if isinstance(cache, tuple | list) else f"is {shown(cache)}"
        raise DataError(f"cache {found}: expected {len(expected)}: {', '.join(expected)}{source}")
    return dict(zip(expected, floats(**dict(zip(expected, cache, strict=True))), strict=True))


def kind_of(cache: Any) -> str:
    """Return the kind of a cache, a key of `KINDS`, or ''."""
    return next((kind for kind, is_it in KINDS.items() if is_it(cache)), "")


def _expect(wanted: str, cache: Any, expected: str, name: str = "the cache") -> None:
    found = kind_of(cache)
    if found != wanted:
        said, cure = FOUND.get(found) or shown(cache), CURES.get((found, wanted))
        raise DataError(f"{name} is {said}: expected {expected}" + (f"; {cure}" if cure else ""))


def _is_array(value: Any) -> bool:
    """Whether a value is an array, or lists of numbers."""
    if isinstance(value, list):
        return all(np.isscalar(part) or (isinstance(part, list) and _is_array(part)) for part in value)
    return isinstance(value, np.ndarray | np.number | int | float) or hasattr(value, "__array__")


def _are_arrays(value: Any, n: int) -> bool:
    return isinstance(value, tuple | list) and len(value) == n and all(_is_array(part) for part in value)


def _is_layer(value: Any) -> bool:
    return isinstance(value, tuple | list) and len(value) == 2 and _are_arrays(value[0], 3) and _is_array(value[1])


def _are_layers(value: Any) -> bool:
    return isinstance(value, Sequence) and len(value) > 0 and all(_is_layer(part) for part in value)


KINDS: dict[str, Callable[[Any], bool]] = {
    "activation": _is_array,
    "linear": lambda cache: _are_arrays(cache, 3),
    "layer": _is_layer,
    "layers": _are_layers,
    "pair": lambda cache: _are_arrays(cache, 2),
}

FOUND = {
    "activation": "one array",
    "linear": "(A_prev, W, b), of linear_forward",
    "layer": "((A_prev, W, b), Z), of linear_activation_forward",
    "layers": "the list of the caches of all layers, of L_model_forward",
    "pair": "two arrays",
}

# (what was found, what was expected): what to do
CURES = {
    ("pair", "activation"): "if these are A and Z, take the second, cache[1]",
    ("linear", "activation"): "it holds no Z",
    ("layer", "activation"): "take its second part, cache[1]",
    ("layers", "activation"): "take that of layer l, caches[l - 1][1]",
    ("layer", "linear"): "take its first part, cache[0]",
    ("layers", "linear"): "take that of layer l, caches[l - 1][0]",
    ("linear", "layer"): "with it, call linear_backward",
    ("layers", "layer"): "take that of layer l, caches[l - 1]",
    ("layer", "layers"): "put it into a list, [cache]",
}
