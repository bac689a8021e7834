"""What was sent to which chat: the record that keeps a message from going out twice.

A message is claimed before it goes out and gets its outcome afterwards; one whose sender was killed in between stays
``sending``, and nobody knows whether it arrived.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, func, select, update

from basketwatch.store import schema
from basketwatch.store.database import Store

REPEATABLE = ("refused", "limited")  # nothing has arrived: sending it again says it once


class Message(NamedTuple):
    """What may go out once: ``part`` of the words of ``kind`` and ``session`` in ``state`` (final, provisional)."""

    chat: str
    kind: str
    session: date
    state: str
    part: str


@dataclass(frozen=True, slots=True)
class Entry:
    """The last attempt at a message. ``key`` and ``params`` name the sentence about its outcome."""

    attempt: int
    outcome: str
    at: datetime
    key: str | None
    params: Mapping[str, str]


def last(store: Store, message: Message, *, arrived: bool = False) -> Entry | None:
    """The last attempt at a message; None where there is none. ``arrived``: of those that arrived or may have."""
    o = schema.outbox.c
    query = select(o.attempt, o.outcome, o.at, o.key, o.params).where(_is(message)).order_by(o.attempt.desc())
    if arrived:
        query = query.where(o.outcome.not_in(REPEATABLE))
    with store.engine.connect() as c:
        row = c.execute(query.limit(1)).first()
    return None if row is None else Entry(row.attempt, row.outcome, row.at, row.key, json.loads(row.params or "{}"))


def claim(store: Store, message: Message, now: datetime, *, again: bool = False) -> int | None:
    """Record that a message is about to go out: the number of the attempt, None where it must not.

    It must not where it was sent, may have been, or is just being sent by somebody else. ``again``: a person asks for it
    all the same; where that second attempt is refused, a third needs a person too. Of two senders at once one gets it.
    """
    before = last(store, message)
    with store.engine.begin() as c:
        if before is not None and before.outcome in REPEATABLE and (again or before.attempt == 0):
            o = schema.outbox.c
            taken = c.execute(
                update(schema.outbox)
                .where(_is(message), o.attempt == before.attempt, o.outcome.in_(REPEATABLE))
                .values(outcome="sending", at=now, key=None, params=None)
            )
            return before.attempt if taken.rowcount == 1 else None
        if before is not None and not again:
            return None
        attempt = before.attempt + 1 if before else 0
        row = {**message._asdict(), "attempt": attempt, "outcome": "sending", "at": now}
        return attempt if c.execute(_insert_new(c.dialect.name), row).rowcount == 1 else None


def settle(
    store: Store, message: Message, attempt: int, outcome: str, key: str | None, params: Mapping[str, str]
) -> None:
    """Keep what became of an attempt, with its sentence."""
    values = {"outcome": outcome, "key": key, "params": json.dumps(dict(params), ensure_ascii=False)}
    with store.engine.begin() as c:
        c.execute(update(schema.outbox).where(_is(message), schema.outbox.c.attempt == attempt).values(**values))


def count_since(store: Store, chat: str, since: datetime) -> int:
    """How many messages to a chat were begun since an instant."""
    o = schema.outbox.c
    with store.engine.connect() as c:
        query = select(func.count()).select_from(schema.outbox).where(o.chat == chat, o.at >= since)
        return int(c.execute(query).scalar_one())


def _is(message: Message) -> Any:
    return and_(*(schema.outbox.c[name] == value for name, value in message._asdict().items()))


def _insert_new(dialect: str) -> Any:
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    return insert(schema.outbox).on_conflict_do_nothing()
