"""Returns on odd days: rows that are lost, factors that contradict the prices, markets whose windows differ."""

from __future__ import annotations

from datetime import date
from math import isnan

import pytest

from basketwatch.domain.model import Listed, Names
from basketwatch.words.text import sentence
from tests.domain.test_calendars import at
from tests.small import (  # noqa: F401 - fixtures
    FRIDAY,
    THURSDAY,
    ZTE,
    Look,
    bars,
    closes,
    empty_store,
    looked_at,
    quote,
    row,
    universe,
)

JUNE_AND_JULY = [date(2026, 6, day) for day in (22, 23, 24, 25, 26, 29, 30)] + [date(2026, 7, 1), THURSDAY]

# --- rows that are lost ------------------------------------------------------------------------------------------


LOST = {"2026-06-26": 1699.24, "2026-06-29": 1664.63, "2026-06-30": 1700.05, "2026-07-02": 1671.82}  # without 07-01


def test_a_lost_row_shifts_no_base(look: Look) -> None:
    """The day of COHR is 1671.82 / 1722.57 − 1 = −2.95 %, of which 1722.57 is not known: not −1.66 % of two sessions."""
    alone = look(universe("COHR.US"), histories=[closes("COHR.US", LOST)]).table.loc["COHR.US"]
    assert isnan(alone["1d"]) and alone["1w"] == pytest.approx(1671.82 / 1699.24 - 1)
    # a chart in the place of a quote lacks the same row: its previous close is two sessions old
    chart = quote("COHR.US", 1671.82, 1700.05, THURSDAY)
    before = {day: close for day, close in LOST.items() if day != "2026-07-02"}
    assert isnan(row(look, chart, histories=[closes("COHR.US", before)])["1d"])
    # a real quote knows the close that the store lacks
    real = quote("COHR.US", 1671.82, 1722.57, THURSDAY)
    assert row(look, real, histories=[closes("COHR.US", before)])["1d"] == pytest.approx(-0.02946, abs=1e-5)


@pytest.mark.parametrize("ticker", [ZTE, "01686.HK", "000300.SH", "COHR.US"])
def test_the_base_of_a_week_is_its_session(look: Look, ticker: str) -> None:
    """Friday 06-26 is lost between Thursday and Monday: the week has no base."""
    history = closes(ticker, {"2026-06-25": 8.0, "2026-06-29": 9.0, "2026-06-30": 9.0, "2026-07-02": 10.0})
    assert isnan(look(universe(ticker), histories=[history]).table["1w"][ticker])


def test_a_suspension_over_the_base_leaves_the_close_before_it(look: Look) -> None:
    """Suspended from 06-24 to 06-29 (four sessions): the week is measured from 06-23's close."""
    history = closes(
        ZTE, {"2026-06-23": 8.0, "2026-06-30": 9.0, "2026-07-01": 9.0, "2026-07-02": 9.5, "2026-07-03": 10.0}
    )
    assert look(universe(ZTE), histories=[history]).table["1w"][ZTE] == pytest.approx(0.25)


# --- factors that contradict the prices --------------------------------------------------------------------------

DELTA = {
    "2025-12-31": 1820, "2026-05-21": 2500, "2026-05-22": 2532, "2026-05-25": 2524, "2026-06-05": 2520, "2026-06-26": 2400,
    "2026-06-30": 2390, "2026-07-02": 2380, "2026-07-03": 2374, "2026-07-06": 2408,
}  # fmt: skip


def test_a_dividend_in_another_unit_is_not_believed(look: Look) -> None:
    """The close moves −0.3 % over the ex-date, so a factor of 0.78 cannot be: no +69.6 % since the year's start.

    True is 2408 / (1820 × 0.993) − 1 = +33.2 % with a dividend of 0.7 %, which no source has said.
    """
    now = at("2026-07-06 16:00", "CN")
    wrong = look(universe("2308.TW"), histories=[closes("2308.TW", DELTA)], factors=[("2308.TW", date(2026, 5, 25), 0.78)],
                 now=now)  # fmt: skip
    assert isnan(wrong.table["ytd"]["2308.TW"]) and wrong.table["1w"]["2308.TW"] == pytest.approx(2408 / 2374 - 1)
    said = next(p for p in wrong.problems if p.key == "factor_contradicts")
    assert (said.where, dict(said.params)) == ("2308.TW", {"day": "2026-05-25", "move": "-0.3%", "factor": "0.78"})
    right = look(universe("2308.TW"), histories=[closes("2308.TW", DELTA)], factors=[("2308.TW", date(2026, 5, 25), 0.993)],
                 now=now)  # fmt: skip
    assert right.table["ytd"]["2308.TW"] == pytest.approx(2408 / (1820 * 0.993) - 1)
    assert not [p for p in right.problems if p.key == "factor_contradicts"]


