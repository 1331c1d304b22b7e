"""Who may speak to the lab: the page that the server itself sent, in the browser of whoever was shown the token.

A web page from elsewhere can make a browser send requests to this machine, under a name of its own if it likes (DNS
rebinding). So each request must name this machine (Host), come from the lab's own page (Origin, Sec-Fetch-Site), and
bring the token, which the address in the terminal holds and a cookie keeps.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from socket import gethostname
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lamina.web.guarding import check_token, names_this_machine, refuse, same
from lamina.web.places import EVERYWHERE

NAVIGATION = ("navigate", "document")  # Sec-Fetch-Mode and -Dest of an address that is opened

PRECAUTIONS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Access:
    """Where the lab is reached, and by what it knows its user.

    Parameters
    ----------
    host : str
        The address to listen on.
    port : int
    token : str, optional
        At least 16 letters, digits, "-" or "_"; by default 32 random bytes.

    Raises
    ------
    SettingError
        The token is too short to be a secret, or holds other characters.
    """

    host: str
    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    def __post_init__(self) -> None:
        check_token(self.token)

    @property
    def address(self) -> str:
        """What a user opens."""
        host = gethostname() if self.host in EVERYWHERE else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/?token={self.token}"

    @property
    def cookie(self) -> str:
        """The cookie that keeps the token. Browsers do not tell ports of a machine apart, names do."""
        return f"lamina-lab-{self.port}={self.token}"

    def is_named(self, host: str) -> bool:
        """Tell whether a Host header names this machine."""
        return names_this_machine(host, self.host)


class Guard:
    """Refuse a request that may not be answered, and give every answer the headers of a careful server.

    Parameters
    ----------
    app : ASGI application
    access : Access
    policy : str
        The content security policy.
    """

    def __init__(self, app: ASGIApp, access: Access, policy: str) -> None:
        self.app = app
        self.access = access
        self.headers = {**PRECAUTIONS, "Content-Security-Policy": policy}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or say in a sentence why not."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_carefully(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.headers)
            await send(message)

        headers = Headers(scope=scope)
        for status, check in CHECKS:
            problem = check(scope, headers, self.access)
            if problem:
                await refuse(scope, send_carefully, status, problem)
                return
        if _shown(scope):
            await _admit(headers, self.access, send_carefully)
        else:
            await self.app(scope, receive, send_carefully)


def _host(scope: Scope, headers: Headers, access: Access) -> str:
    if access.is_named(headers.get("host", "")):
        return ""
    return "This is the lab of lamina, asked for under a name that is not its own. Open the address that it printed."


def _origin(scope: Scope, headers: Headers, access: Access) -> str:
    """Browsers say where a request comes from; other programs do not, and need the token all the same."""
    site, origin = headers.get("sec-fetch-site", "none"), headers.get("origin")
    a_link = scope["method"] == "GET" and (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) == NAVIGATION
    ours = site in {"same-origin", "none"} or a_link
    if ours and (origin is None or origin.partition("://")[2] == headers["host"]):
        return ""
    return "The lab answers its own page only, and this request comes from another."


def _token(scope: Scope, headers: Headers, access: Access) -> str:
    shown = _shown(scope)
    if shown is not None:
        right = same(shown, access.token)
    else:
        right = any(same(part.strip(), access.cookie) for part in headers.get("cookie", "").split(";"))
    return "" if right else "This lab wants its token: open the whole address that `lamina lab` printed at its start."


def _shown(scope: Scope) -> str | None:
    """Return the token within the address, on the first page only."""
    if scope["path"] != "/" or scope["method"] != "GET":
        return None
    return next(iter(parse_qs(scope["query_string"].decode("latin-1")).get("token", [])), None)


def _type(scope: Scope, headers: Headers, access: Access) -> str:
    """A form of another page can send plain text and forms, but not JSON."""
    if scope["method"] != "POST" or headers.get("content-type", "").partition(";")[0].strip() == "application/json":
        return ""
    return "Questions are JSON: send them with Content-Type: application/json."


async def _admit(headers: Headers, access: Access, send: Send) -> None:
    """Keep the token in a cookie, and go on to the address without it.

    Along a redirect after a link of another site, a browser sends no strict cookie: there a page goes on by itself.
    """
    by_link = headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}
    onward = (b"refresh", b"0; url=./") if by_link else (b"location", b"./")
    cookie = f"{access.cookie}; Path=/; HttpOnly; SameSite=Strict".encode()
    start = {"type": "http.response.start", "status": 200 if by_link else 303}
    await send({**start, "headers": [onward, (b"set-cookie", cookie), (b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


CHECKS: tuple[tuple[int, Callable[[Scope, Headers, Access], str]], ...] = (
    (421, _host),
    (403, _origin),
    (403, _token),
    (415, _type),
)
