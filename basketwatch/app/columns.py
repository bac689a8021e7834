"""Tables as Streamlit shows them: column settings and colours."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st

from basketwatch.analysis.baskets import excess_of_each
from basketwatch.analysis.prices import WINDOWS
from basketwatch.views import flags, pe, valuation
from basketwatch.views.colours import CHEAP, DEAR, NEUTRAL, up_and_down
from basketwatch.views.origin import origin
from basketwatch.words.text import day, plain, price, say

if TYPE_CHECKING:
    from basketwatch.analysis.snapshot import BasketView, Snapshot
SHOWN_WINDOWS = ("1d", "1w", "ytd")


def members(snapshot: Snapshot, view: BasketView, lang: str, *, green_up: bool) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The members of a basket, biggest move of the day first, indexed by ticker; and the settings of the columns."""
    rows = view.table.sort_values("1d", ascending=False, na_position="last", kind="stable")
    titles = {s.id: s.name[lang] for s in view.chain.segments} if view.chain else {}
    first = view.basket.benchmarks[0] if view.basket.benchmarks else None
    frame = pd.DataFrame(index=rows.index)
    frame["name"] = [snapshot.name(t)[lang] for t in rows.index]
    frame["ticker"] = list(rows.index)
    frame["segment"] = [titles.get(s, "") for s in rows["segment"]]
    frame["last"] = [price(v) for v in rows["last"]]
    frame["1d"] = rows["1d"] * 100
    frame["note"] = [_note(row, lang) for _, row in rows.iterrows()]
    fired = flags.of_members(snapshot, lang)
    frame["flags"] = [fired.get(t, "") for t in rows.index]
    for window in SHOWN_WINDOWS[1:]:
        frame[window] = rows[window] * 100
    if first and first in snapshot.table.index:
        frame["excess"] = excess_of_each(rows, snapshot.row(first)) * 100
    frame["pe"], frame["pe_place"] = _valued(snapshot, rows.index)
    frame["volume_ratio"] = rows["volume_ratio"]
    frame["turnover"] = rows["turnover"] * 100
    frame["cap"] = rows["cap_cny"] / (1e8 if lang == "zh" else 1e9)
    frame["place"] = rows["place_52w"].clip(0, 1) * 100
    frame["spark"] = [_thinned(v) if isinstance(v, list) else [] for v in rows["spark"]]
    frame["origin"] = [origin(row, lang) for _, row in rows.iterrows()]
    return frame, _columns(snapshot, first, lang, green_up)


def _valued(snapshot: Snapshot, tickers: pd.Index) -> tuple[list[float], list[float]]:
    """PE and its percentile in the usual window, in %; missing where a company loses money or has too short a history."""
    found = [snapshot.valuations.get(t) for t in tickers]
    bands = [one.bands.get(pe.USUAL) if one else None for one in found]
    values = [one.pe if one and not one.losing else np.nan for one in found]
    return values, [band.percentile * 100 if band else np.nan for band in bands]


def coloured(frame: pd.DataFrame, *, dark: bool, green_up: bool) -> Any:
    """The frame with rises and falls in their colours; the sign stays printed."""
    up, down = (colour[dark] for colour in up_and_down(green_up=green_up))
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
    if row["suspended"]:  # its returns are those up to its last trade
        known = pd.notna(row["traded"])
        return say("suspended_since", lang, day=day(row["traded"].date(), lang)) if known else say("suspended", lang)
    words = [say(f"limit_{row['limit_state']}", lang)]
    if row["state"] not in ("ok", "partial"):
        words.append(say(f"state_{row['state']}", lang))
    return " · ".join(w for w in words if w)


def _columns(snapshot: Snapshot, first: str | None, lang: str, green_up: bool) -> dict[str, Any]:
    c = st.column_config
    percent = "%+.2f%%"
    bench = plain(snapshot.name(first)[lang]) if first else ""
    return {
        "name": c.TextColumn(say("col_name", lang), pinned=True, width=100),
        "ticker": c.TextColumn(say("col_ticker", lang), width=84),
        "segment": c.TextColumn(say("col_segment", lang), width=108 if lang == "zh" else 136),
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
        "pe": c.NumberColumn(say("pe_short_ttm", lang), format="%.1f", width=66, help=say("pe_help_column", lang)),
        "pe_place": _place_column(pe.USUAL, lang),
        "place": c.ProgressColumn(
            say("col_place", lang), min_value=0, max_value=100, format="%.0f%%", width=88, help=say("help_place", lang)
        ),
        "spark": c.LineChartColumn(say("col_spark", lang), color="auto" if green_up else "auto-inverse", width=98),
        "note": c.TextColumn(say("col_state", lang), width=74 if lang == "zh" else 112),
        "flags": c.TextColumn(say("col_flags", lang), width=118, help=say("help_flags", lang)),
        "origin": c.TextColumn(say("col_source", lang), width=170),
    }


