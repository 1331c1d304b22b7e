"""The server of the lab: the page's files, its questions, and what happens, as server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from lamina.errors import LaminaError
from lamina.laboratory.bench import Bench
from lamina.laboratory.page_files import TYPES, document, files, hash_of, import_map
from lamina.laboratory.plain import plain
from lamina.laboratory.questions import answer

FRAMES_A_SECOND = 30  # at which a page hears of the training, at most
SECONDS_BETWEEN_SIGNS = 5.0  # of life, where nothing happens


def policy() -> str:
    """Return the content security policy: nothing but our own files, and no script in the document but the map."""
    scripts = f"script-src 'self' {hash_of(import_map('./static/'))}"
    own = "style-src 'self'; font-src 'self'; img-src 'self' data: blob:; connect-src 'self'"
    return f"default-src 'none'; {scripts}; {own}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def application(bench: Bench) -> Starlette:
    """Return the application for a bench."""

    async def index(_: Request) -> Response:
        return HTMLResponse(document(), headers={"Content-Security-Policy": policy()})

    async def static(request: Request) -> Response:
        file = files().get(request.path_params["name"])
        if file is None:
            return JSONResponse({"error": "no such file"}, 404)
        return FileResponse(file, media_type=TYPES[file.suffix])

    async def ask(request: Request) -> Response:
        try:
            arguments = json.loads(await request.body() or b"{}")
        except ValueError:
            return JSONResponse({"error": "the question is no JSON"}, 400)
        if not isinstance(arguments, dict):
            return JSONResponse({"error": "expected an object of arguments"}, 400)
        try:
            return JSONResponse(await run_in_threadpool(answer, bench, request.path_params["name"], arguments))
        except LaminaError as problem:
            return JSONResponse({"error": str(problem)}, 422)

    async def events(request: Request) -> Response:
        return StreamingResponse(_events(bench, request), media_type="text/event-stream")

    return Starlette(
        routes=[
            Route("/", index),
            Route("/static/{name:path}", static),
            Route("/ask/{name}", ask, methods=["POST"]),
            Route("/events", events),
        ]
    )


async def _events(bench: Bench, request: Request) -> AsyncIterator[str]:
    """Yield where things stand whenever it has changed."""
    last: Any = None
    silent = 0.0
    while not await request.is_disconnected():
        now = plain(bench.now())
        if now != last or silent >= SECONDS_BETWEEN_SIGNS:
            last, silent = now, 0.0
            yield f"event: now\ndata: {json.dumps(now)}\n\n"
        await asyncio.sleep(1 / FRAMES_A_SECOND)
        silent += 1 / FRAMES_A_SECOND