@pytest.mark.parametrize(
    ("ticker", "after", "factor", "known"),
    [
        ("COHR.US", 50.0, 0.5, True), ("COHR.US", 50.0, None, False),  # two for one, with and without its factor
        ("COHR.US", 100.0, 0.5, False), ("COHR.US", 60.0, None, True),  # a split that was none; a fall of 40 %
        ("515880.SH", 34.3, 1 / 3, True), ("515880.SH", 34.3, None, False),  # the fund's split of 2026-02-03, raw −65.7 %
        (ZTE, 100.0, 0.98, True), (ZTE, 97.0, 0.97, True), (ZTE, 99.0, 0.7, False),
        ("01686.HK", 90.0, 0.9, True), ("01686.HK", 100.0, 0.85, False), ("01686.HK", 1000.0, None, False),  # ten into one
    ],
)  # fmt: skip
def test_a_factor_must_fit_the_move_and_a_split_must_have_its_factor(
    look: Look, ticker: str, after: float, factor: float | None, known: bool
) -> None:
    history = closes(ticker, {"2026-06-26": 100, "2026-06-29": 100, "2026-06-30": after, "2026-07-02": after})
    factors = [(ticker, date(2026, 6, 30), factor)] if factor else []
    snapshot = look(universe(ticker), histories=[history], factors=factors)
    assert isnan(snapshot.table["1w"][ticker]) != known
    assert bool([p for p in snapshot.problems if p.key in ("factor_contradicts", "split_without_factor")]) != known


# --- markets whose windows differ -------------------------------------------------------------------------------------


def test_the_home_market_leads_and_the_others_stand_beside_it(look: Look) -> None:
    """+10 % on 110 yuan (100 before) and −50 % on 10 (20 before) at home: −20 % of equal weight, 0 of cap weight."""
    quotes = [
        quote(ZTE, 11, 10, market_cap=110.0), quote("000001.SZ", 5, 10, market_cap=10.0),
        quote("COHR.US", 5, 10, THURSDAY, market_cap=1e9), quote("USDCNY.FX", 7.0, 7.0), quote("000300.SH", 101, 100),
        quote("^SOX.US", 110, 100, THURSDAY),
    ]  # fmt: skip
    rate, indices = (Listed("USDCNY.FX", Names("", "")),), ["000300.SH", "^SOX.US"]
    view = look(universe(ZTE, "000001.SZ", "COHR.US", also=rate, benchmarks=indices), quotes).baskets[0]
    assert (view.home, view.covered, view.coverage["1d"]) == ("CN", 3, 2)
    assert (view.returns["1d"], view.returns_cap["1d"]) == pytest.approx((-0.2, 0.0))
    assert (view.breadth["up"], view.breadth["down"]) == (1, 1)
    assert view.excess["000300.SH"]["1d"] == pytest.approx(-0.21)
    assert isnan(view.excess["^SOX.US"]["1d"])  # another market's day
    us = view.by_group["US"]
    assert (us["members"], us["covered"], us["session"], us["returns"]["1d"]) == (1, 1, THURSDAY, pytest.approx(-0.5))
    assert us["breadth"]["down"] == 1


def test_the_year_of_one_market_is_not_averaged_with_the_last_year_of_another(look: Look) -> None:
    """Saturday 2026-01-03: Shanghai closed the year on 12-31, New York has traded on 01-02.

    +50 % is the whole of 2025 (100 → 150), −1 % one session of 2026 (100 → 99): no mean of the two.
    """
    histories = [
        closes(ZTE, {"2024-12-31": 100, "2025-11-28": 145, "2025-12-26": 148, "2025-12-30": 149, "2025-12-31": 150}),
        closes("COHR.US", {"2024-12-31": 80, "2025-11-28": 99, "2025-12-26": 101, "2025-12-30": 100.5, "2025-12-31": 100,
                           "2026-01-02": 99}),
    ]  # fmt: skip
    view = look(universe(ZTE, "COHR.US"), histories=histories, now=at("2026-01-03 10:00", "CN")).baskets[0]
    assert view.returns["ytd"] == pytest.approx(0.5) and view.by_group["US"]["returns"]["ytd"] == pytest.approx(-0.01)
    assert isnan(view.returns_all["ytd"]) and isnan(view.returns_all["mtd"]) and isnan(view.returns_all["1d"])
    assert view.not_comparable["ytd"] == {
        "CN": (date(2024, 12, 31), date(2025, 12, 31)), "US": (date(2025, 12, 31), date(2026, 1, 2)),
    }  # fmt: skip
    # the week from 12-26 on is one for both: 150/148 − 1 and 99/101 − 1
    assert view.returns_all["1w"] == pytest.approx((150 / 148 - 1 + 99 / 101 - 1) / 2)


