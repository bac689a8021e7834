"""Yahoo Finance: cookie, crumb, consent, quotes, charts, search. Strict about cookie and crumb, as Yahoo is."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from zoneinfo import ZoneInfo

from . import listings
from .listings import Instrument
from .market import Quote
from .paths import Bar
from .view import View
from .wire import Answer, NotAnswered, Request, Route, as_json, as_text

API = r"query[12]\.finance\.yahoo\.com"
SUFFIXES = {"SS": "SH", "SZ": "SZ", "BJ": "BJ", "HK": "HK", "TW": "TW", "KS": "KS"}
ZONES = {
    "SH": "Asia/Shanghai",
    "SZ": "Asia/Shanghai",
    "BJ": "Asia/Shanghai",
    "HK": "Asia/Hong_Kong",
    "US": "America/New_York",
    "TW": "Asia/Taipei",
    "KS": "Asia/Seoul",
    "FX": "Europe/London",
}
EXCHANGES = {
    "SH": ("SHH", "Shanghai"),
    "SZ": ("SHZ", "Shenzhen"),
    "BJ": ("BJS", "Beijing"),
    "HK": ("HKG", "HKSE"),
    "US": ("NMS", "NasdaqGS"),
    "TW": ("TAI", "Taiwan"),
    "KS": ("KSC", "KSE"),
    "FX": ("CCY", "CCY"),
}
DELAYS = {"HK": 15, "TW": 20, "KS": 20, "SH": 30, "SZ": 30}
TYPES = {"stock": "EQUITY", "etf": "ETF", "index": "INDEX", "fx": "CURRENCY"}
RANGES = {"1d": 1, "5d": 5}  # in sessions
MONTHS = {"1mo": 1, "3mo": 3, "6mo": 6, "1y": 12, "2y": 24, "5y": 60, "10y": 120}
VALID_RANGES = [*RANGES, *MONTHS, "ytd", "max"]
INVALID_CRUMB = {"finance": {"result": None, "error": {"code": "Unauthorized", "description": "Invalid Crumb"}}}
INVALID_COOKIE = {"finance": {"result": None, "error": {"code": "Unauthorized", "description": "Invalid Cookie"}}}
NOT_FOUND = {
    "chart": {"result": None, "error": {"code": "Not Found", "description": "No data found, symbol may be delisted"}}
}
YEAR = 31557600
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # added to, because period1 may lie before it


def ticker_of(symbol: str) -> str:
    """``0700.HK`` -> ``00700.HK``, ``601137.SS`` -> ``601137.SH``, ``NVDA`` -> ``NVDA.US``, ``^SOX`` -> ``^SOX.US``."""
    symbol = symbol.upper()
    code, dot, suffix = symbol.rpartition(".")
    if symbol.endswith("=X"):
        return symbol
    if not dot:
        return f"{symbol}.US"
    if suffix == "HK":
        return f"{code.zfill(5)}.HK" if len(code) == 4 else ""
    return f"{code}.{SUFFIXES.get(suffix, '')}"


def symbol_of(item: Instrument) -> str:
    """The inverse of ``ticker_of``."""
    if item.market in {"US", "FX"}:
        return item.code
    suffix = {market: suffix for suffix, market in SUFFIXES.items()}[item.market]
    return f"{item.code[1:] if item.market == 'HK' and item.code[0] == '0' else item.code}.{suffix}"


# --- cookie and crumb -------------------------------------------------------------------------------------------------


def _signed(text: str) -> str:
    return hashlib.sha256(f"stand-in {text}".encode()).hexdigest()


def _cookie(request: Request) -> tuple[str, str]:
    """A Set-Cookie header. The value is signed, so that any stand-in knows a cookie of any other."""
    token = _signed(request.headers.get("user-agent", ""))[:16]
    value = f"d={token}&S={_signed(token)[:16]}"
    return "Set-Cookie", f"A3={value}; Max-Age={YEAR}; Domain=.yahoo.com; Path=/; Secure; HttpOnly; SameSite=None"


def _crumb(request: Request) -> str | None:
    """The crumb that belongs to the request's cookie; None without a valid cookie."""
    match = re.fullmatch(r"d=(\w+)&S=(\w+)", request.cookie("A3") or "")
    if match is None or _signed(match[1])[:16] != match[2]:
        return None
    return _signed(match[2])[:11]


def first_cookie(request: Request, _: View) -> Answer:
    """``fc.yahoo.com``: 404 by design, with the cookie."""
    return Answer(b"", 404, "text/html", [_cookie(request)])


