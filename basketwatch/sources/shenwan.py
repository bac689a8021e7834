"""Shenwan: the 31 level-1 sector indices, from the institute's own site. A year of all sectors is one request.

Public code carries wrong sector tables (801770 as 计算机), so the names in every answer are held against ``LEVEL_1``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from basketwatch import clock
from basketwatch.domain.columns import BARS, QUOTES, VALUATIONS
from basketwatch.errors import BadAnswer, NoData, SuspectAnswer
from basketwatch.sources import QuoteSource
from basketwatch.sources.net import guard
from basketwatch.sources.shape import multiples, shaped

if TYPE_CHECKING:
    import pandas as pd

SOURCE = "shenwan"
DEFINITION = "shenwan_pe"
REPORT_URL = "https://www.swsresearch.com/institute-sw/api/index_analysis/index_analysis_report/"
CURRENT_URL = "https://www.swsresearch.com/institute-sw/api/index_publish/current/"
LEVEL = "一级行业"
FALLBACK = "801770.SI"  # the one sector fetched by itself when a year comes shortened

# Level-1 sectors of the 2021 classification, which has had 31 since 2021-12-13.
LEVEL_1: dict[str, str] = {
    "801010.SI": "农林牧渔",
    "801030.SI": "基础化工",
    "801040.SI": "钢铁",
    "801050.SI": "有色金属",
    "801080.SI": "电子",
    "801110.SI": "家用电器",
    "801120.SI": "食品饮料",
    "801130.SI": "纺织服饰",
    "801140.SI": "轻工制造",
    "801150.SI": "医药生物",
    "801160.SI": "公用事业",
    "801170.SI": "交通运输",
    "801180.SI": "房地产",
    "801200.SI": "商贸零售",
    "801210.SI": "社会服务",
    "801230.SI": "综合",
    "801710.SI": "建筑材料",
    "801720.SI": "建筑装饰",
    "801730.SI": "电力设备",
    "801740.SI": "国防军工",
    "801750.SI": "计算机",
    "801760.SI": "传媒",
    "801770.SI": "通信",
    "801780.SI": "银行",
    "801790.SI": "非银金融",
    "801880.SI": "汽车",
    "801890.SI": "机械设备",
    "801950.SI": "煤炭",
    "801960.SI": "石油石化",
    "801970.SI": "环保",
    "801980.SI": "美容护理",
}

# field of the daily report -> (column, factor). The report has no open, high, low and amount.
REPORT: dict[str, tuple[str, float]] = {
    "closeindex": ("close", 1.0),  # points
    "bargainamount": ("volume", 1e8),  # 亿股
    "turnoverrate": ("turnover", 0.01),  # %
}
# field of the current page -> (column, factor)
CURRENT: dict[str, tuple[str, float]] = {
    "l3": ("previous_close", 1.0),
    "l4": ("open", 1.0),
    "l5": ("amount", 1e6),  # 百万元
    "l6": ("high", 1.0),
    "l7": ("low", 1.0),
    "l8": ("last", 1.0),
    "l11": ("volume", 1e6),  # 百万股
}
# column of ak.index_hist_sw -> (column, factor)
TREND: dict[str, tuple[str, float]] = {
    "收盘": ("close", 1.0),
    "开盘": ("open", 1.0),
    "最高": ("high", 1.0),
    "最低": ("low", 1.0),
    "成交量": ("volume", 1e8),  # 亿股
    "成交额": ("amount", 1e8),  # 亿元
}


@dataclass(frozen=True)
class Days:
    """What the daily report says of the sectors: closes (columns.BARS) and, of the same rows, PE (columns.VALUATIONS).

    ``sectors``: session -> how many of the 31 sectors it has. ``cut``: years that came with fewer rows than announced;
    they are in neither frame, save for the closes of ``FALLBACK``.
    """

    bars: pd.DataFrame
    valuations: pd.DataFrame
    sectors: pd.Series
    cut: tuple[str, ...] = ()


def fetch_days(first: date, last: date, names: Mapping[str, str] = LEVEL_1) -> Days:
    """Closes and PE of every sector of ``names`` (ticker -> Chinese name), one request a calendar year for both.

    Returns  Days; closes with volume and turnover where printed. The newest day is not final while it lacks sectors.
             Where the site shortens a year, the closes of 801770.SI alone, with open, high and low, from its own
             history, and no PE. Whether the site's PE is TTM or static is not established: definition shenwan_pe.
    Raises   Blocked, Unreachable, BadAnswer, NoData; SuspectAnswer where a code bears another name.
    Source   https://www.swsresearch.com/institute-sw/api/index_analysis/index_analysis_report/
    """
    import pandas as pd

    rows: list[Mapping[str, Any]] = []
    for year in range(first.year, last.year + 1):
        begin, end = max(first, date(year, 1, 1)), min(last, date(year, 12, 31))
        found, count = fetch_report(begin, end)
        if len(found) != count:
            cut = f"{year}: {len(found)}/{count}"
            return Days(_fetch_alone(first, last), shaped(pd.DataFrame(), VALUATIONS), pd.Series(dtype="int64"), (cut,))
        rows += found
    bars = parse_closes(rows, names)
    return Days(bars, parse_valuations(rows, names), _count_sectors(rows))


def parse_valuations(rows: Iterable[Mapping[str, Any]], names: Mapping[str, str] = LEVEL_1) -> pd.DataFrame:
    """``pe`` of report rows as columns.VALUATIONS, sorted by session and ticker; ``price``: the close of the sector."""
    out = _sectors(rows, names, {"pe": ("pe", 1.0), "closeindex": ("price", 1.0)})
    out["session"] = _dates(out)
    return multiples(out.sort_values("ticker", kind="stable"), SOURCE, DEFINITION, clock.now())


def _count_sectors(rows: Iterable[Mapping[str, Any]]) -> pd.Series:
    known = _sectors(rows, LEVEL_1, {"closeindex": ("close", 1.0)})
    known["session"] = _dates(known)
    return known.dropna(subset=["close"]).groupby("session")["ticker"].nunique()


def _dates(rows: pd.DataFrame) -> pd.Series:
    """``2026-04-24T08:00:00+08:00``: the date is Beijing's, and stands at the front."""
    import pandas as pd

    return pd.to_datetime(rows["bargaindate"].astype("str").str[:10], format="%Y-%m-%d", errors="coerce")


