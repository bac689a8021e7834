"""The snapshot of small stores made by hand: how old, in what state, at which limit, in which currency, in which basket."""

from __future__ import annotations

from datetime import date, timedelta
from math import isnan, nan
from typing import Any

import pandas as pd
import pytest

from basketwatch.analysis.snapshot import against
from basketwatch.domain.model import Basket, Chain, Listed, Names, Problem, Segment, SymbolState, Universe
from tests.domain.test_calendars import CALENDARS, at
from tests.small import (  # noqa: F401 - fixtures
    EVENING,
    FRIDAY,
    THURSDAY,
    ZTE,
    Look,
    bars,
    empty_store,
    looked_at,
    member,
    quote,
    row,
    steady,
    universe,
)

# --- how old -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "session", "fetched", "stale", "behind", "state"),
    [
        ("2026-07-03 10:30", FRIDAY, "2026-07-03 10:26", False, 0, "partial"),
        ("2026-07-03 10:30", FRIDAY, "2026-07-03 10:24", True, 0, "stale"),
        ("2026-07-03 10:30", THURSDAY, "2026-07-03 10:29", True, 1, "stale"),  # yesterday's, and today trades
        ("2026-07-03 09:31", THURSDAY, "2026-07-03 09:30", False, 0, "ok"),  # exchanges with a delay have not begun yet
        ("2026-07-03 09:31", THURSDAY, "2026-07-02 16:00", True, 0, "stale"),
        ("2026-07-03 09:00", THURSDAY, "2026-07-02 16:00", False, 0, "ok"),  # before the open
        ("2026-07-03 12:30", FRIDAY, "2026-07-03 11:31", False, 0, "partial"),  # lunch: the morning's last price
        ("2026-07-03 12:30", FRIDAY, "2026-07-03 10:00", True, 0, "stale"),  # lunch: a price of the morning
        ("2026-07-03 15:02", FRIDAY, "2026-07-03 14:59", False, 0, "partial"),
        ("2026-07-03 15:20", FRIDAY, "2026-07-03 15:01", False, 0, "partial"),  # not final before half past
        ("2026-07-03 15:20", FRIDAY, "2026-07-03 14:50", True, 0, "stale"),
        ("2026-07-03 15:30", FRIDAY, "2026-07-03 15:01", False, 0, "ok"),
        ("2026-07-03 22:00", FRIDAY, "2026-07-03 14:59", True, 0, "stale"),  # fetched before the close: no close
        ("2026-07-05 18:00", FRIDAY, "2026-07-03 15:01", False, 0, "ok"),  # Sunday
        ("2026-07-05 18:00", FRIDAY, "2026-07-03 14:30", True, 0, "stale"),
        ("2026-07-06 18:00", FRIDAY, "2026-07-03 15:01", True, 1, "stale"),
        ("2026-02-22 18:00", date(2026, 2, 13), "2026-02-13 15:01", False, 0, "ok"),  # nine days of holiday
        ("2026-02-25 10:00", date(2026, 2, 13), "2026-02-13 15:01", True, 2, "stale"),
    ],
)  # fmt: skip
def test_age_of_a_mainland_quote(
    look: Look, now: str, session: date, fetched: str, stale: bool, behind: int, state: str
) -> None:
    found = row(look, quote(ZTE, 10, 10, session, fetched_at=at(fetched, "CN")), now=at(now, "CN"))
    assert (found["stale"], found["behind"], found["state"]) == (stale, behind, state)


def test_a_delayed_exchange_shows_its_close_only_after_the_delay(look: Look) -> None:
    """In Hong Kong the auction's price of 16:08 is the close, and 15 minutes later a delayed source has it."""
    for traded, fetched, stale in (("16:00", "16:01", True), ("16:01", "16:16", True), ("16:08", "16:23", False)):
        times = {"quote_time": at(f"2026-07-03 {traded}", "HK"), "fetched_at": at(f"2026-07-03 {fetched}", "HK")}
        sent = quote("01686.HK", 10, 10, **times, delay_minutes=15)
        assert row(look, sent, now=at("2026-07-03 20:00", "HK"))["stale"] == stale


