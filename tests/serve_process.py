"""`lamina serve` in a process of its own, as a user starts it, and requests over its sockets in pieces."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager

PATIENCE = 60  # seconds, for a machine that does much else
START = "{change}\nimport sys\nfrom lamina.cli.main import main\nsys.exit(main())"


class ServeProcess:
    """A service that runs."""

    def __init__(self, process, errors):
        self.process, self.errors, self.port, self.said = process, errors, 0, ""
        self.closing = ExitStack()

    def ask(self, path, body=None, **headers):
        """The status and the body of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {"Content-Type": "application/json"} | {name.replace("_", "-"): one for name, one in headers.items()}
        connection.request("GET" if body is None else "POST", path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        found = answer.status, json.loads(answer.read() or b"null")
        connection.close()
        return found

    def connected(self, buffer=None):
        """A connection that is closed at the end; `buffer` bytes are held for a reader who does not read."""
        place = self.closing.enter_context(socket.socket())
        if buffer is not None:
            place.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        place.settimeout(PATIENCE)
        place.connect(("127.0.0.1", self.port))
        return place

    def begun(self, path, body, share=0.5):
        """A request of which a share of the body has been sent, and the rest."""
        body = json.dumps(body).encode()
        place = self.connected()
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: "
        cut = int(len(body) * share)
        place.sendall(f"{head}{len(body)}\r\n\r\n".encode() + body[:cut])
        return place, body[cut:]

    def listens(self):
        """Whether new connections are taken."""
        try:
            socket.create_connection(("127.0.0.1", self.port), 5).close()
        except OSError:
            return False
        return True

    def errors_so_far(self):
        """What it wrote to stderr."""
        return self.errors.read_text()

    def end(self, number=signal.SIGTERM):
        """Send a signal, wait, and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def answer_on(place):
    """The status and the body of the answer on a socket; None where the connection was cut."""
    answer = http.client.HTTPResponse(place)
    try:
        answer.begin()
    except (ConnectionError, http.client.BadStatusLine):
        return None
    return answer.status, json.loads(answer.read())


def wait_for(what, patience=PATIENCE):
    """Wait until something holds."""
    end = time.monotonic() + patience
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


@contextmanager
def serve_process(*words, folder, change=""):
    """Start `lamina serve` on a free port; `change` is Python that runs before."""
    port = [] if "--port" in words else ["--port", "0"]
    errors = folder / "serve-errors.txt"
    with errors.open("w") as sink:
        process = subprocess.Popen(
            [sys.executable, "-c", START.format(change=change), "serve", *map(str, words), *port],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=sink,
            text=True,
            env=os.environ | {"NO_COLOR": "1", "PYTHONUNBUFFERED": "1"},
        )
    service = ServeProcess(process, errors)
    try:
        for line in process.stdout:
            service.said += line
            if found := re.match(r"lamina serve: http://\S+:(\d+) ", line):
                service.port = int(found[1])
                break
        assert service.port, f"no address, but: {service.said}{errors.read_text()}"
        yield service
    finally:
        service.closing.close()
        process.kill()
        process.wait()
        process.stdout.close()
