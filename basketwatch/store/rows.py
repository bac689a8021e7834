"""Rows to the database and frames out of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Date, String, Table, func, type_coerce

if TYPE_CHECKING:
    import pandas as pd
from basketwatch.store.database import Store

PIECE = 4000  # rows turned into columns at a time


# --- writing -----------------------------------------------------------------------------------------------------


def upsert(c: Connection, table: Table, rows: Sequence[Mapping[str, Any]], keep: Sequence[str] = ()) -> None:
    """Add or overwrite rows by their key; a column in ``keep`` stays where the new row has none."""
    if rows:
        c.execute(_upsert_statement(c.dialect.name, table, keep), list(rows))


def _upsert_statement(dialect: str, table: Table, keep: Sequence[str] = ()) -> Any:
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as dialect_insert
    else:
        from sqlalchemy.dialects.sqlite import insert as dialect_insert  # type: ignore[assignment]
    statement = dialect_insert(table)
    new = statement.excluded
    changed = {
        c.name: func.coalesce(new[c.name], c) if c.name in keep else new[c.name] for c in table.c if not c.primary_key
    }
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=changed)


def as_records(frame: pd.DataFrame, table: Table) -> list[dict[str, Any]]:
    """Rows for the database: only the table's columns, NaN as None, numpy scalars as Python's."""
    import pandas as pd

    names = [c.name for c in table.c if c.name in frame.columns]
    columns: list[list[Any]] = []
    for name in names:
        column = frame[name]
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            values = [None if pd.isna(v) else v.to_pydatetime() for v in column]
        elif pd.api.types.is_datetime64_dtype(column):
            values = column.to_numpy().astype("datetime64[D]").tolist()
        else:
            values = [None if v is None or v != v else v for v in column.tolist()]
        columns.append(values)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


# --- reading -----------------------------------------------------------------------------------------------------


def frame_of(store: Store, query: Any, columns: Mapping[str, tuple[str, str, bool]]) -> pd.DataFrame:
    """The rows as a frame with the dtypes of ``columns`` (frames), also where there is no row or no value.

    A row that lacks what ``columns`` requires is left out, as if it had never come; infinity is no number.
    """
    import pandas as pd

    query = query.where(*(c.is_not(None) for c in query.selected_columns if not c.nullable))
    # a day stays the text that SQLite keeps: numpy reads it thirty times as fast as a date
    plain = [type_coerce(c, String) if isinstance(c.type, Date) else c for c in query.selected_columns]
    with store.engine.connect() as c:
        result = c.execute(query.with_only_columns(*plain))
        kinds = {name: columns[name][0] for name in result.keys()}  # noqa: SIM118 - a result, not a dict
        # in pieces and by column: all rows at once are a lot of memory, and pandas would look into each row object
        pieces = [columns_of(zip(*piece, strict=True), kinds) for piece in result.partitions(PIECE)]
    if not pieces:
        return _no_rows(tuple(kinds.items())).copy()
    found = pd.concat(pieces, ignore_index=True) if len(pieces) > 1 else pieces[0]
    prices = [n for n, (dtype, _, required) in columns.items() if required and dtype == "float64" and n in kinds]
    whole = (found[prices] > 0).all(axis=1) if prices else None  # each of them is a price or a ratio of two
    return found if whole is None or whole.all() else found[whole].reset_index(drop=True)


@cache
def _no_rows(kinds: tuple[tuple[str, str], ...]) -> pd.DataFrame:
    return columns_of([()] * len(kinds), dict(kinds))


def columns_of(values: Iterable[Sequence[Any]], kinds: Mapping[str, str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({n: column_of(v, kinds[n]) for n, v in zip(kinds, values, strict=True)})


def column_of(values: Sequence[Any], dtype: Any) -> Any:
    """One column; numbers and days (text, or a date) straight into numpy, which turns None into NaN and NaT."""
    import numpy as np
    import pandas as pd

    if dtype == "float64":
        numbers = np.array(values, dtype=dtype)
        numbers[np.isinf(numbers)] = np.nan
        return numbers
    if dtype == "datetime64[s]":
        return np.array(values, dtype=dtype)
    return pd.Series(values, dtype="object").astype(dtype).array  # without an index, which pandas would have to compare
