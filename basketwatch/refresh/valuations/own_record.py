"""PE values that come with quotes, recorded day by day."""

from __future__ import annotations

import pandas as pd

from basketwatch.domain import markets
from basketwatch.refresh.work import Row

# --- own record of the quotes ------------------------------------------------------------------------------------

# source -> groups whose quotes carry a PE of a known definition
TTM_QUOTES = ("CN", "HK")  # Tencent's field 39
TRAILING_QUOTES = ("US", "TW", "KR")  # Yahoo's trailingPE


def recorded(quote: Row) -> Row | None:
    """One quote as a row of columns.VALUATIONS; None where its PE has no known definition, or it has none."""
    ticker, source, pe, cap = quote["ticker"], quote["source"], quote["pe_ttm"], quote["market_cap"]
    group, fund = markets.group(ticker), ticker in markets.STAND_INS.values()
    if markets.kind(ticker) != "stock":
        return None
    if source == "tencent" and group in TTM_QUOTES:
        definition, losing = "ttm", pe < 0
    elif source == "yahoo" and group in TRAILING_QUOTES:
        definition = "etf_trailing" if fund else "yahoo_trailing"
        losing = not fund and (pe < 0 or (pd.isna(pe) and cap > 0))
    else:
        return None
    if pd.isna(pe) and not losing:
        return None
    return {
        "ticker": ticker, "source": source, "definition": definition, "session": quote["session"], "pe": pe,
        "losing": losing, "price": quote["last"], "market_cap": cap, "eps": quote["last"] / pe if pe > 0 else float("nan"),
        "fetched_at": quote["fetched_at"],
    }  # fmt: skip
