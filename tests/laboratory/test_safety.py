"""Who is answered by the lab: each rule is tried by breaking it."""

import socket
import threading
from contextlib import closing

import pytest
from starlette.testclient import TestClient

from lamina.errors import SettingError
from lamina.laboratory import server
from lamina.laboratory.bench import Bench
from lamina.laboratory.guarding import Access
from lamina.laboratory.lab_rows import built_in
from lamina.laboratory.questions import QUESTIONS

TOKEN = "a-token-of-sixteen-letters"
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def bench():
    with closing(Bench(built_in("xor"))) as one:
        yield one


@pytest.fixture
def client(bench):
    """A program without a cookie."""
    access = Access("127.0.0.1", 8000, TOKEN)
    app = server.application(bench, access, threading.Event())
    with TestClient(app, base_url="http://127.0.0.1:8000", follow_redirects=False) as one:
        yield one


@pytest.fixture
def known(client):
    """One that was shown the token."""
    assert client.get("/", params={"token": TOKEN}).status_code == 303
    return client


def test_the_token_is_kept_in_a_cookie_and_leaves_the_address(client):
    answer = client.get("/", params={"token": TOKEN})
    assert answer.headers["location"] == "./"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"lamina-lab-8000={TOKEN};")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    page = client.get("/")
    assert page.status_code == 200
    assert TOKEN not in page.text


def test_a_link_of_another_site_gets_a_page_that_goes_on_by_itself(client):
    """A strict cookie is not sent along a redirect of theirs."""
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    answer = client.get("/", params={"token": TOKEN}, headers=headers)
    assert (answer.status_code, answer.headers["refresh"]) == (200, "0; url=./")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("GET", "/static/page/main.js"), ("GET", "/events"), ("POST", "/ask/now")]
)
def test_without_the_token_nothing_is_answered(client, method, path):
    answer = client.request(method, path, headers=JSON)
    assert answer.status_code == 403
    assert "open the whole address" in answer.text


@pytest.mark.parametrize("token", ["", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "é" * 16])
def test_another_token_is_refused(client, token):
    assert client.get("/", params={"token": token}).status_code == 403
    assert client.get("/", headers={"cookie": f"lamina-lab-8000={token}".encode()}).status_code == 403
    assert client.get("/").status_code == 403


def test_a_token_is_only_shown_to_the_first_page(client):
    assert client.post("/ask/now", params={"token": TOKEN}, headers=JSON).status_code == 403
    assert client.get("/static/page/main.js", params={"token": TOKEN}).status_code == 403


