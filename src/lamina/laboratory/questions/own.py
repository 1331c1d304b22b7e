"""Own rows: a file of the command line or an upload, its columns, and which of them to predict."""

import binascii
from base64 import b64decode
from typing import Any

from lamina.errors import DataError, SettingError
from lamina.laboratory.bench import Bench
from lamina.laboratory.own_rows import MOST_BYTES, OwnTable, lab_rows, notices, read_upload


def upload(bench: Bench, name: str, data: str) -> Any:
    """Read a table that the page sends, its bytes in base64; it is not learned from until `open_own`."""
    if not isinstance(name, str) or not isinstance(data, str):
        raise SettingError("upload: expected a file's name, and its bytes in base64.")
    if len(data) > 4 * (MOST_BYTES // 3 + 2):
        raise DataError(
            f"{name!r} is larger than {MOST_BYTES / 2**20:.0f} MiB: name the file on the command line instead"
        )
    try:
        content = b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise SettingError(f"upload: the bytes of {name!r} are not base64.") from None
    bench.kept["own"] = read_upload(name, content)
    return own(bench)


def own(bench: Bench, target: str | None = None, left_out: Any = ()) -> Any:
    """Return the columns of the own table, and what the library says of them with this target."""
    table = _table(bench)
    names = table.table.names
    target = names[-1] if target is None else _name(target)
    rows = lab_rows(table, target, _left_out(left_out))
    return {
        "name": table.name,
        "rows": table.table.n_rows,
        "used": len(rows.y),
        "columns": [{"name": name, "kind": table.table.at(j).kind} for j, name in enumerate(names)],
        "target": target,
        "task": "regression" if rows.task == "regressor" else "classification",
        "left_out": _left_out(left_out),
        "notices": [one._asdict() for one in notices(table, target, _left_out(left_out))],
    }


def open_own(bench: Bench, target: str | None = None, left_out: Any = (), task: str | None = None) -> Any:
    """Put the own table on the bench: this column is predicted from the others."""
    if task not in (None, "classification", "regression"):
        raise SettingError(f"task={task!r}: expected 'classification' or 'regression'.")
    bench.open(lab_rows(_table(bench), None if target is None else _name(target), _left_out(left_out), task))  # type: ignore[arg-type]
    return bench.now()


def _table(bench: Bench) -> OwnTable:
    found = bench.kept.get("own")
    if not isinstance(found, OwnTable):
        raise SettingError(
            "no own rows were read: choose a file to upload, or start the lab with one, lamina lab FILE."
        )
    return found


def _name(given: Any) -> str:
    if not isinstance(given, str):
        raise SettingError(f"target={given!r}: expected the name of a column.")
    return given


def _left_out(given: Any) -> tuple[str, ...]:
    if not isinstance(given, list | tuple) or not all(isinstance(name, str) for name in given):
        raise SettingError("left_out: expected a list of columns.")
    return tuple(given)