def crumb(request: Request, _: View) -> Answer:
    """``getcrumb``: eleven characters of text."""
    value = _crumb(request)
    return as_text(value) if value else as_json(INVALID_COOKIE, 401)


def consent(_: Request, __: View) -> Answer:
    """``guce.yahoo.com/consent``: the form of the European consent page."""
    inputs = '<input name="csrfToken" type="hidden" value="t1"/><input name="sessionId" type="hidden" value="s1"/>'
    form = f'<form method="post" action="https://consent.yahoo.com/v2/collectConsent">{inputs}</form>'
    return as_text(f"<html><body>{form}</body></html>", kind="text/html")


def consented(request: Request, _: View) -> Answer:
    """``collectConsent`` and ``copyConsent``: the cookie, after the form."""
    return Answer(b"<html></html>", 200, "text/html", [_cookie(request)])


# --- quotes -----------------------------------------------------------------------------------------------------------


def quotes(request: Request, view: View) -> Answer:
    """``v7/finance/quote``: known symbols only, unknown ones are silently absent."""
    expected = _crumb(request)
    if expected is None or request.query.get("crumb") != expected:
        return as_json(INVALID_CRUMB, 401)
    result = []
    for symbol in view.pick([one for one in request.query.get("symbols", "").split(",") if one]):
        item = view.find(ticker_of(symbol))
        quote = view.quote(item) if item else None
        if item and quote:
            result.append(_quote(item, quote, view))
    return as_json({"quoteResponse": {"result": result, "error": None}})


def _quote(item: Instrument, quote: Quote, view: View) -> dict[str, object]:
    low, high = quote.range_52w
    code, exchange = EXCHANGES[item.market]
    values: dict[str, object] = {
        "language": "en-US", "region": "US", "quoteType": TYPES[item.kind], "quoteSourceName": "Delayed Quote",
        "currency": item.currency, "exchange": code, "fullExchangeName": exchange, "market": "us_market",
        "exchangeTimezoneName": ZONES[item.market], "marketState": _state(item, view), "sourceInterval": 15,
        "exchangeDataDelayedBy": DELAYS.get(item.market, 0), "hasPrePostMarketData": _extended(item), "priceHint": 2,
        "shortName": item.name_en, "longName": item.name_en, "symbol": symbol_of(item),
        "regularMarketTime": int(quote.time.timestamp()), "regularMarketPrice": quote.last,
        "regularMarketPreviousClose": quote.reference, "regularMarketChange": quote.change,
        "regularMarketChangePercent": view.percent(quote.change_percent), "regularMarketOpen": quote.open,
        "regularMarketDayHigh": quote.high, "regularMarketDayLow": quote.low, "regularMarketVolume": int(quote.volume),
        "fulldayPrice": quote.last, "fiftyTwoWeekLow": low, "fiftyTwoWeekHigh": high,
        "averageDailyVolume3Month": int(quote.volume), "averageDailyVolume10Day": int(quote.volume),
    }  # fmt: skip
    values |= _company(item, quote, view) | _extended_prices(item, quote, view)
    return values | {"surplusField": 0} if view.extra else values


def _company(item: Instrument, quote: Quote, view: View) -> dict[str, object]:
    """Valuation and earnings dates; a loss-maker has EPS but no ``trailingPE``; an ETF has a PE of its own."""
    if item.kind == "etf" and item.market == "US":
        return {"trailingPE": 31.5, "epsTrailingTwelveMonths": quote.last / 31.5, "priceToBook": 4.2}
    if item.kind != "stock" or quote.eps is None:
        return {}
    values: dict[str, object] = {"epsTrailingTwelveMonths": quote.eps, "epsForward": abs(quote.eps) * 1.2}
    if quote.eps > 0:
        values["trailingPE"] = quote.last / quote.eps
    report = datetime.combine(_next_report(view.now.date()), clock_time(16), ZoneInfo(ZONES[item.market]))
    stamp = int(report.timestamp())
    return values | {
        "forwardPE": quote.last / (abs(quote.eps) * 1.2), "priceToBook": quote.pb, "marketCap": quote.market_cap,
        "sharesOutstanding": int(view.market.shares(item.ticker, quote.day)), "financialCurrency": item.currency,
        "earningsTimestamp": stamp, "earningsTimestampStart": stamp, "earningsTimestampEnd": stamp,
        "isEarningsDateEstimate": True,
    }  # fmt: skip


