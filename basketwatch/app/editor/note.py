"""A pasted note into a draft: who it speaks of, each with its sentence, ticked line by line; the sentence is the reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from basketwatch import clock
from basketwatch.app.editor.desk import REVISION, Desk, put_members
from basketwatch.domain import markets
from basketwatch.domain.mentions import Resolved
from basketwatch.errors import UsageError
from basketwatch.files.notes import note
from basketwatch.files.notes.index import Index
from basketwatch.words.text import listed, plain, say, sentence


class Row(NamedTuple):
    """One company that a note may speak of."""

    ticker: str
    written: str
    how: str
    stance: str
    quote: str


def draw(desk: Desk, index: Index) -> None:
    """Nothing goes in that is not ticked; of several that may be meant none is ticked before."""
    lang = desk.lang
    with st.expander(say("note_title", lang)):
        revision = f"{desk.stem}_{st.session_state.get(REVISION, 0)}"
        pasted = st.text_area(say("note_paste", lang), key=f"note_{revision}", height=120)
        if not pasted.strip():
            return
        with st.container(horizontal=True):
            source = st.text_input(say("note_source", lang), max_chars=60, key=f"note_source_{revision}")
            today = clock.now().astimezone(markets.zone_of("CN")).date()
            day = st.date_input(say("note_date", lang), today, key=f"note_date_{revision}")
        try:
            found = note.resolve(pasted, index)
        except UsageError as fault:
            st.error(plain(sentence(fault, lang)))
            return
        _shown(desk, found, revision, f"{source.strip() or say('source_unknown', lang)}, {day}")


def rows_of(found: Resolved) -> list[Row]:
    """A row a security, the surest mention of each; candidates of an ambiguous place one by one, with the reason."""
    rows: dict[str, Row] = {}
    for match in sorted(found.matches, key=lambda m: (-m.confidence, m.start)):
        for ticker in match.tickers:
            rows.setdefault(ticker, Row(ticker, match.text, match.how, match.stance, match.quote))
    for unsure in found.ambiguous:
        for ticker, why in unsure.candidates:
            rows.setdefault(ticker, Row(ticker, unsure.text, f"? {why}", unsure.stance, unsure.quote))
    return list(rows.values())


def _shown(desk: Desk, found: Resolved, revision: str, origin: str) -> None:
    lang, members, rows = desk.lang, desk.sheet.members, rows_of(found)
    new = [row for row in rows if row.ticker not in members]
    if new:
        frame = pd.DataFrame({
            "tick": False, "ticker": [r.ticker for r in new], "name": [desk.called(r.ticker) for r in new],
            "written": [r.written for r in new], "how": [how(r.how, lang) for r in new],
            "stance": [say(f"note_{r.stance}", lang) for r in new], "quote": [r.quote for r in new],
        })  # fmt: skip
        ticked = st.data_editor(
            frame, key=f"note_rows_{revision}", hide_index=True, num_rows="fixed", column_config=_columns(lang),
            disabled=["ticker", "name", "written", "how", "stance", "quote"], height=min(40 + 35 * len(new), 340),
        )["tick"]  # fmt: skip
        chosen = [row for row, wanted in zip(new, ticked, strict=True) if wanted]
        label = say("edit_import_now", lang)
        st.button(
            label, disabled=not chosen, key=f"note_now_{revision}", on_click=_into_draft, args=(desk, chosen, origin)
        )
    there = [desk.called(r.ticker) for r in rows if r.ticker in members]
    for key, name, words in (("edit_import_there", "names", there), ("edit_import_unknown", "rows", found.unknown)):
        if words:
            st.caption(plain(say(key, lang, **{name: listed(words, lang)})))
    if not rows and not found.unknown:
        st.caption(plain(say("note_nobody", lang)))


def how(code: str, lang: str) -> str:
    """How a company was recognised, in words; the reasons of a candidate as they are."""
    if not code.startswith("? "):
        return say(f"note_how_{code}", lang)
    words = {"shape": say("note_shape", lang), "sound": say("note_sound", lang)}
    parts = [words.get(part, part.replace("basket ", say("note_basket", lang) + " ")) for part in code[2:].split(", ")]
    return f"? {listed(parts, lang)}"


def _columns(lang: str) -> dict[str, Any]:
    text = st.column_config.TextColumn
    return {
        "tick": st.column_config.CheckboxColumn("✓", width=40),
        "ticker": text(say("col_ticker", lang), width=90), "name": text(say("edit_name", lang), width=90),
        "written": text(say("edit_import_written", lang), width=90), "how": text(say("note_how", lang), width=100),
        "stance": text(say("note_stance", lang), width=80), "quote": text(say("note_quote", lang), width="large"),
    }  # fmt: skip


def _into_draft(desk: Desk, chosen: Sequence[Row], origin: str) -> None:
    came = {row.ticker: desk.newcomer(row.ticker, f"{row.quote} ({origin})") for row in chosen}
    put_members(desk, came)
