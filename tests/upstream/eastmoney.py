"""Eastmoney quotes (``ulist.np``) and bars (``kline``). Volume in lots of 100 for all A shares, in shares elsewhere."""

from __future__ import annotations

import math
from datetime import date, datetime
from itertools import pairwise

from .listings import NYSE, Instrument
from .market import Quote
from .paths import Bar
from .view import View
from .wire import Answer, NotAnswered, Request, Route, as_json

QUOTE_HOSTS = r"(push2delay|(\d+\.)?push2)\.eastmoney\.com"
BAR_HOSTS = r"(\d+\.)?push2his\.eastmoney\.com"
ENVELOPE = {"rc": 0, "rt": 11, "svr": 182996292, "lt": 1, "full": 1, "dlmkts": ""}
INDICES = {"100.NDX": "^IXIC.US", "100.SPX": "^GSPC.US", "100.NDX100": "^NDX.US"}  # the code NDX is the composite here
PRICES = {"f2", "f4", "f15", "f16", "f17", "f18", "f350", "f351"}  # integers x 10^f1 without fltt=2
HUNDREDTHS = {"f3", "f7", "f8", "f9", "f10", "f23", "f115"}  # integers x 100 without fltt=2
BAR_FIELDS = ("f51", "f52", "f53", "f54", "f55", "f56", "f57", "f58", "f59", "f60", "f61")


def ticker_of(secid: str) -> str:
    """``0.300308`` -> ``300308.SZ``; an impossible pair of market and code gives a ticker that does not exist."""
    market, _, code = secid.partition(".")
    if secid in INDICES:
        return INDICES[secid]
    if market == "1":
        return f"{code}.SH"
    if market == "0":
        return f"{code}.BJ" if code.startswith(("4", "8", "920")) else f"{code}.SZ"
    if market == "2":
        return f"{code}.SH" if code.startswith("93") else ""
    if market in {"105", "106"}:
        return f"{code}.US" if (code in NYSE) == (market == "106") else ""
    return f"{code}.HK" if market == "116" else ""


def secid_market(item: Instrument) -> int:
    """The market number of an instrument."""
    if item.code.startswith("93"):
        return 2
    if item.market == "US":
        return 100 if item.kind == "index" else 106 if item.code in NYSE else 105
    return {"SH": 1, "SZ": 0, "BJ": 0, "HK": 116}.get(item.market, 0)


def _find(secid: str, view: View) -> Instrument | None:
    item = view.find(ticker_of(secid))
    # 93xxxx exists as 2.931160 only, not as 1.931160.
    return None if item and item.code.startswith("93") and not secid.startswith("2.") else item


def quotes(request: Request, view: View) -> Answer:
    """``ulist.np``: the fields asked for of every secid that exists; ``data`` is null when none does."""
    fields = request.query.get("fields", "f2,f12,f13,f14").split(",")
    plain = request.query.get("fltt") == "2"
    rows = []
    for secid in view.pick(request.query.get("secids", "").split(",")):
        item = _find(secid, view)
        quote = view.quote(item) if item else None
        if item and quote:
            values = _fields(item, quote, view)
            rows.append({name: _wire(name, values.get(name), item, plain) for name in fields})
            if view.extra:
                rows[-1]["f9999"] = 0
    data = {"total": len(rows), "diff": rows} if rows else None
    return as_json(ENVELOPE | {"data": data})


