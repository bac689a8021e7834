"""Checks a quote or a history against stored closes: previous close, volume, second source.

A quote's previous close must be the stored close of the session before, or that close times the factor of an ex-date.
Another stock's price under the right label, a repeated page and a wrong date all fail this check.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any, Literal

import numpy as np
import pandas as pd

from basketwatch.analysis.age import is_closing
from basketwatch.analysis.prices import factors_between
from basketwatch.domain import markets
from basketwatch.domain.calendars import Calendar
from basketwatch.refresh.work import Row
from basketwatch.store import prices
from basketwatch.store.database import Store

Fit = Literal["fits", "contradicts", "unknown"]

WEEK, WEEKS = timedelta(days=7), timedelta(days=60)
VOLUME = 25  # times the median session: more is rare enough to want a second opinion
SAME_RATE = 0.01  # between two sources of one exchange rate
RATE = 0.04  # exchange rates have no session before to hold against; further moves want a second opinion


@dataclass(frozen=True)
class Past:
    """Stored data of the last weeks.

    ``closes``: ticker -> session -> final close; the newest one whatever its age. ``volumes``: ticker -> median volume
    of a session. ``taken``: ticker -> stored quote. A stored quote taken after the close (``closing``) becomes its
    session's final bar when the next session's previous close agrees. ``factors``: ticker -> ex-dates and their factors.
    """

    calendars: Mapping[str, Calendar]
    closes: dict[str, dict[date, float]]
    volumes: dict[str, float]
    taken: dict[str, Row]
    series: dict[str, Any]
    factors: dict[str, list[tuple[date, float]]] = field(default_factory=dict)

    def last(self, ticker: str) -> date | None:
        """The newest session with a final bar."""
        return max(self.closes.get(ticker, {}), default=None)

    def before(self, ticker: str, day: date) -> date | None:
        """The session before ``day``; for an exchange rate the day before."""
        calendar = self.calendars.get(markets.group(ticker))
        found = calendar.before(day) if calendar else None
        return found.day if found else None

    def closing(self, ticker: str, day: date, now: datetime) -> Row | None:
        """The stored closing quote of session ``day``; None if there is none, or a final bar of that session is stored."""
        row = self.taken.get(ticker)
        if row is None or row["session"].date() != day or row["suspended"] or day in self.closes.get(ticker, {}):
            return None
        return row if is_closing(row, self.calendars, now) else None

    def reference(self, ticker: str, before: date, day: date) -> float:
        """The close of session ``before`` times the factors of the ex-dates until ``day``: the previous close of that day."""
        known = (factor for ex_date, factor in self.factors.get(ticker, ()) if before < ex_date <= day)
        return self.closes[ticker][before] * math.prod(known)


def look_back(store: Store, calendars: Mapping[str, Calendar], now: datetime) -> Past:
    """Read the stored data that quotes are checked against."""
    series = prices.read_series(store)
    closes: dict[str, dict[date, float]] = {}
    traded: dict[str, list[float]] = {}
    for ticker, day, close, volume in prices.final_closes(store, (now - WEEKS).date()):
        closes.setdefault(ticker, {})[day] = close
        if volume is not None:
            traded.setdefault(ticker, []).append(volume)
    for ticker, (day, close) in prices.last_closes(store, series.keys() - closes.keys()).items():
        closes[ticker] = {day: close}
    volumes = {ticker: median(found) for ticker, found in traded.items()}
    taken = {row["ticker"]: row for row in prices.read_quotes(store).to_dict("records")}
    factors: dict[str, list[tuple[date, float]]] = {}
    for ticker, ex_date, factor in prices.ex_dates(store, (now - WEEKS).date()):
        factors.setdefault(ticker, []).append((ex_date, factor))
    return Past(calendars, closes, volumes, taken, series, factors)  # type: ignore[arg-type]


def fit(row: Row, past: Past, now: datetime) -> Fit:
    """Whether a quote's previous close and volume agree with the stored data; ``unknown`` if too little is stored."""
    ticker, day = row["ticker"], row["session"].date()
    closes = past.closes.get(ticker, {})
    if heavy(row, past):
        return "contradicts"
    earlier = [d for d in closes if d < day]
    if markets.kind(ticker) == "fx":
        newest = closes[max(closes)] if closes else None
        return "unknown" if newest is None else "fits" if abs(row["last"] / newest - 1) < RATE else "contradicts"
    before = past.before(ticker, day)
    if before in closes:
        expected = (closes[before], past.reference(ticker, before, day))
        return "fits" if any(same(row["previous_close"], price, ticker) for price in expected) else "contradicts"
    if before and (closing := past.closing(ticker, before, now)) and _follows(row, closing):
        return "fits"
    # The session before is not stored: a suspension or a gap. To repeat the newest close is proof enough.
    return "fits" if earlier and same(row["previous_close"], closes[max(earlier)], ticker) else "unknown"


