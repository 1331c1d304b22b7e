"""A sealed file: named arrays in safetensors, and a JSON header with a checksum over itself and all of them.

    arrays                by name, little-endian
    metadata["lamina"]    the header: {"sha256":"...", then everything else}

Model files and checkpoints are such files (docs/file-format.md, docs/checkpoints.md). Reading one never runs code: no
pickle, no name that is imported. Every size is checked before anything is allocated. Writing is whole or not at all.
"""

import errno
import hashlib
import json
import math
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.errors import DamagedFileError, SealedFileError, nearest

PARTS = ".lamina-{}-*.part"  # what an interrupted process may leave behind; {} is its number
DAMAGED = "the file was altered or damaged"
MOST_HEADER_BYTES = 32 * 2**20  # what is read back in seconds
HEAD_OF_TENSORS_BYTES = 2**20  # of what safetensors writes around it
SEAL = '{{"sha256":"{}",'

# How files begin that are often taken for one of lamina's.
FOREIGN = {
    b"\x80": "a pickle. lamina never reads one, because reading it can run any code",
    b"PK\x03\x04": "a ZIP archive (PyTorch, Keras and NumPy write such files)",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a NumPy array",
    b"PAR1": "a Parquet table",
    b"ARROW1": "an Arrow table",
}

# ---- writing ----


def write(path: str | os.PathLike[str], arrays: Mapping[str, NDArray[Any]], header: Mapping[str, Any]) -> None:
    """Write arrays and a header to one file, whole or not at all.

    Parameters
    ----------
    path : path
        An old file there is replaced in one step; after any error it is as it was.
    arrays : mapping of str to array
        Of numbers or booleans.
    header : mapping
        Plain JSON values, not empty. It should say which arrays belong to it: the checksum covers the header and the
        numbers of the arrays in the order of their names, but not their names, types and shapes.

    Raises
    ------
    SealedFileError
        The header holds what JSON does not.
    OSError
        The file cannot be written.
    """
    from safetensors.numpy import save as serialised

    arrays = {name: _little_endian(array) for name, array in arrays.items()}
    sealed = seal(text_of(header), arrays)
    check_length(sealed)
    with replacing(path) as file:
        file.write(serialised(arrays, {"lamina": sealed}))


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Yield a file to write, which takes the place of `path` when the block ends without an error.

    After an error or Ctrl-C the old file is as it was, and nothing is left behind. A reader sees the old or the new
    file, never a part. Through a symbolic link the file that it points to is replaced.

    Raises
    ------
    OSError
        No space, no permission, no such folder, or something there that is no regular file.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "it is a folder", os.fspath(path))
    if target.exists() and not target.is_file():  # a device or a pipe must not be replaced by a file
        raise OSError(errno.EINVAL, "it is not a regular file", os.fspath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, f"there is no folder {os.path.dirname(path) or '.'!r}", os.fspath(path))
    part = target.with_name(PARTS.format(os.getpid()).replace("*", secrets.token_hex(4)))
    try:
        with open(part, "xb") as file:  # its permissions follow the umask
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
    except BaseException as problem:
        with suppress(OSError):
            part.unlink()
        if isinstance(problem, OSError) and problem.filename in (None, os.fspath(part)):
            problem.filename = os.fspath(path)  # a name that the caller knows
        raise
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last through a power cut, where folders can be synced."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def text_of(header: Mapping[str, Any]) -> str:
    """Return the header as JSON; NumPy's scalars become plain numbers."""
    return json.dumps(header, allow_nan=False, separators=(",", ":"), default=_plain_number)


def check_length(text: str) -> None:
    """Raise a SealedFileError where a header is too long to be read back."""
    if (length := len(text.encode())) > MOST_HEADER_BYTES:
        raise SealedFileError(_too_long(length))


def _plain_number(value: Any) -> Any:
    if hasattr(value, "item"):
        return value.item()
    raise SealedFileError(f"{value!r} is no plain value")


