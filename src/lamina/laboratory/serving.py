"""Running the lab: a port on this machine, the address for the browser, until Ctrl-C."""

import socket
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING

from lamina.errors import MissingExtraError, SettingError
from lamina.laboratory.bench import Bench

if TYPE_CHECKING:
    import uvicorn

    from lamina.laboratory.guarding import Access

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
MISSING = "The lab needs a small web server: pip install 'lamina[lab]'"


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
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(place[:2], family=family)
    except OSError as problem:
        raise SettingError(
            f"--port {port}: {host} cannot be listened on ({problem.strerror}). Leave --port out for a free one."
        ) from None


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


def server_of(bench: Bench, access: "Access") -> "uvicorn.Server":
    """Return a uvicorn server for a bench; `server.run([socket])` runs it.

    Raises
    ------
    MissingExtraError
        Starlette or uvicorn is not installed.
    """
    try:
        import uvicorn

        from lamina.laboratory.connections import LARGEST_HEADERS, Connection
        from lamina.laboratory.server import application
    except ImportError:
        raise MissingExtraError(MISSING) from None

    class Server(uvicorn.Server):
        """Uvicorn's server, whose event streams end with it instead of holding it up."""

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            ending.set()
            super().handle_exit(sig, frame)

    ending = Event()
    return Server(
        uvicorn.Config(
            application(bench, access, ending),
            http=Connection,
            ws="none",
            lifespan="off",
            h11_max_incomplete_event_size=LARGEST_HEADERS,
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )
