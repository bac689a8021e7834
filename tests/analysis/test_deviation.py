"""The exchanges' rule on abnormal fluctuation: the cases worked out in percent by hand, and a slow computation of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from basketwatch.analysis import flags
from basketwatch.analysis.flags import Inputs, RawPrices, deviation
from basketwatch.analysis.flags.deviation import EXCHANGE_INDEX
from basketwatch.analysis.flags.market import MarketData
from basketwatch.domain import rules
from benchmarks import flags as benchmark
from benchmarks import naive_flags
from tests.analysis.judged import BSE, CHINEXT, INDEX, MAIN, STAR, SZ_MAIN, fired, judged, lost, rule
from tests.markets_made import market, random_market

OF = {MAIN: "000002.SH", SZ_MAIN: "399107.SZ", CHINEXT: "399102.SZ", STAR: "000688.SH", BSE: "899050.BJ"}
QUIET = [0.0] * 4  # sessions before, so that the history is long enough to judge


def moving(ticker: str, moves: Sequence[float | None], index: Sequence[float] = (), **given: Any) -> Inputs:
    """A share that moves so, session after session (None: suspended), after four quiet ones; its index beside it.

    The index stands still where no moves of it are given (and goes up by a hair, or its bar would be a repeated one).
    """
    all_moves = [*QUIET, *moves]
    other = [*QUIET, *index] if index else [1e-9] * len(all_moves)
    held = np.array([[m is None, False] for m in (0.0, *all_moves)])
    closes = 100 * np.cumprod([1.0, *((1 + (m or 0.0)) for m in all_moves)])
    levels = 3000 * np.cumprod([1.0, *((1 + m) for m in other)])
    made = market({ticker: closes.tolist(), OF[ticker]: levels.tolist()}, **given)
    prices = [
        RawPrices(np.where(held, np.nan, p)) for p in (made.raw_open, made.raw_high, made.raw_low, made.raw_close)
    ]
    return replace(
        made, suspended=held, raw_open=prices[0], raw_high=prices[1], raw_low=prices[2], raw_close=prices[3],
        limit_up=RawPrices(made.raw_close * 2), limit_down=RawPrices(made.raw_close / 2),
    )  # fmt: skip


def told(made: Inputs, **how: Any) -> list[tuple[int, str, float]]:
    """(session after the quiet ones, direction, value in percent) of what fires."""
    found = judged(made, "deviation", **how).query("state == 'firing'")
    rows = np.searchsorted(made.sessions, found["session"].to_numpy().astype("datetime64[D]")) - len(QUIET)
    return [(int(r), d, round(v * 100, 2)) for r, d, v in zip(rows, found["direction"], found["value"], strict=True)]


@pytest.mark.parametrize(
    ("ticker", "moves", "expected"),
    [
        (MAIN, [0.063] * 3, [(3, "up", 20.12)]),  # 1.063³ − 1; a sum of days says 18.9
        (MAIN, [0.0625] * 3, []),  # 19.95
        (MAIN, [-0.07] * 3, []),  # 0.93³ − 1 = −19.56; a sum says −21
        (MAIN, [-0.072] * 3, [(3, "down", -20.08)]),
        (MAIN, [-0.05, 0.10, 0.10], [(3, "up", 21.0)]),  # on two sessions; 14.95 on three
        (SZ_MAIN, [0.10, 0.10], [(2, "up", 21.0)]),
        (MAIN, [0.07, 0.07, None, 0.07], [(4, "up", 22.5)]),  # 1.07³ − 1 = 22.50: the suspended session does not count
        (MAIN, [-0.10] * 5, [(3, "down", -27.1)]),  # then anew: −10, −19; five are −41.0, not severe
        (CHINEXT, [0.20] * 4, [(2, "up", 44.0), (4, "up", 107.36)]),  # 1.2⁴ − 1: severe within ten
        (STAR, [0.10, 0.10], []),  # 21 of 30
        (STAR, [0.10, 0.10, 0.10], [(3, "up", 33.1)]),
        (BSE, [0.19, 0.19], [(2, "up", 41.61)]),
        (BSE, [0.18, 0.18], []),  # 39.24 of 40
    ],
)
def test_deviation(ticker: str, moves: list[float | None], expected: list[tuple[int, str, float]]) -> None:
    assert told(moving(ticker, moves)) == expected


def test_deviation_begins_anew_after_each_event_and_the_severe_one_comes_when_it_is_reached() -> None:
    """Nine limit-ups: 21.0 on the second, anew on the fourth, sixth and eighth. There 1.1⁸ − 1 = 114.36 is severe."""
    made = moving(MAIN, [0.10] * 9)
    assert told(made) == [(2, "up", 21.0), (4, "up", 21.0), (6, "up", 21.0), (8, "up", 114.36)]
    found = judged(made, "deviation").query("state == 'firing'")
    assert found["threshold"].tolist() == [0.2, 0.2, 0.2, 1.0]
    assert "严重异常波动" in found["reason_zh"].iloc[-1] and "10 个交易日" in found["reason_zh"].iloc[-1]
    assert "3 sessions" in found["reason_en"].iloc[0] and "SSE" not in found["reason_en"].iloc[0]


def test_deviation_of_twelve_in_thirty() -> None:
    """+10 % on one session in three: within 30 there are ten, 1.1¹⁰ − 1 = 159.37, and nothing fires. On one in two
    twelve come within 24: 1.1¹² − 1 = 213.84."""
    assert told(moving(MAIN, [0.10 if i % 3 == 2 else 0.0 for i in range(30)])) == []
    found = told(moving(MAIN, [0.10 if i % 2 else 0.0 for i in range(24)]))
    assert found[-1] == (24, "up", 213.84)


def test_deviation_four_events_of_one_direction_within_ten_are_severe_and_three_off_the_main_boards() -> None:
    pair = [0.10, 0.10, -0.06]  # 21.0 on the second; back by 6 %
    four = judged(moving(MAIN, pair * 4), "deviation").query("state == 'firing'")
    rows = [(4 + at, "up") for at in (2, 5, 8, 11)]
    assert fired(moving(MAIN, pair * 4), "deviation") == rows
    assert four["value"].tolist()[:3] == pytest.approx([0.21] * 3) and four["value"].iloc[3] == 4
    assert "第 4 次" in four["reason_zh"].iloc[3] and "4 times upward" in four["reason_en"].iloc[3]
    slow = [0.10, 0.10, -0.06, 0.0]  # the fourth comes on the 14th session: only three lie within ten
    assert judged(moving(MAIN, slow * 4), "deviation").query("state == 'firing'")["value"].max() < 1
    three = judged(moving(CHINEXT, [0.15, 0.15, -0.15] * 3), "deviation").query("state == 'firing'")
    assert three["value"].iloc[-1] == 3


def test_deviation_counts_no_session_without_a_limit() -> None:
    """+150 % on the second session after a listing, nothing after: no. The listing day is session 4 here."""
    made = moving(CHINEXT, [0.30, 1.50, 0.02, 0.0, 0.0, 0.02, 0.01])
    born = np.array([4, flags.LONG_LISTED], dtype=np.int64)
    free = np.where(np.arange(len(made.sessions))[:, None] < 4, np.nan, 1.0)
    before = {k: RawPrices(getattr(made, k) * np.hstack([free, np.ones_like(free)]))
              for k in ("raw_open", "raw_high", "raw_low", "raw_close")}  # fmt: skip
    nan = RawPrices(np.full(made.raw_close.shape, np.nan))
    young = replace(made, listed_at=born, limit_up=nan, limit_down=nan, **before)
    assert fired(young, "deviation") == []
    assert lost(young, "deviation") == []  # nor is it blamed for a short history: it has no longer one


def test_deviation_is_taken_from_the_index_compounded() -> None:
    """+8 % on three sessions is 25.97; an index of +2 % on each takes 6.12 away: 19.85, which a sum calls 18."""
    assert told(moving(MAIN, [0.08] * 3, [0.02] * 3)) == []
    assert told(moving(MAIN, [0.08] * 3, [0.019] * 3)) == [(3, "up", 20.16)]  # 25.97 − 5.81


def test_deviation_of_the_main_boards_turnover() -> None:
    """Five sessions at 0.2 %, then three at 7 %: 35 times the mean, 21 % together."""
    for last, expected in ((0.07, [(8, "none")]), (0.066, [])):  # 33 times, but 19.8 % together
        turnover = np.full((9, 2), 0.002)
        turnover[6:, 0] = last
        made = replace(moving(MAIN, [0.0, 0.01, 0.0, 0.01]), turnover=turnover)
        assert fired(made, "deviation") == expected
    wide = replace(moving(CHINEXT, [0.0, 0.01, 0.0, 0.01]), turnover=np.where(turnover > 0.01, 0.07, 0.002))
    assert fired(wide, "deviation") == []


@pytest.mark.parametrize(
    ("ticker", "index"), [(MAIN, INDEX), (SZ_MAIN, "000002.SH"), (STAR, "000002.SH"), (BSE, INDEX)]
)
def test_deviation_takes_no_other_index_and_names_the_one_it_lacks(ticker: str, index: str) -> None:
    made = market({ticker: [100.0, 109, 119, 130], index: [3000, 3001, 3002, 3003]})
    assert fired(made, "deviation") == [] and lost(made, "deviation") == [0]
    assert OF[ticker] in judged(made, "deviation")["reason_zh"].iloc[0]


def test_deviation_blames_the_index_for_its_own_holes() -> None:
    made = moving(MAIN, [0.01] * 5)
    close = made.raw_close.copy()
    close[6, 1] = np.nan
    found = judged(replace(made, raw_close=RawPrices(close)), "deviation").query("state == 'no_data'")
    assert found["cause"].tolist() == ["history", "index_bars"] and OF[MAIN] in found["reason_zh"].iloc[1]
    close = made.raw_close.copy()
    close[6, 0] = np.nan
    assert lost(replace(made, raw_close=RawPrices(close)), "deviation") == [0, 6]  # the share's own bar is missing


def test_deviation_is_found_beside_a_hole_that_no_window_needs() -> None:
    """The session three back is lost; 21.0 on the last two is an event all the same."""
    made = moving(MAIN, [0.01, 0.0, 0.10, 0.10])
    close = made.raw_close.copy()
    close[5, 0] = np.nan
    assert fired(replace(made, raw_close=RawPrices(close)), "deviation")[-1] == (8, "up")


def test_deviation_of_st_shares_before_july_2026() -> None:
    for ticker in (MAIN, SZ_MAIN):
        old = moving(ticker, [0.04] * 3, first=np.datetime64("2026-05-11"))  # 12.49
        special = replace(old, st=np.ones(old.st.shape, np.int8))
        assert fired(special, "deviation") == [(7, "up")] and fired(old, "deviation") == []
        unknown = replace(old, st=np.full(old.st.shape, -1, np.int8))
        assert fired(unknown, "deviation") == [] and lost(unknown, "deviation") != []
        new = moving(ticker, [0.04] * 3, first=np.datetime64("2026-07-06"))
        assert fired(replace(new, st=np.ones(new.st.shape, np.int8)), "deviation") == []


def test_deviation_stands_so_far_from_the_threshold() -> None:
    """After +8 and +8: 16.64 of 20. After an event of 21.0 the count begins anew: +1 since."""

    def nearest(moves: list[float]) -> dict[str, Any]:
        table = deviation.standing(MarketData(moving(MAIN, moves)), rule("deviation"))
        return {str(k): v for k, v in table.iloc[0].to_dict().items()}

    near = nearest([0.08, 0.08])
    assert (near["ticker"], near["sessions"]) == (MAIN, 3) and near["share"] == pytest.approx(0.1664 / 0.2)
    anew = nearest([0.10, 0.10, 0.01])
    assert (anew["sessions"], anew["value"]) == (10, pytest.approx(1.21 * 1.01 - 1))  # 22.21 of 100; 1 of 20 over three


def test_deviation_as_a_loop_over_windows_finds_it() -> None:
    quick = rule("deviation", main=0.05, wide=0.08, bse=0.1, ten_up=0.1, ten_down=0.1, thirty_up=0.2, times=2, sum=0.01)
    every = tuple(quick if r.id == "deviation" else r for r in rules.DEFAULTS)
    tickers = [MAIN, SZ_MAIN, "600000.SH", "000002.SZ", CHINEXT, STAR, BSE, *EXCHANGE_INDEX.values()]
    rows = 0
    for seed in range(6):
        made = random_market(tickers, 80, seed)
        found = flags.evaluate(made, [quick])
        rows += len(found)
        slow = naive_flags.evaluate(made, every)
        benchmark.same(found, {k: v for k, v in slow.items() if k[0] == "deviation"}, made)
    assert rows > 500
