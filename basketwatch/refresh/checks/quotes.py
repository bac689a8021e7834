"""Whether quotes may enter the store: hard faults reject a row, soft ones are kept as remarks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd

from basketwatch.domain import limits, markets
from basketwatch.domain.faults import Fault
from basketwatch.refresh.checks.bars import Check, faults_where, not_prices, rate_off, tick_of, vwap_off

# Shanghai and Shenzhen write N before a name on the listing day and C on the four days after; none of these, nor the
# first day of the delisting period (退市…, …退), has a limit.
_UNLIMITED = rf"^[NC][\u4e00-\u9fff]|{limits.DELISTING_NAME}"


# --- quotes ------------------------------------------------------------------------------------------------------


def check_quotes(
    quotes: pd.DataFrame,
    wanted: Collection[str],
    *,
    begun: Mapping[str, date],
    now: datetime,
) -> tuple[pd.DataFrame, list[Fault]]:
    """Rows of a ``columns.QUOTES`` frame that may be stored, sorted by ticker, and everything wrong with the answer.

    ``begun``: market group -> its latest session that has opened. Stored data are not read here: ``evidence`` compares
    a quote with them.
    """
    columns = [c for c in quotes.columns if c != "fetched_at"]
    rows = quotes.sort_values(["ticker", "fetched_at"]).drop_duplicates(columns).reset_index(drop=True)
    strange = ~rows["ticker"].isin(list(wanted))
    faults = faults_where(rows, strange, "not_wanted", "hard")
    rows = _known(rows[~strange].reset_index(drop=True), begun, now)
    bad = pd.Series(False, index=rows.index)
    for key, mask, shown in _quote_hard(rows):
        faults += faults_where(rows, mask & ~bad, key, "hard", *shown)
        bad |= mask
    good = rows[~bad].reset_index(drop=True)
    for key, mask, shown in _quote_soft(good):
        faults += faults_where(good, mask, key, "soft", *shown)
    absent = sorted(set(wanted) - set(rows["ticker"]))
    faults += [Fault(ticker, None, "missing", "", "hard") for ticker in absent]
    return good[list(quotes.columns)], faults


def _known(rows: pd.DataFrame, begun: Mapping[str, date], now: datetime) -> pd.DataFrame:
    """The rows with what is known about each ticker beside them, in columns that start with ``_``."""
    tomorrow = (now + timedelta(days=1)).date()
    tickers = list(rows["ticker"])
    groups = [markets.group(t) for t in tickers]
    kinds = [markets.kind(t) for t in tickers]
    return rows.assign(
        _latest=pd.Series([min(begun.get(g, tomorrow), tomorrow) for g in groups], dtype="datetime64[s]"),
        _begun=pd.Series([begun.get(g) for g in groups], dtype="datetime64[s]"),
        _tick=np.array([tick_of(t) for t in tickers], dtype="float64"),
        _traded=np.array([k in ("stock", "etf") for k in kinds], dtype=bool),
        _share=np.array([limits.board(t) not in (None, "etf") for t in tickers], dtype=bool),
    )


def _quote_hard(rows: pd.DataFrame) -> list[Check]:
    last, before, name = rows["last"], rows["previous_close"], rows["name"].fillna("")
    ranged = rows["volume"] != 0  # NaN: an index or a rate may come without
    within = (last >= rows["low"] - rows["_tick"]) & (last <= rows["high"] + rows["_tick"])
    bounded = rows["low"].notna() & rows["high"].notna() & ranged
    outside_own = (last > rows["limit_up"]) | (last < rows["limit_down"])
    unlimited = name.str.contains(_UNLIMITED, regex=True) & ~outside_own
    far = (last / before - 1).abs() > 0.45  # the widest limit is 30 %
    prices = ["open", "high", "low", "limit_up", "limit_down"]
    return [
        ("duplicate", rows["ticker"].duplicated(keep=False), ("last",)),
        ("bad_price", not_prices(rows, ["last", "previous_close"], prices), ("last", "previous_close", *prices)),
        ("high_below_low", rows["low"] > rows["high"], ("low", "high")),
        ("outside_range", bounded & ~within & last.notna(), ("last", "low", "high")),
        ("no_session", rows["session"].isna(), ()),
        ("not_begun", rows["session"] > rows["_latest"], ()),
        ("units", rows["_traded"] & vwap_off(rows), ("volume", "amount", "low", "high")),
        ("limits_off", (rows["limit_up"] <= before) | (rows["limit_down"] >= before), ("previous_close", *prices[3:])),
        ("turnover", rows["_share"] & _turnover_off(rows), ("turnover", "volume", "last", "float_cap")),
        ("impossible_move", rows["_share"] & far & ~unlimited, ("last", "previous_close")),
        ("rate_range", rate_off(rows["ticker"], rows["last"]), ("last",)),
    ]  # fmt: skip


def _turnover_off(rows: pd.DataFrame) -> pd.Series:
    """True where a share's turnover is no fraction: over 1, or 20 % off volume × last / float cap.

    Sources print hundredths of a percent, hence 1e-4 either way. Funds that trade T+0 do exceed 1 and are not asked.
    """
    implied = rows["volume"] * rows["last"] / rows["float_cap"]
    off = (implied - rows["turnover"]).abs() > 0.2 * implied + 1e-4
    return (rows["turnover"] > 1) | (rows["turnover"] < 0) | off


def _quote_soft(rows: pd.DataFrame) -> list[Check]:
    wanting = rows[["open", "high", "low", "volume"]].isna()
    return [
        ("stale_day", (rows["session"] < rows["_begun"]) & ~rows["suspended"], ()),
        # of a mainland share the name says more than who it is: ST, new, to be delisted
        ("no_name", rows["_share"] & (rows["name"].fillna("").str.strip() == ""), ()),
        ("incomplete", rows["_traded"] & ~rows["suspended"] & wanting.any(axis=1), tuple(wanting.columns)),
    ]
