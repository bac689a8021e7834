"""Eastmoney's data centre: daily valuations and dividends, filtered, sorted and paged as the caller asks."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable
from datetime import date, timedelta
from functools import partial
from typing import Any

from . import exchanges, listings
from .listings import Action, Instrument
from .paths import Bar
from .view import View
from .wire import Answer, Request, Route, as_json

Row = dict[str, object]
Clause = tuple[str, str, list[str]]  # field, operator, values

FIRST_VALUATION = date(2018, 1, 2)
MOST_CODES = 300
NOTICE = timedelta(days=7)  # how long before its ex-date an action is announced
EMPTY = {"version": None, "result": None, "success": False, "message": "返回数据为空", "code": 9201}
_CLAUSE = re.compile(r"\(\s*(\w+)\s*(>=|<=|=|>|<|in)\s*(\([^)]*\)|[^()]*)\)", re.IGNORECASE)
_TESTS = {
    "=": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}


def get(request: Request, view: View) -> Answer:
    """``data/v1/get``: one page of a report, or the upstream's words for an empty or unknown one (status 200)."""
    query = request.query
    if query.get("reportName") == "RPT_F10_CORETHEME_BOARDTYPE":
        return _board(query, view)
    report = REPORTS.get(query.get("reportName", ""))
    if report is None:
        text = f"报表配置不存在,{query.get('reportName')}"
        return as_json({"version": None, "result": None, "success": False, "message": text, "code": 9501})
    clauses = _parse(query.get("filter", ""))
    if "bare_codes" in view.faults and '"' in query.get("filter", ""):
        return as_json(EMPTY)
    codes = next((values for name, _, values in clauses if name == "SECURITY_CODE"), None)
    if codes is not None and len(codes) > MOST_CODES:
        return as_json({"success": False, "message": "参数错误", "code": 9400}, status=400)
    items = [_a_share(code, view) for code in view.pick(codes if codes is not None else _known_codes())]
    rows = [row for item in items if item for row in report(item, clauses, view)]
    others = [clause for clause in clauses if clause[0] != "SECURITY_CODE"]
    rows = [row for row in rows if all(_passes(row, clause) for clause in others)]
    return _page(rows, query, view)


def _board(query: dict[str, str], view: View) -> Answer:
    """Members of a concept board; without double quotes the filter is not understood and the whole table comes."""
    match = re.fullmatch(r'\(NEW_BOARD_CODE="(BK\d+)"\)', query.get("filter", ""))
    members = exchanges.MEMBERS.get(match[1], ()) if match else ()
    rows: list[Row] = [
        {"SECURITY_CODE": code, "SECURITY_NAME_ABBR": listings.NAMES.get(f"{code}.SZ", code), "IS_PRECISE": "1", "BOARD_RANK": n,
         "SELECTED_BOARD_REASON": f"公司产品用于该概念（{code}）", "NEW_BOARD_CODE": match[1] if match else ""}
        for n, code in enumerate(members, 1)
    ]  # fmt: skip
    if not match:
        rows = [{"SECURITY_CODE": f"{n:06}", "NEW_BOARD_CODE": "BK0001"} for n in range(90_000)]
    return _page(rows, query, view)


def _place(name: str, row: Row) -> tuple[bool, Any]:
    """Where a row sorts by a column; rows without it come first."""
    return row.get(name) is not None, row.get(name)


