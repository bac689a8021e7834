"""Controls whose state is kept in the URL."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from basketwatch.domain import markets
from basketwatch.settings import PROJECT
from basketwatch.words.text import plain, say

SUBJECT = "choice_subject"  # what the reader looks at on Valuation
FOLDER = PROJECT / "pages"


def choice(
    key: str, names: Mapping[str, str], label: str, *, default: str | None = None, quiet: bool = True,
    always: bool = False,
) -> str | None:  # fmt: skip
    """One of ``names`` (id -> label), kept in the URL by its id, so that a link carries the view.

    The default stays out of the URL, unless it may be another one tomorrow (``always``).
    (Streamlit's own binding writes the label into the URL, which changes with the language.)
    """
    if not names:
        return None
    first = default or next(iter(names))
    held = f"choice_{key}"
    if st.session_state.get(held) not in names:
        asked = st.query_params.get(key)
        st.session_state[held] = asked if asked in names else first
    chosen = st.segmented_control(
        label, list(names), key=held, required=True, format_func=lambda i: plain(names.get(i, i)),
        label_visibility="collapsed" if quiet else "visible", wrap=True,
    )  # fmt: skip
    if chosen and (always or chosen != first):
        st.query_params[key] = chosen
    else:
        st.query_params.pop(key, None)
    return chosen or first


def subject(names: Mapping[str, str], lang: str) -> str:
    """One of ``names`` (ticker or basket id -> label): at first that of the URL (``?ticker=`` or ``?basket=``)."""
    if st.session_state.get(SUBJECT) not in names:
        asked = st.query_params.get("ticker") or st.query_params.get("basket")
        if asked and asked not in names:
            st.warning(plain(say("pe_unknown", lang, subject=asked)))
        st.session_state[SUBJECT] = asked if asked in names else next(iter(names))
    chosen: str = st.selectbox(
        say("pe_choose", lang), list(names), key=SUBJECT, format_func=lambda i: names.get(i, i),
        label_visibility="collapsed",
    )  # fmt: skip
    mine, other = ("ticker", "basket") if markets.is_ticker(chosen) else ("basket", "ticker")
    keep(other, None)
    keep(mine, chosen)
    return chosen


def kept_select(key: str, names: Mapping[str, str], label: str) -> str:
    """One of many (id -> label) in a box that can be searched, kept in the URL by its id; the first one stays out of it."""
    held = f"choice_{key}"
    if st.session_state.get(held) not in names:
        asked = st.query_params.get(key)
        st.session_state[held] = asked if asked in names else next(iter(names))
    chosen: str = st.selectbox(label, list(names), key=held, format_func=lambda i: names.get(i, i))
    keep(key, None if chosen == next(iter(names)) else chosen)
    return chosen


def keep(name: str, value: str | None) -> str | None:
    """Write a parameter into the URL, or take it out; returns it."""
    if value:
        st.query_params[name] = value
    else:
        st.query_params.pop(name, None)
    return value


def valuation_link(label: str, **subject: str) -> None:
    """A line of text that opens ``subject`` (``ticker=`` or ``basket=``) on Valuation."""
    st.page_link(FOLDER / "valuation.py", label=plain(label), query_params=subject)


def select(key: str, names: Mapping[str, str], label: str) -> str:
    """As ``choice``, as a drop-down: for more names than fit side by side."""
    first, held = next(iter(names)), f"choice_{key}"
    if st.session_state.get(held) not in names:
        asked = st.query_params.get(key)
        st.session_state[held] = asked if asked in names else first
    chosen: str = st.selectbox(label, list(names), key=held, format_func=lambda i: names.get(i, i),
                               label_visibility="collapsed")  # fmt: skip
    if chosen != first:
        st.query_params[key] = chosen
    else:
        st.query_params.pop(key, None)
    return chosen
