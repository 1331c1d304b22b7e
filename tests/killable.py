"""A process that has imported everything, and forks a training run for each line of JSON that it reads.

    {"words": ["train", ...]} or {"fit": {settings of a DeepClassifier}, "rows": CSV, "target": name, "out": path,
    "checkpoint": path}, and for both "threads", "log", "largest_file" (bytes)

It answers with the number of the new process and, when that has ended, with how. So a run can be killed without paying
for the imports each time. Every move is a single step, so that many checkpoints are written within an epoch; no bit
depends on that.
"""

import json
import os
import resource
import signal
import sys
import traceback

import pandas

import lamina
from lamina.cli import main, resume, train  # noqa: F401  (imported before the fork)
from lamina.learning import training


def run(told):
    """Do what a line says; return the exit code."""
    if "largest_file" in told:
        resource.setrlimit(resource.RLIMIT_FSIZE, (told["largest_file"], resource.RLIM_INFINITY))
    if "words" in told:
        return main.main(told["words"])
    rows = pandas.read_csv(told["rows"])
    y = rows.pop(told["target"])
    model = lamina.DeepClassifier(**told["fit"]).fit(rows, y, checkpoint=told["checkpoint"])
    model.save(told["out"])
    return 0


def in_a_child(told):
    os.environ["LAMINA_NUM_THREADS"] = str(told["threads"])
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a process in the background may ignore it
    log = os.open(told["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    try:
        code = run(told)
    except BaseException:
        traceback.print_exc()
        code = 99
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def serve():
    training.FIRST_MULTIPLY_ADDS, training.SECONDS_PER_MOVE = 1, 0
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            in_a_child(json.loads(line))
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    print("ready", flush=True)
    serve()
