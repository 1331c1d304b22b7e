"""lamina lab: the page on which the lecture can be touched."""

import webbrowser
from contextlib import closing, suppress
from threading import Timer

from lamina.cli.terminal import Terminal
from lamina.laboratory.bench import Bench
from lamina.laboratory.lab_rows import built_in
from lamina.laboratory.serving import listening, server_of


def lab(rows: str = "lesson", /, *, host: str = "127.0.0.1", port: int = 0, no_browser: bool = False) -> int:
    """Open the lab: the lecture's network on a page, with the engine behind it.

    Parameters
    ----------
    rows
        lesson, xor, circles, moons, spiral, digits or adult.
    host
        The address to listen on; only this machine by default.
    port
        The port to listen on; by default a free one.
    no_browser
        Print the address, and open no browser.
    """
    terminal = Terminal()
    with closing(Bench(built_in(rows))) as bench:
        server = server_of(bench)
        with listening(host, port) as place:
            address = f"http://{host}:{place.getsockname()[1]}/"
            terminal.say(f"lamina lab: {address}  (Ctrl-C ends it)")
            if not no_browser:
                Timer(0.5, webbrowser.open, [address]).start()
            with suppress(KeyboardInterrupt):
                server.run([place])
    return 0
