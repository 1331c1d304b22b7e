"""Uvicorn with less patience: connections that make no progress are closed (no whole request, no reader of an answer).

Uvicorn limits the time between two requests, not that of a request's headers, nor of an answer that nobody reads.
"""

import asyncio
from threading import Event
from types import FrameType
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

SECONDS_FOR_HEADERS = 10.0
SECONDS_WITHOUT_READING = 30.0
MOST_CONNECTIONS = 128
LARGEST_HEADERS = 16_384  # bytes
FULL = b"The lab has more connections than it can hold.\n"


class Connection(H11Protocol):
    """A connection of uvicorn's that is given up when it is slow on purpose."""

    _late: asyncio.TimerHandle | None = None  # for the headers of a request
    _stalled: asyncio.TimerHandle | None = None  # for the reading of an answer

    def connection_made(self, transport: Any) -> None:
        """Wait for the headers of a request, where there is room for another connection."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            head = f"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: {len(FULL)}\r\n\r\n"
            transport.write(head.encode() + FULL)
            transport.close()
        else:
            self._expect_headers()

    def data_received(self, data: bytes) -> None:
        """Let the time go on while headers are incomplete."""
        super().data_received(data)
        self._expect_headers()

    def on_response_complete(self) -> None:
        """Look whether a next request has begun."""
        super().on_response_complete()
        if self._stalled is None:
            self._expect_headers()

    def _expect_headers(self) -> None:
        """Start the clock with the first byte of a request, and stop it with the last of its headers."""
        incomplete = self.conn.their_state is h11.IDLE and (self.cycle is None or self.conn.trailing_data[0] != b"")
        if not incomplete:
            self._late = _stop(self._late)
        elif self._late is None:
            self._late = self.loop.call_later(SECONDS_FOR_HEADERS, self.transport.abort)

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
        for timer in (self._late, self._stalled):
            _stop(timer)


class Server(uvicorn.Server):
    """A server whose event streams end with it instead of holding it up.

    Parameters
    ----------
    app : ASGI application
    ending : threading.Event
        Is set when the server ends; streams of the application look at it.
    """

    def __init__(self, app: ASGIApp, ending: Event) -> None:
        self.ending = ending
        super().__init__(
            uvicorn.Config(
                app,
                http=Connection,
                ws="none",
                lifespan="off",
                h11_max_incomplete_event_size=LARGEST_HEADERS,
                log_config=None,
                log_level="critical",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=1,
            )
        )

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End on a signal."""
        self.ending.set()
        super().handle_exit(sig, frame)

    def end(self) -> None:
        """End, when called from another thread."""
        self.ending.set()
        self.should_exit = True


def _stop(timer: asyncio.TimerHandle | None) -> asyncio.TimerHandle | None:
    """Stop a clock where one runs; what is left is none."""
    if timer is not None:
        timer.cancel()
    return None
