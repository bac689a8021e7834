"""Histories of PE in the refresh, against the stand-in: first fill, warm days, what is refused, and how many requests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from basketwatch.domain.model import SeriesKey
from basketwatch.refresh import run
from basketwatch.refresh.valuations.part import BUDGET
from basketwatch.sources.net import guard
from basketwatch.store import notes, opening, runs, valuations
from tests.refresh.world import FRIDAY, SECTORS, THURSDAY, World, make_home, quick, reset
from tests.upstream import Market, Upstream, listings

MEMBERS = ("300308.SZ", "688498.SH", "688167.SH", "515880.SH", "01686.HK", "COHR.US", "AXTI.US", "2308.TW")
LISTED = ("000300.SH", "399006.SZ", "^SOX.US", "USDCNY.FX")
SHARES = [t for t in MEMBERS if t.endswith((".SZ", ".SH")) and not t.startswith("5")]
ALL = run.PARTS
MONDAY = FRIDAY + timedelta(days=3)
HOSTS = {
    "datacenter-web.eastmoney.com": SHARES, "finance.baidu.com": ["01686.HK"], "gushitong.baidu.com": ["COHR.US"],
    "www.csindex.com.cn": ["000300.SH"], "danjuanfunds.com": ["399006.SZ"], "www.cnindex.com.cn": ["399006.SZ"],
}  # fmt: skip


def key(ticker: str, source: str, definition: str) -> SeriesKey:
    return SeriesKey(ticker, source, definition)


TTM = key("300308.SZ", "eastmoney", "ttm")
EXPECTED = {
    *(key(t, "eastmoney", "ttm") for t in SHARES), *(key(t, "shenwan", "shenwan_pe") for t in SECTORS),
    key("01686.HK", "baidu", "ttm"), key("COHR.US", "baidu", "ttm"), key("AXTI.US", "baidu", "ttm"),
    key("000300.SH", "csindex", "csindex_rolling"), key("399006.SZ", "danjuan", "danjuan_weekly"),
    key("399006.SZ", "cnindex", "cnindex_rolling"),
    key("COHR.US", "yahoo", "yahoo_trailing"), key("AXTI.US", "yahoo", "yahoo_trailing"),
    key("2308.TW", "yahoo", "yahoo_trailing"), key("SOXX.US", "yahoo", "etf_trailing"),
}  # fmt: skip


def true_pe(market: Market, ticker: str, day: date) -> float:
    """The made-up market's own PE: close × shares / profit, both as of that day."""
    item = listings.find(ticker)
    assert item is not None
    close = next(b.close for b in market.bars(ticker) if b.day == day)
    return close * market.shares(ticker, day) / market.profit(ticker, day)


def series(world: World) -> dict[SeriesKey, pd.DataFrame]:
    return valuations.read(world.store)


def parts(world: World) -> dict[str, dict]:
    return {p["lane"]: p for p in world.report["parts"] if p["part"] == "valuation"}


