"""The demo market's snapshot, its cards, and snapshots in which something is old, missing or oddly named."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from basketwatch.analysis import weekly
from basketwatch.analysis.snapshot import Snapshot, market_snapshot
from basketwatch.analysis.valuation import readings
from basketwatch.domain.model import Names
from basketwatch.sources.demo import market
from basketwatch.views import cards
from tests.stores import fill, universe

WHATS = (
    "today",
    "cpo",
    "valuation:cpo",
    "valuation:801770.SI",
    "valuation:300308.SZ",
    "flags",
    "sectors",
    "300394.SZ",
    "weekly",
)


@cache
def snapshot() -> Snapshot:
    """The demo market after the close."""
    return _opened()[0]


@cache
def histories() -> Mapping[Any, Any]:
    """Its PE histories."""
    return _opened()[1]


@cache
def _opened() -> tuple[Snapshot, Mapping[Any, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        store = fill(Path(folder) / "demo.sqlite", is_demo=True)
        made = market_snapshot(store, universe(), market.NOW)
        read = readings.histories(store, [*made.valuations], made.calendars, made.now)
        store.engine.dispose()
    return made, read


def card(what: str, lang: str, of: Snapshot | None = None) -> dict[str, Any]:
    """The data of a card."""
    shown = of or snapshot()
    review = weekly.review(shown, weekly.week_of(shown.calendars["CN"], shown.now)) if what == "weekly" else None
    made = cards.card(shown, what, lang, histories=histories(), review=review)
    assert made is not None
    return made


def at(now: datetime) -> Snapshot:
    """The same prices, looked at at another time."""
    own = snapshot()
    return replace(own, now=now, markets={g: c.state(now) for g, c in own.calendars.items()})


def changed(of: Snapshot, tickers: list[str], **values: Any) -> Snapshot:
    """Columns of some tickers' rows set to a value, in the table and in every basket."""

    def edited(table: Any) -> Any:
        table = table.copy()
        for column, value in values.items():
            table.loc[[t for t in table.index if t in tickers], column] = value
        return table

    views = tuple(replace(v, table=edited(v.table)) for v in of.baskets)
    return replace(of, table=edited(of.table), baskets=views)


def called(names: Mapping[int, Names], short: Names | None = None) -> Snapshot:
    """The first basket with other names: of its members by their place, and of itself."""
    own, first = snapshot(), snapshot().universe.baskets[0]
    members = tuple(replace(m, name=names.get(i, m.name)) for i, m in enumerate(first.members))
    basket = replace(first, members=members, short=short or first.short, name=short or first.name)
    files = replace(own.universe, baskets=(basket, *own.universe.baskets[1:]))
    return replace(own, universe=files, baskets=(replace(own.baskets[0], basket=basket), *own.baskets[1:]))