def _fields(item: Instrument, quote: Quote, view: View) -> dict[str, object]:
    """Every field this stand-in knows; None where the upstream shows a dash."""
    traded = quote.volume > 0 or item.kind == "fx"
    shown = {"f2": quote.last, "f4": quote.change, "f15": quote.high, "f16": quote.low, "f17": quote.open}
    up, down = quote.limits or (None, None)
    pe = quote.pe_ttm
    values: dict[str, object] = {name: value if traded else None for name, value in shown.items()}
    values |= {
        "f1": item.decimals, "f3": view.percent(quote.change_percent) if traded else None,
        "f5": int(quote.volume / (100 if item.market in {"SH", "SZ", "BJ"} else 1)) if traded else None,
        "f6": quote.amount if traded else None, "f7": view.percent(quote.amplitude_percent) if traded else None,
        "f8": view.percent(quote.turnover * 100) if traded else None, "f9": pe and pe * 1.12,
        "f10": quote.volume_ratio if traded else None, "f12": item.code, "f13": secid_market(item), "f14": item.name,
        "f18": quote.reference, "f20": quote.market_cap, "f21": quote.float_cap, "f23": quote.pb, "f115": pe,
        "f124": int(quote.time.timestamp()), "f152": 2, "f297": int(f"{quote.day:%Y%m%d}"), "f350": up, "f351": down,
    }  # fmt: skip
    return values


def _wire(name: str, value: object, item: Instrument, plain: bool) -> object:
    """A value as it is written: "-" when missing; without ``fltt=2`` prices and ratios are scaled integers."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "-"
    if not isinstance(value, float):
        return value
    decimals = item.decimals if name in PRICES else 2
    if plain or name not in PRICES | HUNDREDTHS:
        return round(value, decimals)
    return round(value * 10**decimals)


def bars(request: Request, view: View) -> Answer:
    """``kline``: daily bars as lines of text; ``data`` is null for a secid that does not exist."""
    query = request.query
    if query.get("klt") != "101":
        raise NotAnswered(f"klt {query.get('klt')!r}")
    item = _find(query.get("secid", ""), view)
    if item is None:
        return as_json(ENVELOPE | {"rc": 100, "data": None})
    start, end = _date(query.get("beg", "")), _date(query.get("end", ""))
    everything = view.adjusted(item, view.bars(item, None, end), {"1": "qfq", "2": "hfq"}.get(query.get("fqt", ""), ""))
    wanted = [name for name in query.get("fields2", "").split(",") if name in BAR_FIELDS]
    lines = [
        _line(item, bar, before, wanted, view) + (",0" if view.extra else "")
        for before, bar in pairwise([None, *everything])
        if bar is not None and (start is None or bar.day >= start)
    ][-int(query.get("lmt") or 1_000_000) :]
    data = {"code": item.code, "market": secid_market(item), "name": item.name, "decimal": item.decimals}
    data |= {"dktotal": len(everything), "preKPrice": everything[0].reference if everything else 0, "klines": lines}
    return as_json(ENVELOPE | {"data": data})


def _date(text: str) -> date | None:
    """``20260703``; anything that is no day (``0``, ``20500000``) sets no bound."""
    try:
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a day, not an instant
    except ValueError:
        return None


def _line(item: Instrument, bar: Bar, before: Bar | None, wanted: list[str], view: View) -> str:
    """Date, open, close, high, low, volume, amount, amplitude %, change %, change, turnover %."""
    previous = before.close if before else bar.reference
    unit = 100 if item.market in {"SH", "SZ", "BJ"} else 1
    base = bar.reference or previous
    turnover = bar.volume / (view.market.shares(item.ticker, bar.day) * 0.97) * 100
    percents = [(bar.high - bar.low) / base * 100, (bar.close - base) / base * 100]
    values = [bar.day.isoformat(), *(_text(value, item.decimals) for value in (bar.open, bar.close, bar.high, bar.low))]
    values += [str(int(bar.volume / unit)), _text(bar.amount, 2), *(_text(view.percent(one), 2) for one in percents)]
    values += [_text(bar.close - base, item.decimals), _text(view.percent(turnover), 2)]
    return ",".join(values[BAR_FIELDS.index(name)] for name in wanted)


def _text(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}" if math.isfinite(value) else "-"


ROUTES: list[Route] = [
    (QUOTE_HOSTS, r"/api/qt/ulist\.np/get", quotes),
    (BAR_HOSTS, r"/api/qt/stock/kline/get", bars),
]
