"""The server of the lab: the page's files, its questions, and what happens, as server-sent events."""

import json
import traceback
from functools import partial
from threading import Event

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from lamina.errors import LaminaError
from lamina.laboratory.bench import Bench
from lamina.laboratory.guarding import Access, Guard
from lamina.laboratory.happening import Happening
from lamina.laboratory.limits import Answering, BodyLimit, Overloaded
from lamina.laboratory.page_files import TYPES, document, files, hash_of, import_map
from lamina.laboratory.questions import answer

FAULT = "That was a fault in lamina itself ({}: {}). The terminal in which the lab runs shows where it arose."


def policy() -> str:
    """Return the content security policy: nothing but our own files, and no script in the document but the map."""
    scripts = f"script-src 'self' {hash_of(import_map('./static/'))}"
    own = "style-src 'self'; font-src 'self'; img-src 'self' data: blob:; connect-src 'self'"
    return f"default-src 'none'; {scripts}; {own}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


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
            return JSONResponse({"error": "no such file"}, 404)
        return Response(file.read_bytes(), media_type=TYPES[file.suffix])

    async def ask(request: Request) -> Response:
        try:
            arguments = json.loads(await request.body() or b"{}")
        except (ValueError, RecursionError):
            return JSONResponse({"error": "the question is no JSON"}, 400)
        if not isinstance(arguments, dict):
            return JSONResponse({"error": "expected an object of arguments"}, 400)
        try:
            return JSONResponse(await answering(partial(answer, bench, request.path_params["name"], arguments)))
        except LaminaError as problem:
            return JSONResponse({"error": str(problem)}, 422)
        except Overloaded:
            raise
        except Exception as problem:  # a fault of ours: the page goes on, and the terminal shows where it arose
            traceback.print_exception(problem)
            return JSONResponse({"error": FAULT.format(type(problem).__name__, problem)}, 500)

    async def events(_: Request) -> Response:
        return StreamingResponse(happening.listen(), media_type="text/event-stream")

    async def overloaded(request: Request, problem: Exception) -> Response:
        status = problem.status if isinstance(problem, Overloaded) else 500
        if request.method == "POST":
            return JSONResponse({"error": str(problem)}, status)
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
