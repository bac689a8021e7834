"""How old a quote is, and whether that is late."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from basketwatch.domain.calendars import FINAL_AFTER, LIVE_FOR, Calendar, MarketState, behind, due_session, traded_until
from basketwatch.domain.model import SymbolState

AHEAD = timedelta(minutes=5)  # a quote fetched later than this after ``now`` belongs to the future of a replayed day

Words = Mapping[tuple[str, str], SymbolState]


# --- how old it is -----------------------------------------------------------------------------------------------


def add_age(
    table: pd.DataFrame,
    calendars: Mapping[str, Calendar],
    states: Mapping[str, MarketState],
    words: Words,
    now: datetime,
) -> None:
    """Columns behind, stale and state."""
    rows: list[Any] = list(table.itertuples())
    lag = [_behind(r.session.date(), calendars.get(r.group), states.get(r.group), now) for r in rows]
    stale = [_stale(r, n, states.get(r.group), now) for r, n in zip(rows, lag, strict=True)]
    said = [_state(r, old, states.get(r.group), words, now) for r, old in zip(rows, stale, strict=True)]
    table["behind"], table["stale"], table["state"] = lag, stale, said


def delay(row: Any) -> timedelta:
    return timedelta(minutes=0 if np.isnan(row.delay_minutes) else row.delay_minutes)


def _behind(session: date, calendar: Calendar | None, state: MarketState | None, now: datetime) -> int:
    """Sessions between a row's own and the one due; for an exchange rate weekdays."""
    if calendar is None or state is None:
        return int(np.busday_count(session + timedelta(days=1), max(session, now.date()) + timedelta(days=1)))
    due = due_session(state, now)
    return behind(calendar, session, due.day) if due else 0


def _stale(row: Any, lag: int, state: MarketState | None, now: datetime) -> bool:
    """Older than it should be: of an earlier session, or fetched before the market's last trade and not just now.

    Half an hour after the close only a price from after the close will do. What is suspended must have been seen so
    since the session began.
    """
    if state is None:
        return lag > 1
    session, due = state.session, due_session(state, now)
    if session is None or due is None:
        return False
    if row.suspended:
        return not row.fetched_at >= due.opens
    if lag > 0 or row.final:
        return lag > 0
    if now >= session.closes + FINAL_AFTER + LIVE_FOR:
        return not row.fetched_at >= session.closes + delay(row)
    recent = row.fetched_at >= traded_until(state.group, session, now) or now - row.fetched_at <= LIVE_FOR
    return not recent


def _state(row: Any, stale: bool, state: MarketState | None, words: Words, now: datetime) -> str:
    """The one word for a symbol: what left it stale, else ``partial`` while its session may still change."""
    word = words.get((row.ticker, "quotes"))
    if stale:
        return word.state if word and word.state not in ("ok", "partial") else "stale"
    session = None if state is None or row.final or row.suspended else state.session
    unfinished = session and row.session.date() == session.day and now < session.closes + FINAL_AFTER
    return "partial" if unfinished else "ok"
