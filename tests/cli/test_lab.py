"""lamina lab as a command: where it listens, what it prints, how it ends."""

import http.client
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from urllib.parse import urlsplit

import pytest

from lab_process import lab_process

TOKEN = "a-token-of-sixteen-letters"


@pytest.fixture
def asked():
    """Send a request with the right cookie; return the answer, which stays open until the end of the test."""
    with ExitStack() as stack:

        def ask(port, method, path, body=None):
            connection = stack.enter_context(closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)))
            headers = {"Cookie": f"lamina-lab-{port}={TOKEN}", "Content-Type": "application/json"}
            connection.request(method, path, body, headers)
            return stack.enter_context(closing(connection.getresponse()))

        yield ask


def other_addresses():
    """Addresses of this machine by which other machines reach it."""
    known = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    return {one for one in known if not one.startswith("127.")}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, -signal.SIGTERM)])
def test_it_ends_at_once_while_it_trains_and_pages_listen(asked, tmp_path, number, code):
    with lab_process("circles", "--token", TOKEN, folder=tmp_path) as lab:
        assert lab.address == f"http://127.0.0.1:{lab.port}/?token={TOKEN}"
        for address in other_addresses():
            with pytest.raises(OSError, match="refused"):
                socket.create_connection((address, lab.port), timeout=5).close()
        listeners = [asked(lab.port, "GET", "/events") for _ in range(5)]
        assert {one.status for one in listeners} == {200}
        assert asked(lab.port, "POST", "/ask/play", "{}").status == 200
        began = time.monotonic()
        assert lab.stop(number) == code
        assert time.monotonic() - began < 15  # under one on a quiet machine
        said = (tmp_path / "lab-errors.txt").read_text().splitlines()
        assert [line for line in said if line != "opening circles ..."] == []


def test_a_port_that_is_taken_is_said_before_anything_is_read(lamina):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = lamina("lab", "--port", port)
    assert done.code == 1
    assert f"--port {port}: Address already in use. --port 0 takes a free one." in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--port", 70_000), "expected 1 to 65535"),
        (("--host", "198.51.100.7"), "It must be an address of this machine"),
        (("--host", "nowhere.invalid"), "--host nowhere.invalid: no such address"),
        (("--token", "short"), "16 to 128 letters"),
        (("nothing-of-the-kind",), "no such file, and no built-in rows"),
    ],
)
def test_what_cannot_be_is_said(lamina, words, said):
    done = lamina("lab", *words)
    assert (done.code, done.out) == (1, "")
    assert said in " ".join(done.err.split())
    assert "Traceback" not in done.err


@pytest.mark.parametrize("library", ["starlette", "uvicorn"])
def test_without_its_libraries_it_says_what_to_install(library):
    words = f"import sys; sys.modules[{library!r}] = None; from lamina.cli.main import main; sys.exit(main(['lab']))"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "pip install 'lamina[lab]'" in done.stderr


def test_for_others_to_reach_it_must_be_asked_for_and_is_warned_of(asked, tmp_path):
    with lab_process("xor", "--host", "0.0.0.0", "--token", TOKEN, folder=tmp_path) as lab:
        assert urlsplit(lab.address).hostname == socket.gethostname().lower()
        assert asked(lab.port, "POST", "/ask/now", "{}").status == 200
    said = (tmp_path / "lab-errors.txt").read_text()
    assert "the connection is not encrypted" in said
    assert f"ssh -L {lab.port}:127.0.0.1:{lab.port}" in said
