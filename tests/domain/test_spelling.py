"""Codes as people and other programs write them, seen in their bug reports; each has one right spelling here."""

from __future__ import annotations

import pytest

from basketwatch.domain import markets
from basketwatch.domain.spelling import is_old_beijing, ticker_of
from basketwatch.domain.universe import all_tickers
from tests.stores import universe


@pytest.mark.parametrize(
    ("text", "ticker"),
    [
        ("0700.HK", "00700.HK"), ("9992.HK", "09992.HK"), ("700.hk", "00700.HK"), ("HK00700", "00700.HK"),
        ("hk700", "00700.HK"), ("00700", "00700.HK"), ("HKEX:700", "00700.HK"), ("116.00700", "00700.HK"),
        ("BRK.B.US", "BRK-B.US"), ("BRK/B.US", "BRK-B.US"), ("BRK.B", "BRK-B.US"), ("NYSE:BRK.B", "BRK-B.US"),
        ("SZ300308", "300308.SZ"), ("sz.300308", "300308.SZ"), ("300308", "300308.SZ"), ("SZSE:300308", "300308.SZ"),
        ("300308.XSHE", "300308.SZ"), ("0.300308", "300308.SZ"), ("300308.SH", "300308.SZ"), ("３００３０８.SZ", "300308.SZ"),
        ("688981.SS", "688981.SH"), ("1.688981", "688981.SH"), ("SSE:688981", "688981.SH"), ("600519.SZ", "600519.SH"),
        ("sh600519", "600519.SH"), ("512480", "512480.SH"), ("159915.SH", "159915.SZ"), ("920045.SZ", "920045.BJ"),
        ("801770", "801770.SI"), ("801770.SH", "801770.SI"), ("000001", "000001.SZ"), ("NASDAQ:COHR", "COHR.US"),
        ("COHR.O", "COHR.US"), ("105.NVDA", "NVDA.US"), ("nvda", "NVDA.US"), ("TPE:2308", "2308.TW"), ("005930.KR", "005930.KS"),
    ],
)  # fmt: skip
def test_the_right_spelling(text: str, ticker: str) -> None:
    assert ticker_of(text) == ticker and markets.is_ticker(ticker)


@pytest.mark.parametrize("text", ["", ".", "300308.LSE", "中际旭创", "1234567", "700.XX", "<b>.US", "005930"])
def test_what_cannot_be_told(text: str) -> None:
    assert ticker_of(text) is None


def test_every_shipped_ticker_is_spelled_right() -> None:
    assert [t for t in all_tickers(universe()) if ticker_of(t) != t] == []
    for ticker in ("000300.SH", "931160.SH", "899050.BJ", "399006.SZ", "^SOX.US", "USDCNY.FX", "BRK-B.US", "08083.HK"):
        assert ticker_of(ticker) == ticker


def test_beijing_codes_of_before_october_2025() -> None:
    assert [t for t in ("830799.BJ", "430047.BJ", "871981", "920799.BJ", "300308.SZ") if is_old_beijing(t)] == [
        "830799.BJ", "430047.BJ", "871981",
    ]  # fmt: skip


def test_currency_of_a_security() -> None:
    """B shares trade in dollars in Shanghai, in Hong Kong dollars in Shenzhen; renminbi counters in Hong Kong in yuan."""
    money = {"900905.SH": "USD", "200725.SZ": "HKD", "80700.HK": "CNY", "00700.HK": "HKD", "08083.HK": "HKD",
             "600519.SH": "CNY", "000001.SZ": "CNY", "USDCNY.FX": "CNY"}  # fmt: skip
    assert {ticker: markets.currency(ticker) for ticker in money} == money
