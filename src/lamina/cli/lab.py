"""lamina lab: the page on which the lecture can be touched."""

import webbrowser
from contextlib import closing, suppress
from pathlib import Path
from threading import Timer

from lamina.cli.lab_export import export as write_page
from lamina.cli.options import Whole
from lamina.cli.terminal import Terminal
from lamina.laboratory.bench import Bench
from lamina.laboratory.learners_code import put_on
from lamina.laboratory.opening import opening_of
from lamina.laboratory.serving import access_to, has_screen, server_of
from lamina.laboratory.snapshot import restore
from lamina.web.places import LOOPBACK, listening

FOR_ALL_TO_READ = (
    "Whoever has this address can use the lab, and the connection is not encrypted. From another machine of yours, a "
    "tunnel is safer: lamina lab there, then here  ssh -L {port}:127.0.0.1:{port} THERE"
)


def lab(
    what: str = "lesson",
    file: Path | None = None,
    /,
    *,
    target: str | None = None,
    host: str = "127.0.0.1",
    port: Whole = 0,
    token: str | None = None,
    no_browser: bool = False,
    export: Path | None = None,
    steps: Whole = 1000,
) -> int:
    """Open the lab: a network on a page, forward and backward, with the engine behind it.

    Parameters
    ----------
    what
        lesson (the lecture's network), xor, circles, moons, spiral, digits, adult; or a file: a table, a model, a state
        of the lab (.json), or your own code with the course's functions (.py, .ipynb).
    file
        A table with the rows for a model, for a state, or for your code.
    target
        The column of the table to predict; by default the last one.
    host
        The address to listen on; only this machine by default.
    port
        The port to listen on; by default a free one.
    token
        The secret within the address, by default a random one: an address that stays the same from start to start.
    no_browser
        Print the address, and open no browser.
    export
        Start no server: train, and write the page with recorded steps to this file, which opens anywhere.
    steps
        With --export: how many steps are trained.
    """
    terminal = Terminal()
    if export is not None:
        with closing(_bench(what, file, target, terminal)) as bench:
            write_page(bench, export, steps, terminal)
        return 0
    with listening(host, port) as place:
        access = access_to(place, host, token)
        with closing(_bench(what, file, target, terminal)) as bench:
            server = server_of(bench, access)
            terminal.say(f"lamina lab: {access.address}  (Ctrl-C ends it)")
            if host not in LOOPBACK:
                terminal.note(FOR_ALL_TO_READ.format(port=access.port))
            if not no_browser and has_screen():
                _soon(access.address)
            with suppress(KeyboardInterrupt):
                server.run([place])
    return 0


def _bench(what: str, file: Path | None, target: str | None, terminal: Terminal) -> Bench:
    with terminal.working(f"opening {what}"):
        opening = opening_of(what, file, target)
        bench = Bench(opening.rows, before=opening.before)
        bench.kept["own"] = opening.own
        if opening.state is not None:
            restore(bench, opening.state)
        if opening.code is not None:
            put_on(bench, opening.code)
        return bench


def _soon(address: str) -> None:
    opening = Timer(0.3, webbrowser.open, [address])
    opening.daemon = True
    opening.start()
