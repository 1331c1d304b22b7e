"""The model file: a sealed file with one array and a header of closed choices (docs/file-format.md).

    params        the flat vector, float32 or float64
    the header    a checksum, then network, columns, classes, settings, history (header.py)

Reading one never runs code: no pickle, no name that is imported. Every size is checked before anything is allocated.
"""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import sealed_file
from lamina.data.encoding.encoder import Encoder
from lamina.equations.network import Network
from lamina.errors import DamagedFileError, LaminaError, ModelFileError, SettingError
from lamina.model import Model
from lamina.model_file import blueprints, settings
from lamina.model_file.header import DTYPES, Contents, check_format, contents_of, header_of
from lamina.sealed_file import DAMAGED, Tensor, parsed, text_of

LONGEST_MESSAGE = 500  # characters of what is wrong with a file

__all__ = ["check_savable", "load", "save"]


MANY_VALUES = 2**20  # of an encoder, from which its size is looked at


def check_savable(network: Network, encoder: Encoder, given: Mapping[str, Any], task: str, target_name: str) -> None:
    """Find out before training whether a model file holds what is there already: network, encoder and settings.

    Raises
    ------
    SettingError
        It does not; says what.
    """
    try:
        parts = {"blueprint": network.blueprint(), "settings": settings.to_header(given), "target_name": target_name}
        read_back = parsed(text_of(parts))
        blueprints.network_from(read_back["blueprint"])
        settings.from_header(read_back["settings"], task)
        values = sum(map(len, encoder.numbers.quantiles)) + sum(len(one.levels) for one in encoder.categories)
        if values > MANY_VALUES:
            sealed_file.check_length(text_of(encoder.to_header()))
    except (LaminaError, ValueError) as problem:
        raise SettingError(f"a model of these settings could not be saved: {problem}") from problem


def save(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a model to one file, whole or not at all.

    Parameters
    ----------
    model : Model
    path : path
        `~` is the home folder. An old file there is replaced in one step; after any error it is as it was.

    Raises
    ------
    ModelFileError
        The model holds what the format does not, or the file cannot be written.
    """
    path = os.path.expanduser(os.fspath(path))
    try:
        header = header_of(model)
        _check_dtype(model.params)
        _check_params(contents_of(parsed(text_of(header))), model.params)  # what is written can be read
        sealed_file.write(path, {"params": model.params}, header)
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
    path = os.path.expanduser(os.fspath(path))
    try:
        return _read(path)
    except DamagedFileError as problem:
        advice = "use an intact copy, or train again"
        raise ModelFileError(f"cannot load {os.fspath(path)!r}: {_on_a_line(problem)}: {advice}") from problem
    except MemoryError as problem:
        raise ModelFileError(f"cannot load {os.fspath(path)!r}: it needs more memory than there is") from problem
    except (LaminaError, OSError, ValueError, TypeError, OverflowError, RecursionError) as problem:
        raise ModelFileError(f"cannot load {os.fspath(path)!r}: {_on_a_line(problem)}") from problem


def _on_a_line(problem: Exception) -> str:
    """Return a message in which a file may have put anything: one line, no control characters, not too long."""
    text = str(problem)[: LONGEST_MESSAGE + 1]
    plain = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return plain if len(plain) <= LONGEST_MESSAGE else f"{plain[:LONGEST_MESSAGE]}..."


def _read(path: str | os.PathLike[str]) -> Model:
    with sealed_file.opened(path) as file:
        check_format(file.header)
        try:
            contents = contents_of(file.header)
        except LaminaError as problem:
            raise DamagedFileError(f"{problem}; {DAMAGED}") from problem
        _check_tensors(contents, file.tensors)
        params = file.arrays()["params"]
    _check_params(contents, params)
    return Model(params=params, **contents._asdict())


def _check_tensors(contents: Contents, tensors: Mapping[str, Tensor]) -> None:
    """Compare the blueprint with the array before it is read; the parser has compared it with the size of the file."""
    if set(tensors) != {"params"}:
        raise DamagedFileError(f"expected one array, params, found {', '.join(sorted(tensors)) or 'none'}: {DAMAGED}")
    dtype, shape = tensors["params"]
    if shape != shape_of(contents) or dtype not in DTYPES:
        raise DamagedFileError(
            f"its parameters are {dtype} of shape {shape}, its network has {contents.network.size}: {DAMAGED}"
        )


def shape_of(contents: Contents) -> list[int]:
    """Return the shape of the parameters: those of several bags are the rows of a matrix."""
    size, bags = contents.network.size, int(contents.settings.get("n_bags", 1))
    return [size] if bags == 1 else [bags, size]


def _check_dtype(params: NDArray[Any]) -> None:
    if str(params.dtype) not in DTYPES.values():
        raise ModelFileError(f"params has dtype {params.dtype}, expected float32 or float64")


def _check_params(contents: Contents, params: NDArray[Any]) -> None:
    if list(params.shape) != shape_of(contents):
        raise ModelFileError(f"params has shape {params.shape}, the network has {contents.network.size} parameters")
    if not np.isfinite(params).all():
        raise ModelFileError("its parameters hold NaN or infinity, so it predicts nothing: train again")
    if (np.abs(contents.encoder.numbers.fill) > np.finfo(params.dtype).max).any():
        raise ModelFileError(f"what it puts for missing numbers is too large for {params.dtype}")
