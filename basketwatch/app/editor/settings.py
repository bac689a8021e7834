"""What a basket says of itself: names, place, benchmarks, chain, archived; into the draft like everything else."""

from __future__ import annotations

import streamlit as st

from basketwatch.app.editor.desk import REVISION, Desk, put_anew, texts
from basketwatch.domain.spelling import ticker_of
from basketwatch.files import editing
from basketwatch.files.editing import Sheet
from basketwatch.views import edit
from basketwatch.words.text import say


def draw(desk: Desk) -> None:
    """A form that opens beside the baskets."""
    lang, head, universe = desk.lang, desk.sheet.head, desk.universe
    known, chains = desk.known, {chain.id: chain.name[lang] for chain in universe.chains}
    listed = dict.fromkeys(e.ticker for e in (*universe.benchmarks, *universe.sectors, *universe.also))
    own = [ticker for ticker in head.get("benchmarks", []) if isinstance(ticker, str)]
    key = f"{desk.stem}_{lang}_{st.session_state.get(REVISION, 0)}"
    with st.popover(say("edit_settings", lang), key=f"settings_{key}"), st.form(f"head_{key}", border=False):
        for field in ("name", "short"):
            st.text_input(
                edit.label(field, lang), edit.in_language(head.get(field), lang), max_chars=80, key=f"{field}_{key}"
            )
        st.multiselect(
            edit.label("benchmarks", lang), [*listed, *(t for t in own if t not in listed)], own, key=f"benchmarks_{key}",
            format_func=lambda ticker: known[ticker][lang] if ticker in known else ticker,
        )  # fmt: skip
        funds = [ticker for ticker in head.get("etf", []) if isinstance(ticker, str)]
        st.text_input(edit.label("etf", lang), " ".join(funds), max_chars=120, key=f"etf_{key}")
        options = ["", *chains]
        now = head.get("chain") if head.get("chain") in chains else ""
        st.selectbox(
            edit.label("chain", lang), options, options.index(now or ""), key=f"chain_{key}",
            format_func=lambda chain: chains.get(chain, "–"),
        )  # fmt: skip
        order = head.get("order")
        st.number_input(
            edit.label("order", lang), 1, 999, order if isinstance(order, int) else None, key=f"order_{key}"
        )
        st.toggle(edit.label("archived", lang), bool(head.get("archived")), key=f"archived_{key}")
        st.form_submit_button(say("edit_settings_now", lang), on_click=_put, args=(desk, key))


def _put(desk: Desk, key: str) -> None:
    chosen = {field: st.session_state[f"{field}_{key}"] for field in _FIELDS}

    def change(sheet: Sheet) -> Sheet:
        head = sheet.head
        for field in ("name", "short"):
            new = str(chosen[field]).strip()
            if new and new != edit.in_language(head.get(field), desk.lang):
                head = editing.with_field(head, field, texts(head.get(field), new, desk.lang))
        head = editing.with_field(head, "benchmarks", list(chosen["benchmarks"]))
        head = editing.with_field(head, "etf", _tickers(str(chosen["etf"])) or None)
        for field in ("chain", "order", "archived"):
            head = editing.with_field(head, field, chosen[field] or None)
        return Sheet(head, sheet.members)

    put_anew(desk, change)


def _tickers(text: str) -> list[str]:
    """Codes in a line, each in its right spelling; one that is none stays as it is written and is refused by the reader."""
    return list(dict.fromkeys(ticker_of(code) or code for code in text.replace(",", " ").replace("，", " ").split()))


_FIELDS = ("name", "short", "benchmarks", "etf", "chain", "order", "archived")
