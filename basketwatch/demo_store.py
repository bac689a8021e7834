"""Where the demo market lives: a store of its own, built once for the baskets as they are now."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zlib import crc32

from basketwatch import demo, markets, store
from basketwatch.baskets import read_house, universe
from basketwatch.calendars import Calendar
from basketwatch.settings import Settings


def prepare(here: Settings) -> datetime:
    """Build the demo store unless it is there for just these tickers and this code; returns the demo market's instant.

    Raises the store's errors.
    """
    from basketwatch.sources import sessions

    house = read_house(here.home)
    tickers = universe(house)
    code = Path(demo.__file__).read_bytes()
    files = "".join(b.sha256 for b in house.baskets) + repr(house.chains) + " ".join(tickers)
    build = f"{crc32(code):08x}-{crc32(files.encode()):08x}"
    opened, _ = store.open_writer(here.url, demo=True)
    if store.noted(opened, "demo_build") == build:
        return demo.NOW
    with store.writer_lock(opened):
        store.clear(opened)
        groups = {markets.group(t) for t in tickers} - {"FX"}
        first, last = demo.NOW.date().replace(year=demo.NOW.year - 5), demo.NOW.date().replace(month=12, day=31)
        calendars = {g: Calendar(g, tuple(sessions.fetch_sessions(g, first, last))) for g in sorted(groups)}
        demo.build(opened, house, calendars)
        store.note(opened, "demo_build", build)
    return demo.NOW
