"""Writing is whole or not at all."""

import builtins
import errno
import os
from dataclasses import replace

import numpy as np
import pytest

import lamina
from lamina.errors import ModelFileError
from lamina.sealed_file import replacing


@pytest.fixture
def path(models, tmp_path):
    lamina.save(models["binary"], tmp_path / "a.lamina")
    return tmp_path / "a.lamina"


class FullDisk:
    """A file on which only so many bytes fit."""

    def __init__(self, file, room):
        self.file, self.room = file, room

    def write(self, data):
        self.file.write(data[: self.room])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        self.file.__enter__()
        return self

    def __exit__(self, *problem):
        return self.file.__exit__(*problem)


def test_a_full_disk_leaves_the_old_model_and_nothing_else(models, path, monkeypatch):
    before = path.read_bytes()
    real = open

    def full(file, mode="r", *others, **more):
        opened = real(file, mode, *others, **more)
        return FullDisk(opened, 100) if "x" in mode else opened

    monkeypatch.setattr(builtins, "open", full)
    with pytest.raises(ModelFileError, match=r"No space left on device\. The old file is unchanged\."):
        lamina.save(models["every layer"], path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_a_disk_that_is_really_full(models, small_disk):
    path = small_disk / "a.lamina"
    lamina.save(models["binary"], path)
    (small_disk / "rest").write_bytes(bytes(52 * 1024))
    with pytest.raises(ModelFileError, match="No space left on device"):
        lamina.save(replace(models["binary"], history=[{"epoch": n, "cost": 0.1} for n in range(1000)]), path)
    assert sorted(os.listdir(small_disk)) == ["a.lamina", "rest"]
    assert np.array_equal(lamina.load(path).params, models["binary"].params)


@pytest.mark.parametrize("problem", [KeyboardInterrupt, SystemExit, RuntimeError])
def test_an_interrupted_block_leaves_nothing(tmp_path, problem):
    (tmp_path / "a").write_text("old")

    def interrupted():
        with replacing(tmp_path / "a") as file:
            file.write(b"new")
            raise problem

    with pytest.raises(problem):
        interrupted()
    assert (tmp_path / "a").read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]


def test_the_new_file_is_complete_and_synced_before_it_gets_its_name(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("old")
    seen = []
    monkeypatch.setattr(os, "fsync", lambda handle: seen.append(("fsync", os.fstat(handle).st_size)))
    real = os.replace
    monkeypatch.setattr(
        os, "replace", lambda a, b: (seen.append(("replace", (tmp_path / "a").read_text())), real(a, b))
    )
    with replacing(tmp_path / "a") as file:
        file.write(b"newer")
    assert seen[:2] == [("fsync", 5), ("replace", "old")]
    assert (tmp_path / "a").read_text() == "newer"


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permissions_follow_the_umask(models, tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        lamina.save(models["binary"], tmp_path / "a.lamina")
    finally:
        os.umask(before)
    assert (tmp_path / "a.lamina").stat().st_mode & 0o777 == mode


def test_a_link_still_points_to_the_file(models, path):
    link = path.with_name("link.lamina")
    link.symlink_to(path.name)
    lamina.save(models["huber"], link)
    assert link.is_symlink()
    assert lamina.load(path).target_name == models["huber"].target_name
    assert np.array_equal(lamina.load(path).params, models["huber"].params)


def test_where_no_file_can_be(models, tmp_path):
    with pytest.raises(ModelFileError, match=rf"cannot write '{tmp_path}': it is a folder"):
        lamina.save(models["binary"], tmp_path)
    with pytest.raises(ModelFileError, match=r"there is no folder '.*/nowhere'"):
        lamina.save(models["binary"], tmp_path / "nowhere" / "a.lamina")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelFileError, match="it is not a regular file"):
        lamina.save(models["binary"], tmp_path / "pipe")
    assert os.listdir(tmp_path) == ["pipe"]
