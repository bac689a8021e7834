"""Tencent: ``qt.gtimg.cn`` quotes (GBK), ``fqkline`` bars. Volume in lots of 100, in shares for STAR and Hong Kong."""

from __future__ import annotations

import json
import math
import re
from datetime import date
from functools import partial

from .listings import Instrument
from .market import Quote
from .paths import Bar
from .view import View
from .wire import Answer, NotAnswered, Request, Route, as_text

PREFIXES = {"SH": "sh", "SZ": "sz", "BJ": "bj", "HK": "hk", "US": "us"}
EXCHANGES = {"SH": "1", "SZ": "51", "BJ": "62", "HK": "100", "US": "200"}
NO_MATCH = 'v_pv_none_match="1";\n'
MOST_BARS = 800
INSERTED = 30  # where a line of quotes gets its surplus field


def ticker_of(symbol: str) -> str:
    """``sz300308`` -> ``300308.SZ``; also ``usNVDA``, ``us.INX``, ``hk00700``."""
    prefix, code = symbol[:2], symbol[2:]
    markets = {lower: upper for upper, lower in PREFIXES.items()}
    if prefix == "us":
        indices = {".IXIC": "^IXIC", ".NDX": "^NDX", ".INX": "^GSPC", ".SOX": "^SOX"}
        return f"{indices.get(code, code.removesuffix('.OQ').removesuffix('.N'))}.US"
    return f"{code}.{markets.get(prefix, '')}"


def _find(symbol: str, view: View) -> Instrument | None:
    item = view.find(ticker_of(symbol))
    # Indices of China Securities Index Co. (93xxxx) are not quoted here.
    return None if item is None or (item.kind == "index" and item.code.startswith("93")) else item


def quotes(request: Request, view: View) -> Answer:
    """``/q=sz300308,sh688498,…``: one line a symbol; symbols that do not exist are left out."""
    symbols = (request.path.partition("q=")[2] or request.query.get("q", "")).split(",")
    lines = []
    for symbol in view.pick([one for one in symbols if one]):
        item = _find(symbol, view)
        quote = view.quote(item) if item else None
        if item and quote:
            fields = _fields(item, quote, view)
            if view.extra:
                fields.insert(INSERTED, "0")
            lines.append(f'v_{symbol}="{"~".join(fields)}";\n')
    return as_text("".join(lines) or NO_MATCH, "gbk", kind="text/html")


def _fields(item: Instrument, quote: Quote, view: View) -> list[str]:
    if item.market == "HK":
        return _hong_kong(item, quote, view)
    return _american(item, quote, view) if item.market == "US" else _mainland(item, quote, view)


def _number(value: float | None, decimals: int = 2) -> str:
    """A number as text; nothing for a missing one."""
    return "" if value is None or not math.isfinite(value) else f"{value:.{decimals}f}"


def _head(item: Instrument, quote: Quote, code: str, volume: str, unit: float) -> list[str]:
    """Fields 0-29: identity, prices, volume, five levels of the book on each side (in lots), an empty one."""
    tick = 10.0**-item.decimals
    book = []
    for side in (-1, 1):
        for step in range(5):
            price = quote.last + side * tick * (step + (side > 0))
            book += [_number(price if quote.volume else 0.0, item.decimals), str(int(quote.volume / unit / 997) + step)]
    prices = [_number(price, item.decimals) for price in (quote.last, quote.reference, quote.open)]
    halves = [str(int(quote.volume / unit * share)) for share in (0.51, 0.49)]
    return [EXCHANGES[item.market], item.name, code, *prices, volume, *halves, *book, ""]


