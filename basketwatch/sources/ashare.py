"""Daily histories of mainland and Hong Kong securities through akshare, with a second and third source behind each.

akshare writes the code that was *asked for* into its frames, so another stock's bars cannot be told by the frame
alone; the overlap with the bars already stored tells, and is compared before anything is saved. Its adjusted prices
change on every ex-date and are never kept: bars are raw, funds' factors are read off the steps between the two.
Functions of akshare that evaluate text from the network (stock_zh_a_daily, stock_hk_daily) are not used.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from basketwatch import clock, markets
from basketwatch.errors import BadAnswer, NoData, SourceError, SuspectAnswer
from basketwatch.frames import FACTORS
from basketwatch.sources import History, guard, tencent

Link = Callable[..., History]

# column of akshare -> (column, factor to its unit)
_PRICES: dict[str, tuple[str, float]] = {
    "开盘": ("open", 1.0),
    "收盘": ("close", 1.0),
    "最高": ("high", 1.0),
    "最低": ("low", 1.0),
    "成交额": ("amount", 1.0),  # 元, HKD
    "换手率": ("turnover", 0.01),  # %
}
EASTMONEY: dict[str, tuple[str, float]] = _PRICES | {"成交量": ("volume", 100.0)}  # 手, STAR and funds too
EASTMONEY_HK: dict[str, tuple[str, float]] = _PRICES | {"成交量": ("volume", 1.0)}  # shares
_ENGLISH: dict[str, tuple[str, float]] = {name: (name, 1.0) for name in ("open", "high", "low", "close")}
EASTMONEY_INDEX: dict[str, tuple[str, float]] = _ENGLISH | {"volume": ("volume", 100.0), "amount": ("amount", 1.0)}
SINA_INDEX: dict[str, tuple[str, float]] = _ENGLISH  # the unit of its volume is not known: not read
SINA_FUND: dict[str, tuple[str, float]] = _ENGLISH | {"volume": ("volume", 1.0), "amount": ("amount", 1.0)}

STEP = 0.001  # smaller steps between raw and adjusted prices are rounding
FURTHEST = 0.22  # funds are limited to 10 or 20 % a session
TICK = 0.001  # of funds, to which adjusted prices are rounded as well

_log = logging.getLogger(__name__)


def fetch_history(ticker: str, years: int, *, final_before: date) -> History:
    """Raw daily bars of ``years`` years of a mainland or Hong Kong security or index, from the first source that gives.

    Returns  History; funds with factors, others without (dividends come from ``eastmoney.fetch_dividends``). Bars of
             sessions before ``final_before`` are final.
    Raises   the SourceError of the last source; its ``tried`` lists (source, state) of all.
    Source   https://quote.eastmoney.com/, https://gu.qq.com/, https://finance.sina.com.cn/ — read 2026-11.
    """
    error: SourceError = NoData(source="akshare", ticker=ticker)
    tried: list[tuple[str, str]] = []
    for source, link in chain(ticker):
        try:
            history = link(ticker, years, final_before=final_before)
        except SourceError as failure:
            error = failure
            tried.append((source, failure.state))
        else:
            _log.info("history of %s from %s, before it %s", ticker, source, tried or "none")
            return history
    error.tried = tried  # type: ignore[attr-defined]
    raise error


def chain(ticker: str) -> list[tuple[str, Link]]:
    """Sources of a ticker's history in the order in which they are asked; empty for other markets."""
    kind, suffix = markets.kind(ticker), markets.split(ticker)[1].suffix
    if suffix == "HK":
        return [("eastmoney", _hong_kong), ("tencent", tencent.fetch_history)]
    if suffix not in ("SH", "SZ", "BJ"):
        return []
    if kind == "index":
        return [("eastmoney", _index), ("sina", _sina_index), ("tencent", tencent.fetch_history)]
    if kind == "etf":  # no third one: bars without the factors of a split are worse than old ones
        return [("eastmoney", _fund), ("sina", _sina_fund)]
    stock: list[tuple[str, Link]] = [("eastmoney", _stock)]
    return stock if suffix == "BJ" else [*stock, ("tencent", tencent.fetch_history)]


