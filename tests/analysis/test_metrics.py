"""Returns, excess, breadth, ranks and series against hand calculations and the closes printed by the exchanges' reports.

The three closes a row of ``REPORT`` are public index closes; its percentages were worked out with Python's ``decimal``.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from math import isnan, nan

import numpy as np
import pandas as pd
import pytest

from basketwatch.analysis import baskets, overnight
from basketwatch.analysis import prices as analysis_prices
from basketwatch.analysis.prices import (
    WINDOWS,
    adjusted,
    aligned,
    multipliers,
    returns,
    volume_ratio,
    window_bases,
    with_quotes,
    year_range,
)
from basketwatch.domain.calendars import minutes_open
from tests.analysis.rows import FRIDAY, REPORT, REPORT_DAYS, bars, factors, one, wide
from tests.domain.test_calendars import CALENDARS, CN, HK, US, at

# --- windows -----------------------------------------------------------------------------------------------------


@pytest.fixture
def report() -> pd.DataFrame:
    closes = {t: {d: float(v) for d, v in zip(REPORT_DAYS, row[:3], strict=True)} for t, row in REPORT.items()}
    return returns(wide(closes), dict.fromkeys(REPORT, FRIDAY), CALENDARS, {})


@pytest.mark.parametrize("ticker", REPORT)
def test_the_weekly_report_to_the_digit(report: pd.DataFrame, ticker: str) -> None:
    *closes, week, year = REPORT[ticker]
    start, base, last = (Decimal(c) for c in closes)
    assert round(report["1w"][ticker] * 100, 6) == week == float(round((last / base - 1) * 100, 6))
    assert round(report["ytd"][ticker] * 100, 6) == year == float(round((last / start - 1) * 100, 6))


def test_differences_are_taken_before_rounding(report: pd.DataFrame) -> None:
    rows = report.assign(group="CN", session=pd.Timestamp(FRIDAY))
    found = baskets.excess(rows.loc[["801770.SI"]], rows.loc[["000300.SH", "399006.SZ"]])
    points = {(b, w): found[b][w] * 100 for b in found for w in ("1w", "ytd")}
    assert {key: round(value, 6) for key, value in points.items()} == {
        ("000300.SH", "1w"): -8.638902, ("399006.SZ", "1w"): -5.018809,
        ("000300.SH", "ytd"): 49.920990, ("399006.SZ", "ytd"): 29.006400,
    }  # fmt: skip
    assert [round(v, 2) for v in points.values()] == [-8.64, 49.92, -5.02, 29.01]  # rounded first: 8.63, 5.01, 29.00


@pytest.mark.parametrize(
    ("calendar", "session", "expected"),
    [
        (CN, "2026-07-05", {"1d": "2026-07-03", "1w": "2026-06-26", "mtd": "2026-06-30", "ytd": "2025-12-31"}),  # a Sunday
        (CN, "2026-07-03", {"1d": "2026-07-02", "1w": "2026-06-26", "mtd": "2026-06-30", "ytd": "2025-12-31"}),
        (CN, "2026-07-01", {"1d": "2026-06-30", "mtd": "2026-06-30"}),  # the month's first session: one day
        (CN, "2026-06-30", {"1w": "2026-06-26", "mtd": "2026-05-29"}),
        (CN, "2026-02-25", {"1d": "2026-02-24", "1w": "2026-02-13", "mtd": "2026-01-30"}),  # the week after Spring Festival
        (CN, "2026-06-22", {"1d": "2026-06-18", "1w": "2026-06-18"}),  # Friday the 19th was closed
        (CN, "2026-01-05", {"1d": "2025-12-31", "1w": "2025-12-31", "mtd": "2025-12-31", "ytd": "2025-12-31"}),
        (HK, "2026-01-02", {"1d": "2025-12-31", "1w": "2025-12-24", "mtd": "2025-12-31", "ytd": "2025-12-31"}),  # ISO week
        (US, "2025-12-31", {"1w": "2025-12-26", "mtd": "2025-11-28"}),
        (US, "2026-07-02", {"1w": "2026-06-26"}),
        (US, "2026-07-06", {"1d": "2026-07-02", "1w": "2026-07-02"}),  # Friday the 3rd was closed
        (None, "2026-01-02", {"1d": "2026-01-01", "1w": "2025-12-26", "ytd": "2025-12-31", "20d": "2025-12-05"}),
    ],
)  # fmt: skip
def test_window_bases(calendar: object, session: str, expected: dict[str, str]) -> None:
    found = window_bases(calendar, date.fromisoformat(session))
    assert {w: str(found[w]) for w in expected} == expected
    assert set(found) == set(WINDOWS)


def test_twenty_days_are_sessions() -> None:
    """From 2026-02-27 three back to the 24th, then 17 from the 13th on; counted by hand on a wall calendar."""
    assert window_bases(CN, date(2026, 2, 27))["20d"] == date(2026, 1, 22)
    assert window_bases(US, date(2026, 2, 27))["20d"] == date(2026, 1, 29)


def test_a_window_that_begins_before_the_calendar_has_no_base() -> None:
    assert window_bases(CN, date(2025, 9, 10))["60d"] is None
    assert window_bases(CN, date(2025, 9, 1))["1d"] is None


# --- adjustment --------------------------------------------------------------------------------------------------


def test_ratio_adjustment() -> None:
    """688.14 x 845/846 = 581478.30/846 = 687.326596; subtracting the dividend of 1.00 would give 687.14."""
    raw = bars("300308.SZ", {"2026-04-28": 688.14, "2026-04-29": 846.0, "2026-04-30": 850.0})
    found = adjusted(raw, factors(("300308.SZ", "2026-04-30", 845 / 846)))
    assert found["close"].tolist() == pytest.approx([688.14 * 845 / 846, 845.0, 850.0], rel=1e-15)
    assert found["close"][0] == pytest.approx(687.3266, abs=5e-5)
    assert found[["open", "high", "low"]].equals(pd.DataFrame(dict.fromkeys(("open", "high", "low"), found["close"])))
    assert found["volume"].tolist() == [1000.0] * 3
    assert raw["close"][0] == 688.14


def test_factors_multiply_and_touch_only_their_own_ticker() -> None:
    raw = pd.concat([
        bars("300308.SZ", {"2026-04-28": 100.0, "2026-04-29": 100.0}),
        bars("300308.SZX", {"2026-04-28": 100.0, "2026-04-29": 100.0}),  # sorts right behind it
        bars("688498.SH", {"2026-04-28": 100.0, "2026-04-29": 100.0, "2026-04-30": 100.0}),
    ], ignore_index=True)  # fmt: skip
    found = multipliers(raw, factors(
        ("688498.SH", "2026-04-29", 0.5), ("688498.SH", "2026-04-30", 0.8), ("300308.SZ", "2026-04-29", 0.25),
        ("000001.SZ", "2026-04-29", 0.1), ("999999.SZ", "2026-04-29", 0.1), ("688498.SH", "2020-01-02", 0.1),
    ))  # fmt: skip
    assert found.tolist() == pytest.approx([0.25, 1, 1, 1, 0.4, 0.8, 1])


def test_an_ex_date_still_to_come_leaves_the_last_price_alone() -> None:
    """A dividend announced for Monday must not lower Friday's price, nor make its return against a raw previous close."""
    raw = bars("300308.SZ", {"2026-07-02": 100.0, "2026-07-03": 110.0})
    found = adjusted(raw, factors(("300308.SZ", "2026-07-06", 0.9)))
    assert found["close"].tolist() == [100.0, 110.0]
    row = one({FRIDAY - timedelta(days=1): 100.0, FRIDAY: found["close"][1]}, FRIDAY, previous=100.0)
    assert row["1d"] == pytest.approx(0.1)


