"""Sources of PE: what they make of hand-written answers, and of the stand-in's, request by request."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest

from basketwatch.domain import columns
from basketwatch.errors import BadAnswer, Blocked, NoData, SuspectAnswer, Unreachable
from basketwatch.sources import baidu, datacenter, earnings, eastmoney, indexpe, shenwan, yahoo
from tests.upstream import Upstream

TODAY = date(2026, 7, 3)
DTYPES = {c: dtype for c, (dtype, _, _) in columns.VALUATIONS.items()}


def assert_frame(found: pd.DataFrame, ticker: str, source: str, definition: str) -> None:
    assert {c: str(d) for c, d in found.dtypes.items()} == DTYPES
    assert set(found["ticker"]) == {ticker} and set(found["source"]) == {source}
    assert set(found["definition"]) == {definition}
    assert found["session"].is_monotonic_increasing
    assert (found["losing"] == (found["pe"] < 0)).all()


# --- the data centre ---------------------------------------------------------------------------------------------

ROW: dict[str, Any] = {
    "SECURITY_CODE": "300308", "TRADE_DATE": "2026-07-03 00:00:00", "CLOSE_PRICE": 905.0, "PE_TTM": 62.35,
    "TOTAL_MARKET_CAP": 1.0055e12,
}  # fmt: skip


def test_rows_of_the_data_centre() -> None:
    rows = [
        ROW,
        ROW | {"SECURITY_CODE": "688167", "PE_TTM": -75.1, "CLOSE_PRICE": 88.0},
        ROW | {"TRADE_DATE": "2026-07-02 00:00:00", "PE_TTM": None},  # nothing known of that day
        ROW | {"SECURITY_CODE": "600519"},  # nobody asked
    ]
    found = datacenter.parse_rows(rows, ["300308.SZ", "688167.SH"])
    assert {c: str(d) for c, d in found.dtypes.items()} == DTYPES
    assert found[["ticker", "pe", "losing", "price"]].to_numpy().tolist() == [
        ["300308.SZ", 62.35, False, 905.0], ["688167.SH", -75.1, True, 88.0],
    ]  # fmt: skip
    assert found["market_cap"].tolist() == [1.0055e12] * 2 and found["eps"].isna().all()
    assert datacenter.parse_rows([], ["300308.SZ"]).empty


def test_a_whole_history_is_one_request(wire: Upstream) -> None:
    found = datacenter.fetch_history("300308.SZ")
    assert_frame(found, "300308.SZ", "eastmoney", "ttm")
    assert [e.path for e in wire.log] == ["/api/data/v1/get"]
    assert (found["session"].iloc[0].date(), found["session"].iloc[-1].date()) == (date(2018, 1, 2), TODAY)
    last = found.iloc[-1]
    assert last["pe"] == pytest.approx(last["market_cap"] / wire.market.profit("300308.SZ", TODAY), abs=1e-4)


def test_many_stocks_are_one_request_and_continue_the_history(wire: Upstream) -> None:
    tickers = ["300308.SZ", "688498.SH", "688167.SH", "920045.BJ"]
    found = datacenter.fetch_bulk(tickers, since=TODAY - timedelta(days=10))
    assert len(wire.log) == 1 and set(found["ticker"]) == set(tickers)
    whole = datacenter.fetch_history("688167.SH")
    mine = found[found["ticker"] == "688167.SH"].reset_index(drop=True)
    pd.testing.assert_frame_equal(mine, whole.tail(len(mine)).reset_index(drop=True))
    assert mine["losing"].all() and len(mine) == 9  # Tuesday 23 to Friday 26 June, Monday 29 June to Friday 3 July
    assert datacenter.fetch_bulk(tickers, since=TODAY + timedelta(days=1)).empty


def test_unquoted_codes_are_tried_when_quoted_ones_bring_nothing(
    wire: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eastmoney, "_dialects", ['"{}"', "{}"])
    wire.fault("datacenter", "VALUEANALYSIS", "bare_codes")
    for requests in (2, 3):  # and remembered
        assert len(datacenter.fetch_bulk(["300308.SZ"], since=TODAY)) == 1
        assert len(wire.log) == requests


def test_an_unknown_stock_is_no_data(wire: Upstream) -> None:
    with pytest.raises(NoData):
        datacenter.fetch_history("999999.SZ")


# --- Baidu -------------------------------------------------------------------------------------------------------


def test_hong_kong_comes_by_calendar_day(wire: Upstream) -> None:
    found = baidu.fetch_history("00700.HK")
    assert_frame(found, "00700.HK", "baidu", "ttm")
    assert [(e.host, e.query["code"]) for e in wire.log] == [("finance.baidu.com", "00700")]
    by_day = found.set_index("session")["pe"]
    assert by_day[pd.Timestamp("2026-06-27")] == by_day[pd.Timestamp("2026-06-26")]  # a Saturday repeats its Friday
    assert found[["price", "market_cap"]].isna().all(axis=None)


def test_the_us_goes_through_the_guard(wire: Upstream) -> None:
    found = baidu.fetch_history("COHR.US")
    assert_frame(found, "COHR.US", "baidu", "ttm")
    assert [(e.host, e.query["market"], e.query["chart_select"]) for e in wire.log] == [
        ("gushitong.baidu.com", "us", "全部")
    ]
    wire.fault("gushitong", "opendata", "status:403")
    with pytest.raises(Blocked):
        baidu.fetch_history("COHR.US")


def test_answers_of_baidu() -> None:
    body = [["2026-07-02", "31.50"], ["2026-07-03", "31.75"]]
    chart = {"chartInfo": [{"body": body}]}
    answer = {"Result": [{"DisplayData": {"resultData": {"tplData": {"result": chart}}}}]}
    assert baidu.parse_body(answer, "COHR.US") == [("2026-07-02", "31.50"), ("2026-07-03", "31.75")]
    with pytest.raises(NoData):
        baidu.parse_body({"Result": []}, "COHR.US")
    for bad in ({}, {"Result": [{}]}, [], "x", {"Result": [{"DisplayData": None}]}):
        with pytest.raises(BadAnswer):
            baidu.parse_body(bad, "COHR.US")


# --- indices -----------------------------------------------------------------------------------------------------


def test_csindex_copies_its_first_row(wire: Upstream) -> None:
    sunday = date(2026, 6, 21)
    found = indexpe.fetch_csindex("000300.SH", sunday, TODAY)
    assert_frame(found, "000300.SH", "csindex", "csindex_rolling")
    assert len(wire.log) == 1
    first, second = found.iloc[0], found.iloc[1]
    assert first["session"].date() == sunday and (first["pe"], first["price"]) == (second["pe"], second["price"])
    assert found["price"].iloc[-1] == wire.market.bars("000300.SH")[-1].close


def test_csindex_has_no_chinext_and_another_index_is_suspect(wire: Upstream) -> None:
    with pytest.raises(NoData):
        indexpe.fetch_csindex("399006.SZ", date(2026, 6, 21), TODAY)
    wire.fault("csindex", "index-perf", "other_symbol")
    with pytest.raises(SuspectAnswer):
        indexpe.fetch_csindex("000300.SH", date(2026, 6, 21), TODAY)


def test_a_column_more_moves_nothing(wire: Upstream) -> None:
    """Columns are taken by their names: the PE stays the PE, also where the answer has one column more."""
    before = indexpe.fetch_csindex("000300.SH", date(2026, 6, 22), TODAY)
    wire.fault("csindex", "index-perf", "extra_column")
    after = indexpe.fetch_csindex("000300.SH", date(2026, 6, 22), TODAY)
    assert after.drop(columns="fetched_at").equals(before.drop(columns="fetched_at"))


@pytest.mark.parametrize(
    "body", ['{"data": null, "code": "500"}', '{"data": [{"tradeDate": "20260703"}]}', "[]", '{"data": [1]}']
)
def test_odd_answers_of_the_index_companies(wire: Upstream, body: str) -> None:
    wire.fault("csindex|cnindex", "index-perf|indexList", f"body:{body}")
    with pytest.raises(BadAnswer):
        indexpe.fetch_csindex("000300.SH", date(2026, 6, 22), TODAY)
    with pytest.raises(BadAnswer):
        indexpe.fetch_cnindex("399006.SZ", session=TODAY)


def test_points_of_danjuan_are_dated_in_beijing() -> None:
    # 1474560000000 is 2016-09-22 16:00 UTC, midnight of Friday the 23rd in Beijing
    points = [{"pe": 13.1, "ts": 1474560000000}]
    answer = {"data": {"index_eva_pe_growths": points}, "result_code": 0}
    assert indexpe.parse_danjuan(answer) == [(pd.Timestamp("2016-09-23"), 13.1)]
    for bad in ({"data": None, "result_code": 999001}, {}, None, {"data": {"index_eva_pe_growths": [{"pe": 1.0}]}}):
        with pytest.raises(BadAnswer):
            indexpe.parse_danjuan(bad)


def test_danjuan_is_weekly_and_its_zeros_are_left_out(wire: Upstream) -> None:
    found = indexpe.fetch_danjuan("399006.SZ")
    assert_frame(found, "399006.SZ", "danjuan", "danjuan_weekly")
    assert [(e.path, e.query) for e in wire.log] == [("/djapi/index_eva/pe_history/SZ399006", {"day": "all"})]
    assert (found["pe"] > 0).all() and found["session"].iloc[0].date() == date(2016, 9, 23)
    assert found["session"].dt.isocalendar()[["year", "week"]].duplicated().sum() == 0
    wire.fault("danjuan", "pe_history", "status:500")
    with pytest.raises(Unreachable):
        indexpe.fetch_danjuan("399006.SZ")


def test_cnindex_shows_one_day_that_the_caller_names(wire: Upstream) -> None:
    found = indexpe.fetch_cnindex("399006.SZ", session=TODAY)
    assert_frame(found, "399006.SZ", "cnindex", "cnindex_rolling")
    assert len(found) == len(wire.log) == 1
    assert found["price"][0] == wire.market.bars("399006.SZ")[-1].close
    with pytest.raises(NoData):
        indexpe.fetch_cnindex("399999.SZ", session=TODAY)


# --- Shenwan -----------------------------------------------------------------------------------------------------


def test_closes_and_pe_of_the_sectors_are_one_request_a_year(wire: Upstream) -> None:
    days = shenwan.fetch_days(date(2025, 12, 1), TODAY)
    assert [e.query["start_date"][:4] for e in wire.log] == ["2025", "2026"]
    assert set(days.valuations["ticker"]) == set(days.bars["ticker"]) == set(shenwan.LEVEL_1)
    assert len(days.valuations) == len(days.bars) and not days.cut and set(days.sectors) == {31}
    mine = days.valuations[days.valuations["ticker"] == "801770.SI"].reset_index(drop=True)
    assert_frame(mine, "801770.SI", "shenwan", "shenwan_pe")
    closes = days.bars[days.bars["ticker"] == "801770.SI"].set_index("session")["close"]
    assert (mine.set_index("session")["price"] == closes).all()


def test_a_dash_is_no_pe_and_the_date_is_beijings() -> None:
    row = {
        "swindexcode": "801770",
        "swindexname": "通信",
        "bargaindate": "2026-04-24T08:00:00+08:00",
        "closeindex": "8500.12",
    }
    rows = [row | {"pe": "34.48"}, row | {"pe": "-", "bargaindate": "2026-04-23T08:00:00+08:00"}]
    found = shenwan.parse_valuations(rows)
    assert found[["pe", "price"]].to_numpy().tolist() == [[34.48, 8500.12]]
    assert found["session"].tolist() == [pd.Timestamp("2026-04-24")]


def test_a_cut_report_has_no_pe(wire: Upstream) -> None:
    wire.fault("swsresearch", "index_analysis", "cut_report")
    days = shenwan.fetch_days(date(2026, 6, 1), TODAY)
    assert days.valuations.empty and days.cut == ("2026: 50/744",)  # 24 sessions of 31 sectors
    assert set(days.bars["ticker"]) == {"801770.SI"}


# --- announced earnings ------------------------------------------------------------------------------------------


def test_announced_earnings_are_two_requests(wire: Upstream, tmp_path: Any) -> None:
    yahoo.configure(tmp_path / "yahoo")
    yahoo._session.cache_clear()
    found = earnings.fetch_announced("NVDA.US")
    asked = [e for e in wire.log if "getcrumb" not in e.path and e.host != "fc.yahoo.com"]
    assert [e.path for e in asked] == ["/calendar/earnings", "/v8/finance/chart/NVDA"]
    assert found.splits == {date(2024, 6, 10): 10.0}
    assert len(found.closes) > 2400 and found.closes["session"].is_monotonic_increasing
    known = found.reports.dropna(subset=["eps"])
    assert known["at"].max() == pd.Timestamp("2026-05-25 20:00", tz="UTC")  # 16:00 in New York
    assert found.reports["eps"].isna().any()  # the quarters to come


def test_no_earnings_no_answer(wire: Upstream, tmp_path: Any) -> None:
    yahoo.configure(tmp_path / "yahoo")
    yahoo._session.cache_clear()
    with pytest.raises(NoData):
        earnings.fetch_announced("QQQ.US")
    with pytest.raises(BadAnswer):
        earnings.parse_dates(pd.DataFrame({"Reported EPS": [1.0]}, index=[0]))