def _mainland(item: Instrument, quote: Quote, view: View) -> list[str]:
    """An A line: 88 fields, amounts in 10,000 yuan, caps in 100 million yuan, percentages as percent."""
    unit = 1 if item.star else 100
    volume = str(int(quote.volume / unit))
    price = partial(_number, decimals=item.decimals)
    up, down = (price(one) for one in quote.limits) if quote.limits else ("-1", "-1")
    pe = quote.pe_ttm
    fields = _head(item, quote, item.code, volume, unit)
    fields += [f"{quote.time:%Y%m%d%H%M%S}", price(quote.change), _number(view.percent(quote.change_percent))]
    fields += [price(quote.high), price(quote.low), f"{price(quote.last)}/{volume}/{quote.amount:.0f}", volume]
    fields += [f"{quote.amount / 10000:.0f}", _number(view.percent(quote.turnover * 100)), _number(pe), ""]
    fields += [price(quote.high), price(quote.low), _number(view.percent(quote.amplitude_percent))]
    fields += [_number(_scaled(quote.float_cap)), _number(_scaled(quote.market_cap)), _number(quote.pb), up, down]
    fields += [
        _number(quote.volume_ratio),
        "14",
        price(quote.vwap),
        _number(pe and pe * 1.12),
        _number(pe and pe * 1.3),
    ]
    return fields + _tail(item, quote)


def _scaled(cap: float | None) -> float | None:
    """Currency units -> 100 million."""
    return None if cap is None else cap / 1e8


def _tail(item: Instrument, quote: Quote) -> list[str]:
    """Fields 54-87 of an A line: present, but their places moved in 2026, so nobody should read them."""
    kinds = {"index": "ZS", "etf": "ETF"}
    board = "GP-A-KCB" if item.star else "GP-A-CYB" if item.code.startswith("30") else "GP-A"
    low, high = quote.range_52w
    count = str(int(quote.market_cap / quote.last)) if quote.market_cap and quote.last > 0 else ""
    fields = ["", "", "1.10", f"{quote.amount / 10000:.4f}", "0.0000", "0", " A", kinds.get(item.kind, board)]
    fields += ["12.34", "1.23", "0.10", "20.00", "10.00", _number(high, item.decimals), _number(low, item.decimals)]
    fields += [
        "1.00",
        "2.00",
        "3.00",
        count,
        count,
        "5.00",
        "6.00",
        count,
        "",
        "",
        "7.00",
        "-0.10",
        "",
        item.currency,
        "0",
    ]
    return [*fields, "", _number(quote.last, item.decimals), "18", ""]


def _hong_kong(item: Instrument, quote: Quote, view: View) -> list[str]:
    """An HK line: 78 fields, volume in shares, amount in HKD, caps in 100 million HKD."""
    price = partial(_number, decimals=3)
    volume, cap = f"{quote.volume:.1f}", _number(_scaled(quote.market_cap), 4)
    low, high = quote.range_52w
    book = ["0"] * 9
    fields = [
        "100",
        item.name,
        item.code,
        price(quote.last),
        price(quote.reference),
        price(quote.open),
        volume,
        "0",
        "0",
    ]
    fields += [price(quote.last), *book, price(quote.last), *book, volume, f"{quote.time:%Y/%m/%d %H:%M:%S}"]
    fields += [price(quote.change), _number(view.percent(quote.change_percent)), price(quote.high), price(quote.low)]
    fields += [price(quote.last), volume, price(quote.amount), "0", _number(quote.pe_ttm), "", "0", "0"]
    fields += [_number(view.percent(quote.amplitude_percent)), cap, cap, item.name_en, "0.95", price(high), price(low)]
    fields += [_number(quote.volume_ratio), "1.00", *["0"] * 5, _number(quote.pe_ttm), _number(quote.pb), "0.21", "100"]
    fields += ["1.00", "2.00", "GP", "19.48", "11.27", "1.00", "2.00", "3.00", "9125597636.00", "9125597636.00"]
    return [*fields, _number(quote.pe_ttm), "4.531", price(quote.vwap), "1.00", "HKD", "1", "50"]


