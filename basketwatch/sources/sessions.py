"""Trading sessions from exchange_calendars, corrected where an exchange decided otherwise than the package knows.

Built in the refresh process and stored: the Korean calendar alone takes seconds. Shenzhen and Beijing keep Shanghai's.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from importlib import import_module
from multiprocessing import get_context

from basketwatch.domain import markets
from basketwatch.domain.calendars import Session

# Days that exchange_calendars 4.13.2 takes for sessions, and why they were none.
NOT_SESSIONS: dict[tuple[str, date], str] = {
    ("HK", date(2023, 9, 1)): "typhoon Saola",
    ("HK", date(2023, 9, 8)): "black rainstorm",
    ("TW", date(2024, 10, 31)): "typhoon Kong-rey",
    ("KR", date(2026, 6, 3)): "local elections",
    ("KR", date(2026, 7, 17)): "Constitution Day, a public holiday again from 2026",
}
# Days with other hours than it knows (exchange-local), and why.
OTHER_HOURS: dict[tuple[str, date], tuple[time, time, str]] = {
    ("HK", date(2020, 8, 19)): (time(13, 30), time(16, 0), "typhoon Higos, no morning session"),
    ("HK", date(2021, 6, 28)): (time(13, 30), time(16, 0), "black rainstorm, no morning session"),
    ("HK", date(2023, 10, 9)): (time(14, 0), time(16, 0), "typhoon Koinu, no morning session"),
} | {
    ("KR", day): (time(10, 0), time(16, 30), "university entrance examination")
    for day in (date(2021, 11, 18), date(2022, 11, 17), date(2023, 11, 16), date(2024, 11, 14), date(2025, 11, 13),
                date(2026, 11, 19))
}  # fmt: skip
_PAD = timedelta(days=30)  # the package raises for a span without any session; no holiday is as long as this


def bound(group: str) -> date | None:
    """Last date for which the sessions of a group are known; None without such a limit (and for FX)."""
    name = markets.calendar_of(group)
    if name is None:
        return None
    module = import_module(f"exchange_calendars.exchange_calendar_{name.lower()}")
    last = getattr(module, f"{name}ExchangeCalendar").bound_max()
    return None if last is None else last.date()


def fetch_sessions(group: str, first: date, last: date) -> list[Session]:
    """Sessions with ``first <= day <= last`` as far as they are known, with early and late hours in UTC.

    China's holidays are decided a year at a time: past ``bound`` the list ends, it never raises. FX has none.
    """
    name, known = markets.calendar_of(group), bound(group)
    last = min(last, known) if known else last
    if name is None or last < first:
        return []
    import exchange_calendars

    schedule = exchange_calendars.get_calendar(name, start=str(first - _PAD), end=str(last)).schedule
    return [
        _session(group, day.date(), opens.to_pydatetime(), closes.to_pydatetime())
        for day, opens, closes in zip(schedule.index, schedule["open"], schedule["close"], strict=True)
        if first <= day.date() and (group, day.date()) not in NOT_SESSIONS
    ]


def fetch_apart(group: str, first: date, last: date) -> list[Session]:
    """The same from a process of its own, so that this one's threads go on meanwhile."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(fetch_sessions, group, first, last).result()


def _session(group: str, day: date, opens: datetime, closes: datetime) -> Session:
    if (group, day) in OTHER_HOURS:
        start, end, _ = OTHER_HOURS[group, day]
        zone = markets.zone_of(group)
        opens, closes = datetime.combine(day, start, zone), datetime.combine(day, end, zone)
    return Session(day, opens.astimezone(UTC), closes.astimezone(UTC))