def heavy(row: Row, past: Past) -> bool:
    """True where the volume is so large that lots may have been read as shares."""
    return bool(row["volume"] > VOLUME * past.volumes.get(row["ticker"], float("inf")) > 0)


def _follows(row: Row, closing: Row) -> bool:
    return same(row["previous_close"], closing["last"], row["ticker"])


def same(value: float, other: float, ticker: str) -> bool:
    """True for equal prices: to the tick on the mainland, elsewhere to the rounding of the sources (0.05 %)."""
    if markets.group(ticker) != "CN":
        return bool(abs(value / other - 1) <= 5e-4)
    ticks = {"etf": 0.0006, "stock": 0.006}
    return bool(abs(value - other) <= ticks.get(markets.kind(ticker), 0.011))


def agree(row: Row, other: Row) -> bool:
    """True where two sources' quotes agree: same session and previous close, similar price and volume.

    Exchange rates trade around the clock, so two sources end their days apart: there the rate alone is compared.
    """
    if markets.kind(row["ticker"]) == "fx":
        return bool(abs(row["last"] / other["last"] - 1) < SAME_RATE)
    if row["session"] != other["session"] or not same(row["previous_close"], other["previous_close"], row["ticker"]):
        return False
    volumes = [v for v in (row["volume"], other["volume"]) if v > 0]
    alike = len(volumes) < 2 or max(volumes) <= 5 * min(volumes)
    return bool(alike and abs(row["last"] / other["last"] - 1) < 0.05)


def _same_session(bars: pd.DataFrame, row: Row) -> bool:
    """True where a history's bar of the quote's session agrees with the quote, or the history has no such bar."""
    for close, volume, final in zip(bars["close"], bars["volume"], bars["final"], strict=True):
        if final and not same(close, row["last"], row["ticker"]):
            return False
        if volume > 0 and row["volume"] > 0 and not 0.2 < volume / row["volume"] < 5:
            return False
    return True


def explains(bars: pd.DataFrame, factors: pd.DataFrame, row: Row, past: Past) -> bool | None:
    """True if the bars, times any ex-date factors, give this previous close.

    None if a needed bar is missing: that of the session before, or, for a quote with a very large volume, that of the
    quote's own session.
    """
    ticker, day = row["ticker"], row["session"].date()
    before = past.before(ticker, day)
    if before is None:
        near = bars.loc[bars["session"] >= pd.Timestamp(day - WEEK), "close"]
        return (
            abs(row["last"] / float(near.iloc[-1]) - 1) < RATE if len(near) and markets.kind(ticker) == "fx" else None
        )
    own = bars.loc[bars["session"] == pd.Timestamp(before), "close"]
    traded = bars.loc[bars["session"] == pd.Timestamp(day), "volume"]
    if own.empty or (heavy(row, past) and traded.empty):
        return None
    if not _same_session(bars[bars["session"] == pd.Timestamp(day)], row):
        return False
    close = float(own.iloc[0])
    sessions = np.array([before, day], dtype="datetime64[D]")
    adjusted = close * factors_between(sessions, factors["ex_date"].to_numpy(), factors["factor"].to_numpy())[1]
    return any(same(row["previous_close"], c, ticker) for c in (close, adjusted, round(adjusted, 2)))
