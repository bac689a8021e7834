"""The lists of shares that the exchanges publish, Sina's of Hong Kong, and Eastmoney's boards."""

from __future__ import annotations

import io
import json

import openpyxl  # type: ignore[import-untyped]

from . import listings
from .view import View
from .wire import Answer, Request, Route, as_json, as_text

BOARDS = {"CPO概念": "BK1128", "液冷概念": "BK1166", "机器人概念": "BK1090"}
MEMBERS = {
    "BK1128": ("300308", "300502", "300394", "300476", "002281"),
    "BK1166": ("002837", "300602", "300476"),
}


def _of(suffix: str) -> list[tuple[str, str]]:
    """Code and name of the shares of one market."""
    found = (ticker.partition(".") for ticker in listings.NAMES)
    codes = [code for code, _, market in found if market == suffix and not code.startswith(("000", "399", "5", "93"))]
    return [(code, listings.NAMES[f"{code}.{suffix}"]) for code in codes]


def shanghai(request: Request, view: View) -> Answer:
    """``commonQuery.do``: main board (1) or STAR (8)."""
    star = request.query.get("STOCK_TYPE") == "8"
    rows = [
        {"A_STOCK_CODE": code, "B_STOCK_CODE": "-", "SEC_NAME_CN": name, "SEC_NAME_FULL": name, "COMPANY_ABBR": name,
         "FULL_NAME": f"{name}有限公司", "LIST_DATE": "20100101"}
        for code, name in _of("SH") if code.startswith("688") == star
    ]  # fmt: skip
    return as_json({"result": rows, "pageHelp": {"total": len(rows)}})


def shenzhen(request: Request, view: View) -> Answer:
    """``ShowReport``: a workbook; codes of A-shares with their zeros."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["板块", "公司全称", "A股代码", "A股简称", "A股上市日期", "A股总股本", "A股流通股本", "所属行业"])
    strangers = ((f"{300900 + n}", f"某某{n}") for n in range(6))
    rows = [*_of("SZ"), ("000002", "万  科Ａ"), ("300203", "聚光科技"), *strangers]
    for code, name in rows:
        sheet.append(["主板", f"{name}有限公司", code, name, "2010-01-01", "1", "1", "C 制造业"])
    data = io.BytesIO()
    book.save(data)
    return Answer(data.getvalue(), kind="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")


def beijing(request: Request, view: View) -> Answer:
    """``nqxxCnzq.do``: JSONP; 48 fields by place, of which akshare takes the 39th and 41st for code and name."""
    fields = [f"f{n:02}" for n in range(48)]
    rows = []
    for code, name in _of("BJ"):
        row = dict.fromkeys(fields, "")
        row |= {"f38": code, "f40": name, "f22": "20260703", "f00": "20230101"}
        rows.append(row)
    return as_text("null(" + json.dumps([{"totalPages": 1, "content": rows}], ensure_ascii=False) + ")")


def hong_kong(request: Request, view: View) -> Answer:
    """``getHKStockData``: pages of sixty, an empty list after the last; 24 fields by place."""
    page = int(request.query.get("page", "1"))
    rows = []
    for code, name in _of("HK")[(page - 1) * 60 : page * 60]:
        values = [code, name, listings.ENGLISH.get(f"{code}.HK", ""), "EQTY", *["1.0"] * 20]
        rows.append({f"f{n:02}": value for n, value in enumerate(values)})
    return as_json(rows)


def boards(request: Request, view: View) -> Answer:
    """``clist/get`` of the concept boards: 26 fields in the order in which the upstream sends them."""
    numbers = (
        2,
        3,
        4,
        8,
        11,
        12,
        14,
        15,
        16,
        17,
        18,
        20,
        21,
        22,
        24,
        25,
        33,
        62,
        104,
        105,
        107,
        124,
        128,
        140,
        141,
        136,
    )
    order = [str(number) for number in numbers]
    known = [{"f12": code, "f14": name, "f128": "x"} for name, code in BOARDS.items()]
    rows = [{f"f{n}": row.get(f"f{n}", 1.0) for n in order} for row in known]
    return as_json({"rc": 0, "data": {"total": max(1, len(rows)), "diff": rows or [{f"f{n}": "-" for n in order}]}})


ROUTES: list[Route] = [
    (r"query\.sse\.com\.cn", r"/sseQuery/commonQuery\.do", shanghai),
    (r"www\.szse\.cn", r"/api/report/ShowReport", shenzhen),
    (r"www\.bse\.cn", r"/nqxxController/nqxxCnzq\.do", beijing),
    (
        r"vip\.stock\.finance\.sina\.com\.cn",
        r"/quotes_service/api/json_v2\.php/Market_Center\.getHKStockData",
        hong_kong,
    ),
    (r"\d+\.push2\.eastmoney\.com", r"/api/qt/clist/get", boards),
]
