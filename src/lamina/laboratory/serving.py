"""Running the lab: a free port on this machine, the address for the browser, until Ctrl-C."""

import socket
from typing import Any

from lamina.errors import MissingExtraError, SettingError
from lamina.laboratory.bench import Bench

MISSING = "The lab needs a small web server: pip install 'lamina[lab]'"


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens there; port 0 takes a free one.

    Raises
    ------
    SettingError
        The port is taken, or the host is none of this machine's.
    """
    try:
        place = socket.create_server((host, port))
    except OSError as problem:
        raise SettingError(
            f"--port {port}: {host} cannot be listened on ({problem.strerror}). Leave --port out for a free one."
        ) from None
    place.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each answer waits 40 ms for an acknowledgement
    return place


def server_of(bench: Bench) -> Any:
    """Return a uvicorn server for a bench; `server.run([socket])` runs it.

    Raises
    ------
    MissingExtraError
        Starlette or uvicorn is not installed.
    """
    try:
        import uvicorn

        from lamina.laboratory.server import application
    except ImportError:
        raise MissingExtraError(MISSING) from None
    return uvicorn.Server(
        uvicorn.Config(application(bench), log_level="error", access_log=False, timeout_graceful_shutdown=1)
    )
