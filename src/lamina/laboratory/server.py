"""The server of the lab: the page's files, its questions, and what happens, as server-sent events."""

import json
import traceback
from functools import partial
from threading import Event
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from lamina.errors import LaminaError
from lamina.laboratory.bench import Bench
from lamina.laboratory.guarding import Access, Guard
from lamina.laboratory.happening import Happening
from lamina.laboratory.limits import LARGEST_QUESTION, Answering, BodyLimit, Overloaded
from lamina.laboratory.page_files import TYPES, document, files, hash_of, import_map
from lamina.laboratory.questions import answer

MOST_VALUES = LARGEST_QUESTION  # in a question, roughly
FAULT = "That was a fault in lamina itself ({}: {}). The terminal in which the lab runs shows where it arose."


def policy() -> str:
    """Return the content security policy: nothing but our own files, and no script in the document but the map."""
    scripts = f"script-src 'self' {hash_of(import_map('./static/'))}"
    own = "style-src 'self'; font-src 'self'; img-src 'self' data: blob:; connect-src 'self'"
    return f"default-src 'none'; {scripts}; {own}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def question_of(body: bytes) -> Any:
    """Return the JSON of a body.

    Raises
    ------
    ValueError
        It is none, or of so many values that they would take far more memory than the body: one of an upload has few.
    """
    if sum(map(body.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise ValueError
    return json.loads(body or b"{}")


def said(value: Any, status: int = 200) -> Response:
    """Return a value as JSON, in ASCII: half a surrogate pair, which a name may hold, has no other form."""
    return Response(json.dumps(value, allow_nan=False, separators=(",", ":")), status, media_type="application/json")


def application(bench: Bench, access: Access, ending: Event) -> Starlette:
    """Return the application for a bench.

    Parameters
    ----------
    bench : Bench
    access : Access
        Who may ask.
    ending : threading.Event
        Set when the server ends.
    """
    answering = Answering()
    happening = Happening(bench, ending)

    async def index(_: Request) -> Response:
        return HTMLResponse(document())

    async def static(request: Request) -> Response:
        file = files().get(request.path_params["name"])
        if file is None:
            return said({"error": "no such file"}, 404)
        return Response(file.read_bytes(), media_type=TYPES[file.suffix])

    async def ask(request: Request) -> Response:
        try:
            arguments = question_of(await request.body())
        except (ValueError, RecursionError):
            return said({"error": "the question is no JSON, or of too many values"}, 400)
        if not isinstance(arguments, dict):
            return said({"error": "expected an object of arguments"}, 400)
        try:
            return said(await answering(partial(answer, bench, request.path_params["name"], arguments)))
        except LaminaError as problem:
            return said({"error": str(problem)}, 422)
        except Overloaded:
            raise
        except Exception as problem:  # a fault of ours: the page goes on, and the terminal shows where it arose
            traceback.print_exception(problem)
            return said({"error": FAULT.format(type(problem).__name__, problem)}, 500)

    async def events(_: Request) -> Response:
        return StreamingResponse(happening.listen(), media_type="text/event-stream")

    async def overloaded(request: Request, problem: Exception) -> Response:
        status = problem.status if isinstance(problem, Overloaded) else 500
        if request.method == "POST":
            return said({"error": str(problem)}, status)
        return PlainTextResponse(str(problem), status)

    return Starlette(
        routes=[
            Route("/", index),
            Route("/static/{name:path}", static),
            Route("/ask/{name}", ask, methods=["POST"]),
            Route("/events", events),
        ],
        middleware=[Middleware(Guard, access, policy()), Middleware(BodyLimit)],
        exception_handlers={Overloaded: overloaded},
    )