def test_the_cookie_of_a_lab_on_another_port_is_another(client):
    assert client.get("/", headers={"cookie": f"lamina-lab-8001={TOKEN}"}).status_code == 403
    assert client.get("/", headers={"cookie": f"other=1; lamina-lab-8000={TOKEN}; more=2"}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "10.0.0.1:8000", "", "["]
)
def test_another_name_of_this_machine_is_refused(known, host):
    """DNS rebinding: the attacker's name leads to 127.0.0.1."""
    answer = known.post("/ask/now", headers=JSON | {"host": host})
    assert answer.status_code == 421
    assert "a name that is not its own" in answer.json()["error"]


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000", "LOCALHOST:9000", "127.0.0.1"])
def test_its_own_names_are_good(known, host):
    headers = {"host": host, "cookie": f"lamina-lab-8000={TOKEN}"}
    assert known.post("/ask/now", headers=JSON | headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9000"},
        {"origin": "http://localhost:8000"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "script"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/ask/play"), ("GET", "/events"), ("GET", "/static/page/main.js")]
)
def test_a_page_from_elsewhere_is_refused_even_with_the_cookie(known, method, path, headers):
    answer = known.request(method, path, headers=JSON | headers)
    assert answer.status_code == 403
    assert "its own page only" in answer.text


def test_its_own_page_is_answered(known):
    headers = {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}
    assert known.post("/ask/now", headers=JSON | headers).json()["first"] == 0


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_what_a_form_can_send_is_no_question(known, kind):
    answer = known.post("/ask/now", content=b"{}", headers={"content-type": kind})
    assert answer.status_code == 415
    assert "application/json" in answer.json()["error"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_questions_are_posted(known, method):
    answer = known.request(method, "/ask/now", headers={"origin": "http://127.0.0.1:8000"})
    assert answer.status_code == 405
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/static/page/main.js", "/static/none.js", "/nothing", "/ask/now"])
def test_every_answer_has_the_headers_of_a_careful_server(known, path):
    for answer in (known.get(path), known.get(path, headers={"host": "evil.example"})):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "name",
    ["../bench.py", "..%2fbench.py", "page/../../bench.py", "/etc/passwd", "page%2f..%2f..%2fbench.py", "", "page"],
)
def test_only_files_of_the_page_are_sent(known, name):
    assert known.get(f"/static/{name}").status_code in {404, 307}


@pytest.mark.parametrize("token", ["short", "with spaces in it, and long", "a" * 129, "semi;colon;semi;colon"])
def test_a_token_that_is_no_secret_is_refused(token):
    with pytest.raises(SettingError, match="16 to 128 letters"):
        Access("127.0.0.1", 8000, token)


def test_tokens_are_long_and_never_the_same():
    tokens = {Access("127.0.0.1", 8000).token for _ in range(50)}
    assert len(tokens) == 50
    assert min(map(len, tokens)) >= 43
    assert all(token not in repr(Access("127.0.0.1", 1, token)) for token in tokens)


def test_where_it_listens_everywhere_numbers_are_names_and_other_names_are_not():
    access = Access("0.0.0.0", 8000)
    assert access.is_named("192.168.3.4:8000")
    assert access.is_named("[fe80::1]:8000")
    assert access.is_named(f"{socket.gethostname()}:8000")
    assert not access.is_named("evil.example:8000")


@pytest.mark.parametrize(("path", "most"), [("/ask/now", 1_000_000), ("/ask/upload", 1_000_000 + 50 * 2**20 * 4 // 3)])
def test_a_large_body_is_refused_before_it_is_read(known, path, most):
    read = []

    def body():
        read.append(1)
        yield b"{}"

    headers = JSON | {"content-length": str(most + 1)}
    answer = known.post(path, content=body(), headers=headers)
    assert answer.status_code == 413
    assert "B at most" in answer.json()["error"]


def test_a_body_of_unknown_length_is_counted(known):
    sent = []

    def body():
        for _ in range(1000):
            sent.append(1)
            yield b" " * 100_000

    answer = known.post("/ask/now", content=body(), headers=JSON)
    assert answer.status_code == 413
    assert "1 MB at most" in answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b'"now"', 400),
        (b"\xff\xfe", 400),
        (b"[" * 200_000, 400),
        (b'{"a": ' * 100_000 + b"1" + b"}" * 100_000, 400),
        (b"{" + b'"step": ' + b"9" * 100_000 + b"}", 400),
        (b'{"nonsense": 1}', 422),
        (b'{"\\ud800": 1}', 422),
        (b'{"since": NaN}', 422),
    ],
)
def test_nonsense_is_answered_with_a_sentence(known, body, status):
    answer = known.post("/ask/now", content=body, headers=JSON)
    assert answer.status_code == status
    assert answer.json()["error"]


def test_a_file_cannot_be_lists_without_end(known):
    """Each empty list takes thirty times its bytes."""
    body = b'{"name": "x.csv", "data": [' + b"[]," * 500_000 + b"[]]}"
    answer = known.post("/ask/upload", content=body, headers=JSON)
    assert answer.status_code == 400
    assert "too many values" in answer.json()["error"]


def test_a_name_that_no_encoding_knows_is_repeated_all_the_same(known):
    answer = known.post("/ask/open", content=b'{"name": "\\ud800"}', headers=JSON)
    assert answer.status_code == 422
    assert "no built-in rows" in answer.json()["error"]


def test_a_fault_of_ours_is_a_sentence_on_the_page_and_a_traceback_in_the_terminal(known, monkeypatch, capsys):
    monkeypatch.setitem(QUESTIONS, "fault", lambda bench: 1 / 0)
    answer = known.post("/ask/fault", headers=JSON)
    assert answer.status_code == 500
    assert "a fault in lamina itself (ZeroDivisionError" in answer.json()["error"]
    assert "Traceback" in capsys.readouterr().err
