"""Writing a file whole or not at all: under another name beside it, then renamed in one step."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO


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
    part = target.with_name(f".lamina-{os.getpid()}-{secrets.token_hex(4)}.part")
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
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Make the new name last through a power cut, where folders can be synced."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
