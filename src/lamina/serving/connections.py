"""Connections of uvicorn that are given up when they make no progress, or send headers without end."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

SECONDS_FOR_HEADERS = 10.0
SECONDS_WITHOUT_READING = 30.0
LARGEST_HEADERS = 65_536  # bytes that may arrive before the headers end
MOST_CONNECTIONS = 1024
FULL = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Connection(HttpToolsProtocol):
    """A connection that is closed when it is slow on purpose."""

    _late: asyncio.TimerHandle | None = None  # for the headers of a request
    _stalled: asyncio.TimerHandle | None = None  # for the reading of an answer
    _of_headers = 0  # bytes since the headers began

    def connection_made(self, transport: Any) -> None:
        """Wait for the headers of a request, where there is room for another connection."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.write(FULL)
            transport.close()
        else:
            self._late = self.loop.call_later(SECONDS_FOR_HEADERS, transport.abort)

    def data_received(self, data: bytes) -> None:
        """Count what arrives before the headers are complete."""
        if self._late is not None:
            self._of_headers += len(data)
        super().data_received(data)
        if self._late is not None and self._of_headers > LARGEST_HEADERS:
            self.transport.abort()

    def on_message_begin(self) -> None:
        """Start the clock with the first byte of a request."""
        super().on_message_begin()
        if self._late is None:
            self._of_headers = 0
            self._late = self.loop.call_later(SECONDS_FOR_HEADERS, self.transport.abort)

    def on_headers_complete(self) -> None:
        """Stop it with the last of its headers."""
        self._late = _stop(self._late)
        super().on_headers_complete()

    def pause_writing(self) -> None:
        """Start the clock: answers pile up."""
        super().pause_writing()
        self._stalled = self.loop.call_later(SECONDS_WITHOUT_READING, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop it: somebody reads."""
        super().resume_writing()
        self._stalled = _stop(self._stalled)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        super().connection_lost(exc)
        self._late, self._stalled = _stop(self._late), _stop(self._stalled)


def _stop(timer: asyncio.TimerHandle | None) -> asyncio.TimerHandle | None:
    if timer is not None:
        timer.cancel()
    return None
