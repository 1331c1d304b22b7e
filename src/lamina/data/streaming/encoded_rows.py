"""Encoded rows on disk, for later passes: a file of records in the order of the source, and a header that tells whose.

A record is X, Y and the weight of one row, floats of one size. The file is written under another name first: it is
there whole, or not at all.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from lamina.data.examples import Block
from lamina.data.streaming.read_ahead import ReadAhead
from lamina.errors import FileError

HEADER_BYTES = 4096
MAGIC = "lamina encoded rows 1"
SECONDS_BETWEEN_LOOKS, SECONDS_WITHOUT_A_ROW = 0.2, 30.0  # at the file that another process writes


class Counts(Protocol):
    """How many records each stripe has."""

    @property
    def count(self) -> NDArray[np.int64]: ...


class Reads(Protocol):
    """What gives the examples of stripes."""

    def read(self, stripes: Any, sequence: NDArray[np.intp]) -> Iterator[Any]: ...
    def block(self, part: Any) -> Block: ...


@dataclass(frozen=True, eq=False)
class StoredRows:
    """Records of a file.

    Attributes
    ----------
    path : Path
    dtype : dtype
    widths : tuple of int
        Of X, of Y, and 1 if there are weights, else 0.
    """

    path: Path
    dtype: np.dtype[Any]
    widths: tuple[int, int, int]

    def read(self, stripes: Any, sequence: NDArray[np.intp]) -> Iterator[Block]:
        """Yield the examples of each stripe of a sequence.

        Raises
        ------
        FileError
            The file is gone, or shorter than it was.
        """
        width = sum(self.widths)
        starts = np.cumsum(stripes.count) - stripes.count
        try:
            with self.path.open("rb", buffering=0) as file:
                for i in sequence:
                    n = int(stripes.count[i])
                    if n == 0:
                        continue
                    file.seek(HEADER_BYTES + int(starts[i]) * width * self.dtype.itemsize)
                    records = np.fromfile(file, self.dtype, n * width)
                    if len(records) != n * width:
                        raise FileError(f"{str(self.path)!r} is cut off: delete it, and it is written anew")
                    yield self._block(records.reshape(n, width))
        except OSError as problem:
            raise FileError(f"cache: {str(self.path)!r} cannot be read: {problem.strerror}") from problem

    def size(self, part: Block) -> int:
        """Return how many rows a block has."""
        return len(part.X)

    def split(self, part: Block, rows: int) -> tuple[Block, Block]:
        """Return the first rows of a block, at most so many, and the others."""
        return _taken(part, slice(0, rows)), _taken(part, slice(rows, None))

    def block(self, part: Block) -> Block:
        """Return the block: it is encoded."""
        return part

    def window(self, rows: int) -> "BlockWindow":
        """Return a window that has room for so many rows."""
        return BlockWindow(rows)

    def _block(self, records: NDArray[Any]) -> Block:
        x, y, _ = np.cumsum(self.widths)
        weights = np.ascontiguousarray(records[:, y]) if self.widths[2] else None
        return Block(records[:, :x], records[:, x:y], weights)


class BlockWindow:
    """Encoded rows."""

    def __init__(self, rows: int) -> None:
        self._rows, self._filled = rows, 0
        self._whole: Block | None = None

    def add(self, part: Block) -> None:
        """Put rows behind those that are there."""
        if self._whole is None:
            self._whole = Block(*(None if a is None else np.empty((self._rows, *a.shape[1:]), a.dtype) for a in part))
        for into, array in zip(self._whole, part, strict=True):
            if into is not None:
                into[self._filled : self._filled + len(part.X)] = array
        self._filled += len(part.X)

    def block(self, rows: NDArray[np.intp]) -> Block:
        """Return these rows."""
        assert self._whole is not None
        return _taken(self._whole, rows)


def _taken(block: Block, rows: Any) -> Block:
    return Block(*(None if array is None else array[rows] for array in block))


def stored(folder: Any, identity: str, source: Reads, stripes: Counts) -> StoredRows:
    """Return the encoded rows of a source from a folder; write them there first, unless they are.

    Parameters
    ----------
    folder : path
        Made where it is missing.
    identity : str
        What decides the records: a file that was written for another is not used.
    source : Reads
    stripes : Stripes

    Raises
    ------
    FileError
        The folder cannot be written, or the disk is full; nothing half-written is left.
    """
    folder = Path(folder).expanduser()
    word = blake2b(identity.encode(), digest_size=16).hexdigest()
    path = folder / f"encoded-{word}.rows"
    found = _opened(path, int(stripes.count.sum()), word)
    if found is not None:
        return found
    part = folder / f".{path.name}.{uuid4().hex}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _turn(path):
            found = _opened(path, int(stripes.count.sum()), word)
            if found is not None:  # another worker on this machine wrote it meanwhile
                return found
            with part.open("wb") as file:
                header = _written(file, source, stripes)
                file.seek(0)
                file.write(json.dumps({**header, "what": MAGIC, "identity": word}).encode().ljust(HEADER_BYTES))
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
    except OSError as problem:
        said = problem.strerror or str(problem)
        if isinstance(problem, FileExistsError | NotADirectoryError | PermissionError):
            raise FileError(f"cache: {str(folder)!r}: {said}. Name a folder that can be written to") from problem
        raise FileError(
            f"cache: the encoded rows cannot be written to {str(folder)!r}: {said}. Choose a folder on a disk with "
            "more space, or train without a cache"
        ) from problem
    finally:
        with suppress(OSError):
            part.unlink()
    found = _opened(path, int(stripes.count.sum()), word)
    assert found is not None
    return found


@contextmanager
def _turn(path: Path) -> Iterator[None]:
    """Let one process write a file at a time. Who waits does so as long as the other's part of it grows.

    Where two write all the same, because one hangs or the folder knows no locks, they write the same file.
    """
    lock = path.parent / f".{path.name}.lock"
    with lock.open("wb") as file:
        size, last = -1, time.monotonic()
        while time.monotonic() - last < SECONDS_WITHOUT_A_ROW:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                grown = _size_of_parts(path)
                if grown != size:
                    size, last = grown, time.monotonic()
                time.sleep(SECONDS_BETWEEN_LOOKS)
            except OSError:
                break
        try:
            yield
        finally:
            with suppress(OSError):
                lock.unlink()


def _size_of_parts(path: Path) -> int:
    found = 0
    for part in path.parent.glob(f".{path.name}.*.part"):
        with suppress(OSError):  # it was finished meanwhile
            found += part.stat().st_size
    return found


def _written(file: Any, source: Reads, stripes: Any) -> dict[str, Any]:
    """Write the records of all stripes behind the header; return what the header says of them."""
    file.write(b" " * HEADER_BYTES)
    header: dict[str, Any] = {}
    ahead = ReadAhead(lambda: map(source.block, source.read(stripes, np.arange(len(stripes.count)))))
    try:
        for X, Y, weights in ahead:
            parts = [X, Y, *([] if weights is None else [weights[:, None]])]
            if not header:
                header = {"dtype": str(X.dtype), "widths": [X.shape[1], Y.shape[1], len(parts) - 2]}
            file.write(np.ascontiguousarray(np.concatenate(parts, axis=1)).data)
    finally:
        ahead.close()
    return {**header, "records": int(stripes.count.sum())}


def _opened(path: Path, n: int, word: str) -> StoredRows | None:
    """Return the records of a file that was written whole, for this identity; None if there is none."""
    try:
        with path.open("rb") as file:
            header = json.loads(file.read(HEADER_BYTES))
            size = os.fstat(file.fileno()).st_size
        dtype, widths = np.dtype(header["dtype"]), header["widths"]
        whole = HEADER_BYTES + n * sum(widths) * dtype.itemsize
        if header["what"] == MAGIC and header["identity"] == word and header["records"] == n and size == whole:
            return StoredRows(path, dtype, (widths[0], widths[1], widths[2]))
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None
    return None
