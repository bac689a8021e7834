"""Sina: ``hq.sinajs.cn`` quotes (GB18030, only with its Referer) and the packed histories. Volume in shares."""

from __future__ import annotations

import math
from datetime import timedelta
from zoneinfo import ZoneInfo

from . import klc
from .listings import Instrument
from .market import Quote
from .sessions import calendar
from .view import View
from .wire import Answer, Request, Route, as_text

MARKETS = {"sh": "SH", "sz": "SZ", "bj": "BJ"}
US_INDICES = {"$inx": "^GSPC.US", "$ndx": "^NDX.US", "ixic": "^IXIC.US", "$sox": "^SOX.US"}
BEIJING = ZoneInfo("Asia/Shanghai")
INSERTED = 3  # where a line of quotes gets its surplus field


def ticker_of(symbol: str) -> str:
    """``sz300308``, ``gb_nvda``, ``gb_$inx``, ``fx_susdcny`` -> ticker."""
    if symbol.startswith("gb_"):
        return US_INDICES.get(symbol[3:], f"{symbol[3:].upper()}.US")
    if symbol.startswith("fx_susd"):
        return f"{symbol[7:].upper()}=X"
    return f"{symbol[2:]}.{MARKETS.get(symbol[:2], '')}"


def _find(symbol: str, view: View) -> Instrument | None:
    item = view.find(ticker_of(symbol))
    return None if item is None or (item.kind == "index" and item.code.startswith("93")) else item


def quotes(request: Request, view: View) -> Answer:
    """``/list=sz300308,…``: one line a symbol, empty for one that does not exist; 403 without the Referer."""
    if "finance.sina.com.cn" not in request.headers.get("referer", ""):
        return as_text("Forbidden", status=403)
    symbols = (request.path.partition("list=")[2] or request.query.get("list", "")).split(",")
    lines = [f'var hq_str_{symbol}="{_line(symbol, view)}";\n' for symbol in view.pick([one for one in symbols if one])]
    return as_text("".join(lines), "gb18030", kind="application/javascript")


def _line(symbol: str, view: View) -> str:
    item = _find(symbol, view)
    quote = view.quote(item) if item else None
    if item is None or quote is None:
        return ""
    if item.market == "US":
        fields = _american(item, quote, view)
    else:
        fields = _currency(item, quote, view) if item.kind == "fx" else _mainland(item, quote)
    if view.extra:
        fields.insert(INSERTED, "0")
    return ",".join(fields)


def _number(value: float, decimals: int = 3) -> str:
    """A number as text; a missing one is written as zero."""
    return f"{value if math.isfinite(value) else 0.0:.{decimals}f}"


def _mainland(item: Instrument, quote: Quote) -> list[str]:
    """Name, open, previous close, last, high, low, bid, ask, volume, amount, book (20 fields), date, time, state."""
    prices = (quote.open, quote.reference, quote.last, quote.high, quote.low, quote.last, quote.last)
    state = "00" if quote.volume else "03"
    stamp = [f"{quote.time:%Y-%m-%d}", f"{quote.time:%H:%M:%S}", state]
    fields = [item.name, *(_number(price) for price in prices), str(int(quote.volume)), _number(quote.amount)]
    return [*fields, *["0"] * 20, *stamp]


def _american(item: Instrument, quote: Quote, view: View) -> list[str]:
    """Last, change %, Beijing time, change, open, high, low, 52 weeks, volume, …, PE, …, times, previous close."""
    low, high = quote.range_52w
    when = f"{quote.time:%b %d %I:%M%p} {quote.time.tzname()}"
    after = quote.time + timedelta(hours=4)
    prices = [_number(price, 4) for price in (quote.change, quote.open, quote.high, quote.low, high, low)]
    fields = [item.name, _number(quote.last, 4), _number(view.percent(quote.change_percent), 2)]
    fields += [f"{quote.time.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}", *prices, *[str(int(quote.volume))] * 2]
    pe = _number(quote.pe_ttm, 2) if quote.pe_ttm and quote.pe_ttm > 0 else "--"
    fields += [_number(quote.market_cap or 0.0, 0), _number(quote.eps or 0.0, 2), pe, "0.00", "1.20", "0.00", "0.00"]
    fields += [_number(view.market.shares(item.ticker, quote.day), 0), "0", _number(quote.last, 4), "0.00", "0.00"]
    fields += [f"{after:%b %d %I:%M%p} {after.tzname()}", when, _number(quote.reference, 4)]
    return [*fields, "0", "1", f"{quote.time:%Y}"]


def _currency(item: Instrument, quote: Quote, view: View) -> list[str]:
    """Time, bid, ask, previous close, range in pips, open, high, low, last, name, change %, change, …, date."""
    local = quote.time.astimezone(BEIJING)
    pips = _number((quote.high - quote.low) * 10000, 0)
    prices = [_number(price, 4) for price in (quote.open, quote.high, quote.low, quote.last)]
    percents = [_number(view.percent(value), 4) for value in (quote.change_percent, quote.amplitude_percent)]
    sides = [_number(quote.last + spread, 4) for spread in (-0.0003, 0.0003)]
    fields = [f"{local:%H:%M:%S}", *sides, _number(quote.reference, 4), pips, *prices, item.name]
    return [*fields, percents[0], _number(quote.change, 4), percents[1], "行情", "0", "0", "", f"{local:%Y-%m-%d}"]


def index_history(request: Request, view: View) -> Answer:
    """``hisdata/klc_kl.js``: all daily bars of an index, packed."""
    return _history(request, view, klc.pack_index)


def fund_history(request: Request, view: View) -> Answer:
    """``hisdata_klc2/klc_kl.js``: all daily bars of a fund or stock with previous close and amount, packed."""
    return _history(request, view, klc.pack_fund)


def _history(request: Request, view: View, pack: klc.Packer) -> Answer:
    symbol = request.path.split("/")[3]
    item = _find(symbol, view)
    bars = [bar for bar in view.bars(item) if math.isfinite(bar.close)] if item else []
    if item is None or not bars:
        return as_text("<html>404</html>", status=404, kind="text/html")
    return as_text(f'var KLC_KL_{symbol}="{pack(bars, item.decimals)}";', kind="application/javascript")


def trading_days(_: Request, __: View) -> Answer:
    """``klc_td_sh.txt``: the Shanghai sessions from 2014 to 2026, packed, future ones included."""
    packed = klc.pack_days(calendar("XSHG").days)
    return as_text(f'var datelist="{packed}";var KLC_TD_SH=datelist;', kind="text/plain")


ROUTES: list[Route] = [
    (r"hq\.sinajs\.cn", r"/(list=.*)?", quotes),
    (r"finance\.sina\.com\.cn", r"/realstock/company/\w+/hisdata/klc_kl\.js", index_history),
    (r"finance\.sina\.com\.cn", r"/realstock/company/\w+/hisdata_klc2/klc_kl\.js", fund_history),
    (r"finance\.sina\.com\.cn", r"/realstock/company/klc_td_sh\.txt", trading_days),
]
