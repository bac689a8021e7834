"""How most scripts fetch a watchlist: one symbol after another, through akshare and yfinance, nothing kept."""

from __future__ import annotations

import akshare as ak
import pandas as pd
import yfinance as yf

from benchmarks.symbols import SIXTY

FIRST, LAST = "2023-07-03", "2026-07-02"
MAINLAND = ("SH", "SZ", "BJ")


def history(ticker: str) -> pd.DataFrame:
    """Three years of daily closes and volumes, indexed by day."""
    code, _, market = ticker.rpartition(".")
    if market in MAINLAND:
        bars = ak.stock_zh_a_hist(code, start_date=FIRST.replace("-", ""), end_date=LAST.replace("-", ""), adjust="qfq")
        bars = bars.rename(columns={"收盘": "Close", "成交量": "Volume"}).set_index("日期")
    else:
        symbol = code if market == "US" else f"{code[-4:]}.{market}"
        bars = yf.Ticker(symbol).history(start=FIRST, end=LAST)
    return pd.DataFrame(bars[["Close", "Volume"]])


if __name__ == "__main__":
    frames = [history(ticker) for ticker in SIXTY]
    if min(map(len, frames)) < 500:
        raise SystemExit("a history is missing")
