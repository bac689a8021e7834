"""Whether adjustment factors and prices fit each other, and what may be used where they do not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from basketwatch.domain import limits, markets
from basketwatch.domain.calendars import Calendar

SLACK = 0.02  # beyond the price limit, for a factor that is rounded
UNMOVED = 0.4  # a close that moves by less than this share of its factor (logarithms) has not moved with it
LEAST = 0.08  # and lies at least so far off (logarithm): an ordinary day's move hides smaller factors
SPLITS = (2, 3, 4, 5, 8, 10, 20, 50)  # shares that one becomes, or that become one
NEAR = 0.03  # of a split's ratio (logarithm)
REFERENCE = 0.002  # by which a reference price may differ from the close before it, times its factor: rounding
CENT = 0.011  # and in the currency, for low prices


class Break(NamedTuple):
    """A session at which prices and factors contradict each other: ``factor`` is NaN where a split's move has none.

    ``move``: close of that session / close before - 1, raw, a fraction. ``reference``: the exchange's previous close,
    where that is what the close before and the factors do not give; else NaN.
    """

    ticker: str
    day: date
    factor: float
    move: float
    reference: float = float("nan")


def breaks_of(bars: pd.DataFrame, factors: pd.DataFrame) -> list[Break]:
    """Where a factor does not fit the raw move over its ex-date, and where a move of a split's size has no factor.

    ``bars``: ticker, session, close (raw, as traded), sorted by both. ``factors``: ticker, ex_date, factor. A factor
    fits where the close moves by it and by no more than the price limit. Where there is no limit it does not fit if the
    close hardly moves while the factor is large, such as a dividend in another currency's unit.
    """
    closes = bars["close"].to_numpy(dtype="float64")
    tickers, days = bars["ticker"].to_numpy(dtype=object), bars["session"].to_numpy()
    same = np.append(False, tickers[1:] == tickers[:-1])
    before = np.append(np.nan, closes[:-1])
    with np.errstate(invalid="ignore", divide="ignore"):
        moves = np.where(same, np.log(closes / before), np.nan)
    found, explained = [], np.zeros(len(bars), dtype=bool)
    for ticker, ex_date, factor in zip(
        factors["ticker"], factors["ex_date"].to_numpy(), factors["factor"], strict=True
    ):
        first, stop = np.searchsorted(tickers, [ticker, ticker + "\0"])
        row = first + int(np.searchsorted(days[first:stop], ex_date))
        if first < row < stop:
            explained[row] = True
            if not _fits(ticker, pd.Timestamp(days[row]).date(), moves[row], factor):
                found.append(_break(ticker, days[row], factor, moves[row]))
    for row in np.flatnonzero(_like_split(moves) & ~explained):
        if markets.kind(str(tickers[row])) in ("stock", "etf"):
            found.append(_break(str(tickers[row]), days[row], float("nan"), moves[row]))
    return found


def without_factor(
    quotes: pd.DataFrame, bars: pd.DataFrame, factors: pd.DataFrame, calendars: Mapping[str, Calendar]
) -> list[Break]:
    """Ex-dates of which only the quote tells: its previous close is neither the close before it nor that times its factor.

    On the mainland the previous close is the exchange's reference price; elsewhere an ex-date does not show in it.

    ``quotes``: session, last, previous_close by ticker; ``bars`` as in ``breaks_of``.
    """
    closes = bars.set_index(["ticker", "session"])["close"].to_dict()
    by_day = factors.groupby(["ticker", "ex_date"])["factor"].prod().to_dict()
    found = []
    rows: Iterable[Any] = quotes[["session", "last", "previous_close"]].itertuples()
    for ticker, session, last, reference in rows:
        calendar = calendars.get(markets.group(ticker))
        before = calendar.before(session.date()) if calendar and limits.board(ticker) else None
        close = closes.get((ticker, pd.Timestamp(before.day))) if before else None
        if close is None or not reference > 0:
            continue
        given = (close, close * by_day.get((ticker, session), 1.0))
        if min(abs(reference - one) for one in given) > max(CENT, REFERENCE * reference):
            found.append(Break(ticker, session.date(), float("nan"), last / close - 1, reference))
    return found


def unbroken(bars: pd.DataFrame, breaks: Sequence[Break]) -> pd.DataFrame:
    """``bars`` without those before a ticker's newest break: over it no return is known."""
    if not breaks:
        return bars
    newest = pd.Series({b.ticker: pd.Timestamp(b.day) for b in sorted(breaks, key=lambda b: b.day)})
    since = newest.reindex(bars["ticker"]).to_numpy()
    return bars.loc[np.isnat(since) | (bars["session"].to_numpy() >= since)]


def _break(ticker: str, day: np.datetime64, factor: float, move: float) -> Break:
    return Break(ticker, pd.Timestamp(day).date(), float(factor), float(np.expm1(move)))


def _fits(ticker: str, day: date, move: float, factor: float) -> bool:
    """``move``: logarithm of the raw close over the one before."""
    if not factor > 0:
        return False
    if np.isnan(move):
        return True
    size, rest = abs(np.log(factor)), abs(move - np.log(factor))
    percent = limits.percent(ticker, day) if limits.board(ticker) else None
    if percent is not None and size > LEAST and rest > np.log1p(percent / 100) + SLACK and rest > abs(move):
        return False
    return not (rest > LEAST and abs(move) < UNMOVED * size)


def _like_split(moves: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """True where a move (logarithm) is that of a whole number of shares for one, or of one for them."""
    ratios = np.log(np.array(SPLITS, dtype="float64"))
    with np.errstate(invalid="ignore"):
        near: npt.NDArray[np.bool_] = np.abs(np.abs(moves)[:, None] - ratios[None, :]) < NEAR
    return np.asarray(near.any(axis=1))
