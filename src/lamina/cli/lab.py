"""lamina lab: the page on which the lecture can be touched."""

import webbrowser
from contextlib import closing, suppress
from pathlib import Path
from threading import Timer

from lamina.cli.terminal import Terminal
from lamina.laboratory.bench import Bench
from lamina.laboratory.opening import opening_of
from lamina.laboratory.serving import listening, server_of


def lab(
    what: str = "lesson",
    file: Path | None = None,
    /,
    *,
    target: str | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    no_browser: bool = False,
) -> int:
    """Open the lab: a network on a page, forward and backward, with the engine behind it.

    Parameters
    ----------
    what
        lesson (the lecture's network), xor, circles, moons, spiral, digits, adult; or a file: a table, a model, or your
        own code with the course's functions (.py, .ipynb).
    file
        A table with the rows for a model, or for your code.
    target
        The column of the table to predict; by default the last one.
    host
        The address to listen on; only this machine by default.
    port
        The port to listen on; by default a free one.
    no_browser
        Print the address, and open no browser.
    """
    terminal = Terminal()
    with terminal.working(f"opening {what}"):
        opening = opening_of(what, file, target)
        made = Bench(opening.rows, before=opening.before)
        made.kept["own"] = opening.own
    with closing(made) as bench:
        server = server_of(bench)
        with listening(host, port) as place:
            address = f"http://{host}:{place.getsockname()[1]}/"
            terminal.say(f"lamina lab: {address}  (Ctrl-C ends it)")
            if not no_browser:
                Timer(0.5, webbrowser.open, [address]).start()
            with suppress(KeyboardInterrupt):
                server.run([place])
    return 0