def test_half_days_end_early(look: Look) -> None:
    eve = date(2026, 12, 24)
    traded, fetched = at("2026-12-24 12:08", "HK"), at("2026-12-24 12:10", "HK")
    sent = quote("01686.HK", 10, 10, eve, quote_time=traded, fetched_at=fetched)
    assert row(look, sent, now=at("2026-12-24 14:00", "HK"))["state"] == "ok"
    assert row(look, sent | {"fetched_at": at("2026-12-24 11:30", "HK")}, now=at("2026-12-24 14:00", "HK"))["stale"]


def test_the_word_of_what_went_wrong(look: Look) -> None:
    old = quote(ZTE, 10, 10, THURSDAY)
    for word, shown in (("blocked", "blocked"), ("error", "error"), ("ok", "stale"), ("partial", "stale")):
        states = [SymbolState(ZTE, "quotes", word, "tencent", EVENING)]
        assert row(look, old, states=states)["state"] == shown
    states = [SymbolState(ZTE, "quotes", "blocked", "tencent", EVENING)]
    assert row(look, quote(ZTE, 10, 10), states=states)["state"] == "ok"  # blocked later on, but today's close is there


def test_a_suspended_share_is_not_stale_while_it_is_seen_suspended(look: Look) -> None:
    sent = quote(ZTE, 10, 10, suspended=True, open=nan, high=nan, low=nan, volume=0)
    found = row(look, sent, histories=[steady(ZTE, 10, date(2026, 6, 23))])
    assert (found["stale"], found["state"], found["limit_state"]) == (False, "ok", "no_limit")
    assert isnan(found["1d"])
    assert isnan(found["1w"])
    late = row(look, sent, now=EVENING + timedelta(days=5))
    assert late["stale"]  # seen suspended last week says nothing about today


@pytest.mark.parametrize(
    ("session", "now", "behind", "stale"),
    [("2026-07-03", "2026-07-05 12:00", 0, False), ("2026-07-04", "2026-07-04 12:00", 0, False),
     ("2026-07-05", "2026-07-06 12:00", 1, False), ("2026-07-03", "2026-07-06 12:00", 1, False),
     ("2026-07-02", "2026-07-06 12:00", 2, True), ("2026-07-07", "2026-07-06 23:59", 0, False)],
)  # fmt: skip
def test_exchange_rates_count_weekdays(look: Look, session: str, now: str, behind: int, stale: bool) -> None:
    sent = quote("USDCNY.FX", 6.9, 6.9, date.fromisoformat(session), fetched_at=at(now))
    found = row(look, sent, now=at(now))
    assert (found["behind"], found["stale"]) == (behind, stale)


# --- what is there -----------------------------------------------------------------------------------------------


def test_nothing_there(look: Look) -> None:
    snapshot = look(universe(ZTE), calendars=False)
    assert snapshot.table.empty
    view = snapshot.baskets[0]
    assert (view.covered, len(view.table), view.table["segment"][ZTE]) == (0, 1, None)
    assert isnan(view.returns["1d"])
    assert set(snapshot.problems) == {
        Problem.of(ZTE, "never_fetched"), Problem.of("calendar CN", "calendar_not_confirmed", "soft"),
    }  # fmt: skip
    assert snapshot.name(ZTE) == Names(f"名{ZTE}", f"name {ZTE}")


def test_why_nothing_is_there_is_said(look: Look) -> None:
    params = (("ticker", ZTE), ("severity", "x"), ("where", "y"), ("key", "z"))
    state = SymbolState(ZTE, "quotes", "unknown_symbol", "tencent", EVENING, None, "unknown_symbol", params)
    assert look(universe(ZTE), states=[state]).problems == (Problem(ZTE, "unknown_symbol", params),)


def test_bars_without_a_quote(look: Look) -> None:
    """The last bar stands in; its day's return is against the bar before, and nothing is known of limits or caps."""
    history = pd.concat([steady(ZTE, 10.0), bars(ZTE, {FRIDAY: 11.0})])
    snapshot = look(universe(ZTE), histories=[history])
    found = snapshot.table.loc[ZTE]
    assert (found["last"], found["source"], found["currency"], found["state"]) == (11.0, "sina", "CNY", "ok")
    assert found["1d"] == pytest.approx(0.1)
    assert found["volume_ratio"] == pytest.approx(1.0)  # its own volume is not one of the five
    assert found["limit_state"] == "unknown"
    assert isnan(found["cap_cny"])
    assert look(universe(ZTE), histories=[steady(ZTE, 10.0)]).table["stale"][ZTE]


