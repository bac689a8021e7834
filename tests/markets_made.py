"""Made-up markets for the flag rules: closes by ticker in, ``flags.Inputs`` out; and a random one of any size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from basketwatch.analysis import flags
from basketwatch.analysis.flags import AdjustedPrices, BasketInput, Inputs, Leader, RawPrices
from basketwatch.domain import limits
from basketwatch.domain.model import Names

Floats = npt.NDArray[np.float64]
MONDAY = np.datetime64("2026-07-06")  # from this day on ST shares have the limit of their board


def weekdays(count: int, first: np.datetime64 = MONDAY) -> npt.NDArray[np.datetime64]:
    """That many weekdays from a weekday on."""
    return np.busday_offset(first, np.arange(count), roll="forward")


def market(
    closes: Mapping[str, Sequence[float]], group: str = "CN", first: np.datetime64 = MONDAY, **given: Any
) -> Inputs:
    """Inputs in which every bar is flat at its close, the close before is the reference, and no volume repeats.

    ``given``: further fields of ``Inputs``; a list is one column for every ticker, an array is taken as it is.
    """
    tickers, close = tuple(closes), np.array(list(closes.values()), dtype=np.float64).T
    days = weekdays(len(close), first)
    volume = 1000.0 + np.arange(len(close))[:, None] * np.ones(close.shape[1])
    plain = {
        **dict.fromkeys(("raw_open", "raw_high", "raw_low", "raw_close"), close),
        **dict.fromkeys(("adjusted_high", "adjusted_low", "adjusted_close"), close),
        "reference": before(close), "volume": volume, "turnover": np.full(close.shape, 0.01),
    }  # fmt: skip
    columns = {k: np.tile(np.array(v)[:, None], close.shape[1]) if isinstance(v, list) else v for k, v in given.items()}
    base = flags.empty(group, days, tickers, {t: Names(f"名{t}", f"Name {t}") for t in tickers})
    return replace(base, **(plain | columns))


def before(values: Floats) -> Floats:
    """The row before each, NaN before the first."""
    return np.vstack([np.full((1, values.shape[1]), np.nan), values[:-1]])


def inside(inputs: Inputs, tickers: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Membership over all sessions."""
    return np.tile(np.isin(np.array(inputs.tickers), list(tickers)), (len(inputs.sessions), 1))


def random_market(
    tickers: Sequence[str], sessions: int, seed: int, *, first: np.datetime64 = MONDAY, members: int = 20,
    locked: float = 0.01,
) -> Inputs:  # fmt: skip
    """A random walk with everything that the rules look at; the last ticker is the benchmark of the others.

    ``locked``: share of the bars that reach a price limit, a third of them at one price all day.
    """
    rng, shape = np.random.default_rng(seed), (sessions, len(tickers))
    close = _walk(rng, tickers, sessions, locked)
    reference = before(close)
    shut = (rng.random(shape) < 0.3) & (np.abs(close / reference - 1) > 0.09)
    store = np.round(np.where(np.isnan(reference), close, reference) * (1 + rng.normal(0, 0.004, shape)), 2)
    store = np.where(shut, close, store)
    edge = np.where(np.abs(close / reference - 1) > 0.09, 0, 0.004)
    high = np.maximum(np.maximum(store, close), np.round(close * (1 + edge * abs(rng.normal(0, 1, shape))), 2))
    low = np.minimum(np.minimum(store, close), np.round(close * (1 - edge * abs(rng.normal(0, 1, shape))), 2))
    held = rng.random(shape) < 0.005
    gone, strange = np.where(held, np.nan, 1.0), rng.random(shape) < 0.004
    told = np.where(strange & (rng.random(shape) < 0.5), np.nan, 1.0)
    base = flags.empty("CN", weekdays(sessions, first), tickers, {})
    out = replace(
        base, raw_open=RawPrices(store * gone), raw_high=RawPrices(high * gone), raw_low=RawPrices(low * gone),
        raw_close=RawPrices(close * gone), reference=RawPrices(reference * told), adjusted_high=AdjustedPrices(high * gone),
        adjusted_low=AdjustedPrices(low * gone), adjusted_close=AdjustedPrices(close * gone),
        volume=np.asarray(np.round(np.exp(rng.normal(15, 0.6, shape))) * gone, dtype=np.float64),
        turnover=np.exp(rng.normal(-3.5, 0.6, shape)),
        pe_percentile=np.clip(0.5 + np.cumsum(rng.normal(0, 0.03, shape), axis=0), 0, 1),
        eps=np.asarray(np.cumprod(1 + 0.4 * rng.normal(0, 1, shape) * (rng.random(shape) < 0.02), axis=0), np.float64),
        suspended=held,
        unexplained=strange, abroad=rng.integers(0, 3, sessions),
        other_close=RawPrices(close * (1 + rng.normal(0, 0.002, shape))),
        benchmark_of=np.array([*[len(tickers) - 1] * (len(tickers) - 1), -1], dtype=np.int64),
        leaders=(Leader("COHR.US", rng.normal(0, 0.03, sessions), ("cpo",)),),
    )  # fmt: skip
    return replace(out, baskets=(BasketInput("cpo", inside(out, tickers[:members]), len(tickers) - 1),))


def _walk(rng: np.random.Generator, tickers: Sequence[str], sessions: int, locked: float) -> Floats:
    """Closes in whole fen from 20 on, some of them at the limit of their board."""
    moves = np.clip(rng.standard_t(3, (sessions, len(tickers))) * 0.02, -0.085, 0.085)
    at_limit = rng.choice([0, 1, 2], (sessions, len(tickers)), p=[1 - locked, locked / 2, locked / 2])
    days = weekdays(sessions)
    rows = [np.full(len(tickers), 20.0)]
    for i in range(1, sessions):
        row = np.round(rows[-1] * (1 + moves[i]), 2)
        for column in np.flatnonzero(at_limit[i]).tolist():
            pair = limits.limit_prices(tickers[column], days[i].item(), float(rows[-1][column]))
            row[column] = pair[at_limit[i, column] - 1] if pair else row[column]
        rows.append(row)
    return np.array(rows)
