"""Health, the first line and the notes beside numbers: what they say about data that are old, missing or odd.

The stores hold the demo market's rows, or a few made by hand (``tests.small``).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import nan
from typing import Any

import pytest

from basketwatch import clock
from basketwatch.analysis.health import facts
from basketwatch.analysis.snapshot import Snapshot, market_snapshot
from basketwatch.app import columns
from basketwatch.domain.model import Listed, Names, SymbolState
from basketwatch.sources.demo import market
from basketwatch.store import runs
from basketwatch.store.database import Store
from basketwatch.views import basket, health, json, ledger, origin, status_line, today
from basketwatch.words.text import say, sentence
from tests.domain.test_calendars import CALENDARS, at
from tests.small import (  # noqa: F401 - fixtures
    EVENING,
    THURSDAY,
    ZTE,
    Look,
    bars,
    empty_store,
    looked_at,
    quote,
    steady,
)
from tests.small import universe as small
from tests.stores import fill, universe


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return fill(tmp_path_factory.mktemp("health") / "live.sqlite", is_demo=False)


@pytest.fixture(scope="module")
def snapshot(store: Store) -> Snapshot:
    return market_snapshot(store, universe(), market.NOW)


def rows(store: Store, snapshot: Snapshot, title: str, lang: str = "zh") -> list[list[Any]]:
    found = {name: frame for name, frame, _ in health.look(facts(store, snapshot.now), snapshot, lang).tables}
    return found[say(title, lang)].to_numpy().tolist()


# --- Health ------------------------------------------------------------------------------------------------------


def test_lanes_of_one_part_are_told_apart(store: Store, snapshot: Snapshot) -> None:
    lanes = ("china", "abroad", "sectors")
    parts = [{"part": "quotes", "lane": n, "source": None, "wanted": 1, "got": 1, "attempts": []} for n in lanes]
    run = runs.start_run(store, market.NOW, 1)
    report = {"requests": {"total": 3, "by_host": {}}, "parts": parts}
    runs.finish_run(store, run, market.NOW, report, [])
    names = [row[0] for row in rows(store, market_snapshot(store, universe(), market.NOW), "health_sources")]
    assert names == ["行情 · A股与港股", "行情 · 美股与海外", "行情 · 申万行业"]


def test_coverage_and_states_add_up(store: Store, snapshot: Snapshot) -> None:
    """The demo's liquid cooling has a suspended member: 8 of 9 have a return, and just those are called normal."""
    said = {row[1]: row[2] for row in rows(store, snapshot, "health_coverage")}
    assert said["8/9"] == "正常 8 · 停牌 1"


def test_sick_symbols_come_first(store: Store, snapshot: Snapshot) -> None:
    states = [row[2] for row in rows(store, snapshot, "health_symbols")]
    well = [s in (say("state_ok", "zh"), say("state_partial", "zh")) for s in states]
    assert not well[0] and well == sorted(well)


def test_a_breaker_is_told_in_the_time_of_the_market(store: Store, snapshot: Snapshot) -> None:
    until = market.NOW + timedelta(minutes=20)  # 08:50 UTC
    runs.save_breakers(store, [{"host": "qt.gtimg.cn", "open_until": until, "failures": 3, "reason": "429"}])
    assert [r[3] for r in rows(store, snapshot, "health_requests") if r[0] == "qt.gtimg.cn"] == [
        "至 16:50 北京时间：429"
    ]
    told = sentence(("source_breaker_open", {"host": "h", "until": clock.iso(until)}), "en")
    assert "16:50 Beijing time" in told
    runs.save_breakers(store, [])


def test_old_quotes_of_one_source_are_one_line(look: Look, store: Store) -> None:
    """Four stuck since half past ten at Tencent are one cause; the one at Yahoo is told by itself."""
    noon, taken = at("2026-07-03 14:00", "CN"), at("2026-07-03 10:30", "CN")
    old = {"fetched_at": taken, "quote_time": taken}
    quotes = [quote(f"00000{i}.SZ", 10, 10, **old) for i in (1, 2, 4, 5)]
    quotes.append(quote("000006.SZ", 10, 10, source="yahoo", **old))
    found = look(small(*(q["ticker"] for q in quotes)), quotes, now=noon)
    assert len(found.problems) == 5
    assert rows(store, found, "health_problems", "en") == [
        ["000006.SZ", "The market trades, but the quote is of 10:30.", "soft"],
        ["Tencent", "Tencent: 4 quotes are not fresh, the oldest is of 3 Jul 10:30 "
                    "(000001.SZ, 000002.SZ, 000004.SZ …).", "soft"],
    ]  # fmt: skip


