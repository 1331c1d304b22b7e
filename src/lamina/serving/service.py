"""The ASGI application: who may ask, which path, how much at once and for how long."""

import asyncio
import json
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple, TypeVar

from starlette.types import Receive, Scope, Send

from lamina.errors import DataError
from lamina.serving.answering import as_arrow, as_json, as_tensors, written
from lamina.serving.asking import Asked, of_arrow, of_records, of_tensors
from lamina.serving.catalogue import Catalogue, Served
from lamina.serving.metrics import Metrics
from lamina.serving.openapi import ARROW, description, document, metadata
from lamina.serving.refusals import Refused
from lamina.web.bodies import TooLarge, body_of
from lamina.web.guarding import names_this_machine, same

JSON = "application/json"
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
SMALL_BODY = 4_096  # bytes: read at once, a thread would take longer
SMALL_WORK = 2_000_000  # multiply-adds: predicted at once
THREADS = 2
T = TypeVar("T")
Ask = Callable[[bytes, Served, int], Asked]
Reply = Callable[[Asked, Served], bytes]
OPEN_TO_ALL = {"/v2/health/live", "/v2/health/ready"}  # what starts containers asks without a token


@dataclass(frozen=True)
class Limits:
    """How much is taken on."""

    body: int = 32 * 10**6  # bytes
    rows: int = 100_000
    requests: int = 256  # at once
    seconds: float = 30.0


@dataclass(frozen=True)
class Access:
    """Who may ask: under which names, and with which token."""

    host: str  # on which the server listens
    token: str | None = None
    names: frozenset[str] = frozenset()  # other names of the machine, such as that of a proxy


class Answer(NamedTuple):
    """What is sent."""

    status: int
    body: bytes
    media_type: str = JSON


class Service:
    """The application.

    Parameters
    ----------
    catalogue : Catalogue
    access : Access
    limits : Limits
    release : str
        Of lamina.
    """

    def __init__(self, catalogue: Catalogue, access: Access, limits: Limits, release: str) -> None:
        self.catalogue, self.access, self.limits, self.release = catalogue, access, limits, release
        self.metrics = Metrics()
        self.ready = True
        self._at_once = 0
        self._threads = ThreadPoolExecutor(THREADS, "lamina-serve")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        start = perf_counter()
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        path = scope["path"]
        route, model = route_of(path, self.catalogue)
        self._at_once += 1
        self.metrics.in_flight.set(self._at_once)
        try:
            answer = await self._answered(scope, headers, receive)
        except Refused as problem:
            answer = Answer(problem.status, written({"error": str(problem)}))
        except Exception as problem:  # a fault of ours: the service goes on, and stderr shows where it arose
            traceback.print_exception(problem, file=sys.stderr)
            answer = Answer(500, written({"error": "This is a fault in lamina: the log of the service shows where."}))
        finally:
            self._at_once -= 1
            self.metrics.in_flight.set(self._at_once)
        if answer is None:  # whoever asked has left
            return
        await _sent(answer, scope, send)
        self.metrics.note(route, model, answer.status, perf_counter() - start)

    async def _answered(self, scope: Scope, headers: dict[bytes, str], receive: Receive) -> Answer | None:
        self._check_access(scope["path"], headers)
        if self._at_once > self.limits.requests:
            raise Refused(503, f"{self.limits.requests} requests are being answered: ask again in a moment.")
        method, words = scope["method"], scope["path"].strip("/").split("/")
        if predicts(words):
            if method != "POST":
                raise Refused(405, f"{scope['path']} is asked with POST.")
            return await self._predicted(words, scope, headers, receive)
        if method not in {"GET", "HEAD"}:
            raise Refused(405, f"{method} is not known here: rows go to /v1/models/NAME/predict, with POST.")
        return self._told(words)

    def _check_access(self, path: str, headers: dict[bytes, str]) -> None:
        """Browsers say where a request comes from: no page of elsewhere is answered."""
        access = self.access
        if not names_this_machine(headers.get(b"host", ""), access.host, access.names):
            raise Refused(421, "This service was asked under a name that is not its own: --allow-host NAME adds one.")
        if headers.get(b"sec-fetch-site", "none") not in {"none", "same-origin"}:
            raise Refused(403, "The service does not answer the pages of other sites.")
        if access.token is not None and path not in OPEN_TO_ALL:
            kind, _, token = headers.get(b"authorization", "").partition(" ")
            if kind.lower() != "bearer" or not same(token.strip(), access.token):
                raise Refused(401, "The service wants its token, as in  Authorization: Bearer TOKEN")

    # ---- what is told ----

    def _told(self, words: list[str]) -> Answer:
        match words:
            case ["v2", "health", "live"]:
                return _plain({"live": True})
            case ["v2", "health", "ready"]:
                return _plain({"ready": self.ready}, 200 if self.ready else 503)
            case ["v2"]:
                return _plain({"name": "lamina", "version": self.release, "extensions": []})
            case ["" | "v1"] | ["v1", "models"]:
                names = self.catalogue.names
                return _plain({"models": [description(self.catalogue.get(name)) for name in names]})
            case ["v1", "models", name]:
                return _plain(description(self.catalogue.get(name)))
            case ["v2", "models", name] | ["v2", "models", name, "versions", _]:
                return _plain(metadata(self.catalogue.get(name, words[4] if len(words) > 4 else None)))
            case ["v2", "models", name, "ready"] | ["v2", "models", name, "versions", _, "ready"]:
                self.catalogue.get(name, words[4] if len(words) > 4 else None)
                return _plain({"name": name, "ready": self.ready}, 200 if self.ready else 503)
            case ["openapi.json"]:
                return _plain(document(self.catalogue, self.release))
            case ["metrics"]:
                return Answer(200, self.metrics.text(), PROMETHEUS)
        raise Refused(404, "There is nothing at this address: /openapi.json lists what there is.")

    # ---- what is predicted ----

    async def _predicted(
        self, words: list[str], scope: Scope, headers: dict[bytes, str], receive: Receive
    ) -> Answer | None:
        served = self.catalogue.get(words[2], words[4] if len(words) == 6 and words[3] == "versions" else None)
        if len(words) not in (4, 6) or (len(words) == 6 and words[3] != "versions"):
            raise Refused(404, "There is nothing at this address: /openapi.json lists what there is.")
        kind = headers.get(b"content-type", JSON).partition(";")[0].strip().lower()
        ask = READERS.get((words[-1], kind))
        if ask is None:
            known = " or ".join(one for word, one in READERS if word == words[-1])
            raise Refused(415, f"Content-Type: {kind}: expected {known}.")
        wants_arrow = words[-1] == "predict" and (
            ARROW in headers.get(b"accept", "") or (kind == ARROW and JSON not in headers.get(b"accept", ""))
        )
        reply = as_arrow if wants_arrow else REPLIES[words[-1]]
        try:
            body = await body_of(scope, receive, self.limits.body, self.limits.seconds)
        except TooLarge:
            raise Refused(413, f"The body may have {self.limits.body / 1e6:g} MB at most: send it in parts.") from None
        except TimeoutError:
            raise Refused(408, f"The body did not arrive within {self.limits.seconds:g} seconds.") from None
        if body is None:
            return None

        try:
            found, n_rows = await self._worked(body, served, ask, reply)
        except DataError as problem:
            raise Refused(422, str(problem)) from None
        except UnicodeError:
            raise Refused(422, "A text holds half a surrogate pair, which is no Unicode.") from None
        except MemoryError:
            raise Refused(413, "There is not enough memory for so many rows: send them in parts.") from None
        except TimeoutError:
            raise Refused(503, f"This took longer than {self.limits.seconds:g} seconds and was given up.") from None
        self.metrics.rows.labels(served.name).inc(n_rows)
        return Answer(200, found, ARROW if wants_arrow else JSON)

    async def _worked(self, body: bytes, served: Served, ask: Ask, reply: Reply) -> tuple[bytes, int]:
        """Do little work where it arrived, and more in a thread, so that others are answered meanwhile."""
        most, network = self.limits.rows, served.model.network
        if len(body) > SMALL_BODY:

            def work() -> tuple[bytes, int]:
                asked = ask(body, served, most)
                return reply(asked, served), asked.n_rows

            return await self._in_thread(work)
        asked = ask(body, served, most)
        if asked.n_rows * network.size * network.members > SMALL_WORK:
            return await self._in_thread(lambda: reply(asked, served)), asked.n_rows
        return reply(asked, served), asked.n_rows

    async def _in_thread(self, work: Callable[[], T]) -> T:
        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        return await asyncio.wait_for(future, self.limits.seconds)


