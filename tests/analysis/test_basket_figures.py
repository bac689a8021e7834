"""Figures of a basket and ranks, against hand calculations."""

from __future__ import annotations

from datetime import date
from math import isnan, nan

import numpy as np
import pandas as pd
import pytest

from basketwatch.analysis import baskets
from basketwatch.analysis.baskets import basket_series, dated_series
from basketwatch.analysis.prices import (
    WINDOWS,
)
from tests.analysis.rows import FRIDAY

# --- a basket ----------------------------------------------------------------------------------------------------


def members(**columns: list[object]) -> pd.DataFrame:
    rows = len(next(iter(columns.values())))
    blank = dict.fromkeys(WINDOWS, [nan] * rows) | {
        "group": ["CN"] * rows, "session": [pd.Timestamp(FRIDAY)] * rows, "suspended": [False] * rows,
        "limit_state": ["none"] * rows, "cap_cny": [1.0] * rows,
    }  # fmt: skip
    return pd.DataFrame(blank | columns)


def test_equal_weight_and_cap_weight_by_hand() -> None:
    """Caps now 110, 180 and 50; a week ago 100, 200 and 50: 340/350 − 1 = −2.857 %; the mean of +10, −10 and 0 is 0."""
    table = members(**{"1w": [0.1, -0.1, 0.0], "cap_cny": [110.0, 180.0, 50.0]})
    assert baskets.equal_weight(table)["1w"] == pytest.approx(0.0)
    assert baskets.cap_weight(table)["1w"] == pytest.approx(340 / 350 - 1)
    assert isnan(baskets.equal_weight(table)["ytd"])
    assert isnan(baskets.cap_weight(table)["ytd"])


def test_who_has_no_return_or_no_cap_is_left_out() -> None:
    """300 and 110 now, 300 and 100 a week ago: 410/400 − 1; whoever lacks one of the two counts on neither side."""
    table = members(**{"1w": [0.1, nan, -0.1, 0.0], "cap_cny": [110.0, 900.0, nan, 300.0]})
    assert baskets.equal_weight(table)["1w"] == pytest.approx(0.0)
    assert baskets.cap_weight(table)["1w"] == pytest.approx(0.025)


def test_weights_of_nobody() -> None:
    assert all(
        isnan(v)
        for v in (
            *baskets.equal_weight(members(**{"1d": []})).values(),
            *baskets.cap_weight(members(**{"1d": []})).values(),
        )
    )


def test_coverage_is_that_of_each_window() -> None:
    """Of four members all have a day, three a week, two a year; the figure is the mean of just those."""
    table = members(**{
        "1d": [0.01, 0.02, 0.03, 0.04], "1w": [0.1, 0.2, 0.3, nan], "ytd": [0.5, 1.0, nan, nan],
        "cap_cny": [1.0, nan, 1.0, 1.0],
    })  # fmt: skip
    count = baskets.coverage(table)
    assert [count[w] for w in ("1d", "1w", "ytd", "250d")] == [4, 3, 2, 0]
    assert baskets.equal_weight(table)["ytd"] == pytest.approx(0.75)
    assert [baskets.cap_coverage(table)[w] for w in ("1d", "1w", "ytd")] == [3, 2, 1]


def test_less_than_half_of_the_members_do_not_speak_for_the_basket() -> None:
    """Two of four do, one of four does not; of three members one is less than half; for a cap two are needed too."""
    table = members(**{"1w": [0.1, 0.2, nan, nan], "ytd": [0.5, nan, nan, nan], "cap_cny": [1.0, nan, 1.0, 1.0]})
    assert baskets.equal_weight(table)["1w"] == pytest.approx(0.15)
    assert isnan(baskets.equal_weight(table)["ytd"])
    assert isnan(baskets.cap_weight(table)["1w"])
    assert isnan(baskets.equal_weight(table.iloc[[0]], members=3)["1w"])


