"""What a quote is held against, on values worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import pytest

from basketwatch.domain.calendars import Calendar, Session
from basketwatch.refresh import evidence, quotes

THURSDAY, FRIDAY = date(2026, 7, 2), date(2026, 7, 3)
NOW = datetime(2026, 7, 3, 8, tzinfo=UTC)


def row(ticker: str, last: float, previous_close: float, source: str = "tencent", **more: Any) -> dict[str, Any]:
    given = {
        "session": pd.Timestamp(FRIDAY),
        "volume": float("nan"),
        "suspended": False,
        "quote_time": pd.Timestamp(NOW),
    }
    return {"ticker": ticker, "last": last, "previous_close": previous_close, "source": source} | given | more


def past(**more: Any) -> evidence.Past:
    days = (THURSDAY, FRIDAY)
    sessions = [
        Session(d, datetime(2026, 7, d.day, 1, 30, tzinfo=UTC), datetime(2026, 7, d.day, 7, tzinfo=UTC)) for d in days
    ]
    return evidence.Past({"CN": Calendar("CN", tuple(sessions))}, {"300308.SZ": {THURSDAY: 10.0}}, {}, {}, {}, **more)


@pytest.mark.parametrize(
    ("previous_close", "factor", "expected"),
    [
        (10.0, None, "fits"),
        (9.5, None, "contradicts"),
        (9.5, 0.95, "fits"),
        (10.0, 0.95, "fits"),
        (9.4, 0.95, "contradicts"),
    ],
)
def test_an_ex_date_s_previous_close_is_the_close_times_its_factor(
    previous_close: float, factor: float | None, expected: str
) -> None:
    """10.00 × 0.95 = 9.50. A source that still prints 10.00 is not contradicted: it has not adjusted."""
    known = past(factors={"300308.SZ": [(FRIDAY, factor)]} if factor else {})
    assert evidence.fit(row("300308.SZ", 9.6, previous_close), known, NOW) == expected


@pytest.mark.parametrize(("other", "expected"), [(7.12, True), (7.17, True), (7.20, False), (6.3, False)])
def test_two_sources_of_a_rate_agree_within_a_percent_whatever_their_day_is(other: float, expected: bool) -> None:
    """7.10: one per cent is 0.071. The day of one source ends where that of the other goes on."""
    one = row("USDCNY.FX", 7.10, 7.09, "yahoo")
    two = row("USDCNY.FX", other, 7.05, "sina", session=pd.Timestamp(THURSDAY))
    assert evidence.agree(one, two) == expected


def test_a_conflict_names_both_values_and_whose_they_are() -> None:
    rates = [row("USDCNY.FX", 7.1, 7.1, "yahoo"), row("USDCNY.FX", 6.3, 6.3, "sina")]
    assert quotes._values("USDCNY.FX", rates) == "rate 7.1 (yahoo) / 6.3 (sina)"
    closes = [row("300308.SZ", 10, 9.9), row("300308.SZ", 10, 9.7, "sina")]
    assert quotes._values("300308.SZ", closes) == "previous close 9.9 (tencent) / 9.7 (sina)"
