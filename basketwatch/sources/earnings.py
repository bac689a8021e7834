"""Announced earnings of US stocks, with the instant at which each became known, from Yahoo through yfinance.

``announced`` makes a point-in-time PE of them. The page is HTML for people, limited harder than Yahoo's other
addresses, and its EPS are adjusted ("street") ones. Not seen live.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from basketwatch.domain import markets
from basketwatch.errors import BadAnswer, NoData
from basketwatch.sources import yahoo
from basketwatch.sources.net import guard

SOURCE = yahoo.SOURCE
DEFINITION = "announced_eps"
MOST = 100  # rows of the page: some 25 years


@dataclass(frozen=True)
class Announced:
    """closes: session, close (in today's shares); reports: at (UTC), eps, NaN where still to come; splits by ex-date."""

    closes: pd.DataFrame
    reports: pd.DataFrame
    splits: Mapping[date, float]


def fetch_announced(ticker: str) -> Announced:
    """Ten years of closes and splits, and all announced quarters of one stock, in two requests.

    Raises   Blocked, Unreachable, BadAnswer, NoData, UnknownSymbol, SuspectAnswer.
    Source   Ticker.history and Ticker.get_earnings_dates; https://finance.yahoo.com/calendar/earnings?symbol=NVDA
    """
    symbol = markets.yahoo(ticker)
    if symbol is None:
        raise NoData(source=SOURCE, ticker=ticker)
    raw = guard.run(SOURCE, ticker, _ask_dates, symbol)
    reports = parse_dates(raw)
    if reports["eps"].notna().sum() == 0:
        raise NoData(source=SOURCE, ticker=ticker)
    bars, _ = guard.run(SOURCE, ticker, yahoo._ask_chart, ticker, "10y")
    table = bars.set_axis(yahoo._days(bars)).dropna(subset=["Close"])
    closes = pd.DataFrame({"session": table.index.astype("datetime64[s]"), "close": table["Close"].to_numpy()})
    paid = table["Stock Splits"][table["Stock Splits"] > 0]
    days = pd.DatetimeIndex(paid.index)
    return Announced(closes, reports, {day.date(): float(ratio) for day, ratio in zip(days, paid, strict=True)})


def parse_dates(raw: pd.DataFrame) -> pd.DataFrame:
    """The frame of get_earnings_dates as columns at (UTC), eps. Raises BadAnswer."""
    if "Reported EPS" not in raw or not isinstance(raw.index, pd.DatetimeIndex) or raw.index.tz is None:
        raise BadAnswer(source=SOURCE, detail=f"columns {list(raw)}")
    eps = pd.to_numeric(raw["Reported EPS"], errors="coerce").to_numpy()
    return pd.DataFrame({"at": raw.index.tz_convert("UTC").as_unit("s"), "eps": eps})


def _ask_dates(symbol: str) -> Any:
    data = yahoo._data()
    found = yahoo._yfinance().Ticker(symbol, session=yahoo._session()).get_earnings_dates(limit=MOST)
    yahoo._keep_crumb(data)
    return found