def _next_report(today: date) -> date:
    days = (date(year, month, 25) for year in (today.year, today.year + 1) for month in (2, 5, 8, 11))
    return next(day for day in days if day >= today)


def _extended(item: Instrument) -> bool:
    return item.market == "US" and item.kind != "index"


def _state(item: Instrument, view: View) -> str:
    """PRE REGULAR POST CLOSED; only US shares have the outer two."""
    days = view.market.calendar(item)
    now = view.now
    session = days.on(now.astimezone(days.zone).date())
    if session is None:
        return "CLOSED"
    if session.opens <= now.timestamp() < session.closes:
        return "REGULAR"
    hour = now.astimezone(days.zone).hour
    if not _extended(item) or not 4 <= hour < 20:
        return "CLOSED"
    return "PRE" if now.timestamp() < session.opens else "POST"


def _extended_prices(item: Instrument, quote: Quote, view: View) -> dict[str, object]:
    """Before the open a price 0.4 % up, after the close (until the next one) one 0.2 % down."""
    state = _state(item, view)
    if not _extended(item) or state == "REGULAR":
        return {}
    name, factor = ("pre", 1.004) if state == "PRE" else ("post", 0.998)
    price = round(quote.last * factor, 2)
    stamp = int(view.now.timestamp())
    if name == "post":
        stamp = min(stamp, int(quote.time.timestamp()) + 4 * 3600)
    percent = view.percent((price / quote.last - 1) * 100) if quote.last else 0.0
    fields: dict[str, object] = {"Price": price, "Change": price - quote.last, "ChangePercent": percent, "Time": stamp}
    return {f"{name}Market{key}": value for key, value in fields.items()} | {"fulldayPrice": price}


# --- charts -----------------------------------------------------------------------------------------------------------


def chart(request: Request, view: View) -> Answer:
    """``v8/finance/chart``: daily bars, split-adjusted as Yahoo's are, with dividends and splits; no crumb needed."""
    item = view.find(ticker_of(request.target.partition("?")[0].rpartition("/")[2]))
    if item is None or item.kind == "sector":
        return as_json(NOT_FOUND, 404)
    if request.query.get("interval", "1d") != "1d":
        raise NotAnswered(f"interval {request.query['interval']!r}")
    start, end = _bounds(item, request.query, view)
    bars = view.bars(item, start, end)
    quote = view.quote(item)
    if quote is None or not bars:
        return as_json(NOT_FOUND, 404)
    result: dict[str, object] = {
        "meta": _meta(item, quote, bars[0], request, view),
        "events": _events(item, bars, view),
    }
    result |= {"timestamp": [_stamp(item, bar, view) for bar in bars], "indicators": _indicators(item, bars, view)}
    return as_json({"chart": {"result": [result], "error": None}})