def test_the_running_session_s_bar_without_a_quote(look: Look) -> None:
    """Hong Kong at 14:30: the bar of the running session is shown as stale, and the problem says why."""
    ticker = "01686.HK"
    history = pd.concat([steady(ticker, 10.2), bars(ticker, {FRIDAY: 10.4}, final=False)])
    snapshot = look(universe(ticker), histories=[history], now=at("2026-07-03 14:30", "HK"))
    found = snapshot.table.loc[ticker]
    assert (found["last"], found["session"].date(), found["stale"]) == (10.4, FRIDAY, True)
    assert pd.isna(found["quote_time"])
    assert snapshot.problems == (Problem.of(ticker, "no_quote", "soft"),)


def test_a_name_that_nobody_sent(look: Look) -> None:
    files = Universe(chains=(Chain("c", Names("", ""), (Segment("s", Names("", ""), (ZTE,)),)),))
    for quotes, name in (((), ZTE), ((quote(ZTE, 1, 1),), "甲")):
        snapshot = look(files, quotes, [steady(ZTE, 10.0)])
        assert snapshot.table["name"].isna()[ZTE] == (name == ZTE)


def test_a_newer_bar_than_the_quote(look: Look) -> None:
    history = pd.concat([steady(ZTE, 10.0, date(2026, 7, 1)), bars(ZTE, {THURSDAY: 10.0, FRIDAY: 12.0})])
    found = look(universe(ZTE), [quote(ZTE, 10.0, 10.0, THURSDAY, market_cap=1e9)], [history]).table.loc[ZTE]
    assert (found["session"].date(), found["last"], found["name"]) == (FRIDAY, 12.0, "甲")
    assert found["1d"] == pytest.approx(0.2)
    assert not found["stale"]
    assert isnan(found["market_cap"])


def test_a_final_bar_settles_a_quote_from_before_the_close(look: Look) -> None:
    early = quote(ZTE, 11.0, 9.5, fetched_at=at("2026-07-03 14:00", "CN"), market_cap=1.1e9, turnover=0.02, high=11.5)
    settled = pd.concat([steady(ZTE, 10.0), bars(ZTE, {FRIDAY: 12.0})])
    found = look(universe(ZTE), [early], [settled]).table.loc[ZTE]
    assert (found["last"], found["previous_close"], found["high"], found["turnover"]) == (12.0, 9.5, 12.0, 0.02)
    assert found["1d"] == pytest.approx(12 / 9.5 - 1)
    assert found["market_cap"] == pytest.approx(1.2e9)
    assert (found["stale"], found["state"]) == (False, "ok")


def test_bars_but_no_calendar(look: Look) -> None:
    """Weekdays are guessed: Friday's bar is not behind on Sunday, Wednesday's is, and the guess is said."""
    for last, stale in ((FRIDAY, False), (date(2026, 7, 1), True)):
        snapshot = look(universe(ZTE), histories=[steady(ZTE, 10.0, last)], calendars=False, now=at("2026-07-05 12:00"))
        assert snapshot.table["stale"][ZTE] == stale
        assert Problem.of("calendar CN", "calendar_not_confirmed", "soft") in snapshot.problems
        assert snapshot.markets["CN"].phase == "unknown"


def test_past_the_calendar_s_bound(look: Look) -> None:
    sent = quote(ZTE, 10, 10, date(2027, 1, 5), fetched_at=at("2027-01-05 15:01", "CN"))
    snapshot = look(universe(ZTE), [sent], now=at("2027-01-05 20:00", "CN"))
    assert not snapshot.table["stale"][ZTE]
    assert Problem.of("calendar CN", "calendar_not_confirmed", "soft", bound="2026-12-31") in snapshot.problems
    assert {p.where for p in snapshot.problems} == {f"calendar {group}" for group in CALENDARS}


