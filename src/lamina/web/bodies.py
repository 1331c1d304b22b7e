"""The body of a request, read to its end: not more than is allowed, and not for longer."""

import asyncio

from starlette.datastructures import Headers
from starlette.types import Receive, Scope


class TooLarge(Exception):
    """A body has more bytes than are allowed."""


async def body_of(scope: Scope, receive: Receive, most: int, seconds: float) -> bytes | None:
    """Return the body; None where whoever asked has left.

    Raises
    ------
    TooLarge
        It has more bytes than `most`, or says so.
    TimeoutError
        It did not arrive in time.
    """
    announced = Headers(scope=scope).get("content-length", "0")
    if announced.isdigit() and int(announced) > most:
        raise TooLarge
    async with asyncio.timeout(seconds):
        return await _read(receive, most)


async def _read(receive: Receive, most: int) -> bytes | None:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > most:
            raise TooLarge
        if not message.get("more_body", False):
            return bytes(body)
