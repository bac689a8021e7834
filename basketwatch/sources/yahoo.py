"""Yahoo Finance through yfinance: quotes of US, Hong Kong, Taiwan, Korean and currency symbols, and daily bars of all.

yfinance has no call for many quotes at once; this asks the address that ``Ticker.info`` asks for one symbol, through
yfinance's own session, cookie and crumb. Unofficial, for personal use; the delay is in ``delay_minutes``.
"""

from __future__ import annotations

import json
import logging
import math
import os
import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from basketwatch import clock
from basketwatch.domain import columns, markets
from basketwatch.errors import BadAnswer, Blocked, NoData, SourceError, SuspectAnswer
from basketwatch.sources import History, QuoteSource
from basketwatch.sources.net import guard
from basketwatch.sources.shape import shaped

if TYPE_CHECKING:
    import pandas as pd

SOURCE = "yahoo"
QUOTE_URL = "https://query1.finance.yahoo.com/v7/finance/quote"
CHUNK = 50  # symbols a request; above 65 Yahoo has answered 429
PERIODS = {1: "1y", 2: "2y", 5: "5y", 10: "10y"}

# field of an answer -> our column; units are the same
PRICES = {
    "regularMarketPrice": "last",
    "regularMarketPreviousClose": "previous_close",
    "regularMarketOpen": "open",
    "regularMarketDayHigh": "high",
    "regularMarketDayLow": "low",
    "regularMarketVolume": "volume",
    "marketCap": "market_cap",
    "trailingPE": "pe_ttm",
    "exchangeDataDelayedBy": "delay_minutes",
}

_log = logging.getLogger(__name__)
_folder: Path | None = None


def configure(folder: Path) -> None:
    """Where yfinance keeps cookie and time zones, and this module the crumb. Before anything else, once a process.

    The folder must be no one else's: yfinance unpickles the cookie it finds there.
    """
    global _folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _folder = folder


# --- quotes ----------------------------------------------------------------------------------------------------------


def fetch_quotes(tickers: Sequence[str]) -> pd.DataFrame:
    """Quotes of all tickers, 50 a request; what Yahoo does not know or has no price for is absent.

    Returns  columns.QUOTES; ``session`` is the exchange's own date of the last trade, ``turnover`` of US stocks only.
    Raises   Blocked, Unreachable, BadAnswer; NoData where no ticker was answered. A later chunk may fail, logged only.
    Source   https://query1.finance.yahoo.com/v7/finance/quote?symbols=NVDA,0700.HK,CNY=X
    """
    asked = _symbols(tickers)
    rows: list[dict[str, Any]] = []
    others = 0
    for chunk in _chunks(list(asked)):
        try:
            found = guard.run(SOURCE, ",".join(chunk), _ask_quotes, chunk)
        except SourceError as error:
            if not rows:
                raise
            _log.warning("yahoo: only %d of %d quotes: %s", len(rows), len(asked), error)
            break
        rows += [row for raw in found if (row := _quote(raw, asked)) is not None]
        others += sum(str(raw.get("symbol")) not in asked for raw in found)
    if not rows and others:
        raise BadAnswer(source=SOURCE, detail="none of the symbols asked for")
    if not rows:
        raise NoData(source=SOURCE, ticker=",".join(tickers))
    return shaped(rows, columns.QUOTES)


def fetch_quotes_by_chart(tickers: Sequence[str]) -> pd.DataFrame:
    """The same from the charts, one request a symbol but without a crumb: for when ``fetch_quotes`` fails.

    Stops at the first Blocked; what was found until then is returned. Charts have no PE, no market value, no delay.
    """
    rows: list[dict[str, Any]] = []
    failure: SourceError = NoData(source=SOURCE, ticker=",".join(tickers))
    for symbol, ticker in _symbols(tickers).items():
        try:
            bars, meta = guard.run(SOURCE, ticker, _ask_chart, ticker, "5d")
            row = _quote(_with_bar(meta, bars), {symbol: ticker})
        except SourceError as error:
            failure = error
            if isinstance(error, Blocked):
                break
            continue
        rows += [row] if row is not None else []
    if not rows:
        raise failure
    return shaped(rows, columns.QUOTES)


def _quote(raw: Mapping[str, Any], asked: Mapping[str, str]) -> dict[str, Any] | None:
    """One row of columns.QUOTES; None for a symbol nobody asked for and for one without price or time."""
    ticker = asked.get(str(raw.get("symbol")))
    row: dict[str, Any] = {column: _number(raw.get(field)) for field, column in PRICES.items()}
    seconds = _number(raw.get("regularMarketTime"))
    if ticker is None or not math.isfinite(row["last"]) or not math.isfinite(seconds):
        return None
    at = datetime.fromtimestamp(seconds, UTC)
    kind = markets.kind(ticker)
    if kind == "fx":
        row["volume"] = math.nan  # always 0
    unit = _unit(raw, ticker)
    row |= {name: row[name] * unit for name in ("last", "previous_close", "open", "high", "low")}
    shares = _number(raw.get("sharesOutstanding"))
    if kind == "stock" and markets.group(ticker) == "US" and shares > 0:
        row["turnover"] = row["volume"] / shares
    return row | {
        "ticker": ticker,
        "name": raw.get("longName") or raw.get("shortName"),
        "session": at.astimezone(_zone(raw, ticker)).date(),
        "currency": markets.currency(ticker) if unit != 1 else raw.get("currency") or markets.currency(ticker),
        "quote_time": at,
        "suspended": False,  # Yahoo does not say
        "source": SOURCE,
        "fetched_at": clock.now(),
    }


