"""The editor of a basket: a grid, a draft that outlives the page, the difference in words, and saving it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from basketwatch import clock
from basketwatch.app import controls, data
from basketwatch.app.editor import board, lists, note, order
from basketwatch.app.editor import settings as basket_settings
from basketwatch.app.editor.desk import REVISION, TOLD, Desk, anew, put, put_anew, texts, with_member
from basketwatch.domain.spelling import ticker_of
from basketwatch.errors import UsageError
from basketwatch.files import basketbook, drafts, editing, history
from basketwatch.files.baskets import ROLES, STATUSES
from basketwatch.files.editing import MEMBER, ORDER, SEGMENT, Change, Sheet
from basketwatch.files.notes import search
from basketwatch.views import edit
from basketwatch.views.html import block, heading
from basketwatch.words.text import escape, plain, say, sentence

if TYPE_CHECKING:
    from pathlib import Path

    from basketwatch.app.reader import Reader
    from basketwatch.domain.calendars import Calendar
    from basketwatch.domain.model import Universe
    from basketwatch.files.notes.index import Index
    from basketwatch.settings import Settings
    from basketwatch.store.database import Store

_SHOWN = 12  # of many that a text may mean
_SURE, _MEANT = "edit_sure", "edit_meant"


def draw(store: Store | None, reader: Reader, settings: Settings) -> None:
    """The whole editor, which needs no data but the files. In the demo market nothing is written but the draft."""
    lang, person = reader.lang, data.person()
    universe, calendars = data.universe(settings), data.calendars(store, clock.now())
    labels = _labels(settings.home, person, lang)
    above = st.container(horizontal=True, vertical_alignment="center")
    with above:
        stem = controls.choice("basket", labels, say("choose_basket", lang)) if labels else None
        _new_basket(settings.home, person, lang, universe)
    if stem is None:
        _tell(lang)
        return
    try:
        index = data.index_of(settings, store)
        desk = _desk(settings.home, stem, person, lang, universe, index, calendars)
    except UsageError as fault:
        st.error(plain(sentence(fault, lang)))
        return
    with above:
        basket_settings.draw(desk)
    left, right = st.columns([73, 27])
    with left:
        _grid(desk)
        _actions(desk, labels)
        order.draw(desk)
        note.draw(desk, desk.index)
        lists.draw(desk)
        board.draw(desk, store, settings)
    with right:
        _tell(lang)
        _difference(desk, settings)
        _history(desk, settings)


def _desk(
    home: Path, stem: str, person: str, lang: str, universe: Universe, index: Index, calendars: Mapping[str, Calendar]
) -> Desk:
    current = basketbook.begun(home, stem)
    draft = drafts.read(home, person, stem) or current
    return Desk(home, stem, person, draft, current, lang, universe, index, calendars)


def _labels(home: Path, person: str, lang: str) -> dict[str, str]:
    """Id -> label of every basket: the files', and those that are only a draft yet."""
    found = {}
    for stem in dict.fromkeys([*basketbook.stems(home), *drafts.stems(home, person)]):
        try:
            draft = drafts.read(home, person, stem)
            head = editing.sheet_of(draft.text if draft else basketbook.read(home, stem)).head
        except (UsageError, ValueError):
            head = {}
        label = edit.in_language(head.get("short") or head.get("name"), lang) or stem
        found[stem] = say("edit_archived", lang, name=label) if head.get("archived") else label
    return found


# --- the grid ----------------------------------------------------------------------------------------------------


def _grid(desk: Desk) -> None:
    lang = desk.lang
    note = say("edit_grid_note", lang, file=desk.file, id=desk.stem)
    st.html(block(heading(edit.in_language(desk.sheet.head.get("name"), lang) or desk.stem, note)))
    rows = edit.rows(desk.sheet.members, desk.known, lang)
    rows = rows.assign(since=pd.to_datetime(rows["since"]), until=pd.to_datetime(rows["until"]))
    key, height = f"grid_{desk.stem}_{lang}_{st.session_state.get(REVISION, 0)}", 40 + 30 * max(1, len(rows))
    st.data_editor(
        rows, key=key, num_rows="fixed", row_height=30, height=min(height, 556),
        disabled=["ticker"] if desk.segments else ["ticker", "segment"], placeholder="–",
        column_config=_columns(desk), on_change=_edited, args=(key, desk, list(rows.index)),
    )  # fmt: skip


