"""What a function returned, as arrays by name; or a sentence that says what was expected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lamina.glassbox.doctor.cases import Case
from lamina.glassbox.doctor.mini_batch_mistakes import account_of
from lamina.glassbox.doctor.model_forward_mistakes import parts_of
from lamina.glassbox.doctor.start_mistakes import statistics_of
from lamina.glassbox.doctor.steps import Named
from lamina.glassbox.doctor.three_layer_mistakes import DROPOUT_CACHE
from lamina.glassbox.doctor.wire import Other

View = Callable[[Any, Case], Named]


class Unexpected(Exception):
    """What was returned is not of the kind that was expected; the text says both."""


def described(value: Any) -> str:
    """Return what a value is: "an array of shape (4, 3)"."""
    if value is None:
        return "nothing (None)"
    if isinstance(value, Other):
        return value.what
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, tuple | list):
        return f"{'a tuple' if isinstance(value, tuple) else 'a list'} of {len(value)}"
    if isinstance(value, dict):
        return f"a dict of {', '.join(map(str, list(value)[:8])) or 'nothing'}"
    return f"the {'text' if isinstance(value, str) else 'number'} {value!r}"


def array_of(value: Any, name: str) -> Any:
    """Return a float array, from what may stand for one."""
    if isinstance(value, np.ndarray | int | float):
        return np.asarray(value, np.float64)
    if isinstance(value, list):
        try:
            return np.asarray(value, np.float64)
        except (TypeError, ValueError):
            pass
    raise Unexpected(f"{name} is {described(value)}; expected an array")


def one(name: str) -> View:
    """Return a view of one array; a tuple is refused."""
    return lambda returned, case: {name: array_of(returned, name)}


def cost(returned: Any, case: Case) -> Named:
    """One number, of any number of axes."""
    array = array_of(returned, "the cost")
    return {"cost": array.reshape(()) if array.size == 1 else array}


def difference(returned: Any, case: Case) -> Named:
    """One number, perhaps with more beside it."""
    if isinstance(returned, tuple | list) and returned:
        returned = returned[0]
    array = array_of(returned, "the difference")
    return {"difference": array.reshape(()) if array.size == 1 else array}


def several(*names: str) -> View:
    """Return a view of a tuple of arrays."""

    def view(returned: Any, case: Case) -> Named:
        parts = _parts(returned, len(names), ", ".join(names))
        return {name: array_of(part, name) for name, part in zip(names, parts, strict=True)}

    return view


def _parts(returned: Any, count: int, expected: str) -> Any:
    if not isinstance(returned, tuple | list) or len(returned) != count:
        raise Unexpected(f"it returns {described(returned)}; expected {expected}")
    return returned


def activation(returned: Any, case: Case) -> Named:
    """A and its cache; A alone is what some of the course's notebooks have."""
    if isinstance(returned, np.ndarray | float | int):
        return {"A": array_of(returned, "A"), "cache": array_of(case.arguments[0], "cache")}
    A, cache = _parts(returned, 2, "A, cache")
    if isinstance(cache, tuple | list) and len(cache) == 1:
        cache = cache[0]
    return {"A": array_of(A, "A"), "cache": array_of(cache, "the cache")}


def softmax(returned: Any, case: Case) -> Named:
    """A, with or without a cache."""
    if isinstance(returned, tuple) and returned:
        returned = returned[0]
    return {"A": array_of(returned, "A")}


def with_cache(name: str, expected: str) -> View:
    """Return a view of an array and a cache of one level or two."""

    def view(returned: Any, case: Case) -> Named:
        result, cache = _parts(returned, 2, expected)
        if not isinstance(cache, tuple | list):
            raise Unexpected(f"the cache is {described(cache)}; expected {expected}")
        flat: list[Any] = []
        for part in cache:
            flat += list(part) if isinstance(part, tuple | list) else [part]
        return {name: array_of(result, name)} | {f"cache[{k}]": array_of(p, f"cache[{k}]") for k, p in enumerate(flat)}

    return view


def forward(returned: Any, case: Case) -> Named:
    """AL and caches."""
    AL, caches = _parts(returned, 2, "AL, caches")
    if not isinstance(caches, tuple | list):
        raise Unexpected(f"caches is {described(caches)}; expected a list with one cache per layer")
    named = {"AL": array_of(AL, "AL"), "number of caches": np.asarray(float(len(caches)))}
    for place, cache in enumerate(caches):
        for name, part in parts_of(cache, f"caches[{place}]"):
            named[name] = array_of(part, name)
    return named