def test_an_ex_rights_day_that_looks_like_a_crash_is_a_rise() -> None:
    """66.52 → 55.86 raw is −16.03 %; against a reference price of 51.17 (1.3 new shares for one) it is +9.17 %."""
    reference = 51.17
    raw = bars("603203.SH", {"2026-06-05": 66.52, "2026-06-08": 55.86})
    closes = analysis_prices.wide(adjusted(raw, factors(("603203.SH", "2026-06-08", reference / 66.52))))
    row = returns(closes, {"603203.SH": date(2026, 6, 8)}, CALENDARS, {"603203.SH": reference}).loc["603203.SH"]
    assert row["1d"] == pytest.approx(55.86 / 51.17 - 1) == pytest.approx(0.0917, abs=5e-5)
    assert row["1w"] == pytest.approx(row["1d"])
    assert pytest.approx(-0.1603, abs=5e-5) == 55.86 / 66.52 - 1


# --- returns -----------------------------------------------------------------------------------------------------


def test_one_day_is_against_the_exchange_s_previous_close() -> None:
    closes = {date(2026, 7, 2): 846.0, FRIDAY: 845.0}
    assert one(closes, FRIDAY, previous=845.0)["1d"] == 0.0
    assert one(closes, FRIDAY)["1d"] == pytest.approx(845 / 846 - 1)
    assert one(closes, FRIDAY, previous=0.0)["1d"] == pytest.approx(845 / 846 - 1)


