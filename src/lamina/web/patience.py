"""Clocks of a connection: uvicorn limits neither the time of a request's headers nor that of an unread answer."""

import asyncio

SECONDS_FOR_HEADERS = 10.0
SECONDS_WITHOUT_READING = 30.0
LEAST_READ = 2**18  # bytes of an answer that count as reading in these seconds: 9 kB a second


class Patience(asyncio.Protocol):
    """Half of a connection: it is closed when it makes no progress; the other half is a protocol of uvicorn's."""

    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport

    _late: asyncio.TimerHandle | None = None  # for the headers of a request
    _stalled: asyncio.TimerHandle | None = None  # for the reading of an answer

    def wait_for_headers(self, seconds: float | None = None) -> None:
        """Start the clock of a request's headers, unless it goes; `SECONDS_FOR_HEADERS` by default."""
        if self._late is None:
            seconds = SECONDS_FOR_HEADERS if seconds is None else seconds
            self._late = self.loop.call_later(seconds, self.transport.abort)

    def headers_came(self) -> None:
        """Stop it."""
        self._late = _stop(self._late)

    def pause_writing(self) -> None:
        """Start the clock: answers pile up."""
        super().pause_writing()
        self._wait_for_reading()

    def resume_writing(self) -> None:
        """Stop it: somebody reads."""
        super().resume_writing()
        self._stalled = _stop(self._stalled)

    def _wait_for_reading(self) -> None:
        unread = self.transport.get_write_buffer_size()
        self._stalled = self.loop.call_later(SECONDS_WITHOUT_READING, self._look_for_reading, unread)

    def _look_for_reading(self, before: int) -> None:
        """Go on waiting for a client that reads: a large answer may take a slow one minutes."""
        if before - self.transport.get_write_buffer_size() < LEAST_READ:
            self.transport.abort()
        else:
            self._wait_for_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        super().connection_lost(exc)
        self._late, self._stalled = _stop(self._late), _stop(self._stalled)


def _stop(timer: asyncio.TimerHandle | None) -> asyncio.TimerHandle | None:
    if timer is not None:
        timer.cancel()
    return None
