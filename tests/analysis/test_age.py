"""When a quote holds the close of its session, market by market; the instants are the exchanges' published hours."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from math import nan
from typing import Any

import pandas as pd
import pytest

from basketwatch.analysis.age import after_close, is_closing
from tests.domain.test_calendars import CALENDARS, at

# A ticker, a usual day, and (trade time, is it the close?) in the market's own time: just before the close, at it,
# in the auction that follows, after that, and a stamp of the next day.
#
# Mainland: closing call 14:57-15:00. Hong Kong: 16:00, closing auction to 16:08-16:10, at random.
# New York: closing cross at 16:00. Taipei: closing call 13:25-13:30. Seoul: closing call 15:20-15:30.
USUAL = {
    "300308.SZ": ("CN", "2026-07-02", {"14:59": False, "15:00": True, "15:01": True, "15:31": True}),
    "688498.SH": ("CN", "2026-07-02", {"14:57": False, "15:00": True}),
    "920045.BJ": ("CN", "2026-07-02", {"14:59": False, "15:00": True}),
    "801770.SI": ("CN", "2026-07-02", {"14:59": False, "15:00": True}),
    "01686.HK": ("HK", "2026-07-02", {"15:59": False, "16:00": False, "16:01": False, "16:07": False, "16:08": True,
                                      "16:10": True}),
    "COHR.US": ("US", "2026-07-02", {"15:59": False, "16:00": True, "16:01": True, "17:15": True}),
    "2308.TW": ("TW", "2026-07-02", {"13:24": False, "13:29": False, "13:30": True, "14:30": True}),
    "005930.KS": ("KR", "2026-07-02", {"15:19": False, "15:29": False, "15:30": True, "16:00": True}),
}  # fmt: skip
SHORT = {
    "01686.HK": ("HK", "2026-12-24", {"11:59": False, "12:00": False, "12:07": False, "12:08": True}),
    "COHR.US": ("US", "2026-11-27", {"12:59": False, "13:00": True}),
}
CASES = [
    (ticker, group, day, time, expected)
    for table in (USUAL, SHORT)
    for ticker, (group, day, times) in table.items()
    for time, expected in times.items()
]


def quote(ticker: str, day: str, traded: datetime, fetched: datetime, delay: float = nan) -> dict[str, Any]:
    session = pd.Timestamp(date.fromisoformat(day))
    return {"ticker": ticker, "session": session, "quote_time": pd.Timestamp(traded),
            "fetched_at": pd.Timestamp(fetched), "delay_minutes": delay}  # fmt: skip


@pytest.mark.parametrize(("ticker", "group", "day", "time", "expected"), CASES)
def test_the_last_trade_lies_at_or_after_the_end_of_the_auction(
    ticker: str, group: str, day: str, time: str, expected: bool
) -> None:
    traded = at(f"{day} {time}", group)
    for fetched in (traded, traded + timedelta(hours=12), traded + timedelta(days=1)):
        assert after_close(quote(ticker, day, traded, fetched), CALENDARS[group]) == expected


@pytest.mark.parametrize(
    ("ticker", "group", "delay", "ends", "first"),
    [
        ("300308.SZ", "CN", 0.0, "15:00", "15:00"), ("300308.SZ", "CN", nan, "15:00", "15:00"),
        ("01686.HK", "HK", 15.0, "16:08", "16:23"), ("COHR.US", "US", 0.0, "16:00", "16:00"),
        ("2308.TW", "TW", 20.0, "13:30", "13:50"), ("005930.KS", "KR", 20.0, "15:30", "15:50"),
    ],
)  # fmt: skip
def test_a_delayed_source_has_the_close_when_its_delay_has_passed(
    ticker: str, group: str, delay: float, ends: str, first: str
) -> None:
    """The source stamps with the time of sending: only ``fetched_at`` tells that its prices lag behind."""
    at_first, minute = at(f"2026-07-02 {first}", group), timedelta(minutes=1)
    for fetched, expected in ((at_first - minute, False), (at_first, True), (at_first + timedelta(days=1), True)):
        stamped = max(fetched, at(f"2026-07-02 {ends}", group))
        assert after_close(quote(ticker, "2026-07-02", stamped, fetched, delay), CALENDARS[group]) == expected


def test_hong_kong_at_sixteen_past_four_with_the_trade_of_one_past() -> None:
    """Fetched after close and delay, but from before the auction: no close for anybody."""
    early = quote("01686.HK", "2026-07-02", at("2026-07-02 16:01", "HK"), at("2026-07-02 16:16", "HK"), 15.0)
    assert not after_close(early, CALENDARS["HK"])
    assert not is_closing(early, CALENDARS, at("2026-07-02 18:00", "HK"))


def test_a_stuck_answer_is_not_the_close_however_late_it_is_fetched() -> None:
    stuck = quote("300308.SZ", "2026-07-02", at("2026-07-02 11:20", "CN"), at("2026-07-02 20:00", "CN"))
    assert not after_close(stuck, CALENDARS["CN"])


def test_nothing_is_after_the_close_without_a_session_or_an_instant() -> None:
    evening = at("2026-07-03 20:00", "CN")
    assert not after_close(quote("COHR.US", "2026-07-03", evening, evening), CALENDARS["US"])  # Independence Day
    assert not after_close(quote("300308.SZ", "2026-07-03", evening, evening), None)
    taken = quote("300308.SZ", "2026-07-03", evening, evening)
    assert after_close(taken, CALENDARS["CN"])
    for missing in ("quote_time", "fetched_at"):
        assert not after_close(taken | {missing: pd.NaT}, CALENDARS["CN"])


@pytest.mark.parametrize(
    ("ticker", "group", "traded", "final_from"),
    [("300308.SZ", "CN", "15:00", "15:30"), ("01686.HK", "HK", "16:08", "16:30"), ("COHR.US", "US", "16:00", "16:30"),
     ("2308.TW", "TW", "13:30", "14:00"), ("005930.KS", "KR", "15:30", "16:00")],
)  # fmt: skip
def test_a_closing_quote_is_final_half_an_hour_after_the_close(
    ticker: str, group: str, traded: str, final_from: str
) -> None:
    stamp, final = at(f"2026-07-02 {traded}", group), at(f"2026-07-02 {final_from}", group)
    sent = quote(ticker, "2026-07-02", stamp, stamp)
    for now, expected in ((stamp, False), (final - timedelta(minutes=1), False), (final, True),
                          (final + timedelta(days=1), True)):  # fmt: skip
        assert is_closing(sent, CALENDARS, now) == expected
    running = quote(ticker, "2026-07-02", stamp - timedelta(minutes=1), stamp + timedelta(hours=1))
    assert not is_closing(running, CALENDARS, final + timedelta(days=1))


def test_the_day_of_an_exchange_rate_ends_at_midnight_in_london() -> None:
    """Summer time: 23:00 UTC."""
    rate = quote("USDCNY.FX", "2026-07-02", at("2026-07-02 20:00"), at("2026-07-02 20:00"))
    assert not is_closing(rate, CALENDARS, at("2026-07-02 22:59"))
    assert is_closing(rate, CALENDARS, at("2026-07-02 23:00"))
