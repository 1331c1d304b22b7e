"""Columns from Arrow arrays, from data frames (through narwhals) and from dictionaries of arrays."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.columns import BOOLEAN_LEVELS, Column, from_numpy, from_objects, number, unusable
from lamina.errors import ColumnTypeError, DataError

TICKS_PER_DAY = {"s": 86_400, "ms": 86_400 * 10**3, "us": 86_400 * 10**6, "ns": 86_400 * 10**9}


def from_arrow(name: str, array: Any) -> Column:
    """Return the column of a pyarrow array or chunked array."""
    import pyarrow as pa
    import pyarrow.types as t

    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    kind = array.type
    if t.is_null(kind):
        return number(name, np.full(len(array), np.nan))
    if t.is_boolean(kind):
        return Column(name, "boolean", _codes(array.cast(pa.int8())), BOOLEAN_LEVELS)
    if t.is_integer(kind) or t.is_floating(kind):
        return number(name, array.to_numpy(zero_copy_only=False) if array.null_count == 0 else _floats(array))
    if t.is_decimal(kind):
        return number(name, _floats(array))
    if t.is_string(kind) or t.is_large_string(kind) or t.is_string_view(kind):
        return _from_dictionary(name, array.cast(pa.large_string()).dictionary_encode())
    if t.is_dictionary(kind):
        return _from_dictionary(name, array)
    if t.is_temporal(kind):
        return _from_temporal(name, array)
    raise ColumnTypeError(unusable(name, f"Arrow type {kind}"))


def _floats(array: Any) -> NDArray[np.float64]:
    import pyarrow as pa

    floats = array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)  # nulls become NaN
    return np.asarray(floats, np.float64)


def _codes(array: Any) -> NDArray[Any]:
    codes: NDArray[Any] = array.fill_null(-1).to_numpy(zero_copy_only=False)
    return codes


def _from_dictionary(name: str, array: Any) -> Column:
    import pyarrow as pa
    import pyarrow.types as t

    values = from_arrow(name, array.dictionary) if not _is_text(array.dictionary.type) else None
    levels = np.array(array.dictionary.to_pylist(), object) if values is None else values.array()
    indices = array.indices if t.is_signed_integer(array.indices.type) else array.indices.cast(pa.int64())
    codes = _codes(indices)
    empty = [i for i, level in enumerate(levels.tolist()) if level is None or level != level]
    return Column(name, "category", np.where(np.isin(codes, empty), -1, codes) if empty else codes, levels)


def _is_text(kind: Any) -> bool:
    import pyarrow.types as t

    return bool(t.is_string(kind) or t.is_large_string(kind) or t.is_string_view(kind))


def _from_temporal(name: str, array: Any) -> Column:
    """Dates and timestamps as days since 1970-01-01 (UTC where they have a zone), durations as days, times as hours."""
    import pyarrow as pa
    import pyarrow.types as t

    kind = array.type
    if t.is_interval(kind):
        raise ColumnTypeError(unusable(name, f"Arrow type {kind}"))
    if t.is_date32(kind):
        return Column(name, "date", _floats(array.cast(pa.int32())))
    if t.is_date64(kind):
        return Column(name, "date", _floats(array.cast(pa.int64())) / TICKS_PER_DAY["ms"])
    ticks = _floats(array.cast(pa.int32() if t.is_time32(kind) else pa.int64()))
    days = ticks / TICKS_PER_DAY[kind.unit]
    if t.is_timestamp(kind):
        return Column(name, "date", days)
    return number(name, days * 24 if t.is_time(kind) else days)


def from_arrow_table(table: Any) -> list[Column]:
    """Return the columns of a pyarrow table or record batch."""
    return [from_arrow(name, table.column(i)) for i, name in enumerate(table.schema.names)]


def from_series(name: str, series: Any) -> Column:
    """Return the column of a narwhals series."""
    import narwhals as nw
    import pyarrow as pa

    kind = series.dtype
    if kind.is_numeric() and not kind.is_decimal():
        return from_numpy(name, series.to_numpy())
    if kind == nw.Object or kind == nw.Unknown:
        values = series.to_numpy()
        return from_objects(name, values) if values.dtype.kind == "O" else from_numpy(name, values)
    try:
        return from_arrow(name, series.to_arrow())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        raise ColumnTypeError(unusable(name, f"{kind} ({error})")) from error


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