def test_a_week_that_has_begun_is_not_averaged_with_the_last_one(look: Look) -> None:
    """Monday 2026-07-06, 16:00 in Shanghai: +1 % of one session there, −10 % of last week in New York."""
    histories = [
        closes(ZTE, {"2026-06-26": 103, "2026-07-01": 99.5, "2026-07-02": 99, "2026-07-03": 100, "2026-07-06": 101}),
        closes("COHR.US", {"2026-06-26": 100, "2026-06-30": 96, "2026-07-01": 92, "2026-07-02": 90}),
    ]
    view = look(universe(ZTE, "COHR.US"), histories=histories, now=at("2026-07-06 16:00", "CN")).baskets[0]
    assert view.returns["1w"] == pytest.approx(0.01)
    assert isnan(view.returns_all["1w"]) and "1w" in view.not_comparable


def test_golden_week_is_no_week_for_both(look: Look) -> None:
    """Monday 2025-10-06: Shanghai's week is that of 09-30, New York's began on 10-03's close, and its month on 09-30's."""
    histories = [
        closes(ZTE, {"2024-12-31": 80, "2025-08-29": 90, "2025-09-26": 100, "2025-09-30": 110}),
        closes("COHR.US", {"2024-12-31": 80, "2025-08-29": 90, "2025-09-26": 100, "2025-09-30": 100, "2025-10-03": 80,
                           "2025-10-06": 88}),
    ]  # fmt: skip
    view = look(universe(ZTE, "COHR.US"), histories=histories, now=at("2025-10-07 09:00", "CN")).baskets[0]
    assert (view.returns["1w"], view.returns["mtd"]) == pytest.approx((0.1, 110 / 90 - 1))
    assert {w: isnan(view.returns_all[w]) for w in ("1d", "1w", "mtd", "ytd")} == {
        "1d": True, "1w": True, "mtd": True, "ytd": False,
    }  # fmt: skip
    assert view.returns_all["ytd"] == pytest.approx((110 / 80 - 1 + 88 / 80 - 1) / 2)  # both from 2024-12-31 until now


def test_markets_that_have_both_closed_are_averaged(look: Look) -> None:
    """Saturday 2026-06-27: both markets' Friday is over, the day and the week are the same for both."""
    histories = [
        closes(ZTE, {"2026-06-18": 100, "2026-06-25": 100, "2026-06-26": 110}),
        closes("COHR.US", {"2026-06-18": 100, "2026-06-25": 100, "2026-06-26": 90}),
    ]
    view = look(universe(ZTE, "COHR.US"), histories=histories, now=at("2026-06-27 10:00", "CN")).baskets[0]
    assert view.returns_all["1d"] == pytest.approx(0.0, abs=1e-12) and view.coverage_all["1d"] == 2
    assert "1d" not in view.not_comparable


def test_an_ex_day_without_its_dividend_names_the_reason(look: Look) -> None:
    """tushare's bug report 1805: close before 9.94, reference price 9.89, close 9.88. 9.88 / 9.89 − 1 = −0.1011 %.

    Over a week the dividend lacks: −0.6 % of raw closes would be a loss that nobody made.
    """
    ticker = "000066.SZ"
    steady = bars(ticker, dict.fromkeys(JUNE_AND_JULY, 9.94))
    today = quote(ticker, 9.88, 9.89, open=9.89, high=9.95, low=9.78)
    found = look(universe(ticker), [today], histories=[steady])
    assert found.table.loc[ticker, "1d"] == pytest.approx(-0.001011, abs=5e-7)
    assert found.table.loc[ticker, ["1w", "mtd"]].isna().all()
    [said] = [p for p in found.problems if p.where == ticker and p.key == "ex_without_factor"]
    assert "9.89" in sentence(said, "zh") and "2026-07-03" in sentence(said, "en")
    known = look(universe(ticker), [today], histories=[steady], factors=[(ticker, FRIDAY, 9.89 / 9.94)])
    assert known.table.loc[ticker, "1w"] == pytest.approx(-0.001011, abs=5e-7)
    assert not [p for p in known.problems if p.where == ticker]


def test_a_previous_close_that_is_the_close_before_is_no_ex_day(look: Look) -> None:
    """To the cent, and where a source gives the raw close on an ex-date whose factor is known."""
    ticker = "000066.SZ"
    steady = bars(ticker, dict.fromkeys(JUNE_AND_JULY, 9.94))
    for previous, factors in ((9.94, ()), (9.945, ()), (9.94, [(ticker, FRIDAY, 9.89 / 9.94)])):
        found = look(universe(ticker), [quote(ticker, 9.88, previous)], histories=[steady], factors=factors)
        assert found.table.loc[ticker, ["1w"]].notna().all(), previous