def fetch_report(begin: date, end: date) -> tuple[list[Mapping[str, Any]], int]:
    """Rows of the daily report (closes and valuations of all sectors), and how many the site says there are."""
    params = {
        "page": "1",
        "page_size": "10000",
        "index_type": LEVEL,
        "start_date": begin.isoformat(),
        "end_date": end.isoformat(),
        "type": "DAY",
        "swindexcode": "all",
    }
    return _results(guard.fetch_json(REPORT_URL, source=SOURCE, params=params))


def _results(answer: Any) -> tuple[list[Mapping[str, Any]], int]:
    data = answer.get("data") if isinstance(answer, Mapping) else None
    results = data.get("results") if isinstance(data, Mapping) else None
    if not isinstance(results, list) or not isinstance(data, Mapping):
        raise BadAnswer(source=SOURCE, detail="no results in the answer")
    count = data.get("count", len(results))
    if not isinstance(count, int):
        raise BadAnswer(source=SOURCE, detail=f"count {count}")
    return [row for row in results if isinstance(row, Mapping)], count


def parse_closes(rows: Iterable[Mapping[str, Any]], names: Mapping[str, str] = LEVEL_1) -> pd.DataFrame:
    """Report rows as columns.BARS, sorted by session and ticker. Raises NoData, SuspectAnswer."""
    out = _sectors(rows, names, REPORT)
    out["session"] = _dates(out)
    out = out.dropna(subset=["session", "close"])
    if out.empty:
        raise NoData(source=SOURCE, ticker=LEVEL)
    out = out.sort_values(["session", "ticker"])
    _check_names(out.drop_duplicates("ticker", keep="last"), names)  # a sector may have borne another name in the past
    newest = out["session"] == out["session"].max()
    out["final"] = ~newest | (out.loc[newest, "ticker"].nunique() >= len(names))
    return shaped(out.assign(source=SOURCE), BARS)


