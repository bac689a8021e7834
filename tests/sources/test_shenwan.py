"""Shenwan: sector closes and current points from hand-written answers, and what happens when a year is cut short."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import pytest

from basketwatch.domain.columns import BARS, QUOTES
from basketwatch.errors import BadAnswer, Blocked, NoData, SourceError, SuspectAnswer, Unreachable
from basketwatch.sources import shenwan
from basketwatch.sources.net import guard
from tests.upstream import Upstream

NAMES = {"801770.SI": "通信", "801080.SI": "电子"}
NOW = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)


def report(code: str, name: str, day: str, **changed: str) -> dict[str, str]:
    row = {
        "swindexcode": code,
        "swindexname": name,
        "bargaindate": f"{day}T08:00:00+08:00",
        "closeindex": "3456.78",
        "bargainamount": "27.24",
        "turnoverrate": "1.87",
        "pe": "34.48",
    }
    return row | changed


DAYS = [
    report("801770", "通信", "2026-03-09"),
    report("801080", "电子", "2026-03-09"),
    report("801770", "通信", "2026-03-10", closeindex="3500.00"),
]


def test_report_rows_in_canonical_units() -> None:
    bars = shenwan.parse_closes(DAYS, NAMES)
    assert list(bars) == list(BARS)
    assert {c: str(d) for c, d in bars.dtypes.items()} == {c: dtype for c, (dtype, _, _) in BARS.items()}
    row = bars[(bars["ticker"] == "801770.SI") & (bars["session"] == "2026-03-09")].iloc[0]
    assert row["close"] == 3456.78
    assert row["volume"] == pytest.approx(2_724_000_000)  # 27.24 亿股
    assert row["turnover"] == pytest.approx(0.0187)
    assert row[["open", "high", "low", "amount"]].isna().all()


def test_only_a_complete_newest_day_is_final() -> None:
    bars = shenwan.parse_closes(DAYS, NAMES)
    assert bars.groupby("session")["final"].all().tolist() == [True, False]
    complete = [*DAYS, report("801080", "电子", "2026-03-10")]
    assert shenwan.parse_closes(complete, NAMES)["final"].all()


def test_rows_without_a_close_and_foreign_sectors_are_left_out() -> None:
    rows = [*DAYS, report("801780", "银行", "2026-03-10"), report("801080", "电子", "2026-03-10", closeindex="-")]
    assert len(shenwan.parse_closes(rows, NAMES)) == 3
    assert len(shenwan.parse_closes([*DAYS, report("801080", "电子", "2026-03-10", closeindex="")], NAMES)) == 3
    with pytest.raises(NoData):
        shenwan.parse_closes([], NAMES)


def test_a_code_under_another_name_is_suspect() -> None:
    with pytest.raises(SuspectAnswer) as caught:
        shenwan.parse_closes([*DAYS[:2], report("801770", "计算机", "2026-03-10")], NAMES)
    assert caught.value.params["ticker"] == "801770.SI"


def test_a_name_of_the_past_is_not() -> None:
    old = report("801080", "电子元器件", "2020-03-10")
    assert len(shenwan.parse_closes([old, *DAYS], NAMES)) == 4


def test_the_table_has_the_31_sectors() -> None:
    assert len(shenwan.LEVEL_1) == 31
    assert shenwan.LEVEL_1["801770.SI"] == "通信"
    assert len(set(shenwan.LEVEL_1.values())) == 31


@pytest.mark.parametrize("fields", [shenwan.REPORT, shenwan.CURRENT, shenwan.TREND])
def test_no_two_fields_become_one_column(fields: dict[str, tuple[str, float]]) -> None:
    columns = [column for column, _ in fields.values()]
    assert len(columns) == len(set(columns))


def answering(monkeypatch: pytest.MonkeyPatch, count: int | None = None) -> list[dict[str, str]]:
    asked: list[dict[str, str]] = []

    def fetch_json(url: str, **request: Any) -> Any:
        asked.append(request["params"])
        rows = [row for row in DAYS if row["bargaindate"][:4] == request["params"]["start_date"][:4]]
        return {"code": "200", "data": {"count": len(rows) if count is None else count, "results": rows}}

    monkeypatch.setattr(guard, "fetch_json", fetch_json)
    return asked


def test_one_request_a_calendar_year(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answering(monkeypatch)
    shenwan.fetch_days(date(2024, 5, 6), date(2026, 3, 10), NAMES)
    spans = [(params["start_date"], params["end_date"]) for params in asked]
    assert spans == [("2024-05-06", "2024-12-31"), ("2025-01-01", "2025-12-31"), ("2026-01-01", "2026-03-10")]
    assert {params["page_size"] for params in asked} == {"10000"}


def trend(code: str = "801770") -> pd.DataFrame:
    rows = [(code, day, 10.0, 9.9, 10.1, 9.8, 2.5, 25.0) for day in ("2026-03-06", "2026-03-09", "2026-03-10")]
    return pd.DataFrame(rows, columns=["代码", "日期", "收盘", "开盘", "最高", "最低", "成交量", "成交额"])


def test_a_year_cut_short_leaves_the_one_sector(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, count=9)
    monkeypatch.setattr(guard, "run", lambda *_, **__: trend())
    bars = shenwan.fetch_days(date(2026, 3, 9), date(2026, 3, 10), NAMES).bars
    assert bars["ticker"].tolist() == ["801770.SI", "801770.SI"]
    assert bars[["volume", "amount", "close"]].iloc[0].tolist() == [250_000_000, 2_500_000_000, 10.0]  # 亿


def test_the_trend_of_another_sector_is_suspect() -> None:
    with pytest.raises(SuspectAnswer):
        shenwan.parse_trend(trend("801750"), "801770.SI")
    with pytest.raises(BadAnswer):
        shenwan.parse_trend(trend().drop(columns="收盘"), "801770.SI")


def test_current_points() -> None:
    row = {
        "swindexcode": "801770", "swindexname": "通信", "l3": "3400.00", "l4": "3410.00", "l5": "25000.00",
        "l6": "3520.00", "l7": "3390.00", "l8": "3500.00", "l11": "1200.50",
    }  # fmt: skip
    missing = row | {"swindexcode": "801080", "swindexname": "电子", "l8": "-"}
    frame = shenwan.parse_quotes([row, missing], list(NAMES), session=date(2026, 3, 10), now=NOW, names=NAMES)
    assert list(frame) == list(QUOTES)
    assert {c: str(d) for c, d in frame.dtypes.items()} == {c: dtype for c, (dtype, _, _) in QUOTES.items()}
    assert frame["ticker"].tolist() == ["801770.SI"]
    found = frame.iloc[0]
    assert (found["last"], found["previous_close"], found["open"]) == (3500.0, 3400.0, 3410.0)
    assert (found["high"], found["low"]) == (3520.0, 3390.0)
    assert found["amount"] == 25_000_000_000  # 百万元
    assert found["volume"] == 1_200_500_000  # 百万股
    assert (found["session"], found["quote_time"]) == (pd.Timestamp("2026-03-10"), pd.Timestamp(NOW))


def test_current_points_under_another_name_or_none() -> None:
    row = {"swindexcode": "801770", "swindexname": "计算机", "l3": "1", "l8": "1"}
    with pytest.raises(SuspectAnswer):
        shenwan.parse_quotes([row], ["801770.SI"], session=date(2026, 3, 10), now=NOW)
    with pytest.raises(NoData):
        shenwan.parse_quotes([], ["801770.SI"], session=date(2026, 3, 10), now=NOW)


@pytest.mark.parametrize(
    "answer", [{}, [], {"data": None}, {"data": {"results": None}}, {"data": {"results": [], "count": ""}}]
)
def test_another_shape_is_a_bad_answer(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    monkeypatch.setattr(guard, "fetch_json", lambda *_, **__: answer)
    with pytest.raises(BadAnswer):
        shenwan.fetch_days(date(2026, 3, 9), date(2026, 3, 10), NAMES)


# --- over the wire -----------------------------------------------------------------------------------------------


TODAY = date(2026, 7, 3)


def test_a_year_of_all_sectors_in_one_request(wire: Upstream) -> None:
    bars = shenwan.fetch_days(date(2026, 1, 5), TODAY).bars
    assert len(wire.log) == 1
    assert bars["ticker"].nunique() == 31
    true = {bar.day: bar for bar in wire.market.bars("801770.SI")}
    mine = bars[bars["ticker"] == "801770.SI"]
    assert len(mine) > 100
    for day, close, volume in zip(mine["session"].dt.date, mine["close"], mine["volume"], strict=True):
        assert close == pytest.approx(true[day].close, abs=0.006)
        assert volume == pytest.approx(true[day].volume, abs=1e6)
    assert mine["turnover"].between(0, 0.5).all()
    assert bars["final"].all()


def test_a_partial_newest_day(wire: Upstream) -> None:
    wire.fault("swsresearch", "analysis_report", "half_missing")
    bars = shenwan.fetch_days(date(2026, 6, 29), TODAY).bars
    newest = bars["session"] == bars["session"].max()
    assert newest.sum() == 16
    assert not bars.loc[newest, "final"].any()
    assert bars.loc[~newest, "final"].all()


def test_the_one_sector_by_itself(wire: Upstream) -> None:
    body = '{"code":"200","data":{"count":7,"results":[]}}'
    wire.fault("swsresearch", "analysis_report", f"body:{body}")
    bars = shenwan.fetch_days(date(2026, 6, 1), TODAY).bars
    assert set(bars["ticker"]) == {"801770.SI"}
    assert [entry.path for entry in wire.log][-1].endswith("/index_publish/trend/")
    assert bars["close"].iloc[-1] == pytest.approx(wire.market.bars("801770.SI")[-1].close, abs=0.006)


def test_current_points_over_the_wire(wire: Upstream) -> None:
    frame = shenwan.fetch_quotes(["801770.SI", "801080.SI"], session=TODAY, now=NOW)
    assert len(wire.log) == 1
    assert sorted(frame["ticker"]) == ["801080.SI", "801770.SI"]
    assert (frame["low"] <= frame["last"]).all()
    assert (frame["last"] <= frame["high"]).all()


@pytest.mark.parametrize(
    ("kind", "error"),
    [("status:403", Blocked), ("status:500", Unreachable), ("body:<html>", BadAnswer), ("truncated", BadAnswer)],
)
def test_faults(wire: Upstream, kind: str, error: type[SourceError]) -> None:
    wire.fault("swsresearch", "", kind)
    with pytest.raises(error):
        shenwan.fetch_days(date(2026, 6, 1), TODAY)
    with pytest.raises(SourceError):
        shenwan.fetch_quotes(["801770.SI"], session=TODAY, now=NOW)
