"""The body of a request to rows: JSON records or columns, tensors of the Open Inference Protocol, an Arrow stream.

What comes out is one row as a mapping of plain values, or some rows as a mapping of columns or a table.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lamina.data.tables.alignment import check_present
from lamina.data.tables.sources import read
from lamina.errors import ColumnError, DataError
from lamina.serving.catalogue import Served
from lamina.serving.refusals import Refused

PLAIN = {str, int, float, bool, type(None)}
SPOKEN: dict[type, str] = {dict: "an object", list: "a list"}


class Asked(NamedTuple):
    """The rows of a request."""

    rows: Any  # a mapping of values where single; else a mapping of columns, or a table
    n_rows: int
    single: bool
    more: Mapping[str, Any] = {}  # what else the request says


def json_of(body: bytes) -> dict[str, Any]:
    """Return the object of a JSON body.

    Raises
    ------
    Refused
        It is none.
    """
    try:
        found = json.loads(body, parse_constant=_no_constant)
    except RecursionError:
        raise Refused(400, "The body is nested too deeply.") from None
    except ValueError as problem:  # UnicodeDecodeError among them
        raise Refused(400, f"The body is no JSON: {problem}.") from None
    if not isinstance(found, dict):
        raise Refused(400, f"The body is {_spoken(found)}, expected a JSON object.")
    return found


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is no number of JSON; write null for a missing value")


def _spoken(value: Any) -> str:
    return SPOKEN.get(type(value), json.dumps(value)[:40])


def of_records(body: bytes, served: Served, most_rows: int) -> Asked:
    """Return the rows of {"rows": [{...}, ...]} or {"columns": {"age": [...], ...}}."""
    found = json_of(body)
    if ("rows" in found) == ("columns" in found):
        raise Refused(
            400, 'Expected {"rows": [{"column": value, ...}, ...]} or {"columns": {"column": [value, ...], ...}}.'
        )
    if "columns" in found:
        columns = found["columns"]
        if not isinstance(columns, dict) or not all(isinstance(one, list) for one in columns.values()):
            raise Refused(400, '"columns": expected an object with a list of values for each column.')
        return _of_columns(columns, served, most_rows, found)
    rows = found["rows"]
    if not isinstance(rows, list):
        raise Refused(400, f'"rows": expected a list of objects, found {_spoken(rows)}.')
    _check_count(len(rows), most_rows)
    names = served.model.encoder.names_in
    for i, row in enumerate(rows):
        if not isinstance(row, dict):
            raise Refused(422, f"row {i}: expected an object of columns and values, found {_spoken(row)}.")
        if any(name not in row for name in names):
            try:
                check_present(list(row), names)
            except ColumnError as problem:
                raise ColumnError(f"row {i}: {problem}") from None
    if len(rows) == 1:
        _check_plain({name: [rows[0][name]] for name in names})
        return Asked(rows[0], 1, True, found)
    return _of_columns({name: [row[name] for row in rows] for name in names}, served, most_rows, found)


def _of_columns(columns: Mapping[str, list[Any]], served: Served, most_rows: int, more: Mapping[str, Any]) -> Asked:
    names = served.model.encoder.names_in
    check_present(list(columns), names)
    known = {name: columns[name] for name in names}
    lengths = {name: len(values) for name, values in known.items()}
    if len(set(lengths.values())) > 1:
        first = next(iter(lengths))
        other = next(name for name in lengths if lengths[name] != lengths[first])
        raise DataError(
            f"column {first!r} has {lengths[first]} values, and {other!r} has {lengths[other]}: expected as many"
        )
    n = next(iter(lengths.values()))
    _check_count(n, most_rows)
    _check_plain(known)
    if n == 1:
        return Asked({name: values[0] for name, values in known.items()}, 1, True, more)
    return Asked(known, n, False, more)


def _check_plain(columns: Mapping[str, Sequence[Any]]) -> None:
    for name, values in columns.items():
        if not PLAIN.issuperset(map(type, values)):
            i = next(i for i, value in enumerate(values) if type(value) not in PLAIN)
            raise ColumnError(
                f"column {name!r}, row {i}: found {_spoken(values[i])}, expected a number, text, true, false or null"
            )


def _check_count(n: int, most_rows: int) -> None:
    if n == 0:
        raise Refused(422, "There are no rows: expected at least one.")
    if n > most_rows:
        raise Refused(413, f"There are {n:,} rows, and {most_rows:,} at most are answered at once: send them in parts.")


# ---- the Open Inference Protocol ----


def of_tensors(body: bytes, served: Served, most_rows: int) -> Asked:
    """Return the rows of {"inputs": [{"name", "shape", "datatype", "data"}, ...]}: an input for each column."""
    found = json_of(body)
    inputs = found.get("inputs")
    if not isinstance(inputs, list) or not all(isinstance(one, dict) for one in inputs):
        raise Refused(400, '"inputs": expected a list of objects with name, shape, datatype and data.')
    columns: dict[str, list[Any]] = {}
    for one in inputs:
        name = one.get("name")
        if not isinstance(name, str):
            raise Refused(400, f'An input without a "name": expected one for each of {len(served.columns)} columns.')
        if name in columns:
            raise Refused(400, f"The input {name!r} stands there twice.")
        columns[name] = _tensor(name, one)
    return _of_columns(columns, served, most_rows, found)


def _tensor(name: str, one: Mapping[str, Any]) -> list[Any]:
    """Return the values of a tensor of shape [rows] or [rows, 1], flat or nested."""
    shape, data, datatype = one.get("shape"), one.get("data"), one.get("datatype")
    if not isinstance(data, list):
        raise Refused(400, f'input {name!r}: expected "data" as a JSON list; binary data is not supported.')
    if not isinstance(shape, list) or any(type(n) is not int for n in shape) or shape[1:] not in ([], [1]) or not shape:
        raise Refused(400, f"input {name!r}: expected a shape [rows] or [rows, 1], found {json.dumps(shape)[:60]}.")
    values = [one[0] if isinstance(one, list) and len(one) == 1 else one for one in data]
    if len(values) != shape[0]:
        raise Refused(400, f"input {name!r}: {len(values)} values do not fill the shape {shape}.")
    if datatype not in TYPES:
        raise Refused(400, f"input {name!r}: expected a datatype of {', '.join(TYPES)}; found {json.dumps(datatype)}.")
    allowed = TYPES[datatype]
    for i, value in enumerate(values):
        if type(value) not in allowed:
            raise Refused(422, f"input {name!r}, row {i}: found {_spoken(value)}, expected a value of {datatype}.")
    return values


TYPES: dict[Any, set[Any]] = {
    "BOOL": {bool, type(None)},
    **{f"{sign}INT{bits}": {int, type(None)} for sign in ("", "U") for bits in (8, 16, 32, 64)},
    **{f"FP{bits}": {int, float, type(None)} for bits in (16, 32, 64)},
    "BYTES": {str, type(None)},
}


# ---- Arrow ----


def of_arrow(body: bytes, served: Served, most_rows: int) -> Asked:
    """Return the rows of an Arrow IPC stream, uncompressed: a small body could unpack to more than the memory."""
    import pyarrow as pa

    try:
        for message in pa.ipc.MessageReader.open_stream(body):
            if is_compressed(message.metadata.to_pybytes()):
                raise Refused(415, "The Arrow stream has compressed buffers: write it without compression.")
        batches, n = [], 0
        with pa.ipc.open_stream(body) as stream:
            names = list(stream.schema.names)
            for batch in stream:
                n += batch.num_rows
                _check_count(max(n, 1), most_rows)
                batch.validate(full=True)
                batches.append(batch)
            table = pa.Table.from_batches(batches, stream.schema)
    except (pa.ArrowException, struct.error, OSError, IndexError) as problem:
        raise Refused(400, f"The body is no Arrow stream: {' '.join(str(problem).split())[:200]}.") from None
    _check_count(n, most_rows)
    check_present(names, served.model.encoder.names_in)
    known = table.select(list(served.model.encoder.names_in))
    return Asked(read(known, reading=served.model.encoder.reading), n, False)


def is_compressed(metadata: bytes) -> bool:
    """Tell whether the buffers of a message are compressed, from its flatbuffer (Arrow's Message.fbs)."""
    header_type, header = _field(metadata, _table(metadata, 0), 1), _field(metadata, _table(metadata, 0), 2)
    if not header_type or not header:
        return False
    kind, table = metadata[header_type], _table(metadata, header)
    if kind == DICTIONARY_BATCH:
        data = _field(metadata, table, 1)
        return bool(data) and bool(_field(metadata, _table(metadata, data), 3))
    return kind == RECORD_BATCH and bool(_field(metadata, table, 3))


DICTIONARY_BATCH, RECORD_BATCH = 2, 3


def _table(data: bytes, at: int) -> int:
    return at + int(struct.unpack_from("<I", data, at)[0])


def _field(data: bytes, table: int, number: int) -> int:
    """Return where a field of a table lies; 0 where it is left out."""
    fields = table - struct.unpack_from("<i", data, table)[0]
    size = struct.unpack_from("<H", data, fields)[0]
    place = 4 + 2 * number
    offset = struct.unpack_from("<H", data, fields + place)[0] if place < size else 0
    return table + offset if offset else 0
