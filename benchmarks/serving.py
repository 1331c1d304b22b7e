"""One row a request, at a steady rate, beside FastAPI with scikit-learn and with ONNX Runtime: `make bench-serve`.

    python benchmarks/serving.py            all three, 1,000 requests a second for 10 seconds each
    python benchmarks/serving.py --quick    3 seconds each

The client sends by the clock, whether or not answers have come back, and counts each answer from the moment at which
its request was due: a service that stalls cannot hide it (no coordinated omission). Client and service share the
processors of this machine. Only 127.0.0.1 is asked.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import deque
from pathlib import Path

import numpy as np

PEERS = Path(__file__).parent / "serving_peers.py"
CONNECTIONS = 64
PATIENCE = 60  # seconds until a service answers


class Connection(asyncio.Protocol):
    """A connection that is kept, with one request on it at a time."""

    def __init__(self, idle):
        self.idle, self.buffer, self.due = idle, b"", 0.0
        self.answers = None

    def connection_made(self, transport):
        """Take requests."""
        self.transport = transport
        self.idle.append(self)

    def ask(self, request, due, answers):
        """Send a request that was due at a time."""
        self.due, self.answers, self.buffer = due, answers, b""
        self.transport.write(request)

    def data_received(self, data):
        """Note the time when an answer is complete."""
        self.buffer += data
        head, end, body = self.buffer.partition(b"\r\n\r\n")
        if not end:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        if len(body) >= length:
            self.answers.append((time.perf_counter() - self.due, head[9:12] == b"200"))
            self.idle.append(self)


async def load(port, path, bodies, rate, seconds):
    """Send at a rate; return the seconds that each answer took, and how many failed."""
    loop, idle, answers, waiting = asyncio.get_running_loop(), [], [], deque()
    for _ in range(CONNECTIONS):
        await loop.create_connection(lambda: Connection(idle), "127.0.0.1", port)
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: "
    requests = [f"{head}{len(body)}\r\n\r\n".encode() + body for body in bodies]
    start, count = time.perf_counter() + 0.1, int(rate * seconds)
    sent = 0
    while len(answers) < count and time.perf_counter() < start + seconds + 20:
        now = time.perf_counter()
        while sent < count and start + sent / rate <= now:
            waiting.append((requests[sent % len(requests)], start + sent / rate))
            sent += 1
        while waiting and idle:
            idle.pop().ask(*waiting.popleft(), answers)
        # nothing to do before the next is due
        await asyncio.sleep(0.0005 if waiting or sent == count else max(start + sent / rate - time.perf_counter(), 0))
    took = [one for one, good in answers if good]
    return np.array(took), count - len(took), len(answers) / (time.perf_counter() - start)


async def fastest(port, path, bodies, seconds):
    """Return how many requests a second are answered where the next follows the last on 8 connections."""
    loop, idle, answers = asyncio.get_running_loop(), [], []
    for _ in range(8):
        await loop.create_connection(lambda: Connection(idle), "127.0.0.1", port)
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: "
    requests = [f"{head}{len(body)}\r\n\r\n".encode() + body for body in bodies]
    start = time.perf_counter()
    while time.perf_counter() < start + seconds:
        while idle:
            idle.pop().ask(requests[len(answers) % len(requests)], time.perf_counter(), answers)
        await asyncio.sleep(0)
    return len(answers) / (time.perf_counter() - start)


def free_port():
    """Return a port that nobody listens on."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as place:
        return place.getsockname()[1]


def measure(name, command, path, port, bodies, rates, seconds):
    """Start a service, ask it, end it; print a line a rate."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())
    try:
        wait_for(port)
        asyncio.run(load(port, path, bodies, 200, 1.0))  # warm
        for rate in rates:
            took, failed, _ = asyncio.run(load(port, path, bodies, rate, seconds))
            p50, p99, most = (np.percentile(took, [50, 99, 100]) * 1e3) if len(took) else [np.nan] * 3
            print(
                f"{name:24} {rate:6,}/s   p50 {p50:7.2f} ms   p99 {p99:7.2f} ms   most {most:7.1f} ms   lost {failed}"
            )
        best = asyncio.run(fastest(port, path, bodies, min(seconds, 4)))
        print(f"{name:24} at most {best:,.0f} requests a second (8 connections)", flush=True)
    finally:
        process.terminate()
        process.wait(30)


def environment():
    """One thread for libraries of linear algebra: rows come one by one."""
    return os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def wait_for(port):
    """Wait until something listens."""
    import socket

    end = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def main():
    """Train on the packaged census data, and measure each service."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rates", type=int, nargs="+", default=[1000])
    arguments = parser.parse_args()
    import importlib.util

    import pyarrow.parquet as pq

    import lamina
    from lamina.data import datasets

    table = pq.read_table(datasets.path("adult")).slice(0, 5000)
    rows = table.drop_columns(["income"])
    seconds = 3.0 if arguments.quick else 10.0
    with tempfile.TemporaryDirectory() as folder:
        fitted = lamina.DeepClassifier(max_iter=5, random_state=0).fit(rows, table["income"])
        fitted.model_.save(Path(folder) / "census.lamina")
        bodies = [json.dumps({"rows": [row]}).encode() for row in rows.slice(0, 500).to_pylist()]
        port = free_port()
        served = [sys.executable, "-m", "lamina.cli.main", "serve", f"{folder}/census.lamina", "--port", str(port)]
        measure("lamina serve", served, "/v1/models/census/predict", port, bodies, arguments.rates, seconds)
        if importlib.util.find_spec("fastapi") is None:
            print("FastAPI is not installed: make bench-serve measures the others too")
            return
        subprocess.run([sys.executable, PEERS, "train", folder], check=True, env=environment())
        for peer in ("scikit-learn", "onnxruntime"):
            port = free_port()
            command = [sys.executable, str(PEERS), peer, folder, str(port)]
            measure(f"FastAPI, {peer}", command, "/predict", port, bodies, arguments.rates, seconds)


if __name__ == "__main__":
    main()
