"""PE of mainland indices: CSI 300 from the index company (csindex), ChiNext from Danjuan and from cnindex.

Three sources, three definitions, never one series. csindex: 滚动市盈率, daily. Danjuan: weekly points since 2016.
cnindex: PE滚动 of today only, which becomes a history by being kept every day.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from basketwatch import clock, markets
from basketwatch.errors import BadAnswer, NoData, SuspectAnswer
from basketwatch.sources import guard
from basketwatch.sources.shape import multiples

CSINDEX, DANJUAN, CNINDEX = "csindex", "danjuan", "cnindex"
DEFINITIONS = {CSINDEX: "csindex_rolling", DANJUAN: "danjuan_weekly", CNINDEX: "cnindex_rolling"}
# Which index is asked of whom. csindex does not have ChiNext.
TICKERS = {CSINDEX: ("000300.SH",), DANJUAN: ("399006.SZ",), CNINDEX: ("399006.SZ",)}
FIRST = date(2011, 1, 1)  # csindex's series begins in June; a Saturday, so that a first row of that day is seen through
DANJUAN_URL = "https://danjuanfunds.com/djapi/index_eva/pe_history/"


def fetch_csindex(ticker: str, first: date, last: date) -> pd.DataFrame:
    """滚动市盈率 of a csindex index, and its close as ``price``, in one request.

    The first row may be a copy that is dated at ``first``: give a day without a session.

    Returns  frames.VALUATIONS by session.
    Raises   Blocked, Unreachable, BadAnswer, NoData; SuspectAnswer for another index.
    Source   ak.stock_zh_index_hist_csindex, https://www.csindex.com.cn/csindex-home/perf/index-perf
    """
    import akshare as ak

    code = markets.split(ticker)[0]
    days = {"start_date": f"{first:%Y%m%d}", "end_date": f"{last:%Y%m%d}"}
    raw = guard.run(CSINDEX, ticker, ak.stock_zh_index_hist_csindex, symbol=code, **days)
    if not {"日期", "指数代码", "收盘", "滚动市盈率"} <= set(raw):
        raise BadAnswer(source=CSINDEX, detail=f"columns {list(raw)}")
    if set(raw["指数代码"].astype("str").str.zfill(6)) != {code}:
        raise SuspectAnswer(source=CSINDEX, ticker=ticker, detail="another index in the answer")
    return _some(raw.rename(columns={"日期": "session", "收盘": "price", "滚动市盈率": "pe"}), ticker, CSINDEX)


def fetch_danjuan(ticker: str) -> pd.DataFrame:
    """Weekly PE of an index, all that Danjuan has, in one request; no price.

    Returns  frames.VALUATIONS by day; a PE of 0 is a missing one.
    Raises   Blocked, Unreachable, BadAnswer, NoData.
    Source   https://danjuanfunds.com/djapi/index_eva/pe_history/SZ399006?day=all (no other ``day`` is answered)
    """
    code, market = markets.split(ticker)
    headers = {"Referer": f"https://danjuanfunds.com/dj-valuation-table-detail/{market.suffix}{code}"}
    url = f"{DANJUAN_URL}{market.suffix}{code}"
    answer = guard.fetch_json(url, source=DANJUAN, params={"day": "all"}, headers=headers)
    return _some(pd.DataFrame(parse_danjuan(answer), columns=["session", "pe"]), ticker, DANJUAN)


def parse_danjuan(answer: Any) -> list[tuple[pd.Timestamp, object]]:
    """Day and PE of each point. ``ts`` is midnight in Beijing as milliseconds of UTC: 16:00 of the day before."""
    data = answer.get("data") if isinstance(answer, Mapping) else None
    points = data.get("index_eva_pe_growths") if isinstance(data, Mapping) else None
    if not isinstance(points, list):
        code = answer.get("result_code") if isinstance(answer, Mapping) else "no object"
        raise BadAnswer(source=DANJUAN, detail=f"no points: {code}")
    try:
        stamps = [pd.Timestamp(int(p["ts"]), unit="ms", tz="UTC").tz_convert("Asia/Shanghai") for p in points]
        return [(at.tz_localize(None).normalize(), p["pe"]) for at, p in zip(stamps, points, strict=True)]
    except (KeyError, TypeError, ValueError) as error:
        raise BadAnswer(source=DANJUAN, detail=f"a point without ts or pe: {error}") from error


def fetch_cnindex(ticker: str, *, session: date) -> pd.DataFrame:
    """PE滚动 of one index and its close as ``price``. The answer bears no date: the caller says which session it shows.

    Whether it does, the price tells: it is held against the stored close (``pe_checks``).

    Returns  frames.VALUATIONS, one row.
    Raises   Blocked, Unreachable, BadAnswer, NoData.
    Source   ak.index_all_cni, https://www.cnindex.com.cn/index/indexList
    """
    import akshare as ak

    raw = guard.run(CNINDEX, ticker, ak.index_all_cni)
    if not {"指数代码", "收盘点位", "PE滚动"} <= set(raw):
        raise BadAnswer(source=CNINDEX, detail=f"columns {list(raw)}")
    mine = raw[raw["指数代码"].astype("str") == markets.split(ticker)[0]]
    named = mine.rename(columns={"收盘点位": "price", "PE滚动": "pe"})
    return _some(named.assign(session=pd.Timestamp(session)), ticker, CNINDEX)


def _some(found: pd.DataFrame, ticker: str, source: str) -> pd.DataFrame:
    rows = multiples(found, ticker, source, DEFINITIONS[source], clock.now())
    if rows.empty:
        raise NoData(source=source, ticker=ticker)
    return rows