def _since(ticker: str, years: int) -> pd.Timestamp:
    today = clock.now().astimezone(markets.split(ticker)[1].zone).date()
    return pd.Timestamp(today) - pd.DateOffset(years=years)


def _code(ticker: str) -> str:
    return markets.split(ticker)[0]


def _stock(ticker: str, years: int, *, final_before: date) -> History:
    import akshare as ak

    start = f"{_since(ticker, years):%Y%m%d}"
    raw = guard.run("eastmoney", ticker, ak.stock_zh_a_hist, symbol=_code(ticker), start_date=start, adjust="")
    bars = parse_bars(raw, ticker, EASTMONEY, source="eastmoney", final_before=final_before)
    return History(bars, tencent.no_factors(), "eastmoney")


def _hong_kong(ticker: str, years: int, *, final_before: date) -> History:
    import akshare as ak

    start = f"{_since(ticker, years):%Y%m%d}"
    raw = guard.run("eastmoney", ticker, ak.stock_hk_hist, symbol=_code(ticker), start_date=start, adjust="")
    bars = parse_bars(raw, ticker, EASTMONEY_HK, source="eastmoney", final_before=final_before)
    return History(bars, tencent.no_factors(), "eastmoney")


def _index(ticker: str, years: int, *, final_before: date) -> History:
    import akshare as ak

    code, start = _code(ticker), f"{_since(ticker, years):%Y%m%d}"
    symbol = f"csi{code}" if code.startswith("93") else tencent_symbol(ticker)
    raw = guard.run("eastmoney", ticker, ak.stock_zh_index_daily_em, symbol=symbol, start_date=start)
    bars = parse_bars(raw, ticker, EASTMONEY_INDEX, source="eastmoney", final_before=final_before)
    return History(bars, tencent.no_factors(), "eastmoney")


def _sina_index(ticker: str, years: int, *, final_before: date) -> History:
    import akshare as ak

    raw = guard.run("sina", ticker, ak.stock_zh_index_daily, symbol=tencent_symbol(ticker))
    bars = parse_bars(raw, ticker, SINA_INDEX, source="sina", final_before=final_before)
    return History(_cut(bars, ticker, years), tencent.no_factors(), "sina")


def _fund(ticker: str, years: int, *, final_before: date) -> History:
    import akshare as ak

    code, start = _code(ticker), f"{_since(ticker, years):%Y%m%d}"
    both = []
    for adjust in ("", "qfq"):
        raw = guard.run("eastmoney", ticker, ak.fund_etf_hist_em, symbol=code, start_date=start, adjust=adjust)
        both.append(parse_bars(raw, ticker, EASTMONEY, source="eastmoney", final_before=final_before))
    factors = factors_from_adjusted(*both)
    check_moves(both[0], factors)
    return History(both[0], factors, "eastmoney")


def _sina_fund(ticker: str, years: int, *, final_before: date) -> History:
    import akshare as ak

    raw = guard.run("sina", ticker, ak.fund_etf_hist_sina, symbol=tencent_symbol(ticker))
    bars = parse_bars(raw, ticker, SINA_FUND, source="sina", final_before=final_before)
    bars, factors = _cut(bars, ticker, years), factors_from_reference(raw, ticker)
    factors = factors[factors["ex_date"] > bars["session"].min()].reset_index(drop=True)
    check_moves(bars, factors)
    return History(bars, factors, "sina")


def tencent_symbol(ticker: str) -> str:
    """sh000300, sz399006, sh515880: how akshare's Sina functions and its index function name things too."""
    return markets.tencent(ticker) or ""


def _cut(bars: pd.DataFrame, ticker: str, years: int) -> pd.DataFrame:
    """Drop what is older than asked for, from a source that always sends everything."""
    kept = bars[bars["session"] >= _since(ticker, years)].reset_index(drop=True)
    if kept.empty:
        raise NoData(source=str(bars["source"].iloc[0]), ticker=ticker)
    return kept


