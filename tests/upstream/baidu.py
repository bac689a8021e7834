"""Baidu's stock pages: PE-TTM of Hong Kong and US stocks, a value a calendar day, weekends repeating Friday's."""

from __future__ import annotations

from datetime import date, timedelta

from .view import View
from .wire import Answer, NotAnswered, Request, Route, as_json

YEARS = {"近一年": 1, "近三年": 3, "近五年": 5, "近十年": 10, "全部": 10}
MARKETS = {"hk": "HK", "us": "US"}


def opendata(request: Request, view: View) -> Answer:
    """``opendata``: nested as akshare unpacks it; ``Result: []`` for an unknown code."""
    query = request.query
    if query.get("resource_id") != "51171" or query.get("tag") != "市盈率(TTM)" or query.get("market") not in MARKETS:
        raise NotAnswered("only PE-TTM of Hong Kong and the US")
    item = view.find(f"{query['code'].replace('.', '-')}.{MARKETS[query['market']]}")
    if item is None or item.kind != "stock":
        return as_json({"QueryID": "1", "ResultCode": "403", "Result": []})
    today = view.market.session(item).day
    first = date(today.year - YEARS[query["chart_select"]], today.month, min(today.day, 28))
    bars = [bar for bar in view.bars(item, first) if bar.day < today or view.market.is_final(item)]
    body, value = [], ""
    values = {
        b.day: b.close * view.market.shares(item.ticker, b.day) / view.market.profit(item.ticker, b.day) for b in bars
    }
    newest = max(values, default=today)
    for offset in range((newest - first).days + 1):
        day = first + timedelta(days=offset)
        if day in values:
            value = f"{view.multiple(values[day], newest=day == newest):.2f}"
        if value:
            body.append([day.isoformat(), value])
    chart = {"chartInfo": [{"body": body}]}
    result = {"DisplayData": {"resultData": {"tplData": {"result": chart}}}}
    return as_json({"QueryID": "1", "ResultCode": "0", "Result": [result]})


ROUTES: list[Route] = [(r"(finance|gushitong)\.baidu\.com", r"/opendata", opendata)]
