"""How much the lab takes on, over real sockets: each limit is tried by going beyond it."""

import select
import socket
import threading
import time
from contextlib import ExitStack, closing, suppress

import pytest

from lamina.laboratory import connections, happening, limits
from lamina.laboratory.bench import Bench
from lamina.laboratory.lab_rows import built_in
from lamina.laboratory.questions import QUESTIONS
from lamina.laboratory.serving import access_to, server_of
from lamina.web import patience
from lamina.web.places import listening


@pytest.fixture(scope="module")
def bench():
    with closing(Bench(built_in("xor"))) as one:
        yield one


@pytest.fixture
def serve(bench):
    """A function that starts a server in a thread, so that limits can be changed before."""
    with ExitStack() as stack:

        def start():
            place = stack.enter_context(listening("127.0.0.1", 0))
            access = access_to(place, "127.0.0.1")
            running = server_of(bench, access)
            thread = threading.Thread(target=running.run, args=([place],))
            thread.start()
            stack.callback(thread.join)
            stack.callback(running.end)
            return access

        yield start


def request_of(access, path, body=None, **headers):
    """The bytes of a request that the lab answers."""
    method = "GET" if body is None else "POST"
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{access.port}", f"Cookie: {access.cookie}"]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def connected(access):
    one = socket.create_connection(("127.0.0.1", access.port))
    one.settimeout(10)
    return one


def status_of(connection):
    """Read until the status line is there; 0 where the connection was closed instead."""
    read = b""
    try:
        while b"\r\n" not in read and (more := connection.recv(4096)):
            read += more
    except ConnectionResetError:
        return 0
    return int(read.split(b" ")[1]) if read else 0


def until(happened, what):
    for _ in range(1000):
        if happened():
            return
        time.sleep(0.01)
    raise AssertionError(f"never: {what}")


def closed_after(connection):
    """Seconds until the other side closes the connection."""
    began = time.monotonic()
    try:
        while connection.recv(4096):
            pass
    except ConnectionResetError:
        pass
    return time.monotonic() - began


def test_a_question_that_takes_too_long_is_given_up_and_keeps_its_place_until_it_is_done(serve, monkeypatch):
    monkeypatch.setattr(limits, "SECONDS_FOR_AN_ANSWER", 0.3)
    monkeypatch.setattr(limits, "ANSWERS_AT_ONCE", 1)
    over = threading.Event()
    monkeypatch.setitem(QUESTIONS, "long", lambda bench: over.wait(20))
    access = serve()
    for _ in range(2):
        with connected(access) as one:
            one.sendall(request_of(access, "/ask/long", b"{}"))
            assert status_of(one) == 503
    with connected(access) as one:
        one.sendall(request_of(access, "/ask/now", b"{}"))
        assert status_of(one) == 503  # the thread of the first still runs
        over.set()

    def answered():
        with connected(access) as one:
            one.sendall(request_of(access, "/ask/now", b"{}"))
            return status_of(one) == 200

    until(answered, "a place that is free again")


def test_few_questions_are_worked_on_at_once_and_few_wait(serve, monkeypatch):
    monkeypatch.setattr(limits, "ANSWERS_AT_ONCE", 2)
    monkeypatch.setattr(limits, "QUESTIONS_WAITING", 5)
    release, working, most = threading.Event(), [], []

    def slow(bench):
        working.append(1)
        most.append(len(working))
        release.wait(20)
        working.pop()

    monkeypatch.setitem(QUESTIONS, "slow", slow)
    access = serve()
    with ExitStack() as stack:
        askers = [stack.enter_context(connected(access)) for _ in range(9)]
        for one in askers:
            one.sendall(request_of(access, "/ask/slow", b"{}"))
        refused = select.select(askers, [], [], 10)[0]
        until(lambda: len(select.select(askers, [], [], 0)[0]) == 4, "four that are refused")
        assert {status_of(one) for one in select.select(askers, [], [], 0)[0]} == {503}
        assert refused
        release.set()
        statuses = [status_of(one) for one in askers if one not in refused]
    assert statuses.count(200) == 5
    assert max(most) == 2


def test_a_slow_question_does_not_hold_up_files_and_events(serve, monkeypatch, bench):
    """Even one that holds the bench, as a long look at the recording does."""
    release = threading.Event()

    def holding(bench):
        with bench.lock:
            release.wait(20)

    monkeypatch.setitem(QUESTIONS, "holding", holding)
    access = serve()
    with connected(access) as asker, connected(access) as listener, connected(access) as reader:
        asker.sendall(request_of(access, "/ask/holding", b"{}"))
        listener.sendall(request_of(access, "/events"))
        assert status_of(listener) == 200
        reader.sendall(request_of(access, "/static/page/main.js"))
        assert status_of(reader) == 200
        release.set()