# --- returns -----------------------------------------------------------------------------------------------------


def test_an_ex_rights_day(look: Look) -> None:
    """Raw −16 %, against the reference price up: the factor comes with the ex-date, the quote with the previous close."""
    reference = 51.17
    found = row(look, quote("603203.SH", 55.86, reference), histories=[steady("603203.SH", 66.52)],
                factors=[("603203.SH", FRIDAY, reference / 66.52)])  # fmt: skip
    assert found["1d"] == found["1w"] == pytest.approx(55.86 / 51.17 - 1)
    assert found["spark"][0] == pytest.approx(51.17)
    assert isnan(found["low_52w"]) and found["bars_52w"] == 31, "a month of bars is no 52-week range"


def test_a_dividend_announced_for_monday_changes_nothing_yet(look: Look) -> None:
    found = row(look, quote(ZTE, 11.0, 10.0), histories=[steady(ZTE, 10.0)], factors=[(ZTE, date(2026, 7, 6), 0.5)])
    assert (found["1d"], found["1w"], found["spark"][0]) == pytest.approx((0.1, 0.1, 10.0))


def test_soft_faults_of_what_was_kept_are_problems(look: Look) -> None:
    """One state word carries two of them; a word of a failure carries none."""
    said = (("ticker", ZTE), ("source", "sina"), ("detail", "2"), ("holes", "3"))
    kept = SymbolState(ZTE, "bars", "ok", "sina", EVENING, None, "revised", said)
    snapshot = look(universe(ZTE), [quote(ZTE, 10, 10)], [steady(ZTE, 10.0)], states=[kept])
    assert [(p.where, p.key, p.severity, dict(p.params)["detail"]) for p in snapshot.problems] == [
        (ZTE, "revised", "soft", "2"), (ZTE, "holes", "soft", "3"),
    ]  # fmt: skip


def test_a_pe_that_was_put_aside_or_refused_is_a_problem_once_it_is_old(look: Look) -> None:
    """No PE of Friday's close is stored. A remark on what was kept and a stock without a PE by nature are none, nor is
    a word of after the instant that is replayed."""
    said = (("ticker", ZTE), ("source", "eastmoney"), ("detail", "2026-07-03, pe=0.27"))
    for state, key, told_at, told in (
        ("ok", "pe_percent", EVENING, True), ("blocked", "source_blocked", EVENING, True),
        ("ok", "pe_days_off", EVENING, False), ("no_data", "pe_percent", EVENING, False), ("ok", None, EVENING, False),
        ("ok", "pe_percent", EVENING + timedelta(days=1), False),
    ):  # fmt: skip
        word = SymbolState(ZTE, "valuation", state, "eastmoney", told_at, None, key, said)
        snapshot = look(universe(ZTE), [quote(ZTE, 10, 10)], [steady(ZTE, 10.0)], states=[word])
        assert [p.key for p in snapshot.problems] == ([key] if told else [])


def test_a_gap_between_history_and_quote(look: Look) -> None:
    """Bars end on 18 June. Had nothing traded since, the previous close would be theirs; it is not, so a week is unknown."""
    history = steady(ZTE, 10.0, date(2026, 6, 18), sessions=120)
    error = SymbolState(ZTE, "bars", "blocked", "sina", EVENING, None, "source_blocked", (("source", "sina"),))
    snapshot = look(universe(ZTE), [quote(ZTE, 12.0, 11.0)], [history], states=[error])
    found = snapshot.table.loc[ZTE]
    assert isnan(found["1w"])
    assert isnan(found["mtd"])
    assert (found["1d"], found["ytd"]) == pytest.approx((12 / 11 - 1, 0.2))
    assert snapshot.problems == (Problem(ZTE, "source_blocked", (("source", "sina"),), "soft"),)
    resumed = look(universe(ZTE), [quote(ZTE, 12.0, 10.0)], [history]).table.loc[ZTE]
    assert (resumed["1w"], resumed["1d"]) == pytest.approx((0.2, 0.2))