def _unit(raw: Mapping[str, Any], ticker: str) -> float:
    """What a price is multiplied by: London quotes in pence and states market values in pounds, stored is the pound."""
    minor = markets.split(ticker)[1].minor
    return 0.01 if minor and raw.get("currency") == minor else 1.0


def _zone(raw: Mapping[str, Any], ticker: str) -> ZoneInfo:
    """The exchange's zone as Yahoo names it."""
    try:
        return ZoneInfo(str(raw["exchangeTimezoneName"]))
    except (KeyError, ValueError, OSError):
        return ZoneInfo(_zone_name(ticker))


def _zone_name(ticker: str) -> str:
    return markets.FX_ZONE.key if markets.kind(ticker) == "fx" else markets.split(ticker)[1].zone.key


def _with_bar(meta: Mapping[str, Any], bars: pd.DataFrame) -> dict[str, Any]:
    """A chart's metadata completed from its bars: they alone have the opening price and the close before."""
    import pandas as pd

    found = {key: meta[key] for key in meta if key != "tradingPeriods"}  # reading that one would cost a request
    at = found.get("regularMarketTime")
    if not isinstance(at, pd.Timestamp):  # yfinance has made one of the seconds
        return found
    table = bars.set_axis(_days(bars))
    before = table["Close"].dropna()[lambda closes: closes.index < pd.Timestamp(at.date())]
    return found | {
        "regularMarketTime": at.timestamp(),
        "regularMarketPreviousClose": before.iloc[-1] if len(before) else None,
        "regularMarketOpen": table["Open"].get(pd.Timestamp(at.date())),
    }


# --- bars ------------------------------------------------------------------------------------------------------------


def fetch_history(ticker: str, years: int, *, final_before: date) -> History:
    """Daily bars of at least ``years`` years (10 at most) in one request, and the factors of the dividends in them.

    Yahoo's closes are adjusted for splits, not for dividends, so a split needs no factor here: it changes every stored
    bar by one ratio, and the history is fetched again when the overlap shows that.

    Returns  History; bars of sessions before ``final_before`` are final. Of currencies only the close means anything.
    Raises   Blocked, Unreachable, BadAnswer, NoData, UnknownSymbol; SuspectAnswer for an answer about another symbol.
    Source   https://query2.finance.yahoo.com/v8/finance/chart/NVDA?range=10y&interval=1d
    """
    import pandas as pd

    if markets.yahoo(ticker) is None:
        raise NoData(source=SOURCE, ticker=ticker)
    period = next((text for span, text in PERIODS.items() if span >= years), PERIODS[10])
    table, meta = guard.run(SOURCE, ticker, _ask_chart, ticker, period)
    table = table.set_axis(_days(table)).dropna(subset=["Close"])
    if table.empty:
        raise NoData(source=SOURCE, ticker=ticker)
    bars = pd.DataFrame({
        "session": table.index,
        **{name.lower(): table[name].to_numpy() for name in ("Open", "High", "Low", "Close", "Volume")},
    }).assign(ticker=ticker, source=SOURCE)  # fmt: skip
    bars[["open", "high", "low", "close"]] *= _unit(meta, ticker)
    bars["final"] = bars["session"] < pd.Timestamp(final_before)
    if markets.kind(ticker) == "fx":
        bars[["open", "high", "low", "volume"]] = math.nan
    return History(shaped(bars, columns.BARS), _factors(table, ticker), SOURCE)


def _factors(table: pd.DataFrame, ticker: str) -> pd.DataFrame:
    """columns.FACTORS of the dividends: what is left of the close before once the dividend is taken from it."""
    import pandas as pd

    paid, before = table["Dividends"].fillna(0.0), table["Close"].shift()
    factors = (1 - paid / before)[(paid > 0) & (paid < before)]
    rows = pd.DataFrame({"ex_date": factors.index, "factor": factors.to_numpy()})
    return shaped(rows.assign(ticker=ticker, source=SOURCE), columns.FACTORS)


# --- yfinance --------------------------------------------------------------------------------------------------------


@cache
def _yfinance() -> Any:
    """yfinance, set up: its folders, its errors let out, both SQLite caches opened by one thread before others come."""
    if _folder is None:
        raise RuntimeError("yahoo.configure was not called")
    import yfinance
    from yfinance.cache import get_cookie_cache, get_tz_cache

    yfinance.set_tz_cache_location(str(_folder))
    yfinance.config.debug.hide_exceptions = False
    warnings.filterwarnings("ignore", module=r"yfinance\b")  # importing it has just switched them on
    get_tz_cache().lookup("x")
    get_cookie_cache().lookup("curlCffi")
    return yfinance


