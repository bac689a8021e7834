"""Histories through akshare: units of its frames, factors of funds, and the chain of sources when one fails."""

from __future__ import annotations

import ast
import inspect
import textwrap
from datetime import date
from typing import Any

import pandas as pd
import pytest

from basketwatch.domain.columns import BARS, FACTORS
from basketwatch.errors import BadAnswer, NoData, SourceError, SuspectAnswer
from basketwatch.sources import History, ashare, shenwan
from basketwatch.sources.shape import no_factors
from tests.upstream import Upstream

NEXT = date(2026, 3, 10)


def chinese(**changed: list[Any]) -> pd.DataFrame:
    """Two days as ak.stock_zh_a_hist returns them: 1,234 lots for 2,505,020 yuan, mean price 20.30."""
    columns: dict[str, list[Any]] = {
        "日期": [date(2026, 3, 9), date(2026, 3, 10)],
        "股票代码": ["300999", "300999"],
        "开盘": [20.1, 20.1],
        "收盘": [20.5, 20.5],
        "最高": [20.8, 20.8],
        "最低": [19.9, 19.9],
        "成交量": [1234, 1234],
        "成交额": [2505020.0, 2505020.0],
        "换手率": [1.25, 1.25],
    }
    return pd.DataFrame(columns | changed)


def parse(raw: pd.DataFrame, fields: dict[str, tuple[str, float]], ticker: str = "300999.SZ") -> pd.DataFrame:
    return ashare.parse_bars(raw, ticker, fields, source="eastmoney", final_before=NEXT)


def test_bars_in_canonical_units() -> None:
    bars = parse(chinese(), ashare.EASTMONEY)
    assert list(bars) == list(BARS)
    assert {c: str(d) for c, d in bars.dtypes.items()} == {c: dtype for c, (dtype, _, _) in BARS.items()}
    first = bars.iloc[0]
    assert tuple(first[["open", "close", "high", "low"]]) == (20.1, 20.5, 20.8, 19.9)
    assert (first["volume"], first["amount"]) == (123_400, 2_505_020)
    assert first["low"] <= first["amount"] / first["volume"] <= first["high"]
    assert first["turnover"] == pytest.approx(0.0125)
    assert bars["final"].tolist() == [True, False]


def test_hong_kong_counts_shares() -> None:
    bars = parse(chinese(成交量=[123400, 123400]), ashare.EASTMONEY_HK, "09999.HK")
    assert bars["volume"].tolist() == [123_400, 123_400]


def test_english_frames_of_indices_and_funds() -> None:
    row = ("2026-03-09", 20.1, 20.8, 19.9, 20.5, 1234, 2505020.0)
    raw = pd.DataFrame([row], columns=["date", "open", "high", "low", "close", "volume", "amount"])
    assert parse(raw, ashare.EASTMONEY_INDEX, "000300.SH")["volume"].tolist() == [123_400]
    assert parse(raw, ashare.SINA_FUND, "515999.SH")["volume"].tolist() == [1_234]
    assert parse(raw, ashare.SINA_INDEX, "000300.SH")[["volume", "amount"]].isna().all(axis=None)


@pytest.mark.parametrize("fields", [ashare.EASTMONEY, ashare.EASTMONEY_HK, ashare.EASTMONEY_INDEX, ashare.SINA_FUND])
def test_no_two_columns_become_one(fields: dict[str, tuple[str, float]]) -> None:
    columns = [column for column, _ in fields.values()]
    assert len(columns) == len(set(columns))
    assert set(columns) <= set(BARS)


def test_rows_without_a_close_are_left_out_and_missing_columns_told() -> None:
    assert len(parse(chinese(收盘=[float("nan"), 20.5]), ashare.EASTMONEY)) == 1
    assert len(parse(chinese(收盘=["-", "inf"]).iloc[[0]].assign(收盘=20.5), ashare.EASTMONEY)) == 1
    with pytest.raises(NoData):
        parse(chinese(收盘=["-", "inf"]), ashare.EASTMONEY)
    with pytest.raises(BadAnswer, match="换手率"):
        parse(chinese().drop(columns="换手率"), ashare.EASTMONEY)


