"""Bands, rolling percentiles, price lines and basket PE, against hand calculations and a slow computation of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import isnan, nan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketwatch.analysis.valuation.bands import (
    FIXED,
    LEAST,
    QUANTILES,
    WINDOWS,
    bands,
    bands_of,
    channel,
    counted,
    earnings,
    rolling_percentile,
    span,
)
from basketwatch.analysis.valuation.baskets import basket_history, basket_pe, thin

AS_OF = date(2026, 7, 3)
EVERY = (*WINDOWS, FIXED)


def days_to(last: date, count: int, step: int = 1) -> np.ndarray:
    """``count`` weekdays up to ``last``; with a larger step every so many of them."""
    return np.busday_offset(np.datetime64(last), np.arange(-step * (count - 1), 1, step), roll="backward")


def history(
    pe: Sequence[float], last: date = AS_OF, *, losing: Sequence[bool] | None = None, step: int = 1, **columns: object
) -> pd.DataFrame:
    """A series as the store gives it."""
    frame = pd.DataFrame(
        {"session": days_to(last, len(pe), step).astype("datetime64[s]"), "pe": np.array(pe, dtype="float64")}
    )
    given_columns = {"price": nan, "market_cap": nan, "eps": nan} | columns
    return frame.assign(losing=[False] * len(pe) if losing is None else losing, **given_columns)


# --- the slow computation ------------------------------------------------------------------------------------------


def plainly(rows: pd.DataFrame, as_of: date, window: str) -> dict[str, float]:
    """Band of one window by pandas' own functions on one series, the percentile by counting in whole numbers."""
    values = rows.set_index("session")["pe"].where(~rows.set_index("session")["losing"])
    today = values.iloc[-1] if len(values) else nan
    values = values[values > 0]
    if window == FIXED:
        inside = values[(values.index.year >= 2023) & (values.index.year <= 2025)]
    elif window == "all":
        inside = values
    elif window == "1y":
        inside = values[values.index.isin(rows["session"].iloc[-250:])]
        inside = inside[inside.index > pd.Timestamp(as_of) - pd.Timedelta(days=400)]
    else:
        inside = values[values.index > pd.Timestamp(as_of) - pd.DateOffset(years=int(window[:-1]))]
    n = len(inside)
    if n < LEAST:
        return {"n": n} | dict.fromkeys((*QUANTILES, "mean", "std", "minimum", "maximum", "percentile", "z"), nan)
    below, equal = sum(v < today for v in inside), sum(v == today for v in inside)
    known = today > 0
    std = inside.std()
    return {
        "n": n, "mean": inside.mean(), "std": std, "minimum": inside.min(), "maximum": inside.max(),
        **{name: inside.quantile(q, interpolation="linear") for name, q in QUANTILES.items()},
        "percentile": float((below + Fraction(equal, 2)) / n) if known else nan,
        "z": (today - inside.mean()) / std if known and inside.min() < inside.max() else nan,
    }  # fmt: skip


def differ(found: object, plain: dict[str, float]) -> list[str]:
    """Names of the numbers that lie further than 1e-9 (relative) from the slow ones."""
    return [
        name
        for name, value in plain.items()
        if getattr(found, name) != pytest.approx(value, rel=1e-9, abs=1e-9, nan_ok=True)
    ]


