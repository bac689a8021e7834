"""A basket beside the board of Eastmoney that its file names: who is there and not here, ticked into the draft."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from basketwatch import clock
from basketwatch.app import data
from basketwatch.app.editor.desk import REVISION, Desk, put_members
from basketwatch.app.refreshing import ask_weekly, refresher
from basketwatch.domain import markets
from basketwatch.words.text import day, listed, plain, say

if TYPE_CHECKING:
    from basketwatch.analysis.boards import Drift
    from basketwatch.settings import Settings
    from basketwatch.store.database import Store


def draw(desk: Desk, store: Store | None, settings: Settings) -> None:
    """What differs, and the way to ask now; nobody becomes a member by itself."""
    lang, board = desk.lang, str(desk.sheet.head.get("board") or "")
    with st.expander(say("board_title", lang)):
        worker = refresher(str(settings.home), settings.demo)
        off = settings.demo or clock.is_frozen() or worker.running
        why = plain(say("board_ask_help", lang))
        st.button(say("board_ask", lang), disabled=off, help=why, on_click=ask_weekly, args=(worker,))
        if not board:
            st.caption(plain(say("board_none", lang)))
            return
        found = data.drift_of(store, board, desk.sheet.members)
        if found is None:
            st.caption(plain(say("board_never", lang, board=board)))
            return
        at = day(found.at.astimezone(markets.zone_of("CN")).date(), lang)
        st.caption(plain(say("board_seen", lang, board=board, day=at)))
        _theirs(desk, found, board)
        for key, tickers in (("board_gone", [r.ticker for r in found.gone]), ("board_ours", list(found.ours))):
            if tickers:
                st.caption(plain(say(key, lang, names=listed((desk.called(t) for t in tickers), lang))))


def _theirs(desk: Desk, found: Drift, board: str) -> None:
    lang = desk.lang
    if not found.theirs:
        st.caption(plain(say("board_same", lang)))
        return
    frame = pd.DataFrame({
        "tick": False, "ticker": [r.ticker for r in found.theirs], "name": [r.name for r in found.theirs],
        "new": [say("board_new", lang) if r.ticker in found.new else "" for r in found.theirs],
        "reason": [r.reason for r in found.theirs],
    })  # fmt: skip
    text, key = st.column_config.TextColumn, f"board_{desk.stem}_{lang}_{st.session_state.get(REVISION, 0)}"
    columns = {
        "tick": st.column_config.CheckboxColumn("✓", width=40), "ticker": text(say("col_ticker", lang), width=90),
        "name": text(say("edit_name", lang), width=90), "new": text(say("board_new", lang), width=60),
        "reason": text(say("board_reason", lang), width="large"),
    }  # fmt: skip
    ticked = st.data_editor(
        frame, key=key, hide_index=True, num_rows="fixed", column_config=columns,
        disabled=["ticker", "name", "new", "reason"], height=min(40 + 35 * len(frame), 300),
    )["tick"]  # fmt: skip
    chosen = [r for r, wanted in zip(found.theirs, ticked, strict=True) if wanted]
    came = {r.ticker: named(desk.newcomer(r.ticker, f"{r.reason} ({board})"), r.name) for r in chosen}
    st.button(say("edit_import_now", lang), disabled=not chosen, key=f"{key}_now", on_click=put_members, args=(desk, came))  # fmt: skip


def named(fields: dict[str, object], name: str) -> dict[str, object]:
    """``fields`` with the board's name where nothing better than the ticker is known."""
    own = fields.get("name")
    known = isinstance(own, dict) and not markets.is_ticker(str(own.get("zh")))
    return fields if known or not name else {**fields, "name": {"zh": name, "en": name}}
