"""Sessions: instants in UTC on both sides of the clock changes, short days, corrections, the end of what is known."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache

import pytest

from basketwatch.domain import markets
from basketwatch.domain.calendars import Calendar, Session, minutes_open
from basketwatch.sources.sessions import bound, fetch_apart, fetch_sessions


@cache
def year(group: str) -> dict[date, Session]:
    """The sessions of 2026; Korea's take seconds to build."""
    return {s.day: s for s in fetch_sessions(group, date(2026, 1, 1), date(2026, 12, 31))}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("group", "day", "opens", "closes"),
    [
        pytest.param("US", date(2026, 3, 6), "2026-03-06 14:30", "2026-03-06 21:00", id="New York, last winter day"),
        pytest.param("US", date(2026, 3, 9), "2026-03-09 13:30", "2026-03-09 20:00", id="New York, first summer day"),
        pytest.param("US", date(2026, 10, 30), "2026-10-30 13:30", "2026-10-30 20:00", id="New York, last summer day"),
        pytest.param("US", date(2026, 11, 2), "2026-11-02 14:30", "2026-11-02 21:00", id="New York, first winter day"),
        pytest.param("US", date(2026, 11, 27), "2026-11-27 14:30", "2026-11-27 18:00", id="day after Thanksgiving"),
        pytest.param("HK", date(2026, 12, 24), "2026-12-24 01:30", "2026-12-24 04:00", id="Hong Kong half day"),
        pytest.param("HK", date(2026, 2, 16), "2026-02-16 01:30", "2026-02-16 04:00", id="Lunar New Year's Eve"),
        pytest.param("CN", date(2026, 2, 24), "2026-02-24 01:30", "2026-02-24 07:00", id="after Spring Festival"),
        pytest.param("TW", date(2026, 7, 3), "2026-07-03 01:00", "2026-07-03 05:30", id="Taiwan"),
        pytest.param("KR", date(2026, 7, 3), "2026-07-03 00:00", "2026-07-03 06:30", id="Korea"),
        pytest.param("KR", date(2026, 11, 19), "2026-11-19 01:00", "2026-11-19 07:30", id="Korea, examination day"),
    ],
)
def test_hours_of_a_day(group: str, day: date, opens: str, closes: str) -> None:
    session = year(group)[day]
    assert (session.day, session.opens, session.closes) == (day, utc(opens), utc(closes))
    assert session.confirmed


# Days that the exchanges closed or shortened, and exchange_calendars 4.13.2 does not know
SHUT = (
    ("HK", date(2023, 7, 17)),
    ("HK", date(2023, 9, 1)),
    ("HK", date(2023, 9, 8)),
    ("HK", date(2024, 9, 6)),
    ("TW", date(2024, 10, 31)),
)
LATE = (
    ("HK", date(2020, 8, 19), "13:30", 150), ("HK", date(2021, 6, 28), "13:30", 150), ("HK", date(2023, 10, 9), "14:00", 120),
    ("KR", date(2021, 11, 18), "10:00", 390), ("KR", date(2024, 11, 14), "10:00", 390), ("KR", date(2025, 11, 13), "10:00", 390),
)  # fmt: skip


@pytest.mark.parametrize(("group", "day"), SHUT)
def test_storms_that_shut_an_exchange(group: str, day: date) -> None:
    days = [s.day for s in fetch_sessions(group, date(day.year, 7, 1), date(day.year, 12, 31))]
    assert day not in days and len(days) > 110


@pytest.mark.parametrize(("group", "day", "opens", "minutes"), LATE)
def test_late_openings(group: str, day: date, opens: str, minutes: float) -> None:
    """Half past one to four are 150 minutes: the lunch break before the opening is none."""
    (session,) = [s for s in fetch_sessions(group, date(day.year, 6, 1), date(day.year, 12, 31)) if s.day == day]
    assert f"{session.opens.astimezone(markets.zone_of(group)):%H:%M}" == opens
    assert minutes_open(Calendar(group, (session,)), session, session.closes) == minutes


@pytest.mark.parametrize("day", [date(2024, 11, 14), date(2025, 9, 23), date(2025, 9, 24)])
def test_hong_kong_trades_through_storms_since_2024(day: date) -> None:
    assert day in [s.day for s in fetch_sessions("HK", date(day.year, 9, 1), date(day.year, 12, 31))]


@pytest.mark.parametrize(
    ("group", "day"),
    [
        pytest.param("CN", date(2026, 2, 16), id="Spring Festival begins"),
        pytest.param("CN", date(2026, 2, 23), id="Spring Festival ends"),
        pytest.param("CN", date(2026, 10, 7), id="National Day"),
        pytest.param("CN", date(2026, 2, 28), id="a working Saturday is no session"),
        pytest.param("US", date(2026, 7, 3), id="Independence Day observed"),
        pytest.param("KR", date(2026, 6, 3), id="Korea, local elections"),
        pytest.param("KR", date(2026, 7, 17), id="Korea, Constitution Day"),
    ],
)
def test_no_session(group: str, day: date) -> None:
    assert day not in year(group)


def test_a_span_without_sessions_is_empty() -> None:
    assert fetch_sessions("CN", date(2026, 10, 1), date(2026, 10, 7)) == []


def test_only_the_wrong_days_are_taken_out_of_korea() -> None:
    days = [day for day in year("KR") if date(2026, 7, 15) <= day <= date(2026, 7, 21)]
    assert days == [date(2026, 7, 15), date(2026, 7, 16), date(2026, 7, 20), date(2026, 7, 21)]


def test_china_ends_where_its_holidays_are_known() -> None:
    known = bound("CN")
    assert known == date(2026, 12, 31)
    days = [s.day for s in fetch_sessions("CN", date(2026, 12, 28), date(2027, 6, 30))]
    assert days == [date(2026, 12, d) for d in (28, 29, 30, 31)]
    assert fetch_sessions("CN", date(2027, 1, 1), date(2027, 6, 30)) == []


def test_a_span_longer_than_the_package_builds_by_itself() -> None:
    """Its own calendars begin 20 years ago and end a year from today."""
    days = [s.day for s in fetch_sessions("US", date(2003, 1, 1), date(2029, 12, 31))]
    assert (days[0], days[-1]) == (date(2003, 1, 2), date(2029, 12, 31))


@pytest.mark.parametrize("group", markets.GROUPS)
def test_bounds_do_not_end_before_china_does(group: str) -> None:
    assert (bound(group) or date.max) >= date(2026, 12, 31)


def test_currencies_have_no_sessions() -> None:
    assert bound("FX") is None
    assert fetch_sessions("FX", date(2026, 1, 1), date(2026, 12, 31)) == []


def test_a_process_of_its_own_finds_the_same_sessions() -> None:
    assert fetch_apart("HK", date(2026, 1, 1), date(2026, 12, 31)) == list(year("HK").values())
