"""Baidu: PE-TTM of Hong Kong and US stocks, years of it in one request; the only free one for Hong Kong.

A series by calendar day: weekends and holidays repeat the value before, and longer spans may be coarser than daily.
The answers bear neither name nor code nor price, so that another stock's would not be noticed. Not seen live.

Hong Kong goes through akshare. akshare's function for the US opens a bare ``http.client`` connection, which knows no
proxy and no time-out and which the guard cannot see; so this module puts the same question through the guard itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from basketwatch import clock
from basketwatch.domain import markets
from basketwatch.errors import BadAnswer, NoData
from basketwatch.sources.net import guard
from basketwatch.sources.shape import multiples

SOURCE = "baidu"
DEFINITION = "ttm"
US_URL = "https://gushitong.baidu.com/opendata"
INDICATOR = "市盈率(TTM)"
ALL = "全部"


def fetch_history(ticker: str) -> pd.DataFrame:
    """PE-TTM of one stock of Hong Kong or the US, as far back as Baidu goes, in one request.

    Returns  columns.VALUATIONS by day, the days without a session among them; neither price nor cap.
    Raises   Blocked, Unreachable, BadAnswer, NoData.
    Source   ak.stock_hk_valuation_baidu; https://gushitong.baidu.com/stock/us-NVDA
    """
    return _fetch_hk(ticker) if markets.group(ticker) == "HK" else _fetch_us(ticker)


def _fetch_hk(ticker: str) -> pd.DataFrame:
    import akshare as ak

    code = markets.split(ticker)[0]
    raw = guard.run(SOURCE, ticker, ak.stock_hk_valuation_baidu, symbol=code, indicator=INDICATOR, period=ALL)
    if not {"date", "value"} <= set(raw):
        raise BadAnswer(source=SOURCE, detail=f"columns {list(raw)}")
    return _shaped(raw, ticker)


def _fetch_us(ticker: str) -> pd.DataFrame:
    params = {
        "openapi": "1", "dspName": "iphone", "tn": "tangram", "client": "app", "query": INDICATOR,
        "code": markets.split(ticker)[0].replace("-", "."), "word": "", "resource_id": "51171", "market": "us",
        "tag": INDICATOR, "chart_select": ALL, "industry_select": "", "skip_industry": "1", "finClientType": "pc",
    }  # fmt: skip
    answer = guard.fetch_json(US_URL, source=SOURCE, params=params)
    return _shaped(pd.DataFrame(parse_body(answer, ticker), columns=["date", "value"]), ticker)


def parse_body(answer: Any, ticker: str) -> list[tuple[object, object]]:
    """Pairs of date and value in an answer of ``opendata``. Raises NoData for ``Result: []``, BadAnswer."""
    results = answer.get("Result") if isinstance(answer, Mapping) else None
    if results in ([], None) and isinstance(answer, Mapping) and "Result" in answer:
        raise NoData(source=SOURCE, ticker=ticker)
    try:
        body = results[0]["DisplayData"]["resultData"]["tplData"]["result"]["chartInfo"][0]["body"]  # type: ignore[index]
        return [(row[0], row[1]) for row in body]
    except (KeyError, IndexError, TypeError) as error:
        raise BadAnswer(source=SOURCE, detail=f"no chart in the answer: {type(error).__name__}") from error


def _shaped(raw: pd.DataFrame, ticker: str) -> pd.DataFrame:
    named = raw.rename(columns={"date": "session", "value": "pe"})
    found = multiples(named.assign(ticker=ticker), SOURCE, DEFINITION, clock.now())
    if found.empty:
        raise NoData(source=SOURCE, ticker=ticker)
    return found