def predicts(words: list[str]) -> bool:
    """Tell whether a path is one of those that take rows."""
    return len(words) >= 4 and words[1] == "models" and words[-1] in ASKED and words[0] == ASKED[words[-1]]


def route_of(path: str, catalogue: Catalogue) -> tuple[str, str]:
    """Return the path without names, and the model, for counting: few of either."""
    words = path.strip("/").split("/")
    if len(words) >= 3 and words[1] == "models":
        known = words[2] in catalogue
        last = words[-1] if len(words) > 3 and words[-1] in {"predict", "infer", "ready"} else ""
        return f"/{words[0]}/models/NAME/{last}".rstrip("/") if known else "unknown", words[2] if known else ""
    return (path if path in TOLD else "unknown"), ""


def _plain(value: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode())


async def _sent(answer: Answer, scope: Scope, send: Send) -> None:
    headers = [
        (b"content-type", answer.media_type.encode()),
        (b"content-length", str(len(answer.body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
    ]
    if answer.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if answer.status == 405:
        headers.append((b"allow", b"POST" if predicts(scope["path"].strip("/").split("/")) else b"GET, HEAD"))
    if answer.status == 503:
        headers.append((b"retry-after", b"1"))
    if answer.status in {408, 413}:  # what is left of the body is not read
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else answer.body})


TOLD = {"/", "/v1", "/v1/models", "/v2", "/v2/health/live", "/v2/health/ready", "/openapi.json", "/metrics"}
ASKED = {"predict": "v1", "infer": "v2"}
READERS: dict[tuple[str, str], Ask] = {
    ("predict", JSON): of_records,
    ("predict", ARROW): of_arrow,
    ("infer", JSON): of_tensors,
}
REPLIES: dict[str, Reply] = {"predict": as_json, "infer": as_tensors}
