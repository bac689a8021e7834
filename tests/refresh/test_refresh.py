"""The refresh as a whole against the stand-in of the upstreams: first fill, next days, ex-dates, gaps, kills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from basketwatch.errors import RefreshRunning, StoreFull
from basketwatch.refresh import histories, run
from basketwatch.refresh.run import refresh
from basketwatch.sources.net import guard
from basketwatch.store import lock, prices, runs
from basketwatch.store.opening import open_reader, open_writer
from tests.refresh.world import (
    FRIDAY,
    LISTED,
    MEMBERS,
    ROOT,
    SECTORS,
    TUESDAY,
    World,
    assert_store_true,
    make_home,
)
from tests.upstream import Market, listings, paths

# --- the good days -----------------------------------------------------------------------------------------------


def test_first_fill_then_nothing_to_ask(world: World) -> None:
    seen: list[tuple[int, int, str]] = []
    world.run(FRIDAY, progress=lambda *step: seen.append(step))
    assert world.status == 0, world.lines
    everything = {*MEMBERS, *LISTED, *SECTORS}
    assert set(prices.read_quotes(world.store).index) == everything
    assert set(prices.read_series(world.store)) == everything
    assert {s for part in ("quotes", "bars") for s in world.states(part).values()} == {"ok"}
    assert [s[0] for s in seen] == list(range(1, len(seen) + 1)) and seen[-1][0] == seen[-1][1]
    first = world.report["version"]
    world.run()
    assert world.status == 0 and world.report["requests"]["total"] <= 10
    assert world.asked("push2his|query2|ifzq|datacenter") == 0
    assert int(world.report["version"].split("-")[1]) > int(first.split("-")[1])


def test_next_day_takes_its_bars_from_the_quotes(thursday: World) -> None:
    thursday.run()
    assert thursday.status == 0, thursday.lines
    assert thursday.report["requests"]["total"] <= 10
    assert thursday.asked("push2his|query2|ifzq|datacenter") == 0, thursday.up.requests(
        "push2his|query2|ifzq|datacenter"
    )
    for ticker in ("300308.SZ", "920045.BJ", "515880.SH", "000300.SH", "801770.SI"):
        bar = thursday.bars(ticker).iloc[-1]
        assert (bar.name.date(), bool(bar["final"])) == (FRIDAY.date(), True), ticker


def test_a_gap_reads_the_histories_again(tuesday: World) -> None:
    tuesday.run()
    assert tuesday.status == 0, tuesday.lines
    for ticker in (*MEMBERS[:4], "000300.SH", "931160.SH"):
        days = [d.date() for d in tuesday.bars(ticker).index[-4:]]
        assert days == [date(2026, 6, 30), date(2026, 7, 1), date(2026, 7, 2), date(2026, 7, 3)], ticker
    assert tuesday.asked("datacenter") == 1
    tuesday.run()
    assert tuesday.asked("push2his|query2|ifzq|datacenter") == 0


# --- ex-dates and splits -----------------------------------------------------------------------------------------


def days_before(market: Market, day: date, count: int) -> datetime:
    """Half past eight UTC, ``count`` mainland sessions before ``day``."""
    item = listings.find("000300.SH")
    assert item is not None
    days = market.calendar(item).days
    found = days[days.index(day) - count]
    return datetime(found.year, found.month, found.day, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ticker", "day"),
    [("300308.SZ", date(2026, 4, 30)), ("688498.SH", date(2026, 5, 18)), ("603203.SH", date(2026, 6, 8))],
)
def test_an_ex_date_shows_in_the_quote(world: World, ticker: str, day: date) -> None:
    make_home(world.home, (ticker,), ("000300.SH",))
    world.run(days_before(world.market, day, 1), years=1)
    before = float(world.bars(ticker)["close"].iloc[-1])
    world.run(days_before(world.market, day, 0), years=1)
    assert world.status == 0, world.lines
    assert world.asked("push2his|ifzq|datacenter") == 0  # a second quote is enough
    reference = world.quote(ticker)["previous_close"]
    factors = prices.read_factors(world.store, [ticker]).set_index("ex_date")
    assert reference < before
    assert factors.loc[pd.Timestamp(day), "factor"] == pytest.approx(reference / before, abs=1e-12)
    world.run(
        days_before(world.market, day, 0) + timedelta(minutes=20), years=1
    )  # the day goes on: nothing left to ask
    assert world.asked(r"push2(delay)?\.|sinajs") == 0 and world.status == 0
    assert len(prices.read_factors(world.store, [ticker])) == len(factors)
    world.run(days_before(world.market, day, -1), years=1)
    assert world.status == 0, world.lines
    bars, last = world.bars(ticker), world.quote(ticker)
    assert last["previous_close"] == bars["close"].iloc[-2] and bars.index[-2].date() == day


def test_what_a_quote_told_of_an_ex_date_outlives_the_next_history(world: World) -> None:
    make_home(world.home, ("300308.SZ",), ("000300.SH",))
    day = date(2026, 4, 30)
    world.run(days_before(world.market, day, 1), years=1).run(days_before(world.market, day, 0), years=1)
    noticed = prices.read_factors(world.store, ["300308.SZ"])["source"].tolist()
    assert noticed[-1] == "tencent quote"
    world.run(days_before(world.market, day, -6), years=1)  # a gap: the history and the dividends are read
    assert world.asked("push2his") and world.asked("datacenter") == 1
    assert prices.read_factors(world.store, ["300308.SZ"])["source"].tolist() == noticed


@pytest.mark.parametrize("ratio", [4.0, 10.0])
def test_a_split_abroad_replaces_the_history(world: World, ratio: float) -> None:
    make_home(world.home, ("MU.US",), ("000300.SH",))
    world.patch.setitem(listings.ACTIONS, "MU.US", (listings.Action(date(2026, 7, 7), ratio=ratio),))
    paths.history.cache_clear()
    try:
        world.run(datetime(2026, 7, 6, 21, 0, tzinfo=UTC), years=1)
        count = len(world.bars("MU.US"))
        world.run(datetime(2026, 7, 7, 21, 0, tzinfo=UTC), years=1)
        assert world.status == 0, world.lines
        closes = world.bars("MU.US")["close"]
        assert len(closes) == count + 1 and closes.pct_change().abs().max() < 0.2
        world.run(years=1)
        assert world.asked("query2") == 0
    finally:
        paths.history.cache_clear()


# --- days that are not like others -------------------------------------------------------------------------------


def test_during_the_session_bars_are_provisional(thursday: World) -> None:
    ten = FRIDAY.replace(hour=2, minute=15)
    thursday.run(ten)
    bar = thursday.bars("300308.SZ").iloc[-1]
    assert (bar.name.date(), bool(bar["final"])) == (FRIDAY.date(), False)
    thursday.run(FRIDAY.replace(hour=4, minute=0))  # lunch
    thursday.run(FRIDAY.replace(hour=7, minute=10))  # closed ten minutes ago
    assert not thursday.bars("300308.SZ")["final"].iloc[-1]
    assert thursday.asked("push2his|ifzq") == 0
    thursday.run(FRIDAY.replace(hour=7, minute=31))
    assert thursday.bars("300308.SZ")["final"].iloc[-1] and thursday.asked("push2his|ifzq") == 0


def test_a_bar_taken_after_the_close_is_settled_by_the_next_previous_close(thursday: World) -> None:
    thursday.run(FRIDAY.replace(hour=7, minute=10))
    assert not thursday.bars("300308.SZ")["final"].iloc[-1]
    thursday.run(datetime(2026, 7, 6, 2, 0, tzinfo=UTC))
    assert thursday.asked("push2his|ifzq", "kline") == 0, thursday.lines
    assert thursday.bars("300308.SZ")["final"].tolist()[-2:] == [True, False]


def test_a_bar_taken_in_the_middle_of_a_session_is_read_again(thursday: World) -> None:
    thursday.run(FRIDAY.replace(hour=2, minute=15))
    thursday.run(datetime(2026, 7, 6, 2, 0, tzinfo=UTC))
    assert thursday.asked("push2his", "kline") >= 3
    assert thursday.bars("300308.SZ")["final"].tolist()[-2:] == [True, False]


def test_before_the_opening_a_line_of_the_new_day_changes_nothing(thursday: World) -> None:
    thursday.run()
    monday = datetime(2026, 7, 6, 1, 10, tzinfo=UTC)
    stored = thursday.quote("300308.SZ")
    opening = datetime(2026, 7, 6, 9, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
    for ticker in ("300308.SZ", "688498.SH", "515880.SH", "000300.SH", "931160.SH", "920045.BJ"):
        last = next(b for b in paths.history(ticker) if b.day == FRIDAY.date())
        thursday.market.set_quote(
            ticker, time=opening, day=opening.date(), last=last.close, reference=last.close, open=0.0, high=0.0,
            low=0.0, volume=0.0, amount=0.0, turnover=0.0, limits=None,
        )  # fmt: skip
    thursday.run(monday)
    assert thursday.quote("300308.SZ")["last"] == stored["last"]
    assert thursday.states()["300308.SZ"] == "ok" and not runs.read_quarantine(thursday.store), thursday.lines
    assert [e.query["secids"] for e in thursday.up.requests("push2delay")] == ["2.931160"]


def test_one_minute_after_the_opening_old_quotes_are_not_late(thursday: World) -> None:
    thursday.up.fault(r"qt\.gtimg|query1", r"q=|v7/finance/quote", "stale_day")
    thursday.run(datetime(2026, 7, 3, 1, 31, tzinfo=UTC))
    assert thursday.asked("query2|hq.sinajs") == 0
    assert not thursday.part("quotes", "china")["stale"]


def test_a_second_answer_that_is_older_never_wins(thursday: World) -> None:
    thursday.run()
    thursday.up.fault(r"qt\.gtimg|push2delay|hq\.sinajs|query1|swsresearch", r"", "stale_day")
    thursday.at(FRIDAY + timedelta(minutes=5)).market.reset_quotes()  # the auction's time would belong to no bar
    thursday.run()
    assert thursday.quote("300308.SZ")["session"].date() == FRIDAY.date()
    assert thursday.states()["300308.SZ"] == "stale" and thursday.status == 3


def test_two_weeks_off_and_first_runs_on_a_weekend(thursday: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    saturday = datetime(2026, 7, 18, 3, 0, tzinfo=UTC)
    thursday.run(saturday)
    assert thursday.status == 0, thursday.lines
    assert thursday.bars("300308.SZ").index[-1].date() == date(2026, 7, 17)
    thursday.run()
    assert thursday.asked("push2his|query2|ifzq|datacenter") == 0
    make_home(home := tmp_path_factory.mktemp("weekend"))
    other = World(home, thursday.up, thursday.patch).run(datetime(2026, 6, 20, 9, 0, tzinfo=UTC), years=1)
    assert other.status == 0, other.lines
    other.run(datetime(2026, 6, 21, 23, 30, tzinfo=UTC), years=1)  # Sunday night in London
    assert not other.part("quotes", "abroad")["missing"], other.lines


@pytest.mark.parametrize(
    "now",
    [datetime(2026, 3, 9, 13, 35, tzinfo=UTC), datetime(2026, 3, 9, 20, 40, tzinfo=UTC), datetime(2025, 11, 3, 14, 31, tzinfo=UTC)],
)  # fmt: skip
def test_when_clocks_change_in_new_york(world: World, now: datetime) -> None:
    make_home(world.home, ("COHR.US",), ("^SOX.US", "USDCNY.FX"))
    world.run(now - timedelta(days=3), years=1).run(now, years=1)
    assert world.quote("COHR.US")["session"].date() == now.date()
    assert bool(world.bars("COHR.US")["final"].iloc[-1]) is (now.hour == 20)


def test_a_host_that_sends_one_page_for_everything_is_left_alone(world: World) -> None:
    """Uniform HTML with status 200, as of a proxy's wall: two answers are enough, and one may be under way."""
    world.up.fault("eastmoney|sina|qt.gtimg", ".*", "body:<!DOCTYPE html><title>Maintenance</title>")
    world.run(FRIDAY, years=1)
    by_host = world.report["requests"]["by_host"]
    assert {host: n for host, n in by_host.items() if n > 3 and "eastmoney" in host} == {}
    assert {b.reason for b in runs.read_breakers(world.store) if "push2his" in b.host} == {"refused"}


