"""Whether the columns of an answer have their types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from basketwatch.errors import BadAnswer

_NOT_A_NUMBER = {"-", "--", "", "None"}


# --- shape -------------------------------------------------------------------------------------------------------


def typed(frame: pd.DataFrame, schema: Mapping[str, tuple[str, str, bool]], *, source: str) -> pd.DataFrame:
    """A frame with the columns of ``schema`` (see ``domain.columns``), in its order and with its dtypes, and no others.

    Missing optional columns become NaN or None, ``-`` in a number NaN. Raises BadAnswer where a required column is
    missing or a value cannot be read: no instant without a zone, no session with a time of day, no guessed bool.
    """
    missing = [c for c, (_, _, required) in schema.items() if required and c not in frame.columns]
    if missing or not frame.columns.is_unique:
        raise BadAnswer(source=source, detail=f"columns missing: {', '.join(missing)}" if missing else "columns twice")
    out: dict[str, pd.Series] = {}
    for column, (dtype, _, _) in schema.items():
        values = frame[column] if column in frame.columns else pd.Series(None, index=frame.index, dtype="object")
        try:
            out[column] = _cast(values, dtype)
        except (TypeError, ValueError, OverflowError) as reason:
            raise BadAnswer(source=source, detail=f"{column}: {reason}"[:200]) from None
    return pd.DataFrame(out, index=frame.index).reset_index(drop=True)


def _cast(values: pd.Series, dtype: Any) -> pd.Series:
    if values.dtype == dtype and dtype != "datetime64[s]":  # of a session it has to be seen that it is a plain date
        return values
    if dtype == "float64":
        text = values.map(lambda v: isinstance(v, str) and v.strip() in _NOT_A_NUMBER).astype(bool)
        return pd.to_numeric(values.mask(text)).astype("float64")
    if dtype == "bool":
        if not values.map(lambda v: isinstance(v, (bool, np.bool_))).all():
            raise ValueError("not a bool")  # bool("False") is True
        return values.astype("bool")
    if not dtype.startswith("datetime64"):
        return values.astype(dtype)
    moments = pd.to_datetime(values)
    if dtype == "datetime64[s, UTC]":
        if moments.dt.tz is None and moments.notna().any():
            raise ValueError("instant without a zone")
        return pd.to_datetime(moments, utc=True).astype(dtype)
    if moments.dt.tz is not None or (moments.dropna() != moments.dropna().dt.normalize()).any():
        raise ValueError("session is not a plain date")
    return moments.astype("datetime64[s]")
