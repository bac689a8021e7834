"""What holds for every rule: identity, groups, cool-down, and properties on random markets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketwatch.analysis import flags
from basketwatch.analysis.flags import Inputs, RawPrices
from basketwatch.analysis.flags.deviation import EXCHANGE_INDEX
from basketwatch.domain import rules
from benchmarks import flags as benchmark
from benchmarks import naive_flags
from tests.analysis.judged import (
    BSE,
    CHINEXT,
    INDEX,
    MAIN,
    STAR,
    SZ_MAIN,
    TEN,
    basket,
    cells,
    judged,
    rule,
)
from tests.markets_made import before, market, random_market

# --- semantics ---------------------------------------------------------------------------------------------------


def test_a_row_has_its_identity_its_reason_and_its_baskets() -> None:
    made = basket([0.12] + [0.0] * 9)
    row = judged(made, "big_move").query("state == 'firing'").iloc[0]
    assert row["id"] == "big_move:300300.SZ:2026-07-07:up"
    assert (row["basket"], row["severity"], row["state"], row["notice"]) == (("cpo",), "mid", "firing", True)
    assert (row["value"], row["threshold"]) == (pytest.approx(0.12), pytest.approx(0.10))
    assert "+12.00%" in row["reason_zh"] and "10.00%" in row["reason_en"]
    assert tuple(judged(made, "big_move").columns) == flags.COLUMNS


def test_more_than_forty_percent_of_a_basket_become_one_line() -> None:
    five = judged(basket([0.12, 0.11, 0.15, 0.12, 0.11] + [0.0] * 5), "big_move").query("state == 'firing'")
    line = five.loc[five["ticker"] == "basket:cpo"].iloc[0]
    assert (line["id"], line["value"], line["notice"]) == ("big_move:basket:cpo:2026-07-07:up", 0.5, True)
    assert "10 只成员中 5 只" in line["reason_zh"] and "名300302.SZ、" not in line["reason_zh"]
    assert "300302.SZ、300300.SZ、300303.SZ等" in line["reason_zh"]  # the largest first
    members = five.loc[five["ticker"] != "basket:cpo"]
    assert len(members) == 5 and not members["notice"].any()
    four = judged(basket([0.12, 0.11, 0.13, 0.12] + [0.0] * 6), "big_move").query("state == 'firing'")
    assert len(four) == 4 and four["notice"].all()  # 40 % are not more than 40 %


def test_the_cool_down_takes_the_notice_but_not_the_row_and_an_escalation_gets_it_back() -> None:
    """Excess over 5 sessions: +8 % told; left; +9 % within five sessions not told; left; +17 % is 9 points further."""
    closes = [100.0] * 6 + [108, 100, 109, 100, 117, 100]
    made = market({CHINEXT: closes, INDEX: [100.0] * len(closes)}, benchmark_of=np.array([1, -1]))
    found = judged(made, rule("excess", month=2)).query("state == 'firing' and direction == 'up'")
    assert cells(found, made) == [(CHINEXT, row, "up") for row in (6, 8, 10)]
    assert found["notice"].tolist() == [True, False, True]


def test_since_returns_the_later_rows_of_the_same_judgement() -> None:
    made = random_market([*TEN, INDEX], 40, seed=5, members=8)
    whole = flags.evaluate(made, rules.DEFAULTS)
    later = flags.evaluate(made, rules.DEFAULTS, since=made.sessions[25].item())
    expected = whole.loc[whole["session"] >= pd.Timestamp(made.sessions[25])].reset_index(drop=True)
    pd.testing.assert_frame_equal(later, expected)
    assert len(later) > 20


def test_an_unfinished_bar_is_judged_only_where_asked_for_and_only_by_the_live_rules() -> None:
    made = market({CHINEXT: [10.0, 10.1, 11.5], MAIN: [10.0, 10.1, 11.11]})
    running = replace(made, due=np.array([True, True, False]), final=np.array([[True] * 2, [True] * 2, [False] * 2]))
    today = made.sessions[2].item()
    assert flags.evaluate(running, rules.DEFAULTS, since=today).empty
    found = flags.evaluate(running, rules.DEFAULTS, since=today, running=True)
    assert found[["rule", "ticker", "final"]].to_numpy().tolist() == [
        ["limit", MAIN, False],
        ["big_move", CHINEXT, False],
    ]


def test_nothing_in_nothing_out() -> None:
    nothing = flags.empty("CN", np.array([], "datetime64[D]"), [], {})
    assert tuple(flags.evaluate(nothing, rules.DEFAULTS).columns) == flags.COLUMNS
    unknown = flags.empty("CN", np.array(["2026-07-06"], "datetime64[D]"), [MAIN], {})
    assert flags.evaluate(unknown, rules.DEFAULTS).empty


def test_an_unknown_rule_is_a_fault_of_the_caller() -> None:
    with pytest.raises(KeyError):
        flags.evaluate(market({MAIN: [10.0]}), [replace(rules.DEFAULTS[0], id="nonsense")])


def test_every_rule_can_be_judged() -> None:
    assert list(flags.FAMILIES) == [r.id for r in rules.DEFAULTS]


# --- properties --------------------------------------------------------------------------------------------------

TICKERS = [*TEN[:6], MAIN, SZ_MAIN, STAR, BSE, *EXCHANGE_INDEX.values(), "801770.SI", INDEX]
QUICK = [
    rule("high_low", short=5, long=12) if r.id == "high_low" else rule("excess", week=0.03, month=0.06)
    if r.id == "excess" else rule("volume_surge", ratio=1.3, turnover=0.02) if r.id == "volume_surge"
    else rule("deviation", main=0.05, wide=0.08, bse=0.1) if r.id == "deviation" else rule(r.id) for r in rules.DEFAULTS
]  # fmt: skip
SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=25)
@given(SEEDS)
def test_no_identity_twice_and_the_same_rows_again(seed: int) -> None:
    made = random_market(TICKERS, 75, seed)
    found = flags.evaluate(made, QUICK)
    assert found["id"].is_unique
    pd.testing.assert_frame_equal(found, flags.evaluate(made, QUICK))
    assert set(found["state"]) <= {"firing", "no_data"}
    assert not found.loc[found["state"] == "no_data", "notice"].any()
    assert not found["reason_zh"].str.contains("{", regex=False).any()
    assert not found["reason_en"].str.contains("nan", regex=False).any()
    said_without_number = found["reason_en"].str.contains("–", regex=False)
    assert set(found.loc[said_without_number, "rule"]) <= {"volume_surge"}  # its move of the day may be unknown


@settings(max_examples=25)
@given(SEEDS, st.integers(1, 74))
def test_the_sessions_that_follow_change_nothing(seed: int, count: int) -> None:
    made = random_market(TICKERS, 75, seed)
    found = flags.evaluate(made, QUICK)
    earlier = found.loc[found["session"] <= pd.Timestamp(made.sessions[count - 1])].reset_index(drop=True)
    pd.testing.assert_frame_equal(flags.evaluate(cut(made, count), QUICK), earlier)


def cut(made: Inputs, count: int) -> Inputs:
    """The first ``count`` sessions."""
    whole = len(made.sessions)
    fields = {k: v[:count] for k, v in vars(made).items()
              if isinstance(v, np.ndarray) and v.shape[0] == whole and k not in ("listed_at", "benchmark_of")}  # fmt: skip
    return replace(
        made, **fields, baskets=tuple(replace(b, inside=b.inside[:count]) for b in made.baskets),
        leaders=tuple(replace(leader, moves=leader.moves[:count]) for leader in made.leaders),
    )  # fmt: skip


@settings(max_examples=20)
@given(SEEDS, st.permutations(range(len(TICKERS))))
def test_the_order_of_the_tickers_does_not_matter(seed: int, order: list[int]) -> None:
    made = random_market(TICKERS, 75, seed)
    place = np.array(order)
    back = np.append(np.argsort(place), -1)  # where a column went; -1 stays -1
    fields = {k: v[:, place] for k, v in vars(made).items() if isinstance(v, np.ndarray) and v.ndim == 2}
    turned = replace(
        made, **fields, tickers=tuple(made.tickers[i] for i in order), listed_at=made.listed_at[place],
        benchmark_of=back[made.benchmark_of[place]],
        baskets=tuple(replace(b, inside=b.inside[:, place], benchmark=int(back[b.benchmark])) for b in made.baskets),
    )  # fmt: skip
    pd.testing.assert_frame_equal(flags.evaluate(turned, QUICK), flags.evaluate(made, QUICK), check_exact=False)


RETURNS = ("big_move", "sigma_move", "gap", "high_low", "excess", "deviation", "basket_breadth", "basket_excess",
           "sector_rank")  # fmt: skip


@settings(max_examples=20)
@given(SEEDS, st.integers(1, 74), st.sampled_from([2.0, 1.25, 10.0, 0.5]))
def test_raw_prices_before_an_ex_date_do_not_touch_the_rules_on_returns(seed: int, ex: int, factor: float) -> None:
    """Everything raw before the ex-date is scaled, with the reference of the ex-date as the exchange prints it."""
    made = random_market(TICKERS, 75, seed, locked=0)  # a limit is a matter of raw ticks
    scale = np.where(np.arange(75)[:, None] < ex, factor, 1.0)
    raw = {
        k: RawPrices(getattr(made, k) * scale) for k in ("raw_open", "raw_high", "raw_low", "raw_close", "reference")
    }
    chosen = [r for r in QUICK if r.id in RETURNS]
    plain, split = flags.evaluate(made, chosen), flags.evaluate(replace(made, **raw), chosen)
    assert split["id"].tolist() == plain["id"].tolist()
    np.testing.assert_allclose(split["value"], plain["value"], atol=1e-9)


def test_a_loop_over_rows_finds_the_same() -> None:
    """The rules written down a second time, a row at a time, without anything of ``basketwatch.flags``."""
    made = random_market(benchmark.symbols(12), 72, seed=1, locked=0.03)
    benchmark.same(flags.evaluate(made, QUICK), naive_flags.evaluate(made, QUICK), made)


def test_the_reference_is_the_row_before() -> None:
    """Of the builder: what ``before`` gives is what the exchange would print without an ex-date."""
    assert before(np.array([[1.0], [2.0]]))[1, 0] == 1.0
