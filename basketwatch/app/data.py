"""What pages read, cached by the version of the store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from basketwatch import clock, memory
from basketwatch.app import asgi
from basketwatch.app.refresher import build_demo
from basketwatch.domain import markets
from basketwatch.errors import StoreError
from basketwatch.store import notes, opening, prices

if TYPE_CHECKING:
    import pandas as pd

    from basketwatch.analysis.boards import Drift
    from basketwatch.analysis.flags import reading
    from basketwatch.analysis.health import Facts
    from basketwatch.analysis.snapshot import Snapshot
    from basketwatch.domain.calendars import Calendar, MarketState
    from basketwatch.domain.model import Freshness, SeriesKey, Universe
    from basketwatch.files.notes.index import Index
    from basketwatch.settings import Settings
    from basketwatch.store.database import Store


# --- data --------------------------------------------------------------------------------------------------------


def universe(settings: Settings) -> Universe:
    """Baskets and maps as the files have them now."""
    files = [f for folder in ("watchlists", "sector_maps") for f in sorted((settings.home / folder).glob("*.toml"))]
    stamps = tuple((f.name, f.stat().st_mtime_ns, f.stat().st_size) for f in files)
    return _universe(str(settings.home), stamps)


def followed(settings: Settings) -> tuple[str, ...]:
    """Every ticker of the files; the store may hold more, of members that have left."""
    from basketwatch.domain.universe import all_tickers

    return all_tickers(universe(settings))


@st.cache_resource(max_entries=2, show_spinner=False)
def _universe(home: str, stamps: tuple[object, ...]) -> Universe:
    from basketwatch.files.baskets import read_universe

    return read_universe(Path(home))


def index_of(settings: Settings, store: Store | None) -> Index:
    """The names of everything that is followed and of the table of securities, for search and pasted notes."""
    files = universe(settings)
    tried = notes.noted(store, notes.WEEKLY_TRIED) if store else None
    return _index(files, store, hash(files), settings.url, tried)


@st.cache_resource(max_entries=2, show_spinner=False)
def _index(_files: Universe, _store: Store | None, files: int, url: str, tried: str | None) -> Index:
    from basketwatch.files.notes.index import built, security
    from basketwatch.store import securities

    return built(_files, (security(*row) for row in (securities.read(_store) if _store and tried else ())))


def drift_of(store: Store | None, board: str, members: Iterable[str]) -> Drift | None:
    """A board of Eastmoney, as it was seen last, held against the members of a basket; None where it was never seen."""
    from basketwatch.analysis import boards
    from basketwatch.store import securities

    return boards.drift(securities.read_board(store, board), members) if store and board else None


def snapshot_of(store: Store, settings: Settings) -> Snapshot:
    """The snapshot of this version of the store, at most half a minute old in its judgement of age."""
    now = clock.now()
    half_minute = now.replace(second=now.second // 30 * 30, microsecond=0)
    files = universe(settings)
    return _snapshot(store, files, notes.version(store), settings.url, half_minute, hash(files))


@st.cache_resource(max_entries=3, show_spinner=False)
def _snapshot(_store: Store, _files: Universe, version: str, url: str, now: datetime, files: int) -> Snapshot:
    """Computed once a version for all readers, who only read it; keyed by the version, never by a frame."""
    memory.load_pandas()
    from basketwatch.analysis.snapshot import market_snapshot

    snapshot = market_snapshot(_store, _files, now)
    memory.give_back()
    return snapshot


def past_snapshot(settings: Settings, at: datetime) -> Snapshot:
    """The snapshot as it was at ``at``, an instant that does not move from rerun to rerun, such as a week's end."""
    store, files = store_of(settings), universe(settings)
    return _past_snapshot(store, files, notes.version(store), settings.url, at, hash(files))


@st.cache_resource(max_entries=2, show_spinner=False)
def _past_snapshot(_store: Store, _files: Universe, version: str, url: str, at: datetime, files: int) -> Snapshot:
    from basketwatch.analysis.snapshot import market_snapshot

    return market_snapshot(_store, _files, at)


def store_of(settings: Settings) -> Store:
    """The store of a page that has a snapshot, so there is one. Raises the store's errors."""
    found = opening.open_reader(settings.url, demo=settings.demo)
    if found is None:
        raise StoreError(path=settings.url, detail="it has gone")
    return found


def health_of(settings: Settings, snapshot: Snapshot) -> Facts:
    """What the store knows of requests and answers; read anew each time, because a running refresh adds to it."""
    from basketwatch.analysis import health

    return health.facts(store_of(settings), snapshot.now)


