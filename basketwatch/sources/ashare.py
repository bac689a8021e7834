"""Daily histories of mainland and Hong Kong securities through akshare, with a second and third source behind each.

akshare writes the code that was *asked for* into its frames, so another stock's bars cannot be told by the frame
alone; the overlap with the bars already stored tells, and is compared before anything is saved. Its adjusted prices
change on every ex-date and are never kept: bars are raw, funds' factors are read off the steps between the two.
Functions of akshare that evaluate text from the network (stock_zh_a_daily, stock_hk_daily) are not used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

import numpy as np
import pandas as pd

from basketwatch import clock
from basketwatch.domain import markets
from basketwatch.domain.columns import FACTORS
from basketwatch.errors import BadAnswer, NoData, SuspectAnswer
from basketwatch.sources import History, tencent
from basketwatch.sources.net import guard
from basketwatch.sources.shape import as_bars, no_factors, shaped

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


def chain(ticker: str) -> list[tuple[str, Link]]:
    """Sources of a ticker's history in the order in which they are asked, each called with (ticker, years,
    final_before=); empty for other markets.

    Each gives raw daily bars, those of sessions before ``final_before`` final; funds with factors, others without
    (dividends come from ``eastmoney.fetch_dividends``); and raises a SourceError where it cannot.
    Source   https://quote.eastmoney.com/, https://gu.qq.com/, https://finance.sina.com.cn/ — read 2026-11.
    """
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


def _eastmoney(
    ask: Callable[..., pd.DataFrame],
    ticker: str,
    years: int,
    fields: Mapping[str, tuple[str, float]],
    final_before: date,
    **arguments: str,
) -> History:
    """What one of akshare's functions brings from Eastmoney, without factors."""
    raw = guard.run("eastmoney", ticker, ask, start_date=f"{_since(ticker, years):%Y%m%d}", **arguments)
    bars = parse_bars(raw, ticker, fields, source="eastmoney", final_before=final_before)
    return History(bars, no_factors(), "eastmoney")


def _stock(ticker: str, years: int, *, final_before: date) -> History:
    import akshare as ak

    return _eastmoney(ak.stock_zh_a_hist, ticker, years, EASTMONEY, final_before, symbol=_code(ticker), adjust="")


def _hong_kong(ticker: str, years: int, *, final_before: date) -> History:
    import akshare as ak

    return _eastmoney(ak.stock_hk_hist, ticker, years, EASTMONEY_HK, final_before, symbol=_code(ticker), adjust="")


def _index(ticker: str, years: int, *, final_before: date) -> History:
    import akshare as ak

    code = _code(ticker)
    symbol = f"csi{code}" if code.startswith("93") else tencent_symbol(ticker)
    return _eastmoney(ak.stock_zh_index_daily_em, ticker, years, EASTMONEY_INDEX, final_before, symbol=symbol)


def _sina_index(ticker: str, years: int, *, final_before: date) -> History:
    import akshare as ak

    raw = guard.run("sina", ticker, ak.stock_zh_index_daily, symbol=tencent_symbol(ticker))
    bars = parse_bars(raw, ticker, SINA_INDEX, source="sina", final_before=final_before)
    return History(_cut(bars, ticker, years), no_factors(), "sina")


def _fund(ticker: str, years: int, *, final_before: date) -> History:
    import akshare as ak

    both = [
        _eastmoney(
            ak.fund_etf_hist_em, ticker, years, EASTMONEY, final_before, symbol=_code(ticker), adjust=adjust
        ).bars
        for adjust in ("", "qfq")
    ]
    factors = factors_from_adjusted(*both)
    check_moves(both[0], factors)
    return History(both[0], factors, "eastmoney")


def _sina_fund(ticker: str, years: int, *, final_before: date) -> History:
    import akshare as ak

    raw = guard.run("sina", ticker, ak.fund_etf_hist_sina, symbol=tencent_symbol(ticker))
    bars = parse_bars(raw, ticker, SINA_FUND, source="sina", final_before=final_before)
    bars, factors = _cut(bars, ticker, years), factors_from_reference(raw, ticker)
    begun = factors["ex_date"] <= pd.Timestamp(clock.now().astimezone(markets.zone_of("CN")).date())
    factors = factors[begun & (factors["ex_date"] > bars["session"].min())].reset_index(drop=True)
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
    """A frame of akshare as columns.BARS; rows without a date or a close are left out.

    Raises   BadAnswer where a column is missing, NoData where no row is left.
    """
    day = "日期" if "日期" in raw else "date"
    if missing := {day, *fields} - set(raw):
        raise BadAnswer(source=source, detail=f"columns missing: {', '.join(sorted(missing))}")
    out = pd.DataFrame({c: pd.to_numeric(raw[f], errors="coerce") * k for f, (c, k) in fields.items()})
    out["session"] = pd.to_datetime(raw[day], errors="coerce")
    return as_bars(out, ticker, source, final_before)


# --- factors of funds --------------------------------------------------------------------------------------------


def factors_from_adjusted(raw: pd.DataFrame, adjusted: pd.DataFrame) -> pd.DataFrame:
    """columns.FACTORS from two columns.BARS of one fund, unadjusted and 前复权.

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
    """columns.FACTORS from Sina's ``prevclose``, the reference price of a session, over the close before it.

    Sina's packing has room for it in any row, as a distance from the close before; whether it is there on ex-dates has
    not been seen. Where it is not, ``check_moves`` refuses a fund that was split.
    Raises   BadAnswer where the column is not there: then a split could not be told from a crash.
    """
    if "prevclose" not in raw:
        raise BadAnswer(source="sina", detail="columns missing: prevclose")
    frame = pd.DataFrame({c: pd.to_numeric(raw[c], errors="coerce") for c in ("close", "prevclose")})
    frame = frame.assign(session=pd.to_datetime(raw["date"], errors="coerce"), ticker=ticker, source="sina")
    # a session that comes twice is not its own session before
    frame = frame.dropna(subset=["session", "close"]).sort_values("session", kind="stable").drop_duplicates("session")
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
    return shaped(steps.rename(columns={"session": "ex_date"}), FACTORS)