def test_past_the_end_of_the_calendar_weekdays_are_assumed(world: World) -> None:
    make_home(world.home, ("300308.SZ",), ("000300.SH",))
    world.run(datetime(2026, 12, 31, 8, 30, tzinfo=UTC), years=1)
    assert world.status == 0, world.lines
    world.run(datetime(2027, 1, 4, 8, 30, tzinfo=UTC), years=1)  # the stand-in trades no more; nothing is made up
    assert world.status == 3 and world.part("quotes", "china")["stale"]
    assert world.bars("300308.SZ").index[-1].date() == date(2026, 12, 31)
    assert world.asked("push2his|ifzq", "kline") == 0


def test_suspended_and_back_again(world: World) -> None:
    make_home(world.home, ("002272.SZ",), ("000300.SH",))
    world.run(datetime(2026, 6, 23, 8, 30, tzinfo=UTC), years=1)
    world.run(datetime(2026, 6, 24, 8, 30, tzinfo=UTC), years=1).run(datetime(2026, 6, 29, 8, 30, tzinfo=UTC), years=1)
    quote = world.quote("002272.SZ")
    assert quote["suspended"] and world.bars("002272.SZ").index[-1].date() == date(2026, 6, 23)
    assert world.status == 0 and world.asked("push2his", "kline") <= 2, world.lines
    world.patch.delitem(listings.SUSPENDED, "002272.SZ")
    paths.history.cache_clear()
    try:
        world.run(datetime(2026, 7, 1, 8, 30, tzinfo=UTC), years=1)
        assert world.bars("002272.SZ").index[-1].date() == date(2026, 7, 1), world.lines
    finally:
        paths.history.cache_clear()


