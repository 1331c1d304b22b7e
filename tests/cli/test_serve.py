"""lamina serve as a command: what it says, signals, new files, and the limits of what it takes on."""

import json
import os
import shutil
import signal
import socket
import sys
import threading
import time

import numpy as np
import pytest

import lamina as library
from serve_process import answer_on, serve_process, wait_for

PREDICT = "/v1/models/plain/predict"
ROW = {"x0": 0.25, "x1": -1.5}


def plain(path, seed=0):
    """Write a small model of two columns."""
    X = np.random.default_rng(seed).normal(size=(60, 2))
    fitted = library.DeepRegressor(hidden_layer_sizes=(4,), max_iter=1, random_state=seed).fit(X, X[:, 0])
    fitted.model_.save(path)
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return plain(tmp_path_factory.mktemp("models") / "plain.lamina")


# ---- what it says before it listens ----


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "which model? As in lamina serve model.lamina"),
        (("none.lamina",), "cannot load 'none.lamina': there is no such file"),
        (("rows.csv",), "cannot load 'rows.csv': "),
        (("cut.lamina",), "the file is cut off (300 bytes are there)"),
        (("folder",), "it is a folder, expected a file"),
        (("plain.lamina", "folder/../plain.lamina"), "two models are named 'plain': give one another name"),
        (("my plain.lamina",), "lamina serve 'churn=my plain.lamina'"),
        (("a=",), "'a=': expected a file, or NAME=FILE"),
        (("plain.lamina", "--port", 70_000), "expected 1 to 65535"),
        (("plain.lamina", "--host", "nowhere.invalid"), "--host nowhere.invalid: no such address"),
        (("plain.lamina", "--host", "198.51.100.7"), "It must be an address of this machine"),
        (("plain.lamina", "--token", "short"), "16 to 128 letters"),
        (("plain.lamina", "--max-time", "nan"), "--max-time nan: expected more than 0."),
        (("plain.lamina", "--max-rows", 0), "--max-rows 0: expected more than 0."),
        (("plain.lamina", "--drain", -1), "--drain -1.0: expected 0 or more seconds."),
    ],
)
def test_what_cannot_be_is_said(lamina, model, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    for name in ("plain.lamina", "my plain.lamina"):
        shutil.copy(model, tmp_path / name)
    (tmp_path / "rows.csv").write_text("x0,x1\n" + "1,2\n" * 500)
    (tmp_path / "cut.lamina").write_bytes(model.read_bytes()[:300])
    if "--port" not in words:
        words = (*words, "--port", 0)
    done = lamina("serve", *words)
    assert (done.code, done.out) == (1, "")
    assert said in " ".join(done.err.split())
    assert "Traceback" not in done.err


def test_a_port_that_is_taken_is_said_before_anything_is_read(lamina):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = lamina("serve", "none.lamina", "--port", port)
    assert done.code == 1
    assert f"--port {port}: Address already in use. --port 0 takes a free one." in " ".join(done.err.split())


def test_without_the_extra(lamina, model, monkeypatch):
    for name in [one for one in sys.modules if one.startswith(("lamina.serving.serv", "uvicorn"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    done = lamina("serve", model)
    assert done.code == 1
    assert "pip install 'lamina[serve]'" in done.err


# ---- signals ----


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, -signal.SIGTERM)])
def test_what_is_being_answered_is_finished_before_the_end(model, tmp_path, number, code):
    expected = library.load(model).predict([[0.25, -1.5]]).tolist()
    with serve_process(model, folder=tmp_path) as service:
        assert f"plain: http://127.0.0.1:{service.port}{PREDICT}" in service.said
        place, rest = service.begun(PREDICT, {"rows": [ROW]})
        idle, _ = service.begun(PREDICT, {"rows": [ROW]}, share=1)
        assert answer_on(idle)[0] == 200  # and is kept, without a request
        service.process.send_signal(number)
        wait_for(lambda: not service.listens())
        place.sendall(rest)
        status, found = answer_on(place)
        assert (status, found["predictions"]) == (200, expected)
        assert service.process.wait(20) == code
        assert service.errors_so_far() == ""


def test_a_time_to_drain(model, tmp_path):
    with serve_process(model, "--drain", 2, folder=tmp_path) as service:
        assert service.ask("/v2/health/ready") == (200, {"ready": True})
        start = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        wait_for(lambda: service.ask("/v2/health/ready") == (503, {"ready": False}))
        assert service.ask(PREDICT, {"rows": [ROW]})[0] == 200
        assert service.process.wait(20) == -signal.SIGTERM
        assert time.monotonic() - start >= 1.9
        assert service.errors_so_far() == "not ready any more; ends in 2 seconds\n"


def test_a_second_signal_does_not_wait(model, tmp_path):
    with serve_process(model, "--drain", 600, folder=tmp_path) as service:
        service.process.send_signal(signal.SIGTERM)
        wait_for(lambda: "not ready" in service.errors_so_far())
        assert service.end() == -signal.SIGTERM


def test_sighup_takes_up_a_new_file_at_once(model, tmp_path):
    path = tmp_path / "plain.lamina"
    shutil.copy(model, path)
    other = plain(tmp_path / "other", seed=1)
    slow = "import lamina.serving.server as s; s.SECONDS_BETWEEN_LOOKS = 600"  # so that nothing but a signal does it
    with serve_process(path, folder=tmp_path, change=slow) as service:
        before = service.ask(PREDICT, {"rows": [ROW]})[1]
        (tmp_path / "new").write_bytes(model.read_bytes()[:-9])
        os.replace(tmp_path / "new", path)
        service.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "stays" in service.errors_so_far())
        assert service.ask(PREDICT, {"rows": [ROW]}) == (200, before)
        path.unlink()  # a bad moment: the old one stays
        service.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "no such file" in service.errors_so_far())
        assert service.ask(PREDICT, {"rows": [ROW]}) == (200, before)
        os.replace(other, path)
        service.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "in place of" in service.errors_so_far())
        after = service.ask(PREDICT, {"rows": [ROW]})[1]
        assert after["predictions"] == library.load(path).predict([[0.25, -1.5]]).tolist() != before["predictions"]