def parse_bars(
    raw: pd.DataFrame, ticker: str, fields: Mapping[str, tuple[str, float]], *, source: str, final_before: date
) -> pd.DataFrame:
    """A frame of akshare as frames.BARS; rows without a date or a close are left out.

    Raises   BadAnswer where a column is missing, NoData where no row is left.
    """
    day = "日期" if "日期" in raw else "date"
    if missing := {day, *fields} - set(raw):
        raise BadAnswer(source=source, detail=f"columns missing: {', '.join(sorted(missing))}")
    out = pd.DataFrame({c: pd.to_numeric(raw[f], errors="coerce") * k for f, (c, k) in fields.items()})
    out["session"] = pd.to_datetime(raw[day], errors="coerce")
    return tencent.as_bars(out, ticker, source, final_before)


# --- factors of funds --------------------------------------------------------------------------------------------


def factors_from_adjusted(raw: pd.DataFrame, adjusted: pd.DataFrame) -> pd.DataFrame:
    """frames.FACTORS from two frames.BARS of one fund, unadjusted and 前复权.

    Adjusted ÷ raw is constant between ex-dates, and steps on them. A step counts above 0.1 % *and* above what the
    rounding of two adjusted prices to a tick can make (a fund of 0.30 yuan wavers by 0.3 %).
    """
    both = raw.merge(adjusted[["session", "close"]], on="session", suffixes=("", "_adjusted")).sort_values("session")
    both = both[(both["close"] > 0) & (both["close_adjusted"] > 0)]
    ratio = both["close_adjusted"] / both["close"]
    wobble = TICK / 2 / both["close_adjusted"]
    both = both.assign(factor=ratio.shift() / ratio)
    return _factors(both[(both["factor"] - 1).abs() > np.maximum(STEP, wobble + wobble.shift())])


def factors_from_reference(raw: pd.DataFrame, ticker: str) -> pd.DataFrame:
    """frames.FACTORS from Sina's ``prevclose``, the reference price of a session, over the close before it.

    Raises   BadAnswer where the column is not there: then a split could not be told from a crash.
    """
    if "prevclose" not in raw:
        raise BadAnswer(source="sina", detail="columns missing: prevclose")
    frame = pd.DataFrame({c: pd.to_numeric(raw[c], errors="coerce") for c in ("close", "prevclose")})
    frame = frame.assign(session=pd.to_datetime(raw["date"], errors="coerce"), ticker=ticker, source="sina")
    frame = frame.dropna(subset=["session", "close"]).sort_values("session")
    frame = frame.assign(factor=frame["prevclose"] / frame["close"].shift())
    return _factors(frame[(frame["prevclose"] > 0) & ((frame["factor"] - 1).abs() > STEP)])


def check_moves(bars: pd.DataFrame, factors: pd.DataFrame) -> None:
    """Raise SuspectAnswer where a fund moves further in a session than its price limit lets it: a factor is missing."""
    known = bars["session"].map(factors.set_index("ex_date")["factor"]).fillna(1.0)
    moves = (bars["close"] / (bars["close"].shift() * known) - 1).abs()
    if moves.max() > FURTHEST:
        day = bars.loc[moves == moves.max(), "session"].iloc[0]
        said = {"source": bars["source"].iloc[0], "ticker": bars["ticker"].iloc[0]}
        raise SuspectAnswer(**said, detail=f"{day:%Y-%m-%d}: a move of {moves.max():.0%} and no factor")


def _factors(steps: pd.DataFrame) -> pd.DataFrame:
    dtypes: dict[str, Any] = {column: dtype for column, (dtype, _, _) in FACTORS.items()}
    named = steps.rename(columns={"session": "ex_date"}).reindex(columns=list(FACTORS))
    return named.astype(dtypes).reset_index(drop=True)
