"""Lists of other programs into a draft, row by row, and a basket out as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

import pandas as pd
import streamlit as st

from basketwatch import clock
from basketwatch.app.editor.desk import REVISION, Desk, put_members
from basketwatch.domain import markets
from basketwatch.errors import UsageError
from basketwatch.files import lists
from basketwatch.words.text import listed, plain, say, sentence

LINKED = "members"  # in the URL: who is in the basket of whoever sent the link
SHOWN = 20  # rows that are named where many were not understood


def draw(desk: Desk) -> None:
    """Nothing goes in that is not ticked."""
    lang, sent = desk.lang, lists.linked(st.query_params.get(LINKED, ""))
    with st.expander(say("edit_import", lang), expanded=bool(sent)):
        revision = f"{desk.stem}_{st.session_state.get(REVISION, 0)}"
        pasted = st.text_area(say("edit_import_paste", lang), "\n".join(sent), key=f"paste_{revision}", height=90)
        file = st.file_uploader(
            say("edit_import_file", lang), type=["ebk", "blk", "csv", "txt"], key=f"file_{revision}"
        )
        if file or pasted.strip():
            try:
                _rows(desk, lists.read(file.getvalue() if file else pasted), revision)
            except UsageError as fault:
                st.error(plain(sentence(fault, lang)))
        st.download_button(
            say("edit_export", lang), lambda: lists.table(desk.sheet), f"{desk.stem}.csv", "text/csv", on_click="ignore"
        )
        address = lists.link(desk.sheet, clock.now().astimezone(markets.zone_of("CN")).date())
        st.caption(plain(say("edit_link", lang)))
        st.code(f"{_origin()}/edit?{urlencode({'basket': desk.stem, LINKED: address})}", language=None, wrap_lines=True)


def _origin() -> str:
    """The address under which this reader sees the server; empty where it is not known."""
    parts = urlsplit(str(st.context.url or ""))
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else ""


def _rows(desk: Desk, entries: Sequence[lists.Entry], revision: str) -> None:
    """What was understood of a list, to be ticked; who is there already and what was not understood, in a sentence each."""
    lang, members = desk.lang, desk.sheet.members
    new = [e for e in entries if e.ticker and e.ticker not in members]
    if new:
        st.caption(plain(say("edit_import_tick", lang)))
        frame = pd.DataFrame({
            "tick": False, "ticker": [str(e.ticker) for e in new], "name": [desk.called(str(e.ticker)) for e in new],
            "section": [e.section for e in new], "written": [e.text[:80] for e in new],
        })  # fmt: skip
        ticked = st.data_editor(
            frame, key=f"rows_{revision}", hide_index=True, num_rows="fixed", column_config=_columns(lang),
            disabled=["ticker", "name", "section", "written"], height=min(40 + 35 * len(new), 300),
        )["tick"]  # fmt: skip
        chosen = [entry for entry, wanted in zip(new, ticked, strict=True) if wanted]
        st.button(say("edit_import_now", lang), disabled=not chosen, on_click=_into_draft, args=(desk, chosen))
    there = [desk.called(str(e.ticker)) for e in entries if e.ticker in members]
    strange = [e.text[:40] for e in entries if not e.ticker]
    for key, name, rows in (("edit_import_there", "names", there), ("edit_import_unknown", "rows", strange)):
        if rows:
            more = [f"… ({len(rows)})"] if len(rows) > SHOWN else []
            st.caption(plain(say(key, lang, **{name: listed([*rows[:SHOWN], *more], lang)})))


def _columns(lang: str) -> dict[str, Any]:
    return {
        "tick": st.column_config.CheckboxColumn("✓", width=40),
        "ticker": st.column_config.TextColumn(say("col_ticker", lang), width=90),
        "name": st.column_config.TextColumn(say("edit_name", lang), width=110),
        "section": st.column_config.TextColumn(say("edit_import_section", lang), width=110),
        "written": st.column_config.TextColumn(say("edit_import_written", lang), width="large"),
    }


def _into_draft(desk: Desk, chosen: Sequence[lists.Entry]) -> None:
    came = {str(e.ticker): {**desk.newcomer(str(e.ticker), e.section), **e.fields} for e in chosen}
    st.query_params.pop(LINKED, None)
    put_members(desk, came)
