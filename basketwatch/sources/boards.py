"""Who belongs to a concept board of Eastmoney, with the board's reason for each. Weekly and on demand, not daily.

A board is found by its name once (the list of all boards, on the push2 hosts), its members in one request of the data
centre. The filter wants double quotes: with single ones the whole table comes, so an answer of many rows is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from basketwatch.domain.spelling import ticker_of
from basketwatch.errors import BadAnswer, NoData
from basketwatch.sources.eastmoney import DATA_URL, SOURCE, parse_page
from basketwatch.sources.net import guard

MOST = 500  # members of a board; more is another table
_COLUMNS = "SECURITY_CODE,SECURITY_NAME_ABBR,SELECTED_BOARD_REASON,IS_PRECISE,BOARD_RANK,NEW_BOARD_CODE"


def find_code(name: str) -> str:
    """The code (``BK1128``) of the board of that name. Raises Blocked, Unreachable, BadAnswer; NoData where there is none."""
    import akshare as ak

    rows = guard.run(SOURCE, name, ak.stock_board_concept_name_em)
    found = rows.loc[rows["板块名称"].astype(str).str.strip() == name, "板块代码"]
    if not len(found):
        raise NoData(source=SOURCE, ticker=name)
    code = str(found.iloc[0])
    if not re.fullmatch(r"BK\d{3,6}", code):  # akshare names the columns by their place
        raise BadAnswer(source=SOURCE, detail=f"no code of a board: {code[:20]}")
    return code


def fetch_members(code: str) -> list[dict[str, str]]:
    """Members of a board: ticker, name, reason.

    Raises   Blocked, Unreachable; BadAnswer where the answer is not of this board; NoData where it has no members.
    Source   https://datacenter-web.eastmoney.com/api/data/v1/get?reportName=RPT_F10_CORETHEME_BOARDTYPE
    """
    params = {
        "reportName": "RPT_F10_CORETHEME_BOARDTYPE", "columns": _COLUMNS, "filter": f'(NEW_BOARD_CODE="{code}")',
        "pageSize": str(MOST), "pageNumber": "1", "source": "WEB", "client": "WEB",
    }  # fmt: skip
    headers = {"Referer": "https://data.eastmoney.com/"}
    answer = guard.fetch_json(DATA_URL, source=SOURCE, params=params, headers=headers)
    return parse_members(answer, code)


def parse_members(answer: Any, code: str) -> list[dict[str, str]]:
    """The members in an answer, each ticker once."""
    rows, pages = parse_page(answer)
    count = answer["result"].get("count", len(rows)) if isinstance(answer.get("result"), Mapping) else 0
    if pages > 1 or not isinstance(count, int) or count > MOST:
        raise BadAnswer(source=SOURCE, detail=f"{count} rows for one board")
    if any(row.get("NEW_BOARD_CODE", code) != code for row in rows):
        raise BadAnswer(source=SOURCE, detail="rows of another board")
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        ticker = ticker_of(str(row.get("SECURITY_CODE", "")))
        if ticker:
            name, reason = (str(row.get(key) or "").strip() for key in ("SECURITY_NAME_ABBR", "SELECTED_BOARD_REASON"))
            found.setdefault(ticker, {"ticker": ticker, "name": name, "reason": " ".join(reason.split())[:400]})
    if not found:
        raise NoData(source=SOURCE, ticker=code)
    return list(found.values())
