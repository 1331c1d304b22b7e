"""The finish of a run is announced and guarded: however often somebody asks it to stop, the model is written."""

import os
import signal
import subprocess
import sys

import pytest

import lamina as package

SLOW = """
import sys, time
from lamina.cli import train
from lamina.cli.main import main

def slowly(name):
    real = getattr(train, name)
    def call(*words):
        if name == {slow!r}:
            print("in", name, file=sys.stderr, flush=True)
            time.sleep(1)
        return real(*words)
    setattr(train, name, call)

for name in ("finish", "save", "compared"):
    slowly(name)
sys.exit(main(sys.argv[1:]))
"""
TRAIN = ["train", "people.csv", "--target", "income", "--drop", "price", "--random-state", "1", "--preset", "sklearn"]
TRAIN += ["--max-iter", "1000000", "--n-iter-no-change", "1000000"]


def hear_signals():
    """In a process started in the background Ctrl-C is ignored, and so in its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def stopped(folder, slow, out, first, then):
    """Start a run; send a signal once it learns, and others while it does what is slow."""
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW.format(slow=slow), *TRAIN, "--out", out],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_signals,
    )
    seen = [process.stderr.readline()]
    assert seen[0].startswith("epoch ")
    process.send_signal(first)
    while not seen[-1].startswith("in "):
        seen.append(process.stderr.readline())
        assert seen[-1], "".join(seen)
    for number in then:
        process.send_signal(number)
    rest, err = process.communicate(timeout=60)
    return process.returncode, rest, "".join(seen) + err


@pytest.mark.parametrize("slow", ["finish", "save"])
@pytest.mark.parametrize(
    ("first", "then", "code", "why"),
    [
        (signal.SIGINT, [signal.SIGINT] * 3, 130, "Ctrl-C"),
        (signal.SIGTERM, [signal.SIGINT, signal.SIGINT, signal.SIGTERM], 143, "SIGTERM"),
        (signal.SIGHUP, [signal.SIGHUP, signal.SIGTERM], 129, "SIGHUP"),
    ],
)
def test_the_model_is_written_whatever_comes(trained, slow, first, then, code, why):
    out = f"{slow}-{why}.lamina"
    returned, _, err = stopped(trained, slow, out, first, then)
    assert f"{why}: stopping; writing the best weights\n" in err
    assert "Traceback" not in err
    assert returned in (code, *(128 + number for number in then))
    assert package.load(trained / out).stopped == why


def test_scores_can_be_left_out_by_another_ctrl_c(trained):
    returned, _, err = stopped(trained, "compared", "scores.lamina", signal.SIGINT, [signal.SIGINT])
    assert returned == 130
    assert "the model is written: scores.lamina\ninterrupted\n" in err
    assert package.load(trained / "scores.lamina").stopped == "Ctrl-C"


@pytest.mark.parametrize("stream", ["stdout", "stderr", "both"])
@pytest.mark.parametrize("json", [True, False])
def test_readers_that_leave_cost_no_model(trained, stream, json):
    """The pipe is closed before the first byte."""
    out = f"pipe-{stream}-{json}.lamina"
    reading, writing = os.pipe()
    os.close(reading)
    ends = {
        "stdout": {"stdout": writing},
        "stderr": {"stderr": writing},
        "both": {"stdout": writing, "stderr": writing},
    }
    words = [*TRAIN[:-4], "--max-iter", "2", "--out", out, *(["--json"] if json else [])]
    done = subprocess.run(
        [sys.executable, "-m", "lamina.cli.main", *words],
        cwd=trained,
        check=False,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **ends[stream]},
    )
    os.close(writing)
    assert done.returncode == 0
    assert b"Traceback" not in (done.stdout or b"") + (done.stderr or b"")
    assert len(package.load(trained / out).history) == 2


def test_no_signal_is_needed_for_130(lamina, folder):
    """A score that is not a number is no Ctrl-C."""
    (folder / "rare.csv").write_text("a,y\n1.5,rare\n" + "".join(f"{i % 13}.5,common\n" for i in range(200)))
    words = ("train", "rare.csv", "--target", "y", "--scoring", "roc_auc", "--early-stopping", "true")
    done = lamina(*words, "--preset", "sklearn", "--max-iter", "3", "--random-state", "1", "--out", "r.lamina")
    assert done.code in (0, 1)
    assert (folder / "r.lamina").exists() == (done.code == 0)
    assert "interrupted" not in done.err
    assert "before the first epoch ended" not in done.out