def test_a_gap_is_one_without_a_calendar_too(look: Look) -> None:
    """Weekdays are guessed; the previous close 11 is not the stored 10 of 18 June, so bars are missing in between."""
    history = steady(ZTE, 10.0, date(2026, 6, 18), sessions=120)
    table = look(universe(ZTE), [quote(ZTE, 12.0, 11.0)], [history], calendars=False).table
    assert isnan(table["1w"][ZTE]) and table["1d"][ZTE] == pytest.approx(12 / 11 - 1)


def test_fifty_two_week_place(look: Look) -> None:
    days = [f"{d:%Y-%m-%d}" for d in pd.bdate_range(date(2025, 6, 30), THURSDAY)]
    history = bars(ZTE, {date.fromisoformat(d): 9.0 for d in days} | {date(2026, 6, 30): 13.0})
    assert row(look, quote(ZTE, 10, 9), histories=[history])["place_52w"] == pytest.approx(0.25)
    assert isnan(row(look, quote(ZTE, 10, 9), histories=[history.tail(150)])["place_52w"])  # seven months are no year
    assert isnan(row(look, quote(ZTE, 10, 10))["place_52w"])  # one price is no range


@pytest.mark.parametrize(
    ("now", "fetched", "ratio"),
    [("16:30", "15:31", 2.0), ("10:31", "10:30", 8.0), ("12:30", "11:31", 4.0), ("14:00", "13:00", 4.0)],
)
def test_volume_ratio_is_as_of_the_quote(look: Look, now: str, fetched: str, ratio: float) -> None:
    """2,000 shares against a mean of 1,000: in 240 minutes twice as many, in 60 eight times; lunch counts for nothing."""
    sent = quote(ZTE, 10, 10, volume=2000.0, fetched_at=at(f"2026-07-03 {fetched}", "CN"))
    found = row(look, sent, histories=[steady(ZTE, 10.0)], now=at(f"2026-07-03 {now}", "CN"))
    assert found["volume_ratio"] == pytest.approx(ratio)


def test_the_source_s_own_volume_ratio_wins(look: Look) -> None:
    assert row(look, quote(ZTE, 10, 10, volume_ratio=1.7), histories=[steady(ZTE, 10.0)])["volume_ratio"] == 1.7


# --- limits ------------------------------------------------------------------------------------------------------


def test_limits_by_the_rule_and_by_the_quote(look: Look) -> None:
    found = row(look, quote("300308.SZ", 120.0, 100.0, open=110.0, low=110.0))
    assert (found["limit_state"], found["limit_up"], found["limit_down"]) == ("sealed_up", 120.0, 80.0)
    assert found["limit_agrees"] is None
    snapshot = look(universe(ZTE), [quote(ZTE, 10.5, 10.0, limit_up=10.5, limit_down=9.5)])
    found = snapshot.table.loc[ZTE]
    assert (found["limit_state"], found["limit_up"], found["limit_agrees"]) == ("one_price_up", 10.5, False)
    assert snapshot.problems == (
        Problem.of(ZTE, "limit_disagrees", "soft", up=10.5),
    )  # the only row: all answers are bools
    agreed = look(universe(ZTE), [quote(ZTE, 10.5, 10.0, limit_up=11.0, limit_down=9.0)])
    assert agreed.table["limit_agrees"][ZTE] is True
    assert agreed.problems == ()


@pytest.mark.parametrize(("name", "session", "state"), [
    ("*ST中兴", date(2026, 7, 3), "one_price_up"), ("中兴通讯", date(2026, 7, 3), "none"),
    ("*ST中兴", date(2026, 7, 6), "none"),  # 10 % since that day
])  # fmt: skip
def test_a_name_with_st(look: Look, name: str, session: date, state: str) -> None:
    sent = quote(ZTE, 10.5, 10.0, session, name=name)
    assert row(look, sent, now=at(f"{session} 16:30", "CN"))["limit_state"] == state


@pytest.mark.parametrize(
    ("earlier", "state"), [(0, "unknown"), (1, "no_limit"), (4, "no_limit"), (5, "unknown"), (12, "unknown")]
)
def test_a_new_listing_has_no_limit_for_five_sessions(look: Look, earlier: int, state: str) -> None:
    """+60 %: possible without a limit only. Without any stored bar nothing says that the share is new."""
    history = [steady("300308.SZ", 10.0, sessions=earlier)] if earlier else []
    assert row(look, quote("300308.SZ", 16.0, 10.0), histories=history)["limit_state"] == state


