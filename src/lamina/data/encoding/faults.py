"""What cannot be encoded, or says nothing: numbers that are infinite, too large or missing; columns without a value."""

import warnings
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lamina.data.tables.table import Table
from lamina.errors import DataError, DataWarning

Missing = Literal["encode", "raise"]
MISSINGS = ("encode", "raise")


def find_fault(table: Table, at: NDArray[np.intp], block: NDArray[np.float64], first: int, dtype: Any) -> DataError:
    """Return the error for the first number of a block that is infinite, or too far out for the dtype."""
    infinite = np.isinf(block)
    i, j = np.argwhere(infinite if infinite.any() else ~np.isnan(block))[0]
    place = f"column {table.names[at[j]]!r}, row {table.row_number(first + int(i))}"
    if infinite.any():
        return DataError(
            f"Input X contains infinity or a value too large for float64: {place}. Infinity is not allowed; "
            "replace it by NaN to have it encoded as missing"
        )
    return DataError(f"Input X contains a value too large for {np.dtype(dtype)}: {place}: {block[i, j]:g}")


def missing_fault(table: Table, at: NDArray[np.intp], missing: NDArray[np.bool_], first: int) -> DataError:
    """Return the error for the first missing number where none is allowed."""
    i, j = np.argwhere(missing)[0]
    return DataError(
        f"Input X contains NaN: column {table.names[at[j]]!r}, row {table.row_number(first + int(i))}. "
        'Missing values are not allowed here; fill them, drop the rows, or choose missing="encode"'
    )


def warn_of_missing(names: list[str]) -> None:
    """Warn of columns that hold no value in any training row, if there are some."""
    if names:
        shown = ", ".join(map(repr, names[:10]))
        warnings.warn(f"no value in any training row in column {shown}: encoded as 0", DataWarning, stacklevel=6)
