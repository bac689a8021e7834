"""Finds impossible or damaged stored rows before a refresh, which then replaces them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from basketwatch import clock
from basketwatch.domain.markets import FX_ZONE
from basketwatch.refresh.work import Work
from basketwatch.store import notes, prices, repair

EXAMINED = "closes_examined"  # the store's word: when all closes were found to be those that were written
ONCE_A_DAY = timedelta(hours=20)


def drop_future(work: Work) -> None:
    """Delete rows of sessions after the next one: being newest, they would block every correct answer."""
    now = clock.now()
    states = {group: calendar.state(now) for group, calendar in work.calendars.items()}
    ends = {group: state.next.day for group, state in states.items() if state.next}
    repair.drop_future(work.store, ends | {"FX": now.astimezone(FX_ZONE).date() + timedelta(days=1)}, now)


def find_damage(work: Work, tickers: Sequence[str]) -> None:
    """Once a day, look for stored closes that differ from those written; their histories are read again and replaced.

    While a damaged history is stored, every run looks.
    """
    now, last = clock.now(), notes.noted(work.store, EXAMINED)
    if last and timedelta(0) <= now - datetime.fromisoformat(last) < ONCE_A_DAY:
        return
    work.damaged = set(prices.damaged_series(work.store)) & set(tickers)
    work.reread |= work.damaged
    if not work.damaged:
        notes.note(work.store, EXAMINED, clock.iso(now))