# ---- how much is taken on, and for how long ----

SLOW = """
import time
import lamina.serving.service as service
as_json = service.REPLIES["predict"]
service.REPLIES["predict"] = lambda asked, served: (time.sleep(3 * (asked.n_rows > 500)), as_json(asked, served))[1]
"""


def test_slow_clients_are_given_up(model, tmp_path):
    patient = "import lamina.web.patience as p; p.SECONDS_FOR_HEADERS = p.SECONDS_WITHOUT_READING = 1.0"
    with serve_process(model, "--max-time", 1, folder=tmp_path, change=patient) as service:
        body, _ = service.begun(PREDICT, {"rows": [ROW]})
        header, early, reader = service.connected(), service.connected(), service.connected(buffer=4096)
        header.sendall(b"GET /v1/models HTTP/1.1\r\nHost: 127")
        large = json.dumps({"columns": {"x0": [1] * 100_000, "x1": [1] * 100_000}}).encode()  # the answer has 2 MB
        head = f"POST {PREDICT} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(large)}\r\n\r\n".encode()
        sending = threading.Thread(target=until_cut, args=(reader, head + large))
        sending.start()
        status, found = answer_on(body)
        assert (status, found["error"]) == (408, "The body did not arrive within 1 seconds.")
        assert cut(header)
        sending.join(30)
        assert not sending.is_alive()
        # a pool of clients opens connections in advance
        early.sendall(b"GET /v2/health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert answer_on(early) == (200, {"live": True})


def test_a_flood_of_requests_on_one_connection(model, tmp_path):
    with serve_process(model, folder=tmp_path) as service:
        some, flood = service.connected(), service.connected()
        line = b"GET /v2/health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        some.sendall(line * 100)
        answers = b""
        while answers.count(b'{"live": true}') < 100:
            answers += (found := some.recv(1 << 16))
            assert found
        until_cut(flood, line * 100_000)


def until_cut(place, data):
    """Send, and read nothing, until the connection is cut."""
    try:
        while True:
            place.sendall(data)
    except ConnectionError:
        return


def cut(place):
    """Whether the other side ends a connection."""
    try:
        return place.recv(1) == b""
    except ConnectionError:
        return True


def test_predictions_that_take_too_long_and_requests_that_are_too_many(model, tmp_path):
    many = {"columns": {"x0": [0.5] * 600, "x1": [None] * 600}}
    with serve_process(model, "--max-time", 1, "--max-requests", 2, folder=tmp_path, change=SLOW) as service:
        first, _ = service.begun(PREDICT, many, share=1)
        assert service.ask(PREDICT, {"rows": [ROW]})[0] == 200  # meanwhile
        second, rest = service.begun(PREDICT, many)
        wait_for(lambda: service.ask("/v2/health/live")[0] == 503)
        status, found = service.ask(PREDICT, {"rows": [ROW]})
        assert (status, found["error"]) == (503, "2 requests are being answered: ask again in a moment.")
        status, found = answer_on(first)
        assert (status, found["error"]) == (503, "This took longer than 1 seconds and was given up.")
        second.sendall(rest)
        assert answer_on(second)[0] in {408, 503}
        assert service.ask(PREDICT, {"rows": [ROW]})[0] == 200


def test_a_short_body_of_many_rows_holds_nobody_up(tmp_path):
    X = np.random.default_rng(0).normal(size=(60, 1))
    wide = library.DeepRegressor(hidden_layer_sizes=(700, 700), max_iter=1, random_state=0).fit(X, X[:, 0])
    wide.model_.save(tmp_path / "wide.lamina")
    with serve_process("wide.lamina", folder=tmp_path, change=SLOW) as service:
        path = "/v1/models/wide/predict"
        first, _ = service.begun(path, {"columns": {"x0": [1] * 1000}}, share=1)
        time.sleep(0.3)
        start = time.monotonic()
        assert service.ask("/v2/health/live")[0] == 200
        assert time.monotonic() - start < 2
        assert answer_on(first)[0] == 200


def test_the_token_that_was_drawn_opens(model, tmp_path):
    with serve_process(model, "--host", "0.0.0.0", folder=tmp_path) as service:
        wait_for(lambda: "token: " in service.errors_so_far())
        token = service.errors_so_far().partition("token: ")[2].strip()
        assert service.ask("/v1/models")[0] == 401
        assert service.ask("/v1/models", Authorization=f"Bearer {token}")[0] == 200
        assert service.ask("/v2/health/ready")[0] == 200
