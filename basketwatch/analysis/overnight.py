"""US sessions that a mainland session has not seen yet, and the leaders' moves in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pandas as pd

from basketwatch.analysis.prices import at_of, days_of, moves_of, newest_of
from basketwatch.domain import markets
from basketwatch.domain.calendars import DELAY, Calendar, Session

# --- overnight ---------------------------------------------------------------------------------------------------


def overnight_sessions(home: Calendar, abroad: Calendar, day: date) -> list[Session]:
    """US sessions that a mainland session ``day`` has not seen: labelled in [previous mainland session, ``day``).

    None on the Monday after a US Friday holiday, six after Spring Festival 2026.
    """
    previous = home.before(day)
    return abroad.between(previous.day, day - timedelta(days=1)) if previous else []


def overnight_window(home: Calendar, abroad: Calendar, now: datetime) -> tuple[date | None, list[Session]]:
    """The mainland session to look at, and the US sessions begun by ``now`` that it has not or had not seen.

    Up to its close that is today's session. Then it is the next one, as soon as a US session has begun for it; until
    then, on the evening of a session, the one just traded, with what it opened to. On a day without a session it is
    the next one, even where nothing has happened for it yet.
    """
    today = home.session(now.astimezone(markets.zone_of(home.group)).date())
    coming = today if today and now < today.closes else home.state(now).next
    for target in (coming, today):
        begun = [s for s in overnight_sessions(home, abroad, target.day) if s.opens + DELAY <= now] if target else []
        if target and begun:
            return target.day, begun
    return (coming.day if coming else None), []


def overnight(
    closes: pd.DataFrame, tickers: Sequence[str], sessions: Sequence[Session], before: date | None
) -> pd.Series:
    """Compound move of each ticker over ``sessions``, against its close of ``before``; NaN without both."""
    days, values = closes.index.to_numpy(), closes.reindex(columns=list(tickers)).to_numpy(dtype="float64")
    newest, count = newest_of(values), len(tickers)
    ends = days_of([sessions[-1].day if sessions else None] * count)
    last = at_of(newest, days, ends, oldest=timedelta(0))
    return pd.Series(moves_of(values, at_of(newest, days, days_of([before] * count)), last), index=list(tickers))
