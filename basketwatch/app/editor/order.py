"""The order of a basket's members: dragged, or moved with the keyboard; each step into the draft at once, by ticker."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import streamlit as st

from basketwatch.app.editor.desk import Desk, put
from basketwatch.files.editing import Sheet
from basketwatch.words.text import plain, say

KEPT = 200  # ids of steps that were taken, so that a step sent twice is taken once
_SEEN = "order_seen"


@cache  # once a server: it knows its components only when it runs
def _component() -> Callable[..., Any]:
    return st.components.v2.component(
        "basketwatch.order", js="order.js", css="order.css", html='<div class="order"><ol></ol></div>'
    )


def draw(desk: Desk) -> None:
    """The members as a list that can be reordered."""
    lang = desk.lang
    with st.expander(say("edit_order_of", lang)):
        st.caption(plain(say("edit_order_how", lang)))
        rows = [{"t": ticker, "n": desk.called(ticker)} for ticker in desk.sheet.members]
        words = [say("edit_up", lang), say("edit_down", lang)]
        given = {
            "rows": rows,
            "seen": st.session_state.get(_SEEN, []),
            "words": words,
            "title": say("edit_order_of", lang),
        }
        key = f"order_{desk.stem}"
        _component()(key=key, data={"j": json.dumps(given)}, on_steps_change=lambda: _taken(desk, key))


def _taken(desk: Desk, key: str) -> None:
    """The steps that the browser sent, each once."""
    seen = list(st.session_state.get(_SEEN, []))
    steps = [step for step in st.session_state[key]["steps"] or [] if is_step(step) and step["id"] not in seen]
    if steps:
        put(desk, lambda sheet: with_steps(sheet, steps))
        st.session_state[_SEEN] = [*seen, *(step["id"] for step in steps)][-KEPT:]


def is_step(step: object) -> bool:
    """Whether what a browser sent is a step: an id, who moves, and before whom (empty: to the end)."""
    return isinstance(step, dict) and all(isinstance(step.get(k), str) for k in ("id", "ticker", "before"))


def with_steps(sheet: Sheet, steps: list[dict[str, Any]]) -> Sheet:
    """``sheet`` with its members moved; a step about somebody who is gone does nothing."""
    order = list(sheet.members)
    for step in steps:
        ticker, before = step["ticker"], step["before"]
        if ticker not in order or (before and before not in order) or ticker == before:
            continue
        order.remove(ticker)
        order.insert(order.index(before) if before else len(order), ticker)
    return Sheet(sheet.head, {ticker: sheet.members[ticker] for ticker in order})