def test_a_history_that_has_not_been_read_says_nothing_of_a_listing(look: Look) -> None:
    """On a first run the quotes come before the histories: one bar, the quote's own, is no listing day."""
    found = row(look, quote("300308.SZ", 12.0, 10.0))
    assert (found["limit_state"], found["limit_up"]) == ("one_price_up", 12.0)


def test_no_limit_abroad_and_for_indices(look: Look) -> None:
    quotes = [quote("COHR.US", 200, 100, THURSDAY), quote("01686.HK", 20, 10), quote("000300.SH", 50, 10)]
    snapshot = look(universe("COHR.US", "01686.HK", benchmarks=["000300.SH"]), quotes)
    assert snapshot.table["limit_state"].tolist() == ["no_limit"] * 3


# --- money -------------------------------------------------------------------------------------------------------


def test_caps_in_yuan(look: Look) -> None:
    quotes = [
        quote(ZTE, 10, 10, market_cap=100.0), quote("01686.HK", 10, 10, market_cap=100.0),
        quote("COHR.US", 10, 10, THURSDAY, market_cap=100.0), quote("005930.KS", 10, 10, market_cap=140_000.0),
        quote("2308.TW", 10, 10, market_cap=100.0), quote("USDCNY.FX", 7.0, 7.0), quote("HKDCNY.FX", 0.9, 0.9),
        quote("USDHKD.FX", 7.7, 7.7), quote("USDKRW.FX", 1400.0, 1400.0),
    ]  # fmt: skip
    tickers = [q["ticker"] for q in quotes]
    caps = look(universe(*tickers), quotes).table["cap_cny"]
    # direct 0.9 before 7/7.7; Korea 140,000 / 1,400 × 7; Taiwan's rate is missing
    assert [caps[t] for t in tickers[:5]] == pytest.approx([100, 90, 700, 700, nan], nan_ok=True)
    without = look(universe(*tickers), [q for q in quotes if q["ticker"] != "USDCNY.FX"]).table["cap_cny"]
    assert list(without[tickers[:5]]) == pytest.approx([100, 90, nan, nan, nan], nan_ok=True)


# --- baskets -----------------------------------------------------------------------------------------------------


def test_membership_ends_with_until_and_does_not_begin_with_since(look: Look) -> None:
    """``since`` is a record, so a replayed day still has its members; ``until`` is the last day of one."""
    files = universe(
        member("000001.SZ", until=THURSDAY), member("000002.SZ", until=FRIDAY), member("000004.SZ", since=date(2026, 9, 1)),
        member("000005.SZ"),
    )  # fmt: skip
    quotes = [quote(f"00000{i}.SZ", 11, 10) for i in (1, 2, 4, 5)]
    assert [t[:6] for t in look(files, quotes).baskets[0].table.index] == ["000002", "000004", "000005"]
    # half an hour past midnight in Shanghai it is still Friday in London
    late = look(files, quotes, now=at("2026-07-04 00:30", "CN"))
    assert [t[:6] for t in late.baskets[0].table.index] == ["000004", "000005"]


def test_suspended_and_lagging_members_stand_aside(look: Look) -> None:
    quotes = [
        quote("000001.SZ", 11, 10), quote("000002.SZ", 10, 10, suspended=True, open=nan, high=nan, low=nan, volume=0),
        quote("000004.SZ", 15, 10, THURSDAY), quote("000300.SH", 101, 100), quote("COHR.US", 12, 10, THURSDAY),
        quote("000006.SZ", 11, 10), quote("000007.SZ", 11, 10),
    ]  # fmt: skip
    tickers = [q["ticker"] for q in quotes if q["ticker"] != "000300.SH"]
    view = look(universe(*tickers, "000005.SZ", benchmarks=["000300.SH", "399006.SZ"]), quotes).baskets[0]
    assert (view.covered, len(view.table)) == (4, 7)
    assert view.returns["1d"] == pytest.approx(0.1) and view.by_group["US"]["returns"]["1d"] == pytest.approx(0.2)
    assert view.table["1d"]["000004.SZ"] == pytest.approx(0.5)  # shown, and marked as stale
    assert view.excess == {"000300.SH": pytest.approx(dict.fromkeys(view.returns, nan) | {"1d": 0.09}, nan_ok=True)}
    assert view.breadth == {"up": 3, "flat": 0, "down": 0, "limit_up": 3, "limit_down": 0, "suspended": 1}
    assert view.excess_coverage["000300.SH"]["1d"] == 3  # of six on the mainland


