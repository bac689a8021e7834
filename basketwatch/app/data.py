"""What pages read, cached by the version of the store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from basketwatch import clock, memory
from basketwatch.app import asgi
from basketwatch.domain import markets
from basketwatch.errors import StoreError
from basketwatch.store import notes, opening, prices

if TYPE_CHECKING:
    import pandas as pd

    from basketwatch.analysis.flags import reading
    from basketwatch.analysis.snapshot import Picture
    from basketwatch.domain.calendars import Calendar, MarketState
    from basketwatch.domain.model import House, SeriesKey
    from basketwatch.settings import Settings
    from basketwatch.store.database import Store


# --- data --------------------------------------------------------------------------------------------------------


def house(here: Settings) -> House:
    """Baskets and maps as the files have them now."""
    files = [f for folder in ("watchlists", "sector_maps") for f in sorted((here.home / folder).glob("*.toml"))]
    stamps = tuple((f.name, f.stat().st_mtime_ns, f.stat().st_size) for f in files)
    return _house(str(here.home), stamps)


def followed(here: Settings) -> tuple[str, ...]:
    """Every ticker of the files; the store may hold more, of members that have left."""
    from basketwatch.domain.universe import universe

    return universe(house(here))


@st.cache_resource(max_entries=2, show_spinner=False)
def _house(home: str, stamps: tuple[object, ...]) -> House:
    from basketwatch.files.baskets import read_house

    return read_house(Path(home))


def picture(opened: Store, here: Settings) -> Picture:
    """The picture of this version of the store, at most half a minute old in its judgement of age."""
    now = clock.now()
    half_minute = now.replace(second=now.second // 30 * 30, microsecond=0)
    files = house(here)
    return _picture(opened, files, notes.version(opened), here.url, half_minute, hash(files))


@st.cache_resource(max_entries=3, show_spinner=False)
def _picture(_opened: Store, _files: House, version: str, url: str, now: datetime, files: int) -> Picture:
    """Computed once a version for all readers, who only read it; keyed by the version, never by a frame."""
    memory.load_pandas()
    from basketwatch.analysis import snapshot

    seen = snapshot.picture(_opened, _files, now)
    memory.give_back()
    return seen


def past_picture(here: Settings, at: datetime) -> Picture:
    """The picture as it was at ``at``, an instant that does not move from rerun to rerun, such as a week's end."""
    opened, files = store_of(here), house(here)
    return _past_picture(opened, files, notes.version(opened), here.url, at, hash(files))


@st.cache_resource(max_entries=2, show_spinner=False)
def _past_picture(_opened: Store, _files: House, version: str, url: str, at: datetime, files: int) -> Picture:
    from basketwatch.analysis import snapshot

    return snapshot.picture(_opened, _files, at)


def store_of(here: Settings) -> Store:
    """The store of a page that has a picture, so there is one. Raises the store's errors."""
    found = opening.open_reader(here.url, demo=here.demo)
    if found is None:
        raise StoreError(path=here.url, detail="it has gone")
    return found


@st.cache_data(max_entries=64, show_spinner=False)
def _bars_of(url: str, demo: bool, ticker: str, version: str) -> pd.DataFrame | None:
    opened = opening.open_reader(url, demo=demo)
    since = clock.now().date() - timedelta(days=370)
    return prices.read_bars(opened, [ticker], since) if opened else None


def bars_of(here: Settings, ticker: str, version: str) -> pd.DataFrame | None:
    """Unadjusted daily bars of one security, the last year; None without a store."""
    return _bars_of(here.url, here.demo, ticker, version)


@st.cache_data(max_entries=64, show_spinner=False)
def _histories_of(url: str, demo: bool, ticker: str, version: str, _seen: Picture) -> dict[SeriesKey, pd.DataFrame]:
    from basketwatch.analysis.valuation import readings

    opened = opening.open_reader(url, demo=demo)
    return readings.histories(opened, [ticker], _seen.calendars, _seen.now) if opened else {}


def histories_of(here: Settings, ticker: str, seen: Picture) -> dict[SeriesKey, pd.DataFrame]:
    """Every stored PE series of one ticker (columns of ``store.valuations.read``)."""
    return _histories_of(here.url, here.demo, ticker, seen.version, seen)


@st.cache_data(max_entries=32, show_spinner=False)
def _closes_of(url: str, demo: bool, ticker: str, version: str) -> pd.DataFrame | None:
    opened = opening.open_reader(url, demo=demo)
    return prices.read_bars(opened, [ticker])[["session", "close"]] if opened else None


def closes_of(here: Settings, ticker: str, version: str) -> pd.DataFrame | None:
    """All stored closes of one security, unadjusted: session, close; None without a store."""
    return _closes_of(here.url, here.demo, ticker, version)


@st.cache_resource(max_entries=2, show_spinner=False)
def _flags_of(_opened: Store, _files: House, url: str, since: date, version: str) -> pd.DataFrame:
    from basketwatch.analysis.flags import log

    return log.log_at(_opened, _files, clock.now(), since)


def flags_of(here: Settings, seen: Picture) -> pd.DataFrame:
    """The log of a year and some (``store.flags.read``), which all readers only read."""
    since = seen.now.date() - timedelta(days=400)
    return _flags_of(store_of(here), seen.house, here.url, since, seen.version)


@st.cache_resource(max_entries=1, show_spinner=False)
def _judging(_opened: Store, _files: House, url: str, version: str, files: int, day: date) -> reading.Read:
    from basketwatch.analysis.flags import reading

    return reading.read(_opened, _files, clock.now())


def judging(here: Settings, seen: Picture) -> reading.Read:
    """What the rules are judged on, for a dry run and for what came after; once a version."""
    return _judging(store_of(here), seen.house, here.url, seen.version, hash(seen.house), seen.now.date())


def last_look() -> int | None:
    """When this browser last loaded a page before this sitting, seconds since 1970; None at its first visit."""
    return asgi.instant_of(st.context.cookies.get(asgi.BEFORE, ""), clock.now().timestamp())


def market_states(opened: Store | None, tickers: Iterable[str], now: datetime) -> dict[str, MarketState]:
    """What each market of ``tickers`` is doing; the calendars around today are read once a version."""
    if opened is None:
        return {}
    groups = {markets.group(ticker) for ticker in tickers}
    known = _calendars(opened, notes.version(opened), now.date().isoformat())
    return {group: calendar.state(now) for group, calendar in known.items() if group in groups}


@st.cache_resource(max_entries=2, show_spinner=False)
def _calendars(_opened: Store, version: str, today: str) -> dict[str, Calendar]:
    return prices.read_calendars(_opened, datetime.fromisoformat(today).date() - timedelta(days=30))


@st.cache_resource(show_spinner=False)
def demo_market(here: Settings) -> datetime:
    from basketwatch.refresh import demo

    return demo.prepare(here)
