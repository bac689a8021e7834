"""Where the demo market lives: a store of its own, built once for the baskets as they are now."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from zlib import crc32

from basketwatch import demo
from basketwatch.analysis import flags
from basketwatch.baskets import read_house
from basketwatch.domain import markets
from basketwatch.domain.calendars import Calendar
from basketwatch.domain.universe import universe
from basketwatch.refresh import flags as judging
from basketwatch.settings import Settings
from basketwatch.sources.demo import valuations
from basketwatch.store import database, notes, opening


def prepare(here: Settings) -> datetime:
    """Build the demo store unless it is there for just these tickers and this code; returns the demo market's instant.

    Raises the store's errors.
    """
    from basketwatch.sources import sessions

    house = read_house(here.home)
    tickers = universe(house)
    alone = (demo.__file__, valuations.__file__, judging.__file__)
    modules = [*map(Path, alone), *sorted(Path(flags.__file__).parent.glob("*.py"))]
    code = b"".join(file.read_bytes() for file in modules)
    files = "".join(b.sha256 for b in house.baskets) + repr((house.chains, house.rules)) + " ".join(tickers)
    build = f"{crc32(code):08x}-{crc32(files.encode()):08x}"
    opened = opening.open_reader(here.url, demo=True)
    if opened and notes.noted(opened, "demo_build") == build:
        return demo.NOW
    groups = {markets.group(t) for t in tickers} - {"FX"}
    first, last = demo.NOW.date().replace(year=demo.NOW.year - 11), demo.NOW.date().replace(month=12, day=31)
    calendars = {g: Calendar(g, tuple(sessions.fetch_sessions(g, first, last))) for g in sorted(groups)}
    path = database.file_of(here.url)
    assert path is not None, "the demo store is a file"  # noqa: S101 - settings gives it no other place
    new = path.with_name(f"{path.name}.{os.getpid()}")
    try:  # built aside and put in place whole: another demo server may be reading the old one
        building, _ = opening.open_writer(f"sqlite:///{new}", demo=True)
        demo.build(building, house, calendars)
        notes.note(building, "demo_build", build)
        for end in ("-wal", "-shm"):  # of the old file; SQLite would play them back into the new one
            path.with_name(path.name + end).unlink(missing_ok=True)
        new.replace(path)
    finally:
        for leftover in path.parent.glob(f"{new.name}*"):
            leftover.unlink()
    return demo.NOW