def test_a_member_without_history_does_not_change_the_year_silently(look: Look) -> None:
    """Two have been there all year (+10 %, +20 %), the third for two weeks: 2/3 stand behind ytd, 3/3 behind the day."""
    days = (date(2025, 12, 31), date(2026, 6, 26), THURSDAY)
    histories = [bars(t, dict.fromkeys(days, 10.0)) for t in ("000001.SZ", "000002.SZ")]
    histories += [bars("000004.SZ", dict.fromkeys(days[1:], 10.0))]
    quotes = [quote("000001.SZ", 11, 10), quote("000002.SZ", 12, 10), quote("000004.SZ", 13, 10)]
    view = look(universe(*(q["ticker"] for q in quotes)), quotes, histories).baskets[0]
    assert (view.returns["ytd"], view.returns["1w"]) == pytest.approx((0.15, 0.2))
    assert (view.coverage["1d"], view.coverage["1w"], view.coverage["ytd"]) == (3, 3, 2)
    assert view.by_group["CN"]["coverage"] == view.coverage


def test_a_suspended_share_is_shown_as_of_its_last_trade(look: Look) -> None:
    """Last traded on 24 June: its year is that up to then, the windows after it have none, and the day is told."""
    idle = quote(ZTE, 12, 12, suspended=True, open=nan, high=nan, low=nan, volume=0)
    history = bars(ZTE, {date(2025, 12, 31): 10.0, date(2026, 6, 24): 12.0})
    found = row(look, idle, histories=[history])
    assert found["ytd"] == pytest.approx(0.2)
    assert isnan(found["1d"]) and isnan(found["1w"])
    assert found["traded"] == pd.Timestamp("2026-06-24")


def test_segments_come_from_the_chain(look: Look) -> None:
    chain = Chain(
        "c", Names("", ""), (Segment("one", Names("", ""), (ZTE,)), Segment("two", Names("", ""), (ZTE,), ("COHR.US",)))
    )
    table = look(universe(ZTE, "COHR.US", "000001.SZ", chains=[chain])).baskets[0].table
    assert table["segment"].tolist() == ["one", "two", None]


def sectors(late: int = 0, session: date = FRIDAY) -> list[dict[str, Any]]:
    """31 sectors; number i gains i tenths of a percent. The last ``late`` of them are a session older."""
    days = [THURSDAY if i >= 31 - late else session for i in range(31)]
    return [quote(f"8010{i:02}.SI", 1000 + i, 1000, day) for i, day in enumerate(days)]


@pytest.mark.parametrize(("rows", "rank", "would"), [
    (sectors(), 31, 11),  # members gain 2.05 %: ten sectors gain 2.1 % and more
    (sectors(late=1), None, None), (sectors()[:30], None, None),
    (sectors(session=THURSDAY), 31, None),  # all of one session, but not of the members'
])  # fmt: skip
def test_ranks_need_every_sector_on_one_session(
    look: Look, rows: list[dict[str, Any]], rank: int | None, would: int | None
) -> None:
    listed = tuple(Listed(f"8010{i:02}.SI", Names("", "")) for i in range(31))
    quotes = [quote(ZTE, 102.05, 100), quote("COHR.US", 500, 100, THURSDAY), *rows]
    snapshot = look(universe(ZTE, "COHR.US", sectors=listed), quotes)
    found = snapshot.ranks["1d"]["801000.SI"]
    assert (None if isnan(found) else found) == rank
    assert snapshot.baskets[0].would_rank["1d"] == would  # of the mainland members alone
    assert snapshot.baskets[0].would_rank["1w"] is None


# --- series and overnight ----------------------------------------------------------------------------------------


