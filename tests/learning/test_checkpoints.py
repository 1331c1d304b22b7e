"""Checkpoints survive: kills at any moment, full disks, damaged files, two processes; and come back to the bit."""

import errno
import fcntl
import importlib.util
import json
import math
import os
import random
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina import sealed_file
from lamina.errors import CheckpointError, CheckpointWarning
from lamina.learning.checkpoints import Folder
from lamina.learning.exact_values import from_json, to_json
from lamina.learning.run_folders import run_in, runs

SAVER = Path(__file__).with_name("killable_saver.py")
spec = importlib.util.spec_from_file_location("killable_saver", SAVER)
saver = importlib.util.module_from_spec(spec)
spec.loader.exec_module(saver)
IDENTITY, state_of = saver.IDENTITY, saver.state_of

TORTURE = os.environ.get("LAMINA_TORTURE") == "1"
RANDOM_KILLS = 300 if TORTURE else 20
FLIPS = 5000 if TORTURE else 100


def same(found, step):
    """Whether what was loaded is the state of a step, to the bit."""
    arrays, scalars = state_of(step)
    assert found is not None
    assert {name: (a.dtype, a.shape, a.tobytes()) for name, a in found[0].items()} == {
        name: (a.dtype, a.shape, a.tobytes()) for name, a in arrays.items()
    }
    assert found[1] == scalars
    return True


def names(folder):
    return sorted(os.listdir(folder))


