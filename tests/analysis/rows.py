"""Bars, factors and tables of a few rows."""

from __future__ import annotations

from datetime import date
from math import nan

import pandas as pd

from basketwatch.analysis.prices import (
    returns,
)
from tests.domain.test_calendars import CALENDARS

FRIDAY = date(2026, 7, 3)
# ticker: closes of 2025-12-31, 2026-06-26 and 2026-07-03, week and year to date in percent
REPORT = {
    "000300.SH": ("4629.940", "4868.221", "4842.174", -0.535041, 4.583947),
    "399006.SZ": ("3203.172", "4194.209", "4019.934", -4.155134, 25.498537),
    "801770.SI": ("5501.52", "9358.68", "8500.12", -9.173943, 54.504937),
}
REPORT_DAYS = [date(2025, 12, 31), date(2026, 6, 26), FRIDAY]


def wide(rows: dict[str, dict[date, float]]) -> pd.DataFrame:
    """Ticker -> day -> close, as ``prices.wide`` makes it."""
    frame = pd.DataFrame(
        {t: pd.Series({pd.Timestamp(d): v for d, v in r.items()}) for t, r in rows.items()}
    ).sort_index()
    return frame.set_axis(pd.DatetimeIndex(frame.index).as_unit("s"), axis=0)


def bars(ticker: str, rows: dict[str, float], **more: float) -> pd.DataFrame:
    """Bars whose open, high and low are the close."""
    return pd.DataFrame({
        "ticker": ticker, "session": pd.to_datetime(list(rows)).as_unit("s"), "open": list(rows.values()),
        "high": list(rows.values()), "low": list(rows.values()), "close": list(rows.values()), "volume": 1000.0,
        "amount": nan, "turnover": nan, "source": "x", "final": True,
    } | more)  # fmt: skip


def factors(*rows: tuple[str, str, float]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=["ticker", "ex_date", "factor"])
    return frame.assign(ex_date=pd.to_datetime(frame["ex_date"]).astype("datetime64[s]"), source="x")


def one(
    closes: dict[date, float], session: date, ticker: str = "300308.SZ", previous: float = nan, gap: date | None = None
) -> dict[str, float]:
    gaps = {} if gap is None else {ticker: gap}
    return returns(wide({ticker: closes}), {ticker: session}, CALENDARS, {ticker: previous}, gaps).loc[ticker].to_dict()
