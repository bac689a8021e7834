"""Stores for tests of what reads them: the demo market's rows, in a demo store or in one that counts as live."""

from __future__ import annotations

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


@cache
def _market() -> market.Market:
    return market.market(universe(), calendars())


def fill(path: Path, *, is_demo: bool) -> Store:
    """A store at ``path`` with the demo market's rows."""
    store, _ = opening.open_writer(f"sqlite:///{path}", demo=is_demo)
    if is_demo:
        demo.build(store, universe(), calendars())
        return store
    made = _market()
    run = runs.start_run(store, market.NOW, 1)
    for group, calendar in calendars().items():
        prices.save_sessions(store, group, calendar.sessions)
    prices.save_histories(store, made.bars, made.factors, years=3, now=market.NOW)
    prices.save_quotes(store, made.quotes)
    runs.save_states(store, made.states)
    report = {"requests": {"total": 3, "by_host": {}}, "parts": []}
    runs.finish_run(store, run, market.NOW, report, [])
    notes.new_version(store)
    return store
