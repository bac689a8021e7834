"""What several sources give their frames before they leave: columns, dtypes, order, and what is final."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd

from basketwatch.errors import NoData
from basketwatch.frames import BARS, FACTORS, dtypes


def shaped(found: pd.DataFrame, table: Mapping[str, tuple[str, str, bool]]) -> pd.DataFrame:
    """The columns of a table of ``frames`` and no others, in its order and with its dtypes; rows as they come."""
    return found.reindex(columns=list(table)).astype(dtypes(table)).reset_index(drop=True)


def as_bars(found: pd.DataFrame, ticker: str, source: str, final_before: date) -> pd.DataFrame:
    """frames.BARS from canonical columns already in their units: sorted, without rows that lack a date or a close.

    Bars of sessions before ``final_before`` are final. Raises NoData where no row is left.
    """
    kept = found.replace([np.inf, -np.inf], np.nan).dropna(subset=["session", "close"]).sort_values("session")
    if kept.empty:
        raise NoData(source=source, ticker=ticker)
    kept = kept.assign(ticker=ticker, source=source, final=kept["session"] < pd.Timestamp(final_before))
    return shaped(kept, BARS)


def no_factors() -> pd.DataFrame:
    """An empty frames.FACTORS."""
    return shaped(pd.DataFrame(), FACTORS)
