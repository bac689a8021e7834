"""Eastmoney's data centre: PE-TTM of A-shares. The whole history of a stock once, then all stocks in one request.

Both are the report RPT_VALUEANALYSIS_DET, so the second continues the first: a row a closed session since 2018-01-02,
PE_TTM = market cap / profit of the last four quarters, negative when losing; raw close and caps in yuan. The "动态"
PE of Eastmoney's pages is another number and is in neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from basketwatch import clock
from basketwatch.domain import markets
from basketwatch.errors import BadAnswer, NoData
from basketwatch.sources import eastmoney
from basketwatch.sources.net import guard
from basketwatch.sources.shape import multiples

SOURCE = eastmoney.SOURCE
DEFINITION = "ttm"
QUESTION = {
    "reportName": "RPT_VALUEANALYSIS_DET",
    "columns": "SECURITY_CODE,TRADE_DATE,CLOSE_PRICE,PE_TTM,TOTAL_MARKET_CAP",
    "sortColumns": "TRADE_DATE,SECURITY_CODE",
    "sortTypes": "-1,1",
    "pageSize": "5000",
}
# column of ak.stock_value_em, and field of the report -> our column; units are the same
HISTORY = {"数据日期": "session", "当日收盘价": "price", "总市值": "market_cap", "PE(TTM)": "pe"}
FIELDS = {"TRADE_DATE": "session", "CLOSE_PRICE": "price", "TOTAL_MARKET_CAP": "market_cap", "PE_TTM": "pe"}


def fetch_history(ticker: str) -> pd.DataFrame:
    """PE-TTM of one A-share since 2018 in one request.

    Returns  columns.VALUATIONS by session; sessions without a PE are left out.
    Raises   Blocked, Unreachable, BadAnswer, NoData (also for what is no A-share: akshare fails on the empty answer).
    Source   ak.stock_value_em, https://data.eastmoney.com/gzfx/detail/300308.html
    """
    import akshare as ak

    raw = guard.run(SOURCE, ticker, _history, ak.stock_value_em, markets.split(ticker)[0], ticker)
    if not set(HISTORY) <= set(raw):
        raise BadAnswer(source=SOURCE, detail=f"columns {list(raw)}")
    found = multiples(raw.rename(columns=HISTORY).assign(ticker=ticker), SOURCE, DEFINITION, clock.now())
    if found.empty:
        raise NoData(source=SOURCE, ticker=ticker)
    return found


def _history(function: Any, code: str, ticker: str) -> pd.DataFrame:
    """akshare's function, which indexes into the ``null`` that stands for "no rows"."""
    try:
        found: pd.DataFrame = function(symbol=code)
    except TypeError as error:
        if guard.current().call.verdict is None and '"result":null' in guard.current().call.head.replace(" ", ""):
            raise NoData(source=SOURCE, ticker=ticker) from error
        raise
    return found


def fetch_bulk(tickers: Sequence[str], *, since: date) -> pd.DataFrame:
    """PE-TTM of many A-shares from ``since`` on; one request for 300 of them (two where codes must not be quoted).

    Returns  columns.VALUATIONS by ticker and session; empty where nothing is newer.
    Raises   Blocked, Unreachable, BadAnswer.
    Source   https://datacenter-web.eastmoney.com/api/data/v1/get?reportName=RPT_VALUEANALYSIS_DET
    """
    rows = eastmoney.fetch_rows(QUESTION, tickers, f"(TRADE_DATE>='{since}')")
    return parse_rows(rows, tickers)


def parse_rows(rows: Iterable[Mapping[str, Any]], tickers: Iterable[str]) -> pd.DataFrame:
    """Rows of the report about these stocks, others left out."""
    asked = {markets.split(t)[0]: t for t in tickers}
    raw = pd.DataFrame(list(rows)).reindex(columns=["SECURITY_CODE", *FIELDS]).rename(columns=FIELDS)
    named = raw["SECURITY_CODE"].astype("str").map(asked)
    known = raw[named.notna()].assign(ticker=named[named.notna()])
    return multiples(known, SOURCE, DEFINITION, clock.now()).sort_values("ticker", kind="stable", ignore_index=True)
