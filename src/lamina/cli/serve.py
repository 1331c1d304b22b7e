"""lamina serve: models behind HTTP."""

import gc
import secrets
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from lamina.cli.options import Whole
from lamina.cli.terminal import Terminal
from lamina.errors import DataWarning, MissingExtraError, SettingError
from lamina.web.places import LOOPBACK, listening

MISSING = "Serving needs a web server: pip install 'lamina[serve]'"
NOT_ENCRYPTED = "the connection is not encrypted: beyond this machine, put a proxy with TLS before it"


def serve(
    *models: str,
    host: str = "127.0.0.1",
    port: Whole = 8080,
    token: Annotated[str | None, Parameter(env_var="LAMINA_TOKEN")] = None,
    allow_host: tuple[str, ...] = (),
    max_body: float = 32.0,
    max_rows: Whole = 100_000,
    max_requests: Whole = 256,
    max_time: float = 30.0,
    drain: float = 0.0,
) -> int:
    """Serve models over HTTP: JSON, Arrow, the Open Inference Protocol, metrics.

    Parameters
    ----------
    models
        Model files, each under the name of its file, or as NAME=FILE. A file that is replaced is taken up.
    host
        The address to listen on; only this machine by default.
    port
        The port to listen on; 0 takes a free one.
    token
        The secret that requests bring (Authorization: Bearer TOKEN), or LAMINA_TOKEN; a random one where other machines
        can ask, none by default where they cannot.
    allow_host
        Another name under which the service may be asked, as that of a proxy; may be repeated.
    max_body
        Megabytes of a request.
    max_rows
        Rows of a request.
    max_requests
        Requests that are answered at once.
    max_time
        Seconds for a request.
    drain
        Seconds between SIGTERM and the end, in which /v2/health/ready is false and requests are answered.
    """
    try:
        from lamina.serving.server import Server
        from lamina.serving.service import Access, Limits
        from lamina.web.guarding import check_token
    except ImportError:
        raise MissingExtraError(MISSING) from None
    files = _named(models)
    _check_limits(max_body, max_rows, max_requests, max_time, drain)
    if token is not None:
        check_token(token)
    terminal, drawn = Terminal(), token is None and host not in LOOPBACK
    token = secrets.token_urlsafe(32) if drawn else token
    warnings.simplefilter("ignore", DataWarning)  # of rows of others: they are told in their answers what is wrong
    limits = Limits(int(max_body * 1e6), max_rows, max_requests, max_time)
    names = frozenset(name.lower() for name in allow_host)
    with listening(host, port) as place:  # before models are read, which may take long
        at = f"http://{f'[{host}]' if ':' in host else host}:{place.getsockname()[1]}"

        def begun() -> None:
            for name in files:
                terminal.say(f"{name}: {at}/v1/models/{name}/predict")
            terminal.say(f"lamina serve: {at}  (Ctrl-C ends it)")
            if host not in LOOPBACK:
                terminal.note(NOT_ENCRYPTED)
            if drawn:
                terminal.note(f"token: {token}")

        access, release = Access(host, token, names), version("lamina")
        server = Server(files, access, limits, drain=drain, say=terminal.note, begun=begun, release=release)
        with suppress(KeyboardInterrupt), _without_pauses():
            server.run([place])
    return 0


@contextmanager
def _without_pauses() -> Iterator[None]:
    """Leave modules and models alone in collections of garbage: each full one would stop the service for 50 ms."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _named(models: tuple[str, ...]) -> dict[str, Path]:
    if not models:
        raise SettingError("which model? As in  lamina serve model.lamina")
    files: dict[str, Path] = {}
    for one in models:
        name, equals, path = one.partition("=")
        if equals and not (name and path):
            raise SettingError(f"{one!r}: expected a file, or NAME=FILE")
        found = Path(path if equals else one).expanduser()
        name = name if equals else found.stem
        if name in files:
            raise SettingError(f"two models are named {name!r}: give one another name, as in  NAME={found}")
        files[name] = found
    return files


def _check_limits(max_body: float, max_rows: int, max_requests: int, max_time: float, drain: float) -> None:
    given = {"--max-body": max_body, "--max-rows": max_rows, "--max-requests": max_requests, "--max-time": max_time}
    for flag, value in given.items():
        if not value > 0:
            raise SettingError(f"{flag} {value}: expected more than 0.")
    if drain < 0:
        raise SettingError(f"--drain {drain}: expected 0 or more seconds.")
