"""The order in which sources are asked, by kind of data and market: the only table of fall-backs.

Quotes: one request for many symbols. Mainland and Hong Kong: Tencent → Eastmoney → Sina. Elsewhere: Yahoo's batch →
Tencent and Sina for what they have → Yahoo's charts, a request a symbol. Histories: see ``histories`` and ``multiples``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

from basketwatch.domain import markets
from basketwatch.errors import BasketwatchError, SourceError
from basketwatch.redact import excerpt
from basketwatch.sources import History

if TYPE_CHECKING:
    import pandas as pd

QUOTES: dict[str, tuple[str, ...]] = {
    "china": ("tencent", "eastmoney", "sina"),
    "abroad": ("yahoo", "tencent", "sina", "yahoo_chart"),
    "sectors": ("shenwan",),
}
ONE_BY_ONE = {"yahoo_chart"}  # a request a symbol: asked only for what nobody else has


def lane(ticker: str) -> str:
    """The chain of a ticker's quotes."""
    suffix = markets.split(ticker)[1].suffix
    if suffix == "SI":
        return "sectors"
    return "china" if suffix in ("SH", "SZ", "BJ", "HK") else "abroad"


def serves(source: str, ticker: str) -> bool:
    """True where a source covers the ticker's market and kind."""
    suffix = markets.split(ticker)[1].suffix
    if source == "tencent":
        return markets.tencent(ticker) is not None
    if source == "eastmoney":
        return markets.eastmoney(ticker) is not None
    if source == "sina":
        return suffix in ("SH", "SZ", "BJ", "FX")
    return suffix == "SI" if source == "shenwan" else markets.yahoo(ticker) is not None


def fetch_quotes(source: str, tickers: Sequence[str], *, session: date, now: datetime) -> pd.DataFrame:
    """Latest quotes (columns.QUOTES) from one source. ``session`` dates Shenwan's answer, which carries no date.

    Raises SourceError.
    """
    with bugs_said(source):
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


def histories(ticker: str) -> list[tuple[str, Callable[..., History]]]:
    """Sources of a ticker's daily bars in the order in which they are asked, each called with (ticker, years,
    final_before=): mainland through akshare's, elsewhere Yahoo; Hong Kong has both.
    """
    from basketwatch.sources import ashare, yahoo

    group = markets.group(ticker)
    abroad = [] if group == "CN" else [("yahoo", yahoo.fetch_history)]
    return [*abroad, *ashare.chain(ticker)]


def load(ticker: str) -> None:
    """Import the library that reads a ticker's history, before other threads compete for the processor."""
    import_module("akshare" if markets.group(ticker) == "CN" else "yfinance")


def multiples(ticker: str) -> list[tuple[str, Callable[[str], Any]]]:
    """Sources of a stock's history of PE, each called with the ticker: A-shares Eastmoney's data centre, Hong Kong
    Baidu, the US Baidu and then what was announced. None for other markets, of which no source has years.

    All give columns.VALUATIONS but the last, which gives ``earnings.Announced``: a PE has to be made of that.
    """
    from basketwatch.sources import baidu, datacenter, earnings

    if markets.kind(ticker) != "stock":
        return []
    by_group: dict[str, list[tuple[str, Callable[[str], Any]]]] = {
        "CN": [(datacenter.SOURCE, datacenter.fetch_history)],
        "HK": [(baidu.SOURCE, baidu.fetch_history)],
        "US": [(baidu.SOURCE, baidu.fetch_history), (earnings.SOURCE, earnings.fetch_announced)],
    }
    return by_group.get(markets.group(ticker), [])


@contextmanager
def bugs_said(source: str) -> Iterator[None]:
    """A bug in one reader must not stop the others: it becomes a SourceError, which is shown like any other."""
    try:
        yield
    except BasketwatchError:
        raise
    except Exception as error:
        raise SourceError(source=source, detail=f"{type(error).__name__}: {excerpt(str(error))}") from error