def _columns(desk: Desk) -> dict[str, Any]:
    lang = desk.lang

    def choice(title: str, texts: Mapping[str, str], *, required: bool = False, width: int = 70) -> Any:
        return st.column_config.SelectboxColumn(
            say(title, lang),
            options=list(texts),
            required=required,
            width=width,
            format_func=lambda o: texts.get(str(o), str(o)),
        )

    roles = {role: say(f"role_{role}", lang) for role in ROLES}
    statuses = {status: say(f"status_{status or 'none'}", lang) for status in ("", *STATUSES)}

    return {
        "ticker": st.column_config.TextColumn(say("col_ticker", lang), pinned=True, width=84),
        "name": st.column_config.TextColumn(say("edit_name", lang), width=92, max_chars=80),
        "segment": choice("col_segment", {"": "–", **desk.segments}, width=100),
        "reason": st.column_config.TextColumn(say("edit_reason", lang), width=218, max_chars=400),
        "role": choice("edit_role", roles, required=True), "status": choice("edit_status", statuses),
        "since": st.column_config.DateColumn(say("edit_since", lang), width=88),
        "until": st.column_config.DateColumn(say("edit_until", lang), width=88),
    }  # fmt: skip


def _edited(key: str, desk: Desk, tickers: list[str]) -> None:
    """Each edit of a cell goes into the draft at once, by ticker: a row's place means nothing later."""
    edits: dict[int, dict[str, Any]] = st.session_state[key]["edited_rows"]

    def change(sheet: Sheet) -> Sheet:
        members = dict(sheet.members)
        for ticker, cells in ((tickers[int(place)], cells) for place, cells in edits.items()):
            for column, value in cells.items() if ticker in members else ():
                fields = members[ticker]
                members[ticker] = editing.with_field(fields, column, _value(column, value, fields, desk.lang))
        return Sheet(sheet.head, members)

    put(desk, change)


def _value(column: str, value: Any, fields: Mapping[str, Any], lang: str) -> Any:
    """What a cell says, as the file has it: texts a language, dates as dates, no value as none."""
    if column in edit.NAMED:
        text = " ".join(str(value or "").split())
        return texts(fields.get(column), text, lang)
    if column in ("since", "until"):
        return date.fromisoformat(value[:10]) if value else None
    return value or None


# --- what can be done --------------------------------------------------------------------------------------------


