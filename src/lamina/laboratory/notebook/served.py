"""The lab in a browser, from a Python session: a server in a thread, and a handle to it."""

import threading
import webbrowser
from types import TracebackType
from typing import Any

from lamina.laboratory.bench import Bench
from lamina.laboratory.serving import access_to, has_screen, server_of
from lamina.web.places import listening

HOST = "127.0.0.1"


class Lab:
    """A lab that is open in the browser; its address is printed where none opens.

    Attributes
    ----------
    url : str
        The address; it holds the token that lets one in.
    bench : Bench
        Rows, settings and the recording.
    """

    def __init__(self, bench: Bench, port: int = 0, *, show: bool = True) -> None:
        self.bench = bench
        self._place = listening(HOST, port)
        try:
            access = access_to(self._place, HOST)
            self._server: Any = server_of(bench, access)
        except BaseException:
            self._place.close()
            raise
        self.url: str = access.address
        self._thread = threading.Thread(
            target=self._server.run, args=([self._place],), name="lamina-lab-server", daemon=True
        )
        self._thread.start()
        if not show or not has_screen() or not webbrowser.open(self.url):
            print(self)

    def close(self) -> None:
        """End the training and the server. Calling it again does nothing."""
        self.bench.close()
        self._server.end()
        self._thread.join(5)
        self._place.close()

    def __enter__(self) -> "Lab":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "open at" if self._thread.is_alive() else "closed; it was at"
        return f"<lamina lab {state} {self.url}>"
