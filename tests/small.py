"""Snapshots of small stores made by hand: a universe of some members, their quotes and bars, one instant."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from math import nan
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from basketwatch.analysis.snapshot import Snapshot, market_snapshot
from basketwatch.domain import columns, markets
from basketwatch.domain.model import Basket, Chain, Member, Names, SymbolState, Universe
from basketwatch.store import opening, prices, runs
from tests import stores
from tests.domain.test_calendars import CALENDARS, at

FRIDAY, THURSDAY = date(2026, 7, 3), date(2026, 7, 2)
EVENING = at("2026-07-03 16:30", "CN")  # New York is closed for a holiday
ZTE = "000063.SZ"
Look = Callable[..., Snapshot]


def member(ticker: str, since: date = date(2026, 1, 1), until: date | None = None) -> Member:
    return Member(ticker, Names(f"名{ticker}", f"name {ticker}"), Names("", ""), since, until)


def universe(
    *members: Member | str, benchmarks: Sequence[str] = (), chains: Sequence[Chain] = (), **more: Any
) -> Universe:
    own = tuple(m if isinstance(m, Member) else member(m) for m in members)
    named = Names("篮", "basket")
    chain = chains[0].id if chains else None
    return Universe((Basket("b", named, named, own, tuple(benchmarks), chain, "b.toml", ""),), tuple(chains), **more)


def quote(ticker: str, last: float, previous: float, session: date = FRIDAY, **more: Any) -> dict[str, Any]:
    group = markets.group(ticker)
    calendar = CALENDARS.get(group)
    found = calendar.session(session) if calendar else None
    closes = found.closes if found else datetime.combine(session, datetime.min.time(), UTC)
    return dict.fromkeys(columns.QUOTES, nan) | {
        "ticker": ticker, "name": "甲", "session": session, "last": last, "previous_close": previous, "open": last,
        "high": last, "low": last, "volume": 1000.0, "currency": markets.currency(ticker), "quote_time": closes,
        "suspended": False, "source": "tencent", "fetched_at": closes + timedelta(minutes=31),
    } | more  # fmt: skip


def bars(ticker: str, closes: Mapping[date, float], **more: Any) -> pd.DataFrame:
    frame = pd.DataFrame({"ticker": ticker, "session": list(closes), "close": list(closes.values()), "final": True})
    frame = frame.assign(
        open=frame["close"], high=frame["close"], low=frame["close"], volume=1000.0, source="sina", **more
    )
    return frame.reindex(columns=list(columns.BARS)).astype({c: d for c, (d, _, _) in columns.BARS.items()})


def steady(ticker: str, price: float, last: date = THURSDAY, sessions: int = 30, **more: Any) -> pd.DataFrame:
    """One price over many sessions of the ticker's market, up to ``last``."""
    known = CALENDARS[markets.group(ticker)].between(last - timedelta(days=400), last)[-sessions:]
    return bars(ticker, {s.day: price for s in known}, **more)


@pytest.fixture(name="empty", scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that knows the calendars and nothing else, to be copied."""
    path = tmp_path_factory.mktemp("daily") / "empty.sqlite"
    store, _ = opening.open_writer(f"sqlite:///{path}")
    for group, calendar in (CALENDARS | stores.calendars()).items():
        prices.save_sessions(store, group, calendar.sessions)
    return path


@pytest.fixture(name="look")
def looked_at(tmp_path: Path, empty: Path) -> Look:
    """A snapshot of ``files`` from a store with just these rows."""

    def _look(
        files: Universe, quotes: Sequence[Mapping[str, Any]] = (), histories: Sequence[pd.DataFrame] = (),
        factors: Sequence[tuple[str, date, float]] = (), states: Sequence[SymbolState] = (), now: datetime = EVENING,
        calendars: bool = True,
    ) -> Snapshot:  # fmt: skip
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.sqlite"
        if calendars:
            shutil.copy(empty, path)
        store, _ = opening.open_writer(f"sqlite:///{path}")
        by = pd.DataFrame([(*f, "x") for f in factors], columns=list(columns.FACTORS))
        by = by.astype({c: d for c, (d, _, _) in columns.FACTORS.items()})
        if histories:
            prices.save_histories(store, pd.concat(histories), by, years=3, now=now)
        table = pd.DataFrame(list(quotes), columns=list(columns.QUOTES))
        prices.save_quotes(store, table.astype({c: d for c, (d, _, _) in columns.QUOTES.items()}))
        runs.save_states(store, states)
        return market_snapshot(store, files, now)

    return _look


def row(look: Look, *quotes: Mapping[str, Any], **more: Any) -> pd.Series:
    """The row of the first quote's ticker, in a universe of one."""
    return look(universe(str(quotes[0]["ticker"])), quotes, **more).table.loc[quotes[0]["ticker"]]


def closes(ticker: str, prices_of: Mapping[str, float]) -> pd.DataFrame:
    return bars(ticker, {date.fromisoformat(day): price for day, price in prices_of.items()})
