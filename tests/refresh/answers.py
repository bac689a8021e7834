"""Answers without a fault, for one to be put in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from basketwatch.domain import columns
from basketwatch.domain.calendars import Calendar, Session
from basketwatch.domain.faults import Fault
from basketwatch.refresh.checks import shape
from basketwatch.refresh.checks.bars import Verdict, check_bars
from basketwatch.refresh.checks.quotes import check_quotes

TICKER, FRIDAY, THURSDAY = "300308.SZ", date(2026, 7, 3), date(2026, 7, 2)
NOW = datetime(2026, 7, 3, 12, tzinfo=UTC)  # 20:00 in Shanghai, five hours after the close
CLOSED = {date(2026, 5, 1), date(2026, 5, 4), date(2026, 5, 5), date(2026, 6, 19)}
NAN = float("nan")


def _calendar() -> Calendar:
    days = [d.date() for d in pd.bdate_range("2026-01-05", "2026-07-10") if d.date() not in CLOSED]
    at = [datetime(d.year, d.month, d.day, tzinfo=UTC) for d in days]
    hours = [(d + timedelta(hours=1, minutes=30), d + timedelta(hours=7)) for d in at]
    return Calendar("CN", tuple(Session(d, *h) for d, h in zip(days, hours, strict=True)))


CALENDAR = _calendar()


def history(rows: int = 100, *, ticker: str = TICKER, seed: int = 1, last: date = FRIDAY) -> pd.DataFrame:
    """The last ``rows`` final bars up to ``last`` of a walk from 100 with daily moves within 3 %."""
    chance = np.random.default_rng(seed)
    days = [s.day for s in CALENDAR.sessions if s.day <= last]
    close = np.round(100 * np.exp(np.cumsum(chance.uniform(-0.03, 0.03, len(days)))), 2)
    volume = chance.integers(10_000, 50_000, len(days)) * 100.0
    raw = pd.DataFrame({"ticker": ticker, "session": days, "close": close, "open": close, "source": "test"})
    raw = raw.assign(high=np.round(close * 1.01, 2), low=np.round(close * 0.99, 2), volume=volume, final=True)
    return shape.typed(raw.assign(amount=volume * close, turnover=volume / 1e9).tail(rows), columns.BARS, source="test")


def check(bars: pd.DataFrame, stored: pd.DataFrame | None = None, ticker: str = TICKER, **more: Any) -> Verdict:
    return check_bars(bars, ticker, stored=stored, **{"calendar": CALENDAR, "now": NOW, **more})


def keys(faults: list[Fault]) -> list[str]:
    return [f.key for f in faults]


def quote(**changes: Any) -> pd.DataFrame:
    """One honest quote: +2 % on 845.00, 40 m shares of 1.1 bn traded, limits 845 × 1.2 and × 0.8."""
    row = {
        "ticker": TICKER, "name": "中际旭创", "session": FRIDAY, "last": 861.90, "previous_close": 845.00,
        "open": 850.00, "high": 870.00, "low": 840.00, "volume": 4.0e7, "amount": 4.0e7 * 855, "turnover": 0.0364,
        "float_cap": 1.1e9 * 861.90, "limit_up": 1014.00, "limit_down": 676.00, "currency": "CNY",
        "quote_time": datetime(2026, 7, 3, 7, 0, 3, tzinfo=UTC), "suspended": False, "source": "test",
        "fetched_at": NOW,
    }  # fmt: skip
    return shape.typed(pd.DataFrame([row | changes]), columns.QUOTES, source="test")


def ask(quotes: pd.DataFrame, *, wanted: set[str] | None = None, **more: Any) -> tuple[pd.DataFrame, list[Fault]]:
    asked = {"begun": {"CN": FRIDAY, "US": THURSDAY}, "now": NOW, **more}
    return check_quotes(quotes, wanted or set(quotes["ticker"]), **asked)
