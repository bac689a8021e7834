"""PE of indices: csindex (daily, with its copied first row), Danjuan (weekly), cnindex (today's, without a date), and
legulegu's page of the sectors.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from .listings import SECTORS, Instrument
from .paths import Bar
from .view import View
from .wire import Answer, NotAnswered, Request, Route, as_json, as_text

DANJUAN_FIRST = date(2016, 9, 23)
CNI = ("399006", "399001", "399005")


def _find(code: str, view: View) -> Instrument | None:
    found = (view.find(f"{code}.{market}") for market in ("SH", "SZ"))
    return next((item for item in found if item and item.kind == "index"), None)


def _closed(item: Instrument, view: View, start: date | None = None, end: date | None = None) -> list[Bar]:
    bars = view.bars(item, start, end)
    unfinished = bars and bars[-1].day == view.market.session(item).day and not view.market.is_final(item)
    return bars[:-1] if unfinished else bars


def _pe(item: Instrument, bar: Bar, view: View, *, newest: bool) -> float:
    pe = bar.close * view.market.shares(item.ticker, bar.day) / view.market.profit(item.ticker, bar.day)
    return round(view.multiple(pe, newest=newest), 2)


def index_perf(request: Request, view: View) -> Answer:
    """``index-perf``: sixteen fields in the order that akshare names by position. Where ``startDate`` is no session,
    the first row is a copy of the first real one that bears that date.
    """
    query = request.query
    item = _find(query.get("indexCode", ""), view)
    start, end = (date.fromisoformat(query[name]) for name in ("startDate", "endDate"))
    if item is None or item.market != "SH":
        return as_json({"code": "200", "msg": "success", "data": [], "success": True})
    bars = _closed(item, view, start, end)
    rows = [_perf(item, bar, view, newest=bar is bars[-1]) for bar in bars]
    if rows and bars[0].day != start:
        rows.insert(0, rows[0] | {"tradeDate": f"{start:%Y%m%d}"})
    return as_json({"code": "200", "msg": "success", "data": rows, "success": True})


def _perf(item: Instrument, bar: Bar, view: View, *, newest: bool) -> dict[str, object]:
    row: dict[str, object] = {
        "tradeDate": f"{bar.day:%Y%m%d}", "indexCode": item.code, "indexNameCnAll": item.name, "indexNameCn": item.name,
        "indexNameEnAll": item.name_en, "indexNameEn": item.name_en, "open": bar.open, "high": bar.high, "low": bar.low,
        "close": bar.close, "change": round(bar.close - bar.reference, 2),
        "changePct": round(view.percent((bar.close / bar.reference - 1) * 100), 2), "tradingVol": bar.volume / 1e6,
        "tradingValue": bar.amount / 1e8, "consNumber": 300, "peg": _pe(item, bar, view, newest=newest),
    }  # fmt: skip
    return row | {"surplus": 0} if view.extra else row


def pe_history(request: Request, view: View) -> Answer:
    """``pe_history``: the last session of each week; ``ts`` is midnight in Beijing in milliseconds."""
    if request.query.get("day") != "all":
        return as_json({"data": None, "result_code": 999001})
    symbol = request.path.rpartition("/")[2]
    item = _find(symbol[2:], view)
    if item is None:
        return as_json({"data": None, "result_code": 200007})
    bars = _closed(item, view, DANJUAN_FIRST)
    weeks = {bar.day.isocalendar()[:2]: bar for bar in bars}
    points = []
    for bar in weeks.values():
        midnight = datetime(bar.day.year, bar.day.month, bar.day.day, tzinfo=UTC) - timedelta(hours=8)
        pe = _pe(item, bar, view, newest=bar is bars[-1])
        points.append({"pe": pe, "ts": int(midnight.timestamp() * 1000)})
    points.insert(3, {"pe": 0, "ts": points[2]["ts"] + 86_400_000})  # 0 is how a missing one is written
    return as_json({"data": {"index_eva_pe_growths": points, "horizontal_lines": []}, "result_code": 0})


def index_list(request: Request, view: View) -> Answer:
    """``indexList``: all indices of the Shenzhen company as they stand, without a date."""
    if request.query.get("channelCode") != "-1":
        raise NotAnswered("only all of them")
    rows = []
    for code in CNI:
        item = view.find(f"{code}.SZ")
        bar = _closed(item, view)[-1] if item else None
        if item and bar:
            rows.append({
                "indexcode": item.code, "indexname": item.name, "samplesize": 100, "closeingPoint": bar.close,
                "percent": round(view.percent((bar.close / bar.reference - 1) * 100), 2),
                "peDynamic": _pe(item, bar, view, newest=True), "volume": bar.volume, "amount": bar.amount,
                "totalMarketValue": bar.amount * 80, "freeMarketValue": bar.amount * 50,
            })  # fmt: skip
    return as_json({"code": 200, "message": None, "data": {"total": len(rows), "rows": rows}})


def legulegu(_: Request, view: View) -> Answer:
    """``sw-industry-overview``: static and TTM PE of the sectors as they stand, in the HTML that akshare reads."""
    cells = []
    for code, name in SECTORS.items():
        item = view.find(f"{code}.SI")
        if item is None:
            continue
        pe = _pe(item, _closed(item, view)[-1], view, newest=True)
        values = "".join(f'<span class="value">{v:.2f}</span>' for v in (pe * 1.3, pe, abs(pe) * 0.11, 1.35))
        cells.append(
            f'<div class="lg-industries-item-chinese-title">{code}.SI</div>'
            f'<div class="lg-industries-item-number">{name}(30)</div>'
            f'<div class="lg-sw-industries-item-value">{values}</div>'
        )
    page = f'<html><body><div id="level1Items">{"".join(cells)}</div></body></html>'
    return as_text(page, kind="text/html")


ROUTES: list[Route] = [
    (r"www\.csindex\.com\.cn", r"/csindex-home/perf/index-perf", index_perf),
    (r"danjuanfunds\.com", r"/djapi/index_eva/pe_history/S[HZ]\d{6}", pe_history),
    (r"legulegu\.com", r"/stockdata/sw-industry-overview", legulegu),
    (r"www\.cnindex\.com\.cn", r"/index/indexList", index_list),
]