def test_nothing_traded_no_return() -> None:
    """Suspended since 24 June: no day, week or month, but the year and twenty sessions have moved until then."""
    closes = {date(2025, 12, 31): 10.0, date(2026, 6, 4): 11.0, date(2026, 6, 23): 12.0}
    row = one(closes, FRIDAY, previous=12.0)
    assert [w for w in WINDOWS if isnan(row[w])] == ["1d", "1w", "mtd", "60d", "250d"]
    assert (row["ytd"], row["20d"]) == pytest.approx((0.2, 12 / 11 - 1))


def test_a_base_in_a_suspension_is_the_last_price_before_it() -> None:
    closes = {date(2026, 6, 23): 10.0, date(2026, 7, 2): 11.0, FRIDAY: 12.0}
    assert one(closes, FRIDAY)["1w"] == pytest.approx(0.2)
    assert isnan(one({date(2026, 5, 8): 10.0, FRIDAY: 12.0}, FRIDAY)["1w"])  # 49 days older than the base: no base


def test_a_base_in_a_gap_of_the_store_is_missing_not_older() -> None:
    closes = {date(2025, 12, 31): 8.0, date(2026, 6, 18): 10.0, FRIDAY: 12.0}
    row = one(closes, FRIDAY, previous=11.5, gap=date(2026, 6, 18))
    assert isnan(row["1w"])
    assert isnan(row["mtd"])
    assert (row["1d"], row["ytd"]) == pytest.approx((12 / 11.5 - 1, 0.5))


def test_a_new_listing_has_no_older_windows() -> None:
    row = one({date(2026, 7, 1): 10.0, date(2026, 7, 2): 9.0, FRIDAY: 12.0}, FRIDAY)
    assert row["1d"] == pytest.approx(12 / 9 - 1)
    assert [w for w in WINDOWS if isnan(row[w])] == ["1w", "mtd", "ytd", "20d", "60d", "250d"]


def test_each_ticker_ends_on_its_own_session() -> None:
    closes = wide({
        "300308.SZ": {date(2026, 6, 26): 10.0, FRIDAY: 11.0},
        "NVDA.US": {date(2026, 6, 26): 100.0, date(2026, 7, 1): 110.0, date(2026, 7, 2): 99.0},
        "USDCNY.FX": {date(2026, 6, 26): 7.0, FRIDAY: 6.86},
    })  # fmt: skip
    ends = {"300308.SZ": FRIDAY, "NVDA.US": date(2026, 7, 2), "USDCNY.FX": FRIDAY, "LITE.US": date(2026, 7, 2)}
    found = returns(closes, ends, CALENDARS, {})
    assert found["1w"].tolist() == pytest.approx([0.1, -0.01, -0.02, nan], nan_ok=True)
    assert found["1d"]["NVDA.US"] == pytest.approx(-0.1)
    assert list(found.index) == list(ends)


def test_returns_of_nothing() -> None:
    assert returns(wide({}), {}, CALENDARS, {}).empty
    empty = returns(wide({"300308.SZ": {}}), {"300308.SZ": FRIDAY}, CALENDARS, {"300308.SZ": 10.0})
    assert empty.isna().all(axis=None)


def test_returns_agree_with_pandas_on_a_full_table() -> None:
    """The independent formula: closes by label, reindexed to the calendar's sessions, shifted."""
    sessions = [s.day for s in CN.between(date(2025, 12, 1), FRIDAY)]
    rng = np.random.default_rng(7)
    prices = 20 * np.exp(rng.normal(0, 0.02, (len(sessions), 5)).cumsum(axis=0))
    tickers = [f"60000{i}.SH" for i in range(5)]
    closes = wide({t: dict(zip(sessions, prices[:, i], strict=True)) for i, t in enumerate(tickers)})
    found = returns(closes, dict.fromkeys(tickers, FRIDAY), CALENDARS, {})
    for window, back in (("1d", 1), ("20d", 20), ("60d", 60)):
        np.testing.assert_allclose(found[window], closes.iloc[-1] / closes.iloc[-1 - back] - 1, rtol=1e-12)
    for window, base in (("1w", "2026-06-26"), ("mtd", "2026-06-30"), ("ytd", "2025-12-31")):
        np.testing.assert_allclose(found[window], closes.iloc[-1] / closes.loc[base] - 1, rtol=1e-12)
    assert found["250d"].isna().all()


