"""What happens on the bench, as server-sent events: one look at it for all who listen."""

import asyncio
import json
from collections.abc import AsyncIterator
from secrets import token_hex
from threading import Event

from lamina.laboratory.bench import Bench
from lamina.laboratory.limits import LISTENERS, Overloaded, in_a_thread
from lamina.laboratory.plain import plain

FRAMES_A_SECOND = 30  # at which a page hears of the training, at most
SECONDS_BETWEEN_SIGNS = 5.0  # of life, where nothing happens


class Happening:
    """Where things stand on a bench, followed while there are listeners.

    Parameters
    ----------
    bench : Bench
    ending : threading.Event
        Set when the server ends: every stream ends then.
    """

    def __init__(self, bench: Bench, ending: Event) -> None:
        self.bench = bench
        self.name = token_hex(8)  # of this start of the lab: a page of another one loads itself again
        self.ending = ending
        self._now = ""
        self._listeners = 0
        self._looking: asyncio.Task[None] | None = None

    def listen(self) -> AsyncIterator[str]:
        """Return the events of one listener.

        Raises
        ------
        Overloaded
            There are too many listeners.
        """
        if self._listeners >= LISTENERS:
            raise Overloaded(f"The lab is open in {LISTENERS} places already. Close one of them.", 429)
        self._listeners += 1
        return self._events()

    async def _events(self) -> AsyncIterator[str]:
        try:
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look())
            yield f"event: lab\ndata: {self.name}\n\n"
            last, silent = "", 0.0
            while not self.ending.is_set():
                if self._now != last or silent >= SECONDS_BETWEEN_SIGNS:
                    last, silent = self._now, 0.0
                    yield f"event: now\ndata: {last}\n\n"
                await asyncio.sleep(1 / FRAMES_A_SECOND)
                silent += 1 / FRAMES_A_SECOND
        finally:
            self._listeners -= 1

    async def _look(self) -> None:
        """Look at the bench in a thread: whoever computes may hold it for a while, and the server goes on."""
        while self._listeners and not self.ending.is_set():
            self._now = await in_a_thread(lambda: json.dumps(plain(self.bench.now())))
            await asyncio.sleep(1 / FRAMES_A_SECOND)