def test_excess_of_a_minority_is_none_and_its_coverage_is_told() -> None:
    table = members(**{"1d": [0.03, 0.05, nan], "ytd": [0.5, nan, nan]})
    bench = members(**{"1d": [0.01], "ytd": [0.1]}).set_axis(["b"])
    assert baskets.excess(table, bench)["b"]["1d"] == pytest.approx(0.04 - 0.01)
    assert isnan(baskets.excess(table, bench)["b"]["ytd"])
    count = baskets.excess_coverage(table, bench)["b"]
    assert (count["1d"], count["ytd"]) == (2, 1)


def test_breadth() -> None:
    table = members(**{
        "1d": [0.1, 0.0, -0.1, nan, 0.2, nan], "suspended": [False, False, False, True, False, False],
        "limit_state": ["sealed_up", "none", "t_down", "no_limit", "touched_up", nan],
    })  # fmt: skip
    assert baskets.breadth(table) == {"up": 2, "flat": 1, "down": 1, "limit_up": 1, "limit_down": 1, "suspended": 1}


@pytest.mark.parametrize(("state", "side"), [
    ("one_price_up", "limit_up"), ("t_up", "limit_up"), ("sealed_up", "limit_up"), ("touched_up", None),
    ("one_price_down", "limit_down"), ("t_down", "limit_down"), ("sealed_down", "limit_down"), ("touched_down", None),
    ("none", None), ("no_limit", None), ("unknown", None),
])  # fmt: skip
def test_which_states_are_limit_ups(state: str, side: str | None) -> None:
    found = baskets.breadth(members(**{"1d": [0.1], "limit_state": [state]}))
    assert [k for k in ("limit_up", "limit_down") if found[k]] == ([side] if side else [])


def test_who_lags_behind_its_market_is_not_counted() -> None:
    thursday = pd.Timestamp("2026-07-02")
    table = members(**{
        "1d": [0.01, 0.03, 0.5, nan, -0.02], "1w": [0.1, 0.1, 0.5, 0.2, 0.1], "group": ["CN", "CN", "CN", "CN", "US"],
        "session": [pd.Timestamp(FRIDAY)] * 2 + [thursday, pd.Timestamp("2026-06-23"), thursday],
        "suspended": [False, False, False, True, False], "limit_state": ["none", "none", "sealed_up", "no_limit", "no_limit"],
    })  # fmt: skip
    found = baskets.same_session(table)
    # the US member ends on Thursday like its market; the suspended one has not moved since
    assert baskets.equal_weight(found)["1d"] == pytest.approx((0.01 + 0.03 - 0.02) / 3)
    assert baskets.equal_weight(found)["1w"] == pytest.approx((0.1 + 0.1 + 0.2 + 0.1) / 4)
    assert baskets.breadth(found)["limit_up"] == 0
    assert table["1d"][2] == 0.5
    everyone_late = baskets.same_session(table.assign(session=thursday))
    assert baskets.equal_weight(everyone_late)["1d"] == pytest.approx((0.01 + 0.03 + 0.5 - 0.02) / 4)


def test_excess_needs_the_same_market_and_the_same_session() -> None:
    table = members(**{
        "1d": [0.03, 0.05, 0.9], "group": ["CN", "CN", "US"],
        "session": pd.to_datetime(["2026-07-03", "2026-07-02", "2026-07-03"]),
    })  # fmt: skip
    bench = members(**{"1d": [0.01, 0.02, 0.04], "group": ["CN", "CN", "HK"],
                       "session": pd.to_datetime(["2026-07-03", "2026-07-02", "2026-07-03"])}).set_axis(["b", "old", "hk"])  # fmt: skip
    found = baskets.excess(table, bench)
    assert [found[b]["1d"] for b in ("b", "old", "hk")] == pytest.approx([0.02, 0.03, nan], nan_ok=True)
    assert isnan(found["b"]["1w"])
    assert baskets.excess(table, bench.iloc[:0]) == {}


# --- ranks -------------------------------------------------------------------------------------------------------


