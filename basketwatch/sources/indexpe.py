"""PE of mainland indices: CSI 300 from the index company (csindex), ChiNext from Danjuan and from cnindex.

Three sources, three definitions, never one series. csindex: 滚动市盈率, daily. Danjuan: weekly points since 2016.
cnindex: PE滚动 of today only, which becomes a history by being kept every day.

Own readers, one request each: akshare names csindex's columns by their places, so a column more is a wrong PE, and its
import would be the longest step of a daily refresh.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from basketwatch import clock
from basketwatch.domain import markets
from basketwatch.errors import BadAnswer, NoData, SuspectAnswer
from basketwatch.sources.net import guard
from basketwatch.sources.shape import multiples

CSINDEX, DANJUAN, CNINDEX = "csindex", "danjuan", "cnindex"
DEFINITIONS = {CSINDEX: "csindex_rolling", DANJUAN: "danjuan_weekly", CNINDEX: "cnindex_rolling"}
# Which index is asked of whom. csindex does not have ChiNext.
TICKERS = {CSINDEX: ("000300.SH",), DANJUAN: ("399006.SZ",), CNINDEX: ("399006.SZ",)}
FIRST = date(2011, 1, 1)  # csindex's series begins in June; a Saturday, so that a first row of that day is seen through
CSINDEX_URL = "https://www.csindex.com.cn/csindex-home/perf/index-perf"
DANJUAN_URL = "https://danjuanfunds.com/djapi/index_eva/pe_history/"
CNINDEX_URL = "https://www.cnindex.com.cn/index/indexList"
EVERY = {"channelCode": "-1", "rows": "2000", "pageNum": "1"}
# field of an answer -> column; ``peg`` is 滚动市盈率, ``peDynamic`` PE滚动
PERFORMANCE = {"indexCode": "code", "tradeDate": "session", "close": "price", "peg": "pe"}
LISTED = {"indexcode": "code", "closeingPoint": "price", "peDynamic": "pe"}


def fetch_csindex(ticker: str, first: date, last: date) -> pd.DataFrame:
    """滚动市盈率 of a csindex index, and its close as ``price``, in one request.

    The first row may be a copy that is dated at ``first``: give a day without a session.

    Returns  columns.VALUATIONS by session.
    Raises   Blocked, Unreachable, BadAnswer, NoData; SuspectAnswer for another index.
    Source   https://www.csindex.com.cn/csindex-home/perf/index-perf?indexCode=000300&startDate=…&endDate=…
    """
    code = markets.split(ticker)[0]
    params = {"indexCode": code, "startDate": f"{first:%Y%m%d}", "endDate": f"{last:%Y%m%d}"}
    answer = guard.fetch_json(CSINDEX_URL, source=CSINDEX, params=params)
    found = _table(_list(answer, ("data",), CSINDEX), PERFORMANCE, ticker, CSINDEX)
    if set(found["code"]) != {code}:
        raise SuspectAnswer(source=CSINDEX, ticker=ticker, detail="another index in the answer")
    days = pd.to_datetime(found["session"].astype("str"), format="%Y%m%d", errors="coerce")
    return _some(found.assign(session=days), ticker, CSINDEX)


def fetch_danjuan(ticker: str) -> pd.DataFrame:
    """Weekly PE of an index, all that Danjuan has, in one request; no price.

    Returns  columns.VALUATIONS by day; a PE of 0 is a missing one.
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
    points = _list(answer, ("data", "index_eva_pe_growths"), DANJUAN)
    try:
        stamps = [pd.Timestamp(int(p["ts"]), unit="ms", tz="UTC").tz_convert("Asia/Shanghai") for p in points]
        return [(at.tz_localize(None).normalize(), p["pe"]) for at, p in zip(stamps, points, strict=True)]
    except (KeyError, TypeError, ValueError) as error:
        raise BadAnswer(source=DANJUAN, detail=f"a point without ts or pe: {error}") from error


def fetch_cnindex(ticker: str, *, session: date) -> pd.DataFrame:
    """PE滚动 of one index and its close as ``price``. The answer bears no date: the caller says which session it shows.

    Whether it does, the price tells: it is held against the stored close (``pe_checks``).

    Returns  columns.VALUATIONS, one row.
    Raises   Blocked, Unreachable, BadAnswer, NoData.
    Source   https://www.cnindex.com.cn/index/indexList?channelCode=-1&rows=2000&pageNum=1
    """
    answer = guard.fetch_json(CNINDEX_URL, source=CNINDEX, params=EVERY)
    found = _table(_list(answer, ("data", "rows"), CNINDEX), LISTED, ticker, CNINDEX)
    mine = found[found["code"] == markets.split(ticker)[0]]
    return _some(mine.assign(session=pd.Timestamp(session)), ticker, CNINDEX)


def _list(answer: Any, keys: Sequence[str], source: str) -> list[Any]:
    """What lies under ``keys`` of an answer. Raises BadAnswer where it is no list, with the code that was sent instead."""
    inner = answer
    for key in keys:
        inner = inner.get(key) if isinstance(inner, Mapping) else None
    if not isinstance(inner, list):
        code = answer.get("result_code", answer.get("code")) if isinstance(answer, Mapping) else "no object"
        raise BadAnswer(source=source, detail=f"no {keys[-1]}: {code}")
    return inner


def _table(rows: list[Any], fields: Mapping[str, str], ticker: str, source: str) -> pd.DataFrame:
    """The named fields of an answer's rows, the code as text. Raises NoData without rows, BadAnswer without a field."""
    if not rows:
        raise NoData(source=source, ticker=ticker)
    found = pd.DataFrame(rows)
    if not set(fields) <= set(found):
        raise BadAnswer(source=source, detail=f"columns {list(found)}")
    named = found.rename(columns=dict(fields))[[*fields.values()]]
    return named.assign(code=named["code"].astype("str"))


def _some(frame: pd.DataFrame, ticker: str, source: str) -> pd.DataFrame:
    rows = multiples(frame.assign(ticker=ticker), source, DEFINITIONS[source], clock.now())
    if rows.empty:
        raise NoData(source=source, ticker=ticker)
    return rows