@st.composite
def series(draw: st.DrawFn) -> pd.DataFrame:
    """Up to 900 sessions with ties, gaps, missing values and losses, marked or by their sign."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, levels = draw(st.integers(0, 900)), draw(st.sampled_from([1, 2, 7, 60, 10_000]))
    pe = 12 + rng.integers(0, levels, n) * draw(st.sampled_from([0.01, 0.5, 3.7]))
    pe[rng.random(n) < draw(st.sampled_from([0.0, 0.1, 0.6]))] = nan
    pe[rng.random(n) < draw(st.sampled_from([0.0, 0.2]))] *= -1
    losing = (pe <= 0) | (rng.random(n) < draw(st.sampled_from([0.0, 0.05])))
    rows = history(pe, losing=losing, step=draw(st.sampled_from([1, 1, 2, 5])))
    return rows.loc[rng.random(n) < draw(st.sampled_from([1.0, 0.9]))].reset_index(drop=True)


@given(series(), st.sampled_from([AS_OF, date(2026, 2, 28), date(2024, 2, 29)]))
@settings(max_examples=60)
def test_bands_are_those_of_the_slow_computation(rows: pd.DataFrame, last: date) -> None:
    """The windows end with the newest session, on odd days of the calendar too."""
    rows = rows.loc[rows["session"] <= pd.Timestamp(last)]
    found = bands(rows)
    newest = rows["session"].iloc[-1].date() if len(rows) else last
    assert {w: said for w in EVERY if (said := differ(found[w], plainly(rows, newest, w)))} == {}


@given(st.lists(series(), max_size=4))
@settings(max_examples=25)
def test_the_bands_of_many_are_the_bands_of_each(many: list[pd.DataFrame]) -> None:
    found = bands_of(dict(enumerate(many)))
    assert {i: str(of) for i, of in found.items()} == {i: str(bands(rows)) for i, rows in enumerate(many)}  # nan is nan


def test_thousands_are_taken_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.exp(np.random.default_rng(3).normal(3, 0.3, (11, 400)))
    many = {i: history(row) for i, row in enumerate(values)}
    whole = bands_of(many)
    monkeypatch.setattr("basketwatch.analysis.valuation.bands._CHUNK", 4)
    assert bands_of(many) == whole


# --- windows and counts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("window", "as_of", "before", "last"), [
    ("3y", AS_OF, date(2023, 7, 3), AS_OF),
    ("4y", date(2024, 2, 29), date(2020, 2, 29), date(2024, 2, 29)),
    ("3y", date(2024, 2, 29), date(2021, 2, 28), date(2024, 2, 29)),
    ("2023-2025", AS_OF, date(2022, 12, 31), date(2025, 12, 31)),
    ("2023-2025", date(2024, 5, 6), date(2022, 12, 31), date(2024, 5, 6)),
    ("all", AS_OF, date.min, AS_OF),
])  # fmt: skip
def test_a_window_is_open_on_the_left(window: str, as_of: date, before: date, last: date) -> None:
    assert span(window, days_to(AS_OF, 400), as_of) == (before, last)


def test_a_year_is_250_sessions_and_of_a_series_with_gaps_400_days() -> None:
    days = days_to(AS_OF, 400)
    before, last = span("1y", days, AS_OF)
    assert last == AS_OF and np.count_nonzero(days > np.datetime64(before)) == 250
    assert span("1y", days[-200:], AS_OF)[0] == span("1y", days[::5], AS_OF)[0] == AS_OF - timedelta(days=400)


def test_an_unknown_window_is_refused() -> None:
    with pytest.raises(ValueError, match="lately"):
        span("lately", days_to(AS_OF, 3), AS_OF)


def test_the_session_a_whole_period_ago_is_outside() -> None:
    """2023-07-03 was a Monday and 2026-07-03 a Friday: the first value of the three years is that of the 4th."""
    band = bands(history(np.linspace(10, 20, 1500)))["3y"]
    assert (band.first, band.last) == (date(2023, 7, 4), AS_OF)
    assert band.n == int(np.busday_count("2023-07-04", "2026-07-04"))


def test_the_published_row_of_chinext() -> None:
    """ChiNext on 2026-07-03, three years: 727 values from 23.51 to 55.16, 715 below the 51.20 of the day.

    Published for it (legulegu and jiucaishuo series): share not above 98.5 %, min-max position 87.5 %. The mid-rank
    percentile is another number: (715 + 1/2) / 727.
    """
    below, above = np.linspace(23.51, 51.19, 715), np.linspace(51.21, 55.16, 11)
    days = pd.bdate_range(end=AS_OF, periods=727)
    rows = pd.DataFrame({"session": days, "pe": [*above, *below, 51.20], "losing": False})
    band = bands(rows)["all"]
    assert band.n == 727
    assert band.percentile == pytest.approx(715.5 / 727, rel=1e-15)
    assert round(100 * 716 / 727, 1) == 98.5 != round(100 * band.percentile, 1)
    assert round(100 * (51.20 - band.minimum) / (band.maximum - band.minimum), 1) == 87.5


def test_a_band_by_hand() -> None:
    """1, 2, … 301, today the last: mean 151, variance n(n + 1)/12 = 7575.1667, q10 = 1 + 300/10 = 31."""
    band = bands(history(range(1, 302)))["all"]
    assert (band.n, band.mean, band.q10, band.q50, band.q90) == (301, 151, 31, 151, 271)
    assert band.std == pytest.approx(float((Decimal(301) * 302 / 12).sqrt()), rel=1e-15)
    assert band.percentile == pytest.approx(300.5 / 301, rel=1e-15)
    assert band.z == pytest.approx(150 / 87.0354, rel=1e-6)


def test_fewer_than_250_are_no_band() -> None:
    few, enough = bands(history([10.0] * 249 + [nan]))["all"], bands(history([10.0] * 250))["all"]
    assert (few.n, few.insufficient) == (249, True)
    assert all(isnan(getattr(few, name)) for name in ("mean", "std", "percentile", "z", "q50", "minimum", "maximum"))
    assert (enough.n, enough.insufficient, enough.mean) == (250, False, 10)


def test_equal_values_have_no_z_and_stand_in_the_middle() -> None:
    band = bands(history([12.3] * 300))["all"]
    assert (band.percentile, band.std) == (0.5, 0)
    assert isnan(band.z)


@pytest.mark.parametrize("today", [(-5.0, False), (nan, True), (33.0, True), (0.0, False)])
def test_a_loss_has_no_percentile_but_the_band_stays(today: tuple[float, bool]) -> None:
    pe, losing = today
    band = bands(history([*range(1, 301), pe], losing=[False] * 300 + [losing]))["all"]
    assert (band.n, band.mean, band.last) == (300, 150.5, AS_OF - timedelta(days=1))
    assert isnan(band.percentile)
    assert isnan(band.z)


def test_past_losses_are_no_values() -> None:
    rows = history([*[-3.0] * 100, *range(1, 301)])
    assert bands(rows)["all"] == bands(rows.iloc[100:])["all"]


def test_today_is_held_against_fixed_years_it_is_not_in() -> None:
    rows = history(np.concatenate([np.linspace(20, 30, 1400), [45.0]]))
    band = bands(rows)[FIXED]
    assert band.last is not None
    assert band.last <= date(2025, 12, 31)
    assert (band.percentile, band.maximum < 45) == (1, True)


def test_a_weekly_series_says_so() -> None:
    assert bands(history(range(1, 400), step=5))["all"].weekly
    daily = history(range(1, 400))
    assert not bands(daily.drop(index=range(50, 150)))["all"].weekly  # suspended for twenty weeks


def test_no_rows_at_all() -> None:
    band = bands(history([]))["5y"]
    assert (band.n, band.first, band.insufficient, band.weekly) == (0, None, True, False)
    assert bands_of({}) == {}
    assert not len(channel(history([]), "5y"))
    assert not len(thin(history([])))


# --- rolling -------------------------------------------------------------------------------------------------------


@given(series(), st.sampled_from([2, 3]))
@settings(max_examples=30)
def test_a_rolling_percentile_is_that_of_each_session_s_own_band(rows: pd.DataFrame, years: int) -> None:
    found = rolling_percentile(rows["session"].to_numpy(), counted(rows), years)
    assert len(found) == len(rows)
    for i in range(0, len(rows), 67):
        plain = plainly(rows.iloc[: i + 1], rows["session"][i].date(), f"{years}y")["percentile"]
        assert found[i] == pytest.approx(plain, abs=1e-12, nan_ok=True)


def test_rolling_over_a_leap_day() -> None:
    """The year up to 2024-02-29 begins after 2023-02-28, as ``span`` has it."""
    days = np.arange(np.datetime64("2023-02-20"), np.datetime64("2024-03-01"))
    values = np.where(days <= np.datetime64("2023-02-28"), 1.0, 10.0)
    values[-1] = 5.0
    assert rolling_percentile(days, values, 1)[-1] == pytest.approx(0.5 / 366, rel=1e-12)


# --- price and earnings --------------------------------------------------------------------------------------------


def test_a_channel_is_the_price_at_the_band_s_pe() -> None:
    """EPS 2 then 3, price 50 throughout: PE 25 and 16.67; the lines step up by half at the announcement."""
    eps = np.repeat([2.0, 3.0], 200)
    rows = history(50 / eps, price=50.0)
    lines, band = channel(rows, "all"), bands(rows)["all"]
    assert lines["eps"].tolist() == pytest.approx(eps.tolist(), rel=1e-12)
    assert lines["q90"].iloc[0] == pytest.approx(2 * band.q90, rel=1e-12)
    assert (lines["q50"].iloc[-1] / lines["q50"].iloc[0]) == pytest.approx(1.5, rel=1e-12)
    assert (lines["price"] / lines["q30"]).tolist() == pytest.approx((rows["pe"] / band.q30).tolist(), rel=1e-12)


def test_a_channel_has_no_line_while_losing_and_none_of_a_short_history() -> None:
    rows = history([20.0] * 300 + [-40.0] * 30, price=60.0)
    lines = channel(rows, "all")
    assert lines["q50"].notna().tolist() == [True] * 300 + [False] * 30
    assert channel(rows.tail(100).reset_index(drop=True), "all")["q50"].isna().all()


def test_a_channel_shows_its_window_only() -> None:
    rows = history(np.linspace(10, 30, 1500), price=50.0)
    lines = channel(rows, "3y")
    assert (lines["session"].iloc[0], lines["session"].iloc[-1]) == (pd.Timestamp("2023-07-04"), pd.Timestamp(AS_OF))


def test_a_source_s_own_eps_where_it_has_no_pe() -> None:
    rows = history([nan] * 3, eps=[1.5, -0.2, 1.5], price=30.0, losing=[False, True, False])
    assert earnings(rows).tolist() == pytest.approx([1.5, nan, 1.5], nan_ok=True)


def test_thin_keeps_the_last_of_each_week_and_the_newest() -> None:
    """Monday 2026-06-22 to Wednesday 2026-07-01: Friday the 26th, then the Wednesday."""
    rows = history(range(8), last=date(2026, 7, 1))
    assert thin(rows)["pe"].tolist() == [4, 7]
    assert thin(rows)["session"].dt.date.tolist() == [date(2026, 6, 26), date(2026, 7, 1)]


# --- baskets -------------------------------------------------------------------------------------------------------

PES = {"COHR": 70.6, "GLW": 72.0, "MRVL": 86.9, "CIEN": 126.8}
LOSS = 6.94  # Lumentum's net loss of its fiscal year 2026, bn USD


def five() -> pd.DataFrame:
    """COHR LITE GLW MRVL CIEN of 2026-08-20, in bn USD.

    Published: the four PEs above, Lumentum's loss, and the answers -399 (all five), 82.9 (four) and 97.0 (all caps
    over the four profits). From the answers: profits P with 97.0 P = -399 (P - 6.94), caps S of the four = 82.9 P, cap
    of Lumentum = (97.0 - 82.9) P. The caps of Coherent and Ciena are chosen (60 and 70), the other two solved for.
    """
    profits = 399 * LOSS / (97.0 + 399)
    total, chosen = 82.9 * profits, {"COHR": 60.0, "CIEN": 70.0}
    rest = [total - sum(chosen.values()), profits - sum(cap / PES[t] for t, cap in chosen.items())]
    glw, mrvl = np.linalg.solve([[1, 1], [1 / PES["GLW"], 1 / PES["MRVL"]]], rest)
    caps = chosen | {"GLW": glw, "MRVL": mrvl}
    assert min(caps.values()) > 0
    rows = {t: (cap, cap / PES[t]) for t, cap in caps.items()} | {"LITE": ((97.0 - 82.9) * profits, -LOSS)}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["market_cap", "profit"])


def test_the_five_stock_case() -> None:
    found = basket_pe(five())
    assert isnan(found.pe)
    assert round(1 / found.earnings_yield) == -399
    assert round(found.pe_positive, 1) == 82.9
    assert found.pe_median == pytest.approx((72.0 + 86.9) / 2)  # published, rounded up: 79.5
    assert (found.positive, found.losing, found.covered, found.members, found.coverage) == (4, 1, 5, 5, 1)
    assert 97.0 not in [round(v, 1) for v in (found.pe, found.pe_positive, found.pe_median, 1 / found.earnings_yield)]
    assert found.losing_cap_share == pytest.approx(14.1 / 97.0)


def test_a_loss_of_unknown_size_leaves_with_its_cap() -> None:
    """Two earners (caps 100 and 300, profits 5 and 10) and a loss-maker of whom only the cap is known."""
    rows = pd.DataFrame(
        {"market_cap": [100.0, 300.0, 100.0], "profit": [5.0, 10.0, nan], "losing": [False, False, True]}
    )
    found = basket_pe(rows)
    assert (found.pe, found.earnings_yield) == pytest.approx((400 / 15, 15 / 400))
    assert (found.losing, found.covered, found.members, found.losing_cap_share) == (1, 2, 3, 0.2)


def test_a_profit_without_a_cap_leaves_too() -> None:
    rows = pd.DataFrame({"market_cap": [100.0, nan], "profit": [5.0, 20.0]})
    assert (basket_pe(rows).pe, basket_pe(rows).covered) == (20, 1)


def test_a_basket_of_nobody() -> None:
    found = basket_pe(pd.DataFrame({"market_cap": [], "profit": []}))
    assert (found.members, found.covered, found.positive, found.losing) == (0, 0, 0, 0)
    assert all(isnan(v) for v in (found.pe, found.earnings_yield, found.pe_positive, found.pe_median, found.coverage))


def wide(values: dict[str, list[float]]) -> pd.DataFrame:
    frame = pd.DataFrame(values, dtype="float64")
    return frame.set_index(days_to(AS_OF, len(frame)).astype("datetime64[s]"))


def test_a_basket_s_history_is_its_pe_of_each_day() -> None:
    rng = np.random.default_rng(5)
    caps = wide({t: rng.uniform(50, 500, 40).tolist() for t in "abcd"})
    profits = wide({t: rng.uniform(-4, 20, 40).tolist() for t in "abcd"})
    found = basket_history(caps, profits)
    assert len(found) == 40
    for i, row in found.iterrows():
        day = basket_pe(pd.DataFrame({"market_cap": caps.iloc[i], "profit": profits.iloc[i]}))
        told = (day.earnings_yield, day.pe, day.pe_positive, day.pe_median, day.covered)
        own = tuple(row[["earnings_yield", "pe", "pe_positive", "pe_median", "covered"]])
        assert own == pytest.approx(told, rel=1e-12, nan_ok=True)


def test_a_suspended_member_stands_for_ten_sessions() -> None:
    """b (a fifth of the cap) has its last row on session 3: it is in up to session 13 and gone from session 14 on."""
    rows = 20
    caps = wide({"a": [80.0] * rows, "b": [20.0] * 4 + [nan] * 16})
    profits = wide({"a": [4.0] * rows, "b": [-1.0] * 4 + [nan] * 16})
    found = basket_history(caps, profits)
    assert found["covered"].tolist() == [2] * 14 + [1] * 6
    assert found["pe"].tolist() == pytest.approx([100 / 3] * 14 + [20.0] * 6)
    assert found["coverage"].tolist() == pytest.approx([1.0] * 14 + [0.8] * 6)


def test_a_profit_is_not_carried_into_a_day_that_has_a_cap() -> None:
    """Session 2 tells a's cap and no profit: unknown, not yesterday's."""
    found = basket_history(wide({"a": [10.0] * 3, "b": [90.0] * 3}), wide({"a": [1.0, 1.0, nan], "b": [3.0] * 3}))
    assert found["covered"].tolist() == [2, 2, 1]


def test_a_day_with_too_little_of_the_cap_does_not_count() -> None:
    caps, profits = wide({"a": [70.0] * 3, "b": [nan, 30.0, 30.0]}), wide({"a": [7.0] * 3, "b": [nan, 3.0, 3.0]})
    assert basket_history(caps, profits)["session"].tolist() == caps.index[1:].tolist()
    weights = pd.Series({"a": 70.0, "b": 30.0, "without a history": 40.0})
    assert not len(basket_history(caps, profits, weights))


def test_no_members_no_history() -> None:
    assert not len(basket_history(wide({}), wide({})))
