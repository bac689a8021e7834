"""Pictures and words for the Share page, drawn once a version of the store and a look."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from basketwatch.app import data

if TYPE_CHECKING:
    from basketwatch.analysis.snapshot import Snapshot
    from basketwatch.analysis.weekly import Review
    from basketwatch.settings import Settings


class Shown(NamedTuple):
    """A picture: its bytes, what it shows in words, and what is to be said of it (old, missing)."""

    data: bytes
    alt: str
    said: tuple[str, ...]


def drawn(
    settings: Settings, snapshot: Snapshot, what: str, lang: str, suffix: str, *, dark: bool, green_up: bool
) -> Shown | None:
    """The card of WHAT; None where nothing is stored of it. Raises UsageError for an unknown WHAT."""
    key = (settings.url, snapshot.version, snapshot.now.isoformat(), what, lang, suffix, dark, green_up)
    return _drawn(settings, snapshot, key)


@st.cache_data(max_entries=24, show_spinner=False)
def _drawn(
    _settings: Settings, _snapshot: Snapshot, key: tuple[str, str, str, str, str, str, bool, bool]
) -> Shown | None:
    from basketwatch.analysis.valuation import readings
    from basketwatch.share import render
    from basketwatch.views import cards

    what, lang, suffix, dark, green_up = key[3:]
    shown, review = _week(_settings, _snapshot) if what == "weekly" else (_snapshot, None)
    card = cards.collected(
        shown, what, lang, lambda t: readings.histories(data.store_of(_settings), t, shown.calendars, shown.now), review
    )
    if card is None:
        return None
    picture, said = render.drawn(card, lang, suffix=suffix, dark=dark, green_up=green_up)
    return Shown(picture.data, picture.alt, said)


def words(settings: Settings, snapshot: Snapshot, what: str, lang: str) -> dict[str, str] | None:
    """The day, or the week where the weekly is shown, in words: ``plain`` and ``markdown``; None where there are none."""
    from basketwatch.views import digest

    if what == "weekly":
        shown, review = _week(settings, snapshot)
        found = digest.weekly(shown, review, lang) if review and not review.empty else None
    else:
        found = digest.digest(snapshot, lang)
    return {"plain": digest.plain(found.lines), "markdown": digest.markdown(found.lines)} if found else None


def _week(settings: Settings, snapshot: Snapshot) -> tuple[Snapshot, Review | None]:
    """The snapshot of the week's end, and the review of the week."""
    from basketwatch.analysis import weekly
    from basketwatch.views import sectors

    week = sectors.week_of(snapshot)
    if week is None:
        return snapshot, None
    then = snapshot if week.at == snapshot.now else data.past_snapshot(settings, week.at)
    return then, weekly.review(then, week)
