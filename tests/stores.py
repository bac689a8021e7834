"""Stores for tests of what reads them: the demo market's rows, in a demo store or in one that counts as live."""

from __future__ import annotations

import shutil
import sqlite3
import uuid
from functools import cache
from pathlib import Path

from basketwatch.domain import markets
from basketwatch.domain.calendars import Calendar
from basketwatch.domain.model import Universe
from basketwatch.domain.universe import all_tickers
from basketwatch.files.baskets import read_universe
from basketwatch.refresh import demo
from basketwatch.sources import sessions
from basketwatch.sources.demo import market
from basketwatch.store import notes, opening, prices, runs
from basketwatch.store.database import Store
from tests.templates import template

PROJECT = Path(__file__).resolve().parent.parent


@cache
def calendars() -> dict[str, Calendar]:
    """Real trading calendars around the demo market's day."""
    first, last = market.NOW.date().replace(year=market.NOW.year - 11), market.NOW.date().replace(month=12, day=31)
    groups = {markets.group(t) for t in all_tickers(universe())} - {"FX"}
    return {g: Calendar(g, tuple(sessions.fetch_sessions(g, first, last))) for g in groups}


@cache
def universe() -> Universe:
    """The shipped files."""
    return read_universe(PROJECT)


def fill(path: Path, *, is_demo: bool) -> Store:
    """A store at ``path`` with the demo market's rows: a copy of the run's template, with a name of its own."""
    name = "demo" if is_demo else "live"
    made = template(name, lambda folder: _make(folder / "store.sqlite", is_demo=is_demo))
    shutil.copy(made / "store.sqlite", path)
    store, _ = opening.open_writer(f"sqlite:///{path}", demo=is_demo)
    notes.note(store, "store", uuid.uuid4().hex[:8])
    return store


def _make(path: Path, *, is_demo: bool) -> None:
    store, _ = opening.open_writer(f"sqlite:///{path}", demo=is_demo)
    if is_demo:
        demo.build(store, universe(), calendars())
    else:
        _fill(store)
    store.engine.dispose()  # what is in the write-ahead log goes into the file that is copied
    assert [p.name for p in path.parent.iterdir() if p.name != "store.sqlite.lock"] == ["store.sqlite"]


def _fill(store: Store) -> None:
    made = market.market(universe(), calendars())
    run = runs.start_run(store, market.NOW, 1)
    for group, calendar in calendars().items():
        prices.save_sessions(store, group, calendar.sessions)
    prices.save_histories(store, made.bars, made.factors, years=3, now=market.NOW)
    prices.save_quotes(store, made.quotes)
    runs.save_states(store, made.states)
    report = {"requests": {"total": 3, "by_host": {}}, "parts": []}
    runs.finish_run(store, run, market.NOW, report, [])
    notes.new_version(store)


def without_not_null(path: Path) -> Path:
    """The store with tables that accept a hole in every column; returns ``path``."""
    db = sqlite3.connect(path)
    db.execute("PRAGMA writable_schema = ON")
    db.execute("UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE type = 'table'")
    db.commit()
    db.close()
    return path
