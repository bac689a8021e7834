"""What became of what was expected: windows that have passed, values that contradict, growth as computed and as said. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby, pairwise

import numpy as np
import pandas as pd

from basketwatch.domain.outlook import AHEAD, CAME, SLIPPED, Estimate, Forecast, Growth, Milestone

HORIZONS = (1, 5, 20)  # sessions after a milestone came
OVERDUE = "overdue"  # in place of a state: its window has passed, and nobody has noted that it came or slipped


@dataclass(frozen=True)
class Reach:
    """From one year of a forecast to a later one of the same source and day: times, and the yearly rate."""

    first: Estimate
    last: Estimate
    times: float
    rate: float


@dataclass(frozen=True)
class Contradiction:
    """Two values that one source gives for one year on one day."""

    one: Estimate
    other: Estimate


def state_of(milestone: Milestone, today: date) -> str:
    """ahead, came, slipped or overdue."""
    last = milestone.window.last
    late = milestone.state in (AHEAD, SLIPPED) and last is not None and last < today
    return OVERDUE if late else milestone.state


def moves_after(
    milestone: Milestone, closes: pd.DataFrame, members: Sequence[str], index: str
) -> dict[int, float] | None:
    """The members' mean return over 1, 5 and 20 sessions after the day on which a milestone came, minus the index's.

    ``closes``: adjusted, wide. Sessions are those of the index; a share that does not trade keeps its close. From the
    close of the last session up to that day. NaN where the sessions have not come yet or fewer than half of the members
    have both closes; None where the milestone has not come, its day is not known, or the index has no close by then.
    """
    if milestone.state != CAME or milestone.came is None or index not in closes:
        return None
    grid = closes[index].dropna()
    start = int(grid.index.searchsorted(pd.Timestamp(milestone.came), side="right")) - 1
    if start < 0:
        return None
    own = closes[[t for t in members if t in closes]].ffill().reindex(grid.index)
    return {h: _excess(own, grid, start, start + h, len(members)) for h in HORIZONS}


def _excess(own: pd.DataFrame, index: pd.Series, first: int, last: int, members: int) -> float:
    if last >= len(index):
        return float("nan")
    moves = (own.iloc[last] / own.iloc[first] - 1).dropna()
    if not len(moves) or 2 * len(moves) < members:
        return float("nan")
    return float(moves.mean() - (index.iloc[last] / index.iloc[first] - 1))


def contradictions(forecast: Forecast) -> list[Contradiction]:
    """Values of one year that one source gives on one day, and that differ."""
    found = []
    for _, same in _grouped(forecast.estimates, by_year=True):
        found += [
            Contradiction(same[0], one) for one in same[1:] if (one.value, one.high) != (same[0].value, same[0].high)
        ]
    return found


def revisions(forecast: Forecast) -> list[tuple[Estimate, Estimate]]:
    """Of one source and year: an estimate and the next one, of a later day, that says another value."""
    ordered = sorted(forecast.estimates, key=lambda e: (e.source.zh, e.year, e.at.first))
    return [
        (a, b)
        for a, b in pairwise(ordered)
        if (a.source, a.year) == (b.source, b.year) and a.at.first < b.at.first and a.value != b.value
    ]


def reaches(forecast: Forecast) -> list[Reach]:
    """From the first to the last year of each source and day that gives several years without contradicting itself."""
    found = []
    for _, series in _grouped(forecast.estimates, by_year=False):
        years = sorted(series, key=lambda e: e.year)
        if len({e.year for e in years}) != len(years) or len(years) < 2 or years[0].value <= 0:
            continue
        times = years[-1].value / years[0].value
        span = years[-1].year - years[0].year
        found.append(Reach(years[0], years[-1], times, float(np.sign(times)) * abs(times) ** (1 / span) - 1))
    return found


def times_of(growth: Growth) -> float:
    """What a yearly rate comes to over the years that the source names."""
    return float((1 + growth.rate) ** (growth.last - growth.first))


def _grouped(estimates: Sequence[Estimate], *, by_year: bool) -> list[tuple[object, list[Estimate]]]:
    def key(e: Estimate) -> tuple[str, str, int]:
        return e.source.zh, e.at.text, e.year if by_year else 0

    return [(k, list(same)) for k, same in groupby(sorted(estimates, key=key), key=key)]


def closed_on(day: date, sessions: Mapping[str, bool | None]) -> list[str]:
    """The markets that are known to be closed on a day; ``sessions``: market group -> whether it trades (None: unknown)."""
    return [group for group, trades in sessions.items() if trades is False]
