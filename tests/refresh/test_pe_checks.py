"""What may enter the store of a multiple: made-up series with one thing wrong each, and what must be left of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from basketwatch.domain import columns
from basketwatch.domain.calendars import Calendar, Session
from basketwatch.errors import SuspectAnswer
from basketwatch.refresh.checks.valuations import Known, check, whole_days
from basketwatch.words.catalogue import CATALOGUE

LAST = date(2026, 7, 3)
NONE = pd.DataFrame(columns=["session", "pe", "losing", "price", "market_cap", "eps", "fetched_at"])
NO_CLOSES = pd.Series(dtype="float64", index=pd.DatetimeIndex([], dtype="datetime64[s]"))
HOLIDAY = date(2026, 6, 19)


def calendar() -> Calendar:
    days = [d.date() for d in pd.bdate_range("2026-01-05", "2026-07-31") if d.date() != HOLIDAY]
    noon = datetime(2026, 1, 5, 1, 30, tzinfo=UTC)
    return Calendar("CN", tuple(Session(d, noon, noon + timedelta(hours=5)) for d in days))


DAYS = [s.day for s in calendar().sessions if s.day <= LAST]


def series(
    pe: float = 34.48, days: list[date] | None = None, *, ticker: str = "801770.SI", price: float = 100.0
) -> pd.DataFrame:
    found = pd.DataFrame({"session": pd.to_datetime(days or DAYS).astype("datetime64[s]"), "pe": pe})
    found = found.assign(ticker=ticker, source="shenwan", definition="shenwan_pe", losing=False, price=price)
    found = found.assign(fetched_at=datetime(2026, 7, 3, 9, tzinfo=UTC))
    found = found.reindex(columns=list(columns.VALUATIONS)).astype(columns.dtypes(columns.VALUATIONS))
    wave = np.sin(np.arange(len(found)) / 9)  # prices move by 1 % a day at most, and the multiple with them
    return found.assign(pe=found["pe"] * (1 + 0.1 * wave), price=found["price"] * (1 + 0.1 * wave))


def known(*, aggregate: bool = True, stored: pd.DataFrame = NONE, closes: pd.Series = NO_CLOSES,
          factors: pd.Series = NO_CLOSES, asked: date | None = None) -> Known:  # fmt: skip
    return Known(closes, factors, stored, calendar(), LAST, aggregate, asked)


def keys(faults: list) -> list[tuple[str, str]]:
    return [(f.key, f.severity) for f in faults]


def days_of(rows: pd.DataFrame) -> list[date]:
    return [s.date() for s in rows["session"]]


def test_a_good_series_stays_as_it_is() -> None:
    given = series()
    rows, faults = check(given.sample(frac=1, random_state=1), known())
    pd.testing.assert_frame_equal(rows, given)
    assert faults == []


def test_calendar_days_are_dropped_and_told_softly() -> None:
    every = [d.date() for d in pd.date_range("2026-06-15", "2026-07-03")]
    given = series(days=every).ffill()
    rows, faults = check(given, known(aggregate=False))
    assert days_of(rows) == [d for d in DAYS if d >= every[0]]
    assert keys(faults) == [("pe_days_off", "soft")]
    assert dict(faults[0].values)["rows"] == 5  # four days of weekends and the holiday


def test_before_the_calendar_weekends_are_dropped_all_the_same() -> None:
    friday, saturday = date(2019, 3, 1), date(2019, 3, 2)
    assert days_of(check(series(days=[friday, saturday]), known())[0]) == [friday]


def test_a_first_row_dated_at_the_start_of_the_request_is_a_copy() -> None:
    given = series()
    given.loc[0, ["pe", "price"]] = given.loc[1, ["pe", "price"]].to_numpy()
    rows, faults = check(given, known(asked=DAYS[0]))
    assert days_of(rows) == DAYS[1:] and keys(faults) == [("pe_copied", "hard")]
    assert days_of(check(given, known(asked=DAYS[0] - timedelta(days=1)))[0]) == DAYS
    off = series(days=[HOLIDAY, *DAYS[-3:]])
    assert days_of(check(off, known(asked=HOLIDAY))[0]) == DAYS[-3:]


@pytest.mark.parametrize("aggregate", [True, False])
@pytest.mark.parametrize("value", [9_999_999.0, -9_999_999.0, np.nan])
def test_absurd_values(value: float, aggregate: bool) -> None:
    given = series()
    given.loc[50, "pe"] = value
    rows, faults = check(given, known(aggregate=aggregate))
    assert DAYS[50] not in days_of(rows) and len(rows) == len(DAYS) - 1
    assert keys(faults) == [("pe_absurd", "hard")]


def test_a_loss_of_a_stock_is_no_fault() -> None:
    given = series().assign(ticker="300308.SZ")
    given.loc[50:60, ["pe", "losing"]] = [-80.0, True]
    given.loc[61:, "pe"] *= 10  # back from a loss with hardly any profit
    rows, faults = check(given, known(aggregate=False))
    assert len(rows) == len(DAYS) and faults == []


@pytest.mark.parametrize("aggregate", [True, False])
@pytest.mark.parametrize("bad", [[50], [50, 51, 52], list(range(110, len(DAYS)))])
def test_a_percent_where_a_ratio_belongs(bad: list[int], aggregate: bool) -> None:
    given = series(pe=134.48)
    given.loc[bad, "pe"] /= 100
    rows, faults = check(given, known(aggregate=aggregate))
    assert days_of(rows) == [d for i, d in enumerate(DAYS) if i not in bad]
    assert keys(faults) == [("pe_percent", "hard")]


def test_a_whole_answer_in_percent_is_held_against_the_last_stored_value() -> None:
    stored, given = series().iloc[:-3], series().iloc[-3:]
    rows, faults = check(given.assign(pe=given["pe"] / 100), known(aggregate=False, stored=stored))
    assert rows.empty and keys(faults) == [("pe_percent", "hard")]


def test_a_sector_in_percent_is_seen_even_without_anything_stored() -> None:
    rows, faults = check(series(pe=0.3448), known())
    assert rows.empty and keys(faults) == [("pe_percent", "hard")]


def test_a_loss_in_percent() -> None:
    given = series(pe=-134.48).assign(losing=True)
    given.loc[50:52, "pe"] /= 100
    rows, faults = check(given, known(aggregate=False))
    assert len(rows) == len(DAYS) - 3 and keys(faults) == [("pe_percent", "hard")]


def test_duplicates() -> None:
    given = series()
    assert len(check(pd.concat([given, given.tail(1)]), known())[0]) == len(DAYS)
    other = given.tail(1).assign(pe=36.0)
    rows, faults = check(pd.concat([given, other]), known())
    assert days_of(rows) == DAYS[:-1] and keys(faults) == [("pe_duplicate", "hard")]


def test_a_session_that_has_not_closed() -> None:
    given = series(days=[*DAYS, date(2026, 7, 6)])
    rows, faults = check(given, known())
    assert days_of(rows) == DAYS and keys(faults) == [("pe_future", "hard")]


@pytest.mark.parametrize("times", [2.0, 0.5])
def test_a_definition_that_changed_level_overnight(times: float) -> None:
    stored, given = series().iloc[:-3], series().iloc[-3:]
    rows, faults = check(given.assign(pe=given["pe"] * times), known(stored=stored))
    assert rows.empty and keys(faults) == [("pe_level", "hard")]
    whole = series()
    whole.loc[110:, "pe"] *= times  # the same inside a first answer: the longer stretch is kept
    rows, faults = check(whole, known())
    assert days_of(rows) == DAYS[:110] and keys(faults) == [("pe_level", "hard")]


def test_a_level_that_moved_with_the_price_is_none() -> None:
    given = series()
    given.loc[110:, ["pe", "price"]] *= 0.4
    assert len(check(given, known())[0]) == len(DAYS)


def test_years_later_another_level_is_no_overnight_change() -> None:
    given = series(pe=90.0, days=DAYS[-3:])
    assert len(check(given, known(stored=series(days=[date(2024, 3, 1)])))[0]) == 3
    rows, faults = check(given, known(stored=series(days=DAYS[:3])))  # half a year is not enough
    assert rows.empty and keys(faults) == [("pe_level", "hard")]


def test_earnings_of_a_stock_may_double_with_a_report_and_it_is_told() -> None:
    stored, given = series().iloc[:-3], series().iloc[-3:].assign(ticker="300308.SZ")
    rows, faults = check(given.assign(pe=given["pe"] / 2), known(aggregate=False, stored=stored))
    assert len(rows) == 3 and keys(faults) == [("pe_jump", "soft")]


@pytest.mark.parametrize("way", ["factor", "cap"])
@pytest.mark.parametrize("until", [115, None])
def test_a_bonus_issue_without_restated_eps(way: str, until: int | None) -> None:
    """10 for 4.5 more on day 110: the price falls to 1 / 1.45, and so does the PE of whoever forgets the EPS."""
    given = series().assign(ticker="688498.SH", market_cap=1e9)
    given["market_cap"] = given["price"] * 1e7
    given.loc[110:, "price"] /= 1.45  # the cap stays
    assert len(check(given, known(aggregate=False))[0]) == len(DAYS)
    given.loc[110 : until - 1 if until else None, "pe"] /= 1.45
    factors = NO_CLOSES
    if way == "factor":
        factors = pd.Series([1 / 1.45], index=pd.DatetimeIndex([DAYS[110]], dtype="datetime64[s]"))
        given["market_cap"] = np.nan
    rows, faults = check(given, known(aggregate=False, factors=factors))
    assert days_of(rows) == [d for i, d in enumerate(DAYS) if not 110 <= i < (until or 999)]
    assert keys(faults) == [("pe_split", "hard")]


def test_a_tenfold_step_without_an_ex_date_is_a_split_too() -> None:
    given = series().assign(ticker="NVDA.US", price=np.nan)
    given.loc[110:, "pe"] /= 10
    rows, faults = check(given, known(aggregate=False))
    assert days_of(rows) == DAYS[:110] and keys(faults) == [("pe_level", "hard")]


def test_another_stocks_prices_reject_the_answer() -> None:
    given = series()
    closes = pd.Series(given["price"].to_numpy(), index=pd.DatetimeIndex(given["session"]))
    assert len(check(given, known(closes=closes))[0]) == len(DAYS)
    with pytest.raises(SuspectAnswer, match=f"{len(DAYS)} of {len(DAYS)}"):
        check(given, known(closes=closes * 1.5))
    with pytest.raises(SuspectAnswer):
        check(given.tail(1), known(closes=closes * 1.0011))
    one = closes.copy()
    one.iloc[50] *= 1.02
    rows, faults = check(given, known(closes=one))
    assert DAYS[50] not in days_of(rows) and keys(faults) == [("pe_price", "hard")]


def test_a_source_that_says_something_else_than_before() -> None:
    stored = series()
    again = series().tail(8)
    assert len(check(again, known(stored=stored))[0]) == 8
    with pytest.raises(SuspectAnswer, match="8 of 8"):
        check(again.assign(pe=again["pe"] * 1.3), known(stored=stored))


def test_a_day_with_fewer_than_31_sectors() -> None:
    days = pd.to_datetime(["2021-12-10", "2026-07-02", "2026-07-03"])
    rows = series(days=[d.date() for d in days])
    left, faults = whole_days(rows, pd.Series([28, 31, 14], index=days))
    assert days_of(left) == [days[0].date(), days[1].date()]
    assert [(f.key, f.session, f.detail) for f in faults] == [("pe_sectors_missing", LAST, "2026-07-03: 14/31")]
    _, faults = whole_days(rows.iloc[:0], pd.Series(dtype="int64"), ("2026: 50/3782",))
    assert [(f.key, f.detail) for f in faults] == [("pe_report_cut", "2026: 50/3782")]


def test_every_fault_has_its_sentence() -> None:
    for key in ("pe_days_off", "pe_copied", "pe_duplicate", "pe_future", "pe_absurd", "pe_price", "pe_percent", "pe_split",
                "pe_level", "pe_jump", "pe_report_cut", "pe_sectors_missing"):  # fmt: skip
        zh, en = CATALOGUE[key]
        assert "{detail}" in zh and "{detail}" in en, key
