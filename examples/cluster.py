"""
Two workers, one killed on the way
==================================

Two workers learn together, one of them is killed, and the model is the same byte for byte.

::

    make cluster-demo           or: pip install 'lamina[cluster]'; python examples/cluster.py

The first fit is that of one worker. The second is that of two processes of a Ray cluster on this machine; in its third
epoch one gets SIGKILL. Ray starts the workers anew, and they go on from the last checkpoint.
"""

import json
import os
import signal
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import lamina
from lamina.data import datasets

MARK = "LAMINA_EXAMPLE"  # in the environment of all processes of this run, so that no other is killed
SETTINGS = {"hidden_layer_sizes": (64, 64), "max_iter": 12, "random_state": 0, "batch_size": 512, "dropout": 0.1}


def main():
    os.environ[MARK] = f"{MARK}={uuid4().hex}"
    rows = str(datasets.path("adult"))
    print("one worker ...")
    lamina.DeepClassifier(**SETTINGS).fit(rows, target="income", cluster="local[1]").save("one.lamina")
    print("two workers, one of which is killed ...")
    with TemporaryDirectory() as folder:
        threading.Thread(target=kill_one, args=(Path(folder),), daemon=True).start()
        model = lamina.DeepClassifier(**SETTINGS, verbose=True)
        model.fit(rows, target="income", cluster="local[2]", checkpoint=folder).save("two.lamina")
    same = Path("one.lamina").read_bytes() == Path("two.lamina").read_bytes()
    print(f"the files of both fits are {'equal byte for byte' if same else 'NOT equal'}: one.lamina, two.lamina")
    return 0 if same else 1


def kill_one(folder):
    """Kill a worker once two epochs are in the checkpoint."""
    while epochs_in(folder) < 2:
        time.sleep(0.05)
    worker = next(process for process in Path("/proc").glob("[0-9]*") if is_worker(process))
    os.kill(int(worker.name), signal.SIGKILL)
    print(f"killed: worker process {worker.name}")


def epochs_in(folder):
    try:
        return json.loads((folder / "run.json").read_text())["summary"].get("epoch", 0)
    except (OSError, ValueError):
        return 0


def is_worker(process):
    try:
        mine = os.environ[MARK].encode() in (process / "environ").read_bytes()
        return mine and b"RayTrainWorker" in (process / "cmdline").read_bytes()
    except OSError:
        return False


if __name__ == "__main__":
    raise SystemExit(main())