@pytest.fixture
def memory(tmp_path):
    """A folder in memory, where there is one: fsync is quick there, and a killed process is the same on every disk."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
    else:
        with tempfile.TemporaryDirectory(dir="/dev/shm") as place:
            yield Path(place)


@pytest.fixture
def saved(memory):
    """A folder with the states of steps 8 and 9."""
    with Folder(memory / "run", IDENTITY) as folder:
        for step in (7, 8, 9):
            folder.save(step, *state_of(step))
        folder.note(epoch=3)
    return memory / "run"


# ---- what is saved is what is loaded ----


def test_the_newest_state_comes_back_and_two_are_kept(saved):
    assert names(saved) == ["lock", "run.json", "state-8.safetensors", "state-9.safetensors"]
    with Folder(saved, IDENTITY) as folder:
        found = folder.load()
        assert same(found, 9)
        found[0]["params"][0] = 1  # whoever goes on writes into them


def test_nothing_was_saved(tmp_path):
    with Folder(tmp_path / "a" / "run", IDENTITY) as folder:
        assert folder.load() is None
    assert names(tmp_path / "a" / "run") == ["lock", "run.json"]


def test_steps_are_numbers_not_text(tmp_path):
    with Folder(tmp_path, IDENTITY) as folder:
        for step in (8, 9, 10, 11):
            folder.save(step, *state_of(step))
        assert same(folder.load(), 11)
    assert names(tmp_path)[2:] == ["state-10.safetensors", "state-11.safetensors"]


def test_arrays_of_every_kind(tmp_path):
    arrays = {
        "empty": np.zeros((0, 3)),
        "scalar": np.array(2.5),
        "whole": np.arange(4) - 2,
        "flags": np.array([True, False]),
        "half": np.array([1.5], np.float16),
        "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "odd bits": np.array([-0.0, np.nan, np.inf, 5e-324]),
    }
    with Folder(tmp_path, IDENTITY) as folder:
        folder.save(0, arrays, {})
        found, _ = folder.load()
    assert set(found) == set(arrays)
    for name, array in arrays.items():
        assert (found[name].dtype, found[name].shape, found[name].tobytes()) == (
            (array.dtype, array.shape, array.tobytes())
        )


def bits(value):
    """A value in which floats are told apart by their bits, and True from 1."""
    if isinstance(value, list | tuple):
        return [bits(one) for one in value]
    if isinstance(value, dict):
        return {key: bits(one) for key, one in value.items()}
    return struct.pack(">d", value) if isinstance(value, float) else (type(value), value)


numbers = st.floats(allow_nan=False, width=64) | st.just(math.nan) | st.integers(-(2**63), 2**64 - 1)
plain_values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text().filter(lambda k: k != "$float"), inner),
    max_leaves=20,
)


@given(plain_values)
def test_plain_values_keep_every_bit(value):
    text = sealed_file.text_of({"value": to_json(value, "value")})
    assert bits(from_json(sealed_file.parsed(text)["value"])) == bits(value)


def test_plain_values_through_a_file(tmp_path):
    scalars = {
        "records": [{"cost": 0.1 + 0.2, "score": None}, {"cost": -math.inf, "score": math.inf}],
        "float32": np.float32(0.1),
        "count": np.int64(2**40),
        "flag": np.bool_(True),
        "seed": 2**64 - 1,
        "shape": (2, 3),
    }
    with Folder(tmp_path, IDENTITY) as folder:
        folder.save(1, {}, scalars)
        _, found = folder.load()
    plain = {"float32": float(np.float32(0.1)), "count": 2**40, "flag": True, "shape": [2, 3]}
    assert bits(found) == bits(scalars | plain)


@pytest.mark.parametrize(
    ("scalars", "message"),
    [
        ({"a": [1, {"b": object()}]}, r"scalars\['a'\]\[1\]\['b'\] is a object: expected a plain value"),
        ({"a": 2**64}, r"scalars\['a'\] is 18446744073709551616: expected a whole number of 64 bits"),
        ({"a": {3: 1}}, r"scalars\['a'\] has the key 3: expected text"),
        ({"a": {"$float": "nan"}}, r"has the key '\$float': expected text other than"),
        ({"a": np.ones(3)}, r"scalars\['a'\] is a ndarray"),
    ],
)
def test_what_is_no_plain_value_is_not_saved(saved, scalars, message):
    with Folder(saved, IDENTITY) as folder, pytest.raises(CheckpointError, match=message):
        folder.save(10, {}, scalars)
    with Folder(saved, IDENTITY) as folder:
        assert same(folder.load(), 9)


def test_what_is_no_array_of_numbers_is_not_saved(saved):
    with Folder(saved, IDENTITY) as folder:
        with pytest.raises(CheckpointError, match="the array 'names' has dtype object"):
            folder.save(10, {"names": np.array(["a", None])}, {})
        with pytest.raises(CheckpointError, match="step=-1: expected a whole number of at least 0"):
            folder.save(-1, {}, {})
        assert same(folder.load(), 9)


# ---- the same run, or another ----


def test_every_key_that_differs_is_named(tmp_path):
    before = {"learning_rate_init": 0.01, "data": "a1b2", "epochs": 4, "old": None}
    Folder(tmp_path, before).close()
    now = {"learning_rate_init": 0.02, "data": "ffff", "epochs": 10, "new": [1]}
    with pytest.raises(CheckpointError) as caught:
        Folder(tmp_path, now, may_change=["epochs"])
    assert str(caught.value) == (
        f"the run in {str(tmp_path)!r} was started with learning_rate_init=0.01, data='a1b2', old=None, no new, now "
        "learning_rate_init=0.02, data='ffff', no old, new=[1]: restore them, or choose another folder"
    )
    with pytest.raises(CheckpointError, match="now epochs=5: restore it, or choose another folder"):
        Folder(tmp_path, before | {"epochs": 5})
    Folder(tmp_path, before).close()  # the refused ones let go of the lock


def test_what_may_change_is_kept_with_its_new_value(saved):
    with Folder(saved, IDENTITY | {"data": "other.csv"}, may_change={"data"}) as folder:
        assert same(folder.load(), 9)
    assert run_in(saved).identity == IDENTITY | {"data": "other.csv"}


@pytest.mark.parametrize("same_value", [(1, 1.0), ((2, 3), [2, 3]), (math.nan, math.nan), (np.float64(0.5), 0.5)])
def test_values_that_mean_the_same_are_the_same(tmp_path, same_value):
    for value in same_value:
        Folder(tmp_path, {"setting": value}).close()


def test_a_long_value_is_shortened(tmp_path):
    Folder(tmp_path, {"columns": list(range(1000))}).close()
    with pytest.raises(CheckpointError) as caught:
        Folder(tmp_path, {"columns": list(range(999))})
    assert len(str(caught.value)) < 300 + len(str(tmp_path))


def test_a_state_of_another_run_is_not_taken(saved, tmp_path):
    with Folder(tmp_path / "other", IDENTITY | {"data": "other.csv"}) as folder:
        folder.save(50, *state_of(50))
    shutil.copy(tmp_path / "other" / "state-50.safetensors", saved)
    shutil.copy(saved / "state-8.safetensors", saved / "state-60.safetensors")
    with Folder(saved, IDENTITY) as folder:
        with pytest.warns(CheckpointWarning) as caught:
            assert same(folder.load(), 9)
        said = str(caught[0].message)
        assert "state-50.safetensors: the run in" in said
        assert "was started with data='other.csv', now data='census.csv'" in said
        assert "state-60.safetensors: it holds the state of step 8, so it was renamed" in said


def test_a_newer_format_says_what_to_do(saved):
    text = (saved / "run.json").read_text()
    header = {key: value for key, value in json.loads(text).items() if key != "sha256"} | {"format": 2, "lamina": "9.1"}
    (saved / "run.json").write_text(sealed_file.seal(sealed_file.text_of(header), {}))
    with pytest.raises(CheckpointError, match=r"written by lamina 9.1 in format 2.*use the version"):
        Folder(saved, IDENTITY)


# ---- killed ----


class Saver:
    """The process of killable_saver.py, which forks children that save."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, SAVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def start(self, folder, log, kill_at):
        """Return the number of a child that saves into the folder."""
        self.process.stdin.write(f"{folder}\t{log}\t{kill_at}\n")
        return int(self.process.stdout.readline())

    def ended(self):
        """Wait for the child; return how it ended."""
        return int(self.process.stdout.readline())


