"""A sealed file: any arrays, any plain header, byte for byte what docs/file-format.md says."""

import hashlib
import json
import os

import numpy as np
import pytest
from safetensors.numpy import save_file

from lamina import sealed_file
from lamina.errors import DamagedFileError, SealedFileError

ARRAYS = {
    "params": np.linspace(-1, 1, 7, dtype=np.float32),
    "memory": np.array([[1.5, -0.0, np.nan], [np.inf, 5e-324, 1e308]]),
    "order": np.arange(5, dtype=np.int64) - 2,
    "counts": np.array([2**63], np.uint64),
    "flags": np.array([True, False, True]),
    "number": np.array(2.5),
    "nothing": np.zeros((2, 0), np.float32),
}


def by_hand(arrays, text):
    """The bytes of a file of one type of numbers, from the description of safetensors and of the seal alone."""
    body = b"".join(arrays[name].tobytes() for name in sorted(arrays))
    digest = hashlib.sha256(text.encode() + body).hexdigest()
    head, at = {"__metadata__": {"lamina": f'{{"sha256":"{digest}",{text[1:]}'}}, 0
    for name in sorted(arrays):
        end = at + arrays[name].nbytes
        head[name] = {"dtype": "F64", "shape": list(arrays[name].shape), "data_offsets": [at, end]}
        at = end
    first = json.dumps(head, separators=(",", ":")).encode()
    first += b" " * (-len(first) % 8)
    return len(first).to_bytes(8, "little") + first + body


def test_the_bytes_are_what_the_description_says(tmp_path):
    arrays = {"b": np.arange(6.0).reshape(2, 3), "a": np.array([np.pi])}
    sealed_file.write(tmp_path / "x", arrays, {"format": 3, "text": "Zürich", "list": [1, 2.5, None, True]})
    text = r'{"format":3,"text":"Z\u00fcrich","list":[1,2.5,null,true]}'
    assert (tmp_path / "x").read_bytes() == by_hand(arrays, text)


def test_arrays_of_every_kind_come_back_to_the_bit(tmp_path):
    header = {"name": "run", "floats": [0.1, 1e-310, -0.0], "whole": [2**64 - 1, -(2**63)], "none": None}
    sealed_file.write(tmp_path / "x", ARRAYS, header)
    found, arrays = sealed_file.read(tmp_path / "x")
    assert json.dumps(found) == json.dumps(header)
    assert set(arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert (arrays[name].dtype, arrays[name].shape) == (array.dtype, array.shape)
        assert arrays[name].tobytes() == array.tobytes()


@pytest.mark.parametrize(
    "given",
    [np.arange(12.0)[::2], np.arange(6.0).reshape(2, 3).T, np.arange(4, dtype=">f8"), np.asfortranarray(np.eye(3))],
)
def test_strides_and_byte_order_do_not_matter(tmp_path, given):
    sealed_file.write(tmp_path / "x", {"a": given}, {"format": 1})
    _, arrays = sealed_file.read(tmp_path / "x")
    assert np.array_equal(arrays["a"], given)
    sealed_file.write(tmp_path / "y", {"a": np.array(given, "<f8", order="C")}, {"format": 1})
    assert (tmp_path / "x").read_bytes() == (tmp_path / "y").read_bytes()


def test_the_header_can_be_looked_at_before_any_array_is_read(tmp_path):
    sealed_file.write(tmp_path / "x", ARRAYS, {"format": 9})
    with sealed_file.opened(tmp_path / "x") as file:
        assert file.header == {"format": 9}
        assert file.tensors["memory"] == ("F64", [2, 3])
        assert file.tensors["flags"] == ("BOOL", [3])


def test_every_flipped_byte_is_found(tmp_path):
    sealed_file.write(tmp_path / "x", ARRAYS, {"format": 1, "name": "run"})
    whole = (tmp_path / "x").read_bytes()
    for at in range(len(whole)):
        data = bytearray(whole)
        data[at] ^= 0xFF
        (tmp_path / "y").write_bytes(data)
        with pytest.raises(SealedFileError):
            sealed_file.read(tmp_path / "y")


def test_every_cut_is_found(tmp_path):
    sealed_file.write(tmp_path / "x", ARRAYS, {"format": 1})
    whole = (tmp_path / "x").read_bytes()
    for size in range(len(whole)):
        (tmp_path / "y").write_bytes(whole[:size])
        with pytest.raises(DamagedFileError, match=r"cut off|empty"):
            sealed_file.read(tmp_path / "y")


def test_a_header_without_a_seal_or_more_than_one_text_is_damage(tmp_path):
    save_file({"a": np.ones(2)}, tmp_path / "x", {"lamina": '{"format":1}'})
    with pytest.raises(DamagedFileError, match="its checksum does not match: the file was altered"):
        sealed_file.read(tmp_path / "x")
    save_file({"a": np.ones(2)}, tmp_path / "x", {"lamina": '{"format":1}', "more": "1"})
    with pytest.raises(DamagedFileError, match="expected one header, found 2"):
        sealed_file.read(tmp_path / "x")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a":1,"a":2}', "a key twice"),
        ('{"a":NaN}', "holds NaN"),
        ('{"a":1e999}', "a number too large: 1e999"),
        ('{"a":18446744073709551616}', "a number too large"),
        ('{"a":-9223372036854775809}', "a number too large"),
        ("{", "no JSON"),
        ("[1]", "no JSON object"),
    ],
)
def test_the_header_is_strict_json(tmp_path, text, message):
    save_file({"a": np.ones(2)}, tmp_path / "x", {"lamina": text})
    with pytest.raises(SealedFileError, match=message):
        sealed_file.read(tmp_path / "x")


def test_what_json_does_not_hold_is_not_written(tmp_path):
    with pytest.raises(SealedFileError, match="is no plain value"):
        sealed_file.write(tmp_path / "x", {}, {"a": object()})
    with pytest.raises(ValueError, match="JSON compliant"):
        sealed_file.write(tmp_path / "x", {}, {"a": float("nan")})
    assert os.listdir(tmp_path) == []
