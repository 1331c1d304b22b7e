"""Running the lab: a port on this machine, the address for the browser, until Ctrl-C."""

import os
import socket
import sys
from threading import Event
from typing import TYPE_CHECKING

from lamina.errors import MissingExtraError
from lamina.laboratory.bench import Bench

if TYPE_CHECKING:
    from lamina.laboratory.connections import Server
    from lamina.laboratory.guarding import Access

SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
MISSING = "The lab needs a small web server: pip install 'lamina[lab]'"


def has_screen() -> bool:
    """Tell whether a browser has somewhere to open; else one within the terminal might."""
    return sys.platform in {"darwin", "win32"} or any(os.environ.get(name) for name in SCREENS)


def access_to(place: socket.socket, host: str, token: str | None = None) -> "Access":
    """Return the way in to a lab behind a socket.

    Raises
    ------
    MissingExtraError
        Starlette is not installed.
    SettingError
        The token is too short.
    """
    try:
        from lamina.laboratory.guarding import Access
    except ImportError:
        raise MissingExtraError(MISSING) from None
    port = place.getsockname()[1]
    return Access(host, port) if token is None else Access(host, port, token)


def server_of(bench: Bench, access: "Access") -> "Server":
    """Return a server for a bench; `server.run([socket])` runs it, `server.end()` ends it from another thread.

    Raises
    ------
    MissingExtraError
        Starlette or uvicorn is not installed.
    """
    try:
        from lamina.laboratory.connections import Server
        from lamina.laboratory.server import application
    except ImportError:
        raise MissingExtraError(MISSING) from None
    ending = Event()
    return Server(application(bench, access, ending), ending)