def _place_column(window: str, lang: str) -> Any:
    label = say("pe_col_place", lang, window=say(f"pe_window_{window}", lang))
    return st.column_config.ProgressColumn(
        label, min_value=0, max_value=100, format="%.1f%%", width=104, help=say("pe_help_place", lang),
        color=NEUTRAL.light,
    )  # fmt: skip


def board(snapshot: Snapshot, lang: str, *, dark: bool) -> tuple[Any, dict[str, Any]]:
    """``valuation.board`` with dear and cheap in their colours, and the settings of its columns."""
    frame = valuation.board(snapshot, lang)
    tones = dict(zip(frame.index, frame["tone"], strict=True))
    hues = {"dear": DEAR[dark], "cheap": CHEAP[dark]}
    shown = frame.drop(columns="tone")
    styled = shown.style.apply(lambda column: [_ink(hues, tones[t]) for t in column.index], subset=["level"])
    return styled, _board_columns(lang)


def _ink(hues: dict[str, str], tone: str) -> str:
    return f"color:{hues[tone]};font-weight:600" if tone in hues else ""


def _board_columns(lang: str) -> dict[str, Any]:
    c = st.column_config
    return {
        "name": c.TextColumn(say("col_name", lang), pinned=True, width=96),
        "pe": c.NumberColumn("PE", format="%.2f", width=62),
        "level": c.TextColumn(
            say("pe_col_level", lang), width=68 if lang == "zh" else 78, help=say("pe_help_level", lang)
        ),
        "what": c.TextColumn(say("pe_col_what", lang), width=58),
        "ticker": c.TextColumn(say("col_ticker", lang), width=88),
        **{w: _place_column(w, lang) for w in valuation.BOARD},
        "z": c.NumberColumn("z", format="%+.2f", width=58, help=say("pe_help_z", lang)),
        "n": c.NumberColumn(say("pe_col_n", lang), format="%d", width=82),
        "definition": c.TextColumn(say("pe_col_definition", lang), width=140),
        "source": c.TextColumn(say("col_source", lang), width=84),
        "session": c.TextColumn(say("col_session", lang), width=90),
    }


def _help(window: str, lang: str) -> str | None:
    return say(f"help_{window}", lang) if window in SHOWN_WINDOWS else None


# --- flags -------------------------------------------------------------------------------------------------------


def flag_columns(lang: str) -> dict[str, Any]:
    """Settings of the columns of ``flags.log``."""
    c = st.column_config
    return {
        "session": c.DateColumn(say("col_flag_session", lang), format="YYYY-MM-DD", width=88),
        "severity": c.TextColumn(say("col_flag_severity", lang), width=52 if lang == "zh" else 68),
        "rule": c.TextColumn(say("col_flag_rule", lang), width=104 if lang == "zh" else 124),
        "reason": c.TextColumn(say("col_flag_reason", lang), width=560 if lang == "zh" else 700),
        "link": c.LinkColumn(say("col_flag_link", lang), display_text="#(.+)$", width=88 if lang == "zh" else 116),
        "basket": c.TextColumn(say("col_flag_basket", lang), width=92),
        "said": c.TextColumn(say("col_flag_said", lang), width=122),
    }


def after_columns(lang: str) -> dict[str, Any]:
    """Settings of the columns of ``flags.after``."""
    c = st.column_config
    out: dict[str, Any] = {
        "rule": c.TextColumn(say("col_flag_rule", lang), pinned=True, width=104 if lang == "zh" else 118),
        "direction": c.TextColumn(say("col_after_direction", lang), width=42 if lang == "zh" else 48),
        "n": c.NumberColumn(say("col_after_n", lang), width=44),
    }
    for days in (1, 5, 20):
        for part in ("mean", "median"):
            name = say(f"col_after_{part}", lang, n=days)
            out[f"{part}_{days}"] = c.NumberColumn(name, format="%+.2fpp", width=66)
        out[f"n_{days}"] = c.NumberColumn(say("col_after_count", lang, n=days), width=36)
    return out


def signed_points(frame: pd.DataFrame, *, dark: bool, green_up: bool) -> Any:
    """The frame with its means and medians in the colours of rises and falls; the sign stays printed."""
    up, down = (colour[dark] for colour in up_and_down(green_up=green_up))
    moves: list[Hashable] = [c for c in frame.columns if c.startswith(("mean_", "median_"))]
    return frame.style.map(lambda v: f"color:{up}" if v > 0 else f"color:{down}" if v < 0 else "", subset=moves)
