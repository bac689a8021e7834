"""Trading sessions as plain Python values, from ``exchange_calendars``, built on first use and kept.

The span is fixed so that a day's made-up price never depends on the day the tests run.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

FIRST, LAST = date(2014, 1, 1), date(2026, 12, 31)
ZONES = {
    "XSHG": ZoneInfo("Asia/Shanghai"),
    "XHKG": ZoneInfo("Asia/Hong_Kong"),
    "XNYS": ZoneInfo("America/New_York"),
    "XTAI": ZoneInfo("Asia/Taipei"),
    "XKRX": ZoneInfo("Asia/Seoul"),
    "FX": ZoneInfo("Europe/London"),
}


@dataclass(frozen=True)
class Session:
    """One trading day: exchange-local date and the trading intervals in epoch seconds."""

    day: date
    spans: tuple[tuple[float, float], ...]

    @property
    def opens(self) -> float:
        """Epoch seconds of the first trade."""
        return self.spans[0][0]

    @property
    def closes(self) -> float:
        """Epoch seconds of the close."""
        return self.spans[-1][1]

    def progress(self, now: float) -> float:
        """Share of the trading time that has passed: 0 before the open, 1 after the close, no change over lunch."""
        total = sum(end - start for start, end in self.spans)
        done = sum(min(max(now - start, 0.0), end - start) for start, end in self.spans)
        return done / total


class Calendar:
    """The sessions of one exchange from 2014 to 2026, oldest first."""

    def __init__(self, name: str, sessions: list[Session]) -> None:
        self.name = name
        self.zone = ZONES[name]
        self.sessions = sessions
        self.days = [session.day for session in sessions]
        self._opens = [session.opens for session in sessions]

    def current(self, now: datetime) -> int:
        """Index of the last session that has opened at ``now``."""
        return bisect_right(self._opens, now.timestamp()) - 1

    def index(self, day: date) -> int:
        """Index of the last session on or before ``day``."""
        return bisect_right(self.days, day) - 1

    def on(self, day: date) -> Session | None:
        """The session of a day, or None on a day without trading."""
        at = self.index(day)
        return self.sessions[at] if at >= 0 and self.days[at] == day else None


@cache
def calendar(name: str) -> Calendar:
    """The calendar of an exchange (``XSHG XHKG XNYS XTAI XKRX``) or ``FX``, which trades Monday to Friday."""
    return Calendar(name, _currency_days() if name == "FX" else _exchange_days(name))


# Storms that exchange_calendars does not know: no upstream has a bar of these days
SHUT = {("XHKG", date(2023, 9, 1)), ("XHKG", date(2023, 9, 8)), ("XTAI", date(2024, 10, 31))}


def _exchange_days(name: str) -> list[Session]:
    import exchange_calendars

    table = exchange_calendars.get_calendar(name, start=FIRST.isoformat(), end=LAST.isoformat()).schedule
    rows = zip(table.index, table["open"], table["break_start"], table["break_end"], table["close"], strict=True)
    sessions = []
    for day, opens, pause, resume, closes in rows:
        if (name, day.date()) in SHUT:
            continue
        start, end = opens.timestamp(), closes.timestamp()
        lunch = pause == pause  # NaT differs from itself
        spans = ((start, pause.timestamp()), (resume.timestamp(), end)) if lunch else ((start, end),)
        sessions.append(Session(day.date(), spans))
    return sessions


def _currency_days() -> list[Session]:
    zone = ZONES["FX"]
    count = (LAST - FIRST).days + 1
    days = [day for day in (FIRST + timedelta(n) for n in range(count)) if day.weekday() < 5]
    starts = [datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC).timestamp() for day in days]
    return [Session(day, ((start, start + 86340.0),)) for day, start in zip(days, starts, strict=True)]
