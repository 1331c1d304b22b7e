"""The server's memory over a long session: `make torture` sits there for an hour, other runs for seconds."""

import base64
import http.client
import json
import os
import random
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from lab_process import lab_process

TOKEN = "a-token-of-sixteen-letters"
SECONDS = 3600 if "LAMINA_TORTURE" in os.environ else 20
MEGABYTES_TO_GROW = 60  # caches that fill, and what the allocator keeps

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory of another process is read from /proc"),
]


def megabytes(pid):
    """Memory of a process that is its own."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private")) / 1000


class Session:
    """Somebody who clicks here and there."""

    def __init__(self, lab):
        self.port = lab.port
        self.dice = random.Random(0)
        self.statuses = set()

    def ask(self, name, /, **arguments):
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            headers = {"Cookie": f"lamina-lab-{self.port}={TOKEN}", "Content-Type": "application/json"}
            connection.request("POST", f"/ask/{name}", json.dumps(arguments), headers)
            answer = connection.getresponse()
            self.statuses.add(answer.status)
            return json.loads(answer.read())

    def listen_for_a_while(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with closing(connection):
            connection.request("GET", "/events", headers={"Cookie": f"lamina-lab-{self.port}={TOKEN}"})
            assert connection.getresponse().read(500)

    def do_something(self):
        now = self.ask("now")
        step = self.dice.randint(now["first"], now["head"])
        actions = [
            (8, lambda: self.ask("trace", step=step)),
            (4, lambda: self.ask("play")),
            (2, lambda: self.ask("pause")),
            (2, lambda: self.ask("branch", at=step, edits=[["W1", 0, 0, self.dice.random()]])),
            (2, lambda: self.ask("change", settings={"learning_rate_init": self.dice.choice([0.1, 0.01])})),
            (1, lambda: self.ask("change", settings={"hidden_layer_sizes": [self.dice.randint(2, 30)]})),
            (2, lambda: self.ask("open", name=self.dice.choice(["lesson", "circles", "digits", "moons"]))),
            (1, lambda: self.ask("upload", name="rows.csv", data=self.table())),
            (2, self.listen_for_a_while),
            (1, lambda: self.ask("trace", step=-1)),
        ]
        weights, functions = zip(*actions, strict=True)
        self.dice.choices(functions, weights)[0]()

    def table(self):
        rows = "\n".join(f"{k},{k * 7 % 13},{k % 2}" for k in range(20_000))
        return base64.b64encode(f"a,b,y\n{rows}\n".encode()).decode()


def test_memory_does_not_grow(tmp_path):
    with lab_process("circles", "--token", TOKEN, folder=tmp_path) as lab:
        somebody = Session(lab)
        for name in ("digits", "lesson"):  # what is loaded once
            somebody.ask("open", name=name)
            somebody.ask("play", steps=50, wait=True)
        somebody.ask("upload", name="rows.csv", data=somebody.table())
        began = time.monotonic()
        seen = []
        while (spent := time.monotonic() - began) < SECONDS:
            somebody.do_something()
            seen.append((spent, megabytes(lab.process.pid)))
        early = max(size for spent, size in seen if spent < SECONDS / 4)
        late = max(size for spent, size in seen if spent > SECONDS * 3 / 4)
        assert somebody.statuses <= {200, 422}
        assert lab.process.poll() is None
        course = [f"{spent:.0f} s: {size:.0f} MB" for spent, size in seen[:: 1 + len(seen) // 20]]
        assert late - early < MEGABYTES_TO_GROW, course
        print(f"{len(seen)} actions in {SECONDS} s: {early:.0f} MB early, {late:.0f} MB late")
