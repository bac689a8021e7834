"""PE from announced EPS, on made-up quarters: every expected number is worked out in the test by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from basketwatch.refresh.valuations.announced import point_in_time

QUARTERS = {"2025-02-20": 1.0, "2025-05-20": 1.1, "2025-08-20": 1.2, "2025-11-20": 1.3, "2026-02-20": 1.4}


def reports(values: dict[str, float], hour: str = "16:00") -> pd.DataFrame:
    at = [pd.Timestamp(f"{day} {hour}", tz="America/New_York").tz_convert("UTC") for day in values]
    return pd.DataFrame({"at": pd.DatetimeIndex(at).as_unit("s"), "eps": list(values.values())})


def closes(first: str, last: str, price: float = 96.0) -> pd.DataFrame:
    days = pd.bdate_range(first, last)
    opens = [pd.Timestamp(f"{d.date()} 09:30", tz="America/New_York").tz_convert("UTC") for d in days]
    return pd.DataFrame({
        "session": days.astype("datetime64[s]"), "opens": pd.DatetimeIndex(opens).as_unit("s"), "close": price,
    })  # fmt: skip


def by_day(found: pd.DataFrame) -> dict[str, float]:
    return dict(zip(found["session"].dt.strftime("%Y-%m-%d"), found["pe"], strict=True))


def test_four_quarters_make_a_year() -> None:
    found = point_in_time(closes("2025-11-18", "2025-11-24"), reports(QUARTERS), {})
    # 1.0 + 1.1 + 1.2 + 1.3 = 4.6, known after the close of the 20th; before it there are three quarters only
    assert list(by_day(found)) == ["2025-11-21", "2025-11-24"]
    assert found["pe"].tolist() == pytest.approx([96 / 4.6] * 2)
    assert found["eps"].tolist() == pytest.approx([4.6] * 2) and not found["losing"].any()


def test_after_the_close_counts_the_next_day_before_the_open_the_same() -> None:
    days = closes("2026-02-19", "2026-02-23")
    after = by_day(point_in_time(days, reports(QUARTERS), {}))
    before = by_day(point_in_time(days, reports(QUARTERS, "07:00"), {}))
    # the year is 4.6 before and 1.1 + 1.2 + 1.3 + 1.4 = 5.0 afterwards; 2026-02-20 is a Friday
    assert after == pytest.approx({"2026-02-19": 96 / 4.6, "2026-02-20": 96 / 4.6, "2026-02-23": 19.2})
    assert before == pytest.approx({"2026-02-19": 96 / 4.6, "2026-02-20": 19.2, "2026-02-23": 19.2})


def test_a_past_value_does_not_know_the_future() -> None:
    days = closes("2025-11-21", "2026-06-30")
    whole = point_in_time(days, reports(QUARTERS), {})
    then = point_in_time(days[days["session"] <= "2026-02-20"], reports(dict(list(QUARTERS.items())[:4])), {})
    pd.testing.assert_frame_equal(whole.head(len(then)), then)


def test_a_quarter_listed_twice_counts_once() -> None:
    twice = QUARTERS | {"2025-11-28": 1.3, "2026-03-05": 1.4}
    found = point_in_time(closes("2026-03-10", "2026-03-10"), reports(twice), {})
    assert found["eps"].tolist() == pytest.approx([5.0])


def test_a_missed_quarter_and_an_old_one_have_no_value() -> None:
    gap = {d: e for d, e in QUARTERS.items() if d != "2025-08-20"} | {"2024-11-20": 0.9}
    # 2025-02, 2025-05, 2025-11, 2026-02 span 365 days, more than 345
    assert point_in_time(closes("2026-02-24", "2026-02-24"), reports(gap), {}).empty
    last = by_day(point_in_time(closes("2026-06-29", "2026-07-10"), reports(QUARTERS), {}))
    # 135 days after 2026-02-20 16:00 New York are over on 2026-07-05, a Sunday
    assert max(last) == "2026-07-03"


def test_a_loss_is_losing_and_has_no_pe() -> None:
    found = point_in_time(closes("2026-02-23", "2026-02-23"), reports(QUARTERS | {"2026-02-20": -4.0}), {})
    assert found["losing"].tolist() == [True] and np.isnan(found["pe"][0])
    assert found["eps"].tolist() == pytest.approx([1.1 + 1.2 + 1.3 - 4.0])


def test_a_report_still_to_come_is_none() -> None:
    found = point_in_time(closes("2026-02-23", "2026-02-23"), reports(QUARTERS | {"2026-05-20": np.nan}), {})
    assert found["pe"].tolist() == pytest.approx([19.2])


def test_eps_from_before_a_split_are_divided_once() -> None:
    day = {date(2025, 12, 1): 10.0}
    old = {d: e * 10 for d, e in QUARTERS.items() if d < "2025-12"} | {"2026-02-20": 1.4, "2026-05-20": 1.5}
    restated = QUARTERS | {"2026-05-20": 1.5}
    days = closes("2025-11-24", "2026-06-30")
    # rows on the old basis: medians 12.5 before, 1.45 after: a ratio of 8.6, nearer to 10 than to 1
    one, other = (point_in_time(days, reports(r), day) for r in (old, restated))
    pd.testing.assert_frame_equal(one, other)
    assert one["pe"].iloc[0] == pytest.approx(96 / 4.6)


def test_a_split_after_the_last_report_needs_an_arbiter() -> None:
    day = {date(2026, 3, 2): 4.0}
    days = closes("2026-03-03", "2026-03-03", 24.0)
    old = {d: e * 4 for d, e in QUARTERS.items()}
    assert point_in_time(days, reports(old), day).empty
    # told that a year earns 5.1 in today's shares, 1.275 a quarter against a median of 5.4 before: a ratio of 4.2
    found = point_in_time(days, reports(old), day, ttm=5.1)
    assert found["pe"].tolist() == pytest.approx([24 / 5.0])
    assert point_in_time(days, reports(QUARTERS), day, ttm=5.1)["pe"].tolist() == pytest.approx([24 / 5.0])
