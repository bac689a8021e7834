"""PE values that come with quotes, recorded day by day."""

from __future__ import annotations

import pandas as pd

from basketwatch.domain import markets
from basketwatch.refresh.work import Row

# --- own record of the quotes ------------------------------------------------------------------------------------

DEFINITIONS = {"tencent": "ttm", "yahoo": "yahoo_trailing"}  # of Tencent's field 39 and Yahoo's trailingPE


def recorded(quote: Row) -> Row | None:
    """One quote as a row of columns.VALUATIONS; None where its PE has no known definition, or it has none."""
    ticker, source, pe, cap = quote["ticker"], quote["source"], quote["pe_ttm"], quote["market_cap"]
    definition, fund = DEFINITIONS.get(source), ticker in markets.STAND_INS.values()
    if markets.kind(ticker) != "stock" or definition != markets.split(ticker)[1].pe:
        return None
    losing = pe < 0
    if definition == "yahoo_trailing":
        definition = "etf_trailing" if fund else definition
        losing = not fund and (losing or (pd.isna(pe) and cap > 0))
    if pd.isna(pe) and not losing:
        return None
    return {
        "ticker": ticker, "source": source, "definition": definition, "session": quote["session"], "pe": pe,
        "losing": losing, "price": quote["last"], "market_cap": cap, "eps": quote["last"] / pe if pe > 0 else float("nan"),
        "fetched_at": quote["fetched_at"],
    }  # fmt: skip
