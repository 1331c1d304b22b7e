"""Running the service: a port, signals, new files, and an end that loses no request."""

import asyncio
import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from lamina.serving.catalogue import Catalogue
from lamina.serving.connections import Connection
from lamina.serving.service import Access, Limits, Service

SECONDS_BETWEEN_LOOKS = 1.0  # at the files


class Server(uvicorn.Server):
    """A server of models; `run([socket])` runs it, `end()` ends it from another thread.

    Parameters
    ----------
    files : mapping of str to Path
        The models by name.
    access : Access
    limits : Limits
    drain : float
        Seconds between a signal and the end, in which `ready` is false and requests are answered.
    say : callable
        Takes a line for the log.
    begun : callable
        Called when requests are answered, and signals too.
    release : str
        Of lamina.
    """

    def __init__(
        self,
        files: Mapping[str, Path],
        access: Access,
        limits: Limits,
        *,
        drain: float = 0.0,
        say: Callable[[str], Any] = lambda line: None,
        begun: Callable[[], Any] = lambda: None,
        release: str = "",
    ) -> None:
        self.service = Service(Catalogue(files), access, limits, release)
        self.say, self.drain, self._begun = say, drain, begun
        self._wanted = asyncio.Event()  # a look at the files, by SIGHUP
        super().__init__(
            uvicorn.Config(
                self.service,
                http=Connection,
                ws="none",
                lifespan="off",
                loop="asyncio",
                log_config=None,
                log_level="critical",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=int(limits.seconds) + 1,
            )
        )

    async def serve(self, sockets: Any = None) -> None:
        """Serve, and look at the files meanwhile."""
        if threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGHUP"):
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._wanted.set)
        looking = asyncio.create_task(self._look())
        try:
            await super().serve(sockets)
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking

    async def startup(self, sockets: Any = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        self._begun()

    async def _look(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), SECONDS_BETWEEN_LOOKS)
            self._wanted.clear()
            await asyncio.to_thread(self.service.catalogue.renew, self._tell)

    def _tell(self, name: str, taken: bool, line: str) -> None:
        self.service.metrics.reloads.labels(name, "taken" if taken else "refused").inc()
        self.say(line)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End on a signal: new connections are refused, after the time to drain; what is being answered is finished."""
        if not self.service.ready or self.drain <= 0:
            self.service.ready = False
            super().handle_exit(sig, frame)
            return
        self.service.ready = False
        self.say(f"not ready any more; ends in {self.drain:g} seconds")
        timer = threading.Timer(self.drain, super().handle_exit, (sig, None))
        timer.daemon = True
        timer.start()

    def end(self) -> None:
        """End, when called from another thread."""
        self.service.ready = False
        self.should_exit = True
