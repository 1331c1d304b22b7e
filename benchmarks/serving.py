"""One row a request, at a steady rate, beside FastAPI with scikit-learn and with ONNX Runtime: `make bench-serve`.

    python benchmarks/serving.py            1,000 requests a second for 3 seconds, five rounds of each service
    python benchmarks/serving.py --quick    one round

Client and service have a processor each, where there are two. The first service answers the same bytes to everything:
what it takes, uvicorn and the machine take. `waited` says for how long a service could have run while others had its
processor, in milliseconds: where that is more than a few, the machine was not quiet, and the rare times say little. A
service that cannot keep up has lost requests: those not answered four seconds after the end.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from open_loop import one_after_another, own_processor, requests_of, steadily

PEERS = Path(__file__).parent / "serving_peers.py"
PATIENCE = 60  # seconds until a service answers
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # rows come one by one

LAMINA = [sys.executable, "-m", "lamina.cli.main", "serve", "{folder}/census.lamina", "--port", "{port}"]
SERVICES = {
    "a constant": ([sys.executable, str(PEERS), "constant", "{folder}", "{port}"], "/predict"),
    "lamina serve": (LAMINA, "/v1/models/census/predict"),
    "FastAPI, scikit-learn": ([sys.executable, str(PEERS), "scikit-learn", "{folder}", "{port}"], "/predict"),
    "FastAPI, onnxruntime": ([sys.executable, str(PEERS), "onnxruntime", "{folder}", "{port}"], "/predict"),
}


def measure(name, folder, bodies, rate, seconds, processors):
    """Start a service, ask it, end it; return what the client saw at the steady rate, and as fast as it can."""
    with socket.create_server(("127.0.0.1", 0)) as place:
        port = place.getsockname()[1]
    words, path = SERVICES[name]
    command, requests = [word.format(folder=folder, port=port) for word in words], requests_of(path, bodies)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
    try:
        if processors:
            os.sched_setaffinity(process.pid, processors)
        wait_for(port)
        one_after_another(port, requests, 0.5, process.pid)  # warm
        steady = steadily(port, requests, rate, seconds, process.pid)
        return steady, one_after_another(port, requests, 1.0, process.pid)
    finally:
        process.terminate()
        process.wait(30)


def wait_for(port):
    """Wait until something listens."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def line_of(name, rounds):
    """Return a line of a service's rounds: medians over them, and the p99 of the quietest."""
    marks = np.array([np.percentile(one.took, [50, 99, 99.9]) if len(one.took) else [np.nan] * 3 for one, _ in rounds])
    p50, p99, p999 = np.median(marks, axis=0) * 1e3
    fast = np.median([fastest.rate for _, fastest in rounds])
    waited = np.median([one.waited for one, _ in rounds]) * 1e3
    lost = sum(one.lost for one, _ in rounds)
    least = np.nanmin(marks[:, 1]) * 1e3
    return f"{name:22} {p50:7.2f} {p99:8.2f} {p999:8.2f} {least:10.2f} {lost:6}{fast:9,.0f} {waited:9.0f}"


def main():
    """Train on the packaged census data, and measure each service in each round."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rate", type=int, default=1000)
    arguments = parser.parse_args()
    import pyarrow.parquet as pq

    import lamina
    from lamina.data import datasets

    table = pq.read_table(datasets.path("adult")).slice(0, 5000)
    rows = table.drop_columns(["income"])
    seconds, count = (3.0, 1) if arguments.quick else (3.0, 5)
    with tempfile.TemporaryDirectory() as folder:
        fitted = lamina.DeepClassifier(max_iter=5, random_state=0).fit(rows, table["income"])
        fitted.model_.save(Path(folder) / "census.lamina")
        subprocess.run([sys.executable, "-W", "ignore", PEERS, "train", folder], check=True, env=ENVIRONMENT)
        bodies = [json.dumps({"rows": [row]}).encode() for row in rows.slice(0, 500).to_pylist()]
        processors, found = own_processor(), {name: [] for name in SERVICES}
        for _ in range(count):
            for name in SERVICES:
                found[name].append(measure(name, folder, bodies, arguments.rate, seconds, processors))
    print(f"{arguments.rate:,} requests a second (ms)   p50      p99    p99.9  least p99   lost  at most    waited")
    for name, rounds in found.items():
        print(line_of(name, rounds))


if __name__ == "__main__":
    main()
