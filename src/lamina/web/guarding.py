"""Whom a server answers: under which names, with which token; and how it says no.

A web page from elsewhere can make a browser send requests to this machine, under a name of its own if it likes (DNS
rebinding). So each request must name this machine in its Host.
"""

import json
import re
import secrets
from collections.abc import Mapping
from ipaddress import ip_address
from socket import gethostname
from typing import Any
from urllib.parse import urlsplit

from starlette.types import Send

from lamina.errors import SettingError
from lamina.web.places import EVERYWHERE, LOOPBACK

TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")


def check_token(token: str) -> str:
    """Return a token that can be a secret.

    Raises
    ------
    SettingError
        It is too short, or holds other characters.
    """
    if not TOKEN.fullmatch(token):
        raise SettingError("--token: expected 16 to 128 letters, digits, - or _; leave it out for a random one.")
    return token


def names_this_machine(header: str, host: str, others: frozenset[str] = frozenset()) -> bool:
    """Tell whether a Host header names the machine that listens on `host`, or is one of its other names.

    The port is left alone, for tunnels change it.
    """
    try:
        name = urlsplit(f"//{header}").hostname
    except ValueError:
        return False
    if name is None:
        return False
    if name in others:
        return True
    if host in EVERYWHERE:
        return name in LOOPBACK | {gethostname().lower()} or _is_number(name)  # a name can be rebound, a number not
    return name == host.lower() or (host in LOOPBACK and name in LOOPBACK)


def _is_number(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def same(found: str, expected: str) -> bool:
    """Compare in a time that says nothing about where they differ."""
    return secrets.compare_digest(found.encode(), expected.encode())


async def refuse(scope: Mapping[str, Any], send: Send, status: int, problem: str) -> None:
    """Answer with a sentence: as JSON to whoever asked, as text to whoever looks at it directly."""
    asked = scope["method"] == "POST"
    body = (json.dumps({"error": problem}) if asked else f"{problem}\n").encode()
    kind = b"application/json" if asked else b"text/plain; charset=utf-8"
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
