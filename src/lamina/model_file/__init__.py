"""The model file: a safetensors file with one tensor and a JSON header of closed choices (docs/file-format.md).

    params                the flat vector, float32 or float64
    metadata["lamina"]    the header: a checksum, then network, columns, classes, settings, history (header.py)

Reading one never runs code: no pickle, no name that is imported. Every size is checked before anything is allocated.
"""

import hashlib
import os
import stat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.errors import LaminaError, ModelFileError, nearest
from lamina.model import Model
from lamina.model_file.atomic import replacing
from lamina.model_file.header import DTYPES, Contents, check_format, contents_of, header_of, parsed, text_of

__all__ = ["load", "replacing", "save"]

# How files begin that are often taken for a model file.
FOREIGN = {
    b"\x80": "a pickle. lamina never reads one, because reading it can run any code",
    b"PK\x03\x04": "a ZIP archive (PyTorch, Keras and NumPy write such files)",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a NumPy array",
    b"PAR1": "a Parquet table",
    b"ARROW1": "an Arrow table",
}
SEAL = '{{"sha256":"{}",'
PARTIAL = "the file is cut off: copy or download it again"
DAMAGED = "the file was altered or damaged: use an intact copy, or train again"


def save(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a model to one file, whole or not at all.

    Parameters
    ----------
    model : Model
    path : path
        An old file there is replaced in one step; after any error it is as it was.

    Raises
    ------
    ModelFileError
        The model holds what the format does not, or the file cannot be written.
    """
    from safetensors.numpy import save as serialised

    params = _little_endian(model.params)
    try:
        text = text_of(header_of(model))
        _check_params(contents_of(parsed(text)), params)  # what is written can be read
        with replacing(path) as file:
            file.write(serialised({"params": params}, {"lamina": _sealed(text, params)}))
    except LaminaError as problem:
        raise ModelFileError(f"cannot save this model: {problem}") from problem
    except (OSError, ValueError) as problem:
        why = getattr(problem, "strerror", None) or problem
        kept = " The old file is unchanged." if os.path.isfile(path) else ""
        raise ModelFileError(f"cannot write {os.fspath(path)!r}: {why}.{kept}") from problem


def load(path: str | os.PathLike[str]) -> Model:
    """Return the model of a file.

    Parameters
    ----------
    path : path
        A file that `save` wrote.

    Returns
    -------
    Model
        With the same bits in its parameters; `engine` is "auto".

    Raises
    ------
    ModelFileError
        The file is truncated, altered, written by a newer lamina, foreign or not there.
    """
    try:
        return _read(os.fspath(path))
    except LaminaError as problem:
        raise ModelFileError(f"cannot load {os.fspath(path)!r}: {problem}") from problem
    except (OSError, ValueError) as problem:
        raise ModelFileError(f"cannot load {os.fspath(path)!r}: {problem}") from problem


def _read(path: str) -> Model:
    from safetensors import SafetensorError, safe_open

    size = _size(path)
    try:
        with safe_open(path, "numpy") as file:
            text = _header_text(file)
            header = parsed(text)
            contents = _contents(header)
            _check_tensor(contents, file)
            params = file.get_tensor("params")
    except SafetensorError as problem:
        raise ModelFileError(_unreadable(path, size, str(problem))) from problem
    if text != _sealed("{" + text[len(SEAL.format("0" * 64)) :], params):
        raise ModelFileError(f"its checksum does not match: {DAMAGED}")
    _check_params(contents, params)
    return Model(params=params, **contents._asdict())


def _contents(header: Any) -> Contents:
    check_format(header)
    try:
        return contents_of({name: value for name, value in header.items() if name != "sha256"})
    except LaminaError as problem:
        raise ModelFileError(f"{problem}; {DAMAGED}") from problem


def _size(path: str) -> int:
    """Return the bytes of a regular file; opening anything else could wait for ever."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        folder = Path(path).parent
        names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
        raise ModelFileError(f"there is no such file.{nearest(Path(path).name, names)}") from None
    if stat.S_ISDIR(found.st_mode):
        raise ModelFileError("it is a folder: a model is one file")
    if not stat.S_ISREG(found.st_mode):
        raise ModelFileError("it is not a regular file")
    if found.st_size == 0:
        raise ModelFileError("the file is empty")
    return found.st_size


def _header_text(file: Any) -> str:
    """Return the header's text of a safetensors file that lamina wrote."""
    metadata = file.metadata() or {}
    if "lamina" not in metadata:
        names = ", ".join(sorted(file.keys())[:5])
        raise ModelFileError(f"a safetensors file, but not of lamina (its tensors: {names or 'none'})")
    if set(metadata) != {"lamina"} or list(file.keys()) != ["params"]:
        raise ModelFileError(f"one header and one tensor expected; {DAMAGED}")
    text: str = metadata["lamina"]
    return text


def _check_tensor(contents: Contents, file: Any) -> None:
    """Compare the blueprint with the tensor before it is read; the parser has compared it with the size of the file."""
    tensor = file.get_slice("params")
    shape, dtype = tensor.get_shape(), tensor.get_dtype()
    if shape != [contents.network.size] or dtype not in DTYPES:
        raise ModelFileError(
            f"its parameters are {dtype} of shape {shape}, its network has {contents.network.size}: {DAMAGED}"
        )


def _check_params(contents: Contents, params: NDArray[Any]) -> None:
    if params.shape != (contents.network.size,):
        raise ModelFileError(f"params has shape {params.shape}, the network has {contents.network.size} parameters")
    if not np.isfinite(params).all():
        raise ModelFileError("its parameters hold NaN or infinity, so it predicts nothing: train again")
    if (np.abs(contents.encoder.numbers.fill) > np.finfo(params.dtype).max).any():
        raise ModelFileError(f"what it puts for missing numbers is too large for {params.dtype}")


def _little_endian(params: NDArray[Any]) -> NDArray[Any]:
    if str(params.dtype) not in DTYPES.values():
        raise ModelFileError(f"cannot save this model: params has dtype {params.dtype}, expected float32 or float64")
    return np.ascontiguousarray(params, params.dtype.newbyteorder("<"))


def _sealed(text: str, params: NDArray[Any]) -> str:
    """Return the header's text with a checksum in front: SHA-256 of the text and the parameters, little-endian."""
    found = hashlib.sha256(text.encode())
    found.update(_little_endian(params).data)
    return SEAL.format(found.hexdigest()) + text[1:]


def _unreadable(path: str, size: int, why: str) -> str:
    """Say what a file is that the parser refused: cut off, damaged, or something else altogether."""
    with open(path, "rb") as file:
        head = file.read(9)
    if head[8:] == b"{":
        end_of_header = 8 + int.from_bytes(head[:8], "little")
        cut = end_of_header > size or "incomplete" in why
        return f"{PARTIAL} ({size:,} bytes are there)" if cut else f"{why}: {DAMAGED}"
    for start, what in FOREIGN.items():
        if head.startswith(start):
            return f"it is {what}"
    if size < 9:
        return f"{PARTIAL} ({size:,} bytes are there)"
    return f"it is not a model file of lamina (it begins with {head!r})"