def assert_values_true(world: World) -> None:
    """Every stored value is the market's, of a session, and of its own source."""
    for k, rows in series(world).items():
        assert rows["session"].is_monotonic_increasing and rows["session"].is_unique, k
        item = listings.find(k.ticker)
        assert item is not None
        days = world.market.calendar(item)
        for row in [rows.iloc[0], rows.iloc[len(rows) // 2], rows.iloc[-1]]:
            day = row["session"].date()
            session = days.on(day)
            assert session is not None and session.closes <= world.market.now.timestamp(), (k, day)
            if k.definition == "etf_trailing":
                assert row["pe"] == 31.5
            elif k.definition == "yahoo_trailing" and k.ticker in listings.LOSS_MAKERS:
                assert row["losing"] and row["pe"] != row["pe"]
            elif k.definition != "announced_eps":
                assert row["pe"] == pytest.approx(true_pe(world.market, k.ticker, day), abs=0.006), (k, day)
                assert row["losing"] == (row["pe"] < 0)


def patient(patch: pytest.MonkeyPatch) -> None:
    """No pace, and time-outs that a busy machine does not meet: none of these tests is about them."""
    quick(patch)
    limits = guard.Limits
    patch.setattr(guard, "Limits", lambda: limits(connect=30, read=60, total=60, call=90))


@pytest.fixture(scope="module")
def homes(ups: Upstream, tmp_path_factory: pytest.TempPathFactory) -> dict[datetime, Path]:
    """A home whose store was filled on Thursday after the close, valuations and all."""
    with pytest.MonkeyPatch.context() as patch:
        patient(patch)
        home = tmp_path_factory.mktemp("filled")
        make_home(home, MEMBERS, LISTED)
        filled = World(home, ups, patch).run(THURSDAY, only=ALL)
        assert filled.status == 0, filled.lines
        assert filled.report["requests"]["total"] <= 200
        return {THURSDAY: home}


@pytest.fixture
def thursday(ups: Upstream, homes: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Filled on Thursday; the clock stands at Friday after the close."""
    patient(monkeypatch)
    shutil.copytree(homes[THURSDAY], tmp_path, dirs_exist_ok=True)
    yield World(tmp_path, ups, monkeypatch).at(FRIDAY)
    reset(ups)


@pytest.fixture
def empty(ups: Upstream, homes: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Bars and quotes of Thursday, and not one PE."""
    patient(monkeypatch)
    shutil.copytree(homes[THURSDAY], tmp_path, dirs_exist_ok=True)
    world = World(tmp_path, ups, monkeypatch).at(THURSDAY)
    store, _ = opening.open_writer(world.url)
    from sqlalchemy import delete

    from basketwatch.store import schema

    with store.engine.begin() as c:
        c.execute(delete(schema.valuations))
        c.execute(delete(schema.states).where(schema.states.c.part == "valuation"))
        c.execute(delete(schema.meta).where(schema.meta.c.key.like("valuation %")))
    yield world
    reset(ups)


# --- good days ---------------------------------------------------------------------------------------------------


def test_a_first_fill(thursday: World) -> None:
    thursday.at(THURSDAY)
    found = series(thursday)
    assert set(found) >= EXPECTED
    assert {k.source for k in set(found) - EXPECTED} <= {"tencent"}
    assert_values_true(thursday)
    assert found[TTM]["session"].iloc[0] == pd.Timestamp("2018-01-02")
    assert found[key("801770.SI", "shenwan", "shenwan_pe")]["session"].iloc[0] == pd.Timestamp("2023-01-03")
    assert len(found[key("000300.SH", "csindex", "csindex_rolling")]) > 2500
    assert found[TTM][["price", "market_cap"]].notna().all(axis=None)
    assert set(thursday.states("valuation").values()) == {"ok"}


def test_the_same_evening_nothing_is_asked_again(thursday: World) -> None:
    thursday.run(THURSDAY, only=ALL)
    assert thursday.status == 0, thursday.lines
    assert [thursday.asked(host) for host in HOSTS] == [0] * len(HOSTS)
    assert thursday.asked("swsresearch", "index_analysis") == 0 and not parts(thursday)


def test_a_warm_day_takes_ten_requests_at_most(thursday: World) -> None:
    before = series(thursday)
    thursday.run(FRIDAY, only=ALL)
    assert thursday.status == 0, thursday.lines
    assert len(thursday.up.requests()) == thursday.report["requests"]["total"] <= 10, thursday.report["requests"]
    asked = {host: thursday.asked(host.replace(".", r"\.")) for host in HOSTS}
    assert asked["datacenter-web.eastmoney.com"] == 1 and asked["www.csindex.com.cn"] == 1
    assert asked["www.cnindex.com.cn"] == 1 and asked["danjuanfunds.com"] == 0
    assert thursday.asked("swsresearch", "index_analysis") == 1
    after = series(thursday)
    for k in EXPECTED:
        if k.source in ("eastmoney", "shenwan", "csindex", "cnindex"):
            assert len(after[k]) == len(before[k]) + 1 and after[k]["session"].iloc[-1].date() == FRIDAY.date(), k
    assert_values_true(thursday)
    thursday.run(only=ALL)
    assert thursday.report["requests"]["total"] <= 3 and not parts(thursday)


def test_a_week_later_what_is_worth_it_is_read_again_within_the_budget(thursday: World) -> None:
    thursday.run(FRIDAY, only=ALL).run(MONDAY, only=ALL)
    seen = []
    for day in range(1, 5):
        thursday.run(MONDAY + timedelta(days=day), only=ALL)
        assert thursday.report["requests"]["total"] <= 10, thursday.report["requests"]
        seen += [e.host for e in thursday.up.requests("danjuan|baidu")]
    assert seen.count("danjuanfunds.com") == 1
    assert seen.count("finance.baidu.com") <= 1 and seen.count("gushitong.baidu.com") <= 2
    assert_values_true(thursday)


def test_an_open_session_has_no_value(thursday: World) -> None:
    thursday.run(FRIDAY.replace(hour=2, minute=15), only=ALL)
    assert {rows["session"].max().date() for rows in series(thursday).values()} <= {date(2026, 7, 1), date(2026, 7, 2)}
    assert not parts(thursday)


def test_the_own_record_takes_what_the_quotes_carry(thursday: World) -> None:
    thursday.run(FRIDAY, only=("quotes",))
    found = series(thursday)
    own = found[key("300308.SZ", "tencent", "ttm")]
    assert own["session"].iloc[-1].date() == FRIDAY.date()
    assert own["pe"].iloc[-1] == pytest.approx(true_pe(thursday.market, "300308.SZ", FRIDAY.date()), abs=0.006)
    assert found[key("688167.SH", "tencent", "ttm")]["losing"].tolist()[-1]
    assert thursday.report["requests"]["total"] <= 3
    us = found[key("COHR.US", "yahoo", "yahoo_trailing")]
    assert us["eps"].iloc[-1] == pytest.approx(us["price"].iloc[-1] / us["pe"].iloc[-1])


def test_only_the_valuation(empty: World) -> None:
    empty.run(only=("valuation",))
    assert empty.status == 0, empty.lines
    assert {k for k in EXPECTED if k.source != "yahoo"} <= set(series(empty))
    assert_values_true(empty)


# --- what goes wrong ---------------------------------------------------------------------------------------------


def test_codes_that_must_not_be_quoted(thursday: World) -> None:
    from basketwatch.sources import eastmoney

    eastmoney._dialects[:] = ['"{}"', "{}"]
    thursday.up.fault("datacenter", "VALUEANALYSIS", "bare_codes")
    thursday.run(only=ALL)
    assert thursday.status == 0 and thursday.asked("datacenter") == 2
    assert eastmoney._dialects[0] == "{}"
    eastmoney._dialects[:] = ['"{}"', "{}"]


@pytest.mark.parametrize("kind", ["status:403", "status:500", "body:<html></html>", "body:{}", "truncated"])
def test_a_source_that_fails_leaves_the_last_values(thursday: World, kind: str) -> None:
    before = series(thursday)
    thursday.up.fault(
        "datacenter|csindex|cnindex|danjuan|swsresearch", "VALUEANALYSIS|index-perf|indexList|index_analysis", kind
    )
    thursday.run(only=ALL)
    assert thursday.status == 3
    for k, rows in series(thursday).items():
        if k.source in ("eastmoney", "csindex", "shenwan", "cnindex"):
            pd.testing.assert_frame_equal(rows, before[k])
    for lane in ("bulk", "indices", "sectors"):
        part = parts(thursday)[lane]
        assert part["error"] and part["got"] + len(part["missing"]) == part["wanted"] and part["missing"], (
            thursday.lines
        )
    words = {thursday.states("valuation")[t] for t in (*SHARES, "000300.SH", "801770.SI")}
    assert words == {"blocked" if kind == "status:403" else "error"}
    assert set(thursday.states("bars").values()) == {"ok"}
    thursday.run(only=ALL)  # within the hour nobody is asked again
    assert not parts(thursday)
    thursday.up.clear_faults()
    thursday.run(FRIDAY + timedelta(hours=2), only=ALL)
    assert series(thursday)[TTM]["session"].iloc[-1].date() == FRIDAY.date(), thursday.lines


WRONG = {"absurd_multiple": "pe_absurd", "multiple:0.01": "pe_percent", "multiple:2": "pe_level"}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_multiple_is_kept_out_and_named(thursday: World, kind: str) -> None:
    before = series(thursday)
    thursday.up.fault(
        "datacenter|csindex|cnindex|swsresearch", "VALUEANALYSIS|index-perf|indexList|index_analysis", kind
    )
    thursday.run(only=ALL)
    found = series(thursday)
    aggregates = [k for k in EXPECTED if k.source in ("csindex", "shenwan", "cnindex")]
    # the earnings of a single stock may halve with a report
    shares = [k for k in EXPECTED if k.source == "eastmoney" and kind != "multiple:2"]
    for k in aggregates + shares:
        assert found[k]["session"].iloc[-1] == before[k]["session"].iloc[-1], (k, thursday.lines)
    keys = {r.key for r in runs.read_quarantine(thursday.store, 500) if r.part == "valuation"}
    assert WRONG[kind] in keys
    sector = next(s for s in runs.read_states(thursday.store) if (s.ticker, s.part) == ("801770.SI", "valuation"))
    assert sector.key in (WRONG[kind], None) and sector.state in ("ok", "suspect")


def test_another_stocks_data_is_rejected_whole(empty: World) -> None:
    empty.up.fault("datacenter", "VALUEANALYSIS.*688498", "mislabelled")
    empty.run(only=("valuation",))
    assert empty.status == 3 and empty.states("valuation")["688498.SH"] == "suspect"
    found = series(empty)
    assert key("688498.SH", "eastmoney", "ttm") not in found and TTM in found
    assert [r.ticker for r in runs.read_quarantine(empty.store) if r.part == "valuation"] == ["688498.SH"]


def test_half_a_day_of_sectors_is_no_day(thursday: World) -> None:
    thursday.up.fault("swsresearch", "index_analysis", "half_missing")
    thursday.run(only=ALL)
    k = key("801770.SI", "shenwan", "shenwan_pe")
    assert series(thursday)[k]["session"].iloc[-1].date() == THURSDAY.date()
    rows = [r for r in runs.read_quarantine(thursday.store) if r.key == "pe_sectors_missing"]
    assert rows and "16/31" in rows[0].params
    thursday.up.clear_faults()
    thursday.run(FRIDAY + timedelta(hours=2), only=ALL)
    assert series(thursday)[k]["session"].iloc[-1].date() == FRIDAY.date()


def test_a_cut_report_of_the_sectors_is_not_used(thursday: World) -> None:
    before = series(thursday)
    thursday.up.fault("swsresearch", "index_analysis", "cut_report")
    thursday.run(only=ALL)
    assert thursday.status == 3 and parts(thursday)["sectors"]["missing"]
    for ticker in SECTORS:
        k = key(ticker, "shenwan", "shenwan_pe")
        pd.testing.assert_frame_equal(series(thursday)[k], before[k])
    assert "pe_report_cut" in {r.key for r in runs.read_quarantine(thursday.store)}


def test_without_baidu_the_us_is_rebuilt_from_announced_eps(empty: World) -> None:
    empty.up.fault("baidu", "opendata", "status:403")
    empty.run(only=("valuation",))
    found = series(empty)
    assert not [k for k in found if k.source == "baidu"]
    rows = found[key("COHR.US", "yahoo", "announced_eps")]
    assert len(rows) > 2000 and rows["eps"].notna().all()
    assert empty.asked("finance.yahoo.com", "calendar/earnings") == 2  # COHR and AXTI
    loser = found[key("AXTI.US", "yahoo", "announced_eps")]
    assert loser["losing"].all() and loser["pe"].isna().all()
    assert empty.states("valuation")["01686.HK"] == "blocked" and empty.states("valuation")["COHR.US"] == "ok"
    day = date(2026, 5, 27)  # two days after the report of 2026-05-25, a holiday, after the close
    price = next(b.close for b in empty.market.bars("COHR.US") if b.day == day)
    reports = [date(2025, 8, 25), date(2025, 11, 25), date(2026, 2, 25), date(2026, 5, 25)]
    shares = empty.market.shares("COHR.US", day)
    year = sum(round(empty.market.profit("COHR.US", d) / shares / 4, 4) for d in reports)
    assert rows.set_index("session").loc[pd.Timestamp(day), "pe"] == pytest.approx(price / year, rel=1e-6)


def test_cnindex_without_a_stored_close_of_the_day_has_no_date(empty: World) -> None:
    store, _ = opening.open_writer(empty.url)
    from sqlalchemy import delete

    from basketwatch.store import schema

    with store.engine.begin() as c:
        c.execute(delete(schema.bars).where(schema.bars.c.ticker == "399006.SZ"))
    empty.run(only=("valuation",))
    assert key("399006.SZ", "cnindex", "cnindex_rolling") not in series(empty)
    assert key("399006.SZ", "danjuan", "danjuan_weekly") in series(empty)


def test_a_suspended_stock_is_not_asked_for_again_and_again(empty: World) -> None:
    make_home(empty.home, (*MEMBERS, "002272.SZ"), LISTED)  # suspended since 2026-06-24
    empty.run(only=ALL)
    assert empty.status == 0, empty.lines
    assert series(empty)[key("002272.SZ", "eastmoney", "ttm")]["session"].iloc[-1].date() < date(2026, 6, 24)
    empty.run(only=ALL)
    assert empty.asked("datacenter") == 0
    empty.run(FRIDAY, only=ALL)
    assert empty.status == 0, empty.lines


def test_the_instants_of_the_notes_survive(thursday: World) -> None:
    noted = notes.noted(thursday.store, "valuation csindex")
    assert noted is not None
    at, day = noted.split()
    assert datetime.fromisoformat(at) == THURSDAY.astimezone(UTC) and date.fromisoformat(day) == THURSDAY.date()
    assert BUDGET == 10


def test_a_pause_of_seventy_days_is_closed_in_one_run(thursday: World) -> None:
    """Each history ends with the last session of its market again, within the run that finds the gap; and stays asked once."""
    back = THURSDAY + timedelta(days=70)  # a Thursday evening in September
    world = thursday.run(back, only=ALL)
    assert world.status == 0, world.lines
    found = series(world)
    for ticker in SHARES:
        assert found[key(ticker, "eastmoney", "ttm")]["session"].max().date() == back.date(), ticker
    for ticker in ("01686.HK", "COHR.US", "AXTI.US"):
        newest = found[key(ticker, "baidu", "ttm")]["session"].max().date()
        assert newest >= back.date() - timedelta(days=3), (ticker, newest)
    assert_values_true(world)
    counts = world.report["requests"]["by_host"]
    world.run(back + timedelta(hours=2), only=ALL)
    again = world.report["requests"]["by_host"]
    assert again.get("datacenter-web.eastmoney.com", 0) <= 1 < counts["datacenter-web.eastmoney.com"]


def test_a_pause_is_closed_when_the_source_is_back(thursday: World) -> None:
    """The source is down in the first run after the pause; an hour later the gap is closed, and the problem was named."""
    back = THURSDAY + timedelta(days=70)
    thursday.up.fault(r"datacenter-web", ".*", "status:500")
    world = thursday.run(back, only=ALL)
    assert world.status == 3
    states = {s.ticker: s.state for s in runs.read_states(world.store) if s.part == "valuation"}
    assert all(states[t] != "ok" for t in SHARES), states
    world.up.clear_faults()
    world.run(back + timedelta(hours=2), only=ALL)
    assert series(world)[TTM]["session"].max().date() == back.date()
