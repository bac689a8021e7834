"""legulegu: today's static and TTM PE of the Shenwan sectors, to learn which of the two Shenwan's own figure is."""

from __future__ import annotations

import pandas as pd

from basketwatch.errors import BadAnswer
from basketwatch.sources.net import guard

SOURCE = "legulegu"
COLUMNS = {"静态市盈率": "static", "TTM(滚动)市盈率": "ttm"}


def fetch_sectors() -> pd.DataFrame:
    """Both multiples of the 31 sectors as they stand: columns static, ttm (times); index: ticker.

    Raises   Blocked, Unreachable, BadAnswer, NoData.
    Source   ak.sw_index_first_info, https://legulegu.com/stockdata/sw-industry-overview
    """
    import akshare as ak

    raw = guard.run(SOURCE, "801770.SI", ak.sw_index_first_info)
    if not {"行业代码", *COLUMNS} <= set(raw):
        raise BadAnswer(source=SOURCE, detail=f"columns {list(raw)}")
    tickers = raw["行业代码"].astype("str").str[:6] + ".SI"
    found = {column: pd.to_numeric(raw[field], errors="coerce").to_numpy() for field, column in COLUMNS.items()}
    return pd.DataFrame(found, index=pd.Index(tickers, name="ticker"))
