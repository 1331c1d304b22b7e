"""Ctrl-C and terminating signals, taken as a request to stop training.

The current step is finished, so the state is whole; a second Ctrl-C interrupts at once, unless what is going on must be
finished.
"""

import signal
import threading
from types import FrameType
from typing import Any

CTRL_C = "Ctrl-C"
NAMES = {"SIGINT": CTRL_C, "SIGTERM": "SIGTERM", "SIGHUP": "SIGHUP"}  # SIGHUP: not on Windows


class Interrupts:
    """A context in which signals set `asked` instead of ending the process.

    Only in the main thread, which alone receives signals, and only where they have no other handler. Within another
    such context, this one takes the signals while it lasts; either is told what the other was asked.

    Parameters
    ----------
    ending : bool
        Also take SIGTERM and SIGHUP.
    finishing : bool
        However often Ctrl-C is pressed, nothing is interrupted.
    """

    def __init__(self, ending: bool = False, finishing: bool = False) -> None:
        self.asked = ""
        self._finishing = finishing
        self._wanted = list(NAMES) if ending else ["SIGINT"]
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Interrupts":
        if threading.current_thread() is threading.main_thread():
            for name in self._wanted:
                number = getattr(signal, name, None)
                handler = None if number is None else signal.getsignal(number)
                outer = _context_of(handler)
                if number is None or not (outer or handler in (signal.SIG_DFL, signal.default_int_handler)):
                    continue
                self._before[number] = signal.signal(number, self._take)
                self.asked = self.asked or (outer.asked if outer else "")
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
            if outer := _context_of(handler):
                outer.asked = outer.asked or self.asked
        self._before.clear()

    def _take(self, number: int, frame: FrameType | None) -> None:
        if self.asked and number == signal.SIGINT and not self._finishing:
            raise KeyboardInterrupt
        self.asked = NAMES[signal.Signals(number).name]


def _context_of(handler: Any) -> Interrupts | None:
    """Return the context that handles a signal, if one does."""
    context = getattr(handler, "__self__", None)
    return context if isinstance(context, Interrupts) else None
