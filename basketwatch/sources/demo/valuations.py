"""PE histories of the demo market: invented, the same every time, and in step with its prices and quotes.

Up to ten years a series, as far as the calendars reach. Before the demo market's first bar a price is walked back from
it. Profit of four quarters is a step that changes on announcement days and follows most of the price; PE = market cap /
profit, and ends at the quote's own ``pe_ttm``. As among real sources:

============ =========================================================================================================
mainland, HK ``ttm``, ten years; 301486.SZ only since its listing: too short for a band
US           ``announced_eps``, ten years, without a market cap; ``yahoo_trailing``, the short record of its own
TW, KR       ``announced_eps``
300249.SZ    a loss since the last two announcements: its PE is negative
LITE.US      a loss: no PE, but an EPS
300502.SZ    the newest announcement lifts its profit by 60 %
sectors      ``shenwan_pe``
CSI          ``csindex_rolling``
ChiNext      ``danjuan_weekly``, ten years, and ``cnindex_rolling``, daily, the last half-year
SOX, NASDAQ  no PE; the funds that stand in for them have ``etf_trailing``, not quite two years
============ =========================================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from math import log, nan
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pandas as pd

from basketwatch.domain import columns, markets
from basketwatch.domain.calendars import Calendar

YEARS = 10
SOURCE = "demo"
LOSING = ("300249.SZ", "LITE.US")
STEPPED, STEP = "300502.SZ", 1.6
OWN_RECORD, ROLLING_RECORD, FUND_RECORD = 120, 124, 460  # sessions of the short records

_FOLLOWS, _SLOW = 0.8, 120  # profit follows this much of the price's mean over so many sessions, on a log scale
_SURPRISE = 0.07  # of an announcement, log scale
_DAILY = {"stock": 0.021, "index": 0.011, "sector": 0.014}
_ANNOUNCED = (4, 8, 10)  # months in whose last days reports come out
_SPLIT = 0.95  # an ex-day with a smaller factor gives new shares; with a larger one it pays a dividend
_FUND_PRICE = 0.04  # of its index
# Where no quote tells a PE: invented levels, of the size that such a thing has; other sectors between 9 and 60.
_LEVELS = {
    "000300.SH": 14.2, "000905.SH": 33.0, "399006.SZ": 44.0, "801770.SI": 39.0, "801780.SI": 6.4, "SOXX.US": 46.0,
    "QQQ.US": 34.0, "LITE.US": 70.0,
}  # fmt: skip

Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]


@dataclass(frozen=True)
class _Path:
    """One ticker's sessions with raw price, shares (NaN for what has none) and PE, negative while it loses money."""

    ticker: str
    days: Days
    price: Floats
    shares: Floats
    pe: Floats

    def at(self, rows: npt.NDArray[np.int64] | slice) -> _Path:
        """Those sessions only."""
        return replace(self, days=self.days[rows], price=self.price[rows], shares=self.shares[rows], pe=self.pe[rows])


def rows(
    bars: pd.DataFrame, factors: pd.DataFrame, quotes: pd.DataFrame, calendars: Mapping[str, Calendar], now: datetime
) -> pd.DataFrame:
    """The histories as the store takes them (``columns.VALUATIONS``), in step with the bars, factors and quotes given."""
    told = quotes.set_index("ticker")[["pe_ttm", "market_cap", "last"]].to_dict("index")
    splits = factors.loc[factors["factor"] < _SPLIT].set_index("ticker")
    begun = bars.groupby(bars["ticker"].map(markets.group))["session"].min()
    parts = []
    for ticker, own in bars.groupby("ticker", sort=True):
        group, name = markets.group(str(ticker)), markets.STAND_INS.get(str(ticker), str(ticker))
        if group == "FX" or markets.kind(name) == "etf":
            continue
        scale = _FUND_PRICE if name != ticker else 1.0
        price = pd.Series(own["close"].to_numpy() * scale, index=own["session"].to_numpy().astype("datetime64[D]"))
        whole = price if own["session"].iat[0] > begun[group] else _extended(name, price, calendars[group])
        quote = told[ticker]
        shares = _shares(whole, quote["market_cap"] / quote["last"], splits.loc[splits.index == ticker])
        parts += _series(_path(name, whole, shares, quote["pe_ttm"]))
    made = pd.concat(parts, ignore_index=True).assign(source=SOURCE, fetched_at=pd.Timestamp(now))
    return made[list(columns.VALUATIONS)].astype(columns.dtypes(columns.VALUATIONS))


# --- prices, shares, profits --------------------------------------------------------------------------------------


def _rng(seed: str) -> np.random.Generator:
    return np.random.default_rng(crc32(seed.encode()))


