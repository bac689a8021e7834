"""The flag log as it was known at an instant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd

from basketwatch.analysis.overnight import overnight_sessions
from basketwatch.domain import markets
from basketwatch.domain.calendars import Calendar, settled_days
from basketwatch.domain.model import Universe
from basketwatch.store import flags as log
from basketwatch.store.database import Store
from basketwatch.store.prices import read_calendars


def markets_of(universe: Universe, tickers: Iterable[str]) -> list[str]:
    """The market group of each ticker in the log; for a basket, its home market."""
    homes = {f"basket:{b.id}": markets.home(b.tickers) for b in universe.baskets}
    return [homes.get(t) or (markets.group(t) if markets.is_ticker(t) else "CN") for t in tickers]


def log_at(store: Store, universe: Universe, now: datetime, since: date | None = None) -> pd.DataFrame:
    """The log as it was at ``now`` (``store.flags.read``): a replayed day contains no later flags."""
    said = log.read(store, since=since)
    calendars = read_calendars(store, (now - timedelta(days=40)).date())
    last = settled_days(calendars, now)
    if not last or not len(said):
        return said
    groups = markets_of(universe, said["ticker"])
    upto = np.array([last.get(g, max(last.values())) for g in groups], dtype="datetime64[s]")
    overnight = said["rule"].eq("us_leader").to_numpy()
    upto[overnight] = np.datetime64(_overnight_until(calendars, last), "s")
    kept: pd.DataFrame = said.loc[said["session"].to_numpy() <= upto].reset_index(drop=True)
    return kept


def _overnight_until(calendars: Mapping[str, Calendar], last: Mapping[str, date]) -> date:
    """The mainland session up to which US leaders are told: the one to come, once the US sessions before it are over."""
    home, abroad = calendars.get("CN"), calendars.get("US")
    coming = home.after(last["CN"]) if home and "CN" in last else None
    if coming and home and abroad and "US" in last:
        seen = overnight_sessions(home, abroad, coming.day)
        if seen and seen[-1].day <= last["US"]:
            return coming.day
    return last.get("CN", max(last.values()))
