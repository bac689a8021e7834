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
from basketwatch.domain.universe import names
from basketwatch.errors import UsageError
from basketwatch.files import basketbook, drafts, editing
from basketwatch.files.editing import Change, Sheet
from basketwatch.views import edit

if TYPE_CHECKING:
    from pathlib import Path

    from basketwatch.domain.calendars import Calendar
    from basketwatch.domain.model import Names, Universe

REVISION, TOLD = "edit_revision", "edit_told"  # in the session: which grid is drawn; what came of the last action


@dataclass(frozen=True)
class Desk:
    """One person at one basket: the draft, and what the file says now."""

    home: Path
    stem: str
    person: str
    draft: drafts.Draft
    current: str
    lang: str
    universe: Universe
    calendars: Mapping[str, Calendar]

    @cached_property
    def known(self) -> dict[str, Names]:
        """The names of every followed ticker."""
        return names(self.universe)

    @property
    def file(self) -> str:
        return f"watchlists/{self.stem}.toml"

    @cached_property
    def sheet(self) -> Sheet:
        return editing.sheet_of(self.draft.text)

    @cached_property
    def changes(self) -> list[Change]:
        return editing.changes_of(editing.sheet_of(self.draft.base), self.sheet)

    def called(self, ticker: str) -> str:
        """The name of a member, of the draft or of the file it began with."""
        fields = self.sheet.members.get(ticker) or editing.sheet_of(self.draft.base).members.get(ticker)
        return edit.called(ticker, fields, self.known, self.lang)

    def newcomer(self, ticker: str, reason: str) -> dict[str, object]:
        """The fields of a member that comes in with the session of the day; a dash where no reason is given."""
        name = self.known.get(ticker)
        names_of = {"zh": name.zh, "en": name.en} if name else {"zh": ticker, "en": ticker}
        return {"name": names_of, "reason": {self.lang: reason or "–"}, "since": self.sessions(ticker)[0]}

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
        draft = drafts.read(desk.home, desk.person, desk.stem) or _begun(desk)
        sheet = editing.sheet_of(draft.text)
        text = editing.written(draft.text, editing.changes_of(sheet, change(sheet)))
        if draft.base and not editing.changes_of(editing.sheet_of(draft.base), editing.sheet_of(text)):
            drafts.drop(desk.home, desk.person, desk.stem)
        else:
            drafts.write(desk.home, desk.person, desk.stem, drafts.Draft(draft.base, text))
    except UsageError as fault:
        st.session_state[TOLD] = fault.key, fault.params
    except OSError as fault:
        st.session_state[TOLD] = "edit_draft_lost", {"detail": fault.strerror or type(fault).__name__}


def _begun(desk: Desk) -> drafts.Draft:
    text = basketbook.read(desk.home, desk.stem)
    return drafts.Draft(text, text)


def anew() -> None:
    """A grid without pending edits, for what did not come from its own cells."""
    st.session_state[REVISION] = st.session_state.get(REVISION, 0) + 1


def put_anew(desk: Desk, change: Callable[[Sheet], Sheet]) -> None:
    put(desk, change)
    anew()


def texts(old: object, text: str, lang: str) -> dict[str, str] | None:
    """``{ zh = …, en = … }`` with the text of one language set; None where neither is left."""
    found = {**(old if isinstance(old, Mapping) else {}), lang: text}
    return {k: v for k, v in found.items() if v} or None


def with_member(sheet: Sheet, ticker: str, fields: Mapping[str, object]) -> Sheet:
    """``sheet`` with a member's fields, or with a new member at the end."""
    return Sheet(sheet.head, {**sheet.members, ticker: fields})
