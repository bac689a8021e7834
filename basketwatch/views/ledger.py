"""The numbers behind a PE, with source and date."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from basketwatch.views import html, pe
from basketwatch.views.origin import origin
from basketwatch.words.text import DASH, escape, money, price, say

if TYPE_CHECKING:
    from basketwatch.analysis.snapshot import Snapshot


def ledger(snapshot: Snapshot, ticker: str, lang: str) -> str:
    """Behind each number of a stock: value, definition, source, session and time."""
    if ticker not in snapshot.table.index:
        nothing = f'<p class="soft" style="margin:0">{escape(say("no_quote_yet", lang, name=snapshot.name(ticker)[lang]))}</p>'
        return nothing + _pe_ledger(snapshot, ticker, lang)
    row = snapshot.row(ticker)
    origin_of = escape(origin(row, lang))
    items = ("last", "previous_close", "limit_up", "limit_down", "volume", "market_cap", "high_52w", "low_52w")
    cells: list[list[str]] = []
    for item in items:
        value, said = row[item], say(f"def_{item}", lang)
        if pd.isna(value) and item.endswith("_52w") and row["bars_52w"] > 0:
            said = say("short_history", lang, n=int(row["bars_52w"]))
        elif pd.isna(value):
            continue
        definition = f'<span class="soft wrap">{escape(said)}</span>'
        shown = _amount(item, value, row["currency"], lang)
        cells.append([escape(say(f"item_{item}", lang)), f"<b>{escape(shown)}</b>", definition])
    return (
        f'{html.facts(cells)}<p class="soft" style="margin:6px 0 0">{origin_of}</p>{_pe_ledger(snapshot, ticker, lang)}'
    )


def _pe_ledger(snapshot: Snapshot, ticker: str, lang: str) -> str:
    """PE, its place and what stands behind it."""
    valued = snapshot.valuations.get(ticker)
    if valued is None:
        return ""
    head = html.heading(f"PE {pe.figure_of(valued.pe, valued.losing, lang)}", pe.brief(valued, lang))
    return f'<div style="margin-top:10px">{head}</div>{pe.track(valued.bands)}{pe.ledger(valued, lang)}'


def _amount(item: str, value: float, currency: str, lang: str) -> str:
    if pd.isna(value):
        return DASH
    if item == "market_cap":
        return money(value, currency, lang)
    return f"{value:,.0f}" if item == "volume" else price(value)
