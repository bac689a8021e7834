"""Valuation: bands of a PE history, where today stands in them, price lines of a PE, and the PE of a basket. Pure.

A *history* is what ``store.valuations.read`` gives for one series (one ticker, source and definition): a row a session,
ascending, with session, pe, losing, price, market_cap, eps. Two sources or definitions are two histories, never one
band. A session with a loss (``losing``, or a PE that is not above 0) has no value: it belongs to no band, and while the
newest session is one there is no percentile.

Formulas (``contract.md``, *VALUATION*): percentile = mid-rank, (below + equal / 2) / n; std with n - 1; quantiles by
linear interpolation, type 7 of Hyndman & Fan (1996). Percentiles, yields and shares are fractions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import nan
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.indexers import BaseIndexer

WINDOWS = ("1y", "3y", "5y", "10y", "all")
FIXED = "2023-2025"  # the calendar years that the brokers' weekly reports take as their mean
LEAST = 250  # observations; with fewer, a window is insufficient
QUANTILES: Mapping[str, float] = {"q10": 0.1, "q30": 0.3, "q50": 0.5, "q70": 0.7, "q90": 0.9}
_OLDEST = timedelta(days=400)
_WEEKLY = np.timedelta64(5, "D")  # between most values of a weekly series
_CHUNK = 512  # series measured at a time
Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Band:
    """The values of a history in one window, and where the newest session stands among them.

    ``first`` and ``last`` are the sessions of the first and last value in the window. Numbers are NaN where ``n`` is
    below ``LEAST``; percentile and z also while the newest session is one of a loss.
    """

    n: int
    first: date | None
    last: date | None
    mean: float
    std: float
    percentile: float
    z: float
    q10: float
    q30: float
    q50: float
    q70: float
    q90: float
    minimum: float
    maximum: float
    weekly: bool

    @property
    def insufficient(self) -> bool:
        """Too few observations for a band: a weekly series needs five years."""
        return self.n < LEAST


# --- windows -----------------------------------------------------------------------------------------------------


def span(window: str, sessions: Days, as_of: date) -> tuple[date, date]:
    """First day *outside* on the left and last day inside: a window is open on the left. ``sessions`` ascending.

    ``3y`` of 2026-07-03 begins after 2023-07-03, so that each day of the year is in it three times and windows laid
    end to end share no session. ``1y`` is the last 250 sessions: a calendar year has some 243 in the mainland, which
    would never be enough for a band; of a series with gaps none older than 400 days. ``2023-2025`` is those calendar
    years, up to ``as_of``. Raises ValueError for others.
    """
    if window == "all":
        return date.min, as_of
    if window == "1y":
        return _year_of_sessions(sessions, as_of), as_of
    if window.endswith("y") and window[:-1].isdigit():
        return _years_before(as_of, int(window[:-1])), as_of
    first, _, last = window.partition("-")
    if not (first.isdigit() and last.isdigit()):
        raise ValueError(window)
    return date(int(first) - 1, 12, 31), min(date(int(last), 12, 31), as_of)


def _year_of_sessions(sessions: Days, as_of: date) -> date:
    upto = int(sessions.searchsorted(np.datetime64(as_of), side="right"))
    oldest = as_of - _OLDEST
    if upto < LEAST:
        return oldest
    first: date = sessions[upto - LEAST].astype("datetime64[D]").item()
    return max(oldest, first - timedelta(days=1))


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February of a common year
        return day.replace(year=day.year - years, day=28)


def counted(history: pd.DataFrame) -> Floats:
    """The values of a history, NaN on sessions of a loss or without a PE."""
    pe = history["pe"].to_numpy(dtype="float64")
    return np.where((pe > 0) & ~history["losing"].to_numpy(dtype=bool), pe, nan)


# --- bands -------------------------------------------------------------------------------------------------------


def bands(history: pd.DataFrame, windows: Sequence[str] = (*WINDOWS, FIXED)) -> dict[str, Band]:
    """Window -> band of one history; see ``bands_of``."""
    return bands_of({"": history}, windows)[""]


def bands_of(
    histories: Mapping[Key, pd.DataFrame], windows: Sequence[str] = (*WINDOWS, FIXED)
) -> dict[Key, dict[str, Band]]:
    """Key -> window -> band, many histories at once; the windows end with each one's newest session.

    What stands in the bands is that session, which belongs to the trailing windows. In a fixed window it is compared
    with those years, although it may lie after them.
    """
    series = {key: _Series.of(history) for key, history in histories.items()}
    keys, out = list(series), {key: dict[str, Band]() for key in series}
    for start in range(0, len(keys), _CHUNK):
        some = keys[start : start + _CHUNK]
        for window in windows:
            found = _measured([series[k] for k in some], window)
            for key, band in zip(some, found, strict=True):
                out[key][window] = band
    return out


@dataclass(frozen=True, slots=True)
class _Series:
    """The values of one history and their days; ``current`` is NaN while the newest session is a loss."""

    sessions: Days
    days: Days
    values: Floats
    current: float
    weekly: bool

    @classmethod
    def of(cls, history: pd.DataFrame) -> _Series:
        days, values = history["session"].to_numpy().astype("datetime64[D]"), counted(history)
        known = ~np.isnan(values)
        current = float(values[-1]) if len(values) else nan
        return cls(days, days[known], values[known], current, is_weekly(days[known]))

    def within(self, window: str) -> slice:
        if not len(self.sessions):
            return slice(0, 0)
        before, last = span(window, self.sessions, self.sessions[-1].item())
        edges = self.days.searchsorted(np.array([before, last], dtype="datetime64[D]"), side="right")
        return slice(int(edges[0]), int(edges[1]))


def is_weekly(days: Days) -> bool:
    """True where at least half of the gaps between values are five days long or longer."""
    long = np.count_nonzero(days[1:] - days[:-1] >= _WEEKLY)
    return len(days) > 1 and bool(2 * long >= len(days) - 1)


def _measured(series: Sequence[_Series], window: str) -> list[Band]:
    inside = [s.within(window) for s in series]
    widths = [i.stop - i.start for i in inside]
    rows = np.full((len(series), max(widths, default=0)), nan)
    for row, one, part, width in zip(rows, series, inside, widths, strict=True):
        row[:width] = one.values[part]
    measures = _measures(rows, np.array([s.current for s in series], dtype="float64"))
    columns = [measures[name].tolist() for name in _NUMBERS]
    ends = [(s.days[i.start].item(), s.days[i.stop - 1].item()) if w else (None, None)
            for s, i, w in zip(series, inside, widths, strict=True)]  # fmt: skip
    return [
        Band(n=n, first=first, last=last, weekly=one.weekly, **dict(zip(_NUMBERS, numbers, strict=True)))
        for n, (first, last), numbers, one in zip(widths, ends, zip(*columns, strict=True), series, strict=True)
    ]


_NUMBERS = ("mean", "std", "percentile", "z", *QUANTILES, "minimum", "maximum")


def _measures(rows: Floats, current: Floats) -> dict[str, npt.NDArray[np.float64 | np.int64]]:
    """The numbers of a band for each row of values (NaN = none), which are sorted in place."""
    rows.sort(axis=1)  # NaN last
    counts = np.array([_moments(row, value) for row, value in zip(rows, current, strict=True)], dtype="float64")
    n, below, at_or_below, total, squares = counts.reshape(-1, len(_Moments._fields)).T
    n = n.astype("int64")
    least, most = _at(rows, np.zeros_like(n)), _at(rows, n - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / n
        # equal values have no spread, whatever the rounding of their mean
        std = np.where(most > least, np.sqrt(squares / (n - 1)), 0.0)
        found = {
            "mean": mean, "std": std,
            "percentile": np.where(np.isnan(current), nan, (below + at_or_below) / 2 / n),
            "z": (current - mean) / np.where(std > 0, std, nan),
            **{name: _quantile(rows, n, q) for name, q in QUANTILES.items()}, "minimum": least, "maximum": most,
        }  # fmt: skip
    return {"n": n, **{name: np.where(n < LEAST, nan, values) for name, values in found.items()}}


class _Moments(NamedTuple):
    """Counts and sums of the numbers in a row.

    ``n``: how many numbers; ``below`` and ``at_or_below``: how many of them are below a value, or not above it;
    ``total``: their sum; ``squares``: the sum of their squared distances from their mean.
    """

    n: int
    below: int
    at_or_below: int
    total: float
    squares: float


def _moments(row: Floats, value: float) -> _Moments:
    """The moments of a sorted row (NaN last) against ``value``.

    One row at a time stays in the processor's cache and takes half the time of many rows at once.
    """
    row = row if not len(row) or row[-1] == row[-1] else row[: row.searchsorted(nan)]
    total = float(row.sum())
    off = row - total / max(len(row), 1)
    below, at_or_below = int(row.searchsorted(value)), int(row.searchsorted(value, "right"))
    return _Moments(len(row), below, at_or_below, total, float(off.dot(off)))


def _at(rows: Floats, place: npt.NDArray[np.int64]) -> Floats:
    """The value of each row at its place; NaN where there are no values at all."""
    found: Floats = rows[np.arange(len(rows)), np.maximum(place, 0)] if rows.shape[1] else np.full(len(rows), nan)
    return found


def _quantile(rows: Floats, n: npt.NDArray[np.int64], q: float) -> Floats:
    """Linear interpolation between the two neighbours of (n - 1) q, in rows sorted with NaN last."""
    place = np.maximum(n - 1, 0) * q
    lower = place.astype("int64")
    low, high = _at(rows, lower), _at(rows, np.minimum(lower + 1, n - 1))
    found: Floats = low + (high - low) * (place - lower)
    return found


# --- rolling -----------------------------------------------------------------------------------------------------


class _Trailing(BaseIndexer):
    """Windows that begin at the rows ``starts`` and end with each row."""

    starts: npt.NDArray[np.int64]

    def get_window_bounds(
        self, num_values: int = 0, min_periods: int | None = None, center: bool | None = None,
        closed: str | None = None, step: int | None = None,
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:  # fmt: skip
        return self.starts, np.arange(1, num_values + 1, dtype="int64")


def rolling_percentile(days: Days, values: Floats, years: int) -> Floats:
    """Mid-rank percentile of each value in its own trailing window of calendar ``years``; NaN below ``LEAST`` observations.

    ``days`` ascending; ``values``: NaN where a session has none (pass ``counted(history)``: losses do not count).
    """
    days = days.astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    first = (months - 12 * years).astype("datetime64[D]")
    # 29 February has no day of its own in a common year: the end of its month, as in ``span``
    ends = (months - 12 * years + 1).astype("datetime64[D]") - np.timedelta64(1, "D")
    before = np.minimum(first + (days - months.astype("datetime64[D]")), ends)
    starts = days.searchsorted(before, side="right").astype("int64")
    rolling = pd.Series(values, dtype="float64").rolling(_Trailing(starts=starts), min_periods=LEAST)
    rank = rolling.rank(method="average").to_numpy()  # below + (equal + 1) / 2
    known = np.concatenate([[0], np.cumsum(~np.isnan(values))])
    n = known[1:] - known[starts]
    return np.where(n >= LEAST, (rank - 0.5) / np.maximum(n, 1), nan)


# --- price and earnings ------------------------------------------------------------------------------------------


def earnings(history: pd.DataFrame) -> Floats:
    """EPS of the last four quarters a session, on the share count of that day's price; NaN where not above 0.

    Price / PE of the same row, which keeps price : line = PE : quantile; the source's own EPS where it sends no PE.
    """
    pe = counted(history)
    eps = history["eps"].to_numpy(dtype="float64")
    found = np.where(np.isnan(pe), np.where(history["losing"].to_numpy(dtype=bool), nan, eps),
                     history["price"].to_numpy(dtype="float64") / pe)  # fmt: skip
    return np.where(found > 0, found, nan)


def channel(history: pd.DataFrame, window: str) -> pd.DataFrame:
    """Raw price and the prices at which the PE would stand at the window's quantiles, for the window's sessions.

    Columns session, price, eps, q10 … q90 (listing currency): EPS of the day times each quantile of the whole window,
    a step at each announcement, NaN while the company loses money or the window is insufficient.
    """
    if not len(history):
        return pd.DataFrame(columns=["session", "price", "eps", *QUANTILES], dtype="float64")
    band = bands(history, windows=(window,))[window]
    days = history["session"].to_numpy().astype("datetime64[D]")
    before, last = np.array(span(window, days, days[-1].item()), dtype="datetime64[D]")
    inside = (days > before) & (days <= last)
    frame = history.loc[inside, ["session", "price"]].assign(eps=earnings(history)[inside])
    lines: pd.DataFrame = frame.assign(**{q: frame["eps"] * getattr(band, q) for q in QUANTILES})
    return lines.reset_index(drop=True)