def test_ranks_with_ties_and_a_missing_sector() -> None:
    table = members(**{"1w": [0.03, 0.01, 0.03, -0.02], "ytd": [0.1, nan, 0.2, 0.3]}).set_axis(list("abcd"))
    found = baskets.ranked(table[[*WINDOWS]], 4)
    assert found["1w"].tolist() == [1, 3, 1, 4]
    assert found["ytd"].isna().all()
    assert baskets.ranked(table[[*WINDOWS]], 3)["ytd"].tolist() == pytest.approx([3, nan, 2, 1], nan_ok=True)
    assert baskets.ranked(table[[*WINDOWS]], 31).isna().all(axis=None)


def test_would_rank() -> None:
    week = pd.Series([0.03, 0.01, 0.03, -0.02])
    assert [baskets.would_rank(v, week, 4) for v in (0.04, 0.03, 0.02, -0.02, -0.03)] == [1, 1, 3, 4, 5]
    assert baskets.would_rank(nan, week, 4) is None
    assert baskets.would_rank(0.1, week.where(week > 0), 4) is None


# --- the members of each day -------------------------------------------------------------------------------------


def test_no_day_counts_both_who_left_and_who_came() -> None:
    """a leaves with the 2nd, b comes with the 3rd: a's +10 % and −50 % of its days, b's +20 % of the 3rd. By hand:
    1 × 1.1 (a on the 2nd) × 1.2 (b on the 3rd) × 1.5 (b on the 4th); a's fall on the 3rd and b's on the 2nd count nothing.
    """
    days = pd.to_datetime(["2026-06-01", "2026-06-02", "2026-06-03", "2026-06-04"])
    grid = pd.DataFrame({"a": [10, 11, 5, 5.0], "b": [40, 10, 12, 18.0]}, index=days)
    members = {"a": (date(2026, 1, 1), date(2026, 6, 2)), "b": (date(2026, 6, 3), None)}
    line, held = dated_series(grid, members, date(2026, 6, 1))
    assert line.tolist() == pytest.approx([1, 1.1, 1.1 * 1.2, 1.1 * 1.2 * 1.5]) and held == 1


def test_a_newcomer_is_weighted_equally_from_the_close_before() -> None:
    """1.2 of the first stretch is halved between a and b: 1.2 × (1.5 + 1.0) / 2 = 1.5; then held: (2.0 + 1.0) / 2."""
    days = pd.to_datetime(["2026-06-01", "2026-06-02", "2026-06-03", "2026-06-04"])
    grid = pd.DataFrame({"a": [10, 12, 18, 24.0], "b": [1, 7, 7, 7.0]}, index=days)
    members = {"a": (date(2026, 1, 1), None), "b": (date(2026, 6, 3), None)}
    line, held = dated_series(grid, members, date(2026, 6, 1))
    assert line.tolist() == pytest.approx([1, 1.2, 1.2 * 1.25, 1.2 * 1.5]) and held == 2


def test_with_one_membership_all_along_both_lines_are_the_same() -> None:
    days = pd.bdate_range("2026-06-01", periods=30)
    grid = pd.DataFrame({t: (np.arange(30) * k % 7 + 10.0) for k, t in ((3, "a"), (5, "b"), (2, "c"))}, index=days)
    start = date(2026, 6, 1)
    fixed, _ = basket_series(grid, ["a", "b", "c"], start)
    dated, _ = dated_series(grid, {t: (date(2020, 1, 1), None) for t in "abc"}, start)
    assert dated.tolist() == pytest.approx(fixed.tolist())


def test_a_line_begins_with_the_first_member_and_stops_where_nobody_is_left() -> None:
    days = pd.to_datetime(["2026-06-01", "2026-06-02", "2026-06-03", "2026-06-04"])
    grid = pd.DataFrame({"a": [10, 20, 30, 60.0]}, index=days)
    line, _ = dated_series(grid, {"a": (date(2026, 6, 3), date(2026, 6, 3))}, date(2026, 6, 1))
    assert line.to_dict() == {days[1]: 1.0, days[2]: 1.5}
    assert dated_series(grid, {"a": (date(2027, 1, 1), None)}, date(2026, 6, 1))[0].empty
    assert dated_series(grid, {}, date(2026, 6, 1))[0].empty