# --- factors of funds --------------------------------------------------------------------------------------------

DAYS = pd.to_datetime(["2026-01-30", "2026-02-02", "2026-02-03", "2026-02-04"])


def closes(*values: float) -> pd.DataFrame:
    return pd.DataFrame({"ticker": "515999.SH", "session": DAYS, "close": values, "source": "eastmoney"})


def test_a_split_is_one_factor() -> None:
    raw, adjusted = closes(3.00, 3.03, 1.02, 1.01), closes(1.000, 1.010, 1.020, 1.010)
    factors = ashare.factors_from_adjusted(raw, adjusted)
    assert list(factors) == list(FACTORS)
    assert {c: str(d) for c, d in factors.dtypes.items()} == {c: dtype for c, (dtype, _, _) in FACTORS.items()}
    assert factors["ex_date"].tolist() == [pd.Timestamp("2026-02-03")]
    assert factors["factor"].tolist() == [pytest.approx(1 / 3)]
    assert factors["ticker"].tolist() == ["515999.SH"]


def test_steps_multiply_back_to_the_adjusted_prices() -> None:
    raw = closes(2.00, 2.02, 1.96, 0.98)  # 0.04 paid on the third day, one share becomes two on the fourth
    adjusted = closes(0.980, 0.990, 0.980, 0.980)
    factors = ashare.factors_from_adjusted(raw, adjusted)
    assert len(factors) == 2
    assert 2.02 * factors["factor"].prod() == pytest.approx(0.990)
    assert 1.96 * factors["factor"].iloc[1] == pytest.approx(0.980)


def test_rounding_is_no_step() -> None:
    assert ashare.factors_from_adjusted(closes(1.0, 1.1, 1.2, 1.1), closes(1.0, 1.1, 1.2, 1.1)).empty
    # a fund of 0.3 yuan after a split: a tick of 0.001 in the adjusted price is 0.3 %
    assert ashare.factors_from_adjusted(closes(0.901, 0.902, 0.904, 0.905), closes(0.300, 0.301, 0.301, 0.302)).empty


def test_reference_prices_of_sina() -> None:
    raw = pd.DataFrame({"date": [d.date() for d in DAYS], "close": [3.00, 3.03, 1.02, 1.01]})
    factors = ashare.factors_from_reference(raw.assign(prevclose=[None, 3.00, 1.01, 1.02]), "515999.SH")
    assert factors["ex_date"].tolist() == [pd.Timestamp("2026-02-03")]
    assert factors["factor"].tolist() == [pytest.approx(1.01 / 3.03)]
    with pytest.raises(BadAnswer):
        ashare.factors_from_reference(raw, "515999.SH")


def test_a_move_beyond_the_limit_needs_a_factor() -> None:
    split = ashare.factors_from_adjusted(closes(3.00, 3.03, 1.02, 1.01), closes(1.000, 1.010, 1.020, 1.010))
    ashare.check_moves(closes(3.00, 3.03, 1.02, 1.01), split)
    ashare.check_moves(closes(1.00, 1.20, 0.96, 1.15), no_factors())  # 20 % up and down is within the limit
    with pytest.raises(SuspectAnswer, match="2026-02-03"):
        ashare.check_moves(closes(3.00, 3.03, 1.02, 1.01), no_factors())


# --- what of akshare is used -------------------------------------------------------------------------------------


def used_of_akshare() -> set[str]:
    """Names after ``ak.`` in the modules that call akshare."""
    trees = [ast.parse(inspect.getsource(module)) for module in (ashare, shenwan)]
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    return {node.attr for node in nodes if isinstance(node.value, ast.Name) and node.value.id == "ak"}


def test_no_function_of_akshare_that_we_use_evaluates_text() -> None:
    """``js_code.eval(constant)`` runs akshare's own decoder in a sandbox; Python's eval of an answer runs anything."""
    import akshare as ak

    names = used_of_akshare()
    assert {"stock_zh_a_hist", "fund_etf_hist_sina", "index_hist_sw"} <= names
    for name in names:
        tree = ast.parse(textwrap.dedent(inspect.getsource(getattr(ak, name))))
        called = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
        assert not {f.id for f in called if isinstance(f, ast.Name)} & {"eval", "exec", "compile", "__import__"}, name