# --- one security ------------------------------------------------------------------------------------------------


def test_quotes_become_the_bar_of_their_session() -> None:
    stored = pd.concat([bars("A.US", {"2026-07-01": 1.0, "2026-07-02": 2.0}), bars("B.US", {"2026-07-02": 5.0})])
    quotes = pd.DataFrame({
        "ticker": ["A.US", "B.US", "C.US", "D.US"], "session": pd.to_datetime(["2026-07-02", "2026-07-01", "2026-07-02"] * 2)[:4],
        "last": [2.5, 9.0, 7.0, 8.0], "suspended": [False, False, False, True], "source": "q",
    } | dict.fromkeys(("open", "high", "low", "volume", "amount", "turnover"), 1.0)).set_index("ticker", drop=False)  # fmt: skip
    found = with_quotes(stored, quotes)
    shown = list(zip(found["ticker"], found["session"].dt.day, found["close"], found["final"], strict=True))
    # the quote replaces A's bar; B's is older than the bar; C has no bars; D is suspended
    assert shown == [("A.US", 1, 1.0, True), ("A.US", 2, 2.5, False), ("B.US", 2, 5.0, True), ("C.US", 2, 7.0, False)]


def year_of_bars(ticker: str, special: dict[str, float], first: date = date(2025, 6, 30)) -> pd.DataFrame:
    """A bar of 70 on every weekday up to FRIDAY, other closes on the days of ``special``."""
    days = [f"{d:%Y-%m-%d}" for d in pd.bdate_range(first, FRIDAY)]
    return bars(ticker, {d: special.get(d, 70.0) for d in days})


def test_year_range_is_adjusted_and_52_weeks_long() -> None:
    closes = {"2025-07-02": 500.0, "2025-07-07": 100.0, "2026-04-29": 90.0, "2026-07-03": 80.0}
    raw = year_of_bars("300308.SZ", closes)
    raw.loc[raw["session"] == "2025-07-07", ["high", "low"]] = [180.0, nan]  # a sector's bar may have closes only
    raw.loc[raw["session"] == "2026-04-29", ["high", "low"]] = [95.0, 60.0]
    after = bars("300308.SZ", {"2026-07-06": 999.0})
    by = adjusted(pd.concat([raw, after], ignore_index=True), factors(("300308.SZ", "2026-04-30", 0.5)))
    row = year_range(by, {"300308.SZ": FRIDAY}).loc["300308.SZ"]
    # 180 and 60 halved; 500 of 2025-07-02 lies before the 52 weeks and 999 of 07-06 after them
    assert row[["high_52w", "low_52w"]].tolist() == [90.0, 30.0]
    assert row["bars_52w"] == 52 * 5  # weekdays


def test_a_year_range_needs_a_year() -> None:
    """52 weeks before 2026-07-03 is 2025-07-04: a history may begin up to 2025-07-18, and must have 200 bars."""
    whole = year_of_bars("A.SZ", {})
    listed = year_of_bars("B.SZ", {}, date(2025, 7, 18))  # as long as it may be late
    late = year_of_bars("C.SZ", {}, date(2025, 7, 21))
    gappy = whole.iloc[::2].assign(ticker="D.SZ")  # half of the sessions: under 200
    new = year_of_bars("E.SZ", {}, date(2026, 6, 29))
    rows = pd.concat([whole, listed, late, gappy, new], ignore_index=True)
    found = year_range(rows, dict.fromkeys([f"{c}.SZ" for c in "ABCDE"], FRIDAY))
    assert found["high_52w"].notna().tolist() == found["low_52w"].notna().tolist() == [True, True, False, False, False]
    assert found.loc["E.SZ", "bars_52w"] == 5


