"""Trading sessions, and what state a market is in at an instant.

The sessions themselves come from the store, which the refresh process fills from exchange_calendars: building the
Korean calendar alone takes seconds, and no page has them to spare. Beyond the last known session (China's calendar is
published a year at a time) every weekday counts as a session with ``confirmed=False``, which the pages say.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from basketwatch.domain import markets

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

FINAL_AFTER = timedelta(minutes=30)  # a session's bar may change until this long after its close
LIVE_FOR = timedelta(minutes=5)  # a quote taken longer ago than this while its market trades is shown as stale

# A session counts as begun for a quote once the exchange's delay has passed (Hong Kong 15, Taiwan 20 minutes).
DELAY = timedelta(minutes=25)

Phase = Literal["pre", "open", "lunch", "closed", "holiday", "unknown"]


@dataclass(frozen=True, slots=True)
class Session:
    """One trading day: exchange-local date, opening and closing instants in UTC."""

    day: date
    opens: datetime
    closes: datetime
    confirmed: bool = True


@dataclass(frozen=True, slots=True)
class MarketState:
    """A market at an instant.

    ``session``: the one in progress, or the last one that has begun; ``next``: the first one that has not begun yet.
    ``confirmed`` is False where today's or the coming session is only a guess.
    """

    group: str
    phase: Phase
    session: Session | None
    last_closed: Session | None
    next: Session | None
    confirmed: bool


@dataclass(frozen=True)
class Calendar:
    """The sessions of one group in order, known from the first to the last; past the last: weekdays, unconfirmed."""

    group: str
    sessions: tuple[Session, ...]

    @cached_property
    def _days(self) -> list[date]:
        return [s.day for s in self.sessions]

    @cached_property
    def known_days(self) -> npt.NDArray[np.datetime64]:
        """The dates of ``sessions``, ascending, for what is held against all of them at once."""
        import numpy as np

        return np.array(self._days, dtype="datetime64[D]")

    @property
    def bound(self) -> date | None:
        """Last date for which the sessions are known."""
        return self.sessions[-1].day if self.sessions else None

    def _guess(self, day: date) -> Session:
        hours, zone = markets.HOURS[self.group], markets.zone_of(self.group)
        opens = datetime.combine(day, hours.open, zone).astimezone(UTC)
        closes = datetime.combine(day, hours.close, zone).astimezone(UTC)
        return Session(day, opens, closes, confirmed=False)

    def session(self, day: date) -> Session | None:
        """The session of an exchange-local date; None when the exchange is closed that day."""
        if self.bound is None or day > self.bound:
            return self._guess(day) if day.weekday() < 5 else None
        i = bisect_left(self._days, day)
        return self.sessions[i] if i < len(self.sessions) and self.sessions[i].day == day else None

    def on_or_before(self, day: date) -> Session | None:
        """Last session whose date is not after ``day``."""
        while self.bound is None or day > self.bound:
            if day.weekday() < 5:
                return self._guess(day)
            day -= timedelta(days=1)
        i = bisect_right(self._days, day)
        return self.sessions[i - 1] if i else None

    def before(self, day: date) -> Session | None:
        """Last session whose date is before ``day``."""
        return self.on_or_before(day - timedelta(days=1))

    def after(self, day: date) -> Session | None:
        """First session whose date is after ``day``."""
        i = bisect_right(self._days, day)
        if i < len(self.sessions):
            return self.sessions[i]
        later = (day + timedelta(days=k) for k in range(1, 4))
        return next((self._guess(d) for d in later if d.weekday() < 5), None)

    def back(self, day: date, count: int) -> Session | None:
        """The session that lies ``count`` sessions before the last one on or before ``day``."""
        found = self.on_or_before(day)
        while found is not None and not found.confirmed and count > 0:
            found, count = self.before(found.day), count - 1
        if found is None or count == 0:
            return found
        i = bisect_left(self._days, found.day)
        return self.sessions[i - count] if i >= count else None

    def last_instant(self, day: date) -> datetime | None:
        """A minute before the session after ``day`` opens; None where no such session is in sight."""
        coming = self.after(day)
        return coming.opens - timedelta(minutes=1) if coming else None

    def between(self, first: date, last: date) -> list[Session]:
        """Sessions with ``first <= day <= last``."""
        known = self.sessions[bisect_left(self._days, first) : bisect_right(self._days, last)]
        start = first if self.bound is None else max(first, self.bound + timedelta(days=1))
        beyond = (start + timedelta(days=k) for k in range((last - start).days + 1))
        return [*known, *(self._guess(d) for d in beyond if d.weekday() < 5)]

    def state(self, now: datetime) -> MarketState:
        """What the market is doing at ``now`` (UTC-aware)."""
        today = now.astimezone(markets.zone_of(self.group)).date()
        current = self.session(today)
        begun = current if current and now >= current.opens else self.before(today)
        closed = begun if begun and now >= begun.closes else (self.before(begun.day) if begun else None)
        coming = current if current and now < current.opens else self.after(today)
        nearest = current or coming
        confirmed = bool(self.sessions) and nearest is not None and nearest.confirmed
        return MarketState(self.group, self._phase(now, current), begun, closed, coming, confirmed)

    def _phase(self, now: datetime, current: Session | None) -> Phase:
        if not self.sessions:
            return "unknown"
        if current is None:
            return "holiday"
        if now < current.opens:
            return "pre"
        if now >= current.closes:
            return "closed"
        pause = lunch(self.group, current.day)
        return "lunch" if pause and pause[0] <= now < pause[1] else "open"


def lunch(group: str, day: date) -> tuple[datetime, datetime] | None:
    """The break of a day, from and to (UTC); None where the market has none."""
    hours, zone = markets.HOURS[group].lunch, markets.zone_of(group)
    if hours is None:
        return None
    start, stop = (datetime.combine(day, t, zone).astimezone(UTC) for t in hours)
    return start, stop


def traded_until(group: str, session: Session, now: datetime) -> datetime:
    """The last instant up to ``now`` at which ``session`` traded: now itself, the start of lunch, or the close."""
    pause = lunch(group, session.day)
    if pause and pause[0] <= now < min(pause[1], session.closes):
        return pause[0]
    return min(now, session.closes)


def minutes_open(calendar: Calendar, session: Session, now: datetime) -> float:
    """Minutes of trading in ``session`` up to ``now``, the lunch break left out; the whole session once closed."""
    end, pause = min(now, session.closes), lunch(calendar.group, session.day)
    total = max(0.0, (end - session.opens).total_seconds() / 60)
    if pause is None:
        return total
    inside = min(end, pause[1]) - max(session.opens, pause[0])  # a late session may begin after it
    return total - max(0.0, inside.total_seconds() / 60)


def due_session(state: MarketState, now: datetime) -> Session | None:
    """The session that a quote should be of by now."""
    if state.session is None or now >= state.session.opens + DELAY:
        return state.session
    return state.last_closed or state.session


def behind(calendar: Calendar, have: date | None, want: date) -> int:
    """How many sessions ``have`` lies behind ``want``; a missing date counts as far behind (999)."""
    return 999 if have is None else len(calendar.between(have + timedelta(days=1), want))


def settled_days(calendars: Mapping[str, Calendar], now: datetime) -> dict[str, date]:
    """Group -> its last session whose bars are final; a group whose calendar knows none is left out."""
    found = {group: calendar.state(now - FINAL_AFTER).last_closed for group, calendar in calendars.items()}
    return {group: session.day for group, session in found.items() if session}