# --- which histories ---------------------------------------------------------------------------------------------


def test_a_few_histories_a_day_are_read_again(thursday: World) -> None:
    for day in (6, 7, 8):
        thursday.run(datetime(2026, 7, day, 8, 30, tzinfo=UTC), only=("quotes", "sectors"))
    thursday.run(datetime(2026, 7, 9, 8, 30, tzinfo=UTC))
    part = thursday.part("bars", "histories")
    assert 0 < part["wanted"] <= histories.REREADS_A_DAY and thursday.status == 0, thursday.lines
    thursday.run(datetime(2026, 7, 9, 9, 30, tzinfo=UTC))
    assert thursday.part("bars", "histories")["wanted"] == 0


def test_a_correction_upstream_arrives_with_a_later_reading(world: World) -> None:
    make_home(world.home, ("300308.SZ",), ("000300.SH",))
    world.run(TUESDAY, years=1)
    wrong = world.bars("300308.SZ")["close"].loc["2026-06-10"]
    world.market.set_bar("300308.SZ", date(2026, 6, 10), close=wrong + 0.5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.refresh.world.assert_store_true", lambda *_: None)  # not true before it is read again
        world.run(TUESDAY + timedelta(days=1), years=1)
    assert world.bars("300308.SZ")["close"].loc["2026-06-10"] == wrong
    world.market.reset_quotes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.refresh.world.assert_store_true", lambda *_: None)
        for day in (6, 7):
            world.run(datetime(2026, 7, day, 8, 30, tzinfo=UTC), years=1)
    assert world.bars("300308.SZ")["close"].loc["2026-06-10"] == wrong + 0.5, world.lines
    assert world.status == 0


def test_an_unknown_symbol_harms_no_other(world: World) -> None:
    make_home(world.home, ("300308.SZ", "999001.SH", "ZZZZ.US", "COHR.US"), ("000300.SH",))
    world.run(FRIDAY, years=1)
    assert world.status == 3
    assert world.states()["999001.SH"] == world.states()["ZZZZ.US"] == "unknown_symbol", world.states()
    assert world.states()["300308.SZ"] == world.states()["COHR.US"] == "ok"
    china = world.part("quotes", "china")
    assert (china["wanted"], china["got"], china["missing"]) == (3, 2, ["999001.SH"])
    world.run(years=1)
    assert world.asked("push2his|query2|ifzq") == 0 and world.status == 3


def test_a_blocked_host_is_left_alone_by_the_next_process(thursday: World) -> None:
    thursday.up.fault(r"qt\.gtimg", "", "status:429", headers={"Retry-After": "600"})
    thursday.run()
    assert thursday.asked("qt.gtimg") == 1 and thursday.status == 0
    thursday.run(FRIDAY + timedelta(minutes=9))
    assert thursday.asked("qt.gtimg") == 0
    thursday.up.clear_faults()
    thursday.run(FRIDAY + timedelta(minutes=11))
    assert thursday.asked("qt.gtimg") == 1 and "tencent" in thursday.part("quotes", "china")["source"]


def test_all_sources_down(thursday: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    thursday.up.fault("", "", "status:403")
    stored = prices.read_quotes(thursday.store)
    thursday.run()
    assert thursday.status == 3 and prices.read_quotes(thursday.store).equals(stored)
    assert set(thursday.states().values()) == {"blocked"}
    make_home(home := tmp_path_factory.mktemp("nothing"))
    empty = World(home, thursday.up, thursday.patch).run(FRIDAY)
    assert empty.status == 4 and not len(prices.read_quotes(empty.store))


def test_only_quotes(thursday: World) -> None:
    thursday.run(only=("quotes",))
    assert {p["part"] for p in thursday.report["parts"]} == {"quotes"} and thursday.status == 0


# --- bugs, deadlines, disks --------------------------------------------------------------------------------------


def test_a_bug_in_one_reader_is_said_and_stops_no_other(thursday: World) -> None:
    from basketwatch.sources import shenwan, tencent

    def bug(*_: object, **__: object) -> None:
        raise RuntimeError("token=geheim123 at https://user:geheim123@proxy.test/?key=geheim123")

    thursday.patch.setattr(tencent, "fetch_quotes", bug)
    thursday.patch.setattr(shenwan, "fetch_quotes", bug)
    thursday.run()
    assert thursday.part("quotes", "china")["got"] == 7, thursday.lines
    assert "RuntimeError" in thursday.part("quotes", "sectors")["error"]
    assert "geheim" not in json.dumps(thursday.report) + str(runs.read_states(thursday.store))


def test_a_call_that_ignores_every_limit_cannot_outlive_the_run(thursday: World) -> None:
    from basketwatch.sources import tencent

    thursday.patch.setattr(run, "LEAST_SECONDS", 0.5)
    thursday.patch.setattr(run, "_seconds", lambda _: 2.0)
    thursday.patch.setattr(run, "GRACE", 0.5)
    thursday.patch.setattr(tencent, "fetch_quotes", lambda _: time.sleep(20))
    started = time.monotonic()
    thursday.run(only=("quotes",))
    assert time.monotonic() - started < 8 and thursday.status == 3
    assert thursday.part("quotes", "sectors")["got"] == 2 and not thursday.part("quotes", "china")["got"]


def test_two_at_once(thursday: World) -> None:
    store, _ = open_writer(thursday.url)
    with lock.writer_lock(store), pytest.raises(RefreshRunning):
        refresh(thursday.home, thursday.url)
    with lock.writer_lock(store):
        told = command(thursday)
    assert told.returncode == 0 and told.stderr.count("\n") == 1, told.stderr


def command(world: World, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """``basketwatch refresh`` as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "basketwatch", "refresh", *words], cwd=ROOT, env=_environment(world, **environment),
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def _environment(world: World, **more: str) -> dict[str, str]:
    own = {"BASKETWATCH_HOME": str(world.home), "BASKETWATCH_DB": world.url, "BASKETWATCH_LANG": "en"}
    return os.environ | own | more


def test_killed_in_the_middle_goes_on_where_it_stopped(world: World) -> None:
    world.at(FRIDAY)
    words = [sys.executable, "-m", "basketwatch", "refresh"]
    child = subprocess.Popen(words, cwd=ROOT, env=_environment(world), stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while world.asked("push2his", "kline") < 3 and time.monotonic() < end:
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    store = open_reader(world.url)
    assert store is not None
    kept = set(prices.read_series(store))
    assert_store_true(store, world.market)
    world.run()
    assert world.status == 0 and kept <= set(prices.read_series(world.store)), world.lines
    missing = len(MEMBERS) + len(LISTED) - len(kept - set(SECTORS))  # and those whose factors were still to come
    assert missing <= world.part("bars", "histories")["wanted"] < len(MEMBERS) + len(LISTED)


def test_secrets_and_requests_of_a_cold_process(thursday: World) -> None:
    proxy = thursday.up.url.replace("http://", "http://geheim-user:geheim-word@")
    names = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"), proxy)
    thursday.up.fault(r"qt\.gtimg|swsresearch", "", "reset")
    thursday.up.log.clear()
    told = command(thursday, "--json", BASKETWATCH_TOKEN="geheim-token", **names)
    report = json.loads(told.stdout)
    assert told.returncode == 2 and report["requests"]["total"] <= 16, (
        told.stderr
    )  # 2: of 31 sectors the universe has 2
    assert "Traceback" not in told.stderr
    everything = told.stdout + told.stderr + "".join(
        p.read_bytes().decode("latin-1") for p in (thursday.home / "data").glob("s.sqlite*")
    )  # fmt: skip
    assert "geheim" not in everything


def test_a_broken_basket_file_is_said_with_its_line_and_the_rest_is_done(thursday: World) -> None:
    (thursday.home / "watchlists" / "broken.toml").write_text('id = "broken"\nnonsense = 1\n', encoding="utf-8")
    thursday.run()
    assert thursday.status == 2 and all(p["got"] == p["wanted"] for p in thursday.report["parts"])
    assert "watchlists/broken.toml:2" in {p["where"] for p in thursday.report["problems"]}


def test_a_damaged_store_is_moved_aside_and_said(thursday: World) -> None:
    file = thursday.home / "data/s.sqlite"
    file.write_bytes(b"<html>captive portal</html>" * 100)
    thursday.run()
    assert thursday.status == 3 and "damage" in thursday.report["damage"]
    assert list(file.parent.glob("s.sqlite.corrupt-*")) and len(prices.read_quotes(thursday.store)) == 13


def test_a_full_disk_is_one_sentence(thursday: World) -> None:
    from sqlalchemy import Engine, event

    def small(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA max_page_count=1")

    stored = set(prices.read_quotes(thursday.store).index)
    event.listen(Engine, "connect", small)
    try:
        with pytest.raises(StoreFull):
            for _ in range(3):
                refresh(thursday.home, thursday.url)
    finally:
        event.remove(Engine, "connect", small)
    assert stored <= set(prices.read_quotes(thursday.store).index) and guard._installed is None


def test_a_read_only_place_is_one_sentence(world: World) -> None:
    world.at(FRIDAY)
    told = command(world, BASKETWATCH_DB="sqlite:////proc/nowhere/s.sqlite")
    assert told.returncode == 3 and told.stderr.count("\n") == 1 and "Traceback" not in told.stderr, told.stderr


# --- what akshare evaluates --------------------------------------------------------------------------------------


def test_no_akshare_function_on_the_path_evaluates_text() -> None:
    import ast
    import inspect

    import akshare

    from basketwatch.sources import ashare, shenwan

    used = set()
    for module in (ashare, shenwan):
        tree = ast.parse(inspect.getsource(module))
        used |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and getattr(n.value, "id", "") == "ak"}
    assert len(used) >= 6
    for name in used:
        calls = {
            n.func.id for n in ast.walk(ast.parse(inspect.getsource(getattr(akshare, name))))
            if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
        }  # fmt: skip
        assert not calls & {"eval", "exec", "compile"}, name
