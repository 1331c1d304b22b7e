"""What an encoder is made of: pieces, each the encoded columns that one encoding makes of some columns of the table.

The encoded columns stand in the order of the input columns. Those of one input column stand by rank:

    VALUE      what stands for the column itself: each input column has some, all in one piece
    BESIDE     what another piece makes of it besides
    MISSING    whether it was missing
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.data.encoding.faults import Missing
from lamina.data.tables.reading import Reading
from lamina.data.tables.table import Table

VALUE, BESIDE, MISSING = 0, 1, 2


class InputColumns(NamedTuple):
    """The columns of the table, as training had them."""

    names: tuple[str, ...]
    named: bool  # whether the training rows had names
    dates: tuple[int, ...]  # those that hold dates
    missing: Missing  # whether missing values are encoded or refused
    reading: Reading = Reading()  # how text was read


class Piece(ABC):
    """Some encoded columns. An encoding derives from it, and has a row in `encodings.ENCODINGS`."""

    ALONE: ClassVar[bool] = False  # whether one piece encodes all the columns of its kind

    @property
    @abstractmethod
    def origin(self) -> NDArray[np.intp]:
        """Which input column each encoded column came from, shape (width,)."""

    @property
    @abstractmethod
    def ranks(self) -> NDArray[np.intp]:
        """Where each stands among those of its input column, shape (width,): VALUE, BESIDE or MISSING."""

    @abstractmethod
    def suffixes(self) -> list[str]:
        """Return what follows the input column's name in the name of each encoded column."""

    def suffixes_among(self, names: Sequence[str]) -> list[str]:
        """Return the same where other columns are in a name: those of the table are `names`."""
        return self.suffixes()

    @property
    def width(self) -> int:
        """How many encoded columns there are."""
        return len(self.origin)

    @property
    def is_number(self) -> NDArray[np.bool_]:
        """Which of them are scaled numbers, for layers that take numbers only, shape (width,)."""
        return np.zeros(self.width, bool)

    @property
    def n_places(self) -> int:
        """0, or where the one encoded column holds places of levels, their number: for an embedding."""
        return 0

    @abstractmethod
    def encode(self, table: Table, inputs: InputColumns, X: NDArray[Any], places: NDArray[np.intp]) -> None:
        """Write the encoded columns into X, which holds zeros.

        Parameters
        ----------
        table : Table
            With the columns of training, in their order.
        inputs : InputColumns
        X : array, shape (n_rows, n_features)
        places : array, shape (width,)
            The columns of X that are this piece's.
        """

    @abstractmethod
    def to_header(self) -> dict[str, Any]:
        """Return the piece as plain JSON values."""

    @staticmethod
    @abstractmethod
    def from_header(header: Mapping[str, Any], n_columns: int) -> "Piece":
        """Return the piece of a header, checked; raise a DataError for anything else. Input columns are 0 to n - 1."""


def run(places: NDArray[np.intp]) -> slice | NDArray[np.intp]:
    """Return increasing places as a slice where they are consecutive: NumPy writes that faster."""
    if len(places) and places[-1] - places[0] == len(places) - 1:
        return slice(int(places[0]), int(places[-1]) + 1)
    return places
