"""Lists as other programs write them. The samples are made by hand from descriptions of the formats."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketwatch.errors import UsageError
from basketwatch.files import lists
from basketwatch.files.editing import Sheet

TDX = "0300308\r\n0300502\r\n1688498\r\n2920045\r\n31#03308\r\n74#COHR\r\n47#IF00\r\n\r\n"
TONGHUASHUN = "代码\t名称\t涨幅%\t现价\r\nSZ300308\t中际旭创\t+1.92\t588.28\r\nBJ920045\t蘅东光\t+0.42\t172.74\r\n"
EASTMONEY = (
    '代码,名称,最新价,加入日期\r\n="300308",中际旭创,588.28,2026-05-18\r\n="688498",源杰科技,1106.59,2026-05-18\r\n'
)
TRADINGVIEW = (
    "###Modules\nSZSE:300308,SZSE:300502, SZSE:300394\n###Overseas,NASDAQ:COHR,HKEX:3308,TWSE:2308,BSE:500325\n"
)
YAHOO = (
    "Symbol,Current Price,Date,Time\n300308.SZ,588.28,2026/07/02,15:00\n"
    "688498.SS,1106.59,2026/07/02,15:00\nCOHR,231.15,2026/07/01,16:00\n3308.HK,,,\n"
)


def tickers(found: list[lists.Entry]) -> list[str]:
    return [entry.ticker for entry in found if entry.ticker]


def strange(found: list[lists.Entry]) -> list[str]:
    return [entry.text for entry in found if not entry.ticker]


@pytest.mark.parametrize(("text", "wanted", "unknown"), [
    (TDX, ["300308.SZ", "300502.SZ", "688498.SH", "920045.BJ", "03308.HK", "COHR.US"], ["47#IF00"]),
    (TONGHUASHUN, ["300308.SZ", "920045.BJ"], []),
    (EASTMONEY, ["300308.SZ", "688498.SH"], []),
    (TRADINGVIEW, ["300308.SZ", "300502.SZ", "300394.SZ", "COHR.US", "03308.HK", "2308.TW"], ["BSE:500325"]),
    (YAHOO, ["300308.SZ", "688498.SH", "COHR.US", "03308.HK"], []),
    ("300308 688498、COHR\n乱写 300308", ["300308.SZ", "688498.SH", "COHR.US"], ["乱写"]),
    ("300308", ["300308.SZ"], []),
    ("名称,代码\n中际旭创,300308\n没有代码,\n", ["300308.SZ"], ["没有代码,"]),
    ("", [], []), ("\n \n", [], []),
])  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_lists_of_other_programs(text: str, wanted: list[str], unknown: list[str], encoding: str) -> None:
    found = lists.read(text.encode(encoding))
    assert (tickers(found), strange(found)) == (wanted, unknown)


def test_sections_are_kept() -> None:
    assert {e.ticker: e.section for e in lists.read(TRADINGVIEW) if e.ticker} == {
        "300308.SZ": "Modules", "300502.SZ": "Modules", "300394.SZ": "Modules", "COHR.US": "Overseas",
        "03308.HK": "Overseas", "2308.TW": "Overseas",
    }  # fmt: skip


@pytest.mark.parametrize(("data", "key"), [
    (b"300308\n" * 1_500_000, "list_too_large"), (b"\xff\xfe3\x000\x00", "list_unreadable"), (b"PK\x03\x04\x00", "list_unreadable"),
])  # fmt: skip
def test_what_is_no_list_is_one_sentence(data: bytes, key: str) -> None:
    with pytest.raises(UsageError) as caught:
        lists.read(data)
    assert caught.value.key == key


def test_a_spreadsheet_computes_nothing() -> None:
    names = {"zh": '=cmd()|"/c calc"!A1', "en": "@SUM(1)"}
    sheet = Sheet({}, {"300308.SZ": {"name": names, "reason": {"zh": "+1", "en": '-1, "x"'}}, "^SOX.US": {}})
    data = lists.table(sheet)
    assert data.startswith(b"\xef\xbb\xbf")
    cells = [cell for row in csv.reader(io.StringIO(data.decode("utf-8-sig"))) for cell in row]
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@")]
    assert lists.read(data)[0].fields == sheet.members["300308.SZ"]


words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"]), min_size=1, max_size=20
)
members = st.fixed_dictionaries(
    {"name": st.fixed_dictionaries({"zh": words, "en": words}), "since": st.dates(date(1990, 12, 19), date(2099, 1, 1))},
    optional={"reason": st.fixed_dictionaries({"zh": words}), "role": st.sampled_from(["core", "odm"]), "status": st.just("volume")},
)  # fmt: skip


@given(
    st.dictionaries(
        st.sampled_from(["300308.SZ", "688498.SH", "920045.BJ", "03308.HK", "COHR.US"]), members, min_size=1
    )
)
def test_our_own_table_comes_back_whole(rows: dict[str, Any]) -> None:
    found = lists.read(lists.table(Sheet({}, rows)))
    assert {entry.ticker: dict(entry.fields) for entry in found} == rows


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_nothing_else_is_raised(data: bytes) -> None:
    try:
        lists.read(data)
    except UsageError as fault:
        assert fault.key in ("list_unreadable", "list_too_large")


# --- a link ------------------------------------------------------------------------------------------------------


def test_a_link_carries_the_members_of_the_day() -> None:
    sheet = Sheet({}, {"300308.SZ": {}, "COHR.US": {"until": date(2026, 7, 2)}, "LITE.US": {"until": date(2026, 7, 3)}})
    text = lists.link(sheet, date(2026, 7, 3))
    assert text == "300308.SZ~LITE.US" and lists.linked(text) == ["300308.SZ", "LITE.US"]


def test_what_a_link_should_not_hold_is_left_away() -> None:
    assert lists.linked("<script>~sz300308~300308.SZ~~../x~" + "9" * 999) == ["300308.SZ"]
    assert len(lists.linked("~".join(f"{n:06}.SZ" for n in range(300000, 302000)))) <= lists.LINKED_AT_MOST