@cache
def _session() -> Any:
    """The one curl session of this process: a second one would lose the cookie and cost two requests."""
    from curl_cffi.requests import Session

    return Session(impersonate="chrome")


def _data() -> Any:
    """yfinance's own access, with the crumb of an earlier process: a fresh one then needs no request to get it."""
    _yfinance()
    from yfinance.data import YfData

    data = YfData(session=_session())
    if not _is_crumb(data._crumb):  # after a 429 it keeps the text "Too Many Requests" as its crumb
        data._crumb = _kept("crumb") if _is_crumb(_kept("crumb")) else None
    return data


def _keep_crumb(data: Any) -> None:
    """Write the crumb and the cookie it belongs to, readable by their owner alone."""
    crumb = data._crumb
    if not _is_crumb(crumb) or (_kept("crumb") == crumb and _kept("cookie")):
        return
    jar = [c for c in _session().cookies.jar if c.domain.endswith("yahoo.com")]
    _keep("cookie", json.dumps([{"name": c.name, "value": c.value, "domain": c.domain} for c in jar]))
    _keep("crumb", crumb)


def _keep(name: str, text: str) -> None:
    new = _file(name).with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text)
    new.replace(_file(name))


def _kept(name: str) -> str:
    return _file(name).read_text() if _file(name).exists() else ""


def _file(name: str) -> Path:
    assert _folder is not None, "yahoo.configure was not called"  # noqa: S101 - a mistake of ours, not of the data
    return _folder / name


def _with_kept_crumb(params: Mapping[str, str]) -> Any:
    """The answer to an earlier process's cookie and crumb; None without them, or when Yahoo wants new ones.

    It spares a warm refresh the import of yfinance, the better part of a second.
    """
    crumb, cookies = _kept("crumb"), _kept("cookie")
    if "yfinance" in sys.modules or not _is_crumb(crumb) or not cookies:
        return None
    for cookie in json.loads(cookies):
        _session().cookies.set(cookie["name"], cookie["value"], domain=cookie["domain"])
    response = _session().get(QUOTE_URL, params={**params, "crumb": crumb})
    if response.status_code in (401, 403):
        _file("crumb").unlink(missing_ok=True)
        return None
    response.raise_for_status()
    return response.json()


def _is_crumb(text: object) -> bool:
    return isinstance(text, str) and re.fullmatch(r"[\w./\\-]{8,20}", text) is not None


def _ask_quotes(symbols: Sequence[str]) -> list[Mapping[str, Any]]:
    params = {"symbols": ",".join(symbols), "formatted": "false", "lang": "en-US", "region": "US"}
    answer = _with_kept_crumb(params)
    if answer is None:
        data = _data()
        answer = data.get_raw_json(QUOTE_URL, params=params)
        _keep_crumb(data)
    found = answer.get("quoteResponse") if isinstance(answer, dict) else None
    if not isinstance(found, dict) or found.get("error") or not isinstance(found.get("result"), list):
        raise BadAnswer(source=SOURCE, detail="no quoteResponse")
    return [raw for raw in found["result"] if isinstance(raw, dict)]


def _ask_chart(ticker: str, period: str) -> tuple[pd.DataFrame, Mapping[str, Any]]:
    """Bars and metadata of one symbol in one request."""
    data, yfinance, symbol = _data(), _yfinance(), markets.yahoo(ticker)
    from yfinance.cache import get_tz_cache

    if get_tz_cache().lookup(symbol) is None:  # else yfinance asks a chart for it, and keeps a failure for good
        get_tz_cache().store(symbol, _zone_name(ticker))
    chart = yfinance.Ticker(symbol, session=_session())
    bars = chart.history(period=period, auto_adjust=False)
    _keep_crumb(data)
    meta = chart.get_history_metadata()
    if meta.get("symbol") != symbol:
        raise SuspectAnswer(source=SOURCE, ticker=ticker, detail=f"answer about {meta.get('symbol')}")
    if len(bars) == 0:
        raise NoData(source=SOURCE, ticker=ticker)
    return bars, meta


# --- small -----------------------------------------------------------------------------------------------------------


def _symbols(tickers: Sequence[str]) -> dict[str, str]:
    """Yahoo symbol -> ticker of those that Yahoo has a market for."""
    return {symbol: ticker for ticker in tickers if (symbol := markets.yahoo(ticker))}


def _chunks(symbols: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(symbols), CHUNK):
        yield symbols[start : start + CHUNK]


def _number(value: object) -> float:
    """A finite number, or NaN; a bool or a text is none."""
    good = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if good else math.nan  # type: ignore[arg-type]


def _days(table: pd.DataFrame) -> pd.DatetimeIndex:
    """The exchange-local dates of yfinance's index, which is midnight in the exchange's zone."""
    import pandas as pd

    return pd.DatetimeIndex(table.index).tz_localize(None).normalize()


QUOTING = QuoteSource(lambda tickers, **_: fetch_quotes(tickers), lambda ticker: markets.yahoo(ticker) is not None)
