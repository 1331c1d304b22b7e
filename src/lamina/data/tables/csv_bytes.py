"""The bytes of CSV files as UTF-8, whatever they are encoded in."""

import codecs
import io
from collections.abc import Iterator

from lamina.data.tables.file_formats import first_bytes, name_of, open_bytes
from lamina.errors import FileError

BYTE_ORDER_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
MOSTLY = 0.7  # of the letters of a UTF-16 file are ASCII: every second byte is zero


def encoding_of(path: str, asked: str | None) -> str:
    """Return the encoding that was asked for, or that the first bytes show: UTF-8 or UTF-16."""
    head = first_bytes(path)
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if head.startswith(mark):
            if asked is not None and not asked.lower().replace("_", "-").startswith("utf-16"):
                raise FileError(f"{name_of(path)} is UTF-16 text, not {asked}: leave the encoding away, it is found")
            return encoding
    if asked is not None:
        return asked
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros, others = head[first::2].count(0), head[1 - first :: 2].count(0)
        if len(head) > 3 and zeros > MOSTLY * (len(head) // 2) and not others:
            return encoding
    return "utf-8"


def as_utf8(path: str, encoding: str, size: int, errors: str = "strict") -> Iterator[bytes]:
    """Yield the file as UTF-8 in chunks of about this size; the bytes themselves where that is its encoding."""
    plain = encoding.lower() in ("utf-8", "utf8", "ascii", "utf-8-sig")
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    try:
        with open_bytes(path) as file:
            while chunk := file.read(size):
                yield chunk if plain else decoder.decode(chunk).encode("utf-8", "surrogatepass")
            rest = b"" if plain else decoder.decode(b"", True).encode()
            if rest:
                yield rest
    except (OSError, EOFError) as error:
        raise FileError(f"{name_of(path)} is damaged or cut off: {error}") from error


class TextBytes(io.RawIOBase):
    """A CSV file as UTF-8 bytes; no read of it ends in a carriage return before the last."""

    def __init__(self, path: str, encoding: str) -> None:
        self._chunks = as_utf8(path, encoding, 2**20)
        self._rest = b""
        self._over = False

    def readable(self) -> bool:
        """Return True: see `io.RawIOBase`."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes; none at the end of the file."""
        while not self._over and (size < 0 or len(self._rest) < size + 1):
            chunk = next((chunk for chunk in self._chunks if chunk), None)
            self._over = chunk is None
            self._rest += chunk or b""
        end = len(self._rest) if size < 0 else min(size, len(self._rest))
        while end and self._rest[end - 1 : end] == b"\r" and not (self._over and end == len(self._rest)):
            end -= 1
        if end == 0 and self._rest and size > 0:
            end = min(size, len(self._rest))  # nothing but carriage returns
        found, self._rest = self._rest[:end], self._rest[end:]
        return found
