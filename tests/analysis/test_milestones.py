"""What became of what was expected, by hand."""

from __future__ import annotations

import math
from datetime import date

import pandas as pd
import pytest

from basketwatch.analysis import milestones
from basketwatch.domain.model import Names
from basketwatch.domain.outlook import Estimate, Forecast, Growth, Milestone, span_of

NAME, UNIT = Names("一", "one"), Names("百万只", "m units")


def estimate(year: int, value: float, who: str = "Citi", at: str = "2026-06-24", high: float | None = None) -> Estimate:
    span = span_of(at)
    assert span
    return Estimate(year, value, Names(who, who), span, high)


def milestone(window: str = "2026", state: str = "ahead", came: date | None = None) -> Milestone:
    span = span_of(window)
    assert span
    return Milestone("m", NAME, NAME, span, state, came=came)


def of(*estimates: Estimate) -> Forecast:
    return Forecast("f", NAME, UNIT, estimates)


@pytest.mark.parametrize(
    ("window", "state", "today", "said"),
    [
        ("2026", "ahead", date(2026, 12, 31), "ahead"),
        ("2026", "ahead", date(2027, 1, 1), "overdue"),
        ("2026", "slipped", date(2027, 1, 1), "overdue"),
        ("2026", "came", date(2027, 1, 1), "came"),
        ("2026+", "ahead", date(2099, 1, 1), "ahead"),
    ],
)
def test_a_window_that_is_over_without_a_word_is_overdue(window: str, state: str, today: date, said: str) -> None:
    assert milestones.state_of(milestone(window, state), today) == said


def test_the_move_after_a_milestone_is_that_of_the_members_less_the_index() -> None:
    """Two members: 10 → 11 (+10 %) and 20 → 20 (0), mean +5 %; the index 100 → 101: excess +4 % after one session.

    The day is a Saturday: counted from Friday's close.
    """
    days = pd.to_datetime(["2026-05-07", "2026-05-08", "2026-05-11", "2026-05-12"])
    closes = pd.DataFrame(
        {"a": [9, 10, 11, 12.0], "b": [20, 20, math.nan, 22.0], "i": [99, 100, 101, 103.0]}, index=days
    )
    came = milestone(state="came", came=date(2026, 5, 9))
    moves = milestones.moves_after(came, closes, ["a", "b"], "i")
    assert moves is not None and moves[1] == pytest.approx(0.05 - 0.01)
    assert math.isnan(moves[5]) and math.isnan(moves[20]), "sessions that have not come have no move"


def test_no_move_without_a_day_an_index_or_prices_by_then() -> None:
    days = pd.to_datetime(["2026-05-07", "2026-05-08"])
    closes = pd.DataFrame({"a": [9, 10.0], "i": [99, 100.0]}, index=days)
    assert milestones.moves_after(milestone(state="came"), closes, ["a"], "i") is None
    assert milestones.moves_after(milestone(state="ahead", came=date(2026, 5, 7)), closes, ["a"], "i") is None
    assert milestones.moves_after(milestone(state="came", came=date(2026, 5, 6)), closes, ["a"], "i") is None
    assert milestones.moves_after(milestone(state="came", came=date(2026, 5, 7)), closes, ["a"], "x") is None


def test_fewer_than_half_of_the_members_make_no_mean() -> None:
    days = pd.to_datetime(["2026-05-07", "2026-05-08"])
    closes = pd.DataFrame({"a": [10, 11.0], "i": [100, 100.0]}, index=days)
    moves = milestones.moves_after(milestone(state="came", came=date(2026, 5, 7)), closes, ["a", "b", "c"], "i")
    assert moves is not None and math.isnan(moves[1])


def test_two_values_of_one_source_year_and_day_contradict() -> None:
    found = milestones.contradictions(of(estimate(2028, 100), estimate(2028, 920), estimate(2027, 50)))
    assert [(c.one.value, c.other.value) for c in found] == [(100, 920)]


@pytest.mark.parametrize(
    "other",
    [estimate(2028, 100), estimate(2027, 920), estimate(2028, 920, who="X"), estimate(2028, 920, at="2026-07-06")],
)
def test_what_does_not_contradict(other: Estimate) -> None:
    """The same value, another year, another source, a later day (a revision)."""
    assert not milestones.contradictions(of(estimate(2028, 100), other))


def test_a_later_day_with_another_value_is_a_revision() -> None:
    rows = of(
        estimate(2028, 60, at="2026-07-06"), estimate(2028, 56), estimate(2027, 18), estimate(2028, 60, at="2026-08-01")
    )
    assert [(a.value, b.value) for a, b in milestones.revisions(rows)] == [(56, 60)]


def test_growth_is_computed_from_the_first_year_to_the_last() -> None:
    """0.4 → 56 over two years: 140 times, √140 − 1 = 10.832 a year."""
    reach = milestones.reaches(of(estimate(2026, 0.4), estimate(2027, 18), estimate(2028, 56)))
    assert (
        len(reach) == 1 and reach[0].times == pytest.approx(140) and reach[0].rate == pytest.approx(math.sqrt(140) - 1)
    )
    assert not milestones.reaches(of(estimate(2028, 100), estimate(2028, 920), estimate(2029, 5)))
    assert not milestones.reaches(of(estimate(2026, 0), estimate(2027, 5))), "from nothing there is no growth"


def test_sixty_five_percent_over_three_years() -> None:
    """1.65³ = 4.492125."""
    span = span_of("2026-07-06")
    assert span
    assert milestones.times_of(Growth(2025, 2028, 0.65, NAME, span)) == pytest.approx(4.492125)


def test_only_markets_known_to_be_closed_are_said_to_be() -> None:
    assert milestones.closed_on(date(2026, 7, 3), {"CN": True, "US": False, "HK": None}) == ["US"]