@pytest.fixture(scope="module")
def children():
    saver = Saver()
    yield saver
    saver.process.stdin.close()
    saver.process.wait(10)
    saver.process.stdout.close()


def until(condition):
    """Wait for what another process does."""
    last = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < last
        time.sleep(0.001)


def complete(log):
    """Return the last step whose save had returned."""
    return int((log.read_bytes().split() or [b"0"])[-1])


def check_after_a_kill(folder, log):
    """The folder opens without a warning, and goes on from the last complete save or the one that was under way."""
    if folder.exists():
        assert len([name for name in names(folder) if name.startswith("state-")]) <= 3
    with Folder(folder, IDENTITY) as one:
        assert [name for name in names(folder) if name.endswith(".part")] == []
        found = one.load()
        step = 0 if found is None else found[1]["step"]
        assert step in (complete(log), complete(log) + 1)
        assert step == 0 or same(found, step)
        one.save(step + 1, *state_of(step + 1))
        assert same(one.load(), step + 1)
    return step + 1


def test_a_kill_between_any_two_steps_of_writing_loses_nothing(children, memory):
    """In every moment of a run that goes on from step 2 and saves twice."""
    ends = []
    while not ends or ends[-1] == -signal.SIGKILL:
        folder, log = memory / str(len(ends)), memory / "log"
        with Folder(folder, IDENTITY) as one:
            for step in (1, 2):
                one.save(step, *state_of(step))
        log.write_text("2\n")
        children.start(folder, log, len(ends) + 1)
        ends.append(children.ended())
        check_after_a_kill(folder, log)
        shutil.rmtree(folder)
    assert ends[-1] == 0
    assert len(ends) > 40  # else nothing was hooked


def test_a_kill_in_the_first_moments_of_a_new_run(children, memory):
    for moment in range(1, 20):
        (memory / "log").write_text("")
        children.start(memory / str(moment), memory / "log", moment)
        assert children.ended() == -signal.SIGKILL
        check_after_a_kill(memory / str(moment), memory / "log")


def test_kills_at_random_moments_lose_nothing(children, memory):
    """One run, killed again and again while it saves without a pause."""
    rng, folder, log, last = random.Random(), memory / "run", memory / "log", 0
    log.write_text("0\n")
    for n in range(RANDOM_KILLS):
        child = children.start(folder, log, "never")
        if n % 2:  # the others while they open the folder
            until(lambda before=last: complete(log) > before)
        time.sleep(rng.uniform(0, 0.01))
        os.kill(child, signal.SIGKILL)
        assert children.ended() == -signal.SIGKILL
        step = check_after_a_kill(folder, log)
        assert step > last
        last = step
        log.write_text(f"{last}\n")
    assert last > 1.5 * RANDOM_KILLS


