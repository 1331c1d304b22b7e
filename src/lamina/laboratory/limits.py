"""How much the lab takes on: bodies, questions at once, time for each, listeners, connections."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lamina.laboratory.own_rows import MOST_BYTES
from lamina.web.bodies import TooLarge, body_of
from lamina.web.guarding import refuse

MEGABYTE = 1_000_000
LARGEST_QUESTION = 1 * MEGABYTE
LARGEST_UPLOAD = LARGEST_QUESTION + MOST_BYTES * 4 // 3  # base64 makes a file a third longer
UPLOADS_AT_ONCE = 2
SECONDS_FOR_A_BODY = 60.0
SECONDS_FOR_AN_ANSWER = 30.0
ANSWERS_AT_ONCE = 8
QUESTIONS_WAITING = 64
LISTENERS = 16  # event streams

UPLOAD = "/ask/upload"

T = TypeVar("T")


class Overloaded(Exception):
    """The lab has too much to do; a sentence for people, and the status of the answer."""

    def __init__(self, problem: str, status: int = 503) -> None:
        super().__init__(problem)
        self.status = status


def largest_body(path: str) -> int:
    """Return how many bytes the body of a request may have."""
    return LARGEST_UPLOAD if path == UPLOAD else LARGEST_QUESTION


class BodyLimit:
    """Read a body to its end before the application sees it: not more than is allowed, and not for longer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._uploads = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        is_upload = scope["path"] == UPLOAD
        try:
            if is_upload and self._uploads >= UPLOADS_AT_ONCE:
                raise Overloaded("The lab reads other files just now. Send this one again in a moment.")
            self._uploads += is_upload
            try:
                await self._pass_on(scope, receive, send)
            finally:
                self._uploads -= is_upload
        except Overloaded as problem:
            await refuse(scope, send, problem.status, str(problem))

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _body(scope, receive)
        if body is None:  # whoever asked has left
            return

        async def receive_again() -> Message:
            nonlocal body
            if body is None:
                return await receive()
            message, body = {"type": "http.request", "body": body, "more_body": False}, None
            return message

        await self.app(scope, receive_again, send)


async def _body(scope: Scope, receive: Receive) -> bytes | None:
    most = largest_body(scope["path"])
    try:
        return await body_of(scope, receive, most, SECONDS_FOR_A_BODY)
    except TooLarge:
        raise _too_large(most) from None
    except TimeoutError:
        raise Overloaded(f"The question did not arrive within {SECONDS_FOR_A_BODY:.0f} seconds.", 408) from None


def _too_large(most: int) -> Overloaded:
    if most == LARGEST_QUESTION:
        return Overloaded(f"A question may have {most / MEGABYTE:.0f} MB at most.", 413)
    return Overloaded(f"A file may have {MOST_BYTES / 2**20:.0f} MiB at most. A larger one: lamina lab FILE", 413)


class Answering:
    """Answer questions in threads: a few at once, others wait, none for longer than its time.

    A thread cannot be ended from outside. One that goes on after its time keeps its place until it is done, so that no
    number of questions starts more than `ANSWERS_AT_ONCE` of them.
    """

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(ANSWERS_AT_ONCE)
        self._waiting = 0

    async def __call__(self, work: Callable[[], T]) -> T:
        """Return what the work returns.

        Raises
        ------
        Overloaded
            Too many wait, or it takes too long.
        """
        if self._waiting >= QUESTIONS_WAITING:
            raise Overloaded("The lab has more questions than it can answer just now. Ask again in a moment.")
        self._waiting += 1
        try:
            async with asyncio.timeout(SECONDS_FOR_AN_ANSWER):
                await self._places.acquire()
                done = in_a_thread(work)
                done.add_done_callback(self._leave)
                return await asyncio.shield(done)
        except TimeoutError:
            raise Overloaded(f"This took longer than {SECONDS_FOR_AN_ANSWER:.0f} seconds and was given up.") from None
        finally:
            self._waiting -= 1

    def _leave(self, done: "asyncio.Future[Any]") -> None:
        self._places.release()
        if not done.cancelled():
            done.exception()  # seen, though nobody may wait for it any more


def in_a_thread(work: Callable[[], T]) -> "asyncio.Future[T]":
    """Start a thread that does not keep the process alive, as those of an executor do."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def tell(setter: Callable[[Any], None], value: Any) -> None:
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(setter, value)

    def run() -> None:
        try:
            result = work()
        except BaseException as problem:
            tell(done.set_exception, problem)
        else:
            tell(done.set_result, result)

    threading.Thread(target=run, name="lamina-lab-answer", daemon=True).start()
    return done