def _actions(desk: Desk, labels: Mapping[str, str]) -> None:
    lang = desk.lang
    with (
        st.form(f"add_{desk.stem}", clear_on_submit=True, border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        st.text_input(say("edit_add_which", lang), max_chars=60, key="add_which")
        st.text_input(say("edit_add_why", lang), max_chars=400, key="add_why")
        st.form_submit_button(say("edit_add", lang), on_click=_add, args=(desk,))
    _meant(desk)
    members = list(desk.sheet.members)
    if not members:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        ticker = st.selectbox(
            say("edit_choose", lang), members, key=f"edit_member_{desk.stem}", format_func=desk.called
        )
        _buttons(desk, ticker, {stem: label for stem, label in labels.items() if stem != desk.stem})


def _buttons(desk: Desk, ticker: str, others: Mapping[str, str]) -> None:
    """What can be done with the chosen member; ``others``: id -> label of the other baskets."""
    lang, members = desk.lang, list(desk.sheet.members)
    for name, by, end in (("up", -1, members[0]), ("down", 1, members[-1])):
        st.button(say(f"edit_{name}", lang), disabled=ticker == end, on_click=_move, args=(desk, ticker, by),
                  icon=f":material/arrow_{name}ward:")  # fmt: skip
    why = plain(say("edit_out_help", lang))
    st.button(say("edit_out", lang), help=why, on_click=_take_out, args=(desk, ticker))
    with st.popover(say("edit_copy", lang), disabled=not others):
        st.selectbox(say("edit_copy_to", lang), list(others), key="copy_to", format_func=lambda stem: others[stem])
        for key, leaves in (("edit_copy_now", False), ("edit_move_now", True)):
            st.button(say(key, lang), on_click=_copy, args=(desk, ticker, leaves))


def _copy(desk: Desk, ticker: str, leaves: bool) -> None:
    """A member into the draft of another basket; ``leaves``: and out of this one. Each is saved by itself."""
    try:
        stem = st.session_state["copy_to"]
        other = _desk(desk.home, stem, desk.person, desk.lang, desk.universe, desk.index, desk.calendars)
    except UsageError as fault:
        st.session_state[TOLD] = fault.key, fault.params
        return
    if ticker in other.sheet.members:
        st.session_state[TOLD] = "edit_is_in_other", {"name": desk.called(ticker), "file": other.file}
        return
    fields = editing.with_field(desk.sheet.members[ticker], "until", None)
    came = {**fields, "since": desk.sessions(ticker)[0]}
    put(other, lambda sheet: with_member(sheet, ticker, came))
    st.session_state[TOLD] = "edit_copied", {"name": desk.called(ticker), "file": other.file}
    if leaves:
        _take_out(desk, ticker)


def _add(desk: Desk) -> None:
    which, why = st.session_state["add_which"].strip(), st.session_state["add_why"].strip()
    if not which:
        return
    proper = ticker_of(which)
    known = proper in desk.index.securities if proper else False
    found = [proper] if proper and known else search.search(which, desk.index) or ([proper] if proper else [])
    exact = [t for t in found if search.is_exact(which, t, desk.index)]
    found = exact if len(exact) == 1 else found
    if not found:
        st.session_state[TOLD] = "edit_unknown", {"text": which}
    elif len(found) > 1:
        st.session_state[_MEANT] = which, why, found[:_SHOWN]
    else:
        _add_one(desk, found[0], why)


def _add_one(desk: Desk, ticker: str, why: str) -> None:
    st.session_state.pop(_MEANT, None)
    if ticker in desk.sheet.members:
        st.session_state[TOLD] = "edit_is_in", {"name": desk.called(ticker)}
    else:
        put_anew(desk, lambda sheet: with_member(sheet, ticker, desk.newcomer(ticker, why)))


def _meant(desk: Desk) -> None:
    """Of several securities that a typed text may mean, one to be chosen."""
    if _MEANT not in st.session_state:
        return
    which, why, tickers = st.session_state[_MEANT]
    st.caption(plain(say("edit_several", desk.lang, text=which)))
    with st.container(horizontal=True):
        for ticker in tickers:
            label = plain(f"{desk.called(ticker)} {ticker}")
            st.button(label, key=f"meant_{ticker}", on_click=_add_one, args=(desk, ticker, why))
        st.button("✕", key="meant_none", on_click=_forget, help=plain(say("edit_keep_on", desk.lang)), type="tertiary")


def _forget() -> None:
    st.session_state.pop(_MEANT, None)


def _take_out(desk: Desk, ticker: str) -> None:
    was_there = ticker in desk.draft.before.members

    def change(sheet: Sheet) -> Sheet:
        fields = sheet.members.get(ticker, {})
        since, last = fields.get("since"), desk.sessions(ticker)[1]
        if was_there and fields:
            return with_member(
                sheet, ticker, {**fields, "until": max(last, since) if isinstance(since, date) else last}
            )
        return Sheet(sheet.head, {t: row for t, row in sheet.members.items() if t != ticker})

    put_anew(desk, change)


def _move(desk: Desk, ticker: str, by: int) -> None:
    def change(sheet: Sheet) -> Sheet:
        order = list(sheet.members)
        place = order.index(ticker) if ticker in order else -1
        if place < 0 or not 0 <= place + by < len(order):
            return sheet
        order[place], order[place + by] = order[place + by], order[place]
        return Sheet(sheet.head, {t: sheet.members[t] for t in order})

    put_anew(desk, change)


def _new_basket(home: Path, person: str, lang: str, universe: Universe) -> None:
    revision = st.session_state.get(REVISION, 0)
    with st.popover(say("edit_new", lang), key=f"new_{revision}"):
        st.text_input(say("edit_new_label", lang), max_chars=80, key=f"new_label_{revision}")
        args = (home, person, lang, universe, f"new_label_{revision}")
        st.button(say("edit_new", lang), key="new_now", on_click=_begin, args=args)


def _begin(home: Path, person: str, lang: str, universe: Universe, key: str) -> None:
    """A new basket is a draft until it is saved."""
    label = st.session_state[key].strip()
    if not label:
        return
    stem = basketbook.new_id(label, [*basketbook.stems(home), *drafts.stems(home, person)])
    names, like = {lang: label}, universe.baskets
    benchmarks = list(like[0].benchmarks) if like else ["000300.SH"]
    head = {"id": stem, "name": names, "short": names, "benchmarks": benchmarks}
    text = editing.written("", editing.changes_of(Sheet({}, {}), Sheet(head, {})))
    drafts.write(home, person, stem, drafts.Draft("", text))
    st.session_state["choice_basket"] = stem
    anew()


# --- the difference, and saving ----------------------------------------------------------------------------------


def _difference(desk: Desk, settings: Settings) -> None:
    lang, changes = desk.lang, desk.changes
    st.html(block(heading(say("edit_difference", lang))))
    if not changes:
        st.caption(plain(say("edit_no_difference", lang)))
        st.session_state.pop(_SURE, None)
        return
    conflicts = editing.merged(changes, desk.current.after)[1]
    own: dict[tuple[str, str], bool] = {}
    for number, change in enumerate(changes):
        words, undo = st.columns([9, 1], vertical_alignment="center")
        words.html(block(f"<div>{escape(_said(desk, change))}</div>"))
        if not (change.ticker or change.field == ORDER or desk.draft.base):
            continue  # a new basket needs its own keys
        undo.button("✕", key=f"undo_{number}_{change.ticker}_{change.field}", help=plain(say("edit_undo_line", lang)),
                    on_click=put_anew, args=(desk, partial(editing.without, change=change)), type="tertiary")  # fmt: skip
    with st.container():  # of its own: what comes and goes here does not move the buttons below
        for conflict in conflicts:
            if (decision := _decision(desk, conflict)) is not None:
                own[conflict.mine.ticker, conflict.mine.field] = decision
    _saving(desk, settings, own, open_conflicts=len(own) < len({(c.mine.ticker, c.mine.field) for c in conflicts}))


def _said(desk: Desk, change: Change) -> str:
    kind = {MEMBER: "member", ORDER: "order"}.get(change.field, "field")
    tickers = [change.ticker] if kind != "order" else [*change.old, *change.new]
    old, new = (desk.segments.get(v, v) if change.field == SEGMENT else v for v in (change.old, change.new))
    return edit.said(change.ticker, change.field, old, new, {t: desk.called(t) for t in tickers}, desk.lang, kind=kind)


def _decision(desk: Desk, conflict: editing.Conflict) -> bool | None:
    """What the person takes where somebody else has changed the same; None while undecided."""
    lang, mine = desk.lang, conflict.mine
    gone = conflict.theirs == editing.GONE
    values = [say("edit_gone", lang) if gone else _shown(desk, mine, conflict.theirs), _shown(desk, mine, mine.new)]
    said = say("edit_conflict", lang, theirs=values[0], mine=values[1])
    st.warning(plain(f"{_said(desk, mine)} — {said}"))
    options = {True: say("edit_mine", lang), False: say("edit_theirs", lang)}
    return st.segmented_control(
        said,
        list(options),
        format_func=lambda own: options[own],
        key=f"own_{mine.ticker}_{mine.field}",
        label_visibility="collapsed",
    )


def _shown(desk: Desk, change: Change, value: Any) -> str:
    if change.field == MEMBER:
        return edit.said(
            change.ticker, MEMBER, None, value, {change.ticker: desk.called(change.ticker)}, desk.lang, kind="member"
        )
    if change.field == ORDER:
        return edit.value_of("order", [desk.called(t) for t in value], desk.lang)
    value = desk.segments.get(value, value) if change.field == SEGMENT else value
    return edit.value_of(change.field, value, desk.lang)


def _saving(desk: Desk, settings: Settings, own: Mapping[tuple[str, str], bool], *, open_conflicts: bool) -> None:
    """Save asks once; what came of it is told after the page is drawn anew."""
    lang, n = desk.lang, len(desk.changes)
    with st.container():
        if settings.demo:
            st.caption(plain(say("edit_demo_no_save", lang)))
        if open_conflicts:
            st.caption(plain(say("edit_decide", lang)))
    blocked = settings.demo or open_conflicts
    if st.session_state.get(_SURE) != desk.stem:
        with st.container(horizontal=True):
            st.button(say("edit_save", lang, n=n), type="primary", disabled=blocked, on_click=_ask, args=(desk.stem,))
            st.button(say("edit_discard", lang), on_click=_discard, args=(desk,))
        return
    st.text_input(say("edit_who", lang), max_chars=40, key="edit_who")
    with st.container(horizontal=True):
        sure = say("edit_save_sure", lang, file=desk.file)
        st.button(sure, type="primary", disabled=blocked, on_click=_save, args=(desk, own))
        st.button(say("edit_keep_on", lang), on_click=_ask, args=("",))


def _ask(stem: str) -> None:
    st.session_state[_SURE] = stem


def _discard(desk: Desk) -> None:
    drafts.drop(desk.home, desk.person, desk.stem)
    anew()


def _save(desk: Desk, own: Mapping[tuple[str, str], bool]) -> None:
    """Write the file; the draft stays where nothing was written."""
    who = st.session_state.get("edit_who", "").strip()
    try:
        saved = basketbook.save(
            desk.home, desk.stem, desk.draft.before, desk.sheet, clock.iso(clock.now()), who=who, own=own
        )
    except UsageError as fault:
        st.session_state[TOLD] = fault.key, fault.params
    else:
        if not saved.conflicts:
            if drafts.read(desk.home, desk.person, desk.stem) == desk.draft:  # not what was typed since it was drawn
                drafts.drop(desk.home, desk.person, desk.stem)
            st.session_state[TOLD] = "edit_saved", {"n": len(saved.changes), "file": desk.file}
            anew()
    _ask("")


def _tell(lang: str) -> None:
    """What came of the last action, once."""
    told = st.session_state.pop(TOLD, None)
    if told:
        show = st.success if told[0] in ("edit_saved", "edit_taken_back", "edit_restored", "edit_copied") else st.error
        show(plain(sentence(told, lang)))


# --- history -----------------------------------------------------------------------------------------------------


def _history(desk: Desk, settings: Settings) -> None:
    lang, known = desk.lang, history.versions(desk.home, desk.stem)
    if not known:
        return
    with st.expander(say("edit_history", lang)):
        st.button(say("edit_take_back", lang), disabled=settings.demo, on_click=_put_back, args=(desk, None))
        newest_first = list(reversed(known))
        number = st.selectbox(
            say("edit_version", lang), range(len(newest_first)), format_func=lambda n: _version(newest_first[n], lang),
            key=f"version_{desk.stem}",
        )  # fmt: skip
        version = newest_first[number]
        for change in editing.changes_of(editing.sheet_of(desk.current.text), editing.sheet_of(version.text)):
            st.html(block(f'<div class="soft">{escape(_said(desk, change))}</div>'))
        there = version.text == desk.current.text
        st.button(say("edit_restore", lang), disabled=settings.demo or there, on_click=_put_back, args=(desk, version))


def _version(version: history.Version, lang: str) -> str:
    parts = [version.at[:16].replace("T", " ") + " UTC", say(f"edit_how_{version.how}", lang), version.who]
    return " · ".join(part for part in parts if part)


def _put_back(desk: Desk, version: history.Version | None) -> None:
    """An earlier version in the file's place; what stood before the last save where none is named."""
    now = clock.iso(clock.now())
    try:
        if version is None:
            basketbook.take_back(desk.home, desk.stem, now)
            told: tuple[str, dict[str, Any]] = "edit_taken_back", {"file": desk.file}
        else:
            basketbook.restore(desk.home, desk.stem, version, now)
            told = "edit_restored", {"at": version.at}
    except UsageError as fault:
        told = fault.key, dict(fault.params)
    st.session_state[TOLD] = told
    anew()