def _bounds(item: Instrument, query: dict[str, str], view: View) -> tuple[date | None, date | None]:
    """First and last day of a ``range`` or of ``period1`` (included) and ``period2`` (excluded)."""
    days = view.market.calendar(item)
    if "period1" in query:
        first, last = (int(query.get(name, view.now.timestamp())) for name in ("period1", "period2"))
        starts, ends = (EPOCH + timedelta(seconds=seconds) for seconds in (first, last - 1))
        return starts.astimezone(days.zone).date(), ends.astimezone(days.zone).date()
    span = query.get("range", "1mo")
    at = days.current(view.now)
    today = days.days[at]
    if span in RANGES:
        return days.days[max(at - RANGES[span] + 1, 0)], None
    if span == "ytd":
        return date(today.year, 1, 1), None
    if span == "max":
        return None, None
    if span not in MONTHS:
        raise NotAnswered(f"range {span!r}")
    months = today.year * 12 + today.month - 1 - MONTHS[span]
    return date(months // 12, months % 12 + 1, min(today.day, 28)), None


def _stamp(item: Instrument, bar: Bar, view: View) -> int:
    """A finished session is stamped with its open, a running one with the time of the last trade."""
    days = view.market.calendar(item)
    session = days.on(bar.day)
    if session is None:
        return int(datetime.combine(bar.day, clock_time(9, 30), days.zone).timestamp())
    running = bar.day == view.market.session(item).day and not view.market.is_final(item)
    return int(view.now.timestamp() if running else session.opens)


def _splits(item: Instrument, view: View) -> list[tuple[date, float]]:
    return [(action.day, action.ratio) for action in view.market.actions(item.ticker) if action.ratio != 1]


def _split_factor(splits: list[tuple[date, float]], day: date) -> float:
    """What a price of a day is divided by to be in today's shares."""
    factor = 1.0
    for when, ratio in splits:
        factor *= ratio if day < when else 1.0
    return factor


def _indicators(item: Instrument, bars: list[Bar], view: View) -> dict[str, object]:
    splits = _splits(item, view)
    steps = view.steps(item)
    columns: dict[str, list[float | None]] = {name: [] for name in ("open", "high", "low", "close")}
    volumes: list[int] = []
    adjusted = []
    for bar in bars:
        factor = _split_factor(splits, bar.day)
        for name in columns:
            columns[name].append(getattr(bar, name) / factor)
        volumes.append(int(bar.volume * factor))
        adjusted.append(bar.close * _product(steps, bar.day))
    quote: dict[str, object] = {**columns, "volume": volumes}
    if view.extra:
        quote["surplus"] = volumes
    return {"quote": [quote], "adjclose": [{"adjclose": adjusted}]}


def _product(steps: list[tuple[date, float]], day: date) -> float:
    factor = 1.0
    for when, step in steps:
        factor *= step if day < when else 1.0
    return factor


def _events(item: Instrument, bars: list[Bar], view: View) -> dict[str, object]:
    """Dividends (in today's shares) and splits inside the span, keyed by the open of the ex-date."""
    splits = _splits(item, view)
    days = view.market.calendar(item)
    dividends: dict[str, object] = {}
    shares: dict[str, object] = {}
    for action in view.market.actions(item.ticker):
        session = days.on(action.day)
        if session is None or not bars[0].day <= action.day <= bars[-1].day:
            continue
        stamp = int(session.opens)
        if action.cash:
            before = _split_factor(splits, action.day - timedelta(days=1))
            dividends[str(stamp)] = {"amount": action.cash / before, "date": stamp}
        if action.ratio != 1:
            new, old = (round(action.ratio * 100), 100) if action.ratio % 1 else (action.ratio, 1.0)
            shares[str(stamp)] = {"date": stamp, "numerator": new, "denominator": old, "splitRatio": f"{new:g}:{old:g}"}
    groups = {"dividends": dividends, "splits": shares}
    return {name: group for name, group in groups.items() if group}


def _meta(item: Instrument, quote: Quote, first: Bar, request: Request, view: View) -> dict[str, object]:
    days = view.market.calendar(item)
    code, exchange = EXCHANGES[item.market]
    offset = int((view.now.astimezone(days.zone).utcoffset() or timedelta()).total_seconds())
    zone = view.now.astimezone(days.zone).tzname()
    low, high = quote.range_52w
    values: dict[str, object] = {
        "currency": item.currency, "symbol": symbol_of(item), "exchangeName": code, "fullExchangeName": exchange,
        "instrumentType": TYPES[item.kind], "firstTradeDate": int(days.sessions[0].opens), "gmtoffset": offset,
        "regularMarketTime": int(quote.time.timestamp()), "hasPrePostMarketData": _extended(item), "timezone": zone,
        "exchangeTimezoneName": ZONES[item.market], "regularMarketPrice": quote.last, "fulldayPrice": quote.last,
        "regularMarketChangePercent": view.percent(quote.change_percent),
        "fiftyTwoWeekHigh": high, "fiftyTwoWeekLow": low, "regularMarketDayHigh": quote.high,
        "regularMarketDayLow": quote.low, "regularMarketVolume": int(quote.volume), "longName": item.name_en,
        "shortName": item.name_en, "chartPreviousClose": _before(item, first, view),
        "priceHint": 2, "currentTradingPeriod": _periods(item, offset, zone, view), "dataGranularity": "1d",
        "range": request.query.get("range", ""), "validRanges": VALID_RANGES,
    }  # fmt: skip
    return values


def _before(item: Instrument, first: Bar, view: View) -> float:
    """The close before the span."""
    bars = view.market.bars(item.ticker)
    at = bisect_left(bars, first.day, key=lambda bar: bar.day)
    return bars[max(at - 1, 0)].close / _split_factor(_splits(item, view), bars[max(at - 1, 0)].day)


def _periods(item: Instrument, offset: int, zone: str | None, view: View) -> dict[str, object]:
    session = view.market.session(item)
    around = (5 * 3600 + 1800, 4 * 3600) if _extended(item) else (0, 0)
    opens, closes = int(session.opens), int(session.closes)
    spans = {"pre": (opens - around[0], opens), "regular": (opens, closes), "post": (closes, closes + around[1])}
    common = {"timezone": zone, "gmtoffset": offset}
    return {name: common | {"start": start, "end": end} for name, (start, end) in spans.items()}


def summary(request: Request, view: View) -> Answer:
    """``v10/finance/quoteSummary``: only what yfinance asks when it looks for a time zone."""
    if _crumb(request) is None or request.query.get("crumb") != _crumb(request):
        return as_json(INVALID_CRUMB, 401)
    symbol = request.target.partition("?")[0].rpartition("/")[2]
    item = view.find(ticker_of(symbol))
    if item is None:
        error = {"code": "Not Found", "description": f"Quote not found for symbol: {symbol}"}
        return as_json({"quoteSummary": {"result": None, "error": error}}, 404)
    kind = {"symbol": symbol, "quoteType": TYPES[item.kind], "timeZoneFullName": ZONES[item.market]}
    return as_json({"quoteSummary": {"result": [{"quoteType": kind}], "error": None}})


# --- earnings ---------------------------------------------------------------------------------------------------------


def earnings(request: Request, view: View) -> Answer:
    """``calendar/earnings``: an HTML table, newest first, of quarters to come and announced; the EPS are those of today's
    shares. A quarter is announced at 16:00 on the 25th of its month, a quarter of the year's profit known then.
    """
    item = view.find(ticker_of(request.query.get("symbol", "")))
    if item is None or item.kind != "stock":
        return as_text("<html><body><p>no results</p></body></html>", kind="text/html")
    today, head = (
        view.now.date(),
        ("Symbol", "Company", "Earnings Date", "EPS Estimate", "Reported EPS", "Surprise (%)"),
    )
    rows = []
    for year in range(today.year, 2014, -1):
        for month in (11, 8, 5, 2):
            day = date(year, month, 25)
            eps = view.market.profit(item.ticker, day) / view.market.shares(item.ticker, today) / 4
            said = f"{eps:.4f}" if day < today else "-"
            at = f"{day:%B} {day.day}, {day.year} at 4 PM {'EST' if month in (2, 11) else 'EDT'}"
            rows.append((item.code, item.name_en, at, f"{eps:.2f}", said, "0.5" if day < today else "-"))
    cells = ["".join(f"<td>{cell}</td>" for cell in row) for row in rows[: int(request.query.get("size", 25))]]
    table = "".join(f"<th>{name}</th>" for name in head), "".join(f"<tr>{cell}</tr>" for cell in cells)
    return as_text(f"<html><table><thead><tr>{table[0]}</tr></thead>{table[1]}</table></html>", kind="text/html")


# --- search -----------------------------------------------------------------------------------------------------------


def search(request: Request, _: View) -> Answer:
    """``v1/finance/search``: listed names and symbols that contain the text."""
    text = request.query.get("q", "").lower()
    quotes = list(_hits(text))[: int(request.query.get("quotesCount", 8))] if text else []
    return as_json({"explains": [], "count": len(quotes), "quotes": quotes, "news": [], "nav": [], "lists": []})


def _hits(text: str) -> Iterator[dict[str, object]]:
    for ticker in listings.NAMES:
        item = listings.find(ticker)
        if item is None or (text not in item.name_en.lower() and text not in symbol_of(item).lower()):
            continue
        code, exchange = EXCHANGES[item.market]
        yield {
            "exchange": code, "shortname": item.name_en, "quoteType": TYPES[item.kind], "symbol": symbol_of(item),
            "index": "quotes", "score": 20000.0, "typeDisp": item.kind, "longname": item.name_en, "exchDisp": exchange,
            "isYahooFinance": True,
        }  # fmt: skip


ROUTES: list[Route] = [
    (r"fc\.yahoo\.com", r"/.*", first_cookie),
    (r"guce\.yahoo\.com", r"/consent", consent),
    (r"consent\.yahoo\.com", r"/v2/collectConsent", consented),
    (r"guce\.yahoo\.com", r"/copyConsent", consented),
    (API, r"/v1/test/getcrumb", crumb),
    (API, r"/v7/finance/quote", quotes),
    (API, r"/v8/finance/chart/[^/]+", chart),
    (API, r"/v10/finance/quoteSummary/[^/]+", summary),
    (API, r"/v1/finance/search", search),
    (r"finance\.yahoo\.com", r"/calendar/earnings", earnings),
]
