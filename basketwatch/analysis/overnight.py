"""US sessions between two mainland sessions, the US leaders of the chains, and their moves in those sessions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd

from basketwatch.analysis.prices import Floats
from basketwatch.domain import markets
from basketwatch.domain.calendars import DELAY, Calendar, Session
from basketwatch.domain.model import Universe


def overnight_sessions(home: Calendar, abroad: Calendar, day: date) -> list[Session]:
    """US sessions labelled in [previous mainland session, ``day``): news since the previous mainland close.

    The list is empty on the Monday after a US holiday on Friday; it has six sessions after Spring Festival 2026.
    """
    previous = home.before(day)
    return abroad.between(previous.day, day - timedelta(days=1)) if previous else []


def overnight_window(home: Calendar, abroad: Calendar, now: datetime) -> tuple[date | None, list[Session]]:
    """The mainland session to show, and the US sessions before it that have begun by ``now``.

    Until its close, today's session is shown. On the evening after it, it stays until a US session has begun; then
    the next mainland session is shown. On a day without a session the next session is shown, with or without a US
    session before it.
    """
    today = home.session(now.astimezone(markets.zone_of(home.group)).date())
    coming = today if today and now < today.closes else home.state(now).next
    for target in (coming, today):
        begun = [s for s in overnight_sessions(home, abroad, target.day) if s.opens + DELAY <= now] if target else []
        if target and begun:
            return target.day, begun
    return (coming.day if coming else None), []


def leaders_of(universe: Universe) -> dict[str, list[tuple[str, str]]]:
    """US ticker -> (chain id, segment id) of each segment of a chain that it leads."""
    led: dict[str, list[tuple[str, str]]] = {}
    for chain in universe.chains:
        for segment in chain.segments:
            for ticker in segment.overseas:
                if markets.group(ticker) == "US":
                    led.setdefault(ticker, []).append((chain.id, segment.id))
    return led


def moves_over(
    closes: pd.DataFrame, tickers: Sequence[str], abroad: Calendar, spans: Sequence[Sequence[Session]]
) -> Floats:
    """Compound move of each ticker over each span of US sessions, a fraction: spans × tickers.

    From the close of the session before the span to that of its last session. NaN without both closes (an older one
    does not stand in: the move would be that of more sessions), and for an empty span. ``closes``: adjusted, wide.
    """
    before = [abroad.before(span[0].day) if span else None for span in spans]
    values = closes.reindex(columns=list(tickers)).to_numpy(dtype="float64")
    values = np.vstack([values, np.full((1, len(tickers)), np.nan)])  # the row of a day that has none: -1
    base = closes.index.get_indexer(pd.DatetimeIndex([s.day if s else None for s in before]).as_unit("s"))
    last = closes.index.get_indexer(pd.DatetimeIndex([s[-1].day if s else None for s in spans]).as_unit("s"))
    return np.asarray(values[last] / values[base] - 1)