def test_volume_ratio_at_the_close() -> None:
    """V_t / mean(V of the five before) = 600 / 300."""
    assert volume_ratio(600, [9e9, 100, 200, 300, 400, 500], 240, 240) == pytest.approx(2.0)


def test_volume_ratio_leaves_suspended_sessions_out() -> None:
    assert volume_ratio(600, [100, 200, 300, 0, nan, 400, 500, 0], 240, 240) == pytest.approx(2.0)


def test_volume_ratio_across_lunch() -> None:
    """At 13:30 150 of 240 minutes are over: 500 in 150 minutes against 480 in 240 is 3.33 a minute against 2."""
    session = CN.session(FRIDAY)
    minutes = minutes_open(CN, session, at("2026-07-03 13:30", "CN"))
    assert volume_ratio(500, [480] * 5, minutes, minutes_open(CN, session, session.closes)) == pytest.approx(5 / 3)
    at_lunch = minutes_open(CN, session, at("2026-07-03 12:59", "CN"))
    assert volume_ratio(500, [480] * 5, at_lunch, 240) == pytest.approx(500 / 120 / 2)


@pytest.mark.parametrize(
    ("volume", "past", "minutes"), [(0, [1] * 5, 9), (nan, [1] * 5, 9), (5, [1] * 4, 9), (5, [1] * 5, 0)]
)
def test_no_volume_ratio(volume: float, past: list[float], minutes: float) -> None:
    assert isnan(volume_ratio(volume, past, minutes, 240))


# --- series ------------------------------------------------------------------------------------------------------


def test_six_us_sessions_fall_into_one_mainland_step() -> None:
    """2026-02-13 → 02-24: at the close of the 24th the newest US close is that of the 23rd, six sessions later."""
    us = [s.day for s in US.between(date(2026, 2, 10), date(2026, 2, 25))]
    closes = wide({
        "000300.SH": dict.fromkeys((date(2026, 2, 12), date(2026, 2, 13), date(2026, 2, 24), date(2026, 2, 25)), 1.0),
        "NVDA.US": {d: float(d.day) for d in us},
    })  # fmt: skip
    found = aligned(closes, CALENDARS, "CN")
    assert [d.day for d in found.index] == [10, 11, 12, 13, 24, 25]
    assert found["NVDA.US"].tolist() == pytest.approx([nan, 10, 11, 12, 23, 24], nan_ok=True)
    between = [d for d in us if date(2026, 2, 12) < d <= date(2026, 2, 23)]
    assert [d.day for d in between] == [13, 17, 18, 19, 20, 23]


def test_a_us_holiday_repeats_the_close_before() -> None:
    closes = wide({"NVDA.US": {date(2026, 7, 1): 1.0, date(2026, 7, 2): 2.0, date(2026, 7, 6): 6.0},
                   "000300.SH": {date(2026, 7, 7): 1.0}})  # fmt: skip
    found = aligned(closes, CALENDARS, "CN")["NVDA.US"]
    assert {f"{d:%m-%d}": v for d, v in found.dropna().items()} == {
        "07-02": 1.0,
        "07-03": 2.0,
        "07-06": 2.0,
        "07-07": 6.0,
    }


@pytest.mark.parametrize("monday", [date(2026, 3, 9), date(2026, 11, 2)])
def test_daylight_saving_shifts_nothing_by_a_day(monday: date) -> None:
    week = [monday + timedelta(days=k) for k in range(5)]
    closes = wide({"NVDA.US": {d: float(d.day) for d in week}, "000300.SH": dict.fromkeys(week, 1.0)})
    assert aligned(closes, CALENDARS, "CN")["NVDA.US"].tolist()[1:] == [float(d.day) for d in week[:-1]]
    # seen from New York the mainland's day D has closed before the US day D does
    back = aligned(closes.assign(**{"000300.SH": closes["NVDA.US"]}), CALENDARS, "US")
    assert back["000300.SH"].tolist() == back["NVDA.US"].tolist() == [float(d.day) for d in week]


def test_hong_kong_closes_after_the_mainland_and_rates_with_it() -> None:
    week = [date(2026, 7, d) for d in (6, 7, 8)]
    closes = wide({t: {d: float(d.day) for d in week} for t in ("000300.SH", "01686.HK", "USDCNY.FX")})
    found = aligned(closes, CALENDARS, "CN")
    assert found["01686.HK"].tolist() == pytest.approx([nan, 6, 7], nan_ok=True)
    assert found["USDCNY.FX"].tolist() == found["000300.SH"].tolist() == [6, 7, 8]