def test_akshare_is_imported_only_when_needed() -> None:
    for module in (ashare, shenwan):
        tree = ast.parse(inspect.getsource(module))
        top = [a.name for node in tree.body if isinstance(node, ast.Import) for a in node.names]
        assert "akshare" not in top


# --- the chain ---------------------------------------------------------------------------------------------------


def test_order_of_sources() -> None:
    chains = {
        "300308.SZ": ["eastmoney", "tencent"],
        "920045.BJ": ["eastmoney"],
        "515880.SH": ["eastmoney", "sina"],
        "000300.SH": ["eastmoney", "sina", "tencent"],
        "00700.HK": ["eastmoney", "tencent"],
    }
    assert {ticker: [source for source, _ in ashare.chain(ticker)] for ticker in chains} == chains


@pytest.mark.parametrize("ticker", ["NVDA.US", "801770.SI", "USDCNY.FX", "2308.TW"])
def test_other_markets_have_no_chain(ticker: str) -> None:
    assert ashare.chain(ticker) == []


# --- over the wire -----------------------------------------------------------------------------------------------


TODAY = date(2026, 7, 3)
HOSTS = {
    "300308.SZ": "push2his", "688498.SH": "push2his", "920045.BJ": "push2his", "000300.SH": "push2his",
    "931160.SH": "push2his", "399006.SZ": "push2his", "00700.HK": "push2his",
}  # fmt: skip


class Failed(Exception):
    """No source of a chain gave a history."""

    def __init__(self, failures: list[tuple[str, SourceError]]) -> None:
        super().__init__(failures)
        self.tried = [(source, error.state) for source, error in failures]
        self.last = failures[-1][1]


def fetch_history(ticker: str) -> History:
    """The first history along the chain."""
    failures: list[tuple[str, SourceError]] = []
    for source, link in ashare.chain(ticker):
        try:
            return link(ticker, 1, final_before=TODAY)
        except SourceError as error:
            failures.append((source, error))
    raise Failed(failures)


def check_bars(wire: Upstream, ticker: str, bars: pd.DataFrame) -> None:
    """The bars are the market's own, unadjusted and in shares."""
    true = {bar.day: bar for bar in wire.market.bars(ticker)}
    assert len(bars) > 240
    assert bars["session"].is_monotonic_increasing
    assert bars["session"].iloc[-1] == pd.Timestamp(TODAY)
    for day, close in zip(bars["session"].dt.date, bars["close"], strict=True):
        assert close == pytest.approx(true[day].close, abs=1e-6)
    if bars["volume"].notna().any():
        assert bars["volume"].iloc[-1] == pytest.approx(true[TODAY].volume, abs=100)


@pytest.mark.parametrize("ticker", HOSTS)
def test_one_request_to_eastmoney(wire: Upstream, ticker: str) -> None:
    history = fetch_history(ticker)
    assert history.source == "eastmoney"
    assert history.factors.empty
    assert [HOSTS[ticker] in entry.host for entry in wire.log] == [True]
    check_bars(wire, ticker, history.bars)
    assert history.bars["session"].iloc[0] >= pd.Timestamp("2025-07-03")
    assert history.bars["final"].tolist() == [True] * (len(history.bars) - 1) + [False]


@pytest.mark.parametrize("ticker", ["300308.SZ", "688498.SH", "00700.HK"])
def test_tencent_when_eastmoney_refuses(wire: Upstream, ticker: str) -> None:
    wire.fault("push2his", "", "status:403")
    history = fetch_history(ticker)
    assert history.source == "tencent"
    assert set(history.bars["source"]) == {"tencent"}
    check_bars(wire, ticker, history.bars)


@pytest.mark.parametrize("kind", ["status:502", "body:<html>", "body:", "truncated", "body:{}", 'body:{"data":null}'])
def test_any_fault_falls_over(wire: Upstream, kind: str) -> None:
    wire.fault("push2his", "", kind)
    assert fetch_history("300308.SZ").source == "tencent"


