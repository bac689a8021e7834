"""The log of flags. A row is written once: a flag that a reader may have seen does not change.

Two kinds of rows are deleted: 'cannot judge', when the data have arrived and the rule has been judged, and what rested
on a PE history that was taken back, in whose place a line says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select

from basketwatch.domain.rules import SEVERITIES
from basketwatch.store import schema
from basketwatch.store.database import Store
from basketwatch.store.notes import note, noted
from basketwatch.store.rows import as_records, frame_of

if TYPE_CHECKING:
    import pandas as pd

# column -> (dtype, meaning, required), as ``domain.columns`` lists the other tables; ``basket``: a tuple of ids
COLUMNS: dict[str, tuple[str, str, bool]] = {
    "id": ("str", "rule:ticker:session:direction", True),
    "rule": ("str", "id of the rule", True),
    "ticker": ("str", "CODE.MARKET, or basket:<id>", True),
    "baskets": ("str", "JSON list of basket ids", True),
    "session": ("datetime64[s]", "exchange-local date", True),
    "direction": ("str", "up, down, none", True),
    "severity": ("str", "info, low, mid, high, data", True),
    "value": ("float64", "what was measured, in the rule's own unit", False),
    "threshold": ("float64", "what it was held against, same unit", False),
    "reason_zh": ("str", "the sentence", True),
    "reason_en": ("str", "the sentence", True),
    "state": ("str", "firing, no_data", True),
    "cause": ("str", "why a bar could not be judged (a word of market.CAUSES), empty where it was", False),
    "notice": ("bool", "False: in the log, not in the feed", True),
    "raised_at": ("datetime64[s, UTC]", "instant at which it was said", True),
}

GROUNDLESS = "flags_groundless"


def save(store: Store, rows: pd.DataFrame, now: datetime) -> int:
    """Add the flags whose id is not stored yet, raised at ``now``; the others stay as they are. Returns how many.

    ``rows``: columns of ``flags.evaluate``.
    """
    if not len(rows):
        return 0
    told = rows.assign(baskets=[json.dumps(list(b)) for b in rows["basket"]])
    records = [{**row, "raised_at": now} for row in as_records(told, schema.flags)]
    with store.engine.begin() as c:
        before = c.execute(select(func.count()).select_from(schema.flags)).scalar_one()
        c.execute(_insert_new(c.dialect.name), records)
        return int(c.execute(select(func.count()).select_from(schema.flags)).scalar_one() - before)


def _insert_new(dialect: str) -> Any:
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    return insert(schema.flags).on_conflict_do_nothing(index_elements=[schema.flags.c.id])


def read(store: Store, *, since: date | None = None) -> pd.DataFrame:
    """Flags of sessions from ``since`` on (None = all), newest session first: ``COLUMNS``, with ``basket`` as a tuple
    of ids in place of ``baskets``."""
    f = schema.flags.c
    sound = (f.rule != "", f.ticker != "", f.severity.in_(SEVERITIES))
    query = select(schema.flags).where(*sound).order_by(f.session.desc(), f.id)
    if since is not None:
        query = query.where(f.session >= since)
    found = frame_of(store, query, COLUMNS)
    baskets = [tuple(json.loads(text or "[]")) for text in found.pop("baskets")]
    found.insert(3, "basket", baskets)
    return found


def withdraw(store: Store, ids: Sequence[str]) -> None:
    """Delete rows by their ids."""
    with store.engine.begin() as c:
        for start in range(0, len(ids), 500):  # a statement takes a limited number of parameters
            c.execute(delete(schema.flags).where(schema.flags.c.id.in_(list(ids[start : start + 500]))))


def newest(store: Store) -> date | None:
    """The newest session of which a flag is stored; None while there is none."""
    with store.engine.connect() as c:
        return c.execute(select(func.max(schema.flags.c.session))).scalar()


def note_judged(store: Store, sessions: Mapping[str, date]) -> None:
    """Keep of each market group the session up to which its flags have been evaluated."""
    known = judged(store) | dict(sessions)
    note(store, "flags_judged", json.dumps({group: day.isoformat() for group, day in known.items()}))


def judged(store: Store) -> dict[str, date]:
    """Market group -> the session up to which its flags have been evaluated: no flag after it means nothing yet."""
    found = json.loads(noted(store, "flags_judged") or "{}")
    return {group: date.fromisoformat(day) for group, day in found.items()}


def note_groundless(store: Store, ticker: str, source: str) -> None:
    """Keep that a ticker's PE history from ``source`` was taken back: what was said on it has no ground."""
    note(store, GROUNDLESS, json.dumps(groundless(store) | {ticker: source}))


def groundless(store: Store) -> dict[str, str]:
    """Ticker -> the source whose PE history was taken back and whose flags are still in the log."""
    found: dict[str, str] = json.loads(noted(store, GROUNDLESS) or "{}")
    return found


def note_withdrawn(store: Store) -> None:
    """Keep that no flag in the log is groundless any more."""
    note(store, GROUNDLESS, "{}")
