"""Where a server listens."""

import errno
import os
import socket

from lamina.errors import SettingError

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
EVERYWHERE = frozenset({"0.0.0.0", "::"})


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
        raise SettingError(f"--port {port}: {why}. --port 0 takes a free one.") from None
    place.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each answer waits 40 ms for an acknowledgement
    return place
