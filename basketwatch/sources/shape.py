"""Final shape of the frames that sources return: columns, dtypes, order, and which bars are final."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING

from basketwatch.domain.columns import BARS, FACTORS, VALUATIONS, dtypes
from basketwatch.errors import NoData

if TYPE_CHECKING:
    import pandas as pd


def shaped(
    answer: pd.DataFrame | Sequence[Mapping[str, object]], table: Mapping[str, tuple[str, str, bool]]
) -> pd.DataFrame:
    """The columns of a table of ``domain.columns`` and no others, in its order and with its dtypes; rows as they come."""
    import pandas as pd

    return pd.DataFrame(answer).reindex(columns=list(table)).astype(dtypes(table)).reset_index(drop=True)


def as_bars(frame: pd.DataFrame, ticker: str, source: str, final_before: date) -> pd.DataFrame:
    """columns.BARS from canonical columns already in their units: sorted, without rows that lack a date or a close.

    Bars of sessions before ``final_before`` are final. Raises NoData where no row is left.
    """
    import pandas as pd

    kept = frame.replace([math.inf, -math.inf], math.nan).dropna(subset=["session", "close"]).sort_values("session")
    if kept.empty:
        raise NoData(source=source, ticker=ticker)
    kept = kept.assign(ticker=ticker, source=source, final=kept["session"] < pd.Timestamp(final_before))
    return shaped(kept, BARS)


@cache
def no_factors() -> pd.DataFrame:
    """An empty columns.FACTORS, always the same one."""
    import pandas as pd

    return shaped(pd.DataFrame(), FACTORS)


def multiples(frame: pd.DataFrame, source: str, definition: str, at: datetime) -> pd.DataFrame:
    """columns.VALUATIONS from columns ticker, session, pe and whatever else is known: sorted by session, without rows
    that lack a session or a PE.

    A PE of 0 is how several sources say that there is none; a negative one is a loss.
    """
    import pandas as pd

    kept = frame.assign(session=pd.to_datetime(frame["session"], errors="coerce").dt.normalize())
    for column in ("pe", "price", "market_cap", "eps"):
        if column in kept:
            kept[column] = pd.to_numeric(kept[column], errors="coerce").replace([math.inf, -math.inf], math.nan)
    kept = kept[kept["session"].notna() & kept["pe"].notna() & (kept["pe"] != 0)].sort_values("session", kind="stable")
    kept = kept.assign(source=source, definition=definition, losing=kept["pe"] < 0, fetched_at=pd.Timestamp(at))
    return shaped(kept, VALUATIONS)