def test_a_rate_of_a_holiday_is_known_at_the_next_close() -> None:
    closes = wide(
        {"USDCNY.FX": {date(2026, 2, 13): 6.9, date(2026, 2, 20): 6.8}, "000300.SH": {date(2026, 2, 24): 1.0}}
    )
    assert aligned(closes, CALENDARS, "CN")["USDCNY.FX"].tolist() == [6.9, 6.8]


def test_without_a_home_calendar_closes_are_carried_on() -> None:
    closes = wide({"A.US": {date(2026, 7, 1): 1.0, date(2026, 7, 2): nan}, "B.US": {date(2026, 7, 2): 2.0}})
    assert aligned(closes, {}, "CN")["A.US"].tolist() == [1.0, 1.0]
    assert aligned(wide({}), CALENDARS, "CN").empty


def test_basket_series_by_hand() -> None:
    """Bought in equal parts on the 1st: (2 + 0.5) / 2 = 1.25, then (3 + 0.5) / 2; the third has no price then."""
    grid = wide({
        "a": {date(2026, 7, 1): 10.0, date(2026, 7, 2): 20.0, FRIDAY: 30.0}, "b": {date(2026, 7, 1): 4.0, date(2026, 7, 2): 2.0},
        "c": {date(2026, 7, 2): 1.0, FRIDAY: 9.0},
    })  # fmt: skip
    line, held = baskets.basket_series(grid, ["a", "b", "c", "unknown"], date(2026, 7, 1))
    assert (line.tolist(), held) == ([1.0, 1.25, 1.75], 2)
    for nobody in (["unknown"], []):
        assert baskets.basket_series(grid, nobody, date(2026, 7, 1))[1] == 0
    assert baskets.basket_series(grid, ["a"], date(2026, 8, 1))[0].empty


def test_rebased_starts_at_one_on_the_first_day_or_not_at_all() -> None:
    grid = wide({"a": {date(2026, 7, 1): 10.0, date(2026, 7, 2): 20.0}, "b": {date(2026, 7, 2): 5.0}})
    assert baskets.rebased(grid["a"], date(2026, 7, 1)).tolist() == [1.0, 2.0]
    assert baskets.rebased(grid["b"], date(2026, 7, 1)).empty  # it would start at 1 on another day
    assert baskets.rebased(grid["a"], date(2026, 8, 1)).empty


# --- overnight ---------------------------------------------------------------------------------------------------


def test_overnight_sessions_of_the_year() -> None:
    counts = {
        s.day: len(overnight.overnight_sessions(CN, US, s.day))
        for s in CN.between(date(2026, 1, 1), date(2026, 12, 31))
    }
    none = [f"{d:%m-%d}" for d, n in counts.items() if n == 0]
    assert none == ["01-20", "05-26", "07-06", "09-08", "11-27", "12-28"]
    assert counts[date(2026, 2, 24)] == counts[date(2026, 10, 8)] == 6
    assert counts[date(2026, 7, 3)] == 1
    # every US session belongs to exactly one mainland session
    assert sum(counts.values()) == len(US.between(date(2025, 12, 31), date(2026, 12, 30)))


@pytest.mark.parametrize(
    ("now", "day", "sessions"),
    [  # Shanghai time; New York opens at 21:30 in summer, and counts 25 minutes later
        ("2026-07-03 08:00", "07-03", ["07-02"]),  # before the open
        ("2026-07-03 12:00", "07-03", ["07-02"]),  # lunch
        ("2026-07-03 14:59", "07-03", ["07-02"]),
        ("2026-07-02 15:00", "07-02", ["07-01"]),  # closed, New York still asleep: what today opened to
        ("2026-07-02 21:54", "07-02", ["07-01"]),
        ("2026-07-02 21:55", "07-03", ["07-02"]),  # New York trades
        ("2026-07-03 22:30", "07-03", ["07-02"]),  # … but not on the 3rd
        ("2026-07-05 10:00", "07-06", []),  # Sunday: nothing for Monday yet, and Friday's window is past
        ("2026-07-06 08:00", "07-06", []),  # Monday morning: nothing happened overnight
        ("2026-06-27 10:00", "06-29", ["06-26"]),  # an ordinary Saturday
        ("2026-02-13 16:00", "02-13", ["02-12"]),
        ("2026-02-13 23:00", "02-24", ["02-13"]),  # winter: opens at 22:30
        ("2026-02-18 12:00", "02-24", ["02-13", "02-17"]),  # in the middle of Spring Festival
        ("2026-02-24 09:00", "02-24", ["02-13", "02-17", "02-18", "02-19", "02-20", "02-23"]),
        ("2026-10-07 09:00", "10-08", ["09-30", "10-01", "10-02", "10-05", "10-06"]),
        ("2027-01-04 09:00", "01-04", []),  # past both bounds: Friday the 1st is guessed open in both
    ],
)  # fmt: skip
def test_overnight_window(now: str, day: str, sessions: list[str]) -> None:
    found, seen = overnight.overnight_window(CN, US, at(now, "CN"))
    expected = sessions if now[:4] == "2026" else ["01-01"]
    assert (f"{found:%m-%d}", [f"{s.day:%m-%d}" for s in seen]) == (day, expected)