def _page(rows: list[Row], query: dict[str, str], view: View) -> Answer:
    directions = query.get("sortTypes", "").split(",")
    for name, direction in reversed(list(zip(query.get("sortColumns", "").split(","), directions, strict=False))):
        if name:
            rows.sort(key=partial(_place, name), reverse=direction == "-1")
    size, number = min(int(query.get("pageSize", 500)), 5000), int(query.get("pageNumber", 1))
    chosen = [_columns(row, query.get("columns", "ALL"), view) for row in rows[(number - 1) * size : number * size]]
    if not chosen:
        return as_json(EMPTY)
    result = {"pages": -(-len(rows) // size), "data": chosen, "count": len(rows)}
    return as_json({"version": "a1b2", "result": result, "success": True, "message": "ok", "code": 0})


def _columns(row: Row, columns: str, view: View) -> Row:
    kept = row if columns in {"", "ALL"} else {name: row[name] for name in columns.split(",") if name in row}
    return kept | {"EXTRA_COLUMN": 0} if view.extra else kept


def _parse(text: str) -> list[Clause]:
    """``(SECURITY_CODE in ("300308"))(TRADE_DATE>='2026-07-01')`` -> clauses; quotes of either kind or none."""
    return [
        (name, sign.lower(), [one.strip(" \"'") for one in values.strip("()").split(",")])
        for name, sign, values in _CLAUSE.findall(text)
    ]


def _passes(row: Row, clause: Clause) -> bool:
    name, sign, values = clause
    left = str(row.get(name) or "")
    if name.endswith("_DATE"):
        left, values = left[:10], [one[:10] for one in values]
    return left in values if sign == "in" else bool(_TESTS[sign](left, values[0]))


def _known_codes() -> list[str]:
    tickers = (ticker.partition(".") for ticker in listings.NAMES)
    return [code for code, _, market in tickers if market in {"SZ", "BJ"} or (market == "SH" and code[0] == "6")]


def _a_share(code: str, view: View) -> Instrument | None:
    """The stock of a bare code; funds and indices have no rows here."""
    market = "SH" if code.startswith("6") else "BJ" if code.startswith(("4", "8", "920")) else "SZ"
    item = view.find(f"{code}.{market}")
    return item if item and item.kind == "stock" else None


def _identity(item: Instrument) -> Row:
    return {"SECURITY_CODE": item.code, "SECUCODE": f"{item.code}.{item.market}", "SECURITY_NAME_ABBR": item.name}


def _span(clauses: Iterable[Clause]) -> tuple[date, date | None]:
    """The days that can pass the filter: spares the making of eight years of rows for a question about one day."""
    start, end = FIRST_VALUATION, None
    for name, sign, values in clauses:
        if name == "TRADE_DATE" and sign != "in":
            day = date.fromisoformat(values[0][:10])
            start = max(start, day) if sign in {"=", ">=", ">"} else start
            end = day if sign in {"=", "<=", "<"} else end
    return start, end


def valuations(item: Instrument, clauses: list[Clause], view: View) -> list[Row]:
    """``RPT_VALUEANALYSIS_DET``: a row a closed session since 2018; raw close, caps in yuan, PE < 0 when losing."""
    start, end = _span(clauses)
    bars = view.bars(item, start, end)
    if bars and not view.market.is_final(item) and bars[-1].day == view.market.session(item).day:
        bars = bars[:-1]
    return [_valuation(item, bar, view, newest=bar is bars[-1]) for bar in bars]


def _valuation(item: Instrument, bar: Bar, view: View, *, newest: bool) -> Row:
    count = view.market.shares(item.ticker, bar.day)
    pe = view.multiple(bar.close * count / view.market.profit(item.ticker, bar.day), newest=newest)
    change = (bar.close / bar.reference - 1) * 100
    return _identity(item) | {
        "BOARD_CODE": "016023", "BOARD_NAME": "通信设备", "ORIG_BOARD_CODE": "1226",
        "TRADE_DATE": f"{bar.day} 00:00:00", "CLOSE_PRICE": bar.close, "CHANGE_RATE": round(view.percent(change), 4),
        "TOTAL_MARKET_CAP": round(bar.close * count, 2), "NOTLIMITED_MARKETCAP_A": round(bar.close * count * 0.97, 2),
        "TOTAL_SHARES": int(count), "FREE_SHARES_A": int(count * 0.97), "PE_TTM": round(pe, 4),
        "PE_LAR": round(pe * 1.3, 4), "PB_MRQ": round(abs(pe) * 0.11, 4), "PEG_CAR": 1.25,
        "PCF_OCF_TTM": round(pe * 0.9, 4), "PS_TTM": round(abs(pe) / 5, 4),
    }  # fmt: skip


def dividends(item: Instrument, _: list[Clause], view: View) -> list[Row]:
    """``RPT_SHAREBONUS_DET``: a row an action, in the column order akshare names by position; per ten shares."""
    today = view.market.session(item).day
    announced = (one for one in listings.ACTIONS.get(item.ticker, ()) if one.day - NOTICE <= today)
    return [_dividend(item, action) for action in announced]


def _stamp(day: date) -> str:
    return f"{day} 00:00:00"


def _dividend(item: Instrument, action: Action) -> Row:
    cash = round(action.cash * 10, 4) or None
    shares = round((action.ratio - 1) * 10, 4) or None
    report = date(action.day.year - 1, 12, 31)
    plan = "10" + (f"转{shares:.2f}" if shares else "") + (f"派{cash:.2f}元(含税)" if cash else "")
    plan_day, record_day, notice = action.day - timedelta(days=40), action.day - timedelta(days=1), action.day - NOTICE
    return {
        "SECUCODE": f"{item.code}.{item.market}", "SECURITY_CODE": item.code, "SECURITY_NAME_ABBR": item.name,
        "SECURITY_INNER_CODE": "1000000", "TRADE_MARKET_CODE": "069001001",
        "BONUS_IT_RATIO": shares, "BONUS_RATIO": None, "IT_RATIO": shares, "PRETAX_BONUS_RMB": cash,
        "PUBLISH_DATE": _stamp(plan_day), "EQUITY_RECORD_DATE": _stamp(record_day),
        "EX_DIVIDEND_DATE": _stamp(action.day), "REPORT_DATE": _stamp(report), "ASSIGN_PROGRESS": "实施分配",
        "IMPL_PLAN_PROFILE": plan, "NOTICE_DATE": _stamp(notice), "SECURITY_TYPE_CODE": "058001001",
        "EX_DIVIDEND_DAYS": 30, "MARKET_TYPE": "", "BASIC_EPS": 1.5, "BVPS": 12.0,
        "PER_CAPITAL_RESERVE": 4.0, "PER_UNASSIGN_PROFIT": 5.0, "PNP_YOY_RATIO": 25.0,
        "TOTAL_SHARES": 500_000_000, "PLAN_NOTICE_DATE": _stamp(plan_day),
        "DIVIDENT_RATIO": 0.001, "D10_CLOSE_ADJCHRATE": 1.0, "BD10_CLOSE_ADJCHRATE": 1.0, "D30_CLOSE_ADJCHRATE": 1.0,
    }  # fmt: skip


REPORTS = {"RPT_VALUEANALYSIS_DET": valuations, "RPT_SHAREBONUS_DET": dividends}
ROUTES: list[Route] = [(r"datacenter-web\.eastmoney\.com", r"/api/data/v1/get", get)]
