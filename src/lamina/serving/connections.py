"""Connections of uvicorn that are given up when they make no progress, or send headers without end."""

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from lamina.web.patience import Patience

LARGEST_HEADERS = 65_536  # bytes that may arrive before the headers end
MOST_CONNECTIONS = 1024
MOST_WAITING = 1000  # requests that were sent on a connection before the answer to another
FULL = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Connection(Patience, HttpToolsProtocol):
    """A connection that is closed when it is slow on purpose."""

    _of_headers = 0  # bytes since the headers began

    def connection_made(self, transport: Any) -> None:
        """Wait for a request, where there is room for another connection: clients open some in advance."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.write(FULL)
            transport.close()
        else:
            self.wait_for_headers(self.config.timeout_keep_alive)

    def data_received(self, data: bytes) -> None:
        """Count what arrives before the headers are complete, and the requests that wait: uvicorn keeps any number."""
        if self._late is not None:
            self._of_headers += len(data)
        super().data_received(data)
        if (self._late is not None and self._of_headers > LARGEST_HEADERS) or len(self.pipeline) > MOST_WAITING:
            self.transport.abort()

    def on_message_begin(self) -> None:
        """Start the clock with the first byte of a request."""
        super().on_message_begin()
        if self._late is None:
            self._of_headers = 0
        self.headers_came()
        self.wait_for_headers()

    def on_headers_complete(self) -> None:
        """Stop it with the last of its headers."""
        self.headers_came()
        super().on_headers_complete()
