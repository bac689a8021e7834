"""Tables of the pages as frames with Streamlit column settings, or as HTML where they are short."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st

from basketwatch import markup
from basketwatch.metrics import WINDOWS, excess_of_each
from basketwatch.panels import origin
from basketwatch.text import escape, money, plain, price, say

if TYPE_CHECKING:
    from basketwatch.daily import BasketView, Picture

SHOWN_WINDOWS = ("1d", "1w", "ytd")


def members(seen: Picture, view: BasketView, lang: str, *, green_up: bool) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The members of a basket, biggest move of the day first, indexed by ticker; and the settings of the columns."""
    rows = view.table.sort_values("1d", ascending=False, na_position="last", kind="stable")
    titles = {s.id: s.name[lang] for s in view.chain.segments} if view.chain else {}
    first = view.basket.benchmarks[0] if view.basket.benchmarks else None
    frame = pd.DataFrame(index=rows.index)
    frame["name"] = [seen.name(t)[lang] for t in rows.index]
    frame["ticker"] = list(rows.index)
    frame["segment"] = [titles.get(s, "") for s in rows["segment"]]
    frame["last"] = [price(v) for v in rows["last"]]
    frame["1d"] = rows["1d"] * 100
    frame["note"] = [_note(row, lang) for _, row in rows.iterrows()]
    for window in SHOWN_WINDOWS[1:]:
        frame[window] = rows[window] * 100
    if first and first in seen.table.index:
        frame["excess"] = excess_of_each(rows, seen.row(first)) * 100
    frame["volume_ratio"] = rows["volume_ratio"]
    frame["turnover"] = rows["turnover"] * 100
    frame["cap"] = rows["cap_cny"] / (1e8 if lang == "zh" else 1e9)
    frame["place"] = rows["place_52w"].clip(0, 1) * 100
    frame["spark"] = [_thinned(v) if isinstance(v, list) else [] for v in rows["spark"]]
    frame["origin"] = [origin(row, lang) for _, row in rows.iterrows()]
    return frame, _columns(seen, first, lang, green_up)


def coloured(frame: pd.DataFrame, *, dark: bool, green_up: bool) -> Any:
    """The frame with rises and falls in their colours; the sign stays printed."""
    red, green = ("#ff6b76", "#3ecf8e") if dark else ("#cf2338", "#0b8f5a")
    up, down = (green, red) if green_up else (red, green)
    moves: list[Hashable] = [c for c in (*SHOWN_WINDOWS, "excess") if c in frame]
    # pandas would send each spark line once more, as text
    return frame.style.format(lambda _: "", subset=["spark"]).map(
        lambda v: f"color:{up}" if v > 0 else f"color:{down}" if v < 0 else "", subset=moves
    )


def _thinned(line: list[float]) -> list[np.float32]:
    """Every second of the 60 sessions, the last one kept: a cell 100 pixels wide shows no more, at a third of the bytes."""
    return [np.float32(v) for v in line[::-1][::2][::-1]]


def _note(row: pd.Series, lang: str) -> str:
    """What the reader must know of this row: suspended, at its limit, stale, still trading, missing."""
    if pd.isna(row["session"]):
        return say("state_no_data", lang)
    if row["suspended"]:
        return say("suspended", lang)
    words = [say(f"limit_{row['limit_state']}", lang)]
    if row["state"] not in ("ok", "partial"):
        words.append(say(f"state_{row['state']}", lang))
    return " · ".join(w for w in words if w)


def _columns(seen: Picture, first: str | None, lang: str, green_up: bool) -> dict[str, Any]:
    c = st.column_config
    percent = "%+.2f%%"
    bench = plain(seen.name(first)[lang]) if first else ""
    return {
        "name": c.TextColumn(say("col_name", lang), pinned=True, width=100),
        "ticker": c.TextColumn(say("col_ticker", lang), width=84),
        "segment": c.TextColumn(say("col_segment", lang), width=108),
        "last": c.TextColumn(say("col_last", lang), alignment="right", width=72),
        **{w: c.NumberColumn(say(f"col_{w}", lang), format=percent, width=72, help=_help(w, lang)) for w in WINDOWS},
        "excess": c.NumberColumn(
            say("col_excess", lang, name=bench), format="%+.2fpp", width=94, help=say("help_excess", lang, name=bench)
        ),
        "volume_ratio": c.NumberColumn(
            say("col_volume_ratio", lang), format="%.2f", width=58, help=say("help_volume_ratio", lang)
        ),
        "turnover": c.NumberColumn(
            say("col_turnover", lang), format="%.2f%%", width=68, help=say("help_turnover", lang)
        ),
        "cap": c.NumberColumn(say("col_cap", lang), format="localized", width=78, step=1),
        "place": c.ProgressColumn(
            say("col_place", lang), min_value=0, max_value=100, format="%.0f%%", width=88, help=say("help_place", lang)
        ),
        "spark": c.LineChartColumn(say("col_spark", lang), color="auto" if green_up else "auto-inverse", width=98),
        "note": c.TextColumn(say("col_state", lang), width=74),
        "origin": c.TextColumn(say("col_source", lang), width=170),
    }


def _help(window: str, lang: str) -> str | None:
    return say(f"help_{window}", lang) if window in SHOWN_WINDOWS else None


def ledger(seen: Picture, ticker: str, lang: str) -> str:
    """Behind each number of a stock: value, definition, source, session and time."""
    row = seen.row(ticker)
    origin_of = escape(origin(row, lang))
    items = ("last", "previous_close", "limit_up", "limit_down", "volume", "market_cap", "high_52w", "low_52w")
    cells: list[list[str]] = []
    for item in items:
        value = row[item]
        if pd.isna(value):
            continue
        shown = (
            money(value, row["currency"], lang)
            if item == "market_cap"
            else (f"{value:,.0f}" if item == "volume" else price(value))
        )
        definition = f"<span class='soft'>{escape(say('def_' + item, lang))}</span>"
        cells.append([escape(say(f"item_{item}", lang)), f"<b>{escape(shown)}</b>", definition])
    return markup.table(["", say("ledger_value", lang), say("ledger_definition", lang)], cells) + (
        f'<p class="soft" style="margin:6px 0 0">{origin_of}</p>'
    )