def named(*optional: str) -> View:
    """Return a view of a dict of arrays; keys that start with one of `optional` may be missing."""

    def view(returned: Any, case: Case) -> Named:
        if isinstance(returned, tuple | list) and returned and isinstance(returned[0], dict):
            returned = returned[0]  # some versions return more beside it
        if not isinstance(returned, dict):
            raise Unexpected(f"it returns {described(returned)}; expected a dict")
        return {name: array_of(array, f"[{name!r}]") for name, array in returned.items()}

    return view


def gradients(returned: Any, case: Case) -> Named:
    """dW1, db1, ...; the first version of the course called the derivative by A[l-1] dA{l}."""
    found = {name: array for name, array in named()(returned, case).items() if name[:2] in ("dA", "dW", "db")}
    layers = len(case.arguments[2])
    numbers = sorted(int(name[2:]) for name in found if name[:2] == "dA" and name[2:].isdigit())
    if numbers and numbers[-1] == layers and numbers[0] >= 1:
        kept = {name: array for name, array in found.items() if name[:2] != "dA"}
        return kept | {f"dA{k - 1}": found[f"dA{k}"] for k in numbers}
    return found


def three_layers(returned: Any, case: Case) -> Named:
    """The gradients of three layers."""
    return {k: v for k, v in named()(returned, case).items() if k[:2] in ("dA", "dZ", "dW", "db") and k != "dA0"}


def with_memory(*names: str) -> View:
    """Return a view of parameters and memories: a tuple of dicts."""

    def view(returned: Any, case: Case) -> Named:
        if not isinstance(returned, tuple | list) or not 1 + len(names[:2]) <= 1 + len(returned):
            raise Unexpected(f"it returns {described(returned)}; expected parameters, {', '.join(names)}")
        if len(returned) < min(3, 1 + len(names)) or not all(isinstance(part, dict) for part in returned):
            raise Unexpected(f"it returns {described(returned)}; expected parameters, {', '.join(names)}")
        found = {name: array_of(array, f"parameters[{name!r}]") for name, array in returned[0].items()}
        for memory, part in zip(names, returned[1:], strict=False):
            found |= {f"{memory}[{name}]": array_of(array, f"{memory}[{name!r}]") for name, array in part.items()}
        return found

    return view


def memory(*names: str) -> View:
    """Return a view of memories alone."""

    def view(returned: Any, case: Case) -> Named:
        parts = [returned] if len(names) == 1 else _parts(returned, len(names), ", ".join(names))
        found: Named = {}
        for name, part in zip(names, parts, strict=True):
            if not isinstance(part, dict):
                raise Unexpected(f"{name} is {described(part)}; expected a dict of zeros")
            found |= {f"{name}[{key}]": array_of(array, f"{name}[{key!r}]") for key, array in part.items()}
        return found

    return view


def start(returned: Any, case: Case) -> Named:
    """The statistics of an initialization."""
    return {name: np.asarray(value, np.float64) for name, value in statistics_of(named()(returned, case)).items()}


def mini_batches(returned: Any, case: Case) -> Named:
    """The account of the mini-batches."""
    if not isinstance(returned, tuple | list):
        raise Unexpected(f"it returns {described(returned)}; expected a list of pairs (mini_batch_X, mini_batch_Y)")
    for batch in returned:
        if not isinstance(batch, tuple | list) or len(batch) != 2:
            raise Unexpected(f"a batch is {described(batch)}; expected a pair (mini_batch_X, mini_batch_Y)")
    account = account_of(returned, case.arguments[0].shape[1])
    return {name: np.asarray(value, np.float64) for name, value in account.items()}


def dropped(returned: Any, case: Case) -> Named:
    """A3 and the cache with the masks that were drawn."""
    A3, cache = _parts(returned, 2, "A3, cache")
    if not isinstance(cache, tuple | list) or len(cache) != len(DROPOUT_CACHE):
        raise Unexpected(f"the cache is {described(cache)}; expected {', '.join(DROPOUT_CACHE)}")
    found = {"A3 (returned)": array_of(A3, "A3")}
    for name, part in zip(DROPOUT_CACHE, cache, strict=True):
        found[name] = array_of(part, name)
        if name.startswith("D"):
            found[f"share of {name}"] = np.asarray(np.mean(found[name]))
            found[f"seen in {name}"] = np.asarray(float(np.isin(found[name], (0, 1)).all()))
    return found


def trained(returned: Any, case: Case) -> Named:
    """The parameters of a model, with costs beside them or not."""
    return named()(returned, case)
