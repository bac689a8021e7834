"""Which source is asked for what, in which order. The only table of fall-backs; ``refresh`` walks along it.

Quotes: one request for many symbols. Mainland and Hong Kong: Tencent → Eastmoney → Sina. Elsewhere: Yahoo's batch →
Yahoo charts, a request a symbol → Tencent. Histories: see ``fetch_history``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import pandas as pd

from basketwatch import markets
from basketwatch.errors import SourceError
from basketwatch.sources import History

QUOTES: dict[str, tuple[str, ...]] = {
    "china": ("tencent", "eastmoney", "sina"),
    "abroad": ("yahoo", "yahoo_chart", "tencent"),
    "sectors": ("shenwan",),
}


def lane(ticker: str) -> str:
    """The chain of a ticker's quotes."""
    suffix = markets.split(ticker)[1].suffix
    if suffix == "SI":
        return "sectors"
    return "china" if suffix in ("SH", "SZ", "BJ", "HK") else "abroad"


def serves(source: str, ticker: str) -> bool:
    """Whether a source has such symbols at all."""
    if source == "tencent":
        return markets.tencent(ticker) is not None
    if source == "eastmoney":
        return markets.eastmoney(ticker) is not None
    if source == "sina":
        return markets.split(ticker)[1].suffix in ("SH", "SZ", "BJ")
    return source == "shenwan" or markets.yahoo(ticker) is not None


def fetch_quotes(source: str, tickers: Sequence[str], *, session: date, now: datetime) -> pd.DataFrame:
    """Latest quotes (frames.QUOTES) from one source. ``session`` dates Shenwan's answer, which carries no date.

    Raises SourceError.
    """
    if source == "tencent":
        from basketwatch.sources import tencent

        return tencent.fetch_quotes(tickers)
    if source == "eastmoney":
        from basketwatch.sources import eastmoney

        return eastmoney.fetch_quotes(tickers)
    if source == "sina":
        from basketwatch.sources import sina

        return sina.fetch_quotes(tickers)
    if source == "shenwan":
        from basketwatch.sources import shenwan

        return shenwan.fetch_quotes(tickers, session=session, now=now)
    from basketwatch.sources import yahoo

    return yahoo.fetch_quotes(tickers) if source == "yahoo" else yahoo.fetch_quotes_by_chart(tickers)


def fetch_history(ticker: str, years: int, *, final_before: date) -> History:
    """Daily bars and factors of one security: mainland through akshare's chain, elsewhere Yahoo; Hong Kong has both.

    Raises the last SourceError.
    """
    from basketwatch.sources import ashare, yahoo

    group = markets.group(ticker)
    if group == "CN":
        return ashare.fetch_history(ticker, years, final_before=final_before)
    try:
        return yahoo.fetch_history(ticker, years, final_before=final_before)
    except SourceError:
        if group != "HK":
            raise
        return ashare.fetch_history(ticker, years, final_before=final_before)
