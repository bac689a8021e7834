"""The nomenclature: every column that leaves a source or the store, its dtype and its unit. This module *is* the list.

Prices are in the listing currency and unadjusted; volume in shares; amount and caps in currency units; turnover and
returns are fractions. ``session`` is the exchange-local trading date (midnight, no zone); instants are UTC-aware.

``checks`` and ``past`` hold rows against this list and against what is stored, after they left a source and before
they enter the store. Hard faults reject the row (or the answer); soft ones leave it in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# column -> (pandas dtype, unit, required)
QUOTES: dict[str, tuple[str, str, bool]] = {
    "ticker": ("str", "CODE.MARKET", True),
    "name": ("str", "as the source writes it", False),
    "session": ("datetime64[s]", "exchange-local date of the last trade", True),
    "last": ("float64", "listing currency", True),
    "previous_close": ("float64", "listing currency; the exchange's ex-rights reference price", True),
    "open": ("float64", "listing currency", False),
    "high": ("float64", "listing currency", False),
    "low": ("float64", "listing currency", False),
    "volume": ("float64", "shares", False),
    "amount": ("float64", "listing currency", False),
    "turnover": ("float64", "fraction of tradable shares", False),
    "volume_ratio": ("float64", "times the 5-day mean per minute", False),
    "market_cap": ("float64", "listing currency, all shares", False),
    "float_cap": ("float64", "listing currency, tradable shares", False),
    "limit_up": ("float64", "listing currency", False),
    "limit_down": ("float64", "listing currency", False),
    "pe_ttm": ("float64", "times; as the source gives it, negative when losing", False),
    "currency": ("str", "ISO 4217", True),
    "quote_time": ("datetime64[s, UTC]", "instant of the last trade or tick", True),
    "delay_minutes": ("float64", "minutes by which the exchange's data are delayed", False),
    "suspended": ("bool", "no trade in a session that has begun", True),
    "source": ("str", "tencent, eastmoney, sina, yahoo, shenwan …", True),
    "fetched_at": ("datetime64[s, UTC]", "instant of the answer", True),
}

BARS: dict[str, tuple[str, str, bool]] = {
    "ticker": ("str", "CODE.MARKET", True),
    "session": ("datetime64[s]", "exchange-local date", True),
    "open": ("float64", "listing currency", False),
    "high": ("float64", "listing currency", False),
    "low": ("float64", "listing currency", False),
    "close": ("float64", "listing currency, unadjusted", True),
    "volume": ("float64", "shares", False),
    "amount": ("float64", "listing currency", False),
    "turnover": ("float64", "fraction", False),
    "source": ("str", "", True),
    "final": ("bool", "False while the session may still change it", True),
}

FACTORS: dict[str, tuple[str, str, bool]] = {
    "ticker": ("str", "CODE.MARKET", True),
    "ex_date": ("datetime64[s]", "first session without the right", True),
    "factor": ("float64", "multiplies every raw price before ex_date: reference price / close before", True),
    "source": ("str", "", True),
}

# One row a session; the meaning of ``pe`` is in ``definition``: ttm, yahoo_trailing, etf_trailing, announced_eps,
# shenwan_pe, csindex_rolling, danjuan_weekly, cnindex_rolling.
VALUATIONS: dict[str, tuple[str, str, bool]] = {
    "ticker": ("str", "CODE.MARKET", True),
    "source": ("str", "", True),
    "definition": ("str", "which PE", True),
    "session": ("datetime64[s]", "exchange-local date", True),
    "pe": ("float64", "times; as the source gives it, negative or missing when losing", False),
    "losing": ("bool", "the last four quarters sum to a loss", True),
    "price": ("float64", "listing currency, unadjusted close", False),
    "market_cap": ("float64", "listing currency, all shares", False),
    "eps": ("float64", "listing currency a share, TTM", False),
    "fetched_at": ("datetime64[s, UTC]", "instant of the answer", True),
}


def dtypes(table: Mapping[str, tuple[str, str, bool]]) -> dict[str, Any]:
    """Column -> pandas dtype, as ``DataFrame.astype`` takes them."""
    return {column: dtype for column, (dtype, _, _) in table.items()}
