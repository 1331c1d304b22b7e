"""Each kind of bad file gets its message."""

import json
import os
import pickle
import socket
import zipfile

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

import lamina
from lamina.errors import ModelFileError


@pytest.fixture
def path(models, tmp_path):
    lamina.save(models["binary"], tmp_path / "census.lamina")
    return tmp_path / "census.lamina"


def refusal(path) -> str:
    with pytest.raises(ModelFileError) as caught:
        lamina.load(path)
    message = str(caught.value)
    assert message.startswith(f"cannot load {str(path)!r}: ")
    assert "\n" not in message
    return message.partition(": ")[2]


def edited(path, change):
    """Write the file again with its header changed and its checksum as it was."""
    with safe_open(path, "numpy") as file:
        header, params = json.loads(file.metadata()["lamina"]), file.get_tensor("params")
    change(header)
    save_file({"params": params}, path, {"lamina": json.dumps(header)})
    return path


def test_a_file_that_is_not_there_has_a_nearest_name(path):
    assert refusal(path.with_name("cencus.lamina")) == "there is no such file. Did you mean 'census.lamina'?"
    assert refusal(path.parent / "nowhere" / "x.lamina") == "there is no such file."


def test_a_folder(tmp_path):
    assert refusal(tmp_path) == "it is a folder, expected a file"


def test_a_pipe_and_a_socket_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert refusal(tmp_path / "pipe") == "it is not a regular file"
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "socket"))
        assert refusal(tmp_path / "socket") == "it is not a regular file"


def test_an_empty_file(tmp_path):
    (tmp_path / "a.lamina").touch()
    assert refusal(tmp_path / "a.lamina") == "the file is empty: use an intact copy, or train again"


@pytest.mark.skipif(os.getuid() == 0, reason="root reads everything")
def test_a_file_without_permission(path):
    path.chmod(0)
    assert "Permission denied" in refusal(path)


@pytest.mark.parametrize("part", [4, 8, 9, 500, -276, -100, -1])
def test_a_file_that_is_cut_off(path, part):
    whole = path.read_bytes()
    path.write_bytes(whole[:part])
    size = len(whole[:part])
    assert refusal(path) == f"the file is cut off ({size:,} bytes are there): use an intact copy, or train again"


def test_one_flipped_bit_in_the_parameters(path):
    data = bytearray(path.read_bytes())
    data[-10] ^= 1
    path.write_bytes(data)
    assert refusal(path) == (
        "its checksum does not match: the file was altered or damaged: use an intact copy, or train again"
    )


def test_a_header_that_was_edited_by_hand(path):
    edited(path, lambda header: header.update(target_name="sold"))
    assert refusal(path).startswith("its checksum does not match: the file was altered")


def test_a_checksum_that_was_taken_away(path):
    edited(path, lambda header: header.pop("sha256"))
    assert refusal(path).startswith("its checksum does not match: the file was altered")


def test_a_newer_format_says_what_to_upgrade(path):
    edited(path, lambda header: header.update(format=4, lamina="9.1.0", layers=[]))
    assert refusal(path) == (
        f"written by lamina 9.1.0 in format 4, but lamina {lamina.__version__} reads formats up to 3. "
        "Upgrade it: pip install --upgrade lamina"
    )


@pytest.mark.parametrize("number", [0, -1, True, 1.0, "1", None])
def test_a_format_that_never_was(path, number):
    edited(path, lambda header: header.update(format=number))
    assert "format" in refusal(path)


def test_safetensors_of_something_else(tmp_path):
    save_file({"weight": np.ones(3), "bias": np.ones(1)}, tmp_path / "bert.safetensors", {"format": "pt"})
    assert refusal(tmp_path / "bert.safetensors") == (
        "a safetensors file, but not of lamina (its tensors: bias, weight)"
    )


def test_a_second_tensor(path):
    with safe_open(path, "numpy") as file:
        metadata, params = file.metadata(), file.get_tensor("params")
    save_file({"params": params, "more": params}, path, metadata)
    assert refusal(path).startswith("expected one array, params, found more, params: the file was altered")


class Bomb:
    def __reduce__(self):
        return (os.mkdir, ("exploded",))


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_a_pickle_is_never_read(tmp_path, monkeypatch, protocol):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.lamina").write_bytes(pickle.dumps(Bomb(), protocol))
    assert refusal(tmp_path / "a.lamina").startswith("it is a pickle. lamina never reads one")
    assert not (tmp_path / "exploded").exists()


def test_other_files(tmp_path):
    path = tmp_path / "a.lamina"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.pkl", b"")
    assert refusal(path) == "it is a ZIP archive (PyTorch, Keras and NumPy write such files)"
    path.write_text("age,income\n31,<=50K\n")
    assert refusal(path) == "it is not a file of lamina (it begins with b'age,incom')"
    np.save(tmp_path / "a.npy", np.ones(3))
    assert refusal(tmp_path / "a.npy") == "it is a NumPy array"


def test_parameters_of_another_size_or_type(models, path):
    params, metadata = models["binary"].params, None
    with safe_open(path, "numpy") as file:
        metadata = file.metadata()
    for wrong in (params[:-1], np.append(params, params[0]), params[None], params.astype(np.int32)):
        save_file({"params": wrong}, path, metadata)
        assert "its network has 53" in refusal(path)


def test_a_path_that_is_none():
    with pytest.raises(ModelFileError, match="null"):
        lamina.load("a\0b")
