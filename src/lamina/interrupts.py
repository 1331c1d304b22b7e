"""Ctrl-C and terminating signals, taken as a request to stop training.

The current step is finished, so the state is whole; a second Ctrl-C interrupts at once.
"""

import signal
import threading
from types import FrameType
from typing import Any

CTRL_C = "Ctrl-C"
NAMES = {"SIGINT": CTRL_C, "SIGTERM": "SIGTERM", "SIGHUP": "SIGHUP"}  # SIGHUP: not on Windows


class Interrupts:
    """A context in which signals set `asked` instead of ending the process.

    Only in the main thread, which alone receives signals, and only where they have no other handler.

    Parameters
    ----------
    ending : bool
        Also take SIGTERM and SIGHUP.
    """

    def __init__(self, ending: bool = False) -> None:
        self.asked = ""
        self._wanted = list(NAMES) if ending else ["SIGINT"]
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Interrupts":
        if threading.current_thread() is threading.main_thread():
            for name in self._wanted:
                number = getattr(signal, name, None)
                if number is not None and signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                    self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _take(self, number: int, frame: FrameType | None) -> None:
        if self.asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.asked = NAMES[signal.Signals(number).name]
