"""How large a small file is once it is read: a table of zeros packs a thousandfold, and more with every trick."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lamina.data.tables.table_files import COMPRESSIONS, SUFFIXES
from lamina.errors import DataError

MOST_UNPACKED = 500 * 2**20  # bytes
PIECE = 2**20
TEXT = (".csv", ".tsv", ".txt")
PARQUET = (".parquet", ".pq")


def check_unpacked(file: Path, name: str) -> None:
    """Read as much of an upload as is needed to see that it fits into memory.

    Parameters
    ----------
    file : Path
        Its suffix says what it is.
    name : str
        What the user calls it.

    Raises
    ------
    DataError
        It does not. A file that is damaged is left for its reader to complain of.
    """
    kind = file.name.removesuffix(file.suffix) if file.suffix in COMPRESSIONS else file.name
    size = 0
    try:
        for more in SIZES[Path(kind).suffix](file):
            size += more
            if size > MOST_UNPACKED:
                break
    except (OSError, ValueError):  # pyarrow's errors are among these
        return
    if size > MOST_UNPACKED:
        raise DataError(
            f"{name!r} unpacks to more than {MOST_UNPACKED / 2**20:.0f} MiB: name it on the command line instead, "
            "lamina lab FILE"
        )


def _of_text(file: Path) -> Iterator[int]:
    import pyarrow

    with pyarrow.input_stream(str(file), compression="detect") as stream:
        while piece := stream.read(PIECE):
            yield len(piece)


def _of_parquet(file: Path) -> Iterator[int]:
    """Rows that repeat take no bytes in a file, but eight each in memory."""
    import pyarrow.parquet

    facts = pyarrow.parquet.read_metadata(file)
    for k in range(facts.num_row_groups):
        group = facts.row_group(k)
        yield max(group.total_byte_size, 8 * group.num_rows * facts.num_columns)


def _of_arrow(file: Path) -> Iterator[int]:
    import pyarrow

    with pyarrow.memory_map(str(file)) as source:
        try:
            opened = pyarrow.ipc.open_file(source)
            yield from (_in_memory(opened.get_batch(k)) for k in range(opened.num_record_batches))
        except pyarrow.ArrowInvalid:
            source.seek(0)
            yield from map(_in_memory, pyarrow.ipc.open_stream(source))


def _in_memory(batch: Any) -> int:
    """Columns of nothing take no bytes in a file, and small numbers fewer than the eight that each becomes."""
    return int(max(batch.nbytes, 8 * batch.num_rows * batch.num_columns))


SIZES: Mapping[str, Callable[[Path], Iterator[int]]] = {
    suffix: _of_text if suffix in TEXT else _of_parquet if suffix in PARQUET else _of_arrow for suffix in SUFFIXES
}