def test_an_index_goes_to_sina_and_then_to_tencent(wire: Upstream) -> None:
    wire.fault("push2his", "", "status:403")
    history = fetch_history("000300.SH")
    assert history.source == "sina"
    check_bars(wire, "000300.SH", history.bars)
    wire.fault("finance.sina", "", "body:<html>")
    history = fetch_history("000300.SH")
    assert history.source == "tencent"
    check_bars(wire, "000300.SH", history.bars)


def test_a_fund_brings_the_factor_of_its_split(wire: Upstream) -> None:
    history = fetch_history("515880.SH")
    assert history.source == "eastmoney"
    assert len(wire.log) == 2
    check_bars(wire, "515880.SH", history.bars)
    assert history.factors["ex_date"].tolist() == [pd.Timestamp("2026-02-03")]
    assert history.factors["factor"].tolist() == [pytest.approx(1 / 3, rel=2e-3)]


def test_a_fund_from_sina(wire: Upstream) -> None:
    wire.fault("push2his", "fqt=1", "status:502")
    history = fetch_history("512980.SH")
    assert history.source == "sina"
    check_bars(wire, "512980.SH", history.bars)
    assert history.factors.empty


def test_the_split_of_a_fund_from_sina(wire: Upstream) -> None:
    wire.fault("push2his", "", "status:502")
    history = fetch_history("515880.SH")
    assert history.source == "sina"
    check_bars(wire, "515880.SH", history.bars)
    assert history.factors["ex_date"].tolist() == [pd.Timestamp("2026-02-03")]
    assert history.factors["factor"].tolist() == [pytest.approx(1 / 3, rel=2e-3)]


@pytest.mark.parametrize("kind", ["duplicate_dates", "duplicate_dates:different", "future_date"])
def test_no_factor_from_a_row_that_should_not_be_there(wire: Upstream, kind: str) -> None:
    wire.fault("push2his", "", "status:502")
    wire.fault("finance.sina", "", kind)
    factors = fetch_history("515880.SH").factors
    assert factors["ex_date"].tolist() == [pd.Timestamp("2026-02-03")]


def test_a_fund_is_never_given_without_the_factor_of_its_split(wire: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that lets the split pass for a crash is not believed; and neither is one without adjusted prices."""
    wire.fault("push2his", "", "status:502")
    monkeypatch.setattr(ashare, "factors_from_reference", lambda *_: no_factors())
    with pytest.raises(Failed) as caught:
        fetch_history("515880.SH")
    assert caught.value.tried == [("eastmoney", "error"), ("sina", "suspect")]
    assert isinstance(caught.value.last, SuspectAnswer) and "2026-02-03" in caught.value.last.params["detail"]


def test_what_was_tried_is_told(wire: Upstream) -> None:
    wire.fault("push2his", "", "status:403")
    wire.fault("ifzq", "", "body:<html>")
    with pytest.raises(Failed) as caught:
        fetch_history("300308.SZ")
    assert caught.value.tried == [("eastmoney", "blocked"), ("tencent", "error")]


def test_beijing_has_one_source(wire: Upstream) -> None:
    wire.fault("push2his", "", "status:403")
    with pytest.raises(Failed) as caught:
        fetch_history("920045.BJ")
    assert caught.value.tried == [("eastmoney", "blocked")]


def test_a_code_that_does_not_exist(wire: Upstream) -> None:
    with pytest.raises(Failed) as caught:
        fetch_history("999999.SZ")
    assert caught.value.tried == [("eastmoney", "no_data"), ("tencent", "no_data")]


def test_sources_agree_on_every_number(wire: Upstream) -> None:
    histories = [link("688498.SH", 1, final_before=TODAY) for _, link in ashare.chain("688498.SH")]
    joined = histories[0].bars.merge(histories[1].bars, on="session", suffixes=("_em", "_tx"))
    for column in ("open", "high", "low", "close", "volume", "amount"):
        assert joined[f"{column}_em"].to_numpy() == pytest.approx(joined[f"{column}_tx"].to_numpy(), rel=1e-3), column
