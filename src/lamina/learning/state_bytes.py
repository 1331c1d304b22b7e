"""A state as bytes and back, for another process: arrays as NumPy stores them, everything else as JSON.

Nothing in them is run.
"""

import io
import json
from typing import Any

import numpy as np

from lamina.learning.exact_values import from_json, to_json
from lamina.learning.state import State

SCALARS = "scalars"


def packed(state: State) -> bytes:
    """Return a state as bytes."""
    text = json.dumps(to_json(state.scalars(), SCALARS)).encode()
    file = io.BytesIO()
    arrays: dict[str, Any] = {**state.arrays(), SCALARS: np.frombuffer(text, np.uint8)}
    np.savez(file, **arrays)
    return file.getvalue()


def unpacked(data: bytes) -> State:
    """Return the state that `packed` was given."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return State.of(arrays, from_json(json.loads(arrays.pop(SCALARS).tobytes())))
