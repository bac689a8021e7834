"""Sending once: what is due for a chat goes out, is recorded before it does, and never goes out twice by itself."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from basketwatch.domain.chat import Chat
from basketwatch.share.chats import SERVICES, Post, Result, no_picture, send_picture, send_words, size_of, unit_of
from basketwatch.sources.net.post import post
from basketwatch.store import outbox
from basketwatch.store.database import Store
from basketwatch.store.outbox import Message
from basketwatch.views.digest import Words
from basketwatch.words.text import beijing, say, sentence

ELSEWHERE = timedelta(seconds=20)  # another process that has begun has its outcome after so long, or was killed
MINUTE = timedelta(seconds=60)


class Told(NamedTuple):
    """One message and what became of it; ``before``: by an earlier command."""

    chat: Chat
    words: Words
    part: str
    result: Result
    before: bool = False
    note: tuple[str, Mapping[str, str]] | None = None  # why a picture that was given is left out


def not_due(chat: Chat, words: Words, now: datetime, lang: str) -> str:
    """Why nothing goes out now, as a sentence; "" where it is due."""
    if not chat.wants(final=words.final):
        names = {"wanted": say(f"state_name_{chat.state}", lang), "state": say(f"state_name_{words.state}", lang)}
        return say("not_due_state", lang, **names)
    return say("not_due_quiet", lang) if chat.is_quiet(now) else ""


def deliver(
    store: Store, chat: Chat, words: Words, picture: bytes | None = None, *, again: bool = False, send: Post = post
) -> list[Told]:
    """Send what has not been sent: the words, then the picture where the chat takes one. An outcome a part.

    What was refused or limited before is tried again, since nothing of it arrived; what is unknown only with ``again``.
    Raises store errors; a message whose outcome could not be kept stays unknown.
    """
    note = no_picture(chat) if picture is not None else None
    parts = ("words",) if picture is None or note else ("words", "picture")
    return [_deliver(store, chat, words, part, picture, again, send)._replace(note=note) for part in parts]


def _deliver(store: Store, chat: Chat, words: Words, part: str, picture: bytes | None, again: bool, send: Post) -> Told:
    message = message_of(chat, words, part)
    attempt = outbox.claim(store, message, datetime.now(UTC), again=again)
    if attempt is None:
        return Told(chat, words, part, _earlier(store, message), before=True)
    result = Result("unknown", "chat_interrupted", {"at": datetime.now(UTC).isoformat(timespec="minutes")})
    try:
        if (full := _full(store, chat)) is not None:
            result = full
        elif part == "words" or picture is None:
            result = send_words(chat, words, send)
        else:
            result = send_picture(chat, picture, send)
    finally:  # also where the person stops it: what has begun may have arrived
        outbox.settle(store, message, attempt, result.outcome, result.key or None, result.params)
    return Told(chat, words, part, result)


def message_of(chat: Chat, words: Words, part: str) -> Message:
    """The message as the outbox knows it."""
    return Message(chat.name, words.kind, words.session, words.state, part)


def _full(store: Store, chat: Chat) -> Result | None:
    """The refusal of our own before the service's, where its messages of a minute are used up."""
    most = SERVICES[chat.service].minute
    begun = outbox.count_since(store, chat.name, datetime.now(UTC) - MINUTE)
    if not most or begun <= most:  # this one is counted
        return None
    return Result("limited", "chat_too_many", {"service": chat.label, "n": str(most)})


def _earlier(store: Store, message: Message) -> Result:
    """What became of a message that somebody has begun; waits a little for one that is just going out."""
    entry = outbox.last(store, message, arrived=True)
    while entry and entry.outcome == "sending" and datetime.now(UTC) - entry.at < ELSEWHERE:
        time.sleep(0.5)
        entry = outbox.last(store, message)
    if entry is None or entry.outcome == "sending":
        return Result("unknown", "chat_interrupted", {"at": entry.at.isoformat(timespec="minutes") if entry else ""})
    if entry.outcome == "sent":
        return Result("sent", "chat_sent_before", {"at": entry.at.isoformat(timespec="minutes")})
    known = entry.outcome if entry.outcome in ("refused", "limited") else "unknown"
    return Result(known, entry.key or "", entry.params)  # type: ignore[arg-type]


def _shown(at: datetime, lang: str) -> str:
    return beijing(at, lang, dated=True)


# --- in words ----------------------------------------------------------------------------------------------------


def line_of(told: Told, lang: str) -> str:
    """One outcome for people: chat, service, what, part, outcome, and the sentence about it."""
    words, result = told.words, told.result
    head = f"{told.chat.name}  {told.chat.label}  {heading(words, lang)}  {say(f'part_{told.part}', lang)}"
    params = dict(result.params)
    if params.get("at", "").startswith("20") and "T" in params["at"]:
        params["at"] = _shown(datetime.fromisoformat(params["at"]), lang)
    said = f"  {sentence((result.key, params), lang)}" if result.key else ""
    note = f"  {sentence(told.note, lang)}" if told.note else ""
    return f"{head}  {say(f'outcome_{result.outcome}', lang)}{said}{note}"


def heading(words: Words, lang: str) -> str:
    """Which words: digest 2026-07-03 final."""
    return f"{words.kind} {words.session} {say(f'state_name_{words.state}', lang)}"


def preview(store: Store, chat: Chat, words: Words, picture: bytes | None, now: datetime, lang: str) -> str:
    """What would go where, without any network: due or not, size, cut or not, picture or not, and the words."""
    found, (limit, unit) = size_of(chat, words), unit_of(chat, words)
    cut = say("dry_cut" if found.cut else "dry_whole", lang)
    size = say("dry_size", lang, size=found.size, limit=limit, unit=say(f"dry_{unit}", lang), cut=cut)
    entry = outbox.last(store, message_of(chat, words, "words"), arrived=True)
    state = say(f"outcome_{entry.outcome if entry.outcome != 'sending' else 'unknown'}", lang) if entry else ""
    due = not_due(chat, words, now, lang) or (
        say("dry_begun", lang, outcome=state) if entry else say("dry_would", lang)
    )
    why = no_picture(chat)
    shown = say("dry_no_picture", lang) if picture is None else say("dry_picture", lang, size=len(picture))
    where = f"{chat.label} ({chat.host})" if chat.host else chat.label
    facts = [f"{chat.name}  {where}  {heading(words, lang)}", due, size, sentence(why, lang) if why else shown]
    return "\n".join(["  ".join(facts), *(f"    {line}" for line in found.text.split("\n"))])
