"""Bands with percentiles: many series at once against the loop over columns and windows that people write in pandas."""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd

from basketwatch.analysis.valuation.bands import FIXED, LEAST, QUANTILES, bands_of

from .bench import Bench
from .report import Metric, count, ratio
from .symbols import scaled

AS_OF = date(2026, 7, 3)
SESSIONS = 2430  # ten years of the mainland
YEAR = 250  # sessions of the window "1y"
WINDOWS = ("1y", "3y", "5y", "10y", FIXED)
FEW, MANY = scaled(60), scaled(5500)
LOSSES = 0.03  # of the sessions have no value
SAME = 1e-9


def bands(bench: Bench) -> list[Metric]:
    """Interleaved: sixty histories by us and by the loop."""
    days, values = made(FEW)
    frame = pd.DataFrame(values, index=pd.DatetimeIndex(days))
    apart = histories(days, values)
    ours, loop = [], []
    for _ in range(bench.repetitions):
        loop.append(_took(lambda: naive(frame)))
        ours.append(min(_took(lambda: bands_of(apart, WINDOWS)) for _ in range(3)))
        print(f"  {loop[-1]:.0f} ms → {ours[-1]:.1f} ms", file=sys.stderr)
    return [
        ratio("bands", "60 x 10 years x 5 windows", ours, loop, "loop in pandas", "ms", 0.05),
        count("bands", "numbers that differ by more than 1e-9", [_differing(apart, frame)], 0),
        *_many(),
    ]


def histories(days: np.ndarray, values: np.ndarray) -> dict[int, pd.DataFrame]:
    """Column -> its history as the store gives it."""
    return {
        i: pd.DataFrame({"session": days, "pe": column, "losing": np.isnan(column)})
        for i, column in enumerate(values.T)
    }


def made(columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Days and a PE a session and series: random walks printed to two decimals, some sessions without a value."""
    rng = np.random.default_rng(columns)
    days = np.busday_offset(np.datetime64(AS_OF), np.arange(1 - SESSIONS, 1)).astype("datetime64[s]")
    values = np.round(np.exp(3.4 + np.cumsum(rng.normal(0, 0.02, (SESSIONS, columns)), axis=0)), 2)
    values[:-1][rng.random((SESSIONS - 1, columns)) < LOSSES] = np.nan
    return days, values


def naive(frame: pd.DataFrame) -> dict[str, list[list[float]]]:
    """Window -> a list of numbers a column, by the functions of a Series."""
    out: dict[str, list[list[float]]] = {window: [] for window in WINDOWS}
    for column in frame:
        values = frame[column].dropna()
        now, end = values.iloc[-1], values.index[-1]
        for window in WINDOWS:
            own = _inside(values, frame.index[-YEAR], end, window)
            mean, std = own.mean(), own.std()
            percentile = ((own < now).sum() + (own == now).sum() / 2) / len(own)
            marks = own.quantile(list(QUANTILES.values())).tolist()
            numbers = [mean, std, percentile, (now - mean) / std, *marks, own.min(), own.max()]
            out[window].append([len(own), *numbers] if len(own) >= LEAST else [len(own), *[np.nan] * len(numbers)])
    return out


def _inside(values: pd.Series, year: pd.Timestamp, end: pd.Timestamp, window: str) -> pd.Series:
    if window == FIXED:
        return values[window[:4] : window[5:]]
    return (
        values[values.index >= year]
        if window == "1y"
        else values[values.index > end - pd.DateOffset(years=int(window[:-1]))]
    )


def _differing(apart: dict[int, pd.DataFrame], frame: pd.DataFrame) -> int:
    ours, theirs = bands_of(apart, WINDOWS), naive(frame)
    names = ("n", "mean", "std", "percentile", "z", *QUANTILES, "minimum", "maximum")
    return sum(
        int(
            (~np.isclose([getattr(ours[i][w], name) for name in names], theirs[w][i], SAME, SAME, equal_nan=True)).sum()
        )
        for w in WINDOWS
        for i in apart
    )


def _many() -> list[Metric]:
    """Every mainland share at once: milliseconds, and the memory that it takes beside the values themselves."""
    days, values = made(MANY)
    apart = histories(days, values)
    took = _took(lambda: bands_of(apart, WINDOWS))
    tracemalloc.start()
    bands_of(apart, WINDOWS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return [
        Metric("bands", "5,500 x 10 years x 5 windows", took, None, "", "ms", "", None, {"ours": [took]}),
        ratio("bands", "memory of that, at its peak", [peak / 1e6], [values.nbytes / 1e6], "the values", "MB", None),
    ]


def _took(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000