def test_soft_faults_are_on_health(look: Look, store: Store) -> None:
    said = (("ticker", ZTE), ("source", "sina"), ("detail", "3"))
    kept = SymbolState(ZTE, "bars", "ok", "sina", EVENING, None, "holes", said)
    found = look(small(ZTE), [quote(ZTE, 10, 10)], [steady(ZTE, 10.0)], states=[kept])
    [(where, told, severity)] = rows(store, found, "health_problems")
    assert (where, severity) == (ZTE, "提示") and "3 个交易日没有日线" in told


def test_the_time_of_a_market_is_that_of_its_shares_not_of_the_sectors(look: Look) -> None:
    """Shenwan's answer bears the instant at which it came: here an hour and a half after the close at 07:00 UTC."""
    sectors = (Listed("801770.SI", Names("通信", "communications")),)
    sent = [quote(ZTE, 10, 10), quote("801770.SI", 10, 10, quote_time=EVENING)]
    found = look(small(ZTE, sectors=sectors), sent)
    assert json.check(found)["as_of"]["CN"]["quote_time"] == "2026-07-03T07:00:00Z"


# --- the first line ----------------------------------------------------------------------------------------------


def test_every_followed_market_has_a_dot_taiwan_too(store: Store) -> None:
    now = market.NOW
    states = {g: c.state(now) for g, c in CALENDARS.items() if g != "KR"}
    shown = "".join(status_line.dots({}, states, now, "zh"))
    assert shown.count('class="dot') == 4 and "台股" in shown
    without = "".join(status_line.dots({}, {g: s for g, s in states.items() if g != "TW"}, now, "zh"))
    assert "台股" not in without


# --- beside the numbers ------------------------------------------------------------------------------------------


@pytest.fixture
def young(look: Look) -> Snapshot:
    """Two members with a price at the turn of the year, one listed since; the third has three bars in all."""
    days = (datetime(2025, 12, 31, tzinfo=UTC).date(), datetime(2026, 6, 26, tzinfo=UTC).date(), THURSDAY)
    histories = [bars(t, dict.fromkeys(days, 10.0)) for t in ("000001.SZ", "000002.SZ")]
    histories.append(bars("000004.SZ", dict.fromkeys(days[1:], 10.0)))
    quotes = [quote("000001.SZ", 11, 10), quote("000002.SZ", 12, 10), quote("000004.SZ", 13, 10)]
    return look(small(*(q["ticker"] for q in quotes)), quotes, histories)


def test_a_figure_says_of_how_many_members_it_speaks(young: Snapshot) -> None:
    view = young.baskets[0]
    card, table = today.card(young, view, "zh"), basket.summary(young, view, "zh")
    assert "今年 2/3" in card and "本周</span>" in card, "all three have a week"
    assert table.count('title="2/3"') == 1, "ytd of the equal weight; no cap is known, so no figure and no count"
    assert "A股 2/3（年初至今）" in table, "also where there is no pointer to rest on it"


def test_a_range_of_a_few_bars_says_why_it_is_not_given(young: Snapshot) -> None:
    shown = ledger.ledger(young, "000004.SZ", "en")
    assert "only 3 daily bars, less than 52 weeks" in shown


def test_the_note_of_an_old_tile_tells_the_time_of_today_or_the_day(look: Look) -> None:
    noon, taken = at("2026-07-03 14:00", "CN"), at("2026-07-03 10:32", "CN")
    stuck = quote("000300.SH", 101, 100, fetched_at=taken, quote_time=taken)
    files = small(ZTE, benchmarks=["000300.SH"])
    for sent, said in ((stuck, "停在 10:32"), (quote("000300.SH", 101, 100, THURSDAY), "截至 7月2日")):
        found = look(files, [sent], now=noon)
        assert origin.age_note(found, found.row("000300.SH"), "zh") == said


def test_a_suspended_row_says_of_when_it_is(look: Look) -> None:
    idle = quote(ZTE, 12, 12, suspended=True, open=nan, high=nan, low=nan, volume=0)
    found = look(small(ZTE), [idle], [steady(ZTE, 12.0, last=datetime(2026, 6, 24, tzinfo=UTC).date())])
    frame, _ = columns.members(found, found.baskets[0], "zh", green_up=False)
    assert frame["note"][ZTE] == "停牌 · 截至6月24日"
    assert found.name(ZTE) == Names(f"名{ZTE}", f"name {ZTE}")
