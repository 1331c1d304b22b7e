"""Columns from Arrow arrays."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.tables.columns import BOOLEAN_LEVELS, Column, as_levels, cure_for, number, unusable
from lamina.data.tables.days import spell_date, spell_hours, spell_span
from lamina.errors import ColumnTypeError

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
        return number(name, _of_decimals(array))
    if is_text(kind):
        column = _from_dictionary(name, array.cast(pa.large_string()).dictionary_encode())
        return replace(column, unread=True)
    if t.is_dictionary(kind):
        return _from_dictionary(name, array)
    if t.is_temporal(kind):
        return _from_temporal(name, array)
    raise ColumnTypeError(unusable(name, f"Arrow type {kind}", cure_for(name, str(kind))))


def _of_decimals(array: Any) -> NDArray[np.float64]:
    """Return the float64 nearest to each decimal; pyarrow's own cast is off in the last digit."""
    codes = array.dictionary_encode()
    values = [np.nan if value is None else float(value) for value in codes.dictionary.to_pylist()]
    return np.array([*values, np.nan], np.float64)[_codes(codes.indices)]


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

    levels = _levels(name, array.dictionary)
    indices = array.indices if t.is_signed_integer(array.indices.type) else array.indices.cast(pa.int64())
    codes = _codes(indices)
    empty = [i for i, level in enumerate(levels.tolist()) if level is None or level != level]
    return Column(name, "category", np.where(np.isin(codes, empty), -1, codes) if empty else codes, levels)


def _levels(name: str, values: Any) -> NDArray[Any]:
    """Return what the codes stand for; dates, times and durations as text, as CSV files have them."""
    import pyarrow.types as t

    kind = values.type
    if is_text(kind) or t.is_decimal(kind):
        return np.array([*values.to_pylist(), None], object)[:-1]
    if t.is_temporal(kind) and not t.is_interval(kind):
        column = from_arrow(name, values)
        spelled = spell_hours if t.is_time(kind) else spell_span if t.is_duration(kind) else spell_date
        return np.array([*(None if np.isnan(x) else spelled(x) for x in column.values.tolist()), None], object)[:-1]
    return as_levels(from_arrow(name, values).array())


def is_text(kind: Any) -> bool:
    """Return whether this is an Arrow type of text."""
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