def test_the_new_state_is_on_the_disk_before_an_old_one_goes(tmp_path, monkeypatch):
    """The order that a power cut needs: contents, then name, then folder, and only then is the old state removed."""
    seen = []

    def told(name):
        real = getattr(os, name)

        def call(*arguments, **others):
            is_folder = name == "fsync" and stat.S_ISDIR(os.fstat(arguments[0]).st_mode)
            seen.append((name, "folder" if is_folder else "file"))
            return real(*arguments, **others)

        return call

    with Folder(tmp_path, IDENTITY) as folder:
        folder.save(1, *state_of(1))
        folder.save(2, *state_of(2))
        for name in ("fsync", "replace", "unlink"):
            monkeypatch.setattr(os, name, told(name))
        folder.save(3, *state_of(3))
        monkeypatch.undo()
    assert seen == [("fsync", "file"), ("replace", "file"), ("fsync", "folder"), ("unlink", "file")]


# ---- full or read-only ----


def test_a_limit_on_the_size_of_files(tmp_path):
    """A real error in the middle of a write, as a full disk gives it."""
    script = """
import resource, sys
sys.path.insert(0, sys.argv[2])
from killable_saver import Folder, IDENTITY, state_of
import numpy as np
with Folder(sys.argv[1], IDENTITY) as folder:
    folder.save(1, *state_of(1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
    try:
        folder.save(2, {"params": np.ones(10_000)}, {})
    except Exception as problem:
        print(type(problem).__name__, problem)
    print(folder.load()[1]["step"])
"""
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "run", SAVER.parent], capture_output=True, text=True, check=True
    )
    assert done.stdout == (
        f"CheckpointError cannot save the state of step 2 to {str(tmp_path / 'run')!r}: File too large. The states "
        "before it are unchanged. Free some space and start the same run again: it resumes from its newest state.\n1\n"
    )
    assert names(tmp_path / "run") == ["lock", "run.json", "state-1.safetensors"]


def test_a_disk_that_is_really_full(small_disk):
    path = small_disk / "run"
    with Folder(path, IDENTITY) as folder:
        folder.save(1, *state_of(1))
        filling = small_disk / "rest"
        with pytest.raises(OSError, match="No space left"):
            filling.write_bytes(bytes(64 * 1024))
        with pytest.raises(CheckpointError, match=r"No space left on device\. The states before it are unch"):
            folder.save(2, *state_of(2))
        with pytest.raises(CheckpointError, match=r"cannot write run\.json to .*: No space left on device\. Free some"):
            folder.note(epoch=2)
        assert same(folder.load(), 1)
        assert names(path) == ["lock", "run.json", "state-1.safetensors"]
    with pytest.raises(CheckpointError, match=r"No space left on device\. Free some space and start the same run"):
        Folder(path, IDENTITY)
    filling.unlink()
    with Folder(path, IDENTITY) as folder:
        assert same(folder.load(), 1)
        folder.save(2, *state_of(2))
        assert same(folder.load(), 2)


def test_a_folder_that_is_really_read_only(small_disk):
    path = small_disk / "run"
    with Folder(path, IDENTITY) as folder:
        folder.save(1, *state_of(1))
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    message = r"cannot write checkpoints to '.*': Read-only file system\. Make the folder writable, or choose another\."
    for one in (path, small_disk / "new"):
        with pytest.raises(CheckpointError, match=message):
            Folder(one, IDENTITY)
    assert run_in(path).status == "stopped"
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    with Folder(path, IDENTITY) as folder:
        assert same(folder.load(), 1)


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_folder_in_which_no_file_can_be_opened_to_write(saved, monkeypatch, number):
    real = os.open

    def refusing(path, flags, *others, **more):
        if flags & os.O_RDWR:
            raise OSError(number, os.strerror(number))
        return real(path, flags, *others, **more)

    monkeypatch.setattr(os, "open", refusing)
    with pytest.raises(CheckpointError, match=rf"{os.strerror(number)}\. Make the folder writable, or choose another"):
        Folder(saved, IDENTITY)
    monkeypatch.undo()
    with Folder(saved, IDENTITY) as folder:
        assert same(folder.load(), 9)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO, errno.EDQUOT])
