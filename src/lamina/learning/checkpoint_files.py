"""The files in the folder of a run: `run.json` and the states, each sealed and written whole or not at all.

    run.json                   format, lamina (the version), identity, description, summary
    state-120.safetensors      arrays; header: format, lamina, step, identity, description, arrays, scalars

A state says whose it is, so that the folder survives the loss of `run.json`.
"""

import os
import re
import warnings
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from lamina import sealed_file
from lamina.errors import CheckpointError, CheckpointWarning, DamagedFileError, LaminaError, SealedFileError
from lamina.learning.folder_lock import LOCK

FORMAT = 1  # raised when older versions could misread what newer ones write
RUN = "run.json"
STATE = re.compile(r"state-(0|[1-9]\d{0,17})\.safetensors")
KEYS = ("identity", "description", "summary")  # of run.json; a state repeats the first two
KEYS_OF_A_STATE = {"format", "lamina", "step", "identity", "description", "arrays", "scalars"}
UNREADABLE = (LaminaError, OSError, ValueError)

DTYPES = {"bool": "BOOL", "uint8": "U8", "uint16": "U16", "uint32": "U32", "uint64": "U64", "int8": "I8"}
DTYPES |= {"int16": "I16", "int32": "I32", "int64": "I64", "float16": "F16", "float32": "F32", "float64": "F64"}


def state_name(step: int) -> str:
    """Return the name of the file of a step."""
    return f"state-{step}.safetensors"


def steps_in(folder: Path) -> list[int]:
    """Return the steps of the states in a folder, the newest first."""
    found = (STATE.fullmatch(name) for name in os.listdir(folder))
    return sorted((int(one[1]) for one in found if one is not None), reverse=True)


def is_run(folder: Path) -> bool:
    """Return whether a folder holds a run, whole or damaged."""
    return bool(steps_in(folder)) or all((folder / name).exists() for name in (RUN, LOCK))


# ---- states ----


def write_state(
    folder: Path, step: int, arrays: Mapping[str, NDArray[Any]], run: Mapping[str, Any], scalars: Any
) -> None:
    """Write a state; `scalars` and what is taken from `run` are values that JSON holds."""
    header = {
        "format": FORMAT,
        "lamina": version("lamina"),
        "step": step,
        "identity": run["identity"],
        "description": run["description"],
        "arrays": {name: _kind(name, array) for name, array in arrays.items()},
        "scalars": scalars,
    }
    sealed_file.write(folder / state_name(step), arrays, header)


def read_state(folder: Path, step: int) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return header and arrays of a state.

    Raises
    ------
    LaminaError, OSError, ValueError
        It is not whole, or not the one that its name says.
    """
    with sealed_file.opened(folder / state_name(step)) as file:
        header = file.header
        _check_format(header)
        kinds = {name: [tensor.dtype, tensor.shape] for name, tensor in file.tensors.items()}
        if set(header) != KEYS_OF_A_STATE or header["arrays"] != kinds:
            raise DamagedFileError(f"its arrays are not those of its header: {sealed_file.DAMAGED}")
        if header["step"] != step:
            raise SealedFileError(f"it holds the state of step {header['step']}, so it was renamed")
        return header, file.arrays()


def newest_header(folder: Path) -> dict[str, Any] | None:
    """Return the header of the newest state that is whole."""
    for step in steps_in(folder):
        with suppress(*UNREADABLE):
            return read_state(folder, step)[0]
    return None


def _kind(name: str, array: NDArray[Any]) -> list[Any]:
    """Return type and shape of an array as the file tells them."""
    if array.dtype.name not in DTYPES:
        raise CheckpointError(f"the array {name!r} has dtype {array.dtype}: expected numbers of up to 64 bits")
    return [DTYPES[array.dtype.name], list(array.shape)]


# ---- run.json ----


def write_run(folder: Path, run: Mapping[str, Any]) -> None:
    """Write `run.json`: a mapping of KEYS to values that JSON holds."""
    text = sealed_file.text_of({"format": FORMAT, "lamina": version("lamina"), **run})
    with sealed_file.replacing(folder / RUN) as file:
        file.write(sealed_file.seal(text, {}).encode() + b"\n")


def read_run(folder: Path) -> dict[str, Any] | None:
    """Return what `run.json` says, or else what the newest state does; None where there is neither.

    Raises
    ------
    CheckpointError
        Nothing there can be used, or a newer version wrote it.

    Warns
    -----
    CheckpointWarning
        `run.json` cannot be used.
    """
    steps = steps_in(folder)
    try:
        text = (folder / RUN).read_text("utf-8").removesuffix("\n")
        sealed_file.check_seal(text, {})
        found = sealed_file.parsed(text)
    except FileNotFoundError:
        return _run_of_states(folder, "is missing") if steps else None
    except UNREADABLE as problem:
        return _run_of_states(folder, f"cannot be used ({problem})")
    _check_format(found)
    return {key: found[key] for key in KEYS}


def _run_of_states(folder: Path, why: str) -> dict[str, Any] | None:
    what = f"{RUN} in {str(folder)!r} {why}"
    header = newest_header(folder)
    if header is None and steps_in(folder):
        raise CheckpointError(f"{what}, and no state there can be used: delete the folder, or choose another")
    instead = "no state was saved, so the run starts over" if header is None else f"state {header['step']} is used"
    warnings.warn(f"{what}; {instead}.", CheckpointWarning, stacklevel=4)
    return None if header is None else {**{key: header[key] for key in KEYS[:2]}, "summary": {}}


def _check_format(header: Mapping[str, Any]) -> None:
    if header.get("format") != FORMAT:
        raise CheckpointError(
            f"written by lamina {str(header.get('lamina'))[:40]} in format {header.get('format')}, but lamina "
            f"{version('lamina')} reads format {FORMAT}: use the version that wrote it, or choose another folder"
        )
