"""The data sets that ship in the package; docs/datasets.md gives their sources and licences."""

from pathlib import Path

from lamina.errors import DataError, nearest

_FILES = Path(__file__).parent / "files"


def names() -> tuple[str, ...]:
    """Return the names of the packaged data sets, in alphabetical order."""
    return tuple(sorted(file.stem for file in _FILES.glob("*.parquet")))


def path(name: str) -> Path:
    """Return the Parquet file of a packaged data set.

    Parameters
    ----------
    name : str
        One of `names()`, such as ``"adult"``.

    Raises
    ------
    DataError
        No data set of this name is packaged; the message gives the nearest and all the names.
    """
    if name not in names():
        raise DataError(f"no packaged data set {name!r}.{nearest(name, names())} There are: {', '.join(names())}.")
    return _FILES / f"{name}.parquet"
