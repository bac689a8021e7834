"""What the store holds that cannot be true is found and read again; what a history lacks is told.

A refresh against the stand-in of the upstreams, whose judge (``tests.refresh.world``) holds every stored value against
the made-up market.
"""

from __future__ import annotations

import shutil
import sqlite3
import struct
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from basketwatch.store import opening, prices, repair, runs
from tests.refresh.world import FRIDAY, THURSDAY, World, make_home, quick
from tests.upstream import Upstream
from tests.upstream.listings import SECTORS

PARTS = ("quotes", "bars", "sectors")


@pytest.fixture(scope="module")
def filled(ups: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose store was filled on Thursday, to be copied."""
    home = tmp_path_factory.mktemp("filled")
    for code in SECTORS:  # on a busy machine their first prices take longer than an answer may
        ups.market.quote(f"{code}.SI", ups.market.bars(f"{code}.SI"))
    with pytest.MonkeyPatch.context() as patch:
        quick(patch)
        make_home(home)
        full = World(home, ups, patch).run(THURSDAY, only=PARTS)
    assert full.status == 0, full.lines
    return home


@pytest.fixture
def thursday(world: World, filled: Path) -> World:
    """Filled on Thursday after the close; the clock stands at Friday after the close."""
    shutil.copytree(filled, world.home, dirs_exist_ok=True)
    return world.at(FRIDAY)


def flip(at: World, ticker: str, day: date) -> float:
    """Turn a bit of one stored close over in the file, as a failing disk would; returns the close before.

    Its last bytes are made such that the number stands once in the file. The bit is the mantissa's second: the close
    is off by an eighth to a quarter.
    """
    store, _ = opening.open_writer(at.url)
    bars = prices.read_bars(store, [ticker])
    row = bars[bars["session"] == pd.Timestamp(day)]
    close = struct.unpack(">d", struct.pack(">d", float(row["close"].iloc[0]))[:-2] + b"\xa5\x5a")[0]
    prices.save_bars(store, row.assign(close=close, open=float("nan"), high=float("nan"), low=float("nan")))
    assert prices.damaged_series(store) == []
    path = at.home / "data/s.sqlite"
    with sqlite3.connect(path) as c:
        c.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw, good = path.read_bytes(), struct.pack(">d", close)
    assert raw.count(good) == 1
    place = raw.index(good) + 1
    path.write_bytes(raw[:place] + bytes([raw[place] ^ 0x04]) + raw[place + 1 :])
    return float(close)


@pytest.mark.parametrize(("ticker", "day"), [("300308.SZ", date(2026, 5, 20)), ("801770.SI", date(2026, 5, 20)),
                                             ("COHR.US", THURSDAY.date() - timedelta(days=1))])  # fmt: skip
def test_a_flipped_bit_is_found_and_the_history_read_again(thursday: World, ticker: str, day: date) -> None:
    """An old close, and one that the next quote is held against; a sector, whose closes come all in one answer."""
    close = flip(thursday, ticker, day)
    assert abs(thursday.bars(ticker)["close"].loc[pd.Timestamp(day)] / close - 1) > 0.1
    assert prices.damaged_series(thursday.store) == [ticker]
    kept = len(thursday.bars(ticker))
    thursday.run(only=PARTS)  # the judge holds every bar and factor against the market's
    assert prices.damaged_series(thursday.store) == [] and thursday.status == 0, thursday.lines
    assert thursday.bars(ticker)["close"].loc[pd.Timestamp(day)] == pytest.approx(close, rel=1e-6)
    assert len(thursday.bars(ticker)) >= kept
    assert [r.ticker for r in runs.read_quarantine(thursday.store) if r.key == "healed"] == [ticker]
    thursday.run(only=PARTS)
    assert thursday.asked("push2his|query2|ifzq|datacenter") == 0


def test_damage_that_cannot_be_mended_yet_is_looked_for_again(thursday: World) -> None:
    flip(thursday, "300308.SZ", date(2026, 5, 20))
    thursday.up.fault("push2his|ifzq|sina|datacenter", "", "status:500")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.refresh.world.assert_store_true", lambda *_: None)
        thursday.run(only=PARTS)
    assert prices.damaged_series(thursday.store) == ["300308.SZ"]
    thursday.up.clear_faults()
    thursday.run(FRIDAY + timedelta(minutes=30), only=PARTS)
    assert prices.damaged_series(thursday.store) == [], thursday.lines


def test_a_session_from_the_future_is_taken_out(thursday: World) -> None:
    """A sector's quote and bar of next month, once stored, would be newer than every honest answer until then."""
    store, _ = opening.open_writer(thursday.url)
    ahead, ticker = pd.Timestamp("2026-08-03"), "801770.SI"
    quote = prices.read_quotes(store).loc[[ticker]].assign(session=ahead, quote_time=ahead.tz_localize("UTC"))
    prices.save_quotes(store, quote)
    prices.save_bars(store, prices.read_bars(store, [ticker]).tail(1).assign(session=ahead))
    assert prices.read_series(store)[ticker].last == ahead.date()
    thursday.run(only=PARTS)
    assert thursday.status == 0, thursday.lines
    assert thursday.quote(ticker)["session"].date() == FRIDAY.date()
    assert thursday.bars(ticker).index[-1].date() == prices.read_series(thursday.store)[ticker].last == FRIDAY.date()
    assert prices.damaged_series(thursday.store) == []


def test_a_clock_that_is_behind_takes_nothing_out(thursday: World) -> None:
    """Most of the store lies after now: then it is the clock, or a day replayed on purpose."""
    store, _ = opening.open_writer(thursday.url)
    bars, quotes = len(prices.read_bars(store)), len(prices.read_quotes(store))
    now = datetime(2026, 6, 1, 8, 30, tzinfo=UTC)
    ends = dict.fromkeys(("CN", "HK", "US", "TW", "FX"), date(2026, 6, 2))
    assert repair.drop_future(store, ends, now) == []
    assert (len(prices.read_bars(store)), len(prices.read_quotes(store))) == (bars, quotes)


def test_holes_are_kept_and_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A history without three of its sessions is kept; the state of the symbol says how many, until it comes whole."""
    make_home(world.home, ("300308.SZ",), ("000300.SH",))
    lost = {date(2026, 3, 10), date(2026, 3, 11), date(2026, 4, 1)}
    whole = world.market.bars
    monkeypatch.setattr(world.market, "bars", lambda t: [b for b in whole(t) if t != "300308.SZ" or b.day not in lost])
    world.run(FRIDAY, years=1, only=PARTS)
    said = {s.ticker: (s.state, s.key, dict(s.params)) for s in runs.read_states(world.store) if s.part == "bars"}
    state, key, params = said["300308.SZ"]
    assert (state, key, params["detail"]) == ("ok", "holes", "3")
    assert said["000300.SH"][1] is None