def test_lines_and_the_basket_against_its_benchmarks(look: Look) -> None:
    histories = [
        steady(ZTE, 10.0, sessions=80),
        steady("000300.SH", 100.0, sessions=80),
        bars("399006.SZ", {THURSDAY: 5.0}),
    ]
    quotes = [quote(ZTE, 11, 10), quote("000300.SH", 102, 100), quote("399006.SZ", 5, 5)]
    snapshot = look(universe(ZTE, benchmarks=["000300.SH", "399006.SZ"]), quotes, histories)
    assert snapshot.lines["b"] == pytest.approx([1.0] * 59 + [1.1])
    assert snapshot.table["spark"][ZTE] == [10.0] * 59 + [11.0]
    lines, held = against(snapshot, snapshot.baskets[0], "60d")
    assert held == 1
    assert list(lines) == ["b", "000300.SH"]  # the other one has no close sixty sessions ago
    assert [line.iloc[-1] for line in lines.values()] == pytest.approx([1.1, 1.02])
    assert {len(line) for line in lines.values()} == {61}
    assert snapshot.baskets[0].home == "CN"


def test_series_of_a_basket_without_data(look: Look) -> None:
    snapshot = look(universe(ZTE, benchmarks=["000300.SH"]))
    assert snapshot.lines == {"b": []}
    assert against(snapshot, snapshot.baskets[0], "60d") == ({}, 0)
    nobody = look(Universe((Basket("b", Names("", ""), Names("", ""), (), (), None, "b.toml", ""),)))
    assert (nobody.baskets[0].covered, nobody.lines) == (0, {"b": []})


def test_overnight_leaders(look: Look) -> None:
    """Friday morning in Shanghai: Thursday's US session, against Wednesday's close; Hong Kong leads nobody overnight."""
    chain = Chain("c", Names("", ""), (
        Segment("s", Names("", ""), (ZTE,), ("COHR.US", "LITE.US", "01686.HK")), Segment("t", Names("", ""), (), ("COHR.US",)),
    ))  # fmt: skip
    quotes = [quote("COHR.US", 12.0, 11.0, THURSDAY), quote("LITE.US", 9.0, 9.0, date(2026, 7, 1))]
    histories = [bars(t, {date(2026, 6, 30): 9.0, date(2026, 7, 1): 10.0}) for t in ("COHR.US", "LITE.US")]
    snapshot = look(universe(ZTE, chains=[chain]), quotes, histories, now=at("2026-07-03 08:00", "CN")).overnight
    assert (snapshot.for_session, snapshot.sessions, snapshot.provisional) == (FRIDAY, (THURSDAY,), False)
    assert snapshot.moves["ticker"].tolist() == ["COHR.US", "LITE.US"]
    assert snapshot.moves["move"].tolist() == pytest.approx([0.2, nan], nan_ok=True)
    assert snapshot.moves["leads"][0] == [("c", "s"), ("c", "t")]
    assert snapshot.moves["stale"].tolist() == [False, True]
    running = look(universe(ZTE, chains=[chain]), quotes, histories, now=at("2026-07-02 23:00", "CN")).overnight
    assert (running.for_session, running.provisional) == (FRIDAY, True)


def test_the_picture_is_the_same_twice_and_leaves_the_clock_alone(look: Look) -> None:
    quotes, histories = [quote(ZTE, 11, 10)], [steady(ZTE, 10.0)]
    one, two = (look(universe(ZTE), quotes, histories) for _ in range(2))
    pd.testing.assert_frame_equal(one.table, two.table)
    assert one.now == EVENING


def test_a_replayed_day_does_not_know_its_future(look: Look) -> None:
    """A store filled on Friday, looked at as of Thursday noon: neither Friday's quote nor Thursday's final bar is known."""
    sent = quote(ZTE, 12, 11, FRIDAY, fetched_at=at("2026-07-03 16:00", "CN"))
    known = bars(ZTE, {date(2026, 6, 30): 9.0, date(2026, 7, 1): 9.5, THURSDAY: 11.0, FRIDAY: 12.0})
    found = row(look, sent, now=at("2026-07-02 12:00", "CN"), histories=[known])
    assert (found["session"].date(), found["last"]) == (date(2026, 7, 1), 9.5)