def _little_endian(array: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(array, array.dtype.newbyteorder("<"), order="C")


def seal(text: str, arrays: Mapping[str, NDArray[Any]]) -> str:
    """Return the header's text with a checksum in front: SHA-256 of the text, then the arrays in order of name."""
    found = hashlib.sha256(text.encode())
    for _, array in sorted(arrays.items()):
        found.update(_little_endian(array).data)
    return SEAL.format(found.hexdigest()) + text[1:]


# ---- reading ----


class Tensor(NamedTuple):
    """What a file says of an array before it is read."""

    dtype: str  # as safetensors calls it: F32, I64, BOOL
    shape: list[int]


class SealedFile:
    """A file that was read and whose header was parsed; its arrays are made when they are asked for.

    Attributes
    ----------
    header : dict
        Without its checksum.
    tensors : dict of str to Tensor
    """

    def __init__(self, text: str, content: bytes, tensors: dict[str, Tensor]) -> None:
        header = parsed(text)
        if not isinstance(header, dict):
            raise SealedFileError("its header is no JSON object")
        self._text, self._content, self.tensors = text, content, tensors
        self.header: dict[str, Any] = {name: value for name, value in header.items() if name != "sha256"}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name; the checksum is right, or this is a DamagedFileError."""
        from safetensors.numpy import load

        arrays: dict[str, NDArray[Any]] = load(self._content)
        check_seal(self._text, arrays)
        return arrays


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[SealedFile]:
    """Open a sealed file, so that its header can be checked before its arrays are made.

    It is read as a whole and not mapped into memory: another program may rewrite it meanwhile.

    Raises
    ------
    DamagedFileError
        The file is cut off or altered.
    SealedFileError
        It is foreign, not a regular file or not there.
    OSError
    """
    from safetensors import SafetensorError, deserialize

    content = _content(path)
    try:
        found = deserialize(content)  # type: ignore[no-untyped-call]
    except SafetensorError as problem:
        raise _refusal(content, str(problem)) from problem
    tensors = {name: Tensor(one["dtype"], list(one["shape"])) for name, one in found}
    del found  # it holds a copy of the numbers
    yield SealedFile(_header_text(content, tensors), content, tensors)


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return the header, without its checksum, and the arrays of a file.

    Raises
    ------
    DamagedFileError, SealedFileError, OSError
        As `opened` and `SealedFile.arrays`.
    """
    with opened(path) as file:
        return file.header, file.arrays()


def check_seal(text: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Compare the checksum in front of a header with what it should be.

    Raises
    ------
    DamagedFileError
    """
    if text != seal("{" + text[len(SEAL.format("0" * 64)) :], arrays):
        raise DamagedFileError(f"its checksum does not match: {DAMAGED}")


def parsed(text: str) -> Any:
    """Return the values of strict JSON: no key twice, no NaN or infinity, no whole number beyond 64 bits.

    Raises
    ------
    SealedFileError
    """
    try:
        return json.loads(
            text, object_pairs_hook=_unique, parse_int=_whole, parse_float=_finite, parse_constant=_refuse_constant
        )
    except (json.JSONDecodeError, RecursionError) as problem:
        raise SealedFileError(f"its header is no JSON ({problem})") from problem
    except MemoryError:
        raise SealedFileError("its header needs more memory than there is") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise SealedFileError("its header has a key twice")
    return found


def _whole(digits: str) -> int:
    if len(digits) > 20 or not -(2**63) <= int(digits) < 2**64:
        raise SealedFileError(f"its header holds a number too large: {digits[:30]}")
    return int(digits)


def _finite(digits: str) -> float:
    if not math.isfinite(float(digits)):
        raise SealedFileError(f"its header holds a number too large: {digits[:30]}")
    return float(digits)


def _refuse_constant(name: str) -> Any:
    raise SealedFileError(f"its header holds {name}")


def _size(path: str | os.PathLike[str]) -> int:
    """Return the bytes of a regular file; opening anything else could wait for ever."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        folder = Path(path).parent
        names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
        raise SealedFileError(f"there is no such file.{nearest(Path(path).name, names)}") from None
    if stat.S_ISDIR(found.st_mode):
        raise SealedFileError("it is a folder, expected a file")
    if not stat.S_ISREG(found.st_mode):
        raise SealedFileError("it is not a regular file")
    if found.st_size == 0:
        raise DamagedFileError("the file is empty")
    return found.st_size


def _content(path: str | os.PathLike[str]) -> bytes:
    """Return all bytes of a file."""
    size = _size(path)
    try:
        with open(path, "rb") as file:
            content = file.read()
    except MemoryError:
        raise SealedFileError(f"it has {size:,} bytes, more than there is memory for") from None
    if not content:
        raise DamagedFileError("the file is empty")
    return content


def _header_text(content: bytes, tensors: Mapping[str, Tensor]) -> str:
    """Return the header's text of a safetensors file that lamina wrote."""
    length = int.from_bytes(content[:8], "little")
    if length > MOST_HEADER_BYTES + HEAD_OF_TENSORS_BYTES:
        raise SealedFileError(_too_long(length))
    metadata = parsed(content[8 : 8 + length].decode()).get("__metadata__") or {}
    if "lamina" not in metadata:
        names = ", ".join(sorted(tensors)[:5])
        raise SealedFileError(f"a safetensors file, but not of lamina (its tensors: {names or 'none'})")
    if set(metadata) != {"lamina"}:
        raise DamagedFileError(f"expected one header, found {len(metadata)}: {DAMAGED}")
    text: str = metadata["lamina"]
    return text


def _too_long(length: int) -> str:
    return f"its header has {length:,} bytes, at most {MOST_HEADER_BYTES:,} expected"


def _refusal(content: bytes, why: str) -> SealedFileError:
    """Return what a file is that the parser refused: cut off, damaged, or something else altogether."""
    head, size = content[:9], len(content)
    cut = DamagedFileError(f"the file is cut off ({size:,} bytes are there)")
    if head[8:] == b"{":
        end_of_header = 8 + int.from_bytes(head[:8], "little")
        whole = end_of_header <= size and "incomplete" not in why.lower()
        return DamagedFileError(f"{why}: {DAMAGED}") if whole else cut
    for start, what in FOREIGN.items():
        if head.startswith(start):
            return SealedFileError(f"it is {what}")
    return cut if size < 9 else SealedFileError(f"it is not a file of lamina (it begins with {head!r})")