def test_headers_that_never_end_are_given_up(serve, monkeypatch):
    """Slowloris: many connections, each of which sends a byte now and then."""
    monkeypatch.setattr(patience, "SECONDS_FOR_HEADERS", 0.5)
    access = serve()
    with connected(access) as silent, connected(access) as slow, connected(access) as second:
        second.sendall(request_of(access, "/ask/now", b"{}"))
        assert status_of(second) == 200
        slow.sendall(b"GET / HTTP/1.1\r\nHost:")
        second.sendall(b"GET / HTTP/1.1\r\nHost:")
        time.sleep(0.3)
        slow.sendall(b" 1")
        second.sendall(b" 1")
        assert closed_after(slow) < 3
        assert closed_after(second) < 3
        assert closed_after(silent) < 3


def test_headers_without_end_are_refused(serve):
    access = serve()
    with connected(access) as one:
        one.sendall(b"GET / HTTP/1.1\r\n" + b"x: " + b"a" * 100_000)
        assert status_of(one) in {0, 400}


def test_a_body_that_never_ends_is_given_up(serve, monkeypatch):
    monkeypatch.setattr(limits, "SECONDS_FOR_A_BODY", 0.3)
    access = serve()
    with connected(access) as one:
        one.sendall(request_of(access, "/ask/now", b"{}  ")[:-2])
        assert status_of(one) == 408


def test_few_files_are_read_at_once(serve, monkeypatch):
    """A body is in memory from its first byte until it is answered."""
    monkeypatch.setattr(limits, "UPLOADS_AT_ONCE", 1)
    access = serve()
    upload = request_of(access, "/ask/upload", b'{"name": "x.csv", "data": "YSxiCjEsMgozLDQK"}')
    with connected(access) as slow, connected(access) as other:
        slow.sendall(upload[:-10])
        time.sleep(0.2)
        other.sendall(upload)
        assert status_of(other) == 503
        slow.sendall(upload[-10:])
        assert status_of(slow) == 200
    with connected(access) as later:
        later.sendall(upload)
        assert status_of(later) == 200


def test_whoever_does_not_read_is_left(serve, monkeypatch):
    monkeypatch.setattr(patience, "SECONDS_WITHOUT_READING", 0.5)
    monkeypatch.setitem(QUESTIONS, "large", lambda bench: "x" * 30_000_000)
    access = serve()
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.connect(("127.0.0.1", access.port))
        one.settimeout(10)
        one.sendall(request_of(access, "/ask/large", b"{}"))
        time.sleep(1.5)
        read = 0
        with suppress(ConnectionResetError):
            while more := one.recv(1_000_000):
                read += len(more)
        assert read < 29_000_000


def test_whoever_reads_slowly_is_not_left(serve, monkeypatch):
    monkeypatch.setattr(patience, "SECONDS_WITHOUT_READING", 0.5)
    monkeypatch.setitem(QUESTIONS, "large", lambda bench: "x" * 30_000_000)
    access = serve()
    with connected(access) as one:
        one.sendall(request_of(access, "/ask/large", b"{}"))
        read, began = 0, time.monotonic()
        while read < 30_000_000 and (more := one.recv(500_000)):
            read += len(more)
            time.sleep(0.03)
        assert read >= 30_000_000
        assert time.monotonic() - began > 3 * patience.SECONDS_WITHOUT_READING  # several looks at it


def test_connections_are_few(serve, monkeypatch):
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 5)
    access = serve()
    with ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(connected(access))
        with connected(access) as one:
            assert status_of(one) == 503


def test_listeners_are_few_and_leave_their_place(serve, monkeypatch):
    monkeypatch.setattr(happening, "LISTENERS", 3)
    access = serve()
    with ExitStack() as stack:
        for _ in range(3):
            one = stack.enter_context(connected(access))
            one.sendall(request_of(access, "/events"))
            assert status_of(one) == 200
        with connected(access) as another:
            another.sendall(request_of(access, "/events"))
            assert status_of(another) == 429

    def answered():
        with connected(access) as later:
            later.sendall(request_of(access, "/events"))
            return status_of(later) == 200

    until(answered, "a place among the listeners")


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\x00" * 100,
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET\r\n\r\n",
        b"POST /ask/now HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused_and_the_next_one_answered(serve, rubbish):
    access = serve()
    with connected(access) as one:
        one.sendall(rubbish)
        assert status_of(one) in {0, 400}
    with connected(access) as one:
        one.sendall(request_of(access, "/ask/now", b"{}"))
        assert status_of(one) == 200


def test_two_hosts_or_two_lengths_are_no_request(serve):
    access = serve()
    for more in ({"Host": "evil.example"}, {"Content_Length": "3"}):
        with connected(access) as one:
            one.sendall(request_of(access, "/ask/now", b"{}", **more))
            assert status_of(one) == 400


def test_a_web_socket_is_not_opened(serve):
    access = serve()
    with connected(access) as one:
        key = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec_WebSocket_Key": "eA==",
            "Sec_WebSocket_Version": "13",
        }
        one.sendall(request_of(access, "/events", **key))
        assert status_of(one) != 101
