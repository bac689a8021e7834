"""Every upstream × every fault: the next source or the last good value, said in the report; nothing wrong is stored."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

from basketwatch.store import opening, prices, runs
from tests.refresh.world import FRIDAY, SECTORS, THURSDAY, TUESDAY, World, filled_homes, make_home, quick, reset, short
from tests.upstream import Upstream, paths

MEMBERS = ("300308.SZ", "515880.SH", "01686.HK", "COHR.US")
LISTED = ("000300.SH", "USDCNY.FX")
FIRST = r"qt\.gtimg|query1|swsresearch", r"q=[shb]|v7/finance/quote|index_publish/current"

TRANSPORT = {
    "status:403": "blocked", "status:429": "blocked", "status:500": "error", "hang:60": "error", "reset": "error",
    "body:": "error", "body:{}": "error", "body:<html>请登录</html>": "error", "truncated": "error",
    "redirect:https://evil.test/": "error", "huge": "error",
}  # fmt: skip
CONTENT = (
    "other_symbol", "mislabelled", "stale_day", "nan_last", "duplicate_dates", "duplicate_dates:different", "zero_price",
    "negative", "half_missing", "lots_as_shares", "percent_slip", "extra_column", "future_date", "one_row",
)  # fmt: skip
ALL = (*TRANSPORT, *CONTENT)
# a host that did this is left alone, whatever was asked of it
CLOSING = ("status:403", "status:429", "hang:60", "reset")


@pytest.fixture(scope="module")
def homes(ups: Upstream, tmp_path_factory: pytest.TempPathFactory) -> dict[datetime, Path]:
    return filled_homes(ups, tmp_path_factory, MEMBERS, LISTED, years=1)


@pytest.fixture
def world(ups: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    quick(monkeypatch)
    yield World(tmp_path, ups, monkeypatch)
    reset(ups)


@pytest.fixture
def empty(world: World, homes: dict[datetime, Path]) -> World:
    """An empty store that knows the calendars, on Friday."""
    make_home(world.home, MEMBERS, LISTED)
    known = prices.read_calendars(World(homes[TUESDAY], world.up, world.patch).store)
    store, _ = opening.open_writer(world.url)
    for group, calendar in known.items():
        prices.save_sessions(store, group, calendar.sessions)
    return world.at(FRIDAY)


def friday(world: World, homes: dict[datetime, Path], since: datetime, kind: str = "") -> World:
    """The store as it was on ``since``, on Friday; short time-outs where something hangs."""
    shutil.copytree(homes[since], world.home, dirs_exist_ok=True)
    if kind.startswith("hang"):
        short(world.patch)
    return world.at(FRIDAY)


def check(world: World) -> None:
    """The report agrees with the store, and the status with the report; no bar lacks inside a history."""
    whole = True
    for part in world.report["parts"]:
        whole &= part["got"] == part["wanted"] and not part["stale"]
        assert part["got"] + len(part["missing"]) == part["wanted"] or part["lane"] == "dividends", world.lines
        assert part["error"] or part["got"] == part["wanted"] or part["lane"] == "dividends", world.lines
    assert world.status == (0 if whole else 3), world.lines
    for ticker in MEMBERS[:2]:
        days = [d.date() for d in world.bars(ticker).index]
        assert days == [b.day for b in paths.history(ticker) if days[0] <= b.day <= days[-1]], ticker


def old(world: World, tickers: list[str]) -> bool:
    """Whether what is stored of these is still what was stored before, with its own date."""
    return all(world.quote(t)["session"].date() < FRIDAY.date() for t in tickers)


@pytest.mark.parametrize("kind", [k for k in ALL if k != "duplicate_dates:different"])  # a quote has one price
def test_the_first_source_of_quotes(world: World, homes: dict[datetime, Path], kind: str) -> None:
    friday(world, homes, THURSDAY, kind).up.fault(*FIRST, kind)
    world.run(years=1)
    check(world)
    china, abroad, sectors = (world.part("quotes", lane) for lane in ("china", "abroad", "sectors"))
    for part in (china, abroad):
        assert (part["missing"], part["stale"]) == ([], []), world.lines
    if kind in TRANSPORT:
        assert {a["state"] for p in (china, abroad) for a in p["attempts"]} <= {TRANSPORT[kind], "blocked"}
        assert sorted(sectors["missing"]) == sorted(SECTORS) and old(world, sectors["missing"])
        assert {world.states()[t] for t in SECTORS} <= {TRANSPORT[kind], "blocked"}
    if kind == "stale_day":
        assert sorted(sectors["stale"]) == sorted(SECTORS) and old(world, sectors["stale"])
    if kind in ("mislabelled", "lots_as_shares"):
        assert any(r.part == "quotes" for r in runs.read_quarantine(world.store))


@pytest.mark.parametrize("kind", [k for k in ALL if k != "duplicate_dates:different"])
def test_the_second_source_of_quotes(world: World, homes: dict[datetime, Path], kind: str) -> None:
    friday(world, homes, THURSDAY, kind)
    world.up.fault(r"qt\.gtimg|query1", r"q=|v7/finance/quote", "status:500")
    third = r"|hq\.sinajs" if kind not in CLOSING else ""  # Sina's currencies live where its shares do, the last source
    world.up.fault(r"push2delay|query2" + third, r"ulist|fx_|finance/chart", kind)
    world.run(years=1)
    check(world)
    china = world.part("quotes", "china")
    assert not {"300308.SZ", "515880.SH", "000300.SH"} & set(china["missing"]), world.lines
    assert old(world, china["missing"])
    if kind in TRANSPORT:
        assert world.states()["01686.HK"] == TRANSPORT[kind] or kind == "reset", world.lines


@pytest.mark.parametrize("kind", ALL)
def test_the_first_source_of_histories(world: World, homes: dict[datetime, Path], kind: str) -> None:
    friday(world, homes, TUESDAY, kind)
    world.up.fault(r"push2his|query2|swsresearch|datacenter", r"kline|finance/chart|index_analysis|data/v1", kind)
    world.run(years=1)
    check(world)
    for ticker in ("300308.SZ", "000300.SH"):
        assert world.bars(ticker).index[-1].date() == FRIDAY.date(), world.lines
    if kind in TRANSPORT:
        assert world.states("bars")["COHR.US"] in (TRANSPORT[kind], "blocked")
        assert world.bars("COHR.US").index[-1].date() < date(2026, 7, 1)


@pytest.mark.parametrize("kind", ALL)
def test_the_second_source_of_histories(world: World, homes: dict[datetime, Path], kind: str) -> None:
    friday(world, homes, TUESDAY, kind)
    world.up.fault(r"push2his|query2", r"kline|finance/chart", "status:500")
    world.up.fault(r"ifzq|finance\.sina", r"fqkline|klc_kl", kind)
    world.run(years=1)
    check(world)
    if kind in TRANSPORT:
        assert {world.states("bars")[t] for t in ("300308.SZ", "01686.HK")} <= {TRANSPORT[kind], "blocked"}


FIRST_FILL = ("other_symbol", "mislabelled", "lots_as_shares", "one_row", "half_missing", "negative")


@pytest.mark.parametrize("kind", FIRST_FILL)
def test_an_empty_store(empty: World, kind: str) -> None:
    empty.up.fault(*FIRST, kind)
    empty.run(years=1)
    assert empty.status in (0, 3), empty.lines
    assert not empty.part("quotes", "china")["missing"], empty.lines


@pytest.mark.parametrize("kind", FIRST_FILL)
def test_an_empty_store_and_false_histories(empty: World, kind: str) -> None:
    empty.up.fault(r"push2his|query2", r"kline|finance/chart", kind)
    empty.run(years=1)
    assert empty.status in (0, 3), empty.lines
    assert "300308.SZ" in prices.read_series(empty.store)
