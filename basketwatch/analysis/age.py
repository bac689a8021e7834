"""How old a quote is: whether it is late, whether it was taken after the close, whether it is final."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from basketwatch.domain import markets
from basketwatch.domain.calendars import FINAL_AFTER, LIVE_FOR, Calendar, MarketState, behind, due_session, traded_until
from basketwatch.domain.markets import FX_ZONE
from basketwatch.domain.model import SymbolState

AHEAD = timedelta(minutes=5)  # a quote fetched later than this after ``now`` belongs to the future of a replayed day

Words = Mapping[tuple[str, str], SymbolState]


# --- after the close ---------------------------------------------------------------------------------------------


def after_close(quote: Mapping[str, Any], calendar: Calendar | None) -> bool:
    """Whether a quote was taken after the close of its session, so that its price is the closing price.

    ``quote``: session, quote_time, fetched_at and delay_minutes of ``columns.QUOTES``. Trading ends at the session's
    close, in Hong Kong with the auction after it (``Hours.auction``). Two instants must not lie before that end:

    * ``quote_time``, the last trade that the source shows. An answer that repeats an earlier price fails here.
    * ``fetched_at`` less the source's delay. A source that stamps its answers with the time of sending fails here
      while its prices are still those from before the close. An unknown delay counts as none.

    The closing price is then known; the mainland's volume may grow until 15:30, by trades at that price. A share whose
    last trade lies before the end never passes: its close comes with its history. False without a calendar, on a day
    without a session, and where an instant is missing.
    """
    session = calendar.session(quote["session"].date()) if calendar else None
    if calendar is None or session is None:
        return False
    ends = session.closes + markets.HOURS[calendar.group].auction
    return bool(quote["quote_time"] >= ends and quote["fetched_at"] >= ends + delay(quote["delay_minutes"]))


def is_closing(quote: Mapping[str, Any], calendars: Mapping[str, Calendar], now: datetime) -> bool:
    """Whether a quote may be stored as its session's final bar: ``after_close``, and bars are final by ``now``.

    An exchange rate has no session: its day is over at midnight in London. ``quote``: see ``after_close``, and ticker.
    """
    day, calendar = quote["session"].date(), calendars.get(markets.group(quote["ticker"]))
    if calendar is None:
        return bool(day < now.astimezone(FX_ZONE).date())
    session = calendar.session(day)
    return session is not None and now >= session.closes + FINAL_AFTER and after_close(quote, calendar)


def delay(minutes: float) -> timedelta:
    """A source's delay in minutes (NaN where it is not known) as a duration."""
    return timedelta(minutes=0 if np.isnan(minutes) else minutes)


# --- how old it is -----------------------------------------------------------------------------------------------


def add_age(
    table: pd.DataFrame,
    calendars: Mapping[str, Calendar],
    states: Mapping[str, MarketState],
    words: Words,
    now: datetime,
) -> None:
    """Add the columns behind (sessions), stale (bool) and state (a word of ``model.State``) to ``table``.

    ``words``: the stored state of each (ticker, part).
    """
    rows: list[Any] = list(table.itertuples())
    lag = [_behind(r.session.date(), calendars.get(r.group), states.get(r.group), now) for r in rows]
    stale = [_stale(r, n, calendars.get(r.group), states.get(r.group), now) for r, n in zip(rows, lag, strict=True)]
    said = [_state(r, old, states.get(r.group), words, now) for r, old in zip(rows, stale, strict=True)]
    table["behind"], table["stale"], table["state"] = lag, stale, said


def _behind(session: date, calendar: Calendar | None, state: MarketState | None, now: datetime) -> int:
    """Sessions by which a row lags the session that is due; for an exchange rate, weekdays."""
    if calendar is None or state is None:
        return int(np.busday_count(session + timedelta(days=1), max(session, now.date()) + timedelta(days=1)))
    due = due_session(state, now)
    return behind(calendar, session, due.day) if due else 0


def _stale(row: Any, lag: int, calendar: Calendar | None, state: MarketState | None, now: datetime) -> bool:
    """True where a row is late: it has an earlier session, or it was fetched before the market's last trade.

    While the market trades, a quote fetched within ``LIVE_FOR`` is not late. From half an hour after the close on, a
    quote must pass ``after_close``. A suspended share must have been fetched since the session opened.
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
        return not after_close(row._asdict(), calendar)
    recent = row.fetched_at >= traded_until(state.group, session, now) or now - row.fetched_at <= LIVE_FOR
    return not recent


def _state(row: Any, stale: bool, state: MarketState | None, words: Words, now: datetime) -> str:
    """The word shown for a symbol: why it is stale, else ``partial`` while its bar may still change, else ``ok``."""
    word = words.get((row.ticker, "quotes"))
    if stale:
        return word.state if word and word.state not in ("ok", "partial") else "stale"
    session = None if state is None or row.final or row.suspended else state.session
    unfinished = session and row.session.date() == session.day and now < session.closes + FINAL_AFTER
    return "partial" if unfinished else "ok"