@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_an_error_in_any_step_leaves_the_states_before_it(saved, monkeypatch, name, number):
    def failing(*_):
        raise OSError(number, os.strerror(number))

    with Folder(saved, IDENTITY) as folder:
        monkeypatch.setattr(os, name, failing)
        with pytest.raises(CheckpointError, match=f"cannot save the state of step 10 to .*{os.strerror(number)}"):
            folder.save(10, *state_of(10))
        monkeypatch.undo()
        assert same(folder.load(), 9)
        assert names(saved) == ["lock", "run.json", "state-8.safetensors", "state-9.safetensors"]


def test_where_no_folder_can_be(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CheckpointError, match=r"'.*/file' is a file: expected a folder for checkpoints"):
        Folder(tmp_path / "file", IDENTITY)
    with pytest.raises(CheckpointError, match="Not a directory"):
        Folder(tmp_path / "file" / "run", IDENTITY)


def test_a_relative_folder_stays_where_it_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Folder("run", IDENTITY) as folder:
        os.chdir("/")
        folder.save(1, *state_of(1))
    assert "state-1.safetensors" in names(tmp_path / "run")


def test_what_was_left_of_a_write_goes_when_the_folder_is_opened(saved):
    (saved / ".lamina-4711-0badcafe.part").write_bytes(b"half")
    (saved / "notes.txt").write_text("mine")
    Folder(saved, IDENTITY).close()
    assert names(saved) == ["lock", "notes.txt", "run.json", "state-8.safetensors", "state-9.safetensors"]


# ---- damaged ----


