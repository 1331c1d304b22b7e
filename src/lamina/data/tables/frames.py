"""Columns from data frames (through narwhals), and from dictionaries of anything one-dimensional."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.tables.arrays import from_numpy, from_objects
from lamina.data.tables.arrow import from_arrow
from lamina.data.tables.columns import Column, cure_for, unusable
from lamina.errors import ColumnTypeError, DataError, LaminaError


def from_series(name: str, series: Any) -> Column:
    """Return the column of a narwhals series."""
    import narwhals as nw

    kind = series.dtype
    if kind.is_numeric() and not kind.is_decimal():
        if kind in (nw.Int128, nw.UInt128):
            return from_objects(name, np.array([*series.to_list(), None], object)[:-1])
        return from_numpy(name, series.to_numpy())
    if kind == nw.Object or kind == nw.Unknown:
        values = series.to_numpy()
        return from_objects(name, values) if values.dtype.kind == "O" else from_numpy(name, values)
    try:
        return from_arrow(name, series.to_arrow())
    except LaminaError:
        raise
    except OverflowError:  # levels beyond 64 bits: as the objects that they are
        return replace(from_objects(name, series.to_numpy().astype(object)), unread=False)
    except Exception as error:  # of four libraries: each has its own
        native = str(getattr(series.to_native(), "dtype", kind))
        said = f"{native} ({' '.join(str(error).split())[:100]})"
        raise ColumnTypeError(unusable(name, said, cure_for(name, native))) from error


def from_frame(frame: Any) -> list[Column]:
    """Return the columns of a narwhals data frame."""
    return [from_series(str(name), series) for name, series in zip(frame.columns, frame.iter_columns(), strict=True)]


def from_mapping(source: Mapping[Any, Any]) -> list[Column]:
    """Return the columns of a dictionary: name -> one-dimensional array, list or series; all of one length."""
    columns = [from_values(str(name), values) for name, values in source.items()]
    lengths = {column.name: len(column.values) for column in columns}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name!r}: {n}" for name, n in lengths.items())
        raise DataError(f"columns of one length expected, found {listed}")
    return columns


def from_values(name: str, values: Any) -> Column:
    """Return the column of anything one-dimensional: a series, an Arrow array, a NumPy array, a list."""
    plain = one_dimensional(values)
    if isinstance(plain, np.ndarray):
        if plain.ndim != 1:
            raise DataError(f"column {name!r}: a one-dimensional array expected, found shape {plain.shape}")
        return from_numpy(name, plain)
    return from_series(name, plain)


def one_dimensional(values: Any) -> Any:
    """Return a NumPy array, or a narwhals series where it is one of a data-frame library."""
    if isinstance(values, np.ma.MaskedArray):
        return unmasked(values)
    if isinstance(values, np.ndarray):
        return values
    if isinstance(values, list | tuple):
        array = np.asarray(values) if all(not isinstance(value, str) for value in values) else np.array(values, object)
        return np.array([*values, None], object)[:-1] if array.dtype.kind in "US" else array
    import narwhals as nw

    series = nw.from_native(values, series_only=True, pass_through=True)
    if isinstance(series, nw.Series):
        return series
    if type(values).__module__.startswith("pyarrow"):
        import pyarrow as pa

        chunked = values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values])
        return nw.from_native(chunked, series_only=True)
    return np.asarray(values)


def unmasked(values: Any) -> NDArray[Any]:
    """Return a masked array as a plain one: NaN (None, for what is no number) where it was masked."""
    if not np.ma.getmaskarray(values).any():
        return np.asarray(values.data)
    kind = np.float64 if values.dtype.kind in "fiub" else object
    return np.asarray(values.astype(kind).filled(np.nan if kind is np.float64 else None))
