"""Each fault of an answer has a test here that fails when its check is taken out.

The bars are a seeded random walk (no market's data): prices on whole fen, amount = volume × a price inside the range.
Expected values are worked out by hand in each test.
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketwatch.domain import columns
from basketwatch.domain.calendars import Calendar, Session
from basketwatch.domain.faults import REMARKS, Fault, remark, remarks
from basketwatch.errors import SuspectAnswer
from basketwatch.refresh.checks import shape
from basketwatch.words.text import sentence
from tests.refresh.answers import (
    CALENDAR,
    FRIDAY,
    NAN,
    NOW,
    THURSDAY,
    TICKER,
    check,
    history,
    keys,
)

# --- bars: rows --------------------------------------------------------------------------------------------------


def test_honest_bars_pass() -> None:
    bars = history()
    verdict = check(bars.sample(frac=1, random_state=3), stored=history(100, last=date(2026, 6, 30)).iloc[:0])
    assert (verdict.faults, verdict.action, verdict.ratio) == ([], "append", None)
    pd.testing.assert_frame_equal(verdict.bars, bars)


def spoil(bars: pd.DataFrame, row: int = 50, **values: Any) -> pd.DataFrame:
    bars = bars.copy()
    for column, value in values.items():
        bars.loc[row, column] = value
    return bars


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("bad_price", {"close": NAN}),
        ("bad_price", {"open": NAN}),
        ("bad_price", {"close": 0.0}),
        ("bad_price", {"low": -1.0}),
        ("bad_price", {"high": float("inf"), "amount": NAN}),
        ("high_below_low", {"high": 10.0, "low": 11.0, "amount": NAN}),
        ("outside_range", {"close": 10.0}),
        ("outside_range", {"close": 1000.0}),
        ("outside_range", {"open": 10.0}),
        ("outside_range", {"open": 1000.0}),
        ("units", {"volume": 1e9}),
        ("units", {"amount": 1e4}),
        ("units", {"volume": -1e6, "amount": NAN}),
        ("not_a_session", {"session": pd.Timestamp("2026-06-19")}),  # Dragon Boat Festival
        ("not_a_session", {"session": pd.Timestamp("2026-06-20")}),  # a Saturday
        ("not_begun", {"session": pd.Timestamp("2026-07-06")}),
        ("no_session", {"session": pd.NaT}),
    ],
)
def test_hard_faults_of_a_bar_reject_it(key: str, values: dict[str, Any]) -> None:
    bars = history()
    verdict = check(spoil(bars, **values))
    assert len(verdict.bars) == 99
    assert keys([f for f in verdict.faults if f.severity == "hard"]) == [key]
    assert bars["session"][50] not in set(verdict.bars["session"])


def test_a_bar_one_tick_outside_its_range_is_rounding() -> None:
    bars = history()
    assert len(check(spoil(bars, high=bars["close"][50] - 0.01)).bars) == 100
    assert len(check(spoil(bars, high=bars["close"][50] - 0.02)).bars) == 99


def test_duplicate_dates() -> None:
    bars = history()
    same = pd.concat([bars, bars.iloc[[7]].assign(final=False)])
    differ = pd.concat([bars, bars.iloc[[7]].assign(volume=bars["volume"][7] + 100)])
    once = check(same)
    assert len(once.bars) == 100 and once.faults == [] and not once.bars["final"][7]
    verdict = check(differ)
    assert len(verdict.bars) == 99
    assert keys(verdict.faults) == ["duplicate", "duplicate", "holes"]


def test_an_index_may_come_with_closes_only() -> None:
    bars = history(ticker="801770.SI").assign(open=NAN, high=NAN, low=NAN, amount=1.0)
    assert check(bars, ticker="801770.SI").faults == []
    points = history(ticker="000300.SH").assign(amount=1.0)  # amount / volume is no index level
    assert check(points, ticker="000300.SH").faults == []


def test_rates_have_no_calendar_but_a_future() -> None:
    bars = spoil(history(ticker="EURUSD.FX"), row=99, session=pd.Timestamp("2026-07-05"))
    verdict = check(bars, ticker="EURUSD.FX", calendar=None)
    assert keys(verdict.faults) == ["not_begun"]
    assert len(verdict.bars) == 99


def test_past_the_bound_of_a_calendar_only_weekends_are_refused() -> None:
    short = Calendar("CN", tuple(s for s in CALENDAR.sessions if s.day < date(2026, 6, 1)))
    bars = spoil(history(), row=90, session=pd.Timestamp("2026-06-19"))
    assert "not_a_session" not in keys(check(bars, calendar=short).faults)
    assert "not_a_session" in keys(
        check(spoil(bars, row=90, session=pd.Timestamp("2026-06-20")), calendar=short).faults
    )


def test_before_a_calendars_first_day_saturdays_are_believed() -> None:
    young = Calendar("CN", tuple(s for s in CALENDAR.sessions if s.day > date(2026, 6, 1)))
    assert check(spoil(history(), row=0, session=pd.Timestamp("2016-01-30")), calendar=young).faults == []


def test_no_calendar_is_known_yet() -> None:
    bars = spoil(history(), session=pd.Timestamp("2026-06-20"))
    assert keys(check(bars, calendar=Calendar("CN", ())).faults) == ["not_a_session"]


@pytest.mark.parametrize(
    ("now", "final"),
    [
        (datetime(2026, 7, 3, 5, tzinfo=UTC), False),
        (datetime(2026, 7, 3, 7, 29, tzinfo=UTC), False),
        (datetime(2026, 7, 3, 7, 30, tzinfo=UTC), True),  # half an hour after 15:00 in Shanghai
    ],
)
def test_an_unfinished_day_is_not_final(now: datetime, final: bool) -> None:
    verdict = check(history(), now=now)
    assert bool(verdict.bars["final"].iloc[-1]) is final
    assert verdict.bars["final"].iloc[:-1].all()
    assert keys(verdict.faults) == ([] if final else ["not_final"])


def test_today_before_the_open_is_the_future() -> None:
    verdict = check(history(), now=datetime(2026, 7, 3, 1, 29, tzinfo=UTC))
    assert keys(verdict.faults) == ["not_begun"] and verdict.bars["session"].iloc[-1] == pd.Timestamp(THURSDAY)


def test_what_was_kept_in_spite_of_soft_faults_is_told_and_taken_apart_again() -> None:
    """Two jumps and three holes: the jump gives the sentence, its newest row the detail; hard and stale are not told."""
    soft = [
        Fault(TICKER, None, "holes", "3", "soft"),
        Fault(TICKER, THURSDAY, "unexplained_jump", "close=9", "soft"),
        Fault(TICKER, FRIDAY, "unexplained_jump", "close=5", "soft"),
        Fault(TICKER, FRIDAY, "stale_day", "", "soft"),
        Fault(TICKER, FRIDAY, "units", "x", "hard"),
    ]
    key, params = remark(soft, TICKER, "sina")
    common = (("ticker", TICKER), ("source", "sina"))
    assert (key, params) == (
        "unexplained_jump", (*common, ("detail", "2026-07-03 close=5 +1"), ("holes", "3")),
    )  # fmt: skip
    assert remarks(key, params) == [
        ("unexplained_jump", (*common, ("detail", "2026-07-03 close=5 +1"))),
        ("holes", (*common, ("detail", "3"))),
    ]
    assert remark(soft[3:], TICKER, "sina") == (None, ())
    assert remarks(None, ()) == remarks("source_blocked", common) == []


@pytest.mark.parametrize("key", REMARKS)
def test_each_remark_has_its_sentence(key: str) -> None:
    said = sentence((key, {"ticker": TICKER, "source": "sina", "detail": "3"}))
    assert TICKER in said and "–" not in said


def test_holes_are_counted() -> None:
    verdict = check(history().drop(index=[3, 4, 40]))
    assert [(f.key, f.severity, f.values) for f in verdict.faults] == [("holes", "soft", (("rows", 3.0),))]


def test_a_bar_of_an_exchange_rate_lies_in_the_range_of_its_pair() -> None:
    """One day in won (1134.6) among yuan is refused; the others are kept."""
    rates = history(30, ticker="USDCNY.FX")
    level = rates["close"].mean()
    for column in ("open", "high", "low", "close"):
        rates[column] = rates[column] / level * 7.1
    bad = spoil(rates, row=10, open=1134.6, high=1134.6, low=1134.6, close=1134.6)
    found = check(bad, ticker="USDCNY.FX", calendar=None)
    assert keys([f for f in found.faults if f.severity == "hard"]) == ["rate_range"] and len(found.bars) == 29


# --- bars: the answer as a whole ---------------------------------------------------------------------------------


def refused(bars: pd.DataFrame, stored: pd.DataFrame | None = None, **more: Any) -> str:
    with pytest.raises(SuspectAnswer) as caught:
        check(bars, stored, **more)
    assert caught.value.params["source"] == "test" and caught.value.params["ticker"] == TICKER
    return caught.value.params["detail"]


def test_too_many_bad_rows() -> None:
    bars = history()
    assert len(check(bars.assign(close=bars["close"].mask(bars.index < 5))).bars) == 95
    assert refused(bars.assign(close=bars["close"].mask(bars.index < 6))) == "6 of 100 rows rejected"


def test_one_bad_row_does_not_condemn_a_short_answer() -> None:
    assert len(check(spoil(history(5), row=2, close=NAN)).bars) == 4
    assert refused(spoil(history(1), row=0, close=NAN)) == "1 of 1 rows rejected"


def test_dates_shifted_by_the_zone() -> None:
    # every Monday becomes a Sunday: about a fifth of the rows
    assert "rows rejected" in refused(history().assign(session=lambda f: f["session"] - pd.Timedelta(days=1)))


def test_labelled_with_another_ticker() -> None:
    assert refused(history(ticker="300502.SZ")) == "labelled with another ticker"


def test_another_symbols_bars() -> None:
    assert refused(history(seed=2), history()).endswith("of 100 closes differ from the stored ones")
    assert refused(history(5, seed=2), history()).endswith("of 5 closes differ from the stored ones")


def test_too_short_an_overlap_is_appended() -> None:
    verdict = check(history(4, seed=2), history())
    assert verdict.action == "append"
    assert next(f for f in verdict.faults if f.key == "revised").values == (("rows", 4.0),)


def test_revised_closes_are_counted() -> None:
    bars = history()
    bars.loc[:9, ["open", "high", "low", "close", "amount"]] *= 1.002
    bars[["open", "high", "low", "close"]] = bars[["open", "high", "low", "close"]].round(2)
    verdict = check(bars, history())
    assert verdict.action == "append" and [(f.key, f.values) for f in verdict.faults] == [
        ("revised", (("rows", 10.0),))
    ]


def test_unfinished_bars_are_not_compared() -> None:
    stored = history().assign(final=False)
    assert check(history(seed=2), stored).action == "append"
    assert check(history(seed=2).assign(final=False), history()).action == "append"


def rebased(bars: pd.DataFrame, ratio: float) -> pd.DataFrame:
    prices = ["open", "high", "low", "close"]
    return bars.assign(**{c: (bars[c] * ratio).round(2) for c in prices}, volume=bars["volume"] / ratio)


def test_a_split_rewrites_the_history() -> None:
    verdict = check(rebased(history(), 0.1), history())  # ten for one
    assert verdict.action == "replace"
    assert verdict.ratio == pytest.approx(0.1, rel=1e-3)
    assert verdict.faults == []


def test_a_split_of_low_prices_is_known_in_spite_of_their_rounding() -> None:
    # 25 for one: closes near 4.00 are up to half a fen, 0.13 %, off the ratio
    assert check(rebased(history(), 0.04), history()).ratio == pytest.approx(0.04, rel=2e-3)


def test_a_ratio_over_half_of_the_overlap_is_no_split() -> None:
    half = pd.concat([rebased(history().iloc[:50], 0.5), history().iloc[50:]])
    assert refused(half, history()) == "50 of 100 closes differ from the stored ones"


def test_a_rebased_answer_must_not_replace_a_longer_history() -> None:
    stored = history()
    answer = rebased(stored.tail(49).reset_index(drop=True), 0.1)
    assert refused(answer, stored).startswith("cut: 49 bars where 100 are stored, rebased by 0.1")
    half = check(rebased(stored.tail(50).reset_index(drop=True), 0.1), stored)
    assert (half.action, half.faults) == ("replace", [])  # no fall of 90 % at a seam that will not be


def test_a_cut_history() -> None:
    stored = history()
    sparse = stored.iloc[::3].reset_index(drop=True)
    assert refused(sparse, stored) == "cut: 34 bars where 100 are stored"
    # one row for a hundred that were asked for; without `asked` it is simply today's bar
    assert refused(stored.tail(1), stored, asked=stored["session"][0].date()) == "cut: 1 bars where 100 are stored"
    assert check(stored.tail(1), stored).action == "append"


def test_an_empty_answer() -> None:
    assert check(history(), pd.DataFrame()).action == "append"  # nothing is stored yet
    for stored in (None, history()):
        empty = check(history().iloc[:0], stored)
        assert empty.bars.empty and empty.faults == [] and empty.action == "append"


@pytest.mark.parametrize("times", [100.0, 0.01])
def test_volume_in_other_units(times: float) -> None:
    bars = history().assign(amount=NAN)  # with an amount the rows themselves give it away
    changed = bars.assign(volume=bars["volume"] * times)
    assert refused(changed, bars) == f"volume in other units: {times:.4g} times the stored one"
    assert check(changed.assign(volume=bars["volume"] * 3), bars).action == "append"


def test_amount_in_other_units_condemns_the_answer() -> None:
    assert refused(history().assign(amount=lambda f: f["amount"] / 1e4)) == "100 of 100 rows rejected"


# --- bars: jumps -------------------------------------------------------------------------------------------------


def jump(ticker: str, percent: float, row: int = 50) -> pd.DataFrame:
    """Bars that do nothing but move once, by ``percent``."""
    close = pd.Series(100.0, index=range(100)).mask(lambda s: s.index >= row, 100.0 + percent)
    return history(ticker=ticker).assign(open=close, high=close, low=close, close=close, amount=NAN)


@pytest.mark.parametrize(
    ("ticker", "percent", "found"),
    [
        ("002281.SZ", 10.9, False), ("002281.SZ", 11.1, True), ("002281.SZ", -11.1, True),
        ("300308.SZ", 20.9, False), ("300308.SZ", 21.1, True), ("688498.SH", 21.1, True),
        ("920045.BJ", 30.9, False), ("920045.BJ", 31.1, True),
        ("515880.SH", -65.7, False), ("000300.SH", 40.0, False),
    ],
)  # fmt: skip
def test_unexplained_jumps(ticker: str, percent: float, found: bool) -> None:
    faults = check(jump(ticker, percent), ticker=ticker).faults
    assert keys(faults) == (["unexplained_jump"] if found else [])
    if found:
        assert faults[0].session == history()["session"][50].date() and faults[0].severity == "soft"
        assert faults[0].values == (("before", 100.0), ("close", 100.0 + percent))


def test_a_factor_explains_a_jump_on_its_own_day_and_by_its_own_size() -> None:
    # 688498 on 2026-05-18: 1559.00 to 1058.08, a fall of 32.13 % that the reference price makes a flat day
    bars = jump("688498.SH", -32.13)
    day = bars["session"][50]
    factor = {"ticker": "688498.SH", "ex_date": day, "factor": 1058.08 / 1559.00, "source": "test"}

    def found(**changes: Any) -> list[str]:
        factors = shape.typed(pd.DataFrame([factor | changes]), columns.FACTORS, source="test")
        return keys(check(bars, ticker="688498.SH", factors=factors).faults)

    assert found() == []
    assert found(factor=0.99) == found(ticker="688048.SH") == ["unexplained_jump"]
    # a day late: the fall stays unexplained, and the flat day after it becomes a rise of 47 %
    assert found(ex_date=bars["session"][51]) == ["unexplained_jump", "unexplained_jump"]
    gap = bars.drop(index=[49])  # suspended over the ex-date: the factor counts at the next bar
    factors = shape.typed(pd.DataFrame([factor | {"ex_date": bars["session"][49]}]), columns.FACTORS, source="test")
    assert keys(check(gap, ticker="688498.SH", factors=factors).faults) == ["holes"]


def test_a_jump_at_the_seam_with_the_store() -> None:
    bars = jump("002281.SZ", 15.0, row=98)
    stored, answer = bars.head(98), bars.tail(2)
    assert keys(check(answer, stored, ticker="002281.SZ").faults) == ["unexplained_jump"]
    assert keys(check(answer, ticker="002281.SZ").faults) == []  # may be a listing
    # a jump between two stored bars was told when they came
    assert keys(check(bars.tail(1), bars.head(99), ticker="002281.SZ").faults) == []


def test_the_first_sessions_of_a_history_may_be_a_listing() -> None:
    assert check(jump("002281.SZ", 80.0, row=4), ticker="002281.SZ").faults == []
    assert keys(check(jump("002281.SZ", 80.0, row=5), ticker="002281.SZ").faults) == ["unexplained_jump"]
    assert keys(check(jump("920045.BJ", 80.0, row=1), ticker="920045.BJ").faults) == ["unexplained_jump"]


# --- bars: properties --------------------------------------------------------------------------------------------

SPOILED = pd.concat(
    [
        spoil(history(80), row=10, close=NAN).pipe(spoil, row=20, high=1.0),
        history(80).iloc[[30]],
        history(80).iloc[[31]].assign(close=1.0),
    ]
).reset_index(drop=True)


@given(st.permutations(range(len(SPOILED))))
@settings(max_examples=30)
def test_the_order_of_bars_does_not_matter(order: list[int]) -> None:
    plain, mixed = check(SPOILED, history(60)), check(SPOILED.iloc[order], history(60))
    pd.testing.assert_frame_equal(plain.bars, mixed.bars)
    assert sorted(keys(plain.faults)) == sorted(keys(mixed.faults))
    assert (plain.action, plain.ratio) == (mixed.action, mixed.ratio)


@given(st.sets(st.integers(0, 79), max_size=4), st.sampled_from(["open", "high", "low", "close", "volume"]),
       st.sampled_from([NAN, -1.0, 0.0, 1e9]))  # fmt: skip
@settings(max_examples=60)
def test_checking_twice_changes_nothing(rows: set[int], column: str, value: float) -> None:
    bars = history(80)
    bars.loc[list(rows), column] = value
    once = check(bars, history(60))
    twice = check(once.bars, history(60))
    pd.testing.assert_frame_equal(once.bars, twice.bars)
    assert [f for f in twice.faults if f.severity == "hard"] == []
    assert (once.action, once.ratio) == (twice.action, twice.ratio)


def test_the_cost_of_a_check_grows_no_faster_than_its_rows() -> None:
    # a ratio inside one run, so that a slow machine does not fail it
    def seconds(rows: int) -> float:
        days = [d.date() for d in pd.bdate_range("2016-01-04", periods=rows)]
        calendar = Calendar("CN", tuple(Session(d, NOW, NOW) for d in days))
        bars = pd.concat([history(100)] * (rows // 100)).assign(session=pd.DatetimeIndex(days, dtype="datetime64[s]"))
        start = time.perf_counter()
        for _ in range(5):
            check(bars, bars, calendar=calendar)
        return time.perf_counter() - start

    seconds(100)
    assert seconds(2500) < 12.5 * seconds(200)
