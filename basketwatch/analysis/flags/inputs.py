"""What the rules are judged on: one market's sessions × tickers, as aligned matrices.

Raw and adjusted prices are different types, so that a limit cannot be taken on an adjusted price, nor a return or a
high on a raw one, without the type checker seeing it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NewType

import numpy as np
import numpy.typing as npt

from basketwatch.domain.model import Names

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]
Days = npt.NDArray[np.datetime64]
Small = npt.NDArray[np.int8]
RawPrices = NewType("RawPrices", npt.NDArray[np.float64])  # as traded, listing currency
AdjustedPrices = NewType("AdjustedPrices", npt.NDArray[np.float64])  # raw × ratio factor: comparable across ex-dates

LONG_LISTED = -1_000_000  # ``listed_at`` of a security that was listed long before the first session


@dataclass(frozen=True, slots=True)
class BasketInput:
    """A basket as seen from one market.

    ``inside``: sessions × tickers, True while a member. ``benchmark``: column of what it is compared with, -1 for
    none. ``home``: most of its members trade here; only there is the basket itself judged, and its members grouped.
    """

    id: str
    inside: Bools
    benchmark: int = -1
    home: bool = True


@dataclass(frozen=True, slots=True)
class Leader:
    """A US name that leads mainland baskets.

    ``moves``: per session of the mainland its compound move over the US sessions since the previous mainland session,
    a fraction; NaN unknown. ``baskets``: ids of the baskets that it leads.
    """

    ticker: str
    moves: Floats
    baskets: tuple[str, ...]


@dataclass(frozen=True)
class Inputs:
    """One market. T sessions (ascending) × N tickers: stocks, funds, indices and sectors of that calendar, each once.

    Matrices are (T, N) unless said; NaN = not known. Times and prices as ``domain.columns`` has them.
    """

    market: str  # calendar group: CN, HK, US, TW, KR
    sessions: Days  # (T,) datetime64[D]
    tickers: tuple[str, ...]
    names: Mapping[str, Names]  # of tickers and leaders, and of baskets by "basket:<id>"
    raw_open: RawPrices
    raw_high: RawPrices
    raw_low: RawPrices
    raw_close: RawPrices
    reference: (
        RawPrices  # the exchange's 前收盘: its own, else last traded raw close × the factor of an ex-date; or NaN
    )
    limit_up: RawPrices  # the quote's own limit prices, NaN where no quote gave them: then the rule's
    limit_down: RawPrices
    other_close: RawPrices  # the same close from a second source
    adjusted_high: AdjustedPrices
    adjusted_low: AdjustedPrices
    adjusted_close: AdjustedPrices
    volume: Floats  # shares
    turnover: Floats  # fraction
    pe_percentile: Floats  # mid-rank within its window, of the one series chosen for the ticker
    eps: Floats  # TTM, listing currency a share, of the same series
    suspended: Bools
    unexplained: Bools  # ex-date without a known factor, a jump, a hole: adjusted prices differ across this open, and
    # ``reference`` is NaN unless the exchange itself told it
    final: Bools  # the bar will not change any more
    st: Small  # ST by that date's name: 1 yes, 0 no, -1 not known
    due: Bools  # (T,) the session is over and its bars should be there; False for one that is running or to come
    abroad: Rows  # (T,) US sessions since the previous mainland session; 0: nothing to judge for ``us_leader``
    listed_at: Rows  # (N,) row of the listing day; LONG_LISTED
    benchmark_of: Rows  # (N,) column of what a ticker is compared with (same calendar); -1 none
    baskets: tuple[BasketInput, ...] = ()
    leaders: tuple[Leader, ...] = ()


def empty(market: str, sessions: Days, tickers: Sequence[str], names: Mapping[str, Names]) -> Inputs:
    """Inputs in which nothing is known, to be filled with ``dataclasses.replace``: every session due and final."""
    shape = (len(sessions), len(tickers))
    unknown, no = np.full(shape, np.nan), np.zeros(shape, dtype=np.bool_)
    raw, adjusted = RawPrices(unknown), AdjustedPrices(unknown)
    return Inputs(
        market, sessions.astype("datetime64[D]"), tuple(tickers), names,
        raw_open=raw, raw_high=raw, raw_low=raw, raw_close=raw, reference=raw, limit_up=raw, limit_down=raw,
        other_close=raw, adjusted_high=adjusted, adjusted_low=adjusted, adjusted_close=adjusted,
        volume=unknown, turnover=unknown, pe_percentile=unknown, eps=unknown,
        suspended=no, unexplained=no, final=~no, st=np.zeros(shape, dtype=np.int8),
        due=np.ones(shape[0], dtype=np.bool_), abroad=np.zeros(shape[0], dtype=np.int64),
        listed_at=np.full(shape[1], LONG_LISTED, dtype=np.int64), benchmark_of=np.full(shape[1], -1, dtype=np.int64),
    )  # fmt: skip
