"""Uvicorn with less patience: connections that make no progress are closed (no whole request, no reader of an answer).

Uvicorn limits the time between two requests, not that of a request's headers, nor of an answer that nobody reads.
"""

from threading import Event
from types import FrameType
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from lamina.web.patience import Patience

MOST_CONNECTIONS = 128
LARGEST_HEADERS = 16_384  # bytes
FULL = b"The lab has more connections than it can hold.\n"


class Connection(Patience, H11Protocol):
    """A connection of uvicorn's that is given up when it is slow on purpose."""

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
        if incomplete:
            self.wait_for_headers()
        else:
            self.headers_came()


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