def freshness_of(store: Store | None, settings: Settings) -> dict[str, Freshness]:
    """Market group -> how fresh the quotes of the followed tickers are; empty without a store or a quote."""
    return prices.freshness(store, followed(settings)) if store else {}


@st.cache_data(max_entries=64, show_spinner=False)
def _bars_of(url: str, demo: bool, ticker: str, version: str) -> pd.DataFrame | None:
    store = opening.open_reader(url, demo=demo)
    since = clock.now().date() - timedelta(days=370)
    return prices.read_bars(store, [ticker], since) if store else None


def bars_of(settings: Settings, ticker: str, version: str) -> pd.DataFrame | None:
    """Unadjusted daily bars of one security, the last year; None without a store."""
    return _bars_of(settings.url, settings.demo, ticker, version)


@st.cache_data(max_entries=64, show_spinner=False)
def _histories_of(url: str, demo: bool, ticker: str, version: str, _seen: Snapshot) -> dict[SeriesKey, pd.DataFrame]:
    from basketwatch.analysis.valuation import readings

    store = opening.open_reader(url, demo=demo)
    return readings.histories(store, [ticker], _seen.calendars, _seen.now) if store else {}


def histories_of(settings: Settings, ticker: str, snapshot: Snapshot) -> dict[SeriesKey, pd.DataFrame]:
    """Every stored PE series of one ticker (columns of ``store.valuations.read``)."""
    return _histories_of(settings.url, settings.demo, ticker, snapshot.version, snapshot)


@st.cache_data(max_entries=32, show_spinner=False)
def _closes_of(url: str, demo: bool, ticker: str, version: str) -> pd.DataFrame | None:
    store = opening.open_reader(url, demo=demo)
    return prices.read_bars(store, [ticker])[["session", "close"]] if store else None


def closes_of(settings: Settings, ticker: str, version: str) -> pd.DataFrame | None:
    """All stored closes of one security, unadjusted: session, close; None without a store."""
    return _closes_of(settings.url, settings.demo, ticker, version)


@st.cache_resource(max_entries=2, show_spinner=False)
def _flags_of(_store: Store, _files: Universe, url: str, since: date, version: str) -> pd.DataFrame:
    from basketwatch.analysis.flags import log

    return log.log_at(_store, _files, clock.now(), since)


def flags_of(settings: Settings, snapshot: Snapshot) -> pd.DataFrame:
    """The log of a year and some (``store.flags.read``), which all readers only read."""
    since = snapshot.now.date() - timedelta(days=400)
    return _flags_of(store_of(settings), snapshot.universe, settings.url, since, snapshot.version)


@st.cache_resource(max_entries=1, show_spinner=False)
def _judging(_store: Store, _files: Universe, url: str, version: str, files: int, day: date) -> reading.StoredData:
    from basketwatch.analysis.flags import reading

    return reading.read(_store, _files, clock.now())


def judging(settings: Settings, snapshot: Snapshot) -> reading.StoredData:
    """What the rules are judged on, for a dry run and for what came after; once a version."""
    return _judging(
        store_of(settings),
        snapshot.universe,
        settings.url,
        snapshot.version,
        hash(snapshot.universe),
        snapshot.now.date(),
    )


def last_look() -> int | None:
    """When this browser last loaded a page before this sitting, seconds since 1970; None at its first visit."""
    return asgi.instant_of(st.context.cookies.get(asgi.BEFORE, ""), clock.now().timestamp())


def person() -> str:
    """Whose drafts these are: this browser's id; that of nobody for one that keeps no cookies."""
    return asgi.person_of(str(st.context.cookies.get(asgi.PERSON, ""))) or "0" * 32


def market_states(store: Store | None, tickers: Iterable[str], now: datetime) -> dict[str, MarketState]:
    """What each market of ``tickers`` is doing; the calendars around today are read once a version."""
    groups = {markets.group(ticker) for ticker in tickers}
    return {group: calendar.state(now) for group, calendar in calendars(store, now).items() if group in groups}


def calendars(store: Store | None, now: datetime) -> dict[str, Calendar]:
    """Each market's sessions around today; none without a store."""
    return _calendars(store, notes.version(store), now.date().isoformat()) if store else {}


@st.cache_resource(max_entries=2, show_spinner=False)
def _calendars(_store: Store, version: str, today: str) -> dict[str, Calendar]:
    return prices.read_calendars(_store, datetime.fromisoformat(today).date() - timedelta(days=30))


@st.cache_resource(show_spinner=False)
def demo_market(settings: Settings) -> datetime:
    """The demo market's instant, its store built once a server. Raises StoreError where that fails."""
    return build_demo(settings.home)
