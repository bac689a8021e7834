"""The flag rules: each with a case that fires, one that does not and one that cannot be judged, calculated by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from basketwatch.analysis import flags
from basketwatch.analysis.flags import AdjustedPrices, Inputs, Leader, RawPrices
from basketwatch.domain import rules
from basketwatch.domain.model import Names
from tests.analysis.judged import (
    BSE,
    CHINEXT,
    INDEX,
    MAIN,
    NAN,
    STAR,
    bar,
    basket,
    cells,
    fired,
    judged,
    lost,
    rule,
)
from tests.markets_made import market

# --- limit -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ticker", "reference", "ohlc", "direction", "word"),
    [
        ("920125.BJ", 99.29, (102.10, 129.07, 102.00, 129.07), "up", "129.07"),  # Beijing floors: half up is 129.08
        ("002902.SZ", 26.70, (29.37, 29.37, 28.18, 29.37), "up", "T字"),
        ("000586.SZ", 17.15, (18.87, 18.87, 18.87, 18.87), "up", "一字"),
        ("300620.SZ", 285.88, (292.50, 343.06, 292.42, 343.05), "up", "炸板"),
        ("002491.SZ", 24.15, (23.93, 23.93, 21.74, 21.74), "down", "跌停，收于"),
        ("002281.SZ", 236.40, (230.15, 231.64, 212.76, 217.30), "down", "跌停打开"),
        ("600367.SH", 42.72, (45.24, 46.98, 45.02, 46.98), None, ""),  # one tick below the limit
        ("01686.HK", 10.0, (10, 14, 10, 14), None, ""),  # a market without limits
    ],
)
def test_limit(ticker: str, reference: float, ohlc: tuple[float, ...], direction: str | None, word: str) -> None:
    """Bars of 2026 as the exchanges printed them; the class of each is known."""
    made = bar(ticker, reference, ohlc)
    found = judged(made, "limit")
    assert cells(found, made) == ([(ticker, 1, direction)] if direction else [])
    assert all(word in reason for reason in found.loc[found["state"] == "firing", "reason_zh"])


def test_limit_counts_the_boards_in_a_row() -> None:
    made = market({MAIN: [10.00, 11.00, 12.10, 13.31, 13.40]})  # 10 % each: 11.00, 12.10, 13.31
    said = judged(made, "limit").query("state == 'firing'")
    assert cells(said, made) == [(MAIN, row, "up") for row in (1, 2, 3)]
    assert "连续" not in said["reason_zh"].iloc[0]
    assert "连续第 2 板" in said["reason_zh"].iloc[1]
    assert "day 3 in a row" in said["reason_en"].iloc[2]
    assert said["notice"].all()


def test_limit_is_taken_on_the_ex_rights_reference_price() -> None:
    """300308: close 846.00, dividend 1.00: the limit of 2026-04-30 is 845.00 × 1.2 = 1014.00."""
    made = bar(CHINEXT, 846.00, (900, 1014.00, 890, 1014.00))
    made = replace(made, reference=RawPrices(np.array([[NAN], [845.00]])))
    assert fired(made, "limit") == [(1, "up")]
    assert fired(replace(made, reference=RawPrices(np.array([[NAN], [846.00]]))), "limit") == []  # limit 1015.20


def test_limit_cannot_be_judged_without_the_st_flag_of_the_day_nor_on_a_suspended_day() -> None:
    old = bar(MAIN, 10.00, (10.5, 10.5, 10.5, 10.5), day="2026-06-30")  # ST: 5 % and so 10.50; others 11.00
    assert fired(replace(old, st=np.array([[0], [1]], np.int8)), "limit") == [(1, "up")]
    unknown = replace(old, st=np.array([[0], [-1]], np.int8))
    assert fired(unknown, "limit") == []
    assert judged(unknown, "limit")["state"].tolist() == ["no_data"]  # since the first session, without a close before
    held = market({MAIN: [10, 10.1, NAN, 10.2]}, suspended=[False, False, True, False])
    assert lost(held, "limit") == [0, 2]
    assert "停牌" in judged(held, "limit")["reason_zh"].iloc[-1]


def test_a_new_listing_has_no_limit_in_its_first_sessions() -> None:
    made = market({MAIN: [10, 11, 12.1, 13.31, 14.64, 16.10, 17.71]}, listed_at=np.array([0]))
    assert fired(made, "limit") == [(5, "up"), (6, "up")]  # five sessions are free; 14.64 × 1.1 = 16.104


def test_the_quotes_own_limit_comes_first() -> None:
    made = bar("515880.SH", 1.000, (1.1, 1.2, 1.05, 1.2))  # a fund that may move 20 %, which its code does not tell
    assert fired(made, "limit") == []
    quoted = {"limit_up": RawPrices(np.array([[NAN], [1.2]])), "limit_down": RawPrices(np.array([[NAN], [0.8]]))}
    assert fired(replace(made, **quoted), "limit") == [(1, "up")]


# --- big move ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ticker", "group", "closes", "expected"),
    [
        (MAIN, "CN", [84.00, 88.20], [(1, "up")]),  # exactly 5 % = half of 10 %
        (MAIN, "CN", [84.00, 88.19], []),
        (CHINEXT, "CN", [10.00, 9.00], [(1, "down")]),  # half of 20 %
        (CHINEXT, "CN", [10.00, 9.01], []),
        (BSE, "CN", [10.00, 11.50], [(1, "up")]),  # half of 30 %
        (BSE, "CN", [10.00, 11.49], []),
        ("COHR.US", "US", [100.0, 95.0], [(1, "down")]),
        ("COHR.US", "US", [100.0, 95.1], []),
        ("01686.HK", "HK", [10.0, 10.6], [(1, "up")]),
        ("2308.TW", "TW", [100.0, 104.9], []),
        ("005930.KS", "KR", [100.0, 93.9], [(1, "down")]),
    ],
)
def test_big_move(ticker: str, group: str, closes: list[float], expected: list[tuple[int, str]]) -> None:
    assert fired(market({ticker: closes}, group), "big_move") == expected


def test_big_move_on_an_ex_date_is_taken_from_the_reference_price() -> None:
    """688498 on 2026-05-18: 1559.00 -> 1058.08 by its rights issue, the reference price being about the close."""
    made = market({STAR: [1559.00, 1058.08]})
    known = replace(made, reference=RawPrices(np.array([[NAN], [1060.00]])))
    assert fired(known, "big_move") == []
    assert fired(replace(known, unexplained=np.array([[False], [True]])), "big_move") == []  # the exchange told it
    longer = market({STAR: [1559.0, 1559.5, 1058.08]}, unexplained=[False, False, True])
    longer = replace(longer, reference=RawPrices(np.array([[NAN], [1559.0], [NAN]])))
    assert fired(longer, "big_move") == [] and lost(longer, "big_move") == [0, 2]
    assert "因子未知" in judged(longer, "big_move")["reason_zh"].iloc[-1]


def test_a_limit_is_no_big_move_as_well() -> None:
    made = market({MAIN: [10.00, 11.00], CHINEXT: [10.00, 11.00]})
    assert cells(judged(made, "big_move", "limit"), made) == [(CHINEXT, 1, "up"), (MAIN, 1, "up")]
    assert set(judged(made, "big_move", "limit").query("state == 'firing'")["rule"]) == {"limit", "big_move"}
    off = replace(rule("limit"), enabled=False)
    assert (MAIN, 1, "up") in cells(judged(made, "big_move", off), made)


# --- sigma move --------------------------------------------------------------------------------------------------


def regressed(last: float, **given: Any) -> Inputs:
    """60 sessions in which r = b + e: b = ±1 % in turns, e = +,+,−,− 0.5 %, so that b and e do not correlate.

    beta = 1; the residual's standard deviation is sqrt(60 × 0.005² / 59) = 0.0050422. Then a session with b = 0.
    """
    b = np.where(np.arange(60) % 2 == 0, 0.01, -0.01)
    e = np.where(np.arange(60) % 4 < 2, 0.005, -0.005)
    own = 100 * np.cumprod([1, *(1 + b + e), 1 + last])
    other = 100 * np.cumprod([1, *(1 + b), 1])
    return market({CHINEXT: own.tolist(), INDEX: other.tolist()}, benchmark_of=np.array([1, -1]), **given)


@pytest.mark.parametrize(
    ("last", "expected"),
    [(3.01 * 0.0050422, [(61, "up")]), (2.99 * 0.0050422, []), (-3.01 * 0.0050422, [(61, "down")])],
)
def test_sigma_move(last: float, expected: list[tuple[int, str]]) -> None:
    assert fired(regressed(last), "sigma_move") == expected


def test_sigma_move_says_its_numbers() -> None:
    found = judged(regressed(0.02), "sigma_move").iloc[-1]
    assert found["value"] == pytest.approx(0.02 / 0.00504219, rel=1e-5)
    assert "+2.00%" in found["reason_en"] and "4.0 standard" in found["reason_en"] and "beta 1.00" in found["reason_en"]


def test_sigma_move_cannot_be_judged_without_history_or_benchmark() -> None:
    assert lost(regressed(0.02), "sigma_move") == [0]
    made = replace(regressed(0.02), benchmark_of=np.array([-1, -1]))
    assert fired(made, "sigma_move") == []
    assert "没有同一市场的可比基准" in judged(made, "sigma_move")["reason_zh"].iloc[0]


# --- volume ------------------------------------------------------------------------------------------------------


def with_volume(volumes: list[float], turnover: float = 0.03, **given: Any) -> Inputs:
    closes = [10 + 0.01 * i for i in range(len(volumes))]
    return market({MAIN: closes}, volume=volumes, turnover=[turnover] * len(volumes), **given)


@pytest.mark.parametrize(
    ("last", "turnover", "expected"),
    [(2500, 0.03, [(5, "none")]), (2499, 0.03, []), (2500, 0.0299, [])],
)
def test_volume_surge(last: float, turnover: float, expected: list[tuple[int, str]]) -> None:
    """Mean of the five sessions before: (900 + 950 + 1000 + 1050 + 1100) / 5 = 1000."""
    assert fired(with_volume([900, 950, 1000, 1050, 1100, last], turnover), "volume_surge") == expected


def test_volume_surge_skips_suspended_sessions() -> None:
    held = [False] * 3 + [True] * 2 + [False] * 3
    made = with_volume([900, 950, 1000, NAN, NAN, 1050, 1100, 2500], suspended=held)
    assert fired(made, "volume_surge") == [(7, "none")]


def test_volume_surge_cannot_be_judged_on_a_one_price_day_across_a_split_or_without_turnover() -> None:
    volumes = [900, 950, 1000, 1050, 1100, 1000, 2600]
    plain = with_volume(volumes)
    assert fired(plain, "volume_surge") == [(6, "none")]  # 2600 / 1020 = 2.55
    assert lost(plain, "volume_surge") == [0]
    closes = [10.00, 10.01, 10.02, 10.03, 10.04, 10.00, 11.00]  # the last: one price, at the limit of 10.00
    locked = market({MAIN: closes}, volume=volumes, turnover=[0.03] * 7)
    assert fired(locked, "volume_surge") == [] and lost(locked, "volume_surge") == [0, 6]
    split = replace(plain, adjusted_close=AdjustedPrices(plain.raw_close * np.array([[0.5]] * 6 + [[1.0]])))
    assert fired(split, "volume_surge") == [] and lost(split, "volume_surge") == [0, 6]
    assert "送转或拆股" in judged(split, "volume_surge")["reason_zh"].iloc[-1], "the factor is known: it is the volume"
    unsaid = replace(plain, turnover=np.array([[0.03]] * 6 + [[NAN]]))
    assert fired(unsaid, "volume_surge") == [] and lost(unsaid, "volume_surge") == [0, 6]


def test_volume_surge_outside_the_mainland_goes_by_the_ratio_alone() -> None:
    made = market({"COHR.US": [10, 10.1, 10.2, 10.3, 10.4, 10.5]}, "US", turnover=[NAN] * 6,
                  volume=[900, 950, 1000, 1050, 1100, 2500])  # fmt: skip
    assert fired(made, "volume_surge") == [(5, "none")]
    assert "turnover not known" in judged(made, "volume_surge")["reason_en"].iloc[-1]


# --- gap ---------------------------------------------------------------------------------------------------------


def gapped(low: float, high: float, **given: Any) -> Inputs:
    """The first session spans 9.90 to 10.00."""
    made = market({MAIN: [9.95, (low + high) / 2]}, **given)
    highs, lows = np.array([[10.00], [high]]), np.array([[9.90], [low]])
    return replace(made, adjusted_high=AdjustedPrices(highs), adjusted_low=AdjustedPrices(lows))


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(10.10, 10.3, [(1, "up")]), (10.09, 10.3, []), (9.5, 9.801, [(1, "down")]), (9.5, 9.81, []), (9.8, 10.2, [])],
)
def test_gap(low: float, high: float, expected: list[tuple[int, str]]) -> None:
    assert fired(gapped(low, high), "gap") == expected


def test_gap_cannot_be_judged_on_an_ex_date_without_factor() -> None:
    made = gapped(10.10, 10.3, unexplained=[False, True])
    assert fired(made, "gap") == []
    assert set(judged(made, "gap")["state"]) == {"no_data"}


# --- highs and lows ----------------------------------------------------------------------------------------------

SHORT = rule("high_low", short=3, long=6, exit=0.05)


def test_high_low_fires_on_the_edge_and_again_after_its_exit_band() -> None:
    """n = 3: above both closes before. 11 fires; 12 still holds; 11.9 is within 5 % of 12; 10.8 is not; 13 fires."""
    made = market({MAIN: [10, 10, 11, 12, 11.9, 10.8, 13.0]})
    three = rule("high_low", short=3, long=99, exit=0.05)
    assert [c for c in fired(made, three) if c[1] == "up"] == [(2, "up"), (6, "up")]
    assert [c for c in fired(made, three) if c[1] == "down"] == [(5, "down")]


def test_high_low_of_the_long_window_is_louder_and_told_while_the_short_one_holds() -> None:
    """The 6-session high of session 5 (13 > 12.5) comes while the 3-session high of session 4 holds."""
    made = market({MAIN: [12.5, 11, 11.1, 11.2, 12.0, 13.0]})
    found = judged(made, SHORT).query("direction == 'up' and state == 'firing'")
    assert cells(found, made) == [(MAIN, 3, "up"), (MAIN, 5, "up")]
    assert found["severity"].iloc[-1] == "mid" and found["severity"].iloc[0] == "low"
    assert found["notice"].all()  # the second escalates although it lies within the cool-down
    assert found["value"].iloc[-1] == pytest.approx(13 / 12.5 - 1)


def test_high_low_needs_its_whole_window() -> None:
    made = market({MAIN: [10, 11, 12]})
    assert fired(made, rule("high_low", short=4, long=9)) == []
    assert lost(made, rule("high_low", short=4, long=9)) == [0]
    broken = market({MAIN: [10, 10, 10, 11]}, unexplained=[False, False, False, True])
    assert fired(broken, SHORT) == []


# --- excess ------------------------------------------------------------------------------------------------------


def week_of_july(**given: Any) -> Inputs:
    """SW communications and CSI 300 from 2026-06-26 to 2026-07-03, five sessions; the closes between are even steps."""
    sector = np.linspace(9358.68, 8500.12, 6).tolist()
    return market({"801770.SI": sector, INDEX: np.linspace(4868.221, 4842.174, 6).tolist()},
                  benchmark_of=np.array([1, -1]), first=np.datetime64("2026-06-26"), **given)  # fmt: skip


def test_excess_of_the_weekly_report() -> None:
    """−9.173943 % − (−0.535041 %) = −8.638902 points, printed 8.64."""
    made = week_of_july()
    found = judged(made, "excess").query("state == 'firing'")
    assert cells(found, made) == [("801770.SI", 5, "down")]
    assert found["value"].iloc[0] == pytest.approx(-0.08638902, abs=5e-9)
    assert "8.64pp behind" in found["reason_en"].iloc[0] and "−9.17%" in found["reason_zh"].iloc[0]
    assert fired(made, rule("excess", week=0.0864)) == []


def test_excess_cannot_be_judged_without_a_benchmark_or_across_a_hole() -> None:
    made = replace(week_of_july(), benchmark_of=np.array([-1, -1]))
    assert fired(made, "excess") == [] and lost(made, "excess") == [0]
    hole = week_of_july(unexplained=[False, False, False, True, False, False])
    assert fired(hole, "excess") == []


def test_excess_has_no_base_where_the_bar_is_lost() -> None:
    """+8 % over the five sessions before row 6 has its base in row 1: with that bar lost, row 0 does not stand in.

    A suspension is another matter: the last close before it is the base.
    """
    own = [100.0, 100, 100, 100, 100, 100, 108]
    for column in (0, 1):  # of the share, and of its benchmark
        closes = {CHINEXT: list(own), INDEX: [100.0] * 7}
        closes[(CHINEXT, INDEX)[column]][1] = NAN
        assert fired(market(closes, benchmark_of=np.array([1, -1])), "excess") == [], column
    made = market({CHINEXT: [100.0, NAN, *own[2:]], INDEX: [100.0] * 7}, benchmark_of=np.array([1, -1]))
    held = np.zeros((7, 2), dtype=bool)
    held[1, 0] = True
    assert fired(replace(made, suspended=held), "excess") == [(6, "up")]


def test_excess_is_a_level_with_an_exit_band() -> None:
    """Over 5 sessions: +8 % fires, +7 % holds (exit 6 %), +5.9 % leaves, +8 % fires again."""
    levels = [100] * 5 + [100.0, 108, 107, 105.9, 108, 100]
    made = market({CHINEXT: [100.0] * 5 + levels[5:], INDEX: [100.0] * 11}, benchmark_of=np.array([1, -1]))
    assert fired(made, "excess") == [(6, "up"), (9, "up")]
    found = judged(made, "excess").query("state == 'firing'")
    assert found["notice"].tolist() == [True, False]  # three sessions later: within the cool-down of five


# --- valuation ---------------------------------------------------------------------------------------------------


def test_pe_percentile_enters_leaves_and_enters_again() -> None:
    """Enters at .90, holds at .86 (exit .85), leaves at .84, enters at .91; at the bottom .10 and .15."""
    places = [0.5, 0.90, 0.95, 0.86, 0.91, 0.84, 0.91, 0.5, 0.10, 0.15, 0.09, 0.16, 0.10]
    made = market({CHINEXT: [10 + 0.1 * i for i in range(13)]}, pe_percentile=places)
    assert fired(made, "pe_percentile") == [(1, "up"), (6, "up"), (8, "down"), (12, "down")]
    assert fired(market({CHINEXT: [10, 11]}, pe_percentile=[0.5, 0.899]), "pe_percentile") == []


def test_pe_percentile_cannot_be_judged_for_a_loss() -> None:
    made = market({CHINEXT: [10, 11, 12, 13]}, pe_percentile=[0.5, 0.95, NAN, 0.95])
    assert fired(made, "pe_percentile") == [(1, "up")]  # a hole neither re-arms nor fires
    assert lost(made, "pe_percentile") == [2]


def test_pe_rebase_of_a_report() -> None:
    """300308 on 2026-04-17: EPS TTM 9.7175 -> 13.4539, +38.45 %."""
    made = market({CHINEXT: [10, 11, 12]}, eps=[9.7175, 13.4539, 13.4539])
    assert fired(made, "pe_rebase") == [(1, "up")]
    found = judged(made, "pe_rebase").query("state == 'firing'").iloc[0]
    assert found["value"] == pytest.approx(0.384502, abs=1e-6) and found["severity"] == "info"
    assert fired(market({CHINEXT: [10, 11]}, eps=[1.0, 1.199]), "pe_rebase") == []
    assert fired(market({CHINEXT: [10, 11]}, eps=[0.5, -0.1]), "pe_rebase") == [(1, "down")]
    assert fired(market({CHINEXT: [10, 11]}, eps=[-0.5, 0.1]), "pe_rebase") == [(1, "up")]


def test_a_split_is_no_change_of_earnings() -> None:
    """NVDA: EPS 11.93 before and 1.193 after a 10:1 split, with a price factor of 0.1."""
    made = market({"NVDA.US": [1200.0, 121.0]}, "US", eps=[11.93, 1.193])
    made = replace(made, adjusted_close=AdjustedPrices(np.array([[120.0], [121.0]])))
    assert fired(made, "pe_rebase") == []
    assert lost(market({"NVDA.US": [10, 11, 12]}, "US", eps=[1, 1, NAN]), "pe_rebase") == [0, 2]


# --- baskets and sectors -----------------------------------------------------------------------------------------


def test_basket_breadth() -> None:
    assert cells(judged(basket([0.01] * 9 + [-0.01]), "basket_breadth"), basket([0.01])) == [("basket:cpo", 1, "up")]
    assert fired_basket(basket([0.01] * 8 + [0.0, -0.01]), "basket_breadth") == []  # 80 %
    assert fired_basket(basket([0.01] + [-0.01] * 9), "basket_breadth") == [(1, "down")]
    assert fired_basket(basket([0.01] * 4), "basket_breadth") == []  # four members are no breadth
    found = judged(basket([0.01] * 9 + [-0.01]), "basket_breadth").query("state == 'firing'").iloc[0]
    assert found["basket"] == ("cpo",) and found["value"] == pytest.approx(0.9)
    assert "10 只有行情的成员中 9 只上涨" in found["reason_zh"]


def fired_basket(inputs: Inputs, name: str) -> list[tuple[int, str]]:
    return [(row, side) for t, row, side in cells(judged(inputs, name), inputs) if t == "basket:cpo"]


def test_no_basket_is_judged_below_eighty_percent() -> None:
    assert fired_basket(basket([0.05] * 10, gone=2), "basket_breadth") == [(1, "up")]  # 8 of 10
    few = basket([0.05] * 10, gone=3)
    for name in ("basket_breadth", "basket_excess"):
        found = judged(few, name)
        assert set(found["state"]) == {"no_data"}
    longer = judged(few, "basket_breadth")
    assert "10 只成员只有" in longer["reason_zh"].iloc[0]


def test_basket_excess() -> None:
    """Mean of ten: (9 × 3 % + 3 %) / 10 = 3 %, against 0 % and against +0.1 %."""
    assert fired_basket(basket([0.03] * 10), "basket_excess") == [(1, "up")]
    assert fired_basket(basket([0.03] * 10, benchmark=0.001), "basket_excess") == []
    assert fired_basket(basket([-0.02] * 10, benchmark=0.01), "basket_excess") == [(1, "down")]
    nothing = replace(basket([0.05] * 10), baskets=(replace(basket([0.05] * 10).baskets[0], benchmark=-1),))
    assert fired_basket(nothing, "basket_excess") == []


def test_a_basket_is_judged_only_at_home() -> None:
    away = basket([0.05] * 10)
    away = replace(away, baskets=(replace(away.baskets[0], home=False),))
    assert judged(away, "basket_breadth", "basket_excess").empty
    assert "basket:cpo" not in set(judged(away, "big_move")["ticker"])


def sectors(count: int, **given: Any) -> Inputs:
    """Sector i gains i % over five sessions, in even steps; all start at 100."""
    closes = {f"801{i:02d}0.SI": np.linspace(100, 100 + i, 6).tolist() for i in range(1, count + 1)}
    return market(closes, **given)


def test_sector_rank_is_first_and_last_of_31() -> None:
    made = sectors(31)
    assert cells(judged(made, "sector_rank"), made) == [("801010.SI", 5, "down"), ("801310.SI", 5, "up")]
    found = judged(made, "sector_rank").query("state == 'firing'")
    assert found["value"].tolist() == [31, 1] and "rank 31 of the 31" in found["reason_en"].iloc[0]
    assert cells(judged(sectors(30), "sector_rank"), made) == []
    assert set(judged(sectors(30), "sector_rank")["state"]) == {"no_data"}


def led(moves: list[float], abroad: list[int]) -> Inputs:
    made = market({CHINEXT: [10 + 0.1 * i for i in range(len(moves))]})
    names = {"COHR.US": Names("相干", "Coherent"), "basket:cpo": Names("CPO", "CPO"), "basket:ocs": Names("OCS", "OCS")}
    return replace(made, abroad=np.array(abroad), names=names,
                   leaders=(Leader("COHR.US", np.array(moves), ("cpo", "ocs")),))  # fmt: skip


def test_us_leader() -> None:
    made = led([0.05, -0.05, 0.049, 0.06, NAN], [1, 1, 1, 0, 1])
    found = judged(made, "us_leader")
    assert cells(found, made) == [("COHR.US", 0, "up"), ("COHR.US", 1, "down")]  # none where no US session lies between
    assert found["basket"].iloc[0] == ("cpo", "ocs")
    assert found["reason_zh"].iloc[0] == "相干隔夜 +5.00%（1 个美股交易日），关注CPO、OCS的开盘。"
    assert cells(found, made, "no_data") == [("COHR.US", 4, "none")]


def test_us_leader_is_told_before_the_session_opens_and_nothing_else_is() -> None:
    made = led([0.0, 0.07], [1, 1])
    coming = replace(made, due=np.array([True, False]), raw_close=RawPrices(np.array([[10.0], [NAN]])))
    found = flags.evaluate(coming, rules.DEFAULTS, since=coming.sessions[1].item(), running=True)
    assert found["rule"].tolist() == ["us_leader"]
    assert found["final"].all()


# --- data --------------------------------------------------------------------------------------------------------


def test_source_disagreement() -> None:
    """10.06 against 10.00 is 0.6 %, 10.04 is 0.4 %."""
    made = market({MAIN: [10.0, 10.0, 10.0, 10.0, 10.0]}, other_close=[10.04, 10.06, 10.07, NAN, 10.06])
    assert fired(made, "source_disagreement") == [(1, "none")]  # a level; without the second source nothing is said
    assert judged(made, "source_disagreement")["severity"].tolist() == ["data"]


def test_yesterdays_bar_sent_as_todays_is_a_data_flag_and_no_price_flag() -> None:
    """A jump of 12 % on session 1, and the very same bar again on session 2."""
    made = market({CHINEXT: [10.0, 11.2, 11.2, 11.3], "300394.SZ": [10.0, 10.0, 10.0, 10.0]},
                  volume=np.array([[1000.0, 900], [5000, 901], [5000, 902], [1200, 903]]))  # fmt: skip
    found = judged(made, "big_move", "stale_data", since=made.sessions[1].item())
    assert found[["rule", "ticker", "state"]].to_numpy().tolist() == [
        ["big_move", CHINEXT, "firing"],
        ["big_move", CHINEXT, "no_data"],
        ["stale_data", CHINEXT, "firing"],
    ]
    assert "又发了一遍" in found["reason_zh"].iloc[2]
    assert found["session"].dt.strftime("%m-%d").tolist() == ["07-07", "07-08", "07-08"]


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"suspended": [False, False, True, False]}, "停牌"),
        ({"raw_close": [10, 10.1, NAN, 10.2]}, "缺这一交易日"),
        ({"volume": [1000, 1100, 0, 1200]}, "成交量为零"),
        ({"final": [True, True, False, True]}, "尚未收定"),
        ({"unexplained": [False, False, True, False]}, "因子未知"),
    ],
)
def test_stale_data(given: dict[str, Any], word: str) -> None:
    made = market({MAIN: [10, 10.1, 10.15, 10.2]}, **given)
    assert fired(made, "stale_data") == [(2, "none")]
    assert word in judged(made, "stale_data")["reason_zh"].iloc[0]


def test_stale_data_is_told_once_while_it_lasts() -> None:
    held = [False, True, True, True, False, True]
    made = market({MAIN: [10, NAN, NAN, NAN, 10.1, NAN]}, suspended=held)
    assert fired(made, "stale_data") == [(1, "none"), (5, "none")]
    assert fired(market({MAIN: [NAN, NAN, 10]}), "stale_data") == []  # before the first bar nothing is missing


def test_an_exchange_rate_or_index_without_volume_is_not_stale() -> None:
    made = market({INDEX: [4000.0, 4010.0]}, volume=[0.0, 0.0])
    assert fired(made, "stale_data") == []


def test_every_rule_has_its_cases_here() -> None:
    """A rule added to the table fails here until tests bear its name: what fires, and what just does not."""
    tests = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert [r for r in rules.SPECS if f"def test_{r}" not in tests] == []
