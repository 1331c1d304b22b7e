"""Running the lab: a port on this machine, the address for the browser, until Ctrl-C."""

import errno
import os
import socket
import sys
from threading import Event
from typing import TYPE_CHECKING

from lamina.errors import MissingExtraError, SettingError
from lamina.laboratory.bench import Bench

if TYPE_CHECKING:
    from lamina.laboratory.connections import Server
    from lamina.laboratory.guarding import Access

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
MISSING = "The lab needs a small web server: pip install 'lamina[lab]'"


def has_screen() -> bool:
    """Tell whether a browser has somewhere to open; else one within the terminal might."""
    return sys.platform in {"darwin", "win32"} or any(os.environ.get(name) for name in SCREENS)


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens there; port 0 takes a free one.

    Raises
    ------
    SettingError
        The port is taken, or the host is none of this machine's.
    """
    if not 0 <= port <= 65_535:
        raise SettingError(f"--port {port}: expected 1 to 65535, or 0 for a free one.")
    try:
        family, _, _, _, there = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        place = socket.create_server(there[:2], family=family)
    except socket.gaierror:
        raise SettingError(f"--host {host}: no such address. Leave it out for this machine alone.") from None
    except OSError as problem:
        why = os.strerror(problem.errno or 0)
        if problem.errno == errno.EADDRNOTAVAIL:
            raise SettingError(f"--host {host}: {why}. It must be an address of this machine.") from None
        raise SettingError(f"--port {port}: {why}. Leave --port out for a free one.") from None
    place.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each answer waits 40 ms for an acknowledgement
    return place


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