def _sectors(
    rows: Iterable[Mapping[str, Any]], names: Mapping[str, str], fields: Mapping[str, tuple[str, float]]
) -> pd.DataFrame:
    """Rows of the sectors in ``names``: ticker, swindexname, bargaindate as sent, and ``fields`` as numbers."""
    import pandas as pd

    own = [(f"{row.get('swindexcode')}.SI", row) for row in rows]
    own = [(ticker, row) for ticker, row in own if ticker in names]
    sent = {name: [row.get(name) for _, row in own] for name in ("swindexname", "bargaindate", *fields)}
    raw = pd.DataFrame({"ticker": [ticker for ticker, _ in own], **sent})
    for field, (column, factor) in fields.items():
        raw[column] = pd.to_numeric(raw[field], errors="coerce").replace([math.inf, -math.inf], math.nan) * factor
    return raw


def _check_names(rows: pd.DataFrame, names: Mapping[str, str]) -> None:
    for ticker, found in zip(rows["ticker"], rows["swindexname"], strict=True):
        if str(found).strip() != names[ticker]:
            raise SuspectAnswer(source=SOURCE, ticker=ticker, detail=f"named {found}, expected {names[ticker]}")


def _fetch_alone(first: date, last: date) -> pd.DataFrame:
    """History of the one sector, cut to the dates asked for."""
    import akshare as ak
    import pandas as pd

    raw = guard.run(SOURCE, FALLBACK, ak.index_hist_sw, symbol=FALLBACK.removesuffix(".SI"), period="day")
    bars = parse_trend(raw, FALLBACK)
    return bars[bars["session"].between(pd.Timestamp(first), pd.Timestamp(last))].reset_index(drop=True)


def parse_trend(raw: pd.DataFrame, ticker: str) -> pd.DataFrame:
    """A frame of ak.index_hist_sw as columns.BARS. Raises SuspectAnswer for another sector's, BadAnswer."""
    import pandas as pd

    if not {"代码", "日期", *TREND} <= set(raw):
        raise BadAnswer(source=SOURCE, detail=f"columns {list(raw)}")
    if set(raw["代码"].astype("str")) != {ticker.removesuffix(".SI")}:
        raise SuspectAnswer(source=SOURCE, ticker=ticker, detail="another index in the answer")
    out = pd.DataFrame({c: pd.to_numeric(raw[f], errors="coerce") * k for f, (c, k) in TREND.items()})
    out = out.assign(session=pd.to_datetime(raw["日期"], errors="coerce"), ticker=ticker, source=SOURCE, final=True)
    out = out.dropna(subset=["session", "close"]).sort_values("session")
    return shaped(out, BARS)


def fetch_quotes(
    tickers: Sequence[str], *, session: date, now: datetime, names: Mapping[str, str] = LEVEL_1
) -> pd.DataFrame:
    """Current points of the sectors in one request. The page bears no date: the caller says which session it shows.

    Returns  columns.QUOTES; rows without a price or a previous close ("-") are left out.
    Raises   Blocked, Unreachable, BadAnswer, NoData; SuspectAnswer where a code bears another name.
    Source   https://www.swsresearch.com/institute-sw/api/index_publish/current/
    """
    params = {"page": "1", "page_size": "50", "indextype": LEVEL}
    rows, _ = _results(guard.fetch_json(CURRENT_URL, source=SOURCE, params=params))
    return parse_quotes(rows, tickers, session=session, now=now, names=names)


def parse_quotes(
    rows: Iterable[Mapping[str, Any]],
    tickers: Iterable[str],
    *,
    session: date,
    now: datetime,
    names: Mapping[str, str] = LEVEL_1,
) -> pd.DataFrame:
    """Rows of the current page as columns.QUOTES. Raises NoData, SuspectAnswer."""
    import pandas as pd

    out = _sectors(rows, {t: names[t] for t in tickers if t in names}, CURRENT)
    _check_names(out, names)
    out = out[(out["last"] > 0) & (out["previous_close"] > 0)]
    out = out[~((out["low"] > out["last"]) | (out["last"] > out["high"]))]  # a comparison with a missing one is false
    if out.empty:
        raise NoData(source=SOURCE, ticker=LEVEL)
    out = out.assign(
        name=out["swindexname"],
        session=pd.Timestamp(session),
        currency="CNY",
        quote_time=now,
        suspended=False,
        source=SOURCE,
        fetched_at=now,
    )
    return shaped(out, QUOTES)


QUOTING = QuoteSource(lambda tickers, **how: fetch_quotes(tickers, **how), lambda ticker: ticker.endswith(".SI"))
