"""Which securities there are: code and name of every A-share and Hong Kong share, through akshare. Weekly, not daily.

Each exchange is asked by itself: one that is down costs no other one's list. akshare names the columns of Beijing's and
Hong Kong's answers by their place, so a code that is none refuses the whole answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pandas as pd

from basketwatch.domain.markets import is_ticker
from basketwatch.errors import BadAnswer
from basketwatch.sources.net import guard

COLUMNS = ("ticker", "zh", "en")


def _shanghai() -> pd.DataFrame:
    import akshare as ak

    parts = [
        guard.run("sse", "", ak.stock_info_sh_name_code, symbol=board)[["证券代码", "证券简称"]]
        for board in ("主板A股", "科创板")
    ]
    return _named(pd.concat(parts), "证券代码", "证券简称", "SH", "sse")


def _shenzhen() -> pd.DataFrame:
    import akshare as ak

    return _named(
        guard.run("szse", "", ak.stock_info_sz_name_code, symbol="A股列表"), "A股代码", "A股简称", "SZ", "szse"
    )


def _beijing() -> pd.DataFrame:
    import akshare as ak

    return _named(guard.run("bse", "", ak.stock_info_bj_name_code), "证券代码", "证券简称", "BJ", "bse")


def _hong_kong() -> pd.DataFrame:
    import akshare as ak

    rows = guard.run("sina", "", ak.stock_hk_spot)
    return _named(rows, "代码", "中文名称", "HK", "sina", english="英文名称")


EXCHANGES: dict[str, Callable[[], pd.DataFrame]] = {
    "sse": _shanghai, "szse": _shenzhen, "bse": _beijing, "sina": _hong_kong,
}  # fmt: skip
SUFFIX = {"sse": "SH", "szse": "SZ", "bse": "BJ", "sina": "HK"}


def fetch(source: str) -> pd.DataFrame:
    """All shares of one exchange: ``COLUMNS``, a row a ticker.

    Raises   Blocked, Unreachable, BadAnswer, NoData.
    Source   query.sse.com.cn, www.szse.cn, www.bse.cn, vip.stock.finance.sina.com.cn (Hong Kong), by akshare 1.19.
    """
    return EXCHANGES[source]()


def _named(
    rows: pd.DataFrame, code: str, name: str, suffix: str, source: str, *, english: str | None = None
) -> pd.DataFrame:
    missing = [column for column in (code, name) if column not in rows]
    if missing:
        raise BadAnswer(source=source, detail=f"no column {missing[0]}")
    width = 5 if suffix == "HK" else 6
    tickers = rows[code].astype(str).str.strip().str.zfill(width) + f".{suffix}"
    out = pd.DataFrame(
        {"ticker": tickers, "zh": rows[name].map(_plain), "en": rows[english].map(_plain) if english else ""}
    )
    known = out["ticker"].map(is_ticker).astype(bool) & out["zh"].astype(bool)
    if not len(out) or known.mean() < 0.9:  # another column than the one that holds codes
        raise BadAnswer(source=source, detail=f"{int((~known).sum())} of {len(out)} rows have no code or name")
    return out.loc[known].drop_duplicates("ticker").reset_index(drop=True)


def _plain(value: object) -> str:
    """A name without the spaces that the exchanges put into short ones; empty for none."""
    text = "" if value is None or value != value else str(value)
    return re.sub(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fffA-Z])", "", text.strip())
