"""Shenwan level-1 sectors: valuations, history, current levels. Values are text; volumes in 100 million shares."""

from __future__ import annotations

import math
from datetime import date

from .listings import SECTORS, Instrument
from .paths import Bar
from .view import View
from .wire import Answer, NotAnswered, Request, Route, as_json

HOST = r"www\.swsresearch\.com"
LEVEL = "一级行业"
NEW_IN_2021 = {"801950", "801960", "801970", "801980"}
Page = dict[str, object]


def _find(code: str, view: View) -> Instrument | None:
    return view.find(f"{code}.SI")


def _bars(item: Instrument, view: View, start: date | None = None, end: date | None = None) -> list[Bar]:
    """Closed sessions only, from the sector's first day on."""
    first = date(2021, 12, 13) if item.code in NEW_IN_2021 else date(2014, 2, 21)
    bars = view.bars(item, max(start or first, first), end)
    unfinished = bars and bars[-1].day == view.market.session(item).day and not view.market.is_final(item)
    return bars[:-1] if unfinished else bars


def _text(value: float) -> str:
    """Two decimals; a dash where there is nothing."""
    return f"{value:.2f}" if math.isfinite(value) else "-"


def _page(rows: list[Page], request: Request) -> Answer:
    number, size = int(request.query.get("page", 1)), int(request.query.get("page_size", 50))
    chosen = rows[(number - 1) * size : number * size]
    following = number * size < len(rows) or None
    return as_json(
        {"code": "200", "data": {"count": len(rows), "next": following, "previous": None, "results": chosen}}
    )


def analysis(request: Request, view: View) -> Answer:
    """``index_analysis_report``: a row a sector and day, newest day first."""
    query = request.query
    if query.get("index_type") != LEVEL or query.get("type") != "DAY":
        raise NotAnswered("only the daily report of level 1")
    start, end = (date.fromisoformat(query[name]) for name in ("start_date", "end_date"))
    wanted = SECTORS if query.get("swindexcode", "all") == "all" else query["swindexcode"].split(",")
    items = [item for item in (_find(code, view) for code in wanted) if item]
    rows = [(bar.day, item, bar) for item in items for bar in _bars(item, view, start, end)]
    rows.sort(key=lambda row: (-row[0].toordinal(), row[1].code))
    if "half_missing" in view.faults and rows:  # the newest day comes in bit by bit
        newest = [row for row in rows if row[0] == rows[0][0]]
        rows = newest[::2] + rows[len(newest) :]
    answer = [_analysis(item, bar, view, newest=day == rows[0][0]) for day, item, bar in rows]
    if "cut_report" in view.faults:
        return as_json({"code": "200", "data": {"count": len(rows), "next": True, "results": answer[:50]}})
    return _page(answer, request)


def _analysis(item: Instrument, bar: Bar, view: View, *, newest: bool) -> Page:
    shares = view.market.shares(item.ticker, bar.day)
    pe = view.multiple(bar.close * shares / view.market.profit(item.ticker, bar.day), newest=newest)
    cap = bar.volume * 15 / 1e8 * 60
    row: Page = {
        "swindexcode": item.code, "swindexname": item.name, "bargaindate": f"{bar.day}T08:00:00+08:00",
        "closeindex": _text(bar.close), "bargainamount": _text(bar.volume / 1e8),
        "markup": _text(view.percent((bar.close / bar.reference - 1) * 100)),
        "turnoverrate": _text(view.percent(bar.volume / shares * 100)), "pe": _text(pe), "pb": _text(pe * 0.11),
        "meanprice": "10.50", "bargainsumrate": _text(view.percent(3.2)), "negotiablessharesum1": _text(cap),
        "negotiablessharesum2": _text(cap / 120), "dp": _text(view.percent(1.35)),
    }  # fmt: skip
    return row | {"surplus": "0"} if view.extra else row


def trend(request: Request, view: View) -> Answer:
    """``index_publish/trend``: the whole daily history of one sector, oldest first."""
    if request.query.get("period") != "DAY":
        raise NotAnswered("only days")
    item = _find(request.query.get("swindexcode", ""), view)
    rows = []
    for bar in _bars(item, view) if item else []:
        row = {
            "swindexcode": request.query["swindexcode"],
            "bargaindate": bar.day.isoformat(),
            "openindex": _text(bar.open),
        }
        row |= {"maxindex": _text(bar.high), "minindex": _text(bar.low), "closeindex": _text(bar.close)}
        row |= {
            "hike": _text(bar.close - bar.reference),
            "markup": _text(view.percent((bar.close / bar.reference - 1) * 100)),
        }
        row |= {"bargainamount": _text(bar.volume / 1e8), "bargainsum": _text(bar.amount / 1e8)}
        rows.append(row)
    return as_json({"code": "200", "data": rows})


def current(request: Request, view: View) -> Answer:
    """``index_publish/current``: nine fields in the order that akshare names by position; amount in million yuan."""
    if request.query.get("indextype") != LEVEL:
        raise NotAnswered("only level 1")
    rows: list[Page] = []
    for code in view.pick(list(SECTORS)):
        item = _find(code, view)
        quote = view.quote(item) if item else None
        if item and quote:
            row: Page = {
                "swindexcode": item.code,
                "swindexname": item.name,
                "l3": _text(quote.reference),
                "l4": _text(quote.open),
            }
            row |= {"l5": _text(quote.amount / 1e6), "l6": _text(quote.high), "l7": _text(quote.low)}
            row |= {"l8": _text(quote.last), "l11": _text(quote.volume / 1e6)}
            rows.append(row | {"l12": "0"} if view.extra else row)
    return _page(rows, request)


ROUTES: list[Route] = [
    (HOST, r"/institute-sw/api/index_analysis/index_analysis_report/", analysis),
    (HOST, r"/institute-sw/api/index_publish/trend/", trend),
    (HOST, r"/institute-sw/api/index_publish/current/", current),
]
