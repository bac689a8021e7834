"""Trading calendars of the markets in use, read when none are stored or they run out soon."""

from __future__ import annotations

from datetime import date, timedelta

from basketwatch import clock
from basketwatch.domain.calendars import Calendar, Session
from basketwatch.errors import SourceError
from basketwatch.refresh.work import Part, Work, side_by_side
from basketwatch.sources import chains
from basketwatch.store import prices

CALENDAR_YEARS = 11
SLOW_CALENDARS = {"KR"}  # building them takes seconds; the first requests do not wait for it
AHEAD = timedelta(days=45)  # sessions that must be known from today on


# --- calendars ---------------------------------------------------------------------------------------------------


def read_calendars(work: Work, groups: set[str]) -> None:
    """Sessions of the markets in use, from exchange_calendars, when none are stored or they run out soon.

    If that fails, the stored sessions are used; after the last of them weekdays count as sessions.
    """
    today = clock.now().date()
    soon = min(today + AHEAD, date(today.year, 12, 31))
    needed = [g for g in sorted(groups) if (bound := _bound(work, g)) is None or bound < soon]

    def fetch(group: str) -> list[Session]:
        from basketwatch.sources import sessions

        with chains.bugs_said("exchange_calendars"):
            first, last = date(today.year - CALENDAR_YEARS, 1, 1), date(today.year + 1, 12, 31)
            return (sessions.fetch_apart if group in SLOW_CALENDARS else sessions.fetch_sessions)(group, first, last)

    part = Part("bars", "calendars", len(needed))
    lanes = [[g for g in needed if g not in SLOW_CALENDARS], [g for g in needed if g in SLOW_CALENDARS]]
    for group, found in side_by_side(work, lanes, fetch):
        if isinstance(found, SourceError):
            part.failed("exchange_calendars", found)
            part.missing.append(group)
        elif found:
            prices.save_sessions(work.store, group, found)
            work.calendars[group] = Calendar(group, tuple(found))
            part.got += 1
        work.calendars.setdefault(group, Calendar(group, ()))
    if part.missing:
        work.parts.append(part)


def reaching_back(today: date, years: int) -> date:
    """First day of the sessions needed to check histories: Yahoo sends up to five years when asked for three."""
    return date(today.year - (CALENDAR_YEARS if years > 4 else 6), 1, 1)


def _bound(work: Work, group: str) -> date | None:
    known = work.calendars.get(group)
    return known.bound if known else None
