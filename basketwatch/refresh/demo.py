"""The demo store: built once for the baskets as they are now."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from zlib import crc32

from basketwatch.analysis import flags as rules
from basketwatch.clock import iso
from basketwatch.domain import markets
from basketwatch.domain.calendars import Calendar
from basketwatch.domain.model import Universe
from basketwatch.domain.universe import all_tickers
from basketwatch.errors import StoreMixed
from basketwatch.files.baskets import read_universe
from basketwatch.refresh import flags
from basketwatch.settings import Settings
from basketwatch.sources.demo import market as demo_market
from basketwatch.sources.demo import valuations as demo_valuations
from basketwatch.sources.demo.market import NOW, SOURCE, YEARS, Market, market
from basketwatch.store import database, notes, opening, prices, runs, valuations
from basketwatch.store.database import Store


def build(store: Store, universe: Universe, calendars: Mapping[str, Calendar], now: datetime = NOW) -> None:
    """Fill a demo store with the market at ``now`` (not before ``NOW``). Raises StoreMixed for a store of live data.

    ``calendars`` must reach back three years; histories of PE reach as far back as they do, up to ten years. The caller
    holds the writer's lock.
    """
    if not store.demo:
        raise StoreMixed(path=store.path or "database")
    made = market(universe, calendars, now)
    run = runs.start_run(store, now, len(made.quotes))
    for group, calendar in calendars.items():
        prices.save_sessions(store, group, calendar.sessions)
    prices.save_histories(store, made.bars, made.factors, years=YEARS, now=now)
    prices.save_quotes(store, made.quotes)
    valuations.save(store, demo_valuations.rows(made.bars, made.factors, made.quotes, calendars, now))
    runs.save_states(store, made.states)
    flags.update(store, universe, now)
    runs.note_progress(store, run, len(made.quotes), len(made.quotes), "")
    # The report names the version that it belongs to, which is only announced after the report is saved.
    key, _, count = notes.version(store).rpartition("-")
    runs.finish_run(store, run, now, _report(made, f"{key}-{int(count) + 1}", now), [])
    notes.new_version(store)


def _report(made: Market, version: str, now: datetime) -> dict[str, object]:
    """What ``refresh --json`` prints; nothing was asked of anybody."""
    stale = [s.ticker for s in made.states if s.state == "stale" and s.part == "quotes"]
    part = {"source": SOURCE, "wanted": len(made.quotes), "got": len(made.quotes), "stale": stale, "error": None}
    parts = [{"part": name, **part, "tried": [SOURCE]} for name in ("quotes", "bars")]
    requests = {"total": 0, "by_host": {}}
    return {"started": iso(now), "finished": iso(now), "version": version, "requests": requests, "parts": parts}


def prepare(settings: Settings) -> datetime:
    """Build the demo store unless it is there for just these tickers and this code; returns the demo market's instant.

    Raises the store's errors.
    """
    from basketwatch.sources import sessions

    universe = read_universe(settings.home)
    tickers = all_tickers(universe)
    alone = (__file__, demo_market.__file__, demo_valuations.__file__, flags.__file__)
    modules = [*map(Path, alone), *sorted(Path(rules.__file__).parent.glob("*.py"))]
    code = b"".join(file.read_bytes() for file in modules)
    files = "".join(b.sha256 for b in universe.baskets) + repr((universe.chains, universe.rules)) + " ".join(tickers)
    digest = f"{crc32(code):08x}-{crc32(files.encode()):08x}"
    store = opening.open_reader(settings.url, demo=True)
    if store and notes.noted(store, "demo_build") == digest:
        return NOW
    groups = {markets.group(t) for t in tickers} - {"FX"}
    first, last = NOW.date().replace(year=NOW.year - 11), NOW.date().replace(month=12, day=31)
    calendars = {g: Calendar(g, tuple(sessions.fetch_sessions(g, first, last))) for g in sorted(groups)}
    path = database.file_of(settings.url)
    assert path is not None, "the demo store is a file"  # noqa: S101 - settings gives it no other place
    new = path.with_name(f"{path.name}.{os.getpid()}")
    try:  # built aside and put in place whole: another demo server may be reading the old one
        building, _ = opening.open_writer(f"sqlite:///{new}", demo=True)
        build(building, universe, calendars)
        notes.note(building, "demo_build", digest)
        for end in ("-wal", "-shm"):  # of the old file; SQLite would play them back into the new one
            path.with_name(path.name + end).unlink(missing_ok=True)
        new.replace(path)
    finally:
        for leftover in path.parent.glob(f"{new.name}*"):
            leftover.unlink()
    return NOW
