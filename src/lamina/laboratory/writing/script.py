"""A script: its text, and the files that belong beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Script:
    """What is copied.

    Attributes
    ----------
    dialect : str
        "course", "lamina" or "numpy".
    code : str
    files : mapping of str to bytes
        By name; the script reads them from the folder in which it is run.
    """

    dialect: str
    code: str
    files: Mapping[str, bytes] = field(default_factory=dict)