def _extended(ticker: str, price: pd.Series, calendar: Calendar) -> pd.Series:
    """The price walked back to ``YEARS`` before its end, as far as the sessions are known."""
    first, last = price.index[0].date(), price.index[-1].date()
    start = date(last.year - YEARS, last.month, 1)
    before = [s.day for s in calendar.between(start, first) if s.day < first]
    moves = _rng(f"price {ticker}").normal(0, _DAILY[markets.kind(ticker)], len(before))
    walked = float(price.iloc[0]) / np.exp(np.cumsum(moves))[::-1]
    whole: pd.Series = pd.concat([pd.Series(np.round(walked, 2), index=np.array(before, dtype="datetime64[D]")), price])
    return whole


def _shares(price: pd.Series, now: float, splits: pd.DataFrame) -> Floats:
    shares = np.full(len(price), now)
    for day, factor in zip(splits["ex_date"], splits["factor"], strict=True):
        shares[price.index < day] *= factor
    return shares


def _path(ticker: str, price: pd.Series, shares: Floats, target: float) -> _Path:
    days, close = price.index.to_numpy().astype("datetime64[D]"), price.to_numpy(dtype="float64")
    worth = np.log(close * np.where(np.isnan(shares), 1.0, shares))
    announced, profit = _profit(ticker, days, worth)
    level = target if np.isfinite(target) else _LEVELS.get(ticker, 9 * 6.7 ** _rng(f"level {ticker}").random())
    pe = abs(level) * np.exp(worth - profit - (worth[-1] - profit[-1]))
    if ticker in LOSING:
        pe[announced[-2] :] *= -1
    return _Path(ticker, days, close, shares, np.round(pe, 2))


def _profit(ticker: str, days: Days, worth: Floats) -> tuple[npt.NDArray[np.int64], Floats]:
    """Rows of the announcements, and log profit of four quarters a session: a step at each of them."""
    rng = _rng(f"profit {ticker}")
    years = np.arange(days[0].astype("datetime64[Y]"), days[-1].astype("datetime64[Y]") + 1)
    due = np.sort([y.astype("datetime64[M]") + (m - 1) for y in years for m in _ANNOUNCED]).astype("datetime64[D]")
    at = np.unique(np.append(0, days.searchsorted(due + rng.integers(19, 29, len(due)))))
    at = at[at < len(days)]
    total = np.cumsum(np.insert(worth, 0, 0.0))
    start = np.maximum(at - _SLOW, 0)
    mean = (total[at + 1] - total[start]) / (at + 1 - start)
    told = _FOLLOWS * mean + rng.normal(0, _SURPRISE, len(at))
    if ticker == STEPPED:
        told[-1] = told[-2] + log(STEP)
    return at, np.repeat(told, np.diff(np.append(at, len(days))))


# --- series -------------------------------------------------------------------------------------------------------


def _series(path: _Path) -> list[pd.DataFrame]:
    """The series that real sources have of such a thing (see the table above)."""
    ticker, group = path.ticker, markets.group(path.ticker)
    if ticker in markets.STAND_INS.values():
        return [_rows(path.at(slice(-FUND_RECORD, None)), "etf_trailing")]
    if ticker == "399006.SZ":
        ends = np.flatnonzero(np.diff((path.days.astype("int64") + 3) // 7, append=np.inf))  # last sessions of weeks
        daily = path.at(slice(-ROLLING_RECORD, None))
        return [_rows(_times(path.at(ends), 0.97), "danjuan_weekly"), _rows(daily, "cnindex_rolling")]
    if markets.kind(ticker) != "stock":
        return [_rows(path, "shenwan_pe" if markets.kind(ticker) == "sector" else "csindex_rolling")]
    if markets.GROUP[group].pe == "ttm":
        return [_rows(path, "ttm")]
    rebuilt = _rows(_times(path, 0.985 + 0.035 * _rng(f"rebuilt {ticker}").random()), "announced_eps", eps=True)
    rebuilt["market_cap"] = nan
    own = [_rows(path.at(slice(-OWN_RECORD, None)), "yahoo_trailing", eps=True)] if group == "US" else []
    return [rebuilt, *own]


def _times(path: _Path, factor: float) -> _Path:
    """What another definition makes of the same PE."""
    return replace(path, pe=np.round(path.pe * factor, 2))


def _rows(path: _Path, definition: str, *, eps: bool = False) -> pd.DataFrame:
    """One series. Where EPS is told, a loss has no PE, as Yahoo sends it."""
    losing = path.pe < 0
    return pd.DataFrame({
        "ticker": path.ticker, "definition": definition, "session": path.days.astype("datetime64[s]"),
        "pe": np.where(losing, nan, path.pe) if eps else path.pe, "losing": losing, "price": path.price,
        "market_cap": path.price * path.shares, "eps": path.price / path.pe if eps else nan,
    })  # fmt: skip
