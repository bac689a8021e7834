"""What ``card`` and ``send`` of the command line do: a picture from the store, words and pictures to chats."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from basketwatch import clock
from basketwatch.domain.model import Problem
from basketwatch.errors import UsageError
from basketwatch.settings import language
from basketwatch.words.text import sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from basketwatch.analysis.snapshot import Snapshot
    from basketwatch.analysis.weekly import Review
    from basketwatch.domain.chat import Chat
    from basketwatch.domain.model import Universe
    from basketwatch.settings import Settings
    from basketwatch.store.database import Store
    from basketwatch.views.digest import Words


def said_language() -> str:
    """The language of the terminal; English where the setting is none."""
    try:
        return language()
    except UsageError:
        return "en"


def card_of(
    store: Store, universe: Universe, what: str, lang: str, session: datetime | None, look: dict[str, Any]
) -> tuple[bytes, list[str]] | None:
    """The picture and what is to be said of it; None where nothing is stored of its subject."""
    snapshot, review = shown(store, snapshots(store, universe), what, clock.now(), session)
    return drawn(store, snapshot, what, lang, review=review, **look)


def snapshots(store: Store, universe: Universe) -> Callable[[datetime], Snapshot]:
    """Instant -> the snapshot at it, each taken once."""
    from basketwatch.analysis.snapshot import market_snapshot

    return cache(lambda at: market_snapshot(store, universe, at))


def shown(
    store: Store, taken: Callable[[datetime], Snapshot], what: str, now: datetime, session: datetime | None = None
) -> tuple[Snapshot, Review | None]:
    """What a card is drawn from: the snapshot, and of the weekly the review. ``session``: as it was after that one."""
    from basketwatch.analysis import weekly

    calendar = weekly.home_calendar(store)
    if what != "weekly":
        return taken(after(calendar, session) if session else now), None
    week = weekly.week_of(calendar, now, session.date() if session else None)
    return taken(week.at), weekly.review(taken(week.at), week)


def after(calendar: Any, session: datetime) -> datetime:
    """The last instant up to now at which a session was the newest. Raises UsageError where it was none, or goes on."""
    day, now = session.date(), clock.now()
    found = calendar.session(day)
    if found is None or now < found.closes:
        raise UsageError("card_session_ahead" if found else "card_no_session", day=day)
    return min(now, calendar.last_instant(day) or now)


def drawn(
    store: Store, snapshot: Snapshot, what: str, lang: str, *, review: Review | None = None, **look: Any
) -> tuple[bytes, list[str]] | None:
    """A card as (bytes, what is to be said of it); None where nothing is stored of its subject."""
    from basketwatch.analysis.valuation import readings
    from basketwatch.share import render
    from basketwatch.views import cards

    card = cards.collected(
        snapshot, what, lang, lambda t: readings.histories(store, t, snapshot.calendars, snapshot.now), review
    )
    if card is None:
        return None
    picture, said = render.drawn(card, lang, **look)
    return picture.data, list(said)


def put(target: Path, data: bytes) -> None:
    """Put a file in place whole. Raises UsageError (card_not_written) where that fails; nothing is left behind then."""
    from basketwatch.files.saving import replace

    try:
        replace(target.resolve(), data)
    except OSError as fault:
        detail = fault.strerror or type(fault).__name__
        raise UsageError("card_not_written", path=str(target)[:120], detail=detail) from fault


def usable(chosen: tuple[Chat, ...], problems: list[Problem], lang: str) -> list[Chat]:
    """The chats whose keys are such; of the others a sentence."""
    from basketwatch.files.share_settings import variable
    from basketwatch.share.chats import fault

    out = []
    for chat in chosen:
        problem = fault(chat, variable(chat.name, "key"))
        if problem is None:
            out.append(chat)
            continue
        problems.append(problem)
        click.echo(f"{problem.where}: {sentence(problem, lang)}", err=True)
    return out


def store_to_send_from(settings: Settings, *, dry_run: bool) -> Store | None:
    """The store, for writing unless nothing goes out; None where there is none yet."""
    from basketwatch.store.database import file_of
    from basketwatch.store.opening import open_reader, open_writer

    path = file_of(settings.url)
    reader = open_reader(settings.url, demo=settings.demo)  # says what is damaged; a writer would move it aside
    if dry_run or (path is not None and not path.exists()):
        return reader
    return open_writer(settings.url, demo=settings.demo)[0]


def editions(
    store: Store, universe: Universe, taken: Callable[[datetime], Snapshot], now: datetime
) -> Callable[[str, str], Words | None]:
    """(kind, language) -> its words, None where there are none."""
    from basketwatch.analysis import weekly
    from basketwatch.views import digest

    def words(kind: str, lang: str) -> Words | None:
        if kind == "digest":
            return None if taken(now).table.empty else digest.digest(taken(now), lang)
        try:
            week = weekly.week_of(weekly.home_calendar(store), now)
            sector = weekly.sector_of(universe)
        except UsageError:  # no session of a week is known, or no sector is followed
            return None
        found = weekly.review(taken(week.at), week, sector)
        return None if found.empty else digest.weekly(taken(week.at), found, lang)

    return words


def pictures(
    store: Store, taken: Callable[[datetime], Snapshot], now: datetime
) -> Callable[[Chat, Words], bytes | None]:
    """(chat, words) -> the card of those words, of the same snapshot, drawn once a language; None where the service takes
    no picture.
    """
    from basketwatch.share.chats import no_picture

    look: dict[str, Any] = {"suffix": "png", "dark": False, "green_up": False, "width": 1080}

    @cache
    def picture_of(what: str, lang: str) -> bytes | None:
        snapshot, review = shown(store, taken, what, now)
        made = drawn(store, snapshot, what, lang, review=review, **look)
        return made[0] if made else None

    def picture(chat: Chat, words: Words) -> bytes | None:
        return None if no_picture(chat) else picture_of("weekly" if words.kind == "weekly" else "today", words.lang)

    return picture


def due(
    chats: tuple[Chat, ...], what: str | None, named: bool, words: Callable[[str, str], Words | None]
) -> Iterator[tuple[Chat, Words | None]]:
    """Each chat with each of its words; ``what`` goes to the chats that get it, and to those that a person named."""
    for chat in chats:
        kinds = chat.what if what is None else (what,) if named or what in chat.what else ()
        for kind in kinds:
            yield chat, words(kind, chat.language or said_language())


def send_all(
    store: Store, due: list[tuple[Chat, Words]], pictures: Callable[[Chat, Words], bytes | None], again: bool, lang: str
) -> int:
    """Send, and list what became of it: 3 where something was refused, limited or is unknown."""
    from basketwatch.share import outbox

    status = 0
    for chat, words in due:
        reason = outbox.not_due(chat, words, clock.now(), lang)
        if reason:
            click.echo(f"{chat.name}  {chat.label}  {outbox.heading(words, lang)}  {reason}")
            continue
        for told in outbox.deliver(store, chat, words, pictures(chat, words), again=again):
            click.echo(outbox.line_of(told, lang))
            status = status if told.result.outcome == "sent" else 3
    return status
