"""A service in a thread, and a real HTTP client."""

import http.client
import json
import threading
from contextlib import contextmanager

from lamina.serving.server import Server
from lamina.serving.service import Access, Limits
from lamina.web.places import listening


class Client:
    """What a program sends, and what it gets."""

    def __init__(self, server, port):
        self.server, self.port = server, port

    def ask(self, path, body=None, method=None, **headers):
        """The status, the headers and the body of an answer; objects are JSON on the way."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} | headers if body is not None else headers
        try:
            connection.request(method or ("GET" if body is None else "POST"), path, body, headers)
            answer = connection.getresponse()
            found = answer.read()
        finally:
            connection.close()
        kind = answer.headers.get("content-type", "")
        return answer.status, answer.headers, json.loads(found) if kind == "application/json" and found else found


@contextmanager
def serving(files, token=None, said=None, **limits):
    """A server in a thread, on a free port."""
    with listening("127.0.0.1", 0) as place:
        say = (lambda line: None) if said is None else said.append
        server = Server(files, Access("127.0.0.1", token), Limits(**limits), say=say, release="1")
        thread = threading.Thread(target=server.run, args=([place],))
        thread.start()
        try:
            while not server.started:
                thread.join(0.01)
            yield Client(server, place.getsockname()[1])
        finally:
            server.end()
            thread.join(30)
