"""Eastmoney: quotes, dividends and the factors that follow from them, against answers worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from basketwatch.domain.columns import FACTORS, QUOTES
from basketwatch.errors import BadAnswer, Blocked, NoData, SourceError, Unreachable
from basketwatch.sources import eastmoney, tencent
from basketwatch.sources.net import guard
from tests.upstream import Upstream

CLOSED = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)  # 16:00 in Shanghai
AT = 1_773_126_003  # 2026-03-10 15:00:03 in Shanghai, 07:00:03 UTC

ROW: dict[str, Any] = {
    "f2": 20.5, "f3": 2.5, "f5": 1234, "f6": 2505020.0, "f8": 1.25, "f10": 1.3, "f12": "300999", "f13": 0,
    "f14": "示例光电", "f15": 20.8, "f16": 19.9, "f17": 20.1, "f18": 20.0, "f20": 15000000000, "f21": 12345000000,
    "f115": 41.5, "f124": AT, "f350": 24.0, "f351": 16.0,
}  # fmt: skip
DASHES = dict.fromkeys(("f2", "f3", "f5", "f6", "f8", "f10", "f15", "f16", "f17"), "-")


def quote(ticker: str, at: datetime = CLOSED, **changed: Any) -> pd.Series:
    return eastmoney.parse_quotes([ROW | changed], [ticker], at).iloc[0]


def test_a_row_in_canonical_units() -> None:
    row = quote("300999.SZ")
    assert (row["last"], row["previous_close"], row["open"], row["high"], row["low"]) == (20.5, 20.0, 20.1, 20.8, 19.9)
    assert row["volume"] == 123_400  # 1,234 手
    assert row["amount"] == 2_505_020
    assert row["low"] <= row["amount"] / row["volume"] <= row["high"]
    assert row["turnover"] == pytest.approx(0.0125)
    assert (row["market_cap"], row["float_cap"], row["pe_ttm"]) == (15e9, 12.345e9, 41.5)
    assert (row["limit_up"], row["limit_down"], row["volume_ratio"]) == (24.0, 16.0, 1.3)
    assert (row["session"], row["quote_time"]) == (
        pd.Timestamp("2026-03-10"),
        pd.Timestamp("2026-03-10 07:00:03", tz="UTC"),
    )
    assert (row["name"], row["currency"], bool(row["suspended"])) == ("示例光电", "CNY", False)


def test_the_frame_is_the_nomenclature() -> None:
    frame = eastmoney.parse_quotes([ROW], ["300999.SZ"], CLOSED)
    assert list(frame) == list(QUOTES)
    assert {c: str(d) for c, d in frame.dtypes.items()} == {c: dtype for c, (dtype, _, _) in QUOTES.items()}


def test_hong_kong_counts_shares_and_star_lots() -> None:
    hong_kong = quote("09999.HK", f12="09999", f13=116, f5=123_400)
    assert (hong_kong["volume"], hong_kong["currency"]) == (123_400, "HKD")
    assert quote("688999.SH", f12="688999", f13=1)["volume"] == 123_400


def test_no_two_fields_become_one_column() -> None:
    columns = [column for column, _ in eastmoney.FIELDS.values()]
    assert len(columns) == len(set(columns))
    assert set(columns) <= set(QUOTES)
    assert not set(eastmoney.FIELDS) & set(eastmoney.OTHERS)


def test_dashes_are_missing() -> None:
    row = quote("300999.SZ", f115="-", f350="-", f351=0, f20="-", f8="-")
    assert row[["pe_ttm", "limit_up", "limit_down", "market_cap", "turnover"]].isna().all()


def test_a_suspended_share_keeps_its_previous_close() -> None:
    row = quote("300999.SZ", **DASHES)
    assert row["suspended"]
    assert (row["last"], row["previous_close"]) == (20.0, 20.0)
    assert row[["open", "high", "low", "volume", "amount"]].isna().all()
    with pytest.raises(BadAnswer):  # before the opening there is no price yet, and none is made up
        quote("300999.SZ", datetime(2026, 3, 10, 1, 20, tzinfo=UTC), **DASHES)


@pytest.mark.parametrize(
    "changed",
    [
        {"f2": 2050, "f18": 2000, "f3": 250, "f15": 2080, "f16": 1990},  # integers, as without fltt=2
        {"f3": 0.025},  # a fraction in place of percent
        {"f2": 21.0, "f3": 5.0},  # above its own high
        {"f2": "-"},
        {"f18": "-"},
        {"f124": "-"},
        {"f124": 0},
    ],
)
def test_a_row_that_cannot_be_believed_is_left_out(changed: dict[str, Any]) -> None:
    bad = ROW | {"f12": "300001"} | changed
    frame = eastmoney.parse_quotes([bad, ROW], ["300001.SZ", "300999.SZ"], CLOSED)
    assert list(frame["ticker"]) == ["300999.SZ"]
    with pytest.raises(BadAnswer):
        eastmoney.parse_quotes([bad], ["300001.SZ"], CLOSED)


JUNK: list[Any] = [None, "", "-", "nan", "1e999", float("inf"), -1, 10**30, [], {}, "<html>", True]


@pytest.mark.parametrize("field", [*eastmoney.FIELDS, *eastmoney.OTHERS])
@pytest.mark.parametrize("junk", JUNK, ids=repr)
def test_junk_anywhere_breaks_nothing(field: str, junk: Any) -> None:
    frame = eastmoney.parse_quotes([ROW | {"f12": "300001", field: junk}, ROW], ["300001.SZ", "300999.SZ"], CLOSED)
    assert "300999.SZ" in set(frame["ticker"])
    assert frame["last"].between(19, 21).all()


def test_another_symbol_is_no_answer() -> None:
    with pytest.raises(NoData):
        eastmoney.parse_quotes([ROW], ["300001.SZ"], CLOSED)
    with pytest.raises(NoData):  # the same code of another market
        eastmoney.parse_quotes([ROW | {"f13": 1}], ["300999.SZ"], CLOSED)


# --- dividends ---------------------------------------------------------------------------------------------------


def event(code: str, day: str, cash: Any = None, shares: Any = None, progress: str = "实施分配") -> dict[str, Any]:
    return {
        "SECURITY_CODE": code,
        "EX_DIVIDEND_DATE": f"{day} 00:00:00",
        "PRETAX_BONUS_RMB": cash,
        "BONUS_IT_RATIO": shares,
        "ASSIGN_PROGRESS": progress,
    }


def test_ten_shares_become_one() -> None:
    rows = [event("300308", "2026-04-30", 10.0), event("603999", "2026-06-08", 2.76, 3.0)]
    frame = eastmoney.parse_dividends(rows, ["300308.SZ", "603999.SH"])
    assert {c: str(d) for c, d in frame.dtypes.items()} == eastmoney.DIVIDENDS
    assert frame["ticker"].tolist() == ["300308.SZ", "603999.SH"]
    assert (frame["cash"].tolist(), frame["bonus"].tolist()) == ([1.0, 0.276], [0.0, 0.3])
    assert frame["ex_date"].iloc[0] == pd.Timestamp("2026-04-30")


def test_what_is_only_proposed_repeated_or_foreign_is_left_out() -> None:
    rows = [
        event("300308", "2026-04-30", 10.0),
        event("300308", "2026-04-30", 10.0),
        event("300308", "2026-08-30", 5.0, progress="董事会决议通过"),
        event("300308", "2026-08-30", 5.0, progress="未实施"),
        event("300308", "None", 5.0),
        event("300308", "2026-09-30"),
        event("000001", "2026-04-30", 5.0),
    ]
    assert len(eastmoney.parse_dividends(rows, ["300308.SZ"])) == 1
    assert eastmoney.parse_dividends([], ["300308.SZ"]).empty


def test_pages_and_refusals() -> None:
    page = {"result": {"pages": 2, "data": [{"a": 1}], "count": 2}, "success": True, "code": 0}
    assert eastmoney.parse_page(page) == ([{"a": 1}], 2)
    assert eastmoney.parse_page({"result": None, "success": False, "code": 9201, "message": "返回数据为空"}) == ([], 1)
    refused = {"result": None, "code": 9501, "message": "报表配置不存在"}
    for bad in (refused, [], {}, {"result": {"data": None}}, {"result": {"data": [], "pages": "x"}}):
        with pytest.raises(BadAnswer):
            eastmoney.parse_page(bad)


@pytest.mark.parametrize("junk", ["nan", "1e999", "<html>", -1, [], {}], ids=repr)
def test_an_amount_that_is_none_is_a_bad_answer(junk: Any) -> None:
    with pytest.raises(BadAnswer):
        eastmoney.parse_dividends([event("300308", "2026-04-30", junk)], ["300308.SZ"])


@pytest.fixture
def dialects() -> Iterator[list[str]]:
    """The way of writing a code in the filter, forgotten again afterwards."""
    known = list(eastmoney._dialects)
    eastmoney._dialects[:] = ['"{}"', "{}"]  # an earlier test may have found out which one works
    yield eastmoney._dialects
    eastmoney._dialects[:] = known


EMPTY = {"result": None, "success": False, "code": 9201, "message": "返回数据为空"}


def test_codes_are_quoted_first_and_the_way_that_works_is_remembered(
    monkeypatch: pytest.MonkeyPatch, dialects: list[str]
) -> None:
    asked: list[str] = []

    def fetch_json(url: str, **request: Any) -> Any:
        asked.append(request["params"]["filter"])
        row = event("300308", "2026-04-30", 10.0)
        return EMPTY if '"' in asked[-1] else {"result": {"pages": 1, "data": [row]}, "code": 0}

    monkeypatch.setattr(guard, "fetch_json", fetch_json)
    for _ in range(2):
        assert len(eastmoney.fetch_dividends(["300308.SZ", "688498.SH"], since=date(2026, 1, 1))) == 1
    quoted = """(SECURITY_CODE in ("300308","688498"))(EX_DIVIDEND_DATE>='2026-01-01')"""
    assert asked == [quoted, quoted.replace('"', ""), quoted.replace('"', "")]
    assert dialects == ["{}"]


def test_following_pages_are_fetched(monkeypatch: pytest.MonkeyPatch, dialects: list[str]) -> None:
    def fetch_json(url: str, **request: Any) -> Any:
        number = int(request["params"]["pageNumber"])
        return {"result": {"pages": 3, "data": [event("300308", f"2026-0{number}-15", number)]}, "code": 0}

    monkeypatch.setattr(guard, "fetch_json", fetch_json)
    frame = eastmoney.fetch_dividends(["300308.SZ"], since=date(2026, 1, 1))
    assert list(frame["cash"]) == [0.1, 0.2, 0.3]


def test_funds_indices_and_other_markets_are_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "fetch_json", lambda *_, **__: pytest.fail("nothing to ask"))
    tickers = ["515880.SH", "000300.SH", "00700.HK", "NVDA.US", "801770.SI"]
    assert eastmoney.fetch_dividends(tickers, since=date(2026, 1, 1)).empty


# --- factors -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("close", "cash", "bonus", "reference"),
    [
        ("846.00", "1.00", "0", "845.00"),  # 300308, 2026-04-30
        ("10.00", "0.005", "0", "10.00"),  # 9.995: half up, where half even would give 10.00 too
        ("10.01", "0.005", "0", "10.01"),  # 10.005: half up, where half even gives 10.00
        ("66.52", "0", "0.3", "51.17"),  # 51.1692…
        ("15.00", "0.5", "1", "7.25"),
        ("2.675", "0", "0", "2.68"),  # round(2.675, 2) is 2.67 in floats
    ],
)
def test_reference_price(close: str, cash: str, bonus: str, reference: str) -> None:
    assert eastmoney.reference_price(Decimal(close), Decimal(cash), Decimal(bonus)) == Decimal(reference)


def bars(ticker: str, **closes: float) -> pd.DataFrame:
    rows = [(ticker, pd.Timestamp(day.replace("_", "-").strip("-")), close) for day, close in closes.items()]
    return pd.DataFrame(rows, columns=["ticker", "session", "close"])


def test_factor_of_300308() -> None:
    dividends = eastmoney.parse_dividends([event("300308", "2026-04-30", 10.0)], ["300308.SZ"])
    found = eastmoney.factors(dividends, bars("300308.SZ", _2026_04_28=850.0, _2026_04_29=846.0, _2026_04_30=861.0))
    assert list(found) == list(FACTORS)
    assert {c: str(d) for c, d in found.dtypes.items()} == {c: dtype for c, (dtype, _, _) in FACTORS.items()}
    assert found[["ticker", "ex_date"]].to_numpy().tolist() == [["300308.SZ", pd.Timestamp("2026-04-30")]]
    assert found["factor"].iloc[0] == 845 / 846
    assert 688.14 * found["factor"].iloc[0] == pytest.approx(687.3266, abs=5e-5)


def test_events_of_a_day_count_together() -> None:
    rows = [event("600999", "2026-05-06", cash, shares) for cash, shares in ((3.0, None), (2.0, None), (None, 10.0))]
    dividends = eastmoney.parse_dividends(rows, ["600999.SH"])
    found = eastmoney.factors(dividends, bars("600999.SH", _2026_04_30=15.0, _2026_05_06=7.3))
    assert list(found["factor"]) == [7.25 / 15.0]  # (15 − 0.5) / 2


def test_events_outside_the_bars_have_no_factor() -> None:
    rows = [event("600999", day, 3.0) for day in ("2026-04-29", "2026-04-30", "2026-05-07", "2026-06-30")]
    dividends = eastmoney.parse_dividends(rows, ["600999.SH"])
    found = eastmoney.factors(dividends, bars("600999.SH", _2026_04_30=15.0, _2026_05_06=15.1))
    assert found.empty
    assert eastmoney.factors(dividends, bars("300308.SZ", _2026_04_30=15.0, _2026_05_06=15.1)).empty
    assert eastmoney.factors(eastmoney.parse_dividends([], []), bars("600999.SH", _2026_04_30=15.0)).empty


def test_an_ex_date_within_a_suspension_uses_the_last_close_before() -> None:
    dividends = eastmoney.parse_dividends([event("600999", "2026-05-08", 10.0)], ["600999.SH"])
    found = eastmoney.factors(dividends, bars("600999.SH", _2026_04_30=20.0, _2026_05_20=19.5))
    assert list(found["factor"]) == [0.95]


# --- over the wire -----------------------------------------------------------------------------------------------


LIST = ["300308.SZ", "688498.SH", "920045.BJ", "00700.HK", "000300.SH", "931160.SH", "515880.SH"]
SIXTY = [f"3000{n:02d}.SZ" for n in range(1, 61)]


def test_every_market_in_one_request(wire: Upstream) -> None:
    frame = eastmoney.fetch_quotes(LIST).set_index("ticker")
    assert sorted(frame.index) == sorted(LIST)
    assert len(wire.log) == 1
    shares = frame.drop(index=["000300.SH", "931160.SH"])
    mean = shares["amount"] / shares["volume"]
    assert ((shares["low"] * 0.999 <= mean) & (mean <= shares["high"] * 1.001)).all()
    assert (frame["session"] == pd.Timestamp("2026-07-03")).all()


def test_sixty_symbols_are_one_request(wire: Upstream) -> None:
    assert len(eastmoney.fetch_quotes(SIXTY)) == 60
    assert len(wire.log) == 1


def test_two_sources_agree(wire: Upstream) -> None:
    """Every number that both sources give is the same, so no unit slips on one side alone."""
    tickers = ["300308.SZ", "688498.SH", "920045.BJ", "00700.HK", "515880.SH", "002272.SZ"]
    ours, theirs = (source.fetch_quotes(tickers).set_index("ticker") for source in (eastmoney, tencent))
    loose = ("volume_ratio", "pe_ttm", "float_cap")  # rounded, undefined, and of Hong Kong the total cap again
    for column in (column for column, _ in eastmoney.FIELDS.values() if column not in loose):
        both = pd.DataFrame({"ours": ours[column], "theirs": theirs[column]}).dropna()
        assert not both.empty
        assert both["ours"].to_numpy() == pytest.approx(both["theirs"].to_numpy(), rel=2e-3, abs=1e-4), column
    assert ours["suspended"].to_dict() == theirs["suspended"].to_dict()
    assert ours["session"].to_dict() == theirs["session"].to_dict()


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("status:403", Blocked),
        ("status:502", Unreachable),
        ("body:<html></html>", BadAnswer),
        ("body:{}", BadAnswer),
        ('body:{"rc":0,"data":null}', NoData),
        ("truncated", BadAnswer),
        ("other_symbol", NoData),
        ("percent_slip", BadAnswer),
        ("nan_last", BadAnswer),
        ("zero_price", BadAnswer),
        ("negative", BadAnswer),
    ],
)
def test_faults_of_quotes(wire: Upstream, kind: str, error: type[SourceError]) -> None:
    wire.fault(r"push2delay", "", kind)
    with pytest.raises(error):
        eastmoney.fetch_quotes(["300308.SZ", "688498.SH"])


def test_half_missing_and_more_keys(wire: Upstream) -> None:
    wire.fault(r"push2delay", "", "half_missing")
    wire.fault(r"push2delay", "", "extra_column")
    assert len(eastmoney.fetch_quotes(SIXTY)) == 30


def test_dividends_of_many_in_one_request(wire: Upstream, dialects: list[str]) -> None:
    frame = eastmoney.fetch_dividends([*LIST, "603203.SH"], since=date(2026, 1, 1)).set_index("ticker")
    assert len(wire.log) == 1
    assert frame.loc["300308.SZ", ["cash", "bonus"]].tolist() == [1.0, 0.0]
    assert frame.loc["688498.SH", ["cash", "bonus"]].tolist() == [0.5, 0.45]
    assert frame.loc["603203.SH", ["cash", "bonus"]].tolist() == [0.8, 0.3]


def test_factors_give_the_reference_price_of_the_ex_date(wire: Upstream, dialects: list[str]) -> None:
    tickers = ["300308.SZ", "688498.SH", "603203.SH"]
    dividends = eastmoney.fetch_dividends(tickers, since=date(2026, 1, 1))
    histories = [tencent.fetch_history(t, 1, final_before=date(2026, 7, 4)).bars for t in tickers]
    factors = eastmoney.factors(dividends, pd.concat(histories))
    assert len(factors) == 3
    for ticker, ex_date, factor in zip(factors["ticker"], factors["ex_date"], factors["factor"], strict=True):
        days = wire.market.bars(ticker)
        at = next(i for i, bar in enumerate(days) if bar.day == ex_date.date())
        assert days[at - 1].close * factor == pytest.approx(days[at].reference, abs=1e-6)


def test_no_dividends_is_an_empty_frame(wire: Upstream, dialects: list[str]) -> None:
    assert eastmoney.fetch_dividends(["300308.SZ"], since=date(2026, 6, 1)).empty


@pytest.mark.parametrize(
    ("kind", "error"), [("status:403", Blocked), ("body:<html>", BadAnswer), ("status:503", Unreachable)]
)
def test_faults_of_dividends(wire: Upstream, dialects: list[str], kind: str, error: type[SourceError]) -> None:
    wire.fault(r"datacenter-web", "", kind)
    with pytest.raises(error):
        eastmoney.fetch_dividends(["300308.SZ"], since=date(2026, 1, 1))
