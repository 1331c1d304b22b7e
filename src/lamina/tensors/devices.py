"""Which device torch computes on, and what is said where it cannot."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from lamina.errors import EngineError

ELSEWHERE = "Use device='cpu' or, without a GPU, leave device and engine at 'auto'."

FULL = "DefaultCPUAllocator", "MPS backend out of memory"  # devices that have no error of their own for it
SMALLER = "Choose a smaller batch_size, fewer units (hidden_layer_sizes), or another device."


def device_of(name: str) -> Any:
    """Return the device of this name; "auto" is the first CUDA device, or the CPU where there is none.

    Raises
    ------
    EngineError
        It is not there: says what torch has, and what to do.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, number = name.partition(":")
    if kind == "cuda":
        _check_cuda(name, int(number or 0))
        return torch.device("cuda", int(number or 0))
    if kind == "mps" and not torch.backends.mps.is_available():
        built = "needs a Mac with Apple silicon" if torch.backends.mps.is_built() else "it is built without MPS"
        raise EngineError(f"device='mps': torch {torch.__version__} finds no such device; {built}. {ELSEWHERE}")
    return torch.device(kind)


def _check_cuda(name: str, number: int) -> None:
    if torch.version.cuda is None and torch.version.hip is None:
        raise EngineError(
            f"device={name!r}: this torch ({torch.__version__}) is built without CUDA. Install a build for your GPU "
            f"(https://pytorch.org/get-started/locally), or compute elsewhere. {ELSEWHERE}"
        )
    if not torch.cuda.is_available():
        raise EngineError(
            f"device={name!r}: torch {torch.__version__} (CUDA {torch.version.cuda}) finds no GPU. Is one there, and "
            f"is its driver new enough (nvidia-smi)? {ELSEWHERE}"
        )
    count = torch.cuda.device_count()
    if number >= count:
        there = ", ".join(f"cuda:{k}" for k in range(count))
        raise EngineError(f"device={name!r}: torch finds {count} of them: {there}.")


def check_type(device: Any, dtype: Any) -> None:
    """Raise an EngineError where a device does not compute with this type of number."""
    if device.type == "mps" and dtype == torch.float64:
        raise EngineError(
            "device='mps' has no double precision: choose dtype='float32' (and another optimizer than 'lbfgs', which "
            "computes in double precision), or device='cpu'."
        )


@contextmanager
def memory_of(device: Any) -> Iterator[None]:
    """Turn torch's word for a full device into Python's, with what the device has."""
    try:
        yield
    except torch.OutOfMemoryError as problem:
        raise MemoryError(f"the device {device} is full{_room(device)}. {SMALLER}") from problem
    except RuntimeError as problem:
        if not any(words in str(problem) for words in FULL):
            raise
        raise MemoryError(f"the device {device} is full. {SMALLER}") from problem


def _room(device: Any) -> str:
    if device.type != "cuda":
        return ""
    free, total = torch.cuda.mem_get_info(device)
    return f": {free / 2**30:,.1f} of its {total / 2**30:,.1f} GiB are free"
