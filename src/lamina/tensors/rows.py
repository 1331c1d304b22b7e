"""Rows on a device: those that nobody can write to stay there, others travel when they are needed.

An array is known to stay as it is where neither it nor what it is a view of can be written to; encoded rows are such
arrays (data/examples.py). Its copy on the device lives as long as the array itself.
"""

import weakref
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor


class Rows(NamedTuple):
    """Rows on a device."""

    X: Tensor  # (rows, n_inputs)
    Y: Tensor  # (rows, targets)
    weights: Tensor | None  # (rows,)


def sent(array: Any, device: Any, dtype: Any) -> Tensor:
    """Return a copy of an array on a device, or what is there of one that stays as it is."""
    owner = owner_of(array)
    if owner is None:
        return copied(array, device, dtype)
    place = array.__array_interface__
    key = place["data"][0], array.shape, array.strides, place["typestr"], str(device), dtype
    found = _there.get(key)
    if found is None:
        found = _there[key] = copied(array, device, dtype)
        weakref.finalize(owner, _there.pop, key, None)
    return found


_there: dict[Any, Tensor] = {}


def stays(array: Any) -> bool:
    """Return whether nobody can write to an array."""
    return array is None or owner_of(array) is not None


def owner_of(array: Any) -> Any:
    """Return the array whose memory an array is where nobody can write to it, else None."""
    while isinstance(array, np.ndarray) and not array.flags.writeable:
        if array.base is None:
            return array
        array = array.base
    return None


def copied(array: Any, device: Any, dtype: Any) -> Tensor:
    """Return a copy of an array on a device, which may be changed."""
    numbers = str(dtype).removeprefix("torch.")  # changed here: not every device knows double precision
    return torch.from_numpy(np.array(array, numbers, order="C")).to(device)
