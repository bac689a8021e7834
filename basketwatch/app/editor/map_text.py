"""A chain's file as text in the browser: milestones, forecasts, phases, risks and segments, checked before it is written."""

from __future__ import annotations

from difflib import unified_diff
from typing import TYPE_CHECKING

import streamlit as st

from basketwatch import clock
from basketwatch.app import data
from basketwatch.errors import UsageError
from basketwatch.files import drafts, mapbook
from basketwatch.words.text import plain, say, sentence

if TYPE_CHECKING:
    from pathlib import Path

    from basketwatch.settings import Settings

_TOLD, _REVISION = "map_told", "map_revision"


def draw(settings: Settings, stem: str, lang: str) -> None:
    """The file in a box; a draft outlives the page; what differs stands under it before it is written."""
    home, person = settings.home, data.person()
    told = st.session_state.pop(_TOLD, None)
    with st.expander(say("map_edit", lang, file=mapbook.shown(stem)), expanded=told is not None):
        if told:
            (st.success if told[0] in ("map_saved", "edit_taken_back") else st.error)(plain(sentence(told, lang)))
        try:
            current = mapbook.read(home, stem)
        except UsageError as fault:
            st.error(plain(sentence(fault, lang)))
            return
        draft = drafts.read_map(home, person, stem) or drafts.Draft(current, current)
        st.caption(plain(say("map_how", lang)))
        key = f"map_{stem}_{st.session_state.get(_REVISION, 0)}"
        st.text_area(mapbook.shown(stem), draft.text, height=420, key=key, label_visibility="collapsed",
                     on_change=_typed, args=(home, person, stem, draft.base, key))  # fmt: skip
        if draft.text != draft.base:
            _difference(settings, person, stem, draft, lang)
        elif mapbook.versions(home, stem):
            st.button(
                say("edit_take_back", lang),
                key=f"back_{key}",
                disabled=settings.demo,
                on_click=_take_back,
                args=(home, stem),
            )


def _typed(home: Path, person: str, stem: str, base: str, key: str) -> None:
    text = st.session_state[key].replace("\r\n", "\n")
    text = text.replace("\n", "\r\n") if "\r\n" in base else text
    try:
        if text == base:
            drafts.drop_map(home, person, stem)
        else:
            drafts.write_map(home, person, stem, drafts.Draft(base, text))
    except OSError as fault:
        st.session_state[_TOLD] = "edit_draft_lost", {"detail": fault.strerror or type(fault).__name__}


def _difference(settings: Settings, person: str, stem: str, draft: drafts.Draft, lang: str) -> None:
    changed = list(unified_diff(draft.base.splitlines(), draft.text.splitlines(), n=1, lineterm=""))[2:]
    st.code("\n".join(changed), language="diff", wrap_lines=True)
    hard = [p for p in mapbook.faults_of(settings.home, stem, draft.text) if p.severity == "hard"]
    for problem in hard[:5]:
        st.warning(plain(f"{problem.where}: {sentence(problem, lang)}"))
    if settings.demo:
        st.caption(plain(say("edit_demo_no_save", lang)))
    who = st.text_input(say("edit_who", lang), max_chars=40, key=f"map_who_{stem}")
    with st.container(horizontal=True):
        label = say("edit_save_sure", lang, file=mapbook.shown(stem))
        st.button(
            label,
            type="primary",
            disabled=settings.demo,
            on_click=_save,
            args=(settings.home, person, stem, draft, who),
        )
        st.button(
            say("edit_discard", lang), key=f"map_drop_{stem}", on_click=_discard, args=(settings.home, person, stem)
        )


def _anew() -> None:
    st.session_state[_REVISION] = st.session_state.get(_REVISION, 0) + 1


def _save(home: Path, person: str, stem: str, draft: drafts.Draft, who: str) -> None:
    try:
        mapbook.save(home, stem, draft.base, draft.text, clock.iso(clock.now()), who=who.strip())
    except UsageError as fault:
        st.session_state[_TOLD] = fault.key, fault.params
        return
    if drafts.read_map(home, person, stem) == draft:
        drafts.drop_map(home, person, stem)
    st.session_state[_TOLD] = "map_saved", {"file": mapbook.shown(stem)}
    _anew()


def _discard(home: Path, person: str, stem: str) -> None:
    drafts.drop_map(home, person, stem)
    _anew()


def _take_back(home: Path, stem: str) -> None:
    try:
        mapbook.take_back(home, stem, clock.iso(clock.now()))
        st.session_state[_TOLD] = "edit_taken_back", {"file": mapbook.shown(stem)}
    except UsageError as fault:
        st.session_state[_TOLD] = fault.key, fault.params
    _anew()
