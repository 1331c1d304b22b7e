"""Workers of a Ray cluster on this machine: the same bits, and after every fault a resumed run or a sentence.

Each case is a process of its own: `faults.py`. Starting Ray takes most of the time.
"""

import json
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE

import pytest

pytest.importorskip("ray")

SCRIPT = Path(__file__).with_name("faults.py")
SLOW_SECONDS = 550


def started(environment, case, **more):
    """A process with a case, in the current folder, which its environment names."""
    here = {**environment, **more, "LAMINA_TEST_FOLDER": str(Path.cwd())}
    return subprocess.Popen([sys.executable, SCRIPT, case], env=here, stdout=PIPE, stderr=PIPE, text=True)


def found(environment, case, **more):
    """What a fit came to, and a group of one."""
    out, err = started(environment, case, **more).communicate(timeout=SLOW_SECONDS)
    lines = [json.loads(line) for line in out.splitlines()]  # and nothing else is written there
    assert len(lines) == 2, err
    return lines


@pytest.mark.parametrize("case", ["one", "two", "hang"])
def test_lost_workers_are_started_anew_and_resume(environment, tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    alone, together = found(environment, case)
    assert together["starts"] == 2
    assert together["begun"] >= 1
    assert together["bits"] == alone["bits"]


@pytest.mark.parametrize(
    ("case", "kind", "said"),
    [
        ("raises", "DataError", "a cell is bad"),
        ("disk", "CheckpointError", "cannot save the state"),
        ("shard", "FileError", "parquet"),
    ],
)
def test_what_would_come_again_ends_the_run_with_its_sentence(environment, tmp_path, monkeypatch, case, kind, said):
    monkeypatch.chdir(tmp_path)
    _, together = found(environment, case)
    assert together["problem"] == kind
    assert said in together["says"]
    assert together["starts"] == 1


def test_ctrl_c_ends_all_workers_with_a_model(environment, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, together = found(environment, "interrupt")
    assert together["stopped"] == "Ctrl-C"


def test_nothing_is_left_of_a_run_whose_starter_was_killed(environment, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    process = started(environment, "driver")
    process.communicate(timeout=SLOW_SECONDS)
    assert process.returncode == -signal.SIGKILL
    last = time.monotonic() + 120
    while left := processes_in(tmp_path):
        assert time.monotonic() < last, left
        time.sleep(1)


def processes_in(folder):
    """Processes whose environment names this folder: those that Ray starts inherit it."""
    mark, found = f"LAMINA_TEST_FOLDER={folder}".encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (process / "environ").read_bytes():
                found.append(process)
    return found


@pytest.mark.parametrize("sums", ["", "gloo", "rabit"])
def test_two_workers_have_the_bits_of_one_and_listen_on_loopback_only(environment, tmp_path, monkeypatch, sums):
    if sums == "gloo":
        pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    process, places = started(environment, "none", LAMINA_CLUSTER_SUMS=sums), set()
    while process.poll() is None:
        places |= {place for one in processes_in(tmp_path) for place in listening(one)}
        time.sleep(0.5)
    out, err = process.communicate()
    assert len(out.splitlines()) == 2, err
    alone, together = map(json.loads, out.splitlines())
    assert (together["size"], together["starts"]) == (2, 1)
    assert together["bits"] == alone["bits"]
    assert places  # else nothing was looked at
    beyond = {place for place in places if place.partition(":")[0] not in LOOPBACK}
    assert beyond == set() or sums == "rabit"  # whoever asks for it: docs/cluster.md


LOOPBACK = {"0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"}  # as the kernel writes


def listening(process):
    """Address and port of every socket that a process listens on."""
    own, found = set(), set()
    with suppress(OSError):
        for handle in (process / "fd").iterdir():
            with suppress(OSError):
                own.add(str(handle.readlink()))
        for kind in ("tcp", "tcp6"):
            for line in (process / "net" / kind).read_text().splitlines()[1:]:
                _, place, _, state, *_, inode = line.split()[:10]
                if state == "0A" and f"socket:[{inode}]" in own:
                    found.add(place)
    return found