def test_overnight_move_is_compounded_over_its_sessions() -> None:
    """100 before, 110 on the 13th, 121 on the 17th: +21 %; a ticker that lacks the last session has no move."""
    closes = wide({
        "A.US": {date(2026, 2, 12): 100.0, date(2026, 2, 13): 110.0, date(2026, 2, 17): 121.0},
        "B.US": {date(2026, 2, 12): 100.0, date(2026, 2, 13): 110.0},
        "C.US": {date(2026, 2, 17): 5.0},
    })  # fmt: skip
    sessions = US.between(date(2026, 2, 13), date(2026, 2, 17))
    found = overnight.moves_over(closes, ["A.US", "B.US", "C.US", "D.US"], US, [sessions, [], sessions[:1]])
    assert found[0].tolist() == pytest.approx([0.21, nan, nan, nan], nan_ok=True)
    assert np.isnan(found[1]).all(), "no session in between"
    assert found[2].tolist() == pytest.approx([0.1, 0.1, nan, nan], nan_ok=True)
    assert np.isnan(overnight.moves_over(wide({}), ["A.US"], US, [sessions])).all()
    assert overnight.moves_over(closes, [], US, [sessions]).shape == (1, 0)


def test_no_older_close_stands_in_for_the_one_before_the_night() -> None:
    """Without the close of the 12th the move from the 11th to the 13th would be one of two sessions."""
    closes = wide({"A.US": {date(2026, 2, 11): 100.0, date(2026, 2, 13): 110.0}})
    night = US.between(date(2026, 2, 13), date(2026, 2, 13))
    assert np.isnan(overnight.moves_over(closes, ["A.US"], US, [night])).all()


# --- matrices and factors ----------------------------------------------------------------------------------------


def test_filled_keeps_the_last_number_and_shifted_moves_down() -> None:
    values = np.array([[nan, 1.0], [2.0, nan], [nan, nan], [3.0, 4.0]])
    np.testing.assert_array_equal(analysis_prices.filled(values), [[nan, 1.0], [2.0, 1.0], [2.0, 1.0], [3.0, 4.0]])
    np.testing.assert_array_equal(analysis_prices.shifted(values), [[nan, nan], *values[:3].tolist()])
    np.testing.assert_array_equal(analysis_prices.shifted(values, 3), [[nan, nan]] * 3 + [[nan, 1.0]])
    assert np.isnan(analysis_prices.shifted(values, 9)).all() and analysis_prices.filled(np.empty((0, 2))).shape == (
        0,
        2,
    )


def test_factors_between_two_sessions_are_multiplied() -> None:
    """Sessions on 1, 2, 5 and 6 January; ex-dates on the 2nd (1/2), on Sunday the 4th (0.9) and on the 5th (0.8)."""
    sessions = np.array(["2026-01-01", "2026-01-02", "2026-01-05", "2026-01-06"], dtype="datetime64[D]")
    ex_dates = np.array(["2026-01-05", "2026-01-02", "2026-01-04"], dtype="datetime64[s]")
    found = analysis_prices.factors_between(sessions, ex_dates, np.array([0.8, 0.5, 0.9]))
    assert found.tolist() == pytest.approx([1, 0.5, 0.72, 1])
    assert analysis_prices.factors_between(sessions, ex_dates[:0], np.empty(0)).tolist() == [1, 1, 1, 1]