def cuts(whole):
    return [whole[: len(whole) * tenth // 10] for tenth in range(10)] + [whole[:-1], whole + b"\0"]


def flips(whole):
    rng = random.Random(3)
    for _ in range(FLIPS):
        data = bytearray(whole)
        data[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        yield bytes(data)


def rejected(saved, data):
    """Write the newest state anew; return what is said where it is not taken, and check that the one before it is."""
    (saved / "state-9.safetensors").write_bytes(data)
    with Folder(saved, IDENTITY) as folder, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = folder.load()
    assert same(found, 8 if caught else 9)
    return str(caught[0].message) if caught else None


def test_a_state_that_is_cut_off_is_passed_over(saved):
    for data in cuts((saved / "state-9.safetensors").read_bytes()):
        said = rejected(saved, data)
        taken = f"the run in {str(saved)!r} resumes from state-8.safetensors, the newest intact one"
        assert said.startswith(f"{taken} (state-9.safetensors: ")
        assert "cut off" in said or "empty" in said or "altered or damaged" in said


def test_a_state_with_a_flipped_bit_is_passed_over(saved):
    """Or the same is read all the same: a blank in the padding of the file's table became another blank."""
    taken = sum(rejected(saved, data) is None for data in flips((saved / "state-9.safetensors").read_bytes()))
    assert taken < FLIPS / 20


def test_names_in_the_table_of_the_file_are_covered(saved):
    """The seal covers the header and the numbers; the table of safetensors is compared with the header."""
    whole = (saved / "state-9.safetensors").read_bytes()
    at = whole.index(b'"params":{"dtype"')
    assert "its arrays are not those of its header" in rejected(saved, whole[: at + 1] + b"q" + whole[at + 2 :])


def test_nothing_whole_is_left(saved):
    for step in (8, 9):
        path = saved / f"state-{step}.safetensors"
        path.write_bytes(path.read_bytes()[:-10])
    with Folder(saved, IDENTITY) as folder, pytest.raises(CheckpointError) as caught:
        folder.load()
    said = str(caught.value)
    assert said.startswith(f"no state in {str(saved)!r} can be used (state-9.safetensors: the file is cut off")
    assert "state-8.safetensors: the file is cut off" in said
    assert said.endswith("delete the folder, or choose another, to start over")
    assert run_in(saved).status == "damaged"


def test_a_damaged_state_does_not_drive_out_a_whole_one(saved):
    """After a fall back from 9 to 8 the next save is of step 9 again."""
    (saved / "state-9.safetensors").write_bytes(b"x" * 100)
    with Folder(saved, IDENTITY) as folder:
        with pytest.warns(CheckpointWarning):
            assert same(folder.load(), 8)
        folder.save(9, *state_of(9))
        assert names(saved)[2:] == ["state-8.safetensors", "state-9.safetensors"]
        assert same(folder.load(), 9)
        folder.save(10, *state_of(10))
        assert names(saved)[2:] == ["state-10.safetensors", "state-9.safetensors"]


def test_a_damaged_state_is_not_the_second_that_is_kept(saved):
    (saved / "state-9.safetensors").write_bytes(b"x" * 100)
    with Folder(saved, IDENTITY) as folder:
        with pytest.warns(CheckpointWarning):
            assert same(folder.load(), 8)
        folder.save(12, *state_of(12))
        assert names(saved)[2:] == ["state-12.safetensors", "state-8.safetensors"]


def test_states_of_a_course_that_was_left_go(saved):
    (saved / "state-12.safetensors").write_bytes(b"x" * 100)
    with Folder(saved, IDENTITY) as folder:
        with pytest.warns(CheckpointWarning):
            assert same(folder.load(), 9)
        folder.save(10, *state_of(10))
        assert names(saved)[2:] == ["state-10.safetensors", "state-9.safetensors"]


@pytest.mark.parametrize("damage", [None, b"", b"{", b"[1]", b"\xff\xfe"])
def test_without_run_json_the_newest_state_says_what_the_run_is(saved, damage):
    path = saved / "run.json"
    path.unlink() if damage is None else path.write_bytes(damage)
    with pytest.warns(CheckpointWarning, match=r"run\.json in .* (is missing|cannot be used.*); state 9 is used"):
        folder = Folder(saved, IDENTITY)
    with folder:
        assert same(folder.load(), 9)
    Folder(saved, IDENTITY).close()
    path.unlink()
    with pytest.raises(CheckpointError, match=r"was started with data='census\.csv'"), pytest.warns(CheckpointWarning):
        Folder(saved, IDENTITY | {"data": "x"})


def test_a_flipped_bit_in_run_json_is_found(saved):
    whole = (saved / "run.json").read_bytes()
    for data in list(flips(whole))[:50]:
        (saved / "run.json").write_bytes(data)
        with pytest.warns(CheckpointWarning, match="is used"):
            Folder(saved, IDENTITY).close()


def test_run_json_is_damaged_and_nothing_was_saved(tmp_path):
    Folder(tmp_path, IDENTITY).close()
    (tmp_path / "run.json").write_text("{}")
    assert run_in(tmp_path).status == "damaged"
    with pytest.warns(CheckpointWarning, match="no state was saved, so the run starts over"):
        Folder(tmp_path, IDENTITY | {"data": "x"}).close()


# ---- one process at a time ----


def test_a_second_process_is_refused_and_takes_over_when_the_first_is_killed(children, tmp_path):
    log = tmp_path / "log"
    child = children.start(tmp_path / "run", log, "never")
    until(lambda: log.exists() and complete(log) > 0)
    with pytest.raises(CheckpointError, match=rf"'{tmp_path}/run' is in use by process {child} on .*: wait "):
        Folder(tmp_path / "run", IDENTITY)
    found = run_in(tmp_path / "run")
    assert (found.status, found.pid) == ("running", child)
    os.kill(child, signal.SIGKILL)
    assert children.ended() == -signal.SIGKILL
    assert (run_in(tmp_path / "run").status, run_in(tmp_path / "run").pid) == ("stopped", None)
    check_after_a_kill(tmp_path / "run", log)


def test_a_lock_of_which_only_the_file_is_left_is_taken_over(saved):
    (saved / "lock").write_text(json.dumps({"pid": os.getpid(), "host": "here", "since": "2026-01-01"}))
    assert run_in(saved).status == "stopped"
    with Folder(saved, IDENTITY):
        assert json.loads((saved / "lock").read_text())["pid"] == os.getpid()


def test_two_folders_in_one_process_are_two(saved):
    """Also in threads: of many that open at once, one gets it."""
    got, refused = [], []

    def opening():
        try:
            got.append(Folder(saved, IDENTITY))
        except CheckpointError as problem:
            refused.append(str(problem))

    threads = [threading.Thread(target=opening) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), len(refused)) == (1, 4)
    assert all(f"in use by process {os.getpid()} on" in one for one in refused)
    got[0].save(10, *state_of(10))
    got[0].close()
    got[0].close()
    with pytest.raises(CheckpointError, match="is closed"):
        got[0].save(11, *state_of(11))
    Folder(saved, IDENTITY).close()


def test_asking_who_runs_does_not_keep_a_run_from_starting(saved):
    """Whoever asks has a shared lock for a moment; here for a long one."""
    handle = os.open(saved / "lock", os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_SH)
    timer = threading.Timer(0.1, os.close, [handle])
    timer.start()
    Folder(saved, IDENTITY).close()
    timer.join()


def test_a_folder_that_is_made_anew_in_the_moment_of_opening(saved, monkeypatch):
    """The lock is that of the file which has the name now, not of one that was deleted."""
    real, handles = fcntl.flock, []

    def flock(handle, how):
        if not handles:
            (saved / "lock").unlink()
        handles.append(handle)
        return real(handle, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    with Folder(saved, IDENTITY), pytest.raises(CheckpointError, match="in use by process"):
        Folder(saved, IDENTITY)


FORKING = """
import os, sys
sys.path.insert(0, sys.argv[2])
from killable_saver import Folder, IDENTITY, state_of
from lamina.errors import CheckpointError
from lamina.learning.run_folders import run_in
folder = Folder(sys.argv[1], IDENTITY)
told, tell = os.pipe()
if os.fork() == 0:
    try:
        folder.save(1, *state_of(1))
        print("child: saved", flush=True)
    except CheckpointError as problem:
        print("child:", problem, flush=True)
    folder.close()                                  # leaves the parent's lock alone
    print("child:", run_in(sys.argv[1]).status, flush=True)
    os.write(tell, b"1")
    sys.stdin.read()                                # lives on longer than the parent, and holds no lock
    print("child: ends", flush=True)
    os._exit(0)
os.read(told, 1)
folder.save(1, *state_of(1))
print("parent:", run_in(sys.argv[1]).status, flush=True)
os.kill(os.getpid(), 9)
"""


def test_a_forked_child_has_no_part_in_the_lock(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", FORKING, tmp_path / "run", SAVER.parent],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    said = [process.stdout.readline() for _ in range(3)]
    assert process.wait(10) == -signal.SIGKILL
    assert "is closed, or was opened by the process that this one was forked from: open a Folder" in said[0]
    assert said[1:] == ["child: running\n", "parent: running\n"]
    with Folder(tmp_path / "run", IDENTITY) as folder:  # the child still lives
        assert same(folder.load(), 1)
    process.stdin.close()
    assert process.stdout.read() == "child: ends\n"
    process.stdout.close()


# ---- what runs there are ----


def test_runs_of_a_folder(tmp_path):
    Folder(tmp_path / "b", IDENTITY, description={"command": "lamina train census.csv", "data": "census.csv"}).close()
    with Folder(tmp_path / "c", IDENTITY) as folder:
        folder.note(epoch=7, score=0.875, status="done")
    (tmp_path / "empty").mkdir()
    (tmp_path / "run.json").write_text("{}")  # of somebody else
    with Folder(tmp_path / "a", IDENTITY, description={"started": "2026-01-02T03:04:05+00:00"}) as folder:
        folder.note(epoch=2, score=math.inf)
        a, b, c = runs(tmp_path)
    assert [one.path.name for one in (a, b, c)] == ["a", "b", "c"]
    assert (a.started, a.epoch, a.score, a.status, a.pid) == (
        "2026-01-02T03:04:05+00:00",
        2,
        math.inf,
        "running",
        os.getpid(),
    )
    assert (b.data, b.description["command"], b.epoch, b.score) == ("census.csv", "lamina train census.csv", None, None)
    assert (b.status, b.pid, b.identity) == ("stopped", None, IDENTITY)
    assert (c.epoch, c.score, c.status) == (7, 0.875, "done")
    assert [one.path.name for one in runs(tmp_path / "c")] == ["c"]
    assert abs(time.time() - datetime.fromisoformat(b.started).timestamp()) < 100


def test_a_run_keeps_how_it_was_started(tmp_path):
    Folder(tmp_path, IDENTITY, description={"command": "train", "started": "first"}).close()
    Folder(tmp_path, IDENTITY, description={"command": "resume", "started": "later", "host": "b"}).close()
    assert run_in(tmp_path).description == {"command": "train", "started": "first", "host": "b"}


def test_where_there_are_no_runs(tmp_path):
    assert runs(tmp_path) == []
    with pytest.raises(CheckpointError, match=r"there is no folder '.*/nowhere'"):
        runs(tmp_path / "nowhere")
    for one in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(CheckpointError, match="there is no run in"):
            run_in(one)
