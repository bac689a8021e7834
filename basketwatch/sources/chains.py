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
from basketwatch.sources import History, QuoteSource

if TYPE_CHECKING:
    import pandas as pd

QUOTES: dict[str, tuple[str, ...]] = {
    "china": ("tencent", "eastmoney", "sina"),
    "abroad": ("yahoo", "tencent", "sina", "yahoo_chart"),
    "sectors": ("shenwan",),
}


def lane(ticker: str) -> str:
    """The chain of a ticker's quotes."""
    suffix = markets.split(ticker)[1].suffix
    if suffix == "SI":
        return "sectors"
    return "china" if suffix in ("SH", "SZ", "BJ", "HK") else "abroad"


def quoting(source: str) -> QuoteSource:
    """The record of a source of quotes, which its module bears. The module is imported here: some need pandas."""
    record: QuoteSource = import_module(f"basketwatch.sources.{source}").QUOTING
    return record


def serves(source: str, ticker: str) -> bool:
    """True where a source covers the ticker's market and kind."""
    return quoting(source).serves(ticker)


def fetch_quotes(source: str, tickers: Sequence[str], *, session: date, now: datetime) -> pd.DataFrame:
    """Latest quotes (columns.QUOTES) from one source. ``session`` dates Shenwan's answer, which carries no date.

    Raises SourceError.
    """
    with bugs_said(source):
        return quoting(source).fetch(tickers, session=session, now=now)


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
