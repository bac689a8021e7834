"""One person at one basket: the draft and the file beside it, and what goes into the draft."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import streamlit as st

from basketwatch import clock
from basketwatch.domain import markets
from basketwatch.domain.model import Names
from basketwatch.domain.universe import names
from basketwatch.errors import UsageError
from basketwatch.files import basketbook, drafts, editing
from basketwatch.files.editing import Change, Sheet
from basketwatch.views import edit

if TYPE_CHECKING:
    from pathlib import Path

    from basketwatch.domain.calendars import Calendar
    from basketwatch.domain.model import Universe
    from basketwatch.files.notes.index import Index

REVISION, TOLD = "edit_revision", "edit_told"  # in the session: which grid is drawn; what came of the last action


@dataclass(frozen=True)
class Desk:
    """One person at one basket: the draft, and what the file says now."""

    home: Path
    stem: str
    person: str
    draft: drafts.Draft
    current: drafts.Draft  # what the files say now, with nothing changed
    lang: str
    universe: Universe
    index: Index  # the names of everything that is followed, and of the table of securities
    calendars: Mapping[str, Calendar]

    @cached_property
    def known(self) -> dict[str, Names]:
        """The names of every followed ticker, and of the members that the table of securities alone knows."""
        table = self.index.securities
        unfollowed = {t: Names(table[t].zh, table[t].en or table[t].zh) for t in self.sheet.members if t in table}
        return {**unfollowed, **names(self.universe)}

    def _name(self, ticker: str) -> Names | None:
        one = self.index.securities.get(ticker)
        return self.known.get(ticker) or (Names(one.zh, one.en or one.zh) if one else None)

    @property
    def file(self) -> str:
        return f"watchlists/{self.stem}.toml"

    @cached_property
    def sheet(self) -> Sheet:
        return self.draft.after

    @cached_property
    def changes(self) -> list[Change]:
        return editing.changes_of(self.draft.before, self.sheet)

    @cached_property
    def segments(self) -> dict[str, str]:
        """Segment id -> name, of the chain that the basket's file names; empty where the draft names another one."""
        chain = self.draft.before.head.get("chain")
        own = next((c for c in self.universe.chains if c.id == chain), None)
        return {s.id: s.name[self.lang] for s in own.segments} if own and self.sheet.head.get("chain") == chain else {}

    def called(self, ticker: str) -> str:
        """The name of a member, of the draft or of the file it began with."""
        fields = self.sheet.members.get(ticker) or self.draft.before.members.get(ticker)
        name = self._name(ticker)
        return edit.called(ticker, fields, {ticker: name} if name else {}, self.lang)

    def newcomer(self, ticker: str, reason: str) -> dict[str, object]:
        """The fields of a member that comes in with the session of the day; a dash where no reason is given."""
        name = self._name(ticker)
        names_of = {"zh": name.zh, "en": name.en} if name else {"zh": ticker, "en": ticker}
        fields = {"name": names_of, "reason": {self.lang: reason or "–"}, "since": self.sessions(ticker)[0]}
        place = self.draft.segments.get(ticker)  # a chain may hold a company before a basket does
        return {**fields, editing.SEGMENT: place} if place in self.segments else fields

    def sessions(self, ticker: str) -> tuple[date, date]:
        """The session of a ticker's market that is running or was the last to begin, and the one before."""
        calendar = self.calendars.get(markets.group(ticker))
        state = calendar.state(clock.now()) if calendar else None
        this = state.session if state else None
        before = calendar.before(this.day) if calendar and this else None
        today = clock.now().astimezone(markets.zone_of("CN")).date()
        return this.day if this else today, before.day if before else today


def put(desk: Desk, change: Callable[[Sheet], Sheet]) -> None:
    """Change the draft as it is now: what the page was drawn from may be an edit behind, where a person is quick.

    A draft that changes nothing is none.
    """
    try:
        draft = drafts.read(desk.home, desk.person, desk.stem) or basketbook.begun(desk.home, desk.stem)
        rows, places = editing.apart(editing.changes_of(draft.after, change(draft.after)))
        text, segments = editing.written(draft.text, rows), {**draft.segments, **places}
        draft = drafts.Draft(draft.base, text, segments, draft.base_segments)
        if draft.base and not editing.changes_of(draft.before, draft.after):
            drafts.drop(desk.home, desk.person, desk.stem)
        else:
            drafts.write(desk.home, desk.person, desk.stem, draft)
    except UsageError as fault:
        st.session_state[TOLD] = fault.key, fault.params
    except OSError as fault:
        st.session_state[TOLD] = "edit_draft_lost", {"detail": fault.strerror or type(fault).__name__}


def anew() -> None:
    """A grid without pending edits, for what did not come from its own cells."""
    st.session_state[REVISION] = st.session_state.get(REVISION, 0) + 1


def put_anew(desk: Desk, change: Callable[[Sheet], Sheet]) -> None:
    put(desk, change)
    anew()


def put_members(desk: Desk, came: Mapping[str, Mapping[str, object]]) -> None:
    """New members at the end of the draft; who is in it already stays as it is."""
    new = dict(came)
    put_anew(desk, lambda s: Sheet(s.head, {**s.members, **{t: row for t, row in new.items() if t not in s.members}}))


def texts(old: object, text: str, lang: str) -> dict[str, str] | None:
    """``{ zh = …, en = … }`` with the text of one language set; None where neither is left."""
    found = {**(old if isinstance(old, Mapping) else {}), lang: text}
    return {k: v for k, v in found.items() if v} or None


def with_member(sheet: Sheet, ticker: str, fields: Mapping[str, object]) -> Sheet:
    """``sheet`` with a member's fields, or with a new member at the end."""
    return Sheet(sheet.head, {**sheet.members, ticker: fields})
