"""The table of markets: shapes of tickers, what they are, and each upstream's symbol for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketwatch.domain import markets

# ticker, kind, currency, group, Tencent (and Sina), Eastmoney, Yahoo
TABLE = [
    ("300308.SZ", "stock", "CNY", "CN", "sz300308", "0.300308", "300308.SZ"),
    ("688498.SH", "stock", "CNY", "CN", "sh688498", "1.688498", "688498.SS"),
    ("920045.BJ", "stock", "CNY", "CN", "bj920045", "0.920045", None),
    ("000300.SH", "index", "CNY", "CN", "sh000300", "1.000300", "000300.SS"),
    ("931160.SH", "index", "CNY", "CN", "sh931160", "2.931160", "931160.SS"),
    ("399006.SZ", "index", "CNY", "CN", "sz399006", "0.399006", "399006.SZ"),
    ("899050.BJ", "index", "CNY", "CN", "bj899050", "0.899050", None),
    ("000001.SZ", "stock", "CNY", "CN", "sz000001", "0.000001", "000001.SZ"),
    ("515880.SH", "etf", "CNY", "CN", "sh515880", "1.515880", "515880.SS"),
    ("159915.SZ", "etf", "CNY", "CN", "sz159915", "0.159915", "159915.SZ"),
    ("161725.SZ", "etf", "CNY", "CN", "sz161725", "0.161725", "161725.SZ"),
    ("801770.SI", "sector", "CNY", "CN", None, None, None),
    ("01686.HK", "stock", "HKD", "HK", "hk01686", "116.01686", "1686.HK"),
    ("00700.HK", "stock", "HKD", "HK", "hk00700", "116.00700", "0700.HK"),
    ("80700.HK", "stock", "CNY", "HK", "hk80700", "116.80700", "80700.HK"),
    ("NVDA.US", "stock", "USD", "US", "usNVDA", None, "NVDA"),
    ("BRK-B.US", "stock", "USD", "US", "usBRK.B", None, "BRK-B"),
    ("^SOX.US", "index", "USD", "US", None, None, "^SOX"),
    ("2308.TW", "stock", "TWD", "TW", None, None, "2308.TW"),
    ("005930.KS", "stock", "KRW", "KR", None, None, "005930.KS"),
    ("USDCNY.FX", "fx", "CNY", "FX", None, None, "CNY=X"),
    ("HKDCNY.FX", "fx", "CNY", "FX", None, None, "HKDCNY=X"),
    ("USDKRW.FX", "fx", "KRW", "FX", None, None, "KRW=X"),
]


@pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])
def test_symbols(row: tuple[str, ...]) -> None:
    ticker, kind, currency, group, tencent, eastmoney, yahoo = row
    assert markets.is_ticker(ticker)
    assert (markets.kind(ticker), markets.currency(ticker), markets.group(ticker)) == (kind, currency, group)
    assert (markets.tencent(ticker), markets.eastmoney(ticker), markets.yahoo(ticker)) == (tencent, eastmoney, yahoo)


@pytest.mark.parametrize(
    "text",
    [
        "", ".", ".SZ", "300308", "300308.sz", "300308.XX", "30030.SZ", "3003080.SZ", "300308.SZ ", " 300308.SZ",
        "300308.SZ\n", "700.HK", "0700.HK", "901770.SI", "nvda.US", "NVDA.", "BRK.B.US", "USDCN.FX", "^300308.SZ",
        "３００３０８.SZ", "٣٠٠٣٠٨.SZ", "０1686.HK", "８01770.SI", "２308.TW", "Ａ.US", "A١.US",
    ],
)  # fmt: skip
def test_what_is_no_ticker(text: str) -> None:
    assert not markets.is_ticker(text)


@given(st.sampled_from(sorted(markets.MARKETS)).flatmap(
    lambda suffix: st.tuples(st.from_regex(markets.MARKETS[suffix].code, fullmatch=True), st.just(suffix))
))  # fmt: skip
def test_a_ticker_splits_into_what_it_was_made_of(parts: tuple[str, str]) -> None:
    code, suffix = parts
    ticker = f"{code}.{suffix}"
    assert markets.is_ticker(ticker)
    assert ticker.isascii()
    assert markets.split(ticker) == (code, markets.MARKETS[suffix])
    assert markets.kind(ticker) in ("stock", "etf", "index", "sector", "fx")
    for upstream in (markets.tencent, markets.eastmoney, markets.yahoo):
        assert upstream(ticker) != ""


@given(st.text())
def test_any_text_is_judged_and_what_passes_can_be_split(text: str) -> None:
    if markets.is_ticker(text):
        code, market = markets.split(text)
        assert f"{code}.{market.suffix}" == text


def test_every_group_has_hours_a_zone_and_a_calendar() -> None:
    assert set(markets.HOURS) == set(markets.GROUPS) == {m.group for m in markets.MARKETS.values()} - {"FX"}
    assert [markets.calendar_of(g) for g in markets.GROUPS] == ["XSHG", "XHKG", "XNYS", "XTAI", "XKRX"]
    assert markets.calendar_of("FX") is None
    assert str(markets.zone_of("KR")) == "Asia/Seoul"


def test_an_unknown_market_has_no_row() -> None:
    with pytest.raises(KeyError):
        markets.group("7203.T")