def _american(item: Instrument, quote: Quote, view: View) -> list[str]:
    """A US line: volume in shares, amount in dollars, caps in 100 million dollars; New York time."""
    cap = _number(_scaled(quote.market_cap), 5)
    low, high = quote.range_52w
    volume = str(int(quote.volume))
    fields = _head(item, quote, f"{item.code}.OQ", volume, 1)
    fields += [f"{quote.time:%Y-%m-%d %H:%M:%S}", _number(quote.change), _number(view.percent(quote.change_percent))]
    fields += [_number(quote.high), _number(quote.low), "USD", volume, f"{quote.amount:.0f}"]
    fields += [_number(view.percent(quote.turnover * 100)), _number(quote.pe_ttm), "", _number(quote.pe_ttm), ""]
    fields += [_number(view.percent(quote.amplitude_percent)), cap, cap, item.name_en, _number(quote.eps)]
    return [*fields, _number(high), _number(low), "440", _number(quote.pb), "0.31", cap, "24.62", "3.77", "GP"]


def bars(request: Request, view: View) -> Answer:
    """``(new)fqkline``: ``param=sz300308,day,start,end,count,qfq``; the newest ``count`` rows of the span."""
    symbol, period, start, end, count, adjust, *_ = [*request.query.get("param", "").split(","), *[""] * 6]
    if period != "day":
        raise NotAnswered(f"period {period!r}")
    item = _find(symbol, view)
    prefix = f"{request.query['_var']}=" if request.query.get("_var") else ""
    if item is None or int(count or 320) > MOST_BARS:
        return as_text(prefix + json.dumps({"code": 1, "msg": "param error", "data": []}))
    adjust = adjust if item.kind == "stock" or item.kind == "etf" else ""
    rows: list[Bar] = []
    if item.market != "BJ":  # Beijing has no bars here
        spanned = view.bars(item, _date(start), _date(end))
        rows = view.adjusted(item, spanned, adjust)[-int(count or 320) :]
    answer = {symbol: {f"{adjust}day": [_row(item, bar, view) for bar in rows], "prec": "0.00", "version": "16"}}
    return as_text(prefix + json.dumps({"code": 0, "msg": "", "data": answer}, ensure_ascii=False))


def _date(text: str) -> date | None:
    return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None


def _row(item: Instrument, bar: Bar, view: View) -> list[object]:
    """Date, open, close, high, low, volume, {} or on an ex-date its action, turnover %, amount in 10,000."""
    unit = 1 if item.star or item.market in {"HK", "US"} else 100
    turnover = bar.volume / view.market.shares(item.ticker, bar.day) * 100
    prices = [_number(value, max(item.decimals, 2)) for value in (bar.open, bar.close, bar.high, bar.low)]
    ends = [_number(view.percent(turnover)), _number(bar.amount / 10000)]
    row: list[object] = [bar.day.isoformat(), *prices, f"{bar.volume / unit:.2f}", _event(item, bar.day, view), *ends]
    return [*row, "0"] if view.extra else row


def _event(item: Instrument, day: date, view: View) -> dict[str, str]:
    for action in view.market.actions(item.ticker):
        if action.day == day:
            text = f"10派{action.cash * 10:g}元" if action.cash else f"10转{(action.ratio - 1) * 10:g}股"
            cash = f"{action.cash * 10:g}"
            return {"nd": str(day.year - 1), "fh_sh": cash, "cqr": day.isoformat(), "FHcontent": text}
    return {}


def first_weeks(request: Request, view: View) -> Answer:
    """``weekTrends``: the first day of every week's first bar; akshare reads only the first of all."""
    item = _find(request.query.get("code", ""), view)
    rows = [[bar.day.isoformat(), _number(bar.close)] for bar in view.bars(item)[::5]] if item else []
    return as_text(f"{request.query.get('_var', 'trend')}=" + json.dumps({"code": 0, "msg": "", "data": rows}))


ROUTES: list[Route] = [
    (r"qt\.gtimg\.cn", r"/(q=.*)?", quotes),
    (r"web\.ifzq\.gtimg\.cn", r"/appstock/app/(new)?fqkline/get", bars),
    (r"proxy\.finance\.qq\.com", r"/ifzqgtimg/appstock/app/(new)?fqkline/get", bars),
    (r"web\.ifzq\.gtimg\.cn", r"/other/klineweb/klineWeb/weekTrends", first_weeks),
]
